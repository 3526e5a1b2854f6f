"""The queries of the read models, on a real PostgreSQL, over rows folded from a real log."""

import asyncio
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

import projections
from catch.access.finding import Words
from catch.access.seats import MINUTES_WINDOW
from catch.database import Connection, Statements
from catch.domain.agenda.facts import Carried
from catch.domain.case.actions import ActionDeclined, ActionOffered
from catch.domain.case.closing import CaseClosed, Measured
from catch.domain.case.coordination import CoordinatorAllocated
from catch.domain.case.disclosure import PartnerInvolvementEnded
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.state import CaseState, Worker
from catch.domain.facts import Envelope, Fact, Purpose
from catch.domain.meeting.adding import AgendaItemAdded
from catch.domain.meeting.attendance import AttendeeJoined
from catch.domain.meeting.drafting import AgendaDrafted, AgendaPublished
from catch.domain.meeting.floor import ItemClosed, ItemDeferred, ItemOpened
from catch.domain.meeting.instant import InstantDiscussionHeld, Participant
from catch.domain.meeting.invitations import MemberInvited
from catch.domain.meeting.items import DeferReason
from catch.domain.meeting.listing import Overflow, Section, WhyNotPlaced
from catch.domain.meeting.planning import MeetingCancelled, MeetingPlanned
from catch.domain.meeting.session import MeetingEnded, MeetingStarted
from catch.domain.meeting.state import Meeting, Mode
from catch.domain.programme.configuration import ClosureClass
from catch.domain.streams import CASE as CASES
from catch.domain.streams import MEETING as MEETINGS
from catch.domain.streams import fold
from catch.log import Append, Log, NewEvent
from catch.log.codec import decode, encode
from catch.readside import ReadSide, rebuild
from catch.readside.inventory import prepare
from catch.readside.rebuilding import session
from projections import agency_inbox, agenda, case_summary, minutes, outcomes, timeline
from tests.cases import (
    ACCEPTED,
    CORA,
    NOW,
    OFFERED,
    SHARED,
    START,
    TEXT,
    allocated,
    offered,
    received,
    uid,
)

DAY = timedelta(days=1)


