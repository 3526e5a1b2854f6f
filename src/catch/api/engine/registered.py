"""Documents known in advance: the files of schema/graphql/operations, found by their text, their hash or their name.

A client names one by the SHA-256 of its text, as `extensions.persistedQuery.sha256Hash` or as `documentId`
(`sha256:...`), or by its file's name as `documentId`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import cast

from cachetools import LRUCache

from catch.faults import Rejected, error
from catch.live.wire import Parameters
from catch.settings import BadSetting

FOLDER = Path("graphql/operations")
LEARNT = 256
"""How many documents of clients a development server keeps by their hash, the most recently used longest."""


class Operations(StrEnum):
    """Which documents are answered."""

    REGISTERED = "registered"
    ANY = "any"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Registered:
    """`texts` by name. With `learns`, a client's own document is remembered by the hash that it sends along."""

    def __init__(self, texts: Mapping[str, str] | None = None, *, only: bool = False, learns: bool = False) -> None:
        self.texts = dict(texts or {})
        self.only = only
        self._learns = learns
        self._known = frozenset(self.texts.values())
        self._by_hash = {sha256(text): text for text in self.texts.values()}
        self._learnt: LRUCache[str, str] = LRUCache(LEARNT)

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts.values())

    def text(self, asked: Parameters) -> str:
        """The document that the request means; `Rejected` where there is none, or where it may not be asked for."""
        wanted = persisted(asked)
        text = asked.query
        if text is None and wanted is None:
            raise Rejected(error("NO_DOCUMENT", "Send a query, or the documentId of a registered one."))
        if text is None:
            return self._found(str(wanted))
        if wanted is not None:
            self._learn(wanted, text)
        if self.only and text not in self._known:
            raise Rejected(
                error("OPERATION_NOT_REGISTERED", "This server answers registered documents only. Register yours.")
            )
        return text

    def _found(self, wanted: str) -> str:
        digest = wanted.removeprefix("sha256:").lower()
        found = self.texts.get(wanted) or self._by_hash.get(digest) or self._learnt.get(digest)
        if found is None:
            raise Rejected(error("PERSISTED_QUERY_NOT_FOUND", "No document is registered under this name or hash."))
        return found

    def _learn(self, wanted: str, text: str) -> None:
        # By name, with its own text besides: nothing to learn and no hash to compare.
        if self.texts.get(wanted) == text:
            return
        digest = wanted.removeprefix("sha256:").lower()
        # A text kept under another's hash would be answered in its place.
        if digest != sha256(text):
            raise Rejected(error("HASH_MISMATCH", "The hash is not that of the query sent with it."))
        if self._learns and text not in self._known:
            self._learnt[digest] = text


def persisted(asked: Parameters) -> str | None:
    """The name or hash under which a request's document is registered."""
    wanted: object = asked.documentId
    if wanted is None and asked.extensions and "persistedQuery" in asked.extensions:
        given: object = asked.extensions["persistedQuery"]
        wanted = cast("dict[str, object]", given).get("sha256Hash") if isinstance(given, dict) else None
        if not isinstance(wanted, str):
            raise Rejected(error("NO_DOCUMENT", "persistedQuery needs the sha256Hash of the document."))
    return wanted if isinstance(wanted, str) else None


def documents_in(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.graphql"))}


def registered(
    shipped: Mapping[str, str], operations: str | None, folder: Path | None, *, development: bool
) -> Registered:
    """What a server with these settings answers: what is shipped with it in any case. Raises `BadSetting`."""
    if folder and not folder.is_dir():
        raise BadSetting(f"CATCH_OPERATIONS_DIR: there is no folder {folder}")
    own = documents_in(folder) if folder else {}
    wanted = Operations(operations or (Operations.ANY if development else Operations.REGISTERED))
    # What is shipped goes before: an operator's document of the same name does not change our clients'.
    return Registered({**own, **shipped}, only=wanted is Operations.REGISTERED, learns=development)
