"""Reads are recorded: whoever was shown something of somebody, by whatever channel, is found to have been.

The histories of the canaries are read through every channel; for each canary that reached somebody there must be a
recorded read of whose it is, by them and by that way. The controls switch recording off in one channel.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

import catch
from catch.api.common.context import Context
from catch.api.common.facts import Facts
from catch.api.common.recording import LIVE, LiveReads
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import VoidReason
from catch.domain.case.voiding import RequestVoiding
from catch.domain.facts import Actor, Category, Sealed, Tag
from catch.domain.restricted import AddRestrictedNote
from catch.evidence.reads import ROWS, Kept, Read, Seen
from catch.personal.looks import TEXTS, NobodyNotes
from tests.canaries.channels import OPERATIONS
from tests.canaries.history import history
from tests.canaries.run import Run
from tests.conftest import Furnished, eventually
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, POLICE, REFERRER, Case, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        yield made


async def recorded(place: Place, after: int = 0) -> list[Kept]:
    return [Kept(*row.values()) for row in await place.catch.log.pool.fetch(ROWS, after, 1_000_000)]


async def last(place: Place) -> int:
    return await place.catch.log.pool.fetchval("select coalesce(max(number), 0) from reads")


# Every channel


class Noticing(Run):
    """And notes by which way each canary reached whom."""

    def __init__(self, place: Place, seed: int) -> None:
        super().__init__(place, seed)
        self.reached: set[tuple[str, str, str]] = set()

    def note(self, who: str, asked: bytes, answer: bytes, channel: str) -> None:
        for canary in self.stage.seen_in(answer) - self.stage.seen_in(asked):
            self.reached.add((self.stage.names.user(who), canary, LIVE if channel == "socket" else "api"))
        super().note(who, asked, answer, channel)

    def unrecorded(self, reads: list[Kept]) -> set[tuple[str, str, str]]:
        """What reached somebody of whom it is not recorded that they were shown whose it is. What belongs to no case
        and to nobody is left aside."""
        shown: dict[tuple[str, str], set[UUID]] = {}
        for row in reads:
            shown.setdefault((row.viewer, row.read.channel), set()).update(row.whose)
        found: set[tuple[str, str, str]] = set()
        for user, canary, channel in self.reached:
            owners = self.stage.owners.get(canary, [])
            whose = {id_ for each in owners for id_ in (each.case, each.person) if id_}
            contacts = {each.thing for each in owners if each.kind.startswith("contact") and each.thing}
            # Of a contact about somebody who is known it is recorded of them.
            whose |= contacts | {each.subject for each in self.models[-1].facts.contacts if each.contact in contacts}
            if whose and whose.isdisjoint(shown.get((user, channel), ())):
                found.add((user, f"{canary}: {owners[0].what} ({owners[0].kind})", channel))
        return found


SEEDS = (1, 2)


async def read_through(place: Place, seed: int) -> Noticing:
    run = Noticing(place, seed)
    await run.whole(history(seed))
    return run


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_reached_somebody_is_recorded_of_them(place: Place, seed: int):
    began = await last(place)
    run = await read_through(place, seed)
    assert len(run.reached) > 150
    assert {channel for *_, channel in run.reached} == {LIVE, "api"}
    assert run.unrecorded(await recorded(place, began)) == set()


async def nowhere(*_: object) -> None: ...


@pytest.mark.parametrize(("of", "name", "channel"), [(Context, "record", "api"), (LiveReads, "shown", LIVE)])
async def test_control_a_channel_that_does_not_record_is_found(
    place: Place, monkeypatch: pytest.MonkeyPatch, of: type, name: str, channel: str
):
    began = await last(place)
    monkeypatch.setattr(of, name, nowhere)
    run = await read_through(place, 1)
    assert {each for *_, each in run.unrecorded(await recorded(place, began))} == {channel}


# What is recorded, and what is not


async def shown_to(place: Place, case: Case, began: int, by: Actor = COORDINATOR) -> list[tuple[str, ...]]:
    """The categories of each read of the case by them."""
    found = [row.read for row in await recorded(place, began) if row.viewer == by.user]
    return [each.categories for read in found for each in read.seen if each.case == case.case]


NUMBER = "query($id: UUID!) { case(id: $id) { number } }"
NAME = "query($id: UUID!) { case(id: $id) { number person { name } redactions { path } } }"
LIST = "query { cases(first: 1) { edges { node { id number } } } }"


async def test_a_read_says_who_saw_whom_and_which_categories_and_no_more(place: Place):
    case, began = await place.worked_on("Ada Quillbrook"), await last(place)
    await place.settled()
    await place.ask(NUMBER, id=str(case.case))
    assert await shown_to(place, case, began) == [()]
    # By asking what is withheld nobody is shown what is not.
    await place.ask(NAME, id=str(case.case))
    assert (await shown_to(place, case, began))[1:] == [("identity",)]
    (first, _) = await recorded(place, began)
    assert first.whose == [case.person, case.case]
    assert (first.viewer, first.agency, first.read.channel) == (COORDINATOR.user, "snn", "api")


async def test_the_same_answer_given_again_is_recorded_again(place: Place):
    case, began = await place.worked_on("Bo Quillbrook"), await last(place)
    await place.settled()
    made = place.catch.present.answers.made
    await asyncio.gather(*(place.ask(OPERATIONS["case"], id=str(case.case)) for _ in range(6)))
    assert place.catch.present.answers.made < made + 6, "none of them was kept"
    found = await shown_to(place, case, began)
    assert len(found) == 6
    assert len(set(found)) == 1
    assert "identity" in found[0]


async def test_of_a_list_those_are_recorded_that_are_on_the_page(place: Place):
    for name in ("Cy Quillbrook", "Di Quillbrook"):
        await place.worked_on(name)
    await place.settled()
    began = await last(place)
    (edge,) = (await place.ask(LIST))["cases"]["edges"]
    (row,) = await recorded(place, began)
    assert [each.case for each in row.read.seen] == [UUID(edge["node"]["id"])]


async def test_what_is_about_nobody_is_not_recorded(place: Place):
    began = await last(place)
    await place.ask("query { viewer { user } programmes { key } }")
    assert await recorded(place, began) == []


async def test_an_id_that_shows_nothing_is_no_read(place: Place):
    case, began = await place.worked_on("Ed Quillbrook"), await last(place)
    await place.settled()
    assert (await place.ask(NUMBER, HOUSING, id=str(case.case)))["case"] is None
    assert (await place.ask(NUMBER, id=str(uuid4())))["case"] is None
    assert await recorded(place, began) == []


async def test_many_who_read_at_once_wait_for_few_commits(place: Place):
    case, began = await place.worked_on("Fay Quillbrook"), await last(place)
    await place.settled()
    by = Read(viewer="v", agency="a", channel="api", subscription=case.case)
    await asyncio.gather(*(place.catch.reads.record(by) for _ in range(100)))
    count = "select count(*), count(distinct xmin::text) from reads where number > $1"
    row = await place.catch.log.pool.fetchrow(count, began)
    assert row is not None
    assert row[0] == 100
    assert row[1] <= 3


# Live

FOLLOW = OPERATIONS["follow_case"]


async def test_a_subscription_records_what_it_shows_from_where_and_to_where(place: Place):
    case, began = await place.worked_on("Gus Quillbrook"), await last(place)
    await place.settled()
    async with place.live(COORDINATOR) as client:
        await client.subscribe("s", FOLLOW, caseId=str(case.case))
        first = await client.next("s")
        (row,) = await recorded(place, began)
        assert (row.viewer, row.read.channel, row.read.after) == (COORDINATOR.user, LIVE, int(first["position"]))
        assert {each.case for each in row.read.seen} == {case.case}
        # More of the same records nothing more: it follows on.
        note = AddNote(case.case, uuid4(), Category.PLAN, Sealed("One more."))
        position = int((await place.mutate(note))["position"])
        await client.until("s", position)
        assert len(await recorded(place, began)) == 1
    ended: list[Kept] = []

    async def over() -> bool:
        ended[:] = [each for each in await recorded(place, began) if each.read.upto is not None]
        return bool(ended)

    await eventually(over)
    assert (ended[0].read.subscription, ended[0].read.upto) == (row.read.subscription, position)


async def test_whoever_reads_a_text_is_recorded_as_more_than_knowing_of_the_case(place: Place):
    """Notes and concerns have no category of their own path; what else has none is noted as texts."""
    case = await place.worked_on("Nora Quillbrook")
    await place.take(AddNote(case.case, uuid4(), Category.HEALTH, Sealed("what she said")))
    await place.take(AddRestrictedNote(case.case, uuid4(), Tag.SAFEGUARDING, Sealed("what he does")))
    await place.take(DeclareRecusal(case.case, HOUSING.user, HOUSING.agency, Sealed("a neighbour")))
    await place.settled()
    for asked, noted in (
        ("notes { text }", {Category.HEALTH, Category.RESTRICTED}),
        ("recusals { reason }", {TEXTS}),
        ("number", set[str]()),
    ):
        began = await last(place)
        await place.ask(f"query($c: UUID!) {{ case(id: $c) {{ {asked} }} }}", c=str(case.case))
        (row,) = await recorded(place, began)
        assert {name for seen in row.read.seen for name in seen.categories} >= noted
        assert noted or row.read.seen[0].categories == ()


# Whoever has texts unsealed


async def test_no_text_is_unsealed_where_nobody_notes_for_whom(place: Place):
    with pytest.raises(NobodyNotes):
        await Facts(place.catch, place.catch.log.clock.now()).texts(uuid4())


UNSEAL = {
    "commands/again.py": "compares what is sent again with what was recorded",
    "commands/questions.py": "a number that is to be registered is sealed anew",
    "doctor/checks.py": "whether texts can be read, not what they say",
    "importing/contents.py": "compares a row with what was imported before",
    "importing/people.py": "compares a row with who is registered; whom it may be about is told once that is recorded",
    "cli/replaying.py": "once it is recorded that an operator looks",
    "subject_access/making.py": "once it is recorded that somebody looks",
    "scenarios/each/evidence.py": "counts in an invented place what is left to read, and shows none of it",
    "api/common/facts.py": "for answers, whose looks are noted",
}
"""Who has texts unsealed, and why nobody is shown what they say unrecorded."""


async def test_whoever_has_texts_unsealed_is_on_the_list():
    root = Path(catch.__file__).parent
    calls = re.compile(r"\bkeyring\.(?:unseal|reader)\(")
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if path.parent.name not in ("personal", "bench") and calls.search(path.read_text(encoding="utf-8"))
    }
    assert found == UNSEAL.keys()


async def test_recorded_reads_are_neither_changed_nor_removed_by_the_program(place: Place):
    for statement in ("update reads set viewer = ''", "delete from reads", "truncate reads"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await place.catch.log.pool.execute(statement)


# Who saw

WHO = OPERATIONS["who_saw"]


async def lookers(place: Place, by: Actor, **of: str) -> list[str]:
    """Who looked, but for the looks of whoever asks."""
    edges = (await place.ask(WHO, by, of=of, first=200))["whoSaw"]["edges"]
    return [user for edge in edges if (user := edge["node"]["by"]["user"]) != by.user]


async def test_those_who_may_know_are_told_who_looked(place: Place):
    case = await place.worked_on("Joy Quillbrook", "housing-1", "police-1")
    await place.settled()
    for by in (COORDINATOR, HOUSING, POLICE, AUDITOR):
        await place.ask(NAME, by, id=str(case.case))
    of = {"caseId": str(case.case)}
    assert {*await lookers(place, COORDINATOR, **of)} == {HOUSING.user, POLICE.user, AUDITOR.user}
    assert {*await lookers(place, AUDITOR, **of)} == {COORDINATOR.user, HOUSING.user, POLICE.user}
    # An agency is told of its own people.
    assert {edge["node"]["by"]["agency"] for edge in (await place.ask(WHO, HOUSING, of=of))["whoSaw"]["edges"]} == {
        "housing-1"
    }
    person = {"personId": str(case.person)}
    assert {*await lookers(place, AUDITOR, **person)} == {COORDINATOR.user, HOUSING.user, POLICE.user}
    # Asking is a look, too.
    edges = (await place.ask(WHO, AUDITOR, of=of))["whoSaw"]["edges"]
    assert any("looks" in edge["node"]["categories"] for edge in edges)


async def test_who_looked_at_a_person_is_told_to_nobody_who_is_kept_out_of_a_case_of_theirs(place: Place):
    case, there = await place.worked_on("Kim Quillbrook"), uuid4()
    again = SubmitReferral(there, case.person, "bexley-icm", uuid4(), "gp", "phone", ago(hours=1), Sealed("Again"))
    await place.enrol(COORDINATOR, "bexley-icm")
    await place.take(again)
    await place.settled()
    await place.catch.reads.record(
        Read(viewer="alone", agency="snn", channel="api", seen=(Seen(case.person),)),
        Read(viewer="here", agency="snn", channel="api", seen=(Seen(case.person, case.case),)),
        Read(viewer="there", agency="snn", channel="api", seen=(Seen(case.person, there),)),
    )
    person = {"personId": str(case.person)}
    assert {"alone", "here"} <= {*await lookers(place, AUDITOR, **person)}
    await place.take(DeclareRecusal(there, AUDITOR.user, AUDITOR.agency, Sealed("A neighbour")))
    await place.settled()
    assert {"alone", "here", "there"} & {*await lookers(place, AUDITOR, **person)} == {"here"}
    # What was another's is none of theirs, and is still told of the case.
    assert {"alone", "here", "there"} <= {*await lookers(place, COORDINATOR, **person)}
    await place.take(RequestVoiding(case.case, uuid4(), VoidReason.WRONG_PERSON, Sealed("The neighbour's")))
    await place.settled()
    assert {"alone", "here", "there"} & {*await lookers(place, COORDINATOR, **person)} == {"alone", "there"}
    assert "here" in await lookers(place, COORDINATOR, caseId=str(case.case))


async def test_for_everybody_else_there_is_no_such_case(place: Place):
    case = await place.worked_on("Kit Quillbrook", "housing-1")
    await place.settled()
    for by in (POLICE, REFERRER, CHAIR):
        for of in ({"caseId": str(case.case)}, {"personId": str(case.person)}, {"caseId": str(uuid4())}):
            assert await place.code(WHO, by, of=of) == "UNKNOWN_CASE"
    assert await place.code(WHO, COORDINATOR, of={"personId": str(uuid4())}) == "UNKNOWN_CASE"


async def test_who_saw_comes_a_page_at_a_time_and_between_two_moments(place: Place):
    case = await place.worked_on("Lou Quillbrook", "housing-1")
    await place.settled()
    for _ in range(5):
        await place.ask(NUMBER, HOUSING, id=str(case.case))
    of, seen, after = {"caseId": str(case.case)}, list[str](), None
    while True:
        page = (await place.ask(WHO, HOUSING, of=of, first=2, after=after))["whoSaw"]
        seen += [edge["node"]["at"] for edge in page["edges"] if "looks" not in edge["node"]["categories"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert len(seen) == len({*seen}) == 5
    assert seen == sorted(seen, reverse=True)
    some = (await place.ask(WHO, HOUSING, of=of, **{"from": seen[3], "to": seen[1]}))["whoSaw"]["edges"]
    assert [edge["node"]["at"] for edge in some] == seen[2:4]
    assert await place.code(WHO, HOUSING, of=of, after="nonsense") == "UNKNOWN_CURSOR"
