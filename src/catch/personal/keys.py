"""The key-encryption keys: one of them wraps the data keys, and none ever touches a text itself.

`KeyEncryption` is all that the rest knows of where they come from; `KeyFile` is a file of them.
"""

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from catch.disk import drafted, settled

KEY_BYTES = 32
NONCE_BYTES = 12
FINGERPRINT = 16
RETIRED: Final = "retired:"


class KeyEncryption(Protocol):
    """What a key management service has to offer to stand in for the key file.

    Its keys are numbered from 1, the newest last. What wraps a data key is the first byte of what is stored: by it the
    place counts what each of them wraps, whatever the rest is made of.
    """

    wraps: int
    """The one that wraps. The place says which; all others unwrap only."""

    async def wrap(self, subject: UUID, key: bytes) -> bytes:
        """The data key in the form that is stored, bound to its subject."""
        ...

    async def unwrap(self, wrapped: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        """The data keys of many subjects at once; those that none of its keys has wrapped for them are left out."""
        ...

    def derive(self, purpose: bytes) -> bytes:
        """32 bytes for another purpose than wrapping; the same ones for ever, whichever key wraps by now."""
        ...

    def derive_each(self, purpose: bytes) -> list[bytes]:
        """The same of each key that can unwrap, the one that wraps first: for what is to end with its key."""
        ...

    def fingerprints(self) -> list[bytes]:
        """By which each of its keys is known again, in their order, and which tell nothing of them."""
        ...

    def held(self) -> frozenset[int]:
        """Those that can unwrap: of a retired one there is but its fingerprint."""
        ...


class Retired(bytes):
    """What is left of a key that is not needed for wrapping any more: all that was ever derived from it, and by no way
    back the key itself. So hashes that are stored stay findable, and a data key that it wrapped stays shut.
    """


def remains(key: bytes) -> Retired:
    """What RFC 5869 extracts, without salt. Of what is retired already: the same."""
    if isinstance(key, Retired):
        return key
    extract = hmac.HMAC(bytes(KEY_BYTES), SHA256())
    extract.update(key)
    return Retired(extract.finalize())


def made_once(path: Path, make: Callable[[], bytes]) -> None:
    """A file of secrets, readable by its owner alone, if there is none yet."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # What is sealed under it is kept from now on: it must not be lost before that.
    draft = drafted(path, make(), 0o600)
    try:
        # A link is made whole or not at all, so of two processes that start together both read the same secret.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    settled(path.parent)


class KeyFile:
    """Key-encryption keys kept in a file: one a line in base64, the newest last.

    All of them unwrap, so a key is replaced by adding a line. The first one also gives the lookup hashes, hence it
    stays first. Of a key that is retired its line holds what `remains`.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not 1 <= len(keys) <= 255:
            raise ValueError(f"it must hold 1 to 255 keys, not {len(keys)}")
        for number, key in enumerate(keys, 1):
            if len(key) != KEY_BYTES:
                raise ValueError(f"key {number} has {len(key)} bytes, not {KEY_BYTES}")
        self.keys = tuple(keys)
        self._roots = [remains(key) for key in keys]
        for number, root in enumerate(self._roots, 1):
            if (first := self._roots.index(root) + 1) < number:
                raise ValueError(f"keys {first} and {number} are the same one")
        self._ciphers = {n: AESGCM(key) for n, key in enumerate(keys, 1) if not isinstance(key, Retired)}
        self.wraps = len(keys)
        self._derived: dict[tuple[int, bytes], bytes] = {}

    @classmethod
    def read(cls, path: Path, *, forbidden: int = 0o022) -> "KeyFile":
        """Raises ValueError, which says what is wrong with it and nothing of what stands there, or OSError.

        `forbidden` is what others may not do with it, as permissions.
        """
        if (mode := path.stat().st_mode) & forbidden:
            what = "write to" if mode & forbidden & 0o022 else "read"
            remedy = f"chmod {'go-w' if forbidden == 0o022 else 'go='} {path}"
            raise ValueError(f"others than its owner may {what} it ({remedy})")
        try:
            return cls([_key(line) for line in path.read_text("ascii").split()])
        # Of base64, and of the encoding.
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("it must hold keys in base64, one a line, and nothing else") from None

    @classmethod
    def read_or_create(cls, path: Path) -> "KeyFile":
        """For development: makes the file, readable by its owner alone, if there is none yet."""
        made_once(path, lambda: KeyFile([os.urandom(KEY_BYTES)]).text())
        return cls.read(path)

    def text(self) -> bytes:
        """As it stands in the file."""
        return b"".join(
            (RETIRED.encode() if isinstance(key, Retired) else b"") + b64encode(key) + b"\n" for key in self.keys
        )

    def write(self, path: Path) -> None:
        """In the place of what stands there, whole or not at all, and on the disk when this returns. Raises OSError."""
        # What a link leads to, and whose it is: the servers must be able to read it as they did.
        path = path.resolve()
        for begun in path.parent.glob(f"{path.name}.{'[0-9a-f]' * 16}"):
            begun.unlink()
        was, draft = path.stat(), drafted(path, self.text(), 0o600)
        try:
            os.chown(draft, was.st_uid, was.st_gid)
            draft.chmod(was.st_mode & 0o777)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        settled(path.parent)

    def with_new(self) -> "KeyFile":
        return KeyFile([*self.keys, os.urandom(KEY_BYTES)])

    def without(self, number: int) -> "KeyFile":
        """With what remains of that one."""
        return KeyFile([remains(key) if n == number else key for n, key in enumerate(self.keys, 1)])

    async def wrap(self, subject: UUID, key: bytes) -> bytes:
        # The key's line, so that lines can be added; the subject is bound, so that wrapped keys cannot be exchanged.
        version, nonce = bytes([self.wraps]), os.urandom(NONCE_BYTES)
        return version + nonce + self._ciphers[self.wraps].encrypt(nonce, key, version + subject.bytes)

    async def unwrap(self, wrapped: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        opened = ((subject, self._unwrap(subject, data)) for subject, data in wrapped.items())
        return {subject: key for subject, key in opened if key is not None}

    def _unwrap(self, subject: UUID, data: bytes) -> bytes | None:
        """None for what these keys did not wrap."""
        version, nonce, body = data[:1], data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
        try:
            return self._ciphers[version[0]].decrypt(nonce, body, version + subject.bytes)
        except (InvalidTag, LookupError, ValueError):
            return None

    def derive(self, purpose: bytes) -> bytes:
        # Of the first key for ever: hashes that are stored must stay findable when another key wraps.
        return _expanded(self._roots[0], KEY_BYTES, purpose)

    def derive_each(self, purpose: bytes) -> list[bytes]:
        numbers = sorted(self._ciphers, key=lambda number: (number != self.wraps, number))
        return [self._derive_once(number, purpose) for number in numbers]

    def _derive_once(self, number: int, purpose: bytes) -> bytes:
        # Every request asks, for a handful of purposes.
        if (known := self._derived.get((number, purpose))) is None:
            known = self._derived[number, purpose] = _expanded(self._roots[number - 1], KEY_BYTES, purpose)
        return known

    def fingerprints(self) -> list[bytes]:
        return [_expanded(root, FINGERPRINT, b"catch fingerprint") for root in self._roots]

    def held(self) -> frozenset[int]:
        return frozenset(self._ciphers)


def _key(line: str) -> bytes:
    retired = line.startswith(RETIRED)
    key = b64decode(line.removeprefix(RETIRED), validate=True)
    return Retired(key) if retired else key


def _expanded(root: bytes, length: int, purpose: bytes) -> bytes:
    return HKDFExpand(SHA256(), length, purpose).derive(root)
