"""Every command by every role: the rows that allow, written out by hand, and all else refused.

The table below is not the program's. It says by which relationship each role may ask, and `relationships` has for each
a world in which it holds, with neighbours in which it does not.
"""

from typing import Any
from uuid import UUID

import pytest
from msgspec import to_builtins
from msgspec.structs import replace

from catch.access import RULES, NotAllowed, NotEnrolled, NotYourAction, asks, may, may_ask_about, program
from catch.domain.access_grant import UnknownOpening
from catch.domain.case.actions import ActionAnswer
from catch.domain.contact import UnknownContact
from catch.domain.facts import Actor, Command, Role, Tag
from catch.domain.meeting.state import Attendee, Invitation, Stay
from catch.domain.merging import UnknownMerge, UnknownOther
from catch.domain.refusals import Refused, UnknownCase, UnknownMeeting, UnknownPerson
from catch.domain.streams import COMMANDS
from tests import relationships as r
from tests.cases import CASE, NOW, PERSON, offered
from tests.contacts import CONTACT, EARLIER
from tests.relationships import Relationship
from tests.standing import (
    ITEM,
    MEETING,
    OTHER_PROGRAMME,
    PEOPLE,
    SERIES,
    P,
    World,
    asking,
    at_meeting,
    held,
    nothing,
    with_member,
    world,
)

