"""What stands in a form before anybody types: what is likely, and easily typed over."""

import re
from collections.abc import Callable, Mapping

from msgspec import convert

from catch.api.mutations import camel
from catch.domain.calendar import LONDON
from catch.domain.case.state import EntryField
from catch.domain.facts import Command
from catch.domain.programme.clocks import day_after
from catch.domain.programme.configuration import PlanRules
from catch.web.console.fields import Choice, fields_of
from catch.web.console.known import Known
from catch.web.console.lists import (
    all_series,
    entry,
    entry_texts,
    involved,
    open_goals,
    parts,
    programmes,
    programmes_with_contacts,
    scale_asked,
    told,
)
from catch.web.console.sent import Sent
from catch.web.console.visit import many, one


def defaults(known: Known, kind: type[Command]) -> dict[str, str]:
    paths = {part.path for field in fields_of(kind) for part in (field, *field.parts)}
    found = {path: value for path, by in OF_FIELDS.items() if path in paths and (value := by(known))}
    own = OF_COMMANDS.get(kind.__name__)
    return found | (own(known) if own else {})


def rows(known: Known, kind: type[Command]) -> tuple[dict[str, str], dict[str, str]]:
    """Of several alike that are known: what travels hidden, and what each is called."""
    if kind.__name__ in ("AcceptReferral", "DeclineReferral", "RedirectReferral"):
        asked = many(one(known.programme, "eligibility"), "criteria")
        return (
            {f"criteria.{number}.code": each["code"] for number, each in enumerate(asked)},
            {f"criteria.{number}": each["label"] for number, each in enumerate(asked)},
        )
    if kind.__name__ == "CloseCase":
        goals = open_goals(known)
        return (
            {f"outcomes.{number}.goal": each["id"] for number, each in enumerate(goals)},
            {f"outcomes.{number}": each["text"] or "A goal" for number, each in enumerate(goals)},
        )
    if kind.__name__ in ("RecordMeasure", "CorrectMeasure") and (scale := scale_asked(known)):
        return (
            {f"readings.{number}.item": str(number + 1) for number in range(scale.items)},
            {f"readings.{number}": f"Item {number + 1}" for number in range(scale.items)},
        )
    return {}, {}


ROWS_NAMED: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("AcceptReferral", "DeclineReferral", "RedirectReferral"), ("criteria", "code")),
    "CloseCase": ("outcomes", "goal"),
}
"""Lists of which somebody else may take or add one meanwhile, and the field that says which one a row is about."""


def rows_asked(known: Known, kind: type[Command], sent: Sent) -> tuple[dict[str, str], dict[str, str]]:
    """The same of a form that was sent: a row is about what the page said that it is about, in whatever order what is
    known stands by now. What has come to it meanwhile follows.
    """
    now, names = rows(known, kind)
    if kind.__name__ not in ROWS_NAMED:
        return now, names
    listed, field = ROWS_NAMED[kind.__name__]
    row = re.compile(rf"{listed}\.(\d{{1,3}})\.{field}")
    came = {path: values[0] for path, values in sent.items() if row.fullmatch(path) and values[0]}
    after = 1 + max((int(path.split(".")[1]) for path in came), default=-1)
    new = [each for each in now.values() if each not in came.values()]
    hidden = came | {f"{listed}.{number}.{field}": each for number, each in enumerate(new, after)}
    called = {each: names[path.rpartition(".")[0]] for path, each in now.items()}
    return hidden, {
        path.rpartition(".")[0]: called.get(each, "Not asked for any more") for path, each in hidden.items()
    }


def today(known: Known) -> str:
    return known.today.isoformat()


def next_review(known: Known) -> str:
    rules = convert(one(known.programme, "plan"), PlanRules)
    return day_after(known.today, rules.review_every).isoformat()


def only(found: list[Choice]) -> str:
    return found[0].value if len(found) == 1 else ""


