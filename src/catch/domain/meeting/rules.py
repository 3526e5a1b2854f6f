"""What several commands of a meeting ask first, each with its refusal."""

from datetime import datetime, timedelta
from uuid import UUID

from catch.domain.facts import Category, Sealed
from catch.domain.given import Given, Listed
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.state import BEFORE_START, LIVE, NOT_OVER, UNPUBLISHED, Meeting, MeetingState
from catch.domain.programme.configuration import Series
from catch.domain.refusals import MissingText, OutOfRange, Refused, UnknownPartner, UnknownProgramme


class UnknownSeries(Refused):
    """The programme has no meeting series under this key. Choose one that the query `programmes` lists."""


class MeetingHasBegun(Refused):
    """The meeting has begun or is over, so it can no longer be moved or called off. End it, and plan another one."""


class MeetingIsOver(Refused):
    """The meeting is over or was called off. Choose a later one of the series, or plan it."""


class TimeWithoutZone(Refused):
    """This time must say its offset from UTC. Write it like 2026-03-03T10:00:00Z."""


class PartnerHasNoAgreement(Refused):
    """The partner has no information sharing agreement in force for this programme. Have one signed first:
    `signAgreement`.
    """


class NotInvited(Refused):
    """This agency or user is not invited to the meeting. Those who prepare or chair it invite them first:
    `inviteMember`.
    """


class NotOnTheAgenda(Refused):
    """There is no such item on this agenda. Look at the agenda again: it may have been drafted anew."""


def series_of(programme: str, key: str, given: Given) -> Series:
    """The series as the programme configures it."""
    if given.programme is None or given.programme.key != programme:
        raise UnknownProgramme(programme=programme)
    series = given.programme.series(key)
    if series is None:
        raise UnknownSeries(series=key)
    return series


def zoned(**times: datetime) -> None:
    for name, time in times.items():
        if time.tzinfo is None:
            raise TimeWithoutZone(field=name)


def needs_text(**texts: Sealed | None) -> None:
    for name, text in texts.items():
        if not text:
            raise MissingText(field=name)


FURTHEST = timedelta(days=400)
"""How far ahead a meeting may be planned: what a seat gives must not last for ever."""


def within_reach(starts_at: datetime, given: Given) -> None:
    if starts_at > given.at + FURTHEST:
        raise OutOfRange(field="startsAt", latest=(given.at + FURTHEST).isoformat())


def not_over(meeting: Meeting) -> None:
    if meeting.state not in NOT_OVER:
        raise MeetingIsOver(state=meeting.state)


def before_start(meeting: Meeting) -> None:
    if meeting.state not in BEFORE_START:
        raise MeetingHasBegun(state=meeting.state)


def in_agreement(programme: str, agency: str, given: Given) -> None:
    partner = given.partners.get(agency)
    if partner is None:
        raise UnknownPartner(agency=agency)
    # Any category will do: which of them the partner may be told is asked item by item.
    if not any(partner.covers(programme, frozenset({category}), given.at) for category in Category):
        raise PartnerHasNoAgreement(agency=agency)


def lasting(minutes: int) -> int:
    if not 0 < minutes <= 24 * 60:
        raise OutOfRange(field="duration_minutes", least=1, most=24 * 60)
    return minutes


class AgendaIsPublished(Refused):
    """The agenda is published. What cannot wait may still be added by the chair as a late item; items are moved,
    timed and removed one by one, each with a reason.
    """


class AgendaNotPublished(Refused):
    """The agenda is not published yet. Its chair publishes it first: `publishAgenda`."""


class ReasonRequired(Refused):
    """Say why: this item is a must, or the agenda is published and people have read it."""


class ItemResolved(Refused):
    """This item has been dealt with. Propose its case for the next meeting if there is more to say."""


class ItemNotOpen(Refused):
    """This item is not being discussed. Open it first."""


class ItemIsOpen(Refused):
    """This item is being discussed. Close it first."""


def unpublished(meeting: Meeting) -> None:
    not_over(meeting)
    if meeting.state not in UNPUBLISHED:
        raise AgendaIsPublished(state=meeting.state)


class CannotBeHeard(Refused):
    """A meeting may not consider this case as it stands. The details name what it lacks."""


def may_be_heard(listed: Listed | None) -> None:
    """`listed`: what is put on an agenda, or heard; None where it is no case."""
    if listed is not None and listed.lacks:
        raise CannotBeHeard(missing=", ".join(listed.lacks))


def live(meeting: Meeting) -> None:
    not_over(meeting)
    if meeting.state not in LIVE:
        raise AgendaNotPublished(state=meeting.state)


def on_agenda(meeting: Meeting, item: UUID) -> Item:
    held = meeting.item(item)
    if held is None:
        raise NotOnTheAgenda(item=item)
    return held


def waiting(meeting: Meeting, item: UUID) -> Item:
    """The item, when it has not been reached yet."""
    not_over(meeting)
    held = on_agenda(meeting, item)
    if held.state is ItemState.OPEN:
        raise ItemIsOpen(item=item)
    if not held.unresolved:
        raise ItemResolved(item=item, state=held.state)
    return held


def explained(meeting: Meeting, reason: Sealed | None, *, always: bool = False) -> None:
    if not reason and (always or meeting.state not in UNPUBLISHED):
        raise ReasonRequired(field="reason")


class NotInProgress(Refused):
    """The meeting is not in progress. Start it, or resume it, first."""


def in_progress(meeting: Meeting) -> None:
    if meeting.state is not MeetingState.IN_PROGRESS:
        raise NotInProgress(state=meeting.state)
