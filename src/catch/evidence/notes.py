"""Signed notes, checkpoints and proofs as text, in the formats of C2SP (signed-note, tlog-checkpoint, tlog-cosignature,
tlog-proof), with Ed25519: what other people's verifiers and witnesses read.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from catch.evidence.tree import HASH

ED25519, COSIGNATURE = 1, 4
"""Kinds of signatures, as the formats number them."""
MOST_SIGNATURES = 100
MOST_HASHES = 63
"""Of a proof of consistency."""
LARGEST = 100_000
"""Characters of a note."""
NAME = re.compile(r"[^\s+\x00-\x1f]{1,200}")
NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
PRIVATE = "PRIVATE+KEY+"
PROOF = "c2sp.org/tlog-proof@v1"


class NotProved(Exception):
    """Says in a sentence what is not as it should be; `position` is the first fact that it is about, if it is one."""

    def __init__(self, sentence: str, position: int | None = None) -> None:
        super().__init__(sentence)
        self.position = position

    @property
    def said(self) -> str:
        where = "" if self.position is None else f" at position {self.position}"
        return f"NOT PROVED{where}: {self}"


class PublicKey(NamedTuple):
    """Whose signatures are believed: of this name, of this kind, made with this key."""

    name: str
    kind: int
    key: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.key).decode()}"

    @classmethod
    def read(cls, text: str) -> "PublicKey":
        """Raises `NotProved`."""
        name, _, rest = text.strip().partition("+")
        said, _, key = rest.partition("+")
        data = from_base64(key)
        found = cls(name, data[0] if data else 0, data[1:])
        if not NAME.fullmatch(name) or found.kind not in (ED25519, COSIGNATURE) or len(found.key) != 32:
            raise NotProved("This is no public key: it is written name+id+key, the key an Ed25519 one.")
        if found.id.hex() != said:
            raise NotProved(f"The public key of {name} is damaged: it does not fit the id that is written with it.")
        return found

    def verifies(self, text: str, signature: bytes) -> bool:
        message = text.encode()
        if self.kind == COSIGNATURE:
            at = int.from_bytes(signature[:8])
            if len(signature) != 8 + 64 or not 0 < at < 2**63:
                return False
            message, signature = cosigned(text, at), signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """Signs under a name, with 32 secret bytes."""

    def __init__(self, name: str, seed: bytes, kind: int = ED25519) -> None:
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(name, kind, self._key.public_key().public_bytes_raw())

    @property
    def secret(self) -> str:
        """As it is kept: whoever has it signs."""
        kind = bytes([self.public.kind])
        return f"{PRIVATE}{self.public.name}+{self.public.id.hex()}+{b64encode(kind + self._seed).decode()}"

    @classmethod
    def read(cls, text: str) -> "Signer":
        """Raises `NotProved`."""
        name, _, rest = text.strip().removeprefix(PRIVATE).partition("+")
        said, _, key = rest.partition("+")
        data = from_base64(key)
        if not text.startswith(PRIVATE) or not NAME.fullmatch(name) or len(data) != 33:
            raise NotProved("This is no private key: it is written PRIVATE+KEY+name+id+key.")
        found = cls(name, data[1:], data[0])
        if found.public.id.hex() != said:
            raise NotProved(f"The private key of {name} is damaged: it does not fit the id that is written with it.")
        return found

    def line(self, text: str, at: int = 0) -> str:
        """`at`: seconds since 1970, said in a cosignature."""
        if self.public.kind == COSIGNATURE:
            signature = at.to_bytes(8) + self._key.sign(cosigned(text, at))
        else:
            signature = self._key.sign(text.encode())
        return Signature(self.public.name, self.public.id, signature).line

    def note(self, text: str) -> str:
        return f"{text}\n{self.line(text)}"


def cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


class Signature(NamedTuple):
    name: str
    id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        return f"— {self.name} {b64encode(self.id + self.signature).decode()}\n"

    def by(self, key: PublicKey) -> bool:
        """As far as it says so itself."""
        return (self.name, self.id) == (key.name, key.id)


def taken_apart(note: str) -> tuple[str, list[Signature]]:
    """The text, with its last line break, and who signed. Nothing of it is believed yet. Raises `NotProved`."""
    if len(note) > LARGEST or any(sign < " " and sign != "\n" for sign in note):
        raise NotProved("This is no signed note: it is too long, or holds control characters.")
    text, between, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not between or not text or lines.pop() or not 0 < len(lines) <= MOST_SIGNATURES:
        raise NotProved("This is no signed note: a text, an empty line and signatures are expected.")
    return text + "\n", [*map(_signature, lines)]


def _signature(line: str) -> Signature:
    dash, name, data = [*line.split(" "), "", ""][:3]
    signature = from_base64(data)
    if dash != "—" or line.count(" ") != 2 or not NAME.fullmatch(name) or len(signature) <= 4:
        raise NotProved("This is no signed note: a line behind its text is no signature.")
    return Signature(name, signature[:4], signature[4:])


def opened(note: str, *keys: PublicKey) -> str:
    """The text, signed by one of these keys at least. A signature of another key says nothing; a wrong one of a known
    key spoils the note. Raises `NotProved`."""
    text, signatures = taken_apart(note)
    by = {(key.name, key.id): key for key in keys}
    found = [(by[known], each) for each in signatures if (known := (each.name, each.id)) in by]
    if not found:
        raise NotProved("The note is not signed by a key that is known here.")
    for key, each in found:
        if not key.verifies(text, each.signature):
            raise NotProved(f"The signature of {key.name} does not fit what it stands under: one of them was changed.")
    return text


def signed_by(note: str, keys: Iterable[PublicKey]) -> list[str]:
    """Which of these keys signed it, by name; each once, however often it did."""
    text, signatures = taken_apart(note)
    return [key.name for key in keys if any(each.by(key) and key.verifies(text, each.signature) for each in signatures)]


class Checkpoint(NamedTuple):
    """How far the tree of a log has come, and its root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> "Checkpoint":
        """Raises `NotProved`. Further lines are allowed, and mean nothing here."""
        lines = text.split("\n")
        origin, size, root, *more = lines[:-1] if len(lines) > 3 and not lines[-1] else ["", "", ""]
        found = from_base64(root)
        if not origin or not NUMBER.fullmatch(size) or len(found) != HASH or not all(more):
            raise NotProved("This is no checkpoint: name of the log, number of facts and root are expected.")
        return cls(origin, int(size), found)


