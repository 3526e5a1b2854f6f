"""What subscribers of a class are handed is, byte for byte, what each of them alone would have been answered.

Grants, recusals, objections, expiries, suspensions and restricted notes come as chance has them, on real facts and a
real database. A class that forgets an ingredient, and a source that forgets an event, are caught.
"""

import asyncio
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, cast
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.access import Who
from catch.api.case.subscription import CaseSource
from catch.api.common.subscription import NOBODY, Fact, Shared
from catch.api.meeting.subscription import MeetingSource
from catch.domain.calendar import london_day
from catch.domain.case.agreement import ObjectionRecorded
from catch.domain.case.disclosure import AuthoriseDisclosure, DisclosureEnded, EndDisclosure
from catch.domain.case.recusal import RecusalDeclared
from catch.domain.facts import Category, Role, Sealed
from catch.domain.meeting.attendance import ConfidentialityAccepted, InterestDeclared
from catch.domain.partner import EndRole, GiveRole, MemberSuspended, RoleEnded
from catch.identity.tokens import Viewer
from catch.live.source import Ended
from tests.classes import ELSEWHERE, KINDS, QUERIES, WHAT, Sitting, Step, viewer_of
from tests.conftest import Furnished
from tests.place import BASIS, COORDINATOR, MOST, POLICE, PROGRAMME, SERIES, SYSTEM, Place


class Ground:
    """A place that outlives the examples."""

    def __init__(self, runner: asyncio.Runner, place: Place) -> None:
        self.changed = self.opened = 0
        """How often a step of the last example changed what somebody's inbox shows, or what of a case is closed."""
        self.runner = runner
        self.place = place

    def play(self, steps: Sequence[Step], **instead: type[Shared]) -> int:
        sitting = Sitting(self.place, {**KINDS, **instead})
        try:
            return self.runner.run(sitting.play(steps))
        finally:
            self.changed, self.opened = sitting.changed, sitting.opened


@pytest.fixture(scope="module")
def ground(furnished: Furnished) -> Iterator[Ground]:
    with asyncio.Runner() as runner:
        opening = furnished()
        yield Ground(runner, runner.run(opening.__aenter__()))
        runner.run(opening.__aexit__(None, None, None))


ENDING = (
    *(("disclose", 0, 2), ("disclose", 1, 4), ("end disclosure", 1, 0), ("disclose", 1, 0), ("object", 1, 3)),
    *(("recuse", 0, 0), ("resolve", 0, 0), ("recuse", 1, 2), ("end involvement", 1, 1), ("involve", 1, 1)),
    *(
        ("accept", 0, 1),
        ("hand over", 0, 0),
        ("hand over", 0, 1),
        ("invite", 0, 1),
        ("withdraw", 1, 2),
        ("take off", 0, 0),
    ),
    *(("end role", 0, 2), ("suspend", 0, 0), ("reinstate", 0, 0), ("terminate", 0, 1)),
)
"""Whatever gives somebody more or less of what they look at, though it is about something else."""


# Before all others: each example meets later than the one before, and what is weeks ahead shows its chair nothing yet.
def test_whoever_is_shown_more_or_less_is_told_so_at_once(ground: Ground):
    ground.play([Step(*each) for each in ENDING])
    assert ground.opened > 12


class SaysNothingOfRights(MeetingSource):
    async def view(self, topic: Hashable, viewer_class: Hashable) -> Hashable:
        return None


class SaysWhateverHappens(CaseSource):
    async def view(self, topic: Hashable, viewer_class: Hashable) -> Hashable:
        return object()


@pytest.mark.parametrize("instead", [{"meeting": SaysNothingOfRights}, {"caseUpdates": SaysWhateverHappens}])
def test_control_a_source_that_tells_nobody_or_everybody_is_caught(ground: Ground, instead: dict[str, type[Shared]]):
    with pytest.raises(AssertionError, match=r"they were not told|to whom it is none"):
        ground.play([Step(*each) for each in ENDING], **instead)


NARROW = frozenset({Category.IDENTITY, Category.NEEDS})


