"""Decisions that concern two streams, so that both are written or neither is.

A referral concerns the person and the case; what a meeting says, decides and offers, and an interest that somebody has
in an item, concerns the meeting and the case.
Each function takes both states and answers with the facts of both.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain import case as case_stream
from catch.domain import meeting as meeting_stream
from catch.domain import restricted
from catch.domain.agenda.by_hand import as_it_is, at_once
from catch.domain.case import CaseEvent, actions, closing, recusal, referral, reviews
from catch.domain.case.proposals import CaseDiscussed, DiscussionAmended, MeetingDecisionRecorded
from catch.domain.case.state import ActionState, Case, CaseState, Discussion, Priority
from catch.domain.case.voiding import CaseIsVoided, not_voided
from catch.domain.facts import Command, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.meeting import MeetingEvent
from catch.domain.meeting.amending import AmendMinutes, MinutesAmended, amendment_of
from catch.domain.meeting.attendance import DeclareInterest, ResolveInterest
from catch.domain.meeting.deciding import (
    DecisionRecorded,
    ItemActionLinked,
    LinkAction,
    NotAtTheTable,
    RecordDecision,
    around,
    decided,
)
from catch.domain.meeting.editing import AgendaItemRemoved
from catch.domain.meeting.floor import CloseItem, ItemClosed, OpenItem
from catch.domain.meeting.instant import InstantDiscussionHeld, RecordInstantDiscussion
from catch.domain.meeting.items import DecisionCode, ItemState, Update
from catch.domain.meeting.state import NOT_OVER, Meeting
from catch.domain.person import Person, PersonEvent, refer
from catch.domain.plain import Code, Key, UserId
from catch.domain.refusals import OutOfRange, Refused, UnknownCase, UnknownMeeting, UnknownPerson
from catch.domain.restricted import Beside


class OfferActionInMeeting(Command, frozen=True):
    """Offer an action while its item is open. `accepted`: the owner says yes in the room."""

    meeting: UUID
    item: UUID
    action: UUID
    title: Sealed
    owner: Key
    due: date
    owner_user: UserId | None = None
    intervention: Code | None = None
    priority: Priority = Priority.NORMAL
    mandatory: bool = False
    decision: UUID | None = None
    accepted: bool = False
    LEAVES = Leaves((ItemActionLinked,), "action")


Interest = DeclareInterest | ResolveInterest
MeetingAndCase = (
    OpenItem | CloseItem | RecordDecision | RecordInstantDiscussion | OfferActionInMeeting | Interest | AmendMinutes
)


class OwnedByAnother(Refused):
    """This action belongs to another agency, named in the details. Link it under that one."""


class ChairIsRecused(Refused):
    """The chair is kept out of this case. Let somebody else in the room take the chair for it, or put the item off."""


def decide_referral(
    case: Case | None,
    person: Person | None,
    others: Sequence[Case],
    command: referral.SubmitReferral,
    given: Given,
    alike: Sequence[Case] = (),
) -> tuple[list[CaseEvent], list[PersonEvent]]:
    """`others` are the person's other cases, `alike` those of others with the same NHS number. Two doors at once: the
    person's stream, or the number's register, lets one through first.
    """
    opened = case_stream.decide(case, command, given)
    if not opened:
        return [], []
    if person is None:
        raise UnknownPerson(person=command.person)
    window = timedelta(days=given.programme.duplicate_window_days) if given.programme else timedelta(0)

    def recent(held: Iterable[Case]) -> list[Case]:
        return [other for other in held if command.received_at - other.milestones.received_at <= window]

    only_open_case(command.programme, recent(others), given.by.agency)
    only_open_number(command.programme, recent(alike), given.by.agency)
    return opened, [*refer(person, command.case, command.programme)]


def decide_reopening(
    case: Case | None, others: Sequence[Case], command: closing.ReopenCase, given: Given, alike: Sequence[Case] = ()
) -> list[CaseEvent]:
    """`others` are the person's other cases in the programme: where one is open by now, that is the one to work on.
    `alike` are those of others with the same NHS number.
    """
    reopened = case_stream.decide(case, command, given)
    if case is not None and reopened:
        only_open_case(case.programme, others, given.by.agency)
        only_open_number(case.programme, alike, given.by.agency)
    return reopened


def only_open_case(programme: str, others: Iterable[Case], agency: str) -> None:
    if (other := open_among(programme, others)) is not None:
        raise referral.DuplicateOpenCase(**named(other, agency))


def only_open_number(programme: str, alike: Iterable[Case], agency: str) -> None:
    if (other := open_among(programme, alike)) is not None:
        raise referral.NumberHasOpenCase(**named(other, agency))


def open_among(programme: str, others: Iterable[Case]) -> Case | None:
    return next((other for other in others if other.programme == programme and other.live), None)


def named(case: Case, agency: str) -> dict[str, str]:
    """Which case it is, is told to those only whose agency works on it or made one of its referrals."""
    known = agency in case.holders | {held.referrer_agency for held in case.referrals}
    return {"case": case.number} if known else {}


def decide_beside(
    beside: Beside | None, case: Case | None, command: restricted.RestrictedCommand, given: Given
) -> list[restricted.RestrictedEvent]:
    """What is written beside the case, and not in it. A concern is taken whether there is such a case or not."""
    if case is None and not isinstance(command, restricted.RaiseSafeguardingConcern):
        raise UnknownCase(case=command.case)
    written = restricted.decide(beside, command, given)
    # A concern, and what came of it, concern somebody whatever case they were written beside.
    if written and isinstance(command, restricted.AddRestrictedNote):
        not_voided(case)
    if written and case is not None and not isinstance(command, restricted.RaiseSafeguardingConcern):
        not_before(given, case.opened_at)
    return written


def decide_in_meeting(
    meeting: Meeting | None, case: Case | None, command: MeetingAndCase, given: Given
) -> tuple[list[MeetingEvent], list[CaseEvent]]:
    if isinstance(command, OfferActionInMeeting):
        return offer(meeting, case, command, given)
    if isinstance(command, Interest):
        return decide_interest(meeting, case, command, given)
    if isinstance(command, OpenItem):
        led(meeting, case, command)
        item = meeting.item(command.item) if meeting else None
        if meeting is not None and item is not None and case is not None:
            given = replace(given, listed=as_it_is(case, meeting, item, given.at))
    if isinstance(command, RecordInstantDiscussion):
        if case is None or case.programme != command.programme:
            raise UnknownCase(case=command.case)
        held_since(case, command, given)
        given = replace(given, listed=at_once(case, given.at, given.by.user, command.basis))
    if case is not None:
        not_before(given, case.milestones.received_at)
    heard = meeting_stream.decide(meeting, command, given)
    if heard and case is not None and case.state is CaseState.VOIDED:
        return heard, over(command)
    return heard, [] if case is None else [
        fact for event in heard for fact in told(meeting, case, command, event, given)
    ]


def struck_out(meeting: Meeting | None, case: UUID) -> list[MeetingEvent]:
    """A case that was voided stands on no agenda: what waits to be heard of it is taken off, and the meeting ends
    without it. The item that is open stays, to be closed by whoever leads.
    """
    if meeting is None or meeting.state not in NOT_OVER:
        return []
    waiting = (item for item in meeting.items if item.case == case and item.state is ItemState.PENDING)
    return [AgendaItemRemoved(item.item, item.case, item.must) for item in waiting]


def over(command: MeetingAndCase) -> list[CaseEvent]:
    """Of a voided case a meeting records nothing more. It closes the item all the same that it had open: it could not
    end otherwise.
    """
    if isinstance(command, CloseItem):
        return []
    raise CaseIsVoided


def held_since(case: Case, command: RecordInstantDiscussion, given: Given) -> None:
    """Nobody talks of a case before it is there."""
    if command.held_at < case.milestones.received_at:
        received = case.milestones.received_at.isoformat()
        raise OutOfRange(field="held_at", earliest=received, latest=given.at.isoformat())


def decide_interest(
    meeting: Meeting | None, case: Case | None, command: Interest, given: Given
) -> tuple[list[MeetingEvent], list[CaseEvent]]:
    """An interest in an item keeps its user out of the case: there, at every other meeting and between meetings."""
    # Of a voided case the meeting alone keeps who has one.
    case = None if case is not None and case.state is CaseState.VOIDED else case
    heard = meeting_stream.decide(meeting, command, given)
    match command:
        case DeclareInterest(user=user, agency=agency, note=note):
            # After the meeting has answered: whoever may not know of the item hears nothing of what else is wrong.
            recusal.for_another(user, note, given)
            where = (command.meeting, command.item)
            return heard, [] if case is None else [*recusal.declare(case, user, agency, note, given, where)]
        case ResolveInterest(user=user, reason=reason):
            recusal.not_own(user, given)
            # The case may have been cleared already, from outside any meeting.
            kept_out = case is not None and case.recused(user)
            return heard, [*recusal.resolve(case, user, reason, given)] if heard and case and kept_out else []
        case _:
            assert_never(command)


def led(meeting: Meeting | None, case: Case | None, command: OpenItem) -> None:
    """Nobody leads the talk about a case that they are kept out of."""
    item = meeting.item(command.item) if meeting else None
    # The meeting itself says what is wrong with these.
    if meeting is None or item is None or not item.unresolved:
        return
    if meeting.recused(item.item, meeting.chair) or (case is not None and case.recused(meeting.chair)):
        raise ChairIsRecused(item=item.item)


def told(
    meeting: Meeting | None, case: Case, command: MeetingAndCase, event: MeetingEvent, given: Given
) -> Sequence[CaseEvent]:
    """The case's side of what the meeting recorded. A case is discussed once an item."""
    match event:
        case ItemClosed() | InstantDiscussionHeld():
            if any(held.item == event.item for held in case.discussions):
                return []
            return [CaseDiscussed(discussion_of(meeting, command.meeting, event))]
        case DecisionRecorded():
            return [MeetingDecisionRecorded(command.meeting, event.item, decided(event), ends(case, command, given))]
        case MinutesAmended(item=UUID() as item):
            return [DiscussionAmended(command.meeting, item, amendment_of(event))]
        case _:
            return []


