"""What an operator is shown in a terminal, or given as a file, is recorded before, as everybody's looks are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.access import telling
from catch.api.audit.looks import LOOKS
from catch.api.common.recording import By, reads_of
from catch.app import Catch
from catch.commands.enrolling import OPERATOR
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


async def asked_who_saw(catch: Catch, record: UUID) -> None:
    """An operator asks who looked at a case or a person."""
    looks, by = Looks(), By(OPERATOR.user, OPERATOR.agency)
    state: Case | None = (await catch.present.states.get(CASE, record)).state if await known(catch, record) else None
    if state is not None:
        looks.told(record, LOOKS, state.person)
    else:
        looks.of_person(record)
    await catch.reads.record(*reads_of(by, looks.all(), TERMINAL, "who-saw"))


async def known(catch: Catch, case: UUID) -> bool:
    return await case_summary.one(catch.log.pool, case) is not None


def case_of(fact: Recorded[Any]) -> UUID | None:
    """The case that a fact is about, on whatever stream it stands."""
    found = fact.stream if stream_of_event(fact.event) is CASE else getattr(fact.event, "case", None)
    return found if isinstance(found, UUID) else None
