"""Files that are kept whole or not at all, whenever the machine goes down.

A file that was renamed and not synced may be empty after a power cut, and its name may be missing as long as its folder
was not synced. To wait for both is off the event loop where others wait for that: measured once on ext4 on a virtual
disk, it took 0.6 ms instead of 0.3 (the median of 300), and 5 instead of 3 (one in a hundred).
"""

import os
from pathlib import Path


def written(path: Path, text: str) -> None:
    """On the disk when this returns; until then what stood there before does. Raises `OSError`."""
    draft = drafted(path, text.encode())
    try:
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    settled(path.parent)


def drafted(path: Path, content: bytes, mode: int = 0o666) -> Path:
    """On the disk beside it, with these permissions at most, under a name of its own: two servers of one machine write
    the same file, and nobody must read half of it. Raises `OSError`.
    """
    draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


def settled(folder: Path) -> None:
    """What is there by name is there after a power cut. Raises `OSError`."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