async def lapsing(sitting: Sitting) -> None:
    """Until tomorrow more is disclosed to the police, and somebody elsewhere prepares the meeting."""
    case = sitting.cases[1]
    today = london_day(datetime.now(UTC))
    tomorrow = today + timedelta(days=1)
    held = sitting.catch.present.states.at_hand(case)
    assert held is not None
    before = [each for each in held.state.disclosures if each.agency == POLICE.agency and each.ended_at is None]
    for told, until in ((NARROW, None), (MOST, tomorrow)):
        wanted = AuthoriseDisclosure(case, uuid4(), POLICE.agency, told, BASIS, Sealed("Needed."), until)
        await sitting.place.take(wanted)
    for each in before:
        await sitting.place.take(EndDisclosure(case, each.disclosure))
    prepares = GiveRole(ELSEWHERE.agency, ELSEWHERE.user, Role.PREPARER, today, tomorrow, PROGRAMME, SERIES)
    await sitting.place.take(prepares, SYSTEM)


def test_what_lapses_by_the_clock_is_told_without_anything_recorded(ground: Ground):
    async def told() -> dict[str, set[str]]:
        sitting = Sitting(ground.place, KINDS)
        await sitting.begin()
        try:
            await lapsing(sitting)
            await ground.place.settled()
            await sitting.quiet()
            before = {each: len(each.words) for each in sitting.followers}
            sitting.clock.days = 2
            sitting.feed.reconsider()
            await sitting.quiet()
            found = [each for each in sitting.followers if len(each.words) > before[each]]
            return {field: {each.actor.user for each in found if each.field == field} for field in QUERIES}
        finally:
            # The place outlives this, and others meet there whom nobody elsewhere prepares.
            given = EndRole(ELSEWHERE.agency, ELSEWHERE.user, Role.PREPARER, PROGRAMME, SERIES)
            await sitting.place.take(given, SYSTEM)
            await sitting.end()

    assert ground.runner.run(told()) == {"caseUpdates": {POLICE.user}, "meeting": {POLICE.user, ELSEWHERE.user}}


STEPS = st.lists(st.builds(Step, st.sampled_from(WHAT), st.integers(0, 7), st.integers(0, 59)), min_size=4, max_size=14)


@settings(
    max_examples=12, deadline=None, suppress_health_check=(HealthCheck.too_slow, HealthCheck.function_scoped_fixture)
)
@given(steps=STEPS)
def test_each_viewer_is_handed_what_they_alone_would_be_answered(ground: Ground, steps: list[Step]):
    ground.play(steps)


ORDINARY = ("note", "offer", "say", "disclose", "object")
EVERYTHING = [Step(what, a, b) for a, b in ((0, 0), (1, 1), (0, 2)) for what in ORDINARY]


def test_control_something_is_compared(ground: Ground):
    assert ground.play(EVERYTHING) > 50


def test_whoever_is_shown_another_inbox_is_told(ground: Ground):
    """What opens or closes what waits, and what moves an invitation, though it is about neither."""
    steps = [
        *(("offer", 0, 0), ("offer", 1, 1), ("end involvement", 0, 0), ("involve", 0, 0), ("end disclosure", 0, 0)),
        *(("disclose", 0, 0), ("recuse", 0, 0), ("resolve", 0, 0), ("object", 1, 1), ("hand over", 0, 0)),
        *(
            ("plan", 0, 0),
            ("plan", 1, 1),
            ("move it", 0, 7),
            ("move it", 0, 9),
            ("call off", 0, 0),
            ("terminate", 0, 1),
        ),
    ]
    ground.play([Step(*each) for each in steps])
    assert ground.changed > 12


def test_what_another_meeting_gives_of_the_same_case_is_shown_at_this_one_too(ground: Ground):
    """Whose part has ended has it again by a later agenda, which binds some of their agency and not others."""
    steps = [("accept", 0, 1), ("end involvement", 0, 0), ("meet again", 0, 4), ("say", 0, 0)]
    assert ground.play([Step(*each) for each in steps]) > 0


class Counts(CaseSource):
    """How often somebody's rights in a case were looked up."""

    looks: ClassVar[list[tuple[Viewer, Hashable]]] = []

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        Counts.looks.append((viewer, topic))
        return await super().classify(viewer, topic)


def looks(ground: Ground, *steps: Step) -> int:
    Counts.looks.clear()
    ground.play(steps, caseUpdates=Counts)
    return len(Counts.looks)


def test_only_what_changes_rights_makes_anybody_look_at_them_again(ground: Ground):
    usual = looks(ground)  # give or take who looked again because the place was still being made
    ordinary = [Step("note"), Step("offer"), Step("say"), Step("note", 1)] * 10
    assert looks(ground, *ordinary) < usual + len(ordinary)
    followers = len(set(Counts.looks))
    objections = [Step("object", 1, who) for who in range(4)]
    # To one of two cases: who follows the other need not look.
    assert usual + len(objections) < looks(ground, *objections) < usual + len(objections) * followers


