"""What is wrong with a log and with what was made of it: each finding with a code, its place, and what to do.

A new check is a function added to one of the tuples below: `QUICK` and `STRETCH` are asked by the doctor and at the
start of a server, which looks only at the stretch of the log that is new; the others by one of the two.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.database import Connection
from catch.domain.streams import EVENTS, stream_of
from catch.evidence import kept
from catch.evidence.examining import compared
from catch.evidence.kept import PURPOSE
from catch.evidence.reads import Reads, broken
from catch.evidence.signing import Signing
from catch.log import Log, Stored
from catch.log.clock import NEVER_SET
from catch.log.codec import Codec
from catch.log.entries import FutureSchema, Undecodable, UnknownEvent, Unreadable
from catch.personal import KeyEncryption, Keyring, Unread, named, sealed_in
from catch.personal.belonging import unfit
from catch.personal.erased import ErasedList, Listed
from catch.personal.keyring import THERE, erased_list, secret_of
from catch.personal.rotating import WrappingKey, unreadable_keys, wrapping_keys
from catch.readside import parked
from catch.readside.folding import UNREAD
from catch.readside.inventory import OF_THIS_LOG
from projections import erasures
from projections.read_model import ReadModel


class Finding(Struct, frozen=True, omit_defaults=True):
    """`position`, `stream` and `version` say which fact it is about, if it is about one."""

    code: str
    sentence: str
    position: int | None = None
    stream: UUID | None = None
    version: int | None = None


class Place(NamedTuple):
    """What the checks look at. `head` is where the log ended when they began; `signed` is the folder where this machine
    remembers what it saw signed, and `other_key` how the key-encryption key here is not the place's, if so.
    """

    log: Log
    connection: Connection
    codec: Codec
    projections: Sequence[ReadModel]
    head: int
    encryption: KeyEncryption | None = None
    signed: Path | None = None
    other_key: str | None = None
    erased: Path | None = None

    @property
    def list_of_erased(self) -> ErasedList | None:
        """Likewise what proves its lines."""
        if self.erased is None or self.encryption is None or self.other_key is not None:
            return None
        return erased_list(self.erased, self.encryption)

    @property
    def secret(self) -> bytes | None:
        """What signs checkpoints, as far as it can be known: with another key all that was signed would look forged."""
        return secret_of(self.encryption, PURPOSE) if self.encryption and self.other_key is None else None


async def place_at(
    log: Log,
    connection: Connection,
    codec: Codec,
    projections: Sequence[ReadModel],
    encryption: KeyEncryption | None,
    signed: Path | None,
    erased: Path | None = None,
) -> Place:
    problem = await unfit(connection, encryption) if encryption is not None else None
    return Place(log, connection, codec, projections, await log.head(), encryption, signed, problem, erased)


# Quick, however long the log is


async def clocks(place: Place) -> AsyncIterator[Finding]:
    clock = place.log.clock
    await clock.ask(place.connection)
    if clock.apart:
        side = "ahead of" if clock.ahead > 0 else "behind"
        comes = (
            "which of them is right nobody can tell, so that nothing is recorded and nobody let in"
            if abs(clock.ahead) > NEVER_SET
            else "the servers go by the database's, and what is wrong with that is wrong with every fact"
        )
        yield Finding(
            "CLOCK_APART",
            f"This machine's clock is {abs(clock.ahead):.0f} seconds {side} the database's; {comes}. Set both by NTP.",
        )


KEEPS = """
    select name from pg_settings where name in ('fsync', 'full_page_writes') and setting <> 'on'
    and current_setting('catch.forgetful', true) is distinct from 'on' order by name
"""


async def durable(place: Place) -> AsyncIterator[Finding]:
    """The server writes what it has answered to the disk, unless it is said to be there for trying things out."""
    for row in await place.connection.fetch(KEEPS):
        name = row["name"]
        yield Finding(
            "MAY_LOSE_FACTS",
            f"PostgreSQL runs with {name} = off: when its machine goes down, what was answered is lost or the database"
            f" is damaged. As a superuser: alter system set {name} = on; select pg_reload_conf(); or where it stands on"
            " PostgreSQL's command line, there. Then shut it down in order once, so that everything is written.",
        )


SEQUENCE = """
    select s.last_value - (not s.is_called)::int as last, coalesce((select max(notification_id) from stored_events), 0)
    from stored_events_notification_id_seq s
