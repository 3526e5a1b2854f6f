"""Sealing: what is sealed can be read with its subject's key, and by no other means."""

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, json

from catch.database import Record, Statements
from catch.domain.facts import Command, Part, Sealed
from catch.domain.refusals import MissingText, Refused
from catch.log import Log
from catch.personal import (
    ERASED,
    UNREAD,
    BrokenSeal,
    Erased,
    KeyFile,
    Keyring,
    SubjectErased,
    TextTooLong,
    UnusableText,
    sealed_in,
    with_texts,
)
from catch.personal.tokens import parse, seal, unseal

ANN, BOB = UUID(int=1), UUID(int=2)
CIPHER = AESGCM(bytes(32))
text = st.text(st.characters(exclude_categories=["Cs"]))


class Detail(Part, frozen=True):
    label: str
    value: Sealed


class Phone(Part, frozen=True):
    number: Sealed


class Post(Part, frozen=True):
    lines: tuple[Sealed, ...]


class Register(Command, frozen=True):
    """A command with personal text in every place it can be."""

    person: UUID
    name: Sealed
    known_as: Sealed | None = None
    details: tuple[Detail, ...] = ()
    reach: Phone | Post | None = None
    by_language: Mapping[str, Sealed] | None = None
    colours: tuple[str, ...] = ()


FULL = Register(
    person=ANN,
    name=Sealed("Ann Example"),
    known_as=Sealed("Annie"),
    details=(Detail("allergy", Sealed("nuts")), Detail("door", Sealed("knock twice"))),
    reach=Post((Sealed("1 High Street"), Sealed("Anytown"))),
    by_language={"cy": Sealed("bore da")},
    colours=("green",),
)


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    return KeyFile.read_or_create(tmp_path / "keys")


@pytest.fixture
def pool(log: Log) -> Statements:
    return log.pool


@pytest.fixture
def keyring(pool: Statements, key_file: KeyFile) -> Keyring:
    return Keyring(pool, key_file)


@given(text)
def test_what_is_sealed_is_read_back_and_never_sealed_alike(plain: str):
    tokens = [seal(CIPHER, ANN, plain) for _ in range(2)]
    assert [unseal(CIPHER, parse(token)) for token in tokens] == [plain, plain]
    assert tokens[0] != tokens[1]


@given(text, st.data())
def test_any_changed_character_breaks_the_seal(plain: str, data: st.DataObject):
    token = seal(CIPHER, ANN, plain)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("AZaz09-_=\n +/é").filter(lambda c: c != token[at]))
    with pytest.raises(BrokenSeal):
        unseal(CIPHER, parse(Sealed(token[:at] + other + token[at + 1 :])))


@pytest.mark.parametrize("token", ["", "A", "Ann Example", "AQ==", "AQAA" * 20, "é"])
def test_what_was_never_sealed_is_told_from_a_token(token: str):
    with pytest.raises(BrokenSeal):
        unseal(CIPHER, parse(Sealed(token)))


async def test_a_token_moved_to_another_subject_cannot_be_read(keyring: Keyring):
    (anns,) = await keyring.seal(ANN, ["secret"])
    (bobs,) = await keyring.seal(BOB, ["secret"])
    moved = seal(CIPHER, BOB, "secret")
    assert await keyring.unseal([bobs, anns]) == ["secret", "secret"]
    assert await keyring.unseal([moved, anns, Sealed("AQ==")]) == [UNREAD, "secret", UNREAD]
    with pytest.raises(BrokenSeal):
        unseal(AESGCM(bytes(31) + b"1"), parse(moved))


async def test_a_command_is_sealed_in_every_place_and_only_there(keyring: Keyring):
    sealed = await keyring.seal_command(FULL, ANN)
    written = json.encode(sealed).decode()
    assert all(plain not in written for plain in sealed_in(FULL))
    assert (sealed.person, sealed.colours, sealed.details[0].label) == (ANN, ("green",), "allergy")
    assert with_texts(sealed, iter(await keyring.unseal(sealed_in(sealed)))) == FULL


async def test_an_answer_of_many_subjects_takes_one_query(keyring: Keyring, pool: Statements, key_file: KeyFile):
    people = [uuid4() for _ in range(20)]
    sealed = [await keyring.seal_command(Register(person, Sealed(f"name {person}")), person) for person in people]
    counting = Counting(pool)
    answer = await Keyring(cast("Statements", counting), key_file).unseal(sealed_in(*sealed))
    assert answer == [f"name {person}" for person in people]
    assert counting.queries == 1


def test_texts_put_back_in_order_make_the_same_value():
    assert with_texts(FULL, iter(sealed_in(FULL))) is FULL
    assert sealed_in(FULL) == ["Ann Example", "Annie", "nuts", "knock twice", "1 High Street", "Anytown", "bore da"]


@pytest.mark.parametrize(
    ("plain", "refusal"),
    [
        ("", MissingText),
        (" \n", MissingText),
        ("x" * 10_001, TextTooLong),
        ("a\0b", UnusableText),
        ("half \ud83d of a pair", UnusableText),
    ],
)
async def test_text_that_cannot_be_kept_is_refused_with_its_place(keyring: Keyring, plain: str, refusal: type[Refused]):
    command = Register(ANN, Sealed("Ann"), details=(Detail("x", Sealed("fine")), Detail("y", Sealed(plain))))
    with pytest.raises(refusal) as refused:
        await keyring.seal_command(command, ANN)
    assert refused.value.details["field"] == "details[1].value"
    assert plain.strip() == "" or plain not in str(refused.value.details)


async def test_the_longest_text_and_text_from_everywhere_are_taken(keyring: Keyring):
    plain = ["x" * 10_000, "🙂 Zoë Ọláyínká 王", "' ; drop table data_keys --"]
    assert await keyring.unseal(await keyring.seal(ANN, plain)) == plain