def ends(case: Case, command: MeetingAndCase, given: Given) -> date | None:
    """When support ends, where the meeting decides to extend it."""
    if not isinstance(command, RecordDecision) or command.code is not DecisionCode.EXTEND:
        return None
    return reviews.extended(case, command.planned_end, given)


def discussion_of(meeting: Meeting | None, held_in: UUID, event: ItemClosed | InstantDiscussionHeld) -> Discussion:
    match event:
        case ItemClosed():
            item = meeting.item(event.item) if meeting else None
            said = (item.update if item else None) or Update()
            times, agencies = (event.opened_at, event.closed_at), event.present
            series = meeting.series if meeting else None
        case InstantDiscussionHeld():
            said = Update(event.situation, event.action_to_date, event.update, event.next_steps)
            times, agencies = (event.held_at, event.ended_at), tuple(sorted({seat.agency for seat in event.seats}))
            series = event.series
        case _:
            assert_never(event)
    return Discussion(
        meeting=held_in,
        item=event.item,
        started_at=times[0],
        ended_at=times[1],
        agencies=agencies,
        situation=said.situation,
        action_to_date=said.action_to_date,
        update=said.update,
        next_steps=said.next_steps,
        series=series,
    )


def check_linked(case: Case | None, command: LinkAction) -> None:
    """What is linked to an item is an action of its case, under the agency that owns it now."""
    held = case.action(command.action) if case else None
    if held is None:
        raise actions.UnknownAction(action=command.action)
    if held.owner != command.owner:
        raise OwnedByAnother(action=held.action, owner=held.owner)


