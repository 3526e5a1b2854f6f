"""The same again records nothing; something else under the same id, or of the same thing, is told what differs.

Every command is asked, and every field of it: whatever a command says is recorded, or it is refused and told which
field that is about. The commands are those of the whole program, so that a new one is asked as well.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, cast, get_type_hints
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec import Struct
from msgspec.structs import replace

from catch.api.mutations import camel
from catch.commands import taking
from catch.domain.again import IN_THE_CASE, PARTS
from catch.domain.calendar import add_months
from catch.domain.case.coordination import RecordConversation, RecordConversationAttempt
from catch.domain.case.disclosure import AuthoriseDisclosure
from catch.domain.case.goals import NewGoal
from catch.domain.case.notes import AddNote, RecordUnmetNeed, UnmetReason
from catch.domain.case.plan import AgreePlan, RevisePlan
from catch.domain.case.reviews import ScheduleReview
from catch.domain.case.state import ConversationFormat
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Category, Command, Role, Sealed, Tag
from catch.domain.meeting.adding import AddItem
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import LinkAction
from catch.domain.meeting.drafting import PublishAgenda
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import StartMeeting
from catch.domain.refusals import IdAlreadyUsed, Refused
from catch.domain.restricted import AddRestrictedNote
from catch.domain.streams import COMMANDS
from tests.conftest import Furnished
from tests.place import BASIS, CHAIR, COORDINATOR, HOUSING, MOST, PROGRAMME, SERIES, Place, ago
from tests.test_nothing_plain import (
    SOON,
    TODAY,
    Writer,
    beside_it,
    close_it,
    come_to_the_door,
    fill_a_case,
    hold_a_meeting,
    work_on_it,
)
from tests.test_plain import leaves as hinted

COLLEAGUE = Actor("colleague@snn", "snn", Role.COORDINATOR)
NEIGHBOUR = Actor("neighbour@housing-1", "housing-1", Role.PARTNER)

RECORDED_EACH_TIME = {
    "BindSubject",
    "ConfirmSafeContact",
    "CorrectContact",
    "CorrectIdentity",
    "DraftAgenda",
    "LookForMatches",
    "RaiseSafeguardingConcern",
    "RecordUpdate",
    "RenewCalendar",
    "RecordDeath",
    "ReviewRisk",
    "SetContactPreference",
    "SetProtectedAddress",
}
"""Whatever they say is recorded whenever they say it."""
CLOSED_TO_ITS_SENDER = {"DeclareInterest"}
"""Who has said it sees nothing of the item any more, not even that they said so."""
SAYING_LESS = {"AgreePlan.goals", "RevisePlan.goals"}
"""Lists of parts with ids of their own, of which each is held to what was recorded: a shorter one loses nothing."""
NOTHING_TO_LOSE = {
    "AcknowledgeMessageBack",
    "AcceptConfidentiality AchieveGoal AllowService CloseItem DraftAgenda EndMeeting EndRole EndTag GiveRole GiveTag",
    "GiveFloor HandOverChair InviteMember LeaveMeeting LeaveProgramme LinkRepeat LoadProgramme LowerHand MeetUnmetNeed",
    "NoteItem PublishAgenda RaiseHand ReinstateMember ResumeMeeting ResumeProgramme RunProgramme ScoreGoal",
    "ReachMilestone ResumeCase SetAvailability StartMeeting SuspendMember SuspendProgramme ApproveVoiding",
    "ApproveFundAward ApproveEntryWithdrawal ApproveMerge RecordClockWarning RecordClockBreach",
    "ApproveErasure LiftLegalHold ErasePerson EndBreakGlass WithdrawGround",
}
"""Commands all of whose fields say what it is about, or of which the decision compares all that they say."""
REFERENCES = {
    "SubmitReferral": "person",
    "AttachReferral": "case person",
    "AddRestrictedNote RaiseSafeguardingConcern": "case",
    "EndDisclosure": "case disclosure",
    "WithdrawProposal": "case proposal",
    "ScoreGoal AchieveGoal AbandonGoal": "case goal",
    "OfferAction": "case decision",
    "RespondToAction ProgressAction CompleteAction CloseActionIncomplete ChangeActionDue": "case action",
    "MeetUnmetNeed": "case need",
    "ResumeCase": "case pause",
    "StartIntervention": "case action",
    "EndIntervention": "case support",
    "ReceiveInformation": "case request",
    "ReviewRisk": "case risk",
    "EndRelation": "case relation",
    "CorrectEntry RequestEntryWithdrawal": "case entry",
    "CorrectMeasure": "case measure",
    "ApproveEntryWithdrawal RefuseEntryWithdrawal": "case withdrawal",
    "ApproveVoiding RefuseVoiding": "case voiding",
    "RequestVoiding RequestFundAward": "case",
    "OfferTransfer": "case to_case",
    "WithdrawTransfer": "case transfer",
    "ApproveFundAward DeclineFundAward RecordFundPayment": "case award",
    "RequestMerge": "person retired",
    "ApproveMerge RefuseMerge ReverseMerge": "person merge",
    "RequestErasure PlaceLegalHold": "person",
    "ApproveErasure StopErasure ErasePerson": "person erasure",
    "LiftLegalHold": "person hold",
    "RequestSubjectAccess RequestRestriction NameGround": "person",
    "RestrictProcessing RefuseRestriction LiftRestriction TellRecipient": "person restriction",
    "WithdrawGround": "person use",
    "ExtendSubjectAccess GiveSubjectAccess RefuseSubjectAccess": "person request",
    "EndBreakGlass ReviewBreakGlass": "opening",
    "RecordMessageFailed AcknowledgeMessageBack": "case message",
    "EscalateCase RecordMessageBack RecordFeedback": "case",
    "RecordDeath WithdrawDeath": "person",
    "RequestInformation RecordRisk LinkRelation": "case",
    "RecordSafeguardingOutcome": "case concern",
    "RevisePlan": "case plan",
    "CloseCase": "case outcomes.goal",
    "AddItem AddLateItem": "meeting case",
    "DeferItem": "meeting item to_meeting",
    "ConfirmMinutes": "meeting at_meeting",
    "AmendMinutes": "meeting item at_meeting",
    "InviteMember": "meeting items",
    "LinkAction OfferActionInMeeting": "meeting item decision",
    "RecordDecision": "meeting item",
    "RecordInstantDiscussion": "case",
    "LookForMatches": "person case",
    "ReceiveContact": "person",
    "TriageContact ResolveContact": "contact",
    "ConvertContact": "contact person",
    "LinkRepeat": "contact earlier",
    "GiveRole": "cases",
    "AcceptReferral DeclineReferral RedirectReferral AllocateCoordinator RecordConversation RecordConversationAttempt "
    "ConfirmSafeContact RecordAgreement RecordRefusalOfSupport WithdrawAgreement RecordObjection AuthoriseDisclosure "
    "InvolvePartner EndInvolvement ProposeForMeeting AgreePlan SetGoal ScheduleReview HoldReview AddNote "
    "RecordUnmetNeed RecordMeasure RecordNoMeasure PauseCase ReachMilestone RecordClockWarning RecordClockBreach "
    "MoveToVersion "
    "DeclareRecusal ResolveRecusal "
    "ProposeClosure ReopenCase": "case",
    "RescheduleMeeting CancelMeeting WithdrawInvitation SetAvailability DraftAgenda PublishAgenda StartMeeting "
    "AdjournMeeting ResumeMeeting EndMeeting HandOverChair JoinMeeting LeaveMeeting SendApology "
    "AcceptConfidentiality": "meeting",
    "RemoveItem MoveItem ChangeTimebox PullFromNoting DeclareInterest ResolveInterest OpenItem CloseItem NoteItem "
    "RecordUpdate RecordGuest RaiseHand LowerHand GiveFloor": "meeting item",
    "SetContactPreference SetProtectedAddress CorrectIdentity CorrectContact": "person",
}
"""The ids in each command that name something which is there. Every other one is chosen, for something new."""


WITHIN = {
    **{kind: {"referral"} for kind in ("SubmitReferral", "ConvertContact")},
    "RecordInstantDiscussion": {"item"},
    "RaiseSafeguardingConcern": {"concern"},
}
"""Chosen within what the command opens, and held to what was recorded with it; of a concern everything is recorded."""


# Nothing is left out


def ids_in(kind: type[Struct], path: str = "") -> Iterator[str]:
    """Every field, however deep, that holds ids."""
    for name, hint in get_type_hints(kind).items():
        if name not in kind.__struct_fields__:
            continue
        for leaf in hinted(hint):
            if leaf is UUID:
                yield f"{path}{name}"
            elif isinstance(leaf, type) and issubclass(leaf, Struct) and leaf.__name__ != "Programme":
                yield from ids_in(leaf, f"{path}{name}.")


def chosen(kind: type[Command]) -> set[str]:
    """The ids in a command that it is said to choose for something new."""
    own = {leaves.new for leaves in (kind.LEAVES, IN_THE_CASE.get(kind)) if leaves and leaves.new}
    name, part = PARTS.get(kind, ("", None))
    return own | ({f"{name}.{part.new}"} if part else set[str]()) | WITHIN.get(kind.__name__, set[str]())


def test_every_id_in_a_command_is_chosen_or_names_what_is_there():
    refers = {kind: set(names.split()) for kinds, names in REFERENCES.items() for kind in kinds.split()}
    for kind in COMMANDS:
        ids, references = set(ids_in(kind)), refers.get(kind.__name__, set[str]())
        assert ids - references == chosen(kind) & ids, kind
        assert references <= ids, kind


def test_no_field_is_named_like_what_a_refusal_says_of_it():
    """`IdAlreadyUsed` names the id under these, and beside them every field that differs."""
    assert {kind.__name__ for kind in COMMANDS if {"field", "value"} & {*kind.__struct_fields__}} == set()


def test_of_every_command_it_is_said_what_it_leaves_or_why_it_has_nothing_to_lose():
    free = {name for line in NOTHING_TO_LOSE for name in line.split()} | RECORDED_EACH_TIME
    names = {kind.__name__ for kind in COMMANDS}
    covered = {kind.__name__ for kind in COMMANDS if kind.LEAVES or kind in PARTS}
    assert names - free == covered
    assert free <= names


@pytest.mark.parametrize("kind", [kind for kind in COMMANDS if kind.LEAVES], ids=lambda kind: kind.__name__)
def test_what_is_said_of_a_command_names_fields_that_there_are(kind: type[Command]):
    leaves = kind.LEAVES
    assert leaves
    of_command = {*leaves.about, *leaves.filled, *leaves.unkept, *(name for name, _ in leaves.kept_as), leaves.new}
    assert of_command - {None} <= {*kind.__struct_fields__}
    for fact in leaves.facts:
        kept = {*fact.__struct_fields__}
        if leaves.inside:
            kept |= {*get_type_hints(fact)[leaves.inside].__struct_fields__}
        held = {dict(leaves.kept_as).get(name, name) for name in kind.__struct_fields__}
        lost = held - kept - {*leaves.unkept, kind.__struct_fields__[0]}
        # What a fact does not hold would be lost whenever the command is taken.
        assert lost <= LOST.get(fact.__name__, set()), (kind, fact, lost)


LOST = {
    "ReferralAttached": {"person"},  # the case's own
    "PlanAgreed": {"goals"},  # facts of their own
    "PlanRevised": {"goals"},
    "ActionAccepted": {"reason", "counter_due", "owner", "owner_user"},  # other answers'
    "ActionDeclined": {"owner", "owner_user"},
    "ActionReassigned": {"counter_due"},
    "ActionNotPossible": {"ending"},  # the fact's own name
    "ActionNotUndertaken": {"ending"},
    "ActionCancelled": {"ending"},
    "ItemActionLinked": {"title", "due", "owner_user", "intervention", "priority", "mandatory", "accepted"},  # the case
    "DecisionRecorded": {"planned_end"},  # the case's
    "ContactConvertedToReferral": {
        *("source", "channel", "reason", "needs", "urgency", "on_behalf_of", "agreement", "basis", "safe_contact"),
        "age",
    },  # the case's
}


# Every field of every command


SAID_NOW: dict[Any, Any] = {Sealed: "Said now", str: "housing-1", date: SOON, UUID: uuid4()}
"""What is said of a field that was left out."""


def others(value: Any, hint: Any) -> Iterator[Any]:
    """Other values that a field may have."""
    match value:
        case Struct():
            yield from (one for _, one in otherwise(value))
        case Enum():
            yield next(each for each in type(value) if each is not value)
        case bool():
            yield not value
        case datetime() | date():
            yield value - timedelta(days=1)
        case int():
            yield value + 1
        case UUID():
            yield uuid4()
        case str():
            yield f"{value} and more" if Sealed in hinted(hint) else f"{value}-x"
        case tuple() | frozenset():
            yield from other_lists(cast("tuple[Any, ...] | frozenset[Any]", value), hint)
        case _:
            return


def other_lists(values: tuple[Any, ...] | frozenset[Any], hint: Any) -> Iterator[Any]:
    kind: type[Any] = type(values)
    if values:
        yield kind()
        first, *rest = values
        if isinstance(first, Struct):
            yield from ((one, *rest) for _, one in otherwise(first))
    elif str in hinted(hint):
        yield kind(("housing-1",))


def otherwise(value: Struct) -> Iterator[tuple[str, Any]]:
    """The command with one of its fields said otherwise, or left out, or said where it was left out; and that field."""
    hints = get_type_hints(type(value))
    for name in value.__struct_fields__:
        held = getattr(value, name)
        types = [*hinted(hints[name])]
        found = [*others(held, hints[name])]
        if held is None:
            found += [SAID_NOW[kind] for kind in SAID_NOW if kind in types]
        elif type(None) in types:
            found.append(None)
        yield from ((name, replace(value, **{name: other})) for other in found)


class Repeating(Writer):
    """Sends each command, then the same again, then with each of its fields otherwise."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.told: set[str] = set()

    async def send(self, command: Command, by: Actor = COORDINATOR) -> None:
        self.used.add(type(command))
        taken = await self.place.mutate(command, by)
        if taken["events"] and type(command).__name__ not in RECORDED_EACH_TIME | CLOSED_TO_ITS_SENDER:
            assert (await self.place.sent(command, by)).get("events") == [], command
            for name, other in otherwise(command):
                await self.other(name, other, by)
            if command.LEAVES and command.LEAVES.new:
                await self.at_another_time(command, by)

    async def at_another_time(self, command: Command, by: Actor) -> None:
        """What began under an id did not begin at two times."""
        try:
            assert (await self.place.take(command, by, ago(minutes=1))).events, command
        except Refused:
            self.told.add(f"{type(command).__name__}.occurred_at")

    async def other(self, name: str, other: Command, by: Actor) -> None:
        """Nothing of it is lost without a word: it is recorded, or refused."""
        kind, at = type(other), f"{type(other).__name__}.{name}"
        leaves = kind.LEAVES
        filled = [each.filled for each in (leaves, IN_THE_CASE.get(kind)) if each]
        said_less = any(name in each for each in filled) and not getattr(other, name)
        if leaves and name in (*leaves.about, *leaves.unkept):
            return  # it is about something else then
        if said_less or (at in SAYING_LESS and not getattr(other, name)):
            return
        answer = await self.place.sent(other, by)
        assert answer.get("events") != [], (at, other)
        if answer.get("code") in ("ID_ALREADY_USED", "RECORDED_OTHERWISE"):
            named = [camel(detail[part]) for detail in answer["details"] for part in ("name", "value")]
            assert any(each.startswith(camel(name)) for each in named), (at, answer)
            self.told.add(at)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as found:
        for somebody in (COLLEAGUE, NEIGHBOUR):
            await found.enrol(somebody)
        yield found