ALLOWED = """
SubmitReferral            coordinator RUNS_THE_PROGRAMME, partner REFERS, referrer REFERS
AttachReferral            coordinator COORDINATES, partner TAKES_PART
AcceptReferral            coordinator COORDINATES
DeclineReferral           coordinator COORDINATES
RedirectReferral          coordinator COORDINATES
AllocateCoordinator       coordinator COORDINATES
RecordConversation        coordinator COORDINATES
RecordConversationAttempt coordinator COORDINATES
RecordAgreement           coordinator COORDINATES
ConfirmSafeContact        coordinator COORDINATES
RecordRefusalOfSupport    coordinator COORDINATES
WithdrawAgreement         coordinator COORDINATES
RecordObjection           coordinator COORDINATES
AuthoriseDisclosure       coordinator COORDINATES, chair CHAIRS_THE_CASE, deputy CHAIRS_THE_CASE
EndDisclosure             coordinator COORDINATES, chair CHAIRS_THE_CASE, deputy CHAIRS_THE_CASE
InvolvePartner            coordinator COORDINATES
EndInvolvement            coordinator COORDINATES
ProposeForMeeting         coordinator COORDINATES, partner TAKES_PART
WithdrawProposal          coordinator COORDINATES
DeclareRecusal            coordinator COORDINATES, partner TAKES_PART, chair CHAIRS_THE_CASE, deputy CHAIRS_THE_CASE
ResolveRecusal            coordinator COORDINATES, chair CHAIRS_THE_CASE, deputy CHAIRS_THE_CASE
AddRestrictedNote         coordinator WRITES_RESTRICTED
RecordSafeguardingOutcome coordinator WRITES_RESTRICTED
StartIntervention         coordinator COORDINATES
EndIntervention           coordinator COORDINATES
RequestInformation        coordinator COORDINATES
ReceiveInformation        coordinator COORDINATES
EscalateCase              coordinator COORDINATES
RecordMessageBack         coordinator COORDINATES
RecordMessageFailed       coordinator COORDINATES
AcknowledgeMessageBack    coordinator COORDINATES
RecordFeedback            coordinator COORDINATES
RecordRisk                coordinator COORDINATES
ReviewRisk                coordinator COORDINATES
LinkRelation              coordinator COORDINATES
EndRelation               coordinator COORDINATES
RecordMeasure             coordinator COORDINATES
RecordNoMeasure           coordinator COORDINATES
PauseCase                 coordinator COORDINATES
ResumeCase                coordinator COORDINATES
ReachMilestone            coordinator COORDINATES
MoveToVersion             coordinator COORDINATES
OfferTransfer             coordinator COORDINATES
WithdrawTransfer          coordinator COORDINATES
RequestFundAward          coordinator COORDINATES
ApproveFundAward          coordinator COORDINATES
DeclineFundAward          coordinator COORDINATES
RecordFundPayment         coordinator COORDINATES
AgreePlan                 coordinator COORDINATES
RevisePlan                coordinator COORDINATES
SetGoal                   coordinator COORDINATES
ScoreGoal                 coordinator COORDINATES
AchieveGoal               coordinator COORDINATES
AbandonGoal               coordinator COORDINATES
ScheduleReview            coordinator COORDINATES
HoldReview                coordinator COORDINATES
OfferAction               coordinator COORDINATES
RespondToAction           coordinator ANSWERS_FOR_ITS_AGENCY, partner OWNS_THE_ACTION
ProgressAction            coordinator ANSWERS_FOR_ITS_AGENCY, partner OWNS_THE_ACTION
CompleteAction            coordinator COORDINATES, partner OWNS_THE_ACTION
CloseActionIncomplete     coordinator COORDINATES, partner OWNS_THE_ACTION
ChangeActionDue           coordinator COORDINATES
AddNote                   coordinator COORDINATES, partner TAKES_PART
RecordUnmetNeed           coordinator COORDINATES, partner TAKES_PART, chair CHAIRS_THE_CASE, deputy CHAIRS_THE_CASE
MeetUnmetNeed             coordinator COORDINATES
ProposeClosure            coordinator COORDINATES
CloseCase                 coordinator COORDINATES
CorrectEntry              coordinator COORDINATES
CorrectMeasure            coordinator COORDINATES
RequestEntryWithdrawal    coordinator COORDINATES
ApproveEntryWithdrawal    coordinator COORDINATES
RefuseEntryWithdrawal     coordinator COORDINATES
RequestVoiding            coordinator COORDINATES
ApproveVoiding            coordinator COORDINATES
RefuseVoiding             coordinator COORDINATES
ReopenCase                coordinator COORDINATES
PlanMeeting               chair PLANS, deputy PLANS, coordinator PLANS, preparer PLANS
RescheduleMeeting         chair ORGANISES, deputy ORGANISES, coordinator ORGANISES, preparer ORGANISES
CancelMeeting             chair ORGANISES, deputy ORGANISES, coordinator ORGANISES, preparer ORGANISES
InviteMember              chair INVITES, deputy INVITES, coordinator INVITES, preparer INVITES
WithdrawInvitation        chair ORGANISES, deputy ORGANISES, coordinator ORGANISES, preparer ORGANISES
SetAvailability           chair ATTENDS, deputy ATTENDS, coordinator ATTENDS, preparer ATTENDS, partner ATTENDS
DraftAgenda               chair ORGANISES, deputy ORGANISES, coordinator ORGANISES, preparer ORGANISES
PublishAgenda             chair CHAIRS, deputy CHAIRS
AddItem                   chair LISTS, deputy LISTS, coordinator LISTS, preparer LISTS
AddLateItem               chair LISTS, deputy LISTS
RemoveItem                chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
MoveItem                  chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
ChangeTimebox             chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
PullFromNoting            chair READS, deputy READS, coordinator READS, preparer READS, partner READS
StartMeeting              chair MAY_CHAIR, deputy MAY_CHAIR
AdjournMeeting            chair CHAIRS, deputy CHAIRS
ResumeMeeting             chair CHAIRS, deputy CHAIRS
EndMeeting                chair CHAIRS, deputy CHAIRS
ConfirmMinutes            chair CHAIRS, deputy CHAIRS
HandOverChair             chair CHAIRS, deputy CHAIRS
AmendMinutes              chair AMENDS, deputy AMENDS
JoinMeeting               chair COMES_IN, deputy COMES_IN, coordinator COMES_IN, preparer COMES_IN, partner COMES_IN
LeaveMeeting              chair COMES_IN, deputy COMES_IN, coordinator COMES_IN, preparer COMES_IN, partner COMES_IN
SendApology               chair COMES_IN, deputy COMES_IN, coordinator COMES_IN, preparer COMES_IN, partner COMES_IN
AcceptConfidentiality     chair ATTENDS, deputy ATTENDS, coordinator ATTENDS, preparer ATTENDS, partner ATTENDS
RaiseHand                 chair READS, deputy READS, coordinator READS, preparer READS, partner READS
LowerHand                 chair READS, deputy READS, coordinator READS, preparer READS, partner READS
GiveFloor                 chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
DeclareInterest           chair READS, deputy READS, coordinator READS, preparer READS, partner READS
ResolveInterest           chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
OpenItem                  chair OPENS, deputy OPENS, coordinator OPENS, preparer OPENS
CloseItem                 chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
DeferItem                 chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
NoteItem                  chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
RecordUpdate              chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
RecordDecision            chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
RecordGuest               chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
LinkAction                chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
OfferActionInMeeting      chair ON_ITEM, deputy ON_ITEM, coordinator ON_ITEM, preparer ON_ITEM
RecordInstantDiscussion   coordinator DISCUSSES, partner DISCUSSES
RegisterPerson            coordinator HAS_THE_ROLE, partner HAS_THE_ROLE, referrer HAS_THE_ROLE
SetContactPreference      coordinator COORDINATES_THE_PERSON
SetProtectedAddress       coordinator COORDINATES_THE_PERSON
RecordDeath               coordinator COORDINATES_THE_PERSON
WithdrawDeath             coordinator COORDINATES_THE_PERSON
CorrectIdentity           coordinator COORDINATES_THE_PERSON
CorrectContact            coordinator COORDINATES_THE_PERSON
RequestMerge              coordinator COORDINATES_BOTH
ApproveMerge              coordinator ANSWERS_FOR_BOTH
RefuseMerge               coordinator ANSWERS_FOR_BOTH
ReverseMerge              coordinator ANSWERS_FOR_BOTH
RequestErasure            coordinator LETS_THEM_GO, caldicott GUARDS_THE_PERSON
ApproveErasure            caldicott GUARDS_THE_PERSON
StopErasure               coordinator LETS_THEM_GO, caldicott GUARDS_THE_PERSON
PlaceLegalHold            caldicott GUARDS_THE_PERSON
LiftLegalHold             caldicott GUARDS_THE_PERSON
RequestSubjectAccess      coordinator LETS_THEM_GO, caldicott GUARDS_SOME_OF_IT
ExtendSubjectAccess       caldicott GUARDS_SOME_OF_IT
GiveSubjectAccess         caldicott GUARDS_SOME_OF_IT
RefuseSubjectAccess       caldicott GUARDS_SOME_OF_IT
RequestRestriction        coordinator LETS_THEM_GO, caldicott GUARDS_SOME_OF_IT
RestrictProcessing        caldicott GUARDS_SOME_OF_IT
RefuseRestriction         caldicott GUARDS_SOME_OF_IT
LiftRestriction           caldicott GUARDS_SOME_OF_IT
NameGround                coordinator LETS_THEM_GO, caldicott GUARDS_SOME_OF_IT
WithdrawGround            coordinator LETS_THEM_GO, caldicott GUARDS_SOME_OF_IT
TellRecipient             caldicott GUARDS_SOME_OF_IT
OpenBreakGlass            chair IN_EMERGENCY, deputy IN_EMERGENCY, coordinator IN_EMERGENCY, partner IN_EMERGENCY
EndBreakGlass             chair OPENED, deputy OPENED, coordinator OPENED, partner OPENED, caldicott GUARDS_OPENED
ReviewBreakGlass          caldicott GUARDS_OPENED
LookForMatches            coordinator AT_THE_PERSONS_DOOR
ReceiveContact            coordinator TAKES_CONTACTS
TriageContact             coordinator WORKS_THE_CONTACT
ResolveContact            coordinator WORKS_THE_CONTACT
ConvertContact            coordinator LEADS_ON
LinkRepeat                coordinator WORKS_THE_CONTACT
RegisterPartner           administrator HAS_THE_ROLE
SignAgreement             administrator HAS_THE_ROLE
TerminateAgreement        administrator HAS_THE_ROLE
RunProgramme              administrator HAS_THE_ROLE
LeaveProgramme            administrator HAS_THE_ROLE
EnrolMember               member-administrator GIVES, appointing-officer GIVES, administrator GIVES
EnrolService              member-administrator GIVES
AllowService              member-administrator GIVES
BindSubject               member-administrator GIVES, appointing-officer GIVES, administrator GIVES
UnbindSubject             member-administrator GIVES
SuspendMember             member-administrator GIVES, administrator GIVES
ReinstateMember           member-administrator GIVES
GiveRole                  member-administrator GIVES, appointing-officer GIVES, caldicott GIVES, administrator GIVES
EndRole                   member-administrator GIVES, appointing-officer GIVES, caldicott GIVES, administrator GIVES
GiveTag                   caldicott GIVES
EndTag                    caldicott GIVES
LoadProgramme             administrator HAS_THE_ROLE
SuspendProgramme          administrator HAS_THE_ROLE
ResumeProgramme           administrator HAS_THE_ROLE
"""


