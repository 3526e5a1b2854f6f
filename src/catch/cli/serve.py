"""`catch serve` and `catch token`."""

import fcntl
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import rich_click as click
from msgspec.structs import replace

from catch.app import Catch
from catch.cli.common import IN_PART, UNUSABLE, complain, console, on_place
from catch.cli.doctor import looked_over
from catch.cli.enrol import enrol_in_development, enrolled, suspended
from catch.cli.options import option
from catch.commands.ticker import Ticker
from catch.domain.facts import Role
from catch.domain.keys import is_key
from catch.identity.tokens import KEY_FILE, DevelopmentIssuer
from catch.log.invented import NOTICE
from catch.settings import Settings
from catch.supervised import kept_up, living_on

LOCK = "development-server.lock"
LONGEST = 28.0
"""Seconds from being told to stop, and from the end of `drain`, until a server has ended."""


@click.command()
@option("--port", type=click.IntRange(0, 65535), help="0 takes a free one. [default: CATCH_PORT, or 8000]")
@option("--host", help="0.0.0.0 to be reached from other machines. [default: CATCH_HOST, or 127.0.0.1]")
@option("--development", is_flag=True, help="Trust tokens made with `catch token`. Never on real data.")
@option("--leash", is_flag=True, help="Stop when standard input ends, so as not to outlive whoever started it.")
def serve(port: int | None, host: str | None, development: bool, leash: bool) -> None:
    """Serve pages for people at /, and GraphQL over HTTP and websocket at /graphql, until told to stop.

    `/refer` takes referrals from anybody, unless `CATCH_DOOR` is `closed`. `/health/live` and `/health/ready` answer
    load balancers. Logs go to standard error, one JSON line a request and a command, without personal data.

    **Examples**

        catch serve --port 8000
        catch serve --development
        CATCH_DATABASE_URL=postgresql://catch_app@db/catch catch serve --host 0.0.0.0
    """
    # Here, since every other command would wait for the web framework to be imported.
    from catch.identity.settings import read
    from catch.identity.trust import refuse_both
    from catch.web.console.assets import UNBUILT, built
    from catch.web.serving import log_to_stderr, serving, until_told_to_stop

    settings, trusted = Settings.read(), read()
    development = development or settings.development
    # Before a database is started for nothing.
    refuse_both(trusted, development=development)
    port, host = settings.port if port is None else port, host or settings.host
    settings = replace(settings, development=development, host=host, port=port)
    log_to_stderr()
    if leash:
        threading.Thread(target=stop_at_end_of_input, daemon=True).start()

    async def run(catch: Catch) -> None:
        async with (
            looked_over(catch),
            serving(catch, port, development=development, host=host, trusted=trusted) as bound,
            ticking(catch),
        ):
            if not built():
                complain(UNBUILT)
            announce = f"listening on http://{host}:{bound}/graphql"
            announce += f" ({NOTICE})" if await catch.log.mark.invented() else ""
            if not development and not trusted.issuers:
                complain(
                    "no issuer is set up, so nobody can sign in: only /refer and /health answer. Set"
                    " CATCH_IDENTITY_FILE or CATCH_OIDC_ISSUER, and try them with `catch identity check`"
                )
            pages = f"pages for people: http://{host}:{bound}/"
            await until_told_to_stop(lambda: print(announce, pages, sep="\n", flush=True), told_to_stop)

    with marked(settings.data_dir, development), ended_in(settings.drain + LONGEST) as told_to_stop:
        on_place(run, settings)


@asynccontextmanager
async def ticking(catch: Catch) -> AsyncGenerator[None]:
    """What falls due is recorded meanwhile, where this server is to see to it."""
    ticker = Ticker(catch.commands, catch.records, catch.present.follower)
    if not catch.settings.ticker:
        yield
        return
    async with living_on("what falls due", kept_up("what falls due", ticker.run)):
        yield


@contextmanager
def ended_in(seconds: float) -> Generator[Callable[[], None]]:
    """Whatever hangs: once this was called, what is inside has so long to end in order. Nothing that was answered is
    lost by it."""

    def end() -> None:
        logging.getLogger("catch.place").error("stopped though not everything had ended in %d s", seconds)
        os._exit(IN_PART)

    watch = threading.Timer(seconds, end)
    watch.daemon = True

    def start() -> None:
        # Whoever is told twice has no longer for it.
        if watch.ident is None:
            watch.start()

    try:
        yield start
    finally:
        watch.cancel()


def stop_at_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    # As if told to stop, so that clients are sent elsewhere first.
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def marked(folder: Path, development: bool) -> Generator[None]:
    """A development server holds a lock in the data folder while it runs: `catch token` asks for it."""
    if not development:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as held:
        # Shared, so that several servers may run; the system lets go of it however one ends.
        fcntl.flock(held, fcntl.LOCK_SH)
        yield


def development_server_runs(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("r") as held:
            # Only tried: had at once, nobody holds it.
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False


@click.command()
@option("--role", required=True, type=click.Choice([role.value for role in Role if role is not Role.SYSTEM]))
@option("--agency", required=True, help="The partner's key, such as housing-01.")
@option("--user", help="Who acts. [default: ROLE@AGENCY]")
@option("--hours", type=click.FloatRange(0.01, 24 * 7), default=8.0, show_default=True, help="How long it holds.")
@option("--enrol", is_flag=True, help="Enrol the user first, in every programme that is loaded, where they are not.")
def token(role: str, agency: str, user: str | None, hours: float, enrol: bool) -> None:
    """Print a token for the development server that runs on this data folder.

    Refused unless a server runs with `--development`: real servers do not honour such tokens. What a token lets its
    user do is what they were given in this place. `--enrol` gives it, as only development can, and whatever else it
    takes: it registers the agency, signs it an agreement on everything and lets it lead where the role needs that.

    **Examples**

        catch token --role coordinator --agency snn --enrol
        catch token --role chair --agency snn --user chair-1
        curl -H "Authorization: Bearer $(catch token --role partner --agency housing-01)" ...
    """
    folder = Settings.read().data_dir
    if not is_key(agency):
        complain(f"--agency: {agency!r} is no partner's key: small letters, digits and single hyphens")
        sys.exit(UNUSABLE)
    if not development_server_runs(folder) or not (folder / KEY_FILE).exists():
        complain(f"no server runs with --development on {folder}. Start one: catch serve --development")
        sys.exit(IN_PART)
    wanted, who = Role(role), user or f"{role}@{agency}"

    async def issued(catch: Catch) -> str | None:
        """None where they are not enrolled."""
        if await suspended(catch, agency, who):
            complain(f"{who} at {agency} is suspended. The agency's member administrator ends that: reinstateMember")
            sys.exit(IN_PART)
        if enrol and not await enrolled(catch, agency, who, wanted):
            await enrol_in_development(catch, agency, who, wanted)
        if not await enrolled(catch, agency, who, wanted):
            return None
        issuer = DevelopmentIssuer(folder, clock=catch.log.clock.time)
        return issuer.issue(role=wanted, agency=agency, user=who, hours=hours)

    if (made := on_place(issued)) is None:
        what = "Load a programme first: catch programmes load" if enrol else "To enrol them in development: add --enrol"
        complain(f"{who} at {agency} is not enrolled here as {role}. {what}")
        sys.exit(IN_PART)
    console.print(made, soft_wrap=True, highlight=False)
