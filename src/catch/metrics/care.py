"""What of a figure is told to whoever does not see every case: in fixed periods, and of no small group.

A number is told where at least `smallest` people stand behind it, in the period and in what is left of the year when
its other quarters are taken from it; it is then rounded to the nearest five, and shares are of the rounded numbers, so
that two answers subtracted tell of nobody. What may be one person's (a quartile, a longest time) is not told at all.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from catch.metrics.estimates import Estimate, Value
from catch.metrics.reckoning import Figure
from catch.statistics.publishing import rounded
from catch.statistics.small_numbers import coarse, too_few


def careful(figure: Figure, smallest: int) -> Estimate | None:
    """None where nothing may be told: too few stand behind it."""
    whole, parts = figure.whole, figure.parts or (figure.whole,)
    if few([each.people for each in parts], smallest):
        return None
    values = tuple(
        told(value, [same(part, value.code) for part in parts], smallest) for value in whole.values if not value.alone
    )
    return Estimate(
        number=rounded(whole.number),
        people=rounded(whole.people),
        values=values,
        censored=large(whole.censored, smallest),
        competing=large(whole.competing, smallest),
        curve=coarse(whole.curve),
    )


def few(counts: Sequence[int], smallest: int) -> bool:
    return sum(counts) < smallest or too_few(counts)


def same(part: Estimate, code: str) -> Value | None:
    return next((each for each in part.values if each.code == code), None)


def told(value: Value, parts: Sequence[Value | None], smallest: int) -> Value:
    """The value as it may be told: with None in place of its number where it may not."""
    hidden = replace(value, value=None, count=None, of=None, people=0, people_of=0, lower=None, upper=None)
    base = value.people if value.of is None else value.people_of
    bases = [(each.people if each.of is None else each.people_of) if each else 0 for each in parts]
    if base < smallest or few(bases, smallest):
        return hidden
    of = None if value.of is None else rounded(value.of)
    if value.count is None:
        number = None if value.value is None else round(value.value, 1)
        return replace(hidden, value=number, of=of)
    # What is counted may be few among many, or leave few.
    if value.people < smallest or few([each.people if each else 0 for each in parts], smallest):
        return replace(hidden, of=of)
    count = rounded(value.count)
    return replace(hidden, value=count / of if of else float(count), count=count, of=of)


def large(count: int | None, smallest: int) -> int | None:
    return None if count is None or count < smallest else rounded(count)


def groups_told(figure: Figure, smallest: int) -> tuple[tuple[str, Estimate], ...]:
    """The groups of which something may be told: so many people in each, and in all that are left out together, so
    that they are not what is left when the others are taken from the whole.
    """
    shown = sorted(figure.groups, key=lambda each: (-each[1].people, each[0]))
    left = 0
    while shown and (shown[-1][1].people < smallest or 0 < left < smallest):
        left += shown.pop()[1].people
    kept = {key for key, _ in shown}
    found = ((key, careful(Figure(estimate, (), (), ()), smallest)) for key, estimate in figure.groups if key in kept)
    return tuple((key, estimate) for key, estimate in found if estimate is not None)
