"""The stage of one history: what exists, how commands are filled in, and which canary belongs to what.

A step says little (who, what kind of command, about which case); its values are drawn from its own number, so that a
step means the same whatever others are left out.
"""

import re
import types
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from random import Random
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from msgspec import Struct
from msgspec.structs import NODEFAULT, fields

from catch.domain.case.referral import case_number
from catch.domain.facts import Category, Command, Role, Sealed, Tag
from tests.canaries.actors import AGENCIES, ELSEWHERE, HERE, NAMED, Names
from tests.canaries.owned import MADE, NOBODY, OWNED, Owner

PLACES = (HERE, HERE, HERE, ELSEWHERE)
"""The programme of each case."""
PEOPLE = (0, 1, 2, 0)
"""Whose each is: one person is known in both programmes."""
FOUND = re.compile(rb"cy[0-9a-f]{12}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|2[01]\d\d-\d\d-\d\d")
NUMBER = re.compile(rb"[0-9A-Z]{4}-[0-9A-Z]{4}")
FAR = date(2110, 1, 1)
CODES: dict[str, tuple[str, ...]] = {
    "priority": ("now", "today", "week"),
    "source": ("police", "self", "housing-association"),
    "channel": ("phone", "online"),
    "intervention": ("befriending", "benefits-check"),
    "domain": ("home", "money"),
    "role": ("support",),
    "stage": ("review",),
    "fund": ("hardship-fund",),
    "scope": ("support-and-meeting",),
    "outcome": ("done", "no-answer"),
    "reason": ("goals-achieved", "disengaged", "not-eligible", "duplicate"),
}
ALWAYS = ("series", "tag", "name", "goals", "address")
OF_A_PERSON = ("RegisterPerson", "SetContactPreference", "CorrectIdentity", "CorrectContact")
WHO = ("user", "presenter", "chair", "owner_user", "to_user", "known_by", "who", "to_user", "tell_person")
AGENCY = ("agency", "owner", "to", "on_behalf_of", "agencies", "shared_with", "audience", "partners", "agreed_by")


class Step(Struct, frozen=True):
    """`fixed` are the values that the history needs as they are."""

    number: int
    by: str
    kind: type[Command]
    case: int
    fixed: dict[str, Any] = {}
    free: bool = False
    """Whatever anybody tries, once the usual things are there."""


class Stage:
    """`now` is when the history begins."""

    def __init__(self, run: str, seed: int) -> None:
        self.names = Names(run)
        self.seed = seed
        self._ids = Random(f"ids/{run}")
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.cases = [self.new() for _ in PLACES]
        self.people = [self.new() for _ in set(PEOPLE)]
        self.meetings = [self.new(), self.new()]
        self.contacts = [self.new(), self.new(), self.new()]
        self.newcomer = self.new()
        """Somebody of whom there is no case before a contact leads to one."""
        self.people.append(self.newcomer)
        self.owners: dict[str, list[Owner]] = {}
        self.things: dict[tuple[str, UUID | None], list[UUID]] = {}
        self.items: list[tuple[UUID, UUID, UUID | None]] = []
        """Of each known item: its meeting, its id, its case."""
        self._days = 0
        for case in self.cases:
            self._number(case)

    def _number(self, case: UUID) -> None:
        self.belongs(case_number(case), Owner("number", case=case, what="number"))

    def another(self) -> UUID:
        """One more case."""
        self.cases.append(self.new())
        self._number(self.cases[-1])
        return self.cases[-1]

    def new(self) -> UUID:
        return UUID(int=self._ids.getrandbits(128), version=4)

    def belongs(self, canary: str, owner: Owner) -> None:
        self.owners.setdefault(canary, []).append(owner)

    def text(self, owner: Owner) -> str:
        canary = f"cy{self._ids.getrandbits(48):012x}"
        self.belongs(canary, owner)
        return canary

    def day(self, owner: Owner) -> date:
        self._days += 1
        canary = FAR + timedelta(days=self._days)
        self.belongs(canary.isoformat(), owner)
        return canary

    def seen_in(self, answer: bytes) -> set[str]:
        """The canaries in these bytes, known or not."""
        found = {each.decode() for each in FOUND.findall(answer)}
        numbers = {each.decode() for each in NUMBER.findall(answer)}
        ours = {each for each in found if each in self.owners or each.startswith("cy")}
        return ours | (numbers & self.owners.keys())

    def command(self, step: Step) -> Command:
        return Filling(self, step).command()


