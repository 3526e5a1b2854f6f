"""A witness cosigns that a log has only grown: by what others published, over any history of a log that shows two
pasts, and over a real socket. A place asks its witnesses; none of them, dead, slow or lying, is in its way.
"""

import asyncio
import random
import signal
import sqlite3
import sys
from base64 import b64decode
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner

from catch.app import opened
from catch.cli import cli
from catch.database.server import Server
from catch.domain.facts import Sealed
from catch.domain.person import RegisterPerson
from catch.evidence import cosigning as evidence_cosigning
from catch.evidence import kept
from catch.evidence import witness as evidence_witness
from catch.evidence.cosigning import Asked, Cosigning, Denied, Trouble, witnesses
from catch.evidence.exporting import Asked as Wanted
from catch.evidence.exporting import export
from catch.evidence.notes import COSIGNATURE, Checkpoint, NotProved, PublicKey, Signer, as_lines, signed_by, taken_apart
from catch.evidence.signing import Signing
from catch.evidence.tree import EMPTY, consistency, leaf_hash, node_hash
from catch.evidence.verifying import verified
from catch.evidence.witness import SIZE, CannotWitness, Witness, alone, asked, contradiction, signer
from catch.log import Log
from catch.settings import BadSetting, Settings
from catch.web.witness import served
from tests.cases import nobody
from tests.conftest import Database, eventually
from tests.place import SYSTEM
from tests.test_evidence_signing import SECRET, signed, some

NOW = 1_790_000_000.0
BY = Signer("witness.example/w1", bytes([9] * 32), COSIGNATURE)
SECOND = Signer("witness.example/w2", bytes([8] * 32), COSIGNATURE)
OURS = Signer("log.example/1", bytes([1] * 32))

# What others published

# The exchange that litewitness is tested by: filippo.io/torchwood, cmd/litewitness/testdata/litewitness.txt. Where it
# does not know the log it answers 403, and the specification says 404.
SIGSUM = "sigsum.org/v1/tree/4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562"
SIGSUM_KEY = PublicKey(SIGSUM, 1, bytes.fromhex("ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f"))
ONE = f"{SIGSUM}\n1\nKgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— {SIGSUM} UgIom7fPZTqpxWWhyjWduBvTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=\n"  # noqa: E501
THREE = f"{SIGSUM}\n3\nRcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n\n— {SIGSUM} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYwyJre36kezNobZs4SUUdrcawfAB8WVrx6go=\n"  # noqa: E501
FIVE = f"{SIGSUM}\n5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n\n— {SIGSUM} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=\n"  # noqa: E501
TO_THREE = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nKgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
TO_FIVE = "KgIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nKgMAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nwgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=\nKgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"  # noqa: E501
FROM_ONE_TO_FIVE = "KgEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\nKgQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"  # noqa: E501
EXCHANGE = [
    (f"old 0\n\n{ONE}", 200, None),
    (f"old 1\n{TO_THREE}\n{THREE.replace('6go=', '6gx=')}", 400, None),
    (f"old 1\n{TO_THREE}\n{THREE.replace('rx6go=', 'rx6gw=')}", 403, None),
    (f"old 1\n{TO_THREE}\n{THREE.replace(SIGSUM, SIGSUM[:-1] + '3')}", 404, None),
    (f"old 1\n\n{THREE}", 422, None),
    (f"old 1\n{TO_THREE.replace('AAA=', 'BAA=')}\n{THREE}", 422, None),
    (f"old 1\n{TO_THREE}\n{THREE}", 200, None),
    (f"old 1\n{FROM_ONE_TO_FIVE}\n{FIVE}", 409, "3\n"),
    (f"old 3\n{TO_FIVE}\n{FIVE}", 200, None),
    (f"old 0\n\n{FIVE}", 409, "5\n"),
]
# By transparency-dev/witness, witness/witness_test.go.
MONKEYS_KEY = "monkeys+db4d9f7e+AULaJMvTtDLHPUcUrjdDad9vDlh/PTfC2VV60JUtCfWT"
MONKEYS_PRIVATE = "PRIVATE+KEY+monkeys+db4d9f7e+ATWIAF3yVBG+Hv1rZFQoNt/BaURkLPtOFMAM2HrEeIr6"
MONKEYS_FIVE = "monkeys\n5\n41smjBUiAU70EtKlT6lIOIYtRTYxYXsDB+XHfcvu/BE=\n\n— monkeys 202fftzGl3LVoqjXfwCFZZXs8I+5G22+Ek2K0AOyBuSJ/8/CZawNF+6fNlTKOCd622pbzJNkkJFWuw9DbicZCkEx9AY=\n"  # noqa: E501
MONKEYS_EIGHT = "monkeys\n8\nV8K9aklZ4EPB+RMOk1/8VsJUdFZR77GDtZUQq84vSbo=\n\n— monkeys 202ffoUEboiQYpHzICeaFmoy3RNviHTpAxYrq/eO4QQVQMvu9UebKBMX2MJC76NLthZaKsnKbCA8GxrjePZhvDCH7Ag=\n"  # noqa: E501
MONKEYS_PROOF = [
    bytes.fromhex("b9e1d62618f7fee8034e4c5010f727ab24d8e4705cb296c374bf2025a87a10d2"),
    bytes.fromhex("aac66cd7a79ce4012d80762fe8eec3a77f22d1ca4145c3f4cee022e7efcd599d"),
    bytes.fromhex("89d0f753f66a290c483b39cd5e9eafb12021293395fad3d4a2ad053cfbcfdc9e"),
    bytes.fromhex("29e40bb79c966f4c6fe96aff6f30acfce5f3e8d84c02215175d6e018a5dee833"),
]
# The examples of c2sp.org/tlog-witness. Their private keys were not published.
C2SP_REQUEST = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""  # noqa: E501
C2SP_ANSWER = """— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvVjyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64vWhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbYKA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
"""  # noqa: E501


