"""What `catch bench live` prints: the figures, as JSON or as tables."""

import msgspec
from msgspec import Struct

from catch.bench.shape import table


class Fanout(Struct):
    """Milliseconds from when the command was given until a client had the message; `last_ms` is the median over the
    events of when the last client had it."""

    p50_ms: float
    p99_ms: float
    last_ms: float
    server_us_per_message: float
    ratio_to_bare_c: float | None
    ratio_to_graphql_ws: float | None
    kb_per_connection: float
    kb_per_connection_after: float
    lost: int


class National(Struct):
    """`server_cores` is the CPU that the servers took together, per second of talking: where it comes near to what the
    machine has to spare, the times are those of a queue."""

    meetings: int
    subscribers: int
    servers: int
    events_per_second: float
    messages: int
    lost: int
    disordered: int
    p50_ms: float
    p99_ms: float
    server_cores: float
    kb_per_connection: float
    kb_per_connection_after: float


class Restart(Struct):
    """Seconds from when the server was told to stop, or killed, until it had ended, until one listened again, and until
    the last client knew the last that had been said meanwhile. `ratio_to_arriving`: of the server's CPU, to what it had
    cost when they first came."""

    clients: int
    lost: int
    disordered: int
    tries: int
    ended_s: float
    away_s: float
    current_s: float
    server_ms_per_client: float
    ratio_to_arriving: float


class Unfollowed(Struct):
    """Microseconds of the processor that a fact costs a server where nobody follows what it is of, and to decode it."""

    facts: int
    us: float
    decode_us: float
    ratio_to_decoding: float


class Stalled(Struct):
    """`p99_ms_reading` is the healthy clients' when the others read as well."""

    healthy: int
    stalled: int
    lost: int
    let_go: int
    p99_ms: float
    p99_ms_reading: float
    ratio: float
    server_mb: float
    server_mb_reading: float


class Query(Struct):
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    ratio_to_yoga: float | None
    bytes: int


class LiveFigures(Struct):
    """`said` are the reasons why something was not measured, and how large a message is."""

    fanout: dict[str, Fanout]
    national: National
    unfollowed: Unfollowed
    restart: dict[str, Restart]
    stalled: Stalled
    query: Query
    subscribe_ms: float
    message_bytes: float
    client: str
    missing: dict[str, str]


def as_json(figures: LiveFigures) -> str:
    return msgspec.json.format(msgspec.json.encode(figures)).decode()


def as_markdown(figures: LiveFigures) -> str:
    names = Fanout.__struct_fields__
    spread = [(n, *(getattr(each, name) for name in names)) for n, each in figures.fanout.items()]
    parts: dict[str, Struct] = {
        "national": figures.national,
        "unfollowed": figures.unfollowed,
        **{f"a server {how}": each for how, each in figures.restart.items()},
        "stalled": figures.stalled,
        "query": figures.query,
    }
    others = [
        (f"{part}, {name.replace('_', ' ')}", getattr(each, name))
        for part, each in parts.items()
        for name in each.__struct_fields__
    ]
    others += [
        ("connect and subscribe, server CPU, ms", figures.subscribe_ms),
        ("a message, bytes", figures.message_bytes),
    ]
    others += [(name, f"not measured: {why}") for name, why in figures.missing.items()]
    heads = ("clients", *(name.replace("_", " ") for name in names))
    return "\n".join([*table(heads, spread), "", *table(("figure", "measured"), others)])
