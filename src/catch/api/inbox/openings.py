"""Facts that open an inbox's entries to its reader, or close them, without being about one of them.

Somebody reads what their agency is asked to do as long as it has a part in the case, a seat gives it to them and
nothing keeps them out. Such a fact is told to whoever is shown something else by it, and to nobody else: that is worked
out from what the stream was before it and behind it, so that it is the same live and replayed. Which fact it was is not
told.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from catch.access import Changes, Seat, Who, guards, seats_of, sight, telling
from catch.api.common.facts import Facts
from catch.api.inbox.view import reads_actions
from catch.app import Catch
from catch.domain.access_grant import BreakGlassEnded, Grants
from catch.domain.case.state import OPEN_ACTION, Case, Worker
from catch.domain.facts import Recorded
from catch.domain.meeting.state import Invitation, Meeting
from catch.domain.streams import ACCESS_GRANT, CASE, MEETING, Stream
from catch.history.past import Moment, histories
from catch.present.states import Held, folded
from projections import agency_inbox

Fact = Recorded[Any]
Around = tuple[Any, Any]
"""A stream's state before a fact and behind it."""


class Openings:
    def __init__(self, catch: Catch) -> None:
        self._catch = catch
        # Every reader of an inbox is asked about the same fact, one after the other.
        self._position = -1
        self._known: dict[UUID, list[Fact]] = {}

    async def invited(self, who: Who, event: Fact) -> tuple[Invitation, ...]:
        """The invitations of theirs that a fact of the meeting moves, or takes away; none of any other fact."""
        if not isinstance(event.event, agency_inbox.OF_MEETINGS):
            return ()
        meeting: Meeting | None = (await self._around(MEETING, event))[0]
        held = meeting.invitations if meeting else ()
        return tuple(each for each in held if each.agency == who.agency and each.user in (None, who.user))

    async def otherwise(self, who: Who, event: Fact, facts: Facts) -> bool:
        """Whether they read what they are asked to do in some case, and did not before, or the other way round."""
        match telling(event.event).changes:
            case Changes.CASE:
                return await self._read_otherwise(who, event, facts)
            case Changes.SEATS:
                return await self._seated_otherwise(who, event, facts)
            case Changes.PARTNER:
                # Of their agency: its agreements are for all, a role or a suspension for the one who has it.
                return getattr(event.event, "user", who.user) == who.user
            case Changes.GLASS:
                return await self._alerted(who, event)
            case Changes.PERSON | Changes.MEETING | None:
                return False

    async def _alerted(self, who: Who, event: Fact) -> bool:
        """Those who look into it, and whoever coordinates the case. That it was ended changes nothing of what waits."""
        if isinstance(event.event, BreakGlassEnded):
            return False
        grants: Grants | None = (await self._around(ACCESS_GRANT, event))[1]
        glass = grants.glass(event.event.opening) if grants else None
        lead = glass.opened.lead if glass else None
        return guards(who, {event.event.programme}) or (lead is not None and lead == Worker(who.user, who.agency))

    async def _read_otherwise(self, who: Who, event: Fact, facts: Facts) -> bool:
        before, behind = await self._around(CASE, event)
        if not asked(who, before) and not asked(who, behind):
            return False
        await facts.seats([event.stream])
        meetings = await self._then(MEETING, sorted(self._catch.present.appearances.meetings([event.stream])), event)
        seats = seated(meetings, event.stream)
        return reads(who, before, seats, facts) != reads(who, behind, seats, facts)

    async def _seated_otherwise(self, who: Who, event: Fact, facts: Facts) -> bool:
        appearances = self._catch.present.appearances
        owned = await self._owned(who.agency, appearances.cases(event.stream))
        if not owned:
            return False
        await facts.seats(owned)
        before, behind = await self._around(MEETING, event)
        for case in await self._then(CASE, owned, event):
            others = await self._then(MEETING, sorted(appearances.meetings([case.case]) - {event.stream}), event)
            was, now = (seated([*others, each], case.case) for each in (before, behind))
            if reads(who, case, was, facts) != reads(who, case, now, facts):
                return True
        return False

    async def _owned(self, agency: str, cases: Iterable[UUID]) -> list[UUID]:
        """Those in which the agency has an action, ended or not."""
        held = await self._catch.present.states.gather(CASE, sorted(cases))
        states: list[Case] = [each.state for each in held if isinstance(each, Held) and each.state]
        return [case.case for case in states if any(each.owner == agency for each in case.actions)]

    async def _around(self, stream: Stream, event: Fact) -> Around:
        [recorded] = await self._recorded([event.stream], event)
        return folded(stream, recorded[:-1]).state, folded(stream, recorded).state

    async def _then(self, stream: Stream, ids: Sequence[UUID], event: Fact) -> list[Any]:
        """The states of these streams as of the fact: what one command says of several must not count as having been so
        before."""
        states = [folded(stream, recorded).state for recorded in await self._recorded(ids, event)]
        return [each for each in states if each is not None]

    async def _recorded(self, ids: Sequence[UUID], event: Fact) -> list[list[Fact]]:
        if self._position != event.position:
            self._position, self._known = event.position, {}
        known = self._known
        if missing := [id_ for id_ in ids if id_ not in known]:
            known |= await histories(self._catch.log, missing, Moment(event.position))
        return [known[id_] for id_ in ids]


def seated(meetings: Iterable[Meeting | None], case: UUID) -> tuple[Seat, ...]:
    return tuple(seat for meeting in meetings if meeting for seat in seats_of(meeting, case))


def asked(who: Who, case: Case | None) -> bool:
    """Whether anything of the case waits in an inbox of theirs."""
    if case is None:
        return False
    if passed(case) and (case.lead.agency == who.agency if case.lead else who.keeps_the_door(case.programme)):
        return True
    return any(each.owner == who.agency and each.state in OPEN_ACTION for each in case.actions)


def passed(case: Case) -> bool:
    """Whether it is told that a clock of the case has passed: it is not over yet."""
    return case.live and any(each.breach for each in case.passed)


def reads(who: Who, case: Case | None, seats: tuple[Seat, ...], facts: Facts) -> bool:
    return case is not None and asked(who, case) and reads_actions(sight(who, case, seats, facts.at), own=True)
