"""The Merkle tree of RFC 6962, section 2.1: how leaves make a root, and what proves that they did.

Values in, values out: nothing here knows where hashes are kept. What checks proofs is at the end, and rests on nothing
above it but the two hashes, so that a fault in making proofs cannot hide in checking them.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH = 32
"""Bytes of a hash."""
EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""

Node = tuple[int, int]
"""Height and index: the whole subtree over leaves `index << height` to `(index + 1) << height`, without the last."""
Range = tuple[int, int]
"""Leaves from the first up to, not with, the second."""


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    # Another first byte than a leaf's, so that neither is ever taken for the other.
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """Where a tree of at least two leaves is halved: the largest power of two below its size."""
    return 1 << ((size - 1).bit_length() - 1)


def wholes(part: Range) -> list[Node]:
    """The whole subtrees that make up a part of a tree, left to right. Parts of proofs begin where this is possible."""
    begin, end = part
    found: list[Node] = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        found.append((height, begin >> height))
        begin += 1 << height
    return found


def joined(hashes: Sequence[bytes]) -> bytes:
    """The root of whole subtrees that grow smaller from left to right."""
    if not hashes:
        return EMPTY
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def inclusion(index: int, size: int) -> list[Range]:
    """The parts of a tree whose roots prove that this leaf is in it: the leaf's neighbour first, the largest last."""
    begin, end = 0, size
    found: list[Range] = []
    while end - begin > 1:
        middle = begin + split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency(old: int, new: int) -> list[Range]:
    """The parts whose roots prove that a tree of `new` leaves begins with the one of `old` leaves."""
    begin, end, whole = 0, new, True
    found: list[Range] = []
    if not 0 < old < new:
        return found
    while old != end:
        middle = begin + split(end - begin)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin, whole = middle, False
    if not whole:
        found.append((begin, end))
    return found[::-1]


class Frontier:
    """A tree that only grows: of all its hashes it holds the few that the next leaf needs.

    `keep` is called with every whole subtree of more than one leaf when it has become whole.
    """

    def __init__(
        self, size: int = 0, hashes: Iterable[bytes] = (), keep: Callable[[Node, bytes], object] | None = None
    ) -> None:
        self.size = size
        self._hashes = [*hashes]
        self.keep = keep
        if len(self._hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves is made of {size.bit_count()} subtrees")

    def add(self, leaf: bytes) -> None:
        """`leaf` is its hash."""
        index, height = self.size, 0
        while index & 1:
            leaf, index, height = node_hash(self._hashes.pop(), leaf), index >> 1, height + 1
            if self.keep is not None:
                self.keep((height, index), leaf)
        self._hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        return joined(self._hashes)


# What checks proofs


def root_proved(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """The root that this path leads to from a leaf's hash; None where no path of this length can be the leaf's."""
    if not 0 <= index < size or any(len(each) != HASH for each in (leaf, *path)):
        return None
    last, root = size - 1, leaf
    for each in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            root = node_hash(each, root)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            root = node_hash(root, each)
        index, last = index >> 1, last >> 1
    return root if last == 0 else None


def included(index: int, size: int, leaf: bytes, path: Sequence[bytes], root: bytes) -> bool:
    return len(root) == HASH and root_proved(index, size, leaf, path) == root


def consistent(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the tree of `new` leaves begins with the one of `old` leaves."""
    if any(len(each) != HASH for each in (old_root, new_root, *proof)) or not 0 <= old <= new:
        return False
    if old in (0, new):
        # Of the empty tree anything is a continuation, and a tree is its own: there is nothing to be proved by hashes.
        return not proof and (old_root == new_root if old == new else old_root == EMPTY)
    # Where the old tree is whole its root is not repeated in the proof.
    rest = [old_root, *proof] if old & (old - 1) == 0 else [*proof]
    if not rest:
        return False
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    was = now = rest[0]
    for each in rest[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            was, now = node_hash(each, was), node_hash(each, now)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            now = node_hash(now, each)
        index, last = index >> 1, last >> 1
    return last == 0 and was == old_root and now == new_root
