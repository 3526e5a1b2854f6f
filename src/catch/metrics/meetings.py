"""Meetings: what they reach, how long it takes, and who comes."""

from collections.abc import Iterator

from catch.domain.calendar import london_day
from catch.domain.meeting.items import ItemState
from catch.metrics.definition import (
    Cut,
    FromMeetings,
    MeetingFacts,
    Metric,
    MetricAudience,
    MetricBasis,
    MetricMeasure,
    OfMeeting,
)
from catch.metrics.estimates import Amounts, Shares, among
from catch.metrics.lines import Line
from catch.statistics.small_numbers import SMALLEST


def held(facts: MeetingFacts, cut: Cut) -> bool:
    """Whether it took place, at a table, and is over."""
    meeting = facts.meeting
    return meeting.ended_at is not None and meeting.ended_at <= cut.at and not meeting.instant


def reach(facts: MeetingFacts, cut: Cut) -> Iterator[Line]:
    """What became of the items that were on the agenda when the meeting began."""
    meeting = facts.meeting
    for item in meeting.items if held(facts, cut) else ():
        if item.state is ItemState.REMOVED:
            continue
        answer = f"must-{item.state}" if item.must else str(item.state)
        part = item.deferral.reason if item.deferral else ""
        yield Line(london_day(meeting.starts_at), answer, item.defer_count, meeting.series, part, entry=item.item)


def minutes(facts: MeetingFacts, cut: Cut) -> Iterator[Line]:
    meeting = facts.meeting
    for item in meeting.items if held(facts, cut) else ():
        if item.case is not None and item.opened_at is not None and item.closed_at is not None:
            # Told late, an item may have been closed before it was opened: it took no time then.
            took = max(0.0, (item.closed_at - item.opened_at).total_seconds() / 60)
            section = item.section.name.lower().replace("_", " ")
            yield Line(london_day(meeting.starts_at), "heard", took, meeting.series, section, entry=item.item)


def attendance(facts: MeetingFacts, cut: Cut) -> Iterator[Line]:
    """Of the agencies that were invited to all of it, who came."""
    meeting = facts.meeting
    if not held(facts, cut):
        return
    came = {each.agency for each in meeting.attendance if each.stays}
    sorry = {each.agency for each in meeting.attendance if each.apology}
    for agency in sorted({each.agency for each in meeting.invitations if not each.items}):
        answer = "came" if agency in came else "apologies" if agency in sorry else "absent"
        yield Line(london_day(meeting.starts_at), answer, group=meeting.series, part=agency)


def of_meetings(
    code: str,
    name: str,
    question: str,
    lines: OfMeeting,
    estimate: Shares | Amounts,
    source: str,
    denominator: str,
    open_cases: str,
    *,
    measure: MetricMeasure = MetricMeasure.SHARE,
) -> Metric:
    return Metric(
        code=code,
        name=name,
        question=question,
        measure=measure,
        denominator=denominator,
        open_cases=open_cases,
        source=source,
        basis=MetricBasis.PERIOD,
        audience=MetricAudience.FIGURES,
        smallest=SMALLEST,
        version=1,
        computed=FromMeetings(lines, estimate),
        grouped="series",
    )


_DISCUSSED = "discussed must-discussed"
_ITEMS = f"{_DISCUSSED} noted must-noted deferred must-deferred"
_MUST = "must-discussed must-noted must-deferred"
_INVITED = "came apologies absent"

MEETINGS = (
    of_meetings(
        "M23",
        "What meetings reach",
        "How much of what is on the agenda do meetings come to?",
        reach,
        Shares(
            (
                among("discussed", "Discussed", _DISCUSSED, _ITEMS),
                among("deferred", "Put off", "deferred must-deferred", _ITEMS),
                among("noted", "Noted", "noted must-noted", _ITEMS),
                among(
                    "must",
                    "Of those that had to be heard, put off",
                    "must-deferred",
                    _MUST,
                ),
            )
        ),
        "AgendaPublished, ItemClosed, ItemNoted, ItemDeferred, MeetingEnded",
        "Items on the agendas of meetings that were held in the days asked for, removed ones left out",
        "Meetings that are not over are left out.",
    ),
    of_meetings(
        "M24",
        "Minutes per case",
        "How long does a meeting take over a case?",
        minutes,
        Amounts("Minutes", frozenset({"heard"}), parts=True, headline_is_median=True),
        "ItemOpened, ItemClosed",
        "Cases discussed at meetings that were held in the days asked for",
        "Items that were left open when the meeting was adjourned are left out.",
        measure=MetricMeasure.MINUTES,
    ),
    of_meetings(
        "M25",
        "Attendance",
        "How many of the organisations that are invited to all of a meeting come?",
        attendance,
        Shares(
            (
                among("came", "Came", "came", _INVITED),
                among("apologies", "Sent apologies", "apologies", _INVITED),
                among("absent", "Did neither", "absent", _INVITED),
            )
        ),
        "MemberInvited, AttendeeJoined, ApologyReceived, MeetingEnded",
        "Invitations of organisations to all of a meeting that was held in the days asked for",
        "Meetings that are not over are left out.",
    ),
)
