"""A case as a redactor shows it, part by part, each when it is asked for."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from catch.access import Lookers, state_told
from catch.api.case import door, door_types, parts, sharing, types
from catch.api.case.merges import Merged
from catch.api.case.person import OF_PERSON, UnfoldingPerson
from catch.api.common.cursors import cursor
from catch.api.common.redaction import Redactor
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo, Redaction
from catch.api.common.unfolding import unfolds
from catch.api.programme import view as programme_view
from catch.domain.case import state as domain
from catch.domain.facts import Category, Tag
from catch.domain.person import Person
from catch.domain.programme.configuration import Programme
from catch.domain.restricted import Beside


class Whole(Struct, frozen=True):
    """All that a case is shown from. `beside` is what is restricted, None where it is not shown; `at` is the moment its
    clocks are read at; `protected`: the person's address is, now or then; `merged`: with whom
    they are one; `lookers`: of whom the viewer is told that they looked.
    """

    held: domain.Case
    beside: Beside | None
    pinned: Programme
    person: Person | None
    redactor: Redactor
    version: int
    position: int
    at: datetime
    protected: bool
    merged: Merged
    lookers: Lookers | None


def withheld(whole: Whole) -> list[Redaction]:
    """What is withheld is known once every part has been looked at: apart, since none of them is shown by that."""
    apart = whole.redactor.unnoted()
    case = Unfolding(replace(whole, redactor=apart))
    for part in PARTS:
        getattr(case, part)
    for each in (case.referral, *case.referrals):
        for part in door.OF_REFERRAL:
            getattr(each, part)
    if case.person is not None:
        for part in OF_PERSON:
            getattr(case.person, part)
    return apart.redactions()


def _decisions(whole: Whole) -> list[types.Decision]:
    held = whole.redactor.all("decisions", Category.DISCUSSION, whole.held.decisions)
    return [parts.decision(each.decision, "decisions", whole.redactor) for each in held]


def _unmet_needs(whole: Whole) -> list[types.UnmetNeed]:
    return [
        types.UnmetNeed(id=each.need, code=each.code, reason=each.reason, locality=each.locality, met_at=each.met_at)
        for each in whole.redactor.all("unmetNeeds", Category.NEEDS, whole.held.unmet_needs)
    ]


def _referral(held: domain.Referral, path: str, whole: Whole) -> door_types.Referral:
    return door.UnfoldingReferral(held, path, whole.redactor, protected=whole.protected)


def _next_step(whole: Whole) -> types.NextStep | None:
    died = whole.person is not None and whole.person.deceased is not None
    return parts.next_step(whole.held, whole.pinned, whole.at, died=died)


def _position(whole: Whole) -> Position | None:
    """Where the last fact of all stands: it moves with those, too, that others may not know of."""
    held = whole.redactor.for_those_who_see_all("position", whole.position)
    return None if held is None else Position(held)


def notes_page(whole: Whole, after: tuple[datetime, UUID] | None, wanted: int) -> types.NoteConnection:
    """The notes that the viewer may read, the latest first, a page at a time."""
    held, redactor = whole.held, whole.redactor
    parts.some_closed(redactor)
    told = parts.told_notes(held.notes, whole.beside.notes if whole.beside else (), redactor.sight)
    places = sorted((note.at, note.note) for note in told)
    upto = bisect_left(places, after) if after else len(places)
    page = places[max(0, upto - wanted) : upto][::-1]
    by_place = {(note.at, note.note): note for note in told}
    edges = [types.NoteEdge(cursor=cursor(*place), node=parts.note(by_place[place], redactor)) for place in page]
    page_info = PageInfo.of(upto, wanted, edges)
    return types.NoteConnection(edges=edges, page_info=page_info, redactions=redactor.redactions())


PARTS: Mapping[str, Callable[[Whole], object]] = {
    "id": lambda whole: whole.held.case,
    "number": lambda whole: whole.held.number,
    "safe_contact": lambda whole: door.of_case(whole.held, "safeContact", whole.redactor),
    "agreement": lambda whole: sharing.agreement(whole.held, whole.redactor),
    "objections": lambda whole: sharing.objections(whole.held.objections, whole.redactor),
    "state": lambda whole: state_told(whole.redactor.sight, whole.held.state),
    "episode": lambda whole: whole.redactor.for_those_involved("episode", whole.held.episode),
    "version": lambda whole: whole.redactor.for_those_who_see_all("version", whole.version),
    "position": _position,
    "programme": lambda whole: programme_view.shown(whole.pinned),
    "person": lambda whole: (
        UnfoldingPerson(whole.person, whole.held, whole.redactor, whole.merged, whole.at, protected=whole.protected)
        if whole.person
        else None
    ),
    "lead": lambda whole: parts.worker(whole.redactor.for_those_involved("lead", whole.held.lead)),
    "clinical": lambda whole: parts.worker(whole.redactor.for_those_involved("clinical", whole.held.clinical)),
    "allocations": lambda whole: parts.allocations(whole.held.allocations, whole.redactor),
    # Whoever sees no more than their own referral has one: that is why they see the case.
    "referral": lambda whole: _referral(door.doors(whole.held, whole.redactor)[0], "referral", whole),
    "referrals": lambda whole: [_referral(each, "referrals", whole) for each in door.doors(whole.held, whole.redactor)],
    "age_warning": lambda whole: whole.redactor.for_those_who_see_all("ageWarning", whole.held.age_warning),
    "accepted": lambda whole: door.accepted(whole.held.accepted, whole.redactor),
    "answered": lambda whole: door.answered(whole.held.answered, whole.redactor),
    "conversations": lambda whole: whole.redactor.each(
        "conversations", Category.PLAN, whole.held.conversations, parts.conversation
    ),
    "plan": lambda whole: parts.plan(whole.held.plan, whole.redactor),
    "goals": lambda whole: whole.redactor.each("goals", Category.PLAN, whole.held.goals, parts.goal),
    "actions": lambda whole: parts.actions(whole.held.actions, "actions", whole.redactor),
    "involvements": lambda whole: sharing.involvements(whole.held.involvements, whole.redactor),
    "disclosures": lambda whole: sharing.disclosures(whole.held.disclosures, whole.redactor),
    "disclosures_to_review": lambda whole: whole.redactor.for_those_who_see_all(
        "disclosuresToReview", whole.held.disclosures_to_review
    ),
    "measures": lambda whole: parts.measures(whole.held.measures, whole.redactor),
    "unmeasured": lambda whole: whole.redactor.each(
        "unmeasured", Category.HEALTH, whole.held.unmeasured, parts.unmeasured
    ),
    "reviews": lambda whole: whole.redactor.each("reviews", Category.PLAN, whole.held.reviews, parts.review),
    "clocks": lambda whole: [
        *(whole.redactor.for_those_involved("clocks", parts.clocks(whole.held, whole.pinned, whole.at)) or ())
    ],
    "next_step": lambda whole: whole.redactor.for_those_who_see_all("nextStep", _next_step(whole)),
    "interventions": lambda whole: whole.redactor.each(
        "interventions", Category.PLAN, whole.held.interventions, parts.intervention
    ),
    "requests": lambda whole: whole.redactor.each("requests", Category.NEEDS, whole.held.requests, parts.request),
    "risks": lambda whole: whole.redactor.each("risks", Category.RISK, whole.held.risks, parts.risk),
    "relations": lambda whole: whole.redactor.each(
        "relations", Category.THIRD_PARTY, whole.held.relations, parts.relation
    ),
    "escalations": lambda whole: whole.redactor.each(
        "escalations", Category.RISK, whole.held.escalations, parts.escalation
    ),
    "messages_back": lambda whole: parts.messages_back(whole.held.messages_back, whole.redactor),
    "feedback": lambda whole: whole.redactor.each("feedback", Category.PLAN, whole.held.feedback, parts.feedback),
    "on_hold": lambda whole: whole.redactor.for_those_involved("onHold", whole.held.on_hold is not None),
    "reached": lambda whole: parts.reached(whole.held.reached, whole.redactor),
    "moves": lambda whole: parts.moves(whole.held.moves, whole.redactor),
    "transfers": lambda whole: parts.transfers(whole.held.transfers, whole.redactor),
    "fund_awards": lambda whole: whole.redactor.each(
        "fundAwards", Category.FUNDS, whole.held.fund_awards, parts.fund_award
    ),
    "pauses": lambda whole: parts.pauses(whole.held.pauses, whole.redactor),
    "notes": lambda whole: parts.notes(whole.held.notes, whole.beside.notes if whole.beside else (), whole.redactor),
    "concerns": lambda whole: [
        parts.concern(each, "concerns", whole.redactor)
        for each in (whole.beside.concerns if whole.beside and Tag.SAFEGUARDING in whole.redactor.sight.tags else ())
    ],
    "corrections": lambda whole: parts.corrections(whole.held.corrections, whole.redactor),
    "withdrawals": lambda whole: parts.withdrawals(whole.held, whole.redactor),
    "voidings": lambda whole: parts.voidings(whole.held.voidings, whole.redactor),
    "recusals": lambda whole: parts.recusals(whole.held.recusals, whole.redactor),
    "proposals": lambda whole: whole.redactor.each(
        "proposals", Category.DISCUSSION, whole.held.proposals, parts.proposal
    ),
    "past_proposals": lambda whole: whole.redactor.each(
        "pastProposals", Category.DISCUSSION, whole.held.past_proposals, parts.proposal
    ),
    "discussions": lambda whole: parts.discussions(whole.held, whole.redactor),
    "decisions": _decisions,
    "unmet_needs": _unmet_needs,
    "closure_proposed": lambda whole: parts.closure_proposed(whole.held.closure_proposed, whole.redactor),
    "endings": lambda whole: parts.endings(whole.held.endings, whole.redactor),
    "reopenings": lambda whole: whole.redactor.each(
        "reopenings", Category.DISCUSSION, whole.held.reopenings, parts.reopening
    ),
    "lookers": lambda whole: whole.lookers,
}
"""What a case is made of, in the order in which it is looked at for what is withheld."""


def _part(part: Callable[[Whole], object]) -> Callable[[Whole], object]:
    """That something of the case is shown is noted with whichever part is."""

    def shown(whole: Whole) -> object:
        whole.redactor.told()
        return part(whole)

    return shown


@unfolds({name: _part(part) for name, part in PARTS.items()} | {"redactions": withheld})
class Unfolding(types.Case):
    """A case whose parts are worked out when they are asked for."""

    def __init__(self, whole: Whole) -> None:
        self.__dict__["_said"] = whole
