"""Thousands who come at once: each is let in in turn."""

import asyncio

from catch.live.turns import Turns


async def test_so_many_are_let_in_in_a_turn_of_the_loop_and_in_the_order_in_which_they_came():
    turns, most, came = Turns(3), list[int](), list[int]()

    async def come(number: int) -> None:
        await turns.come()
        came.append(number)

    coming = [asyncio.create_task(come(number)) for number in range(20)]
    coming[5].cancel()
    while len(came) < 19:
        before = len(came)
        await asyncio.sleep(0)
        most.append(len(came) - before)
    assert came == [number for number in range(20) if number != 5]
    # Those of two turns may run in one: whose turn it is goes on in the next.
    assert max(most) <= 6
    await turns.come()
