"""Sends every client of a server that is about to stop to another one, without a gap and without a stampede.

Sockets are closed with 1012 in batches, a short while of chance apart. Before a socket is closed, the queries and
commands it has running are answered; its subscriptions end where they are, and the close names the position from which
the client goes on elsewhere.
"""

import asyncio
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from catch.live.protocol import Connection, GraphQLOverWebSocket

RESTARTS = 1012
BATCH = 200
PAUSE = 0.1
"""Seconds between two batches at most: 20,000 sockets take some five seconds."""

Connected = Connection[Any, Any, Any]


async def drain(
    live: GraphQLOverWebSocket[Any, Any, Any], patience: float = 20.0, chance: Random | None = None
) -> None:
    """Returns once every socket was told to close. New ones are turned away from now on.

    `patience` is how many seconds running commands may take. One that takes longer goes on, and its client asks again
    elsewhere with the same command id.
    """
    live.draining = True
    chance = chance or Random()  # noqa: S311
    deadline = asyncio.get_running_loop().time() + patience
    connections = list(live.connections)
    # By chance, so that the people of one meeting do not all come to the next server at the same moment.
    chance.shuffle(connections)
    for batch in batches(connections):
        # Batch by batch: who is not in this one yet goes on being answered meanwhile.
        await answered(batch, deadline)
        for connection in batch:
            connection.close(RESTARTS, farewell(connection.position))
        if len(connections) > BATCH:
            await asyncio.sleep(chance.uniform(0, PAUSE))


def batches(connections: Sequence[Connected]) -> Iterator[Sequence[Connected]]:
    return (connections[start : start + BATCH] for start in range(0, len(connections), BATCH))


async def answered(connections: Sequence[Connected], deadline: float) -> None:
    """Returns when nothing but subscriptions runs on these, or at the deadline."""
    loop = asyncio.get_running_loop()
    while loop.time() < deadline:
        running = [
            operation.task
            for connection in connections
            for operation in connection.operations.values()
            # Subscriptions never end by themselves, and lose nothing: their clients go on from a position.
            if operation.task is not None and operation.line.kind != "subscription"
        ]
        if not running:
            return
        await asyncio.wait(running, timeout=deadline - loop.time())


def farewell(position: int) -> str:
    stood = f" Your last position is {position}." if position else ""
    return f"The server restarts.{stood} Connect again."