"""


async def positions(place: Place) -> AsyncIterator[Finding]:
    """The next position lies above all others."""
    row = await place.connection.fetchrow(SEQUENCE)
    assert row is not None
    last, head = row.values()
    if last < head:
        yield Finding(
            "POSITIONS_BEHIND",
            f"The sequence that gives positions stands at {last} and the log ends at {head}, so that nothing can be"
            " recorded: a dump was restored without its sequences, or somebody set it back. As the owner of the schema:"
            f" select setval('{place.log.schema}.stored_events_notification_id_seq', {head});",
            head,
        )


async def generations(place: Place) -> AsyncIterator[Finding]:
    """Positions are of the generation that this machine knows, in the database where it was begun."""
    found = await place.log.generations.standing(place.connection)
    remembered = place.log.generations.remembered
    if found.number < (known := remembered.number(found.log)):
        yield Finding(
            "FORMER_PRIMARY",
            f"This database holds generation {found.number} of the log, and this machine has worked with generation"
            f" {known}: it was not shut off when another one took over. Nothing is recorded here. Name the present"
            " primary in CATCH_DATABASE_URL. To give up on purpose what was recorded there: remove"
            f" {remembered.path(found.log)} wherever a server runs, then run `catch restored`.",
            place.head,
        )
    elif found.here is False and place.head:
        yield Finding(
            "LOG_MOVED",
            "The log lies in another database than the one in which its generation was begun: it was restored, copied"
            " or promoted. The next server that starts begins a new generation, so that no position means two facts.",
            place.head,
        )


async def keys(place: Place) -> AsyncIterator[Finding]:
    """The key-encryption key here is the place's, where there is one."""
    if problem := place.other_key:
        yield Finding(
            "OTHER_KEY",
            f"{problem[0].upper()}{problem[1:]}. No server starts with it: set CATCH_KEK_FILE to the key file of this"
            " place, or CATCH_DATA_DIR to the folder that holds it.",
        )


async def wrapping(place: Place) -> list[WrappingKey]:
    """The key-encryption keys, as far as they can be known."""
    return await wrapping_keys(place.connection, place.encryption) if place.encryption and not place.other_key else []


async def missing_keys(place: Place) -> AsyncIterator[Finding]:
    """Whatever has wrapped a data key is here."""
    for key in await wrapping(place):
        if key.wraps and not key.held:
            what = (
                f"Key {key.number} ({key.fingerprint}) is not in the key file, or only what is left when it is retired"
                if key.fingerprint
                else f"A key {key.number}, which this place never had, is not in the key file"
            )
            yield Finding(
                "KEY_MISSING",
                f"{what}, and {key.wraps} data keys are wrapped by it: nothing of whom they are of can be read. They"
                " came with a backup from before the key was retired: put its line back from a key file of that time,"
                " then run `catch keys rotate` and `catch keys retire` again. Or else somebody changed them.",
            )


async def data_keys(place: Place) -> AsyncIterator[Finding]:
    """Each can be opened by the key that is said to have wrapped it."""
    if place.encryption is None or place.other_key is not None:
        return
    async for subject in unreadable_keys(place.connection, place.encryption):
        yield Finding(
            "DATA_KEY_UNREADABLE",
            f"The data key of {subject} cannot be opened: it was changed, was wrapped by another place's key, or lies"
            " where somebody else's belongs. Take the row of the table data_keys from a backup.",
        )


async def destroyed(place: Place) -> AsyncIterator[Finding]:
    """Whoever was erased has no key, by the log and by the list that is kept beside the database."""
    listed = place.list_of_erased
    known = listed.read() if listed else Listed(frozenset(), 0)
    back = await undestroyed(place, known)
    for _ in range(LOOKS):
        if not back:
            break
        # Between the fact and the deed lies a moment.
        await asyncio.sleep(LOOK)
        back &= await undestroyed(place, known)
    for subject in sorted(back):
        yield Finding(
            "KEY_NOT_DESTROYED",
            f"The data key of {subject} is there, although whom it is of was erased: it came back with a backup, or"
            " whoever destroyed it was stopped. The next server that starts with the list of who was erased (the file"
            " `erased` in CATCH_DATA_DIR) destroys it, and so does `catch restored`.",
        )
    if known.strange:
        yield Finding(
            "STRANGE_ERASURES",
            f"{known.strange} lines of {place.erased} were not written by this place, or were changed: nobody is erased"
            " because of them. Put the list of another server of this place beside them, and take them out.",
        )


