"""The handshake: an action is offered, answered, worked on, and ends in one of four ways."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from catch.domain.case.actions import (
    ActionAccepted,
    ActionAlreadyAnswered,
    ActionAlreadyEnded,
    ActionAnswer,
    ActionCancelled,
    ActionCommand,
    ActionCompleted,
    ActionDeclined,
    ActionDueChanged,
    ActionEvent,
    ActionNotAccepted,
    ActionNotPossible,
    ActionNotUndertaken,
    ActionOffered,
    ActionProgressed,
    ActionReassigned,
    ChangeActionDue,
    CloseActionIncomplete,
    CompleteAction,
    DeclineNeedsReason,
    Incomplete,
    NothingDisclosedToOwner,
    OfferAction,
    OwnerNotInvolved,
    ProgressAction,
    ReassignNeedsOwner,
    RespondToAction,
    UnknownAction,
)
from catch.domain.case.disclosure import DisclosureAuthorised, NoAgreementInForce, PartnerInvolved
from catch.domain.case.rules import NotAccepted
from catch.domain.case.state import Action, ActionState, Priority
from catch.domain.facts import Category
from catch.domain.partner import MemberNotEnrolled
from catch.domain.refusals import OutOfRange, UnknownPartner
from tests.cases import (
    BY_OWNER,
    CASE,
    CONSENT,
    GIVEN,
    NOW,
    OFFERED,
    PLANNED,
    PROGRAMME,
    SHARED,
    TEXT,
    TODAY,
    case_given,
    disclosed,
    folded,
    involved,
    offered,
    received,
    uid,
)

ACTION = uid(30)
offer = OfferAction(CASE, ACTION, TEXT, "housing-1", date(2026, 3, 20))
accept = RespondToAction(CASE, ACTION, ActionAnswer.ACCEPT)
decline = RespondToAction(CASE, ACTION, ActionAnswer.DECLINE, TEXT, date(2026, 4, 1))
reassign = RespondToAction(CASE, ACTION, ActionAnswer.REASSIGN, to="strict-1")
progress = ProgressAction(CASE, ACTION, uid(31), TEXT, 50)
complete = CompleteAction(CASE, ACTION, "done", TODAY, TEXT)
accepted = ActionAccepted(ACTION, "hana")
declined = ActionDeclined(ACTION, TEXT, date(2026, 4, 1))
progressed = ActionProgressed(ACTION, uid(31), TEXT, 50)
completed = ActionCompleted(ACTION, "done", TODAY, TEXT)
SECOND = (
    DisclosureAuthorised(uid(12), "strict-1", frozenset({Category.ACTIONS}), CONSENT, TEXT),
    PartnerInvolved("strict-1", "advice"),
)


def the_action(*events: ActionEvent) -> Action:
    return folded(*OFFERED, *events).actions[0]


def test_an_action_is_offered_to_a_partner_with_a_part_in_the_case():
    case_given(*PLANNED).when(offer, GIVEN).then(offered)
    case_given(*OFFERED).when(offer, GIVEN).then()
    whole = replace(offer, owner_user="hana", intervention="housing-advice", priority=Priority.HIGH, mandatory=True)
    (event,) = case_given(*PLANNED).when(whole, GIVEN).events
    assert isinstance(event, ActionOffered)
    assert (event.owner_user, event.priority, event.mandatory) == ("hana", Priority.HIGH, True)


def test_what_the_programme_says_must_be_done_is_mandatory_whoever_offers_it():
    must = replace(
        PROGRAMME, interventions=("benefits-check", "transport"), mandatory_interventions=("benefits-check",)
    )
    for intervention, mandatory in (("benefits-check", True), ("transport", False), (None, False)):
        wanted = replace(offer, intervention=intervention)
        (event,) = case_given(*PLANNED).when(wanted, replace(GIVEN, programme=must)).events
        assert isinstance(event, ActionOffered)
        assert event.mandatory is mandatory


def test_whoever_is_to_do_it_acts_for_its_owner():
    case_given(*PLANNED).when(replace(offer, owner_user="cora"), GIVEN).refused(MemberNotEnrolled, user="cora")
    handed = case_given(*OFFERED, *SECOND)
    handed.when(replace(reassign, to_user="sam"), BY_OWNER).recorded(ActionReassigned)
    handed.when(replace(reassign, to_user="sue"), BY_OWNER).refused(MemberNotEnrolled, user="sue")


def test_nobody_is_offered_an_action_who_may_not_be_told_of_it():
    case_given(received).when(offer, GIVEN).refused(NotAccepted)
    new = case_given(*SHARED)
    new.when(replace(offer, owner="nobody-1"), GIVEN).refused(UnknownPartner)
    new.when(replace(offer, owner="strict-1"), GIVEN).refused(OwnerNotInvolved)
    new.when(replace(offer, owner="left-1"), GIVEN).refused(NoAgreementInForce)
    plan_only = replace(disclosed, categories=frozenset({Category.PLAN}))
    case_given(*SHARED[:3], plan_only, involved).when(offer, GIVEN).refused(NothingDisclosedToOwner)
    new.when(replace(offer, due=TODAY - timedelta(days=1)), GIVEN).refused(OutOfRange)


def test_the_owner_accepts_once():
    case_given(*OFFERED).when(accept, BY_OWNER).then(accepted)
    case_given(*OFFERED, accepted).when(accept, BY_OWNER).then()
    case_given(*OFFERED, accepted, progressed).when(accept, BY_OWNER).then()
    case_given(*OFFERED, declined).when(accept, BY_OWNER).refused(ActionAlreadyAnswered)
    assert (the_action(accepted).owner_user, the_action(accepted).answered_at) == ("hana", NOW)
    assert the_action(ActionAccepted(ACTION)).owner_user is None


def test_an_owner_who_declines_says_why_and_may_name_another_day():
    case_given(*OFFERED).when(decline, BY_OWNER).then(declined)
    case_given(*OFFERED, declined).when(decline, BY_OWNER).then()
    case_given(*OFFERED).when(replace(decline, reason=None), BY_OWNER).refused(DeclineNeedsReason)
    case_given(*OFFERED, accepted).when(decline, BY_OWNER).refused(ActionAlreadyAnswered)
    assert the_action(declined).counter_due == date(2026, 4, 1)
    assert the_action(declined).unsettled


def test_an_action_goes_to_another_partner_who_answers_for_itself():
    case = case_given(*OFFERED, *SECOND, declined)
    moved = ActionReassigned(ACTION, "strict-1", "housing-1")
    outcome = case.when(reassign, GIVEN).then(moved)
    assert outcome.state is not None
    action = outcome.state.actions[0]
    assert (action.owner, action.state, action.reason) == ("strict-1", ActionState.OFFERED, None)
    case_given(*OFFERED, *SECOND, declined, moved).when(reassign, GIVEN).then()
    case.when(replace(reassign, to=None), GIVEN).refused(ReassignNeedsOwner)
    case_given(*OFFERED).when(reassign, GIVEN).refused(OwnerNotInvolved)
    case_given(*OFFERED, *SECOND, accepted, completed).when(reassign, GIVEN).refused(ActionAlreadyEnded)


def test_progress_is_told_of_an_accepted_action():
    case_given(*OFFERED, accepted).when(progress, BY_OWNER).then(progressed)
    case_given(*OFFERED, accepted, progressed).when(progress, BY_OWNER).then()
    case_given(*OFFERED).when(progress, BY_OWNER).refused(ActionNotAccepted)
    case_given(*OFFERED, accepted).when(replace(progress, percent=101), BY_OWNER).refused(OutOfRange)
    silent = replace(progressed, progress=uid(32), percent=None)
    assert the_action(accepted, progressed, silent).percent == 50


def test_an_owner_who_completes_an_offered_action_accepts_it_by_that():
    case_given(*OFFERED, accepted).when(complete, BY_OWNER).then(completed)
    case_given(*OFFERED, accepted, completed).when(complete, BY_OWNER).then()
    case_given(*OFFERED).when(complete, BY_OWNER).then(accepted, completed)
    case_given(*OFFERED).when(complete, GIVEN).refused(ActionNotAccepted)
    case_given(*OFFERED, declined).when(complete, BY_OWNER).refused(ActionNotAccepted)
    tomorrow = replace(complete, completed_on=TODAY + timedelta(days=1))
    case_given(*OFFERED, accepted).when(tomorrow, BY_OWNER).refused(OutOfRange)


ENDINGS = {
    Incomplete.NOT_POSSIBLE: ActionNotPossible(ACTION, TEXT),
    Incomplete.NOT_UNDERTAKEN: ActionNotUndertaken(ACTION, TEXT),
    Incomplete.CANCELLED: ActionCancelled(ACTION, TEXT),
}


@pytest.mark.parametrize("ending", Incomplete)
def test_not_possible_not_undertaken_and_cancelled_are_never_confused(ending: Incomplete):
    close = CloseActionIncomplete(CASE, ACTION, ending, TEXT)
    for before in ((), (accepted,), (declined,), (accepted, progressed)):
        case_given(*OFFERED, *before).when(close, BY_OWNER).then(ENDINGS[ending])
    case_given(*OFFERED, ENDINGS[ending]).when(close, BY_OWNER).then()
    assert the_action(ENDINGS[ending]).state == ending
    for other in set(Incomplete) - {ending}:
        case_given(*OFFERED, ENDINGS[ending]).when(replace(close, ending=other), BY_OWNER).refused(ActionAlreadyEnded)
    case_given(*OFFERED, ENDINGS[ending]).when(complete, BY_OWNER).refused(ActionAlreadyEnded)


def test_the_day_first_promised_is_kept():
    change = ChangeActionDue(CASE, ACTION, date(2026, 4, 3), TEXT)
    changed = ActionDueChanged(ACTION, date(2026, 3, 20), date(2026, 4, 3), TEXT)
    case_given(*OFFERED).when(change, GIVEN).then(changed)
    case_given(*OFFERED, changed).when(change, GIVEN).then()
    assert (the_action(changed).due, the_action(changed).original_due) == (date(2026, 4, 3), date(2026, 3, 20))
    case_given(*OFFERED, accepted, completed).when(change, GIVEN).refused(ActionAlreadyEnded)
    case_given(*OFFERED).when(replace(change, due=TODAY - timedelta(days=1)), GIVEN).refused(OutOfRange)


@pytest.mark.parametrize(
    "command",
    [accept, progress, complete, CloseActionIncomplete(CASE, ACTION, Incomplete.CANCELLED, TEXT)],
)
def test_an_action_nobody_offered_is_not_answered(command: ActionCommand):
    case_given(*SHARED).when(command, BY_OWNER).refused(UnknownAction, action=ACTION)