class Story:
    """Records facts in the real log and folds them into the real tables."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.db = log.pool

    async def tell(self, stream: UUID, *events: Fact, at: datetime = NOW) -> None:
        known = await self.log.stream(stream)
        envelopes = [Envelope(at, CORA, Purpose.DIRECT_CARE, uid(90), uid(90), event) for event in events]
        await self.log.append(
            Append(
                uuid4(),
                stream,
                tuple(
                    NewEvent(stream, place, type(each.event).__name__, encode(each))
                    for place, each in enumerate(envelopes, start=len(known) + 1)
                ),
            )
        )

    async def fold(self) -> None:
        everything = projections.ALL
        async with session(self.log.pool) as connection:
            await prepare(connection, everything)
        await rebuild(self.log, decode, everything)

    async def meeting(self, meeting: UUID) -> Meeting:
        return fold(MEETINGS, [decode(stored) for stored in await self.log.stream(meeting)])


@pytest.fixture
async def story(log: Log) -> Story:
    return Story(log)


def referred(number: int, days: int, person: int = 2) -> Any:
    """The referral of case `number`, received so many days after the start."""
    return replace(
        received,
        number=f"CASE-{number}",
        person=uid(person),
        referral=replace(received.referral, received_at=START + days * DAY),
    )


def ids(rows: Sequence[case_summary.Found]) -> list[int]:
    return [row.case_id.int for row in rows]


AUDITS = Words(cases=("in/snn-catch", "in/bexley-icm"))


async def test_cases_are_found_one_by_one_together_and_by_number(story: Story):
    await story.tell(uid(1), *OFFERED)
    await story.tell(uid(2), referred(2, 0))
    await story.fold()
    found = await case_summary.one(story.db, uid(1))
    assert found is not None
    assert found.case.actions[0].owner == "housing-1"
    assert (found.live, found.version) == (True, len(OFFERED))
    assert await case_summary.one(story.db, uid(9)) is None
    assert set(await case_summary.many(story.db, [uid(1), uid(2), uid(9)])) == {uid(1), uid(2)}
    assert await case_summary.many(story.db, []) == {}
    assert await case_summary.by_number(story.db, "CASE-2") == uid(2)
    assert await case_summary.by_number(story.db, "CASE-9") is None


async def test_pages_of_cases_follow_one_another_without_gap_or_repetition(story: Story):
    for number in range(1, 8):
        await story.tell(uid(number), referred(number, number // 3))
    await story.fold()
    seen: list[int] = []
    place: case_summary.Cursor | None = None
    while rows := await case_summary.found(story.db, AUDITS, NOW, after=place, first=2):
        assert len(rows) <= 2
        seen += ids(rows)
        place = (rows[-1].received_at, rows[-1].case_id)
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    place = None
    while rows := await case_summary.found(story.db, AUDITS, NOW, after=place, first=2, newest=True):
        seen += ids(rows)
        place = (rows[-1].received_at, rows[-1].case_id)
    assert seen[7:] == [7, 6, 5, 4, 3, 2, 1]


async def test_cases_are_filtered_by_what_they_are_and_whose(story: Story):
    await story.tell(uid(1), *SHARED)
    await story.tell(uid(2), referred(2, 1), ReferralDeclined("x"))
    await story.tell(uid(3), referred(3, 2), ACCEPTED[1], CoordinatorAllocated(Worker("hal", "strict-1")))
    other = replace(referred(4, 3), programme="bexley-icm")
    await story.tell(uid(4), replace(other, referral=replace(other.referral, referrer_agency="gp-2")))
    await story.fold()
    wanted = case_summary.CaseFilter
    for asked, expected in (
        (wanted(), [1, 2, 3, 4]),
        (wanted(programme="bexley-icm"), [4]),
        (wanted(states=(CaseState.DECLINED, CaseState.RECEIVED)), [2, 4]),
        (wanted(states=()), []),
        (wanted(lead_user="hal"), [3]),
        (wanted(agency="housing-1"), [1]),
        (wanted(agency="strict-1"), [3]),
        (wanted(agency="gp-2"), [4]),
        (wanted(number="CASE-2"), [2]),
        (wanted(number="CASE-2", programme="bexley-icm"), []),
        (wanted(number="CASE-9"), []),
        (wanted(agency="gp-1", programme="snn-catch"), [1, 2, 3]),
        (wanted(agency="nobody-1"), []),
    ):
        assert ids(await case_summary.found(story.db, AUDITS, NOW, asked)) == expected, asked
    assert await case_summary.caseload(story.db, "hal") == 1
    assert [case.case for case in await case_summary.live_in(story.db, "snn-catch")] == [uid(1), uid(3)]


COORDINATORS, PARTNERS = Words(("coordinates/strict-1", "front-door/snn-catch")), Words(("involved/housing-1",))


async def test_cases_are_found_under_the_words_they_stand_under_and_as_they_are_shown_there(story: Story):
    await story.tell(uid(1), *SHARED)
    await story.tell(uid(2), referred(2, 1))
    await story.tell(uid(3), referred(3, 2), ACCEPTED[1], CoordinatorAllocated(Worker("hal", "strict-1")))
    await story.fold()
    gp = Words(("referred/gp-1",))
    wanted = case_summary.CaseFilter
    for under, asked, expected in (
        (COORDINATORS, wanted(), [2, 3]),
        (COORDINATORS, wanted(lead_user="hal"), [3]),
        (PARTNERS, wanted(), [1]),
        (gp, wanted(), [1, 2, 3]),
        # What a referrer is not shown, they do not find by.
        (gp, wanted(lead_user="hal"), []),
        (gp, wanted(agency="strict-1"), []),
        (gp, wanted(states=(CaseState.CONVERSATION_HELD, CaseState.AWAITING_MEETING)), []),
        (gp, wanted(states=(CaseState.ACCEPTED,)), [1, 3]),
        (Words(), wanted(), []),
    ):
        assert ids(await case_summary.found(story.db, under, NOW, asked)) == expected, (under, asked)


async def test_a_case_found_under_several_words_comes_once_and_in_its_place(story: Story):
    for number in range(1, 6):
        await story.tell(uid(number), referred(number, 5 - number), *SHARED[1:])
    await story.fold()
    under = Words(("involved/housing-1", "coordinates/snn", "in/snn-catch"))
    first = await case_summary.found(story.db, under, NOW, first=3)
    rest = await case_summary.found(story.db, under, NOW, after=(first[-1].received_at, first[-1].case_id), first=9)
    assert (ids(first), ids(rest)) == ([5, 4, 3], [2, 1])


async def test_what_stands_on_an_agenda_is_found_until_that_ends(story: Story):
    await story.tell(uid(1), *SHARED)
    await story.tell(uid(50), planned(50, 0), AgendaItemAdded(uid(51), Section.NEW, 1, 10, uid(1), "CASE-1"))
    await story.fold()
    chair = Words(seats=("chair/carl",))
    ends = NOW + timedelta(minutes=120) + MINUTES_WINDOW
    assert ids(await case_summary.found(story.db, chair, ends)) == [1]
    assert ids(await case_summary.found(story.db, chair, ends + timedelta(seconds=1))) == []
    assert ids(await case_summary.found(story.db, Words(seats=("chair/cora",)), NOW)) == []


async def test_the_words_of_a_row_are_those_of_its_last_fact_however_it_came_to_be(story: Story, admin: Connection):
    """Followed fact by fact, or built anew from the first: the table beside holds the same."""
    words = f"select case_id, token, state from catch_read.{case_summary.VIEWERS} order by 1, 2"
    side = ReadSide(story.log, decode, projections.ALL)
    following = asyncio.create_task(side.run())
    try:
        for event in OFFERED:
            await story.tell(uid(1), event)
            await side.reached(await story.log.head())
        followed = await admin.fetch(words)
        await story.tell(uid(1), PartnerInvolvementEnded("housing-1"))
        await side.reached(await story.log.head())
        left = await admin.fetch(words)
    finally:
        following.cancel()
        await asyncio.wait([following])
    assert {row["token"] for row in followed} - {row["token"] for row in left} == {"involved/housing-1"}
    await story.fold()
    assert await admin.fetch(words) == left


def touched(plan: Any) -> int:
    """Rows that a plan's scans looked at: those they gave, and those they threw away."""
    here = 0
    if "Scan" in plan["Node Type"] and "Relation Name" in plan:
        thrown = sum(plan.get(name, 0) for name in plan if name.startswith("Rows Removed"))
        here = round((plan["Actual Rows"] + thrown) * plan["Actual Loops"])
    return here + sum(touched(each) for each in plan.get("Plans", ()))


