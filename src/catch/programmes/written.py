"""What a file may say in fewer words than a configuration: one meeting that several teams hold."""

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from catch.domain.facts import Part
from catch.domain.plain import Key, Many, PublicName
from catch.domain.programme.configuration import Programme, Series


class Team(Part, frozen=True):
    """Who holds the meeting, each on its own cases."""

    key: Key
    name: PublicName


class WrittenSeries(Series, frozen=True, omit_defaults=True):
    """With `teams`, as many series, `key-team` each, alike in everything else."""

    teams: Many[Team] = ()

    def series(self) -> Iterator[Series]:
        alike = Series(*(getattr(self, name) for name in Series.__struct_fields__))
        for team in self.teams:
            yield replace(alike, key=f"{self.key}-{team.key}", name=f"{self.name}, {team.name}")
        if not self.teams:
            yield alike


class WrittenProgramme(Programme, frozen=True, omit_defaults=True):
    """A programme as its file says it."""

    meetings: Many[WrittenSeries] = ()

    def programme(self) -> Programme:
        said: dict[str, Any] = {name: getattr(self, name) for name in Programme.__struct_fields__}
        said["meetings"] = tuple(each for held in self.meetings for each in held.series())
        return Programme(**said)
