"""Who looked at a record, for those who may know: asking is a look as well, and recorded."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.access import Lookers, Sight, lookers_shown
from catch.api.audit import looks_types as types
from catch.api.case.queries import there_is
from catch.api.common import types as common_types
from catch.api.common.context import Context
from catch.api.common.cursors import UnknownCursor, key_cursor, key_in
from catch.api.common.types import PageInfo, Worker
from catch.domain.case.state import Case
from catch.domain.facts import Category
from catch.domain.refusals import OutOfRange, UnknownCase
from catch.evidence import reads
from catch.evidence.reads import Kept, Seen
from catch.log.entries import Unreadable
from catch.personal import looks
from projections import case_summary

LOOKS = "looks"
"""What whoever asks is shown of it, beside the categories of a case."""


class Entitled(NamedTuple):
    """The cases of which the viewer is told everybody who looked; those of which they are told their colleagues; the
    people of whom, beside their cases, they are told everybody; what they see of each case; and the cases of which they
    would be told and that cannot be read: who may know who looked at those is not known for sure.
    """

    all: frozenset[UUID]
    colleagues: frozenset[UUID]
    people: frozenset[UUID]
    sights: Mapping[UUID, Sight]
    unreadable: Sequence[common_types.Unreadable]

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
    page_info = PageInfo.of(len(found), wanted, edges)
    return types.RecordedLookConnection(edges=edges, page_info=page_info, unreadable=[*entitled.unreadable])


def place(after: str | None) -> int:
    text = key_in(after)
    if text is None:
        return reads.LATEST
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise UnknownCursor(field="after")
    return int(text)


class Asked(NamedTuple):
    """A case as it stands, whoever may know of it; of one that cannot be read, as far as it is known, and why."""

    case: UUID
    held: Case | None
    problem: Unreadable | None = None


async def cases_of(context: Context, of: types.Looked) -> list[Asked]:
    """Those that are asked about. What was another's is none of a person's. Raises an `Unreadable` of the one case that
    was asked about; of a person's, one takes none of the others with it.
    """
    context.reading.facts.rests.rows = True
    if of.case_id:
        there = await there_is(context, of.case_id)
        return [Asked(of.case_id, await context.reading.known(of.case_id))] if there else []
    if not of.person_id:
        raise OutOfRange(field="of", allowed="caseId or personId")
    found = [case for case, _ in await case_summary.of_person(context.catch.log.pool, of.person_id)]
    asked = [await as_known(context, case) for case in found]
    return [each for each in asked if each.held is None or not each.held.of_another]


async def as_known(context: Context, case: UUID) -> Asked:
    facts = context.reading.facts
    try:
        return Asked(case, (await facts.case(case)).state)
    except Unreadable as problem:
        return Asked(case, await facts.last_known(case), problem)


async def entitled_to(context: Context, *cases: Asked) -> Entitled:
    """Everybody who looked at a person is told to whoever is told it of a case of theirs, and is kept out of none."""
    reading, everybody, colleagues, whose = context.reading, set[UUID](), set[UUID](), set[UUID]()
    sights, unreadable = dict[UUID, Sight](), list[common_types.Unreadable]()
    for each, held, problem in cases:
        if held is None:
            continue
        seen = await reading.facts.sight(reading.viewer, held)
        shown = lookers_shown(reading.viewer, held, seen, reading.facts.at)
        if shown is None:
            looks.passed_over([each])
            continue
        if problem is not None:
            unreadable.append(common_types.Unreadable.of(each, held.number, problem))
            continue
        if seen is not None:
            sights[each] = seen
        if shown is Lookers.ALL:
            everybody.add(each)
            whose |= set[UUID]() if held.of_another else {held.person}
        else:
            colleagues.add(each)
        looks.told(each, LOOKS, held.person)
    if not everybody and not colleagues and not unreadable:
        raise UnknownCase
    people = {each for each in whose if not await reading.kept_from(each)}
    return Entitled(frozenset(everybody), frozenset(colleagues), frozenset(people), sights, unreadable)


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
