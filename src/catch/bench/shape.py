"""What `catch bench log` prints: the figures, as JSON or as tables."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct


class Appends(Struct):
    """Appends at so many at once. Ratios are of the same round's rates, the median of all rounds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    ratio_to_pgbench: float
    ratio_to_stock: float | None


class Follow(Struct):
    events_per_second: float


class Rebuild(Struct):
    events: int
    events_per_second: float
    seconds: float
    max_rss_mb: float


class Incremental(Struct):
    events_per_second: float


class StreamRead(Struct):
    events: int
    per_second: float


class AsAt(Struct):
    events: int
    p95_ms: float


class Growth(Struct):
    """None where it was not asked for."""

    append_p50_ratio_10m_to_10k: float | None = None
    query_p50_ratio_10m_to_10k: float | None = None


class Figures(Struct):
    append: dict[str, Appends]
    follow: Follow
    rebuild: Rebuild
    incremental: Incremental
    stream_read: StreamRead
    as_at: AsAt
    growth: Growth


def as_json(figures: Figures) -> str:
    return msgspec.json.format(msgspec.json.encode(figures)).decode()


def as_markdown(figures: Figures) -> str:
    heads = ("at once", "per second", "p50 ms", "p99 ms", "to pgbench", "to stock")
    appends = [
        (n, each.per_second, each.p50_ms, each.p99_ms, each.ratio_to_pgbench, each.ratio_to_stock)
        for n, each in figures.append.items()
    ]
    build, growth = figures.rebuild, figures.growth
    others = [
        ("follow, events/s", figures.follow.events_per_second),
        ("rebuild of all projections, events", build.events),
        ("rebuild, events/s", build.events_per_second),
        ("rebuild, seconds", build.seconds),
        ("rebuild, largest memory, MB", build.max_rss_mb),
        ("incremental, events/s", figures.incremental.events_per_second),
        (
            f"streams of {figures.stream_read.events} events read and decoded, per second",
            figures.stream_read.per_second,
        ),
        (f"as at, a case of {figures.as_at.events} events, p95 ms", figures.as_at.p95_ms),
        ("append p50, long log to short", growth.append_p50_ratio_10m_to_10k),
        ("agenda query p50, long log to short", growth.query_p50_ratio_10m_to_10k),
    ]
    return "\n".join([*table(heads, appends), "", *table(("figure", "measured"), others)])


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterable[str]:
    heads = [*heads]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell(value) for value in row) + " |"


def cell(value: object) -> str:
    if value is None:
        return "not measured"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
