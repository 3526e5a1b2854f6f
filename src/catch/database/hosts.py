"""The hosts that an address names, each by itself: as libpq reads them, and asyncpg.

`postgresql://catch_app@db-1:5432,db-2:5432/catch`, or `?host=db-1,db-2&port=5432`; else PGHOST and PGPORT.
"""

import os
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

PORT = "5432"
ATTRIBUTES = "target_session_attrs"


class Host(NamedTuple):
    """`name` is a host, or the folder of a socket."""

    name: str
    port: int


def hosts(address: str, environ: Mapping[str, str] = os.environ) -> list[Host]:
    """None where the address names none. Raises `ValueError`."""
    parts = urlsplit(address)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    inside = parts.netloc.rpartition("@")[2]
    named = inside or query.get("host") or environ.get("PGHOST")
    if not named:
        return []
    pairs = [pair(each, quoted=bool(inside)) for each in named.split(",")]
    # What is asked for by itself goes before what stands with a host, and that before what is usual.
    asked = None if inside else query.get("port")
    ports = each_port(asked or environ.get("PGPORT") or PORT, len(pairs))
    return [Host(name, int(port if asked else own or port)) for (name, own), port in zip(pairs, ports, strict=True)]


def pair(text: str, *, quoted: bool) -> tuple[str, str]:
    """A host and its port, which may be empty."""
    if not text:
        raise ValueError("an address names an empty host")
    if text.startswith("/"):
        return text, ""
    if text.startswith("["):
        name, closed, port = text[1:].partition("]")
        if not closed:
            raise ValueError("an address names a host of IPv6 without its closing bracket")
        return name, port.removeprefix(":")
    name, _, port = text.partition(":")
    return (unquote(name), unquote(port)) if quoted else (name, port)


def each_port(text: str, count: int) -> list[str]:
    """One for each of so many hosts."""
    ports = text.split(",")
    if len(ports) not in (1, count):
        raise ValueError(f"an address names {len(ports)} ports for {count} hosts")
    return ports if len(ports) == count else ports * count


def asks_for(address: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Which of the hosts is wanted, where the operator says so: `read-write`, `primary`, `any` ..."""
    said = parse_qs(urlsplit(address).query).get(ATTRIBUTES)
    return said[-1] if said else environ.get("PGTARGETSESSIONATTRS")
