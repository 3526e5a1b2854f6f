"""Contacts at front doors: what waits there first, the most pressing of it; and how many were resolved at once."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.database import Statements
from catch.domain.calendar import london_day
from catch.domain.contact import WAITING, Contact, ContactState, evolve
from catch.domain.facts import Recorded
from catch.domain.programme.configuration import Disposition
from catch.domain.streams import CONTACT, stream_of_event
from catch.log.rows import load
from projections.read_model import MadeOf, ReadModel, names

MOST = 50
"""Earlier contacts that are found about the same person."""
REPEAT = timedelta(days=28)
"""Whoever comes again within so many days was not helped at first contact: the honest variant."""
_SPAN = 10**14
"""Milliseconds beyond all days that a log can name: between one priority and the next."""


class Row(Struct, frozen=True):
    """One contact. `place` is its place in the list; `people` whom it is about; by `marks` and `nhs_digest` further
    contacts of somebody who is described are found.
    """

    contact_id: UUID
    position: int
    version: int
    programme: str
    state: ContactState
    received_at: datetime
    place: int
    people: tuple[UUID, ...]
    marks: tuple[str, ...]
    nhs_digest: str | None
    contact: Contact


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if stream_of_event(recorded.event) is CONTACT else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    contact = evolve(row.contact if row else None, recorded.event, recorded.envelope.occurred_at)
    if contact is None:
        return None
    return Row(
        contact_id=key,
        position=recorded.position,
        version=recorded.version,
        programme=contact.programme,
        state=contact.state,
        received_at=contact.received_at,
        place=place_of(contact),
        people=tuple(sorted(contact.people)),
        marks=contact.received.marks,
        nhs_digest=contact.received.nhs_digest,
        contact=contact,
    )


def place_of(contact: Contact) -> int:
    """What waits stands first: what nobody has looked at, then the most pressing, the oldest of each first; then what
    is settled, the latest first.
    """
    received = int(contact.received_at.timestamp() * 1000)
    if not contact.open:
        return _SPAN * 10_000 - received
    return _SPAN * (contact.triage.said.place if contact.triage else 0) + received


CONTACTS = ReadModel(
    name="contacts",
    version=2,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(CONTACT.events),
    indexes=("programme, place, contact_id", "using gin (marks)", "using gin (people)", "nhs_digest"),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = CONTACTS.table

Cursor = tuple[int, UUID]
"""Where a page ended: place and id of its last contact."""


async def one(db: Statements, contact: UUID) -> Row | None:
    rows = load(await db.fetch(f"select * from {TABLE} where contact_id = $1", contact), Row)
    return rows[0] if rows else None


async def page(
    db: Statements,
    programmes: Sequence[str],
    states: Sequence[ContactState] | None,
    after: Cursor | None,
    first: int,
) -> list[Row]:
    """In the order of the list. No states: in any."""
    place, id_ = after or (-1, UUID(int=0))
    rows = await db.fetch(
        f"""select * from {TABLE}
            where programme = any($1::text[]) and ($2::text[] is null or state = any($2))
              and (place, contact_id) > ($3::bigint, $4::uuid)
            order by place, contact_id limit $5""",
        [*programmes],
        None if states is None else [*states],
        place,
        id_,
        first,
    )
    return load(rows, Row)


async def about(db: Statements, person: UUID) -> tuple[UUID, ...]:
    """Every contact that is about the person, or led to a referral of theirs."""
    rows = await db.fetch(f"select contact_id from {TABLE} where people && $1::uuid[] order by contact_id", [person])
    return tuple(row["contact_id"] for row in rows)


async def awaited(db: Statements, people: Sequence[UUID]) -> frozenset[UUID]:
    """Those of these people about whom a contact waits."""
    rows = await db.fetch(
        f"""select distinct about.person from {TABLE} cross join lateral unnest(people) as about (person)
            where people && $1::uuid[] and state = any($2::text[]) and about.person = any($1::uuid[])""",
        [*people],
        [*WAITING],
    )
    return frozenset(row["person"] for row in rows)


async def earlier(db: Statements, row: Row, days: int) -> list[Row]:
    """Contacts to the same programme of at most so many days before, about somebody alike: the same person, or whoever
    has two identifiers or the NHS number in common. The latest first, at most `MOST`.
    """
    rows = await db.fetch(
        f"""select * from {TABLE}
            where (people && $1::uuid[] or marks && $2::text[] or nhs_digest = $3) and programme = $4
              and (received_at, contact_id) < ($5::timestamptz, $6::uuid) and received_at >= $7
            order by received_at desc, contact_id desc limit {MOST}""",
        [*row.people],
        [*row.marks],
        row.nhs_digest,
        row.programme,
        row.received_at,
        row.contact_id,
        row.received_at - timedelta(days=days),
    )
    return load(rows, Row)


async def of_programme(db: Statements, programme: str) -> list[Row]:
    return load(await db.fetch(f"select * from {TABLE} where programme = $1 order by contact_id", programme), Row)


class FirstContact(Struct, frozen=True):
    """How many of `contacts` were `resolved` at first contact. Of those that are old enough to know (`followed`),
    `lasting` were, and whoever they were about did not come again within the days. `administrative`: left out of all.
    """

    contacts: int
    resolved: int
    followed: int
    lasting: int
    administrative: int


def first_contact(
    rows: Sequence[Row], from_: date | None, to: date | None, cut_off: datetime, within: timedelta = REPEAT
) -> FirstContact:
    """Of contacts received from the one London day to the other, both included, as far as is known at `cut_off`.

    A contact is resolved at first contact where nobody else was needed and no referral followed. Somebody came again
    where a later contact to the programme is about the same person, has two of their identifiers or their NHS number,
    or was said to be a repeat. `rows` are all of the programme: a repeat may lie beyond the days that are asked for.
    """
    known = [row for row in rows if row.received_at <= cut_off and not administrative(row)]
    again = came_again(known, within)
    lowest, highest = from_ or date.min, to or date.max
    counted = [row for row in known if lowest <= london_day(row.received_at) <= highest]
    resolved = {row.contact_id for row in counted if resolved_at_once(row, cut_off)}
    followed = [row for row in counted if row.received_at + within <= cut_off]
    aside = (row for row in rows if row.received_at <= cut_off and administrative(row))
    return FirstContact(
        contacts=len(counted),
        resolved=len(resolved),
        followed=len(followed),
        lasting=sum(row.contact_id in resolved and row.contact_id not in again for row in followed),
        administrative=sum(lowest <= london_day(row.received_at) <= highest for row in aside),
    )


def administrative(row: Row) -> bool:
    """A wrong number, a test: nobody's need. One that led to a referral all the same counts."""
    resolution = row.contact.resolution
    return resolution is not None and resolution.said.means is Disposition.ADMINISTRATIVE and not row.contact.referrals


def resolved_at_once(row: Row, cut_off: datetime) -> bool:
    resolution, referrals = row.contact.resolution, row.contact.referrals
    said = resolution is not None and resolution.said.first_contact and resolution.at <= cut_off
    return said and all(held.at > cut_off for held in referrals)


def came_again(rows: Iterable[Row], within: timedelta) -> set[UUID]:
    """The contacts after which whoever they were about came again within that time."""
    ordered = sorted(rows, key=lambda row: (row.received_at, row.contact_id))
    at = {row.contact_id: row.received_at for row in ordered}
    # Of each sign the last alone: an earlier one was followed by that one, sooner.
    latest: dict[UUID | str, Row] = {}
    again: set[UUID] = set()
    for row in ordered:
        said = row.contact.repeats
        if said is not None and said in at and row.received_at - at[said] <= within:
            again.add(said)
        for sign in signs(row):
            before = latest.get(sign)
            if before is not None and row.received_at - before.received_at <= within:
                again.add(before.contact_id)
            latest[sign] = row
    return again


def signs(row: Row) -> Iterable[UUID | str]:
    """By which it is known whom it is about."""
    yield from row.people
    yield from row.marks
    if row.nhs_digest:
        yield row.nhs_digest
