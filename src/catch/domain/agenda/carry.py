"""What goes on to the next meeting: nothing that was put forward is lost when a meeting is over or called off."""

from collections.abc import Iterator

from catch.domain.agenda.facts import Carried
from catch.domain.calendar import london_day
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.listing import Section
from catch.domain.meeting.state import OVER, Meeting

_HEARD = (ItemState.DISCUSSED, ItemState.NOTED)


def carry_over(meeting: Meeting) -> tuple[Carried, ...]:
    """The cases to put forward again, each once: put off, removed though a must, not fitted in, or not yet ready."""
    if meeting.state not in OVER:
        return ()
    heard = {item.case for item in meeting.items if item.state in _HEARD}
    found = [*from_items(meeting), *from_draft(meeting)]
    # Reversed, so that of a case which comes twice the first stays: its item says more than the draft it was made from.
    first = {held.case: held for held in reversed(found) if held.case not in heard}
    return tuple(first[case] for case in sorted(first))


def from_items(meeting: Meeting) -> Iterator[Carried]:
    since = london_day(meeting.starts_at)
    for item in meeting.items:
        if item.case is None:
            continue
        if item.state is ItemState.DEFERRED:
            # Only here: whoever put it off may have named the meeting it goes to.
            to = item.deferral.to_meeting if item.deferral else None
            yield Carried(item.case, lane(item), item.defer_count, since, item.displacements, to)
        # The count goes up as with a deferral, or a case could be pushed on for ever by meetings that are called off.
        elif item.unresolved or (item.state is ItemState.REMOVED and item.must):
            yield Carried(item.case, lane(item), item.defer_count + 1, since, item.displacements)


def lane(item: Item) -> Section:
    """The section a carried case goes on in. General business has no cases."""
    return item.section if Section.URGENT <= item.section <= Section.NOTING else Section.QUESTION


def from_draft(meeting: Meeting) -> Iterator[Carried]:
    """Overflow counts as a deferral already; a case that was not ready keeps the counts it came with."""
    if meeting.draft is None:
        return
    since = london_day(meeting.starts_at)
    # Somebody has looked at these and taken them off by hand: the draft does not bring them back.
    settled = {item.case for item in meeting.items if item.state is ItemState.REMOVED}
    for held in meeting.draft.overflow:
        if held.case not in settled:
            yield Carried(held.case, held.section, held.defer_count, since, held.displacements)
    for warning in meeting.draft.warnings:
        if warning.case is not None and warning.section is not None and warning.missing and warning.defer_count:
            yield Carried(warning.case, warning.section, warning.defer_count, since, warning.displacements)
