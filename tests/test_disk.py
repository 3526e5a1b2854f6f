"""What a place keeps in files is whole and on the disk, by its name too, when whoever keeps it goes on."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

import catch
from catch.disk import written
from catch.evidence.memory import path_of, remember
from catch.evidence.notes import Checkpoint
from catch.evidence.witness import KEY, signer
from catch.log.generations import Remembered
from catch.personal.erased import ErasedList
from catch.personal.keys import KeyFile, made_once

LOG = UUID(int=1)
CHECKPOINT = Checkpoint("log.example/1", 3, bytes(32))


def remembers(folder: Path) -> Path:
    remember(folder, CHECKPOINT, "note")
    return path_of(folder, CHECKPOINT.origin)


def of_a_generation(folder: Path) -> Path:
    kept = Remembered(folder)
    kept.keep(LOG, 2)
    assert kept.path(LOG) == folder / str(LOG)
    return folder / str(LOG)


def of_the_erased(folder: Path) -> Path:
    ErasedList(folder / "erased", b"secret").add([LOG])
    return folder / "erased"


def of_keys(folder: Path) -> Path:
    made_once(folder / "keys", lambda: b"key")
    return folder / "keys"


def of_another_key(folder: Path) -> Path:
    (folder / "keys").write_bytes(KeyFile([bytes(32)]).text())
    KeyFile.read(folder / "keys").with_new().write(folder / "keys")
    return folder / "keys"


def of_a_witness(folder: Path) -> Path:
    signer(folder, "witness.example/1")
    return folder / KEY


@pytest.mark.parametrize("keep", [remembers, of_a_generation, of_the_erased, of_keys, of_another_key, of_a_witness])
def test_it_is_on_the_disk_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: Callable[[Path], Path]):
    synced = list[int]()

    def noting(file: int) -> None:
        synced.append(os.fstat(file).st_ino)

    monkeypatch.setattr(os, "fsync", noting)
    path = keep(tmp_path)
    # The folder after what is in it, or the name may lead to nothing.
    assert synced == [path.stat().st_ino, tmp_path.stat().st_ino]
    assert [*tmp_path.iterdir()] == [path]


def test_what_cannot_be_written_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "kept"
    written(path, "before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        written(path, "after")
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]


WRITES = {
    "disk.py": "the one way",
    "cli/common.py": "what an operator asked for, for its owner alone: asked for again where it is lost",
    "cli/reporting.py": "a report, the same",
    "cli/serve.py": "a lock, which holds nothing",
    "evidence/witness.py": "a key, which is never written over, and a lock",
    "history/ocel.py": "what an operator asked for, for its owner alone: taken away where it could not be written",
    "importing/rejected.py": "rows that are still in the list",
    "personal/erased.py": "a list that is added to, a line each, with its proof",
    "web/console/assets.py": "what is built when the program is set up",
}
"""Who writes files in another way, and why nothing is lost by it."""


def test_whoever_writes_a_file_is_on_the_list():
    root = Path(catch.__file__).parent
    writes = re.compile(r"\.write_(?:text|bytes)\(|\.open\(\"[wxa]|os\.fdopen\(")
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if path.relative_to(root).parts[0] not in ("bench", "contracts", "demo", "scenarios")
        and writes.search(path.read_text(encoding="utf-8"))
    }
    assert found == WRITES.keys()
