"""A meeting in session to be followed: a real place, a real agenda, an open item that things are said about.

Everything is taken command by command. More meetings are the same facts with other ids.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from catch.app import Catch
from catch.bench.history import KNUTH, Row, copied, fresh, moulded, moved
from catch.commands.enrolling import in_programme
from catch.domain.calendar import london_day
from catch.domain.case.agreement import RecordAgreement
from catch.domain.case.coordination import AllocateCoordinator, RecordConversation
from catch.domain.case.disclosure import AuthoriseDisclosure, InvolvePartner
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import (
    Basis,
    CommonLawBasis,
    ConversationFormat,
    LegalBasis,
    ProposalPurpose,
    SpecialCategoryBasis,
    Worker,
)
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import StartMeeting
from catch.domain.meeting.state import Meeting
from catch.domain.partner import EnrolMember, RegisterPartner, SignAgreement
from catch.domain.person import RegisterPerson
from catch.domain.programme import LoadProgramme
from catch.domain.streams import MEETING, PARTNER
from catch.domain.streams import PROGRAMME as PROGRAMME_STREAM
from catch.programmes import starting

PROGRAMME, SERIES = "snn-catch", "catch-weekly"
SYSTEM = Actor("system", "catch", Role.SYSTEM)
COORDINATOR = Actor("coordinator@snn", "snn", Role.COORDINATOR)
CHAIR = Actor("chair@snn", "snn", Role.CHAIR)
AGENCIES = tuple(f"housing-{number}" for number in range(1, 8))
MEMBERS = tuple(Actor(f"member-{number}@{agency}", agency, Role.PARTNER) for agency in AGENCIES for number in (1, 2))
SEATS = (CHAIR, COORDINATOR, *MEMBERS)
"""Sixteen people, of eight agencies: nine classes of viewers."""
BASIS = Basis(LegalBasis.PUBLIC_TASK, CommonLawBasis.IMPLIED_CONSENT, SpecialCategoryBasis.HEALTH_OR_SOCIAL_CARE)
FOLLOW = """subscription Follow($id: UUID!, $after: Position) {
  meeting(id: $id, after: $after) {
    __typename
    ... on MeetingUpdate {
      position event at
      by { user agency }
      meeting { id state version }
      item { id order state discussion { sentNs: situation } }
    }
    ... on Hidden { position }
    ... on AccessEnded { position reason }
    ... on ResyncRequired { position reason }
  }
}"""
"""What a client follows a meeting with. What is said of the open item is the time at which it was said."""


class Room(NamedTuple):
    """A meeting, the item that is open in it, and how far the log had come when it had been opened."""

    meeting: UUID
    item: UUID
    opened_at: int


async def prepared(catch: Catch) -> Room:
    """The programme, its partners, and a meeting in session with one case on its agenda, all agencies at the table."""
    for programme in starting():
        await take(catch, LoadProgramme(programme.key, programme), SYSTEM)
    for key in ("snn", *AGENCIES):
        await take(catch, RegisterPartner(key, f"Example {key}", "housing"), SYSTEM)
        everything = frozenset(Category)
        signed = SignAgreement(key, f"isa-{key}", (PROGRAMME,), everything, long_since(), None, Sealed("S. Igner"))
        await take(catch, signed, SYSTEM)
    for who in SEATS:
        await enrol(catch, who)
    return await convened(catch)


def long_since() -> date:
    """Before anything else happened."""
    return london_day(datetime.now(UTC) - timedelta(days=400))


async def enrol(catch: Catch, who: Actor) -> None:
    """With the role they act in; their agency is registered."""
    programme = next(each for each in starting() if each.key == PROGRAMME)
    await take(catch, EnrolMember(who.agency, who.user, Sealed(f"{who.user} Example")), SYSTEM)
    for command in in_programme(who.agency, who.user, who.role, programme, long_since()):
        await take(catch, command, SYSTEM)


async def called(catch: Catch, cases: int, days: int) -> UUID:
    """A meeting in so many days, its agenda published, over cases of its own."""
    for _ in range(cases):
        await worked_on(catch)
    meeting, starts_at = uuid4(), datetime.now(UTC) + timedelta(days=days, minutes=5)
    await take(catch, PlanMeeting(meeting, PROGRAMME, SERIES, starts_at, CHAIR.user))
    for agency in AGENCIES:
        await take(catch, InviteMember(meeting, agency))
    await take(catch, DraftAgenda(meeting))
    await take(catch, PublishAgenda(meeting), CHAIR)
    return meeting


async def convened(catch: Catch) -> Room:
    """The meeting of today, begun, everybody there and its one case open."""
    meeting = await called(catch, 1, 0)
    await take(catch, StartMeeting(meeting), CHAIR)
    for who in (COORDINATOR, *MEMBERS):
        await take(catch, JoinMeeting(meeting, who.user, who.agency), who)
        await take(catch, AcceptConfidentiality(meeting, who.user), who)
    held: Meeting = (await catch.present.states.get(MEETING, meeting)).state
    item = next(item.item for item in held.items if item.case)
    return Room(meeting, item, await take(catch, OpenItem(meeting, item, known_by=COORDINATOR.user)))


async def worked_on(catch: Catch) -> None:
    """A case that every agency has a part in, proposed for the next meeting."""
    case, person, received = uuid4(), uuid4(), datetime.now(UTC) - timedelta(days=3)
    later, worker = received + timedelta(hours=1), Worker(COORDINATOR.user, COORDINATOR.agency)
    said = Sealed("The boiler is broken and the landlord does not answer.")
    await take(catch, RegisterPerson(person, name=Sealed("Ada Quillbrook")), at=received)
    submitted = SubmitReferral(case, person, PROGRAMME, uuid4(), "police", "phone", received, said)
    await take(catch, submitted, at=received)
    commands: list[Command] = [
        AcceptReferral(case),
        AllocateCoordinator(case, worker.user, worker.agency),
        RecordAgreement(case),
        RecordConversation(case, uuid4(), ConversationFormat.HOME, said),
    ]
    for agency in AGENCIES:
        told = AuthoriseDisclosure(case, uuid4(), agency, frozenset(Category), BASIS, Sealed("Needed to help."))
        commands += [told, InvolvePartner(case, agency, "support")]
    for command in [
        *commands,
        ProposeForMeeting(case, uuid4(), SERIES, ProposalPurpose.NEW, worker, person_informed=True),
    ]:
        await take(catch, command, at=later)


async def take(catch: Catch, command: Command, by: Actor = COORDINATOR, at: datetime | None = None) -> int:
    return (await catch.commands.take(command, by=by, command_id=uuid4(), occurred_at=at)).position


async def repeated(catch: Catch, admin: str, room: Room, count: int) -> list[Room]:
    """So many meetings as this one was when its item was opened, each with a case and a person of its own.

    Call before anybody follows the log.
    """
    # Programmes and partners are the same for all meetings: a copy of those would be others.
    shared = {event.__name__ for stream in (PROGRAMME_STREAM, PARTNER) for event in stream.events}
    facts = [fact for fact in await catch.log.page(0, 100_000, room.opened_at) if fact.topic not in shared]
    year, masks = moulded(facts), [copy * KNUTH & 0xFFFFFFFF for copy in range(1, count + 1)]

    def rows() -> Iterator[Row]:
        now = datetime.now(UTC)
        for mask in masks:
            words = [fresh(word, mask, 0) for word in year.words]
            for mould in year.moulds:
                yield moved(mould.stream, mask), mould.version, mould.topic, mould.text % mould.places(words), now

    await copied(admin, rows())
    return [Room(moved(room.meeting, mask), moved(room.item, mask), room.opened_at) for mask in masks]


async def said(catch: Catch, room: Room) -> int:
    """Something is said of the open item: the time at which it is. The position of the fact."""
    words = Sealed(str(time.monotonic_ns()))
    return await take(catch, RecordUpdate(room.meeting, room.item, words))


def keys_of(folder: Path) -> Path:
    """Where servers of one place share their development issuer and their key-encryption key."""
    return folder / "place"


def in_turn(rooms: Sequence[Room]) -> Iterator[Room]:
    while True:
        yield from rooms