@pytest.mark.asyncio(loop_scope="module")
async def test_every_command_is_taken_once_and_told_when_it_says_something_else(place: Place):
    w = Repeating(place)
    first, second = [await fill_a_case(w) for _ in range(2)]
    await hold_a_meeting(w, first, second)
    await work_on_it(w, first)
    await w.send(RecordUnmetNeed(first, uuid4(), "debt", UnmetReason.COST, "kettering"))
    await w.send(RecordConversationAttempt(first, uuid4(), ConversationFormat.PHONE, "no-answer"))
    await w.send(ScheduleReview(first, uuid4(), SOON))
    await beside_it(w, second)
    await close_it(w, first)
    await come_to_the_door(w)
    chosen_ids = {kind for kind in COMMANDS if chosen(kind)}
    assert chosen_ids - w.used <= {LinkAction}
    # What has nothing but what it is about, or was not sent here, has nothing to be told.
    unsaid = {kind.__name__ for kind in COMMANDS if kind.LEAVES} - {at.split(".")[0] for at in w.told}
    assert unsaid <= {
        "ConfirmMinutes",
        "DeclareInterest",
        "LinkAction",
        "MoveItem",
        "ScheduleReview",
        "UnbindSubject",
    }, unsaid
    assert len(w.told) > 190


