"""What a server tells of itself: enough to keep it by, nothing of anybody, and nothing at all where it is off."""

import asyncio
import gzip
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, cast
from uuid import uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext

from catch import telemetry
from catch.api.served import engine
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.domain.partner import RegisterPartner
from catch.domain.person import RegisterPerson
from catch.domain.refusals import Refused
from catch.domain.streams import COMMANDS
from catch.faults import fault
from catch.settings import BadSetting, Settings
from catch.telemetry import Figures, Standing
from catch.telemetry.exporting import FANOUT, GAUGES, PATIENCE, STEPS, OpenTelemetry, Words, measured
from catch.web.figures import STANDING, Watch, telling
from tests.canaries.channels import OPERATIONS
from tests.canaries.history import history
from tests.canaries.run import Run
from tests.conftest import Database, Furnished
from tests.place import COORDINATOR, HOUSING, Place, placed

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = Words(
    frozenset(kind.__name__ for kind in COMMANDS),
    frozenset(name for _, name in engine(None, None, development=True).compiled if name),
)
ATTRIBUTES = {"catch.command", "catch.operation", "catch.code", "catch.status"}
"""Every attribute there is. Whoever adds one says here that it tells nothing of a case or of anybody."""
OF_THE_SERVER = {
    "service.name",
    "service.version",
    "service.instance.id",
    "telemetry.sdk.language",
    "telemetry.sdk.name",
    "telemetry.sdk.version",
}
STATED = Figures(1, 2, 3, 4, 5, True, True, 0.5, Standing(6, 0.7, 2, 1, 8.0, 9))


class Told:
    """What was exported."""

    def __init__(self, figures: Figures = STATED) -> None:
        self.figures = figures
        self.spans = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()

    @contextmanager
    def listening(self, words: Words = WORDS) -> Generator[OpenTelemetry]:
        with measured(SimpleSpanProcessor(self.spans), self.reader, lambda: self.figures, words) as made:
            yield made
            # Before it is shut, when there is nothing to read any more.
            self.metrics = self.read()

    def read(self) -> dict[str, list[Any]]:
        data = self.reader.get_metrics_data()
        assert data is not None
        self.resource = data.resource_metrics[0].resource
        scopes = [scope for resource in data.resource_metrics for scope in resource.scope_metrics]
        return {metric.name: [*metric.data.data_points] for scope in scopes for metric in scope.metrics}

    @property
    def finished(self) -> tuple[ReadableSpan, ...]:
        return self.spans.get_finished_spans()

    def attributes(self) -> Iterator[tuple[str, object]]:
        for span in self.finished:
            yield from (span.attributes or {}).items()
        for points in self.metrics.values():
            for point in points:
                yield from point.attributes.items()
                for exemplar in point.exemplars if hasattr(point, "exemplars") else ():
                    yield from (exemplar.filtered_attributes or {}).items()

    def text(self) -> str:
        """Everything that leaves the house, but for ids and numbers that were made here."""
        said = [span.name for span in self.finished] + [str(span.status.description) for span in self.finished]
        said += [str(span.events) + str(span.links) for span in self.finished]
        said += [f"{name}={value}" for name, value in self.attributes()]
        said += [*self.metrics, *(str(span.instrumentation_scope) for span in self.finished)]
        return "\n".join(dict.fromkeys(said))


def context(span: ReadableSpan) -> SpanContext:
    assert span.context is not None
    return span.context


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        yield made


# Nothing of anybody


PERSONAL = re.compile(r"cy[0-9a-f]{12}|[0-9a-f]{8}-?[0-9a-f]{4}|\b\d{4,}\b|@|\d{4}-\d\d-\d\d|r\d+x")
"""A canary, an id, a number, an address, a day, a name of the history's."""


async def test_a_history_full_of_canaries_is_told_without_one(place: Place):
    told = Told()
    with told.listening():
        run = Run(place, 7, looks=60)
        await run.whole(history(7))
    assert run.accepted > 10
    assert {span.name for span in told.finished} == {f"catch.{step}" for step in STEPS}
    assert {name for name, _ in told.attributes()} == ATTRIBUTES
    assert {*told.resource.attributes} == OF_THE_SERVER
    assert PERSONAL.findall(told.text()) == []
    owned = {canary for canary in run.stage.owners if len(canary) > 4}
    assert [canary for canary in owned if canary in told.text()] == []
    known = {*WORDS.commands, *WORDS.operations, "other"}
    for name, value in told.attributes():
        assert value in known or name in ("catch.code", "catch.status"), (name, value)


LEAKING = [
    ("command", "Alice Example"),
    ("operation", "AliceExample"),
    ("code", "alice"),
    ("code", "999 123 4567"),
]


@pytest.mark.parametrize(("name", "value"), LEAKING)
async def test_what_is_no_word_of_ours_is_told_as_other(name: str, value: str):
    assert WORDS.attributes(cast("Any", {name: value})) == {f"catch.{name}": "other"}


