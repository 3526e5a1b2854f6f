"""Whom and what somebody may name in a form of a meeting, as the API tells them."""

from collections.abc import Iterable

from catch.web.console.known import definition
from catch.web.console.visit import Json, Visit
from catch.web.console.wording import words

Choices = list[tuple[str, str]]


async def agencies(visit: Visit, programme: str, known: Iterable[str] = ()) -> Choices:
    """The programme's partners by name; for whoever is not told of them, those that the page speaks of."""
    found = await visit.maybe("partners", programme=programme, first=200)
    partners = [each["node"] for each in found.get("partners", {}).get("edges", [])]
    names = {each["key"]: f"{each['name'] or each['key']} ({each['key']})" for each in partners}
    return sorted(({key: key for key in known} | names).items(), key=lambda each: each[1].lower())


async def interventions(visit: Visit, programme: str) -> Choices:
    """Kinds of what may be done for somebody, as the programme has them."""
    held: Json = (await visit.maybe("programme", key=programme)).get("programme") or {}
    return [(each, words(each)) for each in held.get("interventions") or ()]


def settings(programme: Json) -> Json:
    return definition(programme["key"], programme["version"], programme["definition"])
