"""A history replayed in the terminal: both clocks, who and why, what changed, and nothing personal unasked."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import repeat
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace
from rich.console import Console

from catch.app import Catch, opened
from catch.cli.replaying import NoSuchStream, NothingByThen, find, from_terminal, moment, replay
from catch.database.server import Server
from catch.domain.case.actions import ActionDeclined
from catch.domain.case.coordination import ConversationHeld
from catch.domain.case.state import ConversationFormat
from catch.domain.facts import Envelope, Fact, Purpose
from catch.log import Append, NewEvent
from catch.log.codec import encode
from catch.personal import with_texts
from catch.settings import Settings
from tests.cases import CASE, CORA, PERSON, SHARED, START, offered, received, uid
from tests.conftest import Database

SHORT = "00000000.."
SECRET = "Zephyrine likes [bold]tea[/] \x1b[31m"


@pytest.fixture
async def catch(database: Database, tmp_path: Path) -> AsyncIterator[Catch]:
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path / "data")) as running:
        yield running


async def tell(catch: Catch, *facts: tuple[Fact, datetime]) -> int:
    known = len(await catch.log.stream(CASE))
    events = [
        NewEvent(
            CASE,
            known + place,
            type(event).__name__,
            encode(Envelope(at, CORA, Purpose.SAFEGUARDING, uid(90), uid(90), event, meeting=uid(50))),
        )
        for place, (event, at) in enumerate(facts, start=1)
    ]
    return (await catch.log.append(Append(uuid4(), CASE, tuple(events)))).position


async def told(catch: Catch) -> None:
    """A case whose conversation was recorded long after it was held."""
    seals = await catch.keyring.seal(PERSON, [SECRET])
    now = datetime.now(UTC)
    await tell(catch, *((with_texts(event, repeat(seals[0])), now) for event in SHARED))
    await tell(catch, (ConversationHeld(uid(5), ConversationFormat.HOME, seals[0]), now - timedelta(days=30)))
    position = await tell(catch, (replace(offered, title=seals[0]), now))
    await catch.readside.reached(position)


def terminal(*, interactive: bool = False) -> Console:
    return Console(file=StringIO(), width=200, force_terminal=interactive, color_system=None)


def written(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


async def shown(catch: Catch, **asked: Any) -> str:
    console = terminal()
    await replay(catch, CASE, console=console, **asked)
    return written(console)


async def test_each_fact_is_shown_with_both_clocks_who_and_why_and_what_it_changed(catch: Catch):
    await told(catch)
    text = await shown(catch)
    assert f"case {CASE}: 7 of 7 facts" in text
    for event in SHARED:
        assert type(event).__name__ in text
    assert text.count("by cora of snn as coordinator for safeguarding in meeting 00000000..") == 7
    assert text.count("occurred ") == text.count(", recorded ") == 7
    assert "state: received → accepted" in text
    assert "involvements[housing-1] = " in text
    assert text.count("recorded late") == 1
    assert "case as it stood" in text


async def test_personal_text_is_sealed_unless_asked_for(catch: Catch):
    await told(catch)
    (reason,) = await catch.keyring.seal(PERSON, [SECRET])
    await tell(catch, (ActionDeclined(offered.action, reason), datetime.now(UTC)))
    sealed, plain = await shown(catch), await shown(catch, personal=True)
    assert "Zephyrine" not in sealed
    assert "«sealed»" in sealed
    # What somebody once typed moves no cursor and sets no colour.
    assert f"actions[{SHORT}].reason = Zephyrine likes [bold]tea[/] \\x1b[31m" in plain
    assert "\x1b" not in plain


async def test_as_known_shows_what_anybody_could_have_known(catch: Catch):
    await told(catch)
    stored = await catch.log.stream(CASE)
    then = stored[4].recorded_at
    text = await shown(catch, as_known=then)
    assert ": 5 of 7 facts" in text
    assert "as known at" in text
    assert "ConversationHeld" not in text
    with pytest.raises(NothingByThen):
        await shown(catch, as_known=START)


async def test_as_true_shows_what_had_happened(catch: Catch):
    await told(catch)
    weeks_ago = datetime.now(UTC) - timedelta(days=20)
    text = await shown(catch, as_true=weeks_ago)
    # The referral was there from its receipt on, whenever it was typed in.
    assert "2 of 7 facts" in text
    assert "ConversationHeld" in text
    assert "ActionOffered" not in text


async def test_a_case_is_found_by_its_number_or_id(catch: Catch):
    await told(catch)
    assert await find(catch, received.number) == CASE
    assert await find(catch, str(CASE)) == CASE
    with pytest.raises(NoSuchStream):
        await find(catch, "7K3M-Q2XD")
    with pytest.raises(NoSuchStream):
        await replay(catch, uid(99), console=terminal())


async def test_steps_wait_for_enter_and_stop_when_told(catch: Catch):
    await told(catch)
    answers = iter([True, False])
    console = terminal()
    await replay(catch, CASE, console=console, pause=lambda: next(answers))
    text = written(console)
    assert text.count("occurred ") == 2
    assert "stopped here" in text
    assert "as it stood" not in text


def test_on_a_terminal_enter_goes_on_and_a_pipe_waits_for_nothing(monkeypatch: pytest.MonkeyPatch):
    assert from_terminal(terminal())()
    monkeypatch.setattr("sys.stdin", StringIO("\nq\n"))
    asked = from_terminal(terminal(interactive=True))
    assert [asked(), asked(), asked()] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-10T10:00:00Z", datetime(2026, 3, 10, 10, tzinfo=UTC)),
        ("2026-06-10T10:00:00", datetime(2026, 6, 10, 9, tzinfo=UTC)),
        ("2026-06-10 10:00", datetime(2026, 6, 10, 9, tzinfo=UTC)),
        ("2026-06-10", datetime(2026, 6, 10, 22, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_a_time_is_londons_unless_it_says_otherwise(text: str, expected: datetime):
    assert moment(text).astimezone(UTC) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2026-02-30", "10:00", "2026-03-10T25:00"])
def test_what_is_no_time_is_said_so(text: str):
    with pytest.raises(ValueError, match="not a day or a time"):
        moment(text)
