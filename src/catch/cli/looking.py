"""What an operator is shown in a terminal, or given as a file, is recorded before, as everybody's looks are."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from catch.access import telling
from catch.api.audit.looks import LOOKS
from catch.api.common.recording import By, reads_of
from catch.app import Catch
from catch.commands.enrolling import OPERATOR
from catch.commands.retention import Due
from catch.domain.case.state import Case
from catch.domain.facts import Purpose, Recorded
from catch.domain.streams import CASE, stream_of_event
from catch.personal import named, sealed_in
from catch.personal.looks import TEXTS, Looks
from catch.present.states import Held
from projections import case_summary

TERMINAL = "terminal"
"""The channel, as it is recorded."""


async def looked(
    catch: Catch, told: Sequence[Recorded[Any]], operation: str, *, personal: bool, purpose: Purpose | None = None
) -> None:
    """Returns once it is kept that an operator is shown these facts, with their `personal` texts or without. Raises
    `RecordsAway`: then they may not be."""
    looks, about = Looks(), [(case_of(each), telling(each.event).category) for each in told]
    held = await catch.present.states.gather(CASE, {case for case, _ in about if case})
    states: list[Case] = [each.state for each in held if isinstance(each, Held) and each.state]
    whose = {state.case: state.person for state in states}
    for case, category in about:
        if case is not None:
            looks.told(case, category, whose.get(case))
            if personal:
                looks.told(case, TEXTS)
    events: list[Struct] = [each.event for each in told]
    for subject in {named(text) for text in sealed_in(*events)} if personal else ():
        if subject is not None:
            looks.of_person(subject)
    by = By(OPERATOR.user, OPERATOR.agency)
    await catch.reads.record(*reads_of(by, looks.all(), TERMINAL, operation, purpose=purpose))


class About(NamedTuple):
    """What an operator asks of: a case, or a person with their cases. What was another's is none of theirs."""

    people: tuple[UUID, ...]
    cases: tuple[UUID, ...]


async def asked_who_saw(catch: Catch, record: UUID) -> About:
    """An operator asks who looked at a case or a person."""
    looks, by = Looks(), By(OPERATOR.user, OPERATOR.agency)
    # As the read side has it: nobody is kept from knowing who looked by a fact of the case that cannot be read.
    row = await case_summary.one(catch.log.pool, record)
    if row is not None:
        looks.told(record, LOOKS, row.person)
    else:
        looks.of_person(record)
    await catch.reads.record(*reads_of(by, looks.all(), TERMINAL, "who-saw"))
    if row is not None:
        return About((), (record,))
    ids = [case for case, _ in await case_summary.of_person(catch.log.pool, record)]
    wrong = {case for case in ids if (row := await case_summary.one(catch.log.pool, case)) and row.case.of_another}
    return About((record,), tuple(case for case in ids if case not in wrong))


async def listed_due(catch: Catch, found: Sequence[Due]) -> None:
    """An operator is shown who has been kept long enough, and their cases' numbers."""
    looks, by = Looks(), By(OPERATOR.user, OPERATOR.agency)
    for each in found:
        looks.of_person(each.person)
        for case in each.cases:
            looks.told(case.case, None, each.person)
    await catch.reads.record(*reads_of(by, looks.all(), TERMINAL, "retention due"))


async def told_number(catch: Catch, case: UUID) -> None:
    """An operator is told that there is such a case, and its number."""
    looks, by = Looks(), By(OPERATOR.user, OPERATOR.agency)
    row = await case_summary.one(catch.log.pool, case)
    looks.told(case, None, row.person if row else None)
    await catch.reads.record(*reads_of(by, looks.all(), TERMINAL, "receipt"))


def case_of(fact: Recorded[Any]) -> UUID | None:
    """The case that a fact is about, on whatever stream it stands."""
    found = fact.stream if stream_of_event(fact.event) is CASE else getattr(fact.event, "case", None)
    return found if isinstance(found, UUID) else None
