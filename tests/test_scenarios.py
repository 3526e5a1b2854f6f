"""Every scenario is played, small: what has to be so is so, and a seed gives the same things again."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from catch.app import Catch, opened
from catch.cli import cli
from catch.database.server import Server
from catch.domain.calendar import is_working_day, london_day
from catch.domain.programme.configuration import Span, Unit
from catch.log.invented import mark_invented
from catch.programmes import of_key
from catch.scenarios.each import ALL
from catch.scenarios.each.north_northants import S02
from catch.scenarios.life import in_its_time
from catch.scenarios.place import Place, agencies, kinds
from catch.scenarios.playing import Outcome, Told, played_in
from catch.scenarios.running import any_time, arrivals
from catch.scenarios.scenario import Scenario, teams
from catch.settings import Settings
from tests.conftest import administer, at

SMALL = 0.02


@asynccontextmanager
async def empty(server: Server, template: str, folder: Path) -> AsyncGenerator[Catch]:
    """A place of its own, before its first fact."""
    name = f"catch_scenario_{uuid4().hex}"
    await administer(server.admin, f"create database {name} template {template}")
    place = Server(at(server.admin, name), at(server.app, name))
    async with opened(place, Settings(data_dir=folder)) as catch:
        await mark_invented(place.admin)
        yield catch
    await administer(server.admin, f"drop database {name} with (force)")


async def play(catch: Catch, scenario: Scenario, seed: int = 1) -> Outcome:
    return await played_in(catch, scenario, seed, SMALL, lambda done, of, what: None)


@pytest.mark.parametrize("scenario", ALL, ids=lambda each: each.code)
async def test_what_has_to_be_so_is_so(scenario: Scenario, server: Server, template: str, tmp_path: Path):
    async with empty(server, template, tmp_path) as catch:
        found = await play(catch, scenario)
    assert found.holds, [line for line in found.lines if line.held is False]


async def test_a_seed_gives_the_same_figures_and_the_same_facts_and_another_names_other_things(
    server: Server, template: str, tmp_path: Path
):
    scenario = next(each for each in ALL if each.code == "S07")
    seen: list[tuple[tuple[Told, ...], str]] = []
    for number in range(2):
        async with empty(server, template, tmp_path / f"{number}") as catch:
            found = await play(catch, scenario, seed=3)
            rows = await catch.log.pool.fetch(
                "select originator_id, originator_version, topic from stored_events order by 1, 2"
            )
            # Registers are named by the place's own keys: what else there is, is the same.
            kept = [tuple(row) for row in rows if row["originator_id"].version == 4]
            assert len(kept) > 100
            seen.append((found.lines, sha256(repr(kept).encode()).hexdigest()))
            assert Place(catch, 3, scenario.code).named("a case") != Place(catch, 4, scenario.code).named("a case")
    assert seen[0] == seen[1]


def test_each_has_a_code_of_its_own_and_says_what_it_is_about():
    assert [each.code for each in ALL] == [f"S{n:02}" for n in range(1, 25)]
    for each in ALL:
        assert each.title
        assert each.lines
        assert all(of_key(key).key == key for key in each.programmes)


def test_what_has_to_be_so_can_fail():
    line = next(line for line in S02.lines if line.holds)
    assert not Outcome((Told(line.what, line.papers, "", held=False),), 1.0, 1, 1).holds


def test_arrivals_are_as_many_as_were_asked_for_and_in_working_time():
    first = datetime(2024, 1, 8, tzinfo=UTC).date()
    found = arrivals(Random(1), 20, first, first + timedelta(weeks=52))
    assert abs(len(found) - 20 * 52) < 4 * (20 * 52) ** 0.5
    assert found == sorted(found)
    assert all(is_working_day(london_day(moment)) for moment in found)


@pytest.mark.parametrize("day", ["2024-03-31", "2024-10-27"])
def test_any_time_of_a_day_on_which_the_clocks_change_lies_in_that_day(day: str):
    wanted, random = datetime.fromisoformat(day).date(), Random(1)
    assert {london_day(any_time(random, wanted)) for _ in range(500)} == {wanted}


def test_what_is_done_in_time_is_done_after_it_began_and_when_people_work():
    random, begins = Random(1), datetime(2024, 3, 28, 17, tzinfo=UTC)  # before Easter, and a change of the clock
    for unit, n, days, late in product(Unit, (1, 2, 10), range(10), (False, True)):
        at = begins + timedelta(days=days)
        moment = in_its_time(random, Span(n, unit), at, late=late)
        assert moment > at
        if unit not in (Unit.MINUTE, Unit.HOUR):
            assert is_working_day(london_day(moment)) or moment - at == timedelta(minutes=20)


@pytest.mark.parametrize("key", ["snn-catch", "spring", "ageing-well"])
def test_partners_offer_between_them_all_that_a_programme_does(key: str):
    programme = of_key(key)
    for how_many in (0, 12, 90):
        found = list(agencies(programme, how_many))
        assert {agency.kind for agency in found} == {*kinds(programme)}
        assert {each for agency in found for each in agency.interventions} == {*programme.interventions}
        assert all(agency.interventions for agency in found)


def test_fewer_teams_are_the_first_and_more_are_named_after_the_one():
    assert [each.key for each in teams(of_key("ageing-well"), 2).meetings] == ["pcn-mdt-pcn-1", "pcn-mdt-pcn-2"]
    assert [each.key for each in teams(of_key("bexley-icm"), 3).meetings] == [f"icm-monthly-{n}" for n in (1, 2, 3)]
    assert teams(replace(of_key("spring")), 3).meetings == ()


# The command


def test_the_list_names_every_scenario_and_what_it_lacks():
    said = CliRunner().invoke(cli, ["scenario", "list"]).output
    assert all(each.code in said for each in ALL)


@pytest.mark.parametrize("names", [[], ["S99"]])
def test_what_is_not_there_is_not_run(names: list[str]):
    done = CliRunner().invoke(cli, ["scenario", "run", *names])
    assert done.exit_code == 2
    assert "catch scenario list" in done.output
