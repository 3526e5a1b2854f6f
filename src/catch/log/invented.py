"""Whether a place is invented: with nobody real in it. It is marked so before its first fact or never, for good."""

import asyncio

import asyncpg

from catch.database import Pool, connect, lost

NOTICE = "an invented place: nobody and nothing in it is real"
"""What every screen, file and answer of one says."""

A_MOMENT = 0.5
"""Seconds that it is waited for."""


class AlreadyBegun(Exception):
    """A place is marked as invented before its first fact or never: this one has facts."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class Mark:
    """Whether this place is marked. Looked up until that can change no more, which is from the first fact on."""

    def __init__(self, pool: Pool, schema: str) -> None:
        self._pool = pool
        self._invented = self._settled = False
        self._look = (
            f"select exists (select from {schema}.place where invented),"  # noqa: S608
            f" exists (select from {schema}.stored_events)"
        )

    @property
    def known(self) -> bool:
        """As it was looked up last."""
        return self._invented

    async def invented(self) -> bool:
        """While the database is away: as was known last."""
        if not self._settled:
            try:
                # Every answer of the web says it, that of `/health/ready` among them, and none waits for it.
                async with asyncio.timeout(A_MOMENT):
                    row = await self._pool.fetchrow(self._look)
            except Exception as problem:
                if not lost(problem):
                    raise
                return self._invented
            assert row is not None
            self._invented, begun = row
            self._settled = self._invented or begun
        return self._invented


async def marked_invented(dsn: str, schema: str = "catch") -> bool:
    """The same, by an address of the place's, where nothing is open yet."""
    connection = await connect(dsn)
    try:
        return await connection.fetchval(f"select exists (select from {schema}.place where invented)")  # noqa: S608
    finally:
        await connection.close()


async def mark_invented(dsn: str, schema: str = "catch") -> None:
    """Mark it, for good. `dsn` is its owner's, or of somebody who may act as the owner. Raises `AlreadyBegun`."""
    connection = await connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(f"set local role {schema}_owner")
            if not await connection.fetchval(f"select exists (select from {schema}.place)"):  # noqa: S608
                await connection.execute(f"insert into {schema}.place (invented) values (true)")  # noqa: S608
    except asyncpg.InsufficientPrivilegeError as problem:
        if "first fact" not in str(problem):
            raise
        raise AlreadyBegun from None
    finally:
        await connection.close()
