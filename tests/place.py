"""A whole place for a test: its database, its server on a real port, and the people who work there."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from catch.api.mutations import camel
from catch.app import Catch, opened
from catch.commands.enrolling import in_programme
from catch.database.server import Server
from catch.domain.calendar import london_day
from catch.domain.case.agreement import RecordAgreement
from catch.domain.case.coordination import AllocateCoordinator, RecordConversation
from catch.domain.case.disclosure import AuthoriseDisclosure, InvolvePartner
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import (
    Basis,
    CommonLawBasis,
    ConversationFormat,
    LegalBasis,
    ProposalPurpose,
    SpecialCategoryBasis,
    Worker,
)
from catch.domain.facts import Actor, Category, Command, Recorded, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.state import Meeting
from catch.domain.partner import (
    EnrolMember,
    GiveRole,
    Partner,
    RegisterPartner,
    RunningPart,
    RunProgramme,
    SignAgreement,
)
from catch.domain.partner.members import IN_THE_PLACE
from catch.domain.person import RegisterPerson
from catch.domain.programme import LoadProgramme
from catch.domain.programme.configuration import Milestone, Programme
from catch.domain.streams import MEETING, PARTNER, partner_stream, programme_stream
from catch.domain.streams import PROGRAMME as STREAM_OF_PROGRAMMES
from catch.identity.settings import Trusted
from catch.identity.tokens import DevelopmentIssuer, Viewer
from catch.live.feed import Feed
from catch.log import Answer
from catch.present.answers import Answers
from catch.present.rights import Rights
from catch.programmes import shipped, starting
from catch.settings import Settings
from catch.web.serving import serving
from tests.contacts import TAKES

PROGRAMME, SERIES = "snn-catch", "catch-weekly"
SYSTEM = Actor("system", "catch", Role.SYSTEM)
ADMINISTRATOR = Actor("administrator@snn", "snn", Role.ADMINISTRATOR)
COORDINATOR = Actor("coordinator@snn", "snn", Role.COORDINATOR)
CHAIR = Actor("chair@snn", "snn", Role.CHAIR)
HOUSING = Actor("member@housing-1", "housing-1", Role.PARTNER)
POLICE = Actor("member@police-1", "police-1", Role.PARTNER)
AUDITOR = Actor("auditor@audit", "audit", Role.AUDITOR)
REFERRER = Actor("desk@surgery-1", "surgery-1", Role.REFERRER)
BASIS = Basis(LegalBasis.PUBLIC_TASK, CommonLawBasis.IMPLIED_CONSENT, SpecialCategoryBasis.HEALTH_OR_SOCIAL_CARE)
EVERYTHING = frozenset(Category)
MOST = frozenset(
    {Category.IDENTITY, Category.CONTACT, Category.NEEDS, Category.PLAN, Category.DISCUSSION, Category.ACTIONS}
)


def ago(**how_long: float) -> datetime:
    return datetime.now(UTC) - timedelta(**how_long)


class Case(Struct):
    """A case with the texts that belong to it alone: whoever may not know them must never receive them."""

    case: UUID
    person: UUID
    name: str
    reason: str
    matters: str

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.name, self.reason, self.matters)


R = TypeVar("R", bound=Rights)
A = TypeVar("A", bound=Answers)


def rights_of(catch: Catch, kind: type[R]) -> R:
    """A viewer's rights by rules of the test's own."""
    return kind(catch.log, catch.present.states, catch.present.appearances)


def answers_of(catch: Catch, kind: type[A]) -> A:
    """Kept answers of the test's own."""
    return kind(catch.present.states, catch.present.appearances, catch.keyring, catch.readside, catch.log.clock.now)


