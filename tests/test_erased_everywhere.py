"""After an erasure nothing of the person can be read anywhere: not by a server that hears of it, not in a dump, not by
whoever has the keys and the database, not from a backup from before it that was put back; and what was recorded can
still be proved. Each time the same search finds them where nothing was destroyed.
"""

import asyncio
import re
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from click.testing import CliRunner
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import projections
from catch.app import Catch, key_path, opened
from catch.cli import cli
from catch.commands import Commands
from catch.commands.questions import mark_digests, reference_digest
from catch.commands.ticker import Ticker
from catch.database import connect
from catch.database.server import Server, binaries
from catch.doctor import examined
from catch.domain.calendar import london_day
from catch.domain.case.closing import CloseCase
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import AttachReferral
from catch.domain.case.state import Described
from catch.domain.contact import ConvertContact, ReceiveContact
from catch.domain.erasing import ApproveErasure, ErasureReason, RequestErasure
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.matching import Identifiers
from catch.domain.person import Person, RegisterPerson
from catch.domain.streams import PERSON
from catch.evidence.exporting import Asked, export
from catch.evidence.kept import PURPOSE
from catch.evidence.verifying import verified
from catch.log.codec import CODEC
from catch.log.migrations import event_schemas
from catch.personal import ERASED, KeyFile
from catch.personal.tokens import BrokenSeal, parse, unseal
from catch.settings import Settings
from tests.canaries.channels import OPERATIONS
from tests.cases import nobody
from tests.conftest import Database, administer, at, eventually
from tests.place import AUDITOR, COORDINATOR, PROGRAMME, REFERRER, Place, ago, placed

CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
NUMBER, BORN, PHONE, REFERENCE = "9434765919", "1931-07-19", "01632 960831", "RQ/77-Zebulon"
NAME = "Zebulon Quarrelhart"


class Somebody(NamedTuple):
    case: UUID
    person: UUID
    contact: UUID
    texts: tuple[str, ...]
    """All that was ever written about them."""


async def somebody(place: Place) -> Somebody:
    """Who called first, unknown, and was led on; whose case is over."""
    case, person, contact = uuid4(), uuid4(), uuid4()
    said = [f"Zebulonic{n} remark" for n in range(6)]
    known: dict[str, Any] = {
        "name": Sealed(NAME), "date_of_birth": Sealed(BORN), "nhs_number": Sealed(NUMBER), "phone": Sealed(PHONE)
    }  # fmt: skip
    by = ago(days=90)
    described = Described(address=Sealed(said[5]), **known)
    await place.take(ReceiveContact(contact, PROGRAMME, "police", "phone", Sealed(said[0]), described=described), at=by)
    await place.take(RegisterPerson(person, **known), at=by)
    await place.take(
        ConvertContact(contact, case, person, PROGRAMME, uuid4(), "police", "phone", Sealed(said[1])), at=by
    )
    await place.take(AcceptReferral(case), at=ago(days=89))
    await place.take(AllocateCoordinator(case, COORDINATOR.user, COORDINATOR.agency), at=ago(days=89))
    await place.take(AddNote(case, uuid4(), Category.DISCUSSION, Sealed(said[2])), at=ago(days=88))
    further = AttachReferral(
        case, person, uuid4(), "police", "phone", ago(days=80), Sealed(said[4]), reference=Sealed(REFERENCE)
    )
    await place.take(further, at=ago(days=80))
    await place.take(CloseCase(case, "disengaged", london_day(ago(days=60)), Sealed(said[3])), at=ago(days=60))
    await place.settled()
    return Somebody(case, person, contact, (NAME, BORN, NUMBER, PHONE, REFERENCE, "Zebulonic"))


