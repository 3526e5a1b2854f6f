"""Somebody leaves, or is away: what they lead and own goes to somebody else, in one go, by the ordinary commands.

Each form has an id, of which every command's is made: sent twice, it is recorded once. What was refused is listed with
its reason, and is still there for the next try.
"""

from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID, uuid4, uuid5

from catch.web.console.pages.commands import given_id
from catch.web.console.site import Address
from catch.web.console.typed import apart
from catch.web.console.visit import Json, Moved, NotShown, Reply, Taken, Turned, Visit, inside, nothing_here

MOST = 25
"""Handed over in one go: what is left is asked for again, so that nobody waits in front of an empty page."""
CASE, ACTION = "allocateCoordinator", "respondToAction"


class Part(NamedTuple):
    """One case that is led, or one action that is owned, and the command that hands it over."""

    key: str
    text: str
    mutation: str
    input: Json


class Done(NamedTuple):
    text: str
    refused: Turned | None


class Typed(NamedTuple):
    """What the form says: to whom, why, and which parts."""

    user: str
    agency: str
    reason: str
    note: str
    chosen: list[str]


async def choose(visit: Visit) -> Reply:
    """Whose it is, asked for where the page has no link."""
    agency, user = visit.query.get("agency", "").strip(), visit.query.get("user", "").strip()
    await may_hand_over(visit)
    if not (agency and user):
        raise NotShown(400, "Say whose", "Give the agency's key and the user id of whoever leaves or is away.")
    return Moved(f"/people/{quote(agency, safe='')}/{quote(user, safe='')}/leave")


async def leave(visit: Visit) -> Reply:
    await may_hand_over(visit)
    return await shown(visit, typed(visit), str(uuid4()))


async def may_hand_over(visit: Visit) -> list[str]:
    """The commands of a handover that this person may ask for. Raises `NotShown` where there are none."""
    may = [name for name in (await visit.ask("viewer"))["viewer"]["may"] if name in (CASE, ACTION)]
    if CASE not in may:
        raise nothing_here()
    return may


def typed(visit: Visit) -> Typed:
    return Typed(
        visit.sent("to").strip(),
        visit.sent("to-agency").strip() or visit.path["agency"],
        visit.sent("reason").strip(),
        visit.sent("note").strip(),
        [*visit.form.get("part", ())],
    )


async def parts_of(visit: Visit, position: str | None) -> tuple[list[Part], bool]:
    """What they lead and own, as far as whoever looks may see it; and whether there is more."""
    agency, user = visit.path["agency"], visit.path["user"]
    owned = (await visit.ask("owned_actions", agency=agency, user=user, first=200, atLeast=position))["ownedActions"]
    # Behind the actions, which wait for the position: the list of cases is read from the same rows.
    led = (await visit.ask("cases", filter={"lead": user, "live": True}, first=200))["cases"]
    cases = [each["node"] for each in led["edges"] if inside(each, "node", "lead", "agency") == agency]
    parts = [of_case(each) for each in cases] + [of_action(each["node"]) for each in owned["edges"]]
    return parts, led["pageInfo"]["hasNextPage"] or owned["pageInfo"]["hasNextPage"]


def of_case(case: Json) -> Part:
    name = inside(case, "person", "name")
    text = f"Leads {case['number']}" + (f", {apart(name)}" if name else "")
    return Part(f"case/{case['id']}", text, CASE, {"case": case["id"], "lead": True})


def of_action(entry: Json) -> Part:
    text = f"Owns in {entry['caseNumber'] or 'a case'}: {apart(entry['title']) if entry['title'] else 'an action'}"
    key = f"action/{entry['caseId']}/{entry['actionId']}"
    return Part(key, text, ACTION, {"case": entry["caseId"], "action": entry["actionId"], "answer": "REASSIGN"})


async def hand_over(visit: Visit) -> Reply:
    """One after the other. A form that comes again does what it did before, and nothing more."""
    may = await may_hand_over(visit)
    wanted, begun = typed(visit), given_id(visit.sent("command-id"))
    if not wanted.user:
        return await shown(visit, wanted, str(begun), problem="Enter the user id of whoever takes over.")
    if not wanted.chosen:
        return await shown(visit, wanted, str(begun), problem="Choose at least one case or action.")
    now, later = wanted.chosen[:MOST], wanted.chosen[MOST:]
    held = {each.key: each for each in (await parts_of(visit, None))[0] if each.mutation in may}
    done, position = list[Done](), 0
    for key in now:
        part = held.get(key) or gone(key)
        if part is None:
            continue
        answer = await visit.send(part.mutation, filled(part, wanted), uuid5(begun, key))
        position = max(position, answer.position if isinstance(answer, Taken) else 0)
        done.append(Done(part.text, answer if isinstance(answer, Turned) else None))
    # Of another id: what is sent from now on is something else.
    left, at = wanted._replace(chosen=later), str(position) if position else None
    return await shown(visit, left, str(uuid4()), done=done, at=at)


def gone(key: str) -> Part | None:
    """What is theirs no longer, as after a form that was sent twice: its command is asked for all the same, and is
    answered as it was the first time.
    """
    kind, *ids = key.split("/")
    try:
        found = [str(UUID(each)) for each in ids]
    except ValueError:
        return None
    match kind, found:
        case "case", [case]:
            return Part(key, "A case", CASE, {"case": case, "lead": True})
        case "action", [case, action]:
            return Part(key, "An action", ACTION, {"case": case, "action": action, "answer": "REASSIGN"})
        case _:
            return None


def filled(part: Part, wanted: Typed) -> Json:
    reason = {"reason": wanted.reason} if wanted.reason else {}
    if part.mutation == ACTION:
        return part.input | reason | {"to": wanted.agency, "toUser": wanted.user}
    note = {"handoverNote": wanted.note} if wanted.note else {}
    return part.input | reason | note | {"user": wanted.user, "agency": wanted.agency}


async def colleagues(visit: Visit) -> list[str]:
    """Who may take over, of the same agency: offered while one types, since it may be somebody of another one."""
    held = (await visit.ask("viewer_standing"))["viewer"]["holds"]
    found = list[str]()
    for key in dict.fromkeys(each["programme"] for each in held if each["programme"]):
        listed = await visit.maybe("partner_members", programme=key, agency=visit.path["agency"], first=200)
        found += [each["node"]["user"] for each in inside(listed.get("partnerMembers"), "edges") or ()]
    return [user for user in dict.fromkeys(found) if user != visit.path["user"]]


async def shown(
    visit: Visit,
    wanted: Typed,
    command_id: str,
    *,
    problem: str | None = None,
    done: list[Done] | None = None,
    at: str | None = None,
) -> Reply:
    parts, more = await parts_of(visit, at or visit.at_least)
    left = {each.key for each in parts}
    return visit.page(
        "leave.html",
        400 if problem else 200,
        agency=visit.path["agency"],
        user=visit.path["user"],
        parts_held=parts,
        colleagues=await colleagues(visit),
        more=more,
        wanted=wanted,
        ticked=left if visit.sent("command-id") == "" else set(wanted.chosen) & left,
        command_id=command_id,
        problem=problem,
        done=[each for each in done or () if each.refused is None],
        refused=[each for each in done or () if each.refused is not None],
        sent=done is not None,
    )


ADDRESSES = (
    Address("/handover", choose),
    Address("/people/{agency:str}/{user:str}/leave", leave, hand_over),
)
