"""Cases of a person who is looked up by what identifies them: those alone in which the viewer is shown it.

Identifiers are kept as keyed hashes: a number by itself, a name together with the day of birth. A case that is hidden,
or shown without whom it is about, costs no row: who asks learns nothing from the answer, or from how long it takes.
"""

from typing import NamedTuple

from catch.access import Sight
from catch.api.case import types as case_types
from catch.api.case.listing import case_of, looked_through
from catch.api.case.reading import Opened, shows
from catch.api.common.context import Context
from catch.commands.questions import mark_digests
from catch.domain.facts import Category, Sealed
from catch.domain.matching import Identifiers
from catch.domain.nhs_number import nhs_number
from catch.domain.person import Person
from projections import case_summary, matches


class Sought(NamedTuple):
    """Whom to look for: a query for people by a keyed hash, and which of their details are compared."""

    people: str
    digest: str
    details: tuple[str, ...]


def by_number(context: Context, text: str) -> Sought | None:
    """None for what is no NHS number: nobody has it."""
    number = nhs_number(text)
    return Sought(matches.NUMBERED, context.catch.keyring.digest(number), ("nhs_number",)) if number else None


def by_name(context: Context, name: str, date_of_birth: str) -> Sought | None:
    """None where too little is said to mean one person."""
    digests = mark_digests(context.catch.keyring, Identifiers(name=name, date_of_birth=date_of_birth))
    return Sought(matches.ALIKE, digests[0], ("name", "date_of_birth")) if digests else None


async def cases_of_people(context: Context, sought: Sought | None) -> list[case_types.Case]:
    """Theirs, the oldest referral first."""
    context.reading.facts.rests.rows = True
    under = await context.words()
    if sought is None or not (under.cases or under.seats):
        return []
    at, db = context.reading.facts.at, context.catch.log.pool
    found = await case_summary.of_people(db, under, at, sought.people, sought.digest)
    opened = [each for each in await looked_through(context, found) if isinstance(each, Opened)]
    return [await case_of(context, each) for each in opened if await identifies(context, each, sought)]


async def identifies(context: Context, opened: Opened, sought: Sought) -> bool:
    """Whether the case shows the viewer whom it is about, as they asked: what was erased or cannot be read shows
    nobody.
    """
    seen: Sight | None = opened.seen
    if opened.held.state is None or not shows(seen) or seen.hides(Category.IDENTITY):
        return False
    person: Person | None = await context.reading.facts.person(opened.held.state.person)
    told: list[Sealed | None] = [getattr(person.registered, each) for each in sought.details] if person else [None]
    return await context.reading.facts.legible(opened.held.state.person, told)