async def gone(place: Place, who: Somebody) -> None:
    async def then(when: datetime, command: Command, by: Actor) -> None:
        await Commands(place.catch.records, lambda: when).take(command, by=by, command_id=uuid4())

    erasure = uuid4()
    await then(ago(days=9), RequestErasure(who.person, erasure, ErasureReason.PERSON_ASKED), COORDINATOR)
    await then(ago(days=8), ApproveErasure(who.person, erasure), CALDICOTT)
    await place.settled()
    ticker = Ticker(place.catch.commands, place.catch.records, place.catch.present.follower)
    # The person, their case, the contact.
    assert await ticker.tick() == 3
    await place.settled()


def tool(name: str, *arguments: object) -> bytes:
    return subprocess.run([binaries() / name, *map(str, arguments)], capture_output=True, check=True).stdout


async def by_hand(admin: str, keys: KeyFile) -> str:
    """All that can be read by whoever has the database and the place's key, whatever our program thinks of it."""
    connection = await connect(admin)
    try:
        wrapped = {row["subject"]: row["wrapped"] for row in await connection.fetch("select * from catch.data_keys")}
        rows = await connection.fetch("select state from catch.stored_events")
    finally:
        await connection.close()
    held = await keys.unwrap({subject: data for subject, data in wrapped.items() if data})
    found: list[str] = []
    for row in rows:
        for token in re.findall(rb"[A-Za-z0-9_-]{60,}", row["state"]):
            try:
                parsed = parse(Sealed(token.decode()))
            except BrokenSeal:
                continue
            if parsed.subject in held:
                found.append(unseal(AESGCM(held[parsed.subject]), parsed))
    return "\n".join(found)


def known(texts: tuple[str, ...], where: str) -> list[str]:
    return [text for text in texts if text in where]


async def read_by_everybody(place: Place, who: Somebody) -> str:
    found: list[str] = []
    for by in (COORDINATOR, AUDITOR, REFERRER, CALDICOTT):
        for case in await theirs(place, who):
            found.append(str(await place.answer(OPERATIONS["case"], by, id=str(case))))
            found.append(str(await place.answer(OPERATIONS["audit_trail"], by, streamId=str(case))))
        found.append(str(await place.answer(OPERATIONS["contact"], by, id=str(who.contact))))
        found += [str(await place.answer(OPERATIONS[name], by)) for name in ("cases", "contacts", "erasures")]
        found.append(str(await place.answer(OPERATIONS["cases_by_number"], by, nhsNumber=NUMBER)).replace(NUMBER, ""))
    return "\n".join(found)


async def theirs(place: Place, who: Somebody) -> list[UUID]:
    held: Person = (await place.catch.present.states.get(PERSON, who.person)).state
    return [case for case, _ in held.cases]


@asynccontextmanager
async def restored(server: Server, dump: Path) -> AsyncGenerator[Server]:
    name = f"catch_restored_{uuid4().hex}"
    await administer(server.admin, f"create database {name}")
    await asyncio.to_thread(tool, "pg_restore", "--dbname", at(server.admin, name), dump)
    yield Server(at(server.admin, name), at(server.app, name))
    await administer(server.admin, f"drop database {name} with (force)")


def hashes(catch: Catch) -> tuple[str, ...]:
    """Everything by which they can be looked up."""
    ring = catch.keyring
    marks = mark_digests(ring, Identifiers(name=NAME, date_of_birth=BORN, phone=PHONE, nhs_number=NUMBER))
    return (*marks, ring.digest(NUMBER), reference_digest(ring, REFERENCE))


def folded(database: Database) -> str:
    """All that was folded from the log."""
    apart = [f"--exclude-table-data=catch.{name}" for name in ("stored_events", "commands")]
    return tool("pg_dump", *apart, "--dbname", database.admin).decode()


async def examined_there(catch: Catch) -> list[str]:
    found = await examined(
        catch.log, CODEC, projections.ALL, None, catch.keyring.encryption, None, catch.settings.erased
    )
    return [each.code for each in found.findings]


