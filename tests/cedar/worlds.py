"""Random worlds for the policy, each from a seed: agencies and their members, a case or two, meetings with items.

Pools are small, so that what is asked for is often there, and one thing is often otherwise.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from catch.domain.access_grant import BreakGlassOpened, BreakGlassReason, Glass, Grants
from catch.domain.case.state import (
    Action,
    Basis,
    Case,
    CaseState,
    CommonLawBasis,
    Disclosure,
    Involvement,
    LegalBasis,
    Milestones,
    Objected,
    Proposal,
    ProposalPurpose,
    Recusal,
    Referral,
    Urgency,
    Worker,
)
from catch.domain.contact import Contact, ContactReceived, LedTo
from catch.domain.facts import Category, Role, Tag
from catch.domain.meeting.items import Item, ItemState, Origin
from catch.domain.meeting.listing import Agenda, AppearanceBasis, DraftedItem, Section
from catch.domain.meeting.state import (
    Attendee,
    Interest,
    InterestAction,
    Invitation,
    Meeting,
    MeetingState,
    Mode,
    Stay,
)
from catch.domain.merging import Merge
from catch.domain.partner import Agreement, HeldRole, HeldTag, Member, Partner, Running, RunningPart, ServiceAccount
from catch.domain.partner.members import OF_SERVICES
from catch.domain.person import Person, PersonRegistered
from catch.domain.streams import COMMANDS_BY_KEY
from tests.cases import NOW, TEXT, uid
from tests.standing import World

T = TypeVar("T")
PROGRAMMES, SERIES, AGENCIES, USERS = ("one", "two"), ("weekly", "monthly"), ("a-1", "b-1", "c-1"), ("ann", "bob")
CONTACTS = (uid(80), uid(81))
SECOND = timedelta(seconds=1)
OTHER_PERSON, MERGE, OPENING = uid(78), uid(94), uid(95)
CASES, MEETINGS, ITEMS, PERSON, ACTION = (
    (uid(1), uid(2)),
    (uid(50), uid(51)),
    (uid(60), uid(61), uid(62)),
    uid(5),
    uid(9),
)
SAID = (Merge(MERGE, PERSON, OTHER_PERSON, TEXT, "kim", "b-1", NOW),)
PLACE_WIDE = (Role.ADMINISTRATOR, Role.MEMBER_ADMINISTRATOR)
OFFICES = (Role.CHAIR, Role.DEPUTY, Role.PREPARER)
GIVEN = tuple(role for role in Role if role is not Role.SYSTEM)
OFTEN = (Role.COORDINATOR, Role.PARTNER, Role.CHAIR, Role.PREPARER, Role.DEPUTY)


class Made:
    """Values drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def one(self, of: Sequence[T]) -> T:
        return self.random.choice(of)

    def first(self, of: Sequence[T]) -> T:
        """Mostly the first."""
        return of[0] if self.maybe(0.75) else self.one(of)

    def some(self, of: Sequence[T], most: int = 3) -> tuple[T, ...]:
        return tuple(self.random.sample(of, self.random.randint(0, min(most, len(of)))))

    def days(self) -> tuple[date, date | None]:
        today = NOW.date()
        start = self.first((date(2022, 4, 1), today, today + timedelta(days=1)))
        return start, self.first((None, today, today - timedelta(days=1), date(2027, 1, 1)))

    def moment(self, *days: float) -> datetime:
        return NOW + timedelta(days=self.one(days), seconds=self.one((0, 0, 1, -1)))


def role(m: Made) -> HeldRole:
    what = m.one(OFTEN) if m.maybe(0.6) else m.one(GIVEN)
    start, end = m.days()
    return HeldRole(
        what,
        start,
        end,
        programme=None if what in PLACE_WIDE else m.first(PROGRAMMES),
        series=m.first(SERIES) if what in OFFICES else None,
        cases=m.some(CASES, 1) if what is Role.AUDITOR else (),
    )


def member(m: Made, user: str) -> Member:
    held: dict[tuple[Any, ...], HeldRole] = {}
    for _ in range(m.random.randint(1, 4)):
        each = role(m)
        held[each.role, each.programme, each.series] = each
    start, end = m.days()
    if m.maybe(0.12):
        return program(m, user, held.values())
    tags = (HeldTag(m.one(tuple(Tag)), m.first(PROGRAMMES), start, end),) if m.maybe(0.4) else ()
    return Member(user, TEXT, suspended=m.maybe(0.04), roles=tuple(held.values()), tags=tags)


