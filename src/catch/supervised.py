"""Work that a server lives on: begun again where it fails, and where it fails too often the server says so and ends."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from catch.faults import fault

TRIES = 5
CALM = 60.0
"""Seconds without a failure, after which the count begins anew."""
PAUSE = 0.5
"""Seconds before the second try; each further one waits longer by as many."""


class EndedByItself(Exception):
    """Something that this server lives on has ended, though nobody told it to. Start the server again."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{' '.join((type(self).__doc__ or '').split())} ({name})")


async def kept_up(
    name: str,
    job: Callable[[], Awaitable[None]],
    *,
    tries: int = TRIES,
    pause: float = PAUSE,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Until cancelled. Raises what the job has raised, once it failed more often than it is tried."""
    failed = 0
    while True:
        began = clock()
        try:
            await job()
            raise EndedByItself(name)
        except Exception as problem:
            failed = 1 if clock() - began >= CALM else failed + 1
            fault(problem, name)
            if failed > tries:
                raise
        await asyncio.sleep(pause * failed)


@asynccontextmanager
async def living_on(name: str, work: Coroutine[Any, Any, None]) -> AsyncGenerator[None]:
    """Does it beside the block. The block is cancelled, and the reason raised, when the work ends before it."""
    owner = asyncio.current_task()
    assert owner is not None
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(lambda done: None if done.cancelled() else owner.cancel())
    try:
        yield
    finally:
        await ended(task)


async def ended(task: asyncio.Task[None]) -> None:
    """A cancellation that arrives while a connection is cleaning up can be lost on the way: it is repeated."""
    by_itself = task.done() and not task.cancelled()
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)
    if not task.cancelled() and (error := task.exception()):
        raise error
    if by_itself:
        raise EndedByItself(task.get_name())