async def test_what_is_hidden_costs_nothing_to_who_may_not_see_it(story: Story, admin: Connection):
    """Counted in rows and not by the clock: 3,000 cases beside theirs change nothing for a stranger or a partner."""
    await story.tell(uid(1), *SHARED)
    await story.fold()
    hidden = f"""
        insert into catch_read.{case_summary.VIEWERS}
        select gen_random_uuid(), word, state, now() - n * interval '1 minute', 'snn-catch', true, 'cora', '{{snn}}',
            null
        from generate_series(1, 3000) n cross join unnest(array['in/snn-catch', 'coordinates/snn']) word
        cross join lateral (select case n % 2 when 0 then 'closed' else 'received' end as state) as of_it
    """

    class Explained:
        """Answers nothing, and tells what the statement would have looked at."""

        rows = 0

        async def fetch(self, query: str, *args: object) -> list[Any]:
            told = await story.db.fetch("explain (analyze, format json) " + query, *args)
            self.rows = touched(json.loads(told[0][0])[0]["Plan"])
            return []

    async def cost(under: Words, **asked: Any) -> int:
        explained = Explained()
        wanted = case_summary.CaseFilter(**asked)
        await case_summary.found(cast("Statements", explained), under, NOW, wanted, first=51)
        return explained.rows

    looking = {"stranger": Words(("involved/fire-1",)), "partner": PARTNERS, "all": Words(("in/snn-catch",))}
    asked: list[dict[str, Any]] = [{}, {"states": (CaseState.CLOSED,)}, {"lead_user": "cora"}, {"agency": "snn"}]
    await admin.execute(hidden)
    await admin.execute(f"analyze catch_read.{case_summary.VIEWERS}")
    for each in asked:
        assert await cost(looking["stranger"], **each) == 0, each
        assert await cost(looking["partner"], **each) <= 1, each
    # A case that is asked for by its number is looked up by it first, whosever it is: one row, there or not.
    for under in looking.values():
        assert await cost(under, number="CASE-1") <= 3
    # The control: the count does count, and whoever sees them all pays for one page of them.
    assert 51 <= await cost(looking["all"]) <= 60
    assert 51 <= await cost(looking["all"], states=(CaseState.CLOSED,)) <= 120


