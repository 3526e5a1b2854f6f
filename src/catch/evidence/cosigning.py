"""Asks witnesses, whom somebody else runs, to cosign how far the log has come: C2SP's tlog-witness.

Each is asked by itself, beside everything else: one that is away, slow or lying holds up no fact, no checkpoint and no
other witness. What it answers is believed as far as its signature goes, and kept beside the checkpoint. A witness that
has seen another past than there is here, or more of it, says so by what it refuses: that is said in the server's log.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import NamedTuple

import httpx

from catch.database import lost
from catch.evidence import kept
from catch.evidence.kept import Nodes, NotKept, Signed
from catch.evidence.notes import (
    COSIGNATURE,
    NUMBER,
    Checkpoint,
    NotProved,
    PublicKey,
    Signer,
    as_lines,
    taken_apart,
)
from catch.evidence.tree import consistency
from catch.faults import fault
from catch.log import Log

logger = logging.getLogger("catch.evidence")

EVERY = 1.0
"""Seconds between two requests to one witness, at the least; twice as many after each one that failed ..."""
SELDOM = 60.0
"""... up to so many."""
PATIENCE = 5.0
"""Seconds that a witness has to answer, and the database."""
LARGEST = 20_000
"""Bytes of an answer."""
BRIEF = 0.02
"""Seconds between two looks of somebody who waits."""

DONE = "select size from evidence_cosignatures where witness = $1 and generation = $2 order by size desc limit 1"
KEEP = """
    insert into evidence_cosignatures (generation, size, witness, line) values ($1, $2, $3, $4) on conflict do nothing
