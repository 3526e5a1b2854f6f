"""Nothing is recorded and never seen again: every field that a client can put in comes out again for somebody.

Texts are followed: one of its own in every place where a text may stand, sent over HTTP, then everything is read that
there is to read, in the documents that every server answers. Of every other field a table says where it comes out; the
schema says whether it is there.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from graphql import (
    GraphQLObjectType,
    build_schema,
    get_named_type,
    parse,
)
from graphql.language import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)
from msgspec import Struct

from catch.access import ASKED
from catch.api.mutations import camel
from catch.domain.case.referral import SubmitReferral
from catch.domain.facts import Actor, Command, Sealed
from tests.conftest import Furnished
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, Place
from tests.test_nothing_plain import (
    BEXLEY,
    Writer,
    beside_it,
    close_it,
    come_to_the_door,
    fill_a_case,
    hold_a_meeting,
    work_on_it,
)
from tests.test_plain import fields_of, leaves

SCHEMA = Path(__file__).parents[1] / "schema" / "graphql"
GRAPHQL = build_schema((SCHEMA / "catch.graphql").read_text(encoding="utf-8"))
OPERATIONS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((SCHEMA / "operations").glob("*.graphql"))}
READERS = (COORDINATOR, CHAIR, HOUSING, AUDITOR)


# Texts


class Follower(Writer):
    """Says of each text in which field of which command it was sent, and what it was about."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.sent: dict[str, tuple[str, int]] = {}
        self.cases: dict[str, None] = {}
        self.meetings: dict[str, None] = {}
        self.opened: set[int] = set()
        """Where cases began: who somebody is, is read in a case."""

    async def send(self, command: Command, by: Actor = COORDINATOR) -> None:
        self.used.add(type(command))
        for name, ids in (("case", self.cases), ("meeting", self.meetings)):
            if getattr(command, name, None) is not None:
                ids[str(getattr(command, name))] = None
        answer = await self.place.mutate(command, by)
        position = int(answer["position"])
        if isinstance(command, SubmitReferral):
            self.opened.add(position)
        self.sent |= {text: (path, position) for path, text in said(command, type(command).__name__)}


