"""From folded states to answers: what the person wants, and what is told to whom."""

from collections.abc import Iterable

from catch.access import sees_others
from catch.api.case import sharing_types as types
from catch.api.case.door import basis
from catch.api.common.redaction import Redactor
from catch.domain.case import state as domain
from catch.domain.facts import Category


def agreement(held: domain.Case, redactor: Redactor) -> types.Agreement | None:
    if redactor.hides("agreement", Category.PLAN):
        return None
    return types.Agreement(
        agrees=held.agreement,
        refused_at=held.refused_at,
        door_refused_at=held.door_refused_at,
        recorded=[wish(each, redactor) for each in held.answers],
    )


def wish(held: domain.Answer, redactor: Redactor) -> types.Wish:
    return types.Wish(
        at=held.at,
        agrees=held.agrees,
        by=held.by,
        scope=held.scope,
        text=redactor.text("agreement.recorded.text", Category.PLAN, held.text),
        withdrawn=held.withdrawn,
    )


def objections(held: Iterable[domain.Objected], redactor: Redactor) -> list[types.Objection]:
    """What others are not to be told is for those who see what they are told."""
    return [
        types.Objection(
            id=each.objection,
            at=each.at,
            categories=mentioned(each.categories, redactor),
            partners=sorted(each.partners),
            ground=redactor.text("objections.ground", None, each.ground),
        )
        for each in redactor.for_others("objections", [*held]) or ()
    ]


def mentioned(categories: Iterable[Category], redactor: Redactor) -> list[Category]:
    return sorted(each for each in categories if redactor.sight.mentions(each))


def involvements(held: Iterable[domain.Involvement], redactor: Redactor) -> list[types.Involvement]:
    why = redactor.sees_others("involvements.endedReason")
    return [
        types.Involvement(
            agency=each.agency,
            role=each.role,
            contact=redactor.text("involvements.contact", None, each.contact),
            since=each.since,
            ended_at=each.ended_at,
            ended_reason=redactor.text("involvements.endedReason", None, each.ended_reason) if why else None,
        )
        for each in redactor.for_those_involved("involvements", [*held]) or ()
    ]


def disclosures(held: Iterable[domain.Disclosure], redactor: Redactor) -> list[types.Disclosure]:
    """A partner sees what may be told to itself; whoever sees the discussion for other reasons sees all, and why."""
    others = sees_others(redactor.sight)
    if not others:
        redactor.withheld["disclosures"] = redactor.sight.hidden
    own = None if redactor.refers else redactor.sight.agency
    return [disclosure(each, redactor, why=others) for each in held if others or each.agency == own]


def disclosure(held: domain.Disclosure, redactor: Redactor, *, why: bool) -> types.Disclosure:
    return types.Disclosure(
        id=held.disclosure,
        agency=held.agency,
        categories=mentioned(held.categories, redactor),
        basis=basis(held.basis),
        necessity=redactor.text("disclosures.necessity", None, held.necessity) if why else None,
        authorised_at=held.authorised_at,
        until=held.until,
        ended_at=held.ended_at,
        ended_reason=redactor.text("disclosures.endedReason", None, held.ended_reason) if why else None,
    )
