"""A query over HTTP, again and again, on connections that stay open."""

import asyncio
from time import perf_counter
from typing import NamedTuple, cast

import msgspec

from catch.bench.appends import Rate, percentile


class Question(NamedTuple):
    port: int
    request: bytes


def question(port: int, query: str, variables: dict[str, str], token: str) -> Question:
    body = msgspec.json.encode({"query": query, "variables": variables})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\nAuthorization: {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Question(port, head.encode() + body)


class Caller(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, and asks again."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.taken: list[float] = []
        self.body = b""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asking = True
        self._rest = b""
        self._began = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(ConnectionError("the server hung up"))

    def _ask(self) -> None:
        self._began = perf_counter()
        self._transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        head = self._rest.find(b"\r\n\r\n")
        if head < 0:
            return
        said = self._rest[:head].lower()
        found = said.index(b"content-length:") + 15
        length = int(said[found:].split(b"\r\n", 1)[0])
        if len(self._rest) < head + 4 + length:
            return
        self.taken.append(perf_counter() - self._began)
        self.body, self._rest = self._rest[head + 4 :], b""
        if self.asking:
            self._ask()
        # An answer under way is waited for, so that the server is not left writing to nobody.
        elif not self.over.done():
            self.over.set_result(None)
            self._transport.close()


async def asked(question: Question, at_once: int, seconds: float) -> tuple[Rate, bytes]:
    """How often it was answered, and the last answer."""
    loop = asyncio.get_running_loop()
    callers: list[Caller] = []
    for _ in range(at_once):
        _, caller = await loop.create_connection(lambda: Caller(question.request), "127.0.0.1", question.port)
        callers.append(caller)
    # Not counted: what the server has to look up once it has looked up by then.
    await asyncio.sleep(seconds / 4)
    for caller in callers:
        caller.taken.clear()
    began = perf_counter()
    await asyncio.sleep(seconds)
    took = perf_counter() - began
    taken = [each for caller in callers for each in caller.taken]
    for caller in callers:
        caller.asking = False
    await asyncio.gather(*(caller.over for caller in callers))
    return Rate(len(taken) / took, percentile(taken, 0.5), percentile(taken, 0.99)), callers[0].body
