"""Who else the person of a case may be, for whoever has just looked at the front door: three things of each match."""

from catch.access import look_shown, match_seen
from catch.api.case import parts, types
from catch.api.case.reading import Reading
from catch.api.common.lens import Lens
from catch.domain.case.state import Case


async def matches(reading: Reading, case: Case) -> types.Matches | None:
    """What the viewer's own look found; None where, for them, there is no such case, or they have not looked."""
    facts = reading.facts
    seen = await reading.sight(case.case)
    person = await facts.person(case.person)
    look = look_shown(reading.viewer, case, seen, person, facts.at) if seen and person else None
    if person is None or look is None:
        return None
    others = [each for other in look.found if (each := await facts.person(other))]
    ids = [each for held in (person, *others) for each, _ in held.cases if each != case.case]
    seats = await facts.seats(ids)
    found: list[types.Match] = []
    for other in ids:
        held: Case | None = (await facts.case(other)).state
        told = match_seen(reading.viewer, held, seats[other]) if held else None
        if held and told:
            lens = Lens(told, await facts.texts(held.person))
            found.append(
                types.Match(
                    number=held.number,
                    lead=parts.worker(held.lead),
                    safe_contact=parts.safe_contact(held.safe_contact, lens),
                )
            )
    return types.Matches(looked_at=look.at, found=sorted(found, key=lambda match: match.number))
