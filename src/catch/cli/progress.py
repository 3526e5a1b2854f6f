"""Progress of long work over the log: a bar with speed and time left; without a terminal, now and then a line."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from catch.cli.common import complaints

PAUSE = 5.0
"""Seconds between two lines where there is no terminal."""


class Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.completed:,.0f} of {task.total or 0:,.0f}, {task.speed or 0:,.0f}/s")


class Facts:
    """Called with the position reached and the head of the log. The first call says where the work began."""

    def __init__(self, what: str, console: Console = complaints, pause: float = PAUSE) -> None:
        self._what = what
        self._console = console
        self._pause = pause
        self._drawn = Progress(
            TextColumn("{task.description}"), BarColumn(), Speed(), TimeRemainingColumn(), console=console
        )
        self._task = None
        self._began: tuple[float, int] | None = None
        self._said = time.monotonic()

    def __call__(self, position: int, head: int) -> None:
        if self._began is None:
            self._began = (time.monotonic(), position)
        if not self._console.is_terminal:
            self._say(position, head)
        elif self._task is None:
            self._task = self._drawn.add_task(self._what, total=head, completed=position)
            self._drawn.start()
        else:
            self._drawn.update(self._task, completed=position, total=head)

    def end(self) -> None:
        if self._task is not None:
            self._drawn.stop()

    def _say(self, position: int, head: int) -> None:
        assert self._began is not None
        now = time.monotonic()
        # The speed of a first moment would divide by nothing.
        if now - self._said < self._pause or now == self._began[0]:
            return
        self._said = now
        speed = (position - self._began[1]) / (now - self._began[0])
        left = f", about {lasting((head - position) / speed)} left" if speed else ""
        line = f"{self._what}: {position:,} of {head:,}, {speed:,.0f}/s{left}"
        self._console.print(line, highlight=False, soft_wrap=True)


def lasting(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@contextmanager
def facts(what: str) -> Generator[Facts]:
    drawn = Facts(what)
    try:
        yield drawn
    finally:
        drawn.end()