async def test_control_a_text_that_is_let_through_is_found():
    told = Told()
    wide = Words(frozenset({"cy0123456789ab"}), frozenset())
    with told.listening(wide) as made:
        await made.within("command", nothing(), {"command": "cy0123456789ab"})
    # In the span and with the figure.
    assert [name for name, value in told.attributes() if value == "cy0123456789ab"] == ["catch.command"] * 2
    assert PERSONAL.findall(told.text()) == ["cy0123456789ab"]


async def nothing() -> None:
    return None


class Alice(Refused):
    """A refusal whose details are somebody's name."""


async def test_what_an_exception_says_is_not_told():
    async def fails(problem: Exception) -> None:
        raise problem

    told = Told()
    with told.listening() as made:
        for problem in (Alice(name="cy0123456789ab"), ValueError("cy0123456789ab")):
            with pytest.raises(type(problem)):
                await made.within("append", fails(problem), {})
    assert [span.attributes for span in told.finished] == [{"catch.code": "ALICE"}, {"catch.code": "INTERNAL"}]
    assert "cy0" not in told.text()
    assert "cy0" not in "".join(span.to_json() for span in told.finished)


async def test_a_trace_has_ids_of_ours_alone(place: Place):
    theirs = "4bf92f3577b34da6a3ce929d0e0e4736"
    told = Told()
    with told.listening():
        headers = {"traceparent": f"00-{theirs}-00f067aa0ba902b7-01", "tracestate": "alice=example", "baggage": "a=b"}
        body = {"query": "query AliceExample { viewer { user } }"}
        headers["authorization"] = place.token(COORDINATOR)
        await place.http.post("/graphql", json=body, headers=headers)
    outer, inner = told.finished[-1], told.finished[0]
    assert f"{context(outer).trace_id:032x}" != theirs
    assert outer.parent is None
    assert inner.attributes == {"catch.operation": "other"}
    assert "alice" not in told.text().lower()


# Enough to keep it by


async def test_an_append_is_a_step_of_its_command_which_is_one_of_its_request(place: Place):
    told = Told()
    with told.listening():
        await place.mutate(RegisterPerson(uuid4(), name=Sealed("Ivo Example")))
    by_id = {context(span).span_id: span for span in told.finished}

    def way(span: ReadableSpan) -> list[str]:
        return [*(way(by_id[span.parent.span_id]) if span.parent else []), span.name]

    ways = {" ".join(way(span)) for span in told.finished if span.name == "catch.append"}
    assert "catch.request catch.mutation catch.command catch.append" in ways


async def test_refusals_faults_and_statuses_are_counted(place: Place):
    told = Told()
    with told.listening():
        await place.http.post("/graphql", json={"query": "{ viewer { user } }"})
        await place.post({"query": "{ nonsense }"})
        await place.post({"documentId": "nowhere"})
        assert await place.refused(RegisterPartner("somebody", "Somebody", "housing"), HOUSING) == "NOT_ALLOWED"
        fault(ValueError("cy0123456789ab"), "here")
    counted = {point.attributes["catch.code"]: point.value for point in told.metrics["catch.refusals"]}
    assert counted == {
        "TOKEN_MISSING": 1, "INVALID_DOCUMENT": 1, "PERSISTED_QUERY_NOT_FOUND": 1, "NOT_ALLOWED": 1,
    }  # fmt: skip
    assert {point.attributes["catch.status"]: point.value for point in told.metrics["catch.answers"]} == {
        200: 3,
        401: 1,
    }
    assert [point.value for point in told.metrics["catch.faults"]] == [1]


async def test_every_figure_is_told_and_what_cannot_be_known_is_left_out():
    told = Told()
    with told.listening():
        pass
    shown = {name: points[0].value for name, points in told.metrics.items()}
    assert shown == {gauge.name: gauge.read(STATED) for gauge in GAUGES}
    away = Told(Figures(queue=3))
    with away.listening():
        pass
    assert away.metrics["catch.log.reachable"][0].value == 0
    assert "catch.readside.lag" not in away.metrics
    assert "catch.database.standbys" not in away.metrics


async def test_the_time_to_whoever_follows_is_told(place: Place):
    case = await place.worked_on("Ivo Example")
    told = Told()
    async with place.live(COORDINATOR) as client:
        await client.subscribe("case", OPERATIONS["follow_case"], caseId=str(case.case))
        first = await client.next("case")
        assert first
        await place.settled()
        with told.listening():
            await place.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed("Slept well.")))
            await client.next("case")
    assert [point.count for point in told.metrics[FANOUT]] == [1]


async def test_of_a_fact_that_was_heard_long_ago_no_time_is_told():
    told = Told()
    with told.listening() as made:
        for position in range(6000):
            made.heard(position)
        made.handed(5999)
        made.handed(1)  # too long ago to be remembered
    assert [point.count for point in told.metrics[FANOUT]] == [1]


