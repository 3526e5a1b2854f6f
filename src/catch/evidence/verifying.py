"""Verifies a bundle offline, with nothing but the file, the public key, and a library for signatures.

What it takes to write another one stands in the README, as half a page of pseudocode.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast
from uuid import UUID

from catch.evidence.bundles import Contents, Fact, checkpoint_in, digests, document, documents_of, reading
from catch.evidence.leaves import encoded, moment
from catch.evidence.notes import COSIGNATURE, Checkpoint, NotProved, PublicKey, as_path, from_lines, opened, signed_by
from catch.evidence.tree import consistent, included, leaf_hash

Progress = Callable[[int, int], object]
EVERY = 1000
"""Facts between two words of progress."""

FACTS = """
    select e.rowid, e.originator_id, e.originator_version, e.topic, e.state, p.leaf, p.recorded, p.path
    from stored_events e left join catch_proofs p on p.position = e.rowid
    union all
    select position, null, null, null, null, leaf, recorded, path from catch_proofs
    where position not in (select rowid from stored_events)
    order by 1
"""


NO_PROOF = "old 0\n"


class Verified(NamedTuple):
    """What was proved, and by whose signature. `lines`: one a fact; `witnesses`: those of the ones asked for who signed
    it, too."""

    checkpoint: Checkpoint
    key: PublicKey
    facts: int
    contents: Contents
    lines: list[str]
    personal: bool
    since: Checkpoint | None
    place: str | None
    """What the place says of itself: that it is invented."""
    witnesses: list[str]


def verified(
    path: Path,
    *,
    key: str | None = None,
    since: Path | None = None,
    witnesses: Sequence[str] = (),
    quorum: int | None = None,
    progress: Progress | None = None,
) -> Verified:
    """`key`: the public key that the place gave out; without it the bundle's own is believed. `since`: a bundle or a
    checkpoint from before, which this one must continue. `witnesses`: public keys, of which as many as `quorum` (all,
    where it is not said) must have signed it as well.

    Raises `NotProved` with the first position that is not as it was signed.
    """
    with reading(path) as file:
        documents = documents_of(file)
        public = believed(document(documents, "key"), key)
        note = document(documents, "checkpoint")
        checkpoint = Checkpoint.read(opened(note, public))
        also = witnessed(note, public, [*map(PublicKey.read, witnesses)], quorum)
        contents = Contents.read(opened(document(documents, "contents"), public))
        if checkpoint.origin != public.name or contents.checkpoint != checkpoint:
            raise NotProved("Key, checkpoint and contents of the bundle are not of one log and one moment.")
        (count,) = file.execute("select count(*) from stored_events").fetchone()
        index: list[str] = []
        streams: dict[UUID, int] = {}
        before: Fact | None = None
        for number, fact in enumerate(facts_of(file), 1):
            proved(fact, checkpoint)
            in_order(fact, before)
            complete_so_far(fact, before, contents, streams)
            index.append(line(fact))
            before = fact
            if progress and (number % EVERY == 0 or number == count):
                progress(number, count)
        complete(before, contents, streams)
        if digests(documents) != contents.documents:
            raise NotProved("What the bundle holds besides facts is not what was signed with them: it was changed.")
        if document(documents, "index").split("\n") != [*index, ""]:
            raise NotProved("The index of the bundle says something else than its facts.")
        older = checkpoint_in(since, public) if since else None
        if older is not None:
            continues(older, checkpoint, documents)
    place = documents.get("place")
    return Verified(checkpoint, public, count, contents, index, "texts" in documents, older, place, also)


def believed(own: str, given: str | None) -> PublicKey:
    """The bundle's key, if it is the one that was given out. A log that was begun anew has another name and the same
    key."""
    key = PublicKey.read(own)
    if given is not None and PublicKey.read(given)[1:] != key[1:]:
        raise NotProved("The bundle was signed with another key than the one given: somebody else made it.")
    return key


def witnessed(note: str, own: PublicKey, witnesses: Sequence[PublicKey], quorum: int | None) -> list[str]:
    """Which of the witnesses signed it, by name. Raises `NotProved` where they are too few."""
    for each in witnesses:
        if each.kind != COSIGNATURE:
            raise NotProved(f"The key of {each.name} is no witness's: it is the key of a log.")
        if each.key == own.key:
            raise NotProved(f"The key of {each.name} is the log's own: nobody is a witness to themselves.")
    if len({each.key for each in witnesses}) != len(witnesses):
        raise NotProved("A witness is named twice: each counts once.")
    wanted = len(witnesses) if quorum is None else quorum
    if not 0 <= wanted <= len(witnesses):
        raise NotProved(f"{wanted} witnesses cannot have signed, of {len(witnesses)}.")
    # Of a known witness a signature that does not fit is no missing one: the note was changed.
    opened(note, own, *witnesses)
    found = signed_by(note, witnesses)
    if len(found) < wanted:
        missing = ", ".join(each.name for each in witnesses if each.name not in found)
        raise NotProved(
            f"Too few witnesses have signed what the bundle rests on, {len(found)} of {wanted}. Missing: {missing}."
            " Have it made again later, or ask them what they have seen."
        )
    return found


def facts_of(file: sqlite3.Connection) -> Iterator[Fact]:
    """In the order of positions. Raises `NotProved`."""
    for row in file.execute(FACTS):
        position, stream, version, topic, state, leaf, recorded, path = cast("tuple[Any, ...]", row)
        if (stream, state) == (None, None):
            raise NotProved("This fact was taken out of the bundle: its proof is here, and it is not.", position)
        if (leaf, path) == (None, None):
            raise NotProved("This fact has no proof: it was put in, or its proof was taken out.", position)
        kinds = (int, str, int, str, bytes, int, int, bytes)
        if not all(type(value) is kind for value, kind in zip(row, kinds, strict=True)):
            raise NotProved("This fact is not stored as facts are: it was changed.", position)
        try:
            known = UUID(hex=stream)
        except ValueError:
            known = UUID(int=0)
        if known.hex != stream:
            raise NotProved("This fact is of no stream: it was changed.", position)
        yield Fact(position, known, version, topic, state, leaf, recorded, path)


def proved(fact: Fact, checkpoint: Checkpoint) -> None:
    """The fact is in the tree that was signed, at this place."""
    leaf = leaf_hash(encoded(fact.position, fact.stream, fact.version, fact.topic, fact.state, fact.recorded))
    path = as_path(fact.path)
    if path is None or not included(fact.leaf, checkpoint.size, leaf, path, checkpoint.root):
        raise NotProved("This fact is not the one that was signed, or its proof was changed.", fact.position)


def in_order(fact: Fact, before: Fact | None) -> None:
    # Each is proved by itself: this is of the log that signed, and not of the bundle.
    if before is not None and fact.leaf <= before.leaf:
        raise NotProved(
            "Positions and places in the tree do not rise together: the log signed a wrong order.", fact.position
        )


def complete_so_far(fact: Fact, before: Fact | None, contents: Contents, streams: dict[UUID, int]) -> None:
    """Nothing is missing before this fact."""
    if contents.part is not None:
        first, last, leaf, _ = contents.part
        if not first <= fact.position <= last:
            raise NotProved("This fact is not of the part that the bundle was made of.", fact.position)
        if fact.leaf != (before.leaf + 1 if before else leaf):
            raise NotProved("Before this fact others are missing: they were taken out of the bundle.", fact.position)
        return
    if fact.stream not in contents.streams:
        raise NotProved("This fact is of a stream that the bundle does not speak of.", fact.position)
    expected = streams.get(fact.stream, 0) + 1
    if fact.version != expected:
        raise NotProved(
            f"Before this fact version {expected} of its stream is missing: it was taken out of the bundle.",
            fact.position,
        )
    streams[fact.stream] = fact.version


def complete(last: Fact | None, contents: Contents, streams: dict[UUID, int]) -> None:
    """Nothing is missing at the end."""
    behind = last.position + 1 if last else None
    if contents.part is not None:
        if (last.leaf + 1 if last else contents.part[2]) != contents.part[3]:
            raise NotProved("Facts are missing at the end: they were taken out of the bundle.", behind)
        return
    for stream, head in contents.streams.items():
        if streams.get(stream, 0) != head:
            raise NotProved(
                f"Stream {stream} had {head} facts when this was signed, and the last of them are missing:"
                f" {streams.get(stream, 0)} are here.",
                behind,
            )


def continues(older: Checkpoint, checkpoint: Checkpoint, documents: dict[str, str]) -> None:
    """What was signed before is still the beginning of what is signed now."""
    if older.origin != checkpoint.origin:
        raise NotProved(
            "The two are of different logs, or of different generations of one: it was begun anew between them, after"
            " a restore. Ask what was lost."
        )
    if older.size > checkpoint.size:
        raise NotProved(
            f"What it is compared with speaks of more facts ({older.size:,}) than the bundle ({checkpoint.size:,}). If"
            " the bundle was made later, the log was put back to an earlier state; otherwise compare the other way."
        )
    if older.size == checkpoint.size:
        if older.root != checkpoint.root:
            raise NotProved(
                f"Two logs were signed with one name: both of {older.size:,} facts, and not the same ones. Keep both"
                " files, they are the evidence."
            )
        return
    size, hashes = from_lines(documents.get("consistency", NO_PROOF))
    if size != older.size:
        raise NotProved(
            f"The bundle does not prove that it continues a log of {older.size:,} facts. Have it made again:"
            " catch audit export --since FILE"
        )
    if not consistent(older.size, checkpoint.size, hashes, older.root, checkpoint.root):
        raise NotProved("The log does not begin with what was signed before: its past was changed. Keep both files.")


# What a person says and reads


def given_key(said: str) -> str:
    """The key itself, or what a file of this name holds. Raises `NotProved`."""
    path = Path(said)
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else said
    except (OSError, UnicodeDecodeError):
        raise NotProved(f"{said} holds no public key.") from None


def sentences(found: Verified, *, believed: bool) -> list[str]:
    """What was proved. `believed`: no key was given."""
    at, told = found.checkpoint, [legible(found.place)] if found.place is not None else []
    told.append(f"proved: {found.facts:,} facts, each as it was signed, and none missing")
    told.append(f"signed: log {at.origin}, when it had {at.size:,} facts, by {found.key}")
    if found.since is not None:
        told.append(f"since: what was signed when it had {found.since.size:,} facts is still its beginning")
    if found.witnesses:
        told.append(f"witnessed: by {', '.join(found.witnesses)}")
    if believed:
        told.append("the key is the bundle's own: compare it with the one that the place gave out, or give it: --key")
    if found.personal:
        told.append("the bundle holds personal texts in plain; nothing proves those, and it is to be kept as they are")
    return [*map(legible, told)]


def line(fact: Fact) -> str:
    """A fact in a line; of what it says nothing but who said it. Never changed: bundles hold it."""
    try:
        envelope: Any = json.loads(fact.state)
        actor = envelope["actor"]
        said = f"occurred {envelope['occurred_at']} by {actor['agency']} as {actor['role']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        said = "unreadable"
    place = f"{fact.position}\t{fact.stream}\t{fact.version}\t{fact.topic}"
    return legible(f"{place}\trecorded {moment(fact.recorded).isoformat()}\t{said}")


def legible(text: str) -> str:
    """No line breaks, and nothing that moves a terminal's cursor."""
    if text.replace("\t", "").isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\t" else "\N{REPLACEMENT CHARACTER}" for sign in text)
