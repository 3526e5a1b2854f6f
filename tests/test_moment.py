"""What is looked up for all who ask at once is looked up once, and never taken for true longer than a second."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from catch.present import moment
from catch.present.moment import OnceFresh


class Source:
    """Counts how often it is asked, and answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.broken = False

    async def look(self) -> int:
        self.asked += 1
        mine = self.asked
        await self.open.wait()
        if self.broken:
            raise ConnectionError
        return mine


async def test_whoever_asks_meanwhile_waits_for_the_same_look():
    source = Source()
    once = OnceFresh(source.look)
    waiting = [asyncio.create_task(once.get()) for _ in range(16)]
    await asyncio.sleep(0)
    # Whoever goes away takes nobody's answer along.
    waiting[0].cancel()
    await asyncio.sleep(0)
    source.open.set()
    assert await asyncio.gather(*waiting[1:]) == [1] * 15
    assert await once.get() == 1


async def test_a_look_that_nobody_waits_for_any_more_ends():
    source = Source()
    once = OnceFresh(source.look)
    waiting = [asyncio.create_task(once.get()) for _ in range(2)]
    await asyncio.sleep(0)
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    source.open.set()
    assert await once.get() == 2


async def test_what_is_a_second_old_is_looked_up_again(monkeypatch: pytest.MonkeyPatch):
    source = Source()
    source.open.set()
    once = OnceFresh(source.look)
    await once.get()
    monkeypatch.setattr(moment, "FRESH", timedelta(0))
    assert await once.get() == 2


async def test_a_look_that_has_failed_is_nobodys_answer_afterwards():
    source = Source()
    once = OnceFresh(source.look)
    source.broken = True
    source.open.set()
    for _ in range(2):
        with suppress(ConnectionError):
            await once.get()
            pytest.fail("it was answered")
    source.broken = False
    assert await once.get() == 3
