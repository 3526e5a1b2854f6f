"""What has been kept long enough: by the programmes of all of somebody's cases, and listed until somebody asks."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from click.testing import CliRunner
from msgspec.structs import replace

from catch.cli import cli
from catch.commands.retention import NOBODY, due
from catch.domain.calendar import london_day
from catch.domain.case.closing import CaseClosed, CloseCase, Measured
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.referral import case_number
from catch.domain.case.state import Case
from catch.domain.erasing import ErasureReason, HoldReason, PlaceLegalHold, RequestErasure
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.person import DeathSource, Person, PersonDeceased, PersonRegistered
from catch.domain.programme.configuration import ClosureClass, KeptFrom, Retention
from catch.domain.retention import due_on, years_after
from catch.programmes import shipped
from tests.canaries.channels import OPERATIONS
from tests.cases import PERSON, TEXT, accepted, folded, received
from tests.conftest import Database, Furnished
from tests.place import COORDINATOR, Place, ago, placed

CLOSED = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, date(2026, 3, 9), TEXT, Measured(8))
SOMEBODY = Person(PERSON, PersonRegistered(PERSON, name=TEXT))
EIGHT, CALDICOTT = Retention(8), Actor("caldicott@snn", "snn", Role.CALDICOTT)


def said(kept: Retention | None, *cases: Case, person: Person = SOMEBODY) -> date | None:
    return due_on(person, cases, lambda _: kept)


def test_it_is_so_many_years_after_what_it_counts_from():
    case = folded(received, accepted, CLOSED)
    over = case.milestones.over_at
    assert over
    assert case.last_activity_at
    assert said(EIGHT, case) == years_after(london_day(over), 8)
    assert said(Retention(2, KeptFrom.LAST_CONTACT), case) == years_after(london_day(case.last_activity_at), 2)
    dead = replace(SOMEBODY, deceased=PersonDeceased(date(2027, 2, 3), DeathSource.FAMILY))
    assert said(Retention(10, KeptFrom.DEATH), case, person=dead) == date(2037, 2, 3)
    assert years_after(date(2024, 2, 29), 1) == date(2025, 3, 1)


def test_as_long_as_anything_is_open_or_unsaid_nothing_is_due():
    case = folded(received, accepted, CLOSED)
    assert said(EIGHT, folded(received, accepted)) is None
    assert said(EIGHT, case, folded(received, accepted)) is None
    assert said(None, case) is None
    assert said(EIGHT) is None
    assert said(Retention(10, KeptFrom.DEATH), case) is None
    rules = {case.programme: EIGHT}
    elsewhere = replace(case, programme="elsewhere")
    assert due_on(SOMEBODY, [case, elsewhere], rules.get) is None
    # The last of them counts.
    rules["elsewhere"] = Retention(20)
    twenty = due_on(SOMEBODY, [case, elsewhere], rules.get)
    assert twenty == due_on(SOMEBODY, [elsewhere], rules.get)


def test_no_programme_that_is_shipped_says_how_long():
    """None of their papers does: what is law for whom, each place decides."""
    assert [each.key for each in shipped() if each.retention] == []


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        await made.enrol(CALDICOTT)
        yield made


async def listed(place: Place, by: Actor = CALDICOTT) -> list[str]:
    found = await place.ask(OPERATIONS["retention_due"], by)
    return [edge["node"]["person"] for edge in found["retentionDue"]["edges"]]


async def over(place: Place, name: str) -> Any:
    """Somebody whose case was closed long ago."""
    case = await place.referred(name, at=ago(days=700))
    await place.take(AcceptReferral(case.case), at=ago(days=699))
    day = ago(days=600)
    await place.take(CloseCase(case.case, "disengaged", london_day(day), Sealed("Not wanted")), at=day)
    return case


async def test_the_operator_lists_it_by_ids_and_numbers(database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        case = await over(place, "Dee Quillbrook")
        await place.further(retention=Retention(1))
        await place.settled()
    env = {"CATCH_DATABASE_URL": database.dsn, "CATCH_OWNER_URL": database.admin, "CATCH_DATA_DIR": str(tmp_path)}
    # In a thread of its own: it runs a loop.
    said = await asyncio.to_thread(CliRunner().invoke, cli, ["retention", "due", "--json"], env=env)
    assert said.exit_code == 0, said.output
    (line,) = [json.loads(each) for each in said.stdout.splitlines()]
    assert (line["person"], line["cases"]) == (str(case.person), [case_number(case.case)])
    who_saw = await asyncio.to_thread(CliRunner().invoke, cli, ["audit", "who-saw", str(case.person)], env=env)
    assert "operator of operator  terminal  retention due" in who_saw.stdout
    assert "Quillbrook" not in said.output


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_due_is_listed_until_somebody_asks_or_holds(place: Place):
    one, other = [await over(place, name) for name in ("Ada Quillbrook", "Bo Quillbrook")]
    live = await place.referred("Cy Quillbrook")
    await place.settled()
    assert await listed(place) == []
    await place.further(retention=Retention(1, schedule="an invented schedule"))
    await place.settled()
    assert await listed(place) == sorted([str(one.person), str(other.person)])
    assert str(live.person) not in await listed(place)
    # A page at a time, by person.
    first = await due(place.catch, NOBODY, 1, datetime.now(UTC))
    assert first.more
    then = await due(place.catch, first.last or UUID(int=0), 1, datetime.now(UTC))
    assert sorted(each.person for each in (*first.found, *then.found)) == sorted([one.person, other.person])
    assert await place.code(OPERATIONS["retention_due"], COORDINATOR) == "NOT_FOR_YOUR_ROLE"
    await place.mutate(RequestErasure(one.person, uuid4(), ErasureReason.RETENTION_ENDED), CALDICOTT)
    await place.mutate(PlaceLegalHold(other.person, uuid4(), HoldReason.COMPLAINT), CALDICOTT)
    await place.settled()
    assert await listed(place) == []
