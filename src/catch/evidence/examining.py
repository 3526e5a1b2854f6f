"""Compares the log with what was signed of it: every fact with its leaf, the leaves with every checkpoint."""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID

from catch.database import Connection
from catch.evidence import kept
from catch.evidence.kept import Signed
from catch.evidence.leaves import hash_of
from catch.evidence.notes import Checkpoint, NotProved, opened, taken_apart
from catch.evidence.tree import Frontier
from catch.log import Stored
from catch.log.entries import STORED
from catch.slices import in_slices

PAGE = 2000

FACTS = f"""
    select {STORED} from stored_events where notification_id > $1 and notification_id <= $2
    order by notification_id limit $3
"""  # noqa: S608
KEPT = """
    select position, hash from evidence_leaves where position > $1 and position <= $2 order by index
"""
CHECKPOINTS = """
    select generation, size, position, note, recorded_at from evidence_checkpoints
    where size > $1 and size <= $2 order by size, generation
"""


class Wrong(NamedTuple):
    """`position` is the first that it is about."""

    code: str
    sentence: str
    position: int
    stream: UUID | None = None
    version: int | None = None


async def compared(connection: Connection, log: UUID, secret: bytes | None) -> AsyncIterator[Wrong]:
    """What was signed, from the first fact on. With the secret, signatures as well."""
    last = await kept.last(connection)
    if last is None:
        return
    # From before any position that a superuser could give.
    frontier, after, good = Frontier(), -(2**63), 0
    while after < last.position:
        facts = [*map(Stored._make, await connection.fetch(FACTS, after, last.position, PAGE))]
        upto = facts[-1].position if len(facts) == PAGE else last.position
        leaves: dict[int, bytes] = {row[0]: row[1] for row in await connection.fetch(KEPT, after, upto)}
        async for wrong in of_facts(facts, leaves):
            yield wrong
        # The tree of what is kept, at each size that was signed.
        size = frontier.size
        signed = await connection.fetch(CHECKPOINTS, size, size + len(leaves))
        waiting = [Signed(*row.values()) for row in reversed(signed)]
        async for position, leaf in in_slices(leaves.items()):
            frontier.add(leaf)
            while waiting and waiting[-1].size == frontier.size:
                one = waiting.pop()
                problem = denied(one, frontier, log, secret if one.size == last.size else None)
                if problem:
                    yield Wrong("CHECKPOINT_DENIED", f"{problem} {WHAT_TO_DO}", good + 1)
                    return  # all that follow rest on the same leaves
                good = position
        after = upto


WHAT_TO_DO = (
    "Whoever did this was a superuser of the database. Keep a copy of the database as it is for an auditor, compare it"
    " with a backup and with bundles exported before, and take what was changed from there."
)


async def of_facts(facts: list[Stored], leaves: dict[int, bytes]) -> AsyncIterator[Wrong]:
    """Each fact is the one that was signed at its position, and none is missing or came in between."""
    missing = dict.fromkeys(leaves)
    async for fact in in_slices(facts):
        missing.pop(fact.position, None)
        leaf = leaves.get(fact.position)
        if leaf is None:
            what = f"This {fact.topic} was put into the log behind what was signed."
            yield Wrong("FACT_ADDED", f"{what} {WHAT_TO_DO}", fact.position, fact.stream, fact.version)
        elif leaf != hash_of(*fact):
            what = f"This {fact.topic} is not what was signed at its position: it was changed, or moved here."
            yield Wrong("FACT_CHANGED", f"{what} {WHAT_TO_DO}", fact.position, fact.stream, fact.version)
    for position in missing:
        what = "The fact that was signed at this position is not there any more."
        yield Wrong("FACT_REMOVED", f"{what} {WHAT_TO_DO}", position)


def denied(signed: Signed, frontier: Frontier, log: UUID, secret: bytes | None) -> str | None:
    """What is wrong with a checkpoint over these leaves."""
    try:
        if secret is None:
            said = Checkpoint.read(taken_apart(signed.note)[0])
        else:
            said = Checkpoint.read(opened(signed.note, kept.signer(log, signed.generation, secret).public))
    except NotProved as problem:
        return f"The checkpoint over {signed.size:,} facts is not one that was signed here. {problem}"
    if said != (kept.origin(log, signed.generation), frontier.size, frontier.root()):
        return (
            f"The facts do not make the root that was signed over the first {signed.size:,} of them: between this"
            " position and the last of these something was changed together with what proves it."
        )
    return None
