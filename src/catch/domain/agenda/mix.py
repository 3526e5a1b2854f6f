"""Which cases a meeting hears so that new and existing ones are mixed as its policy asks, wherever that can be done.

The mix is kept where each kind has its share of what is heard, or all of it is heard that could be beside what must be.
`fill` (in `order`) chooses one case after another, and seldom so that no mix is left. Then it is searched for here: as
many cases as can be heard with the mix kept; and of such choices the one that takes the first case in the order that
any takes, then the next.
"""

from bisect import insort
from collections.abc import Sequence
from itertools import accumulate, takewhile
from math import ceil
from typing import NamedTuple, Protocol, TypeVar

from catch.domain.programme.configuration import AgendaPolicy


class Heard(Protocol):
    @property
    def new(self) -> bool: ...
    @property
    def minutes(self) -> int: ...


H = TypeVar("H", bound=Heard)


class Room(NamedTuple):
    """What is left beside what must be heard: minutes, places (None: any number), and how many of each kind may and do
    wait. `new` and `existing` are those that must.
    """

    minutes: int
    places: int | None
    new: int
    existing: int
    waiting_new: int
    waiting_existing: int

    def kept(self, new: int, existing: int, policy: AgendaPolicy) -> bool:
        """With so many more of each."""
        heard = self.new + new + self.existing + existing
        enough_new = self.new + new >= share(policy.min_new_share, heard)
        enough_existing = self.existing + existing >= share(policy.min_existing_share, heard)
        return (enough_new or new == self.waiting_new) and (enough_existing or existing == self.waiting_existing)


def share(part: float, n: int) -> int:
    # The rounding of floats must not ask for one more.
    return ceil(part * n - 1e-9)


def room(musts: Sequence[Heard], waiting: Sequence[Heard], policy: AgendaPolicy, budget: int) -> Room:
    minutes = budget - sum(held.minutes for held in musts)
    places = None if policy.max_items is None else max(0, policy.max_items - len(musts))
    new = sum(held.new for held in musts)
    able = [held for held in waiting if held.minutes <= minutes and places != 0]
    coming = sum(held.new for held in able)
    may_come = coming if policy.max_new is None else min(coming, max(0, policy.max_new - new))
    return Room(minutes, places, new, len(musts) - new, may_come, len(able) - coming)


def mixed(waiting: Sequence[H], left: Room, policy: AgendaPolicy) -> list[H]:
    """Those to hear beside the musts, in their order; none where no choice keeps the mix. `waiting` is in order."""
    able = [held for held in waiting if held.minutes <= left.minutes]
    new, existing = (_least(able, left.minutes, new=of_new) for of_new in (True, False))
    wanted = _wanted(new[0], existing[0], left, policy)
    chosen: list[H] = []
    count = {True: 0, False: 0}
    minutes = left.minutes
    for place, held in enumerate(able, start=1):
        count[held.new] += 1
        rest = minutes - held.minutes
        if any(_fits(new[place], a - count[True], existing[place], b - count[False], rest) for a, b in wanted):
            chosen.append(held)
            minutes = rest
        else:
            count[held.new] -= 1
    return chosen


def _wanted(new: Sequence[int], existing: Sequence[int], left: Room, policy: AgendaPolicy) -> list[tuple[int, int]]:
    """How many new and how many existing cases: the most in all with which the mix is kept."""
    most = min(left.waiting_new, len(new) - 1) + min(left.waiting_existing, len(existing) - 1)
    for heard in range(most if left.places is None else min(most, left.places), 0, -1):
        found = [
            (a, heard - a)
            for a in range(min(heard, left.waiting_new) + 1)
            if _fits(new, a, existing, heard - a, left.minutes) and left.kept(a, heard - a, policy)
        ]
        if found:
            return found
    return []


def _fits(new: Sequence[int], a: int, existing: Sequence[int], b: int, minutes: int) -> bool:
    return 0 <= a < len(new) and 0 <= b < len(existing) and new[a] + existing[b] <= minutes


def _least(able: Sequence[Heard], minutes: int, *, new: bool) -> list[list[int]]:
    """For each place in the order, and behind the last: the fewest minutes that none, one, two ... of the kind take
    from there on, as long as there are so many.
    """
    found, times = [[0]], list[int]()
    for held in reversed(able):
        if held.new is new:
            insort(times, held.minutes)
        found.append([*takewhile(minutes.__ge__, accumulate(times, initial=0))])
    return found[::-1]
