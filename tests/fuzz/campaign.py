"""Runs the fuzzer against a server for so many inputs, and looks after the server's health while it does."""

import asyncio
from collections.abc import Callable
from random import Random

import httpx

from tests.fuzz import over_http, over_websocket
from tests.fuzz.report import Report, resident
from tests.fuzz.target import Target

AT_ONCE = 8
WARM = 0.2
"""The share of the inputs after which memory is first read: until then, caches fill."""


def growth(inputs: int) -> int:
    """Bytes by which a server's memory may grow while it takes so many inputs: the allocator's slack, and the log's."""
    return 24 * 2**20 + inputs * 64


async def campaign(target: Target, inputs: int, seed: int, progress: Callable[[int], None] = lambda _: None) -> Report:
    """All of it: what went wrong is in the report."""
    report = Report()
    warm = 0

    async def worker(number: int) -> None:
        nonlocal warm
        dice = Random(f"{seed} {number}")
        ways = (
            [over_http.bodies] * 4 + [over_websocket.messages] * 8 + [over_http.alone] * 3 + [over_websocket.handshake]
        )
        while report.inputs < inputs:
            await dice.choice(ways)(target, dice, report)
            progress(min(report.inputs, inputs))
            if not warm and report.inputs > inputs * WARM:
                warm = resident(target.pid)

    async with asyncio.TaskGroup() as workers:
        for number in range(AT_ONCE):
            workers.create_task(worker(number))
    await still_answers(target, report)
    grown = resident(target.pid) - warm
    report.answers["grown by KiB"] = grown // 1024
    if grown > growth(inputs):
        report.problem("memory", f"{grown} bytes more after {inputs} inputs".encode())
    return report


async def still_answers(target: Target, report: Report) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{target.port}", timeout=20) as http:
        headers = {"authorization": target.tokens[-1]}
        answer = await http.post("/graphql", json={"query": "{ viewer { user } }"}, headers=headers)
        if answer.status_code != 200 or "errors" in answer.json():
            report.problem("good request", b"", answer.content)