def row(line: str) -> tuple[str, dict[Role, str]]:
    name, rest = line.split(maxsplit=1)
    cells = [cell.split() for cell in rest.split(",")]
    return name, {Role(role): relationship for role, relationship in cells}


# To raise a safeguarding concern is everybody's: it only writes. So are their own calendars.
TABLE = dict(row(line) for line in ALLOWED.strip().splitlines())
TABLE["RenewCalendar"] = dict.fromkeys(PEOPLE, "HAS_THE_ROLE")
# The program itself says so, and nobody else.
TABLE["RecordClockWarning"] = TABLE["RecordClockBreach"] = TABLE["ErasePerson"] = {}
TABLE["RaiseSafeguardingConcern"] = dict.fromkeys(PEOPLE, "HAS_THE_ROLE")
KINDS = {kind.__name__: kind for kind in COMMANDS}
ROWS = [(name, role) for name, cells in TABLE.items() for role in cells]
WHOSE = {
    Role.MEMBER_ADMINISTRATOR: {"partner": "snn", "role": Role.PARTNER},
    Role.APPOINTING_OFFICER: {"role": Role.CHAIR},
    Role.CALDICOTT: {"role": Role.AUDITOR},
    Role.ADMINISTRATOR: {"role": Role.ADMINISTRATOR},
}
ABOUT_ONESELF = {
    *("JoinMeeting", "LeaveMeeting", "SendApology", "AcceptConfidentiality"),
    *("DeclareInterest", "RaiseHand", "LowerHand"),
}
TELLS: dict[str, Any] = {
    "case": CASE,
    "meeting": MEETING,
    "item": ITEM,
    "items": (ITEM,),
    "person": PERSON,
    "retired": r.OTHER_PERSON,
    "merge": r.MERGE,
    "partner": "housing-1",
    "programme": P,
    "series": SERIES,
    "contact": CONTACT,
    "earlier": EARLIER,
    "action": offered.action,
    "answer": ActionAnswer.ACCEPT,
    "user": "newcomer",
    "tag": Tag.SAFEGUARDING,
    "opening": r.OPENING,
    "number": "7K3M-Q2XD",
    "role": Role.PARTNER,
}


