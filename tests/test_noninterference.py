"""Non-interference: two worlds that differ only in what somebody may not see give them the same answers.

Two places on two databases take the same commands with the same ids, but one. What each viewer is then told by every
channel (bytes, pages, counts, refusals, messages) is the same, up to what `tests.canaries.permitted` lists.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest
import pytest_asyncio

from catch.access import seeing
from catch.api.audit import view as trail
from catch.api.case import door, parts, sharing
from catch.api.meeting import subscription as meeting
from catch.api.meeting import view as sitting
from catch.commands import meetings as at_meetings
from catch.commands import rules
from catch.present import answers, moment
from tests.canaries.holes import POSITION_TOLD, Patch, all_doors, every_recusal, shown, true, with_every_tag
from tests.canaries.pairs import PAIRS
from tests.canaries.permitted import PERMITTED
from tests.canaries.twins import differences
from tests.conftest import Furnished
from tests.place import Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def places(furnished: Furnished, patch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Place, Place]]:
    # An answer that is kept for a second tells how far the log was when it was made, and so does which programmes run.
    patch.setattr(answers, "FRESH", timedelta(0))
    patch.setattr(moment, "FRESH", timedelta(0))
    async with furnished() as one, furnished() as other:
        yield one, other


@pytest.mark.parametrize("name", PAIRS)
async def test_what_is_not_seen_changes_nothing(places: tuple[Place, Place], name: str):
    assert await differences(places, PAIRS[name], f"n{[*PAIRS].index(name)}x") == []


async def test_every_permitted_flow_has_its_reason():
    assert all(len(reason) > 20 for reason in PERMITTED.values())


def false(*_: object) -> bool:
    return False


async def whoever_prepares(held: sitting.Sitting) -> bool:
    return held.prepares


CONTROLS: dict[str, tuple[str, str, Patch]] = {
    "the trail is told whole": ("a note for another", "alma", (trail, "told", shown)),
    "notes are for everybody": ("a note for another", "hana", (parts, "note_shown", true)),
    "the case's last position is told": ("a note for another", "hana", POSITION_TOLD),
    "every coordinator has every tag": ("a restricted note", "cole", (seeing, "_coordinating", with_every_tag)),
    "who is recused is told": ("a recusal of somebody else", "hana", (parts, "recusals", every_recusal)),
    "what others are told is told": ("what another is told", "hana", (sharing, "sees_others", true)),
    "other doors are told": ("another door's referral", "gita", (door, "doors", all_doors)),
    "who asks to speak is told whatever is withheld": (
        "who asks to speak on an item that is withheld",
        "pip",
        (meeting, "told_withheld", shown),
    ),
    "a chair is told what a case lacks that they are kept out of": (
        "that a case may not be heard",
        "carl",
        (at_meetings, "kept_from_sender", false),
    ),
    "whoever names an item is told that its person's processing is restricted": (
        "that somebody has asked for their processing to be restricted",
        "carl",
        (rules, "kept_from_sender", false),
    ),
    "whoever prepares counts what they are kept out of": (
        "what is said of an item that a preparer is kept out of",
        "pru",
        (sitting.Sitting, "counted", whoever_prepares),
    ),
    "a withheld item's facts are told": (
        "what is said of an item that is withheld",
        "pip",
        (meeting, "told_withheld", shown),
    ),
}


@pytest.mark.parametrize("control", CONTROLS)
async def test_what_is_told_all_the_same_is_noticed(
    places: tuple[Place, Place], control: str, monkeypatch: pytest.MonkeyPatch
):
    pair, who, patch = CONTROLS[control]
    monkeypatch.setattr(*patch)
    assert await differences(places, PAIRS[pair], f"m{[*CONTROLS].index(control)}x", (who,))
