"""The rules of an agenda are asked at every door, again when it is published and when an item is opened; what has
changed since stands on the chair's screen. And nothing put off is lost, on a real database too.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.domain.case.agreement import AgreedBy, RecordAgreement, WithdrawAgreement
from catch.domain.case.closing import CloseCase
from catch.domain.facts import Actor, Command, Sealed
from catch.domain.meeting import Meeting
from catch.domain.meeting.adding import AddItem, AddLateItem
from catch.domain.meeting.deciding import RecordDecision
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.editing import RemoveItem
from catch.domain.meeting.floor import CloseItem, DeferItem, OpenItem
from catch.domain.meeting.instant import Participant, RecordInstantDiscussion
from catch.domain.meeting.items import DecisionCode, DeferReason, Item
from catch.domain.meeting.listing import AppearanceBasis, Section
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting
from catch.domain.meeting.session import EndMeeting, StartMeeting
from catch.domain.refusals import Refused
from catch.programmes import shipped
from tests.conftest import Furnished
from tests.place import CHAIR, COORDINATOR, HOUSING, PROGRAMME, SERIES, Place, ago
from tests.test_agenda_by_hand import Place as Ledger

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT, AGREEMENT = Sealed("Why."), AppearanceBasis.AGREEMENT
DAYS = iter(range(20, 390))
WARNINGS = "query($m: UUID!) { meeting(id: $m) { agenda { warnings { code number caseId missing explanation } } } }"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as found:
        yield found


async def meeting_of(place: Place, *cases: UUID, publish: bool = False) -> UUID:
    """Planned for a day of its own, the later the later it was asked for, with these cases on its agenda."""
    meeting = uuid4()
    starts_at = datetime.now(UTC) + timedelta(days=next(DAYS))
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, starts_at, CHAIR.user))
    for case in cases:
        await place.take(AddItem(meeting, uuid4(), Section.NEW, case))
    if publish:
        await place.take(PublishAgenda(meeting), CHAIR)
    return meeting


async def only_item(place: Place, meeting: UUID) -> Item:
    (item,) = (await place.meeting(meeting)).items
    return item


def closing(case: UUID) -> CloseCase:
    reason = next(each for each in shipped() if each.key == PROGRAMME).closure.reasons[0].code
    return CloseCase(case, reason, ago().date(), TEXT)


def instant(case: UUID) -> RecordInstantDiscussion:
    seats = (Participant(COORDINATOR.user, COORDINATOR.agency), Participant(HOUSING.user, HOUSING.agency))
    now = datetime.now(UTC)
    return RecordInstantDiscussion(
        uuid4(), PROGRAMME, SERIES, uuid4(), case, now - timedelta(minutes=9), now, seats, update=TEXT
    )


async def doors(place: Place, drafting: UUID, out: UUID, case: UUID) -> list[str | None]:
    """What each door answers: the agenda that is being made, the one that is out, a discussion there and then."""
    late = AddLateItem(out, uuid4(), case, TEXT, COORDINATOR.user, AGREEMENT)
    return [
        await place.refused(AddItem(drafting, uuid4(), Section.NEW, case)),
        await place.refused(late, CHAIR),
        await place.refused(instant(case)),
    ]


async def test_no_door_takes_a_case_that_the_rules_would_not_put_on_an_agenda(place: Place):
    other = await place.worked_on("Bo Quillbrook-Example", "housing-1")
    drafting, out = await meeting_of(place), await meeting_of(place, other.case, publish=True)
    assert await doors(place, drafting, out, uuid4()) == ["UNKNOWN_CASE"] * 3
    received = await place.referred("Ada Quillbrook-Example")
    # A chair may add late what was proposed; nobody proposes what is not accepted.
    assert await doors(place, drafting, out, received.case) == ["CANNOT_BE_HEARD", "UNKNOWN_CASE", "CANNOT_BE_HEARD"]
    withdrawn = await place.worked_on("Cy Quillbrook-Example", "housing-1")
    await place.take(WithdrawAgreement(withdrawn.case, AgreedBy.PERSON))
    assert await doors(place, drafting, out, withdrawn.case) == ["CANNOT_BE_HEARD"] * 3
    closed = await place.worked_on("Di Quillbrook-Example", "housing-1")
    await place.take(closing(closed.case))
    assert await doors(place, drafting, out, closed.case) == ["CANNOT_BE_HEARD", "UNKNOWN_CASE", "CANNOT_BE_HEARD"]
    ready = await place.worked_on("Ed Quillbrook-Example", "housing-1")
    assert await doors(place, drafting, out, ready.case) == [None] * 3


async def test_a_basis_is_said_by_hand_with_its_reason_and_never_for_the_person(place: Place):
    case = await place.worked_on("Ada Quillbrook-Example", "housing-1")
    await place.take(WithdrawAgreement(case.case, AgreedBy.PERSON))
    meeting = await meeting_of(place)
    said = AddItem(meeting, uuid4(), Section.URGENT, case.case, basis=AppearanceBasis.SAFEGUARDING)
    answer = await place.sent(AddItem(meeting, uuid4(), Section.NEW, case.case, basis=AGREEMENT, reason=TEXT))
    assert (answer["code"], answer["details"]) == ("CANNOT_BE_HEARD", [{"name": "missing", "value": "basis"}])
    assert await place.refused(said) == "MISSING_TEXT"
    await place.take(AddItem(meeting, said.item, Section.URGENT, case.case, basis=said.basis, reason=TEXT))
    await place.take(PublishAgenda(meeting), CHAIR)
    await place.take(StartMeeting(meeting), CHAIR)
    await place.take(OpenItem(meeting, said.item, override_reason=TEXT), CHAIR)
    assert (await only_item(place, meeting)).basis is AppearanceBasis.SAFEGUARDING


async def warned(place: Place, meeting: UUID, by: Actor) -> list[tuple[str, str, list[str]]]:
    await place.settled()
    agenda: Any = (await place.ask(WARNINGS, by, m=str(meeting)))["meeting"]["agenda"]
    return [(each["code"], each["caseId"], each["missing"]) for each in agenda["warnings"]]


async def test_what_has_changed_since_the_draft_stops_the_publication_until_it_is_settled_or_taken_off(place: Place):
    one, two = [await place.worked_on(f"{name} Quillbrook-Example", "housing-1") for name in ("Ada", "Bo")]
    meeting = await meeting_of(place, one.case, two.case)
    assert await warned(place, meeting, CHAIR) == []
    await place.take(WithdrawAgreement(one.case, AgreedBy.PERSON))
    await place.take(closing(two.case))
    expected = [("CHANGED_SINCE", str(one.case), ["BASIS"]), ("CHANGED_SINCE", str(two.case), ["LIVE_CASE"])]
    assert sorted(await warned(place, meeting, CHAIR)) == sorted(expected)
    assert await place.refused(PublishAgenda(meeting), CHAIR) == "ITEMS_NOT_READY"
    gone = next(each for each in (await place.meeting(meeting)).items if each.case == two.case)
    await place.take(RemoveItem(meeting, gone.item))
    await place.take(RecordAgreement(one.case))
    assert await warned(place, meeting, CHAIR) == []
    await place.take(PublishAgenda(meeting), CHAIR)


async def test_what_has_changed_since_the_publication_is_warned_of_and_not_opened(place: Place):
    case = await place.worked_on("Ada Quillbrook-Example", "housing-1")
    meeting = await meeting_of(place, case.case, publish=True)
    await place.take(StartMeeting(meeting), CHAIR)
    await place.take(WithdrawAgreement(case.case, AgreedBy.PERSON))
    assert await warned(place, meeting, CHAIR) == [("CHANGED_SINCE", str(case.case), ["BASIS"])]
    item = (await only_item(place, meeting)).item
    assert await place.refused(OpenItem(meeting, item, override_reason=TEXT), CHAIR) == "CANNOT_BE_HEARD"
    await place.take(DeferItem(meeting, item, DeferReason.INFORMATION_MISSING), CHAIR)
    assert await warned(place, meeting, CHAIR) == []
    await place.take(EndMeeting(meeting), CHAIR)


async def test_what_is_put_off_after_the_next_agenda_is_out_is_on_its_screen_and_on_the_one_after(place: Place):
    case, other = [await place.worked_on(f"{name} Quillbrook-Example", "housing-1") for name in ("Ada", "Bo")]
    first = await meeting_of(place, case.case, publish=True)
    next_one = await meeting_of(place, other.case, publish=True)
    after = await meeting_of(place)
    await place.take(StartMeeting(first), CHAIR)
    item = (await only_item(place, first)).item
    assert await place.refused(DeferItem(first, item, DeferReason.CHAIR, next_one), CHAIR) == "MEETING_TAKES_NO_MORE"
    await place.take(DeferItem(first, item, DeferReason.CHAIR), CHAIR)
    await place.take(EndMeeting(first), CHAIR)
    assert ("LEFT_OUT", str(case.case), []) in await warned(place, next_one, CHAIR)
    assert await place.ask(WARNINGS, HOUSING, m=str(next_one)) == {"meeting": None}
    await place.take(DraftAgenda(after))
    assert ("LEFT_OUT", str(case.case), []) not in await warned(place, after, CHAIR)
    assert case.case in listed(await place.meeting(after))


# Random sequences by hand


def listed(meeting: Meeting) -> set[UUID | None]:
    draft = meeting.draft
    beside = (*draft.overflow, *draft.warnings) if draft else ()
    return {each.case for each in (*(item for item in meeting.items if item.order), *beside)}


class ByHand:
    """Random commands at the meetings of one series, each accepted or refused, with the ledger of what is owed."""

    def __init__(self, place: Place, dice: Random, cases: list[UUID]) -> None:
        self.place, self.dice, self.cases = place, dice, cases
        self.ledger = Ledger()
        self.meetings: list[UUID] = []

    async def does(self, meeting: UUID, command: Command, by: Actor = CHAIR) -> None:
        before: Meeting | None = await self.place.meeting(meeting)
        try:
            await self.place.take(command, by)
        except Refused:
            return
        self.ledger.now = datetime.now(UTC)
        self.ledger.note(before, await self.place.meeting(meeting))

    async def step(self) -> None:
        dice, meeting, case = self.dice, self.dice.choice(self.meetings), self.dice.choice(self.cases)
        items = (await self.place.meeting(meeting)).items
        item = dice.choice(items).item if items else uuid4()
        to = dice.choice([None, *self.meetings])
        for command, by in dice.choice(
            (
                [(DraftAgenda(meeting), COORDINATOR)],
                [(PublishAgenda(meeting), CHAIR), (StartMeeting(meeting), CHAIR)],
                [(AddItem(meeting, uuid4(), Section.NEW, case), COORDINATOR)],
                [(AddLateItem(meeting, uuid4(), case, TEXT, COORDINATOR.user, AGREEMENT), CHAIR)],
                [(RemoveItem(meeting, item, TEXT), CHAIR)],
                [(DeferItem(meeting, item, DeferReason.CHAIR, to), CHAIR)],
                self.hearing(meeting, item),
                [(CancelMeeting(meeting, TEXT), CHAIR)] if dice.random() < 0.3 else [],
                self.ending(meeting, items),
            )
        ):
            await self.does(meeting, command, by)

    def ending(self, meeting: UUID, items: Sequence[Item]) -> list[tuple[Command, Actor]]:
        waiting = [each.item for each in items if each.unresolved]
        put_off = [DeferItem(meeting, each, DeferReason.RAN_OUT_OF_TIME) for each in waiting]
        return [*((each, CHAIR) for each in put_off), (EndMeeting(meeting), CHAIR)]

    async def over(self) -> None:
        """Whatever is left is ended, or called off."""
        for meeting in self.meetings:
            for command, by in self.ending(meeting, (await self.place.meeting(meeting)).items):
                await self.does(meeting, command, by)
            await self.does(meeting, CancelMeeting(meeting, TEXT))

    def hearing(self, meeting: UUID, item: UUID) -> list[tuple[Command, Actor]]:
        code = self.dice.choice((DecisionCode.DEFER, DecisionCode.CONTINUE))
        decision = RecordDecision(meeting, item, uuid4(), code, not_told_reason=TEXT)
        opening = OpenItem(meeting, item, override_reason=TEXT)
        return [(opening, CHAIR), (decision, CHAIR), (CloseItem(meeting, item), CHAIR)]

    async def lost(self) -> set[UUID]:
        """Cases that are owed, and are nowhere on the agenda that is drafted next."""
        last = await meeting_of(self.place)
        await self.place.take(DraftAgenda(last))
        owed = {case for case, at in self.ledger.owed.items() if at > self.ledger.settled.get(case, ago(days=9))}
        return owed - listed(await self.place.meeting(last))


async def test_random_commands_by_hand_lose_no_case_on_a_real_database(place: Place):
    owed = 0
    for seed in range(4):
        dice = Random(seed)
        cases = [(await place.worked_on(f"P{n} Quillbrook-Example {seed}", "housing-1")).case for n in range(3)]
        played = ByHand(place, dice, cases)
        for _ in range(4):
            played.meetings.append(await meeting_of(place))
        for _ in range(30):
            await played.step()
        await played.over()
        assert await played.lost() == set(), seed
        owed += len(played.ledger.owed)
    assert owed > 6


async def test_as_many_drafts_at_once_as_there_are_connections_do_not_wait_for_each_other(place: Place):
    """Whoever holds a connection and asks for a second one waits for ever where all others do the same."""
    meeting, many = await meeting_of(place), 3 * place.catch.settings.pool
    await place.settled()
    # A lock that would last for ever is to end the test, not to hold up the suite.
    async with asyncio.timeout(25):
        found = await asyncio.gather(*(place.catch.records.agenda_facts(meeting) for _ in range(many)))
    assert len({facts.as_of for facts in found}) == 1
