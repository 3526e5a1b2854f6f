"""The catalogue: every event has one stream and one name for ever, and comes back from the log as it went in."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.case import actions, eligibility
from catch.domain.case.clocks import steps
from catch.domain.case.state import Reached
from catch.domain.facts import Actor, Envelope, Fact, Purpose, Role
from catch.domain.meeting import MeetingPlanned
from catch.domain.meeting.session import MeetingStarted
from catch.domain.programme.check import CLOCK_EVENTS
from catch.domain.registers import CaseTakenOn, ContactTaken, DayTaken, NumberReferred, Register
from catch.domain.streams import (
    CASE,
    COMMANDS,
    EVENTS,
    MEETING,
    REGISTER,
    STREAMS,
    calendar_stream,
    caseload_stream,
    fold,
    number_stream,
    partner_stream,
    programme_stream,
    restricted_stream,
    stream_of_command,
    stream_of_event,
)
from catch.log.codec import decode, encode
from catch.log.entries import Stored, UnknownEvent
from tests.cases import NOW, folded, history, received, recorded, uid
from tests.made import struct

A_FACT = st.sampled_from([*EVENTS.values()]).flatmap(struct)


def test_every_event_and_command_belongs_to_one_stream_and_has_a_name_of_its_own():
    events = [event for stream in STREAMS for event in stream.events]
    commands = [command for stream in STREAMS for command in stream.commands]
    for kinds in (events, commands):
        assert [kind for kind, times in Counter(kinds).items() if times > 1] == []
        assert [name for name, times in Counter(kind.__name__ for kind in kinds).items() if times > 1] == []
    assert len(EVENTS) == len(events)
    assert tuple(commands) == COMMANDS


def test_every_class_of_fact_and_command_is_in_the_catalogue():
    facts = [kind for kind in every(Fact) if kind.__module__.startswith("catch.domain.")]
    assert {kind.__name__ for kind in facts} == set(EVENTS)


def every(kind: type[Any]) -> list[type[Any]]:
    return [found for each in kind.__subclasses__() for found in (each, *every(each))]


def test_clocks_start_and_stop_at_events_of_the_case():
    assert {event.__name__ for event in CASE.events} >= CLOCK_EVENTS
    # Every event a clock may be configured with has a moment that the case remembers: no clock stands still unseen.
    case = folded(received)
    assert case
    reached = replace(case, reached=(Reached("home", NOW),))
    assert {event for event, _, _ in steps(reached)} == CLOCK_EVENTS


def test_streams_named_by_a_key_never_share_an_id():
    assert partner_stream("housing-1") == partner_stream("housing-1")
    assert restricted_stream(uid(1)) == restricted_stream(uid(1))
    keyed = {partner_stream("a"), partner_stream("b"), programme_stream("a"), programme_stream("b")}
    assert len(keyed | {restricted_stream(uid(1)), restricted_stream(uid(2))}) == 6
    registers = {calendar_stream("a", "b"), calendar_stream("b", "a"), caseload_stream("a"), caseload_stream("b")}
    assert len(registers - keyed) == 4
    # No client can choose such an id for a stream of its own.
    assert {each.version for each in (restricted_stream(uid(1)), *keyed, *registers)} == {5}
    assert number_stream("0" * 64).version == 8


def test_a_register_keeps_each_entry_once_and_tells_what_was_entered():
    entries = [
        DayTaken(uid(1), NOW.date()),
        NumberReferred(uid(2), "snn-catch"),
        CaseTakenOn(uid(2)),
        ContactTaken(uid(3)),
    ]
    held: Register = fold(REGISTER, history(*entries, *entries, stream=uid(9)))
    assert held == Register(tuple(entries))
    assert (held.meetings_on(NOW.date()), held.cases_in("snn-catch")) == ([uid(1)], [uid(2)])
    assert (held.meetings_on(NOW.date() + timedelta(days=1)), held.cases_in("bexley-icm")) == ([], [])


def test_a_command_leads_to_its_stream():
    accept = eligibility.AcceptReferral(uid(1))
    assert stream_of_command(accept) is CASE
    assert CASE.stream_of(accept) == uid(1)
    assert stream_of_event(actions.ActionAccepted(uid(30))) is CASE


@settings(max_examples=300)
@given(A_FACT, st.booleans())
def test_every_event_comes_back_from_the_log_as_it_went_in(event: Fact, whole: bool):
    actor = Actor("hana", "housing-1", Role.PARTNER, on_behalf_of="fire-1" if whole else None)
    envelope = Envelope(NOW, actor, Purpose.DIRECT_CARE, uid(1), uid(2), event, meeting=uid(3) if whole else None)
    topic = type(event).__name__
    state = encode(envelope)
    read = decode(Stored(7, uid(4), 2, topic, state, NOW))
    assert read.envelope == envelope
    assert type(read.event) is EVENTS[topic]
    assert encode(read.envelope) == state


def test_an_event_of_a_later_release_is_named():
    with pytest.raises(UnknownEvent) as unknown:
        decode(Stored(1, uid(1), 1, "CaseTeleported", b"{}", NOW))
    assert unknown.value.details == {"event": "CaseTeleported", "position": "1"}


def test_a_stream_that_does_not_begin_with_its_beginning_is_nothing():
    started = MeetingStarted(NOW, "carl", "1", "1", 2)
    assert issubclass(MeetingPlanned, Fact)
    for stream in (CASE, MEETING):
        assert fold(stream, [recorded(eligibility.ReferralAccepted() if stream is CASE else started)]) is None
    assert fold(CASE, history(received)) is not None
