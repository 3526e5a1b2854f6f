"""What ours is measured against, on the same server: pgbench, and the stock recorder of `eventsourcing`."""

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from catch.bench.appends import Rate, percentile
from catch.database import connect
from catch.database.server import Server
from catch.database.unprivileged import os_user, reachable

STATE = b"x" * 401
TABLE = """
    create table bench_events (
        originator_id uuid not null, originator_version bigint not null, topic text, state bytea,
        notification_id bigserial, primary key (originator_id, originator_version)
    );
    create unique index on bench_events (notification_id)
"""
INSERT = (
    "insert into bench_events (originator_id, originator_version, topic, state)"
    " values (gen_random_uuid(), 1, 'ActionAgreed', :state);\n"
)
TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


NO_STOCK = "not measured: the stock recorder needs psycopg (install the development dependencies)"


async def prepare_pgbench(server: Server) -> None:
    connection = await connect(server.admin)
    try:
        await connection.execute(TABLE)
    finally:
        await connection.close()


async def pgbench(server: Server, clients: int, seconds: float) -> float:
    """Rows a second: one INSERT of a row like ours, and a commit."""
    return await asyncio.to_thread(_pgbench, server, clients, max(1, round(seconds)))


def _pgbench(server: Server, clients: int, seconds: int) -> float:
    program = reachable(server.bin, os_user()) / "pgbench"
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(INSERT, encoding="ascii")
        sized = ["-c", str(clients), "-j", str(min(2, clients)), "-T", str(seconds)]
        state = f"state=\\x{STATE.hex()}"
        done = subprocess.run(  # noqa: S603
            [program, "-n", "-M", "prepared", "-D", state, "-f", script, *sized, server.admin],
            capture_output=True,
            text=True,
            check=True,
        )
    found = TPS.search(done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def stock_there() -> bool:
    with suppress(ImportError):
        import_module("psycopg")
        return True
    return False


class Stock:
    """Its recorder in its default setting, each writer a thread of its own. Only where `stock_there`."""

    def __init__(self, server: Server) -> None:
        address = urlsplit(server.admin)
        environment = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": address.path.lstrip("/"),
            "POSTGRES_HOST": parse_qs(address.query)["host"][0],
            "POSTGRES_PORT": "5432",
            "POSTGRES_USER": address.username or "postgres",
            "POSTGRES_PASSWORD": "none",
            "POSTGRES_POOL_SIZE": "32",
            "POSTGRES_MAX_OVERFLOW": "10",
        }
        application: Any = import_module("eventsourcing.application").Application
        self._event: Callable[..., Any] = import_module("eventsourcing.persistence").StoredEvent
        self._application = application(environment)

    async def driven(self, at_once: int, seconds: float) -> Rate:
        return await asyncio.to_thread(self._driven, at_once, seconds)

    def _driven(self, at_once: int, seconds: float) -> Rate:
        recorder, event = self._application.recorder, self._event
        began = perf_counter()

        def writer(_: int) -> list[float]:
            taken: list[float] = []
            while (start := perf_counter()) - began < seconds:
                recorder.insert_events([event(uuid4(), 1, "ActionAgreed", STATE)])
                taken.append(perf_counter() - start)
            return taken

        with ThreadPoolExecutor(at_once) as threads:
            taken = [each for one in threads.map(writer, range(at_once)) for each in one]
        return Rate(len(taken) / (perf_counter() - began), percentile(taken, 0.5), percentile(taken, 0.99))

    def close(self) -> None:
        self._application.close()
