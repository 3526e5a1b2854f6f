"""Whether the operator's database can be reached at all; where it cannot, a sentence with the setting's name.

Nothing of an address is repeated but its host: the rest may hold a password.
"""

import re
import socket
from urllib.parse import parse_qs, urlsplit

import asyncpg

from catch.database import OLDEST_SERVER, OldServer, connect
from catch.settings import BadSetting, Settings


async def reached(settings: Settings) -> None:
    """Raises `BadSetting`, or `OldServer`."""
    if settings.owner_url is not None:
        await _answers("CATCH_OWNER_URL", settings.owner_url)
    if settings.database_url is not None:
        # The application's role is made by the owner, who may still have to do so.
        await _answers("CATCH_DATABASE_URL", settings.database_url, may_be_new=settings.owner_url is not None)


async def _answers(name: str, address: str, *, may_be_new: bool = False) -> None:
    if said := miswritten(address):
        raise BadSetting(f"{name}: {said}")
    try:
        connection = await connect(address)
    except OldServer:
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as problem:
        unknown = asyncpg.InvalidAuthorizationSpecificationError
        if may_be_new and isinstance(problem, unknown) and not isinstance(problem, asyncpg.InvalidPasswordError):
            return
        raise BadSetting(f"{name}: {why(problem, host(address))}") from None
    await connection.close()


PARTS = re.compile("[/?#]")


def miswritten(address: str) -> str | None:
    """What is read otherwise than it was meant: a password with a sign in it that ends it."""
    told = address.partition("://")[2]
    inside = PARTS.split(told, maxsplit=1)[0]
    ports = [each.rpartition(":")[2] for each in inside.split(",") if ":" in each and not each.endswith("]")]
    if inside.count("@") > 1 or ("@" not in inside and "@" in told and not all(map(str.isdecimal, ports))):
        return "in a user's name or password @ is written %40, / is %2F, ? is %3F, # is %23 and % is %25"
    return None


def host(address: str) -> str:
    """Where the database is, as far as it can be told."""
    try:
        parts = urlsplit(address)
        return parts.netloc.rpartition("@")[2] or parse_qs(parts.query).get("host", ["the default host"])[0]
    except ValueError:
        return "this host"


def why(problem: Exception, at: str) -> str:  # noqa: C901
    match problem:
        case asyncpg.InvalidPasswordError():
            return f"the database at {at} does not take this user's password"
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"the database at {at} does not let this user in: set the place up first (`catch migrate`)"
        case asyncpg.InvalidCatalogNameError():
            return f"there is no such database at {at}: make it, or correct its name"
        case asyncpg.CannotConnectNowError():
            return f"the database at {at} is starting or stopping: try again in a moment"
        case asyncpg.TargetServerAttributeNotMatched():
            return f"none of the servers at {at} can be written to: is one of them the primary?"
        case asyncpg.UndefinedObjectError():
            return f"what answers at {at} is no PostgreSQL {OLDEST_SERVER} or newer: it lacks what a session asks for"
        case asyncpg.TooManyConnectionsError():
            return f"the database at {at} takes no more connections: raise its max_connections, or end some"
        case asyncpg.ProtocolViolationError():
            return f"what answers at {at} refuses what a session asks for, as PgBouncer does: name PostgreSQL itself"
        case asyncpg.PostgresError():
            return f"the database at {at} refuses ({type(problem).__name__})"
        case ValueError():
            return "this is no address such as postgresql://catch_app@db.example.org:5432/catch"
        case socket.gaierror():
            return f"there is no host {at}"
        case ConnectionRefusedError() | FileNotFoundError():
            return f"nothing answers at {at}: is PostgreSQL running there, and does it listen at this address?"
        case TimeoutError():
            return f"no answer from {at} within ten seconds: is the address right, and may it be reached from here?"
        case _:
            return f"{at} cannot be reached ({type(problem).__name__})"
