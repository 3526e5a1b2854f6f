"""What a command writes about people is for whoever asked for it alone, whatever files are made like on the machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import rich_click as click

from catch.cli import cli
from catch.cli.common import private
from catch.cli.reporting import keep
from catch.evidence.exporting import Asked, export
from catch.evidence.signing import Signing
from catch.log import Log
from catch.report.impact import ReportAudience
from tests.cases import nobody
from tests.test_cli import commands
from tests.test_evidence_bundles import ONE, SCHEMAS, filled
from tests.test_evidence_signing import SECRET, signed

WRITE = {
    ("audit export", "output"): "a bundle",
    ("audit subject-access", "output"): "by `private`",
    ("audit subject-access", "review"): "by `private`",
    ("audit subject-access", "proofs"): "a bundle",
    ("case-finding", "output"): "by `private`; tried in test_case_finding",
    ("report", "output"): "by `private` unless it is for everybody",
}
"""Each option that names a file to be written."""
READ = {("audit export", "since"), ("audit verify", "bundle"), ("audit verify", "since"), ("import referrals", "file")}


def test_every_option_that_names_a_file_to_be_written_is_known():
    found = {
        (" ".join(path), parameter.name)
        for path, command in commands(cli)
        for parameter in command.params
        if isinstance(parameter.type, click.Path) and parameter.type.file_okay and not parameter.type.exists
    }
    assert found == {*WRITE} | READ


@pytest.fixture
def open_to_all() -> Iterator[None]:
    """As careless as a machine can be."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("open_to_all")
async def test_a_bundle_is_for_its_owner_alone(log: Log, tmp_path: Path):
    await filled(log, 3)
    await signed(log, Signing(log, SECRET))
    modes, files = set[int](), tmp_path.iterdir

    async def looked(_: object) -> None:
        modes.update(map(mode, files()))  # while it is written, too

    await export(log, SECRET, tmp_path / "a.catch", Asked((ONE,)), schemas=SCHEMAS, shown=looked, texts='{"a": "Ada"}')
    assert modes | {mode(tmp_path / "a.catch")} == {0o600}
    await export(log, SECRET, tmp_path / "b.catch", Asked(part=(1, 3)), schemas=SCHEMAS, shown=nobody)
    assert mode(tmp_path / "b.catch") == 0o600


@pytest.mark.usefixtures("open_to_all")
def test_a_report_with_exact_numbers_is_for_its_owner_alone_also_where_another_was(tmp_path: Path):
    path = tmp_path / "impact.csv"
    keep(path, b"rounded", ReportAudience.PUBLISHED, anew=False)
    assert mode(path) == 0o666, "for everybody"
    keep(path, b"exact", ReportAudience.INTERNAL, anew=True)
    assert (mode(path), path.read_bytes()) == (0o600, b"exact")


@pytest.mark.usefixtures("open_to_all")
def test_what_is_private_is_written_over_nothing(tmp_path: Path):
    private(tmp_path / "a", "é", "utf-8-sig")
    assert (mode(tmp_path / "a"), (tmp_path / "a").read_bytes()) == (0o600, b"\xef\xbb\xbf\xc3\xa9")
    with pytest.raises(FileExistsError):
        private(tmp_path / "a", "other")
