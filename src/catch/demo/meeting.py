"""Tuesday's meeting, played: a chair, a coordinator, five partners and an auditor, each on a socket of their own.

Every command is timed from sending it until the last of the eight screens that is told of it has drawn it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from msgspec import Struct, field

from catch.demo.cases import SERIES
from catch.demo.client import Client, Json, WentWrong, connected
from catch.demo.people import AUDITOR, AUDITORS, CHAIR, LEAD_AGENCY
from catch.demo.year import Year
from catch.domain.calendar import london_day
from catch.domain.case.state import ProposalPurpose
from catch.domain.facts import Role

NOTING = 8
_DRAWN_WITHIN = 10.0
_A_MOMENT = 0.03
_SITUATIONS = (
    "Visits have begun and are welcome.",
    "Letters are being answered together now.",
    "The repair is booked; the kitchen works again.",
    "Still hard weeks, with good days between.",
)


class Timed(Struct):
    """One command: how long (seconds) until each screen had drawn it, by participant."""

    command: str
    position: int
    sent: float
    drawn: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def everywhere(self) -> float:
        return max(self.drawn.values())


class Outcome(Struct):
    """How the meeting went. Times are in seconds; `recused` is what the recused member's screen said."""

    items: int
    decisions: int
    actions: int
    deferred: int
    times: list[float]
    slowest: str
    recused: str

    @property
    def last_line(self) -> str:
        return (
            f"meeting ended: {self.items} items, {self.decisions} decisions, "
            f"{self.actions} actions, {self.deferred} deferred"
        )


Tokens = Callable[[Role, str, str], str]
"""A token for a role, an agency and a user."""
Watcher = Callable[[Sequence[Client], str], None]
"""Told after each command who takes part, the chair first, and what was just done."""