def witness_of(folder: Path, *logs: PublicKey, by: Signer = BY) -> Witness:
    return Witness(folder, by, logs or [OURS.public], lambda: NOW)


def test_a_published_exchange_is_answered_as_it_was(tmp_path: Path):
    witness = witness_of(tmp_path, SIGSUM_KEY)
    for body, status, said in EXCHANGE:
        answer = witness.add(body.encode())
        assert (answer.status, body[:60]) == (status, body[:60])
        if said is not None:
            assert (answer.text, answer.kind) == (said, SIZE)
        elif status == HTTPStatus.OK:
            note = body.partition("\n\n")[2]
            assert signed_by(note + answer.text, [SIGSUM_KEY, BY.public]) == [SIGSUM, BY.public.name]
        else:
            # In a sentence, for whoever runs the log.
            assert answer.text.endswith(".\n")
    assert taken_apart(witness.checkpoint(sha256(SIGSUM.encode()).hexdigest()).text)[0] == taken_apart(FIVE)[0]


def test_other_published_checkpoints_are_cosigned(tmp_path: Path):
    assert str(Signer.read(MONKEYS_PRIVATE).public) == MONKEYS_KEY
    witness = witness_of(tmp_path, PublicKey.read(MONKEYS_KEY))
    assert witness.add(f"{as_lines(0, [])}\n{MONKEYS_FIVE}".encode()).status == HTTPStatus.OK
    assert witness.add(f"{as_lines(5, MONKEYS_PROOF[::-1])}\n{MONKEYS_EIGHT}".encode()).status == 422
    assert witness.add(f"{as_lines(5, MONKEYS_PROOF)}\n{MONKEYS_EIGHT}".encode()).status == HTTPStatus.OK
    assert witness.add(f"{as_lines(8, MONKEYS_PROOF)}\n{MONKEYS_FIVE}".encode()).status == HTTPStatus.BAD_REQUEST


