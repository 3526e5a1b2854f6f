"""Which case a referral belongs to: by the sender's own number of it, and, of an import's rows, by the referral's id.

Whoever sees a referral sees its id and could use it again. An import looks for those alone that were recorded by the
program itself.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.case.closing import CaseErased
from catch.domain.case.referral import ReferralAttached, ReferralReceived
from catch.domain.facts import Recorded, Role
from projections.read_model import MadeOf, ReadModel, names

MOST = 50
"""How many cases are found at once: senders do not know of one another's numbers."""


class Found(NamedTuple):
    """A case under a reference; those behind it are behind its position."""

    case_id: UUID
    position: int


class Row(Struct, frozen=True):
    """One case: the keyed hashes of its references, and the ids of those of its referrals that came by the program."""

    case_id: UUID
    position: int
    digests: tuple[str, ...]
    referrals: tuple[str, ...]


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if isinstance(recorded.event, ReferralReceived | ReferralAttached | CaseErased) else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row:
    row = row or Row(key, recorded.position, (), ())
    if isinstance(recorded.event, CaseErased):
        return Row(key, recorded.position, (), row.referrals)
    referral = recorded.event.referral
    digests = (*row.digests, referral.reference_digest) if referral.reference_digest else row.digests
    ours = recorded.envelope.actor.role is Role.SYSTEM
    return Row(key, recorded.position, digests, (*row.referrals, str(referral.referral)) if ours else row.referrals)


REFERENCES = ReadModel(
    name="references",
    version=2,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names([ReferralReceived, ReferralAttached, CaseErased]),
    indexes=("using gin (digests)", "using gin (referrals)"),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)


async def cases_of(db: Statements, digest: str, after: int = 0) -> list[Found]:
    """The first cases with a referral under this reference behind a position, the oldest first."""
    rows = await db.fetch(
        f"select case_id, position from {REFERENCES.table} where digests @> array[$1] and position > $2"
        f" order by position limit {MOST}",
        digest,
        after,
    )
    return [Found(row["case_id"], row["position"]) for row in rows]


async def imported(db: Statements, referrals: Iterable[UUID]) -> dict[UUID, UUID]:
    """The case of each of these referrals that the program itself recorded."""
    wanted = {str(each) for each in referrals}
    rows = await db.fetch(f"select case_id, referrals from {REFERENCES.table} where referrals && $1::text[]", [*wanted])
    return {UUID(each): row["case_id"] for row in rows for each in row["referrals"] if each in wanted}