class Proof(NamedTuple):
    """That a leaf is in the tree of a checkpoint: `leaf` is its place there, from 0."""

    leaf: int
    path: tuple[bytes, ...]
    note: str

    @property
    def text(self) -> str:
        hashes = "".join(f"{b64encode(each).decode()}\n" for each in self.path)
        return f"{PROOF}\nindex {self.leaf}\n{hashes}\n{self.note}"

    @classmethod
    def read(cls, text: str) -> "Proof":
        """Raises `NotProved`. What it says besides (`extra`) is proved by nothing, and left aside."""
        before, _, note = text.partition("\n\n")
        first, *lines = before.split("\n")
        if lines and lines[0].startswith("extra "):
            del lines[0]
        number = lines.pop(0).removeprefix("index ") if lines and lines[0].startswith("index ") else ""
        path = tuple(map(from_base64, lines))
        if first != PROOF or not NUMBER.fullmatch(number) or any(len(each) != HASH for each in path) or len(path) > 64:
            raise NotProved("This is no proof: c2sp.org/tlog-proof@v1, an index and hashes are expected.")
        return cls(int(number), path, note)


def as_lines(old: int, hashes: Iterable[bytes]) -> str:
    """A proof of consistency, as witnesses are told it: the old size, then the hashes."""
    return "".join(f"{line}\n" for line in (f"old {old}", *(b64encode(each).decode() for each in hashes)))


def from_lines(text: str) -> tuple[int, list[bytes]]:
    """Raises `NotProved`."""
    first, *lines = text.split("\n")[:-1] or [""]
    size, hashes = first.removeprefix("old "), [*map(from_base64, lines)]
    known = first.startswith("old ") and NUMBER.fullmatch(size)
    if not known or any(len(each) != HASH for each in hashes) or len(hashes) > MOST_HASHES:
        raise NotProved("The proof that the log only grew cannot be read.")
    return int(size), hashes


def from_base64(text: str) -> bytes:
    """Nothing for what is not base64 in its one form: a second spelling would be another note with one meaning."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return b""
    return data if b64encode(data).decode() == text else b""


def as_path(data: bytes) -> Sequence[bytes] | None:
    """Hashes that stand in a row."""
    return None if len(data) % HASH else [data[n : n + HASH] for n in range(0, len(data), HASH)]
