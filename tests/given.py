"""`given(decide, evolve, *facts).when(command, facts).then(*facts)`, or `.refused(Refusal)`: for every stream.

Tests of the domain are values only: what has happened, what is asked, what it leads to.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, Generic, TypeVar

from catch.domain.given import Given
from catch.domain.refusals import Refused

S = TypeVar("S")
E = TypeVar("E")
C = TypeVar("C")


class Outcome(Generic[S, E]):
    """What a command led to."""

    def __init__(self, state: S | None, events: Sequence[E], refusal: Refused | None) -> None:
        self.state = state
        self.events = list(events)
        self.refusal = refusal

    def then(self, *expected: E) -> "Outcome[S, E]":
        assert self.refusal is None, f"refused: {self.refusal!r} {self.refusal.details}"
        assert self.events == list(expected)
        return self

    def recorded(self, *kinds: type) -> "Outcome[S, E]":
        """Like `then`, looking at the kinds of fact only."""
        assert self.refusal is None, f"refused: {self.refusal!r} {self.refusal.details}"
        assert [type(event) for event in self.events] == list(kinds)
        return self

    def refused(self, refusal: type[Refused], **details: object) -> None:
        assert self.refusal is not None, f"not refused: {self.events}"
        assert type(self.refusal) is refusal, f"{self.refusal.code}: {self.refusal.details}"
        for name, value in details.items():
            assert self.refusal.details[name] == str(value)


class Stream(Generic[S, E, C]):
    """A stream's rules and what has happened in it so far."""

    def __init__(
        self,
        decide: Callable[[S | None, C, Given], Sequence[E]],
        evolve: Callable[[S | None, E], S],
        state: S | None,
    ) -> None:
        self.decide = decide
        self.evolve = evolve
        self.state = state

    def when(self, command: C, facts: Given) -> Outcome[S, E]:
        try:
            events = self.decide(self.state, command, facts)
        except Refused as refusal:
            return Outcome(self.state, [], refusal)
        return Outcome(fold(self.evolve, self.state, events), events, None)

    def after(self, facts: Given, *commands: C) -> "Stream[S, E, C]":
        """The stream once these commands have been accepted."""
        state = self.state
        for command in commands:
            state = fold(self.evolve, state, self.decide(state, command, facts))
        return Stream(self.decide, self.evolve, state)


def fold(evolve: Callable[[S | None, E], S], state: S | None, events: Sequence[E]) -> S | None:
    start: S | None = state
    return reduce(evolve, events, start)


def at_once(evolve: Callable[[Any, Any, datetime], Any], at: datetime) -> Callable[[Any, Any], Any]:
    """All facts occur at this time."""
    return lambda state, event: evolve(state, event, at)


def given(
    decide: Callable[[S | None, C, Given], Sequence[E]], evolve: Callable[[S | None, E], S], *events: E
) -> Stream[S, E, C]:
    return Stream(decide, evolve, fold(evolve, None, events))