def test_the_examples_of_the_specification_are_read():
    old, proof, note = asked(C2SP_REQUEST.encode())
    assert (old, len(proof)) == (20852014, 4)
    assert Checkpoint.read(taken_apart(note)[0]).size == 20852163
    assert as_lines(old, proof) == C2SP_REQUEST.partition("\n\n")[0] + "\n"
    _, signatures = taken_apart(note + C2SP_ANSWER)
    assert [len(each.signature) for each in signatures] == [64, 64, 72, 72, 72]
    assert "".join(each.line for each in signatures[2:]) == C2SP_ANSWER


# Of values


class Grown:
    """A log of so many leaves, as it was at every size."""

    def __init__(self, leaves: Sequence[bytes], by: Signer = OURS) -> None:
        self.hashes = [*map(leaf_hash, leaves)]
        self.by = by

    def root(self, part: tuple[int, int]) -> bytes:
        first, end = part
        if end - first == 1:
            return self.hashes[first]
        half = 1 << ((end - first - 1).bit_length() - 1)
        return node_hash(self.root((first, first + half)), self.root((first + half, end)))

    def note(self, size: int) -> str:
        return self.by.note(Checkpoint(self.by.public.name, size, self.root((0, size)) if size else EMPTY).text)

    def request(self, old: int, size: int) -> bytes:
        return f"{as_lines(old, [*map(self.root, consistency(old, size))])}\n{self.note(size)}".encode()


def letters(text: str) -> list[bytes]:
    return [letter.encode() for letter in text]


TRUE, FALSE = Grown(letters("abcdefghijkl")), Grown(letters("abcdeXghijkl"))


def said(witness: Witness, body: bytes) -> tuple[int, str]:
    answer = witness.add(body)
    return int(answer.status), answer.text


def test_what_is_no_request_is_refused_before_anything_is_believed(tmp_path: Path):
    witness = witness_of(tmp_path)
    note, known = TRUE.note(3), TRUE.request(2, 3).decode()
    for body in (
        b"", b"\xff", b"old 0\n", note.encode(), f"old 00\n\n{note}".encode(), f"old -1\n\n{note}".encode(),
        f"old 0\n{note}".encode(), f"new 0\n\n{note}".encode(), known.replace("old 2", "old  2").encode(),
        f"old 1\n{'A' * 44}\n\n{note}".encode(), f"{as_lines(1, [EMPTY] * 64)}\n{note}".encode(),
        known.replace("\n", "\r\n").encode(), known[:-1].encode(), OURS.note("nothing\n").encode(),
        f"old 0\n\n{OURS.note('log.example/1' + chr(10) + '3' + chr(10) + 'AAAA' + chr(10))}".encode(),
    ):  # fmt: skip
        assert witness.add(body).status == HTTPStatus.BAD_REQUEST, body
    assert [*tmp_path.iterdir()] == []
    assert witness.add(TRUE.request(0, 3)).status == HTTPStatus.OK


def test_who_signed_it_is_asked_before_what_it_says(tmp_path: Path):
    witness = witness_of(tmp_path)
    another, stranger = (
        Grown(letters("abc"), Signer("log.example/1", bytes([2] * 32))),
        Signer("log.example/9", bytes(32)),
    )
    assert witness.add(another.request(0, 3)).status == HTTPStatus.FORBIDDEN
    # By the id of a known key, which is four bytes.
    forged = Grown(letters("abc")).note(3).replace("3\n", "4\n", 1)
    assert witness.add(f"old 0\n\n{forged}".encode()).status == HTTPStatus.FORBIDDEN
    assert witness.add(Grown(letters("abc"), stranger).request(0, 3)).status == HTTPStatus.NOT_FOUND
    # Of others' signatures nothing is said, and none is kept.
    text = taken_apart(TRUE.note(3))[0]
    both = f"{as_lines(0, [])}\n{TRUE.note(3)}{SECOND.line(text, 5)}".encode()
    assert witness.add(both).status == HTTPStatus.OK
    shown = witness.checkpoint(sha256(b"log.example/1").hexdigest()).text
    assert signed_by(shown, [OURS.public, BY.public, SECOND.public]) == ["log.example/1", BY.public.name]


