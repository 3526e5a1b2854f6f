"""A short meeting, played on real sockets: everybody gets what they may see, in order, at once, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from catch.domain import streams
from catch.domain.calendar import london_day
from catch.domain.case.actions import ActionAnswer, ChangeActionDue, OfferAction, RespondToAction
from catch.domain.case.agreement import RecordObjection
from catch.domain.case.disclosure import EndDisclosure, EndInvolvement
from catch.domain.case.notes import AddNote
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Category, Command, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, DeclareInterest, JoinMeeting, ResolveInterest
from catch.domain.meeting.deciding import LinkAction, RecordDecision, RecordUpdate
from catch.domain.meeting.floor import CloseItem, OpenItem
from catch.domain.meeting.items import DecisionCode, ToTell
from catch.domain.meeting.session import ConfirmMinutes, EndMeeting, StartMeeting
from catch.domain.meeting.state import Meeting
from catch.domain.partner import TerminateAgreement
from catch.domain.person import ContactChannel, CorrectIdentity, SetContactPreference
from projections import agency_inbox
from tests.conftest import Database
from tests.place import ADMINISTRATOR, AUDITOR, CHAIR, COORDINATOR, HOUSING, POLICE, Case, Client, Place, placed

WHOLE = """
subscription($meeting: UUID!, $after: Position) {
  meeting(id: $meeting, after: $after) {
    __typename
    ... on MeetingUpdate {
      position event by { user }
      item { id number state case { number person { name } } discussion { situation } redactions { path reason } }
      meeting {
        state currentItem
        agenda { items {
          id number explanation presenter reasons { text }
          case { number person { name } referral { reason } conversations { whatMatters } redactions { path reason } }
          discussion { situation nextSteps } decisions { text } actions { title } redactions { path reason }
        } }
        minutes { entries { number discussion { situation } decisions { text } } redactions { path reason } }
      }
    }
    ... on Hidden { position }
    ... on AccessEnded { position reason }
    ... on ResyncRequired { position reason }
  }
}
"""
CASE = """
subscription($case: UUID!, $after: Position) {
  caseUpdates(caseId: $case, after: $after) {
    __typename
    ... on CaseUpdate {
      position event
      case {
        number person { name } notes { text } referral { reason needs } actions { title } redactions { path reason }
      }
    }
    ... on Hidden { position }
    ... on AccessEnded { position reason }
    ... on ResyncRequired { position reason }
  }
}
"""
INBOX = """
subscription($after: Position) {
  agencyInbox(after: $after) {
    __typename
    ... on InboxUpdate { position event entryId entry { title state caseNumber redactions { path reason } } }
    ... on Hidden { position }
    ... on AccessEnded { position reason }
    ... on ResyncRequired { position reason }
  }
}
"""


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


class Evening:
    """A meeting over two cases: the first is known to housing alone, the second to housing and the police."""

    def __init__(self, place: Place, meeting: Meeting, first: Case, second: Case) -> None:
        self.place = place
        self.meeting = meeting.meeting
        self.first, self.second = first, second
        by_case = {item.case: item.item for item in meeting.items}
        self.items = {case.case: by_case[case.case] for case in (first, second)}
        self.numbers = {item.case: item.number or "" for item in meeting.items if item.case}

    @classmethod
    async def begins(cls, place: Place) -> "Evening":
        first = await place.worked_on("Ada Quillbrook", "housing-1")
        second = await place.worked_on("Basil Thistlewane", "housing-1", "police-1")
        return cls(place, await place.published("snn", "housing-1", "police-1"), first, second)

    async def gathered(self) -> None:
        await self.place.take(StartMeeting(self.meeting), CHAIR)
        for who in (COORDINATOR, HOUSING, POLICE):
            await self.place.take(JoinMeeting(self.meeting, who.user, who.agency), who)
            await self.place.take(AcceptConfidentiality(self.meeting, who.user), who)

    def heard(self, case: Case, owner: str | None = "housing-1") -> list[Command]:
        """Everything that is said, decided and offered to the owner over one item."""
        meeting, item = self.meeting, self.items[case.case]
        tomorrow = london_day(datetime.now(UTC)) + timedelta(days=1)
        decision = uuid4()
        said, steps = Sealed(f"Situation of {case.name}"), Sealed(f"Steps for {case.name}")
        tell, agreed = ToTell(COORDINATOR.user, tomorrow), Sealed(f"Decided for {case.name}")
        commands: list[Command] = [
            OpenItem(meeting, item, known_by=COORDINATOR.user),
            RecordUpdate(meeting, item, said, next_steps=steps),
            RecordDecision(meeting, item, decision, DecisionCode.ACCEPT_TO_SUPPORT, agreed, to_tell_person=tell),
        ]
        if owner:
            visit = Sealed(f"Visit {case.name}")
            commands.append(OfferActionInMeeting(meeting, item, uuid4(), visit, owner, tomorrow))
        return [*commands, CloseItem(meeting, item)]

    async def play(self, case: Case, owner: str | None = "housing-1") -> int:
        return [(await self.place.take(command)).position for command in self.heard(case, owner)][-1]

    def secrets(self, case: Case) -> list[str]:
        said = (f"Situation of {case.name}", f"Steps for {case.name}", f"Decided for {case.name}", f"Visit {case.name}")
        return [*case.secrets, *said, self.numbers[case.case]]


def kinds(messages: list[Any]) -> list[str]:
    return [message.get("event", message["__typename"]) for message in messages]


def shown(message: Any, item: UUID) -> Any:
    return next(each for each in message["meeting"]["agenda"]["items"] if each["id"] == str(item))


async def test_a_partner_who_is_not_involved_receives_nothing_of_a_case(place: Place):
    evening = await Evening.begins(place)
    await evening.gathered()
    start = await place.settled()
    async with place.live(HOUSING) as housing, place.live(POLICE) as police:
        for client in (housing, police):
            await client.subscribe("m", WHOLE, meeting=str(evening.meeting))
            present = await client.next("m")
            assert (present["event"], int(present["position"])) == ("Present", start)
        await evening.play(evening.first)
        end = await evening.play(evening.second)
        await place.take(EndMeeting(evening.meeting), CHAIR)
        end = (await place.take(ConfirmMinutes(evening.meeting), CHAIR)).position
        told, kept = await housing.until("m", end), await police.until("m", end)
        assert "Hidden" not in kinds(told)
        # That the item was opened and closed is seen on the agenda; neither that nor how often anything was said.
        assert kinds(kept)[:2] == ["Hidden"] * 2
        assert "Hidden" not in kinds(kept)[2:]
        assert [m["position"] for m in told if m["event"] in ("ItemOpened", "ItemClosed")][:2] == [
            m["position"] for m in kept[:2]
        ]
        assert housing.knows(*evening.secrets(evening.first)) == evening.secrets(evening.first)
        assert police.knows(*evening.secrets(evening.second)) == evening.secrets(evening.second)
        assert police.knows(*evening.secrets(evening.first)) == []
        # Nor by asking, then or now.
        for as_at in (None, {"position": str(end)}, {"recordedAt": datetime.now(UTC).isoformat()}):
            query = WHOLE[WHOLE.index("meeting {") : WHOLE.index("... on Hidden")].rstrip().removesuffix("}")
            body = await place.answer(
                "query($m: UUID!, $t: AsAt) { meeting(id: $m, asAt: $t) " + query.removeprefix("meeting ") + "}",
                POLICE, m=str(evening.meeting), t=as_at,
            )  # fmt: skip
            text = str(body)
            assert evening.second.name in text, body
            assert [secret for secret in evening.secrets(evening.first) if secret in text] == []


async def test_a_member_with_an_interest_is_cut_off_from_the_item_at_once(place: Place):
    evening = await Evening.begins(place)
    await evening.gathered()
    await place.settled()
    case, item = evening.first, evening.items[evening.first.case]
    colleague = Actor("other@housing-1", "housing-1", Role.PARTNER)
    await place.enrol(colleague)
    await place.take(AcceptConfidentiality(evening.meeting, colleague.user), colleague)
    await place.settled()
    async with place.live(HOUSING) as recused, place.live(colleague) as other, place.live(HOUSING) as follower:
        for client in (recused, other):
            await client.subscribe("m", WHOLE, meeting=str(evening.meeting))
            assert shown(await client.next("m"), item)["case"]["person"]["name"] == case.name
        await follower.subscribe("c", CASE, case=str(case.case))
        assert (await follower.next("c"))["case"]["person"]["name"] == case.name
        before = len(recused.received)
        interest = DeclareInterest(evening.meeting, item, HOUSING.user, HOUSING.agency)
        declared = (await place.take(interest, HOUSING)).position
        end = await evening.play(case)
        # Their own interest, and that the item was opened and closed; the rest of it is not even counted.
        messages, others = [await recused.next("m") for _ in range(3)], await other.until("m", end)
        await recused.silent()

        assert messages[0]["event"] == "InterestDeclared"
        assert int(messages[0]["position"]) == declared
        assert messages[0]["item"]["case"] is None
        assert {"path": "case", "reason": "RECUSED"} in messages[0]["item"]["redactions"]
        assert kinds(messages[1:]) == ["Hidden"] * 2
        recused.received = recused.received[before:]
        assert recused.knows(*evening.secrets(case)) == []
        assert "Hidden" not in kinds(others)
        assert other.knows(*evening.secrets(case)) == evening.secrets(case)
        # The case itself is closed to them too, and so is what their agency is asked to do in it.
        ended = await follower.next("c")
        assert ended["__typename"] == "AccessEnded"
        assert int(ended["position"]) <= declared
        assert (await follower.receive())["type"] == "complete"
        queried = "query($c: UUID!) { case(id: $c) { person { name } redactions { path reason } } }"
        assert (await place.ask(queried, HOUSING, c=str(case.case)))["case"] is None
        assert case.name not in str(await place.ask("{ agencyInbox { edges { node { title caseNumber } } } }", HOUSING))
        # Once it is resolved, the item is theirs again.
        resolved = ResolveInterest(evening.meeting, item, HOUSING.user, Sealed("A namesake."))
        again = (await place.take(resolved, CHAIR)).position
        messages = await recused.until("m", again)
        assert shown(messages[-1], item)["case"]["person"]["name"] == case.name


async def test_history_does_not_show_an_item_to_somebody_who_has_an_interest_now(place: Place):
    evening = await Evening.begins(place)
    await evening.gathered()
    before = await place.settled()
    item = evening.items[evening.first.case]
    await place.take(DeclareInterest(evening.meeting, item, HOUSING.user, HOUSING.agency), HOUSING)
    await place.settled()
    query = """query($m: UUID!, $t: AsAt) { meeting(id: $m, asAt: $t) {
        version agenda { items { id number case { person { name } } redactions { reason } } } } }"""
    body = await place.ask(query, HOUSING, m=str(evening.meeting), t={"position": str(before)})
    items = {each["id"]: each for each in body["meeting"]["agenda"]["items"]}
    assert items[str(item)]["number"] is None
    assert {each["reason"] for each in items[str(item)]["redactions"]} == {"RECUSED"}
    assert evening.first.name not in str(body)
    assert evening.second.name in str(body)


async def test_a_client_that_comes_back_gets_each_later_event_once_and_in_order(place: Place):
    evening = await Evening.begins(place)
    await evening.gathered()
    start = await place.settled()
    commands = [*evening.heard(evening.first), *evening.heard(evening.second)]
    dice = Random(7)
    positions: list[int] = []
    playing = asyncio.create_task(played(place, commands, dice))
    last, after = None, start
    while last is None or after < last:
        async with place.live(HOUSING) as housing:
            await housing.subscribe("m", WHOLE, meeting=str(evening.meeting), after=str(after))
            for _ in range(dice.randint(1, 4)):
                if last is not None and after >= last:
                    break
                message = await housing.next("m")
                assert message["__typename"] == "MeetingUpdate"
                after = int(message["position"])
                positions.append(after)
        if playing.done():
            last = playing.result()
    rows = await place.catch.log.page(start, 1000)
    assert positions == [row.position for row in rows]


async def played(place: Place, commands: list[Command], dice: Random) -> int:
    position = 0
    for command in commands:
        await asyncio.sleep(dice.uniform(0, 0.02))
        position = (await place.take(command)).position
    return position


async def test_a_terminated_agreement_ends_every_subscription_before_the_next_event(place: Place):
    evening = await Evening.begins(place)
    await evening.gathered()
    start = await place.settled()
    async with place.live(HOUSING) as housing:
        await housing.subscribe("m", WHOLE, meeting=str(evening.meeting))
        assert (await housing.next("m"))["event"] == "Present"
        await housing.subscribe("c", CASE, case=str(evening.first.case))
        assert (await housing.next("c"))["event"] == "Present"
        known = len(housing.received)
        await place.take(TerminateAgreement("housing-1", "isa-housing-1", Sealed("Not renewed.")), ADMINISTRATOR)
        await evening.play(evening.first, owner=None)
        ends: dict[str, list[str]] = {"m": [], "c": []}
        while not all(said[-1:] == ["complete"] for said in ends.values()):
            message = await housing.receive()
            said = message["payload"]["data"] if message["type"] == "next" else None
            ends[message["id"]].append(next(iter(said.values()))["__typename"] if said else message["type"])
        assert ends == {"m": ["AccessEnded", "complete"], "c": ["AccessEnded", "complete"]}
        await housing.silent()
        housing.received = housing.received[known:]
        assert housing.knows(*evening.secrets(evening.first)) == []
        await housing.subscribe("again", WHOLE, meeting=str(evening.meeting), after=str(start))
        refused = await housing.receive()
        assert refused["type"] == "error"
        assert refused["payload"][0]["extensions"]["code"] == "UNKNOWN_MEETING"


@pytest.mark.parametrize("how", ["involvement", "disclosure"])
async def test_following_a_case_ends_with_the_part_in_it(place: Place, how: str):
    case = await place.worked_on("Cora Ombersnook")
    disclosure = await place.share(case.case, "housing-1")
    start = await place.settled()
    async with place.live(HOUSING) as housing, place.live(COORDINATOR) as coordinator:
        await housing.subscribe("c", CASE, case=str(case.case))
        await coordinator.subscribe("c", CASE, case=str(case.case), after="0")
        assert (await housing.next("c"))["case"]["person"]["name"] == case.name
        told = await coordinator.until("c", start)
        assert kinds(told)[0] == "ReferralReceived"
        assert all(each["case"]["person"]["name"] == case.name for each in told)
        gone = EndInvolvement(case.case, "housing-1") if how == "involvement" else EndDisclosure(case.case, disclosure)
        ended_at = (await place.take(gone)).position
        note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("Said when housing had gone."))
        last = (await place.take(note)).position
        ended = await housing.next("c")
        assert (ended["__typename"], int(ended["position"])) == ("AccessEnded", ended_at)
        assert (await housing.receive())["type"] == "complete"
        assert (await coordinator.until("c", last))[-1]["case"]["notes"][-1]["text"] == "Said when housing had gone."
        await housing.silent()
        assert housing.knows("Said when housing had gone.") == []


async def test_whoever_has_a_case_open_is_shown_its_person_as_they_are_now(place: Place):
    case = await place.worked_on("Dilys Farrowmist")
    await place.share(case.case, "housing-1", frozenset({Category.IDENTITY, Category.NEEDS}))
    await place.settled()
    async with place.live(HOUSING) as housing, place.live(COORDINATOR) as coordinator:
        for client in (housing, coordinator):
            await client.subscribe("c", CASE, case=str(case.case))
            await client.next("c")
        # Of what they are not shown nothing comes: what comes next to the partner is what is told after it.
        await place.take(
            SetContactPreference(case.person, (ContactChannel.LETTER,), never=Sealed("Never ring, he answers."))
        )
        assert (await coordinator.next("c"))["event"] == "Present"
        await place.take(CorrectIdentity(case.person, Sealed("Misheard."), name=Sealed("Dilys Harrowmist")))
        for client in (housing, coordinator):
            shown = await client.next("c")
            assert (shown["event"], shown["case"]["person"]["name"]) == ("Present", "Dilys Harrowmist")


async def test_an_objection_narrows_what_is_followed(place: Place):
    case = await place.worked_on("Dilys Farrowmist")
    await place.share(case.case, "housing-1", frozenset({Category.IDENTITY, Category.NEEDS, Category.DISCUSSION}))
    await place.settled()
    async with place.live(HOUSING) as housing:
        await housing.subscribe("c", CASE, case=str(case.case))
        first = await housing.next("c")
        assert first["case"]["referral"]["reason"] == case.reason
        objection = RecordObjection(case.case, uuid4(), frozenset({Category.NEEDS}), frozenset({"housing-1"}))
        await place.take(objection)
        # They are not told of it: they are handed the case as it is to them now.
        narrowed = await housing.next("c")
        assert (narrowed["event"], narrowed["case"]["referral"]["reason"]) == ("Present", None)
        note = AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("Still to be told."))
        last = (await place.take(note)).position
        [update] = await housing.until("c", last)
        assert update["case"]["referral"] == {"reason": None, "needs": None}
        assert {"path": "referral.reason", "reason": "NO_DISCLOSURE"} in update["case"]["redactions"]
        assert update["case"]["person"]["name"] == case.name
        assert update["case"]["notes"][-1]["text"] == "Still to be told."


async def test_a_closed_disclosure_closes_the_item_on_the_shared_agenda(place: Place):
    evening = await Evening.begins(place)
    await evening.gathered()
    disclosure = (await place.catch.present.states.get(streams.CASE, evening.first.case)).state.disclosures[0]
    await place.settled()
    async with place.live(HOUSING) as housing:
        await housing.subscribe("m", WHOLE, meeting=str(evening.meeting))
        item = evening.items[evening.first.case]
        assert shown(await housing.next("m"), item)["number"]
        await place.take(EndDisclosure(evening.first.case, disclosure.disclosure))
        narrowed = await housing.next("m")
        assert (narrowed["event"], shown(narrowed, item)["number"]) == ("Present", None)
        await evening.play(evening.first, owner=None)
        end = await evening.play(evening.second)
        messages = await housing.until("m", end)
        assert kinds(messages)[:3] == ["Hidden", "Hidden", "ItemOpened"]
        assert shown(messages[-1], item)["number"] is None
        assert {"path": "number", "reason": "NO_DISCLOSURE"} in shown(messages[-1], item)["redactions"]


async def test_an_inbox_is_followed_and_replayed(place: Place):
    case = await place.worked_on("Edmund Pennywhistle", "housing-1", "police-1")
    start = await place.settled()
    due = london_day(datetime.now(UTC)) + timedelta(days=7)
    visit = uuid4()
    async with place.live(HOUSING) as housing, place.live(POLICE) as police:
        await housing.subscribe("i", INBOX)
        await police.subscribe("i", INBOX, after=str(start))
        assert (await housing.next("i"))["event"] == "Present"
        await place.take(OfferAction(case.case, visit, Sealed("Mend the cooker"), "housing-1", due))
        offered = await housing.next("i")
        assert (offered["event"], offered["entry"]["title"]) == ("ActionOffered", "Mend the cooker")
        assert offered["entry"]["state"] == "OFFERED"
        no = RespondToAction(case.case, visit, ActionAnswer.DECLINE, Sealed("No fitter"))
        await place.take(no, HOUSING)
        assert (await housing.next("i"))["event"] == "ActionDeclined"
        moved = (await place.take(RespondToAction(case.case, visit, ActionAnswer.REASSIGN, to="police-1"))).position
        gone = await housing.next("i")
        entry = str(agency_inbox.action_entry(case.case, visit))
        assert (gone["event"], gone["entryId"], gone["entry"]) == ("ActionReassigned", entry, None)
        last = (await place.take(RespondToAction(case.case, visit, ActionAnswer.ACCEPT), POLICE)).position
        reached = await police.until("i", last)
        assert kinds(reached) == ["ActionReassigned", "ActionAccepted"]
        assert reached[-1]["entry"]["title"] == "Mend the cooker"
        await housing.silent()
    async with place.live(HOUSING) as late, place.live(POLICE) as later:
        await late.subscribe("i", INBOX, after=str(start))
        assert kinds(await late.until("i", moved)) == ["ActionOffered", "ActionDeclined", "ActionReassigned"]
        await later.subscribe("i", INBOX, after=str(moved))
        assert kinds(await later.until("i", last)) == ["ActionAccepted"]


async def test_an_inbox_says_nothing_more_of_a_case_that_was_left(place: Place):
    case = await place.worked_on("Fern Dapplemere", "housing-1")
    due = london_day(datetime.now(UTC)) + timedelta(days=7)
    visit = uuid4()
    await place.take(OfferAction(case.case, visit, Sealed("Mend the stairs"), "housing-1", due))
    await place.take(EndInvolvement(case.case, "housing-1"))
    await place.settled()
    assert (await place.ask("{ agencyInbox { edges { node { id } } } }", HOUSING))["agencyInbox"]["edges"] == []
    moved = ChangeActionDue(case.case, visit, due + timedelta(days=7), Sealed("No fitter"))
    async with place.live(HOUSING) as client:
        await client.subscribe("i", INBOX)
        assert (await client.next("i"))["event"] == "Present"
        await place.take(moved)
        await client.silent()


async def test_who_may_not_follow_is_told_so(place: Place):
    evening = await Evening.begins(place)
    await place.settled()
    stranger = Actor("member@fire-1", "fire-1", Role.PARTNER)
    async with place.live(stranger) as nobody:
        await nobody.subscribe("m", WHOLE, meeting=str(evening.meeting))
        assert (await nobody.receive())["payload"][0]["extensions"]["code"] == "NOT_ENROLLED"
    await place.enrol(stranger, "bexley-icm")
    async with place.live(stranger) as client:
        await client.subscribe("m", WHOLE, meeting=str(evening.meeting))
        assert (await client.receive())["payload"][0]["extensions"]["code"] == "UNKNOWN_MEETING"
        await client.subscribe("c", CASE, case=str(evening.first.case))
        assert (await client.receive())["payload"][0]["extensions"]["code"] == "UNKNOWN_CASE"
        await client.subscribe("n", CASE, case=str(uuid4()))
        assert (await client.receive())["payload"][0]["extensions"]["code"] == "UNKNOWN_CASE"
    async with place.live(AUDITOR) as auditor:
        await auditor.subscribe("i", INBOX)
        assert (await auditor.receive())["payload"][0]["extensions"]["code"] == "NO_INBOX"


@pytest.mark.parametrize("seed", range(3))
async def test_between_an_interest_and_its_end_nothing_of_the_item_is_sent(place: Place, seed: int):
    """Wherever in the discussion the two fall: the police know the second case until the one and after the other."""
    dice = Random(seed)
    evening = await Evening.begins(place)
    await evening.gathered()
    await place.settled()
    item = evening.items[evening.second.case]
    commands = evening.heard(evening.second)
    out, back = sorted(dice.sample(range(len(commands) + 1), 2))
    async with place.live(POLICE) as police:
        await police.subscribe("m", WHOLE, meeting=str(evening.meeting))
        reading = asyncio.create_task(collect(police))
        first, last = 0, 0
        for number, command in enumerate([*commands, None]):
            if number == out:
                why = Sealed("A neighbour.")
                await place.take(DeclareInterest(evening.meeting, item, POLICE.user, POLICE.agency, note=why))
                first = await quiet(place, police)
            if number == back:
                last = await quiet(place, police)
                await place.take(ResolveInterest(evening.meeting, item, POLICE.user, Sealed("Settled.")), CHAIR)
            if command is not None:
                await place.take(command)
                await asyncio.sleep(dice.choice((0, 0, 0.01)))
        await quiet(place, police)
        reading.cancel()
    assert first <= last
    assert police.knows(*evening.secrets(evening.second)) == evening.secrets(evening.second)
    messages = [next(iter(each["payload"]["data"].values())) for each in map(msgspec.json.decode, police.received)
                if each["type"] == "next"]  # fmt: skip
    positions = [int(message["position"]) for message in messages]
    assert positions == sorted(set(positions))
    police.received = police.received[first:last]
    assert police.knows(*evening.secrets(evening.second)) == []


async def quiet(place: Place, client: Client) -> int:
    """How much the client has received once nothing more is on its way."""
    await place.settled()
    before = -1
    while before != len(client.received):
        before = len(client.received)
        await asyncio.sleep(0.1)
    return before


async def collect(client: Client) -> None:
    while True:
        await client.receive(60)


async def test_what_is_linked_to_an_item_is_an_action_of_its_case_under_its_owner(place: Place):
    evening = await Evening.begins(place)
    await evening.gathered()
    action, other = uuid4(), uuid4()
    due = london_day(datetime.now(UTC)) + timedelta(days=1)
    await place.take(OfferAction(evening.first.case, action, Sealed("Call them"), "housing-1", due))
    await place.take(OfferAction(evening.second.case, other, Sealed("Call them, too"), "housing-1", due))
    meeting, item = evening.meeting, evening.items[evening.first.case]
    await place.take(OpenItem(meeting, item, known_by=COORDINATOR.user))
    for nowhere in (uuid4(), other):
        assert await place.refused(LinkAction(meeting, item, nowhere, "housing-1")) == "UNKNOWN_ACTION"
    assert await place.refused(LinkAction(meeting, item, action, "police-1")) == "OWNED_BY_ANOTHER"
    assert await place.refused(LinkAction(meeting, item, action, "housing-1")) is None
    assert await place.refused(LinkAction(meeting, item, action, "housing-1")) is None
