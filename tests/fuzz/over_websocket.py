"""Websocket messages and frames, good ones between bad ones, and bad handshakes.

Behind each input goes a ping of graphql-transport-ws: its pong says that the input was taken and the socket lives.
"""

import asyncio
import json
import struct
from random import Random
from typing import Any

from msgspec import Struct

from tests.fuzz import mutations
from tests.fuzz.over_http import HEADERS, PATIENCE, SHRUG, STATUS
from tests.fuzz.report import Report
from tests.fuzz.target import Target

INPUTS = 16
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nhost: catch\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"sec-websocket-protocol: graphql-transport-ws\r\n\r\n"
)
CODES = (0, 999, 1000, 1001, 1005, 1006, 1015, 2000, 3000, 4999, 5000, 65_535)
TYPES = (
    "connection_init",
    "connection_ack",
    "ping",
    "pong",
    "subscribe",
    "next",
    "error",
    "complete",
    "",
    "x",
    None,
    5,
)


class Frame(Struct, frozen=True):
    opcode: int
    data: bytes


def framed(opcode: int, data: bytes, *, flags: int = 0x80, mask: bytes = b"\0\0\0\0") -> bytes:
    """A frame as a client sends it. A mask of zeros is allowed, and quickest."""
    length = len(data)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 65_536:
        size = b"\xfe" + struct.pack(">H", length)
    else:
        size = b"\xff" + struct.pack(">Q", length)
    if any(mask):
        data = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
    return bytes([flags | opcode]) + size + mask + data


def text(value: Any) -> bytes:
    return framed(TEXT, json.dumps(value, ensure_ascii=False).encode())


def operation(dice: Random, target: Target, number: int) -> bytes:
    """A `subscribe` whose document or variables are wrong; the socket should live."""
    seed = dice.choice((*target.seeds, *target.follows))
    if dice.random() < 0.6:
        payload = seed | {"query": mutations.rewritten(dice, seed["query"])}
    else:
        payload = seed | {
            "variables": {name: mutations.reshaped(dice, value) for name, value in seed["variables"].items()}
        }
    return text({"id": f"o{number}", "type": "subscribe", "payload": payload})


def message(dice: Random, target: Target, number: int) -> bytes:
    """A message that may be anything."""
    seed = dice.choice((*target.seeds, *target.follows))
    good = {"id": f"o{number}", "type": dice.choice(TYPES), "payload": seed}
    match dice.randrange(5):
        case 0 | 1:
            return text(mutations.reshaped(dice, good))
        case 2 | 3:
            data = mutations.mangled(dice, json.dumps(good).encode())
            return framed(dice.choice((TEXT, TEXT, TEXT, BINARY)), data, mask=dice.randbytes(4))
        case _:
            return framed(TEXT, dice.choice((*mutations.WRONG_JSON, *mutations.deep(dice))))


def harmless(dice: Random) -> bytes:
    """What is allowed, if unusual: control frames, fragments with control frames between, completes of nothing."""
    whole = b'{"type":"ping","payload":{"a":"\xc3\xa4"}}'
    cut = dice.randrange(len(whole) + 1)
    return dice.choice((
        framed(PING, dice.randbytes(dice.choice((0, 4, 125)))),
        framed(PONG, dice.randbytes(dice.choice((0, 4, 125)))),
        framed(TEXT, whole[:cut], flags=0) + framed(PING, b"") + framed(0, whole[cut:]),
        b"".join(framed(TEXT if n == 0 else 0, whole[n : n + 1], flags=0) for n in range(len(whole))) + framed(0, b""),
        text({"id": dice.choice(mutations.TEXTS)[:256] or "x", "type": "complete"}),
        text({"type": "pong", "payload": {"a": dice.choice(mutations.TEXTS)}}),
    ))  # fmt: skip


