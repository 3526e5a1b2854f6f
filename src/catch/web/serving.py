"""The web face: GraphQL over HTTP and websocket at `/graphql`, and whether the server lives and is ready."""

import asyncio
import gc
import logging
import math
import resource
import signal
import socket
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from litestar import Litestar, Request, Response, get
from litestar.exceptions import HTTPException

from catch.api.case.subscription import CaseSource
from catch.api.common.context import Context
from catch.api.common.messages import GraphQLNotices
from catch.api.common.recording import LiveReads
from catch.api.engine.engine import Engine
from catch.api.inbox.subscription import InboxSource
from catch.api.meeting.subscription import MeetingSource
from catch.api.served import engine
from catch.app import Catch
from catch.domain.facts import Recorded
from catch.domain.partner import ServiceAllowed
from catch.domain.refusals import NotAnswered
from catch.faults import error
from catch.identity.cookies import Cookies, Ticketed
from catch.identity.logout import SessionEnded, Sessions, SignOutsUnknown
from catch.identity.settings import Trusted, is_local
from catch.identity.tokens import ISSUER, Viewer
from catch.identity.trust import Issuers, verifier
from catch.identity.trusted import ForASecond
from catch.live.draining import drain
from catch.live.feed import Feed
from catch.live.origins import Origins
from catch.live.protocol import GraphQLOverWebSocket
from catch.live.server import ExposedWebSocket
from catch.log.clock import ClocksApart
from catch.rates import costs, door_rates, rates
from catch.supervised import kept_up, living_on
from catch.web.console.pages import ADDRESSES
from catch.web.console.site import Console
from catch.web.door import Door
from catch.web.figures import telling
from catch.web.http import GraphQLOverHTTP
from catch.web.invented import saying_so
from catch.web.keepalive import Punctual
from catch.web.listening import Server, bound

RECONSIDER = 0.5
"""Seconds between two looks at rights that run out by themselves: an agreement's last day, a window after a meeting."""
FINISH = 20.0
"""Seconds that running commands have to finish when the server stops: an append may take that long."""
LOOKS = 1.2
"""Seconds that a look at whether the server is ready takes at most."""

NOBODY = Trusted()
"""No issuer."""
UNSENT = 65_536
"""Bytes that the kernel may hold back for one client."""


class DocumentNotAllowed(NotAnswered):
    """This service account has not been allowed this document. The agency's member administrator can allow it."""


class AllowedAnew(NotAnswered):
    """What this service account may ask for was changed. Connect again."""


