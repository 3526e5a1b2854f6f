"""A sealed text describes itself: urlsafe base64 of format, subject, nonce, and ciphertext with its tag."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Final, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from catch.domain.facts import Sealed

FORMAT: Final = b"\x01"
HEADER_BYTES: Final = 17  # format and subject
BODY: Final = HEADER_BYTES + 12
SHORTEST: Final = BODY + 16


class BrokenSeal(Exception):
    """This is not a sealed text of ours, or somebody changed it."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class Unopened(str):
    """Stands where a text is that is not shown to anybody. A str, so that it fits the field; ask with isinstance."""

    __slots__ = ()


class Erased(Unopened):
    """The text's key has been destroyed."""

    __slots__ = ()


class Unread(Unopened):
    """The text's key is not here, or is another place's, or the text was changed: `catch doctor` says which it is."""

    __slots__ = ()


ERASED: Final = Erased("[erased]")
UNREAD: Final = Unread("[cannot be read]")


class Token(NamedTuple):
    """A token taken apart; `header` is what the tag binds besides the text."""

    header: bytes
    nonce: bytes
    body: bytes

    @property
    def subject(self) -> UUID:
        return UUID(bytes=self.header[1:])


def seal(cipher: AESGCM, subject: UUID, text: str) -> Sealed:
    # The header is bound by the tag: a text cannot be passed off as another person's.
    header, nonce = FORMAT + subject.bytes, os.urandom(12)
    return Sealed(_encode(header + nonce + cipher.encrypt(nonce, text.encode(), header)))


def parse(sealed: Sealed) -> Token:
    """Raises BrokenSeal unless the token has exactly the form that `seal` gives."""
    try:
        raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
    except (NotBase64, ValueError):
        raise BrokenSeal from None
    # The decoder skips what it doesn't know and ignores spare bits: only the way back proves the token unchanged.
    if len(raw) < SHORTEST or raw[:1] != FORMAT or _encode(raw) != sealed:
        raise BrokenSeal
    return Token(raw[:HEADER_BYTES], raw[HEADER_BYTES:BODY], raw[BODY:])


def subject_of(sealed: Sealed) -> UUID:
    """Whose key it is sealed under. Raises BrokenSeal."""
    return parse(sealed).subject


def named(sealed: Sealed) -> UUID | None:
    """The same, or None of what is not a sealed text."""
    try:
        return parse(sealed).subject
    except BrokenSeal:
        return None


def unseal(cipher: AESGCM, token: Token) -> str:
    """Raises BrokenSeal when the token was changed or another subject's key is used."""
    try:
        return cipher.decrypt(token.nonce, token.body, token.header).decode()
    except InvalidTag:
        raise BrokenSeal from None


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