def command(name: str, role: Role) -> Command:
    """What names something, named; the rest is nothing that a rule may look at."""
    user, agency = PEOPLE.get(role, ("catch", "catch"))
    own = {"user": user} if name in ABOUT_ONESELF or (name, role) == ("DeclareRecusal", Role.PARTNER) else {}
    agency = "police-1" if name in ("AuthoriseDisclosure", "AllocateCoordinator") else agency
    known = {**TELLS, "agency": agency, **WHOSE.get(role, {}), **own}
    if name == "RenewCalendar":
        known["partner"] = agency
    kind: Any = KINDS[name]
    asked = {field: known.get(field) for field in kind.__struct_fields__ if field not in ("on_behalf_of", "cases")}
    return kind(**asked)


LONG = {
    "OPENS": "OPENS_THE_ITEM",
    "ON_ITEM": "ORGANISES_THE_ITEM",
    "INVITES": "ORGANISES_THE_ITEM",
    "READS": "READS_THE_ITEM",
    "IN_EMERGENCY": "IN_AN_EMERGENCY",
    "OPENED": "HAS_OPENED",
    "GUARDS_OPENED": "GUARDS_WHAT_WAS_OPENED",
}


def relationship(name: str, role: Role) -> Relationship:
    short = TABLE[name][role]
    return getattr(r, LONG.get(short, short))


def refusal_of(w: World, asked: Command) -> Refused:
    with pytest.raises(Refused) as refused:
        w.may(asked)
    return refused.value


def test_the_table_names_every_command_and_the_program_has_no_other_rows():
    assert set(TABLE) == set(KINDS)
    assert {kind.__name__: set(rule) for kind, rule in RULES.items()} == {name: set(TABLE[name]) for name in TABLE}


@pytest.mark.parametrize(("name", "role"), ROWS)
def test_who_may_is_let(name: str, role: Role):
    w = relationship(name, role).holds(role)
    assert w.may(command(name, role)) is role
    assert asks(w.who(), KINDS[name])


ABOUT = ("case", "person", "meeting", "item", "partner", "contact")


def offered_it(w: World, name: str, asked: Command) -> bool:
    about = {field: getattr(asked, field) for field in ABOUT if field in asked.__struct_fields__}
    return may_ask_about(w.who(), KINDS[name], about, w, w.at)


@pytest.mark.parametrize(("name", "role"), ROWS)
def test_who_may_is_offered_it_before_the_rest_is_said(name: str, role: Role):
    assert offered_it(relationship(name, role).holds(role), name, command(name, role))


@pytest.mark.parametrize("role", [Role.CHAIR, Role.PREPARER])
def test_who_is_kept_out_is_offered_what_is_left_to_them(role: Role):
    """From the chair they learn why they cannot open the item, and put it off; nobody else does."""
    w = r.kept_out(r.at_the_meeting(role))
    offered = {name for name in ("OpenItem", "CloseItem", "DeferItem") if offered_it(w, name, command(name, role))}
    assert offered == ({"OpenItem", "DeferItem"} if role is Role.CHAIR else set())


