"""Templates, and how times, codes and names are written for people."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, StrictUndefined, nodes, select_autoescape

from catch.domain.calendar import LONDON
from catch.domain.streams import COMMANDS_BY_KEY
from catch.web.console import by_hand, room
from catch.web.console.agenda_rows import row
from catch.web.console.fields import kind_named
from catch.web.console.typed import apart, lines
from catch.web.console.wording import closed_because, title_of, words

if TYPE_CHECKING:
    from catch.web.console.known import Known

TEMPLATES = Path(__file__).parent / "templates"


class Answers(Environment):
    """Reads an answer of the API as it is: its `items` are those of the agenda, not a dictionary's."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict) and attribute in obj:
            return cast("dict[str, Any]", obj)[attribute]
        return super().getattr(obj, attribute)


def environment(named: Callable[[str], str]) -> Environment:
    """Everything is escaped, and a name that nobody gave is a fault and not an empty place. `named` says what a
    programme or a series is called.
    """
    made = Answers(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PackageLoader("nhsuk_frontend_jinja")]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters: dict[str, Any] = {
        "day": day,
        "moment": moment,
        "clock": clock,
        "words": words,
        "initials": initials,
        "hidden": hidden,
        "named": named,
        "lower": lower,
        "lines": lines,
        "apart": apart,
        **room.FILTERS,
        "born": born,
        "closed": closed_because,
        "command": command,
        "called": called,
        "nhs_number": nhs_number,
        "kebab": kebab,
        "pounds": pounds,
        "exact": exact,
    }
    made.filters.update(filters)
    shared: dict[str, Any] = made.globals
    shared |= {"row": row, "by_hand": by_hand}
    return made


@cache
def commands_in(*templates: str) -> frozenset[str]:
    """The commands whose forms and buttons these templates lay out, by their keys."""
    made = environment(str)
    assert made.loader is not None
    trees = (made.parse(made.loader.get_source(made, name)[0]) for name in templates)
    first = (call.args[0] for tree in trees for call in tree.find_all(nodes.Call) if call.args)
    return frozenset(each.value for each in first if isinstance(each, nodes.Const) and each.value in COMMANDS_BY_KEY)


def read(value: str | datetime | date | None) -> datetime | date | None:
    if isinstance(value, str):
        return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
    return value


def day(value: str | datetime | date | None) -> str:
    """Tuesday 3 March 2026."""
    at = local(read(value))
    return f"{at:%A} {at.day} {at:%B %Y}" if at else ""


def moment(value: str | datetime | None) -> str:
    """3 March 2026, 10:05."""
    at = local(read(value))
    if at is None:
        return ""
    plain = f"{at.day} {at:%B %Y}"
    return f"{plain}, {at:%H:%M}" if isinstance(at, datetime) else plain


def exact(value: str) -> str:
    """3 March 2026, 10:05:09."""
    at = local(read(value))
    return f"{moment(value)}:{at:%S}" if isinstance(at, datetime) else moment(value)


def clock(value: str | datetime | None) -> str:
    """10:05."""
    at = local(read(value))
    return f"{at:%H:%M}" if isinstance(at, datetime) else ""


def local(at: datetime | date | None) -> datetime | date | None:
    return at.astimezone(LONDON) if isinstance(at, datetime) else at


def initials(name: str | None) -> str:
    """Of a name, for a screen that everybody in the room can see."""
    parts = [part for part in (name or "").replace("-", " ").split() if part[:1].isalpha()]
    return "".join(part[0].upper() for part in parts[:3]) or "–"


def hidden(held: Mapping[str, Any], path: str) -> str | None:
    """Why this field, or what it stands in, is closed to whoever looks; None where it is not."""
    for each in held.get("redactions", ()):
        if each["path"] == path or path.startswith(f"{each['path']}.") or each["path"] in ("", "*"):
            return str(each["reason"])
    return None


def lower(text: object) -> str:
    """In small letters, but for what is written in capitals everywhere: NHS, A&E."""
    return " ".join(word if sum(map(str.isupper, word)) > 1 else word.lower() for word in str(text).split(" "))


def kebab(name: str) -> str:
    """A mutation's name as the addresses of forms have it: `giveRole` as `give-role`."""
    return "".join(f"-{each.lower()}" if each.isupper() else each for each in name)


def command(key: str) -> str:
    """What a command's form is called, by the command's key."""
    kind = kind_named(key)
    return title_of(kind.__name__) if kind else words(key)


def called(agency: str, known: "Known") -> str:
    return known.called(agency)


def pounds(pence: int) -> str:
    """£1,250, or £25.50."""
    return f"£{pence // 100:,}" if pence % 100 == 0 else f"£{pence / 100:,.2f}"


def born(value: str | None) -> str | None:
    """A date of birth as it is written here; as it stands, where it is none."""
    try:
        return moment(value) if value and len(value) == len("1960-02-29") else value
    except ValueError:
        return value


def nhs_number(value: str | None) -> str | None:
    """943 476 5919, as it is read aloud."""
    digits = (value or "").replace(" ", "")
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}" if len(digits) == len("9434765919") else value
