"""Every case as it stands: what a case page, a caseload list and the agenda's facts are read from."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catch.access.finding import Shown, Words, calling, coordinated_by, viewers
from catch.database import Statements
from catch.domain.case import evolve
from catch.domain.case.state import NOT_LIVE, Case, CaseState
from catch.domain.facts import Part, Recorded
from catch.domain.streams import CASE, stream_of_event
from catch.log.rows import Listed, load
from catch.slices import each, emptied
from projections import agenda
from projections.read_model import MadeOf, ReadModel, names


class Row(Struct, frozen=True):
    """One case. `viewers` are the words under which it is found; `opened_at` is the position of its referral,
    `due_on` the day on which its plan is to be reviewed or to end, whichever is first.
    """

    case_id: UUID
    position: int
    version: int
    opened_at: int
    number: str
    programme: str
    person: UUID
    state: CaseState
    live: bool
    lead_user: str | None
    received_at: datetime
    due_on: date | None
    viewers: tuple[Shown, ...]
    case: Case


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if stream_of_event(recorded.event) is CASE else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    case = evolve(row.case if row else None, recorded)
    if case is None:
        return None
    return Row(
        case_id=key,
        position=recorded.position,
        version=recorded.version,
        opened_at=row.opened_at if row else recorded.position,
        number=case.number,
        programme=case.programme,
        person=case.person,
        state=case.state,
        live=case.live,
        lead_user=case.lead.user if case.lead else None,
        received_at=case.milestones.received_at,
        due_on=due_on(case),
        viewers=row.viewers if row and unmoved(row.case, case) else (),
        case=case,
    )


def complete(row: Row) -> Row:
    """Under some word every case is found: none, and they are still to be made."""
    return row if row.viewers else replace(row, viewers=viewers(row.case))


CASE_SUMMARY = ReadModel(
    name="case_summary",
    version=13,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(CASE.events),
    indexes=("number", "programme, live", "lead_user", "person"),
    listed=Listed("viewers", Shown, ("token, received_at, case_id", "case_id")),
    keys=keys,
    fold=fold,
    complete=complete,
)
TABLE = CASE_SUMMARY.table
VIEWERS = CASE_SUMMARY.beside


def due_on(case: Case) -> date | None:
    plan = case.plan
    if plan is None or not case.live:
        return None
    return plan.planned_end if plan.reviewed else min(plan.planned_end, plan.review_due)


def unmoved(before: Case, case: Case) -> bool:
    """Whether all that the words of a case rest on is the same: for most facts it is."""
    return (
        # By identity: a fold leaves what a fact does not change, and comparing would cost as much as making words.
        before.state is case.state
        and before.involvements is case.involvements
        and before.disclosures is case.disclosures
        and before.objections is case.objections
        and before.referrals is case.referrals
        and before.lead == case.lead
        and before.clinical == case.clinical
        and before.milestones.received_at == case.milestones.received_at
        and before.milestones.turned_away_at == case.milestones.turned_away_at
        and before.milestones.closed_at == case.milestones.closed_at
        and before.milestones.voided_at == case.milestones.voided_at
    )


MOST = 50
"""Cases that one number, name or reference finds at most."""


class CaseFilter(Part, frozen=True):
    """Which cases, by what is shown of them; what is None does not matter. `agency`: it has a part, or referred."""

    programme: str | None = None
    states: tuple[CaseState, ...] | None = None
    lead_user: str | None = None
    agency: str | None = None
    number: str | None = None


Cursor = tuple[datetime, UUID]
"""Where a page of cases ended: receipt and id of its last one."""


class Found(NamedTuple):
    """A case as it was found: `whole` where more of it is shown than a referrer sees."""

    case_id: UUID
    received_at: datetime
    whole: bool


async def one(db: Statements, case: UUID) -> Row | None:
    rows = load(await db.fetch(f"select * from {TABLE} where case_id = $1", case), Row)
    return rows[0] if rows else None


async def of_person(db: Statements, person: UUID) -> list[tuple[UUID, str]]:
    """The person's cases, each with its programme."""
    found = await db.fetch(f"select case_id, programme from {TABLE} where person = $1", person)
    return [(row["case_id"], row["programme"]) for row in found]


async def coordinates(db: Statements, agency: str, programme: str) -> bool:
    """Whether the agency coordinates any live case of the programme."""
    found = await db.fetchval(
        f"select exists (select from {VIEWERS} where token = $1 and programme = $2 and state <> all($3::text[]))",
        coordinated_by(agency),
        programme,
        [*NOT_LIVE],
    )
    return bool(found)


async def by_number(db: Statements, number: str) -> UUID | None:
    """The case that people call by this number."""
    return await db.fetchval(f"select case_id from {TABLE} where number = $1", number)