def test_rollback_and_split_view_are_refused_and_the_evidence_is_kept(tmp_path: Path):
    witness = witness_of(tmp_path)
    assert said(witness, TRUE.request(0, 8))[0] == 200
    for old, size in ((0, 8), (0, 12), (5, 12), (9, 12), (0, 3)):
        assert said(witness, TRUE.request(old, size)) == (409, "8\n")
    assert said(witness, TRUE.request(8, 8))[0] == 200
    assert said(witness, f"{as_lines(8, [])}\n{TRUE.note(5)}".encode())[0] == 400
    for body in (
        FALSE.request(8, 12),
        FALSE.request(8, 8),
        TRUE.request(8, 12).replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1),
    ):
        assert said(witness, body)[0] == 422
    (both,) = tmp_path.glob("*.contradiction")
    one, other = both.read_text().split("\n=====\n\n")
    assert one.startswith(TRUE.note(8))
    assert other == FALSE.note(8)
    # Nothing of it has moved the witness: the log that it knows goes on.
    assert said(witness, TRUE.request(8, 12))[0] == 200


def test_from_nothing_on_nothing_is_proved(tmp_path: Path):
    witness = witness_of(tmp_path)
    assert said(witness, f"{as_lines(0, [EMPTY])}\n{TRUE.note(3)}".encode())[0] == 422
    odd = OURS.note(Checkpoint("log.example/1", 0, bytes(32)).text)
    assert said(witness, f"old 0\n\n{odd}".encode())[0] == 422
    assert said(witness, TRUE.request(0, 0))[0] == 200
    assert said(witness, TRUE.request(0, 3))[0] == 200
    # Lines that a log adds mean nothing here, and are signed with the rest.
    text = TRUE.note(3).partition("\n\n")[0] + "\nmore\n"
    answer = witness.add(f"old 3\n\n{OURS.note(text)}".encode())
    assert signed_by(f"{text}\n{answer.text}", [BY.public]) == [BY.public.name]


def both_cosigned(folder: Path, seed: int) -> bool:
    """Whether a log that shows two pasts, in any order, comes by cosignatures for both."""
    r = random.Random(seed)
    where = r.randrange(1, 12)
    other = letters("abcdefghijkl")
    other[where] = b"X"
    views, found = (TRUE, Grown(other)), set[bool]()
    witness = witness_of(folder)
    known = 0
    for _ in range(40):
        view, size = r.randrange(2), r.randrange(1, 13)
        old = known if r.random() < 0.7 else r.randrange(13)
        if old <= size:
            status, text = said(witness, views[view].request(old, size))
            known = size if status == HTTPStatus.OK else int(text) if status == HTTPStatus.CONFLICT else known
            if status == HTTPStatus.OK and size > where:
                found.add(bool(view))
    return len(found) == 2


def test_no_order_of_requests_gets_two_pasts_cosigned(tmp_path: Path):
    for seed in range(150):
        folder = tmp_path / str(seed)
        folder.mkdir()
        assert not both_cosigned(folder, seed)


def unchecked(known: Checkpoint, said: Checkpoint, proof: Sequence[bytes]) -> None:
    """Whatever it is shown."""


def test_control_a_witness_that_does_not_check_signs_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(evidence_witness, "contradiction", unchecked)
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        assert both_cosigned(folder, seed)


def test_two_of_one_size_contradict_each_other_whatever_is_proved():
    one, other = Checkpoint("x", 5, bytes(32)), Checkpoint("x", 5, bytes([1] * 32))
    assert contradiction(one, one, []) is None
    for proof in ([], [bytes(32)]):
        assert contradiction(one, other, proof)


# What it keeps