OF_FIELDS: Mapping[str, Callable[[Known], str]] = {
    "closedOn": today,
    "completedOn": today,
    "paidOn": today,
    "administeredOn": today,
    "startsOn": today,
    "receivedAt": lambda known: known.now.astimezone(LONDON).isoformat(),
    "reviewDue": next_review,
    "nextDue": next_review,
    "series": lambda known: only(all_series(known)),
    "programme": lambda known: only(programmes(known)),
    "owner": lambda known: only(involved(known)),
    "presenter.user": lambda known: str(one(known.case, "lead").get("user") or known.user),
    "presenter.agency": lambda known: str(one(known.case, "lead").get("agency") or known.agency),
}


def myself(known: Known) -> dict[str, str]:
    return {"user": known.user, "agency": known.agency}


def plan_as_it_is(known: Known) -> dict[str, str]:
    plan = one(known.case, "plan")
    if not plan:
        return {}
    kept = ("whatMatters", "strengths", "contingency", "howAgreed", "plannedEnd")
    held = {name: str(plan[name]) for name in kept if plan[name]}
    return held | {"plan": plan["id"], "version": str(plan["version"] + 1)}


def talked(known: Known) -> dict[str, str]:
    """What the last conversation said stands in the first plan."""
    held = [each for each in parts(known, "conversations") if each["held"]]
    if not held:
        return {}
    return {name: str(held[-1][name]) for name in ("whatMatters", "strengths") if held[-1][name]}


def scheduled(known: Known) -> dict[str, str]:
    """The review that waits is the one that is held."""
    waiting = [each["id"] for each in parts(known, "reviews") if not each["heldAt"]]
    return {"review": waiting[0]} if waiting else {}


def not_yet_involved(known: Known) -> dict[str, str]:
    """Whoever may be told, and has no part yet."""
    part = {each.value for each in involved(known)}
    return {"agency": only([each for each in told(known) if each.value not in part])}


def as_it_reads(known: Known) -> dict[str, str]:
    """What an entry says now, where it says one thing."""
    held, texts = entry(known), entry_texts(known)
    if held is None or len(texts) != 1:
        return {}
    field = EntryField[texts[0].value]
    return {"which": field.name, "text": str(held[camel(field.attribute)])}


def as_it_came(known: Known) -> dict[str, str]:
    """What the contact said stands in the referral that it leads to."""
    held = known.contact or {}
    names = {"personId": "person", "programme": "programme", "source": "source", "channel": "channel",
             "text": "reason", "onBehalfOf": "onBehalfOf"}  # fmt: skip
    return {field: str(held[name]) for name, field in names.items() if held.get(name)}


def as_described(known: Known) -> dict[str, str]:
    """Whom a contact described is registered as they were."""
    return {name: str(value) for name, value in one(known.contact, "described").items() if value}


OF_COMMANDS: Mapping[str, Callable[[Known], dict[str, str]]] = {
    "ConvertContact": as_it_came,
    "RegisterPerson": as_described,
    "ReceiveContact": lambda known: {"programme": only(programmes_with_contacts(known))},
    "AllocateCoordinator": myself,
    "OpenBreakGlass": lambda known: {"agency": known.agency},
    "DeclareRecusal": myself,
    "JoinMeeting": myself,
    "LeaveMeeting": myself,
    "SendApology": myself,
    "AcceptConfidentiality": myself,
    "DeclareInterest": myself,
    "RaiseHand": myself,
    "LowerHand": myself,
    "SetAvailability": myself,
    "CorrectEntry": as_it_reads,
    "RevisePlan": plan_as_it_is,
    "AgreePlan": talked,
    "HoldReview": scheduled,
    "ScheduleReview": lambda known: {"due": next_review(known)},
    "InvolvePartner": not_yet_involved,
    "ScoreGoal": lambda _: {"stage": "review"},
    "AddNote": lambda _: {"category": "DISCUSSION"},
    "ProposeForMeeting": lambda _: {"personInformed": "true"},
}


WITH_ROWS = frozenset(
    {"AcceptReferral", "DeclineReferral", "RedirectReferral", "CloseCase", "RecordMeasure", "CorrectMeasure"}
)


def rows_known(kind: type[Command]) -> bool:
    """Whether what its rows are about has to be known to read the form."""
    return kind.__name__ in WITH_ROWS
