"""The lists that choices come from: what is known of the case, the programme, its agencies, people and meetings.

Only what the API tells whoever fills a form in.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from catch.api.mutations import camel
from catch.domain.case.entries import KEPT
from catch.domain.case.state import KindOfEntry
from catch.domain.instruments import Scale
from catch.domain.programme.configuration import Instrument
from catch.domain.streams import COMMANDS_BY_KEY
from catch.web.console.fields import Choice, fields_of
from catch.web.console.known import Known
from catch.web.console.typed import apart
from catch.web.console.visit import Json, many, one
from catch.web.console.wording import words

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
    if known.contact and known.contact["personId"]:
        return [Choice(known.contact["personId"], known.contact["personName"] or "The person it is about")]
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


def chairs(known: Known) -> list[Choice]:
    """Who may: of anybody else the command is refused."""
    held: dict[str, str] = {each["user"]: each["agency"] for each in known.appointed}
    return [Choice(user, known.called(agency)) for user, agency in sorted(held.items())]


def taking_over(known: Known) -> list[Choice]:
    """The chair, where that is handed over; else what somebody takes on."""
    return chairs(known) or people(known)


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


def supports(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], words(each["intervention"])) for each in parts(known, "interventions") if not each["endedAt"]
    ]


def requests(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], called(each["what"], "A question"))
        for each in parts(known, "requests")
        if not each["receivedAt"]
    ]


def risks(known: Known) -> list[Choice]:
    return [Choice(each["id"], words(each["kind"])) for each in parts(known, "risks") if each["reviewOn"]]


def relations(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], called(each["whom"], words(each["role"])))
        for each in parts(known, "relations")
        if not each["endedAt"]
    ]


def messages(known: Known) -> list[Choice]:
    held = [each for each in parts(known, "messagesBack") if not each["failedAt"] and not each["acknowledgedAt"]]
    return [Choice(each["id"], f"{known.called(each['agency'])}, {each['sentOn']}") for each in held]


def usable(known: Known) -> list[Instrument]:
    """The programme's instruments that the place may use."""
    held = msgspec.convert(many(known.programme, "instruments"), list[Instrument])
    licensed = {each.code for each in held if each.licence}
    return [each for each in held if each.usable(licensed)]


def instruments(known: Known) -> list[Choice]:
    return [Choice(each.code, words(each.code)) for each in usable(known)]


def asked(known: Known) -> Instrument | None:
    """By its name, or by the measure that is put right: that one needs no licence any more."""
    measure = next((each for each in parts(known, "measures") if each["id"] == known.about.get("measure")), None)
    code = measure["instrument"] if measure else known.about.get("instrument")
    held = msgspec.convert(many(known.programme, "instruments"), list[Instrument]) if measure else usable(known)
    return next((each for each in held if each.code == code), None)


SHOWN_IN = {
    "NOTE": "notes", "CONVERSATION": "conversations", "MEASURE": "measures", "FEEDBACK": "feedback",
    "REQUEST": "requests", "ESCALATION": "escalations", "RISK": "risks", "UNMET_NEED": "unmetNeeds",
    "SUPPORT": "interventions", "RELATION": "relations", "MILESTONE": "reached",
}  # fmt: skip
"""In which list of a case the entries of a kind stand."""


def entry(known: Known) -> Json | None:
    """The entry that a form is about."""
    held = parts(known, SHOWN_IN.get(known.about.get("among", ""), "notes"))
    return next((each for each in held if each["id"] == known.about.get("entry")), None)


def entry_texts(known: Known) -> list[Choice]:
    """Which of its texts may be put right: those that it has."""
    held, kind = entry(known), known.about.get("among", "")
    kept = KEPT[KindOfEntry[kind]].texts if kind in KindOfEntry.__members__ else ()
    return [Choice(each.name, words(each)) for each in kept if held and held.get(camel(each.attribute))]


def withdrawals(known: Known) -> list[Choice]:
    return [Choice(each["id"], words(each["kind"])) for each in parts(known, "withdrawals") if not each["answeredAt"]]


def scale_asked(known: Known) -> Scale | None:
    held = asked(known)
    return held.scored if held else None


