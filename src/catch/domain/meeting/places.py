"""Where an item stands on the agenda, and how long it may take."""

from uuid import UUID

from catch.domain.given import Given
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.listing import Section
from catch.domain.meeting.rules import (
    series_of,
)
from catch.domain.meeting.state import Meeting, ordered
from catch.domain.programme.configuration import AgendaPolicy, Minutes
from catch.domain.refusals import OutOfRange

LONGEST_ITEM = 240


def without(meeting: Meeting, item: UUID) -> tuple[Item, ...]:
    return tuple(held for held in meeting.items if held.item != item)


def placed(meeting: Meeting, item: Item, order: int) -> Meeting:
    rest = without(meeting, item.item)
    return ordered(meeting, (*rest[: order - 1], item, *rest[order - 1 :]))


def end_of(items: tuple[Item, ...], section: Section) -> int:
    """The place, from 1, after the last item that stands in this section or an earlier one."""
    places = [i for i, held in enumerate(items, 1) if held.section <= section and held.state is not ItemState.REMOVED]
    return max(places, default=0) + 1


def boxed(minutes: int) -> int:
    # 0 for what is only noted.
    if not 0 <= minutes <= LONGEST_ITEM:
        raise OutOfRange(field="minutes", least=0, most=LONGEST_ITEM)
    return minutes


def box_of(minutes: Minutes, section: Section) -> int:
    """The usual minutes for an item of this section."""
    return {
        Section.URGENT: minutes.urgent,
        Section.MATTERS_ARISING: minutes.matters_arising,
        Section.NEW: minutes.new,
        Section.REVIEW: minutes.review,
        Section.AT_RISK: minutes.at_risk,
        Section.CLOSE_OR_EXTEND: minutes.close_or_extend,
        Section.QUESTION: minutes.question,
        Section.NOTING: minutes.noting,
    }.get(section, 0)


def policy_of(meeting: Meeting, given: Given) -> AgendaPolicy:
    return series_of(meeting.programme, meeting.series, given).policy


def minutes_for(meeting: Meeting, section: Section, minutes: int | None, given: Given) -> int:
    return boxed(box_of(policy_of(meeting, given).minutes, section) if minutes is None else minutes)