def test_what_it_has_signed_outlives_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    by = signer(tmp_path, "witness.example/kept")
    assert signer(tmp_path, None).public == by.public
    assert (tmp_path / "witness.key").stat().st_mode & 0o077 == 0
    first = witness_of(tmp_path, by=by)
    assert said(first, TRUE.request(0, 8))[0] == 200
    # Not written, not signed; and it is as it was.
    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", full)
        assert said(first, TRUE.request(8, 10))[0] == 503
    for witness in (first, witness_of(tmp_path, by=by)):
        assert said(witness, FALSE.request(8, 12))[0] == 422
        assert said(witness, TRUE.request(0, 12)) == (409, "8\n")
    assert said(witness_of(tmp_path, by=by), TRUE.request(8, 10))[0] == 200


def full(self: Path, target: Path) -> Path:
    raise OSError(28, "No space left on device")


def test_a_folder_that_is_not_as_it_was_left_is_named(tmp_path: Path):
    by = signer(tmp_path, "witness.example/kept")
    assert said(witness_of(tmp_path, by=by), TRUE.request(0, 8))[0] == 200
    (path,) = tmp_path.glob("*.checkpoint")
    whole = path.read_text()
    for text in ("", whole[:-5], whole.replace("8\n", "7\n", 1), TRUE.note(8)):
        path.write_text(text)
        with pytest.raises(CannotWitness, match="Put the file back"):
            witness_of(tmp_path, by=by)
    path.write_text(whole)
    with pytest.raises(CannotWitness, match="Put the file back"):
        witness_of(tmp_path, by=BY)
    with pytest.raises(CannotWitness, match="is called"):
        signer(tmp_path, "witness.example/other")
    with alone(tmp_path), pytest.raises(CannotWitness, match="another witness runs"), alone(tmp_path):
        pass
    key = tmp_path / "witness.key"
    text = key.read_text()
    key.write_text(text.replace("kept", "bent"))
    with pytest.raises(CannotWitness, match="damaged"):
        signer(tmp_path, None)
    key.write_text(OURS.secret)
    with pytest.raises(CannotWitness, match="the key of a log"):
        signer(tmp_path, None)
    key.unlink()
    with pytest.raises(CannotWitness, match="put it back"):
        signer(tmp_path, "witness.example/kept")
    with pytest.raises(CannotWitness, match="--name"):
        signer(tmp_path / "new", None)
    with pytest.raises(CannotWitness, match="a witness's"):
        witness_of(tmp_path, BY.public)


# A place and its witnesses


class Running(NamedTuple):
    witness: Witness
    key: PublicKey
    address: str

    @property
    def asked(self) -> Asked:
        return Asked(self.key, self.address)


@asynccontextmanager
async def running(folder: Path, log: PublicKey, by: Signer = BY) -> AsyncGenerator[Running]:
    folder.mkdir()  # noqa: ASYNC240
    witness = witness_of(folder, log, by=by)
    async with served(witness, "127.0.0.1", 0) as port:
        yield Running(witness, by.public, f"http://127.0.0.1:{port}")


async def key_of(log: Log) -> Signer:
    generation = await log.generations.standing(log.pool)
    return kept.signer(generation.log, generation.number, SECRET)


@asynccontextmanager
async def asking(log: Log, *asked: Asked) -> AsyncGenerator[Cosigning]:
    """As a server does, but that it is said when."""
    made = Cosigning(log, SECRET, asked)
    async with httpx.AsyncClient() as made._client:  # pyright: ignore[reportPrivateUsage]
        yield made


async def lines(log: Log) -> list[str]:
    return [
        row["line"] for row in await log.pool.fetch("select line from catch.evidence_cosignatures order by size, line")
    ]


