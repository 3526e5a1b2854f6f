"""Which key-encryption keys are the place's: with another nothing could be read here, and nobody be found again."""

from collections.abc import Sequence

from catch.database import Statements
from catch.personal.keys import KeyEncryption

KNOWN = "select fingerprint from key_encryption_keys order by line"
KEEP = """
    insert into key_encryption_keys (line, fingerprint)
    select line, fingerprint from unnest($1::bytea[]) with ordinality as ours (fingerprint, line)
    on conflict do nothing
"""
# One of each line that wrapped any: the first byte says which.
WRAPPED = """
    select distinct on (get_byte(wrapped, 0)) subject, wrapped from data_keys where wrapped <> ''
    order by get_byte(wrapped, 0), created_at desc
"""


class OtherKey(Exception):
    """These keys are not, or not all, the keys of this place."""


async def begun(database: Statements) -> bool:
    """Whether the place has a key already, so that none may be made for it."""
    return await database.fetchval(f"select exists ({KNOWN}) or exists (select from data_keys)")  # noqa: S608


async def belong(database: Statements, encryption: KeyEncryption) -> None:
    """Raises `OtherKey`. The keys of a place that has none yet become its own; from then on a line that is added wraps
    nothing until `rotating.adopt`.
    """
    if problem := await unfit(database, encryption):
        raise OtherKey(problem)
    if not await known(database):
        await database.execute(KEEP, encryption.fingerprints())
        # Of two servers that begin at once, with a key each, the first one's is the place's.
        if problem := await unfit(database, encryption):
            raise OtherKey(problem)


async def unfit(database: Statements, encryption: KeyEncryption) -> str | None:
    """What is wrong with these keys here; where nothing is, they wrap by the one by which the place does."""
    place = await known(database)
    return follow(place, encryption) if place else await unopened(database, encryption)


def follow(place: Sequence[bytes], encryption: KeyEncryption) -> str | None:
    """Has these keys wrap by the newest one that the place knows; or what is wrong with them."""
    if problem := difference(place, encryption.fingerprints()):
        return problem
    if len(place) not in encryption.held():
        return (
            f"of key {len(place)} ({named(place[-1])}), which wraps in this place, the key file has only what is left"
            " when it is retired: the place was put back to a time before that. Take the line from an older key file"
        )
    encryption.wraps = len(place)
    return None


def named(fingerprint: bytes) -> str:
    """As a key is called in what is said of it."""
    return fingerprint.hex()[:12]


async def known(database: Statements) -> list[bytes]:
    return [row["fingerprint"] for row in await database.fetch(KNOWN)]


def difference(place: Sequence[bytes], ours: Sequence[bytes]) -> str | None:
    """What is wrong with keys with these fingerprints, in a place that knows those."""
    if place and (not ours or place[0] != ours[0]):
        return "the key-encryption key is another place's: nothing that is sealed here can be read with it"
    if len(ours) < len(place):
        return (
            f"the key file is an older copy: the place knows {len(place)} lines, and it has {len(ours)}; key"
            f" {len(ours) + 1} ({named(place[len(ours)])}) is missing"
        )
    wrong = next((line for line, (a, b) in enumerate(zip(place, ours, strict=False), 1) if a != b), None)
    if wrong is None:
        return None
    return f"line {wrong} of the key file is not the one that the place knows ({named(place[wrong - 1])})"


async def unopened(database: Statements, encryption: KeyEncryption) -> str | None:
    """The same of a place that was begun before fingerprints were kept: its data keys must open."""
    rows = {row["subject"]: row["wrapped"] for row in await database.fetch(WRAPPED)}
    if len(await encryption.unwrap(rows)) < len(rows):
        return "the key-encryption key is another place's: it does not open the data keys that lie here"
    return None