class ForgetsRecusal(MeetingSource):
    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        found = await super().classify(viewer, topic)
        if isinstance(found, Ended):
            return found
        bound = frozenset({cast("UUID", topic)} if await self._accepted(viewer.user, topic) else ())
        return replace(cast("Who", found), user=NOBODY, bound=bound)

    async def _accepted(self, user: str, topic: Hashable) -> bool:
        meeting = await self._meeting(topic)
        return meeting is not None and meeting.accepted_by(user)


class ForgetsTheAgency(MeetingSource):
    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        found = await super().classify(viewer, topic)
        if isinstance(found, Ended) or viewer.role is not Role.PARTNER:
            return found
        return replace(cast("Who", found), agency="housing-1")


class ForgetsConfidentiality(MeetingSource):
    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        found = await super().classify(viewer, topic)
        return (
            found if isinstance(found, Ended) else replace(cast("Who", found), bound=frozenset({cast("UUID", topic)}))
        )


class ForgetsWhoAsks(CaseSource):
    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        found = await super().classify(viewer, topic)
        return found if isinstance(found, Ended) else await super().classify(viewer_of(COORDINATOR), topic)


class ForgetsWhatIsSeen(CaseSource):
    """Whatever was first found goes for everybody of the agency, for ever."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._first: dict[Hashable, Hashable] = {}

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        found: Any = await super().classify(viewer, topic)
        return self._first.setdefault((viewer.agency, topic), found)


INGREDIENTS: Sequence[tuple[Mapping[str, type[Shared]], list[Step]]] = (
    ({"meeting": ForgetsRecusal}, [Step("recuse", 0, 0), Step("say", 0)]),
    ({"meeting": ForgetsTheAgency}, [Step("say", 0)]),
    ({"meeting": ForgetsConfidentiality}, [Step("say", 0)]),
    ({"caseUpdates": ForgetsWhoAsks}, [Step("note", 1, 1)]),
    ({"caseUpdates": ForgetsWhatIsSeen}, [Step("disclose", 1, 3), Step("note", 1, 2)]),
)


@pytest.mark.parametrize(("instead", "steps"), INGREDIENTS, ids=lambda each: str(each)[:60])
def test_control_a_class_that_forgets_an_ingredient_is_caught(
    ground: Ground, instead: Mapping[str, type[Shared]], steps: list[Step]
):
    ground.play(steps)
    with pytest.raises(AssertionError):
        ground.play(steps, **instead)


def deaf_to(source: type[Shared], *kinds: type) -> type[Shared]:
    class Deaf(source):  # pyright: ignore[reportGeneralTypeIssues, reportUntypedBaseClass]
        def rights(self, event: Fact, followed: Collection[Hashable]) -> Collection[Hashable]:
            return [] if isinstance(event.event, kinds) else super().rights(event, followed)  # type: ignore[misc]

    return Deaf


DEAF: Sequence[tuple[str, type[Shared], list[Step]]] = (
    ("meeting", deaf_to(MeetingSource, InterestDeclared, RecusalDeclared), [Step("recuse", 0, 0)]),
    ("meeting", deaf_to(MeetingSource, MemberSuspended), [Step("suspend", 0, 0)]),
    ("meeting", deaf_to(MeetingSource, RoleEnded), [Step("end role", 0, 0)]),
    ("meeting", deaf_to(MeetingSource, ConfidentialityAccepted), [Step("accept", 0, 1)]),
    ("caseUpdates", deaf_to(CaseSource, InterestDeclared, RecusalDeclared), [Step("recuse", 0, 0)]),
    ("caseUpdates", deaf_to(CaseSource, ObjectionRecorded), [Step("object", 1, 3)]),
    ("caseUpdates", deaf_to(CaseSource, DisclosureEnded), [Step("end disclosure", 1, 0)]),
)


@pytest.mark.parametrize(("field", "deaf", "steps"), DEAF)
def test_control_a_source_that_overlooks_an_event_is_caught(
    ground: Ground, field: str, deaf: type[Shared], steps: list[Step]
):
    ground.play(steps)
    with pytest.raises(AssertionError):
        ground.play(steps, **{field: deaf})