def test_who_is_asked_no_more_is_offered_to_leave_and_not_to_come_in():
    hana = PEOPLE[Role.PARTNER][0]
    inside = (Attendee(hana, "housing-1", (Stay(NOW),), "statement"),)
    gone = at_meeting(invitations=(), withdrawn=(Invitation("housing-1"),), attendance=inside)
    w = gone(r.at_the_meeting(Role.PARTNER))
    assert offered_it(w, "LeaveMeeting", command("LeaveMeeting", Role.PARTNER))
    assert not offered_it(w, "JoinMeeting", command("JoinMeeting", Role.PARTNER))


@pytest.mark.parametrize(("name", "role"), ROWS)
def test_one_thing_otherwise_and_they_are_refused(name: str, role: Role):
    held = relationship(name, role)
    for change, refusal in held.neighbours(role).items():
        answer = refusal_of(change(held.holds(role)), command(name, role))
        assert type(answer) is refusal, f"{change}: {answer.code}"


@pytest.mark.parametrize("door", [r.KEEPS_THE_DOOR, r.TURNED_AWAY])
@pytest.mark.parametrize(
    "name", [name for name, cells in TABLE.items() if cells.get(Role.COORDINATOR) == "COORDINATES"]
)
def test_who_keeps_the_front_door_works_there_as_well(name: str, door: Relationship):
    asked = command(name, Role.COORDINATOR)
    assert door.holds(Role.COORDINATOR).may(asked) is Role.COORDINATOR
    for change, refusal in door.neighbours(Role.COORDINATOR).items():
        assert type(refusal_of(change(door.holds(Role.COORDINATOR)), asked)) is refusal


@pytest.mark.parametrize("name", TABLE)
def test_every_other_role_is_told_that_it_may_not(name: str):
    """Whatever else they have: the answer tells of no state, and is the same where there is nothing."""
    for role in PEOPLE:
        if role not in TABLE[name]:
            for w in (world(role, r.shared, meetings=[r.of(role)]), nothing(world(role))):
                answer = refusal_of(w, command(name, role))
                assert (type(answer), answer.details) == (NotAllowed, {})
            assert not asks(world(role).who(), KINDS[name])


@pytest.mark.parametrize("role", PEOPLE)
def test_the_programs_own_role_is_nobodys(role: Role):
    user, agency = PEOPLE[role]
    for name in TABLE:
        assert type(refusal_of(World(user, agency, Role.SYSTEM), command(name, role))) is NotEnrolled
        by_itself = program(Actor("catch", "catch", Role.SYSTEM))
        assert may(by_itself, command(name, role), world(role), NOW) is Role.SYSTEM


UNSEEN = (UnknownCase, UnknownMeeting, UnknownPerson, UnknownOther, UnknownMerge, UnknownContact, UnknownOpening)


@pytest.mark.parametrize(("name", "role"), ROWS)
def test_absent_and_forbidden_are_the_same_to_the_byte(name: str, role: Role):
    held, asked = relationship(name, role), command(name, role)
    neighbours = held.neighbours(role).items()
    absent = [refusal_of(change(held.holds(role)), asked) for change, why in neighbours if why in UNSEEN]
    told = {(answer.code, str(answer), repr(answer.details)) for answer in absent}
    assert len(told) == len({answer.code for answer in absent})
    named = {str(value) for value in to_builtins(asked).values()}
    for answer in absent:
        assert set(answer.details.values()) <= named


class Unheard(Command, frozen=True):
    """A command that nobody has thought about."""

    case: UUID


@pytest.mark.parametrize("role", PEOPLE)
def test_what_nobody_has_thought_about_nobody_may(role: Role):
    assert type(refusal_of(r.coordinated(role), Unheard(CASE))) is NotAllowed
    assert not asks(world(role).who(), Unheard)


def test_who_sees_it_by_one_role_is_told_more_than_by_another():
    """A coordinator of another programme, whose agency has a part in the case: they know it, and may not do this."""
    w = r.TAKES_PART.holds(Role.PARTNER)
    both = with_member(w, replace(asking(w), roles=(held(Role.COORDINATOR, OTHER_PROGRAMME), held(Role.PARTNER))))
    both = replace(r.of_case(r.ANOTHERS_ACTION)(both), claims=None)
    assert type(refusal_of(both, command("ProgressAction", Role.PARTNER))) is NotYourAction
