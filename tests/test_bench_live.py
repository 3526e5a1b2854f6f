"""`catch bench live` at the smallest size: it runs from start to end, prints its shape and leaves nothing behind."""

import json
from typing import Any

from msgspec.structs import replace

from catch.bench.live import measured
from catch.bench.live_run import QUICK, Burst
from catch.bench.live_shape import as_json, as_markdown

SMALLEST = replace(QUICK, bursts=(Burst(4, 20, 4),), meetings=2, seconds=0.4, stalling=Burst(8, 20, 4))


async def test_the_benchmark_measures_everything_and_says_what_is_missing():
    said: list[str] = []
    figures = await measured(SMALLEST, None, said.append)
    printed: dict[str, Any] = json.loads(as_json(figures))
    [fanout] = printed["fanout"].values()
    assert fanout.keys() >= {"p50_ms", "p99_ms", "last_ms", "server_us_per_message", "kb_per_connection"}
    assert (fanout["ratio_to_bare_c"], fanout["lost"]) == (None, 0)
    national = printed["national"]
    assert (national["meetings"], national["subscribers"], national["messages"]) == (2, 32, 8 * 16)
    assert (national["lost"], national["disordered"]) == (0, 0)
    assert printed["unfollowed"]["facts"] == 8
    assert printed["unfollowed"]["ratio_to_decoding"] > 1
    assert printed["restart"].keys() == {"told to stop", "killed"}
    for restart in printed["restart"].values():
        assert (restart["clients"], restart["lost"], restart["disordered"]) == (32, 0, 0)
        assert 0 < restart["away_s"] < restart["current_s"]
    assert (printed["stalled"]["healthy"], printed["stalled"]["lost"]) == (5, 0)
    assert printed["query"]["ratio_to_yoga"] is None
    assert printed["query"]["requests_per_second"] > 0
    assert printed["subscribe_ms"] > 0
    assert printed["missing"].keys() == {"wsload", "bare C", "graphql-ws", "yoga"}
    assert "| national, lost | 0 |" in as_markdown(figures)
    assert said
