"""The dashboard and the alerts ask for figures that there are, and every figure is shown."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from catch.faults import RecordsAway
from catch.log.entries import Busy, Unavailable
from catch.telemetry.exporting import COUNTERS, FANOUT, GAUGES, STEPS
from tests.kustomize import every
from tests.test_telemetry import ATTRIBUTES

DEPLOY = Path(__file__).parents[1] / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "telemetry" / "dashboard.json").read_text())
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((DEPLOY / "telemetry" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]  # fmt: skip
SHOWN: list[str] = [target["expr"] for targets in every(DASHBOARD, "targets") for target in targets]
WAKING: list[str] = [rule["expr"] for rule in RULES]
OTHERS = {"barman_cloud_cloudnative_pg_io_last_available_backup_timestamp"}
"""What CloudNativePG's Barman Cloud plugin tells, as its page on observability names it."""


def in_prometheus(name: str, unit: str = "") -> str:
    """As OpenTelemetry's translation for Prometheus has it."""
    return name.replace(".", "_") + {"s": "_seconds", "": ""}[unit]


DURATIONS = [*(f"catch.{step}.duration" for step in STEPS), FANOUT]
FAMILIES = [
    *(in_prometheus(gauge.name, gauge.unit) for gauge in GAUGES),
    *(in_prometheus(name, "s") for name in DURATIONS),
    *(f"{in_prometheus(name)}_total" for name in COUNTERS),
]
LABELS = {in_prometheus(name) for name in ATTRIBUTES} | {"instance", "le"}


def asked(expression: str) -> Iterator[str]:
    """The figures that an expression asks for, without what a histogram's parts are called."""
    without = re.sub(r"\{[^}]*\}|by \([^)]*\)", "", expression)
    for name in re.findall(r"\b(?:catch|barman|cnpg)_\w+", without):
        yield re.sub(r"_(bucket|count|sum)$", "", name)


def unknown(expressions: list[str]) -> set[str]:
    return {name for expression in expressions for name in asked(expression)} - {*FAMILIES, *OTHERS}


def test_whatever_is_asked_for_there_is():
    assert unknown([*SHOWN, *WAKING]) == set()


@pytest.mark.parametrize(
    "wrong", ["max(catch_readside_lags)", "rate(catch_faults[5m])", "catch_append_duration_bucket"]
)
def test_control_a_figure_that_there_is_not_is_found(wrong: str):
    assert len(unknown([wrong])) == 1


def test_every_figure_is_shown():
    assert {*FAMILIES} - {name for expression in SHOWN for name in asked(expression)} == set()


def test_what_is_told_apart_is_told():
    for expression in [*SHOWN, *WAKING]:
        grouped = [name.strip() for names in re.findall(r"by \(([^)]*)\)", expression) for name in names.split(",")]
        matched = re.findall(r"(\w+)\s*=~?", "".join(re.findall(r"\{[^}]*\}", expression)))
        assert {*grouped, *matched} <= LABELS, expression
        assert expression.count("(") == expression.count(")"), expression


def test_every_alert_says_what_to_do():
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["annotations"].keys() == {"summary", "do"}
        assert len(rule["annotations"]["do"]) > 100, rule["alert"]
        assert re.fullmatch(r"Catch[A-Z]\w+", rule["alert"])
    page = (DEPLOY / "README.md").read_text()
    assert {*re.findall(r"`(Catch[A-Z]\w+)`", page)} <= {*names}


def test_the_codes_that_wake_somebody_are_refusals():
    (codes,) = re.findall(r'catch_code=~"([A-Z_|]+)"', "".join(WAKING))
    assert {*codes.split("|")} == {Unavailable.code, Busy.code, RecordsAway.code}


def test_panels_do_not_lie_over_each_other():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert panel["description"]
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)