async def test_a_place_asks_its_witnesses_and_a_bundle_holds_what_they_signed(log: Log, tmp_path: Path):
    own = await key_of(log)
    async with (
        running(tmp_path / "one", own.public) as one,
        running(tmp_path / "two", own.public, SECOND) as two,
        asking(log, one.asked, two.asked) as made,
    ):
        signing = Signing(log, SECRET)
        for count in (3, 300):
            if last := await kept.last(log.pool):
                # What it signed then is not kept here: it says itself where it stands.
                assert two.witness.add(f"{as_lines(0, [])}\n{last.note}".encode()).status == HTTPStatus.OK
            await some(log, count)
            await signed(log, signing)
            head = await log.head()
            assert await made.ask(one.asked) == head
            # Asked again, of the same: nothing.
            assert await made.ask(one.asked) == head
        assert await made.ask(two.asked) == head
        assert len(await lines(log)) == 3
        await some(log, 2)
        await signed(log, signing)
        assert await made.ask(two.asked) == await log.head()
    stream, path = (await log.page(0, 1))[0].stream, tmp_path / "x.catch"
    await export(log, SECRET, path, Wanted((stream,)), schemas={}, shown=nobody, least=head)
    keys = [str(one.key), str(two.key)]
    # Of those that hold it, the one that both have signed.
    assert verified(path, witnesses=keys).checkpoint.size == 303
    assert sorted(verified(path, witnesses=keys).witnesses) == [BY.public.name, SECOND.public.name]
    last = tmp_path / "last.catch"
    await export(log, SECRET, last, Wanted((stream,)), schemas={}, shown=nobody)
    assert verified(last, witnesses=keys, quorum=1).witnesses == [SECOND.public.name]
    for wrong, quorum, why in (
        (keys, None, "Too few witnesses"),
        (keys[:1], None, "Too few witnesses"),
        ([keys[1], keys[1]], 1, "named twice"),
        (keys, 3, "cannot have signed"),
        ([str(own.public)], 1, "no witness's"),
        ([str(PublicKey("x", COSIGNATURE, own.public.key))], 1, "the log's own"),
        ([str(Signer("witness.example/w2", bytes(32), COSIGNATURE).public)], 1, "Too few witnesses"),
        (["nonsense"], 1, "no public key"),
    ):
        with pytest.raises(NotProved, match=why):
            verified(last, witnesses=wrong, quorum=quorum)
    # Who knows of no witness reads the bundle as ever.
    assert verified(last).witnesses == []
    run = CliRunner()
    done = run.invoke(cli, ["audit", "verify", str(path), *(word for key in keys for word in ("--witness", key))])
    assert (done.exit_code, "witnessed: by" in done.output) == (0, True)
    done = run.invoke(cli, ["audit", "verify", str(last), "--witness", keys[0]])
    assert (done.exit_code, "Too few witnesses" in done.output) == (1, True)


async def test_a_cosignature_that_was_changed_in_a_bundle_spoils_it(log: Log, tmp_path: Path):
    own = await key_of(log)
    await some(log, 3)
    await signed(log, Signing(log, SECRET))
    async with running(tmp_path / "one", own.public) as one, asking(log, one.asked) as made:
        await made.ask(one.asked)
    stream, path = (await log.page(0, 1))[0].stream, tmp_path / "x.catch"
    await export(log, SECRET, path, Wanted((stream,)), schemas={}, shown=nobody)
    (line,) = await lines(log)
    data = bytearray(b64decode(line.split(" ")[2]))
    data[-1] ^= 1
    other = Signer(BY.public.name, bytes([9] * 32), COSIGNATURE).line("x\n", 5)
    with closing(sqlite3.connect(path)) as file, file:
        (note,) = file.execute("select content from catch_documents where name = 'checkpoint'").fetchone()
        file.execute("update catch_documents set content = ? where name = 'checkpoint'", (note.replace(line, other),))
    with pytest.raises(NotProved, match="does not fit"):
        verified(path, witnesses=[str(one.key)])