async def undestroyed(place: Place, known: Listed) -> set[UUID]:
    found = await place.connection.fetch(THERE, [*known.subjects])
    # Without its table nothing was folded here yet.
    folded = await place.connection.fetchval("select to_regclass($1)", erasures.TABLE)
    return {row["subject"] for row in found} | {*(await erasures.unfinished(place.connection) if folded else ())}


async def signing(place: Place) -> AsyncIterator[Finding]:
    """What is kept to prove the log is what was signed, here and as far as this machine has seen."""
    if place.secret is None:
        return
    if why := await Signing(place.log, place.secret, place.signed).obstacle(place.connection):
        yield Finding(
            "NOT_SIGNED",
            f"Nothing more is signed, so that what is recorded from now on cannot be proved: {why}. If the database was"
            " put back to an earlier state on purpose, say so: `catch restored`. Otherwise somebody changed it: keep a"
            " copy of it as it is for an auditor, and take the tables evidence_* from a backup.",
        )


BEHIND = """
    with theirs as (
        select generation, witness, max(size) as size, max(recorded_at) as at from evidence_cosignatures
        where generation = (select max(generation) from evidence_checkpoints) group by generation, witness
    )
    select witness, at from theirs where at > clock_timestamp() - interval '30 days' and exists (
        select from evidence_checkpoints k where k.generation = theirs.generation and k.size > theirs.size
        and k.recorded_at < clock_timestamp() - interval '1 hour')
    order by witness
"""


async def witnessing(place: Place) -> AsyncIterator[Finding]:
    """Each witness that has cosigned lately has cosigned what was signed an hour ago."""
    for row in await place.connection.fetch(BEHIND):
        yield Finding(
            "WITNESS_BEHIND",
            f"The witness {row['witness']} has cosigned nothing since {row['at']:%Y-%m-%d %H:%M} UTC, and facts came:"
            " it is away, or not asked any more; or it has seen something else than there is here: a server's log says"
            " which, under `the witness ... does not cosign`.",
        )


OF_AN_AUDITOR = (
    "Somebody changed it: keep a copy of it as it is for an auditor. Servers go on recording who looks, and sign it no"
    " more."
)


async def looks(place: Place) -> AsyncIterator[Finding]:
    """Who looked at whom is what was signed, here and as far as this machine has seen."""
    if place.secret is None:
        return
    if why := await Reads(place.log, place.secret, place.signed).problem(place.connection):
        yield Finding("READS_NOT_AS_SIGNED", f"Of the recorded reads {why}. {OF_AN_AUDITOR}")


async def every_look(place: Place) -> AsyncIterator[Finding]:
    """Each recorded read is the one that was recorded behind the one before it."""
    async for number in broken(place.connection):
        yield Finding(
            "READ_CHANGED",
            f"The recorded read {number:,} is not the one that was recorded, or one before it is missing."
            f" {OF_AN_AUDITOR}",
        )


ASTRAY = f"""
    select projection, position from checkpoints c where projection = any($1::text[]) and not {OF_THIS_LOG}
    order by projection
"""  # noqa: S608


async def checkpoints(place: Place) -> AsyncIterator[Finding]:
    """A read model that stands at a fact which the log does not hold was folded from another log."""
    names = {projection.table: projection.name for projection in place.projections}
    for row in await place.connection.fetch(ASTRAY, list(names)):
        name, position = names[row["projection"]], row["position"]
        ahead = f" (it ends at {place.head})" if position > place.head else ""
        yield Finding(
            "CHECKPOINT_ASTRAY",
            f"The read model {name} stands at a fact that the log does not hold{ahead}: a backup was restored beneath"
            f" it. A server that starts builds it anew by itself; or run `catch rebuild --fresh {name}`.",
            position,
        )


async def left_out(place: Place) -> AsyncIterator[Finding]:
    for projection, row in await parked(place.log, place.projections):
        what = "a fact" if row.key.startswith(UNREAD) else f"the row {row.key}"
        yield Finding(
            "PARKED",
            f"The read model {projection.name} leaves out {what} since this position ({row.error})."
            " Mend the cause, then run `catch parked --retry`.",
            row.position,
        )


# A stretch of positions, (after, upto]

