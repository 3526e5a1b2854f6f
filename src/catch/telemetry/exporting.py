"""Figures and traces by OpenTelemetry, sent by OTLP over HTTP. The extra `telemetry` brings what is imported here.

Off unless `CATCH_OTLP_ENDPOINT` is set: the collector's address, such as http://collector:4318. What else there is to
set are OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_CERTIFICATE`,
`OTEL_TRACES_SAMPLER`, `OTEL_RESOURCE_ATTRIBUTES`); by themselves they switch nothing on.
"""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterable
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, TypeVar, get_args
from uuid import uuid4

from msgspec import Struct
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from catch import telemetry
from catch.domain.refusals import Refused
from catch.telemetry import Figures, Said, Standing, Step

T = TypeVar("T")

EVERY = 15.0
"""Seconds between two times that figures are sent."""
PATIENCE = 3.0
"""Seconds that a collector has to take what it is sent, and a server that stops has to send the last of it."""
HEARD = 4096
"""Facts whose telling is timed at once."""
STEPS: tuple[Step, ...] = get_args(Step)
CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
OTHER = "other"
# A query of a kept answer takes a tenth of a millisecond, a command behind a distant standby tens.
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Words(Struct, frozen=True):
    """The vocabulary: what is none of it is `other`, whatever a client has written there."""

    commands: frozenset[str]
    operations: frozenset[str]

    def attributes(self, said: Said) -> dict[str, str]:
        known = {
            "catch.command": (said.get("command"), self.commands.__contains__),
            "catch.operation": (said.get("operation"), self.operations.__contains__),
            "catch.code": (said.get("code"), CODE.fullmatch),
        }
        return {name: word if is_one(word) else OTHER for name, (word, is_one) in known.items() if word is not None}


class Gauge(Struct, frozen=True):
    name: str
    unit: str
    about: str
    read: Callable[[Figures], float | None]


def of_database(read: Callable[[Standing], float | None]) -> Callable[[Figures], float | None]:
    """Nothing, while it cannot be asked: an old figure would look like a good one."""
    return lambda now: None if now.standing is None else read(now.standing)


GAUGES = (
    Gauge("catch.append.queue", "", "Appends that wait their turn", lambda now: now.queue),
    Gauge("catch.subscriptions", "", "Subscriptions that are followed", lambda now: now.subscriptions),
    Gauge("catch.connections", "", "Websockets", lambda now: now.connections),
    Gauge("catch.pool.busy", "", "Connections to the database in use", lambda now: now.busy),
    Gauge("catch.pool.waiting", "", "Who waits for a connection to the database", lambda now: now.waiting),
    Gauge("catch.log.recording", "", "Whether the last append could be recorded", lambda now: now.recording),
    Gauge("catch.readside.leading", "", "Whether this server keeps the read models", lambda now: now.leading),
    Gauge("catch.clock.ahead", "s", "By how much this clock is ahead of the database's", lambda now: now.ahead),
    Gauge("catch.log.reachable", "", "Whether the log answers", lambda now: now.standing is not None),
    Gauge("catch.readside.lag", "", "Positions that the read models lack", of_database(lambda now: now.lag)),
    Gauge("catch.readside.age", "s", "Age of the first fact that they lack", of_database(lambda now: now.lag_seconds)),
    Gauge("catch.log.generation", "", "The generation of positions", of_database(lambda now: now.generation)),
    Gauge("catch.database.standbys", "", "Standbys that receive", of_database(lambda now: now.standbys)),
    Gauge("catch.archive.age", "s", "Since WAL was archived", of_database(lambda now: now.archive_age)),
    Gauge("catch.archive.failures", "", "WAL not archived", of_database(lambda now: now.failed_archiving)),
)
COUNTERS = {
    "catch.answers": "Requests answered, by status",
    "catch.refusals": "Requests and commands refused, by code",
    "catch.faults": "What went wrong on our side",
}
FANOUT = "catch.fanout.duration"


