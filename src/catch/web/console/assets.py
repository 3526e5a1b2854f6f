"""What pages are drawn with: our own style sheet and script, and what set-up has built of others' (`build`).

Others' are the NHS's style sheet and script, `graphql-ws` and `idiomorph`, from npm by lock: they are copied into
`built`, and packed into the wheel. Without them pages are plain, and whole.
"""

import gzip
import hashlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

HERE = Path(__file__).parent
STATIC, BUILT = HERE / "static", HERE / "built"
PARTS: Mapping[str, str] = {
    "nhsuk.css": "nhsuk-frontend/dist/nhsuk/nhsuk-frontend-10.6.1.min.css",
    "nhsuk.js": "nhsuk-frontend/dist/nhsuk/nhsuk-frontend-10.6.1.min.js",
    "graphql-ws.js": "graphql-ws/umd/graphql-ws.min.js",
    "idiomorph.js": "idiomorph/dist/idiomorph.min.js",
}
"""What is built, by the file of `node_modules` that it is."""
MEDIA = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FONTS = re.compile(r"@font-face\s*\{[^}]*\}")
UNBUILT = "the console's style sheet was not built, so its pages are plain: run make setup where npm can be reached"


class Asset(Struct, frozen=True):
    media: str
    plain: bytes
    packed: bytes
    version: str


def assets() -> dict[str, Asset]:
    """By name."""
    files = [path for folder in (STATIC, BUILT) if folder.is_dir() for path in sorted(folder.iterdir())]
    return {path.name: _asset(path) for path in files if path.suffix in MEDIA}


def _asset(path: Path) -> Asset:
    plain = path.read_bytes()
    # Without a time in it: the same bytes whoever packs them.
    packed = gzip.compress(plain, 9, mtime=0)
    return Asset(MEDIA[path.suffix], plain, packed, hashlib.sha256(plain).hexdigest()[:16])


def built() -> bool:
    return all((BUILT / name).is_file() for name in PARTS)


def build(modules: Path) -> None:
    """Copy the parts from npm's folder. Raises OSError where one is not there."""
    BUILT.mkdir(exist_ok=True)
    for name, path in PARTS.items():
        text = (modules / path).read_text(encoding="utf-8")
        # A map of the source is not served; the NHS's own typeface is for its own sites, and lies on another server.
        lines = [line for line in text.splitlines() if "sourceMappingURL=" not in line]
        (BUILT / name).write_text(FONTS.sub("", "\n".join(lines)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