class Place:
    def __init__(self, catch: Catch, port: int, http: httpx.AsyncClient) -> None:
        self.catch = catch
        self.port = port
        self.http = http
        self.issuer = DevelopmentIssuer(catch.settings.data_dir, clock=time.time)

    def token(self, by: Actor) -> str:
        return "Bearer " + self.issuer.issue(role=by.role, agency=by.agency, user=by.user)

    async def post(self, body: Any, by: Actor | str = COORDINATOR) -> httpx.Response:
        """`by` is an actor, or what the authorization header shall say."""
        authorization = self.token(by) if isinstance(by, Actor) else by
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"authorization": authorization, "content-type": "application/json"}
        return await self.http.post("/graphql", content=content, headers=headers)

    async def answer(self, query: str, by: Actor = COORDINATOR, /, **variables: Any) -> Any:
        """The whole body, errors and all."""
        response = await self.post({"query": query, "variables": variables}, by)
        # While the records are away nothing of it can be answered.
        assert response.status_code in (200, 503), response.text
        return response.json()

    async def ask(self, query: str, by: Actor = COORDINATOR, /, **variables: Any) -> Any:
        body = await self.answer(query, by, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def code(self, query: str, by: Actor = COORDINATOR, /, **variables: Any) -> str:
        """The code of the one error that the query is answered with."""
        body = await self.answer(query, by, **variables)
        assert len(body["errors"]) == 1, body
        assert body["errors"][0]["message"]
        return body["errors"][0]["extensions"]["code"]

    @property
    def feed(self) -> Feed[Viewer, Recorded[Any]]:
        """The server's, who follows what."""
        owners: list[Any] = [getattr(listener, "__self__", None) for listener in self.catch.present.follower.listeners]
        return next(owner for owner in owners if issubclass(type(owner), Feed))

    @asynccontextmanager
    async def knock(self) -> AsyncGenerator["Client"]:
        """A client that has not said who it is."""
        address = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None) as socket:
            yield Client(socket)

    @asynccontextmanager
    async def live(self, by: Actor) -> AsyncGenerator["Client"]:
        async with self.knock() as client:
            await client.send(type="connection_init", payload={"authorization": self.token(by)})
            assert (await client.receive())["type"] == "connection_ack"
            yield client

    # Commands

    async def sent(self, command: Command, by: Actor = COORDINATOR, version: int | None = None) -> Any:
        """What a client is answered who sends the command: the mutation of its name over HTTP."""
        kind = type(command).__name__
        name = kind[0].lower() + kind[1:]
        query = f"""mutation($i: {kind}Input!, $c: UUID!, $v: Int) {{
            {name}(input: $i, commandId: $c, expectedVersion: $v) {{
                ... on Accepted {{ position events }}
                ... on Refused {{ code message details {{ name value }} }} }} }}"""
        return (await self.ask(query, by, i=as_input(command), c=str(uuid4()), v=version))[name]

    async def mutate(self, command: Command, by: Actor = COORDINATOR) -> Any:
        """The same, and it must be accepted."""
        answer = await self.sent(command, by)
        assert "position" in answer, (command, answer)
        return answer

    async def refused(self, command: Command, by: Actor = COORDINATOR, version: int | None = None) -> str | None:
        """The code that a client is refused with; None where the command is accepted."""
        return (await self.sent(command, by, version)).get("code")

    async def take(
        self, command: Command, by: Actor = COORDINATOR, at: datetime | None = None, command_id: UUID | None = None
    ) -> Answer:
        """As somebody who has just shown who they are."""
        return await self.catch.commands.take(
            command,
            by=by,
            command_id=command_id or uuid4(),
            occurred_at=at,
            proved_at=self.catch.log.clock.now(),
        )

    async def widened(self) -> None:
        """From now on the place has a licence for whatever the programme's instruments need one for, and the programme
        waits for somebody to be home.
        """
        held = await self.programme()
        instruments = tuple(replace(each, licence="invented-1") for each in held.instruments)
        await self.further(instruments=instruments, milestones=(Milestone("home", "Home with support"),))

    async def take_contacts(self) -> None:
        """From now on the programme's front door takes contacts."""
        await self.further(contacts=TAKES)

    async def programme(self) -> Programme:
        history = (await self.catch.present.states.get(STREAM_OF_PROGRAMMES, programme_stream(PROGRAMME))).state
        return history.current

    async def further(self, **changes: Any) -> None:
        """The next version of the programme."""
        held = await self.programme()
        await self.take(LoadProgramme(held.key, replace(held, version=held.version + 1, **changes)), SYSTEM)

    async def settled(self) -> int:
        """Returns once queries and subscriptions have come to the end of the log; where that is."""
        head = await self.catch.log.head()
        await self.catch.reached(head)
        async with asyncio.timeout(30):
            while self.catch.present.follower.position < head:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return head

    async def set_up(self) -> None:
        for programme in starting():
            await self.take(LoadProgramme(programme.key, programme), SYSTEM)
        for key, kind in (("snn", "voluntary"), ("housing-1", "housing"), ("police-1", "police")):
            await self.take(RegisterPartner(key, f"Example {key}", kind), SYSTEM)
            signed = SignAgreement(
                key,
                f"isa-{key}",
                (PROGRAMME,),
                frozenset(Category),
                london_day(ago(days=400)),
                None,
                Sealed("S. Igner"),
            )
            await self.take(signed, SYSTEM)
        for somebody in (ADMINISTRATOR, COORDINATOR, CHAIR, HOUSING, POLICE, AUDITOR, REFERRER):
            await self.enrol(somebody)

    async def enrol(self, somebody: Actor, programme: str = PROGRAMME) -> None:
        """Enrolled at their agency, which is registered if need be, with the role that they act in; a coordinator also
        prepares the meetings and has every tag. Agreements are not signed for them.
        """
        await self._registered(somebody)
        since = london_day(ago(days=400))
        if somebody.role in IN_THE_PLACE:
            await self.take(GiveRole(somebody.agency, somebody.user, somebody.role, since), SYSTEM)
            return
        configured = next(each for each in shipped() if each.key == programme)
        for command in in_programme(somebody.agency, somebody.user, somebody.role, configured, since):
            await self.take(command, SYSTEM)

    async def _registered(self, somebody: Actor) -> None:
        held: Partner | None = (await self.catch.present.states.get(PARTNER, partner_stream(somebody.agency))).state
        if held is None:
            await self.take(RegisterPartner(somebody.agency, f"Example {somebody.agency}", "voluntary"), SYSTEM)
        await self.take(EnrolMember(somebody.agency, somebody.user, Sealed(f"{somebody.user} Example")), SYSTEM)

    async def enrol_elsewhere(self, somebody: Actor) -> None:
        """A coordinator of an agency that delivers the programme, who prepares none of its meetings and has no tag."""
        await self._registered(somebody)
        since = london_day(ago(days=400))
        for command in (
            RunProgramme(somebody.agency, PROGRAMME, RunningPart.DELIVERY, since),
            GiveRole(somebody.agency, somebody.user, Role.COORDINATOR, since, None, PROGRAMME),
        ):
            await self.take(command, SYSTEM)

    async def referred(self, name: str, *, at: datetime | None = None, by: Actor = COORDINATOR, **more: Any) -> Case:
        """A case just received. `more` is said of the person."""
        received = at or ago(days=3)
        made = Case(uuid4(), uuid4(), name, f"Reason of {name}", f"What matters to {name}")
        await self.take(RegisterPerson(made.person, name=Sealed(name), **more), by, received)
        submitted = SubmitReferral(
            made.case, made.person, PROGRAMME, uuid4(), "police", "phone", received, Sealed(made.reason)
        )
        await self.take(submitted, by, received)
        return made

    async def worked_on(self, name: str, *told: str, at: datetime | None = None, **more: Any) -> Case:
        """A case accepted, talked through, proposed for the next meeting; `told` are the partners involved in it."""
        received = at or ago(days=3)
        made = await self.referred(name, at=received, **more)
        later = received + timedelta(hours=1)
        for command in (
            AcceptReferral(made.case),
            AllocateCoordinator(made.case, COORDINATOR.user, COORDINATOR.agency),
            RecordAgreement(made.case),
            RecordConversation(made.case, uuid4(), ConversationFormat.HOME, Sealed(made.matters)),
        ):
            await self.take(command, at=later)
        for agency in told:
            await self.share(made.case, agency, at=later)
        worker = Worker(COORDINATOR.user, COORDINATOR.agency)
        proposal = ProposeForMeeting(made.case, uuid4(), SERIES, ProposalPurpose.NEW, worker, person_informed=True)
        await self.take(proposal, at=later)
        return made

    async def share(
        self, case: UUID, agency: str, categories: frozenset[Category] = MOST, at: datetime | None = None
    ) -> UUID:
        """The agency is told these categories and has a part in the case; the disclosure's id."""
        disclosure = uuid4()
        allowed = AuthoriseDisclosure(case, disclosure, agency, categories, BASIS, Sealed("Needed to help."))
        await self.take(allowed, at=at)
        await self.take(InvolvePartner(case, agency, "support"), at=at)
        return disclosure

    async def published(self, *agencies: str, starts_at: datetime | None = None) -> Meeting:
        """A meeting with the agenda that follows from the facts, published, members bound by confidentiality."""
        meeting = uuid4()
        starts = starts_at or datetime.now(UTC) + timedelta(minutes=5)
        await self.take(PlanMeeting(meeting, PROGRAMME, SERIES, starts, CHAIR.user))
        for agency in agencies:
            await self.take(InviteMember(meeting, agency))
        await self.take(DraftAgenda(meeting))
        await self.take(PublishAgenda(meeting), CHAIR)
        for somebody in (HOUSING, POLICE):
            if somebody.agency in agencies:
                await self.take(AcceptConfidentiality(meeting, somebody.user), somebody)
        return await self.meeting(meeting)

    async def meeting(self, meeting: UUID) -> Meeting:
        return (await self.catch.present.states.get(MEETING, meeting)).state


