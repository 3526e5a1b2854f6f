"""Every way to read, over HTTP and sockets, as bytes: the documents that clients send, and documents of everything.

Documents of everything are made from the schema, so that a field or a query that is added is read at once.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec
from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
)

from tests.place import as_input

SCHEMA = Path(__file__).parents[2] / "schema" / "graphql"
OPERATIONS = {path.stem: path.read_text() for path in sorted((SCHEMA / "operations").rglob("*.graphql"))}


class Wire:
    """One connection that is kept, for many users: a request's answer as it came."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes, token: str) -> bytes:
        """A connection that was not used for a while may be gone."""
        try:
            return await self._posted(body, token)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.close()
            return await self._posted(body, token)

    async def _posted(self, body: bytes, token: str) -> bytes:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: {token}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answered = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answered, re.IGNORECASE)
        assert length, answered
        content = await reader.readexactly(int(length[1]))
        if b"connection: close" in answered.lower():
            self.close()
        return answered + content

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def asked(query: str, /, **variables: Any) -> bytes:
    return msgspec.json.encode({"query": query, "variables": variables})


def mutation(command: Any, command_id: UUID) -> bytes:
    """A command as a client sends it."""
    kind = type(command).__name__
    name = kind[0].lower() + kind[1:]
    query = f"""mutation($i: {kind}Input!, $c: UUID!) {{ {name}(input: $i, commandId: $c) {{ __typename
        ... on Accepted {{ position stream version events }}
        ... on Refused {{ code message details {{ path name value }} }} }} }}"""
    return asked(query, i=as_input(command), c=str(command_id))


@cache
def everything(kind: str, *left_out: str) -> str:
    """A selection of all there is of a type, except itself within itself and these fields."""
    found = build_schema((SCHEMA / "catch.graphql").read_text()).get_type(kind)
    assert found is not None
    return selection(found, (), frozenset(left_out))


def selection(kind: GraphQLNamedType, within: tuple[str, ...], left_out: frozenset[str]) -> str:
    if isinstance(kind, GraphQLScalarType | GraphQLEnumType):
        return ""
    if isinstance(kind, GraphQLUnionType):
        parts = " ".join(f"... on {each.name} {selection(each, within, left_out)}" for each in kind.types)
        return f"{{ __typename {parts} }}"
    assert isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    below = (*within, kind.name)
    types = {name: named(field.type) for name, field in kind.fields.items()}
    names = [
        f"{name} {selection(of, below, left_out)}"
        for name, of in types.items()
        if of.name not in below and f"{kind.name}.{name}" not in left_out
    ]
    return f"{{ {' '.join(names)} }}"


def named(type_: Any) -> GraphQLNamedType:
    """Without the lists and exclamation marks around it."""
    return cast("GraphQLNamedType", get_named_type(type_))


# Asked for by documents of their own, or the same wherever they stand.
PLAIN = ("Case.programme", "AgendaItem.case", "InboxEntry.case")
PAGE = "edges { cursor node %s } pageInfo { hasNextPage endCursor }"


def of_case(case: UUID) -> Iterator[bytes]:
    yield asked(OPERATIONS["case"], id=str(case))
    yield asked(OPERATIONS["audit_trail"], stream=str(case), first=200)
    yield asked(OPERATIONS["matches"], caseId=str(case))
    yield asked(OPERATIONS["notes"], case=str(case))
    whole = everything("Case", *PLAIN)
    yield asked(f"query($c: UUID!) {{ case(id: $c) {whole} }}", c=str(case))
    late = {"recordedAt": "2199-01-01T00:00:00Z"}
    yield asked(f"query($c: UUID!, $t: AsAt) {{ case(id: $c, asAt: $t) {whole} }}", c=str(case), t=late)


def looks_at(case: UUID) -> bytes:
    """Apart: who looked is otherwise in every run."""
    return asked(OPERATIONS["who_saw"], of={"caseId": str(case)})


def of_meeting(meeting: UUID) -> Iterator[bytes]:
    for name in ("agenda", "agenda_cases", "agenda_list", "agenda_tally", "meeting_record", "minutes"):
        yield asked(OPERATIONS[name], id=str(meeting))
    for name in ("meeting_room", "meeting_pack", "meeting_minutes", "meeting_preparation", "meeting_screen"):
        yield asked(OPERATIONS[name], id=str(meeting))
    yield asked(OPERATIONS["agenda_preparation"], meetingId=str(meeting))
    yield asked(OPERATIONS["audit_trail"], stream=str(meeting), first=200)
    whole, case, agenda = everything("Meeting", *PLAIN), everything("Case", *PLAIN), everything("Agenda", *PLAIN)
    yield asked(f"query($m: UUID!) {{ meeting(id: $m) {whole} }}", m=str(meeting))
    yield asked(f"query($m: UUID!) {{ meeting(id: $m) {{ agenda {{ items {{ case {case} }} }} }} }}", m=str(meeting))
    yield asked(f"query($m: UUID!) {{ agendaPreview(meetingId: $m) {agenda} }}", m=str(meeting))


