"""What a run of the fuzzer found."""

import re
from collections import Counter
from pathlib import Path

from msgspec import Struct, field

INSIDE = re.compile(rb'"INTERNAL"|Traceback \(most|File \\?"/')
"""What no answer may hold: a fault of ours, or a look inside."""
LOGGED = re.compile(
    r'^.*("fault"|Traceback \(most|Exception in ASGI|Fatal error|Task exception|Unhandled).*$', re.MULTILINE
)
"""What the server's log may not hold."""
MOST = 20
"""Problems of one kind that are kept."""


class Problem(Struct, frozen=True):
    """`kind` is a status, a close code, or a word; `sent` and `came` are cut."""

    kind: str
    sent: bytes
    came: bytes = b""

    def __str__(self) -> str:
        return f"{self.kind}: sent {self.sent[:400]!r}, came {self.came[:300]!r}"


class Report(Struct):
    """`answers` counts statuses and close codes, by way of input."""

    inputs: int = 0
    answers: Counter[str] = field(default_factory=lambda: Counter[str]())
    problems: list[Problem] = []

    def problem(self, kind: str, sent: bytes, came: bytes = b"") -> None:
        if sum(problem.kind == kind for problem in self.problems) < MOST:
            self.problems.append(Problem(kind, sent, came))

    def kinds(self) -> set[str]:
        return {problem.kind for problem in self.problems}

    def status(self, status: int, sent: bytes, came: bytes) -> None:
        self.answers[f"HTTP {status}"] += 1
        if status >= 500:
            self.problem(f"HTTP {status}", sent, came)
        else:
            self.frame(sent, came)

    def close(self, code: int, sent: bytes, came: bytes) -> None:
        self.answers[f"close {code}"] += 1
        if code in (1011, 4500):
            self.problem(f"close {code}", sent, came)

    def frame(self, sent: bytes, came: bytes) -> None:
        if INSIDE.search(came):
            self.problem("inside", sent, came)

    def logged(self, file: Path) -> None:
        """What a server writes down of itself counts like what it answers."""
        for line in LOGGED.finditer(file.read_text(errors="replace")):
            self.problem("logged", line[0].encode())


def resident(pid: int) -> int:
    """Bytes of memory that a process has in use."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
