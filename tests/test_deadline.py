"""No test waits for ever."""

import asyncio

import pytest

from tests.conftest import bounded


async def test_one_that_waits_for_what_never_comes_fails():
    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await bounded(never, 0.01)()


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> str:
    """Of the very test that asks, before it is run."""
    return request.node.obj.__qualname__ + " " + request.node.obj.__code__.co_qualname


async def test_each_that_waits_is_bounded_as_it_is_collected(kept: str):
    assert kept == f"{test_each_that_waits_is_bounded_as_it_is_collected.__qualname__} bounded.<locals>.within"