async def test_a_witness_that_has_seen_more_or_another_past_is_said_to_have(log: Log, tmp_path: Path):
    """A database that was put back, and one that was changed with all that proves it: by somebody who has the key."""
    own = await key_of(log)
    await some(log, 10)
    await signed(log, Signing(log, SECRET))
    longer = Grown([b"%d" % n for n in range(50)], own)
    async with (
        running(tmp_path / "more", own.public) as more,
        running(tmp_path / "other", own.public, SECOND) as other,
        asking(log, more.asked, other.asked) as made,
    ):
        assert more.witness.add(longer.request(0, 50)).status == HTTPStatus.OK
        assert other.witness.add(longer.request(0, 5)).status == HTTPStatus.OK
        with pytest.raises(Denied, match="has seen 50 facts signed, and there are 10 here"):
            await made.ask(more.asked)
        with pytest.raises(Denied, match="another past"):
            await made.ask(other.asked)
    assert await lines(log) == []


async def test_a_witness_that_knows_no_such_log_says_so_and_what_to_do(log: Log, tmp_path: Path):
    await some(log, 3)
    await signed(log, Signing(log, SECRET))
    async with running(tmp_path / "one", OURS.public) as one, asking(log, one.asked) as made:
        with pytest.raises(Trouble, match="catch audit key"):
            await made.ask(one.asked)


LIES = {
    "nothing": b"",
    "no HTTP": b"nonsense\r\n\r\n",
    "no signature": b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes",
    "another's": "OTHER",
    "of something else": "ELSE",
    "without a time": "TIMELESS",
    "no size": b"HTTP/1.1 409 Conflict\r\ncontent-length: 4\r\n\r\n-12\n",
    "each time another size": b"HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\n1\n",
    "without end": b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 50_000,
    "elsewhere": b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    "compressed": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
    "a fault": b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n",
    "silence": None,
}


