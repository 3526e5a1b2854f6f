"""What a process beside says reaches whoever started it whole, also where Python runs unbuffered and signals come."""

import subprocess
import sys
import time

import pytest

SAID = 3_000_000
BESIDE = f"""
import signal, sys
from catch.beside import answer
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
said = b"x" * {SAID}
%s
signal.setitimer(signal.ITIMER_REAL, 0)
"""


@pytest.mark.parametrize(("tells", "whole"), [("answer(said)", True), ("sys.stdout.buffer.write(said)", False)])
def test_nothing_of_an_answer_is_lost(tells: str, whole: bool):
    with subprocess.Popen([sys.executable, "-u", "-c", BESIDE % tells], stdout=subprocess.PIPE) as beside:
        assert beside.stdout is not None
        # It has begun, the pipe is full, and it waits.
        first = beside.stdout.read(1)
        time.sleep(0.05)
        assert (len(first + beside.stdout.read()) == SAID) is whole
    assert beside.returncode == 0
