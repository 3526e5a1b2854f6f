"""Partners' actions: offered, answered, worked on, and ended in one of four ways that are never confused."""

from datetime import date, datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import end_of_day, london_day
from catch.domain.case.disclosure import check_agreement
from catch.domain.case.rules import require_live
from catch.domain.case.state import Action, ActionState, ActionTurn, Case, Priority, Progress, Turn
from catch.domain.facts import Category, Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before, not_past, within
from catch.domain.keys import check_key
from catch.domain.naming import check_acts_for
from catch.domain.parts import in_order
from catch.domain.plain import Code, Key, Percent, UserId
from catch.domain.refusals import OutOfRange, Refused
from catch.domain.subject import Subject


class ActionAnswer(StrEnum):
    ACCEPT = "accept"
    DECLINE = "decline"
    REASSIGN = "reassign"


class Incomplete(StrEnum):
    """Why an action ends undone: circumstances changed, the owner did not do it, or nobody needs it any more."""

    NOT_POSSIBLE = "not-possible"
    NOT_UNDERTAKEN = "not-undertaken"
    CANCELLED = "cancelled"


# What happened


class ActionOffered(Fact, frozen=True, omit_defaults=True):
    action: UUID
    title: Sealed
    owner: Key
    due: date
    owner_user: UserId | None = None
    intervention: Code | None = None
    priority: Priority = Priority.NORMAL
    mandatory: bool = False
    decision: UUID | None = None
    service: Code | None = None  # Open Referral UK id of the service
    meeting: UUID | None = None


class ActionAccepted(Fact, frozen=True, omit_defaults=True):
    action: UUID
    user: UserId | None = None
    reason: Sealed | None = None


class ActionDeclined(Fact, frozen=True, omit_defaults=True):
    action: UUID
    reason: Sealed
    counter_due: date | None = None


class ActionReassigned(Fact, frozen=True, omit_defaults=True):
    action: UUID
    owner: Key
    before: Key
    owner_user: UserId | None = None
    reason: Sealed | None = None


class ActionProgressed(Fact, frozen=True, omit_defaults=True):
    action: UUID
    progress: UUID
    note: Sealed
    percent: int | None = None


class ActionCompleted(Fact, frozen=True, omit_defaults=True):
    action: UUID
    outcome: Code
    completed_on: date
    result: Sealed | None = None


class ActionNotPossible(Fact, frozen=True, omit_defaults=True):
    action: UUID
    reason: Sealed


class ActionNotUndertaken(Fact, frozen=True, omit_defaults=True):
    action: UUID
    reason: Sealed


class ActionCancelled(Fact, frozen=True, omit_defaults=True):
    action: UUID
    reason: Sealed | None = None  # none where it ended because the case closed


class ActionDueChanged(Fact, frozen=True, omit_defaults=True):
    action: UUID
    before: date
    due: date
    reason: Sealed


ActionEvent = (
    ActionOffered
    | ActionAccepted
    | ActionDeclined
    | ActionReassigned
    | ActionProgressed
    | ActionCompleted
    | ActionNotPossible
    | ActionNotUndertaken
    | ActionCancelled
    | ActionDueChanged
)


# What may be asked


class OfferAction(Command, frozen=True):
    """Offer a piece of work to a partner involved in the case. The partner answers; until then nobody owns it."""

    case: UUID
    action: UUID
    title: Sealed
    owner: Key
    due: date
    owner_user: UserId | None = None
    intervention: Code | None = None
    priority: Priority = Priority.NORMAL
    mandatory: bool = False
    decision: UUID | None = None
    service: Code | None = None
    LEAVES = Leaves((ActionOffered,), "action", filled=("mandatory",))


class RespondToAction(Command, frozen=True):
    """The owner's answer: accept, decline with a reason, or hand it to another involved partner."""

    case: UUID
    action: UUID
    answer: ActionAnswer
    reason: Sealed | None = None
    counter_due: date | None = None
    to: Key | None = None
    to_user: UserId | None = None
    LEAVES = Leaves(
        (ActionAccepted, ActionDeclined, ActionReassigned),
        about=("action",),
        kept_as=(("to", "owner"), ("to_user", "owner_user")),
        unkept=("answer",),
    )


class ProgressAction(Command, frozen=True):
    """Say how an action is getting on."""

    case: UUID
    action: UUID
    progress: UUID
    note: Sealed
    percent: Percent | None = None
    LEAVES = Leaves((ActionProgressed,), "progress")


class CompleteAction(Command, frozen=True):
    """The action is done. An owner who had not accepted it yet accepts it by this."""

    case: UUID
    action: UUID
    outcome: Code
    completed_on: date
    result: Sealed | None = None
    LEAVES = Leaves((ActionCompleted,), about=("action",))


