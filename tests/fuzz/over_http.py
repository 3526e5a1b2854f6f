"""HTTP requests with bad bodies, many on one connection, and bad HTTP, each on its own."""

import asyncio
import re
from random import Random
from typing import Any

from tests.fuzz import mutations
from tests.fuzz.report import Report
from tests.fuzz.target import Target

BATCH = 25
PATIENCE = 20.0
"""Seconds for an answer, on a machine that may be busy."""
SHRUG = 0.5
"""Seconds after which a request that cannot have an answer, since it has no end, is left."""
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
LAST = b"GET /health/live HTTP/1.1\r\nhost: catch\r\nconnection: close\r\n\r\n"
TYPES = (
    *["application/json"] * 150, "application/json; charset=utf-8", "application/json;charset=utf-16", "text/plain", "",
    "application/graphql", "application/json; charset=", "application/json" * 200, "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded", "APPLICATION/JSON", "\xff", ";", "application/json; charset=\"utf-8\"; x=y",
)  # fmt: skip
ACCEPTS = (
    *["application/json"] * 100, *["application/graphql-response+json"] * 50, "*/*", "", "text/html", ",", ";q=", "q",
    "application/json;q=nan", "application/json;q=1e999", "*/*;q=0", "application/*;q=-1", ", " * 2000, "\xff/\xfe",
)  # fmt: skip
HEADERS = (
    "content-encoding: gzip", "content-encoding: identity", "expect: 100-continue", "origin: http://[", "origin: null",
    "origin: https://elsewhere.example", "cookie: " + "a=b; " * 50, "x-forwarded-for: 1.1.1.1, [::", "range: bytes=0-1",
    "upgrade: websocket", "upgrade: h2c\r\nconnection: upgrade", "if-none-match: *", "te: trailers",
    "host: b\r\nhost: c", "x: " + "y" * 20_000, "traceparent: 00-" + "f" * 32 + "-" + "f" * 16 + "-ff",
    "forwarded: for=\"_x", "accept-encoding: br",
)  # fmt: skip
METHODS = ("GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT", "BREW", "post", "POST ")
PATHS = (
    "/", "/graphql/", "//graphql", "/graphql?query={viewer{user}}", "/graphql?query=%7B", "/graphql?variables=[",
    "/graphql?query=%ff%fe", "/graphql?" + "a=b&" * 3000, "/graphql?query=" + "{a" * 5000, "*", "http://x/graphql",
    "/%00", "/..;/",
    "/graphql?query=query($a:Int){viewer{user}}&variables=" + "[" * 5000, "/health/live/../ready", "/graphql#x", "/é",
    "/graphql?query={viewer{user}}&extensions=1&operationName=%F0%9F%98%80",
)  # fmt: skip


def posted(dice: Random, target: Target) -> bytes:
    """A request whose HTTP is right."""
    body = mutations.request(dice, dice.choice(target.seeds))
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: catch\r\nauthorization: {target.token(dice)}\r\n"
        f"content-type: {dice.choice(TYPES)}\r\naccept: {dice.choice(ACCEPTS)}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def odd(dice: Random, target: Target) -> bytes:
    """A request whose HTTP may be wrong in any way."""
    body = mutations.request(dice, dice.choice(target.seeds))
    method, path = dice.choice((*METHODS, *["POST"] * 10)), dice.choice((*PATHS, *["/graphql"] * 10))
    token = dice.choice((target.token(dice), "Bearer " + "x" * 9000, "Basic eA==", "Bearer \xff"))
    lines = [
        f"{method} {path} HTTP/{dice.choice(('1.1', '1.1', '1.1', '1.0', '0.9', '2.0', 'x'))}",
        "host: catch",
        f"authorization: {token}",
        "content-type: application/json",
        dice.choice(HEADERS),
    ]
    match dice.randrange(6):
        case 0:
            wrong = (len(body) // 2, len(body) + len(LAST) - 9, -1, 10**30, "x", f"{len(body)}, 7", f"+{len(body)}")
            lines.append(f"content-length: {dice.choice(wrong)}")
        case 1:
            lines.append("transfer-encoding: chunked")
            body = chunked(dice, body)
        case 2:
            lines += [f"content-length: {len(body)}", "transfer-encoding: chunked"]
        case _:
            lines.append(f"content-length: {len(body)}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return mutations.mangled(dice, head) + body if dice.random() < 0.3 else head + body


def chunked(dice: Random, body: bytes) -> bytes:
    cut = dice.randrange(len(body) + 1)
    parts = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:cut], body[cut:]) if part]
    whole = b"".join(parts) + dice.choice(
        (b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nx: y\r\n\r\n", b"-1\r\n\r\n", b"ffffffffffffffff\r\n")
    )
    return mutations.mangled(dice, whole) if dice.random() < 0.3 else whole


async def bodies(target: Target, dice: Random, report: Report) -> None:
    """One connection's worth: each request has exactly one answer."""
    sent = [posted(dice, target) for _ in range(BATCH)]
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, limit=2**24)
    try:
        writer.write(b"".join(sent))
        for one in sent:
            async with asyncio.timeout(PATIENCE):
                status, came = await answer(reader)
            report.inputs += 1
            report.status(status, one, came)
    except (TimeoutError, OSError, EOFError) as problem:
        report.problem("unanswered", b"".join(sent)[:400], repr(problem).encode())
    finally:
        writer.transport.abort()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    found: Any = STATUS.match(head)
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return int(found[1]), await reader.readexactly(int(length[1]) if length else 0)


async def alone(target: Target, dice: Random, report: Report) -> None:
    """One odd request, and a good one that ends the connection; whatever is answered, it is no 5xx."""
    sent = odd(dice, target)
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    came = b""
    try:
        writer.write(sent + LAST)
        async with asyncio.timeout(SHRUG):
            while data := await reader.read(65_536):
                came += data
    except TimeoutError:
        report.answers["HTTP waits"] += 1
    except OSError:
        report.answers["HTTP reset"] += 1
    finally:
        writer.transport.abort()
    report.inputs += 1
    for status in STATUS.findall(came) or ("0",):
        report.status(int(status), sent, came)
