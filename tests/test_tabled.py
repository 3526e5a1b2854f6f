"""What a command lists in columns is whole: a key that is cut cannot be given to the next command."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from rich.table import Table

import catch.cli
from catch.cli import cli, common
from catch.cli.common import key_column, tabled
from catch.cli.scenarios import ALL
from catch.programmes import shipped

KEYS = {each.key for each in shipped()}
LONGEST = max(KEYS, key=len)


def test_keys_and_names_are_whole_in_a_pipe(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "40")
    said = CliRunner().invoke(cli, ["programmes", "shipped"]).output
    assert all(re.search(rf" {key} .* {re.escape(each.name)} ", said) for each in shipped() for key in [each.key])
    said = CliRunner().invoke(cli, ["scenario", "list"]).output
    assert {key for each in ALL for key in each.programmes} <= {*re.findall(r"[\w-]+", said)}
    assert all(each.title in said and each.lacks in said for each in ALL)
    assert "…" not in said


def test_keys_are_whole_and_nothing_is_cut_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(common, "console", Console(force_terminal=True, width=60, color_system=None))
    table = Table(key_column("programme"), "what")
    table.add_row(LONGEST, "x" * 70)
    tabled(table)
    said = capsys.readouterr().out
    assert f" {LONGEST} " in said
    assert said.count("x") == 70
    assert max(map(len, said.splitlines())) == 60


def test_every_table_is_written_in_this_way():
    for path in Path(catch.cli.__file__).parent.glob("*.py"):
        assert path.name == "common.py" or not re.search(r"print\(\s*table\b", path.read_text(encoding="utf-8")), (
            path.name
        )