class CloseActionIncomplete(Command, frozen=True):
    """End an action undone, and say which of the three it is: not possible, not undertaken, cancelled."""

    case: UUID
    action: UUID
    ending: Incomplete
    reason: Sealed
    LEAVES = Leaves((ActionNotPossible, ActionNotUndertaken, ActionCancelled), about=("action",))


class ChangeActionDue(Command, frozen=True):
    """Move the day an action is due. The day first promised is kept."""

    case: UUID
    action: UUID
    due: date
    reason: Sealed
    LEAVES = Leaves((ActionDueChanged,), about=("action", "due"))


ActionCommand = (
    OfferAction | RespondToAction | ProgressAction | CompleteAction | CloseActionIncomplete | ChangeActionDue
)


# What can be refused


class UnknownIntervention(Refused):
    """The programme has no such intervention. Choose one of those in the details."""


class OwnerNotInvolved(Refused):
    """Only a partner involved in the case can be given an action. Involve it first: `involvePartner`."""


class NothingDisclosedToOwner(Refused):
    """The owner may not be told about actions in this case: authorise a disclosure that covers them first."""


class UnknownAction(Refused):
    """The case has no such action. Look at the case again."""


class ActionAlreadyAnswered(Refused):
    """The action has been answered already. Look at it again: record its progress, complete it or close it."""


class ActionNotAccepted(Refused):
    """The owner has not accepted the action. Its agency answers first: `respondToAction`."""


class ActionAlreadyEnded(Refused):
    """The action has ended already. Offer another one if there is more to do."""


class DeclineNeedsReason(Refused):
    """Say why the action is declined: the meeting has to find another way."""


class NotWithThisAnswer(Refused):
    """This field does not go with this answer, and would be lost: leave it out, or answer otherwise."""


class ReassignNeedsOwner(Refused):
    """Say which partner takes the action on instead."""


# What we answer


def check_owner(case: Case, agency: str, given: Given) -> None:
    check_agreement(case, agency, frozenset({Category.ACTIONS}), given)
    if not case.involved(agency):
        raise OwnerNotInvolved(partner=agency)
    if Category.ACTIONS not in case.disclosed(agency, given.at):
        raise NothingDisclosedToOwner(partner=agency)


def check_due(due: date, given: Given) -> None:
    not_past(due, given, field="due")


def check_intervention(intervention: str | None, given: Given) -> None:
    known = given.programme.interventions if given.programme else ()
    if intervention is not None and known and intervention not in known:
        raise UnknownIntervention(intervention=intervention, known=", ".join(known))


def must_be_done(intervention: str | None, given: Given) -> bool:
    """Whether the programme says so of this intervention."""
    return given.programme is not None and intervention in given.programme.mandatory_interventions


def offer(case: Case, command: OfferAction, given: Given, meeting: UUID | None = None) -> list[ActionEvent]:
    if case.action(command.action) is not None:
        return []
    require_live(case, given)
    check_owner(case, command.owner, given)
    check_acts_for(command.owner, command.owner_user, case.programme, given)
    check_due(command.due, given)
    check_intervention(command.intervention, given)
    return [
        ActionOffered(
            action=command.action,
            title=command.title,
            owner=command.owner,
            due=command.due,
            owner_user=command.owner_user,
            intervention=command.intervention,
            priority=command.priority,
            mandatory=command.mandatory or must_be_done(command.intervention, given),
            decision=command.decision,
            service=command.service,
            meeting=meeting,
        )
    ]


_GOES_WITH = {
    ActionAnswer.ACCEPT: (),
    ActionAnswer.DECLINE: ("reason", "counter_due"),
    ActionAnswer.REASSIGN: ("reason", "to", "to_user"),
}


def respond(case: Case, action: Action, command: RespondToAction, given: Given) -> list[ActionEvent]:
    for name in ("reason", "counter_due", "to", "to_user"):
        if getattr(command, name) is not None and name not in _GOES_WITH[command.answer]:
            raise NotWithThisAnswer(field=name, answer=command.answer)
    match command.answer:
        case ActionAnswer.ACCEPT:
            return accept(action, command, given)
        case ActionAnswer.DECLINE:
            return decline(action, command, given)
        case ActionAnswer.REASSIGN:
            return reassign(case, action, command, given)
        case _:
            assert_never(command.answer)


def accept(action: Action, command: RespondToAction, given: Given) -> list[ActionEvent]:
    if action.state in (ActionState.ACCEPTED, ActionState.IN_PROGRESS):
        return []
    if action.state is not ActionState.OFFERED:
        raise ActionAlreadyAnswered(state=action.state)
    not_before(given, action.handed_at)
    return [ActionAccepted(action.action, given.by.user, command.reason)]