def program(m: Made, user: str, held: Iterable[HeldRole]) -> Member:
    """As somebody enrols it: without what only people are given."""
    commands = frozenset(key for key in COMMANDS_BY_KEY if m.maybe(0.7))
    roles = tuple(each for each in held if each.role in OF_SERVICES)
    return Member(user, TEXT, service=ServiceAccount(commands, frozenset()), roles=roles)


def agreement(m: Made) -> Agreement:
    start, end = m.days()
    categories = (
        frozenset(Category) if m.maybe(0.5) else frozenset((m.one(tuple(Category)), *m.some(tuple(Category), 6)))
    )
    ended = m.moment(0, -10, 10) if m.maybe(0.15) else None
    return Agreement("isa", (m.first(PROGRAMMES),), categories, start, end, ended)


def agency(m: Made, key: str) -> Partner:
    members = tuple(member(m, user) for user in USERS if m.maybe(0.9))
    parts = m.some(tuple(RunningPart), 2) if m.maybe(0.7) else ()
    running = tuple(Running(m.first(PROGRAMMES), part, *m.days()) for part in parts)
    agreements = tuple(agreement(m) for _ in range(m.first((1, 0, 2))))
    return Partner(key, key, "kind", agreements, members, running=running)


def disclosure(m: Made, number: int) -> Disclosure:
    override = m.maybe(0.2)
    return Disclosure(
        uid(100 + number),
        m.first(AGENCIES),
        frozenset(m.some(tuple(Category), 8)),
        Basis(LegalBasis.VITAL_INTERESTS if override else LegalBasis.CONSENT, CommonLawBasis.EXPLICIT_CONSENT),
        NOW - timedelta(days=20),
        until=m.first((None, NOW.date(), NOW.date() - timedelta(days=1))),
        ended_at=NOW - timedelta(days=1) if m.maybe(0.15) else None,
    )


def case(m: Made, number: UUID) -> Case:
    lead = Worker(m.one(USERS), m.first(AGENCIES)) if m.maybe(0.6) else None
    state = m.first((CaseState.IN_SUPPORT, CaseState.DECLINED, CaseState.REDIRECTED, CaseState.CLOSED))
    away = m.moment(0, -28, -40) if m.maybe(0.9) else None
    agencies = m.some(AGENCIES, 2)
    return Case(
        case=number,
        number=f"N-{number.int}",
        person=PERSON,
        programme=m.first(PROGRAMMES),
        programme_version=1,
        state=state,
        milestones=Milestones(NOW - timedelta(days=90), turned_away_at=away, closed_at=away),
        referrals=(
            Referral(uid(3), "gp", "phone", NOW, TEXT, (), Urgency.ROUTINE, m.one(USERS), m.one((*AGENCIES, "gp-1"))),
        ),
        lead=lead,
        clinical=Worker("kim", m.one(AGENCIES)) if m.maybe(0.1) else None,
        objections=(
            (Objected(uid(4), frozenset(m.some(tuple(Category), 5)), frozenset(m.some(AGENCIES, 1))),)
            if m.maybe(0.2)
            else ()
        ),
        disclosures=tuple(disclosure(m, n) for n in range(m.random.randint(0, 3))),
        involvements=tuple(
            Involvement(key, "support", NOW - timedelta(days=60), ended_at=m.moment(-3, -9) if m.maybe(0.3) else None)
            for key in agencies
        ),
        recusals=(
            (Recusal(m.one(USERS), m.one(AGENCIES), NOW, resolved_at=NOW if m.maybe(0.4) else None),)
            if m.maybe(0.15)
            else ()
        ),
        proposals=(
            (Proposal(uid(40), m.one(SERIES), ProposalPurpose.STUCK, Worker("kim", "b-1"), NOW, "b-1"),)
            if m.maybe(0.3)
            else ()
        ),
        actions=(Action(ACTION, TEXT, m.first(AGENCIES), NOW.date(), NOW.date(), NOW, NOW),) if m.maybe(0.8) else (),
    )


def item(m: Made, number: UUID) -> Item:
    about = m.first(CASES) if m.maybe(0.85) else None
    return Item(
        number,
        Section.NOTING,
        1,
        8,
        Origin.DRAFTED,
        case=about,
        visible_to=m.some(AGENCIES, 3),
        state=ItemState.REMOVED if m.maybe(0.12) else ItemState.PENDING,
    )


def invitation(m: Made) -> Invitation:
    return Invitation(m.first(AGENCIES), m.one((None, None, *USERS)), m.some(ITEMS, 1) if m.maybe(0.3) else ())