async def test_what_is_watched_is_how_it_stands(place: Place):
    catch = place.catch
    await place.settled()
    watch = Watch(catch, place.feed, place_live())
    now = await watch.look()
    assert now.standing is not None
    assert (now.standing.lag, now.standing.lag_seconds, now.standing.standbys) == (0, 0.0, 0)
    assert now.standing.generation == 1
    assert now.leading
    assert (now.queue, now.connections) == (0, 0)
    before = await at_rest(watch)
    async with catch.log.pool.acquire():
        then = await watch.look()
        busy = await at_rest(watch)
    assert (then.waiting, then.recording) == (0, True)
    assert busy == before + 1


async def at_rest(watch: Watch) -> int:
    """How many connections are in use but for those that the server's own rounds take for a moment."""
    return min([(await watch.look()).busy for _ in range(20)])


def place_live() -> Any:
    class Live:
        connections: tuple[()] = ()

    return Live()


async def test_a_log_that_cannot_be_asked_is_told(place: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("catch.web.figures.STANDING", "select pg_sleep(5), $1::bigint")
    monkeypatch.setattr("catch.web.figures.WITHIN", 0.1)
    now = await Watch(place.catch, place.feed, place_live()).look()
    assert now.standing is None


async def test_what_the_read_models_lack_is_told_with_its_age(place: Place):
    last = (await place.take(RegisterPerson(uuid4(), name=Sealed("Ivo Example")))).position
    await asyncio.sleep(0.2)
    (row,) = await place.catch.log.pool.fetch(STANDING, last - 1)
    assert row["lag"] == 1
    assert 0.1 < row["lag_seconds"] < 30


# Off


async def test_nothing_of_it_is_loaded_where_it_is_off():
    script = "import sys, catch.web.serving; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    assert await done.communicate() == (b"[]\n", None)


CALLS = {"query": 2, "mutation": 4}
"""How often a request calls into `catch.telemetry` where nothing is measured: once for each step it has."""


async def test_off_it_costs_a_call_a_step(place: Place):
    assert telemetry.on is None
    counted = await calls(place, "query")
    assert counted == {"within": CALLS["query"]}
    counted = await calls(place, "mutation")
    assert counted == {"within": CALLS["mutation"]}


async def calls(place: Place, what: str) -> Counter[str]:
    await place.settled()
    found: Counter[str] = Counter()
    folder = str(Path(telemetry.__file__).parent)

    def note(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(folder):
            found[frame.f_code.co_name] += 1

    sys.setprofile(note)
    try:
        if what == "query":
            await place.post({"query": "{ viewer { user } }"})
        else:
            await place.mutate(RegisterPerson(uuid4(), name=Sealed("Ivo Example")))
    finally:
        sys.setprofile(None)
    return found


async def test_it_is_switched_on_by_one_setting_alone():
    assert Settings.read({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}).otlp_endpoint is None
    assert Settings.read({"CATCH_OTLP_ENDPOINT": "http://collector:4318/"}).otlp_endpoint == "http://collector:4318"
    for wrong in ("collector:4318", "http://collector/v1/traces", "grpc://collector:4317", "http://a:b@collector"):
        with pytest.raises(BadSetting, match="CATCH_OTLP_ENDPOINT"):
            Settings.read({"CATCH_OTLP_ENDPOINT": wrong})


async def test_where_it_is_not_installed_the_setting_is_refused_by_its_name(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setattr(place.catch, "settings", replace(place.catch.settings, otlp_endpoint="http://127.0.0.1:9"))
    with pytest.raises(BadSetting, match="CATCH_OTLP_ENDPOINT"):
        async with telling(place.catch, place.feed, place_live(), ()):
            pass


# Sent


class Collector(BaseHTTPRequestHandler):
    """What a collector is sent: by path, the bytes."""

    sent: ClassVar[dict[str, bytes]] = {}

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.sent[self.path] = self.sent.get(self.path, b"") + body
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


async def test_what_is_told_is_sent_to_the_collector_and_to_nobody_else(database: Database, tmp_path: Path):
    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        Thread(target=collector.serve_forever, args=(0.01,), daemon=True).start()
        settings = Settings(data_dir=tmp_path, otlp_endpoint=f"http://127.0.0.1:{collector.server_port}")
        async with placed(database.admin, database.dsn, tmp_path, settings) as place:
            await place.mutate(RegisterPerson(uuid4(), name=Sealed("Ivo Example")))
        collector.shutdown()
    assert telemetry.on is None
    assert {*Collector.sent} == {"/v1/traces", "/v1/metrics"}
    told = zipped(Collector.sent["/v1/metrics"]) + zipped(Collector.sent["/v1/traces"])
    assert b"catch.readside.lag" in told
    assert b"RegisterPerson" in told
    assert b"Ivo" not in told


def zipped(body: bytes) -> bytes:
    """As it was before it was compressed, where it was."""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


async def test_a_collector_that_is_silent_holds_up_no_server_that_stops(database: Database, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = Settings(data_dir=tmp_path, otlp_endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        async with placed(database.admin, database.dsn, tmp_path, settings) as place:
            await place.mutate(RegisterPerson(uuid4(), name=Sealed("Ivo Example")))
            began = time.monotonic()
        assert time.monotonic() - began < PATIENCE + 7