def planned(meeting: int, day: int, series: str = "weekly") -> MeetingPlanned:
    return MeetingPlanned(uid(meeting), "snn-catch", series, NOW + day * DAY, 120, Mode.HYBRID, "carl")


def item(number: int, case: int, order: int = 1) -> AgendaItemAdded:
    return AgendaItemAdded(uid(number), Section.NEW, 8, order, case=uid(case), number=f"CASE-{case}")


def started(day: int) -> MeetingStarted:
    return MeetingStarted(NOW + day * DAY, "carl", "1", "1", 2)


def ended(day: int) -> MeetingEnded:
    return MeetingEnded(NOW + day * DAY)


def heard(number: int, case: int) -> tuple[Fact, Fact]:
    return ItemOpened(uid(number), NOW, uid(case), "cora"), ItemClosed(uid(number), NOW, NOW, ("snn",), uid(case))


def deferred(number: int, case: int, to: int | None = None, count: int = 1) -> ItemDeferred:
    target = uid(to) if to else None
    return ItemDeferred(uid(number), DeferReason.RAN_OUT_OF_TIME, count, NOW, uid(case), target)


def drafted(*left: int) -> AgendaDrafted:
    """A draft with nothing on it that had no room for these cases."""
    overflow = tuple(
        Overflow(
            uid(500 + case),
            uid(case),
            f"CASE-{case}",
            Section.NEW,
            8,
            (),
            WhyNotPlaced.NO_MINUTES_LEFT,
            "",
            NOW.date(),
            defer_count=1,
            displacements=1,
        )
        for case in left
    )
    return AgendaDrafted(1, "1", (), overflow)


PUBLISHED = AgendaPublished("hash", NOW)


async def test_meetings_are_paged_by_their_start(story: Story):
    for number, day in ((50, 0), (51, 7), (52, 7), (53, 14)):
        await story.tell(uid(number), planned(number, day, "weekly" if number != 52 else "other"))
    await story.fold()
    first = await agenda.page(story.db, first=3)
    assert [row.meeting_id.int for row in first] == [50, 51, 52]
    rest = await agenda.page(story.db, after=(first[-1].starts_at, first[-1].meeting_id))
    assert [row.meeting_id.int for row in rest] == [53]
    between = await agenda.page(story.db, "weekly", NOW + DAY, NOW + 14 * DAY)
    assert [row.meeting_id.int for row in between] == [51]
    whole = await agenda.one(story.db, uid(51))
    assert whole is not None
    assert whole.meeting.chair == "carl"
    assert await agenda.one(story.db, uid(99)) is None


async def test_the_meetings_of_a_case_are_those_whose_agendas_hold_it(story: Story):
    await story.tell(uid(50), planned(50, 0), item(60, 1), item(61, 2, 2))
    await story.tell(uid(51), planned(51, 7), item(62, 1))
    await story.fold()
    assert {each.int for each in await agenda.holding(story.db, [uid(1)])} == {51, 50}
    assert [each.int for each in await agenda.holding(story.db, [uid(2), uid(3)])] == [50]
    assert await agenda.holding(story.db, [uid(9)]) == []


async def left_to(story: Story, meeting: int, *standing: str) -> dict[int, Carried]:
    await story.fold()
    left = await agenda.before(story.db, await story.meeting(uid(meeting)), standing or ("weekly", "other"))
    return {case.int: held for case, held in left.items()}


async def test_what_was_put_off_or_not_fitted_in_goes_on_to_the_next_meeting(story: Story):
    await story.tell(
        uid(50), planned(50, 0), drafted(3), item(60, 1), item(61, 2, 2), PUBLISHED, started(0), *heard(60, 1)
    )
    await story.tell(uid(50), deferred(61, 2), ended(0))
    await story.tell(uid(51), planned(51, 7))
    found = await left_to(story, 51)
    assert set(found) == {2, 3}
    assert (found[2].defer_count, found[2].since) == (1, NOW.date())
    assert (found[3].defer_count, found[3].displacements) == (1, 1)