def decline(action: Action, command: RespondToAction, given: Given) -> list[ActionEvent]:
    if action.state is ActionState.DECLINED:
        return []
    if action.state is not ActionState.OFFERED:
        raise ActionAlreadyAnswered(state=action.state)
    if command.reason is None:
        raise DeclineNeedsReason
    not_before(given, action.handed_at)
    return [ActionDeclined(action.action, command.reason, command.counter_due)]


def reassign(case: Case, action: Action, command: RespondToAction, given: Given) -> list[ActionEvent]:
    if command.to is None:
        raise ReassignNeedsOwner
    same_user = command.to_user in (None, action.owner_user)
    if action.owner == command.to and same_user and action.state is ActionState.OFFERED:
        return []
    if not action.unsettled:
        raise ActionAlreadyEnded(state=action.state)
    not_before(given, action.handed_at, action.answered_at, action.progressed_at)
    check_owner(case, command.to, given)
    check_acts_for(command.to, command.to_user, case.programme, given)
    return [ActionReassigned(action.action, command.to, action.owner, command.to_user, command.reason)]


def progress(case: Case, action: Action, command: ProgressAction, given: Given) -> list[ActionEvent]:
    if command.progress in case.progress:
        return []
    if action.state not in (ActionState.ACCEPTED, ActionState.IN_PROGRESS):
        raise ActionNotAccepted(state=action.state)
    if command.percent is not None and not 0 <= command.percent <= 100:
        raise OutOfRange(field="percent", value=command.percent, allowed="0 to 100")
    not_before(given, action.answered_at)
    return [ActionProgressed(action.action, command.progress, command.note, command.percent)]


def complete(action: Action, command: CompleteAction, given: Given) -> list[ActionEvent]:
    if action.state is ActionState.COMPLETED:
        return []
    if action.state is ActionState.DECLINED:
        raise ActionNotAccepted(state=action.state)
    if not action.open:
        raise ActionAlreadyEnded(state=action.state)
    if action.state is ActionState.OFFERED and given.by.agency != action.owner:
        raise ActionNotAccepted(state=action.state)
    within(command.completed_on, london_day(action.handed_at), london_day(given.at), field="completedOn")
    not_before(given, action.handed_at, action.answered_at)
    check_key("outcome", command.outcome)
    done = ActionCompleted(action.action, command.outcome, command.completed_on, command.result)
    accepted = [ActionAccepted(action.action, given.by.user)] if action.state is ActionState.OFFERED else []
    return [*accepted, done]


_ENDINGS = {
    Incomplete.NOT_POSSIBLE: (ActionNotPossible, ActionState.NOT_POSSIBLE),
    Incomplete.NOT_UNDERTAKEN: (ActionNotUndertaken, ActionState.NOT_UNDERTAKEN),
    Incomplete.CANCELLED: (ActionCancelled, ActionState.CANCELLED),
}


def end_undone(action: Action, command: CloseActionIncomplete, given: Given) -> list[ActionEvent]:
    fact, state = _ENDINGS[command.ending]
    if action.state is state:
        return []
    if not action.unsettled:
        raise ActionAlreadyEnded(state=action.state)
    not_before(given, action.handed_at, action.answered_at, action.progressed_at)
    return [fact(action.action, command.reason)]


def put_off(action: Action, command: ChangeActionDue, given: Given) -> list[ActionEvent]:
    if action.due == command.due:
        return []
    if not action.open:
        raise ActionAlreadyEnded(state=action.state)
    not_before(given, action.offered_at, action.due_changed_at)
    check_due(command.due, given)
    return [ActionDueChanged(action.action, action.due, command.due, command.reason)]


