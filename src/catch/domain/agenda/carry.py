"""What goes on to the next meeting: nothing that was put forward is lost when a meeting is over or called off.

A meeting that is over has a last word on each case that it had: it goes on, or it is settled. Of the words of all
meetings of a series the last one counts, so that nothing hangs on which of them was drafted, published or moved when.
What a series put off that its programme no longer has is for the next meeting of any of the others.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from uuid import UUID

from catch.domain.agenda.facts import Carried
from catch.domain.calendar import london_day
from catch.domain.facts import Part
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.listing import Section
from catch.domain.meeting.state import NOT_OVER, UNPUBLISHED, Meeting

_HEARD = (ItemState.DISCUSSED, ItemState.NOTED)


class Word(Part, frozen=True, omit_defaults=True):
    """What a meeting that is over says last of a case, and when: that it goes on; without `carried` it is settled."""

    case: UUID
    at: datetime
    carried: Carried | None = None


def words(meeting: Meeting) -> tuple[Word, ...]:
    """One for each case that it took over: that it heard, put off, was taken off it, or did not fit in.

    A discussion there and then takes nothing over: it says something only where it put its case off.
    """
    if meeting.state in NOT_OVER:
        return ()
    # Reversed, so that of a case which comes twice the first stays: its item says more than the draft it was made from.
    found = {held.case: held for held in reversed([*from_items(meeting), *from_draft(meeting)])}
    heard = {item.case for item in meeting.items if item.state in _HEARD and not item.put_off}
    had = {item.case for item in meeting.items if item.case and not meeting.instant}
    at = said_at(meeting)
    # By number: `uuid.UUID` compares itself in Python code.
    return tuple(
        Word(case, at(case), None if case in heard else found.get(case))
        for case in sorted({*found, *had}, key=lambda case: case.int)
    )


def carry_over(meeting: Meeting) -> tuple[Carried, ...]:
    """The cases to put forward again, each once: put off, removed though a must, not fitted in, or not yet ready."""
    return tuple(word.carried for word in words(meeting) if word.carried)


def said_for(series: str, said: Iterable[tuple[str, Word]], standing: Collection[str]) -> Iterator[Word]:
    """Of the words of all series those that count for one: its own, and what was put off by series that stand no more
    and has been spoken of in none of the others since.
    """
    last: dict[UUID, tuple[str, Word]] = {}
    for of, word in sorted(said, key=lambda each: each[1].at):
        last[word.case] = (of, word)
        if of == series:
            yield word
    for of, word in last.values():
        if of != series and of not in standing:
            yield word


def left_to(meeting: Meeting, said: Iterable[Word], named: Mapping[UUID, Meeting]) -> tuple[Carried, ...]:
    """What the meetings that are over leave to this one.

    `said` are the words that count for its series, of two at one moment the later meeting's last; `named` the
    meetings, by id, that something was put off to.
    """
    last = {word.case: word for word in sorted(said, key=lambda word: word.at)}
    left = (word.carried for _, word in sorted(last.items()) if word.carried)
    return tuple(held for held in left if not waits(held, meeting, named))


def waits(held: Carried, meeting: Meeting, named: Mapping[UUID, Meeting]) -> bool:
    """Whether it is another, later meeting's to hear: the one that it was put off to, while that can still take it."""
    to = named.get(held.to_meeting) if held.to_meeting else None
    if to is None or to.meeting == meeting.meeting or to.starts_at <= meeting.starts_at or to.state not in NOT_OVER:
        return False
    ours = (to.programme, to.series, to.instant) == (meeting.programme, meeting.series, False)
    return ours and (to.state in UNPUBLISHED or to.lists(held.case))


def left_out(meeting: Meeting, left: Iterable[Carried]) -> tuple[Carried, ...]:
    """What was left to this meeting and is nowhere on its agenda, nor among what did not fit or was not ready."""
    draft = meeting.draft
    known = {item.case for item in meeting.items}
    known |= {held.case for held in (*draft.overflow, *draft.warnings)} if draft else set()
    return tuple(held for held in left if held.case not in known)


def said_at(meeting: Meeting) -> Callable[[UUID], datetime]:
    """When the last was said of a case; of what nobody spoke of, when the meeting was over."""
    over = meeting.over_at or meeting.starts_at
    latest: dict[UUID, datetime] = {}
    for item in meeting.items:
        if item.case is not None:
            at = item_at(item, over)
            latest[item.case] = max(latest.get(item.case, at), at)
    return lambda case: latest.get(case, over)


def item_at(item: Item, over: datetime) -> datetime:
    said = item.closed_at or item.removed_at or (item.deferral.deferred_at if item.deferral else None)
    return said or over


def put_off_on(meeting: Meeting) -> date:
    """The day of the meeting; of one that was called off before, that on which it was."""
    return london_day(min(meeting.starts_at, meeting.over_at or meeting.starts_at))


def from_items(meeting: Meeting) -> Iterator[Carried]:
    since = put_off_on(meeting)
    for item in meeting.items:
        if item.case is None:
            continue
        if item.state is ItemState.DEFERRED:
            # Only here: whoever put it off may have named the meeting it goes to.
            to = item.deferral.to_meeting if item.deferral else None
            yield Carried(item.case, lane(item), item.defer_count, since, item.displacements, to)
        # The count goes up as with a deferral, or a case could be pushed on for ever by meetings that are called off.
        elif item.unresolved or item.put_off or (item.state is ItemState.REMOVED and item.must):
            yield Carried(item.case, lane(item), item.defer_count + 1, since, item.displacements)


def lane(item: Item) -> Section:
    """The section a carried case goes on in. General business has no cases."""
    return item.section if Section.URGENT <= item.section <= Section.NOTING else Section.QUESTION


def from_draft(meeting: Meeting) -> Iterator[Carried]:
    """Overflow counts as a deferral already; a case that was not ready keeps the counts it came with."""
    if meeting.draft is None:
        return
    since = put_off_on(meeting)
    # Somebody has looked at these and taken them off by hand: the draft does not bring them back.
    settled = {item.case for item in meeting.items if item.state is ItemState.REMOVED}
    for held in meeting.draft.overflow:
        if held.case not in settled:
            yield Carried(held.case, held.section, held.defer_count, since, held.displacements)
    for warning in meeting.draft.warnings:
        if warning.case is not None and warning.section is not None and warning.missing and warning.defer_count:
            yield Carried(warning.case, warning.section, warning.defer_count, since, warning.displacements)
