"""Everything is heard in order, and what a page of facts is about is read many at a time."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from catch.database import Connection
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Recorded, Sealed
from catch.domain.meeting.adding import AddLateItem
from catch.domain.meeting.listing import AppearanceBasis
from catch.domain.streams import CASE, MEETING
from catch.log import Log, Stored
from catch.present.appearances import Appearances, spoken_of
from catch.present.follower import GATHERED, Follower
from catch.present.states import States
from tests.conftest import Database
from tests.damage import unguarded
from tests.place import CHAIR, COORDINATOR, Case, Place, placed


class Counting(Log):
    """Remembers how many streams it was asked for, call by call."""

    calls: list[int]

    async def rows(self, streams: Sequence[UUID]) -> list[Stored]:
        self.calls.append(len(streams))
        return await super().rows(streams)


async def noted(place: Place, cases: Sequence[Case]) -> int:
    """A note about each; the position before the first of them. A following server hears of them all at once."""
    before = await place.settled()
    for case in cases:
        await place.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed("The boiler is mended.")), COORDINATOR)
    return before


async def hear(database: Database, after: int, upto: int) -> tuple[States, list[int], list[int]]:
    """What another server does that has just been started."""
    log = cast("Counting", await Counting.open(database.dsn))
    log.calls, heard = [], list[int]()
    states = States(log)
    hearing = Follower(log, states, Appearances(log, states))

    def listen(recorded: Recorded[Any]) -> None:
        heard.append(recorded.position)

    hearing.listeners.append(listen)
    await followed(hearing, after, upto)
    await log.close()
    return states, log.calls, heard


async def followed(follower: Follower, after: int, upto: int) -> None:
    following = asyncio.create_task(follower.follow(after))
    async with asyncio.timeout(30):
        await follower.reached(upto)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def test_streams_that_are_not_at_hand_are_read_many_at_a_time(database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        cases = [await place.referred(f"Ada {number}") for number in range(GATHERED + 5)]
        after = await noted(place, cases)
        head = await place.settled()
        states, reads, heard = await hear(database, after, head)
        assert reads == [GATHERED, 5]
        assert heard == [stored.position for stored in await place.catch.log.page(after, 1000)]
        for case in cases:
            assert states.at_hand(case.case) == await place.catch.present.states.get(CASE, case.case)


async def test_cases_that_a_meeting_takes_up_are_found_with_it_however_it_was_heard_of(
    database: Database, tmp_path: Path
):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        await place.worked_on("Ada Quillbrook")
        meeting = (await place.published()).meeting
        before = await place.settled()
        late = await place.worked_on("Bo Quillbrook")
        added = AddLateItem(
            meeting, uuid4(), late.case, Sealed("It cannot wait."), COORDINATOR.user, AppearanceBasis.AGREEMENT
        )
        await place.take(added, CHAIR)
        named, head = spoken_of(await place.meeting(meeting)), await place.settled()
        assert late.case in named
        # Fact by fact, as it was recorded.
        assert place.catch.present.appearances.cases(meeting) == named
        # From the log, further than what was heard: whoever is not told at once is told never.
        states = States(place.catch.log)
        appearances = Appearances(place.catch.log, states)
        assert (await states.get(MEETING, meeting)).position > before
        await followed(Follower(place.catch.log, states, appearances), before, head)
        assert appearances.cases(meeting) == named


async def test_one_that_cannot_be_read_keeps_nobody_from_the_others(
    database: Database, admin: Connection, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        broken, *cases = [await place.referred(f"Bo {number}") for number in range(4)]
        after = await noted(place, [cases[0], broken, *cases[1:]])
        head = await place.settled()
        await unguarded(
            admin, "update catch.stored_events set state = '{' where originator_id = $1 and originator_version = 1",
            broken.case,
        )  # fmt: skip
        states, _, heard = await hear(database, after, head)
        assert heard == [stored.position for stored in await place.catch.log.page(after, 1000)]
        assert states.at_hand(broken.case) is None
        assert all((held := states.at_hand(case.case)) and held.state for case in cases)
        assert "UNDECODABLE" in caplog.text
