"""A bundle proves its facts and that none is missing to whoever has the file alone; nothing done to it is missed."""

import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from catch.cli import cli
from catch.cli.audit import facts_of, texts_of
from catch.evidence import kept
from catch.evidence.bundles import Contents
from catch.evidence.exporting import Asked, export
from catch.evidence.notes import Checkpoint, NotProved, Signer
from catch.evidence.signing import Signing
from catch.evidence.verifying import verified
from catch.log import Append, Log, NewEvent
from catch.log.migrations import event_schemas
from catch.web.console import assets
from tests.cases import nobody
from tests.conftest import Furnished
from tests.node_clients import started
from tests.test_evidence_signing import SECRET, signed

TIMES = int(os.environ.get("CATCH_TAMPERINGS", "25"))
SCHEMAS = {"schemas/Opened.1.json": "{}", "schemas/Closed.1.json": '{"type": "object"}', "schemas/Other.1.json": "{}"}
SAMPLE = Path(__file__).parent / "data" / "case.catch"
SCRIPT = Path(assets.__file__).parent / "static" / "bundle.js"
SAMPLE_KEY = "catch/a4cf6f64-e8ec-4c82-a168-2f98c9dc6ea2/1+271b69db+AYkvznWKt5w7OYNMsIK/Mz4OI6Q0CAksmcuDO9Kd17A9"
ONE = UUID(int=41)


def envelope(n: int) -> bytes:
    actor = f'{{"user":"u-{n % 3}","agency":"housing-1","role":"partner"}}'
    return f'{{"occurred_at":"2026-03-{n % 28 + 1:02}T10:00:00Z","actor":{actor},"event":{{"n":{n}}}}}'.encode()


async def filled(log: Log, count: int, seed: int = 1) -> None:
    """Facts of five streams, of which `ONE` is one."""
    r, streams = random.Random(seed), [ONE, *(uuid4() for _ in range(4))]
    versions = dict.fromkeys(streams, 0)
    for n in range(count):
        stream = r.choice(streams) if n else ONE
        versions[stream] += 1
        event = NewEvent(stream, versions[stream], r.choice(["Opened", "Closed"]), envelope(n))
        await log.append(Append(uuid4(), stream, (event,)))


class Bundles(NamedTuple):
    stream: Path
    part: Path
    key: str
    log: UUID


@pytest.fixture
async def bundles(log: Log, tmp_path: Path) -> Bundles:
    await filled(log, 60)
    await signed(log, Signing(log, SECRET))
    positions = [stored.position for stored in await log.page(0, 100)]
    stream, part = tmp_path / "stream.catch", tmp_path / "part.catch"
    await export(log, SECRET, stream, Asked((ONE,)), schemas=SCHEMAS, shown=nobody)
    await export(log, SECRET, part, Asked(part=(positions[10], positions[40])), schemas=SCHEMAS, shown=nobody)
    generation = await log.generations.standing(log.pool)
    return Bundles(stream, part, str(kept.signer(generation.log, 1, SECRET).public), generation.log)


