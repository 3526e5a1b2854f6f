"""What a request was answered from goes with the answer: nothing of it keeps itself alive.

A server with many cases collects what does so rarely, since each time it looks at all that it has: until then each
such answer costs memory, whoever asked.
"""

import gc
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from catch.api.documents import shipped
from catch.api.engine import engine
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from tests.conftest import Database
from tests.place import COORDINATOR, Place, placed

OURS = ("catch.", "projections.", "graphql.", "strawberry.")


async def kept(place: Place, case: UUID) -> set[str]:
    """The kinds of things that are left after each of some requests, and that only a collection lets go of."""

    async def requests() -> None:
        note = AddNote(case, uuid4(), Category.NEEDS, Sealed("The boiler is mended."))
        await place.mutate(note, COORDINATOR)
        await place.settled()
        await place.ask(shipped()["case"], COORDINATOR, id=str(case))
        await place.ask("{ cases(first: 5) { edges { node { number } } } }", COORDINATOR)

    await requests()
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await requests()
        gc.collect()
    finally:
        gc.set_debug(0)
        gc.enable()
        left = {f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.garbage}
        gc.garbage.clear()
    return {name for name in left if name.startswith(OURS)}


def as_it_is(executor: object) -> object:
    return executor


async def test_what_was_asked_and_taken_goes_by_itself(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        case = (await place.worked_on("Ada Example", "housing-1")).case
        assert await kept(place, case) == set()
        monkeypatch.setattr(engine, "without_itself", as_it_is)
        assert await kept(place, case) != set(), "an executor that refers to itself is found"
