"""The tree is that of RFC 6962, by its published vectors and a second implementation; no changed proof is accepted."""

import os
import random
from base64 import b64decode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catch.evidence import leaves
from catch.evidence.tree import (
    EMPTY,
    Frontier,
    Node,
    Range,
    consistency,
    consistent,
    included,
    inclusion,
    joined,
    leaf_hash,
    node_hash,
    root_proved,
    wholes,
)

# The reference vectors of Certificate Transparency (certificate-transparency-go, transparency-dev/merkle).
LEAVES = [
    bytes.fromhex(each)
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
# Of leaves that are their own index in two bytes, the lesser first.
LARGER = {
    10: "VjWMPSYNtCuCNlF/RLnQy6HcwSk6CIipfxm+hettA+4=",
    15: "j4SulYmocFuxdeyp12xXCIgK6PekBcxzAIj4zbQzNEI=",
    16: "c+4Uc6BCMOZf/v3NZK1kqTUJe+bBoFtOhP+P3SayKRE=",
    100: "dUh9hYH88p0CMoHkdr1wC2szbhcLAXOejWpINIooKUY=",
    255: "SmdsuKUqiod3RX2jyF2M6JnbdE4QuTwwipfAowI4/i0=",
}


# The second implementation: the definitions of the RFC as they stand there, slow and without a thought.


def mth(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) < 2:
        return hashes[0] if hashes else EMPTY
    k = below(len(hashes))
    return node_hash(mth(hashes[:k]), mth(hashes[k:]))


def path(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    if len(hashes) == 1:
        return []
    k = below(len(hashes))
    if m < k:
        return [*path(m, hashes[:k]), mth(hashes[k:])]
    return [*path(m - k, hashes[k:]), mth(hashes[:k])]


def subproof(m: int, hashes: Sequence[bytes], whole: bool = True) -> list[bytes]:
    if m == len(hashes):
        return [] if whole else [mth(hashes)]
    k = below(len(hashes))
    if m <= k:
        return [*subproof(m, hashes[:k], whole), mth(hashes[k:])]
    return [*subproof(m - k, hashes[k:], False), mth(hashes[:k])]


def below(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


# Ours, from nodes as they are kept


def kept(hashes: Sequence[bytes]) -> tuple[Frontier, dict[Node, bytes]]:
    nodes: dict[Node, bytes] = {(0, index): each for index, each in enumerate(hashes)}
    frontier = Frontier(keep=nodes.__setitem__)
    for each in hashes:
        frontier.add(each)
    return frontier, nodes


def taken(parts: Sequence[Range], nodes: dict[Node, bytes]) -> list[bytes]:
    return [joined([nodes[node] for node in wholes(part)]) for part in parts]


def hexed(hashes: Sequence[bytes]) -> list[str]:
    return [each.hex() for each in hashes]


def test_the_published_roots_come_out():
    hashes = [*map(leaf_hash, LEAVES)]
    for size, root in enumerate(ROOTS):
        assert kept(hashes[:size])[0].root().hex() == root == mth(hashes[:size]).hex()
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    for size, root in LARGER.items():
        frontier, _ = kept([leaf_hash(index.to_bytes(2, "little")) for index in range(size)])
        assert frontier.root() == b64decode(root)


def test_the_published_proofs_come_out_and_are_accepted():
    hashes = [*map(leaf_hash, LEAVES)]
    for (index, size), expected in INCLUSION.items():
        proof = taken(inclusion(index, size), kept(hashes[:size])[1])
        assert hexed(proof) == expected
        assert included(index, size, hashes[index], proof, bytes.fromhex(ROOTS[size]))
    for (old, new), expected in CONSISTENCY.items():
        proof = taken(consistency(old, new), kept(hashes[:new])[1])
        assert hexed(proof) == expected
        assert consistent(old, new, proof, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]))


HASHES = [leaf_hash(index.to_bytes(4)) for index in range(300)]


@given(st.integers(1, 300), st.data())
def test_proofs_are_those_of_the_definition_and_are_accepted(size: int, data: st.DataObject):
    frontier, nodes = kept(HASHES[:size])
    assert frontier.root() == mth(HASHES[:size])
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    proof, proved = taken(inclusion(index, size), nodes), taken(consistency(old, size), nodes)
    assert proof == path(index, HASHES[:size])
    assert proved == subproof(old, HASHES[:size])
    assert included(index, size, HASHES[index], proof, frontier.root())
    assert consistent(old, size, proved, mth(HASHES[:old]), frontier.root())


def test_every_proof_of_every_small_tree():
    for size in range(1, 33):
        frontier, nodes = kept(HASHES[:size])
        for index in range(size):
            assert included(index, size, HASHES[index], taken(inclusion(index, size), nodes), frontier.root())
        for old in range(size + 1):
            was = kept(HASHES[:old])[0].root()
            assert consistent(old, size, taken(consistency(old, size), nodes), was, frontier.root())


Claim = tuple[int, int, bytes, list[bytes], bytes]
"""Index and size, or both sizes; the leaf or the old root; the proof; the root."""

MUTATIONS: tuple[Callable[[random.Random, Claim], Claim], ...] = (
    lambda r, c: (c[0], c[1], flipped(r, c[2]), c[3], c[4]),
    lambda r, c: (c[0], c[1], c[2], c[3], flipped(r, c[4])),
    lambda r, c: (c[0], c[1], c[2], [flipped(r, each) if n == 0 else each for n, each in enumerate(c[3])], c[4]),
    lambda r, c: (c[0], c[1], c[2], [each if r.random() < 0.7 else flipped(r, each) for each in c[3]], c[4]),
    lambda r, c: (c[0], c[1], c[2], c[3][:-1], c[4]),
    lambda r, c: (c[0], c[1], c[2], c[3][1:], c[4]),
    lambda r, c: (c[0], c[1], c[2], [*c[3], r.choice([c[4], b"", r.randbytes(32)])], c[4]),
    lambda r, c: (c[0], c[1], c[2], [r.choice([c[2], b"", r.randbytes(32)]), *c[3]], c[4]),
    lambda r, c: (c[0], c[1], c[2], r.sample(c[3], len(c[3])), c[4]),
    lambda r, c: (c[0], c[1], c[2], [each[:31] for each in c[3]], c[4]),
    lambda r, c: (c[0] ^ 1 << r.randrange(9), c[1], c[2], c[3], c[4]),
    lambda r, c: (r.choice([-1, c[0] - 1, c[0] + 1, c[1], 2**63]), c[1], c[2], c[3], c[4]),
    lambda r, c: (c[0], c[1] * 2, c[2], c[3], c[4]),
    lambda r, c: (c[0], c[1] // 2, c[2], c[3], c[4]),
    lambda r, c: (c[0], c[1], c[2], c[3], EMPTY),
)


def flipped(r: random.Random, data: bytes) -> bytes:
    bit = r.randrange(len(data) * 8)
    return bytes(each ^ (1 << bit % 8 if n == bit // 8 else 0) for n, each in enumerate(data))


def true_inclusion(index: int, size: int, leaf: bytes, root: bytes) -> bool:
    """What a claim says, looked up: a change that leaves it true is none that must be refused."""
    return 0 <= index < size <= len(HASHES) and leaf == HASHES[index] and root == ALL_ROOTS[size]


ALL_ROOTS = [mth(HASHES[:size]) for size in range(len(HASHES) + 1)]


def test_no_changed_proof_is_accepted():
    r = random.Random(6962)
    _, nodes = kept(HASHES)
    tried = 0
    while tried < int(os.environ.get("CATCH_MUTATED_PROOFS", "6000")):
        size = r.randrange(2, 301)
        index, old = r.randrange(size), r.randrange(1, size)
        claims: tuple[tuple[Claim, bool], ...] = (
            ((index, size, HASHES[index], taken(inclusion(index, size), nodes), ALL_ROOTS[size]), True),
            ((old, size, ALL_ROOTS[old], taken(consistency(old, size), nodes), ALL_ROOTS[size]), False),
        )
        for claim, of_a_leaf in claims:
            changed = r.choice(MUTATIONS)(r, claim)
            a, b, c, d, e = changed
            if changed == claim:
                continue
            tried += 1
            if of_a_leaf:
                accepted = included(a, b, c, d, e)
                # The path of a leaf leads to the same root in some trees of other sizes, and then says nothing false.
                assert not accepted or (true_inclusion(a, claim[1], c, e) and d == claim[3]), changed
            else:
                assert not consistent(a, b, d, c, e) or (c, e, d) == (claim[2], claim[4], claim[3]), changed


def test_sizes_are_signed_with_roots_and_a_path_alone_does_not_tell_them():
    """Why a size is never taken from anywhere but a signed checkpoint: the control of the exception above."""
    _, nodes = kept(HASHES)
    proof = taken(inclusion(0, 3), nodes)
    assert included(0, 3, HASHES[0], proof, ALL_ROOTS[3])
    assert included(0, 4, HASHES[0], proof, ALL_ROOTS[3])


@given(st.binary(max_size=200), st.lists(st.binary(min_size=32, max_size=32), max_size=12), st.integers(0, 5000))
def test_what_is_made_up_is_refused_and_breaks_nothing(leaf: bytes, made_up: list[bytes], number: int):
    assert root_proved(number, number, leaf_hash(leaf), made_up) is None
    assert not included(number // 2, number, leaf_hash(leaf), made_up, leaf_hash(b"root"))
    assert not consistent(number // 2, number + 1, made_up, leaf_hash(leaf), leaf_hash(b"root"))


FACTS = st.tuples(
    st.integers(1, 2**52),
    st.uuids(),
    st.integers(1, 2**31),
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.binary(max_size=60),
    st.datetimes(timezones=st.just(UTC)),
)


@given(FACTS, FACTS)
def test_no_two_facts_have_one_leaf(
    one: tuple[int, UUID, int, str, bytes, datetime], other: tuple[int, UUID, int, str, bytes, datetime]
):
    assume(one != other)
    assert leaves.hash_of(*one) != leaves.hash_of(*other)


def test_a_leaf_covers_every_field_and_where_one_ends():
    fact = (7, UUID(int=1), 2, "CaseAccepted", b'{"event":{}}', datetime(2026, 3, 10, 9, 30, tzinfo=UTC))
    hashed = leaves.hash_of(*fact)
    others = (8, UUID(int=2), 3, "CaseAccepte", b'{"event":{}} ', fact[5] + timedelta(microseconds=1))
    for place, other in enumerate(others):
        changed: Any = (*fact[:place], other, *fact[place + 1 :])
        assert leaves.hash_of(*changed) != hashed
    # The same bytes in a row, and the border between name and content elsewhere.
    assert leaves.hash_of(*fact[:3], "CaseAccepted{", fact[4][1:], fact[5]) != hashed
    assert leaves.moment(leaves.microseconds(fact[5])) == fact[5]
    # For ever: what was signed under another encoding could not be proved any more.
    assert hashed.hex() == "58bf539c67dc14f1042c6fe4ae7e3b07e52d8b531f70a888f9d016b6d017eb9a"


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257])
def test_a_frontier_goes_on_from_what_is_kept(size: int):
    _, nodes = kept(HASHES)
    resumed = Frontier(size, [nodes[each] for each in wholes((0, size))])
    for each in HASHES[size:]:
        resumed.add(each)
    assert resumed.root() == ALL_ROOTS[-1]
    with pytest.raises(ValueError, match="subtrees"):
        Frontier(size, [EMPTY] * (size.bit_count() + 1))