@asynccontextmanager
async def lying(answer: bytes | None) -> AsyncGenerator[str]:
    """Takes a request, and answers this whatever it is."""

    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100_000)
        if answer is not None:
            writer.write(answer)
            await writer.drain()
        else:
            await reader.read()
        writer.close()

    async with await asyncio.start_server(lie, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("lie", LIES)
async def test_what_a_lying_or_silent_witness_answers_is_not_kept(log: Log, lie: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(evidence_cosigning, "PATIENCE", 0.5 if lie == "silence" else 5.0)
    await some(log, 3)
    await signed(log, Signing(log, SECRET))
    last, answer = await kept.last(log.pool), LIES[lie]
    assert last is not None
    text = taken_apart(last.note)[0]
    forged = {"OTHER": SECOND.line(text, 5), "ELSE": BY.line("x\n", 5), "TIMELESS": BY.line(text, 0)}
    if isinstance(answer, str):
        body = forged[answer].encode()
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    async with lying(answer) as address:
        witness = Asked(BY.public, address)
        async with asking(log, witness) as made:
            with pytest.raises(Trouble):
                await made.ask(witness)
    assert await lines(log) == []
    # Control: the same way, with its signature.
    body = BY.line(text, 5).encode()
    async with lying(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body) as address:
        witness = Asked(BY.public, address)
        async with asking(log, witness) as made:
            await made.ask(witness)
    assert await lines(log) == [body.decode()]


async def test_whatever_its_witnesses_do_a_place_records_and_signs(database: Database, tmp_path: Path):
    """One is away, one never answers; the third cosigns all the same, and is waited for no longer than was said."""
    server = Server(database.admin, database.dsn)
    async with opened(server, Settings(data_dir=tmp_path / "place")) as catch:
        generation = await catch.log.generations.standing(catch.log.pool)
        own = kept.signer(generation.log, generation.number, catch.keyring.secret(kept.PURPOSE)).public
    async with lying(None) as silent, running(tmp_path / "one", own) as one:
        third = Signer("witness.example/w3", bytes([7] * 32), COSIGNATURE).public
        settings = Settings(
            data_dir=tmp_path / "place",
            witnesses=(
                (str(third), "http://127.0.0.1:1"),
                (str(SECOND.public), silent),
                (str(one.key), one.address),
            ),
        )
        async with opened(server, settings) as catch:
            for n in range(3):
                await catch.commands.take(RegisterPerson(uuid4(), name=Sealed(f"A{n}")), by=SYSTEM, command_id=uuid4())
            head = await catch.log.head()
            await catch.signing.reached(head, 10)
            name = one.asked.name

            async def cosigned() -> bool:
                return catch.cosigning.positions.get(name, 0) >= head

            await eventually(cosigned)
            await catch.cosigning.reached(head, 0.05)
            assert name not in catch.cosigning.troubles
            assert {each for each, reached in catch.cosigning.positions.items() if reached} == {name}


def test_a_setting_that_names_no_witnesses_is_refused_in_a_sentence():
    address, key = "https://witness.example/catch", str(BY.public)
    assert Settings.read({}).witnesses == ()
    assert Settings.read({"CATCH_WITNESSES": f"{key} {address}\n"}).witnesses == ((key, address),)
    for text in (key, f"{key} x", f"{address} {key}", f"{key} ftp://x", f"{key} https://u:p@x/", f"{key} https://x/?y"):
        with pytest.raises(BadSetting, match="CATCH_WITNESSES"):
            Settings.read({"CATCH_WITNESSES": text})
    own = Signer("x", SECRET).public.key
    for pairs, why in (
        (((str(OURS.public), address),), "a log's"),
        (((str(PublicKey("x", COSIGNATURE, own)), address),), "this place's own"),
        (((key, address), (key, address)), "twice"),
        ((("a+b+c", address),), "no public key"),
    ):
        with pytest.raises(NotProved, match=why):
            witnesses(pairs, SECRET)


async def test_the_command_runs_one_until_it_is_told_to_stop(tmp_path: Path):
    folder, key = tmp_path / "witness", tmp_path / "log.pub"
    key.write_text(f"{OURS.public}\n")
    run = CliRunner()
    done = run.invoke(cli, ["witness", str(folder), "--name", "witness.example/w4", "--show-key"])
    assert done.exit_code == 0
    by = PublicKey.read(done.output)
    for arguments, why in (
        ([str(folder)], "say of which log"),
        ([str(folder), "--log", "nonsense"], "is no public key"),
        ([str(tmp_path / "none"), "--log", str(key)], "say what it is to be called"),
        ([str(folder), "--name", "a b", "--log", str(key)], "is called"),
    ):
        done = run.invoke(cli, ["witness", *arguments])
        assert (done.exit_code, why in " ".join(done.output.split())) == (2, True), done.output
    command = [sys.executable, "-m", "catch", "witness", str(folder), "--log", str(key), "--port", "0"]
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            address = (await process.stdout.readline()).decode().split()[-1]
        async with httpx.AsyncClient() as http:
            answer = await http.post(address, content=TRUE.request(0, 3))
            assert (answer.status_code, signed_by(TRUE.note(3) + answer.text, [by])) == (200, [by.name])
            answer = await http.post(address, content=TRUE.request(0, 8))
            assert (answer.status_code, answer.headers["content-type"], answer.text) == (409, SIZE, "3\n")
            assert (await http.get(address)).status_code == 405
            assert (await http.post(address, content=b"a" * 200_000)).status_code == 413
            hashed = sha256(OURS.public.name.encode()).hexdigest()
            assert (await http.get(address.replace("add-checkpoint", f"{hashed}/checkpoint"))).status_code == 200
            for path in ("", f"{'0' * 64}/checkpoint", "witness.key"):
                assert (await http.get(address.replace("add-checkpoint", path))).status_code == 404
        second = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-1)
        _, said_ = await second.communicate()
        assert (second.returncode, b"another witness runs" in said_) == (2, True)
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = await process.communicate()
    assert process.returncode == 0
    assert b"cosigned" in told
    assert b"not cosigned" in told