def decide(case: Case, command: ActionCommand, given: Given) -> list[ActionEvent]:
    if isinstance(command, OfferAction):
        return offer(case, command, given)
    action = case.action(command.action)
    if action is None:
        raise UnknownAction(action=command.action)
    match command:
        case RespondToAction():
            return respond(case, action, command, given)
        case ProgressAction():
            return progress(case, action, command, given)
        case CompleteAction():
            return complete(action, command, given)
        case CloseActionIncomplete():
            return end_undone(action, command, given)
        case ChangeActionDue():
            return put_off(action, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def offered(event: ActionOffered, at: datetime) -> Action:
    return Action(
        action=event.action,
        title=event.title,
        owner=event.owner,
        due=event.due,
        original_due=event.due,
        offered_at=at,
        handed_at=at,
        owner_user=event.owner_user,
        intervention=event.intervention,
        priority=event.priority,
        mandatory=event.mandatory,
        decision=event.decision,
        meeting=event.meeting,
        service=event.service,
    )


def turned(
    action: Action, turn: Turn, at: datetime, reason: Sealed | None, counter_due: date | None = None
) -> tuple[ActionTurn, ...]:
    """Kept with what was said: another answer may follow."""
    said = ActionTurn(turn, at, action.owner, action.due, reason, counter_due)
    return in_order(action.turns, said, lambda held: held.at)


def as_it_stood(action: Action) -> Action:
    """Each turn with whose it was and when it was due before, whichever was typed in first: who handed it on knows from
    whom, and who moved the day from which, and both lie between what was said before and after.
    """
    owner, due = action.owner, action.due
    found: list[ActionTurn] = []
    for each in reversed(action.turns):
        owner = each.owner if each.turn is Turn.REASSIGNED else owner
        due = each.due if each.turn is Turn.DUE_CHANGED else due
        found.append(replace(each, owner=owner, due=due))
    return replace(action, turns=tuple(reversed(found)))


def changed(action: Action, event: ActionEvent, at: datetime) -> Action:
    held = after(action, event, at)
    return held if held.turns is action.turns else as_it_stood(held)


def after(action: Action, event: ActionEvent, at: datetime) -> Action:  # noqa: C901
    match event:
        case ActionOffered():
            return action
        case ActionAccepted():
            # Done before it was accepted, as it may be: it stays done.
            return replace(
                action,
                state=ActionState.ACCEPTED if action.unsettled else action.state,
                answered_at=at,
                owner_user=event.user or action.owner_user,
                turns=turned(action, Turn.ACCEPTED, at, event.reason) if event.reason else action.turns,
            )
        case ActionDeclined():
            return replace(
                action,
                state=ActionState.DECLINED,
                answered_at=at,
                reason=event.reason,
                counter_due=event.counter_due,
                turns=turned(action, Turn.DECLINED, at, event.reason, event.counter_due),
            )
        case ActionReassigned():
            return replace(
                action,
                state=ActionState.OFFERED,
                owner=event.owner,
                owner_user=event.owner_user,
                handed_at=at,
                answered_at=None,
                reason=None,
                counter_due=None,
                turns=turned(action, Turn.REASSIGNED, at, event.reason),
            )
        case ActionProgressed():
            return progressed(action, event, at)
        case ActionCompleted():
            return completed(action, event, at)
        case ActionNotPossible():
            return replace(action, state=ActionState.NOT_POSSIBLE, reason=event.reason, ended_at=at)
        case ActionNotUndertaken():
            return replace(action, state=ActionState.NOT_UNDERTAKEN, reason=event.reason, ended_at=at)
        case ActionCancelled():
            return replace(action, state=ActionState.CANCELLED, reason=event.reason, ended_at=at)
        case ActionDueChanged():
            turns = turned(action, Turn.DUE_CHANGED, at, event.reason)
            return replace(action, due=event.due, due_changed_at=at, turns=turns)
        case _:
            assert_never(event)


def progressed(action: Action, event: ActionProgressed, at: datetime) -> Action:
    """How far it has come is what was said last of it, whatever was typed in last."""
    state = ActionState.IN_PROGRESS if action.unsettled else action.state
    said = in_order(action.progress, Progress(event.progress, at, event.note, event.percent), lambda held: held.at)
    action = replace(action, state=state, progressed_at=max(action.progressed_at or at, at), progress=said)
    if event.percent is None or (action.percent_at is not None and at < action.percent_at):
        return action
    return replace(action, percent=event.percent, percent_at=at)


def completed(action: Action, event: ActionCompleted, at: datetime) -> Action:
    """It was done on the day it says, which may lie before the day on which somebody recorded it."""
    return replace(
        action,
        state=ActionState.COMPLETED,
        outcome=event.outcome,
        result=event.result,
        completed_on=event.completed_on,
        ended_at=done_at(event, at),
    )


def done_at(event: ActionCompleted, at: datetime) -> datetime:
    return min(at, end_of_day(event.completed_on))


def evolve(case: Case, event: ActionEvent, at: datetime) -> Case:
    if isinstance(event, ActionOffered):
        return replace(case, actions=in_order(case.actions, offered(event, at), lambda held: held.offered_at))
    before = case.action(event.action)
    after = before and changed(before, event, at)
    actions = tuple([after if held is before else held for held in case.actions])
    if isinstance(event, ActionProgressed):
        return replace(case, actions=actions, progress=(*case.progress, event.progress))
    return replace(case, actions=actions)


SUBJECT = Subject(ActionEvent, ActionCommand, decide=decide, evolve=evolve)
