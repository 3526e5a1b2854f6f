"""What a field of a form may be: from the programme's configuration, the case, the meeting, the partners.

Only what the API tells whoever fills the form in. Where there is nothing to choose from, a field is a line to type in.
"""

from collections.abc import Iterable, Mapping

from catch.domain.case.closing import CloseCase, ProposeClosure
from catch.domain.facts import Command
from catch.web.console.forms import Choice, fields_of, words
from catch.web.console.visit import Json, Visit, many

Found = dict[str, list[Choice]]


async def choices(visit: Visit, kind: type[Command], about: Mapping[str, str]) -> Found:
    """By the paths of the command's fields."""
    wanted = set(paths(kind))
    case = await case_of(visit, about)
    found: Found = {}
    configured = await programme_of(visit, case, about)
    for path, values in (*of_case(case).items(), *of_programme(configured, kind).items()):
        if path in wanted and values:
            found[path] = values
    return found


def paths(kind: type[Command]) -> Iterable[str]:
    for field in fields_of(kind):
        yield field.path
        yield from (part.path for part in field.parts)


async def case_of(visit: Visit, about: Mapping[str, str]) -> Json | None:
    if "case" not in about:
        return None
    return (await visit.maybe("case", id=about["case"], history=False)).get("case")


async def programme_of(visit: Visit, case: Json | None, about: Mapping[str, str]) -> Json | None:
    """The programme that it is about; the only one, where there is but one."""
    held = many(await visit.maybe("programme_definitions"), "programmes")
    key = case["programme"]["key"] if case else about.get("programme")
    named = [each for each in held if key in (None, each["key"])]
    return named[0] if len(named) == 1 else None


def of_case(case: Json | None) -> Found:
    if case is None:
        return {}

    def each(name: str, key: str, text: str) -> list[Choice]:
        return [Choice(str(held[key]), str(held[text] or held[key])) for held in many(case, name)]

    involved = [held for held in many(case, "involvements") if not held["endedAt"]]
    agencies = [Choice(held["agency"], words(held["agency"])) for held in involved]
    person: Json = case.get("person") or {}
    return {
        "action": each("actions", "id", "title"),
        "goal": each("goals", "id", "text"),
        "disclosure": [Choice(held["id"], words(held["agency"])) for held in many(case, "disclosures")],
        "plan": [Choice(case["plan"]["id"], "The plan")] if case.get("plan") else [],
        "person": [Choice(person["id"], person["name"] or "The person")] if person else [],
        "audience": agencies,
        "sharedWith": agencies,
    }


def of_programme(programme: Json | None, kind: type[Command]) -> Found:
    if programme is None:
        return {}
    held: Json = programme["definition"]
    domains = codes(held.get("framework"), "domains")
    found: Found = {
        "source": [Choice(each["code"], words(each["code"])) for each in many(held, "sources")],
        "channel": codes(held, "channels"),
        "intervention": codes(held, "interventions"),
        "goal.domain": domains,
        "goals.*.domain": domains,
        "series": [Choice(each["key"], each["name"]) for each in many(held, "meetings")],
        "programme": [Choice(programme["key"], str(held.get("name") or programme["key"]))],
    }
    if kind in (CloseCase, ProposeClosure):
        reasons = many(held.get("closure"), "reasons")
        found["reason"] = [Choice(each["code"], each["label"]) for each in reasons]
    return found


def codes(held: Json | None, name: str) -> list[Choice]:
    found: list[str] = (held.get(name) if held else None) or []
    return [Choice(each, words(each)) for each in found]
