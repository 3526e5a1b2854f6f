"""One value says all of a subject of a stream: its facts, its commands, what answers them and what they leave.

A stream is made of its subjects (`Subjects`); a fact or a command that is in the stream's union and in no subject, or
in two, is found when the module is imported.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from types import UnionType
from typing import Any, TypeVar, get_args

from msgspec import Struct

from catch.domain.facts import Command, Fact

G = TypeVar("G")
K = TypeVar("K")
V = TypeVar("V")
Decide = Callable[[Any, Any, G], Sequence[Any]]
"""The facts that answer the command, none where they hold already; or it raises a `Refused`."""
Evolve = Callable[[Any, Any, datetime], Any]
"""Where the fact, which occurred at that time, leaves the state."""


class Subject(Struct, frozen=True):
    """Nothing here has a default. `events` and `commands` are a class or a union of classes."""

    events: type[Fact] | UnionType
    commands: type[Command] | UnionType
    decide: Decide[Any]
    evolve: Evolve


class Subjects:
    """All there are of a stream, each found by the kind of a fact or a command. Asked for every fact of a log: by one
    look into a dictionary.
    """

    def __init__(self, subjects: Sequence[Subject], events: UnionType, commands: UnionType) -> None:
        """Raises `TypeError` where a subject is missing, or one too many."""
        self.decide_of: Mapping[type[Command], Decide[Any]] = _by_kind(
            ((kind, each.decide) for each in subjects for kind in kinds(each.commands)), commands
        )
        self.evolve_of: Mapping[type[Fact], Evolve] = _by_kind(
            ((kind, each.evolve) for each in subjects for kind in kinds(each.events)), events
        )


def kinds(of: type[Any] | UnionType) -> tuple[type[Any], ...]:
    """The classes of a union, or the one class."""
    return get_args(of) if isinstance(of, UnionType) else (of,)


def _by_kind(said: Iterable[tuple[type[K], V]], all_of: UnionType) -> Mapping[type[K], V]:
    found: dict[type[K], V] = {}
    for kind, value in said:
        if kind in found:
            raise TypeError(f"{kind.__name__} is of two subjects")
        found[kind] = value
    # Both ways: what no subject answers for, and what a subject answers for that the stream does not have.
    if wrong := {kind.__name__ for kind in found.keys() ^ {*kinds(all_of)}}:
        raise TypeError(f"of no subject, or not of the stream: {', '.join(sorted(wrong))}")
    return found


def folded(evolve: Evolve, state: Any, facts: Iterable[Any], at: datetime) -> Any:
    """The state after these facts, which all occurred at that time."""
    return reduce(lambda held, fact: evolve(held, fact, at), facts, state)
