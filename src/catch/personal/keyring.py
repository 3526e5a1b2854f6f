"""The data keys: one for each subject, made when its first text is sealed, destroyed to erase what was sealed.

A subject is the person for anything about a case, otherwise the stream itself. The keys lie wrapped in `data_keys`,
apart from the log. A destroyed key leaves an empty row behind, so that no second key is ever made in its place.
"""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from catch.database import Statements
from catch.domain.facts import Sealed
from catch.domain.ids import id_of_digest
from catch.domain.refusals import Refused
from catch.personal import texts, tokens
from catch.personal.erased import ErasedList
from catch.personal.keys import KeyEncryption
from catch.personal.tokens import ERASED, UNREAD, BrokenSeal, Unopened

S = TypeVar("S", bound=Struct)

# Null for a key that was made and is not here: it was lost, and none may be made in its place.
FIND = """
    select subject, wrapped from data_keys where subject = any($1::uuid[]) union all
    select k.subject, null from keyed k
    where k.subject = any($1::uuid[]) and not exists (select from data_keys d where d.subject = k.subject)
"""
MAKE = "insert into data_keys (subject, wrapped) values ($1, $2) on conflict (subject) do nothing"
THERE = "select subject from data_keys where subject = any($1::uuid[]) and wrapped <> ''"
# Written so that it needs no right to change a key: the empty row goes in once the old one is counted as gone. Of two
# servers that do it at once, the later finds it done.
DESTROY = """
    with gone as (delete from data_keys where subject = any($1::uuid[]) returning subject)
    insert into data_keys (subject, wrapped)
    select subject, '' from unnest($1::uuid[]) as named (subject), (select count(*) from gone) as done
    on conflict do nothing
"""


class SubjectErased(Refused):
    """What was kept about this person has been erased, so nothing more can be added. Register them anew if they come
    back.
    """


class KeyUnreadable(Refused):
    """What is kept about this person cannot be read here, so nothing can be added. Whoever runs the system is told
    why by `catch doctor`."""


Opens = AESGCM | Unopened
"""What opens the texts of a subject, or what stands for each of them."""


class Held(NamedTuple):
    cipher: AESGCM
    read_at: float


class NewKey(NamedTuple):
    """A data key that is nowhere yet: kept, wrapped, with the first fact that is sealed under it, or forgotten."""

    subject: UUID
    wrapped: bytes
    cipher: AESGCM


class Sealing(Generic[S]):
    """A command whose personal text was just sealed; `new` is the key that must be kept with what comes of it."""

    def __init__(
        self, command: S, subject: UUID, plain: Sequence[str], cipher: AESGCM | None = None, new: NewKey | None = None
    ) -> None:
        self.command = command if cipher is None else texts.with_texts(command, self._sealed(cipher, subject, plain))
        self.subject = subject
        self.new = new
        self._cipher = cipher

    def _sealed(self, cipher: AESGCM, subject: UUID, plain: Sequence[str]) -> Iterator[Sealed]:
        self._opened = dict(zip([tokens.seal(cipher, subject, text) for text in plain], plain, strict=True))
        return iter(self._opened)

    def holds(self, sealed: Sealed) -> bool:
        """Whether it is one of the command's own."""
        return sealed in self._opened

    def plain(self, sealed: Sealed) -> str:
        """What one of the command's sealed texts says."""
        return self._opened[sealed]

    def seal(self, text: str) -> Sealed:
        """A further text, under the same key as the command's own, of which there is one at least."""
        assert self._cipher is not None
        return tokens.seal(self._cipher, self.subject, text)


class Reader:
    """Unseals texts of the subjects it was made for: each once for all readers that are for some of them.

    What cannot be read is said of that text alone; it never stands in the way of others.
    """

    def __init__(
        self,
        subjects: Collection[UUID],
        ciphers: Mapping[UUID, Opens],
        opened: dict[Sealed, tuple[UUID, str | Unopened]] | None = None,
        told: Callable[[UUID], None] | None = None,
    ) -> None:
        """`told` hears of whom each text is that is read."""
        self._subjects = subjects
        self._ciphers = ciphers
        self._opened = {} if opened is None else opened
        self._told = told

    def only(self, *subjects: UUID, told: Callable[[UUID], None] | None = None) -> "Reader":
        """For some of them."""
        return Reader(subjects, self._ciphers, self._opened, told)

    def quiet(self) -> "Reader":
        """The same, for whoever shows nobody what it says."""
        return Reader(self._subjects, self._ciphers, self._opened)

    def get(self, sealed: Sealed) -> str | Unopened:
        """A text of a subject that it was not made for is not read either: somebody may have put it there."""
        known = self._opened.get(sealed)
        # What another reader has opened counts only where this one is for its subject as well.
        if known is not None and known[0] in self._subjects:
            if self._told is not None:
                self._told(known[0])
            return known[1]
        try:
            token = tokens.parse(sealed)
        except BrokenSeal:
            return UNREAD
        subject = token.subject
        if subject not in self._subjects:
            return UNREAD
        plain = opened(self._ciphers.get(subject, UNREAD), token)
        self._opened[sealed] = (subject, plain)
        if self._told is not None:
            self._told(subject)
        return plain