async def test_only_meetings_of_the_series_that_are_over_leave_anything(story: Story):
    await story.tell(uid(50), planned(50, -7, "other"), item(60, 1), PUBLISHED, started(-7), deferred(60, 1), ended(-7))
    await story.tell(uid(51), planned(51, 0), item(61, 2), PUBLISHED)
    await story.tell(uid(52), planned(52, 14), item(62, 3), PUBLISHED, started(14), deferred(62, 3), ended(14))
    await story.tell(uid(53), planned(53, 7))
    # Whichever is drafted next takes it, whatever its day: nobody waits longer because a later one was over sooner.
    assert set(await left_to(story, 53)) == {3}
    assert set(await left_to(story, 52)) == set()


async def test_a_meeting_called_off_before_its_draft_leaves_what_it_would_have_taken_over(story: Story):
    await story.tell(uid(50), planned(50, 0), drafted(3), PUBLISHED, started(0), ended(0))
    await story.tell(uid(51), planned(51, 7), MeetingCancelled(NOW, TEXT))
    await story.tell(uid(52), planned(52, 14))
    assert set(await left_to(story, 52)) == {3}


async def test_an_instant_discussion_between_two_meetings_takes_nothing_over_and_settles_nothing(story: Story):
    await story.tell(uid(50), planned(50, 0), drafted(3), PUBLISHED, started(0), ended(0))
    seats = (Participant("cora", "snn"), Participant("hana", "housing-1"))
    at_once = InstantDiscussionHeld(
        uid(51), "snn-catch", "weekly", uid(63), uid(3), NOW + DAY, NOW + DAY, Mode.REMOTE, "cora", seats, 2, TEXT
    )
    await story.tell(uid(51), at_once)
    await story.tell(uid(52), planned(52, 7))
    assert set(await left_to(story, 52)) == {3}


async def test_what_is_put_off_to_a_certain_meeting_waits_for_that_one(story: Story):
    await story.tell(uid(50), planned(50, 0), drafted(3), item(60, 1), item(61, 2, 2), PUBLISHED, started(0))
    await story.tell(uid(50), deferred(60, 1, to=52), deferred(61, 2), ended(0))
    await story.tell(uid(51), planned(51, 7), drafted(), item(62, 2), PUBLISHED, started(7), *heard(62, 2), ended(7))
    await story.tell(uid(52), planned(52, 14))
    assert set(await left_to(story, 51)) == {2, 3}
    # What the second heard is settled; what its agenda never held goes on, drafted or not.
    assert set(await left_to(story, 52)) == {1, 3}


async def test_what_was_heard_meanwhile_does_not_come_back(story: Story):
    await story.tell(
        uid(50), planned(50, 0), drafted(), item(60, 1), PUBLISHED, started(0), deferred(60, 1, to=52), ended(0)
    )
    await story.tell(uid(51), planned(51, 7), drafted(), item(62, 1), PUBLISHED, started(7), *heard(62, 1), ended(7))
    await story.tell(uid(52), planned(52, 14))
    assert await left_to(story, 52) == {}


async def test_what_a_series_put_off_that_is_no_more_is_for_whichever_of_the_others_meets_next(story: Story):
    await story.tell(uid(50), planned(50, -7, "other"), item(60, 1), item(61, 2, 2), PUBLISHED, started(-7))
    await story.tell(uid(50), deferred(60, 1), deferred(61, 2), ended(-7))
    await story.tell(uid(51), planned(51, 0), drafted())
    await story.tell(uid(52), planned(52, 7, "third"))
    assert await left_to(story, 51) == {}, "while it stands, they are its own"
    assert (
        set(await left_to(story, 51, "weekly", "third")) == set(await left_to(story, 52, "weekly", "third")) == {1, 2}
    )
    standing, before = ("weekly", "third"), await story.meeting(uid(51))
    assert {held.case for held in await agenda.overlooked(story.db, before, standing)} == {uid(1), uid(2)}
    assert await agenda.overlooked(story.db, before, ("weekly", "other")) == ()
    # Once one of them has taken it up it is that one's own: heard by it, or put off by it again.
    await story.tell(
        uid(51), item(62, 1), item(63, 2, 2), PUBLISHED, started(0), *heard(62, 1), deferred(63, 2), ended(0)
    )
    assert await left_to(story, 52, *standing) == {}
    await story.tell(uid(53), planned(53, 14))
    assert set(await left_to(story, 53, *standing)) == {2}