def as_input(value: object) -> Any:
    """A command, or a part of one, as the API's inputs have it."""
    match value:
        case Enum():
            return value.name
        case Struct():
            return {camel(name): as_input(getattr(value, name)) for name in value.__struct_fields__}
        case tuple() | frozenset():
            return [as_input(each) for each in cast("Iterable[object]", value)]
        case _:
            return value


class Client:
    """A graphql-transport-ws client that keeps every byte it ever received."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.received: list[str] = []

    async def send(self, **message: Any) -> None:
        await self.socket.send(msgspec.json.encode(message).decode())

    async def subscribe(self, name: str, query: str, /, **variables: Any) -> None:
        await self.send(type="subscribe", id=name, payload={"query": query, "variables": variables})

    async def receive(self, seconds: float = 30) -> Any:
        async with asyncio.timeout(seconds):
            text = str(await self.socket.recv())
        self.received.append(text)
        return msgspec.json.decode(text)

    async def next(self, name: str) -> Any:
        """What the operation's next message says of its one field."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", name), message
        assert "errors" not in message["payload"], message
        return next(iter(message["payload"]["data"].values()))

    async def until(self, name: str, position: int) -> list[Any]:
        """Messages up to the one at this position."""
        found = [await self.next(name)]
        while int(found[-1]["position"]) < position:
            found.append(await self.next(name))
        return found

    async def silent(self, seconds: float = 0.3) -> None:
        try:
            message = await self.receive(seconds)
        except TimeoutError:
            return
        raise AssertionError(message)

    async def closed(self) -> tuple[int, str]:
        with pytest.raises(ConnectionClosed) as closing:
            await self.silent(30)
        assert closing.value.rcvd is not None
        return closing.value.rcvd.code, closing.value.rcvd.reason

    def knows(self, *texts: str) -> list[str]:
        """Which of these texts this client was ever sent."""
        everything = "\n".join(self.received)
        return [text for text in texts if text in everything]


@asynccontextmanager
async def placed(
    admin: str, app: str, folder: Path, settings: Settings | None = None, trusted: Trusted | None = None, port: int = 0
) -> AsyncGenerator[Place]:
    """A place on this database, set up and served; in development, unless it trusts issuers of its own."""
    settings = settings or Settings(data_dir=folder)
    async with (
        opened(Server(admin, app), settings) as catch,
        serving(catch, port, development=trusted is None, trusted=trusted or Trusted()) as port,
        # Without TLS: to read the world's certificates takes longer than a test.
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=False) as http,
    ):
        place = Place(catch, port, http)
        await place.set_up()
        yield place
