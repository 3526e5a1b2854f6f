"""How the bytes of a list become text: the encoding is found, and what is not in it stands out and is not guessed.

Office programs write UTF-8, Windows-1252 or, as "Unicode text", UTF-16. A line from elsewhere, pasted into a file of
another encoding, costs that line and no other.
"""

import codecs
import re
from collections.abc import Sequence
from typing import NamedTuple

UNREAD = "\N{REPLACEMENT CHARACTER}"
"""Stands where a byte is no letter in the encoding of the file."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_LOOKED_AT = 400
"""Bytes from which UTF-16 without a mark is told."""


_BEHIND = "[\x80-\xbf" + "".join(bytes([byte]).decode("cp1252", "ignore") for byte in range(0x80, 0xA0)) + "]"
"""What the second byte of a letter in UTF-8 is in Windows-1252."""
_QUOTES = "(?![’‘“”–—…«»\xa0])"
_TWICE = rf"[ÂÃ]{_BEHIND}|[ÄÅÎÏÐÑØÙ]{_QUOTES}{_BEHIND}|Å\xa0[a-z]|â[€‚]|ï»¿"
"""UTF-8 taken for Windows-1252: `MÃ¼ller`."""
_SIGNS = r"[^\W\d_](?:[‘‚„†‡‰ˆ˜¡¢¤¥]|ƒ|[“•™‹›€][^\W\d_])"
"""Signs that stand behind no letter, or between no two: `Jos‚` was written on DOS, `Zo‘` on a Mac."""
_CAPITALS = r"[a-zß-öø-ÿ][ŸŠŽŒÕ]|[^\W\d_][ŸŠŽŒ][a-z]"
"""`MŸller`, `donÕt`: capitals that stand behind no small letter, and not in the middle of a word of small ones."""
_FOREIGN = re.compile("|".join((_TWICE, _SIGNS, _CAPITALS)))
_IN_NAMES = re.compile(r"[^\W\d_][…”—][^\W\d_]")
"""In a sentence somebody left a space out; in a name it is a letter."""


def foreign(text: str, *, name: bool) -> bool:
    """Whether a sign stands in a word where a letter of another encoding was taken for it. Letters that were taken for
    other letters (`Mšller`), and for an apostrophe (`Garc’a`), cannot be told.
    """
    return _FOREIGN.search(text) is not None or (name and _IN_NAMES.search(text) is not None)


class Decoded(NamedTuple):
    text: str
    encoding: str


def decoded(raw: bytes) -> Decoded:
    for mark, codec, name in _MARKS:
        if raw.startswith(mark):
            return Decoded(raw[len(mark) :].decode(codec, "replace"), name)
    if codec := _wide(raw[:_LOOKED_AT]):
        return Decoded(raw.decode(codec, "replace"), "UTF-16")
    try:
        return Decoded(raw.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        return _by_most(raw.splitlines(keepends=True))


def _wide(head: bytes) -> str | None:
    """Every other byte of English in UTF-16 is a zero."""
    for codec, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(head) > 3 and zeros.count(0) * 2 > len(zeros):
            return codec
    return None


def _by_most(lines: Sequence[bytes]) -> Decoded:
    """In the encoding of most lines that have letters beyond ASCII; hardly any line is valid UTF-8 by chance."""
    beyond = [line for line in lines if not line.isascii()]
    in_utf8 = sum(_is_utf8(line) for line in beyond)
    if in_utf8 * 2 >= len(beyond):
        return Decoded(b"".join(lines).decode("utf-8", "replace"), "UTF-8")
    return Decoded("".join(line.decode(_narrow(line), "replace") for line in lines), "Windows-1252")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _narrow(line: bytes) -> str:
    """A line of UTF-8 in a file of Windows-1252 would show every accent as two strange letters: none is taken."""
    return "ascii" if _is_utf8(line) else "cp1252"
