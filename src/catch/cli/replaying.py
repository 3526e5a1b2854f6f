"""`catch replay`: a case's or a meeting's history in the terminal, one fact at a time, as known or as true at a time.

Personal text stays sealed unless it is asked for. Nothing is cut: what a fact says is shown field by field, and what it
changed; or, as JSON, a line a fact.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Column, Table

from catch.access.restriction import Way
from catch.app import Catch
from catch.cli.common import complain
from catch.cli.looking import Looking, said
from catch.cli.terminal import legible, marked
from catch.domain.calendar import LONDON, end_of_day
from catch.domain.facts import Purpose, Recorded, Sealed
from catch.domain.processing import ProcessingIsRestricted
from catch.domain.refusals import NotAnswered
from catch.domain.streams import stream_of_event
from catch.history.changes import Change, Step, standing, steps, written
from catch.history.changes import told as values
from catch.history.past import Moment, chosen, histories
from catch.log.invented import NOTICE
from catch.personal import Unopened, named, sealed_in
from projections import case_summary

SHORT = re.compile(r"([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
Pause = Callable[[], bool]
"""Asked after each fact; False ends the steps."""


KEPT = Unopened("[restricted]")
"""Stands where a text is that is kept and nothing else."""


class NoSuchStream(NotAnswered):
    """There is no case or meeting under this id or number. Check it."""


class NothingByThen(NotAnswered):
    """Nothing had happened by then, as far as was known. Choose a later moment."""


async def replay(
    catch: Catch,
    stream: UUID,
    as_known: datetime | None = None,
    as_true: datetime | None = None,
    *,
    personal: bool = False,
    purpose: Purpose | None = None,
    as_json: bool = False,
    console: Console,
    pause: Pause = lambda: True,
) -> None:
    """Shows each fact with both clocks, who acted and why, what it says and what it changed; then the state as it
    stood. `as_json`: the facts alone, a line each, with everything that is stored of them.

    Who looks, and for what `purpose`, is recorded first. Raises `NoSuchStream` and `NothingByThen`.
    """
    whole = (await histories(catch.log, [stream]))[stream]
    if not whole:
        raise NoSuchStream(stream=stream)
    told = chosen(whole, Moment(recorded_at=as_known, occurred_at=as_true))
    if not told:
        raise NothingByThen(first=whole[0].recorded_at.isoformat())
    await Looking(catch, "replay", personal=personal, purpose=purpose).shows(map(said, told))
    plain, invented = await plain_texts(catch, told if personal else ()), await catch.log.mark.invented()
    if as_json:
        for recorded in told:
            console.out(in_json(recorded, plain, invented=invented), highlight=False)
        return
    kind = stream_of_event(told[0].event)
    if invented:
        console.print(f"[bold yellow]{NOTICE}[/]", soft_wrap=True, highlight=False)
    console.print(heading(kind.name, stream, len(told), len(whole), as_known, as_true))
    shown = steps(kind, told, plain)
    for step in shown:
        show(console, step, plain)
        if step is not shown[-1] and not pause():
            console.print("[dim]stopped here[/]")
            return
    console.print(f"[bold]{kind.name} as it stood[/]")
    console.print(Padding(table(standing(kind, told, plain)), (0, 0, 0, 2)))


async def find(catch: Catch, text: str) -> UUID:
    """A case by its number, or any stream by its id. Raises `NoSuchStream`."""
    try:
        return UUID(text)
    except ValueError:
        found = await case_summary.by_number(catch.log.pool, text.strip().upper())
    if found is None:
        raise NoSuchStream(number=text)
    return found


async def plain_texts(catch: Catch, recorded: Sequence[Recorded[Any]]) -> Mapping[Sealed, str]:
    """The personal texts of these facts, unsealed, but for those of people of whom nothing is done but to keep it: that
    there are some is said, and what to do.
    """
    events: list[Struct] = [each.event for each in recorded]
    seals = list(dict.fromkeys(sealed_in(*events)))
    await catch.records.up_to_date()
    stopped = await catch.records.withheld(Way.TEXTS, catch.log.clock.now())
    closed = [text for text in seals if named(text) in stopped]
    if closed:
        complain(f"{len(closed):,} texts stay sealed. {ProcessingIsRestricted().message}")
    plain = [text for text in seals if named(text) not in stopped]
    return dict(zip(plain, await catch.keyring.unseal(plain), strict=True)) | dict.fromkeys(closed, KEPT)


def heading(kind: str, stream: UUID, count: int, of: int, as_known: datetime | None, as_true: datetime | None) -> str:
    known = f", as known at {clock(as_known)}" if as_known else ""
    true = f", as true at {clock(as_true)}" if as_true else ""
    return f"[bold]{kind} {stream}[/]{known}{true}: {count} of {of} facts"


def in_json(recorded: Recorded[Any], plain: Mapping[Sealed, str], *, invented: bool = False) -> str:
    """A fact with its place in the log and everything around it. Each line of an `invented` place says so."""
    where = {name: getattr(recorded, name) for name in ("position", "stream", "version", "topic", "recorded_at")}
    where |= {"place": NOTICE} if invented else {}
    return msgspec.json.encode(where | {"envelope": values(recorded.envelope, plain)}).decode()


def show(console: Console, step: Step, plain: Mapping[Sealed, str]) -> None:
    recorded, envelope = step.recorded, step.recorded.envelope
    actor = envelope.actor
    late = " [bold yellow]recorded late[/]" if step.late else ""
    console.print(f"[bold cyan]{recorded.version:>3}[/] [bold]{recorded.topic}[/] [dim]at {recorded.position}[/]{late}")
    for_whom = f" for {marked(actor.on_behalf_of)}" if actor.on_behalf_of else ""
    console.print(
        f"    occurred {clock(envelope.occurred_at)}, recorded {clock(recorded.recorded_at)}\n"
        f"    by {marked(actor.user)} of {marked(actor.agency)}{for_whom} as {actor.role}"
        f" for {envelope.purpose}{in_meeting(envelope.meeting)}",
        highlight=False,
    )
    for name in recorded.event.__struct_fields__:
        if (text := written(recorded.event, name, plain)) is not None:
            console.print(f"      [blue]{name}[/] {value(text)}", highlight=False)
    for change in step.changes:
        console.print(f"      {line(change)}", highlight=False)


def in_meeting(meeting: UUID | None) -> str:
    return f" in meeting {short(str(meeting))}" if meeting else ""


def line(change: Change) -> str:
    path = f"[green]{marked(short(change.path))}[/]"
    if change.before is None:
        return f"{path} = {value(change.after)}"
    return f"{path}: {value(change.before)} → {value(change.after)}"


def value(text: str | None) -> str:
    if text is None:
        return "[dim]nothing[/]"
    return escape(short(legible(text)))


def short(text: str) -> str:
    """Ids by their first eight signs, which tell them apart on one screen."""
    return SHORT.sub(r"\1..", text)


def clock(at: datetime) -> str:
    """The wall clock in London, with its offset."""
    return at.astimezone(LONDON).strftime("%a %d %b %Y %H:%M:%S %z")


def table(values: Sequence[Change]) -> Table:
    grid = Table.grid(Column(overflow="fold"), Column(overflow="fold"), padding=(0, 2))
    for held in values:
        grid.add_row(f"[green]{marked(short(held.path))}[/]", value(held.after))
    return grid


def from_terminal(console: Console) -> Pause:
    """Enter goes on, anything before it or the end of input stops. Without a terminal nothing waits."""
    if not console.is_terminal:
        return lambda: True

    def asked() -> bool:
        try:
            return not console.input("[dim]Enter for the next fact, q to stop [/]").strip()
        except EOFError:
            return False

    return asked


def moment(text: str) -> datetime:
    """A day or a time as people write it; without an offset it is London's, a day its end. Raises ValueError."""
    try:
        day_only = len(text) <= 10
        # Its end: whoever names a day means what was known when it was over.
        at = end_of_day(date.fromisoformat(text)) if day_only else datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"not a day or a time: {text!r}; write 2026-03-10 or 2026-03-10T10:00") from None
    return at if at.tzinfo else at.replace(tzinfo=LONDON)


__all__ = ["NoSuchStream", "NothingByThen", "Pause", "find", "from_terminal", "moment", "replay"]
