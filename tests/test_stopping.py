"""A server that is told to stop ends in the end, whatever hangs: an end that never comes, or a loop that is held up."""

import signal
import subprocess
import sys

import pytest

from catch.cli.common import IN_PART

SERVER = """
import asyncio, sys, time
import uvloop
from catch.cli.serve import ended_in
from catch.web.serving import until_told_to_stop

hangs, patience = sys.argv[1], float(sys.argv[2])

async def run(told_to_stop):
    loop = asyncio.get_running_loop()
    def ready():
        if hangs == "the loop":
            loop.call_soon(lambda: (print("ready", flush=True), time.sleep(3600)))
        else:
            print("ready", flush=True)
    await until_told_to_stop(ready, told_to_stop)
    if hangs == "the end":
        await asyncio.sleep(3600)

with ended_in(patience) as told_to_stop:
    (uvloop if sys.argv[3] == "uvloop" else asyncio).run(run(told_to_stop))
print("in order", flush=True)
"""


def stopped(hangs: str, patience: float, loop: str) -> tuple[int, str]:
    """Its exit status and what it said, once it was told to stop."""
    command = [sys.executable, "-c", SERVER, hangs, str(patience), loop]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            server.send_signal(signal.SIGTERM)
            said, complaints = server.communicate(timeout=60)
            return server.returncode, said + complaints
        finally:
            server.kill()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("hangs", ["the end", "the loop"])
def test_it_ends_whatever_hangs(hangs: str, loop: str):
    status, said = stopped(hangs, 0.5, loop)
    assert status == IN_PART
    assert "stopped though not everything had ended" in said


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_what_ends_by_itself_ends_in_order(loop: str):
    assert stopped("nothing", 600, loop) == (0, "in order\n")