async def test_an_erased_subject_reads_as_erased_beside_the_others(keyring: Keyring, pool: Statements):
    tokens = [*await keyring.seal(ANN, ["Ann"]), *await keyring.seal(BOB, ["Bob"])]
    await keyring.erase(ANN)
    assert await keyring.unseal(tokens) == [ERASED, "Bob"]
    assert [isinstance(one, Erased) for one in await keyring.unseal(tokens)] == [True, False]
    with pytest.raises(SubjectErased):
        await keyring.seal(ANN, ["Ann again"])
    await keyring.erase(ANN)
    assert len(await pool.fetch("select from data_keys where wrapped = ''")) == 1


async def test_a_subject_can_be_erased_before_anything_was_sealed(keyring: Keyring):
    await keyring.erase(ANN)
    with pytest.raises(SubjectErased):
        await keyring.seal(ANN, ["Ann"])


async def test_a_key_that_was_never_here_is_not_taken_for_an_erased_one(keyring: Keyring):
    assert await keyring.unseal([seal(CIPHER, uuid4(), "from elsewhere")]) == [UNREAD]


async def test_an_erasure_reaches_other_processes_when_their_trust_runs_out(pool: Statements, key_file: KeyFile):
    ours, theirs = Keyring(pool, key_file), Keyring(pool, key_file, trusted_for=0)
    token = await ours.seal(ANN, ["Ann"])
    assert await theirs.unseal(token) == ["Ann"]
    await ours.erase(ANN)
    assert await theirs.unseal(token) == [ERASED]


async def test_processes_that_make_the_same_key_at_once_get_one_key(pool: Statements, key_file: KeyFile):
    rings = [Keyring(pool, key_file) for _ in range(8)]
    sealed = await asyncio.gather(*(ring.seal(ANN, [f"{n}"]) for n, ring in enumerate(rings)))
    tokens = [token for (token,) in sealed]
    for ring in rings:
        assert await ring.unseal(tokens) == [f"{n}" for n in range(8)]


async def test_the_keys_held_are_bounded_and_the_rest_still_readable(pool: Statements, key_file: KeyFile):
    counting = Counting(pool)
    ring = Keyring(cast("Statements", counting), key_file, held=3)
    tokens = [token for _ in range(10) for token in await ring.seal(uuid4(), ["text"])]
    assert await ring.unseal(tokens) == ["text"] * 10
    before = counting.queries
    await ring.unseal(tokens[:7])
    assert counting.queries == before + 1


async def test_no_plain_text_and_no_plain_key_reaches_the_database(keyring: Keyring, pool: Statements):
    (token,) = await keyring.seal(ANN, ["Ann Example"])
    (row,) = await pool.fetch("select * from data_keys")
    assert b"Ann Example" not in urlsafe_b64decode(token + "==")
    body = parse(token)
    for start in range(len(row["wrapped"]) - 31):
        with pytest.raises(InvalidTag):
            AESGCM(row["wrapped"][start : start + 32]).decrypt(body.nonce, body.body, body.header)


async def test_a_wrapped_key_is_bound_to_its_subject_and_its_file(key_file: KeyFile):
    wrapped = await key_file.wrap(ANN, bytes(32))
    assert await key_file.unwrap({ANN: wrapped}) == {ANN: bytes(32)}
    assert await key_file.unwrap({BOB: wrapped, ANN: wrapped}) == {ANN: bytes(32)}
    assert await KeyFile([bytes(32)]).unwrap({ANN: wrapped}) == {}


def test_the_key_file_is_its_owners_alone_and_made_once(tmp_path: Path):
    path = tmp_path / "new" / "keys"
    first = KeyFile.read_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyFile.read_or_create(path).derive(b"x") == first.derive(b"x")
    assert [file.name for file in path.parent.iterdir()] == ["keys"]


async def test_a_key_added_to_the_file_wraps_from_now_on_and_reads_what_was(pool: Statements):
    old, new = bytes([1]) * 32, bytes([2]) * 32
    before = Keyring(pool, KeyFile([old]))
    token = await before.seal(ANN, ["Ann"])
    after = Keyring(pool, KeyFile([old, new]))
    assert await after.unseal(token) == ["Ann"]
    assert after.digest("485 777 3456") == before.digest("485 777 3456")


def test_a_digest_depends_on_the_text_and_the_key(pool: Statements, key_file: KeyFile):
    ring, elsewhere = Keyring(pool, key_file), Keyring(pool, KeyFile([bytes(32)]))
    assert ring.digest("a") == ring.digest("a")
    assert len({ring.digest("a"), ring.digest("b"), elsewhere.digest("a")}) == 3


@pytest.mark.parametrize(
    ("keys", "said"),
    [([], "1 to 255 keys, not 0"), ([b"short"], "key 1 has 5 bytes, not 32"), ([bytes(32)] * 256, "not 256")],
)
def test_a_key_file_that_cannot_be_used_says_so(keys: list[bytes], said: str):
    with pytest.raises(ValueError, match=said):
        KeyFile(keys)


def test_a_field_whose_personal_text_cannot_be_told_is_found_when_its_class_is_first_read():
    class Mixed(Struct, frozen=True):
        either: Sealed | int

    with pytest.raises(TypeError, match="personal text"):
        sealed_in(Mixed(1))


class Counting:
    """Passes everything on and counts it."""

    def __init__(self, inner: Statements) -> None:
        self.inner = inner
        self.queries = 0

    async def fetch(self, query: str, *arguments: object) -> list[Record]:
        self.queries += 1
        return await self.inner.fetch(query, *arguments)

    async def execute(self, query: str, *arguments: object) -> str:
        self.queries += 1
        return await self.inner.execute(query, *arguments)