def attendee(m: Made, user: str) -> Attendee:
    return Attendee(
        user,
        m.first(AGENCIES),
        (Stay(NOW, m.one((None, None, NOW))),) if m.maybe(0.4) else (),
        accepted="statement" if m.maybe(0.85) else None,
        apology=m.maybe(0.1),
    )


def drafted(case: UUID) -> Agenda:
    each = DraftedItem(uid(70), case, "N", Section.NEW, 1, 8, False, (), "", "kim", AppearanceBasis.AGREEMENT)
    return Agenda(1, "1", (each,), (), (), ())


def meeting(m: Made, number: UUID, items: Sequence[UUID]) -> Meeting:
    starts = m.moment(0.1, -0.1, 14, -7, -44, -45, -46, 13, 20, -9)
    published = m.moment(0, -5, -8) if m.maybe(0.8) else None
    states = (
        MeetingState.AGENDA_PUBLISHED,
        MeetingState.IN_PROGRESS,
        MeetingState.ENDED,
        MeetingState.CANCELLED,
        MeetingState.MINUTES_CONFIRMED,
        MeetingState.ADJOURNED,
    )
    return Meeting(
        number,
        m.first(PROGRAMMES),
        m.first(SERIES),
        starts,
        120,
        Mode.HYBRID,
        m.first(USERS),
        state=m.one(states) if published else MeetingState.AGENDA_DRAFTED,
        items=tuple(item(m, each) for each in items),
        published_at=published,
        draft=drafted(m.one(CASES)) if m.maybe(0.2) else None,
        invitations=tuple(invitation(m) for _ in range(m.random.randint(0, 2))),
        withdrawn=(Invitation(m.first(AGENCIES), m.one((None, *USERS))),) if m.maybe(0.15) else (),
        attendance=tuple(attendee(m, user) for user in (*USERS, "kim") if m.maybe(0.75)),
        interests=(
            (Interest(m.one(items), m.one(USERS), m.one(AGENCIES), InterestAction.RECUSED),) if m.maybe(0.15) else ()
        ),
        confirmed_at=m.moment(0, -1, 5) if m.maybe(0.15) else None,
        instant=m.maybe(0.08),
        moved_far=m.maybe(0.08),
    )


def contact(m: Made, number: UUID) -> Contact:
    """About the person or about nobody who is known; perhaps it has led to one of the cases."""
    by, person = Worker("kim", "b-1"), PERSON if m.maybe(0.4) else None
    received = ContactReceived(number, m.first(PROGRAMMES), 1, "gp", "phone", TEXT, by, person=person)
    led = (LedTo(m.one(CASES), PERSON, "one", NOW),) if m.maybe(0.3) else ()
    return Contact(received, NOW, NOW, referrals=led)


def glass(m: Made, agency: str) -> Glass:
    """One that is open, or over by now, or ended."""
    opened = BreakGlassOpened(
        OPENING, m.first(CASES), "7K3M-Q2XD", m.first(PROGRAMMES), m.first(USERS), agency, BreakGlassReason.COMPLAINT,
        TEXT, 60, m.first((NOW + timedelta(minutes=9), NOW, NOW - SECOND, NOW + SECOND)), NOW.date(),
    )  # fmt: skip
    return Glass(opened, NOW - timedelta(hours=1), ended_at=NOW if m.maybe(0.2) else None)


def opened(m: Made) -> tuple[tuple[str, Grants], ...]:
    return tuple((key, Grants((glass(m, key),))) for key in AGENCIES if m.maybe(0.7))


def world(seed: int) -> World:
    m = Made(seed)
    return World(
        user=m.first(USERS),
        agency=m.first(AGENCIES),
        claims=m.one(GIVEN) if m.maybe(0.15) else None,
        at=NOW,
        partners={key: agency(m, key) for key in AGENCIES},
        cases=tuple(case(m, number) for number in CASES),
        meetings=(meeting(m, MEETINGS[0], ITEMS[:2]), meeting(m, MEETINGS[1], ITEMS[2:]))[: m.first((1, 2, 0))],
        contacts=tuple(contact(m, number) for number in CONTACTS[: m.first((2, 1))]),
        people=tuple(
            Person(
                each, PersonRegistered(each, name=TEXT), cases=tuple((c, "one") for c in m.some(CASES, 2)), merges=SAID
            )
            for each in (PERSON, OTHER_PERSON)
        ),
        opened=opened(m),
    )
