"""Shares of unlike groups side by side, and which of them differ by more than their size explains."""

from collections.abc import Iterable

from msgspec import Struct

from catch.statistics.distributions import binomial_limits

WARNING, ACTION = 0.025, 0.001
"""What lies beyond either limit by chance: of 95 % and of 99.8 % limits."""


class Group(Struct, frozen=True):
    """`count` of so many. Raises ValueError where there cannot be so many."""

    name: str
    count: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.of:
            raise ValueError("a group counts from none to all of its own")


class Compared(Struct, frozen=True):
    """A group with the shares between which groups of its size lie where all have the same chance.

    `apart`: it lies beyond the 99.8 % limits; `to_look_at`: beyond the 95 % ones, where up to one group in twenty lies
    by chance.
    """

    name: str
    count: int
    of: int
    share: float
    lower: float
    upper: float
    lower_action: float
    upper_action: float
    to_look_at: bool
    apart: bool


class Funnel(Struct, frozen=True):
    """`share` is that of all groups together, round which the funnel lies; None where there is nobody."""

    share: float | None
    groups: tuple[Compared, ...]
    empty: tuple[str, ...]
    """Groups of nobody, of which no share can be said."""


def funnel(groups: Iterable[Group]) -> Funnel:
    """Exact binomial limits (Spiegelhalter, Statistics in Medicine 24 (2005), 1185).

    A ranking would put the small groups first and last by chance alone.
    """
    every = tuple(groups)
    counted = [group for group in every if group.of]
    people = sum(group.of for group in counted)
    share = sum(group.count for group in counted) / people if people else None
    return Funnel(
        share,
        tuple(_compared(group, share) for group in counted if share is not None),
        tuple(group.name for group in every if not group.of),
    )


class Limits(Struct, frozen=True):
    """The shares between which groups of so many lie, as in `Compared`."""

    of: int
    lower: float
    upper: float
    lower_action: float
    upper_action: float


def limits(funnel: Funnel, points: int) -> tuple[Limits, ...]:
    """The funnel at so many sizes, up to a little more than its largest group's; none where there is nobody."""
    if funnel.share is None:
        return ()
    largest = max(group.of for group in funnel.groups) * 1.05
    sizes = sorted({max(1, round(largest * number / points)) for number in range(1, points + 1)})
    return tuple(_limits(size, funnel.share) for size in sizes)


def _limits(of: int, share: float) -> Limits:
    lower, upper = binomial_limits(of, share, WARNING)
    lowest, highest = binomial_limits(of, share, ACTION)
    return Limits(of, lower / of, upper / of, lowest / of, highest / of)


def _compared(group: Group, share: float) -> Compared:
    lower, upper = binomial_limits(group.of, share, WARNING)
    lowest, highest = binomial_limits(group.of, share, ACTION)
    return Compared(
        name=group.name,
        count=group.count,
        of=group.of,
        share=group.count / group.of,
        lower=lower / group.of,
        upper=upper / group.of,
        lower_action=lowest / group.of,
        upper_action=highest / group.of,
        to_look_at=not lower <= group.count <= upper,
        apart=not lowest <= group.count <= highest,
    )