def of_contact(contact: UUID) -> Iterator[bytes]:
    for name in ("contact", "earlier_contacts"):
        yield asked(OPERATIONS[name], id=str(contact))
    whole = everything("Contact")
    yield asked(f"query($c: UUID!) {{ contact(id: $c) {whole} }}", c=str(contact))
    yield asked(f"query($c: UUID!) {{ earlierContacts(contactId: $c) {whole} }}", c=str(contact))


def between(case: UUID, meeting: UUID) -> bytes:
    return asked(OPERATIONS["why_not_on_agenda"], caseId=str(case), meetingId=str(meeting))


FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"live": True},
    {"live": False},
    {"states": ["RECEIVED", "DECLINED", "REDIRECTED"]},
    {"states": ["ACCEPTED"]},
    {"states": ["IN_SUPPORT", "AWAITING_MEETING", "CLOSED"]},
)


def lists(programme: str, series: str, agencies: tuple[str, ...], users: tuple[str, ...]) -> Iterator[bytes]:
    ways = [*FILTERS, {"programme": programme}, *({"agency": a} for a in agencies), *({"lead": u} for u in users)]
    for narrowed in ways:
        yield asked(OPERATIONS["cases"], filter=narrowed)
    for order in ("NUMBER", "LATEST_CHANGE_FIRST", "DUE_FIRST"):
        yield asked(OPERATIONS["cases_in_order"], order=order)
    yield asked(OPERATIONS["partners"], programme=programme)
    yield asked(OPERATIONS["contacts"], which={"states": ["RECEIVED"]})
    yield asked(OPERATIONS["first_contact"], programme=programme, **{"from": "2020-01-01", "to": "2020-03-31"})
    for name in (
        "contacts",
        "meetings",
        "inbox",
        "agencies",
        "lapsing",
        "break_glass",
        "open_cases",
        "erasures",
        "data_requests",
        "retention_due",
        "viewer",
        "viewer_standing",
    ):
        yield asked(OPERATIONS[name])
    for name in ("programmes", "suspended_programmes"):
        yield asked(OPERATIONS[name])
    yield asked(OPERATIONS["meetings"], series=series)
    for agency in agencies:
        yield asked(OPERATIONS["members"], agency=agency)
        yield asked(OPERATIONS["looked_after"], agency=agency)
        for user in users:
            yield asked(OPERATIONS["looked_after"], agency=agency, user=user)
            yield asked(OPERATIONS["owned_actions"], agency=agency, user=user)
        yield asked(OPERATIONS["partner_members"], programme=programme, agency=agency)
    yield asked(OPERATIONS["appointments"], programme=programme)
    yield asked(OPERATIONS["figures"], programme=programme)
    yield asked(OPERATIONS["figures"], programme=programme, **{"from": "2020-01-01", "to": "2030-01-01"})


NO_PROGRAMS = frozenset(
    OPERATIONS[each] for each in ("erasures", "data_requests", "retention_due", "break_glass", "open_cases")
)
"""For roles that no program has: an account is allowed fifty documents, and these would be answered to none."""


def documents() -> frozenset[str]:
    """Every document there is for a program to read with."""
    some = UUID(int=0)
    of_one = (*of_case(some), *of_meeting(some), *of_contact(some), between(some, some))
    bodies = (*of_one, *lists("", "", ("",), ("",)))
    followed = (query for query, _ in subscriptions([some], [some]))
    found = frozenset((*(str(msgspec.json.decode(body)["query"]) for body in bodies), *followed))
    return found - NO_PROGRAMS


def called(body: bytes) -> str:
    """The operation's name, or the fields it asks for, to say where something was seen."""
    query = str(msgspec.json.decode(body)["query"])
    named = re.search(r"^(?:query|subscription) (\w+)", query, re.MULTILINE)
    return named[1] if named else "everything of " + query.partition("{")[2].partition("(")[0].strip()


def subscriptions(cases: Iterable[UUID], meetings: Iterable[UUID]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each of the three, with what it is about."""
    of_case = f"subscription($c: UUID!, $after: Position) {{ caseUpdates(caseId: $c, after: $after) {CASE} }}"
    of_meeting = f"subscription($m: UUID!, $after: Position) {{ meeting(id: $m, after: $after) {MEETING} }}"
    for case in cases:
        yield OPERATIONS["follow_case"], {"caseId": str(case)}
        yield of_case, {"c": str(case)}
    for meeting in meetings:
        yield OPERATIONS["follow_meeting"], {"id": str(meeting)}
        yield of_meeting, {"m": str(meeting)}
    yield OPERATIONS["follow_inbox"], {}


CASE = everything("CaseMessage", *PLAIN)
MEETING = everything("MeetingMessage", *PLAIN, "Meeting.agenda")
