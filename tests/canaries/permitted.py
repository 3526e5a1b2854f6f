"""What may differ between two worlds for somebody who may not see what differs, each with its reason."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

PERMITTED: Mapping[str, str] = {
    "positions": "every fact of a place has its place in one log; they are compared by their order alone",
    "ids that the place makes": "items of a drafted agenda are keyed with the place's secret; they are compared by"
    " where the same one stands again",
    "times": "the two worlds are made one after the other: a time, and how long something took,"
    " is compared as being there",
    "cursors": "a cursor holds a time; it is compared as being there",
    "hashes": "the hash of an agenda's contents is over ids and times",
    "a withheld item's place": "an agenda keeps the place and the minutes of an item that is withheld: an order cannot"
    " be shown without them; nor can whoever prepares a meeting fill one, so that a draft has that place or has not",
    "a match": "whoever keeps a front door and has looked is told number, lead and safe contact of the live cases of"
    " whom they match, and of the same person: that is what the look is for, and it is recorded",
    "a taken id": "an id that a client chose and somebody else had chosen before is refused as taken; ids are random",
    "a meeting under way": "whose seat in a case is an older meeting's loses, while a later one has the case on its"
    " agenda, what that meeting could add to: the category goes, not single entries, so that nothing new slips through",
    "operational facts": "what a coordinator records of a case while a meeting speaks of it (an unmet need, its state)"
    " is told like at any other time",
    "the share of a clock": "how much of a running clock is over is worked out at the moment of asking",
}
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)")
HASH = re.compile(r"\b[0-9a-f]{64}\b")
WITHIN = re.compile(r'"as_of":\d+')
ORDERED = ("position", "asOf", "cutOff")
PRESENT = {"cursor": "<cursor>", "endCursor": "<cursor>", "contentHash": "<hash>", "ratio": "<ratio>"}


class Common:
    """What is left of the answers to one person, once what may differ is taken out. One for each world.

    `known` are the ids that were chosen alike in both worlds: they stand as they are.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._ids: dict[str, str] = {}

    def of(self, answer: Any) -> Any:
        places = {place: f"<{number}>" for number, place in enumerate(sorted({*self._positions(answer)}))}
        return self._left(answer, "", places)

    def _positions(self, value: Any) -> Iterable[int]:
        if isinstance(value, list):
            for each in cast("list[Any]", value):
                yield from self._positions(each)
        elif isinstance(value, dict):
            for name, each in cast("dict[str, Any]", value).items():
                if name in ORDERED and each is not None:
                    yield int(each)
                else:
                    yield from self._positions(each)

    def _left(self, value: Any, name: str, places: Mapping[int, str]) -> Any:
        if isinstance(value, list):
            return [self._left(each, name, places) for each in cast("list[Any]", value)]
        if isinstance(value, dict):
            return {key: self._left(each, key, places) for key, each in cast("dict[str, Any]", value).items()}
        if value is None:
            return None
        if name in ORDERED:
            return places[int(value)]
        if name in PRESENT:
            return PRESENT[name]
        if name == "minutes" and isinstance(value, float):
            return "<length>"
        return self._text(value) if isinstance(value, str) else value

    def _text(self, value: str) -> str:
        plain = HASH.sub("<hash>", WITHIN.sub('"as_of":"<position>"', TIME.sub("<time>", value)))
        return UUID.sub(lambda found: self._id(found[0]), plain)

    def _id(self, id_: str) -> str:
        return id_ if id_ in self._known else self._ids.setdefault(id_, f"<id {len(self._ids)}>")
