"""Notes, checkpoints, cosignatures and proofs are those of C2SP, by what others published."""

import random
from base64 import b64decode, b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.evidence.notes import (
    COSIGNATURE,
    Checkpoint,
    NotProved,
    Proof,
    PublicKey,
    Signer,
    opened,
    signed_by,
    taken_apart,
)

# The vector of c2sp.org/signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo"
    " Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# That of golang.org/x/mod/sumdb/note, with its private key: what we sign must be the same to the byte.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_PRIVATE = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann"
    " x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# A checkpoint of a log of certificates, with the cosignatures of its witnesses, as it was published.
REAL = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
"""  # noqa: E501
REAL_LOG = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
REAL_WITNESSES = (
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
)


@pytest.mark.parametrize("text", [EXAMPLE_KEY, GO_KEY, REAL_LOG, *REAL_WITNESSES])
def test_published_keys_are_read_and_written_again(text: str):
    assert str(PublicKey.read(text)) == text


def test_published_notes_are_accepted():
    assert opened(EXAMPLE, PublicKey.read(EXAMPLE_KEY)) == "This is an example message.\n"
    assert opened(GO_NOTE, PublicKey.read(GO_KEY)) == GO_TEXT


def test_what_we_sign_is_the_published_note():
    signer = Signer("PeterNeumann", b64decode(GO_PRIVATE)[1:])
    assert str(signer.public) == GO_KEY
    assert signer.note(GO_TEXT) == GO_NOTE


def test_a_published_checkpoint_and_its_cosignatures_are_accepted():
    keys = [PublicKey.read(each) for each in (REAL_LOG, *REAL_WITNESSES)]
    text = opened(REAL, *keys)
    checkpoint = Checkpoint.read(text)
    assert checkpoint == ("arche2025h1.staging.ct.transparency.dev", 1432088532, checkpoint.root)
    assert checkpoint.text == text
    assert sorted(signed_by(REAL, keys)) == sorted(key.name for key in keys)
    with pytest.raises(NotProved, match="does not fit"):
        opened(REAL.replace("1432088532", "1432088533"), keys[1])


def test_a_cosignature_says_when():
    witness = Signer("witness.example/w1", bytes(32), COSIGNATURE)
    text = Checkpoint("log.example", 5, bytes(32)).text
    note = Signer("log.example", bytes([1] * 32)).note(text) + witness.line(text, 1_790_000_000)
    assert opened(note, witness.public) == text
    later = witness.line(text, 1_790_000_000).replace("AAAA", "AAAB", 1)
    with pytest.raises(NotProved):
        opened(f"{text}\n{later}", witness.public)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\nfollows\n",
        GO_NOTE[:-1],
        GO_NOTE.replace("— ", "- "),
        GO_NOTE.replace("PeterNeumann ", "PeterNeumann  "),
        GO_NOTE.replace("\n\n", "\r\n\r\n"),
        GO_NOTE + "\n",
        GO_NOTE + "x\n",
        GO_TEXT + "\n" + "— a AAAAAAAA\n" * 101,
        "a" * 200_000 + GO_NOTE,
    ],
)
def test_what_is_no_note_is_refused(note: str):
    with pytest.raises(NotProved):
        opened(note, PublicKey.read(GO_KEY))


@pytest.mark.parametrize(
    "key",
    ["", "+", "a+b", GO_KEY.replace("c74f", "c74e"), GO_KEY[:-1], GO_KEY.replace("+AR", "+AB"), "a b+00000000+AAAA"],
)
def test_what_is_no_key_is_refused(key: str):
    with pytest.raises(NotProved):
        PublicKey.read(key)


def test_another_key_of_the_same_name_and_id_is_not_believed():
    ours, other = Signer("log.example", bytes(32)), Signer("log.example", bytes([7] * 32))
    note = other.note("text\n")
    with pytest.raises(NotProved, match="not signed by"):
        opened(note, ours.public)
    # An id is four bytes: with the id of a known key its signature must fit all the same.
    forged = other.public.id, ours.public.id
    signature = b64decode(note.split(" ")[-1]).replace(*forged)
    with pytest.raises(NotProved, match="does not fit"):
        opened(f"text\n\n— log.example {b64encode(signature).decode()}\n", ours.public)


def test_a_note_with_one_changed_sign_is_never_accepted():
    r = random.Random(1)
    signer = Signer("log.example/1", bytes(32))
    note = signer.note(Checkpoint("log.example/1", 12, bytes(range(32))).text)
    for _ in range(1000):
        place = r.randrange(len(note))
        changed = note[:place] + chr(r.choice([ord(note[place]) ^ 1, 10, 32, 43, 65, 8212])) + note[place + 1 :]
        if changed != note:
            with pytest.raises(NotProved):
                opened(changed, signer.public)


@given(st.text(max_size=200))
def test_any_text_is_refused_in_a_sentence_or_read(text: str):
    for read in (PublicKey.read, Checkpoint.read, Proof.read, taken_apart):
        with suppress(NotProved):
            read(text)


def test_a_proof_is_written_as_the_format_says_and_read_again():
    note = Signer("log.example", bytes(32)).note(Checkpoint("log.example", 9, bytes(32)).text)
    proof = Proof(5, (bytes([1] * 32), bytes([2] * 32)), note)
    first, number, *hashes = proof.text.split("\n\n")[0].split("\n")
    assert (first, number) == ("c2sp.org/tlog-proof@v1", "index 5")
    assert [b64decode(each) for each in hashes] == [*proof.path]
    assert Proof.read(proof.text) == proof
    assert Proof.read(proof.text.replace("index", "extra aGk=\nindex", 1)) == proof
    assert Proof.read(Proof(0, (), note).text) == (0, (), note)
    for wrong in (proof.text.replace("@v1", "@v2"), proof.text.replace("index 5", "index 05"), proof.text[30:]):
        with pytest.raises(NotProved):
            Proof.read(wrong)


@pytest.mark.parametrize("text", ["a\n1\n", "a\n01\nAAAA\n", "\n1\n" + "A" * 43 + "=\n", "a\n1\n" + "A" * 43 + "=\n\n"])
def test_what_is_no_checkpoint_is_refused(text: str):
    with pytest.raises(NotProved):
        Checkpoint.read(text)