class Web:
    """One server's web face over one place."""

    def __init__(
        self, catch: Catch, made: Engine, *, development: bool, also: Sequence[Any] = (), trusted: Trusted = NOBODY
    ) -> None:
        """Raises `BadSetting` for a development server that is to trust real issuers."""
        self.catch = catch
        self.rights, self.answers = catch.present.rights, catch.present.answers
        settings = catch.settings
        self.rates = rates(settings, development=development)
        self.costs = costs(settings, development=development)
        self.engine = made
        lasting, clock = trusted.identity, catch.log.clock
        self.cookies = Cookies(
            lambda: catch.keyring.secrets("browser session"),
            idle=lasting.idle_minutes * 60,
            absolute=lasting.absolute_minutes * 60,
            safe=not development and not is_local(trusted),
            issuers=frozenset([ISSUER] if development else [issuer.key for issuer in trusted.issuers]),
            clock=clock.time,
        )
        hashed = catch.keyring.subject_digest
        self.issuer = verifier(settings.data_dir, hashed, trusted, catch.log.pool, clock, development=development)
        tickets = Ticketed(self.issuer, self.cookies)
        self.sessions = Sessions(ForASecond(tickets), catch.log.pool, settings.schema, self.sign_out, clock.time)
        self.draining = False
        self._looking: asyncio.Task[bool] | None = None
        sources = {
            "meeting": MeetingSource(catch, self.rights),
            "caseUpdates": CaseSource(catch, self.rights),
            "agencyInbox": InboxSource(catch, self.rights),
        }
        self.feed: Feed[Viewer, Recorded[Any]] = Feed(sources, GraphQLNotices(), LiveReads(catch), clock.now)
        self.live = GraphQLOverWebSocket(
            self.engine,
            self.sessions,
            self.context,
            self.feed,
            clock.time,
            origins=settings.origins,
            rates=self.rates,
        )
        strangers = rates(settings, development=development)
        origins = Origins(settings.origins)
        self.http = GraphQLOverHTTP(self.engine, self.sessions, self.context, self.rates, strangers, origins)
        self.console = Console(self, self.cookies, ADDRESSES, development=development)
        self.door = Door(catch, door_rates(settings)) if settings.door else None
        handlers = [
            *self.console.handlers(),
            self.live.handler(),
            self.sessions.handler(),
            self.alive(),
            self.ready(),
            *([self.door.handler()] if self.door else []),
            *also,
        ]
        app = Litestar(
            handlers, openapi_config=None, logging_config=None, exception_handlers={HTTPException: self.turned_away}
        )
        self.app = saying_so(self.http.before(app), catch.log.mark.invented)

    async def context(self, viewer: Viewer, document: str) -> Context:
        """Raises `NotEnrolled`, `DocumentNotAllowed` where they may not send this text at all, and `SessionEnded` or
        `SignOutsUnknown`: who asks over a socket was let in some time ago."""
        self.sessions.going_on(viewer)
        found = await Context.of(self.catch, viewer, self.rights, self.answers, self.costs)
        if not found.who.may_send(document):
            raise DocumentNotAllowed
        return found

    def allowed_anew(self, fact: Recorded[Any]) -> None:
        """What a program follows was allowed when it subscribed: once that changes, it has to connect anew."""
        if not isinstance(fact.event, ServiceAllowed):
            return
        for connection in list(self.live.connections):
            viewer = connection.viewer
            if viewer is not None and (viewer.agency, viewer.user) == (fact.event.partner, fact.event.user):
                connection.close(4403, f"{AllowedAnew.code}: {AllowedAnew().message}")

    def turned_away(self, request: Request[Any, Any, Any], problem: HTTPException) -> Response[Any]:
        """What the framework refuses is answered in the form of everything else here: to a browser, with a page."""
        code, said = TURNED_AWAY.get(problem.status_code, ("NOT_TAKEN", "This cannot be taken as it was sent."))
        if "text/html" in request.headers.get("accept", "").lower():
            return self.console.nothing_at(request, problem.status_code)
        return Response({"errors": [error(code, said)]}, status_code=problem.status_code, headers=problem.headers)

    def alive(self) -> Any:
        @get("/health/live")
        async def health_live() -> dict[str, str]:
            return {"status": "live"}

        return health_live

    def ready(self) -> Any:
        @get("/health/ready")
        async def health_ready() -> Response[dict[str, str]]:
            """Ready: the log answers and the read side has kept up with it; and the server is not about to stop.

            Yes or no, to anybody who asks: how far, of which version, of which place is for `catch doctor` to say.
            Where nothing can be recorded it is ready all the same, and says so: no other server could, and what is
            known is to be read on.
            """
            if self.draining or not await self.keeps_up():
                return Response({"status": "not ready"}, status_code=503)
            log = self.catch.log
            writing, clock = "yes" if log.takes_appends else "no", "apart" if log.clock.apart else "right"
            return Response({"status": "ready", "writing": writing, "clock": clock})

        return health_ready

    async def keeps_up(self) -> bool:
        """Looked at once for all who ask meanwhile: anybody may, and as often as they like."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> bool:
        try:
            async with asyncio.timeout(LOOKS):
                await self.catch.readside.reached(await self.catch.log.head(), timeout=1)
            # Where it cannot tell the time it can tell nobody anything.
            self.catch.log.clock.time()
        except Exception:
            return False
        return True

    def sign_out(self) -> None:
        """Close the sockets of sessions that have ended."""
        for connection in list(self.live.connections):
            if connection.viewer is not None and self.sessions.over(connection.viewer):
                connection.close(4403, f"{SessionEnded.code}: {SessionEnded().message}")

    def told_in_vain(self, _: Recorded[Any]) -> None:
        """Nobody is told anything whose session may have ended for all that is known here: they go elsewhere."""
        if self.sessions.deaf:
            self.send_away(SignOutsUnknown())

    def send_away(self, why: NotAnswered) -> None:
        for connection in list(self.live.connections):
            if connection.viewer is not None:
                connection.close(1013, f"{why.code}: {why.message}")

    async def drain(self) -> None:
        """Say that this server is about to stop; give load balancers time to hear it; send everybody elsewhere."""
        self.draining = True
        await asyncio.sleep(self.catch.settings.drain)
        await drain(self.live, patience=FINISH)

    async def reconsider(self) -> None:
        """Until cancelled: rights also end by the clock."""
        while True:
            await asyncio.sleep(RECONSIDER)
            try:
                self.feed.reconsider()
            except ClocksApart as apart:
                # Whether they still may is not to be told without the time.
                self.send_away(apart)


TURNED_AWAY = {
    404: ("NOT_FOUND", "There is nothing at this address. GET / says what there is."),
    405: ("METHOD_NOT_ALLOWED", "This address takes no such request. GET / says which one it takes."),
    413: ("BODY_TOO_LARGE", "The request is larger than this address takes."),
}


@asynccontextmanager
async def serving(
    catch: Catch,
    port: int,
    *,
    development: bool,
    host: str = "127.0.0.1",
    also: Sequence[Any] = (),
    trusted: Trusted = NOBODY,
) -> AsyncGenerator[int]:
    """Serve until the block ends; gives the port, which is a free one where 0 was asked for. `also` are handlers."""
    operations = catch.settings.operations, catch.settings.operations_dir
    # On a thread: it takes a second of work, and a server that does not beat meanwhile counts as silent.
    made = await asyncio.to_thread(engine, *operations, development=development)
    web = Web(catch, made, development=development, also=also, trusted=trusted)
    # Around all the rest: what is told while it stops is sent, and a collector that is away does not hold up the rest.
    documents = [name for _, name in web.engine.compiled if name]
    async with telling(catch, web.feed, web.live, documents), served(web, port, host) as bound:
        yield bound


@asynccontextmanager
async def served(web: Web, port: int, host: str) -> AsyncGenerator[int]:
    catch = web.catch
    config = uvicorn.Config(
        web.app,
        interface="asgi3",
        host=host,
        port=port,
        loop="none",
        http=Punctual,
        ws=ExposedWebSocket,
        ws_per_message_deflate=False,
        # Of a message that is larger nothing is kept but its beginning.
        ws_max_size=web.live.bounds.message,
        # Pings are the handler's: one timer serves many connections.
        ws_ping_interval=None,
        access_log=False,
        server_header=False,
        log_config=None,
        lifespan="off",
        # As many as the kernel holds: whoever finds no place tries again after 1, 3, 7, 15, 31 seconds.
        backlog=65_535,
    )
    as_many_clients_as_may_be()
    listening = bound(host, port)
    # asyncio sets this only on sockets that name their protocol; without it a short answer waits 40 ms for the next.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # What a client does not read waits with us, where it can be taken back, and not by the megabyte in the kernel.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
    server = Server(config)
    # In this order: who must not hear of a fact is gone before it is told.
    listeners = (web.told_in_vain, web.feed.publish, web.allowed_anew)
    catch.present.follower.listeners.extend(listeners)
    try:
        # Before anybody connects: a session that another server was told to end is ended here, too.
        await web.sessions.look()
        async with (
            living_on("rights by the clock", kept_up("rights by the clock", web.reconsider)),
            living_on("sign-outs", kept_up("sign-outs", web.sessions.follow)),
            answering(server, listening, web),
        ):
            yield listening.getsockname()[1]
    finally:
        for listener in listeners:
            catch.present.follower.listeners.remove(listener)
        if isinstance(web.issuer, Issuers):
            await web.issuer.close()
        web.feed.close()
        # Where the server itself was never started, nobody else does.
        listening.close()


@asynccontextmanager
async def answering(server: Server, listening: socket.socket, web: Web) -> AsyncGenerator[None]:
    """The block is cancelled when the server ends before it."""
    owner = asyncio.current_task()
    assert owner is not None
    task = asyncio.create_task(server.serve([listening]), name="web")
    task.add_done_callback(lambda _: None if server.should_exit else owner.cancel())
    try:
        while not server.started:  # noqa: ASYNC110  (uvicorn offers nothing to wait for)
            await asyncio.sleep(0.01)
        yield
    finally:
        began = time.monotonic()
        # While the server still runs: it has to answer what it has begun.
        await web.drain()
        # What was begun has so long all in all, over sockets and otherwise.
        left = FINISH + web.catch.settings.drain - (time.monotonic() - began)
        server.config.timeout_graceful_shutdown = max(1, math.ceil(left))
        server.should_exit = True
        await task


def as_many_clients_as_may_be() -> None:
    """Each client is an open file, of which a process may have 1,024 as a rule, but as many as it likes if it asks."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def settle() -> None:
    """Call once, when everything is in place. The collector then leaves the program itself alone, and looks for rubbish
    after tens of thousands of new objects rather than after hundreds: each connection is some hundred of them, which
    stay, and most of the time of connecting was spent in looking through those of all others again and again. What
    seems to have come to stay is looked through now and then: some of it only seems so."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)


async def until_told_to_stop(
    announce: Callable[[], None] = lambda: None, at_once: Callable[[], None] = lambda: None
) -> None:
    """Returns on SIGINT or SIGTERM. `at_once` is called then even where something holds the loop up."""
    settle()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()

    def now(_number: int, _frame: object) -> None:
        at_once()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
        # The loop hears by a wire of its own. What stands here runs between any two steps of whatever is running.
        signal.signal(number, now)
    announce()
    try:
        await told.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def log_to_stderr() -> None:
    """One JSON line a request and a command; nothing of ours writes personal data to a log."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for noisy in ("asyncio", "litestar", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # While the database is away the pool logs a stack at every try; what matters of it we say ourselves.
    logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)
