"""For auditors: every fact of a case or a meeting with both its clocks, and either as it stood at any moment.

What is shown is what the API tells: personal text stands masked where it masks it, and what is closed is named.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from msgspec import Struct

from catch.domain.calendar import london_day
from catch.web.console.forms import Form, Problem
from catch.web.console.rows import Row, Section, path_in_words, rows, sections, written
from catch.web.console.site import Address
from catch.web.console.visit import Json, Moved, Reply, Visit
from catch.web.console.wording import words

PAGE = 25
"""Facts on one page."""
RECENT = timedelta(days=400)
"""How far back meetings are listed: older ones are found from the cases that they heard."""


class Shown(NamedTuple):
    """A fact as the page lays it out."""

    node: Json
    title: str
    fields: list[Row]
    changes: list[Row]


async def look(visit: Visit) -> Reply:
    return await listed(visit, "")


async def find(visit: Visit) -> Reply:
    """By its number, in a form: no address holds it."""
    number = visit.sent("number").strip()
    found: list[Json] = await numbered(visit, number) if number else []
    if len(found) == 1:
        return Moved(f"/audit/{found[0]['node']['id']}")
    wrong = "There is no case of this number, or it is not one for you." if number else "Enter a case number."
    return await listed(visit, number, wrong)


async def numbered(visit: Visit, number: str) -> list[Json]:
    return (await visit.ask("cases", filter={"number": number}, first=2))["cases"]["edges"]


async def listed(visit: Visit, number: str, problem: str | None = None) -> Reply:
    after, since = visit.query.get("after"), london_day(visit.console.now()) - RECENT
    cases = await visit.maybe("cases_in_order", order="NEWEST_FIRST", first=PAGE, after=after)
    meetings = await visit.maybe("meetings", **{"from": since, "first": 100})
    held = cases.get("cases", {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}})
    return visit.page(
        "audit.html",
        400 if problem else 200,
        number=number,
        problem=problem,
        cases=[each["node"] for each in held["edges"]],
        more=held["pageInfo"],
        meetings=[each["node"] for each in reversed(meetings.get("meetings", {"edges": []})["edges"])],
    )


async def verify(visit: Visit) -> Reply:
    """Checked in the browser, or, as the page says, elsewhere: nothing of a bundle comes here."""
    return visit.page("audit_bundle.html")


async def trail(visit: Visit) -> Reply:
    """The timeline, and, where a moment is asked for, how it stood then."""
    stream = visit.path["stream"]
    found = (await visit.ask("audit_facts", stream=stream, first=PAGE, after=behind(visit)))["auditTrail"]
    facts = [laid_out(each["node"]) for each in found["edges"]]
    asked = Asked(visit)
    return visit.page(
        "audit_trail.html",
        400 if asked.form.problems else 200,
        stream=stream,
        facts=facts,
        more=found["pageInfo"],
        after=behind(visit),
        asked=asked,
        then=await then(visit, asked, facts),
    )


def behind(visit: Visit) -> str | None:
    return plain_position(visit.query.get("after", ""))


def plain_position(text: str) -> str | None:
    return text if text.isascii() and text.isdecimal() and len(text) < 19 else None


def laid_out(node: Json) -> Shown:
    changes = [
        Row(path_in_words(each["path"]), plain(each["after"]), plain(each["before"])) for each in node["changes"]
    ]
    return Shown(node, words(node["event"]), rows(msgspec.json.decode(node["fact"])), changes)


def plain(text: str | None) -> str:
    """A value of the trail: a word or a number as it is, anything larger as JSON."""
    if text is None:
        return ""
    if text[:1] in "[{":
        try:
            return "; ".join(f"{row.label}: {row.text}" for row in rows(msgspec.json.decode(text)))
        except msgspec.DecodeError:
            return text
    return written(text)


class Asked:
    """Which moment, by which clock: behind a fact, or a day and a time; and `since` when what is otherwise is shown."""

    def __init__(self, visit: Visit) -> None:
        self.position = plain_position(visit.query.get("position", ""))
        self.clock = visit.query.get("clock", "recorded")
        self.form = Form(Moment, {name: [value] for name, value in visit.query.items()})
        self.moment = self._typed(visit, "moment", "The moment")
        self.since = self._typed(visit, "since", "The earlier moment")
        if self.since and not self.moment and not self.form.problems:
            self.form.problems.append(Problem("moment", "Enter the moment to compare the earlier one with."))
        if self.since and self.moment and datetime.fromisoformat(self.since) >= datetime.fromisoformat(self.moment):
            self.form.problems.append(Problem("since", "The earlier moment must be before the other."))

    def _typed(self, visit: Visit, name: str, label: str) -> str | None:
        typed = any(visit.query.get(f"{name}-{part}", "").strip() for part in ("day", "month", "year", "time"))
        return self.form.moment(name, label) if typed else None

    @property
    def as_at(self) -> Json | None:
        if self.form.problems:
            return None
        return self._at(self.moment) or ({"position": self.position} if self.position else None)

    @property
    def before(self) -> Json | None:
        """With how it stood when it is compared: without a moment for that, when the last fact was not recorded yet."""
        if self.since or self.moment:
            return self._at(self.since)
        return {"position": str(int(self.position) - 1)} if self.position and int(self.position) > 1 else None

    def _at(self, moment: str | None) -> Json | None:
        return {"occurredAt" if self.clock == "occurred" else "recordedAt": moment} if moment else None


class Moment(Struct):
    """When to look back from."""

    moment: datetime | None = None
    since: datetime | None = None


class Then(NamedTuple):
    """How it stood. `fact`: behind which fact, where it is one of the page's; `before` and `next`: the positions of
    those beside it."""

    kind: str
    sections: list[Section]
    closed: list[tuple[str, list[str]]]
    fact: Shown | None
    before: str | None
    next: str | None
    at: datetime | str | None
    since: datetime | str | None
    """With when it is compared; `new` where there was nothing yet."""
    new: bool

    @property
    def otherwise(self) -> list[Row]:
        """By what part of it each row stands in."""
        changed = ((each.title, row) for each in self.sections for row in each.rows if row.changed)
        return [row._replace(label=f"{title}: {row.label[:1].lower()}{row.label[1:]}") for title, row in changed]


async def then(visit: Visit, asked: Asked, facts: list[Shown]) -> Then | None:
    as_at = asked.as_at
    if as_at is None:
        return None
    kind, held = await stood(visit, as_at)
    if held is None:
        return Then(kind, [], [], None, None, None, asked.moment, asked.since, new=False)
    place = next((n for n, each in enumerate(facts) if each.node["position"] == asked.position), None)
    was = (await stood(visit, asked.before, kind))[1] if asked.before else None
    return Then(
        kind,
        sections(held, was),
        closed(held),
        None if place is None else facts[place],
        facts[place - 1].node["position"] if place else None,
        facts[place + 1].node["position"] if place is not None and place + 1 < len(facts) else None,
        asked.moment,
        asked.since,
        new=was is None,
    )


async def stood(visit: Visit, as_at: Json, kind: str | None = None) -> tuple[str, Json | None]:
    """The case or the meeting as it was; nothing where it was none yet, or is none for whoever looks."""
    stream = visit.path["stream"]
    if kind != "meeting":
        case = (await visit.maybe("case", id=stream, asAt=as_at)).get("case")
        if case is not None or kind == "case":
            return "case", case
    return "meeting", (await visit.maybe("meeting_record", id=stream, asAt=as_at)).get("meeting")


def closed(held: Json) -> list[tuple[str, list[str]]]:
    """Why, and what: by class, as the API names it."""
    found: dict[str, list[str]] = {}
    for each in held.get("redactions", ()):
        found.setdefault(words(each["reason"]), []).append(path_in_words(each["path"]))
    return [*found.items()]


ADDRESSES = (
    Address("/audit", look, find, text="Audit", reads="auditTrail"),
    Address("/audit/bundle", verify),
    Address("/audit/{stream:uuid}", trail),
)
