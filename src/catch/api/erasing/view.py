"""A person whose erasure was asked for, as whoever answers for their data is told of it."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from catch.access import guards
from catch.api.case.erasures import erasure
from catch.api.case.reading import Reading
from catch.api.common.types import Worker
from catch.api.erasing import types
from catch.commands.retention import Due
from catch.domain.case.referral import case_number
from catch.domain.case.state import Case
from catch.domain.erasing import Hold
from catch.domain.person import Person, PersonRegistered
from catch.log.entries import Unreadable
from catch.personal import looks
from projections import case_summary
from projections.erasures import Row


def hold(held: Hold) -> types.LegalHold:
    by = Worker(user=held.user, agency=held.agency)
    return types.LegalHold(id=held.hold, reason=held.reason, by=by, at=held.at, lifted_at=held.lifted_at)


def case(held: Case) -> types.ErasureCase:
    looks.told(held.case, None, held.person)
    return types.ErasureCase(number=case_number(held.case), programme=held.programme, state=held.state)


def kept(held: Due) -> types.RetentionDue:
    looks.told_of(held.person)
    return types.RetentionDue(person=held.person, due_on=held.on, cases=[*map(case, held.cases)])


class Known(NamedTuple):
    """`read`: False of somebody who cannot be read: then what the read side has of them is all that there is."""

    person: Person
    read: bool


async def person_of(reading: Reading, row: Row) -> Known:
    person = await reading.facts.readable_person(row.person)
    if person is not None:
        return Known(person, read=True)
    cases = await case_summary.of_person(reading.facts.catch.log.pool, row.person)
    return Known(Person(row.person, PersonRegistered(row.person), cases=(*cases,), erasing=row.erasing), read=False)


async def case_of(reading: Reading, case: UUID) -> tuple[Case | None, bool]:
    """The case, or what is known of it where it cannot be read; and whether it can."""
    try:
        return (await reading.facts.case(case)).state, True
    except Unreadable:
        return await reading.facts.last_known(case), False


async def theirs(reading: Reading, person: Person) -> bool:
    """Whether the viewer answers for the person's data, and is kept out of no case of theirs."""
    if not guards(reading.viewer, {programme for _, programme in person.cases}):
        return False
    return not await reading.kept_from(person.person)


async def shown(reading: Reading, known: Known, called: Collection[UUID]) -> types.ErasurePerson:
    """`called`: those about whom a contact waits at a front door."""
    person = known.person
    looks.told_of(person.person)
    found = [await case_of(reading, each) for each, _ in person.cases]
    cases = [held for held, _ in found if held]
    read = known.read and all(whole for _, whole in found)
    return types.ErasurePerson(
        person=person.person,
        cases=[*map(case, cases)],
        erasures=[erasure(each, names=True) for each in person.erasing.asked],
        holds=[hold(each) for each in person.erasing.holds],
        obstacles=obstacles(person, cases, waits=person.person in called, read=read),
        erased_at=person.erasing.erased_at,
    )


def obstacles(person: Person, cases: Sequence[Case], *, waits: bool, read: bool) -> list[types.ErasureObstacle]:
    found = {
        types.ErasureObstacle.LEGAL_HOLD: person.erasing.on_hold,
        types.ErasureObstacle.UNDER_WAY: waits or any(each.live for each in cases),
        types.ErasureObstacle.MERGED: any(each.open for each in person.merges),
        types.ErasureObstacle.ACCESS_REQUEST: any(each.open for each in person.access_requests),
        types.ErasureObstacle.RESTRICTION: person.processing.restriction is not None,
        types.ErasureObstacle.UNREADABLE: not read,
    }
    return [obstacle for obstacle, there in found.items() if there]
