"""What was stored under a former schema number is read as the present one has it; what cannot be read has a name."""

from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest

from catch.domain.facts import Actor, Envelope, Fact, Purpose, Role
from catch.log.codec import Codec
from catch.log.entries import FutureSchema, Stored, Undecodable, UnknownEvent, Unreadable
from catch.log.upcasting import Payload, Upcasters

AT = datetime(2026, 3, 2, tzinfo=UTC)
ID = UUID(int=7)
ACTOR = Actor("hana", "housing-1", Role.PARTNER)


class KettleBought(Fact, frozen=True):
    """As it is now: litres became millilitres, then `colour` became a list of colours."""

    SCHEMA: ClassVar[int] = 3
    millilitres: int
    colours: tuple[str, ...] = ()


class CupBroken(Fact, frozen=True):
    cup: int = 1


def in_millilitres(payload: Payload) -> Payload:
    return {"millilitres": round(payload["litres"] * 1000), "colour": payload["colour"]}


def many_coloured(payload: Payload) -> Payload:
    return {"millilitres": payload["millilitres"], "colours": [payload["colour"]]}


EVENTS: dict[str, type[Fact]] = {"KettleBought": KettleBought, "CupBroken": CupBroken}
UPCASTERS: Upcasters = {("KettleBought", 1): in_millilitres, ("KettleBought", 2): many_coloured}
CODEC = Codec(EVENTS, UPCASTERS)


def stored(event: object, schema: int | None = None, topic: str = "KettleBought") -> Stored:
    envelope: dict[str, Any] = {
        "occurred_at": AT,
        "actor": ACTOR,
        "purpose": Purpose.DIRECT_CARE,
        "command": ID,
        "correlation": ID,
        "event": event,
        "meeting": ID,
    }
    state = msgspec.json.encode(envelope | ({} if schema is None else {"schema": schema}))
    return Stored(41, ID, 2, topic, state, AT)


@pytest.mark.parametrize(
    ("event", "schema"),
    [
        ({"litres": 1.7, "colour": "red"}, None),
        ({"litres": 1.7, "colour": "red"}, 1),
        ({"millilitres": 1700, "colour": "red"}, 2),
        ({"millilitres": 1700, "colours": ["red"]}, 3),
    ],
)
def test_every_number_is_read_as_the_present_one(event: object, schema: int | None):
    recorded = CODEC.decode(stored(event, schema))
    assert recorded.event == KettleBought(1700, ("red",))
    assert recorded.envelope == Envelope(AT, ACTOR, Purpose.DIRECT_CARE, ID, ID, recorded.event, meeting=ID, schema=3)
    assert (recorded.position, recorded.stream, recorded.version) == (41, ID, 2)


def test_a_former_payload_that_happens_to_fit_the_present_class_is_brought_up_all_the_same():
    def doubled(payload: Payload) -> Payload:
        return {"millilitres": payload["millilitres"] * 2}

    codec = Codec(EVENTS, {("KettleBought", 1): doubled, ("KettleBought", 2): dict})
    assert codec.decode(stored({"millilitres": 5})).event == KettleBought(10)


def test_what_is_written_says_the_present_number_and_comes_back():
    for event in (KettleBought(5, ("red",)), CupBroken(2)):
        envelope: Envelope[Fact] = Envelope(AT, ACTOR, Purpose.DIRECT_CARE, ID, ID, event)
        state = CODEC.encode(envelope)
        assert (b'"schema":3' in state) == isinstance(event, KettleBought)
        assert b"schema" in state or isinstance(event, CupBroken)
        assert CODEC.decode(Stored(1, ID, 1, type(event).__name__, state, AT)).event == event


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (stored({"millilitres": 5}, topic="TeapotBought"), UnknownEvent),
        (stored({"millilitres": 5}, 4), FutureSchema),
        (stored({"pints": 3}, 4), FutureSchema),
        (stored({"cup": 1}, 2, topic="CupBroken"), FutureSchema),
        (stored({"pints": 3}, 3), Undecodable),
        (stored({"pints": 3}, 1), Undecodable),
        (stored({"millilitres": 5}, 0), Undecodable),
        (stored([]), Undecodable),
        (stored({"litres": "much", "colour": "red"}), Undecodable),
        (Stored(41, ID, 2, "KettleBought", b"\xff{", AT), Undecodable),
        (Stored(41, ID, 2, "KettleBought", b"", AT), Undecodable),
        (Stored(41, ID, 2, "KettleBought", b"[" * 100_000, AT), Undecodable),
    ],
)
def test_what_cannot_be_read_is_named_with_its_event_and_position(row: Stored, named: type[Unreadable]):
    with pytest.raises(Unreadable) as refused:
        CODEC.decode(row)
    assert type(refused.value) is named
    assert (refused.value.details["event"], refused.value.details["position"]) == (row.topic, "41")
    assert "pints" not in f"{refused.value} {refused.value.details}"


def test_a_number_without_an_upcaster_is_not_read_as_something_else():
    codec = Codec(EVENTS, {("KettleBought", 1): in_millilitres})
    with pytest.raises(Undecodable):
        codec.decode(stored({"litres": 1.7, "colour": "red"}))


def test_an_event_of_the_first_number_is_read_without_being_looked_at_twice():
    """The control of the fast path: an upcaster that must not be called."""

    def never(payload: Payload) -> Payload:
        raise AssertionError(payload)

    codec = Codec(EVENTS, {(name, number): never for name in EVENTS for number in (1, 2, 3)})
    assert codec.decode(stored({}, topic="CupBroken")).event == CupBroken(1)
    assert codec.decode(stored({"millilitres": 5}, 3)).event == KettleBought(5)