async def bundle(catch: Catch, path: Path, who: Somebody, since: Path | None = None) -> None:
    await catch.signing.reached(await catch.log.head(), 30)
    asked = Asked((who.case, who.person, who.contact))
    await export(
        catch.log, catch.keyring.secret(PURPOSE), path, asked, schemas=event_schemas(), shown=nobody, since=since
    )


async def test_nothing_of_them_is_left_anywhere(server: Server, database: Database, tmp_path: Path):
    first, second, empty = (tmp_path / name for name in ("first", "second", "empty"))
    for folder in (second, empty):
        folder.mkdir()
    dump, before, after = tmp_path / "before.dump", tmp_path / "before.catch", tmp_path / "after.catch"
    async with placed(database.admin, database.dsn, first) as place:
        await place.enrol(CALDICOTT)
        await place.take_contacts()
        await place.further(clocks=())
        who, kek = await somebody(place), key_path(place.catch.settings)
        keys = KeyFile.read(kek)
        there = Settings(data_dir=second, kek_file=kek)
        await bundle(place.catch, before, who)
        await asyncio.to_thread(tool, "pg_dump", "--format=custom", "--file", dump, "--dbname", database.admin)
        assert known(who.texts, await by_hand(database.admin, keys)) == [*who.texts]
        assert known(who.texts, await read_by_everybody(place, who)) == [*who.texts]
        digests = hashes(place.catch)
        assert known(digests, await asyncio.to_thread(folded, database)) == [*digests]
        async with opened(Server(database.admin, database.dsn), there) as other:
            held: Person = (await other.present.states.get(PERSON, who.person)).state
            assert held.registered.name
            assert await other.keyring.unseal([held.registered.name]) == [NAME]
            await gone(place, who)

            async def heard() -> bool:
                return await other.keyring.unseal([held.registered.name or Sealed("")]) == [ERASED]

            async with asyncio.timeout(5):
                await eventually(heard)
            # Both have them on their lists.
            for listed in (there.erased, place.catch.settings.erased):
                assert str(who.person) in listed.read_text()
                assert str(who.contact) in listed.read_text()
        assert known(who.texts, await by_hand(database.admin, keys)) == []
        assert known(who.texts, await read_by_everybody(place, who)) == []
        assert known(digests, await asyncio.to_thread(folded, database)) == []
        assert known(who.texts, (await asyncio.to_thread(tool, "pg_dump", "--dbname", database.admin)).decode()) == []
        await bundle(place.catch, after, who, since=before)
        remembered = place.catch.settings.erased.read_text()
    for path in (before, after):
        assert verified(path).facts > 0
    assert CliRunner().invoke(cli, ["audit", "verify", str(after), "--since", str(before)]).exit_code == 0

    async with restored(server, dump) as back:
        # The backup from before it brings them back ...
        assert known(who.texts, await by_hand(back.admin, keys)) == [*who.texts]
        async with opened(back, Settings(data_dir=empty, kek_file=kek)) as catch:
            assert await catch.keyring.unseal([held.registered.name]) == [NAME]
        assert known(who.texts, await by_hand(back.admin, keys)) == [*who.texts]
        # ... to whoever has not the list. A line that somebody else wrote is none.
        (empty / "erased").write_text(remembered.replace(str(who.person), str(uuid4())).replace(str(who.contact), "x"))
        async with opened(back, Settings(data_dir=empty, kek_file=kek)) as catch:
            assert await catch.keyring.unseal([held.registered.name]) == [NAME]
            told = await examined_there(catch)
        assert told == ["STRANGE_ERASURES"]
        (empty / "erased").write_text(remembered)
        async with opened(back, Settings(data_dir=empty, kek_file=kek)) as catch:
            assert await catch.keyring.unseal([held.registered.name]) == [ERASED]
            again: Person = (await catch.present.states.get(PERSON, who.person)).state
            assert again.erased
            assert await examined_there(catch) == []
        assert known(who.texts, await by_hand(back.admin, keys)) == []