def positions_of(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as file:
        return [row[0] for row in file.execute("select rowid from stored_events order by rowid")]


def test_a_bundle_proves_its_facts(bundles: Bundles):
    found = verified(bundles.stream, key=bundles.key)
    assert found.facts == len(positions_of(bundles.stream)) == found.contents.streams[ONE] > 5
    assert (found.checkpoint.size, found.personal, found.since) == (60, False, None)
    assert len(found.lines) == found.facts
    assert "by housing-1 as partner" in found.lines[0]
    assert "u-1" not in "".join(found.lines)
    part = verified(bundles.part, key=bundles.key)
    assert part.facts == 31
    with closing(sqlite3.connect(bundles.stream)) as file:
        paths = [row[0] for row in file.execute("select length(path) from catch_proofs")]
        names = {row[0] for row in file.execute("select name from catch_documents where name like 'schemas/%'")}
    assert max(paths) <= 1024
    assert names == {"schemas/Opened.1.json", "schemas/Closed.1.json"}


def test_stock_tools_open_a_bundle(bundles: Bundles, tmp_path: Path):
    # A copy: they change how the file is journalled.
    copy = shutil.copyfile(bundles.stream, tmp_path / "copy.catch")
    with closing(SQLiteDatastore(str(copy))) as datastore:
        recorder = SQLiteApplicationRecorder(datastore)
        events = recorder.select_events(ONE)
        assert [event.originator_version for event in events] == [*range(1, len(events) + 1)]
        assert [each.id for each in recorder.select_notifications(1, 100)] == positions_of(bundles.stream)


HEAVY = """
import sys
exec(sys.argv.pop(1))
print(sorted({name.split(".")[0] for name in sys.modules} & {"asyncio", "asyncpg", "msgspec", "litestar", "click"}))
print(sorted(name for name in sys.modules if name.startswith("catch")))
"""


def imported(what: str, *arguments: str | Path) -> list[str]:
    here = [sys.executable, "-c", HEAVY, what, *arguments]
    return subprocess.run(here, capture_output=True, text=True, check=True).stdout.splitlines()


def test_verifying_needs_nothing_of_ours_that_runs(bundles: Bundles):
    run = "from catch.evidence.__main__ import main; main(sys.argv[1:])"
    first, _, others, ours = imported(run, bundles.stream, "--key", bundles.key)
    assert first.startswith("proved: ")
    assert others == "[]"
    assert len(ours.split(",")) == 8, ours
    # The control: the command of a place imports what a place needs.
    assert "asyncpg" in imported("import catch.cli.audit")[-2]


Edit = Callable[[sqlite3.Connection, random.Random, list[int]], int | None]
"""Does it, and says which position is the first that is not as it was; None where it is about none."""


def change(file: sqlite3.Connection, r: random.Random, positions: list[int]) -> int:
    position = r.choice(positions)
    what = r.choice(
        [
            "stored_events set state = cast(replace(cast(state as text), 'n', 'm') as blob) where rowid",
            "stored_events set topic = topic || ' ' where rowid",
            "stored_events set originator_id = '00000000000000000000000000000007' where rowid",
            "stored_events set originator_id = upper(originator_id) || 'x' where rowid",
            "stored_events set originator_version = originator_version + 100 where rowid",
            "stored_events set state = cast(state as text) where rowid",
            "catch_proofs set recorded = recorded + 1 where position",
            "catch_proofs set leaf = leaf + 1 where position",
            "catch_proofs set leaf = null where position",
            "catch_proofs set path = substr(path, 1, length(path) - 32) where position",
            "catch_proofs set path = path || path where position",
            "catch_proofs set path = substr(path, 2) where position",
        ]
    )
    file.execute(f"update {what} = ?", (position,))
    return position


def delete_a_fact(file: sqlite3.Connection, r: random.Random, positions: list[int]) -> int:
    position = r.choice(positions)
    file.execute("delete from stored_events where rowid = ?", (position,))
    return position


def delete_a_proof(file: sqlite3.Connection, r: random.Random, positions: list[int]) -> int:
    position = r.choice(positions)
    file.execute("delete from catch_proofs where position = ?", (position,))
    return position


def delete_both(file: sqlite3.Connection, r: random.Random, positions: list[int]) -> int:
    first = r.randrange(len(positions))
    for position in positions[first : first + r.randrange(1, 4)]:
        file.execute("delete from stored_events where rowid = ?", (position,))
        file.execute("delete from catch_proofs where position = ?", (position,))
    left = [each for (each,) in file.execute("select rowid from stored_events order by rowid")]
    # What is missing has left no trace but the hole before the next.
    return next((each for each in left if each > positions[first]), left[-1] + 1 if left else 0)


def insert(file: sqlite3.Connection, r: random.Random, positions: list[int]) -> int:
    position = r.choice([positions[0] - 1, positions[-1] + 1])
    file.execute(
        "insert into stored_events (rowid, originator_id, originator_version, topic, state)"
        " select ?, originator_id, originator_version + 500, topic, state from stored_events limit 1",
        (position,),
    )
    if r.random() < 0.5:
        file.execute(
            "insert into catch_proofs select ?, leaf, recorded, path from catch_proofs where position = ?",
            (position, r.choice(positions)),
        )
    return position


def reorder(file: sqlite3.Connection, r: random.Random, positions: list[int]) -> int:
    one, other = sorted(r.sample(positions, 2))
    for a, b in ((one, -1), (other, one), (-1, other)):
        file.execute("update stored_events set rowid = ? where rowid = ?", (b, a))
        if r.random() < 2:
            file.execute("update catch_proofs set position = ? where position = ?", (b, a))
    return one


def truncate(file: sqlite3.Connection, r: random.Random, positions: list[int]) -> int:
    first = r.randrange(1, len(positions))
    file.execute("delete from stored_events where rowid >= ?", (positions[first],))
    file.execute("delete from catch_proofs where position >= ?", (positions[first],))
    return positions[first - 1] + 1


def documents(file: sqlite3.Connection, r: random.Random, _positions: list[int]) -> None:
    name = r.choice([row[0] for row in file.execute("select name from catch_documents order by name")])
    what = r.choice(
        ["content = content || 'x'", "content = substr(content, 2)", "name = name || 'x'", "content = null"]
    )
    file.execute(f"update catch_documents set {what} where name = ?", (name,))


def tables(file: sqlite3.Connection, r: random.Random, _positions: list[int]) -> None:
    file.execute(
        r.choice(
            [
                "create table more (x)",
                "create view facts as select * from stored_events",
                "create trigger t after insert on stored_events begin select 1; end",
                "alter table stored_events add column more",
                "drop table catch_proofs",
            ]
        )
    )


EDITS: list[Edit] = [
    change,
    delete_a_fact,
    delete_a_proof,
    delete_both,
    insert,
    reorder,
    truncate,
    documents,
    tables,
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda each: each.__name__)
def test_what_is_done_to_the_file_is_named_with_the_first_position(bundles: Bundles, edit: Edit, tmp_path: Path):
    r, copy = random.Random(edit.__name__), tmp_path / "edited.catch"
    for number in range(TIMES):
        source = (bundles.stream, bundles.part)[number % 2]
        shutil.copyfile(source, copy)
        verified(copy, key=bundles.key)  # the control
        with closing(sqlite3.connect(copy)) as file:
            first = edit(file, r, positions_of(source))
            file.commit()
        with pytest.raises(NotProved) as problem:
            verified(copy, key=bundles.key)
        assert problem.value.position == first, (str(problem.value), first)
        assert str(problem.value).endswith((".", ")", "FILE")), str(problem.value)


def test_no_changed_byte_goes_unnoticed(bundles: Bundles, tmp_path: Path):
    r, copy, whole = random.Random(9), tmp_path / "edited.catch", bundles.stream.read_bytes()
    caught, expected = 0, content(bundles.stream)
    for _ in range(TIMES * 8):
        place = r.randrange(len(whole))
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << r.randrange(8)]) + whole[place + 1 :])
        try:
            verified(copy, key=bundles.key)
        except NotProved:
            caught += 1
        else:  # in what SQLite does not use
            assert content(copy) == expected, (place, whole[place - 20 : place + 20])
    assert caught > TIMES


