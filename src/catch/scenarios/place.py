"""Who is in a scenario's place: for each programme its lead agency's people, a chair a series, and its partners."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from random import Random
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from catch.app import Catch
from catch.commands.enrolling import OPERATOR, first_administrator
from catch.demo.acting import Acting, made_up
from catch.demo.enrolment import Act, administered, called, enrol
from catch.demo.holding import Table
from catch.demo.people import SHARED, Agency, Someone, people
from catch.domain.calendar import london_day
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.partner import (
    GiveRole,
    RegisterPartner,
    RunningPart,
    RunProgramme,
    SignAgreement,
)
from catch.domain.programme import LoadProgramme
from catch.domain.programme.configuration import Programme

LEAD = "lead"
"""The agency that runs the place's programmes."""
ADMINISTRATOR = Actor("administrator-1", LEAD, Role.ADMINISTRATOR)
OFFICER = Actor("officer-1", LEAD, Role.APPOINTING_OFFICER)
CALDICOTT = Actor("caldicott-1", LEAD, Role.CALDICOTT)
MANAGER = Actor("manager-1", LEAD, Role.MEMBER_ADMINISTRATOR)
USUAL_KINDS = ("primary-care", "adult-social-care", "voluntary")
"""Whose partners there are where a programme has no meeting that names them."""


class Crew(Struct, frozen=True):
    """Who works in one programme. `workers` by series; one without meetings has them under its own key."""

    programme: Programme
    workers: Mapping[str, tuple[Actor, ...]]
    partners: tuple[Agency, ...]
    standing: tuple[Agency, ...]

    def providers(self, intervention: str) -> list[Agency]:
        return [agency for agency in self.partners if intervention in agency.interventions]

    def table(self, series: str, **more: float) -> Table:
        chair = Actor(f"chair-{series}", LEAD, Role.CHAIR)
        shortest = next(held.duration_minutes for held in self.programme.meetings if held.key == series) // 2
        partners = tuple(agency.key for agency in self.standing)
        plain = Table(self.programme.key, series, chair, self.workers[series], partners, shortest)
        return replace(plain, **more)


def crew(programme: Programme, workers: int, partners: int) -> Crew:
    """`workers` are of each series, or of the programme where it has none."""
    teams = [series.key for series in programme.meetings] or [programme.key]
    working = {
        team: tuple(Actor(f"coordinator-{team}-{n}", LEAD, Role.COORDINATOR) for n in range(1, workers + 1))
        for team in teams
    }
    found = tuple(agencies(programme, partners))
    return Crew(programme, working, found, found[: len(kinds(programme))])


def kinds(programme: Programme) -> tuple[str, ...]:
    named = [member.kind for series in programme.meetings for member in series.core_members]
    return tuple(dict.fromkeys(named)) or USUAL_KINDS


def agencies(programme: Programme, how_many: int) -> Iterator[Agency]:
    """At least one of each kind, and between them everything that the programme offers."""
    of_kind, offered = kinds(programme), programme.interventions
    many = max(how_many, len(of_kind))
    for n in range(many):
        kind, number = of_kind[n % len(of_kind)], n // len(of_kind) + 1
        own = offered[n::many] or offered[n % len(offered) :][:1]
        name = f"{kind.replace('-', ' ').capitalize()} {number:02}"
        yield Agency(f"{kind}-{number:02}", name, kind, own, health=False)


def licensed(programme: Programme) -> Programme:
    """Nobody real fills anything in here: the place says that it has its licences."""
    held = tuple(
        replace(each, licence="invented-1") if each.scored.licensed else each for each in programme.instruments
    )
    return replace(programme, instruments=held)


def enrolment(crews: Sequence[Crew], day: date) -> Iterator[Act]:
    """Everybody, in the order in which each may be given their rights by somebody who may give them."""
    for command in first_administrator(
        LEAD, "Lead agency", "voluntary", ADMINISTRATOR.user, called(ADMINISTRATOR.user), day
    ):
        yield command, OPERATOR
    keys = tuple(each.programme.key for each in crews)
    for each in crews:
        yield LoadProgramme(each.programme.key, each.programme), ADMINISTRATOR
    yield sharing(LEAD, keys, frozenset(Category), day), ADMINISTRATOR
    for key in keys:
        yield RunProgramme(LEAD, key, RunningPart.LEAD, day), ADMINISTRATOR
    yield from firsts(keys, day)
    for each in crews:
        yield from working(each, day)
    for agency in {agency.key: agency for each in crews for agency in each.partners}.values():
        # In each programme it helps with something else.
        yield from joining(agency, [each for each in crews if agency.key in {one.key for one in each.partners}], day)


def firsts(keys: Sequence[str], day: date) -> Iterator[Act]:
    for first in (OFFICER, CALDICOTT, MANAGER):
        yield enrol(LEAD, first.user), ADMINISTRATOR
    for first in (OFFICER, CALDICOTT):
        for key in keys:
            yield GiveRole(LEAD, first.user, first.role, day, None, key), ADMINISTRATOR
    yield GiveRole(LEAD, MANAGER.user, MANAGER.role, day), ADMINISTRATOR


def working(crew: Crew, day: date) -> Iterator[Act]:
    key = crew.programme.key
    for workers in crew.workers.values():
        for worker in workers:
            yield enrol(LEAD, worker.user), MANAGER
            yield GiveRole(LEAD, worker.user, Role.COORDINATOR, day, None, key), MANAGER
    for series in crew.programme.meetings:
        chair, secretary = crew.table(series.key).chair.user, crew.workers[series.key][0].user
        yield enrol(LEAD, chair), MANAGER
        yield GiveRole(LEAD, chair, Role.CHAIR, day, None, key, series.key), OFFICER
        yield GiveRole(LEAD, secretary, Role.PREPARER, day, None, key, series.key), OFFICER


def joining(agency: Agency, crews: Sequence[Crew], day: date) -> Iterator[Act]:
    admin = Actor(f"{agency.key}-admin", agency.key, Role.MEMBER_ADMINISTRATOR)
    keys = tuple(each.programme.key for each in crews)
    yield RegisterPartner(agency.key, agency.name, agency.kind), ADMINISTRATOR
    yield sharing(agency.key, keys, SHARED, day), ADMINISTRATOR
    yield from administered(admin, day, OFFICER)
    yield enrol(agency.key, agency.user), admin
    for key in keys:
        yield GiveRole(agency.key, agency.user, Role.PARTNER, day, None, key), admin


def sharing(agency: str, keys: tuple[str, ...], categories: frozenset[Category], day: date) -> SignAgreement:
    return SignAgreement(agency, SHARING, keys, categories, day, None, Sealed("A. Signatory-Example"))


SHARING = "information-sharing-1"


class Place:
    """An open place while a scenario is played in it. The same seed names the same things."""

    def __init__(self, catch: Catch, seed: int, code: str) -> None:
        self.catch, self.acting = catch, Acting(catch)
        self.names = uuid5(UUID(int=seed), f"scenario {code}")
        self.random = Random(self.names.int)  # noqa: S311  (an invented place's dice)
        self._people: Iterator[Someone] | None = None

    def named(self, what: str) -> UUID:
        return made_up(self.names, what)

    async def begin(self, crews: Sequence[Crew], at: datetime) -> None:
        """With everybody there, from a day on."""
        self._people = people(self.random, london_day(at))
        await self.acting.begin()
        for number, (command, by) in enumerate(enrolment(crews, london_day(at))):
            await self.acting.take(command, by, at, uuid5(self.names, f"enrolment {number}"))

    def somebody(self) -> Someone:
        assert self._people is not None
        return next(self._people)
