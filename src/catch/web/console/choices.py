"""What a field of a form may be: from the programme's configuration, the case, the meeting, the partners.

Only what the API tells whoever fills the form in. Where there is nothing to choose from, a field is a line to type in.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from catch.domain.facts import Command
from catch.domain.streams import COMMANDS_BY_KEY
from catch.web.console.fields import Choice, fields_of, walked
from catch.web.console.known import Known
from catch.web.console.typed import apart
from catch.web.console.visit import Json, many, one
from catch.web.console.wording import words

Found = dict[str, list[Choice]]


def choices(known: Known, kind: type[Command]) -> Found:
    """By the paths of the command's fields. A command's own choices go before those that its fields have anywhere."""
    found: Found = {}
    for field in walked(fields_of(kind)):
        by = OF_COMMANDS.get((kind.__name__, field.path)) or OF_FIELDS.get(field.path)
        values = known.once(by) if by else []
        if values:
            found[field.path] = values
    return found


def suggestions(known: Known, kind: type[Command]) -> Found:
    """What may be picked or typed over."""
    found = {
        field.path: known.once(SUGGESTED[field.name]) for field in walked(fields_of(kind)) if field.name in SUGGESTED
    }
    return {path: values for path, values in found.items() if values}


# Of the case


def parts(known: Known, name: str) -> list[Json]:
    return many(known.case, name)


def called(text: str | None, otherwise: str) -> str:
    """A text in one line of a list."""
    plain = " ".join(text.split()) if text else ""
    return apart(plain if len(plain) < 80 else f"{plain[:77]}...") if plain else otherwise


def actions(known: Known) -> list[Choice]:
    ended = ("COMPLETED", "NOT_POSSIBLE", "NOT_UNDERTAKEN", "CANCELLED")
    return [
        Choice(each["id"], f"{called(each['title'], 'An action')} ({known.called(each['owner'])})")
        for each in [*parts(known, "actions"), *of_items(known, "actions")]
        if each["state"] not in ended
    ]


def goals(known: Known) -> list[Choice]:
    return [Choice(each["id"], called(each["text"], "A goal")) for each in open_goals(known)]


def open_goals(known: Known) -> list[Json]:
    return [each for each in parts(known, "goals") if each["state"] == "OPEN"]


def disclosures(known: Known) -> list[Choice]:
    held = [each for each in parts(known, "disclosures") if not each["endedAt"]]
    return [
        Choice(each["id"], f"{known.called(each['agency'])}: {', '.join(map(words, each['categories'])).lower()}")
        for each in held
    ]


def proposals(known: Known) -> list[Choice]:
    held = [each for each in parts(known, "proposals") if not each["withdrawn"]]
    return [
        Choice(each["id"], f"{words(each['purpose'])}: {called(each['question'], each['series'])}") for each in held
    ]


def unmet(known: Known) -> list[Choice]:
    return [Choice(each["id"], words(each["code"])) for each in parts(known, "unmetNeeds") if not each["metAt"]]


def concerns(known: Known) -> list[Choice]:
    return [Choice(each["id"], called(each["text"], "A concern")) for each in parts(known, "concerns")]


def recused(known: Known) -> list[Choice]:
    held = [each for each in parts(known, "recusals") if not each["resolvedAt"]]
    return [Choice(each["user"], f"{each['user']} ({known.called(each['agency'])})") for each in held]


def decisions(known: Known) -> list[Choice]:
    held = [*parts(known, "decisions"), *of_items(known, "decisions")]
    return [Choice(each["id"], f"{words(each['code'])}: {called(each['text'], '')}") for each in held]


def plans(known: Known) -> list[Choice]:
    plan = one(known.case, "plan")
    return [Choice(plan["id"], f"The plan, version {plan['version']}")] if plan else []


def person(known: Known) -> list[Choice]:
    held = one(known.case, "person")
    return [Choice(held["id"], held["name"] or "The person of this case")] if held else []


# Of agencies and people


def agencies(known: Known, keys: Iterable[str | None]) -> list[Choice]:
    return [Choice(key, known.called(key)) for key in dict.fromkeys(keys) if key]


def involved(known: Known) -> list[Choice]:
    return agencies(known, (each["agency"] for each in parts(known, "involvements") if not each["endedAt"]))


def told(known: Known) -> list[Choice]:
    return agencies(known, (each["agency"] for each in parts(known, "disclosures") if not each["endedAt"]))


def presenting(known: Known) -> list[Choice]:
    lead: str | None = one(known.case, "lead").get("agency")
    return agencies(known, (lead, known.agency, *(each.value for each in involved(known))))


def referring(known: Known) -> list[Choice]:
    doors = (one(each, "referrer").get("agency") for each in parts(known, "referrals"))
    return agencies(known, (*doors, *(each.value for each in involved(known))))


def all_partners(known: Known) -> list[Choice]:
    return [Choice(each["key"], named(each)) for each in known.partners]


def named(agency: Json) -> str:
    return f"{apart(agency['name'])} ({agency['key']})"


def under_agreement(known: Known) -> list[Choice]:
    """Those that something may be disclosed to; all, where it is not said which."""
    held = [each for each in known.partners if each.get("agreementInForce", True)]
    return [Choice(each["key"], named(each)) for each in held]


def running(known: Known) -> list[Choice]:
    held = [each for each in known.partners if each["runs"]]
    return [Choice(each["key"], each["name"]) for each in held] or agencies(known, [known.agency])


def at_the_table(known: Known) -> list[Choice]:
    seats = many(known.meeting, "attendance")
    return agencies(known, (each["agency"] for each in seats)) or involved(known) or all_partners(known)


def people(known: Known) -> list[Choice]:
    """Whom the page knows by name."""
    leading = [one(known.case, "lead"), one(known.case, "clinical")]
    presenting = [one(each, "presenter") for each in parts(known, "proposals")]
    named = [*leading, *many(known.meeting, "attendance"), *presenting, *known.members]
    held: dict[str, str] = {each["user"]: each["agency"] for each in named if each} | {known.user: known.agency}
    return [Choice(user, known.called(agency)) for user, agency in sorted(held.items())]


# Of the programme


def setting(known: Known, name: str) -> Any:
    return known.programme.get(name) if known.programme else None


def listed(known: Known, name: str) -> list[Json]:
    return many(known.programme, name)


def codes(held: Iterable[Any] | None) -> list[Choice]:
    return [Choice(str(each), words(str(each))) for each in held or ()]


def sources(known: Known) -> list[Choice]:
    return codes(each["code"] for each in listed(known, "sources") if each.get("active", True))


def domains(known: Known) -> list[Choice]:
    return codes(one(known.programme, "framework").get("domains"))


def needs(known: Known) -> list[Choice]:
    """The programme has no list of needs: its areas of life, the kinds of help it knows, and what was said before."""
    said = [*(each for referral in parts(known, "referrals") for each in referral["needs"] or ()),
            *(each for talk in parts(known, "conversations") for each in talk["needs"] or ())]  # fmt: skip
    known_here = [*codes(said), *domains(known), *codes(setting(known, "interventions"))]
    return [*{each.value: each for each in known_here}.values()]


def closing(known: Known) -> list[Choice]:
    return [Choice(each["code"], each["label"]) for each in many(one(known.programme, "closure"), "reasons")]


def scale(known: Known) -> list[Choice]:
    """The points of the programme's scale, where it is one that a list can show."""
    framework = one(known.programme, "framework")
    least, most = framework.get("scale_min", 1), framework.get("scale_max", 5)
    return [Choice(str(each), str(each)) for each in range(least, most + 1)] if framework and most - least < 20 else []


