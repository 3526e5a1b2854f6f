"""An agenda drafted again from the log alone: from nothing but the facts up to the position that the draft names."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from catch.domain.agenda.carry import left_to, words
from catch.domain.agenda.case_facts import case_facts
from catch.domain.agenda.draft import draft_agenda
from catch.domain.case.state import Case
from catch.domain.facts import Recorded
from catch.domain.meeting.listing import Agenda
from catch.domain.meeting.state import Meeting
from catch.domain.programme import ProgrammeHistory
from catch.domain.streams import CASE, MEETING, PROGRAMME, Stream, fold, programme_stream, stream_of_event
from catch.readside import up_to


def drafted_again(facts: list[Recorded[Any]], meeting_id: UUID, as_of: int, salt: str) -> Agenda:
    """`facts` are all there are, or as many as one likes to begin with."""
    known = [*up_to(facts, as_of)]
    meeting: Meeting = fold(MEETING, [each for each in known if each.stream == meeting_id])
    history: ProgrammeHistory = fold(
        PROGRAMME, [each for each in known if each.stream == programme_stream(meeting.programme)]
    )
    series = history.current.series(meeting.series)
    assert series is not None
    meetings = {id_: each for id_, each in folded(known, MEETING).items() if isinstance(each, Meeting)}
    said = [word for each in earlier(meetings.values(), meeting) for word in words(each)]
    carried = {held.case: held for held in left_to(meeting, said, meetings)}
    cases = [case for case in folded(known, CASE).values() if isinstance(case, Case) and case.live]
    held = [case_facts(case, history, meeting, carried.get(case.case)) for case in cases]
    return draft_agenda(series, meeting, held, as_of, salt)


def earlier(meetings: Iterable[Meeting], meeting: Meeting) -> list[Meeting]:
    """The other meetings of the series, the latest last."""
    ours = [each for each in meetings if (each.programme, each.series) == (meeting.programme, meeting.series)]
    return sorted((each for each in ours if each.meeting != meeting.meeting), key=lambda m: (m.starts_at, m.meeting))


def folded(known: list[Recorded[Any]], stream: Stream) -> dict[UUID, Any]:
    states: dict[UUID, Any] = {}
    for fact in known:
        if stream_of_event(fact.event) is stream:
            states[fact.stream] = stream.evolve(states.get(fact.stream), fact)
    return states
