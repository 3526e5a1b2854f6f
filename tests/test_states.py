"""Folded streams at hand are never older than what the feed has brought."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, cast
from uuid import UUID, uuid4

from catch.domain.facts import Actor, Envelope, Purpose, Recorded, Role
from catch.domain.partner import MemberEnrolled, Partner, PartnerRegistered
from catch.domain.streams import PARTNER
from catch.log.codec import encode
from catch.log.entries import Stored
from catch.log.log import Log
from catch.present.states import EMPTY, NOTHING, States

AT = datetime(2026, 3, 2, tzinfo=UTC)


def recorded(stream: UUID, version: int, event: Any) -> Recorded[Any]:
    actor = Actor("somebody", "catch", Role.SYSTEM)
    envelope = Envelope(AT, actor, Purpose.ADMINISTRATION, uuid4(), uuid4(), event)
    return Recorded(version, stream, version, type(event).__name__, AT, envelope)


class SlowLog:
    """The in-memory log of these tests: a read can be held up while facts go on arriving."""

    def __init__(self) -> None:
        self.facts: list[Recorded[Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.reads = 0

    async def rows(self, streams: Sequence[UUID]) -> list[Stored]:
        self.reads += 1
        seen = [
            Stored(fact.position, fact.stream, fact.version, fact.topic, encode(fact.envelope), AT)
            for fact in self.facts
            if fact.stream in streams
        ]
        await self.gate.wait()
        return seen


def place() -> tuple[SlowLog, States]:
    log = SlowLog()
    return log, States(cast("Log", log))


REGISTERED = PartnerRegistered("housing-1", "Housing provider 1", "housing")


def enrolled(n: int) -> MemberEnrolled:
    return MemberEnrolled("housing-1", f"user-{n}", cast("Any", f"sealed-{n}"))


async def members(states: States, stream: UUID) -> int:
    partner: Partner = (await states.get(PARTNER, stream)).state
    return len(partner.members)


async def test_a_fact_that_arrives_while_the_stream_is_read_is_not_missed():
    log, states = place()
    stream = uuid4()
    log.facts = [recorded(stream, 1, REGISTERED)]
    log.gate.clear()
    reading = asyncio.create_task(members(states, stream))
    await asyncio.sleep(0)
    late = recorded(stream, 2, enrolled(1))
    log.facts.append(late)
    states.advance(late, PARTNER, 100)
    log.gate.set()
    assert await reading == 1


async def test_a_stream_that_does_not_exist_is_asked_for_once_and_then_begins():
    log, states = place()
    stream = uuid4()
    assert await states.get(PARTNER, stream) == NOTHING
    assert await states.get(PARTNER, stream) == NOTHING
    assert log.reads == 1
    states.advance(recorded(stream, 1, REGISTERED), PARTNER, 100)
    assert (await states.get(PARTNER, stream)).version == 1


async def test_a_gap_makes_it_read_again():
    log, states = place()
    stream = uuid4()
    log.facts = [recorded(stream, 1, REGISTERED)]
    await states.get(PARTNER, stream)
    log.facts += [recorded(stream, 2, enrolled(1)), recorded(stream, 3, enrolled(2))]
    states.advance(log.facts[2], PARTNER, 100)
    assert await members(states, stream) == 2


async def test_many_are_read_at_once_and_only_a_bounded_number_is_kept():
    log = SlowLog()
    streams = [uuid4() for _ in range(5)]
    log.facts = [recorded(stream, 1, REGISTERED) for stream in streams]
    each = EMPTY + len(encode(log.facts[0].envelope))
    states = States(cast("Log", log), most=2 * each)
    held = await states.get_many(PARTNER, streams[:2])
    assert [each.version for each in held] == [1, 1]
    assert log.reads == 1
    for stream in streams:
        assert (await states.get(PARTNER, stream)).version == 1
    assert states.at_hand(streams[0]) is None
    assert states.at_hand(streams[4]) is not None


async def test_what_is_asked_for_again_and_again_outlives_what_is_looked_at_once():
    log = SlowLog()
    streams = [uuid4() for _ in range(50)]
    log.facts = [recorded(stream, 1, REGISTERED) for stream in streams]
    states = States(cast("Log", log), most=4 * (EMPTY + len(encode(log.facts[0].envelope))))
    for stream in streams[1:]:
        await states.get(PARTNER, streams[0])
        await states.get(PARTNER, stream)
    # Read once each: a page of what nobody asks for again puts out nothing that somebody does.
    assert log.reads == len(streams)


async def test_what_is_kept_is_bounded_by_what_was_read_and_recorded_whatever_happens():
    """Kept, advanced, forgotten, read again: what is counted is what is there, and never more than may be, but for
    the one stream that was taken in last."""
    log, chance = SlowLog(), Random(7)
    states = States(cast("Log", log), most=6_000)
    streams = [uuid4() for _ in range(12)]
    for _ in range(3_000):
        stream = chance.choice(streams)
        known = [fact for fact in log.facts if fact.stream == stream]
        match chance.randrange(4):
            case 0 if len(known) < 12:
                fact = recorded(stream, len(known) + 1, enrolled(len(known)) if known else REGISTERED)
                log.facts.append(fact)
                states.advance(fact, PARTNER, len(encode(fact.envelope)))
            case 1:
                states.forget([stream])
            case _:
                assert (await states.get(PARTNER, stream)).version == len(known)
        held = {each: at_hand.version for each in streams if (at_hand := states.at_hand(each))}
        sizes = [len(encode(fact.envelope)) for fact in log.facts if fact.version <= held.get(fact.stream, 0)]
        assert states.bytes == EMPTY * len(held) + sum(sizes)
        assert states.bytes <= 6_000 or len(held) == 1
    assert len(log.facts) > 100
