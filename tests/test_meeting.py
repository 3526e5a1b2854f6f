"""A meeting from planning to confirmed minutes: what each command records, and every refusal."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.given import Given, Listed
from catch.domain.meeting import Meeting, MeetingCommand, MeetingEvent, decide, evolve
from catch.domain.meeting.adding import AddItem, AddLateItem, AgendaItemAdded, CaseOrMatter, LateItemAdded
from catch.domain.meeting.amending import AmendMinutes, MinutesAmended, NothingMinuted
from catch.domain.meeting.attendance import (
    AcceptConfidentiality,
    ApologyReceived,
    AttendeeJoined,
    AttendeeLeft,
    ConfidentialityAccepted,
    DeclareInterest,
    InterestDeclared,
    InterestResolved,
    JoinMeeting,
    LeaveMeeting,
    NoInterestDeclared,
    NotInTheRoom,
    ResolveInterest,
    SendApology,
    WrongStatement,
)
from catch.domain.meeting.deciding import (
    AgreesAndDissents,
    DecisionRecorded,
    GuestRecorded,
    ItemActionLinked,
    ItemUpdateRecorded,
    LinkAction,
    NotAtTheTable,
    RecordDecision,
    RecordGuest,
    RecordUpdate,
    UnknownDecision,
    WhoTellsThePerson,
)
from catch.domain.meeting.drafting import (
    AgendaDrafted,
    AgendaPublished,
    CaseAlreadyOnAgenda,
    DraftAgenda,
    ItemsNotReady,
    NoAgendaYet,
    PublishAgenda,
)
from catch.domain.meeting.editing import (
    AgendaItemMoved,
    AgendaItemRemoved,
    AgendaItemTimeboxChanged,
    ChangeTimebox,
    ItemPulledForDiscussion,
    MoveItem,
    NotForNoting,
    PullFromNoting,
    RemoveItem,
)
from catch.domain.meeting.floor import (
    AnotherItemIsOpen,
    CloseItem,
    DeferItem,
    ItemClosed,
    ItemDeferred,
    ItemNoted,
    ItemOpened,
    NobodyKnowsThePerson,
    NoteItem,
    OpenItem,
)
from catch.domain.meeting.instant import (
    EndsBeforeItStarts,
    HeldTooLongAgo,
    InstantDiscussionHeld,
    InstantDiscussionsNotAllowed,
    Participant,
    RecordInstantDiscussion,
    TooFewAgencies,
)
from catch.domain.meeting.invitations import (
    AvailabilityDeclared,
    InvitationWithdrawn,
    InviteMember,
    MemberInvited,
    OutsideTheMeeting,
    SetAvailability,
    WithdrawInvitation,
)
from catch.domain.meeting.items import DecisionCode, DeferReason, Dissent, GuestKind, ItemState, ToTell
from catch.domain.meeting.listing import (
    Agenda,
    AppearanceBasis,
    DraftedItem,
    Matter,
    Missing,
    Reason,
    ReasonCode,
    Section,
)
from catch.domain.meeting.planning import (
    CancelMeeting,
    MeetingCancelled,
    MeetingPlanned,
    MeetingRescheduled,
    NotAppointed,
    PlanMeeting,
    RescheduleMeeting,
    check_chair,
)
from catch.domain.meeting.rules import (
    AgendaIsPublished,
    AgendaNotPublished,
    CannotBeHeard,
    ItemIsOpen,
    ItemNotOpen,
    ItemResolved,
    MeetingHasBegun,
    MeetingIsOver,
    NotInProgress,
    NotInvited,
    NotOnTheAgenda,
    PartnerHasNoAgreement,
    ReasonRequired,
    TimeWithoutZone,
    UnknownSeries,
)
from catch.domain.meeting.session import (
    AdjournMeeting,
    CannotTakeTheChair,
    ChairHandedOver,
    ChairNotPresent,
    ConfirmMinutes,
    EndMeeting,
    HandOverChair,
    ItemStillOpen,
    ItemsUnresolved,
    MeetingAdjourned,
    MeetingEnded,
    MeetingResumed,
    MeetingStarted,
    MinutesConfirmed,
    NotEnded,
    ResumeMeeting,
    StartMeeting,
)
from catch.domain.meeting.speaking import (
    FloorGiven,
    GiveFloor,
    HandLowered,
    HandRaised,
    LowerHand,
    NoVoiceInTheItem,
    RaiseHand,
)
from catch.domain.meeting.state import Hand, InterestAction, MeetingState, Mode
from catch.domain.partner import Agreement, HeldRole, Member, MemberNotEnrolled, Partner
from catch.domain.programme.configuration import CoreMember, Programme, Series, Source
from catch.domain.refusals import (
    MissingText,
    OutOfRange,
    Refused,
    UnknownMeeting,
    UnknownPartner,
    UnknownProgramme,
)
from tests.given import Stream, at_once, given

SPACE = UUID("6b8f1c2e-0000-4000-8000-000000000000")
NOW = datetime(2025, 11, 18, 10, 0, tzinfo=UTC)
TEXT = Sealed("sealed")


def an(name: str) -> UUID:
    return uuid5(SPACE, name)


def partner(key: str, kind: str, *programmes: str, members: tuple[Member, ...] = ()) -> Partner:
    held = Agreement("isa", programmes, frozenset({Category.IDENTITY}), date(2020, 1, 1))
    return Partner(key, key, kind, (held,) if programmes else (), members)


def member(user: str, ends_on: date | None = None, *, suspended: bool = False) -> Member:
    return Member(user, TEXT, suspended, roles=(HeldRole(Role.PARTNER, date(2020, 1, 1), ends_on, "snn"),))


SERIES = Series("weekly", "Weekly", "FREQ=WEEKLY;BYDAY=TU", 120, core_members=(CoreMember("housing"),))
SNN = Programme(
    "snn", 1, "SNN", date(2020, 1, 1), (Source("self"),), ("phone",), meetings=(SERIES,), instant_discussions=True
)
PARTNERS = {
    "snn": partner("snn", "coordination", "snn", members=(member("ann"), member("bob"))),
    "housing-1": partner("housing-1", "housing", "snn", members=(member("hal"),)),
    "age-well": partner(
        "age-well",
        "voluntary",
        "snn",
        members=(member("jo"), member("sue", suspended=True), member("lou", date(2025, 1, 1))),
    ),
    "lapsed": partner("lapsed", "voluntary"),
}
PARTNER = Given(NOW, Actor("hal", "housing-1", Role.PARTNER), SNN, PARTNERS)

M = an("meeting")
PLAN = PlanMeeting(M, "snn", "weekly", NOW, "ann")
REASON = Reason(ReasonCode.NEW, Section.NEW, "New.")
ONE, TWO, NOTED = an("item one"), an("item two"), an("item noted")


def line(item: UUID, case: str, section: Section, order: int, *, must: bool = False) -> DraftedItem:
    basis = AppearanceBasis.AGREEMENT
    return DraftedItem(item, an(case), case, section, order, 8, must, (REASON,), "Why.", "hal", basis)


LINES = (
    line(ONE, "1", Section.NEW, 1, must=True),
    line(TWO, "2", Section.REVIEW, 2),
    line(NOTED, "3", Section.NOTING, 3),
)
CHAIR = Given(
    NOW,
    Actor("ann", "snn", Role.CHAIR),
    SNN,
    PARTNERS,
    draft=Agenda(7, "1", LINES),
    listings={ONE: Listed("1", "hal", AppearanceBasis.AGREEMENT, ("housing-1", "snn"))},
)
DRAFT, PUBLISH = DraftAgenda(M), PublishAgenda(M)
JOIN, ACCEPT = JoinMeeting(M, "hal", "housing-1"), AcceptConfidentiality(M, "hal")
RUNNING = (PLAN, DRAFT, PUBLISH, JOIN, ACCEPT, StartMeeting(M))
TOLD = ToTell("hal", date(2025, 11, 20))
ADVOCATE = RecordGuest(M, ONE, an("guest"), GuestKind.ADVOCATE, TEXT)
ASK, GIVE = RaiseHand(M, ONE, "hal"), GiveFloor(M, ONE, "hal")
DECIDE = RecordDecision(M, ONE, an("decision"), DecisionCode.CONTINUE, TEXT, ("housing-1",), (), TOLD)


def after(*commands: MeetingCommand, facts: Given = CHAIR) -> Stream[Meeting, MeetingEvent, MeetingCommand]:
    nothing: Stream[Meeting, MeetingEvent, MeetingCommand] = given(decide, at_once(evolve, NOW))
    return nothing.after(facts, *commands)


def state(*commands: MeetingCommand, facts: Given = CHAIR) -> Meeting:
    meeting = after(*commands, facts=facts).state
    assert meeting is not None
    return meeting


PLANNED = (PLAN,)
DRAFTED = (PLAN, DRAFT)
PUBLISHED = (PLAN, DRAFT, PUBLISH)
OPENED = (*RUNNING, OpenItem(M, ONE))
DEFER_TWO, DEFER_ONE = DeferItem(M, TWO, DeferReason.RAN_OUT_OF_TIME), DeferItem(M, ONE, DeferReason.CHAIR)
RESOLVED = (*OPENED, CloseItem(M, ONE), DEFER_TWO, NoteItem(M, NOTED))
ENDED = (*RESOLVED, EndMeeting(M))
CANCELLED = (PLAN, CancelMeeting(M, TEXT))
INSTANT = RecordInstantDiscussion(
    M,
    "snn",
    "weekly",
    ONE,
    an("1"),
    NOW - timedelta(minutes=12),
    NOW,
    (Participant("hal", "housing-1"), Participant("ann", "snn")),
    update=TEXT,
)

RECORDED: list[tuple[tuple[MeetingCommand, ...], MeetingCommand, list[type]]] = [
    ((), PLAN, [MeetingPlanned]),
    (PLANNED, RescheduleMeeting(M, NOW + timedelta(days=1), TEXT), [MeetingRescheduled]),
    (PLANNED, CancelMeeting(M, TEXT), [MeetingCancelled]),
    (PLANNED, InviteMember(M, "age-well"), [MemberInvited]),
    (DRAFTED, InviteMember(M, "age-well", "jo", (ONE,)), [MemberInvited]),
    ((PLAN, InviteMember(M, "age-well")), WithdrawInvitation(M, "age-well"), [InvitationWithdrawn]),
    (PLANNED, SetAvailability(M, "housing-1", NOW, NOW + timedelta(minutes=30)), [AvailabilityDeclared]),
    (PLANNED, DRAFT, [AgendaDrafted]),
    (DRAFTED, AddItem(M, an("x"), Section.NEW, an("4")), [AgendaItemAdded]),
    (PLANNED, AddItem(M, an("x"), Section.GENERAL, matter=Matter.MINUTES), [AgendaItemAdded]),
    (DRAFTED, RemoveItem(M, TWO), [AgendaItemRemoved]),
    (DRAFTED, MoveItem(M, TWO, 1), [AgendaItemMoved]),
    (DRAFTED, ChangeTimebox(M, TWO, 12), [AgendaItemTimeboxChanged]),
    (OPENED, ChangeTimebox(M, ONE, 12, TEXT), [AgendaItemTimeboxChanged]),
    (PUBLISHED, PullFromNoting(M, NOTED, TEXT), [ItemPulledForDiscussion]),
    (DRAFTED, PUBLISH, [AgendaPublished]),
    (
        PUBLISHED,
        AddLateItem(M, an("x"), an("4"), TEXT, "hal", AppearanceBasis.SAFEGUARDING),
        [LateItemAdded],
    ),
    (PUBLISHED, StartMeeting(M), [AttendeeJoined, ConfidentialityAccepted, MeetingStarted]),
    (PUBLISHED, JOIN, [AttendeeJoined]),
    ((*PUBLISHED, JOIN), LeaveMeeting(M, "hal"), [AttendeeLeft]),
    (PLANNED, SendApology(M, "jo", "age-well"), [ApologyReceived]),
    ((*PUBLISHED, JOIN), ACCEPT, [ConfidentialityAccepted]),
    (PUBLISHED, DeclareInterest(M, ONE, "hal", "housing-1"), [InterestDeclared]),
    (
        (*PUBLISHED, DeclareInterest(M, ONE, "hal", "housing-1")),
        ResolveInterest(M, ONE, "hal", TEXT),
        [InterestResolved],
    ),
    (RUNNING, OpenItem(M, ONE), [ItemOpened]),
    (OPENED, CloseItem(M, ONE), [ItemClosed]),
    (OPENED, RecordUpdate(M, ONE, update=TEXT), [ItemUpdateRecorded]),
    (OPENED, DECIDE, [DecisionRecorded]),
    (OPENED, ADVOCATE, [GuestRecorded]),
    ((*OPENED, ADVOCATE), ADVOCATE, []),
    (OPENED, ASK, [HandRaised]),
    (OPENED, GIVE, [FloorGiven]),
    ((*OPENED, ASK), GIVE, [FloorGiven]),
    ((*OPENED, GIVE), ASK, []),
    ((*OPENED, ASK), LowerHand(M, ONE, "hal"), [HandLowered]),
    (OPENED, LowerHand(M, ONE, "hal"), []),
    (ENDED, LowerHand(M, ONE, "hal"), []),
    (OPENED, LinkAction(M, ONE, an("action"), "housing-1"), [ItemActionLinked]),
    (PUBLISHED, DEFER_TWO, [ItemDeferred]),
    (OPENED, DEFER_ONE, [ItemDeferred]),
    (RUNNING, NoteItem(M, NOTED), [ItemNoted]),
    (RUNNING, AdjournMeeting(M), [MeetingAdjourned]),
    ((*RUNNING, AdjournMeeting(M)), ResumeMeeting(M), [MeetingResumed]),
    (RUNNING, HandOverChair(M, "hal"), [ChairHandedOver]),
    (RESOLVED, EndMeeting(M), [MeetingEnded]),
    ((*RESOLVED, AdjournMeeting(M)), EndMeeting(M), [MeetingEnded]),
    (ENDED, ConfirmMinutes(M), [MinutesConfirmed]),
    (ENDED, AmendMinutes(M, an("amended"), TEXT, ONE), [MinutesAmended]),
    ((*ENDED, ConfirmMinutes(M)), AmendMinutes(M, an("amended"), TEXT), [MinutesAmended]),
    ((INSTANT,), AmendMinutes(M, an("amended"), TEXT, ONE), [MinutesAmended]),
    ((), INSTANT, [InstantDiscussionHeld]),
    ((INSTANT,), DECIDE, [DecisionRecorded]),
    ((INSTANT,), LinkAction(M, ONE, an("action"), "housing-1"), [ItemActionLinked]),
]


@pytest.mark.parametrize(("before", "command", "kinds"), RECORDED)
def test_a_command_records_its_fact_and_repeated_records_nothing(
    before: tuple[MeetingCommand, ...], command: MeetingCommand, kinds: list[type]
):
    after(*before).when(command, CHAIR).recorded(*kinds)
    after(*before, command).when(command, CHAIR).then()


def test_every_command_of_the_meeting_is_among_those_tried():
    assert {type(command) for _, command, _ in RECORDED} == set(MeetingCommand.__args__)


def test_every_fact_of_the_meeting_is_among_those_recorded():
    assert {kind for _, _, kinds in RECORDED for kind in kinds} == set(MeetingEvent.__args__)


LATER = NOW + timedelta(hours=3)
GUEST = (InviteMember(M, "age-well", "jo", (TWO,)), JoinMeeting(M, "jo", "age-well"), AcceptConfidentiality(M, "jo"))
UNPREPARED = AddItem(M, an("x"), Section.NEW, an("4"))
LATE = AddLateItem(M, an("x"), an("4"), TEXT, "hal", AppearanceBasis.AGREEMENT)

REFUSED: list[tuple[tuple[MeetingCommand, ...], MeetingCommand, type[Refused]]] = [
    ((), StartMeeting(M), UnknownMeeting),
    (OPENED, AmendMinutes(M, an("amended"), TEXT, ONE), NothingMinuted),
    (ENDED, AmendMinutes(M, an("amended"), TEXT, an("x")), NotOnTheAgenda),
    ((), PlanMeeting(M, "other", "weekly", NOW, "ann"), UnknownProgramme),
    ((), PlanMeeting(M, "snn", "monthly", NOW, "ann"), UnknownSeries),
    ((), PlanMeeting(M, "snn", "weekly", NOW, "ann", 0), OutOfRange),
    ((), PlanMeeting(M, "snn", "weekly", NOW.replace(tzinfo=None), "ann"), TimeWithoutZone),
    (PLANNED, RescheduleMeeting(M, LATER, Sealed("")), MissingText),
    (RUNNING, RescheduleMeeting(M, LATER, TEXT), MeetingHasBegun),
    (RUNNING, CancelMeeting(M, TEXT), MeetingHasBegun),
    (PLANNED, CancelMeeting(M, Sealed("")), MissingText),
    (PLANNED, InviteMember(M, "lapsed"), PartnerHasNoAgreement),
    (PLANNED, InviteMember(M, "nobody"), UnknownPartner),
    (PLANNED, InviteMember(M, "age-well", None, (ONE,)), NotOnTheAgenda),
    (CANCELLED, InviteMember(M, "age-well"), MeetingIsOver),
    (PLANNED, SetAvailability(M, "housing-1", LATER, LATER + timedelta(hours=1)), OutsideTheMeeting),
    (PUBLISHED, DRAFT, AgendaIsPublished),
    (ENDED, DRAFT, MeetingIsOver),
    (PUBLISHED, UNPREPARED, AgendaIsPublished),
    (DRAFTED, AddItem(M, an("x"), Section.NEW, an("1")), CaseAlreadyOnAgenda),
    (DRAFTED, AddItem(M, an("x"), Section.NEW), CaseOrMatter),
    (DRAFTED, AddItem(M, an("x"), Section.NEW, an("4"), minutes=999), OutOfRange),
    (DRAFTED, RemoveItem(M, ONE), ReasonRequired),
    (PUBLISHED, RemoveItem(M, TWO), ReasonRequired),
    (PUBLISHED, MoveItem(M, TWO, 1), ReasonRequired),
    (PUBLISHED, ChangeTimebox(M, TWO, 1), ReasonRequired),
    (DRAFTED, MoveItem(M, TWO, 9), OutOfRange),
    (DRAFTED, MoveItem(M, an("x"), 1), NotOnTheAgenda),
    (OPENED, MoveItem(M, ONE, 2, TEXT), ItemIsOpen),
    (RESOLVED, RemoveItem(M, ONE, TEXT), ItemResolved),
    (PUBLISHED, PullFromNoting(M, ONE, TEXT), NotForNoting),
    (PUBLISHED, PullFromNoting(M, NOTED, Sealed("")), MissingText),
    (PLANNED, PUBLISH, NoAgendaYet),
    ((*DRAFTED, UNPREPARED), PUBLISH, ItemsNotReady),
    (DRAFTED, LATE, AgendaNotPublished),
    (PUBLISHED, AddLateItem(M, an("x"), an("1"), TEXT, "hal", AppearanceBasis.AGREEMENT), CaseAlreadyOnAgenda),
    (PUBLISHED, AddLateItem(M, an("x"), an("4"), Sealed(""), "hal", AppearanceBasis.AGREEMENT), MissingText),
    (DRAFTED, StartMeeting(M), AgendaNotPublished),
    (ENDED, StartMeeting(M), MeetingIsOver),
    (DRAFTED, JOIN, AgendaNotPublished),
    (PUBLISHED, JoinMeeting(M, "jo", "age-well"), NotInvited),
    ((*PUBLISHED, *GUEST[:1]), JoinMeeting(M, "kim", "age-well"), NotInvited),
    (PUBLISHED, JoinMeeting(M, "lee", "lapsed"), PartnerHasNoAgreement),
    (PUBLISHED, LeaveMeeting(M, "hal"), NotInTheRoom),
    (PUBLISHED, ACCEPT, NotInTheRoom),
    ((*PUBLISHED, JOIN), AcceptConfidentiality(M, "hal", "0"), WrongStatement),
    (PUBLISHED, ResolveInterest(M, ONE, "hal", TEXT), NoInterestDeclared),
    (PUBLISHED, DeclareInterest(M, an("x"), "hal", "housing-1"), NotOnTheAgenda),
    (PUBLISHED, OpenItem(M, ONE), NotInProgress),
    (OPENED, OpenItem(M, TWO), AnotherItemIsOpen),
    (RESOLVED, OpenItem(M, ONE), ItemResolved),
    ((*RUNNING, LeaveMeeting(M, "hal")), OpenItem(M, ONE), NobodyKnowsThePerson),
    ((*PUBLISHED, JOIN, StartMeeting(M)), OpenItem(M, ONE), NobodyKnowsThePerson),
    ((*RUNNING, DeclareInterest(M, ONE, "hal", "housing-1")), OpenItem(M, ONE), NobodyKnowsThePerson),
    (RUNNING, HandOverChair(M, "jo"), CannotTakeTheChair),
    ((*PUBLISHED, JOIN), HandOverChair(M, "hal"), CannotTakeTheChair),
    ((*RUNNING, LeaveMeeting(M, "hal")), HandOverChair(M, "hal"), CannotTakeTheChair),
    (PLANNED, HandOverChair(M, "hal"), AgendaNotPublished),
    (RUNNING, CloseItem(M, ONE), ItemNotOpen),
    (RUNNING, RecordUpdate(M, ONE, update=TEXT), ItemNotOpen),
    (OPENED, RecordUpdate(M, ONE), MissingText),
    (RUNNING, ADVOCATE, ItemNotOpen),
    (OPENED, replace(ADVOCATE, name=Sealed("")), MissingText),
    (RUNNING, ASK, ItemNotOpen),
    (OPENED, RaiseHand(M, TWO, "hal"), ItemNotOpen),
    (OPENED, RaiseHand(M, an("x"), "hal"), NotOnTheAgenda),
    (OPENED, LowerHand(M, an("x"), "hal"), NotOnTheAgenda),
    ((*OPENED, AdjournMeeting(M)), ASK, NotInProgress),
    (ENDED, GIVE, NotInProgress),
    (OPENED, RaiseHand(M, ONE, "jo"), NoVoiceInTheItem),
    ((*OPENED, *GUEST), RaiseHand(M, ONE, "jo"), NoVoiceInTheItem),
    ((*OPENED, LeaveMeeting(M, "hal")), GIVE, NoVoiceInTheItem),
    ((*PUBLISHED, JOIN, StartMeeting(M), OpenItem(M, ONE, override_reason=TEXT)), ASK, NoVoiceInTheItem),
    ((*OPENED, DeclareInterest(M, ONE, "hal", "housing-1")), ASK, NoVoiceInTheItem),
    (RUNNING, DECIDE, ItemNotOpen),
    ((*OPENED, AdjournMeeting(M)), DECIDE, NotInProgress),
    (OPENED, RecordDecision(M, ONE, an("d"), DecisionCode.CONTINUE), WhoTellsThePerson),
    (
        OPENED,
        RecordDecision(M, ONE, an("d"), DecisionCode.CLOSE, agreed_by=("age-well",), to_tell_person=TOLD),
        NotAtTheTable,
    ),
    (
        OPENED,
        RecordDecision(
            M, ONE, an("d"), DecisionCode.CLOSE, TEXT, ("snn",), (Dissent("snn", TEXT),), to_tell_person=TOLD
        ),
        AgreesAndDissents,
    ),
    (RUNNING, LinkAction(M, ONE, an("action"), "housing-1"), ItemNotOpen),
    (OPENED, LinkAction(M, ONE, an("action"), "housing-1", an("no decision")), UnknownDecision),
    (DRAFTED, DEFER_TWO, AgendaNotPublished),
    ((*OPENED, CloseItem(M, ONE)), DEFER_ONE, ItemResolved),
    (RUNNING, NoteItem(M, ONE), NotForNoting),
    (PUBLISHED, NoteItem(M, NOTED), NotInProgress),
    (PUBLISHED, AdjournMeeting(M), NotInProgress),
    (PUBLISHED, ResumeMeeting(M), NotInProgress),
    (OPENED, EndMeeting(M), ItemStillOpen),
    (RUNNING, EndMeeting(M), ItemsUnresolved),
    (PUBLISHED, EndMeeting(M), NotInProgress),
    (RESOLVED, ConfirmMinutes(M), NotEnded),
    ((), replace(INSTANT, seats=INSTANT.seats[:1]), TooFewAgencies),
    ((), replace(INSTANT, ended_at=NOW - timedelta(1)), EndsBeforeItStarts),
    ((), replace(INSTANT, held_at=NOW - timedelta(days=7, seconds=1)), HeldTooLongAgo),
    ((), replace(INSTANT, ended_at=NOW + timedelta(minutes=5, seconds=1)), HeldTooLongAgo),
    ((), replace(INSTANT, ended_at=datetime(2199, 1, 1, tzinfo=UTC)), HeldTooLongAgo),
]


@pytest.mark.parametrize(("before", "command", "refusal"), REFUSED)
def test_a_command_is_refused(before: tuple[MeetingCommand, ...], command: MeetingCommand, refusal: type[Refused]):
    after(*before).when(command, CHAIR).refused(refusal)


def test_a_meeting_starts_only_with_its_chair_or_somebody_who_takes_the_chair():
    after(*PUBLISHED).when(StartMeeting(M), PARTNER).refused(ChairNotPresent)
    deputy = Given(NOW, Actor("bob", "snn", Role.CHAIR), SNN, PARTNERS)
    for role in (Role.CHAIR, Role.DEPUTY):
        started = after(*PUBLISHED).when(StartMeeting(M), replace(deputy, by=Actor("bob", "snn", role))).state
        assert started is not None
        assert started.chair == "bob"
    seated = after(*PUBLISHED, JoinMeeting(M, "ann", "snn"))
    seated.when(StartMeeting(M), PARTNER).then(MeetingStarted(NOW, "ann", "1", "1", 2))


def test_a_recused_member_counts_for_nothing_in_the_item_and_again_once_it_is_resolved():
    declared = (*RUNNING, DeclareInterest(M, ONE, "hal", "housing-1", InterestAction.LEAVES))
    assert state(*declared).recused(ONE, "hal")
    assert state(*declared).agencies_at_the_table(ONE) == ("snn",)
    assert state(*declared).agencies_at_the_table(TWO) == ("housing-1", "snn")
    assert state(*declared, ResolveInterest(M, ONE, "hal", TEXT)).agencies_at_the_table(ONE) == ("housing-1", "snn")


def test_a_guest_is_at_the_table_for_the_items_named_only():
    meeting = state(*RUNNING, *GUEST)
    assert "age-well" not in meeting.agencies_at_the_table(ONE)
    assert "age-well" in meeting.agencies_at_the_table(TWO)


def up(*commands: MeetingCommand) -> list[tuple[str, bool]]:
    """Who asks to speak behind these commands, and whether they do."""
    return [(held.user, held.speaks) for held in state(*OPENED, *commands).hands]


def test_they_speak_in_the_order_of_asking_one_at_a_time():
    both = (JoinMeeting(M, "bob", "snn"), AcceptConfidentiality(M, "bob"), RaiseHand(M, ONE, "bob"), ASK)
    invited = (InviteMember(M, "snn"), *both)
    assert up(*invited) == [("bob", False), ("hal", False)]
    assert up(*invited, GIVE) == [("hal", True), ("bob", False)]
    # Whoever spoke before has finished, and may ask again behind all others.
    assert up(*invited, GIVE, GiveFloor(M, ONE, "bob")) == [("bob", True)]
    assert up(*invited, GIVE, GiveFloor(M, ONE, "bob"), ASK) == [("bob", True), ("hal", False)]
    assert up(*invited, GIVE, LowerHand(M, ONE, "hal")) == [("bob", False)]
    assert state(*OPENED, ASK).hands == (Hand(ONE, "hal", "housing-1", NOW),)


ENDS_IT: dict[str, tuple[MeetingCommand, ...]] = {
    "the item is closed": (CloseItem(M, ONE),),
    "it is put off": (DEFER_ONE,),
    "they leave": (LeaveMeeting(M, "hal"),),
    "they are kept out": (DeclareInterest(M, ONE, "hal", "housing-1", InterestAction.LEAVES),),
    "they are asked no more": (InviteMember(M, "housing-1"), WithdrawInvitation(M, "housing-1")),
    "they come for other items": (InviteMember(M, "housing-1", items=(TWO,)),),
    "the meeting ends": (CloseItem(M, ONE), DEFER_TWO, NoteItem(M, NOTED), EndMeeting(M)),
}


@pytest.mark.parametrize("end", ENDS_IT)
@pytest.mark.parametrize("asked", [(ASK,), (ASK, GIVE)])
def test_nobody_asks_to_speak_any_more_when(end: str, asked: tuple[MeetingCommand, ...]):
    assert up(*asked)
    assert up(*asked, *ENDS_IT[end]) == []


def test_who_comes_back_has_not_asked_again():
    assert up(ASK, LeaveMeeting(M, "hal"), JOIN) == []
    assert up(ASK, AdjournMeeting(M), ResumeMeeting(M)) == [("hal", False)]


def test_nobody_asked_before_the_item_was_open_nor_asks_no_longer_before_they_asked():
    five = timedelta(minutes=5)
    after(*RUNNING).after(replace(CHAIR, at=NOW + five), OpenItem(M, ONE)).when(ASK, CHAIR).refused(OutOfRange)
    after(*OPENED, ASK).when(LowerHand(M, ONE, "hal"), replace(CHAIR, at=NOW - five)).refused(OutOfRange)


def test_an_item_is_opened_without_anybody_who_knows_the_person_only_with_a_reason():
    alone = (*RUNNING, LeaveMeeting(M, "hal"))
    after(*alone).when(OpenItem(M, ONE, override_reason=TEXT), CHAIR).then(ItemOpened(ONE, NOW, an("1"), None, TEXT))
    after(*alone).when(OpenItem(M, ONE, known_by="ann"), CHAIR).then(ItemOpened(ONE, NOW, an("1"), "ann"))


def test_whoever_is_named_acts_for_the_agency_they_are_said_to_act_for():
    invite = InviteMember(M, "age-well", "jo")
    for user in ("sue", "lou", "ann", "nobody"):  # suspended, lapsed, of another agency, unknown
        after(*PLANNED).when(replace(invite, user=user), CHAIR).refused(MemberNotEnrolled, user=user)
    gone = replace(CHAIR, partners={**PARTNERS, "age-well": replace(PARTNERS["age-well"], members=())})
    after(*PLANNED, invite).when(invite, gone).then()  # named before: nothing is left to do
    left = replace(CHAIR, partners={**PARTNERS, "snn": replace(PARTNERS["snn"], members=())})
    after(*RUNNING).when(OpenItem(M, ONE, known_by="ann"), left).refused(MemberNotEnrolled, user="ann")
    after(*RUNNING).when(OpenItem(M, ONE), left).recorded(ItemOpened)  # the presenter, who was named before


def test_the_chair_of_a_meeting_is_somebody_appointed_to_chair_its_series():
    check_chair(PLAN, {"ann", "bob"})
    for appointed in (set[str](), {"bob"}):
        with pytest.raises(NotAppointed):
            check_chair(PLAN, appointed)


def test_a_decision_without_quorum_is_flagged_and_not_blocked():
    quorate = after(*OPENED).when(DECIDE, CHAIR).events[0]
    alone = (*RUNNING, LeaveMeeting(M, "hal"), OpenItem(M, ONE, override_reason=TEXT))
    inquorate = after(*alone).when(replace(DECIDE, agreed_by=("snn",)), CHAIR).events[0]
    assert isinstance(quorate, DecisionRecorded)
    assert isinstance(inquorate, DecisionRecorded)
    assert (quorate.inquorate, inquorate.inquorate) == (False, True)


def test_closing_an_item_says_how_long_it_took_and_who_was_there():
    later = replace(CHAIR, at=NOW + timedelta(minutes=9))
    closed = ItemClosed(ONE, NOW, NOW + timedelta(minutes=9), ("housing-1", "snn"), an("1"))
    after(*OPENED).when(CloseItem(M, ONE), later).then(closed)


def test_a_deferral_counts_and_names_where_the_item_goes():
    put_off = DeferItem(M, TWO, DeferReason.REQUIRED_PARTNER_ABSENT, an("next"))
    fact = ItemDeferred(TWO, DeferReason.REQUIRED_PARTNER_ABSENT, 1, NOW, an("2"), an("next"))
    after(*RUNNING).when(put_off, CHAIR).then(fact)


def test_a_draft_that_names_a_case_twice_is_refused():
    twice = replace(CHAIR, draft=Agenda(8, "1", (LINES[0], LINES[0])))
    after(*PLANNED).when(DRAFT, twice).refused(CaseAlreadyOnAgenda)


def test_an_item_added_by_hand_has_what_its_case_says_where_nobody_said_otherwise():
    listed = replace(CHAIR, listed=Listed("CASE-4", "hal", AppearanceBasis.AGREEMENT))
    (item,) = [held for held in state(*DRAFTED, UNPREPARED, facts=listed).items if held.item == an("x")]
    assert (item.number, item.presenter, item.basis) == ("CASE-4", "hal", AppearanceBasis.AGREEMENT)
    said = AddItem(M, an("x"), Section.NEW, an("4"), presenter="ann")
    (item,) = [held for held in state(*DRAFTED, said, facts=listed).items if held.item == an("x")]
    assert item.presenter == "ann"


UNFIT = Listed("CASE-4", "hal", None, (), (Missing.LIVE_CASE, Missing.BASIS))


@pytest.mark.parametrize(("before", "adding"), [(DRAFTED, UNPREPARED), (PUBLISHED, LATE)])
def test_a_case_that_the_rules_would_not_draft_is_added_by_nobody(
    before: tuple[MeetingCommand, ...], adding: MeetingCommand
):
    unfit = replace(CHAIR, listed=UNFIT)
    after(*before).when(adding, unfit).refused(CannotBeHeard, missing="live-case, basis")
    fit = replace(CHAIR, listed=replace(UNFIT, basis=AppearanceBasis.AGREEMENT, lacks=()))
    added = after(*before).after(fit, adding)
    added.when(adding, unfit).then()  # what was added stands, and so does its repetition


def test_another_basis_than_the_persons_agreement_is_given_with_its_reason():
    listed = replace(CHAIR, listed=Listed("CASE-4", "hal", AppearanceBasis.SAFEGUARDING))
    said = replace(UNPREPARED, basis=AppearanceBasis.SAFEGUARDING)
    after(*DRAFTED).when(said, listed).refused(MissingText, field="reason")
    (item,) = [held for held in state(*DRAFTED, replace(said, reason=TEXT), facts=listed).items if held.item == an("x")]
    assert item.basis is AppearanceBasis.SAFEGUARDING


def test_what_has_changed_since_it_was_drafted_is_asked_again_when_the_agenda_is_published():
    now = replace(UNFIT, lacks=(Missing.BASIS,))
    changed = replace(CHAIR, listings={ONE: now, TWO: replace(now, lacks=(Missing.LIVE_CASE, Missing.BASIS))})
    after(*DRAFTED).when(PUBLISH, changed).refused(ItemsNotReady, items=f"{ONE}, {TWO}", missing="basis, live-case")
    # What was taken off is asked of nobody any more.
    after(*DRAFTED, RemoveItem(M, ONE, TEXT), RemoveItem(M, TWO)).when(PUBLISH, changed).recorded(AgendaPublished)
    other = Listed("1", "hal", AppearanceBasis.VITAL_INTEREST, ("snn",))
    published = after(*DRAFTED).when(PUBLISH, replace(CHAIR, listings={ONE: other})).state
    assert published is not None
    assert [item.basis for item in published.items][:2] == [AppearanceBasis.VITAL_INTEREST, AppearanceBasis.AGREEMENT]


def test_the_published_hash_changes_with_the_agenda_and_with_who_may_see_it():
    def published(*before: MeetingCommand, facts: Given = CHAIR) -> str | None:
        return state(*DRAFTED, *before, PUBLISH, facts=facts).content_hash

    assert published() == published()
    nobody = replace(CHAIR, listings={})
    others = {published(MoveItem(M, TWO, 1)), published(ChangeTimebox(M, TWO, 9)), published(facts=nobody)}
    assert len({published(), *others}) == 4


def test_publishing_keeps_who_may_see_which_item():
    assert [item.visible_to for item in state(*PUBLISHED).items] == [("housing-1", "snn"), (), ()]


def test_items_keep_their_places_counted_from_one():
    moved = state(*DRAFTED, MoveItem(M, NOTED, 1), RemoveItem(M, TWO), AddItem(M, an("x"), Section.URGENT, an("4")))
    assert [(item.item, item.order) for item in moved.items] == [(an("x"), 1), (NOTED, 2), (ONE, 3), (TWO, 0)]


def test_a_new_draft_leaves_alone_what_people_added_and_removed():
    edited = (*DRAFTED, RemoveItem(M, TWO), AddItem(M, an("x"), Section.REVIEW, an("4"), minutes=20))
    newer = replace(CHAIR, draft=Agenda(9, "1", (*LINES[::-1], line(an("y"), "4", Section.NEW, 4))))
    meeting = after(*edited).after(newer, DRAFT).state
    assert meeting is not None
    assert [(i.item, i.state) for i in meeting.items] == [
        (ONE, ItemState.PENDING),
        (an("x"), ItemState.PENDING),
        (NOTED, ItemState.PENDING),
        (TWO, ItemState.REMOVED),
    ]


def test_a_case_put_off_may_come_back_as_a_late_item():
    back = AddLateItem(M, an("x"), an("2"), TEXT, "hal", AppearanceBasis.AGREEMENT)
    meeting = state(*RUNNING, DEFER_TWO, back, facts=replace(CHAIR, listed=Listed("2", agencies=("snn",))))
    late = meeting.item(an("x"))
    assert late is not None
    assert (late.section, late.order, late.must, late.visible_to) == (Section.URGENT, 1, True, ("snn",))


def test_a_moved_meeting_keeps_its_agenda_and_the_times_that_still_fit():
    there = SetAvailability(M, "housing-1", NOW + timedelta(minutes=60), NOW + timedelta(minutes=90))
    gone = SetAvailability(M, "age-well", NOW, NOW + timedelta(minutes=30))
    meeting = state(*DRAFTED, there, gone, RescheduleMeeting(M, NOW + timedelta(minutes=60), TEXT))
    assert [held.agency for held in meeting.availability] == ["housing-1"]
    assert len(meeting.items) == 3


def test_people_who_come_back_have_two_stays_and_leave_when_the_meeting_ends():
    meeting = state(*RUNNING, LeaveMeeting(M, "hal"), JOIN, *RESOLVED[len(RUNNING) :], EndMeeting(M))
    hal = meeting.attendee("hal")
    assert hal is not None
    assert len(hal.stays) == 2
    assert not any(held.present for held in meeting.attendance)


def test_an_instant_discussion_is_recorded_within_a_week():
    for held in (NOW - timedelta(days=7), NOW):
        after().when(replace(INSTANT, held_at=held), CHAIR).recorded(InstantDiscussionHeld)
    late = replace(INSTANT, ended_at=NOW + timedelta(minutes=5))
    after().when(late, CHAIR).recorded(InstantDiscussionHeld)


def test_an_instant_discussion_is_recorded_where_the_programme_allows_them():
    assert CHAIR.programme is not None
    others = replace(CHAIR, programme=replace(CHAIR.programme, instant_discussions=False))
    after().when(INSTANT, others).refused(InstantDiscussionsNotAllowed, programme=INSTANT.programme)
    assert not Programme("any", 1, "Any", NOW.date(), (), ()).instant_discussions


def test_whoever_was_asked_to_stay_away_does_not_come_in_by_what_they_are():
    uninvited = (InviteMember(M, "housing-1"), WithdrawInvitation(M, "housing-1"))
    after(*PUBLISHED).when(JOIN, CHAIR).recorded(AttendeeJoined)
    after(*PUBLISHED, *uninvited).when(JOIN, CHAIR).refused(NotInvited)


AHEAD = NOW + timedelta(days=400)


def test_a_meeting_lies_at_most_400_days_ahead():
    second = timedelta(seconds=1)
    after().when(replace(PLAN, starts_at=AHEAD), CHAIR).recorded(MeetingPlanned)
    after().when(replace(PLAN, starts_at=AHEAD + second), CHAIR).refused(OutOfRange, field="startsAt")
    after(*PLANNED).when(RescheduleMeeting(M, AHEAD, TEXT), CHAIR).recorded(MeetingRescheduled)
    after(*PLANNED).when(RescheduleMeeting(M, AHEAD + second, TEXT), CHAIR).refused(OutOfRange, field="startsAt")


@pytest.mark.parametrize("direction", [1, -1])
def test_a_meeting_that_is_moved_far_is_published_again(direction: int):
    fortnight, second = timedelta(days=14) * direction, timedelta(seconds=1) * direction
    near = state(*PUBLISHED, RescheduleMeeting(M, NOW + fortnight, TEXT))
    assert (near.moved_far, near.state, near.published_at) == (False, MeetingState.AGENDA_PUBLISHED, NOW)
    far = state(*PUBLISHED, RescheduleMeeting(M, NOW + fortnight + second, TEXT))
    assert (far.moved_far, far.state, far.published_at) == (True, MeetingState.AGENDA_DRAFTED, None)
    again = state(*PUBLISHED, RescheduleMeeting(M, NOW + fortnight + second, TEXT), PUBLISH)
    assert (again.moved_far, again.state, again.moved_from) == (False, MeetingState.AGENDA_PUBLISHED, None)


def test_many_small_moves_are_a_far_one():
    first, second, back = (RescheduleMeeting(M, NOW + timedelta(days=days), TEXT) for days in (10, 20, 13))
    assert not state(*PUBLISHED, first).moved_far
    assert state(*PUBLISHED, first, second).moved_far
    assert state(*PUBLISHED, first, second, back).moved_far
    assert not state(*PUBLISHED, first, RescheduleMeeting(M, NOW, TEXT)).moved_far


def test_a_meeting_with_nothing_on_its_agenda_moves_as_far_as_it_likes():
    assert not state(*PLANNED, RescheduleMeeting(M, NOW + timedelta(days=90), TEXT)).moved_far


def test_an_invitation_taken_back_is_gone_until_it_is_given_again():
    invite, back = InviteMember(M, "age-well"), WithdrawInvitation(M, "age-well")
    assert not state(*DRAFTED, invite).uninvited("age-well", "ann")
    gone = state(*DRAFTED, invite, back)
    assert gone.uninvited("age-well", "ann")
    assert not gone.uninvited("housing-1", "ann")
    assert not gone.invited_to(ONE, "age-well", "ann")
    assert not state(*DRAFTED, invite, back, invite).uninvited("age-well", "ann")


def test_an_instant_discussion_is_a_meeting_of_one_discussed_item():
    meeting = state(INSTANT)
    item = meeting.items[0]
    assert (meeting.state, meeting.instant, meeting.mode) == (MeetingState.ENDED, True, Mode.IN_PERSON)
    assert (item.state, item.minutes, item.present) == (ItemState.DISCUSSED, 12, ("housing-1", "snn"))


def test_a_stream_that_does_not_begin_with_its_planning_is_not_a_meeting():
    assert evolve(None, MeetingEnded(NOW), NOW) is None
