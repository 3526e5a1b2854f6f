"""A programme over time: the versions of its configuration, and whether it takes new referrals.

Read downwards: what happened, where that leaves us, what may be asked, what we answer. A version never changes once
it is loaded, because cases are pinned to it; a change is a higher version. The stream's id is made from the key.
"""

from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Part
from catch.domain.plain import Key
from catch.domain.programme.check import problems
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import Refused, UnknownProgramme

if TYPE_CHECKING:  # what is given names a programme, so at run time it is read later
    from catch.domain.given import Given


class ProgrammeActivated(Fact, frozen=True, omit_defaults=True):
    """A version of the configuration came into use for new cases."""

    configuration: Programme


class ProgrammeSuspended(Fact, frozen=True, omit_defaults=True):
    """The programme stopped taking referrals. Its open cases go on."""

    programme: Key


class ProgrammeResumed(Fact, frozen=True, omit_defaults=True):
    """The programme takes referrals again."""

    programme: Key


ProgrammeEvent = ProgrammeActivated | ProgrammeSuspended | ProgrammeResumed


class ProgrammeHistory(Part, frozen=True, omit_defaults=True):
    """All versions of one programme, oldest first. `active` is False while it is suspended."""

    programme: Key
    versions: tuple[Programme, ...]
    active: bool = True

    @property
    def current(self) -> Programme:
        return self.versions[-1]

    @property
    def licensed(self) -> frozenset[str]:
        """The instruments for which the place has a licence, by what it said last."""
        return frozenset(each.code for each in self.current.instruments if each.licence)

    def version(self, version: int) -> Programme | None:
        return next((held for held in self.versions if held.version == version), None)

    def pinned(self, pin: str) -> Programme | None:
        """The version a case is pinned to, by `key@version`."""
        return next((held for held in self.versions if held.pin == pin), None)


def evolve(history: ProgrammeHistory | None, event: ProgrammeEvent, at: datetime) -> ProgrammeHistory | None:
    if isinstance(event, ProgrammeActivated):
        loaded = event.configuration
        if history is None:
            return ProgrammeHistory(loaded.key, (loaded,))
        return replace(history, versions=(*history.versions, loaded))
    match event:
        case ProgrammeSuspended():
            return history and replace(history, active=False)
        case ProgrammeResumed():
            return history and replace(history, active=True)
        case _:
            assert_never(event)


class LoadProgramme(Command, frozen=True):
    """Bring a version of a programme's configuration into use. Cases that run keep the version they started under."""

    programme: Key
    configuration: Programme


class SuspendProgramme(Command, frozen=True):
    """Stop taking referrals for the programme."""

    programme: Key


class ResumeProgramme(Command, frozen=True):
    """Take referrals for the programme again."""

    programme: Key


ProgrammeCommand = LoadProgramme | SuspendProgramme | ResumeProgramme


class ConfigurationForAnotherProgramme(Refused):
    """The configuration's own key differs from the programme it was loaded for. Name the same one in both places."""


class ConfigurationInvalid(Refused):
    """The configuration cannot be used as it stands. The details say what is wrong and where: correct it and load it
    again.
    """


class VersionAlreadyLoaded(Refused):
    """This version is in use with other content. Give the changed configuration a higher version."""


class VersionMustIncrease(Refused):
    """A newer version of this programme is in use already. Give the configuration a higher version."""


def decide(history: ProgrammeHistory | None, command: ProgrammeCommand, given: "Given") -> list[ProgrammeEvent]:
    if isinstance(command, LoadProgramme):
        return _load(history, command)
    if history is None:
        raise UnknownProgramme(programme=command.programme)
    match command:
        case SuspendProgramme(programme):
            return [ProgrammeSuspended(programme)] if history.active else []
        case ResumeProgramme(programme):
            return [] if history.active else [ProgrammeResumed(programme)]
        case _:
            assert_never(command)


def _load(history: ProgrammeHistory | None, command: LoadProgramme) -> list[ProgrammeEvent]:
    loaded = command.configuration
    if loaded.key != command.programme:
        raise ConfigurationForAnotherProgramme(programme=command.programme, key=loaded.key)
    # Before it is checked: what was loaded is not judged by rules that came later.
    if history is not None and (held := history.version(loaded.version)):
        if held != loaded:
            raise VersionAlreadyLoaded(version=loaded.version)
        return []
    if wrong := problems(loaded):
        raise ConfigurationInvalid(problems=" ".join(wrong))
    if history is not None and loaded.version < history.current.version:
        raise VersionMustIncrease(version=loaded.version, current=history.current.version)
    return [ProgrammeActivated(loaded)]
