"""Taking a command: the order of answers, what a command id stands for, ids, keys, and what a command names."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
import pytest_asyncio

from catch.access import NotAllowed, NotEnrolled
from catch.commands import InTheFuture, Stale
from catch.commands.meetings import MeetingAlreadyPlanned
from catch.domain.case.actions import ActionAnswer, OfferAction, RespondToAction
from catch.domain.case.agreement import RecordAgreement, RecordObjection, WithdrawAgreement
from catch.domain.case.disclosure import EndInvolvement
from catch.domain.case.eligibility import AcceptReferral, Redirection, RedirectReferral
from catch.domain.case.notes import AddNote
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.referral import AttachReferral, ProgrammeNotRunning, SubmitReferral
from catch.domain.case.state import ProposalPurpose, Worker
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.meeting.adding import AddItem
from catch.domain.meeting.attendance import SendApology
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.floor import DeferItem
from catch.domain.meeting.instant import Participant, RecordInstantDiscussion
from catch.domain.meeting.items import DeferReason
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting, RescheduleMeeting
from catch.domain.meeting.session import StartMeeting
from catch.domain.partner import EnrolMember, GiveRole, SignAgreement, SuspendMember
from catch.domain.person import RegisterPerson, SetContactPreference
from catch.domain.programme import ResumeProgramme, SuspendProgramme
from catch.domain.refusals import (
    IdAlreadyUsed,
    IdNotAllowed,
    Refused,
    UnknownCase,
    UnknownMeeting,
    UnknownPartner,
    UnknownPerson,
    UnknownProgramme,
)
from catch.domain.streams import CASE, MEETING, PERSON, partner_stream
from catch.log import Append, Conflict, NewEvent
from catch.log.entries import CommandIdReused
from catch.personal import SubjectErased
from catch.programmes import starting
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    SERIES,
    SYSTEM,
    Place,
    ago,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
OURSELVES = Worker(COORDINATOR.user, COORDINATOR.agency)
COLLEAGUE = Actor("colleague@snn", "snn", Role.COORDINATOR)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as found:
        yield found


async def refused(
    place: Place,
    command: Command,
    by: Actor = COORDINATOR,
    *,
    command_id: UUID | None = None,
    expected_version: int | None = None,
    occurred_at: datetime | None = None,
) -> Refused:
    with pytest.raises(Refused) as found:
        await place.catch.commands.take(
            command,
            by=by,
            command_id=command_id or uuid4(),
            expected_version=expected_version,
            occurred_at=occurred_at,
        )
    return found.value


async def keys(place: Place) -> set[UUID]:
    return {row["subject"] for row in await place.catch.log.pool.fetch("select subject from data_keys")}


async def version(place: Place, stream: UUID) -> int:
    return len(await place.catch.log.stream(stream))


# What a command id stands for


async def test_exactly_the_same_command_gets_its_first_answer(place: Place):
    case, id_ = await place.referred("Ada Example"), uuid4()
    first = await place.take(RecordAgreement(case.case), command_id=id_)
    await place.take(WithdrawAgreement(case.case))
    assert await place.take(RecordAgreement(case.case), command_id=id_) == first._replace(repeated=True)


async def test_a_repeated_text_is_the_same_command_although_it_is_sealed_anew(place: Place):
    id_, person = uuid4(), uuid4()
    command = RegisterPerson(person, name=Sealed("Ada Example"), nhs_number=Sealed("943 476 5919"))
    first = await place.take(command, command_id=id_)
    assert await place.take(command, command_id=id_) == first._replace(repeated=True)
    assert isinstance(
        await refused(place, RegisterPerson(person, name=Sealed("Ada Exemple")), command_id=id_), CommandIdReused
    )


async def test_an_id_that_was_used_for_something_else_is_refused_and_tells_nothing_of_it(place: Place):
    alike, elsewhere = [Actor(COORDINATOR.user, agency, Role.COORDINATOR) for agency in ("other-1", "housing-1")]
    for somebody in (COLLEAGUE, alike):
        await place.enrol(somebody)
    await place.take(EnrolMember("housing-1", elsewhere.user, Sealed("C. Example")), SYSTEM)
    await place.take(
        GiveRole("housing-1", elsewhere.user, Role.COORDINATOR, ago(days=9).date(), None, PROGRAMME), SYSTEM
    )
    one, other, id_ = await place.referred("Ada Example"), await place.referred("Bo Example"), uuid4()
    await place.take(RecordAgreement(one.case), command_id=id_)
    before = await place.catch.log.head()
    for command, by in (
        (RecordAgreement(other.case), COORDINATOR),
        (WithdrawAgreement(one.case), COORDINATOR),
        (RecordAgreement(one.case, scope="support"), COORDINATOR),
        (RecordAgreement(one.case), COLLEAGUE),
        (RecordAgreement(one.case), alike),
    ):
        found = await refused(place, command, by, command_id=id_)
        assert isinstance(found, CommandIdReused), (command, by)
        assert found.details == {}
    # For an agency that does not see the case it is not there, whatever the id was used for.
    assert isinstance(await refused(place, RecordAgreement(one.case), elsewhere, command_id=id_), UnknownCase)
    assert await place.catch.log.head() == before


async def test_who_may_not_ask_is_told_that_and_not_that_the_id_was_used(place: Place):
    case, id_ = await place.referred("Ada Example"), uuid4()
    await place.take(RecordAgreement(case.case), command_id=id_)
    assert isinstance(await refused(place, RecordAgreement(case.case), AUDITOR, command_id=id_), NotAllowed)
    for unseen in (uuid4(), case.case):
        note = AddNote(unseen, uuid4(), Category.DISCUSSION, Sealed("x"))
        assert isinstance(await refused(place, note, HOUSING, command_id=id_), UnknownCase)


async def test_a_used_id_is_found_out_before_what_the_case_would_say(place: Place):
    case, id_ = await place.referred("Ada Example"), uuid4()
    await place.take(RecordAgreement(case.case), command_id=id_)
    nothing_agreed = await place.referred("Bo Example")
    for command, expected in (
        (WithdrawAgreement(nothing_agreed.case), None),
        (RecordAgreement(nothing_agreed.case), 77),
    ):
        found = await refused(place, command, command_id=id_, expected_version=expected)
        assert isinstance(found, CommandIdReused)
    assert isinstance(await refused(place, RecordAgreement(uuid4()), command_id=id_), UnknownCase)


async def test_the_first_answer_comes_whatever_has_changed_since(place: Place):
    member = Actor("leaver@housing-1", "housing-1", Role.PARTNER)
    now_an_auditor = Actor(member.user, member.agency, Role.AUDITOR)
    await place.enrol(member)
    case, id_, note = await place.worked_on("Ada Example", "housing-1"), uuid4(), uuid4()
    command = AddNote(case.case, note, Category.DISCUSSION, Sealed("Seen at home"))
    first = await place.take(command, member, command_id=id_)
    await place.take(EndInvolvement(case.case, "housing-1"))
    assert await place.take(command, member, command_id=id_) == first._replace(repeated=True)
    assert isinstance(await refused(place, command, now_an_auditor, command_id=id_), NotEnrolled)
    await place.enrol(now_an_auditor)
    assert await place.take(command, now_an_auditor, command_id=id_) == first._replace(repeated=True)
    assert isinstance(await refused(place, command, now_an_auditor), NotAllowed)
    await place.take(SuspendMember("housing-1", member.user), ADMINISTRATOR)
    for by in (member, now_an_auditor):
        assert isinstance(await refused(place, command, by, command_id=id_), NotEnrolled)


async def test_an_answer_from_before_digests_were_kept_is_nobodys_to_have(place: Place):
    case, id_ = await place.referred("Ada Example"), uuid4()
    await place.take(RecordAgreement(case.case), command_id=id_)
    older = uuid4()
    await place.catch.log.pool.execute(
        "insert into commands select $1, stream, version, position, events from commands where command_id = $2",
        older,
        id_,
    )
    assert isinstance(await refused(place, RecordAgreement(case.case), command_id=older), CommandIdReused)


async def test_the_table_of_commands_gives_nothing_away(place: Place):
    """The digest is keyed: who holds the table cannot try out what a command may have said."""
    case, id_ = await place.referred("Ada Example"), uuid4()
    await place.take(RecordAgreement(case.case), command_id=id_)
    row = await place.catch.log.pool.fetchrow("select * from commands where command_id = $1", id_)
    assert row is not None
    assert len(row["digest"]) == 32
    assert set(row.keys()) == {"command_id", "stream", "version", "position", "events", "digest"}


async def test_a_command_with_nothing_to_do_is_kept_with_its_answer(place: Place):
    case, id_ = await place.referred("Ada Example"), uuid4()
    await place.take(RecordAgreement(case.case))
    first = await place.take(RecordAgreement(case.case), command_id=id_)
    assert (first.events, first.stream) == ((), case.case)
    await place.take(WithdrawAgreement(case.case))
    assert await place.take(RecordAgreement(case.case), command_id=id_) == first._replace(repeated=True)


# The order of answers


async def test_what_the_role_may_not_ask_is_refused_alike_whether_or_not_it_is_there(place: Place):
    case = await place.referred("Ada Example")
    there, nowhere = [
        await refused(place, RecordAgreement(id_), AUDITOR, expected_version=-1) for id_ in (case.case, uuid4())
    ]
    assert (type(there), there.details) == (type(nowhere), nowhere.details)
    assert isinstance(there, NotAllowed)


async def test_stale_comes_after_who_may_and_says_only_what_was_sent(place: Place):
    case = await place.referred("Ada Example")
    assert isinstance(await refused(place, RecordAgreement(case.case), HOUSING, expected_version=-1), NotAllowed)
    stale = await refused(place, RecordAgreement(case.case), expected_version=-1)
    assert isinstance(stale, Stale)
    assert stale.details == {"expected": "-1"}
    assert isinstance(await refused(place, WithdrawAgreement(case.case), expected_version=9), Stale)
    answer = await place.catch.commands.take(
        RecordAgreement(case.case), by=COORDINATOR, command_id=uuid4(), expected_version=1
    )
    assert answer.version == 2


async def test_something_else_that_moved_does_not_make_a_command_stale(place: Place):
    """The partner, the programme and whatever else it rests on are read again, and it is decided again."""
    case = await place.worked_on("Ada Example", "housing-1")
    held = await place.catch.present.states.get(CASE, case.case)
    await behind(place, partner_stream("snn"), EnrolMember("snn", f"new-{uuid4()}", Sealed("N. Ew")), ADMINISTRATOR)
    answer = await place.catch.commands.take(
        WithdrawAgreement(case.case), by=COORDINATOR, command_id=uuid4(), expected_version=held.version
    )
    assert "AgreementWithdrawn" in answer.events


async def behind(place: Place, stream: UUID, command: Command, by: Actor) -> None:
    """The command is recorded, and this server remembers the stream as it was before."""
    states = place.catch.present.states
    before = states.seen(stream)
    await place.take(command, by)
    await place.settled()
    if before is not None:
        states.forget([stream])
        states._keep(stream, *before, 0)  # pyright: ignore[reportPrivateUsage]


async def test_what_is_in_the_future_is_refused_after_who_may(place: Place):
    case, later = await place.referred("Ada Example"), ago(days=-1)
    assert isinstance(await refused(place, RecordAgreement(case.case), occurred_at=later), InTheFuture)
    assert isinstance(await refused(place, RecordAgreement(case.case), AUDITOR, occurred_at=later), NotAllowed)


# Ids


@pytest.mark.parametrize("new", [uuid5(UUID(int=7), "x"), UUID("00000000-0000-8000-8000-000000000000")])
async def test_what_clients_begin_does_not_lie_where_derived_ids_do(place: Place, new: UUID):
    case, now = await place.referred("Ada Example"), ago(minutes=1)
    seats = (Participant("a", "housing-1"), Participant("b", "snn"))
    for command in (
        RegisterPerson(new, name=Sealed("Ada Example")),
        SubmitReferral(new, case.person, PROGRAMME, uuid4(), "police", "phone", now, Sealed("x")),
        PlanMeeting(new, PROGRAMME, SERIES, ago(days=-300), CHAIR.user),
        RecordInstantDiscussion(new, PROGRAMME, SERIES, uuid4(), case.case, ago(minutes=9), now, seats),
    ):
        assert isinstance(await refused(place, command), IdNotAllowed)
    await place.take(RegisterPerson(uuid5(UUID(int=9), str(uuid4())), name=Sealed("Imported")), SYSTEM)


async def test_nobody_takes_the_place_of_a_partner(place: Place):
    taken = partner_stream("fire-1")
    assert isinstance(await refused(place, RegisterPerson(taken, name=Sealed("Ada"))), IdNotAllowed)


async def test_an_id_of_another_kind_reads_as_unknown_and_cannot_be_begun_anew(place: Place):
    case = await place.referred("Ada Example")
    preference = SetContactPreference(case.case, ())
    unknown = await refused(place, preference)
    assert isinstance(unknown, UnknownPerson)
    assert isinstance(await refused(place, RecordAgreement(case.person)), UnknownCase)
    found = await refused(place, RegisterPerson(case.case, name=Sealed("Somebody else")))
    assert isinstance(found, IdAlreadyUsed)


@pytest.mark.parametrize("number", [None, "943 476 5919", "401 023 2137"])
async def test_registering_a_known_id_confirms_no_number(place: Place, number: str | None):
    person = uuid4()
    await place.take(RegisterPerson(person, name=Sealed("Ada"), nhs_number=Sealed("943 476 5919")))
    for by in (HOUSING, COLLEAGUE):
        await place.enrol(by)
        again = RegisterPerson(person, name=Sealed("Ada"), nhs_number=Sealed(number) if number else None)
        found = await refused(place, again, by)
        assert (type(found), found.details) == (IdAlreadyUsed, {"field": "person", "value": str(person)})


# Keys


async def test_refused_commands_leave_no_keys(place: Place):
    before = await keys(place)
    for _ in range(50):
        command = SubmitReferral(
            uuid4(), uuid4(), PROGRAMME, uuid4(), "police", "phone", ago(hours=1), Sealed("Nobody of that id")
        )
        assert isinstance(await refused(place, command), UnknownPerson)
    assert await keys(place) == before


async def test_a_key_is_kept_with_the_first_fact_about_its_subject(place: Place):
    person = uuid4()
    await place.take(RegisterPerson(person, name=Sealed("Ada Example")))
    assert person in await keys(place)
    (recorded,) = await place.catch.log.stream(person)
    held: Any = (await place.catch.present.states.get(PERSON, person)).state
    assert await place.catch.keyring.unseal([held.registered.name]) == ["Ada Example"]
    assert recorded.topic == "PersonRegistered"


async def test_whoever_is_first_makes_the_key_and_the_other_seals_again(place: Place):
    """Another process made the key between our looking for one and our append."""
    person, log, keyring = uuid4(), place.catch.log, place.catch.keyring
    sealing = keyring.sealing
    once = [True]

    async def overtaken(command: Any, subject: UUID) -> Any:
        made = await sealing(command, subject)
        if once:
            once.clear()
            event = NewEvent(uuid4(), 1, "Happened", b"{}")
            new = (await sealing(command, subject)).new
            assert new is not None
            await log.append(Append(uuid4(), event.stream, (event,), keys=((subject, new.wrapped),)))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyring, "sealing", overtaken)
        await place.take(RegisterPerson(person, name=Sealed("Ada Example")))
    keyring._held.clear()  # pyright: ignore[reportPrivateUsage]
    held: Any = (await place.catch.present.states.get(PERSON, person)).state
    assert await keyring.unseal([held.registered.name]) == ["Ada Example"]


async def test_an_append_whose_subject_has_a_key_conflicts_and_keeps_the_first(place: Place):
    subject, log = uuid4(), place.catch.log

    def with_key(key: bytes) -> Append:
        event = NewEvent(uuid4(), 1, "Happened", b"{}")
        return Append(uuid4(), event.stream, (event,), keys=((subject, key),))

    await log.append(with_key(b"first"))
    late = with_key(b"second")
    with pytest.raises(Conflict):
        await log.append(late)
    assert await log.stream(late.stream) == []
    assert await log.pool.fetchval("select wrapped from data_keys where subject = $1", subject) == b"first"


async def test_nothing_more_is_said_of_somebody_who_was_erased(place: Place):
    case = await place.referred("Ada Example")
    await place.catch.keyring.erase(case.person)
    assert isinstance(
        await refused(place, AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("x"))), SubjectErased
    )


# What a command names


async def test_nobody_is_led_to_an_agency_or_a_programme_that_is_not_there(place: Place):
    case = await place.referred("Ada Example")

    def led(agency: str | None = None, programme: str | None = None) -> RedirectReferral:
        return RedirectReferral(case.case, "out-of-area", Redirection(agency, programme, warm_handover=True))

    assert isinstance(await refused(place, led("nobody-1")), UnknownPartner)
    assert isinstance(await refused(place, led(programme="nothing")), UnknownProgramme)
    assert isinstance(await refused(place, led("housing-1", "nothing")), UnknownProgramme)
    assert await version(place, case.case) == 1
    assert (await place.take(led("housing-1"))).events == ("ReferralRedirected",)


async def test_agencies_named_anywhere_in_a_command_about_a_case_exist(place: Place):
    case = await place.worked_on("Ada Example", "housing-1")
    now = ago(minutes=1)
    for command in (
        ProposeForMeeting(
            case.case,
            uuid4(),
            SERIES,
            ProposalPurpose.NEW,
            OURSELVES,
            requested_partners=("nobody-1",),
            person_informed=True,
        ),
        RecordObjection(case.case, uuid4(), frozenset({Category.PLAN}), frozenset({"nobody-1"})),
        AttachReferral(case.case, case.person, uuid4(), "police", "phone", now, Sealed("x"), on_behalf_of="nobody-1"),
    ):
        assert isinstance(await refused(place, command), UnknownPartner), command
    signed = SignAgreement(
        "police-1", "isa-2", ("nothing",), frozenset(Category), ago(days=9).date(), None, Sealed("S. Igner")
    )
    assert isinstance(await refused(place, signed, ADMINISTRATOR), UnknownProgramme)


async def test_agencies_meetings_and_cases_named_at_a_meeting_exist(place: Place):
    case = await place.worked_on("Ada Example", "housing-1")
    meeting = uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, ago(days=-200), CHAIR.user))
    seats = (Participant("a", "nobody-1"), Participant("b", "snn"))
    instant = RecordInstantDiscussion(
        uuid4(), PROGRAMME, SERIES, uuid4(), case.case, ago(minutes=9), ago(minutes=1), seats, update=Sealed("x")
    )
    assert isinstance(await refused(place, instant), UnknownPartner)
    assert isinstance(await refused(place, SendApology(meeting, "somebody", "nobody-1")), UnknownPartner)
    item = uuid4()
    assert isinstance(await refused(place, AddItem(meeting, item, Section.NEW, uuid4())), UnknownCase)
    assert isinstance(await refused(place, AddItem(meeting, item, Section.NEW, case.person)), UnknownCase)
    unmet = AddItem(meeting, item, Section.NEW, case.case, requires=("nobody-1",))
    assert isinstance(await refused(place, unmet), UnknownPartner)
    await place.take(AddItem(meeting, item, Section.NEW, case.case))
    held: Any = (await place.catch.present.states.get(MEETING, meeting)).state.item(item)
    number = (await place.catch.present.states.get(CASE, case.case)).state.number
    assert (held.number, held.presenter) == (number, COORDINATOR.user)
    await place.take(PublishAgenda(meeting), CHAIR)
    await place.take(StartMeeting(meeting), CHAIR)
    nowhere = DeferItem(meeting, item, DeferReason.CHAIR, uuid4())
    assert isinstance(await refused(place, nowhere), UnknownMeeting)


async def test_a_case_of_another_programme_is_not_put_on_the_agenda(place: Place):
    other = next(each for each in starting() if each.key != PROGRAMME and each.meetings)
    for somebody in (COORDINATOR, CHAIR):
        await place.enrol(somebody, other.key)
    meeting, case = uuid4(), await place.referred("Ada Example")
    await place.take(PlanMeeting(meeting, other.key, other.meetings[0].key, ago(days=-100), CHAIR.user))
    assert isinstance(await refused(place, AddItem(meeting, uuid4(), Section.NEW, case.case)), UnknownCase)


async def test_a_partner_may_hand_an_action_to_nobody_that_is_not_there(place: Place):
    case, action = await place.worked_on("Ada Example", "housing-1"), uuid4()
    await place.take(OfferAction(case.case, action, Sealed("Visit"), "housing-1", ago(days=-9).date()))
    hand_on = RespondToAction(case.case, action, ActionAnswer.REASSIGN, Sealed("x"), to="nobody-1")
    assert isinstance(await refused(place, hand_on), Refused)
    assert isinstance(await refused(place, RespondToAction(case.case, action, ActionAnswer.ACCEPT), POLICE), Refused)


# What a client does not say


async def test_a_programme_that_is_suspended_takes_no_referrals(place: Place):
    case = await place.referred("Ada Example")
    await place.take(SuspendProgramme(PROGRAMME), ADMINISTRATOR)
    try:
        again = SubmitReferral(uuid4(), case.person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), Sealed("x"))
        assert isinstance(await refused(place, again), ProgrammeNotRunning)
    finally:
        await place.take(ResumeProgramme(PROGRAMME), ADMINISTRATOR)


async def test_a_draft_rests_on_what_the_log_says_and_a_refused_one_is_not_made(place: Place):
    meeting = uuid4()
    case = await place.worked_on("Ada Example")
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, ago(days=-70), CHAIR.user))
    answer = await place.take(DraftAgenda(meeting))
    drafted: Any = (await place.catch.present.states.get(MEETING, meeting)).state.draft
    assert drafted.as_of <= answer.position
    assert case.case in {held.case for held in (*drafted.items, *drafted.overflow, *drafted.warnings)}
    assert isinstance(await refused(place, DraftAgenda(uuid4())), UnknownMeeting)


async def test_what_a_decision_rests_on_is_read_again_where_it_moved(place: Place):
    """Accepting writes the case alone; it rests on the asker's agency too, which this server remembers as it was."""
    case = await place.referred("Ada Example")
    user = Actor(f"leaver-{uuid4()}", "snn", Role.COORDINATOR)
    await place.enrol(user)
    await behind(place, partner_stream("snn"), SuspendMember("snn", user.user), ADMINISTRATOR)
    assert isinstance(await refused(place, AcceptReferral(case.case), user), NotEnrolled)


async def test_a_series_meets_once_a_day_planned_or_moved(place: Place):
    first, second, third = uuid4(), uuid4(), uuid4()
    day = ago(days=-150).replace(hour=10)  # five minutes later it is the same day, whenever this runs
    next_day = day + timedelta(days=1)
    await place.take(PlanMeeting(first, PROGRAMME, SERIES, day, CHAIR.user))
    await place.take(PlanMeeting(second, PROGRAMME, SERIES, next_day, CHAIR.user))
    await place.settled()
    with pytest.raises(MeetingAlreadyPlanned):
        await place.take(PlanMeeting(third, PROGRAMME, SERIES, day, CHAIR.user))
    with pytest.raises(MeetingAlreadyPlanned):
        await place.take(RescheduleMeeting(second, day + timedelta(minutes=5), Sealed("Moved.")))
    # Its own day is not taken by itself, nor by a meeting that was called off.
    await place.take(RescheduleMeeting(second, next_day + timedelta(minutes=1), Sealed("Later.")))
    await place.take(CancelMeeting(first, Sealed("Snow.")))
    await place.settled()
    await place.take(RescheduleMeeting(second, day, Sealed("Moved.")))