class Playing:
    """The script, and the clock that times it."""

    def __init__(self, year: Year, watch: Watcher, pause: float) -> None:
        self.year, self.watch, self.pause = year, watch, pause
        self.day = london_day(year.starts_at)
        self.clients: dict[str, Client] = {}
        self.times: list[Timed] = []
        self._arrived = asyncio.Event()
        self._reached: dict[str, list[tuple[int, float]]] = {}
        self.recused = ""

    async def play(self, url: str, token: Tokens) -> Outcome:
        """Raises WentWrong where the server does not answer as the script expects."""
        async with AsyncExitStack() as stack:
            seats = [
                ("chair", Role.CHAIR, LEAD_AGENCY, CHAIR),
                ("coordinator", Role.COORDINATOR, LEAD_AGENCY, self.year.coordinator),
                *((agency, Role.PARTNER, agency, user) for agency, user in self.year.agencies.items()),
                ("auditor", Role.AUDITOR, AUDITORS, AUDITOR),
            ]
            for name, role, agency, user in seats:
                told = token(role, agency, user)
                client = await stack.enter_async_context(connected(url, told, user, agency, self.drew))
                self.clients[name] = client
                self._reached[client.screen.title] = []
                await client.follow(self.year.meeting)
            # Nothing is timed before every screen shows the present state.
            await self.everybody_reached(1)
            await self.prepare()
            await self.go_through()
            return await self.finish()

    # Timing

    def drew(self, client: Client, position: int, at: float) -> None:
        self._reached[client.screen.title].append((position, at))
        self._arrived.set()

    async def reached(self, clients: Sequence[Client], position: int) -> None:
        try:
            async with asyncio.timeout(_DRAWN_WITHIN):
                await self.until(clients, position)
        except TimeoutError:
            late = [client.screen.title for client in clients if client.screen.position < position]
            raise WentWrong(f"position {position} did not reach {', '.join(late)}") from None

    async def until(self, clients: Sequence[Client], position: int) -> None:
        while any(client.screen.position < position for client in clients):
            self._arrived.clear()
            await self._arrived.wait()

    async def everybody_reached(self, position: int) -> None:
        await self.reached([*self.clients.values()], position)

    async def drawn_by_those_told(self, client: Client, position: int) -> None:
        """The organisers and whoever acted are told of everything; of the others nobody here knows who is, so they are
        given a moment.
        """
        await self.reached([self.clients["chair"], self.clients["coordinator"], client], position)
        with suppress(TimeoutError):
            async with asyncio.timeout(_A_MOMENT):
                await self.until([*self.clients.values()], position)

    async def act(self, client: Client, command: str, **fields: object) -> None:
        """Send a command and wait until those who are told have drawn what it led to."""
        # Only what is drawn from now on is this command's.
        for heard in self._reached.values():
            heard.clear()
        sent = time.perf_counter()
        position = await client.act(command, **fields)
        await self.drawn_by_those_told(client, position)
        drawn = {
            name: at - sent
            for name, heard in self._reached.items()
            # The first time that a screen had come so far; it may be drawn again.
            for at in [at for reached, at in heard if reached >= position][:1]
        }
        self.times.append(Timed(command, position, sent, drawn))
        for other in self.clients.values():
            if other.screen.title in drawn:
                other.screen.latencies.append(drawn[other.screen.title])
        self.watch(list(self.clients.values()), f"{command} by {client.agency}")
        await asyncio.sleep(self.pause)

    async def on(self, client: Client, command: str, **fields: object) -> None:
        await self.act(client, command, meeting=self.year.meeting, **fields)

    # The script

    async def prepare(self) -> None:
        """Drafted by the coordinator, published and opened by the chair; everybody comes in and is bound."""
        chair, coordinator = self.clients["chair"], self.clients["coordinator"]
        await self.on(coordinator, "draftAgenda")
        await self.on(chair, "publishAgenda")
        await self.on(chair, "startMeeting")
        for client in (coordinator, *(self.clients[agency] for agency in self.year.agencies)):
            await self.on(client, "joinMeeting", user=client.user, agency=client.agency)
            await self.on(client, "acceptConfidentiality", user=client.user)

    async def agenda(self) -> list[Json]:
        return (await self.as_it_stands("agenda_cases"))["agenda"]["items"]

    async def as_it_stands(self, document: str) -> Json:
        """The coordinator asks for the meeting with everything that was done so far."""
        done = str(self.times[-1].position)
        return (await self.clients["coordinator"].ask(document, id=str(self.year.meeting), atLeast=done))["meeting"]

    async def go_through(self) -> None:
        items = await self.agenda()
        waiting = [item for item in items if item["case"] and item["section"] != NOTING]
        recused = await self.recuse(waiting)
        late_after, put_off = max(1, len(waiting) // 3), waiting[-1:]
        for place, item in enumerate(waiting):
            if place == late_after:
                await self.urgent({item["case"]["id"] for item in items if item["case"]})
            if item in put_off and item is not recused:
                await self.on(self.clients["chair"], "deferItem", item=item["id"], reason="REQUIRED_PARTNER_ABSENT")
            else:
                await self.discuss(item, place, watched=item is recused)
        for item in items:
            if item["section"] == NOTING:
                await self.on(self.clients["coordinator"], "noteItem", item=item["id"])

    async def recuse(self, items: Sequence[Json]) -> Json | None:
        """A partner who knows the family says so, and is kept out of that item from this moment."""
        for item in items:
            for agency in self.seated(item):
                client = self.clients[agency]
                if client.screen.withheld(item["id"]) is None:
                    note = "A relative of mine."
                    await self.on(
                        client, "declareInterest", item=item["id"], user=client.user, agency=agency, note=note
                    )
                    self.recused = f"{client.screen.title}: {self.shown(client, item)}"
                    return item
        return None

    def shown(self, client: Client, item: Json) -> str:
        listed = client.screen.item(item["id"])
        return client.screen.line(listed).strip() if listed else "nothing"

    def seated(self, item: Json) -> list[str]:
        """The agencies at the screens that have a part in the item's case."""
        held = [one["agency"] for one in item["case"]["involvements"] if not one["endedAt"]]
        return [agency for agency in self.year.agencies if agency in held]

    async def discuss(self, item: Json, place: int, *, watched: bool = False) -> None:
        coordinator, key = self.clients["coordinator"], item["id"]
        await self.on(self.clients["chair"], "openItem", item=key, knownBy=coordinator.user)
        await self.on(coordinator, "recordUpdate", item=key, situation=_SITUATIONS[place % len(_SITUATIONS)])
        decision = uuid4()
        await self.on(
            coordinator,
            "recordDecision",
            item=key,
            decision=decision,
            code="ACCEPT_TO_SUPPORT" if item["section"] == 3 else "CONTINUE",
            agreedBy=[LEAD_AGENCY],
            toTellPerson={"who": coordinator.user, "by": self.day + timedelta(days=3)},
        )
        if place < 8:
            await self.offer(item, decision, place)
        await self.on(self.clients["chair"], "closeItem", item=key)
        if watched:
            client = next(c for c in self.clients.values() if self.recused.startswith(c.screen.title))
            self.recused = f"{client.screen.title}: {self.shown(client, item)}"

    async def offer(self, item: Json, decision: UUID, place: int) -> None:
        """An action for whoever has a part in the case: accepted in the room, accepted at once, or declined."""
        owners = [agency for agency in self.seated(item) if not self.recused_from(agency, item)]
        if not owners:
            return
        owner, action = self.clients[owners[place % len(owners)]], uuid4()
        in_the_room = place % 3 == 0
        await self.on(
            self.clients["coordinator"],
            "offerActionInMeeting",
            item=item["id"],
            action=action,
            title="Visit together and agree the next step",
            owner=owner.agency,
            ownerUser=owner.user if in_the_room else None,
            due=self.day + timedelta(days=21),
            decision=decision,
            accepted=in_the_room,
        )
        if not in_the_room:
            yes = place % 3 == 1
            await self.act(
                owner,
                "respondToAction",
                case=item["case"]["id"],
                action=action,
                answer="ACCEPT" if yes else "DECLINE",
                reason=None if yes else "No places before next month.",
            )

    def recused_from(self, agency: str, item: Json) -> bool:
        return self.clients[agency].screen.withheld(item["id"]) is not None

    async def urgent(self, on_agenda: set[str]) -> None:
        """Something happened last night: the coordinator proposes a case, the chair puts it on the running agenda."""
        case = next((case for case in self.year.late if str(case) not in on_agenda), None)
        if case is None:
            return
        item, presenter = uuid4(), self.year.late[case]
        # Of the case alone: no screen of the meeting is told of it.
        await self.clients["coordinator"].act(
            "proposeForMeeting",
            case=case,
            proposal=uuid4(),
            series=SERIES,
            purpose=ProposalPurpose.URGENT.name,
            presenter={"user": presenter, "agency": LEAD_AGENCY},
            personInformed=True,
        )
        await self.on(
            self.clients["chair"],
            "addLateItem",
            item=item,
            case=case,
            urgency="Found outside at night; it cannot wait a week.",
            presenter=presenter,
            basis="AGREEMENT",
        )
        found = next(one for one in await self.agenda() if one["id"] == str(item))
        await self.discuss(found, 0)

    async def finish(self) -> Outcome:
        chair = self.clients["chair"]
        await self.on(chair, "endMeeting")
        await self.on(chair, "confirmMinutes")
        await self.everybody_reached(self.times[-1].position)
        tally = await self.as_it_stands("agenda_tally")
        items: list[Any] = [item for item in tally["agenda"]["items"] if item["state"] != "REMOVED"]
        slowest = max(self.times, key=lambda timed: timed.everywhere)
        return Outcome(
            items=len(items),
            decisions=sum(len(item["decisions"]) for item in items),
            actions=sum(len(item["actions"]) for item in items),
            deferred=sum(item["state"] == "DEFERRED" for item in items),
            times=sorted(timed.everywhere for timed in self.times),
            slowest=slowest.command,
            recused=self.recused,
        )


async def play(url: str, year: Year, token: Tokens, watch: Watcher, pause: float = 0.0) -> Outcome:
    return await Playing(year, watch, pause).play(url, token)
