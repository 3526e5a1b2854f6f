"""`catch bench log` at the smallest size: it runs from start to end, prints its shape and leaves nothing behind."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from catch.bench import reading
from catch.bench.history import a_busy_case, moulded, repeated
from catch.bench.log import Size, measured
from catch.bench.shape import as_json, as_markdown
from catch.domain.case.notes import NoteAdded
from catch.domain.case.state import Worker
from catch.domain.facts import Actor, Category, Envelope, Fact, Purpose, Role, Sealed
from catch.log import Stored
from catch.log.codec import decode, encode

SMALLEST = Size(rounds=1, seconds=0.2, weeks=2, referrals=12, events=2000, fresh=300, growth=20_000)
AT = datetime(2025, 3, 4, 10, tzinfo=UTC)


def note(case: UUID, version: int) -> Stored:
    by = Worker("user-1", "housing-1")
    envelope = Envelope[Fact](
        AT,
        Actor("user-1", "housing-1", Role.COORDINATOR),
        Purpose.DIRECT_CARE,
        uuid4(),
        uuid4(),
        NoteAdded(uuid4(), Category.NEEDS, Sealed("100% sealed"), by),
    )
    return Stored(version, case, version, "NoteAdded", encode(envelope), AT)


def test_a_log_made_longer_keeps_its_order_and_repeats_no_id():
    case = uuid4()
    year = moulded([note(case, version) for version in (1, 2, 3)])
    rows = list(repeated(year, 8))
    assert [(topic, version) for _, version, topic, _, _ in rows] == [("NoteAdded", 1 + n % 3) for n in range(8)]
    facts = [decode(Stored(n, *row)) for n, row in enumerate(rows)]
    assert len({fact.stream for fact in facts}) == 3
    assert len({fact.event.note for fact in facts} | {fact.envelope.command for fact in facts}) == 16
    assert {fact.event.text for fact in facts} == {"100% sealed"}
    assert [fact.recorded_at for fact in facts] == sorted(fact.recorded_at for fact in facts)
    assert list(repeated(year, 8, skip=5)) == rows[5:]


def test_a_busy_case_is_one_stream_with_as_many_facts_as_asked():
    case = uuid4()
    rows = a_busy_case([note(case, version) for version in (1, 2)], 25, UUID(int=5))
    assert [(stream, version) for stream, version, _, _, _ in rows] == [(UUID(int=5), n) for n in range(1, 26)]
    assert len({decode(Stored(0, *row)).event.note for row in rows}) == 25


async def test_the_benchmark_measures_everything_and_prints_its_shape():
    said: list[str] = []
    figures = await measured(SMALLEST, said.append)
    printed = json.loads(as_json(figures))
    assert {name: set(part) for name, part in printed.items()} == {
        "append": {"1", "8", "32"},
        "follow": {"events_per_second"},
        "rebuild": {"events", "events_per_second", "seconds", "max_rss_mb"},
        "incremental": {"events_per_second"},
        "stream_read": {"events", "per_second"},
        "as_at": {"events", "p95_ms"},
        "growth": {"append_p50_ratio_10m_to_10k", "query_p50_ratio_10m_to_10k"},
    }
    rates = {"per_second", "p50_ms", "p99_ms", "ratio_to_pgbench", "ratio_to_stock"}
    assert all(set(each) == rates for each in printed["append"].values())
    assert (printed["rebuild"]["events"], printed["stream_read"]["events"], printed["as_at"]["events"]) == (
        2000,
        50,
        500,
    )
    assert all(number > 0 for part in printed.values() for number in numbers(part))
    assert "| 32 |" in as_markdown(figures)
    assert said


def numbers(part: dict[str, Any]) -> list[float]:
    found: list[float] = []
    for value in part.values():
        found += numbers(value) if isinstance(value, dict) else [value]  # pyright: ignore[reportUnknownArgumentType]
    return found


async def test_the_benchmark_of_reading_measures_every_page_and_who_waits():
    figures = reading.measured(reading.Size(cases=30, few=5, page=10, times=2, turns=2), lambda _: None)
    printed = json.loads(reading.as_json(await figures))
    assert set(printed["pages"]) == {
        "few", "all", "audited", "none", "all_filtered_to_none", "meetings", "meetings_of_none"
    }  # fmt: skip
    assert all(0 < page["p50_ms"] <= page["p95_ms"] for page in printed["pages"].values())
    assert set(printed["recorded"]) == {"one case", "a page"}
    assert all(each["times"] > 0 for each in printed["recorded"].values())
    assert set(printed["preview"]) == {"took_ms", "others_late_ms", "loop_held_ms"}
    assert all(each > 0 for each in printed["policy"]["sight_us"].values())
    assert set(printed["policy"]) == {"sight_us", "may_us", "telling_us", "told_us"}
