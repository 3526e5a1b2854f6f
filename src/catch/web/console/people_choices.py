"""What the fields of forms about agencies and their people may be, as the API says for whoever fills them in."""

from collections.abc import Mapping, Sequence

from catch.domain.facts import Command, Role
from catch.domain.partner import (
    AllowService,
    EnrolMember,
    EnrolService,
    GiveRole,
    GiveTag,
    RegisterPartner,
    UnbindSubject,
)
from catch.domain.streams import KEY_OF_COMMAND
from catch.web.console.fields import Choice
from catch.web.console.visit import Json, Visit, inside
from catch.web.console.wording import words

NEW = (RegisterPartner, EnrolMember, EnrolService)
"""Who is named in these is not known yet."""


async def of_people(visit: Visit, kind: type[Command], sent: Mapping[str, Sequence[str]]) -> dict[str, list[Choice]]:
    """By the paths of the command's fields; nothing for a command about something else."""
    if "partner" not in kind.__struct_fields__:
        return {}
    agency, user = _one(sent, "partner"), _one(sent, "user")
    programmes = (await visit.ask("programmes"))["programmes"]
    found = {
        "programme": keyed(programmes),
        "programmes": keyed(programmes),
        "series": [choice for each in programmes for choice in keyed(each["series"], f"{each['name']}: ")],
        "commands": [Choice(key, words(key)) for key in sorted(KEY_OF_COMMAND.values())],
    }
    if agency and kind not in NEW and "user" in kind.__struct_fields__:
        found["user"] = await members(visit, agency, user)
    if agency and user and kind is UnbindSubject:
        held = (await visit.maybe("looked_after", agency=agency, user=user)).get("lookedAfter")
        found["issuer"] = [Choice(each, each) for each in inside(held, "member", "issuers") or ()]
    if agency and user and kind in (GiveRole, GiveTag):
        found |= await given(visit, kind, agency, user, found["programme"])
    return {path: choices for path, choices in found.items() if choices}


def keyed(held: list[Json], of: str = "") -> list[Choice]:
    return [Choice(each["key"], f"{of}{each['name']}") for each in held]


def _one(sent: Mapping[str, Sequence[str]], name: str) -> str:
    return (sent.get(name) or [""])[0]


async def members(visit: Visit, agency: str, named: str) -> list[Choice]:
    listed = (await visit.maybe("members", agency=agency, first=200)).get("members", {"edges": []})
    users = [each["node"]["user"] for each in listed["edges"]]
    # Whoever is named may stand on a later page; without any list it is a line to type in.
    return [Choice(user, user) for user in (users if named in ("", *users) else [*users, named] if users else [])]


async def given(
    visit: Visit, kind: type[Command], agency: str, user: str, programmes: list[Choice]
) -> dict[str, list[Choice]]:
    """What they may give this member, and in which programmes."""
    held = (await visit.maybe("looked_after", agency=agency, user=user)).get("lookedAfter")
    if held is None or held["member"] is None:
        return {}
    if kind is GiveTag:
        return {"programme": [each for each in programmes if each.value in held["tagProgrammes"]]}
    roles = dict.fromkeys(each["role"] for each in held["gives"])
    where = {each["programme"] for each in held["gives"]}
    return {
        "role": [Choice(role, words(Role[role].value)) for role in roles],
        "programme": [each for each in programmes if each.value in where],
    }


async def begun(visit: Visit, kind: type[Command], sent: dict[str, list[str]]) -> dict[str, list[str]]:
    """What stands in the form at first: of a program, what it may ask for now, since it is said anew as a whole."""
    agency, user = _one(sent, "partner"), _one(sent, "user")
    if kind is not AllowService or not (agency and user):
        return sent
    held = (await visit.maybe("looked_after", agency=agency, user=user)).get("lookedAfter")
    service = inside(held, "member", "service")
    if service is None:
        return sent
    return sent | {"commands": service["commands"], "documents": ["\n".join(service["documents"])]}
