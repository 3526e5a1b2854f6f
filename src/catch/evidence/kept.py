"""What is kept of the tree: leaves, every eighth row of nodes above them, and the checkpoints that were signed.

The tree of a log has one leaf a fact, in the order of positions. Its name is made of the log's id and its generation:
after a restore that lost facts the tree is another one, and says so.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.database import Statements
from catch.evidence.notes import Checkpoint, PublicKey, Signer, opened
from catch.evidence.tree import Frontier, Node, Range, inclusion, joined, node_hash, wholes

PURPOSE = "evidence 1"
"""Which of the place's secrets signs. Another number gives another key."""
ROW = 8
"""Nodes are kept at heights that are multiples of it."""
WIDTH = 1 << ROW

LAST = """
    select generation, size, position, note, recorded_at from evidence_checkpoints
    order by generation desc, size desc limit 1
"""
# Of those that hold a position, the one that most witnesses have signed; of several, the last.
WITNESSED = """
    select k.generation, k.size, k.position, k.note, k.recorded_at from evidence_checkpoints k
    where k.position >= $1 and k.generation = (select max(generation) from evidence_checkpoints)
    order by (
        select count(*) from evidence_cosignatures c where c.generation = k.generation and c.size = k.size
    ) desc, k.size desc limit 1
"""
COSIGNATURES = "select line from evidence_cosignatures where generation = $1 and size = $2 order by witness"
LEAVES = "select coalesce((select index + 1 from evidence_leaves order by index desc limit 1), 0)"
STRETCHES = """
    select 0 as height, l.index, l.hash from unnest($1::bigint[], $2::int[]) as s (stretch, height)
    join evidence_leaves l on s.height = 0 and l.index >= s.stretch << 8 and l.index < (s.stretch + 1) << 8
    union all
    select n.height, n.index, n.hash from unnest($1::bigint[], $2::int[]) as s (stretch, height)
    join evidence_nodes n on n.height = s.height and n.index >= s.stretch << 8 and n.index < (s.stretch + 1) << 8
"""


class NotKept(Exception):
    """Hashes of the tree are missing where they should be kept."""


class Signed(NamedTuple):
    """A checkpoint as it is kept. Nothing of it is believed before its note was opened."""

    generation: int
    size: int
    position: int
    note: str
    recorded_at: datetime


def origin(log: UUID, generation: int) -> str:
    """The name of the tree, and of the key that signs it."""
    return f"catch/{log}/{generation}"


def signer(log: UUID, generation: int, secret: bytes) -> Signer:
    return Signer(origin(log, generation), secret)


async def last(statements: Statements) -> Signed | None:
    row = await statements.fetchrow(LAST)
    return Signed(*row.values()) if row else None


async def witnessed(statements: Statements, position: int) -> Signed | None:
    row = await statements.fetchrow(WITNESSED, position)
    return Signed(*row.values()) if row else None


async def cosignatures(statements: Statements, signed: Signed) -> list[str]:
    """The lines that witnesses have put under it."""
    return [row["line"] for row in await statements.fetch(COSIGNATURES, signed.generation, signed.size)]


async def leaves(statements: Statements) -> int:
    """How many there are."""
    return await statements.fetchval(LEAVES)


def checked(signed: Signed, key: PublicKey) -> Checkpoint:
    """What it says, signed by this key. Raises `NotProved`."""
    return Checkpoint.read(opened(signed.note, key))


class Nodes:
    """Hashes of the tree by height and index: read 256 at a time, made where they are not kept."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements
        self._held: dict[Node, bytes] = {}
        self._read: set[tuple[int, int]] = set()

    async def read(self, nodes: Iterable[Node]) -> None:
        """One query for all that is not here yet."""
        wanted = {stretch(node) for node in nodes} - self._read
        if wanted:
            found = await self._statements.fetch(
                STRETCHES, [index for _, index in wanted], [height for height, _ in wanted]
            )
            self._held |= {(height, index): hash_ for height, index, hash_ in found}
            self._read |= wanted

    def __getitem__(self, node: Node) -> bytes:
        """Raises `NotKept`."""
        if (known := self._held.get(node)) is not None:
            return known
        height, index = node
        if height % ROW == 0:
            raise NotKept(f"height {height}, index {index}")
        made = self._held[node] = node_hash(self[height - 1, 2 * index], self[height - 1, 2 * index + 1])
        return made

    async def roots(self, parts: Sequence[Range]) -> list[bytes]:
        """The root of each of these parts of the tree. Raises `NotKept`."""
        await self.read(node for part in parts for node in wholes(part))
        return [joined([self[node] for node in wholes(part)]) for part in parts]

    async def root(self, size: int) -> bytes:
        return (await self.roots([(0, size)]))[0]

    async def read_paths(self, indexes: Iterable[int], size: int) -> None:
        """For many paths at once: one query."""
        await self.read(node for index in indexes for part in inclusion(index, size) for node in wholes(part))

    async def path(self, index: int, size: int) -> list[bytes]:
        return await self.roots(inclusion(index, size))

    async def frontier(self, size: int) -> Frontier:
        await self.read(wholes((0, size)))
        return Frontier(size, [self[node] for node in wholes((0, size))])


def stretch(node: Node) -> tuple[int, int]:
    """The kept row, and which 256 of it, that a node is or can be made from."""
    height, index = node
    above = height % ROW
    return height - above, (index << above) >> ROW