async def test_an_inbox_holds_what_waits_first_what_is_due_first(story: Story):
    early = ActionOffered(uid(31), TEXT, "housing-1", date(2026, 3, 12))
    refused = ActionOffered(uid(32), TEXT, "housing-1", date(2026, 3, 11))
    others = ActionOffered(uid(33), TEXT, "strict-1", date(2026, 3, 11))
    await story.tell(uid(1), *OFFERED, early, refused, others, ActionDeclined(uid(32), TEXT))
    await story.tell(uid(50), planned(50, 7), MemberInvited("housing-1"))
    await story.tell(uid(51), planned(51, -7), MemberInvited("housing-1"), PUBLISHED, started(-7), ended(-7))
    await story.tell(uid(52), planned(52, 14), MemberInvited("housing-1"), MeetingCancelled(NOW, TEXT))
    await story.fold()
    whole = await agency_inbox.of_agency(story.db, "housing-1")
    assert [row.action_id for row in whole[:2]] == [uid(31), offered.action]
    assert [(row.kind, row.meeting_id) for row in whole[2:]] == [(agency_inbox.EntryKind.INVITATION, uid(50))]
    paged: list[agency_inbox.Row] = []
    place: agency_inbox.Cursor | None = None
    while rows := await agency_inbox.of_agency(story.db, "housing-1", place, 1):
        paged += rows
        place = agency_inbox.cursor(rows[-1])
    assert paged == whole


async def test_minutes_and_timeline_are_read_by_their_stream(story: Story):
    await story.tell(uid(50), planned(50, 0), item(60, 1), PUBLISHED, started(0), AttendeeJoined("carl", "snn", NOW))
    await story.tell(uid(1), *SHARED)
    await story.fold()
    row = await minutes.one(story.db, uid(50))
    assert row is not None
    assert (row.started_at, [person.user for person in row.people]) == (NOW, ["carl"])
    assert await minutes.one(story.db, uid(1)) is None
    facts = await timeline.of_stream(story.db, uid(1))
    assert facts == await story.log.stream(uid(1))
    assert [decode(stored).event for stored in facts] == [*SHARED]
    behind = await timeline.of_stream(story.db, uid(1), facts[1].position, first=2)
    assert behind == facts[2:4]


async def test_a_cohort_is_read_by_the_days_its_episodes_began(story: Story):
    closed = CaseClosed("x", ClosureClass.OUTCOME_ACHIEVED, (START + 20 * DAY).date(), TEXT, Measured(20))
    await story.tell(uid(1), referred(1, 0), ACCEPTED[1], allocated, closed, at=START + 20 * DAY)
    await story.tell(uid(2), referred(2, 10))
    await story.tell(uid(3), replace(referred(3, 0), programme="bexley-icm"))
    await story.fold()
    everybody = await outcomes.of_programme(story.db, "snn-catch")
    assert [row.case_id for row in everybody] == [uid(1), uid(2)]
    early = await outcomes.of_programme(story.db, "snn-catch", START.date(), START.date() + 5 * DAY)
    assert [row.case_id for row in early] == [uid(1)]
    figures = outcomes.time_to_outcome_of(everybody, START + 30 * DAY)
    assert (figures.achieved, figures.censored, figures.naive_closed_mean_days) == (1, 1, 20.0)


async def test_what_the_database_gives_back_is_what_was_folded(story: Story):
    await story.tell(uid(1), *OFFERED)
    await story.tell(uid(50), planned(50, 0), item(60, 1), drafted(3), PUBLISHED)
    await story.fold()
    row, sitting = await case_summary.one(story.db, uid(1)), await agenda.one(story.db, uid(50))
    assert row is not None
    assert sitting is not None
    assert sitting.meeting == await story.meeting(uid(50))
    assert row.case == fold(CASES, [decode(stored) for stored in await story.log.stream(uid(1))])
