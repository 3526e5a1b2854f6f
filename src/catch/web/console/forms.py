"""A form for every command, made from the command itself: fields, hints and bounds are what its types say.

What was typed is kept as it was typed, so that whatever is wrong can be put right where it stands. Dates and times are
London's. An id that the sender chooses (of a note, an action) is made with the form and travels in it: a form that is
sent twice is recorded once.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

from msgspec import Struct

from catch.api.common.enums import sentence
from catch.domain.calendar import LONDON
from catch.domain.facts import Command
from catch.domain.plain import LONGEST_TEXT
from catch.domain.streams import KEY_OF_COMMAND
from catch.web.console.fields import FIRST_INPUT, Choice, Field, Kind, chosen_ids, fields_of, walked
from catch.web.console.refused import FIELDS_OF, HERE, said_of_refusal
from catch.web.console.sent import Sent
from catch.web.console.typed import apart
from catch.web.console.wording import BUTTONS, TITLES, words

Json = dict[str, Any]


POUNDS = re.compile(r"£? ?(\d{1,3}(?:,\d{3}){1,2}|\d{1,7})(?:\.(\d\d))?", re.ASCII)
"""As people write an amount of money."""
ASKING = ("By", "How", "What", "When", "Where", "Which", "Who", "Whom", "Whose", "Why")
"""How a field is called that asks something."""


class Problem(NamedTuple):
    path: str
    text: str


class Form:
    """The form of a command, or of a referral by anybody, as somebody has it before them.

    `sent` is what was typed; `choices`, by path, make a select of what would be a line; `fixed` are values that the
    page knows (the case, the meeting), which travel hidden; `defaults` stand where nothing was typed; `suggested` are
    values that may be picked or typed over. `prefix` sets its fields apart from those of other forms on a page;
    `row_names` call the groups of several alike, where the page knows which there are; `beside` travels with it.
    """

    def __init__(
        self,
        kind: type[Struct],
        sent: Sent,
        *,
        fixed: Mapping[str, str] | None = None,
        choices: Mapping[str, Iterable[Choice]] | None = None,
        suggested: Mapping[str, Iterable[Choice]] | None = None,
        defaults: Mapping[str, str] | None = None,
        row_names: Mapping[str, str] | None = None,
        only: Sequence[str] | None = None,
        title: str | None = None,
        prefix: str = "",
    ) -> None:
        self.kind = kind
        self.key = KEY_OF_COMMAND.get(cast("type[Command]", kind), "")
        self.title = title or TITLES.get(kind.__name__) or words(kind.__name__)
        self.about = in_words(sentence(kind) or "")
        self.sent = sent
        self.prefix = prefix
        self.row_names = row_names or {}
        self.beside: dict[str, str] = {}
        self.subject = ""
        self.command_id = str(uuid4())
        self.fixed = dict(fixed or {})
        self.defaults = dict(defaults or {})
        self.suggested = {path: tuple(each) for path, each in (suggested or {}).items()}
        self.choices = {path: tuple(each) for path, each in (choices or {}).items()}
        self.chosen = chosen_ids(kind)
        carried = {*self.fixed, *self.chosen}
        self.fields = [each for each in fields_of(kind) if only is None or each.path in only or each.path in carried]
        self.problems: list[Problem] = []

    # What a template asks

    def kind_of(self, field: Field, path: str) -> Kind:
        if path in self.fixed or field.path in self.chosen:
            return Kind.HIDDEN
        if field.kind in (Kind.TEXT, Kind.NUMBER) and self.offered(field):
            return Kind.ONE
        if field.kind in (Kind.ONE, Kind.SOME) and not self.offered(field):
            return Kind.TEXT if field.kind is Kind.ONE else Kind.AREA
        return field.kind

    def offered(self, field: Field) -> tuple[Choice, ...]:
        return self.choices.get(field.path) or field.choices

    def to_choose(self, field: Field, path: str) -> tuple[Choice, ...]:
        """With what was typed on a page that did not know of these choices: it stays, whether it is one or not."""
        offered = self.offered(field)
        known = {"", *(each.value for each in offered)}
        typed = () if field.choices else (each for each in self.values(path) if each.strip() not in known)
        return (*offered, *(Choice(each, apart(each)) for each in typed))

    def value(self, path: str, default: str = "") -> str:
        if path in self.fixed:
            return self.fixed[path]
        return (self.sent.get(path) or [self.defaults.get(path, default)])[0]

    def values(self, path: str) -> list[str]:
        return [*self.sent.get(path, ())]

    def hint(self, field: Field, path: str) -> str | None:
        """How a value is written is said where it is typed, and not where it is chosen."""
        typed = self.kind_of(field, path) in (Kind.TEXT, Kind.NUMBER, Kind.AREA)
        return field.hint if field.plain_hint or typed else None

    def suggestions(self, field: Field) -> tuple[Choice, ...]:
        return self.suggested.get(field.path, ())

    @property
    def button(self) -> str:
        return BUTTONS.get(self.kind.__name__) or self.title

    def id(self, path: str) -> str:
        """An element's id: one on the page, whatever other forms stand on it."""
        return self.prefix + path

    def id_for(self, path: str) -> str:
        """The id that this form will give to what it begins."""
        return self.value(path) or str(uuid4())

    def rows(self, field: Field) -> range:
        """Of several alike: those that were filled in, and one more."""
        names = {*self.sent, *self.defaults, *self.fixed}
        numbers = [int(found[1]) for name in names if (found := re.match(rf"{field.path}\.(\d{{1,3}})\.", name))]
        more = 1 if self.value(f"more.{field.path}") or not numbers else 0
        return range(min(50, max(numbers, default=-1) + 1 + more))

    def problem(self, path: str) -> str | None:
        return next((each.text for each in self.problems if each.path == path), None)

    def moment(self, path: str, label: str) -> str | None:
        """A time beside the command's own fields."""
        return self._moment(Field(path, path, label, Kind.MOMENT, required=False), path)

    # What was filled in

    def filled(self) -> Json:
        """The command's input. What cannot be read is in `problems`, and the input is not to be sent then."""
        self.problems = []
        return self._group(self.fields)

    def _group(self, fields: Iterable[Field], inside: str = "") -> Json:
        found = ((field.name, self._read(field, f"{inside}{field.name}")) for field in fields)
        return {name: value for name, value in found if value is not None}

    def _read(self, field: Field, path: str) -> Any:
        match self.kind_of(field, path):
            case Kind.GROUP:
                return self._read_group(field, path)
            case Kind.ROWS:
                every = (self._inside(field, f"{path}.{number}") for number in self.rows(field))
                return [each for each in every if each] or None
            case Kind.SOME:
                return self._some(field, path)
            case Kind.DATE:
                return self._date(field, path)
            case Kind.MOMENT:
                return self._moment(field, path)
            case Kind.MONEY:
                return self._money(field, path)
            case kind:
                return self._plain(field, path, kind)

    def _some(self, field: Field, path: str) -> list[str] | None:
        known, given = {each.value for each in self.offered(field)}, [each for each in self.values(path) if each]
        if not known.issuperset(given):
            return self._not_offered(path, field)
        return given or None

    def _read_group(self, field: Field, path: str) -> Json | None:
        inside = self._inside(field, path)
        return inside if inside or field.required else None

    def _inside(self, field: Field, path: str) -> Json | None:
        # A group that nobody has touched is not there, whatever ids and defaults stand in it.
        if not any(self._touched(part, f"{path}.{part.name}") for part in field.parts) and not field.required:
            return None
        return self._group(field.parts, f"{path}.")

    def _touched(self, field: Field, path: str) -> bool:
        if self.kind_of(field, path) is Kind.HIDDEN or (field.default and self.value(path) in ("", field.default)):
            return False
        inner = any(self._touched(part, f"{path}.{part.name}") for part in field.parts)
        parts = (path, *(f"{path}-{part}" for part in ("day", "month", "year", "time")))
        return inner or any(text.strip() for part in parts for text in self.values(part))

    def _plain(self, field: Field, path: str, kind: Kind) -> Any:
        if field.kind is Kind.SOME:
            # One a line, where there is nothing to choose from.
            return [each.strip() for each in re.split(r"[\n,]", "\n".join(self.values(path))) if each.strip()] or None
        text = self.value(path)
        if not text.strip():
            return self._missing(field, path)
        if kind is Kind.YES_NO:
            return text == "true"
        if field.kind is Kind.NUMBER:
            return self._number(field, path, text.strip())
        text = text.replace("\r\n", "\n") if kind is Kind.AREA else text.strip()
        return self._well_formed(field, path, text)

    def _well_formed(self, field: Field, path: str, text: str) -> str | None:
        if len(text) > LONGEST_TEXT:
            return self._wrong(path, f"{field.label} may have {LONGEST_TEXT:,} characters; this has {len(text):,}.")
        if field.id and not is_id(text):
            return self._wrong(path, f"{field.label} must be the id of one: choose it on its page.")
        if field.choices and text not in {each.value for each in self.offered(field)}:
            return self._not_offered(path, field)
        return text

    def _number(self, field: Field, path: str, text: str) -> int | float | None:
        try:
            number = int(text) if field.whole else float(text)
        except ValueError:
            number = None
        if (offered := self.offered(field)) and text not in {each.value for each in offered}:
            return self._not_offered(path, field)
        # What GraphQL calls a whole number has 32 bits; what is no number at all (`nan`) is none here either.
        if number is None or not -(2**31) <= number < 2**31:
            return self._wrong(path, f"{field.label} must be a number, such as 5.")
        return number

    def _money(self, field: Field, path: str) -> int | None:
        """In pence."""
        text = self.value(path).strip()
        if not text:
            return self._missing(field, path)
        found = POUNDS.fullmatch(text)
        if found is None:
            return self._wrong(path, "Enter an amount in pounds, such as 25 or 25.50.")
        return int(found[1].replace(",", "")) * 100 + int(found[2] or 0)

    def _date(self, field: Field, path: str) -> str | None:
        parts = [self.value(f"{path}-{part}").strip() for part in ("day", "month", "year")]
        if not any(parts):
            # What stood there was taken out: no default comes back.
            whole = "" if f"{path}-day" in self.sent else self.value(path)
            return whole if exists(whole) else self._no_date(field, path) if whole else self._missing(field, path)
        try:
            day, month, year = map(int, parts)
            return date(year, month, day).isoformat()
        # A year of twenty figures is no wrong number, but too large a one.
        except (ValueError, OverflowError):
            return self._no_date(field, path)

    def _no_date(self, field: Field, path: str) -> None:
        self._wrong(path, f"{field.label} must be a date that exists, such as 27 3 2026.")

    def _moment(self, field: Field, path: str) -> str | None:
        time = self.value(f"{path}-time").strip()
        day = self._date(field, path)
        if day is None:
            lacking = time and not self.problem(path)
            return self._wrong(path, f"{field.label} needs a date as well.") if lacking else None
        if "T" in day:
            return day
        try:
            at = datetime.fromisoformat(f"{day}T{time.replace('.', ':').zfill(5)}")
        except ValueError:
            return self._wrong(path, f"{field.label} needs a time as well, such as 14:30.")
        return at.replace(tzinfo=LONDON).isoformat()

    def _missing(self, field: Field, path: str) -> None:
        if field.required:
            self._wrong(path, lacking(field.label, chosen=self.kind_of(field, path) in (Kind.ONE, Kind.YES_NO)))

    def _not_offered(self, path: str, field: Field) -> None:
        self._wrong(path, f"Choose {lower(field.label)} from the list.")

    def _wrong(self, path: str, text: str) -> None:
        self.problems.append(Problem(path, text))

    def refused(self, code: str, message: str, details: Sequence[Mapping[str, Any]]) -> None:
        """What the command was answered, at the fields that it names; the place `""` is the whole form."""
        said = HERE.get(code) or said_of_refusal(message, details)
        named = [str(each["path"]).removeprefix("input.") for each in details if each.get("path")]
        shown = self._shown()
        at = [path for path in named if path in shown]
        at = at or [path for path in FIELDS_OF.get(code, ()) if path in shown][:1]
        self.problems += [Problem(path, said) for path in at] or [Problem("", said)]

    def anchor(self, path: str) -> str:
        """Where a problem's link leads: to what can be typed in."""
        of_any = re.sub(r"\.\d+\.", ".*.", path)
        found = next((each for each in walked(self.fields) if each.path == of_any), None)
        return self.id(path + (FIRST_INPUT.get(self.kind_of(found, path), "") if found else ""))

    def _shown(self) -> set[str]:
        """The paths of what is asked for, and does not only travel."""
        fields = [each for each in walked(self.fields) if self.kind_of(each, each.path) is not Kind.HIDDEN]
        return {each.path for each in fields} | {name for name in self.sent if re.search(r"\.\d+\.", name)}


def in_words(text: str) -> str:
    """A docstring for somebody who has no code before them."""
    return said_of_refusal(text, ())


def lacking(label: str, *, chosen: bool) -> str:
    """What is said of a field that has to be filled in and is not."""
    if label.endswith("?"):
        return f"Answer: {label}"
    ask = "Say" if label.split(" ")[0] in ASKING else "Choose" if chosen else "Enter"
    return f"{ask} {lower(label)}."


def lower(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def exists(text: str) -> bool:
    """A day, or a moment that London's clock can show."""
    try:
        _ = datetime.fromisoformat(text).astimezone(LONDON) if "T" in text else date.fromisoformat(text)
    except (ValueError, OverflowError):
        return False
    return True