def said(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text of a command that this test made up, with its field."""
    if isinstance(value, str) and re.fullmatch(r"Quennellbright\d{4}|\d{10}|19\d\d-\d\d-\d\d", value):
        yield path, str(value)
    elif isinstance(value, tuple | frozenset):
        for each in cast("tuple[Any, ...]", value):
            yield from said(each, path)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from said(getattr(value, name), f"{path}.{name}")


UNREAD = {
    "BindSubject.subject": "of what an issuer calls somebody only a keyed hash is kept",
    "SignAgreement.signatory": "an agency's papers: `catch replay` of the agency shows it to the operator",
    "TerminateAgreement.reason": "the same",
    "EnrolMember.name": "read by the agency's member administrator, in `members`: tests/test_enrolment_lists.py",
    "EnrolService.name": "the same",
    "ReviewBreakGlass.text": "read by Caldicott contacts, in `breakGlass`: tests/test_break_glass.py",
    "RaiseSafeguardingConcern.text": "of a case that is not there: nobody could be entitled; the others are read",
}
"""Texts that no case and no meeting shows, and why."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(furnished: Furnished) -> AsyncIterator[Follower]:
    async with furnished() as place:
        w = Follower(place)
        first, second = [await fill_a_case(w) for _ in range(2)]
        await hold_a_meeting(w, first, second)
        await work_on_it(w, first)
        await beside_it(w, second)
        await close_it(w, first)
        await come_to_the_door(w)
        await place.settled()
        yield w


async def read(w: Follower, position: int | None = None) -> str:
    """Everything of every case and meeting, as the documents of our clients show it to those who read them."""
    found: list[str] = []
    readers = (*READERS, BEXLEY)
    for by in readers:
        for case in w.cases:
            asked: dict[str, Any] = {"id": case} | ({"asAt": {"position": str(position)}} if position else {})
            found.append(str(await w.place.answer(OPERATIONS["case"], by, **asked)))
        found += [str(await w.place.answer(OPERATIONS["contact"], by, id=str(each))) for each in w.contacts]
        for meeting in w.meetings:
            for name in ("minutes", "meeting_record"):
                asked = {"id": meeting} | ({"asAt": {"position": str(position)}} if position else {})
                found.append(str(await w.place.answer(OPERATIONS[name], by, **asked)))
    return "\n".join(found)


@pytest.mark.asyncio(loop_scope="module")
async def test_every_text_that_was_put_in_is_read_by_somebody(told: Follower):
    now = await read(told)
    replaced = {text: at for text, at in told.sent.items() if text not in now and at[0] not in UNREAD}
    # What something else has replaced since is read as it was then.
    moments = told.opened.union(position for _, position in replaced.values())
    then = "".join([await read(told, position) for position in sorted(moments)]) if replaced else ""
    lost = {path for text, (path, _) in replaced.items() if text not in then}
    assert sorted(lost) == []
    assert sorted({path for path, _ in replaced.values()} - REPLACED) == []
    assert len(told.sent) > 120


REPLACED = {
    *(f"RegisterPerson.{field}" for field in ("name", "date_of_birth", "address", "phone", "nhs_number")),
    "RegisterPerson.communication_needs",
    "RecordRisk.mitigation",
    "AddNote.text",
    *(f"AgreePlan.{field}" for field in ("what_matters", "strengths", "contingency", "how_agreed")),
    *(f"RevisePlan.{field}" for field in ("what_matters", "strengths", "contingency", "how_agreed")),
}
"""Put right since, agreed anew, or of an episode that is over: `asAt` shows it."""


@pytest.mark.asyncio(loop_scope="module")
async def test_what_nobody_reads_has_its_reason_and_is_still_sent(told: Follower):
    assert {path for path, _ in told.sent.values()} >= UNREAD.keys()
    assert all(len(reason) > 5 for reason in UNREAD.values())


# Every other field

WHERE = ("case", "meeting", "item", "person", "partner", "programme", "series")
"""What a command is about: the id or key by which what came of it is read."""

INTO: Mapping[str, str] = {
    "RegisterPerson": "Person",
    "SetContactPreference": "Person",
    "SubmitReferral": "Referral",
    "AttachReferral": "Referral",
    "ReferralAgreement": "ReferralAgreement",
    "Basis": "Basis",
    "SafeContact": "SafeContact",
    "EvaluatedCriterion": "Criterion",
    "DeclineReferral": "Answered",
    "RedirectReferral": "Answered",
    "Redirection": "Answered",
    "AcceptReferral": "Acceptance",
    "AllocateCoordinator": "Allocation",
    "RecordConversation": "Conversation",
    "RecordConversationAttempt": "Conversation",
    "RecordAgreement": "Wish",
    "RecordRefusalOfSupport": "Wish",
    "WithdrawAgreement": "Wish",
    "RecordObjection": "Objection",
    "AuthoriseDisclosure": "Disclosure",
    "EndDisclosure": "Disclosure",
    "InvolvePartner": "Involvement",
    "EndInvolvement": "Involvement",
    "ProposeForMeeting": "Proposal",
    "WithdrawProposal": "Proposal",
    "Worker": "Worker",
    "AgreePlan": "Plan",
    "RevisePlan": "Plan",
    "NewGoal": "Goal",
    "ScoreGoal": "Goal",
    "AchieveGoal": "Goal",
    "AbandonGoal": "Goal",
    "ScheduleReview": "Review",
    "HoldReview": "Review",
    "OfferAction": "Action",
    "OfferActionInMeeting": "Action",
    "RespondToAction": "ActionTurn",
    "ProgressAction": "Progress",
    "CompleteAction": "Action",
    "ChangeActionDue": "Action",
    "AddNote": "Note",
    "AddRestrictedNote": "Note",
    "RecordUnmetNeed": "UnmetNeed",
    "PauseCase": "Pause",
    "ReachMilestone": "Reached",
    "MoveToVersion": "MovedVersion",
    "StartIntervention": "Intervention",
    "EndIntervention": "Intervention",
    "RequestInformation": "InformationRequest",
    "ReceiveInformation": "InformationRequest",
    "EscalateCase": "Escalation",
    "RecordMessageBack": "MessageBack",
    "RecordMessageFailed": "MessageBack",
    "AcknowledgeMessageBack": "MessageBack",
    "RecordFeedback": "Feedback",
    "RecordDeath": "Death",
    "RecordRisk": "Risk",
    "ReviewRisk": "Risk",
    "LinkRelation": "Relation",
    "EndRelation": "Relation",
    "RecordMeasure": "Measure",
    "RecordNoMeasure": "Unmeasured",
    "Reading": "Reading",
    "ResumeCase": "Pause",
    "RaiseSafeguardingConcern": "SafeguardingConcern",
    "RecordSafeguardingOutcome": "SafeguardingConcern",
    "CorrectEntry": "EntryCorrection",
    "CorrectMeasure": "Measure",
    "RequestEntryWithdrawal": "EntryWithdrawal",
    "ApproveEntryWithdrawal": "EntryWithdrawal",
    "RefuseEntryWithdrawal": "EntryWithdrawal",
    "RequestVoiding": "Voiding",
    **dict.fromkeys(("RequestFundAward", "ApproveFundAward", "DeclineFundAward", "RecordFundPayment"), "FundAward"),
    **dict.fromkeys(("OfferTransfer", "WithdrawTransfer"), "Transfer"),
    "RequestMerge": "PersonMerge",
    "ApproveMerge": "PersonMerge",
    "RefuseMerge": "PersonMerge",
    "ReverseMerge": "PersonMerge",
    **dict.fromkeys(("RequestErasure", "ApproveErasure", "StopErasure"), "PersonErasure"),
    **dict.fromkeys(("PlaceLegalHold", "LiftLegalHold"), "LegalHold"),
    **dict.fromkeys(
        ("RequestSubjectAccess", "ExtendSubjectAccess", "GiveSubjectAccess", "RefuseSubjectAccess"),
        "PersonAccessRequest",
    ),
    **dict.fromkeys(
        ("RequestRestriction", "RestrictProcessing", "RefuseRestriction", "LiftRestriction"), "PersonRestriction"
    ),
    **dict.fromkeys(("NameGround", "WithdrawGround"), "PersonGround"),
    "TellRecipient": "RecipientTelling",
    **dict.fromkeys(("OpenBreakGlass", "EndBreakGlass"), "BreakGlass"),
    "ReviewBreakGlass": "GlassReview",
    "ApproveVoiding": "Voiding",
    "RefuseVoiding": "Voiding",
    "DeclareRecusal": "Recusal",
    "ResolveRecusal": "Recusal",
    "ProposeClosure": "ClosureProposal",
    "CloseCase": "Ending",
    "GoalOutcome": "GoalOutcome",
    "PlanMeeting": "Meeting",
    "RescheduleMeeting": "Meeting",
    "InviteMember": "Invitation",
    "WithdrawInvitation": "Uninvited",
    "SetAvailability": "Availability",
    "AddItem": "AgendaItem",
    "AddLateItem": "AgendaItem",
    "ChangeTimebox": "AgendaItem",
    "MoveItem": "AgendaItem",
    "JoinMeeting": "Attendance",
    "LeaveMeeting": "Attendance",
    "SendApology": "Apology",
    "AcceptConfidentiality": "Attendance",
    "DeclareInterest": "ItemInterest",
    "ResolveInterest": "ItemInterest",
    "RaiseHand": "Hand",
    "LowerHand": "Hand",
    "GiveFloor": "Hand",
    "OpenItem": "Handling",
    "RecordDecision": "Decision",
    "RecordGuest": "ItemGuest",
    "Dissent": "Dissent",
    "RecordInstantDiscussion": "Meeting",
    "Participant": "Attendance",
    "AmendMinutes": "Amendment",
    "RegisterPartner": "Agency",
    "SignAgreement": "SharingAgreement",
    "RunProgramme": "PartHeld",
    "EnrolMember": "Member",
    "EnrolService": "ServiceAccount",
    "AllowService": "ServiceAccount",
    "BindSubject": "Member",
    "GiveRole": "RoleHeld",
    "GiveTag": "TagHeld",
    "ReceiveContact": "Contact",
    "TriageContact": "ContactTriage",
    "ResolveContact": "ContactResolution",
    "ConvertContact": "Referral",
}
"""Where the fields of a command, or of a part of one, come out under the same name."""

ELSEWHERE: Mapping[str, str] = {
    "ExtendSubjectAccess.reason": "PersonAccessRequest.extended",
    "ExtendSubjectAccess.told_on": "PersonAccessRequest.extendedToldOn",
    "GiveSubjectAccess.given_on": "PersonAccessRequest.endedOn",
    "RefuseSubjectAccess.reason": "PersonAccessRequest.refused",
    "RefuseSubjectAccess.told_on": "PersonAccessRequest.endedOn",
    "RefuseRestriction.reason": "PersonRestriction.refused",
    "LiftRestriction.reason": "PersonRestriction.lifted",
    "TellRecipient.recipient": "DataRecipient.agency",
    "SubmitReferral.on_behalf_of": "Worker.agency",
    "SubmitReferral.age": "Case.ageWarning",
    **{f"{kind}.contact": "Contact.id" for kind in ("ReceiveContact", "TriageContact", "ResolveContact", "LinkRepeat")},
    "ConvertContact.contact": "ContactReferral.caseId",
    "ConvertContact.on_behalf_of": "Worker.agency",
    "ConvertContact.age": "Case.ageWarning",
    "LinkRepeat.earlier": "Contact.repeats",
    "AttachReferral.on_behalf_of": "Worker.agency",
    "SubmitReferral.safe_contact": "Referral.safeContact",
    "AllocateCoordinator.user": "Allocation.worker",
    "AllocateCoordinator.agency": "Allocation.worker",
    "RedirectReferral.redirection": "Case.answered",
    "ReopenCase.case": "Reopening.episode",
    **{f"{kind}.agency": "Worker.agency" for kind in ("OpenBreakGlass", "EndBreakGlass", "ReviewBreakGlass")},
    **{f"{kind}.opening": "BreakGlass.id" for kind in ("OpenBreakGlass", "EndBreakGlass", "ReviewBreakGlass")},
    "StopErasure.reason": "PersonErasure.stopped",
    "RequestMerge.retired": "PersonMerge.other",
    "RefuseMerge.reason": "PersonMerge.because",
    "ReverseMerge.reason": "PersonMerge.because",
    "SetProtectedAddress.protected": "Person.addressProtected",
    "SetProtectedAddress.reason": "Person.addressProtectedBecause",
    "SetContactPreference.channels": "Person.safeChannels",
    "ConfirmSafeContact.safe_contact": "Case.safeContact",
    "CorrectIdentity.removed": "Correction.details",
    "CorrectContact.removed": "Correction.details",
    "HoldReview.planned_end": "Plan.plannedEnd",
    "MoveToVersion.version": "MovedVersion.toVersion",
    "DeclineFundAward.reason": "FundAward.declinedReason",
    "WithdrawTransfer.reason": "Transfer.withdrawnReason",
    "RecordDecision.planned_end": "Plan.plannedEnd",
    "AgreePlan.goals": "Case.goals",
    "RevisePlan.goals": "Case.goals",
    "SetGoal.goal": "Case.goals",
    "StartIntervention.action": "Intervention.actionId",
    "OfferAction.decision": "Action.decisionId",
    "OfferActionInMeeting.decision": "Action.decisionId",
    "OfferActionInMeeting.accepted": "Action.state",
    "RespondToAction.answer": "Action.state",
    "RespondToAction.to": "Action.owner",
    "RespondToAction.to_user": "Action.ownerUser",
    "RespondToAction.counter_due": "ActionTurn.counterDue",
    "CloseActionIncomplete.ending": "Action.state",
    "CloseActionIncomplete.action": "Action.id",
    "RespondToAction.action": "Action.id",
    "MeetUnmetNeed.need": "UnmetNeed.id",
    "RecordDecision.to_tell_person": "Decision.tellPerson",
    "ToTell.who": "Decision.tellPerson",
    "ToTell.by": "Decision.tellPersonBy",
    "LinkAction.action": "LinkedAction.actionId",
    "LinkAction.owner": "LinkedAction.owner",
    "LinkAction.decision": "LinkedAction.decisionId",
    "CorrectEntry.which": "EntryCorrection.field",
    "CorrectEntry.among": "EntryCorrection.kind",
    "RequestEntryWithdrawal.among": "EntryWithdrawal.kind",
    "CorrectEntry.entry": "EntryCorrection.entryId",
    "RequestEntryWithdrawal.entry": "EntryWithdrawal.entryId",
    "CorrectMeasure.correction": "EntryCorrection.id",
    "GoalOutcome.goal": "GoalOutcome.goalId",
    "RecordInstantDiscussion.basis": "Handling.basis",
    "AddItem.basis": "Handling.basis",
    "AddItem.requires": "Handling.requires",
    "AddLateItem.basis": "Handling.basis",
    "AddLateItem.requires": "Handling.requires",
    "PullFromNoting.minutes": "AgendaItem.minutes",
    "DeferItem.reason": "MinutesEntry.deferred",
    "DeferItem.to_meeting": "Handling.deferredTo",
    "AcceptConfidentiality.statement": "Meeting.confidentialityStatement",
    "HandOverChair.to_user": "Meeting.chair",
    "ConfirmMinutes.at_meeting": "Minutes.confirmedAtMeetingId",
    "AmendMinutes.at_meeting": "Amendment.atMeetingId",
    "RecordInstantDiscussion.seats": "Meeting.attendance",
    "RecordInstantDiscussion.held_at": "Meeting.startsAt",
    "RecordInstantDiscussion.ended_at": "Minutes.endedAt",
    "InviteMember.items": "Invitation.items",
    "SignAgreement.agreement": "SharingAgreement.id",
    "TerminateAgreement.agreement": "SharingAgreement.terminatedAt",
    "LeaveProgramme.part": "PartHeld.part",
    "EndRole.role": "RoleHeld.role",
    "BindSubject.issuer": "Member.issuers",
    "BindSubject.beside": "Member.issuers",
    "UnbindSubject.issuer": "Member.issuers",
    "UnbindSubject.user": "Member.user",
    "EndTag.tag": "TagHeld.tag",
    "EnrolService.user": "Member.user",
    "AllowService.user": "Member.user",
    "GiveRole.user": "Member.user",
    "GiveRole.cases": "RoleHeld.caseIds",
    "GiveTag.user": "Member.user",
    "EndRole.user": "Member.user",
    "EndTag.user": "Member.user",
    "SuspendMember.user": "Member.suspended",
    "ReinstateMember.user": "Member.suspended",
    "LoadProgramme.configuration": "Programme.definition",
}

CONFIGURATION = frozenset(
    {
        *("Programme", "Closure", "ClosureReason", "Framework", "Caseload", "PlanRules", "Series", "CoreMember"),
        *("AgendaPolicy", "Minutes", "ClockRule", "Milestone", "Span", "Eligibility", "Criterion", "Source", "Pauses"),
        *(
            "PauseReason",
            "Fund",
            "CaseFinding",
            "Flag",
            "Sign",
            "Instrument",
            "MeasureStage",
            "LocalScale",
            "Contacts",
            "ContactOutcome",
        ),
        *("ContactPriority", "Retention"),
    }
)
"""What a programme is made of: `Programme.definition` is the whole of it, as it was loaded."""


Selected = tuple[str, str, tuple[str, ...]]
"""A document, a type of which it asks for something, and the fields that it asks for, in their order."""


def selected() -> Iterator[Selected]:
    """Each place where a document of our own clients, which every server answers, asks for something."""
    for name, text in OPERATIONS.items():
        document = parse(text)
        parts = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        for asked in document.definitions:
            if isinstance(asked, OperationDefinitionNode):
                root = {"query": GRAPHQL.query_type, "subscription": GRAPHQL.subscription_type}[asked.operation.value]
                yield from within(name, asked.selection_set, root, parts)


def within(name: str, chosen: SelectionSetNode, kind: Any, parts: Mapping[str, FragmentDefinitionNode]) -> Any:
    fields = [node for node in chosen.selections if isinstance(node, FieldNode) and node.name.value != "__typename"]
    yield name, kind.name, tuple(node.name.value for node in fields)
    for node in fields:
        if node.selection_set:
            yield from within(name, node.selection_set, get_named_type(kind.fields[node.name.value].type), parts)
    for node in chosen.selections:
        if not isinstance(node, FieldNode):
            part: Any = parts[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            condition: Any = part.type_condition
            of = GRAPHQL.type_map[condition.name.value] if condition else kind
            yield from within(name, part.selection_set, of, parts)


SELECTED = frozenset(f"{kind}.{field}" for _, kind, fields in selected() for field in fields)


def comes_out(at: str) -> bool:
    """Whether a document asks for what became of the field."""
    kind, _, field = at.partition(".")
    if kind in CONFIGURATION:
        return "Programme.definition" in SELECTED
    if at in ELSEWHERE:
        return ELSEWHERE[at] in SELECTED
    into = INTO.get(kind, "")
    own_id = kind.lower().endswith(field.replace("_", "")) or field in OWN_IDS
    return f"{into}.{camel(field)}" in SELECTED or (own_id and f"{into}.id" in SELECTED)


OWN_IDS = frozenset(
    {
        *("referral", "conversation", "objection", "disclosure", "proposal", "plan", "goal", "review", "action"),
        *("progress", "note", "concern", "need", "decision", "amendment", "pause", "measure", "support", "request"),
        *(
            "risk",
            "escalation",
            "message",
            "feedback",
            "voiding",
            "award",
            "merge",
            "correction",
            "withdrawal",
            "erasure",
            "hold",
            "restriction",
            "use",
        ),
    }
)
"""The id of what a command makes, or is about."""


def plain_fields_sent() -> Iterator[str]:
    for at, field in fields_of(*ASKED).items():
        if Sealed not in leaves(field.hint) and at.partition(".")[2] not in WHERE:
            yield at


def test_every_field_that_is_no_text_comes_out_somewhere():
    assert sorted(at for at in plain_fields_sent() if not comes_out(at)) == sorted(NOT_READ)


NOT_READ: Mapping[str, str] = {
    "OfferTransfer.to_case": "which case that is stands with that case, for those who see it",
}
"""Fields that are read nowhere, and why."""


def test_the_tables_speak_of_fields_that_there_are():
    sent = fields_of(*ASKED).keys()
    assert {at for at in ELSEWHERE if at not in sent} == set()
    assert {into for into in INTO.values() if into not in GRAPHQL.type_map} == set()
    assert {kind for kind in INTO if not any(at.startswith(f"{kind}.") for at in sent)} == set()


def test_control_a_field_that_no_document_asks_for_is_found(monkeypatch: pytest.MonkeyPatch):
    assert comes_out("AuthoriseDisclosure.basis")
    monkeypatch.setitem(globals(), "SELECTED", SELECTED - {"Disclosure.basis"})
    assert not comes_out("AuthoriseDisclosure.basis")


# What keeps a person safe


SAFETY = {"safeContact", "addressProtected", "safeChannels", "safeTimes", "never"}


def unsafe(asked: Sequence[str]) -> bool:
    """Whether a way to reach the person is asked for before, or without, what must be read first."""
    ways = [place for place, field in enumerate(asked) if field in ("phone", "address")]
    return bool(ways) and not set(asked[: min(ways)]) >= SAFETY


def test_wherever_a_number_or_an_address_is_shown_what_keeps_the_person_safe_is_shown_before():
    asked = [(name, fields) for name, kind, fields in selected() if kind == "Person"]
    assert any("phone" in fields for _, fields in asked)
    assert [name for name, fields in asked if unsafe(fields)] == []
    # The schema has them in that order too: who asks for everything in it reads them first.
    person, case = (cast("GraphQLObjectType", GRAPHQL.type_map[kind]) for kind in ("Person", "Case"))
    assert not unsafe([*person.fields])
    assert [each for each in case.fields if each != "redactions"][:3] == ["id", "number", "safeContact"]
    assert all({"ok", "how", "notWhen"} <= {*fields} for _, of, fields in selected() if of == "SafeContact")


def test_control_a_number_without_how_to_use_it_is_found():
    assert unsafe(["id", "name", "phone"])
    assert unsafe(["phone", *SAFETY])
    assert not unsafe(["id", *SAFETY, "phone", "address"])