"""


class Asked(NamedTuple):
    """A witness: its key, and where it is asked."""

    key: PublicKey
    address: str

    @property
    def name(self) -> str:
        return f"{self.key.name}+{self.key.id.hex()}"


class Trouble(Exception):
    """Says in a sentence why a witness has not cosigned."""


class Denied(Trouble):
    """It has seen something else than there is here."""


def witnesses(said: Sequence[tuple[str, str]], secret: bytes) -> list[Asked]:
    """As they are set: each a public key and an address. `secret`: what signs here. Raises `NotProved`."""
    own, found = Signer("own", secret).public.key, list[Asked]()
    for text, address in said:
        key = PublicKey.read(text)
        if key.kind != COSIGNATURE:
            raise NotProved(
                f"The key of {key.name} is a log's, not a witness's: its operator has it from `catch witness`."
            )
        if key.key == own:
            raise NotProved(f"The key of {key.name} is this place's own: nobody is a witness to themselves.")
        if any(each.key.key == key.key for each in found):
            raise NotProved(f"The key of {key.name} is named twice.")
        found.append(Asked(key, address.removesuffix("/")))
    return found


class Cosigning:
    """`secret`: the 32 bytes that sign here."""

    def __init__(self, log: Log, secret: bytes, asked: Sequence[Asked]) -> None:
        self._log = log
        self._secret = secret
        self._asked = asked
        self._client: httpx.AsyncClient | None = None
        self.positions: dict[str, int] = {}
        """Up to where each witness has cosigned, as far as this server has seen."""
        self.troubles: dict[str, str] = {}
        """Why a witness cosigns nothing just now, if so."""

    async def run(self) -> None:
        """Until cancelled."""
        limits = httpx.Limits(max_connections=len(self._asked) + 1, keepalive_expiry=30)
        # Nothing of the environment: a password in somebody's .netrc is none for a witness.
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False, limits=limits) as self._client:
            await asyncio.gather(*map(self._follow, self._asked))

    async def reached(self, position: int, within: float) -> None:
        """Returns when each witness that can be asked has cosigned so much, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while any(self._waits(each, position) for each in self._asked):  # noqa: ASYNC110  (seldom, and briefly)
                    await asyncio.sleep(BRIEF)

    def _waits(self, witness: Asked, position: int) -> bool:
        return witness.name not in self.troubles and self.positions.get(witness.name, 0) < position

    async def _follow(self, witness: Asked) -> None:
        wait = EVERY
        while True:
            try:
                reached = await self.ask(witness)
            except Exception as problem:
                self._troubled(witness, problem)
                wait = min(2 * wait, SELDOM)
                await asyncio.sleep(wait)
                continue
            if self.troubles.pop(witness.name, None):
                logger.warning("the witness %s cosigns again", witness.key.name)
            self.positions[witness.name], wait = reached, EVERY
            await asyncio.sleep(EVERY)
            await self._log.grown(reached)

    def _troubled(self, witness: Asked, problem: Exception) -> None:
        if not isinstance(problem, Trouble):
            if not lost(problem):
                fault(problem, "witnesses")
            # What is away is the database.
            return
        why = str(problem)
        if self.troubles.get(witness.name) != why:
            tell = logger.error if isinstance(problem, Denied) else logger.warning
            tell("the witness %s does not cosign: %s", witness.key.name, why)
        self.troubles[witness.name] = why

    async def ask(self, witness: Asked) -> int:
        """Up to which position it has cosigned now. Raises `Trouble`."""
        last, checkpoint, old = await self._known(witness)
        if last is None or checkpoint is None:
            return 0
        if old == checkpoint.size:
            return last.position
        # What it has seen is known for sure by itself alone: it says so, and is asked once more.
        for _ in range(2):
            answer = await self._post(witness, as_lines(old, await self._proof(old, checkpoint.size)), last.note)
            if answer.status_code == HTTPStatus.CONFLICT:
                old = seen(answer.text)
                if old > checkpoint.size:
                    break
                continue
            line = cosignature(answer, last.note, witness.key)
            async with asyncio.timeout(PATIENCE):
                await self._log.pool.execute(KEEP, last.generation, last.size, witness.name, line)
            return last.position
        else:
            raise Trouble("It says that it has signed another number of facts each time.")
        _, now, _ = await self._known(witness)
        if now is not None and now.origin == checkpoint.origin and old <= now.size:
            return last.position  # another server was faster
        raise Denied(
            f"It has seen {old:,} facts signed, and there are {checkpoint.size:,} here. If the database was put back to"
            " an earlier state on purpose, say so: `catch restored`. Otherwise somebody changed it, or another server"
            " signs with this place's key: see `catch doctor`"
        )

    async def _known(self, witness: Asked) -> tuple[Signed | None, Checkpoint | None, int]:
        """The last checkpoint, and how far the witness has cosigned the same log."""
        async with asyncio.timeout(PATIENCE), self._log.pool.acquire() as connection:
            generation, last = await self._log.generations.standing(connection), await kept.last(connection)
            if last is None:
                return None, None, 0
            done = await connection.fetchval(DONE, witness.name, last.generation)
        key = kept.signer(generation.log, last.generation, self._secret).public
        try:
            return last, kept.checked(last, key), done or 0
        except NotProved:
            # That is the matter of whoever signs, who says so; nothing of it goes to a witness.
            return None, None, 0

    async def _proof(self, old: int, size: int) -> list[bytes]:
        async with asyncio.timeout(PATIENCE), self._log.pool.acquire() as connection:
            try:
                return await Nodes(connection).roots(consistency(old, size))
            except NotKept:
                raise Trouble("What proves that the log grew is not whole here: see `catch doctor`.") from None

    async def _post(self, witness: Asked, proof: str, note: str) -> httpx.Response:
        assert self._client is not None
        request = self._client.build_request(
            "POST", f"{witness.address}/add-checkpoint", content=f"{proof}\n{note}".encode(),
            headers={"content-type": "text/plain; charset=utf-8", "accept-encoding": "identity"},
        )  # fmt: skip
        try:
            # Of the whole: one that sends a byte a second is away, too.
            async with asyncio.timeout(PATIENCE):
                response = await self._client.send(request, stream=True)
                try:
                    body = b""
                    async for part in response.aiter_raw():
                        body += part
                        if len(body) > LARGEST:
                            raise Trouble(f"Its answer is larger than {LARGEST:,} bytes.")
                finally:
                    await response.aclose()
        except TimeoutError:
            raise Trouble(f"It did not answer within {PATIENCE:.0f} seconds.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise Trouble(f"It cannot be reached ({type(problem).__name__}).") from None
        return httpx.Response(response.status_code, content=body)


def seen(said: str) -> int:
    """How many facts the witness has signed, as it says. Raises `Trouble`."""
    if not NUMBER.fullmatch(said.removesuffix("\n")):
        raise Trouble("It says that it has signed something else, and not what.")
    return int(said)


REFUSED: Mapping[int, tuple[type[Trouble], str]] = {
    404: (Trouble, "It does not know this log. Give whoever runs it what `catch audit key` says."),
    403: (
        Trouble,
        "It knows this log by another key. Give whoever runs it what `catch audit key` says.",
    ),
    422: (
        Denied,
        "It has signed another past than there is here: ask whoever runs it what they keep, and see `catch doctor`",
    ),
}


def cosignature(answer: httpx.Response, note: str, key: PublicKey) -> str:
    """The witness's line, which fits what it was asked to sign. Raises `Trouble`."""
    if answer.status_code != HTTPStatus.OK:
        kind, why = REFUSED.get(answer.status_code, (Trouble, f"It answers {answer.status_code}."))
        raise kind(why)
    try:
        text, _ = taken_apart(note)
        _, signatures = taken_apart(f"{text}\n{answer.text}")
    except NotProved:
        raise Trouble("What it answers is no signature.") from None
    for each in signatures:
        if each.by(key) and key.verifies(text, each.signature):
            return each.line
    raise Trouble("What it answers is not its signature under this checkpoint.")
