"""The face of the command side: a command in, its answer or a refusal out, and a line about it in the request log."""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from catch import telemetry
from catch.access import Asker
from catch.commands.asked import Asked, content
from catch.commands.questions import Records
from catch.commands.taking import Taking
from catch.commands.turns import Turns
from catch.database import lost
from catch.domain.facts import Actor, Command, Purpose
from catch.domain.refusals import Refused
from catch.domain.restricted import RaiseSafeguardingConcern, SafeguardingConcernRaised
from catch.domain.streams import REGISTER
from catch.log.entries import Answer, Conflict, Unavailable

# With the waits between them some 0.4 s at most, which is long enough for a command to meet many rivals.
_ATTEMPTS = 12
_LONGEST_WAIT = 0.05  # seconds
_requests = logging.getLogger("catch.commands")


class Commands:
    """Takes commands. One a process; any number of processes may share one log."""

    def __init__(self, records: Records, now: Callable[[], datetime] | None = None) -> None:
        self._records = records
        self._now = now or records.log.clock.now
        self._turns = Turns()

    async def take(
        self,
        command: Command,
        *,
        by: Actor | Asker,
        command_id: UUID,
        occurred_at: datetime | None = None,
        expected_version: int | None = None,
        purpose: Purpose = Purpose.DIRECT_CARE,
        proved_at: datetime | None = None,
    ) -> Answer:
        """Decide and record. Raises a `Refused`; exactly the same command taken before gets its first answer."""
        started = asyncio.get_running_loop().time()
        now = self._now()
        at = occurred_at.astimezone(UTC) if occurred_at else None
        # Keyed: whoever reads the table of commands must not be able to try out guesses of what was sent.
        digest = self._records.keyring.command_digest(content(command, by))
        if isinstance(command, RaiseSafeguardingConcern):
            expected_version = None  # to be told that one is stale tells that there is something
        asked = Asked(command, by, command_id, digest, at, now, expected_version, purpose, proved_at)
        try:
            answer = await telemetry.within("command", self._answer(asked), command=type(command).__name__)
        except Refused as refused:
            self._note(asked, started, refused=refused.code)
            if telemetry.on is not None:
                telemetry.on.refused(refused.code)
            raise
        self._note(asked, started, position=answer.position, repeated=answer.repeated)
        return alike(command, answer)

    async def _answer(self, asked: Asked) -> Answer:
        taking = Taking(asked, self._records)
        try:
            for attempt in range(_ATTEMPTS):
                # A caseload, a calendar, a meeting may be wanted by many at once: after the first try they take turns.
                async with self._turns.at(taking.rivals):
                    answer = await taking.attempt()
                if answer is not None:
                    return answer
                # Rivals that wait equally long would only meet again.
                await asyncio.sleep(random.uniform(0, min(0.002 * 2**attempt, _LONGEST_WAIT)))  # noqa: S311  (jitter, not a secret)
        # Whatever is read on the way may meet an outage, not only the append.
        except Exception as error:
            if lost(error):
                raise Unavailable from None
            raise
        raise Conflict(attempts=_ATTEMPTS)

    def _note(self, asked: Asked, started: float, **outcome: object) -> None:
        """One line a command: what, in which role, how long, and the position or refusal it led to. No contents."""
        if _requests.isEnabledFor(logging.INFO):
            taken = round((asyncio.get_running_loop().time() - started) * 1000, 1)
            by = asked.by
            line = {"command": type(asked.command).__name__, "role": by.role, "agency": by.agency, "ms": taken}
            _requests.info(msgspec.json.encode(line | outcome).decode())


_REGISTERED = frozenset(event.__name__ for event in REGISTER.events)


def alike(command: Command, answer: Answer) -> Answer:
    """Nobody is told what was entered in a register; and whoever raises a concern hears that it was taken, and nothing
    of what else is known.
    """
    if not isinstance(command, RaiseSafeguardingConcern):
        return answer._replace(events=tuple([event for event in answer.events if event not in _REGISTERED]))
    return answer._replace(stream=command.case, version=0, events=(SafeguardingConcernRaised.__name__,))
