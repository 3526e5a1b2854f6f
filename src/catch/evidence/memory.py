"""What this machine remembers of what was signed, a file a tree: a database that was put back does not change it."""

from contextlib import suppress
from pathlib import Path

from catch.disk import settled, written
from catch.evidence.notes import Checkpoint, NotProved, Signer, opened


def path_of(folder: Path, name: str) -> Path:
    return folder / (name.replace("/", "-") + ".checkpoint")


def remembered(folder: Path, by: Signer) -> Checkpoint | None:
    """The last of the tree that was seen signed; None: none was, or what is remembered cannot be read."""
    with suppress(OSError, UnicodeDecodeError, NotProved):
        return Checkpoint.read(opened(path_of(folder, by.public.name).read_text(encoding="utf-8"), by.public))
    return None


def remember(folder: Path, checkpoint: Checkpoint, note: str) -> None:
    """Whole or not at all, whenever the machine goes down. Raises `OSError`."""
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        settled(folder.parent)
    written(path_of(folder, checkpoint.origin), note)