def compares_nothing(*_: object) -> None: ...


@pytest.mark.asyncio(loop_scope="module")
async def test_control_without_the_comparison_the_first_command_is_lost(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(taking, "same_again", compares_nothing)
    with pytest.raises(AssertionError, match="RegisterPerson"):
        await fill_a_case(Repeating(place))


# Who is told


async def refused(place: Place, command: Command, by: Actor = COORDINATOR) -> Refused:
    with pytest.raises(Refused) as found:
        await place.take(command, by)
    return found.value


NOTE = "The landlord has written again."


@pytest.mark.asyncio(loop_scope="module")
async def test_what_differs_is_named_and_neither_text_is(place: Place):
    case = await place.worked_on("Ada Example", "housing-1")
    note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed(NOTE))
    await place.take(note)
    found = await refused(place, replace(note, text=Sealed("Something else."), category=Category.NEEDS))
    assert isinstance(found, IdAlreadyUsed)
    assert found.details == {"field": "note", "value": str(note.note)}
    assert found.otherwise == ("category", "text")
    assert (await place.take(note)).events == ()


@pytest.mark.asyncio(loop_scope="module")
async def test_what_began_under_an_id_did_not_begin_at_another_time(place: Place):
    case = await place.worked_on("Ada Example", "housing-1")
    talk = RecordConversation(case.case, uuid4(), ConversationFormat.HOME, Sealed(NOTE))
    first = ago(hours=20)
    await place.take(talk, at=first)
    with pytest.raises(IdAlreadyUsed) as moved:
        await place.take(talk, at=ago(hours=3))
    assert moved.value.otherwise == ("occurred_at",)
    # Whoever says nothing of the time, or the same, says the same again.
    for at in (first, None):
        assert (await place.take(talk, at=at)).events == ()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_colleague_who_is_told_all_of_it_is_answered_as_its_author(place: Place):
    case = await place.worked_on("Ada Example", "housing-1")
    note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed(NOTE))
    await place.take(note)
    assert (await place.take(note, COLLEAGUE)).events == ()
    assert "text" in (await refused(place, replace(note, text=Sealed("Else.")), COLLEAGUE)).otherwise


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("by", [HOUSING, NEIGHBOUR])
@pytest.mark.parametrize("text", [NOTE, "Something else."])
async def test_to_whom_it_is_not_told_the_id_is_taken_whatever_they_say(place: Place, by: Actor, text: str):
    case = await place.worked_on("Ada Example", "housing-1", "police-1")
    note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed(NOTE), frozenset({"police-1"}))
    await place.take(note)
    found = await refused(place, replace(note, text=Sealed(text)), by)
    assert (type(found), found.details) == (IdAlreadyUsed, {"field": "note", "value": str(note.note)})
    assert found.otherwise == ()


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_restricted_is_confirmed_to_nobody_but_its_author(place: Place):
    case = await place.worked_on("Ada Example")
    note = AddRestrictedNote(case.case, uuid4(), Tag.OFFENCES, Sealed(NOTE))
    await place.take(note)
    for text in (NOTE, "Something else."):
        found = await refused(place, replace(note, text=Sealed(text)), COLLEAGUE)
        assert (type(found), found.details) == (IdAlreadyUsed, {"field": "note", "value": str(note.note)})
        assert found.otherwise == ()
    assert (await place.take(note)).events == ()


