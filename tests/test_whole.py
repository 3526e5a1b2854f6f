"""Tests that fail are tried once more, alone, and no more than a few of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import whole
from tests.whole import FEW, main


@pytest.mark.parametrize(
    ("failing", "still", "status", "runs"),
    [
        ([], [], 0, 1),
        (["a::one"], [], 0, 2),
        (["a::one", "a::one"], ["a::one"], 1, 2),
        ([f"a::{n}" for n in range(FEW + 1)], [], 1, 1),
    ],
)
def test_what_failed_is_tried_once_more(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failing: list[str],
    still: list[str],
    status: int,
    runs: int,
):
    made: list[tuple[str, ...]] = []

    def tried(*arguments: str, failures: Path) -> int:
        names = failing if not made else still
        made.append(arguments)
        failures.write_text("".join(f"{name}\n" for name in names))
        return int(bool(names))

    monkeypatch.setattr(whole, "tried", tried)
    assert main(["-n", "2"]) == status
    assert made == [("-n", "2"), tuple(dict.fromkeys(failing))][:runs]
    # Nobody takes it for a run in which all was well.
    assert ("passed only when" in capsys.readouterr().out) == (runs == 2 and status == 0)


def test_a_run_really_names_what_failed(tmp_path: Path):
    Path(tmp_path, "conftest.py").write_text("from tests.conftest import pytest_runtest_logreport\n")
    Path(tmp_path, "test_it.py").write_text("def test_bad():\n    assert not 1\n\n\ndef test_good():\n    pass\n")
    names = tmp_path / "names"
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path), "--rootdir", str(tmp_path)],
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), whole.FAILURES: str(names)},
        capture_output=True,
        check=False,
    )
    assert (found.returncode, names.read_text()) == (1, "test_it.py::test_bad\n"), found.stdout
