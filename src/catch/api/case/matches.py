"""Who else the person of a case may be, for whoever has just looked at the front door: three things of each match."""

from uuid import UUID

from msgspec.structs import replace

from catch.access import look_shown, match_seen
from catch.api.case import door, parts, types
from catch.api.case.merges import same_as
from catch.api.case.reading import Reading
from catch.api.common.redaction import Of, Redactor
from catch.domain.case.state import Case, SafeContact
from catch.domain.person import Person
from catch.log.entries import Unreadable
from catch.personal import sealed_in


async def matches(reading: Reading, case: Case) -> types.Matches | None:
    """What the viewer's own look found; None where, for them, there is no such case, or they have not looked."""
    facts = reading.facts
    seen = await reading.sight(case.case)
    person = await facts.person(case.person)
    look = look_shown(reading.viewer, case, seen, person, facts.at) if seen and person else None
    if person is None or look is None or await closed(reading, person):
        return None
    # All at once: how many there are that are not shown is not to be read from the time it takes.
    facts.expect(look.found)
    await facts.gathered()
    read = {other: await readable(reading, other) for other in look.found}
    cases = [held for held in read.values() if held]
    people = {each: await facts.readable_person(each) for each in dict.fromkeys(held.person for held in cases)}
    same = {each: await same_as(facts.person, held) for each, held in people.items() if held}
    everywhere = [
        other for each in people.values() if each for one in (each, *same[each.person]) for other, _ in one.cases
    ]
    facts.expect(everywhere)
    await facts.gathered()
    await facts.seats(everywhere)
    kept = {each for each, held in people.items() if held is None or await closed(reading, held)}
    found = [await match(reading, held) for held in cases if held.person not in kept]
    shown = sorted((each for each in found if each), key=lambda each: each.number)
    lacking = [other for other, held in read.items() if held is None and not await reading.recused(other)]
    return types.Matches(looked_at=look.at, found=shown, more=look.more or bool(lacking))


async def readable(reading: Reading, case: UUID) -> Case | None:
    """None where it cannot be read: then there is one more than is shown, for whoever is not kept out of it."""
    try:
        return (await reading.facts.case(case)).state
    except Unreadable:
        return None


async def closed(reading: Reading, person: Person) -> bool:
    """Whether the viewer is kept out of any case of the person's, or what was kept of them has been erased, or
    cannot be read."""
    facts = reading.facts
    everyone = (person, *await same_as(facts.person, person))
    if any([await reading.recused(case) for one in everyone for case, _ in one.cases]):
        return True
    return not await facts.legible(person.person, sealed_in(person.registered))


async def match(reading: Reading, held: Case) -> types.Match | None:
    told = match_seen(reading.viewer, held)
    if told is None:
        return None
    redactor = Redactor(told, await reading.facts.texts(held.person), Of(held.case, held.person))
    redactor.told()
    said = held.safe_contact and vouched_for(held, held.safe_contact)
    contact = door.safe_contact(said, "safeContact", redactor, confirmed=held.safe_contact_confirmed)
    return types.Match(number=held.number, lead=parts.worker(held.lead), safe_contact=contact)


def vouched_for(held: Case, said: SafeContact) -> SafeContact | None:
    """Of what only a door has said, no more than that the person is not to be contacted: anybody may write there."""
    if held.safe_contact_confirmed:
        return said
    return None if said.ok else replace(said, how=None, not_when=None)
