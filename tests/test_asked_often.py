"""Registered documents and rates as a client meets them, over HTTP and over the websocket, on a whole server."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from msgspec.structs import replace

from catch.api.documents import shipped
from catch.app import opened
from catch.database.server import Server
from catch.settings import Settings
from catch.web.serving import serving
from tests.conftest import Database
from tests.place import COORDINATOR, HOUSING, Place

WHO = "{ viewer { user } }"


async def on_server(database: Database, folder: Path, settings: dict[str, Any], work: Any) -> None:
    made = replace(Settings(data_dir=folder), **settings)
    async with (
        opened(Server(database.admin, database.dsn), made) as catch,
        serving(catch, 0, development=True) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        place = Place(catch, port, http)
        await place.set_up()
        await work(place)


async def test_a_registered_document_is_asked_for_by_hash_and_by_name_and_nothing_else_is_answered(
    database: Database, tmp_path: Path
):
    async def work(place: Place) -> None:
        digest = hashlib.sha256(shipped()["viewer"].encode()).hexdigest()
        by_hash = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}}
        for asked in ({"documentId": "viewer"}, {"documentId": f"sha256:{digest}"}, by_hash):
            answer = (await place.post(asked)).json()
            assert answer["data"]["viewer"]["user"] == COORDINATOR.user
        refused = (await place.post({"query": WHO})).json()["errors"]
        assert refused[0]["extensions"]["code"] == "OPERATION_NOT_REGISTERED"
        unknown = (await place.post({"documentId": "none"})).json()["errors"]
        assert unknown[0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        async with place.live(COORDINATOR) as client:
            await client.send(type="subscribe", id="1", payload=by_hash)
            assert (await client.receive())["payload"]["data"]["viewer"]["user"] == COORDINATOR.user
            assert (await client.receive())["type"] == "complete"
            await client.send(type="subscribe", id="2", payload={"query": WHO})
            answer = await client.receive()
            assert answer["type"] == "error"
            assert answer["payload"][0]["extensions"]["code"] == "OPERATION_NOT_REGISTERED"

    await on_server(database, tmp_path, {"operations": "registered"}, work)


async def test_whoever_asks_too_often_is_told_when_to_ask_again_and_nobody_else_is(database: Database, tmp_path: Path):
    async def work(place: Place) -> None:
        for _ in range(3):
            assert (await place.post({"query": WHO})).status_code == 200
        refused = await place.post({"query": WHO})
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (429, "TOO_OFTEN")
        assert int(refused.headers["retry-after"]) >= 1
        # All tokens and connections of one person are counted together.
        async with place.live(COORDINATOR) as client:
            await client.send(type="subscribe", id="1", payload={"query": WHO})
            assert (await client.receive())["payload"][0]["extensions"]["code"] == "TOO_OFTEN"
            await client.send(type="complete", id=str(uuid4()))
        assert (await place.post({"query": WHO}, HOUSING)).status_code == 200

    # One in a hundred seconds: nothing comes back while the test runs.
    await on_server(database, tmp_path, {"rate": 0.01, "burst": 3}, work)


async def test_an_address_from_which_nobody_says_who_they_are_is_slowed_down_and_nobody_else(
    database: Database, tmp_path: Path
):
    async def work(place: Place) -> None:
        codes = [(await place.post({"query": WHO}, "Bearer no-such")).status_code for _ in range(5)]
        assert codes == [401, 401, 401, 429, 429]
        refused = await place.post({"query": WHO}, "")
        assert (refused.headers["connection"], refused.json()["errors"][0]["extensions"]["code"]) == (
            "close",
            "TOO_OFTEN",
        )
        # Of the same address, with a good token.
        assert (await place.post({"query": WHO})).status_code == 200

    await on_server(database, tmp_path, {"rate": 0.01, "burst": 3}, work)