BROKEN_HISTORIES = """
    select e.notification_id, e.originator_id, e.originator_version, e.topic, (
        select max(p.originator_version) from stored_events p
        where p.originator_id = e.originator_id and p.originator_version < e.originator_version) as before
    from stored_events e
    where e.notification_id > $1 and e.notification_id <= $2 and e.originator_version > 1 and not exists (
        select from stored_events p where p.originator_id = e.originator_id
        and p.originator_version = e.originator_version - 1 and p.notification_id < e.notification_id)
    order by e.notification_id
"""


async def histories(place: Place, after: int, upto: int) -> AsyncIterator[Finding]:
    """Every version follows the one before it."""
    for position, stream, version, topic, before in await place.connection.fetch(BROKEN_HISTORIES, after, upto):
        if before == version - 1:
            code = "OUT_OF_ORDER"
            what = f"{topic} is version {version} of its stream and stands before version {before}"
        else:
            missing, last = (before or 0) + 1, version - 1
            code = "MISSING_VERSIONS"
            which = f"version {last} is" if missing == last else f"versions {missing} to {last} are"
            what = f"Before this {topic}, {which} missing from its stream"
        yield Finding(
            code,
            f"{what}. Whoever asks for the stream is refused. Take the facts from a backup, with their positions.",
            position,
            stream,
            version,
        )


# The number is the last thing in a stored envelope, and left out where it is 1.
STRANGE = """
    select e.notification_id, e.originator_id, e.originator_version, e.topic, e.state, e.recorded_at
    from stored_events e
    where e.notification_id > $1 and e.notification_id <= $2 and topic || '@' || coalesce(substring(
        encode(substring(state from greatest(octet_length(state) - 30, 1)), 'escape') from '"schema":([0-9]+)}$'), '1')
        not in (select unnest($3::text[]))
    order by e.notification_id
"""


async def forms(place: Place, after: int, upto: int) -> AsyncIterator[Finding]:
    """Every fact is of a kind and schema number that this release knows."""
    for row in await place.connection.fetch(STRANGE, after, upto, known(place.codec)):
        if (finding := unreadable(place.codec, Stored(*row))) is not None:
            yield finding


def known(codec: Codec) -> list[str]:
    return sorted(f"{name}@{n}" for name, event in codec.events.items() for n in range(1, event.SCHEMA + 1))


FOREIGN = """
    with kinds as (select * from unnest($3::text[], $4::text[]) as k (topic, kind))
    select e.notification_id, e.originator_id, e.originator_version, e.topic from stored_events e
    join kinds of_fact on of_fact.topic = e.topic
    join stored_events f on f.originator_id = e.originator_id and f.originator_version = 1
    join kinds of_stream on of_stream.topic = f.topic
    where e.notification_id > $1 and e.notification_id <= $2 and e.originator_version > 1
    and of_fact.kind <> of_stream.kind order by e.notification_id
"""


async def belonging(place: Place, after: int, upto: int) -> AsyncIterator[Finding]:
    """Every fact is of the kind of stream that it stands in."""
    names = [*EVENTS]
    kinds = [stream_of(EVENTS[name]).name for name in names]
    for position, stream, version, topic in await place.connection.fetch(FOREIGN, after, upto, names, kinds):
        yield Finding(
            "FOREIGN_FACT",
            f"{topic} belongs to another kind of stream than the one it stands in. Whoever asks for this stream is"
            " refused; all others go on. No server of ours records such: find out who wrote it, and take the stream"
            " from a backup.",
            position,
            stream,
            version,
        )


REMEDY: dict[type[Unreadable], str] = {
    UnknownEvent: "is not known to this release. A newer release wrote it: run that one.",
    FutureSchema: "has a newer form than this release knows. A newer release wrote it: run that one.",
    Undecodable: "cannot be read: its stored bytes are not what they should be. Take it from a backup.",
}


def unreadable(codec: Codec, stored: Stored) -> Finding | None:
    try:
        codec.decode(stored)
    except Unreadable as problem:
        place = (stored.position, stored.stream, stored.version)
        return Finding(problem.code, f"{stored.topic} {REMEDY[type(problem)]}", *place)
    return None


# Every fact, and every command

KEPT = "select command_id from commands where command_id = any($1::uuid[])"


