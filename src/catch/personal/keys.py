"""The key-encryption key: it wraps the data keys and never touches a text itself."""

import binascii
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from catch.disk import settled

KEY_BYTES = 32
NONCE_BYTES = 12
FINGERPRINT = 16


class KeyEncryption(Protocol):
    """What a key management service has to offer to stand in for the key file."""

    async def wrap(self, subject: UUID, key: bytes) -> bytes:
        """The data key in the form that is stored, bound to its subject."""
        ...

    async def unwrap(self, wrapped: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        """The data keys of many subjects at once; those that were wrapped by another place's key are left out."""
        ...

    def derive(self, purpose: bytes) -> bytes:
        """32 bytes for another purpose than wrapping; the same ones for ever, whichever key wraps by now."""
        ...

    def fingerprints(self) -> list[bytes]:
        """By which each of its keys is known again, in their order, and which tell nothing of them."""
        ...


def made_once(path: Path, make: Callable[[], bytes]) -> None:
    """A file of secrets, readable by its owner alone, if there is none yet."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Under a name of its own: whoever starts at the same moment must not read half a secret.
    draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(make())
        # What is sealed under it is kept from now on: it must not be lost before that.
        file.flush()
        os.fsync(file.fileno())
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

    The last one wraps; all of them unwrap, so a key is replaced by adding a line. The first one also gives the
    lookup hashes, hence it stays first.
    """

    def __init__(self, keys: list[bytes]) -> None:
        if not 1 <= len(keys) <= 255:
            raise ValueError(f"it must hold 1 to 255 keys, not {len(keys)}")
        for number, key in enumerate(keys, 1):
            if len(key) != KEY_BYTES:
                raise ValueError(f"key {number} has {len(key)} bytes, not {KEY_BYTES}")
        self._keys = keys

    @classmethod
    def read(cls, path: Path) -> "KeyFile":
        """Raises ValueError, which says what is wrong with it and nothing of what stands there, or OSError."""
        try:
            return cls([b64decode(line, validate=True) for line in path.read_text("ascii").split()])
        # Of base64, and of the encoding.
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("it must hold keys in base64, one a line, and nothing else") from None

    @classmethod
    def read_or_create(cls, path: Path) -> "KeyFile":
        """For development: makes the file, readable by its owner alone, if there is none yet."""
        made_once(path, lambda: b64encode(os.urandom(KEY_BYTES)) + b"\n")
        return cls.read(path)

    async def wrap(self, subject: UUID, key: bytes) -> bytes:
        # The key's line, so that lines can be added; the subject is bound, so that wrapped keys cannot be exchanged.
        version, nonce = bytes([len(self._keys)]), os.urandom(NONCE_BYTES)
        return version + nonce + AESGCM(self._keys[-1]).encrypt(nonce, key, version + subject.bytes)

    async def unwrap(self, wrapped: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        opened = ((subject, self._unwrap(subject, data)) for subject, data in wrapped.items())
        return {subject: key for subject, key in opened if key is not None}

    def _unwrap(self, subject: UUID, data: bytes) -> bytes | None:
        """None for what these keys did not wrap."""
        version, nonce, body = data[:1], data[1 : 1 + NONCE_BYTES], data[1 + NONCE_BYTES :]
        try:
            return AESGCM(self._keys[version[0] - 1]).decrypt(nonce, body, version + subject.bytes)
        except (InvalidTag, IndexError, ValueError):
            return None

    def derive(self, purpose: bytes) -> bytes:
        # Of the first key for ever: hashes that are stored must stay findable when another key wraps.
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(self._keys[0])

    def fingerprints(self) -> list[bytes]:
        return [HKDF(SHA256(), FINGERPRINT, salt=None, info=b"catch fingerprint").derive(key) for key in self._keys]
