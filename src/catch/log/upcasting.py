"""Payloads that were stored under a former schema number, brought up to the present one, a number at a time.

To change what an event's payload means, or its form in any way but a further field with a default:

1. Raise `SCHEMA` of the event's class by one: `SCHEMA: ClassVar[int] = 2`.
2. Add the step to `UPCASTERS` below: the event's name, the number it starts from, and a function that makes such a
   payload into one of the next number. A payload is what JSON makes of the event: names, texts, numbers, lists.
3. Run `catch contracts`: it writes the JSON Schema and the stored sample of the new number. Those of the former number
   stay for ever, and `catch contracts --check` holds every release to reading them.
"""

from collections.abc import Callable, Mapping
from typing import Any

Payload = dict[str, Any]
Upcaster = Callable[[Payload], Payload]
Upcasters = Mapping[tuple[str, int], Upcaster]

UPCASTERS: Upcasters = {}
"""No event has changed yet. A line reads: `("GoalSet", 1): goal_set_from_1`."""


class NoUpcaster(Exception):
    """No upcaster is written for this event and schema number."""


def upcast(upcasters: Upcasters, event: str, payload: Payload, stored: int, present: int) -> Payload:
    """The payload as the present schema number has it. Raises `NoUpcaster`, or what an upcaster raises."""
    for number in range(stored, present):
        step = upcasters.get((event, number))
        if step is None:
            raise NoUpcaster(event, number)
        payload = step(payload)
    return payload
