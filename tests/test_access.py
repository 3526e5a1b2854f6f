"""The permission matrix: who may ask for what, and who sees which category of a case, by role and relationship."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from catch.access import (
    ATTENDEE_WINDOW,
    EVERYTHING,
    AgencyNotUnderAgreement,
    NotAllowed,
    NotYourAction,
    NotYourCase,
    NotYourMeeting,
    OnlyForYourself,
    RedactionReason,
    Sight,
    SuspendedByAgency,
    item_closed,
    item_hidden,
    may,
    may_attend,
    role_may,
    seats_of,
    sight,
)
from catch.domain.case.actions import (
    ActionAnswer,
    CompleteAction,
    ProgressAction,
    RespondToAction,
)
from catch.domain.case.agreement import ObjectionRecorded
from catch.domain.case.disclosure import (
    AuthoriseDisclosure,
    DisclosureAuthorised,
    DisclosureEnded,
    PartnerInvolved,
    PartnerInvolvementEnded,
)
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.goals import SetGoal
from catch.domain.case.notes import AddNote
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.referral import AttachReferral, SubmitReferral
from catch.domain.case.state import Case, Objection, ProposalPurpose, Worker
from catch.domain.facts import Actor, Category, Command, Role
from catch.domain.meeting.attendance import DeclareInterest, JoinMeeting
from catch.domain.meeting.deciding import RecordDecision
from catch.domain.meeting.editing import PullFromNoting
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.invitations import SetAvailability
from catch.domain.meeting.items import DecisionCode, Item, ItemState, Origin
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.rules import NotInvited
from catch.domain.meeting.session import StartMeeting
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
from catch.domain.partner import Member, Partner, SuspendMember
from catch.domain.person import ProtectionReason, RegisterPerson, SetProtectedAddress
from catch.domain.restricted import RaiseSafeguardingConcern
from catch.domain.streams import CASE as CASE_STREAM
from catch.domain.streams import COMMANDS, RESTRICTED
from tests.cases import (
    ACCEPTED,
    AUDITOR,
    CASE,
    CHAIR,
    CONSENT,
    CORA,
    HANA,
    NOW,
    OFFERED,
    PARTNERS,
    PERSON,
    PROGRAMME,
    REFERRER,
    SHARED,
    START,
    TEXT,
    folded,
    goal,
    offered,
    partner,
    received,
    uid,
)

MEETING, ITEM, OTHER_ITEM = uid(50), uid(51), uid(52)
ADMIN = Actor("ada", "snn", Role.ADMINISTRATOR)
SYSTEM = Actor("catch", "catch", Role.SYSTEM)
OTHER_CHAIR = Actor("olga", "snn", Role.CHAIR)
OTHER_COORDINATOR = Actor("otto", "strict-1", Role.COORDINATOR)
POLICE = Actor("pat", "police-1", Role.PARTNER)
STRANGER = Actor("sid", "strict-1", Role.PARTNER)

item = Item(ITEM, Section.NOTING, 1, 8, Origin.DRAFTED, case=CASE, visible_to=("housing-1", "snn"))
meeting = Meeting(
    MEETING,
    PROGRAMME.key,
    "weekly",
    NOW + timedelta(hours=1),
    120,
    Mode.HYBRID,
    "carl",
    MeetingState.AGENDA_PUBLISHED,
    items=(item, replace(item, item=OTHER_ITEM, case=uid(7), visible_to=("strict-1",))),
    published_at=NOW,
    invitations=(Invitation("housing-1"), Invitation("strict-1")),
)
shared = folded(*OFFERED)
SEATS = seats_of(meeting, CASE)

submit = SubmitReferral(CASE, PERSON, PROGRAMME.key, uid(3), "gp", "phone", START, TEXT)
respond = RespondToAction(CASE, offered.action, ActionAnswer.ACCEPT)
progress = ProgressAction(CASE, offered.action, uid(31), TEXT)
note = AddNote(CASE, uid(60), Category.PLAN, TEXT)
propose = ProposeForMeeting(CASE, uid(40), "weekly", ProposalPurpose.STUCK, Worker("hana", "housing-1"))
decide = RecordDecision(MEETING, ITEM, uid(70), DecisionCode.CONTINUE, not_told_reason=TEXT)
authorise = AuthoriseDisclosure(CASE, uid(12), "strict-1", frozenset({Category.PLAN}), CONSENT, TEXT)
pull = PullFromNoting(MEETING, ITEM, TEXT)
complete = CompleteAction(CASE, offered.action, "done", NOW.date())


def asked(actor: Actor, command: Command, case: Case | None = shared, sits: Meeting | None = None, **more: Any) -> None:
    own = more.pop("own", PARTNERS.get(actor.agency))
    may(actor, command, case, sits, own, at=NOW, seats=more.pop("seats", SEATS))


PEOPLE = {
    "chair": CHAIR,
    "coordinator": CORA,
    "partner": HANA,
    "uninvolved": STRANGER,
    "referrer": REFERRER,
    "auditor": AUDITOR,
    "administrator": ADMIN,
    "system": SYSTEM,
}
YES = None
NOT_A_CASE_ROLE = {"auditor": NotAllowed, "administrator": NotAllowed, "referrer": NotAllowed, "system": YES}
# Rows of the matrix: a command, and who may ask for it. Not named: they may.
MATRIX: dict[str, tuple[Command, bool, dict[str, type[Exception] | None]]] = {
    "refer": (submit, False, {"auditor": NotAllowed, "administrator": NotAllowed}),
    "register a person": (
        RegisterPerson(PERSON, name=TEXT),
        False,
        {"auditor": NotAllowed, "administrator": NotAllowed},
    ),
    "hide an address": (
        SetProtectedAddress(PERSON, True, ProtectionReason.STALKING),
        False,
        {**NOT_A_CASE_ROLE, "chair": NotAllowed, "partner": NotAllowed, "uninvolved": NotAllowed},
    ),
    "accept a referral": (
        AcceptReferral(CASE),
        False,
        {**NOT_A_CASE_ROLE, "chair": NotAllowed, "partner": NotAllowed, "uninvolved": NotAllowed},
    ),
    "set a goal": (
        SetGoal(CASE, goal),
        False,
        {**NOT_A_CASE_ROLE, "chair": NotAllowed, "partner": NotAllowed, "uninvolved": NotAllowed},
    ),
    "authorise a disclosure": (
        authorise,
        False,
        {**NOT_A_CASE_ROLE, "partner": NotAllowed, "uninvolved": NotAllowed},
    ),
    "propose for a meeting": (propose, False, {**NOT_A_CASE_ROLE, "uninvolved": NotYourCase}),
    "add a note": (note, False, {**NOT_A_CASE_ROLE, "chair": NotAllowed, "uninvolved": NotYourCase}),
    "answer an action": (
        respond,
        False,
        {**NOT_A_CASE_ROLE, "chair": NotAllowed, "coordinator": NotYourAction, "uninvolved": NotYourAction},
    ),
    "tell an action's progress": (
        progress,
        False,
        {**NOT_A_CASE_ROLE, "chair": NotAllowed, "coordinator": NotYourAction, "uninvolved": NotYourAction},
    ),
    "complete an action": (
        complete,
        False,
        {**NOT_A_CASE_ROLE, "chair": NotAllowed, "uninvolved": NotYourAction},
    ),
    "plan a meeting": (
        PlanMeeting(MEETING, PROGRAMME.key, "weekly", NOW, "carl"),
        False,
        {**NOT_A_CASE_ROLE, "partner": NotAllowed, "uninvolved": NotAllowed},
    ),
    "start the meeting": (
        StartMeeting(MEETING),
        True,
        {**NOT_A_CASE_ROLE, "coordinator": NotYourMeeting, "partner": NotAllowed, "uninvolved": NotAllowed},
    ),
    "open an item": (
        OpenItem(MEETING, ITEM),
        True,
        {**NOT_A_CASE_ROLE, "partner": NotAllowed, "uninvolved": NotAllowed},
    ),
    "record a decision": (decide, True, {**NOT_A_CASE_ROLE, "partner": NotAllowed, "uninvolved": NotAllowed}),
    "pull an item for discussion": (pull, True, {**NOT_A_CASE_ROLE, "uninvolved": NotInvited}),
    "configure partners": (
        SuspendMember("housing-1", "hana"),
        False,
        {
            **dict.fromkeys(("chair", "coordinator", "partner", "uninvolved", "referrer", "auditor"), NotAllowed),
            "administrator": YES,
        },
    ),
}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("what", MATRIX)
def test_who_may_ask_for_what(what: str, who: str):
    command, at_meeting, exceptions = MATRIX[what]
    refusal = exceptions.get(who)
    sits = meeting if at_meeting else None
    if refusal is None:
        asked(PEOPLE[who], command, sits=sits)
        assert role_may(PEOPLE[who].role, type(command))
    else:
        with pytest.raises(refusal):
            asked(PEOPLE[who], command, sits=sits)


def test_auditors_write_nothing_and_administrators_have_no_case():
    open_to_all = {RaiseSafeguardingConcern}
    assert {kind for kind in COMMANDS if role_may(Role.AUDITOR, kind)} == open_to_all
    of_cases = {*CASE_STREAM.commands, *RESTRICTED.commands}
    assert {kind for kind in of_cases if role_may(Role.ADMINISTRATOR, kind)} == open_to_all
    assert all(role_may(Role.SYSTEM, kind) for kind in COMMANDS)


def test_nobody_refers_in_another_agencys_name():
    for actor in (REFERRER, HANA):
        asked(actor, replace(submit, on_behalf_of=actor.agency))
        with pytest.raises(OnlyForYourself):
            asked(actor, replace(submit, on_behalf_of="fire-1"))
    asked(CORA, replace(submit, on_behalf_of="fire-1"))


def test_a_coordinator_takes_a_referral_to_whosever_case_it_belongs():
    asked(OTHER_COORDINATOR, AttachReferral(CASE, PERSON, uid(4), "gp", "phone", START, TEXT))
    with pytest.raises(NotYourCase):
        asked(OTHER_COORDINATOR, AcceptReferral(CASE))
    asked(OTHER_COORDINATOR, AcceptReferral(CASE), folded(received))


def test_a_coordinator_finds_another_owner_and_answers_only_for_the_own_agency():
    asked(CORA, replace(respond, answer=ActionAnswer.REASSIGN, to="strict-1"))
    own = folded(*OFFERED[:-1], replace(offered, owner="snn"))
    asked(CORA, respond, own)


def test_a_chair_acts_only_on_cases_of_the_meetings_they_chair():
    asked(CHAIR, authorise)
    for seats in ((), seats_of(replace(meeting, chair="olga"), CASE), seats_of(meeting, uid(7))[:0]):
        with pytest.raises(NotYourCase):
            asked(CHAIR, authorise, seats=seats)
    long_over = replace(meeting, ended_at=NOW - ATTENDEE_WINDOW - timedelta(seconds=1))
    with pytest.raises(NotYourCase):
        asked(CHAIR, authorise, seats=seats_of(long_over, CASE))


def test_another_meetings_chair_is_a_guest():
    for command in (StartMeeting(MEETING), OpenItem(MEETING, ITEM), decide):
        with pytest.raises(NotYourMeeting):
            asked(OTHER_CHAIR, command, sits=meeting)
    asked(OTHER_CHAIR, JoinMeeting(MEETING, "olga", "snn"), sits=meeting)
    with pytest.raises(OnlyForYourself):
        asked(OTHER_CHAIR, JoinMeeting(MEETING, "carl", "snn"), sits=meeting)


def test_a_partner_takes_its_own_seat_and_nobody_elses():
    for own, other in (
        (JoinMeeting(MEETING, "hana", "housing-1"), JoinMeeting(MEETING, "henry", "housing-1")),
        (DeclareInterest(MEETING, ITEM, "hana", "housing-1"), DeclareInterest(MEETING, ITEM, "hana", "police-1")),
        (SetAvailability(MEETING, "housing-1", NOW, NOW), SetAvailability(MEETING, "police-1", NOW, NOW)),
    ):
        asked(HANA, own, sits=meeting)
        with pytest.raises(OnlyForYourself):
            asked(HANA, other, sits=meeting)


SUSPENDED = replace(PARTNERS["housing-1"], members=(Member("hana", TEXT, suspended=True),))
TERMINATED = partner("housing-1", terminated_at=NOW)


def test_a_suspended_member_may_and_sees_nothing_whatever_their_role():
    with pytest.raises(SuspendedByAgency):
        asked(HANA, note, own=SUSPENDED)
    for role in (Role.PARTNER, Role.COORDINATOR, Role.CHAIR, Role.REFERRER):
        actor = replace(HANA, role=role)
        assert sight(actor, shared, SUSPENDED, SEATS, NOW) is None
        assert not may_attend(actor, meeting, SUSPENDED, NOW)
    colleague = replace(HANA, user="henry")
    assert sight(colleague, shared, SUSPENDED, SEATS, NOW) is not None


def test_with_the_agreement_everything_ends_but_the_door_stays_open():
    for command in (note, respond):
        with pytest.raises(AgencyNotUnderAgreement):
            asked(HANA, command, own=TERMINATED)
    asked(HANA, submit, own=TERMINATED)
    assert sight(HANA, shared, TERMINATED, SEATS, NOW) is None
    assert sight(HANA, shared, TERMINATED, SEATS, NOW - timedelta(seconds=1)) is not None
    assert not may_attend(HANA, meeting, TERMINATED, NOW)
    assert item_closed(HANA, meeting, item, shared, TERMINATED, NOW) is RedactionReason.NO_DISCLOSURE


ENDS = {
    "involvement": PartnerInvolvementEnded("housing-1"),
    "disclosure": DisclosureEnded(uid(10)),
    "objection": ObjectionRecorded(Objection(uid(11), frozenset({Category.ACTIONS, Category.PLAN}))),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_partners_part_ends_with_whatever_ends_first(how: str):
    after = folded(*OFFERED, ENDS[how])
    assert sight(HANA, after, PARTNERS["housing-1"], (), NOW) is None
    for command, refusal in ((note, NotYourCase), (respond, NotYourAction)):
        with pytest.raises(refusal):
            asked(HANA, command, after)


def test_an_objection_hides_what_it_names_and_no_more():
    after = folded(*OFFERED, ObjectionRecorded(Objection(uid(11), frozenset({Category.PLAN}))))
    seen = sight(HANA, after, PARTNERS["housing-1"], (), NOW)
    assert seen is not None
    assert seen.categories == {Category.ACTIONS}
    assert seen.hides(Category.PLAN) is RedactionReason.NO_DISCLOSURE


# Who sees which category: R readable, - withheld for the role's reason, t withheld as restricted.
IN_MEETING = {
    Category.IDENTITY,
    Category.CONTACT,
    Category.NEEDS,
    Category.PLAN,
    Category.DISCUSSION,
    Category.ACTIONS,
    Category.RISK,
}
MASKED = {Category.IDENTITY, Category.CONTACT, Category.RESTRICTED, Category.THIRD_PARTY}
SIGHTS: dict[str, tuple[Actor, set[Category]]] = {
    "coordinator of the case": (CORA, set(Category)),
    "coordinator of the meeting": (OTHER_COORDINATOR, IN_MEETING),
    "chair of the meeting": (CHAIR, IN_MEETING),
    "involved partner": (HANA, {Category.ACTIONS, Category.PLAN}),
    "auditor": (AUDITOR, set(Category) - MASKED),
    "referrer": (REFERRER, set()),
}


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("who", SIGHTS)
def test_who_sees_what(who: str, category: Category):
    viewer, readable = SIGHTS[who]
    seen = sight(viewer, shared, PARTNERS.get(viewer.agency), SEATS, NOW)
    assert seen is not None
    assert (seen.hides(category) is None) == (category in readable)
    if category is Category.RESTRICTED and category not in readable:
        assert seen.hides(category) is RedactionReason.RESTRICTED
        assert not seen.mentions(category)
    else:
        assert seen.mentions(category)


def test_why_something_is_withheld():
    partners, audited = sight(HANA, shared, PARTNERS["housing-1"], (), NOW), sight(AUDITOR, shared, None, (), NOW)
    assert partners is not None
    assert audited is not None
    assert partners.hides(Category.HEALTH) is RedactionReason.NO_DISCLOSURE
    assert partners.hides(Category.THIRD_PARTY) is RedactionReason.NO_DISCLOSURE
    assert audited.hides(Category.IDENTITY) is RedactionReason.ROLE
    assert audited.hides(Category.THIRD_PARTY) is RedactionReason.RESTRICTED
    assert (partners.takes_part, audited.takes_part) == (True, False)


@pytest.mark.parametrize("viewer", [OTHER_COORDINATOR, CHAIR, OTHER_CHAIR, STRANGER, POLICE, ADMIN, SYSTEM])
def test_for_everybody_else_there_is_no_such_case(viewer: Actor):
    assert sight(viewer, shared, PARTNERS.get(viewer.agency), (), NOW) is None


def test_restricted_is_never_a_partners_even_where_it_was_disclosed():
    everything = DisclosureAuthorised(uid(13), "housing-1", EVERYTHING, CONSENT, TEXT)
    seen = sight(HANA, folded(*SHARED, everything), PARTNERS["housing-1"], (), NOW)
    assert seen is not None
    assert seen.categories == EVERYTHING - {Category.RESTRICTED}


def test_nothing_is_seen_that_the_agreement_does_not_cover():
    wide = DisclosureAuthorised(uid(13), "police-1", frozenset({Category.IDENTITY, Category.PLAN}), CONSENT, TEXT)
    case = folded(*ACCEPTED, wide, PartnerInvolved("police-1", "safety"))
    seen = sight(POLICE, case, PARTNERS["police-1"], (), NOW)
    assert seen is not None
    assert seen.categories == {Category.IDENTITY}


def test_a_protected_address_is_for_those_only_who_coordinate_the_case():
    sights = {
        who: sight(viewer, shared, PARTNERS.get(viewer.agency), SEATS, NOW) for who, (viewer, _) in SIGHTS.items()
    }
    assert [who for who, seen in sights.items() if seen and seen.everything] == ["coordinator of the case"]


def test_a_referrer_sees_that_there_is_a_case_and_its_status():
    seen = sight(REFERRER, shared, None, (), NOW)
    assert seen == Sight(frozenset(), RedactionReason.ROLE, "gp-1")
    assert sight(replace(REFERRER, agency="gp-2"), shared, None, (), NOW) is None
    as_partner = replace(REFERRER, role=Role.PARTNER)
    told = sight(as_partner, shared, partner("gp-1"), (), NOW)
    assert told == Sight(frozenset(), RedactionReason.NOT_INVOLVED, "gp-1")
    assert told
    assert not told.takes_part


def test_whoever_sits_in_the_meeting_sees_its_cases_until_a_week_after():
    not_involved = folded(*SHARED, PartnerInvolvementEnded("housing-1"))
    ended = replace(meeting, state=MeetingState.ENDED, ended_at=NOW)
    for viewer in (HANA, CHAIR):
        own = PARTNERS[viewer.agency]
        last = sight(viewer, not_involved, own, seats_of(ended, CASE), NOW + ATTENDEE_WINDOW)
        later = sight(viewer, not_involved, own, seats_of(ended, CASE), NOW + ATTENDEE_WINDOW + timedelta(seconds=1))
        assert last is not None
        assert later is None


def test_an_item_taken_off_the_agenda_shows_its_case_to_nobody_and_keeps_the_recusal():
    gone = replace(
        meeting,
        items=(replace(item, state=ItemState.REMOVED),),
        interests=(Interest(ITEM, "cora", "snn", InterestAction.RECUSED),),
    )
    seats = seats_of(gone, CASE)
    not_involved = folded(*SHARED, PartnerInvolvementEnded("housing-1"))
    assert sight(CHAIR, shared, PARTNERS["snn"], seats, NOW) is None
    assert sight(HANA, not_involved, PARTNERS["housing-1"], seats, NOW) is None
    recused = sight(CORA, shared, PARTNERS["snn"], seats, NOW)
    assert recused is not None
    assert recused.hidden is RedactionReason.RECUSED


@pytest.mark.parametrize("viewer", [CORA, CHAIR, HANA, AUDITOR])
def test_whoever_is_recused_sees_nothing_of_the_case_or_its_item(viewer: Actor):
    kept_out = replace(meeting, interests=(Interest(ITEM, viewer.user, viewer.agency, InterestAction.RECUSED),))
    seen = sight(viewer, shared, PARTNERS.get(viewer.agency), seats_of(kept_out, CASE), NOW)
    assert seen == Sight(frozenset(), RedactionReason.RECUSED, viewer.agency)
    assert seen
    assert {seen.hides(category) for category in Category} == {RedactionReason.RECUSED}
    assert item_hidden(viewer, kept_out, item) is RedactionReason.RECUSED
    assert item_hidden(replace(viewer, user="another"), kept_out, kept_out.items[1]) is not RedactionReason.RECUSED


ITEMS: dict[str, tuple[Actor, RedactionReason | None]] = {
    "coordinator": (CORA, None),
    "chair": (CHAIR, None),
    "another chair": (OTHER_CHAIR, RedactionReason.ROLE),
    "partner who may be told": (HANA, None),
    "partner who may not": (STRANGER, RedactionReason.NOT_INVOLVED),
    "auditor": (AUDITOR, None),
    "referrer": (REFERRER, RedactionReason.ROLE),
    "administrator": (ADMIN, RedactionReason.ROLE),
}


@pytest.mark.parametrize("who", ITEMS)
def test_who_sees_an_item(who: str):
    viewer, reason = ITEMS[who]
    assert item_hidden(viewer, meeting, item) is reason
    assert item_closed(viewer, meeting, item, shared, PARTNERS.get(viewer.agency), NOW) is reason


def test_a_draft_is_the_organisers_alone():
    draft = replace(meeting, state=MeetingState.AGENDA_DRAFTED, published_at=None)
    assert item_hidden(HANA, draft, item) is RedactionReason.NOT_INVOLVED
    assert item_hidden(CORA, draft, item) is None


def test_a_guest_sees_the_items_they_were_asked_to_come_for():
    both = tuple(replace(held, visible_to=("housing-1",)) for held in meeting.items)
    guest = replace(meeting, items=both, invitations=(Invitation("housing-1", items=(OTHER_ITEM,)),))
    assert item_hidden(HANA, guest, both[0]) is RedactionReason.NOT_INVOLVED
    assert item_hidden(HANA, guest, both[1]) is None
    not_involved = folded(*SHARED, PartnerInvolvementEnded("housing-1"))
    assert sight(HANA, not_involved, PARTNERS["housing-1"], seats_of(guest, CASE), NOW) is None
    named = replace(guest, invitations=(Invitation("housing-1"), Invitation("housing-1", "henry", (OTHER_ITEM,))))
    (seat,) = seats_of(named, CASE)
    assert seat.names("henry")
    assert not seat.names("hana")


def test_general_business_is_for_all_at_the_meeting():
    general = replace(item, case=None, visible_to=())
    assert item_hidden(STRANGER, meeting, general) is None


@pytest.mark.parametrize("ends", ENDS)
def test_an_item_closes_at_once_when_nothing_may_be_told_any_more(ends: str):
    after = folded(*OFFERED, ENDS[ends])
    closed = item_closed(HANA, meeting, item, after, PARTNERS["housing-1"], NOW)
    # Whoever was invited sees the item while it may be told, also without a part in the case.
    assert closed is (None if ends == "involvement" else RedactionReason.NO_DISCLOSURE)


def test_who_a_meeting_exists_for():
    for viewer, attends in (
        (CORA, True),
        (CHAIR, True),
        (AUDITOR, True),
        (HANA, True),
        (POLICE, False),
        (REFERRER, False),
        (ADMIN, False),
    ):
        assert may_attend(viewer, meeting, PARTNERS.get(viewer.agency), NOW) is attends
    core = replace(meeting, attendance=(Attendee("paul", "police-1", (Stay(NOW),)),))
    assert may_attend(POLICE, core, PARTNERS["police-1"], NOW)
    another = replace(meeting, invitations=(Invitation("housing-1", "henry"),))
    assert not may_attend(HANA, another, PARTNERS["housing-1"], NOW)
    assert not may_attend(HANA, meeting, None, NOW)
    after = (meeting.ended_at or meeting.ends_at) + ATTENDEE_WINDOW
    assert may_attend(HANA, meeting, PARTNERS["housing-1"], after)
    assert not may_attend(HANA, meeting, PARTNERS["housing-1"], after + timedelta(seconds=1))


def test_a_disclosure_ends_with_its_last_day_and_so_does_the_sight():
    until = replace(
        folded(*SHARED), disclosures=tuple(replace(d, until=date(2026, 3, 10)) for d in folded(*SHARED).disclosures)
    )
    own: Partner = PARTNERS["housing-1"]
    assert sight(HANA, until, own, (), NOW) is not None
    assert sight(HANA, until, own, (), NOW + timedelta(days=1)) is None
