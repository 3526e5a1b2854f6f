"""Decisions that concern two streams: both are written, or neither is."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import reduce

import pytest
from msgspec.structs import replace

from catch.domain import meeting as meeting_stream
from catch.domain import person as person_stream
from catch.domain.agenda.by_hand import basis_for
from catch.domain.case import Case, CaseEvent
from catch.domain.case.actions import ActionAccepted, ActionOffered, NothingDisclosedToOwner, OwnerNotInvolved
from catch.domain.case.agreement import AgreedBy, AgreementWithdrawn, SupportAgreed, SupportDeclinedByPerson
from catch.domain.case.closing import CaseClosed, Measured
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.proposals import CaseDiscussed, MeetingDecisionRecorded
from catch.domain.case.recusal import OwnRecusal, RecusalDeclared, RecusalNeedsReason, RecusalResolved
from catch.domain.case.referral import DuplicateOpenCase, ReferralReceived, SubmitReferral
from catch.domain.case.state import CaseState
from catch.domain.discussion import ChairIsRecused, OfferActionInMeeting, decide_in_meeting, decide_referral
from catch.domain.facts import Sealed
from catch.domain.given import Given
from catch.domain.meeting import MeetingEvent
from catch.domain.meeting.attendance import DeclareInterest, InterestDeclared, InterestResolved, ResolveInterest
from catch.domain.meeting.deciding import (
    DecisionRecorded,
    ItemActionLinked,
    NotAtTheTable,
    RecordDecision,
    WhoTellsThePerson,
)
from catch.domain.meeting.floor import CloseItem, ItemClosed, ItemOpened, OpenItem
from catch.domain.meeting.instant import InstantDiscussionHeld, Participant, RecordInstantDiscussion
from catch.domain.meeting.items import DecisionCode, Item, ItemState, Origin, Update
from catch.domain.meeting.listing import AppearanceBasis, Matter, Section
from catch.domain.meeting.rules import CannotBeHeard, ItemNotOpen
from catch.domain.meeting.state import Attendee, Interest, InterestAction, Meeting, MeetingState, Mode, Stay
from catch.domain.person import Person, PersonReferred, PersonRegistered
from catch.domain.programme.configuration import ClosureClass
from catch.domain.refusals import Refused, UnknownCase, UnknownMeeting, UnknownPerson
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    NOW,
    PERSON,
    PROGRAMME,
    REFERRAL,
    SHARED,
    START,
    TEXT,
    VITAL,
    disclosed,
    evolve,
    folded,
    received,
    uid,
)
from tests.given import at_once

MEETING, ITEM, MATTER = uid(50), uid(51), uid(52)
AGREED = (*SHARED, SupportAgreed(AgreedBy.PERSON, "support-and-meeting"))
WITHDRAWN = (*AGREED, AgreementWithdrawn(AgreedBy.PERSON))
OVERRIDING = replace(disclosed, disclosure=uid(11), basis=VITAL)
OVER = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, NOW.date(), TEXT, Measured(8))
WEEK = timedelta(days=7)
BOTH = ("housing-1", "snn")


def seated(user: str, agency: str) -> Attendee:
    return Attendee(user, agency, (Stay(START),), accepted="1")


item = Item(
    ITEM,
    Section.NEW,
    1,
    8,
    Origin.DRAFTED,
    case=CASE,
    state=ItemState.OPEN,
    opened_at=NOW,
    update=Update(situation=TEXT),
)
meeting = Meeting(
    MEETING,
    PROGRAMME.key,
    "weekly",
    START,
    120,
    Mode.HYBRID,
    "carl",
    MeetingState.IN_PROGRESS,
    items=(item, Item(MATTER, Section.GENERAL, 2, 5, Origin.ADDED, matter=Matter.MINUTES)),
    attendance=(seated("carl", "snn"), seated("hana", "housing-1")),
)
CLOSED = replace(GIVEN, at=NOW + timedelta(minutes=8))
decide_on = RecordDecision(
    MEETING, ITEM, uid(70), DecisionCode.CONTINUE, TEXT, ("housing-1", "snn"), not_told_reason=TEXT
)
offer = OfferActionInMeeting(MEETING, ITEM, uid(30), TEXT, "housing-1", date(2026, 3, 20), "hana")
instant = RecordInstantDiscussion(
    uid(55),
    PROGRAMME.key,
    "weekly",
    uid(56),
    CASE,
    NOW - timedelta(minutes=10),
    NOW,
    (Participant("cora", "snn"), Participant("hana", "housing-1")),
    situation=TEXT,
)


def person(*cases: PersonReferred) -> Person:
    state: Person | None = None
    for event in (PersonRegistered(PERSON, name=Sealed("n")), *cases):
        state = person_stream.evolve(state, event, NOW)
    assert state is not None
    return state


def written(
    state: Meeting | None, case: Case | None, answer: tuple[Sequence[MeetingEvent], Sequence[CaseEvent]]
) -> tuple[Meeting | None, Case | None]:
    return reduce(at_once(meeting_stream.evolve, NOW), answer[0], state), reduce(evolve, answer[1], case)


submit = SubmitReferral(CASE, PERSON, PROGRAMME.key, REFERRAL, "gp", "phone", START, TEXT)


def test_a_referral_is_noted_with_the_person_as_it_opens_the_case():
    opened, noted = decide_referral(None, person(), (), submit, GIVEN)
    assert [type(event) for event in opened] == [ReferralReceived]
    assert noted == [PersonReferred(CASE, PROGRAMME.key)]


def test_a_repeated_referral_records_nothing_on_either_stream():
    assert decide_referral(folded(received), person(), (), submit, GIVEN) == ([], [])


def test_nobody_is_referred_who_was_not_registered():
    with pytest.raises(UnknownPerson):
        decide_referral(None, None, (), submit, GIVEN)


def other_case(*events: CaseEvent, programme: str = PROGRAMME.key, number: str = "7K3M-Q2XD") -> Case:
    return replace(folded(*events), case=uid(9), number=number, programme=programme)


def test_who_made_the_first_referral_is_told_of_the_case_there_is():
    other = other_case(*ACCEPTED)
    known = replace(GIVEN, by=replace(GIVEN.by, agency=other.referrals[0].referrer_agency))
    with pytest.raises(DuplicateOpenCase) as refused:
        decide_referral(None, person(), (other,), submit, known)
    assert refused.value.details["case"] == "7K3M-Q2XD"


def test_which_case_it_is_is_not_told_to_an_agency_that_has_no_part_in_it():
    stranger = replace(GIVEN, by=replace(GIVEN.by, agency="gp-9"))
    with pytest.raises(DuplicateOpenCase) as refused:
        decide_referral(None, person(), (other_case(*ACCEPTED),), submit, stranger)
    assert refused.value.details == {}


@pytest.mark.parametrize(
    "other",
    [
        other_case(received, ReferralDeclined("out-of-area")),
        other_case(received, programme="bexley-icm"),
        replace(
            other_case(received), milestones=replace(folded(received).milestones, received_at=START - 366 * WEEK / 7)
        ),
    ],
    ids=["not live", "other programme", "outside the window"],
)
def test_a_case_that_is_over_elsewhere_or_long_past_is_no_duplicate(other: Case):
    opened, _ = decide_referral(None, person(), (other,), submit, GIVEN)
    assert opened


def test_a_discussion_is_recorded_in_the_case_as_the_meeting_heard_it():
    close = CloseItem(MEETING, ITEM)
    heard, told = decide_in_meeting(meeting, folded(*SHARED), close, CLOSED)
    assert [type(event) for event in heard] == [ItemClosed]
    (event,) = told
    assert isinstance(event, CaseDiscussed)
    said = event.discussion
    assert (said.meeting, said.item, said.situation, said.agencies) == (MEETING, ITEM, TEXT, ("housing-1", "snn"))
    assert (said.started_at, said.ended_at) == (NOW, CLOSED.at)


def test_a_case_is_discussed_once_an_item():
    close = CloseItem(MEETING, ITEM)
    answer = decide_in_meeting(meeting, folded(*SHARED), close, CLOSED)
    after, case = written(meeting, folded(*SHARED), answer)
    assert case is not None
    assert case.state is CaseState.IN_SUPPORT
    assert decide_in_meeting(after, case, close, CLOSED) == ([], [])
    # The meeting's side alone, as if its first answer had been lost, does not make a second discussion.
    heard, told = decide_in_meeting(meeting, case, close, CLOSED)
    assert heard
    assert told == []


def test_a_decision_stands_on_both_streams_and_the_person_is_told():
    heard, told = decide_in_meeting(meeting, folded(*SHARED), decide_on, GIVEN)
    (on_meeting,), (on_case,) = heard, told
    assert isinstance(on_meeting, DecisionRecorded)
    assert isinstance(on_case, MeetingDecisionRecorded)
    assert (on_case.decision.decision, on_case.decision.agreed_by) == (uid(70), BOTH)
    after, case = written(meeting, folded(*SHARED), (heard, told))
    assert decide_in_meeting(after, case, decide_on, GIVEN) == ([], [])
    with pytest.raises(WhoTellsThePerson):
        decide_in_meeting(meeting, folded(*SHARED), replace(decide_on, not_told_reason=None), GIVEN)


def test_an_action_offered_in_the_meeting_is_linked_to_its_item():
    heard, told = decide_in_meeting(meeting, folded(*SHARED), offer, GIVEN)
    assert heard == [ItemActionLinked(ITEM, uid(30), "housing-1", CASE)]
    (event,) = told
    assert isinstance(event, ActionOffered)
    assert (event.owner, event.meeting) == ("housing-1", MEETING)
    after, case = written(meeting, folded(*SHARED), (heard, told))
    assert decide_in_meeting(after, case, offer, GIVEN) == ([], [])


def test_an_owner_at_the_table_says_yes_in_the_room():
    yes = replace(offer, accepted=True)
    heard, told = decide_in_meeting(meeting, folded(*SHARED), yes, GIVEN)
    assert [type(event) for event in told] == [ActionOffered, ActionAccepted]
    after, case = written(meeting, folded(*SHARED), (heard, told))
    assert case is not None
    assert case.actions[0].owner_user == "hana"
    assert decide_in_meeting(after, case, yes, GIVEN) == ([], [])


@pytest.mark.parametrize(
    "attendance",
    [
        meeting.attendance[:1],
        (meeting.attendance[0], replace(meeting.attendance[1], accepted=None)),
        (meeting.attendance[0], replace(meeting.attendance[1], stays=(Stay(START, NOW),))),
    ],
    ids=["absent", "not bound by confidentiality", "left"],
)
def test_nobody_says_yes_for_an_owner_who_is_not_at_the_table(attendance: tuple[Attendee, ...]):
    with pytest.raises(NotAtTheTable):
        decide_in_meeting(
            replace(meeting, attendance=attendance), folded(*SHARED), replace(offer, accepted=True), GIVEN
        )


def refused(state: Meeting | None, case: Case | None, command: OfferActionInMeeting, facts: Given = GIVEN) -> Refused:
    with pytest.raises(Refused) as caught:
        decide_in_meeting(state, case, command, facts)
    return caught.value


def test_the_rules_of_both_streams_hold_for_an_action_offered_in_a_meeting():
    assert type(refused(None, None, offer)) is UnknownMeeting
    assert type(refused(meeting, None, offer)) is UnknownCase
    assert type(refused(meeting, folded(*ACCEPTED), offer)) is OwnerNotInvolved
    waiting = replace(meeting, items=(replace(item, state=ItemState.PENDING),))
    assert type(refused(waiting, folded(*SHARED), offer)) is ItemNotOpen
    ended = replace(folded(*SHARED), disclosures=())
    assert type(refused(meeting, ended, offer)) is NothingDisclosedToOwner


def test_a_discussion_there_and_then_is_recorded_with_its_case():
    heard, told = decide_in_meeting(None, folded(*AGREED), instant, GIVEN)
    (held,) = heard
    assert isinstance(held, InstantDiscussionHeld)
    assert held.basis is AppearanceBasis.AGREEMENT
    (event,) = told
    assert isinstance(event, CaseDiscussed)
    assert event.discussion.agencies == ("housing-1", "snn")
    after, case = written(None, folded(*AGREED), (heard, told))
    assert decide_in_meeting(after, case, instant, GIVEN) == ([], [])
    # What is recorded stands, whatever has become of the case since, and so does its repetition.
    assert decide_in_meeting(after, folded(*WITHDRAWN), instant, GIVEN) == ([], [])


def test_after_an_instant_discussion_an_owner_who_took_part_may_have_said_yes():
    after, case = written(None, folded(*AGREED), decide_in_meeting(None, folded(*AGREED), instant, GIVEN))
    yes = replace(offer, meeting=uid(55), item=uid(56), accepted=True)
    _, told = decide_in_meeting(after, case, yes, GIVEN)
    assert [type(event) for event in told] == [ActionOffered, ActionAccepted]


def test_an_instant_discussion_is_about_a_case_of_its_programme():
    with pytest.raises(UnknownCase):
        decide_in_meeting(None, None, instant, GIVEN)
    elsewhere = replace(folded(*SHARED), programme="bexley-icm")
    with pytest.raises(UnknownCase):
        decide_in_meeting(None, elsewhere, instant, GIVEN)


UNFIT: list[tuple[tuple[CaseEvent, ...], str]] = [
    ((received,), "acceptance, basis"),
    (SHARED, "basis"),
    (WITHDRAWN, "basis"),
    ((*AGREED, SupportDeclinedByPerson(AgreedBy.PERSON)), "basis"),
    ((received, ReferralDeclined("out-of-area")), "live-case, basis"),
    ((*AGREED, OVER), "live-case"),
]


@pytest.mark.parametrize(("history", "missing"), UNFIT)
def test_a_case_that_the_rules_would_not_put_on_an_agenda_is_not_discussed_there_and_then(
    history: tuple[CaseEvent, ...], missing: str
):
    with pytest.raises(CannotBeHeard) as caught:
        decide_in_meeting(None, folded(*history), instant, GIVEN)
    assert caught.value.details == {"missing": missing}


@pytest.mark.parametrize(
    ("history", "said", "held"),
    [
        (WITHDRAWN, AppearanceBasis.SAFEGUARDING, AppearanceBasis.SAFEGUARDING),
        (WITHDRAWN, AppearanceBasis.VITAL_INTEREST, AppearanceBasis.VITAL_INTEREST),
        (WITHDRAWN, AppearanceBasis.PUBLIC_TASK_WITH_NOTICE, None),
        (WITHDRAWN, AppearanceBasis.AGREEMENT, None),
        (SHARED, AppearanceBasis.PUBLIC_TASK_WITH_NOTICE, AppearanceBasis.PUBLIC_TASK_WITH_NOTICE),
        (SHARED, AppearanceBasis.AGREEMENT, None),
        (AGREED, AppearanceBasis.AGREEMENT, AppearanceBasis.AGREEMENT),
        (AGREED, AppearanceBasis.SAFEGUARDING, AppearanceBasis.SAFEGUARDING),
        ((*WITHDRAWN, OVERRIDING), None, AppearanceBasis.VITAL_INTEREST),
    ],
)
def test_on_what_a_case_is_heard_is_said_by_somebody_as_far_as_the_case_allows(
    history: tuple[CaseEvent, ...], said: AppearanceBasis | None, held: AppearanceBasis | None
):
    assert basis_for(folded(*history), said, NOW) is held


waiting = replace(meeting, items=(replace(item, state=ItemState.PENDING), *meeting.items[1:]))
on_agreement = replace(
    waiting, items=(replace(waiting.items[0], basis=AppearanceBasis.AGREEMENT, presenter="hana"), *waiting.items[1:])
)
by_hand = replace(on_agreement.items[0], origin=Origin.LATE, basis=AppearanceBasis.SAFEGUARDING, added_reason=TEXT)


def opened(state: Meeting, *history: CaseEvent) -> AppearanceBasis | None:
    """On which basis the item is heard."""
    heard, _ = decide_in_meeting(state, folded(*history), OpenItem(MEETING, ITEM, known_by="hana"), GIVEN)
    after, _ = written(state, None, (heard, []))
    opening = after.item(ITEM) if after else None
    assert opening is not None
    assert opening.state is ItemState.OPEN
    return opening.basis


def test_what_has_changed_since_the_agenda_was_published_is_asked_when_the_item_is_opened():
    assert opened(on_agreement, *AGREED) is AppearanceBasis.AGREEMENT
    for history, missing in ((SHARED, "basis"), (WITHDRAWN, "basis"), ((*AGREED, OVER), "live-case")):
        with pytest.raises(CannotBeHeard) as caught:
            opened(on_agreement, *history)
        assert caught.value.details == {"missing": missing}


def test_a_withdrawn_agreement_is_not_what_a_case_is_heard_on():
    assert opened(on_agreement, *WITHDRAWN, OVERRIDING) is AppearanceBasis.VITAL_INTEREST
    assert opened(replace(on_agreement, items=(by_hand,)), *WITHDRAWN) is AppearanceBasis.SAFEGUARDING


interest = DeclareInterest(MEETING, ITEM, "hana", "housing-1", note=TEXT)
settle = ResolveInterest(MEETING, ITEM, "hana", TEXT)


@pytest.mark.parametrize(("who", "by_other"), [("hana", False), ("cora", True)])
def test_an_interest_in_an_item_is_an_interest_in_its_case(who: str, by_other: bool):
    facts = replace(GIVEN, by=replace(GIVEN.by, user=who))
    answer = decide_in_meeting(meeting, folded(*SHARED), interest, facts)
    assert answer == (
        [InterestDeclared(ITEM, "hana", "housing-1", InterestAction.RECUSED, TEXT)],
        [RecusalDeclared("hana", "housing-1", by_other, TEXT, MEETING, ITEM)],
    )
    heard, case = written(meeting, folded(*SHARED), answer)
    assert decide_in_meeting(heard, case, interest, facts) == ([], [])


def test_somebody_else_needs_a_reason_whatever_the_item_is_about():
    for named in (ITEM, MATTER):
        with pytest.raises(RecusalNeedsReason):
            decide_in_meeting(meeting, folded(*SHARED), replace(interest, item=named, note=None), GIVEN)
    general = replace(interest, item=MATTER)
    assert [len(facts) for facts in decide_in_meeting(meeting, None, general, GIVEN)] == [1, 0]


def test_an_interest_is_resolved_by_somebody_else_in_the_item_and_in_the_case():
    declared = written(meeting, folded(*SHARED), decide_in_meeting(meeting, folded(*SHARED), interest, GIVEN))
    with pytest.raises(OwnRecusal):
        decide_in_meeting(*declared, settle, replace(GIVEN, by=replace(GIVEN.by, user="hana")))
    answer = decide_in_meeting(*declared, settle, GIVEN)
    assert answer == ([InterestResolved(ITEM, "hana", "housing-1", TEXT)], [RecusalResolved("hana", TEXT)])
    heard, case = written(*declared, answer)
    assert decide_in_meeting(heard, case, settle, GIVEN) == ([], [])
    # Declared anew elsewhere, it is not resolved by what was said of this item before.
    assert decide_in_meeting(heard, folded(*SHARED, RecusalDeclared("hana", "housing-1")), settle, GIVEN) == ([], [])


def test_nobody_leads_the_talk_about_a_case_they_are_kept_out_of():
    opening = OpenItem(MEETING, ITEM, known_by="hana")
    assert [type(fact) for fact in decide_in_meeting(waiting, folded(*AGREED), opening, GIVEN)[0]] == [ItemOpened]
    kept_out = folded(*AGREED, RecusalDeclared(waiting.chair, "snn"))
    before = replace(waiting, interests=(Interest(ITEM, waiting.chair, "snn", InterestAction.RECUSED),))
    for state, case in ((waiting, kept_out), (before, folded(*AGREED))):
        with pytest.raises(ChairIsRecused):
            decide_in_meeting(state, case, opening, GIVEN)
        handed = replace(state, chair="somebody")
        assert decide_in_meeting(handed, case, opening, GIVEN)[0]