def opened(cipher: Opens, token: tokens.Token) -> str | Unopened:
    """What the token says, or what stands for it."""
    if isinstance(cipher, Unopened):
        return cipher
    try:
        return tokens.unseal(cipher, token)
    except BrokenSeal:
        return UNREAD


def secret_of(encryption: KeyEncryption, purpose: str) -> bytes:
    """Where there is no keyring; see `Keyring.secret`."""
    return encryption.derive(f"catch {purpose}".encode())


def erased_list(path: Path, encryption: KeyEncryption) -> ErasedList:
    """Of the place whose keys these are."""
    return ErasedList(path, secret_of(encryption, "erased 1"))


class Keyring:
    """Seals and unseals. `trusted_for` (seconds) bounds how long another process may go on reading after an erasure."""

    def __init__(
        self,
        database: Statements,
        encryption: KeyEncryption,
        *,
        held: int = 10_000,
        trusted_for: float = 5,
        listed: ErasedList | None = None,
    ) -> None:
        self._database = database
        self.encryption = encryption
        self._most = held
        self._trusted_for = trusted_for
        self._held: OrderedDict[UUID, Held] = OrderedDict()
        # Of those the log says so, before their keys are destroyed, too. Whoever was erased before this process began
        # has none any more.
        self._erased: set[UUID] = set()
        self.listed = listed
        self.erasures = 0
        """How often keys went: a `Reader` made before the last time may still hold one of them."""
        self._digest_key = encryption.derive(b"catch lookup")
        # Of its own: a digest of one kind must not be found among those of another.
        self._command_key = encryption.derive(b"catch command")

    async def seal(self, subject: UUID, plain: Sequence[str]) -> list[Sealed]:
        """Raises SubjectErased, KeyUnreadable."""
        if not plain:
            return []
        cipher = self._at_hand(subject) or await self._cipher(subject)
        return [tokens.seal(cipher, subject, text) for text in plain]

    async def unseal(self, sealed: Sequence[Sealed]) -> list[str | Unopened]:
        """At most one query, however many subjects."""
        subjects = {subject for token in sealed if (subject := tokens.named(token)) is not None}
        reader = await self.reader(subjects)
        return [reader.get(token) for token in sealed]

    async def reader(self, subjects: Collection[UUID]) -> "Reader":
        """Reads what is sealed under these subjects, each text when it is asked for. At most one query."""
        return Reader(frozenset(subjects), await self._ciphers(subjects))

    async def seal_command(self, command: S, subject: UUID) -> S:
        """A copy with its personal text sealed. Raises as `seal`, and what `texts.checked_texts` does: nobody's
        command becomes a fact without."""
        plain = texts.checked_texts(command)
        return texts.with_texts(command, iter(await self.seal(subject, plain))) if plain else command

    async def sealing(self, command: S, subject: UUID) -> Sealing[S]:
        """As `seal_command`, but a key that has to be made is not kept: whoever records the command keeps it."""
        plain = texts.checked_texts(command)
        if not plain:
            return Sealing(command, subject, plain)
        if subject in self._erased:
            raise SubjectErased(subject=subject)
        if cipher := self._at_hand(subject):
            return Sealing(command, subject, plain, cipher)
        rows = await self._database.fetch(FIND, [subject])
        # There is a row: perhaps of somebody who was erased, or whose key was lost, which `_cipher` finds.
        if rows:
            return Sealing(command, subject, plain, await self._cipher(subject))
        key = AESGCM.generate_key(256)
        new = NewKey(subject, await self.encryption.wrap(subject, key), AESGCM(key))
        return Sealing(command, subject, plain, new.cipher, new)

    def kept(self, new: NewKey) -> None:
        """The key lies in `data_keys` from now on."""
        self._hold([new.subject], {new.subject: new.cipher})

    def digest(self, text: str) -> str:
        """A keyed hash for exact lookup: equal texts, and only they, have equal digests."""
        return hmac.digest(self._digest_key, text.encode(), "sha256").hex()

    def subject_digest(self, issuer: str, subject: str) -> str:
        """A keyed hash of what an issuer of tokens calls somebody."""
        return self.digest(f"subject {issuer} {subject}")

    def derived_id(self, text: str) -> UUID:
        """An id made of the text and of the place's secret: the same for the same text, and nobody's guess."""
        return id_of_digest(self.digest(f"id {text}"))

    def command_digest(self, asked: bytes) -> bytes:
        """A keyed hash of what somebody asked for: nobody can guess from it what a command said."""
        return hmac.digest(self._command_key, asked, "sha256")

    def secret(self, purpose: str) -> bytes:
        """32 bytes that every server of this place, and nobody else, can make again for this purpose."""
        return secret_of(self.encryption, purpose)

    def secrets(self, purpose: str) -> list[bytes]:
        """The same of each of its keys, of which the first is to be used and the others are still good: for what ends
        when a key is retired.
        """
        return self.encryption.derive_each(f"catch {purpose}".encode())

    async def erase(self, *subjects: UUID) -> None:
        """Destroys the keys of these subjects, for ever: nobody can read what was sealed under them."""
        # Before the key goes: of one that is gone and not listed, a backup would bring it back unnoticed.
        if self.listed is not None:
            self.listed.noted(subjects)
        self.forget(subjects)
        await self._database.execute(DESTROY, [*subjects])

    async def erase_again(self) -> list[UUID]:
        """Whose keys were there although they are listed: after this they are there no more. Before anything is opened.

        Raises `OSError` where the list cannot be read.
        """
        if self.listed is None or not (subjects := self.listed.read().subjects):
            return []
        self.forget(subjects)
        rows = await self._database.fetch(THERE, [*subjects])
        if back := [row["subject"] for row in rows]:
            await self._database.execute(DESTROY, back)
        return back

    def forget(self, subjects: Iterable[UUID]) -> None:
        """They were erased: nothing of theirs is opened here any more, be their keys still there or not."""
        for subject in subjects:
            self._erased.add(subject)
            self._held.pop(subject, None)
        # Whoever keeps plain text compares this before they give it again.
        self.erasures += 1

    def _at_hand(self, subject: UUID) -> AESGCM | None:
        held = self._held.get(subject)
        # Another process may have destroyed the key: nobody tells this one.
        return held.cipher if held is not None and held.read_at >= time.monotonic() - self._trusted_for else None

    async def _cipher(self, subject: UUID) -> AESGCM:
        found = (await self._ciphers({subject})).get(subject)
        if found is None:
            wrapped = await self.encryption.wrap(subject, AESGCM.generate_key(256))
            await self._database.execute(MAKE, subject, wrapped)
            # Read again: another process may have been first, and then its key is the one.
            found = (await self._ciphers({subject})).get(subject)
        if isinstance(found, AESGCM):
            return found
        raise (SubjectErased if found == ERASED else KeyUnreadable)(subject=subject)

    async def _ciphers(self, subjects: Collection[UUID]) -> dict[UUID, Opens]:
        """Nothing for a subject that has no key here."""
        held = {subject: self._at_hand(subject) for subject in subjects}
        ciphers: dict[UUID, Opens] = {subject: cipher for subject, cipher in held.items() if cipher}
        ciphers |= dict.fromkeys(self._erased.intersection(subjects), ERASED)
        if missing := [subject for subject in subjects if subject not in ciphers]:
            rows = await self._database.fetch(FIND, missing)
            keys = await self.encryption.unwrap({row["subject"]: row["wrapped"] for row in rows if row["wrapped"]})
            ciphers |= {row["subject"]: ERASED if row["wrapped"] == b"" else UNREAD for row in rows}
            ciphers |= {subject: AESGCM(key) for subject, key in keys.items()}
            # Of whom it was heard while this was read.
            ciphers |= dict.fromkeys(self._erased.intersection(missing), ERASED)
            self._hold(missing, ciphers)
        return ciphers

    def _hold(self, asked: Iterable[UUID], ciphers: Mapping[UUID, Opens]) -> None:
        now = time.monotonic()
        for subject in asked:
            self._held.pop(subject, None)
            cipher = ciphers.get(subject)
            if isinstance(cipher, AESGCM):
                self._held[subject] = Held(cipher, now)
        while len(self._held) > self._most:
            self._held.popitem(last=False)
