"""What a refusal, its details or a time on one's own fact could tell of what one does not see: it tells nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio

from catch.database import connect
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import SubmitReferral
from catch.domain.facts import Category, Command, Sealed
from catch.domain.meeting.adding import AddItem
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.invitations import SetAvailability
from catch.domain.meeting.listing import AppearanceBasis, Matter, Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import StartMeeting
from catch.domain.person import RegisterPerson
from catch.log.codec import decode
from tests.conftest import Database, Furnished
from tests.damage import lose
from tests.place import CHAIR, HOUSING, PROGRAMME, REFERRER, SERIES, Actor, Place, ago, as_input

NUMBER, ANOTHER = "999 000 0018", "999 000 0107"


@pytest_asyncio.fixture
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as found:
        yield found


async def told(place: Place, command: Command, by: Actor, at: datetime | None = None) -> Any:
    """The whole answer, details and all."""
    kind = type(command).__name__
    name = kind[0].lower() + kind[1:]
    query = f"""mutation($i: {kind}Input!, $c: UUID!, $t: DateTime) {{
        {name}(input: $i, commandId: $c, occurredAt: $t) {{
            ... on Accepted {{ events }} ... on Refused {{ code message details {{ name value }} }} }} }}"""
    answer = await place.ask(query, by, i=as_input(command), c=str(uuid4()), t=at.isoformat() if at else None)
    return answer[name]


async def referred(place: Place, number: str) -> tuple[UUID, Any]:
    """A case of somebody new with this number, sent by a referrer; and what they were answered."""
    person, case = uuid4(), uuid4()
    await place.take(RegisterPerson(person, name=Sealed("Bo Example"), nhs_number=Sealed(number)), REFERRER)
    referral = SubmitReferral(case, person, PROGRAMME, uuid4(), "primary-care", "phone", ago(hours=1), Sealed("Falls."))
    return case, await told(place, referral, REFERRER)


async def test_whoever_is_recused_from_an_item_hears_the_same_whatever_they_guess_of_it(place: Place):
    made, meeting, item = await place.worked_on("Ada Example", "housing-1"), uuid4(), uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, ago(days=-100), CHAIR.user))
    reason = Sealed("Hit by her brother.")
    added = AddItem(meeting, item, Section.URGENT, made.case, basis=AppearanceBasis.SAFEGUARDING, reason=reason)
    await place.take(added)
    await place.take(DeclareRecusal(made.case, CHAIR.user, "snn", Sealed("His sister.")))
    guesses = [
        AddItem(meeting, item, Section.NEW, None, Matter.MINUTES, basis=basis, reason=said)
        for basis in (AppearanceBasis.SAFEGUARDING, AppearanceBasis.VITAL_INTEREST)
        for said in (reason, Sealed("x"))
    ]
    answers = [await told(place, guess, CHAIR) for guess in guesses]
    assert answers == [answers[0]] * len(guesses)
    assert answers[0]["code"] == "RECUSED"


async def test_an_invited_member_does_not_learn_when_something_was_said_of_an_item_that_is_hidden(place: Place):
    hidden, _ = await place.worked_on("Ada Example"), await place.worked_on("Bo Example", "housing-1")
    meeting = await place.published("housing-1")
    until = meeting.starts_at + timedelta(minutes=30)

    async def probed(minutes: int) -> Any:
        asked = SetAvailability(meeting.meeting, "housing-1", meeting.starts_at, until + timedelta(minutes=minutes))
        return await told(place, asked, HOUSING, ago(days=30))

    await place.take(StartMeeting(meeting.meeting), CHAIR)
    answers = [await probed(0)]
    item = next(each for each in meeting.items if each.case == hidden.case).item
    await place.take(OpenItem(meeting.meeting, item, override_reason=Sealed("Read.")), CHAIR)
    answers.append(await probed(1))
    await place.take(RecordUpdate(meeting.meeting, item, update=Sealed("Said.")), CHAIR)
    answers.append(await probed(2))
    assert answers == [answers[0]] * 3


async def test_a_referral_is_not_dated_by_a_hidden_case_under_the_same_number(place: Place):
    made = await place.worked_on("Ada Example", nhs_number=Sealed(NUMBER))
    ahead = datetime.now(UTC) + timedelta(minutes=4)
    await place.take(AddNote(made.case, uuid4(), Category.PLAN, Sealed("x")), at=ahead)
    case, _ = await referred(place, NUMBER)
    (received,) = [decode(each) for each in await place.catch.log.stream(case)]
    assert received.envelope.occurred_at < ahead - timedelta(minutes=3)


async def test_a_hidden_person_who_cannot_be_read_refuses_no_referral_under_their_number(
    place: Place, database: Database
):
    made = await place.worked_on("Ada Example", nhs_number=Sealed(NUMBER))
    await place.referred("Zed Example")
    await place.settled()
    admin = await connect(database.admin)
    await lose(admin, f"originator_id = '{made.person}' and originator_version = 1")
    await admin.close()
    place.catch.present.states.forget([made.person])
    answers = [(await referred(place, number))[1] for number in (NUMBER, ANOTHER)]
    assert answers == [answers[1]] * 2
    assert "events" in answers[0]