class OpenTelemetry:
    """Measures with these providers, until they are shut."""

    def __init__(self, traces: TracerProvider, metrics: MeterProvider, words: Words) -> None:
        self._tracer = traces.get_tracer("catch")
        self._words = words
        meter = metrics.get_meter("catch")
        self._steps = {
            step: meter.create_histogram(
                f"catch.{step}.duration", "s", f"Each {step}", explicit_bucket_boundaries_advisory=BOUNDS
            )
            for step in STEPS
        }
        self._fanout = meter.create_histogram(
            FANOUT, "s", "From a fact to whoever follows", explicit_bucket_boundaries_advisory=BOUNDS
        )
        self._counters = {name: meter.create_counter(name, description=about) for name, about in COUNTERS.items()}
        self._heard: dict[int, float] = {}

    async def within(self, step: Step, work: Coroutine[Any, Any, T], said: Said) -> T:
        attributes = self._words.attributes(said)
        began = time.perf_counter()
        # What an exception says may be personal: its code alone is told.
        with self._tracer.start_as_current_span(
            f"catch.{step}", attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                return await work
            except BaseException as problem:
                attributes |= self._words.attributes({"code": code_of(problem)})
                span.set_attributes(attributes)
                raise
            finally:
                self._steps[step].record(time.perf_counter() - began, attributes)

    def answered(self, status: int) -> None:
        self._counters["catch.answers"].add(1, {"catch.status": status})

    def refused(self, code: str) -> None:
        self._counters["catch.refusals"].add(1, self._words.attributes({"code": code}))

    def failed(self) -> None:
        self._counters["catch.faults"].add(1)

    def heard(self, position: int) -> None:
        self._heard[position] = time.perf_counter()
        if len(self._heard) > HEARD:
            del self._heard[next(iter(self._heard))]

    def handed(self, position: int) -> None:
        if (since := self._heard.get(position)) is not None:
            self._fanout.record(time.perf_counter() - since)


def code_of(problem: BaseException) -> str:
    if isinstance(problem, Refused):
        return problem.code
    return "CANCELLED" if isinstance(problem, asyncio.CancelledError) else "INTERNAL"


@contextmanager
def measured(
    spans: SpanProcessor, reader: MetricReader, figures: Callable[[], Figures], words: Words
) -> Generator[OpenTelemetry]:
    """Everything is measured until the block ends. The providers are this block's own, not the process's."""
    resource = Resource.create(
        {SERVICE_NAME: "catch", SERVICE_VERSION: version("catch-meetings"), SERVICE_INSTANCE_ID: uuid4().hex},
    )
    traces = TracerProvider(resource=resource, shutdown_on_exit=False)
    traces.add_span_processor(spans)
    # Without examples of traces beside each figure: they cost as much as all the rest.
    metrics = MeterProvider([reader], resource, exemplar_filter=AlwaysOffExemplarFilter(), shutdown_on_exit=False)
    meter = metrics.get_meter("catch")
    for gauge in GAUGES:
        meter.create_observable_gauge(gauge.name, [observing(gauge, figures)], gauge.unit, gauge.about)
    telemetry.on = made = OpenTelemetry(traces, metrics, words)
    try:
        yield made
    finally:
        telemetry.on = None
        shut(traces.shutdown, metrics.shutdown)


def observing(gauge: Gauge, figures: Callable[[], Figures]) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def look(_options: CallbackOptions) -> list[Observation]:
        value = gauge.read(figures())
        # What is true or not is a number, too: OTLP knows nothing else.
        return [] if value is None else [Observation(+value)]

    return look


def shut(*closing: Callable[[], None]) -> None:
    """A collector that does not answer holds up no server that stops."""
    threads = [threading.Thread(target=each, daemon=True) for each in closing]
    for thread in threads:
        thread.start()
    until = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0, until - time.monotonic()))


@contextmanager
def exported(endpoint: str, figures: Callable[[], Figures], words: Words) -> Generator[None]:
    """As `measured`, sent to the collector at this address."""
    spans = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces", timeout=PATIENCE)
    metrics = OTLPMetricExporter(endpoint=f"{endpoint}/v1/metrics", timeout=PATIENCE)
    reader = PeriodicExportingMetricReader(metrics, EVERY * 1000, PATIENCE * 1000)
    with measured(BatchSpanProcessor(spans), reader, figures, words):
        yield
