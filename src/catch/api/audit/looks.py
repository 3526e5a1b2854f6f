"""Who looked at a record, for those who may know: asking is a look as well, and recorded."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.access import Lookers, Sight, lookers_shown
from catch.api.audit import looks_types as types
from catch.api.case.queries import there_is
from catch.api.common.context import Context
from catch.api.common.cursors import UnknownCursor, key_cursor, key_in
from catch.api.common.types import PageInfo, Worker
from catch.domain.facts import Category
from catch.domain.refusals import OutOfRange, UnknownCase
from catch.evidence import reads
from catch.evidence.reads import Kept, Seen
from catch.personal import looks
from projections import case_summary

LOOKS = "looks"
"""What whoever asks is shown of it, beside the categories of a case."""


class Entitled(NamedTuple):
    """The cases of which the viewer is told everybody who looked; those of which they are told their colleagues; the
    people of whom, beside their cases, they are told everybody; and what they see of each case."""

    all: frozenset[UUID]
    colleagues: frozenset[UUID]
    people: frozenset[UUID]
    sights: Mapping[UUID, Sight]

    def shows(self, seen: Seen, *, colleague: bool) -> bool:
        # What is of no case is of the person.
        if seen.case is None:
            return seen.person in self.people
        return seen.case in self.all or (colleague and seen.case in self.colleagues)

    def named(self, seen: Seen) -> Iterator[str]:
        """The categories of which something was shown. That there may be something restricted is told to nobody whom
        that itself is not told."""
        sight = self.sights.get(seen.case) if seen.case else None
        for name in seen.categories:
            category = CATEGORIES.get(name)
            if category is None or (sight is not None and sight.mentions(category)):
                yield name


CATEGORIES = {each.value: each for each in Category}


async def who_saw(
    context: Context,
    of: types.Looked,
    since: datetime | None,
    until: datetime | None,
    wanted: int,
    after: str | None,
) -> types.RecordedLookConnection:
    """The latest first. Raises `UnknownCase` for whoever is told of nobody."""
    entitled = await entitled_to(context, *await cases_of(context, of))
    whose = [*entitled.all, *entitled.colleagues, *(entitled.people if of.person_id else ())]
    # Before anything is read of those who are no colleagues.
    agency = None if entitled.all else context.who.agency
    before, found = place(after), list[tuple[Kept, list[Seen]]]()
    more = True
    while more and len(found) <= wanted:
        pool = context.catch.log.pool
        page = await reads.of(pool, whose, before=before, agency=agency, since=since, until=until, limit=wanted + 1)
        more = len(page) > wanted
        for row in page:
            before = row.number
            colleague = row.agency == context.who.agency
            if shown := [each for each in row.read.seen if entitled.shows(each, colleague=colleague)]:
                found.append((row, shown))
    ended = await reads.ends(context.catch.log.pool, [row for row, _ in found[:wanted]])
    edges = [
        types.RecordedLookEdge(cursor=key_cursor(str(row.number)), node=entry(row, shown, ended, entitled))
        for row, shown in found[:wanted]
    ]
    return types.RecordedLookConnection(edges=edges, page_info=PageInfo.of(len(found), wanted, edges))


def place(after: str | None) -> int:
    text = key_in(after)
    if text is None:
        return reads.LATEST
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise UnknownCursor(field="after")
    return int(text)


async def cases_of(context: Context, of: types.Looked) -> list[UUID]:
    """Those that are asked about, whoever may know of them. What was another's is none of a person's."""
    context.reading.facts.rests.rows = True
    if of.case_id:
        return [of.case_id] if await there_is(context, of.case_id) else []
    if not of.person_id:
        raise OutOfRange(field="of", allowed="caseId or personId")
    found = [case for case, _ in await case_summary.of_person(context.catch.log.pool, of.person_id)]
    held = [(case, await context.reading.known(case)) for case in found]
    return [case for case, known in held if known is None or not known.of_another]


async def entitled_to(context: Context, *cases: UUID) -> Entitled:
    """Everybody who looked at a person is told to whoever is told it of a case of theirs, and is kept out of none."""
    reading, everybody, colleagues, whose = context.reading, set[UUID](), set[UUID](), set[UUID]()
    sights: dict[UUID, Sight] = {}
    for each in cases:
        held = await reading.known(each)
        if held is None:
            continue
        seen = await reading.facts.sight(reading.viewer, held)
        if seen is not None:
            sights[each] = seen
        match lookers_shown(reading.viewer, held, seen, reading.facts.at):
            case Lookers.ALL:
                everybody.add(each)
                whose |= set[UUID]() if held.of_another else {held.person}
            case Lookers.COLLEAGUES:
                colleagues.add(each)
            case None:
                looks.passed_over([held.case])
                continue
        looks.told(held.case, LOOKS, held.person)
    if not everybody and not colleagues:
        raise UnknownCase
    people = {each for each in whose if not await reading.kept_from(each)}
    return Entitled(frozenset(everybody), frozenset(colleagues), frozenset(people), sights)


def entry(row: Kept, shown: Sequence[Seen], ended: Mapping[UUID, datetime], entitled: Entitled) -> types.RecordedLook:
    read = row.read
    return types.RecordedLook(
        at=row.recorded_at,
        by=Worker(user=row.viewer, agency=row.agency),
        channel=read.channel,
        operation=read.operation,
        purpose=read.purpose,
        break_glass=any(each.glass for each in shown),
        case_ids=[*dict.fromkeys(each.case for each in shown if each.case)],
        categories=sorted({category for each in shown for category in entitled.named(each)}),
        follows=read.subscription is not None,
        until=ended.get(read.subscription) if read.subscription else None,
    )
