"""A person who asked something of what is kept of them, as whoever answers for some of it is told of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from catch.access import guards, guards_some
from catch.api.case import access_requests, restrictions
from catch.api.case.reading import Reading
from catch.api.common.types import Worker
from catch.api.data_requests import types
from catch.api.erasing.view import case, case_of
from catch.domain.case.state import Case
from catch.domain.person import Person, PersonRegistered
from catch.domain.processing import Processing
from catch.personal import looks
from projections import case_summary
from projections.data_requests import Row


async def person_of(reading: Reading, row: Row) -> Person:
    """Of somebody who cannot be read, what the read side has of them: what they ask for has its day all the same."""
    person = await reading.facts.readable_person(row.person)
    if person is not None:
        return person
    held = PersonRegistered(row.person)
    cases = await case_summary.of_person(reading.facts.catch.log.pool, row.person)
    return Person(row.person, held, cases=(*cases,), access_requests=row.requests, processing=row.processing)


async def told(reading: Reading, person: Person) -> bool:
    """Whether the viewer answers for some of it, and is kept out of no case of theirs."""
    if not guards_some(reading.viewer, {programme for _, programme in person.cases}):
        return False
    return not any([await reading.recused(each) for each, _ in person.cases])


async def shown(reading: Reading, person: Person) -> types.DataRequestPerson:
    """Who wrote it down may be somebody of another programme: told to whoever answers for all of it."""
    looks.told_of(person.person)
    theirs = [(each, key) for each, key in person.cases if guards(reading.viewer, {key})]
    held = [found for each, _ in theirs if (found := (await case_of(reading, each))[0])]
    names, at = len(theirs) == len(person.cases), reading.facts.at
    return types.DataRequestPerson(
        person=person.person,
        cases=[*map(case, held)],
        access_requests=access_requests.shown(person, at, names=names),
        restrictions=restrictions.asked(person, at, names=names),
        grounds=restrictions.grounds(person, at, names=names),
        recipients=[*recipients(held, person.processing, at, names=names)],
    )


def recipients(
    cases: Sequence[Case], processing: Processing, at: datetime, *, names: bool
) -> Iterator[types.DataRecipient]:
    """Each agency that had a part in one of these cases, that something of it was disclosed to, or that was told how it
    went: also once that is over, since what it was told it knows.
    """
    told = {each.agency for held in cases for each in (*held.disclosures, *held.involvements, *held.messages_back)}
    for agency in sorted(told):
        sees = any(held.involved(agency) and held.disclosed(agency, at) for held in cases)
        tellings = [
            types.RecipientTelling(
                restriction=each.restriction,
                how=each.how,
                told_on=each.told_on,
                ended=each.ended,
                by=Worker(user=each.user, agency=each.agency) if names else None,
            )
            for each in processing.told
            if each.recipient == agency
        ]
        yield types.DataRecipient(agency=agency, told=tellings, sees=sees)
