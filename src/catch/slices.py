"""Long lists, a slice at a time: nobody else on the event loop waits for all of one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from itertools import islice
from time import perf_counter
from typing import TypeVar

A = TypeVar("A")
R = TypeVar("R")

SLICE = 0.003
"""Seconds after which others have their turn."""


async def each(make: Callable[[A], R], of: Iterable[A]) -> list[R]:
    """What is made of each, a slice at a time: a long list keeps nobody waiting."""
    return [make(one) async for one in in_slices(of)]


async def each_in_turn(make: Callable[[A], Awaitable[R]], of: Iterable[A]) -> list[R]:
    """The same where making one may itself have to wait."""
    return [await make(one) async for one in in_slices(of)]


async def in_slices(of: Iterable[A]) -> AsyncIterator[A]:
    until = perf_counter() + SLICE
    for one in of:
        yield one
        # By time and not by number: some take far longer than others.
        if perf_counter() > until:
            await asyncio.sleep(0)
            until = perf_counter() + SLICE


def emptied(parts: list[A]) -> Iterator[A]:
    """One after another, each let go of once it was used: many that go away together keep all others waiting."""
    parts.reverse()
    while parts:
        yield parts.pop()


async def in_groups(of: Iterable[A], size: int) -> AsyncIterator[list[A]]:
    """So many at once, and others have their turn after each group: for what is cheaper together."""
    rest = iter(of)
    while group := [*islice(rest, size)]:
        yield group
        await asyncio.sleep(0)