def all_series(known: Known) -> list[Choice]:
    return [Choice(each["key"], each["name"]) for each in listed(known, "meetings")]


def programmes(known: Known) -> list[Choice]:
    return [Choice(each["key"], each["name"]) for each in known.programmes]


# Of meetings


def of_items(known: Known, name: str) -> list[Json]:
    return many(known.item, name)


def items_of(known: Known) -> list[Json]:
    return many(one(known.meeting, "agenda"), "items")


def items(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], f"{each['order']}. {each['number'] or words(each['matter'] or 'an item')}")
        for each in items_of(known)
    ]


def meetings(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], f"{each['startsAt'][:10]}, {words(each['series'])}, {words(each['state']).lower()}")
        for each in known.meetings
    ]


def categories(known: Known) -> list[Choice]:
    """Of a note: what is restricted has a note of its own."""
    field = next(each for each in fields_of(COMMANDS_BY_KEY["add-note"]) if each.name == "category")
    return [each for each in field.choices if each.value != "RESTRICTED"]


By = Callable[[Known], list[Choice]]
OF_FIELDS: Mapping[str, By] = {
    "action": actions,
    "goal": goals,
    "disclosure": disclosures,
    "proposal": proposals,
    "need": unmet,
    "concern": concerns,
    "decision": decisions,
    "plan": plans,
    "person": person,
    "outcomes.*.goal": goals,
    "owner": involved,
    "to": involved,
    "audience": involved,
    "sharedWith": involved,
    "requestedPartners": involved,
    "presenter.agency": presenting,
    "messageBackTo": referring,
    "partners": all_partners,
    "partner": all_partners,
    "redirection.agency": all_partners,
    "redirection.programme": programmes,
    "seats.*.agency": at_the_table,
    "dissent.*.agency": at_the_table,
    "agreedBy": at_the_table,
    "requires": at_the_table,
    "source": sources,
    "channel": lambda known: codes(setting(known, "channels")),
    "intervention": lambda known: codes(setting(known, "interventions")),
    "goal.domain": domains,
    "goals.*.domain": domains,
    "goal.baseline": scale,
    "goal.target": scale,
    "goals.*.baseline": scale,
    "goals.*.target": scale,
    "needs": needs,
    "series": all_series,
    "programme": programmes,
    "programmes": programmes,
    "item": items,
    "items": items,
    "meeting": meetings,
    "toMeeting": meetings,
    "atMeeting": meetings,
    "commands": lambda known: [Choice(key, words(key)) for key in COMMANDS_BY_KEY],
}
"""By path, whichever command asks."""
OF_COMMANDS: Mapping[tuple[str, str], By] = {
    ("AddNote", "category"): categories,
    ("AuthoriseDisclosure", "agency"): under_agreement,
    ("InvolvePartner", "agency"): told,
    ("EndInvolvement", "agency"): involved,
    ("AllocateCoordinator", "agency"): running,
    ("DeclareRecusal", "agency"): presenting,
    ("ResolveRecusal", "user"): recused,
    ("ScoreGoal", "score"): scale,
    ("CloseCase", "reason"): closing,
    ("ProposeClosure", "reason"): closing,
    ("RecordUnmetNeed", "code"): needs,
    ("InviteMember", "agency"): all_partners,
    ("WithdrawInvitation", "agency"): at_the_table,
    ("OfferActionInMeeting", "owner"): at_the_table,
    ("LinkAction", "owner"): at_the_table,
}
SUGGESTED: Mapping[str, By] = {
    "user": people,
    "toUser": people,
    "ownerUser": people,
    "chair": people,
    "knownBy": people,
    "who": people,
    "outcome": lambda _: codes(("helped", "partly-helped", "not-helped", "no-answer", "declined-to-talk")),
    "role": lambda _: codes(("support", "lead-professional", "advice", "to-be-informed")),
    "stage": lambda _: codes(("plan", "review", "closure")),
    "onBehalfOf": all_partners,
    "presenter": people,
}
"""By a field's name."""
