"""A real server to fuzz: `catch serve` in a process of its own, over a place with a case and a meeting in it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from catch.app import opened
from catch.database.server import Server
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.partner import EnrolMember, GiveRole
from catch.domain.partner.members import AT_A_SERIES, IN_THE_PLACE
from catch.settings import Settings
from tests.faults.real import Serving, serving
from tests.fuzz.target import Target
from tests.place import PROGRAMME, SERIES, SYSTEM, Place, ago

PEOPLE = 400
ROLES = (Role.COORDINATOR, Role.CHAIR, Role.ADMINISTRATOR)


async def enrol(made: Place, person: Actor) -> None:
    """No more than their role: the agency runs the programme already, and there are many of them."""
    somewhere = person.role in IN_THE_PLACE
    where = (None, None) if somewhere else (PROGRAMME, SERIES if person.role in AT_A_SERIES else None)
    await made.take(EnrolMember(person.agency, person.user, Sealed("Some Body")), SYSTEM)
    await made.take(GiveRole(person.agency, person.user, person.role, ago(days=9).date(), None, *where), SYSTEM)


@asynccontextmanager
async def place(server: Server, folder: Path) -> AsyncGenerator[tuple[Target, Serving]]:
    async with opened(server, Settings(data_dir=folder)) as catch, httpx.AsyncClient() as http:
        made = Place(catch, 0, http)
        await made.set_up()
        case = await made.worked_on("Ada Quillbrook", "housing-1")
        meeting = (await made.published("housing-1")).meeting
        people = [Actor(f"person-{n}@snn", "snn", ROLES[n % len(ROLES)]) for n in range(PEOPLE)]
        for person in people:
            await enrol(made, person)
        tokens = tuple(made.token(person) for person in people)
    async with serving(server, folder) as served:
        assert served.process is not None
        port = int(served.url.rpartition(":")[2].partition("/")[0])
        yield (
            Target(
                port, served.process.pid, tokens, seeds(case.case, case.person, meeting), follows(case.case, meeting)
            ),
            served,
        )


def asked(query: str, **variables: Any) -> dict[str, Any]:
    return {"query": query, "variables": variables, "operationName": None}


def seeds(case: UUID, person: UUID, meeting: UUID) -> tuple[dict[str, Any], ...]:
    command = str(uuid4())
    return (
        asked("{ viewer { user agency roles } }"),
        asked(
            """query Cases($n: Int!, $after: String) { cases(first: $n, after: $after) { edges { cursor node {
            number state person { name } redactions { path reason } } } pageInfo { hasNextPage } } }""",
            n=5, after=None,
        ),
        asked(
            "query($id: UUID!) { case(id: $id) { ...F } } fragment F on Case { number state notes { text } }",
            id=str(case),
        ),
        asked(
            "query($id: UUID!, $at: DateTime) { meeting(id: $id, asAt: {recordedAt: $at}) { state startsAt } }",
            id=str(meeting), at="2026-01-01T00:00:00Z",
        ),
        asked(
            "query($s: UUID!, $a: Position) { auditTrail(stream: $s, first: 9, after: $a) { edges { cursor } } }",
            s=str(case), a="1",
        ),
        asked(
            """mutation($i: RegisterPersonInput!, $c: UUID!, $v: Int, $o: DateTime) {
            registerPerson(input: $i, commandId: $c, expectedVersion: $v, occurredAt: $o) {
            ... on Accepted { position version } ... on Refused { code message details { path name value } } } }""",
            i={"person": str(person), "name": "Ada", "nhsNumber": "999 000 0018"}, c=command, v=None, o=None,
        ),
        asked(
            """mutation($i: AddNoteInput!, $c: UUID!) { addNote(input: $i, commandId: $c) {
            ... on Accepted { position } ... on Refused { code message } } }""",
            i={"case": str(case), "note": command, "category": "PLAN", "text": "Tea", "audience": ["snn"]}, c=command,
        ),
        asked("query($f: Date) { timeToOutcome(programme: \"snn-catch\", from: $f) { __typename } }", f="2026-01-01"),
    )  # fmt: skip


def follows(case: UUID, meeting: UUID) -> tuple[dict[str, Any], ...]:
    told = "{ __typename ... on ResyncRequired { position reason } ... on AccessEnded { reason } }"
    return (
        asked(
            f"subscription($id: UUID!, $a: Position) {{ caseUpdates(caseId: $id, after: $a) {told} }}",
            id=str(case),
            a="0",
        ),
        asked(
            f"subscription($id: UUID!, $a: Position) {{ meeting(id: $id, after: $a) {told} }}", id=str(meeting), a=None
        ),
        asked(f"subscription($a: Position) {{ agencyInbox(after: $a) {told} }}", a="1"),
    )
