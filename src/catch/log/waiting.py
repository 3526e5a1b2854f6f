"""Appends that wait for a batch, and a batch as the parallel arrays that the functions of schema/sql take."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate
from uuid import UUID

from catch.domain.refusals import Refused
from catch.log.entries import Answer, Append


class Waiting:
    """An append whose caller waits, until this time of the loop at most.

    `writes` are the streams that it writes or is answered for, `rests` those that it looked at besides. `bases` are the
    versions that it rests on, `reached` those that it leads to: for a lone one found out if need be.
    """

    __slots__ = ("answer", "append", "bases", "lone", "reached", "rests", "until", "writes")

    def __init__(self, append: Append, answer: "asyncio.Future[Answer]", until: float) -> None:
        """Raises `ValueError` if the events leave a gap: a mistake of the program, not of its user."""
        self.append = append
        self.answer = answer
        self.until = until
        self.lone = lone(append)
        self.writes: Collection[UUID] = (append.stream,)
        self.rests: Collection[UUID] = [stream for stream, _ in append.expects]
        if not self.lone:
            self.place()
            self.writes = {append.stream, *(event.stream for event in append.events)}

    @property
    def plain(self) -> bool:
        """What it is answered is known without a look into the log."""
        append = self.append
        return self.lone or (bool(append.events) and not append.keys and append.stream in self.reached)

    def place(self) -> None:
        append = self.append
        self.bases = dict(append.expects)
        self.reached = dict(append.expects)
        for event in append.events:
            before = self.reached.get(event.stream)
            if before is None:
                before = event.version - 1
                if before:  # a new stream's first event is kept by the primary key alone
                    self.bases[event.stream] = before
            if event.version != before + 1:
                raise ValueError(f"version {event.version} of stream {event.stream} does not follow {before}")
            self.reached[event.stream] = event.version

    def refuse(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


def lone(append: Append) -> bool:
    """One event of the one stream that the append is about, and no key: nearly all are."""
    events = append.events
    if len(events) != 1 or append.keys or events[0].stream != append.stream:
        return False
    return not any(stream == append.stream for stream, _ in append.expects)


def settle(batch: Iterable[Waiting], refusal: type[Refused]) -> None:
    for waiting in batch:
        waiting.refuse(refusal())


def topics(append: Append) -> tuple[str, ...]:
    return tuple([event.topic for event in append.events])


def lone_columns(batch: Sequence[Waiting]) -> tuple[Sequence[object], ...]:
    """For appends that are all lone."""
    appends = [waiting.append for waiting in batch]
    streams, versions, topics, states = zip(*[append.events[0] for append in appends], strict=True)
    rests = [base for append in appends for base in append.expects]
    return (
        streams,
        versions,
        topics,
        states,
        [append.command for append in appends],
        [append.digest for append in appends],
        [stream for stream, _ in rests],
        [version for _, version in rests],
    )


def columns(batch: Sequence[Waiting]) -> tuple[Sequence[object], ...]:
    """For appends of any shape."""
    for waiting in batch:
        if waiting.lone:
            waiting.place()
    appends = [waiting.append for waiting in batch]
    events = [event for append in appends for event in append.events]
    bases = [base for waiting in batch for base in waiting.bases.items()]
    keys = [key for append in appends for key in append.keys]
    return (
        [event.stream for event in events],
        [event.version for event in events],
        [event.topic for event in events],
        [event.state for event in events],
        [stream for stream, _ in bases],
        [version for _, version in bases],
        [append.command for append in appends],
        [append.stream for append in appends],
        [waiting.reached.get(waiting.append.stream) for waiting in batch],
        *spans(len(append.events) for append in appends),
        [append.digest for append in appends],
        *spans(len(waiting.bases) for waiting in batch),
        [subject for subject, _ in keys],
        [wrapped for _, wrapped in keys],
        *spans(len(append.keys) for append in appends),
    )


def spans(lengths: Iterable[int]) -> tuple[list[int], list[int]]:
    """Where each run begins and ends when runs of these lengths follow one another, counted from 1."""
    lasts = list(accumulate(lengths))
    return [last + 1 for last in [0, *lasts[:-1]]][: len(lasts)], lasts