async def many(db: Statements, cases: Iterable[UUID]) -> dict[UUID, Row]:
    """Those that exist, by id."""
    rows = await db.fetch(f"select * from {TABLE} where case_id = any($1::uuid[])", list(cases))
    return {row.case_id: row for row in load(rows, Row)}


async def whose(db: Statements, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Of all ids that are of cases or of people: whose each of these cases is, and each case of these people."""
    asked = f"select case_id, person from {TABLE} where case_id = any($1::uuid[]) or person = any($1::uuid[])"
    return {row["case_id"]: row["person"] for row in await db.fetch(asked, list(ids))}


# By what is shown, never by what is: a filter that looked at more would tell it.
_FITTING = """
    ($3::text is null or v.programme = $3)
    and ($4::text[] is null or v.state = any($4))
    and ($5::text is null or v.lead_user = $5)
    and ($6::text is null or $6 = any(v.agencies))
    and (v.until is null or v.until >= $10)
    and {numbered}
"""
_SHOWN = (
    _FITTING
    + "and (v.received_at, v.case_id) {beyond} (coalesce($7::timestamptz, '{end}'), coalesce($8::uuid, '{last}'))"
)
# Under each word one range of the index, as far as one page; and what stands on agendas, which is never much.
_FOUND = f"""
    select case_id, received_at, whole from (
        select under.* from unnest($1::text[]) word cross join lateral (
            select v.case_id, v.received_at, v.whole from {VIEWERS} v
            where v.token = word and {_SHOWN} order by v.received_at {{way}}, v.case_id {{way}} limit $9
        ) under
        union
        select v.case_id, v.received_at, v.whole
        from (select distinct case_id from {agenda.PLACES} where token = any($2::text[]) and until >= $10) seat
        join {VIEWERS} v on v.case_id = seat.case_id and v.token = $11 || 'in/' || v.programme
        where {_SHOWN}
    ) found order by received_at {{way}}, case_id {{way}} limit $9
"""
_NUMBERED = f"v.case_id = (select case_id from {TABLE} where number = $12)"


_OLDEST = ("asc", ">", "-infinity", UUID(int=0))


@cache
def _statement(*, newest: bool, numbered: bool) -> str:
    """Each a text of its own, so that each is planned for what it looks up."""
    way, beyond, end, last = ("desc", "<", "infinity", UUID(int=2**128 - 1)) if newest else _OLDEST
    return _FOUND.format(way=way, beyond=beyond, end=end, last=last, numbered=_NUMBERED if numbered else "true")


async def found(
    db: Statements,
    looking: Words,
    at: datetime,
    wanted: CaseFilter = CaseFilter(),
    after: Cursor | None = None,
    first: int = 50,
    *,
    newest: bool = False,
    reference: str | None = None,
) -> list[Found]:
    """The cases found under these words at `at`, in the order in which their referrals, as shown, were received; the
    latest first where the `newest` are wanted. `reference`: only those with a referral under it, by its keyed hash.
    """
    looking = looking if reference is None else looking.calling(reference)
    received_at, case = after or (None, None)
    states = None if wanted.states is None else [*wanted.states]
    among = "" if reference is None else calling(reference)
    asked = (wanted.programme, states, wanted.lead_user, wanted.agency, received_at, case, first, at, among)
    number = () if wanted.number is None else (wanted.number,)
    statement = _statement(newest=newest, numbered=bool(number))
    return [Found(*row) for row in await db.fetch(statement, looking.cases, looking.seats, *asked, *number)]


class SortKey(Enum):
    """By what cases may be put in order beside their receipt: the column, its type, and the way round."""

    NUMBER = ("number", "text", "asc", ">")
    CHANGE = ("position", "bigint", "desc", "<")
    DUE = ("due_on", "date", "asc", ">")


class Placed(NamedTuple):
    """A case as it was found in such an order, and its place there."""

    case_id: UUID
    received_at: datetime
    whole: bool
    key: str | int | date


# All that is found under the words is put in order: what this takes grows with what is theirs, never with what is not.
_SORTED = f"""
    select case_id, received_at, whole, key from (
        select v.case_id, v.received_at, v.whole, c.{{column}} as key
        from {VIEWERS} v join {TABLE} c on c.case_id = v.case_id where v.token = any($1::text[]) and {_FITTING}
        union
        select v.case_id, v.received_at, v.whole, c.{{column}} as key
        from (select distinct case_id from {agenda.PLACES} where token = any($2::text[]) and until >= $10) seat
        join {VIEWERS} v on v.case_id = seat.case_id and v.token = 'in/' || v.programme
        join {TABLE} c on c.case_id = v.case_id where {_FITTING}
    ) found where key is not null and ($7::{{kind}} is null or (key, case_id) {{beyond}} ($7, $8::uuid))
    order by key {{way}}, case_id {{way}} limit $9
"""


@cache
def _sorted(by: SortKey, *, numbered: bool) -> str:
    column, kind, way, beyond = by.value
    numbers = _NUMBERED.replace("$12", "$11") if numbered else "true"
    return _SORTED.format(column=column, kind=kind, way=way, beyond=beyond, numbered=numbers)


async def placed(
    db: Statements,
    looking: Words,
    at: datetime,
    by: SortKey,
    wanted: CaseFilter = CaseFilter(),
    after: tuple[str | int | date, UUID] | None = None,
    first: int = 50,
) -> list[Placed]:
    """The cases found under these words that have such a key, in its order. Who asks looks only where it is shown."""
    key, case = after or (None, None)
    states = None if wanted.states is None else [*wanted.states]
    asked = (wanted.programme, states, wanted.lead_user, wanted.agency, key, case, first, at)
    number = () if wanted.number is None else (wanted.number,)
    rows = await db.fetch(_sorted(by, numbered=bool(number)), looking.cases, looking.seats, *asked, *number)
    return [Placed(*row) for row in rows]


async def of_people(db: Statements, looking: Words, at: datetime, people: str, value: object) -> list[UUID]:
    """The cases found under these words of the people that this query finds with this value (`$4`): few of them are
    theirs, and no more rows come than are.
    """
    rows = await db.fetch(
        f"""
        select c.case_id from {TABLE} c where c.person in ({people}) and (
            exists (select from {VIEWERS} v where v.case_id = c.case_id and v.token = any($1::text[])
                    and (v.until is null or v.until >= $3))
            or c.case_id in (select case_id from {agenda.PLACES}
                    where token = any($2::text[]) and case_id is not null and until >= $3)
        ) order by c.received_at, c.case_id limit {MOST}
        """,
        looking.cases,
        looking.seats,
        at,
        value,
    )
    return [row["case_id"] for row in rows]


async def caseload(db: Statements, user: str) -> int:
    """How many live cases this coordinator leads."""
    return await db.fetchval(f"select count(*) from {TABLE} where lead_user = $1 and live", user)


async def by_person(db: Statements, programme: str, people: Iterable[UUID] | None = None) -> list[tuple[UUID, UUID]]:
    """Every case of a programme after its person, or those of these people."""
    rows = await db.fetch(
        f"select person, case_id from {TABLE} where programme = $1 and ($2::uuid[] is null or person = any($2))",
        programme,
        None if people is None else [*people],
    )
    return [(row[0], row[1]) for row in rows]


async def count_in(db: Statements, programme: str) -> int:
    return await db.fetchval(f"select count(*) from {TABLE} where programme = $1", programme)


async def people_of(db: Statements, cases: Iterable[UUID]) -> set[UUID]:
    """Whose these cases are."""
    rows = await db.fetch(f"select distinct person from {TABLE} where case_id = any($1::uuid[])", [*cases])
    return {row[0] for row in rows}


class Standing(NamedTuple):
    """A case as it stands, and the position of its last fact."""

    position: int
    case: Case


async def standing(db: Statements, cases: Iterable[UUID]) -> dict[UUID, Standing]:
    """These cases, by id, and nothing else of their rows."""
    rows = await db.fetch(f'select position, "case" from {TABLE} where case_id = any($1::uuid[])', list(cases))
    held = await each(lambda row: Standing(row[0], _CASE.decode(row[1])), emptied(rows))
    return {one.case.case: one for one in held}


_CASE = msgspec.json.Decoder(Case)


async def people_over(db: Statements, programmes: Iterable[str], after: UUID, first: int) -> list[UUID]:
    """By id, those behind this one who have a case that is over in one of these programmes."""
    rows = await db.fetch(
        f"""select distinct person from {TABLE} where not live and programme = any($1::text[]) and person > $2
            order by person limit $3""",
        [*programmes],
        after,
        first,
    )
    return [row["person"] for row in rows]


async def live_after(db: Statements, case: UUID, first: int) -> list[UUID]:
    """Live cases by id, those behind this one."""
    rows = await db.fetch(
        f"select case_id from {TABLE} where live and case_id > $1 order by case_id limit $2", case, first
    )
    return [row["case_id"] for row in rows]


async def live_in(db: Statements, programme: str) -> list[Case]:
    """Every live case of a programme, oldest first."""
    rows = await db.fetch(
        f'select "case" from {TABLE} where programme = $1 and live order by received_at, case_id', programme
    )
    return await each(lambda row: _CASE.decode(row[0]), emptied(rows))