def content(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as file:
        return [
            file.execute(f"select * from {table} order by 1").fetchall()
            for table in ("stored_events", "catch_proofs", "catch_documents")
        ]


def test_a_bundle_of_somebody_else_is_not_believed(bundles: Bundles, tmp_path: Path):
    other = Signer(bundles.key.split("+")[0], bytes(32))
    with pytest.raises(NotProved, match="another key"):
        verified(bundles.stream, key=str(other.public))
    # Wholly made anew, with a key of their own, it proves itself and nothing else.
    forged = tmp_path / "forged.catch"
    shutil.copyfile(bundles.stream, forged)
    with closing(sqlite3.connect(forged)) as file:
        for name in ("checkpoint", "contents"):
            (note,) = file.execute("select content from catch_documents where name = ?", (name,)).fetchone()
            text = note.rpartition("\n\n")[0] + "\n"
            file.execute("update catch_documents set content = ? where name = ?", (other.note(text), name))
        file.execute("update catch_documents set content = ? where name = 'key'", (str(other.public),))
        file.commit()
    assert verified(forged).key == other.public
    with pytest.raises(NotProved, match="another key"):
        verified(forged, key=bundles.key)


async def test_a_later_bundle_continues_an_earlier_one(log: Log, bundles: Bundles, tmp_path: Path):
    later, alone = tmp_path / "later.catch", tmp_path / "alone.catch"
    await log.append(Append(uuid4(), (stream := uuid4()), (NewEvent(stream, 1, "Opened", envelope(1)),)))
    await signed(log, Signing(log, SECRET))
    since = (await export(log, SECRET, later, Asked((ONE,)), schemas=SCHEMAS, shown=nobody, since=bundles.stream)).since
    assert since is not None
    assert since.size == 60
    note = tmp_path / "old.checkpoint"
    with closing(sqlite3.connect(bundles.stream)) as file:
        note.write_text(file.execute("select content from catch_documents where name = 'checkpoint'").fetchone()[0])
    assert verified(later, since=note).since == since
    # The same moment twice needs no proof.
    assert verified(bundles.part, since=bundles.stream).since == since
    await export(log, SECRET, alone, Asked((ONE,)), schemas=SCHEMAS, shown=nobody)
    with pytest.raises(NotProved, match="does not prove that it continues"):
        verified(alone, since=bundles.stream)
    with pytest.raises(NotProved, match="more facts"):
        verified(bundles.stream, since=later)


async def test_two_views_signed_with_one_name_are_known(bundles: Bundles, log: Log, tmp_path: Path):
    r, path = random.Random(2), tmp_path / "view.checkpoint"
    by = kept.signer(bundles.log, 1, SECRET)
    await log.append(Append(uuid4(), (stream := uuid4()), (NewEvent(stream, 1, "Opened", envelope(1)),)))
    await signed(log, Signing(log, SECRET))
    for number in range(TIMES):
        size = 60 if number % 2 else r.randrange(1, 60)
        path.write_text(by.note(Checkpoint(by.public.name, size, r.randbytes(32)).text))
        if size == 60:
            with pytest.raises(NotProved, match="Two logs were signed"):
                verified(bundles.stream, since=path)
        # And nobody gets a bundle that would hide it.
        with pytest.raises(NotProved, match="its past was changed"):
            await export(log, SECRET, tmp_path / "none.catch", Asked((ONE,)), schemas={}, shown=nobody, since=path)
    assert not (tmp_path / "none.catch").exists()


async def test_nothing_is_exported_that_is_not_what_was_signed(log: Log, tmp_path: Path):
    with pytest.raises(NotProved, match="Nothing is signed"):
        await export(log, SECRET, tmp_path / "x", Asked((ONE,)), schemas={}, shown=nobody)
    await filled(log, 5)
    await signed(log, Signing(log, SECRET))
    with pytest.raises(NotProved, match="no such case"):
        await export(log, SECRET, tmp_path / "x", Asked((UUID(int=1),)), schemas={}, shown=nobody)
    assert os.listdir(tmp_path) == []  # noqa: PTH208


def test_what_is_said_of_the_contents_is_read_again():
    checkpoint = Checkpoint("catch/x/1", 9, bytes(32))
    for said in (
        Contents(checkpoint, {ONE: 3}, None, {"index": "0" * 64}),
        Contents(checkpoint, {}, (1, 9, 0, 9), {}),
    ):
        assert Contents.read(said.text) == said
    with pytest.raises(NotProved):
        Contents.read(Contents(checkpoint, {}, None, {}).text + "more\n")


def test_files_that_are_no_bundles_are_refused_in_a_sentence(tmp_path: Path):
    path = tmp_path / "x"
    for content in (b"", b"SQLite format 3\x00", b"\x00" * 5000, b"hello"):
        path.write_bytes(content)
        with pytest.raises(NotProved):
            verified(path)
    with pytest.raises(NotProved, match="no file"):
        verified(tmp_path / "none")


def test_the_kept_sample_is_verified_by_every_release():
    """Made once, of an invented case, and never made anew: what was given to somebody stays proved."""
    found = verified(SAMPLE, key=SAMPLE_KEY)
    assert found.facts == 10
    assert [each.split("\t")[3] for each in found.lines][:2] == ["ReferralReceived", "ReferralAccepted"]


def test_the_command_says_it_in_sentences(bundles: Bundles, tmp_path: Path):
    run = CliRunner()
    (key := tmp_path / "catch.pub").write_text(bundles.key + "\n")
    done = run.invoke(cli, ["audit", "verify", str(bundles.stream), "--key", str(key), "--list"])
    assert done.exit_code == 0, done.output
    assert len(done.output.splitlines()) == len(positions_of(bundles.stream)) + 2
    done = run.invoke(cli, ["audit", "verify", str(bundles.stream)])
    assert "the key is the bundle's own" in " ".join(done.output.split())
    with closing(sqlite3.connect(bundles.stream)) as file:
        (position,) = file.execute("select max(rowid) from stored_events").fetchone()
        file.execute("update stored_events set topic = 'Other' where rowid = ?", (position,))
        file.commit()
    done = run.invoke(cli, ["audit", "verify", str(bundles.stream), "--key", bundles.key])
    assert done.exit_code == 1
    assert f"NOT PROVED at position {position}" in " ".join(done.output.split())


async def test_a_case_is_exported_as_the_operator_asks(furnished: Furnished, tmp_path: Path):
    async with furnished() as place:
        case = await place.worked_on("Ada Example", "housing-1")
        catch, settings = place.catch, place.catch.settings
        await catch.signing.reached(await catch.log.head(), 60)
        secret = catch.keyring.secret(kept.PURPOSE)
        texts = await texts_of(catch, await facts_of(catch, [case.case]))
        for name, personal in (("plain", True), ("sealed", False)):
            found = await export(
                catch.log,
                secret,
                tmp_path / name,
                Asked((case.case,)),
                schemas=event_schemas(),
                shown=nobody,
                texts=texts if personal else None,
            )
            assert found.personal is personal
            assert verified(tmp_path / name).facts == found.facts == found.contents.streams[case.case]
        everything = (tmp_path / "sealed").read_bytes()
        assert case.reason.encode() in (tmp_path / "plain").read_bytes()
        for text in (case.reason, case.matters, "Ada Example"):
            assert text.encode() not in everything
        assert settings.signed.exists()


def by_the_readme(path: Path, public: bytes) -> int:
    """The README's pseudocode, line by line, and none of our modules: the number of facts, or an AssertionError."""
    with closing(sqlite3.connect(path)) as file:
        names = {name for (name,) in file.execute("select name from sqlite_master where type <> 'index'")}
        assert names == {"stored_events", "catch_proofs", "catch_documents"}
        documents: dict[str, str] = dict(file.execute("select name, content from catch_documents"))
        rows = file.execute(
            "select e.rowid, originator_id, originator_version, topic, state, leaf, recorded, path"
            " from stored_events e left join catch_proofs p on p.position = e.rowid order by e.rowid"
        ).fetchall()
    name, said, encoded_key = documents["key"].split("+", 2)
    assert b64decode(encoded_key) == b"\x01" + public
    assert hashlib.sha256(name.encode() + b"\n\x01" + public).hexdigest()[:8] == said

    def note(which: str) -> list[str]:
        text, _, signature = documents[which].rpartition("\n\n")
        _, signer, data = signature.split()
        assert signer == name
        assert b64decode(data)[:4].hex() == said
        Ed25519PublicKey.from_public_bytes(public).verify(b64decode(data)[4:], f"{text}\n".encode())
        return text.split("\n")

    origin, size, root = note("checkpoint")
    first, also, same, *lines = note("contents")
    assert (origin, first, also, same) == (name, f"{name} contents", size, root)
    leaves, positions, streams = list[int](), list[int](), dict[str, list[int]]()
    for position, stream, version, topic, state, index, recorded, path_ in rows:
        leaf = b"catch fact 1\n" + position.to_bytes(8) + bytes.fromhex(stream) + version.to_bytes(8)
        leaf += recorded.to_bytes(8) + len(topic.encode()).to_bytes(4) + topic.encode() + state
        hashed, i, n = hashlib.sha256(b"\x00" + leaf).digest(), index, int(size) - 1
        for place in range(0, len(path_), 32):
            p = path_[place : place + 32]
            assert n > 0
            if i % 2 or i == n:
                hashed = hashlib.sha256(b"\x01" + p + hashed).digest()
                while i % 2 == 0 and i > 0:
                    i, n = i // 2, n // 2
            else:
                hashed = hashlib.sha256(b"\x01" + hashed + p).digest()
            i, n = i // 2, n // 2
        assert (n, hashed) == (0, b64decode(root))
        assert not leaves or index > leaves[-1]
        leaves.append(index)
        positions.append(position)
        streams.setdefault(str(UUID(hex=stream)), []).append(version)
    told = {"form", "key", "checkpoint", "contents", "consistency"}
    for line in lines:
        match line.split():
            case ["stream", which, head]:
                assert streams.pop(which) == [*range(1, int(head) + 1)]
            case ["positions", a, b, "leaves", c, d]:
                assert leaves == [*range(int(c), int(d))]
                assert all(int(a) <= each <= int(b) for each in positions)
                streams.clear()
            case ["document", which, digest]:
                assert hashlib.sha256(documents[which].encode()).hexdigest() == digest
                told.add(which)
            case _:
                raise AssertionError(line)
    assert not streams
    assert documents.keys() <= told
    return len(rows)


def test_who_writes_a_verifier_from_the_readme_comes_to_the_same(bundles: Bundles, tmp_path: Path):
    key, sample = (b64decode(each.split("+", 2)[2])[1:] for each in (bundles.key, SAMPLE_KEY))
    assert by_the_readme(SAMPLE, sample) == 10
    for path in (bundles.stream, bundles.part):
        assert by_the_readme(path, key) == verified(path).facts
    r, copy = random.Random(4), tmp_path / "edited.catch"
    for edit in (change, delete_a_fact, delete_both, reorder, truncate, insert):
        shutil.copyfile(bundles.stream, copy)
        with closing(sqlite3.connect(copy)) as file:
            edit(file, r, positions_of(bundles.stream))
            file.commit()
        with pytest.raises(Exception):  # noqa: B017, PT011 - it falls over as it may
            by_the_readme(copy, key)


async def test_the_page_of_the_console_comes_to_the_same(bundles: Bundles, tmp_path: Path):
    """Its script, by node: what the verifier finds it finds, with the first position, and nothing else."""
    r, cases = random.Random(7), [(SAMPLE, SAMPLE_KEY), (bundles.stream, bundles.key), (bundles.part, "")]
    cases += [(bundles.stream, SAMPLE_KEY), (Path(__file__), "")]
    for edit in EDITS:
        for number in range(TIMES // 5):
            copy = tmp_path / f"{edit.__name__}-{number}.catch"
            shutil.copyfile(source := (bundles.stream, bundles.part)[number % 2], copy)
            with closing(sqlite3.connect(copy)) as file:
                edit(file, r, positions_of(source))
                file.commit()
            cases.append((copy, bundles.key))
    async with started("bundles.mjs", str(SCRIPT)) as process:
        out, problem = await process.communicate("".join(f"{path}\t{key}\n" for path, key in cases).encode())
    assert problem == b""
    found = [json.loads(line) for line in out.splitlines()]
    assert len(found) == len(cases)
    assert found == [by_the_verifier(*each) for each in cases]


def by_the_verifier(path: Path, key: str) -> dict[str, int | None]:
    try:
        return {"facts": verified(path, key=key or None).facts}
    except NotProved as problem:
        return {"position": problem.position}