class Filling:
    """One step becomes a command."""

    def __init__(self, stage: Stage, step: Step) -> None:
        self.stage, self.step, self.names = stage, step, stage.names
        self.random = Random(f"{stage.seed}/{step.number}")
        self.kind = step.kind.__name__
        self.case = stage.cases[step.case]
        self.programme = self.names.key(PLACES[step.case])
        self.said: dict[str, Any] = {}

    def command(self) -> Command:
        values = self.fill(self.step.kind, "")
        return self.step.kind(**values)

    def fill(self, kind: type[Struct], path: str) -> dict[str, Any]:
        hints = get_type_hints(kind, include_extras=True)
        values: dict[str, Any] = {}
        order = sorted(fields(kind), key=lambda field: self.rank(field.name, hints[field.name]))
        for field in order:
            if not path and field.name in self.step.fixed:
                values[field.name] = self.given(self.step.fixed[field.name], field.name)
            elif field.default is not NODEFAULT and self.random.random() < 0.4 and field.name not in ALWAYS:
                continue
            else:
                values[field.name] = self.value(hints[field.name], field.name, f"{path}{field.name}")
            if not path:
                self.said[field.name] = values[field.name]
        return values

    def rank(self, name: str, hint: Any) -> int:
        """What is a canary last: what it belongs to is said by the rest."""
        if "Sealed" in str(hint):
            return 3
        return 2 if date in (hint, *get_args(hint)) else int(name == MADE.get(self.kind))

    def given(self, value: Any, name: str) -> Any:
        """What the history fixes: agencies, users and things by their plain names."""
        if callable(value):
            return value(self)
        if isinstance(value, tuple):
            return tuple(self.given(each, name) for each in cast("tuple[Any, ...]", value))
        if isinstance(value, str) and not isinstance(value, Enum):
            if value in AGENCIES or value in (HERE, ELSEWHERE):
                return self.names.key(value)
            return self.names.user(value) if value in NAMED else value
        return value

    def value(self, hint: Any, name: str, path: str) -> Any:
        if hint is Sealed:
            return Sealed(self.stage.text(self.owner(path)))
        origin, inner = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self.value(inner[0], name, path)
        if origin in (Union, types.UnionType):
            return self.value(next(each for each in inner if each is not types.NoneType), name, path)
        if origin in (tuple, frozenset):
            return cast("type[Any]", origin)(self.several(inner[0], name, path))
        return self.plain(hint, name, path)

    def several(self, hint: Any, name: str, path: str) -> Iterable[Any]:
        count = self.random.randint(1, 5) if hint is Category else self.random.randint(0, 1) + (name == "goals")
        return [self.value(hint, name, path) for _ in range(count)]

    def plain(self, hint: Any, name: str, path: str) -> Any:
        if hint is UUID:
            return self.id(name, path)
        if hint is str:
            return self.word(name)
        if hint is bool:
            return self.random.random() < 0.7
        if hint in (int, float):
            return self.random.randint(1, 5)
        if hint is date:
            return self.date(name, path)
        if hint is datetime:
            return self.time(name)
        if issubclass(hint, Enum):
            return self.one([each for each in hint if each.value != Role.SYSTEM.value])
        return hint(**self.fill(hint, f"{path}."))

    def one(self, of: Sequence[Any]) -> Any:
        return of[self.random.randrange(1 << 30) % len(of)]

    def id(self, name: str, path: str) -> UUID:
        """What is new gets an id of its own; else one of what is there, if there is any."""
        match name:
            case "case" | "cases":
                return self.case
            case "to_case":
                return self.stage.cases[-1]
            case "person":
                return self.stage.people[PEOPLE[self.step.case]]
            case "meeting" | "to_meeting" | "at_meeting":
                return self.one(self.stage.meetings)
            case "contact":
                return self.stage.contacts[self.step.case % len(self.stage.contacts)]
            case "earlier":
                return self.one(self.stage.contacts)
            case "item" | "items" if MADE.get(self.kind) != "item":
                return self.item()
            case _:
                return self.thing(name, path)

    def thing(self, name: str, path: str) -> UUID:
        known = self.stage.things.setdefault((name, self.case), [])
        if known and MADE.get(self.kind) != name and name != "goal":
            named: UUID = self.one(known)
            if f"{self.kind}.{path}" in OWNED:
                # Whatever it was made for, and whether that was taken: here it is part of something else.
                self.stage.belongs(str(named), self.owner(path))
            return named
        made = self.stage.new()
        known.append(made)
        # An item's place on the agenda is everybody's to see; what names something that is not there belongs to nobody.
        if name != "item" and (MADE.get(self.kind) == name or name == "goal"):
            self.stage.belongs(str(made), self.owner(path, made))
        return made

    def item(self) -> UUID:
        meeting = self.said.get("meeting")
        here = [item for held, item, _ in self.stage.items if held == meeting]
        return self.one(here) if here else self.stage.new()

    def word(self, name: str) -> str:
        if name in ("programme", "series"):
            return self.programme
        if name in AGENCY or name in ("partner", "requested_partners", "message_back_to", "requires"):
            return self.names.key(self.one(tuple(AGENCIES)))
        if name in WHO:
            return self.names.user(self.one(tuple(NAMED)))
        return self.one(CODES.get(name, ("other",)))

    def date(self, name: str, path: str) -> date:
        if name in ("closed_on", "completed_on", "starts_on", "administered_on", "paid_on"):
            return self.stage.now.date()
        if name in ("review_due", "next_due"):
            return self.stage.now.date() + timedelta(days=80)
        return self.stage.day(self.owner(path))

    def time(self, name: str) -> datetime:
        hours = {"received_at": -72.0, "held_at": -3.0, "ended_at": -2.0, "available_from": 1.0, "available_until": 9.0}
        if name in hours:
            return self.stage.now + timedelta(hours=hours[name])
        return self.stage.now + timedelta(hours=self.one((-1, 1, 30, 24 * 13, 24 * 16, -24 * 10)))

    def owner(self, path: str, thing: UUID | None = None) -> Owner:
        """Of a text, a date or an id at this place of the command."""
        kind, category = OWNED.get(f"{self.kind}.{path}", NOBODY)
        made = MADE.get(self.kind)
        held = (
            self.said.get("entry")
            or thing
            or self.said.get(made or "")
            or self.said.get("action")
            or self.said.get("note")
        )
        if kind == "action":
            held = self.said.get("action") or held
        case, meeting = self.said.get("case", self.case), self.said.get("meeting")
        if kind in ("contact", "contact-address"):
            return Owner(kind=kind, thing=self.said["contact"], what=f"{self.kind}.{path}")
        if kind in ("meeting", "prepared"):
            return Owner(kind=kind, meeting=meeting, what=f"{self.kind}.{path}")
        if "item" in self.said and "case" not in self.said:
            case = next((each for _, item, each in self.stage.items if item == self.said["item"]), None)
        tag = self.said.get("tag", Tag.SAFEGUARDING)
        return Owner(
            kind=kind if case or "person" in self.said else "matter",
            category=category,
            case=case,
            person=self.said.get("person") if self.kind in OF_A_PERSON else None,
            thing=held,
            meeting=meeting,
            tag=tag,
            by=self.names.key(NAMED[self.step.by].agency),
            agency=self.said.get("agency", ""),
            what=f"{self.kind}.{path}",
        )
