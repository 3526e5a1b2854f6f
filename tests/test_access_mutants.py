"""Every hole once found, put back on purpose: a line each, with what must catch it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from catch.access import RULES, Asker, NotYourCase, Who, doing, giving, program, relations, seats, seeing
from catch.access import standing as standing_rules
from catch.access.relations import Asked
from catch.domain.access_grant import Glass, Grants
from catch.domain.case.state import Case
from catch.domain.facts import Actor, Category, Command, Role
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.state import Invitation, Meeting
from catch.domain.partner import HeldRole, Member, Partner
from catch.domain.streams import COMMANDS
from tests import relationships as r
from tests import standing as places
from tests import test_access_fields as f
from tests import test_access_giving as w
from tests import test_access_matrix as m
from tests import test_access_seats as s
from tests import test_access_sight as v
from tests import test_access_standing as g
from tests import test_break_glass as b
from tests.cedar.compare import differences
from tests.standing import GENERAL, at_meeting

Patch = tuple[Any, str, Any]
KINDS = {kind.__name__: kind for kind in COMMANDS}
MANY = 1_500
NOTHING: frozenset[Any] = frozenset()


def row(name: str, role: Role) -> Callable[[], None]:
    """One thing otherwise in the world of this row of the matrix, and it is no longer refused."""
    return lambda: m.test_one_thing_otherwise_and_they_are_refused(name, role)


def refused(name: str) -> Callable[[], None]:
    return lambda: m.test_every_other_role_is_told_that_it_may_not(name)


def sight(how: str) -> Callable[[], None]:
    return lambda: v.test_who_sees_what(how)


def model() -> None:
    assert next(islice((found for seed in range(MANY) for found in differences(seed)), 1), None) is None


def rule(name: str, *roles: Role, relation: Callable[[Asked], None]) -> Patch:
    """The table says otherwise of this command."""
    kind: type[Command] = KINDS[name]
    return RULES, "item", (kind, RULES[kind] | dict.fromkeys(roles, relation))


# What the functions would have been

ALLOWED = relations.anywhere
CHAIR, COORDINATOR, PARTNER, ADMIN = Role.CHAIR, Role.COORDINATOR, Role.PARTNER, Role.ADMINISTRATOR
real_lasting, real_who, real_sight, real_bounds = seats.lasting, standing_rules.who, seeing.sight, seats.bounds
real_glass, real_looking = seeing.glass_shows, standing_rules.looking
real_seats, real_shows, real_seen_case = seats.seats_of, seats.Seat.shows, relations.seen_case


def true(*_: Any) -> bool:
    return True


def false(*_: Any) -> bool:
    return False


def seeing_is_enough(asked: Asked, meeting: Meeting, case: Any) -> None:
    held = asked.reads.case(case)
    if held is None or real_sight(asked.who, held, asked.reads.seats(case), asked.at) is None:
        raise relations.UnknownCase(case=case)


def whatever(changed: str) -> Callable[[Meeting, Any], bool]:
    """The seat lasts although the meeting was moved far, was none, or the item was taken off."""
    return lambda meeting, item: real_lasting(
        replace(meeting, **{changed: False}) if changed != "removed" else meeting,
        item if changed != "removed" else replace(item, state=ItemState.PENDING),
    )


def everybody_is_enrolled(asker: Asker, partner: Partner | None, at: datetime) -> Who:
    try:
        return real_who(asker, partner, at)
    except standing_rules.NotEnrolled:
        return Who(asker.user, asker.agency, frozenset({(asker.role or PARTNER, m.P)}))


def the_program_has_a_token(asker: Asker, partner: Partner | None, at: datetime) -> Who:
    if asker.role is Role.SYSTEM:
        return program(Actor(asker.user, asker.agency, Role.SYSTEM))
    return real_who(asker, partner, at)


def nobody_is_suspended(asker: Asker, partner: Partner | None, at: datetime) -> Who:
    members = tuple(replace(each, suspended=False) for each in partner.members) if partner else ()
    return real_who(asker, replace(partner, members=members) if partner else None, at)


def a_claim_widens(held: Iterable[HeldRole], claimed: Role | None) -> list[HeldRole]:
    first, *more = held
    return [first, *more] if claimed is None else [replace(first, role=claimed)]


def told_that_it_is_not_theirs(asked: Asked, case: Any) -> Any:
    try:
        return real_seen_case(asked, case)
    except relations.UnknownCase:
        raise (NotYourCase if asked.reads.case(case) else relations.UnknownCase(case=case)) from None


def without_removed_items(meeting: Meeting, case: Any) -> Any:
    return real_seats(replace(meeting, items=tuple(i for i in meeting.items if i.state is not ItemState.REMOVED)), case)


def for_ever(meeting: Meeting) -> tuple[datetime, datetime, datetime]:
    opens, over, _ = real_bounds(meeting)
    return opens, over + timedelta(days=9_999), over + timedelta(days=9_999)


def as_long_as_members(meeting: Meeting) -> tuple[datetime, datetime, datetime]:
    opens, over, minuted = real_bounds(meeting)
    return opens, over, max(minuted, over)


def any_time(meeting: Meeting) -> tuple[datetime, datetime, datetime]:
    _, over, minuted = real_bounds(meeting)
    return meeting.starts_at - timedelta(days=9_999), over, minuted


class Vague:
    """A command of which no rule can tell what it is."""

    def __init__(self, kind: type[Command], about: Mapping[str, object]) -> None:
        self.__struct_fields__ = kind.__struct_fields__
        self.__dict__.update({name: id_ for name, id_ in about.items() if name in kind.__struct_fields__})

    def __getattr__(self, name: str) -> Any:
        raise doing.Unsaid(name)


def no_guest(seat: seats.Seat, who: Who, at: datetime) -> bool:
    return real_shows(replace(seat, invitations=()), who, at)


def gives_to_anybody(asked: Asked) -> None:
    if not giving.gives(asked, giving.known_partner(asked), asked.command.role, asked.command.programme):
        raise relations.NotYourAgency


def takes_the_first(refusals: Any) -> Any:
    return next(iter(refusals), relations.NotAllowed())


def runs_or_not(asks: Who, programme: str) -> bool:
    return asks.acts_as(COORDINATOR, programme)


def in_any_programme(asks: Who, role: Role, _: str) -> bool:
    return role in asks.roles_held()


def every_role(member: Member, _: date) -> Iterable[HeldRole]:
    return iter(member.roles)


def any_seat(asks: Who, _: Case, places: Sequence[seats.Seat], at: datetime) -> bool:
    return any(seat.shows(asks, at) for seat in places)


def nothing(*_: Any) -> None:
    """Refuses nothing, and hides nothing."""


def by_agreement(asks: Who, case: Case, _: datetime) -> frozenset[Category]:
    return asks.told(case.programme)


def by_disclosure(asks: Who, case: Case, at: datetime) -> frozenset[Category]:
    return case.disclosed(asks.agency, at)


def never_shut(asks: Who, case: UUID, _: datetime) -> bool:
    return any(opened == case for opened, _ in asks.glass)


def for_days(asks: Who, grants: Grants | None, at: datetime) -> Who:
    found = real_looking(asks, grants, at - timedelta(days=9))
    return replace(found, glass=frozenset((case, until + timedelta(days=9)) for case, until in found.glass))


def whoever_opened_it(grants: Grants, _: str, at: datetime) -> Iterable[Glass]:
    return (each for each in grants.glasses if each.open_at(at))


def until_its_time(glass: Glass, at: datetime) -> bool:
    return at < glass.opened.until


def whatever_they_object_to(asks: Who, case: Case) -> frozenset[Category]:
    return real_glass(asks, replace(case, objections=()))


def table(*rows: tuple[str, Patch, Callable[[], None]]) -> dict[str, tuple[Patch, Callable[[], None]]]:
    return {hole: (patch, catches) for hole, patch, catches in rows}


def hand(test: Callable[..., None], *asked: Any) -> Callable[[], None]:
    """A test written by hand, of this."""
    return lambda: test(*asked)


ALL = frozenset(Category)
BEHIND = at_meeting(instant=True)
GUEST = at_meeting(invitations=(Invitation("housing-1", items=(GENERAL,)),))


# The hole, where it is put back, and what catches it

MUTANTS = table(
    # Rights that a command makes for its sender, and standing that nobody asked about
    ("whoever a meeting names chairs it", (Who, "may_chair", true), row("PublishAgenda", CHAIR)),
    (
        "a coordinator plans in any series",
        rule("PlanMeeting", COORDINATOR, relation=ALLOWED),
        row("PlanMeeting", COORDINATOR),
    ),
    (
        "whoever coordinates looks for matches",
        rule("LookForMatches", COORDINATOR, relation=relations.coordinating),
        row("LookForMatches", COORDINATOR),
    ),
    ("any partner plans", rule("PlanMeeting", PARTNER, relation=ALLOWED), refused("PlanMeeting")),
    ("any case comes onto the agenda", (relations, "known_here", nothing), row("AddItem", CHAIR)),
    ("an old seat gives the next", (relations, "known_here", seeing_is_enough), row("AddLateItem", CHAIR)),
    ("any agency coordinates", (Who, "coordinates_in", runs_or_not), row("AcceptReferral", COORDINATOR)),
    (
        "any agency keeps the door",
        (Who, "keeps_the_door", runs_or_not),
        hand(m.test_who_keeps_the_front_door_works_there_as_well, "CloseCase", r.KEEPS_THE_DOOR),
    ),
    (
        "anybody discusses at once",
        rule("RecordInstantDiscussion", PARTNER, relation=ALLOWED),
        row("RecordInstantDiscussion", PARTNER),
    ),
    (
        "an instant discussion seats",
        (seats, "lasting", whatever("instant")),
        hand(s.test_a_seat_ends_at_once, CHAIR, BEHIND),
    ),
    ("attaching brings back", rule("AttachReferral", PARTNER, relation=ALLOWED), row("AttachReferral", PARTNER)),
    (
        "a chair tells their own",
        rule("AuthoriseDisclosure", CHAIR, relation=relations.chairing_case),
        hand(f.test_a_chair_lets_others_be_told_never_their_own_agency, CHAIR),
    ),
    ("a role counts everywhere", (Who, "acts_as", in_any_programme), row("AddNote", PARTNER)),
    ("the same", (Who, "acts_as", in_any_programme), model),
    (
        "the program has a token",
        (places, "who", the_program_has_a_token),
        hand(m.test_the_programs_own_role_is_nobodys, PARTNER),
    ),
    ("enrolment is not asked", (places, "who", everybody_is_enrolled), row("AddNote", PARTNER)),
    ("the suspended go on", (places, "who", nobody_is_suspended), row("AddNote", PARTNER)),
    ("a role has no end", (Member, "roles_on", every_role), row("AddNote", PARTNER)),
    ("a claim widens", (standing_rules, "narrowed", a_claim_widens), g.test_a_token_narrows_and_never_widens),
    (
        "auditing beside case work",
        (standing_rules, "APART", NOTHING),
        hand(g.test_some_are_chosen_at_sign_in_and_exercised_alone, Role.AUDITOR),
    ),
    (
        "a giver gives to themselves",
        rule("GiveRole", ADMIN, relation=gives_to_anybody),
        hand(w.test_never_to_oneself, ADMIN),
    ),
    (
        "any officer appoints",
        (Who, "leads", true),
        hand(w.test_only_the_officer_of_the_agency_that_leads_appoints, CHAIR),
    ),
    (
        "the first, and the second",
        (giving, "has", false),
        hand(w.test_the_first_is_appointed_from_outside_and_later_ones_by_colleagues, ADMIN),
    ),
    # Ends that do not end
    ("a seat has no end", (seats, "bounds", for_ever), row("EndDisclosure", CHAIR)),
    ("a seat has no beginning", (seats, "bounds", any_time), row("EndDisclosure", CHAIR)),
    (
        "who runs the meeting reads on once the minutes are confirmed",
        (seats, "bounds", as_long_as_members),
        hand(s.test_whoever_confirms_the_minutes_is_told_why_they_read_no_further, CHAIR),
    ),
    ("a seat moves along", (seats, "lasting", whatever("moved_far")), row("EndDisclosure", CHAIR)),
    ("a removed item keeps its seat", (seats, "lasting", whatever("removed")), row("EndDisclosure", CHAIR)),
    (
        "a seat outlives the part",
        (seeing, "_at_the_table", any_seat),
        s.test_a_part_that_has_ended_is_not_had_again_by_an_old_agenda,
    ),
    (
        "what is said live is heard from outside",
        (seats.Seat, "hears", true),
        s.test_what_is_said_live_is_for_those_who_have_come_in,
    ),
    ("an invitation goes on", (Meeting, "uninvited", false), row("SetAvailability", PARTNER)),
    ("a guest sees all", (seats.Seat, "shows", no_guest), hand(s.test_a_members_seat_needs_all_of_it, GUEST)),
    # Recusal
    ("recusal is of an item alone", (seeing, "recused", false), row("AddNote", PARTNER)),
    ("the recused run their item", (relations, "kept_out", false), row("CloseItem", CHAIR)),
    (
        "anybody raises anybody's hand",
        rule("RaiseHand", PARTNER, relation=relations.seeing_item),
        hand(f.test_members_act_for_themselves_and_organisers_for_others, "RaiseHand"),
    ),
    (
        "what a rule asks of a command's class is not known before the rest",
        (doing, "Sketch", Vague),
        m.test_who_is_asked_no_more_is_offered_to_leave_and_not_to_come_in,
    ),
    (
        "one settles one's own",
        rule("ResolveInterest", CHAIR, relation=relations.organising),
        hand(f.test_nobody_resolves_their_own_interest, CHAIR),
    ),
    (
        "a guest comes for what is kept from who invites them",
        rule("InviteMember", CHAIR, relation=relations.organising),
        row("InviteMember", CHAIR),
    ),
    (
        "recusal goes with the item",
        (places, "seats_of", without_removed_items),
        hand(v.test_whoever_is_recused_anywhere_sees_nothing_of_the_case, "auditor"),
    ),
    # Answers from what the asker may not see
    ("forbidden is not as absent", (relations, "seen_case", told_that_it_is_not_theirs), row("CloseCase", COORDINATOR)),
    (
        "the first refusal is told",
        (doing, "closest", takes_the_first),
        m.test_who_sees_it_by_one_role_is_told_more_than_by_another,
    ),
    ("a meeting is for everybody", (relations, "may_attend", true), row("SetAvailability", PARTNER)),
    ("whoever asks sees the item", (relations, "hidden_now", nothing), row("PullFromNoting", PARTNER)),
    (
        "owners find other owners",
        rule("RespondToAction", PARTNER, relation=relations.owning),
        f.test_an_owner_answers_and_finds_no_other_owner,
    ),
    # One value, too many channels
    ("an agreement discloses", (seeing, "told_to", by_agreement), sight("involved partner")),
    (
        "no agreement is needed",
        (seeing, "told_to", by_disclosure),
        v.test_with_the_agreement_a_partners_sight_ends_to_the_second,
    ),
    ("restricted without a tag", (seeing, "_OPEN", ALL), sight("coordinator of the case")),
    ("auditors are not masked", (seeing, "_AUDITOR", ALL), sight("auditor")),
    ("who sits in sees everything", (seeing, "IN_MEETING", ALL), sight("chair")),
    ("a draft is everybody's", (seeing, "published", true), hand(s.test_who_sees_an_item, "unpublished")),
    ("nobody need be bound", (seeing, "bound", true), hand(s.test_who_sees_an_item, "unbound")),
    (
        "one case opens the agenda",
        (Who, "audits_all", Who.audits),
        s.test_an_auditor_of_single_cases_sees_those_and_no_agenda_being_made,
    ),
    # In an emergency
    ("the glass is never shut again", (Who, "looks_by_glass", never_shut), hand(b.test_it_ends_by_itself, CHAIR)),
    ("the same, when it is asked who they are", (places, "looking", for_days), hand(b.test_it_ends_by_itself, CHAIR)),
    ("what is restricted is seen by glass", (seeing, "BY_GLASS", ALL), hand(b.test_everything_ordinary, PARTNER)),
    ("what is ended is open", (Glass, "open_at", until_its_time), hand(b.test_what_others_opened, PARTNER)),
    ("the same, as the model has it", (Glass, "open_at", until_its_time), model),
    (
        "one opens it for all",
        (Grants, "open_to", whoever_opened_it),
        hand(b.test_what_others_opened, PARTNER),
    ),
    (
        "nobody is asked what they do not want told",
        (seeing, "glass_shows", whatever_they_object_to),
        hand(b.test_what_the_person_does_not_want_told, PARTNER),
    ),
    (
        "whoever works on cases looks into what they opened",
        rule("ReviewBreakGlass", PARTNER, relation=relations.having_opened),
        refused("ReviewBreakGlass"),
    ),
    ("any Caldicott contact looks into it", (relations, "guards", true), row("ReviewBreakGlass", Role.CALDICOTT)),
    # Closed by default
    (
        "coordinators may the unlisted",
        (doing, "_NOBODY", {COORDINATOR: ALLOWED}),
        hand(m.test_what_nobody_has_thought_about_nobody_may, COORDINATOR),
    ),
)


@pytest.mark.parametrize("hole", MUTANTS)
def test_a_hole_put_back_is_caught(monkeypatch: pytest.MonkeyPatch, hole: str):
    (target, name, value), catches = MUTANTS[hole]
    if catches is not model:
        catches()  # Without the hole all is well; that the model agrees is proved beside this.
    if target is RULES:
        monkeypatch.setitem(RULES, *value)
    else:
        monkeypatch.setattr(target, name, value)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        catches()