async def facts(place: Place, page: Sequence[Stored]) -> AsyncIterator[Finding]:
    """Every fact can be read, and its command's answer is kept."""
    commands: dict[UUID, Stored] = {}
    for stored in page:
        try:
            commands[place.codec.decode(stored).envelope.command] = stored
        except Unreadable:
            finding = unreadable(place.codec, stored)
            assert finding is not None
            yield finding
    answered = {row[0] for row in await place.connection.fetch(KEPT, list(commands))}
    for command in commands.keys() - answered:
        stored = commands[command]
        yield Finding(
            "NO_ANSWER",
            f"The answer to the command behind this {stored.topic} is not kept, so that it would be recorded again if"
            " it were sent again. Take the row of the table commands from a backup.",
            stored.position,
            stored.stream,
            stored.version,
        )


async def texts(place: Place, page: Sequence[Stored]) -> AsyncIterator[Finding]:
    """Every text can be read, unless it was erased. Of a person one of a page is told."""
    if place.encryption is None:
        return
    keyring, told = Keyring(place.connection, place.encryption), set[UUID | None]()
    for stored in page:
        with suppress(Unreadable):
            sealed = sealed_in(place.codec.decode(stored).event)
            for text, plain in zip(sealed, await keyring.unseal(sealed) if sealed else (), strict=True):
                if isinstance(plain, Unread) and (subject := named(text)) not in told:
                    told.add(subject)
                    yield unread(stored, subject)


def unread(stored: Stored, subject: UUID | None) -> Finding:
    key = f"the data key of {subject}" if subject else "it"
    return Finding(
        "UNREADABLE_TEXT",
        f"A text of this {stored.topic} cannot be read: {key} is not here, was wrapped by another place's key, or the"
        " text was changed. Take the row of the table data_keys, or the fact, from a backup.",
        stored.position,
        stored.stream,
        stored.version,
    )


LOST = """
    select c.command_id, c.stream, c.version, c.position, c.events from commands c where c.position > 0 and not exists (
        select from stored_events e where e.notification_id = c.position
        and (c.events = '{}' or e.topic = c.events[cardinality(c.events)]))
    order by c.position
"""


async def answers(place: Place) -> AsyncIterator[Finding]:
    """What somebody was told to be recorded is there."""
    for row in await place.connection.fetch(LOST):
        what = ", ".join(row["events"]) or "nothing new"
        yield Finding(
            "LOST_FACTS",
            f"Somebody was told that {what} is recorded up to this position, and the log does not hold it: facts were"
            " lost. Take them from a backup, or ask for them again.",
            row["position"],
            row["stream"],
            row["version"],
        )


WAITING = "select min(notification_id) from stored_events where notification_id > $1 and notification_id <= $2"


LOOKS, LOOK = 10, 0.2
"""How often it is looked whether what was just recorded is signed by now, and the seconds between two looks."""


async def waiting(place: Place) -> int | None:
    """The first position that is not signed yet, where anything is."""
    last = await kept.last(place.connection)
    return None if last is None else await place.connection.fetchval(WAITING, last.position, place.head)


async def proofs(place: Place) -> AsyncIterator[Finding]:
    """Every fact is the one that was signed, and those that were there when this began have been by now."""
    generation = await place.log.generations.standing(place.connection)
    async for wrong in compared(place.connection, generation.log, place.secret):
        yield Finding(*wrong)
    first = await waiting(place)
    for _ in range(LOOKS):
        if first is None:
            break
        # What was recorded a moment ago is signed in a moment, where a server runs.
        await asyncio.sleep(LOOK)
        first = await waiting(place)
    if first is not None:
        yield Finding(
            "WAITING_TO_BE_SIGNED",
            "From this position on nothing is signed yet: no server of this release runs, or signing has stopped. Start"
            " one, and look at what it logs.",
            first,
        )


OfPlace = Callable[[Place], AsyncIterator[Finding]]
OfStretch = Callable[[Place, int, int], AsyncIterator[Finding]]
OfPage = Callable[[Place, Sequence[Stored]], AsyncIterator[Finding]]

QUICK: tuple[OfPlace, ...] = (
    clocks,
    durable,
    positions,
    generations,
    keys,
    missing_keys,
    destroyed,
    signing,
    witnessing,
    looks,
    checkpoints,
    left_out,
)
STRETCH: tuple[OfStretch, ...] = (histories, belonging)
AT_START: tuple[OfStretch, ...] = (forms,)  # what the database can tell without decoding
FACTS: tuple[OfPage, ...] = (facts, texts)
COMMANDS: tuple[OfPlace, ...] = (answers, proofs, every_look, data_keys)
