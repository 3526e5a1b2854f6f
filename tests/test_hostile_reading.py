"""What could be read out of answers that nobody was meant to put together."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from catch.access import RedactionReason, Sight
from catch.api.case import parts
from catch.api.case.merges import ALONE
from catch.api.case.person import UnfoldingPerson
from catch.api.common.redaction import Redactor
from catch.api.meeting.course import amendments, course
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import Conversation, ConversationFormat
from catch.domain.facts import Actor, Category, Role, Sealed, Tag
from catch.domain.meeting.items import Amendment
from catch.domain.meeting.state import Move
from catch.domain.person import (
    Correction,
    Person,
    PersonDetail,
    PersonRegistered,
    ProtectedAddressSet,
    ProtectionReason,
    RegisterPerson,
)
from catch.personal import UNREAD, Unopened
from projections import case_summary
from tests import agendas
from tests.cases import ACCEPTED, NOW, START, TEXT, folded, uid
from tests.conftest import Furnished
from tests.place import AUDITOR, COORDINATOR, HOUSING, PROGRAMME, REFERRER, Place, ago

TRAIL = "query($s: UUID!) { auditTrail(stream: $s, first: 200) { edges { node { event } } } }"


class Plain:
    def get(self, sealed: Sealed, /) -> str | Unopened:
        return UNREAD if sealed == "unread" else sealed

    def quiet(self) -> "Plain":
        return self


def redactor(*categories: Category, tags: frozenset[Tag] = frozenset()) -> Redactor:
    return Redactor(Sight(frozenset(categories), RedactionReason.ROLE, "housing-1", tags=tags), Plain(), None)


# Of parts that are shown


ADDRESS, PHONE = PersonDetail.ADDRESS, PersonDetail.PHONE


@pytest.mark.parametrize(
    ("protected", "tags", "told"),
    [
        (True, frozenset[Tag](), [[PHONE]]),
        (True, frozenset({Tag.PROTECTED_ADDRESS}), [[ADDRESS], [ADDRESS, PHONE]]),
        (False, frozenset[Tag](), [[ADDRESS], [ADDRESS, PHONE]]),
    ],
)
def test_when_a_protected_address_was_put_right_is_as_protected_as_it(
    protected: bool, tags: frozenset[Tag], told: list[list[PersonDetail]]
):
    corrections = tuple(Correction(START, frozenset(details), TEXT) for details in ({ADDRESS}, {ADDRESS, PHONE}))
    protection = ProtectedAddressSet(protected=protected, reason=ProtectionReason.STALKING)
    held = Person(uid(2), PersonRegistered(uid(2)), contact_corrections=corrections, protection=protection)
    reads = redactor(Category.CONTACT, tags=tags)
    shown = UnfoldingPerson(held, folded(*ACCEPTED), reads, ALONE, NOW, protected=protected)
    assert [each.details for each in shown.contact_corrections] == told
    assert ("person.contactCorrections" in reads.withheld) is (protected and not tags)


@pytest.mark.parametrize("open_to", [(Category.PLAN,), (Category.PLAN, Category.NEEDS)])
def test_what_was_found_to_be_needed_is_told_to_those_who_see_needs(open_to: tuple[Category, ...]):
    held = Conversation(uid(1), START, ConversationFormat.HOME, held=True, needs=("debt",))
    reads = redactor(*open_to)
    closed = Category.NEEDS not in open_to
    assert parts.conversation(held, "conversations", reads).needs == ([] if closed else ["debt"])
    assert ("conversations.needs" in reads.withheld) is closed


def test_a_text_of_a_meeting_that_cannot_be_read_is_missing_by_its_name():
    unread = Sealed("unread")
    meeting = replace(agendas.MEETING, moves=(Move(START, START, START, 60, unread),))
    told = course(meeting, redactor(), prepares=False)
    assert [each.reason for each in told.moves] == [None]
    assert {each.path: each.reason for each in told.redactions}["moves.reason"] is RedactionReason.UNREADABLE
    reads = redactor()
    (amended,) = amendments([Amendment(uid(1), START, "cora", unread)], reads)
    assert (amended.text, reads.withheld) == (None, {"amendments.text": RedactionReason.UNREADABLE})


# Over the API


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as place:
        yield place


async def trail_code(place: Place, stream: UUID, by: Actor) -> str | None:
    answer = await place.answer(TRAIL, by, s=str(stream))
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


@pytest.mark.asyncio(loop_scope="module")
async def test_whoever_is_kept_out_of_a_case_does_not_read_of_it_in_the_persons_trail(house: Place):
    second = Actor("second@audit", "audit", Role.AUDITOR)
    await house.enrol(second)
    made = await house.worked_on("Ada Example")
    await house.take(DeclareRecusal(made.case, second.user, "audit", Sealed("His sister.")))
    await house.settled()
    absent = await trail_code(house, uuid4(), second)
    for stream in (made.case, made.person):
        assert await trail_code(house, stream, AUDITOR) is None
        assert await trail_code(house, stream, second) == absent == "UNKNOWN_CASE"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_of_notes_names_what_is_closed_as_their_case_does(house: Place):
    made = await house.worked_on("Cy Example", "housing-1")
    query = "query($c: UUID!) { notes(caseId: $c) { edges { node { text } } redactions { path reason } } }"
    told = list[object]()
    for _ in range(2):
        await house.settled()
        told.append((await house.ask(query, HOUSING, c=str(made.case)))["notes"])
        await house.take(AddNote(made.case, uuid4(), Category.HEALTH, Sealed("Hidden.")))
    assert told == [{"edges": [], "redactions": [{"path": "notes", "reason": "NO_DISCLOSURE"}]}] * 2
    assert (await house.ask(query, COORDINATOR, c=str(made.case)))["notes"]["redactions"] == []


@pytest.mark.asyncio(loop_scope="module")
async def test_a_reference_finds_ones_own_behind_many_of_others(house: Place, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(case_summary, "MOST", 2)

    async def refer(by: Actor) -> str:
        person, case = uuid4(), uuid4()
        await house.take(RegisterPerson(person, name=Sealed("Di Example")), by)
        submitted = SubmitReferral(
            case, person, PROGRAMME, uuid4(), "police", "phone", ago(days=1), Sealed("Falls."), reference=Sealed("1")
        )
        await house.take(submitted, by)
        return str(case)

    for _ in range(3):
        await refer(COORDINATOR)
    own = [await refer(REFERRER) for _ in range(3)]
    await house.settled()
    query = "query($r: String!) { casesByReference(reference: $r) { id } }"
    found = (await house.ask(query, REFERRER, r="1"))["casesByReference"]
    # The most that are told are counted among what is shown.
    assert {each["id"] for each in found} == {*own[:2]}
