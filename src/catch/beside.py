"""A process of our own beside this one, for work that would stop everybody else. It ends with the block.

`beside` starts it, and it answers with `answer`.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager


@asynccontextmanager
async def beside(module: str, env: Mapping[str, str] | None = None) -> AsyncGenerator[Process]:
    """Runs the module's `main`, with pipes to write to it and read from it. `env`: without it, as this process has."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"from {module} import main; main()", stdin=PIPE, stdout=PIPE, env=env
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def answer(said: bytes) -> None:
    """Tells whoever started this process, all of it."""
    # Where Python runs unbuffered, as in a container, `sys.stdout.buffer` writes once: a signal in between, and the
    # rest is lost without a word.
    with open(sys.stdout.fileno(), "wb", closefd=False) as out:
        out.write(said)
