"""A person who asked something of what is kept of them, as whoever answers for some of it is told of it."""

from catch.access import guards, guards_some
from catch.api.case import access_requests, restrictions
from catch.api.case.reading import Reading
from catch.api.data_requests import types
from catch.api.erasing.view import case
from catch.domain.person import Person
from catch.personal import looks


async def told(reading: Reading, person: Person) -> bool:
    """Whether the viewer answers for some of it, and is kept out of no case of theirs."""
    if not guards_some(reading.viewer, {programme for _, programme in person.cases}):
        return False
    return not any([await reading.recused(each) for each, _ in person.cases])


async def shown(reading: Reading, person: Person) -> types.DataRequestPerson:
    """Who wrote it down may be somebody of another programme: told to whoever answers for all of it."""
    looks.told_of(person.person)
    theirs = [(each, key) for each, key in person.cases if guards(reading.viewer, {key})]
    names, at = len(theirs) == len(person.cases), reading.facts.at
    return types.DataRequestPerson(
        person=person.person,
        cases=[case(held) for each, _ in theirs if (held := (await reading.facts.case(each)).state)],
        access_requests=access_requests.shown(person, at, names=names),
        restrictions=restrictions.asked(person, at, names=names),
        grounds=restrictions.grounds(person, at, names=names),
    )