def offer(
    meeting: Meeting | None, case: Case | None, command: OfferActionInMeeting, given: Given
) -> tuple[list[MeetingEvent], list[CaseEvent]]:
    if meeting is None:
        raise UnknownMeeting(meeting=command.meeting)
    # The meeting answers first: what it has linked already is not offered a second time.
    link = LinkAction(command.meeting, command.item, command.action, command.owner, command.decision)
    linked = meeting_stream.decide(meeting, link, given)
    held = case.action(command.action) if case else None
    if not linked and (held is None or held.state is not ActionState.OFFERED):
        return [], []
    if case is None:
        raise UnknownCase(item=command.item)
    wanted = actions.OfferAction(
        case=case.case,
        action=command.action,
        title=command.title,
        owner=command.owner,
        due=command.due,
        owner_user=command.owner_user,
        intervention=command.intervention,
        priority=command.priority,
        mandatory=command.mandatory,
        decision=command.decision,
    )
    offered: list[CaseEvent] = [*actions.offer(case, wanted, given, command.meeting)]
    # The owner may say yes in the room after it was offered.
    if command.accepted and (offered or (held is not None and held.state is ActionState.OFFERED)):
        item = meeting.item(command.item)
        if item is None or command.owner not in around(meeting, item):
            raise NotAtTheTable(agency=command.owner)
        # The handshake is the owner's own: a yes in the room counts only where they are in it.
        offered.append(actions.ActionAccepted(command.action, command.owner_user))
    return linked, offered