def frame(dice: Random) -> bytes:
    """A frame that breaks the rules of websockets."""
    some = dice.randbytes(dice.choice((0, 1, 4, 130)))
    return dice.choice((
        framed(dice.choice((3, 4, 5, 6, 7, 11, 15)), some),
        framed(TEXT, some, flags=0x80 | dice.choice((0x10, 0x20, 0x40, 0x70))),
        framed(0, some),
        framed(TEXT, b"{", flags=0) + framed(TEXT, b"}"),
        framed(PING, b"x" * 126),
        framed(PING, some, flags=0),
        b"\x81\x05hello",
        b"\x81\xfe\x00\x05\0\0\0\0hello",
        b"\x81\xff" + struct.pack(">Q", dice.choice((2**63, 2**63 - 1, 2**32, 2**24))) + b"\0\0\0\0" + some,
        framed(TEXT, b'"' + dice.choice(mutations.RAW) + b'"'),
        framed(CLOSE, dice.choice((b"", b"\x03"))),
        framed(CLOSE, struct.pack(">H", dice.choice(CODES)) + dice.choice((b"", b"bye", b"\xff", b"x" * 124))),
        dice.randbytes(dice.choice((1, 2, 20, 200))),
        mutations.mangled(dice, text({"type": "ping"})),
    ))  # fmt: skip


async def messages(target: Target, dice: Random, report: Report) -> None:
    """One connection's worth: inputs that a socket survives, and one that it need not."""
    first = text({"type": "connection_init", "payload": {"authorization": target.token(dice)}})
    sent = [harmless(dice) if dice.random() < 0.2 else operation(dice, target, n) for n in range(INPUTS - 1)]
    last = frame(dice) if dice.random() < 0.4 else message(dice, target, INPUTS)
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=2**24)
    taken = 0
    try:
        writer.write(HANDSHAKE)
        async with asyncio.timeout(PATIENCE):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(first + b"".join(pinged(one, n) for n, one in enumerate(sent)))
        while taken < len(sent):
            async with asyncio.timeout(PATIENCE):
                taken += await heard(reader, taken, sent[taken], report)
        writer.write(pinged(last, taken))
        # A frame that promises more than it brings takes the ping behind it for its own.
        async with asyncio.timeout(SHRUG):
            while not await heard(reader, taken, last, report):
                pass
    except Closed:
        pass
    except (TimeoutError, OSError, EOFError) as problem:
        report.answers[f"websocket {type(problem).__name__}"] += 1
    finally:
        writer.transport.abort()
    report.inputs += taken + 1
    if taken < len(sent):
        report.problem("no more", sent[taken])


class Closed(Exception):
    """The server has closed."""


def pinged(data: bytes, number: int) -> bytes:
    return data + text({"type": "ping", "payload": {"n": number}})


async def heard(reader: asyncio.StreamReader, number: int, sent: bytes, report: Report) -> bool:
    """One frame from the server; whether it is the answer to this ping."""
    came = await received(reader)
    report.frame(sent, came.data)
    if came.opcode == CLOSE:
        report.close(int.from_bytes(came.data[:2], "big") or 1005, sent, came.data[2:])
        raise Closed
    return came.data == b'{"type":"pong","payload":{"n":%d}}' % number


async def received(reader: asyncio.StreamReader) -> Frame:
    head = await reader.readexactly(2)
    length = head[1]
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2), "big")
    elif length == 127:
        length = int.from_bytes(await reader.readexactly(8), "big")
    return Frame(head[0] & 0x0F, await reader.readexactly(length))


async def handshake(target: Target, dice: Random, report: Report) -> None:
    """A handshake with something wrong in it: an answer that is no 5xx, or none."""
    head = HANDSHAKE.removesuffix(b"\r\n") + dice.choice(HEADERS).encode("latin-1") + b"\r\n\r\n"
    sent = head if dice.random() < 0.3 else mutations.mangled(dice, head)
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    came = b""
    try:
        writer.write(sent + framed(CLOSE, b"\x03\xe8"))
        async with asyncio.timeout(SHRUG):
            while data := await reader.read(65_536):
                came += data
    except TimeoutError:
        report.answers["handshake waits"] += 1
    except OSError:
        report.answers["handshake reset"] += 1
    finally:
        writer.transport.abort()
    report.inputs += 1
    for status in STATUS.findall(came):
        report.status(int(status), sent, came)
