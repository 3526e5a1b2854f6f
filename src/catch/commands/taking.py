"""One command on its way, in one order for all of them.

Who asks is known by now. Was exactly this taken before? Then its first answer. May such a role ask such a thing; do
they see what it names, and stand in the right relation to it? Is the id used for something else? Is what they looked at
still so? Then its texts are sealed, it is decided from the book, and recorded.

Whether the id was used is asked where it costs nothing: of the append itself, or, before a refusal leaves, in the same
query that confirms what the refusal rests on. The answers are those of the order above.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from msgspec.structs import replace

from catch.commands.again import may_begin, same_again
from catch.commands.asked import Asked, append_of, keep, occurs, placed
from catch.commands.book import Book, NotRead, Partners
from catch.commands.handlers import HANDLER_OF
from catch.commands.questions import Asking, Records
from catch.commands.rules import acting, counted, enrolled, not_restricted, stepped_up
from catch.domain.calendar import CLOCKS_MAY_DIFFER
from catch.domain.facts import Actor, Command
from catch.domain.given import Given
from catch.domain.refusals import Refused
from catch.domain.restricted import RaiseSafeguardingConcern
from catch.domain.streams import restricted_stream
from catch.log.entries import Answer, Busy, CommandIdReused, Conflict, First, Unavailable
from catch.personal import KeyUnreadable, Sealing, SubjectErased
from catch.present.states import Broken

T = TypeVar("T")


class Stale(Refused):
    """This was changed since you looked at it. Look again, then repeat what you still want."""


class InTheFuture(Refused):
    """Something cannot have occurred later than now. Check the date and the time."""


class Taking:
    """What is sealed serves all attempts; the book is new for each."""

    def __init__(self, asked: Asked, records: Records) -> None:
        self._asked = asked
        self._records = records
        self._handler = HANDLER_OF[type(asked.command)]
        self._enrolled = False
        self._sealing: Sealing[Command] | None = None
        self._erasures = records.keyring.erasures
        self._book = Book()
        self._allowed = False
        self._up_to_date = False
        self._moved: list[UUID] = []
        self.rivals: set[UUID] = set()
        """The streams at which somebody else was faster."""
        self._at = asked.now

    async def attempt(self) -> Answer | None:
        """None where something moved under it: then it is to be tried again. Raises a `Refused`."""
        self._book, self._enrolled, self._allowed = Book(self._records.states.seen), False, False
        try:
            return await self._as_shown(await self._record(await self._decide()))
        # These rest on nothing that was read, so there is nothing to confirm.
        except (Unavailable, Busy, CommandIdReused):
            raise
        except Conflict:
            await self._forget_what_moved()
            return None
        except Refused as refused:
            answer = await self.confirmed(refused)
            return answer and await self._as_shown(answer)

    async def _as_shown(self, answer: Answer) -> Answer:
        """Without the version, for who is not shown it."""
        asked = self._asked
        shown = await self._read(lambda: counted(self._book, asked.stream, asked.about))
        return answer if shown else answer._replace(version=0)

    async def _decide(self) -> Actor:
        """The book then holds what was decided; whose doing that is."""
        asked, book, handler = self._asked, self._book, self._handler
        who = await self._read(lambda: enrolled(asked.by, book, asked.now))
        self._enrolled = True
        book.who, book.asked_at = who, asked.now
        # Rights are those of now, whatever time the command speaks of.
        stepped_up(who, type(asked.command), asked.proved_at, asked.now)
        by = await self._read(lambda: acting(who, asked.command, book, asked.now))
        self._allowed = True
        # Only behind the rules: "stale" would tell somebody who may not see it that it is there.
        await self._read(self._in_time)
        await self._read(lambda: not_restricted(who, asked.command, book, asked.now))
        sealed = await self._sealed()
        given = Given(at=asked.now, by=by, partners=Partners(book), now=asked.now)

        self._at = occurs(asked, book)

        def too_early() -> bool:
            """Decided, and whether it turned out to be about what occurred later than it was decided for."""
            book.begin()
            may_begin(sealed, by)
            try:
                handler.decide(sealed, book, replace(given, at=self._at))
                same_again(sealed, book, by, asked.at)
            except Refused:
                if occurs(asked, book) <= self._at:
                    raise
            before, self._at = self._at, max(self._at, occurs(asked, book))
            return self._at > before

        def decide() -> None:
            while too_early():
                pass

        await self._read(decide)
        return by

    def _in_time(self) -> None:
        """Stale says no more than what the sender said: the present version may tell what they may not see.

        To who is shown no version nothing is stale: trying one after the other would tell them.
        """
        asked, book = self._asked, self._book
        expected = asked.expected_version
        moved = expected is not None and book.version(asked.stream, asked.about) != expected
        if moved and counted(book, asked.stream, asked.about):
            raise Stale(expected=expected)
        if asked.at and asked.at > asked.now + CLOCKS_MAY_DIFFER:
            raise InTheFuture(field="occurredAt", latest=asked.now.isoformat())

    async def _sealed(self) -> Command:
        """Sealing may cost a key: it is done once, unless the texts turn out to be about somebody else."""
        asked, book, handler = self._asked, self._book, self._handler
        subject = await self._read(lambda: handler.subject(asked.command, book))
        erasures = self._records.keyring.erasures
        # Whose key went meanwhile, of them nothing more is recorded that nobody could ever read.
        if self._sealing is None or self._sealing.subject != subject or self._erasures != erasures:
            self._erasures, self._sealing = erasures, None
            self._sealing = await self._seals(subject)
        return self._sealing.command

    async def _seals(self, subject: UUID) -> Sealing[Command]:
        command, keyring = self._asked.command, self._records.keyring
        try:
            return await keyring.sealing(command, subject)
        except (SubjectErased, KeyUnreadable):
            if not isinstance(command, RaiseSafeguardingConcern):
                raise
            # A concern is taken all the same, as it is about somebody nobody knows.
            return await keyring.sealing(command, restricted_stream(command.case))

    async def _record(self, by: Actor) -> Answer:
        facts = placed(self._asked, by, self._book, self._at)
        new = self._sealing.new if self._sealing else None
        append = append_of(self._asked, self._book, facts, new)
        answer = await self._records.log.append(append)
        # The facts of a repeated one are in the log already, at other positions than these would get.
        if not answer.repeated:
            keep(self._records.states, facts, append, answer)
            if new is not None and append.keys:
                self._records.keyring.kept(new)
        return answer

    async def confirmed(self, refused: Refused) -> Answer | None:
        """The refusal leaves only when the log says that what was read is still so; a repeat gets its first answer."""
        first = await self._forget_what_moved()
        # Whoever is not enrolled any more gets no earlier answer either.
        if self._enrolled and first is not None and first.digest == self._asked.digest:
            return first.answer
        if self._moved:
            return None
        if self._book.rests_on_records and not self._up_to_date:
            await self._records.up_to_date()
            self._up_to_date = True
            return None
        # That the id is taken is told only to those who may ask this, and see what they named.
        if first is not None and self._allowed and not refused.not_there:
            raise CommandIdReused from None
        raise refused

    async def _forget_what_moved(self) -> First | None:
        """What others have recorded meanwhile is read anew. Answers with what the command id was used for."""
        if self._sealing is not None and self._sealing.new is not None:
            self._sealing = None  # somebody else may have made the subject's key
        read = self._book.versions
        looked = await self._records.log.look(self._asked.id, [*read])
        self._moved = [id_ for (id_, known), now in zip(read.items(), looked.versions, strict=True) if known != now]
        self.rivals |= {*self._moved}
        self._records.states.forget(self._moved)
        return looked.first

    async def _read(self, act: Callable[[], T]) -> T:
        """Does it, as often as it finds something lacking in the book."""
        # This ends: each turn adds to the book what was lacking.
        while True:
            try:
                return act()
            except NotRead as lacking:
                await self._fetch(lacking)

    async def _fetch(self, lacking: NotRead) -> None:
        await fetch(lacking, self._book, self._records, Asking(self._records, self._sealing, self._up_to_date))


async def fetch(lacking: NotRead, book: Book, records: Records, asking: Asking) -> None:
    """Puts into the book what was lacking in it."""
    states = records.states
    if lacking.question is not None:
        answer: Any = await lacking.question.answer(asking)
        book.answers[lacking.question] = answer
    elif lacking.stream is not None:
        found = await states.gather(lacking.stream, lacking.ids)
        for id_, held in zip(lacking.ids, found, strict=True):
            if isinstance(held, Broken):
                book.broken[id_] = held
            else:
                # The id may name a stream of another kind: then that is what stands there.
                book.seen[id_] = states.seen(id_) or (lacking.stream, held)
