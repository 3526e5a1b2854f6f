"""Makes bad input of good: bytes, JSON and GraphQL, changed in the ways that break programs. Seeded: repeatable."""

import json
import re
from pathlib import Path
from random import Random
from typing import Any, cast

SCHEMA = Path(__file__).parents[2] / "schema" / "graphql" / "catch.graphql"
NAMES = sorted(set(re.findall(r"[A-Za-z_]\w+", re.sub(r'"""[\s\S]*?"""', "", SCHEMA.read_text(encoding="utf-8")))))
TOKENS = (
    *"{}()[]:!=|@$&.,", "...", "... on", "fragment F on Query", "...F", "query", "mutation", "subscription", "#", '"',
    '"""', '"\\u0000"', '"\\ud800"', "-0", "1e400", "99999999999999999999999", "null", "true", "@skip(if: true)",
    "@include(if: $x)", "__typename", "__schema { types { name } }", "a: a", "\ufeff", "\0", "é", "😀",
)  # fmt: skip
LEXEMES = re.compile(r'\.\.\.|"""[\s\S]*?"""|"(?:\\.|[^"\\])*"|[$@]?\w+|\s+|.', re.DOTALL)
TEXTS = (
    "", " ", "\0", "a\0b", "\ufeff", "\u202e", "é" * 100, "😀", "x" * 5000, "null", "-1", "0", "9" * 400, "NaN",
    "1e999", "9223372036854775808", "2026-02-30", "2026-13-01T00:00:00Z", "9999-12-31T23:59:59.999999+14:00",
    "0000-00-00", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "not-an-id",
    "' or 1=1 --", "{{7*7}}", "${jndi}", "../../etc/passwd", "<script>", "%00", "\\u0000", "\r\nX: y",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**31, -(2**31) - 1, 2**53, 2**63, -(2**63), 10**400, 0.1, -0.0, 1e308, 5e-324)
RAW = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0", b"\\ud800", b"\\u0000", b"\\", b'"', b"\n")
WRONG_JSON = (b"", b"NaN", b"Infinity", b"1e999", b"01", b"'a'", b"[1,]", b"{,}", b"//", b"\xef\xbb\xbf{}", b"nul")


def mangled(dice: Random, data: bytes) -> bytes:
    """Some bytes changed, moved, left out or put in."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 4, 16))):
        at = dice.randrange(len(changed) + 1)
        upto = min(len(changed), at + dice.choice((1, 1, 2, 8, 64)))
        match dice.randrange(6):
            case 0 if at < len(changed):
                changed[at] ^= 1 << dice.randrange(8)
            case 1:
                changed[at:upto] = b""
            case 2:
                changed[at:at] = dice.choice(RAW)
            case 3:
                changed[at:at] = changed[at:upto] * dice.choice((1, 2, 50))
            case 4:
                del changed[at:]
            case _:
                changed[at:at] = dice.randbytes(dice.choice((1, 2, 8)))
    return bytes(changed)


def wild(dice: Random) -> Any:
    """A value that nobody expects here."""
    match dice.randrange(8):
        case 0 | 1:
            return dice.choice(TEXTS)
        case 2:
            return dice.choice(NUMBERS)
        case 3:
            return dice.choice((None, True, False))
        case 4:
            return nested(dice.choice((1, 5, 40, 200)), dice.choice(([], {})))
        case 5:
            return [dice.choice(TEXTS)] * dice.choice((0, 1, 30))
        case 6:
            return {dice.choice(TEXTS): dice.choice(NUMBERS) for _ in range(dice.choice((1, 3, 30)))}
        case _:
            return {}


def nested(depth: int, kind: list[Any] | dict[str, Any]) -> Any:
    value: Any = None
    for _ in range(depth):
        value = [value] if isinstance(kind, list) else {"a": value}
    return value


def reshaped(dice: Random, value: Any) -> Any:
    """The same JSON with one place of it changed: another value, a member more or less, a list around it."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        members = dict(cast("dict[str, Any]", value))
        name = dice.choice(list(members))
        if dice.random() < 0.75:
            return members | {name: reshaped(dice, members[name])}
        members.pop(name)
        return members if dice.random() < 0.5 else members | {dice.choice((*NAMES, *TEXTS)): wild(dice)}
    if isinstance(value, list) and value and dice.random() < 0.7:
        items = cast("list[Any]", value)
        at = dice.randrange(len(items))
        return [*items[:at], reshaped(dice, items[at]), *items[at + 1 :]]
    return [value] if dice.random() < 0.1 else wild(dice)


def rewritten(dice: Random, text: str) -> str:
    """A GraphQL document with some of its words changed."""
    words = LEXEMES.findall(text)
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randrange(len(words) + 1)
        upto = min(len(words), at + dice.choice((1, 2, 5, 20)))
        match dice.randrange(6):
            case 0:
                words[at:upto] = []
            case 1:
                words[at:at] = words[at:upto] * dice.choice((1, 2, 40))
            case 2:
                words[at : at + 1] = [dice.choice(NAMES)]
            case 3:
                words[at:at] = [f" {dice.choice(NAMES)} "]
            case 4:
                words[at:at] = [dice.choice(TOKENS)]
            case _:
                other = dice.randrange(len(words) + 1)
                words[at:at] = words[other : other + 5]
    return "".join(words)


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def request(dice: Random, seed: dict[str, Any]) -> bytes:
    """The body of a GraphQL request, more or less."""
    match dice.randrange(10):
        case 0 | 1 | 2:
            return encoded(reshaped(dice, seed))
        case 3 | 4 | 5:
            return encoded(seed | {"query": rewritten(dice, seed["query"])})
        case 6 | 7 | 8:
            return mangled(dice, encoded(seed))
        case _:
            return dice.choice((*WRONG_JSON, *deep(dice)))


def deep(dice: Random) -> tuple[bytes, ...]:
    depth = dice.choice((100, 1_000, 20_000))
    return (
        b"[" * depth,
        b'{"query":' + b"[" * depth + b"]" * depth + b"}",
        b'{"query":"{viewer{user}}","variables":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1),
        b'{"query":"' + b"{a" * depth + b'"}',
        b'{"query":"{' + b"[" * depth + b'"}',
        b'{"query":"{viewer(a:' + b"[" * depth + b"]" * depth + b'){user}}"}',
    )