def stages(known: Known) -> list[Choice]:
    """Of the instrument that the form is about; of all, where it is about none."""
    held = asked(known)
    codes = [stage.code for each in ([held] if held else usable(known)) for stage in each.stages]
    return [Choice(code, words(code)) for code in dict.fromkeys(codes)]


def ticks(known: Known) -> list[Choice]:
    scale = scale_asked(known)
    return [Choice(str(each), str(each)) for each in range(scale.least, scale.most + 1)] if scale else []


def pausing(known: Known) -> list[Choice]:
    return [Choice(each["code"], each["label"]) for each in many(one(known.programme, "pauses"), "reasons")]


def waited_for(known: Known) -> list[Choice]:
    """The milestones of the programme that the case has not reached."""
    reached = {each["milestone"] for each in parts(known, "reached")}
    return [
        Choice(each["code"], each["label"])
        for each in many(known.programme, "milestones")
        if each["code"] not in reached
    ]


def resting(known: Known) -> list[Choice]:
    return [Choice(each["id"], words(each["reason"])) for each in parts(known, "pauses") if not each["resumedAt"]]


def voidings(known: Known) -> list[Choice]:
    return [Choice(each["id"], words(each["reason"])) for each in parts(known, "voidings") if not each["answeredAt"]]


def contact_priorities(known: Known) -> list[Choice]:
    return [Choice(each["code"], each["label"]) for each in many(one(known.programme, "contacts"), "priorities")]


def contact_outcomes(known: Known) -> list[Choice]:
    return [Choice(each["code"], each["label"]) for each in many(one(known.programme, "contacts"), "outcomes")]


def earlier_contacts(known: Known) -> list[Choice]:
    held = known.earlier
    return [Choice(each["id"], f"{each['receivedAt'][:10]}: {called(each['text'], 'a contact')}") for each in held]


def programmes_with_contacts(known: Known) -> list[Choice]:
    return [Choice(each["key"], each["name"]) for each in known.programmes if each.get("contacts")]


def elsewhere(known: Known) -> list[Choice]:
    """Live cases in other programmes, by their numbers: who they are of is not told to whoever has referred alone."""
    return [Choice(each["id"], f"{each['number']}, {words(each['programme'])}") for each in known.elsewhere]


def transfers(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], f"Offered on {each['at'][:10]}")
        for each in parts(known, "transfers")
        if not each["withdrawnAt"] and not each["doneAt"]
    ]


def funds(known: Known) -> list[Choice]:
    return [Choice(each["code"], each["label"]) for each in listed(known, "funds")]


def awards(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], f"Asked for on {each['at'][:10]}")
        for each in parts(known, "fundAwards")
        if not each["declinedAt"] and not each["paidOn"]
    ]


def alike(known: Known) -> list[Choice]:
    """Whoever has the name and day of birth, or the number, of the person of this case, in the viewer's other cases."""
    own = one(known.case, "person").get("id")
    found = {
        one(each, "person")["id"]: each for each in known.alike if one(each, "person").get("id") not in (None, own)
    }
    return [
        Choice(id_, f"{called(one(each, 'person')['name'], 'Somebody')}, case {each['number']}")
        for id_, each in found.items()
    ]


def merges(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], called(each["otherName"], "Somebody"))
        for each in many(one(known.case, "person"), "merges")
        if each["state"] in ("REQUESTED", "MERGED")
    ]


def erasures(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], f"asked for on {each['at'][:10]}")
        for each in many(one(known.case, "person"), "erasures")
        if each["state"] in ("REQUESTED", "APPROVED")
    ]


def access_requests(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], f"received on {each['receivedOn']}")
        for each in many(one(known.case, "person"), "accessRequests")
        if each["state"] == "WAITING"
    ]


def restrictions(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], f"received on {each['receivedOn']}: {words(each['reason']).lower()}")
        for each in many(one(known.case, "person"), "restrictions")
        if each["state"] in ("REQUESTED", "RESTRICTED")
    ]


def grounds(known: Known) -> list[Choice]:
    return [
        Choice(each["id"], f"{words(each['ground'])}, until {each['until']}")
        for each in many(one(known.case, "person"), "grounds")
        if each["holds"]
    ]


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
