"""Twenty thousand bad requests, messages and frames do the server no harm; a million, in `make soak`.

No 5xx, no close with 1011 or 4500, nothing of the inside in an answer or a fault in the log, every request answered, no
memory kept, and afterwards a good request is answered as before.
"""

import asyncio
import sys
from pathlib import Path
from random import Random

import pytest

from catch.database.server import Server
from tests.conftest import Database
from tests.fuzz import mutations
from tests.fuzz.campaign import campaign
from tests.fuzz.place import place
from tests.fuzz.report import Report
from tests.fuzz.target import Target

INPUTS = 20_000


async def test_no_input_breaks_the_server(database: Database, tmp_path: Path):
    async with place(Server(database.admin, database.dsn), tmp_path) as (target, served):
        report = await campaign(target, INPUTS, seed=1)
        report.logged(served.folder / "server.log")
    print(report.inputs, dict(report.answers))
    assert report.problems == []
    # Most of it got as far as it was meant to: past HTTP, past the token, past JSON.
    assert report.answers["HTTP 200"] > INPUTS / 10
    assert report.answers["close 4400"] > INPUTS / 200


async def test_control_a_server_that_is_wrong_is_found_out():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fuzz.wrong", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            port = int((await process.stdout.readline()).split()[-1])
        seed = {"query": "{ viewer { user } }", "variables": {"a": "x" * 500}, "operationName": None}
        report = await campaign(Target(port, process.pid, ("Bearer x",), (seed,), (seed,)), 6_000, seed=1)
    finally:
        process.kill()
        await process.wait()
    assert report.kinds() >= {"HTTP 500", "inside", "close 1011", "close 4500", "memory"}


def test_the_inputs_of_a_seed_are_always_the_same():
    seed = {"query": "{ viewer { user } }", "variables": {"a": [1, {"b": "c"}]}}
    made = [[mutations.request(dice, seed) for _ in range(500)] for dice in (Random(7), Random(7))]
    assert made[0] == made[1]
    assert len(set(made[0])) > 400


@pytest.mark.parametrize("text", ['{"fault":"abc"}', "Traceback (most recent call last):", "Fatal error on transport"])
def test_control_what_a_server_writes_down_counts(text: str, tmp_path: Path):
    (tmp_path / "log").write_text(f'{{"method":"POST"}}\n{text}\n')
    report = Report()
    report.logged(tmp_path / "log")
    assert report.kinds() == {"logged"}