@pytest.mark.asyncio(loop_scope="module")
async def test_an_untagged_colleague_learns_nothing_of_restricted_categories(place: Place):
    untagged = Actor("untagged@door-1", "door-1", Role.COORDINATOR)
    await place.enrol_elsewhere(untagged)
    case = await place.referred("Ada Example")
    told = AuthoriseDisclosure(
        case.case, uuid4(), "housing-1", MOST | {Category.RESTRICTED}, BASIS, Sealed("Needed to help.")
    )
    await place.take(told)
    for categories in (MOST, MOST | {Category.RESTRICTED}):
        found = await refused(place, replace(told, categories=categories), untagged)
        assert (type(found), found.details) == (IdAlreadyUsed, {"field": "disclosure", "value": str(told.disclosure)})
        assert found.otherwise == ()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_goal_said_otherwise_is_told_of_although_the_plan_is_new(place: Place):
    case, plan, goal = (
        await place.worked_on("Ada Example"),
        uuid4(),
        NewGoal(uuid4(), Sealed("A dry flat"), "home", 1, 3),
    )
    due = add_months(TODAY, 3)
    await place.take(AgreePlan(case.case, plan, Sealed("Home"), due, (goal,)))
    revised = RevisePlan(case.case, plan, 2, Sealed("Home, soon"), due, (replace(goal, target=4),))
    found = await refused(place, revised)
    assert found.details == {"field": "goals[0].goal", "value": str(goal.goal)}
    assert found.otherwise == ("goals[0].target",)
    # The goal that was set before came at another time, and with another command.
    assert (await place.take(replace(revised, goals=(goal,)), at=ago(seconds=-1))).events == ("PlanRevised",)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_id_that_names_something_of_another_kind_is_taken(place: Place):
    """A conversation that was only tried was not held."""
    case, conversation = await place.worked_on("Ada Example"), uuid4()
    await place.take(RecordConversationAttempt(case.case, conversation, ConversationFormat.PHONE, "no-answer"))
    held = RecordConversation(case.case, conversation, ConversationFormat.PHONE, Sealed("Spoke at last."))
    assert (await refused(place, held)).details == {"field": "conversation", "value": str(conversation)}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_owner_may_say_yes_in_the_room_after_it_was_offered_there(place: Place):
    case, meeting, item = await place.worked_on("Ada Example", "housing-1"), uuid4(), uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, ago(days=-7), CHAIR.user))
    await place.take(InviteMember(meeting, "housing-1"))
    await place.take(AddItem(meeting, item, Section.NEW, case.case))
    await place.take(PublishAgenda(meeting), CHAIR)
    await place.take(StartMeeting(meeting), CHAIR)
    await place.take(JoinMeeting(meeting, HOUSING.user, HOUSING.agency), HOUSING)
    await place.take(AcceptConfidentiality(meeting, HOUSING.user), HOUSING)
    await place.take(OpenItem(meeting, item, override_reason=Sealed("Read the file.")), CHAIR)
    offer = OfferActionInMeeting(meeting, item, uuid4(), Sealed("Mend the boiler"), "housing-1", SOON)
    assert (await place.take(offer, CHAIR)).events == ("ItemActionLinked", "ActionOffered")
    accepted = replace(offer, accepted=True)
    assert (await place.take(accepted, CHAIR)).events == ("ActionAccepted",)
    assert (await place.take(accepted, CHAIR)).events == ()
