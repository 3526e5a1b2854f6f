"""Whatever is disclosed: no channel holds a text or a code of a category that is not. Every value is one of a kind.

On a real place: disclosures come as chance has them, and the partner reads by every way there is. Each former hole is
put back on purpose and caught.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catch.access import EVERYTHING, Agreed, Told
from catch.api.case import parts
from catch.api.case import subscription as case_source
from catch.api.common.redaction import Redactor
from catch.api.meeting import subscription as meeting_source
from catch.api.meeting.view import Sitting
from catch.domain.case.disclosure import EndDisclosure
from catch.domain.case.notes import AddNote, RecordUnmetNeed, UnmetReason
from catch.domain.facts import Category, Sealed, Tag
from catch.domain.restricted import AddRestrictedNote
from catch.domain.streams import CASE as CASE_STREAM
from tests.conftest import Furnished
from tests.place import COORDINATOR, POLICE, Place
from tests.test_one_value import CASE, INBOX, MEETING, Heard, kept_in_the_case

CANARIES: dict[str, set[Category]] = {
    '"Ada Quillbrook"': {Category.IDENTITY},
    "01632 960999": {Category.CONTACT},
    "Reason of Ada": {Category.NEEDS},
    "canary-need": {Category.NEEDS},
    "What matters to Ada": {Category.PLAN},
    "conversation held": {Category.PLAN, Category.DISCUSSION},
    "A situation told": {Category.DISCUSSION},
    "A decision told": {Category.DISCUSSION},
    "ESCALATE": {Category.DISCUSSION},
    "PARTNER_QUESTION": {Category.DISCUSSION},
    "put a question on": {Category.DISCUSSION},
    "Proposed as stuck": {Category.DISCUSSION},
    "Visit on Friday": {Category.ACTIONS},
    "Mend the stairs": {Category.ACTIONS},
    "ACTION_OVERDUE": {Category.ACTIONS},
    "overdue 2 days": {Category.ACTIONS},
    **{f"Canary note of {category}": {category} for category in Category},
}
"""What is to be found somewhere, and the categories that must all be disclosed to who finds it."""


FORBIDDEN = EVERYTHING - {Category.RESTRICTED}


class World:
    """One case that holds everything, discussed at one meeting, and a disclosure that comes and goes."""

    def __init__(self, runner: asyncio.Runner, heard: Heard, end: int) -> None:
        self.runner, self.heard, self.end = runner, heard, end

    def read(self, categories: frozenset[Category]) -> str:
        return self.runner.run(self._read(categories))

    async def _read(self, categories: frozenset[Category]) -> str:
        """Everything that the police are told while these categories are disclosed to them."""
        heard, place = self.heard, self.heard.place
        for held in (await place.catch.present.states.get(CASE_STREAM, heard.case.case)).state.disclosures:
            if held.agency == POLICE.agency and held.ended_at is None:
                await place.take(EndDisclosure(heard.case.case, held.disclosure))
        if categories:
            await place.share(heard.case.case, POLICE.agency, categories)
        await place.settled()
        found: list[Any] = [
            await place.answer(CASE, POLICE, c=str(heard.case.case)),
            await place.answer(MEETING, POLICE, m=str(heard.meeting)),
            await place.answer(INBOX, POLICE),
        ]
        for field in ("case", "meeting") if categories else ("meeting",):
            found += await heard.followed(POLICE, field, self.end)
        return msgspec.json.encode(found).decode()


async def lived(place: Place) -> tuple[Heard, int]:
    heard = await Heard.at(place, phone=Sealed("01632 960999"))
    case = heard.case.case
    kept = f"Canary note of {Category.RESTRICTED}"
    await place.take(AddRestrictedNote(case, uuid4(), Tag.WARNING, Sealed(kept)))
    await kept_in_the_case(place, heard.case, COORDINATOR, kept)
    for category in sorted(FORBIDDEN):
        await place.take(AddNote(case, uuid4(), category, Sealed(f"Canary note of {category}")))
    await place.take(RecordUnmetNeed(case, uuid4(), "canary-need", UnmetReason.COST))
    return heard, await heard.discussed()


@pytest.fixture(scope="module")
def world(furnished: Furnished) -> Iterator[World]:
    with asyncio.Runner() as runner:
        opening = furnished()
        place = runner.run(opening.__aenter__())
        yield World(runner, *runner.run(lived(place)))
        runner.run(opening.__aexit__(None, None, None))


def leaked(world: World, categories: frozenset[Category]) -> set[str]:
    read = world.read(categories)
    # A partner never holds the tag for what is restricted, whatever is disclosed.
    return {each for each, of in CANARIES.items() if each in read and not of <= categories & FORBIDDEN}


@settings(max_examples=6, deadline=None, suppress_health_check=(HealthCheck.function_scoped_fixture,))
@given(categories=st.frozensets(st.sampled_from(sorted(Category)), max_size=4))
def test_no_channel_holds_what_is_not_disclosed(world: World, categories: frozenset[Category]):
    assert leaked(world, categories) == set()


def test_control_what_is_disclosed_is_found(world: World):
    read = world.read(EVERYTHING)
    assert {each for each in CANARIES if each not in read} == {"Canary note of restricted"}


def always(*_: object) -> bool:
    return True


def always_told(*_: object, **__: object) -> Told:
    return Told.SHOWN


Mutant = Callable[[pytest.MonkeyPatch], None]


def reasons_for_all(patch: pytest.MonkeyPatch) -> None:
    """The agenda tells its reasons to everybody who sees the item."""

    async def agreed(*_: object) -> Agreed:
        return Agreed(EVERYTHING)

    patch.setattr(Sitting, "agreed", agreed)


def decisions_of_the_item(patch: pytest.MonkeyPatch) -> None:
    """A list of the item is not asked of the policy."""

    def every(_: Redactor, __: str, ___: Category, held: Any) -> Any:
        return held

    patch.setattr(Redactor, "all", every)


def notes_for_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parts, "note_shown", always)


def actions_for_all(patch: pytest.MonkeyPatch) -> None:
    """Each action is shown as if it were the viewer's own."""
    mine = parts.action

    def all_mine(held: Any, path: str, redactor: Redactor) -> list[Any]:
        return [mine(each, path, redactor, own=True) for each in held]

    patch.setattr(parts, "actions", all_mine)


MUTANTS: dict[Mutant, str] = {
    reasons_for_all: "ACTION_OVERDUE",
    decisions_of_the_item: "ESCALATE",
    notes_for_all: "Canary note of restricted",
    actions_for_all: "Mend the stairs",
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_control_each_hole_put_back_is_caught(world: World, mutant: Mutant, monkeypatch: pytest.MonkeyPatch):
    mutant(monkeypatch)
    assert MUTANTS[mutant] in leaked(world, frozenset({Category.IDENTITY}))


def test_control_a_source_that_tells_by_whether_a_case_is_seen_is_caught(world: World, monkeypatch: pytest.MonkeyPatch):
    few = frozenset({Category.IDENTITY})
    assert "DecisionRecorded" not in world.read(few)
    for source in (case_source, meeting_source):
        monkeypatch.setattr(source, "told", always_told)
    monkeypatch.setattr(meeting_source, "told_at_meeting", always_told)
    assert "DecisionRecorded" in world.read(few)
