"""Canaries: in random histories, nobody is ever shown what an independent model does not let them hold.

Every text, day and id in a history is unique and has an owner; people of every role send random commands over HTTP
and read through every channel, and each answer's bytes are searched. `CATCH_CANARIES=400 pytest tests/test_canaries.py`
for more; `make soak` runs two thousand. The controls: policies with a hole are caught by the same histories.
"""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.canaries.history import history
from tests.canaries.holes import HOLES
from tests.canaries.model import WIDER
from tests.canaries.run import Run, leaks, shrunk, told
from tests.conftest import Furnished
from tests.place import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

HISTORIES = int(os.environ.get("CATCH_CANARIES", "100"))
PARTS = 10


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    """One for all histories of a worker: they do not meet."""
    async with furnished() as made:
        yield made


@pytest.mark.parametrize("part", range(PARTS))
async def test_nobody_holds_what_they_may_not(place: Place, part: int):
    for seed in range(part, HISTORIES, PARTS):
        if await leaks(place, seed):
            steps, found = await shrunk(place, seed, tries=25)
            pytest.fail(told(seed, steps, found))


ONCE = (1000029, 1000060, 1000161, 1000409, 1000433, 1000611, 1000970)
"""Histories in which something was held once: of a meeting that was called off, and of a part that had ended since."""


@pytest.mark.parametrize("seed", ONCE)
async def test_what_was_held_once_is_held_no_more(place: Place, seed: int):
    assert [*map(str, await leaks(place, seed))] == []


async def test_the_histories_are_worth_reading(place: Place):
    """Most commands are taken, by many people, and much is read that has an owner."""
    for seed in (1, 2):
        run, steps = Run(place, seed), history(seed)
        await run.whole(steps)
        assert run.accepted > len(steps) / 3
        assert run.held > 500
        assert len({step.by for step in steps}) > 8


async def test_every_freedom_of_the_model_has_its_reason():
    assert all(len(reason) > 40 for reason in WIDER.values())


FROM = {
    "a seat lasts whatever has become of the meeting": 3,
    "a seat is had at any time": 6,
    "a program is not behind its colleagues": 44,
}
"""Where to begin to look for a history that shows the hole, if not at the first."""
TRIED = 40


@pytest.mark.parametrize("hole", HOLES)
async def test_a_hole_is_seen(place: Place, hole: str, monkeypatch: pytest.MonkeyPatch):
    """By one of these histories, each of which is clean as the program is: the test above runs them."""
    for patch in HOLES[hole]:
        monkeypatch.setattr(*patch)
    begins = FROM.get(hole, 1)
    for seed in range(begins, begins + TRIED):
        if await leaks(place, seed, until_found=True):
            return
    pytest.fail("not seen")


SHOWN = 5


async def test_a_failure_is_shrunk(place: Place, monkeypatch: pytest.MonkeyPatch):
    for patch in HOLES["every referral is one's own"]:
        monkeypatch.setattr(*patch)
    steps, found = await shrunk(place, SHOWN, looks=40, tries=6)
    assert found
    assert len(steps) < len(history(SHOWN))
    assert f"seed {SHOWN}" in told(SHOWN, steps, found)
