"""What cannot be read is named wherever it is met, and a log that went back ends whoever remembers it."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from catch.app import Catch, opened
from catch.database import Connection
from catch.database.server import Server
from catch.doctor import examined
from catch.domain.facts import Sealed
from catch.domain.person import RegisterPerson
from catch.domain.streams import PERSON
from catch.log.codec import CODEC
from catch.log.entries import Append, FutureSchema, MissingVersions, NewEvent, Undecodable, UnknownEvent, WentBack
from catch.settings import Settings
from projections import ALL
from tests.conftest import Database
from tests.damage import lose, put_again
from tests.place import SYSTEM

SAMPLES = Path(__file__).parent / "samples" / "events"


@pytest.fixture
async def catch(database: Database, tmp_path: Path) -> AsyncGenerator[Catch]:
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path)) as catch:
        yield catch


async def person(catch: Catch) -> UUID:
    id_ = uuid4()
    await catch.commands.take(RegisterPerson(id_, name=Sealed("Ada Example")), by=SYSTEM, command_id=uuid4())
    return id_


async def write(catch: Catch, stream: UUID, topic: str, state: bytes, version: int = 2) -> int:
    return (await catch.log.append(Append(uuid4(), stream, (NewEvent(stream, version, topic, state),)))).position


@pytest.mark.parametrize(
    ("topic", "state", "named"),
    [
        ("PersonTeleported", b"{}", UnknownEvent),
        ("PersonReferred", b'{"event":{},"schema":7}', FutureSchema),
        ("PersonReferred", b"{", Undecodable),
    ],
)
async def test_a_fact_that_cannot_be_read_is_told_at_once_and_to_whoever_asks_for_its_stream(
    catch: Catch, caplog: pytest.LogCaptureFixture, topic: str, state: bytes, named: type[UnknownEvent]
):
    id_ = await person(catch)
    assert (await catch.present.states.get(PERSON, id_)).version == 1
    position = await write(catch, id_, topic, state)
    await catch.present.follower.reached(position)
    lines = [record.getMessage() for record in caplog.records if record.name == "catch.place"]
    assert [json.loads(line) for line in lines] == [
        {"unreadable": named.code, "position": position, "stream": str(id_), "version": 2, "event": topic}
    ]
    with pytest.raises(named) as refused:
        await catch.present.states.get(PERSON, id_)
    assert refused.value.details["position"] == str(position)
    with pytest.raises(named):
        await catch.commands.take(RegisterPerson(id_, name=Sealed("Bo Example")), by=SYSTEM, command_id=uuid4())
    await person(catch)
    await catch.reached(await catch.log.head())


async def test_a_fact_of_another_kind_of_stream_costs_that_stream_alone(catch: Catch):
    """It can be read, and does not belong there. The server goes on, and so do its read models."""
    held, asked_later = await person(catch), await person(catch)
    assert (await catch.present.states.get(PERSON, held)).version == 1
    catch.present.states.forget([asked_later])
    stored = sorted(SAMPLES.glob("CaseClosed.*.json"))[-1].read_bytes()
    position = max([await write(catch, id_, "CaseClosed", stored) for id_ in (held, asked_later)])
    await catch.present.follower.reached(position)
    for id_ in (held, asked_later):
        with pytest.raises(Undecodable):
            await catch.present.states.get(PERSON, id_)
    third = await person(catch)
    await catch.reached(await catch.log.head())
    assert (await catch.present.states.get(PERSON, third)).version == 1
    found = [each for each in (await examined(catch.log, CODEC, ALL)).findings if each.code == "FOREIGN_FACT"]
    assert [each.stream for each in found] == [held, asked_later]


async def test_a_history_with_a_hole_is_refused_and_not_folded(catch: Catch, admin: Connection):
    id_ = await person(catch)
    await write(catch, id_, "PersonReferred", b"{", 2)
    registered = await catch.log.stream(id_)
    await catch.present.follower.reached(await write(catch, id_, registered[0].topic, registered[0].state, 3))
    await lose(admin, f"originator_id = '{id_}' and originator_version = 2")
    with pytest.raises(MissingVersions):
        await catch.present.states.get(PERSON, id_)
    with pytest.raises(MissingVersions):
        await catch.log.stream(id_)


@pytest.mark.parametrize("grown", [0, 5])
async def test_a_log_that_went_back_ends_the_server_that_remembers_it(
    database: Database, admin: Connection, tmp_path: Path, grown: int
):
    """Whether it has grown again beyond what was seen or not."""

    async def work() -> None:
        async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path)) as catch:
            await person(catch)
            await person(catch)
            head = await catch.log.head()
            await catch.present.follower.reached(head)
            async with admin.transaction():
                await lose(admin, f"notification_id = {head}")
                await put_again(admin, head, grown)
            await asyncio.sleep(30)

    with pytest.raises(WentBack, match="seen at position"):
        await work()
