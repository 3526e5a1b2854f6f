"""One value, one rule, every channel: what one way withholds, no other tells. Over HTTP and sockets, on a real place.

Each test is named after what was once told by another way.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec.structs import replace

from catch.access import Told
from catch.api.audit import view as trail
from catch.api.case import door, reading
from catch.api.case.reading import Reading
from catch.api.common.redaction import Redactor
from catch.api.inbox import subscription as inbox_source
from catch.api.inbox import view as inbox
from catch.api.meeting import queries
from catch.api.meeting.view import Sitting
from catch.domain.agenda.absence import Standing
from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.agreement import RecordAgreement
from catch.domain.case.coordination import AllocateCoordinator, RecordConversation
from catch.domain.case.disclosure import EndInvolvement
from catch.domain.case.eligibility import AcceptReferral, DeclineReferral, Redirection, RedirectReferral
from catch.domain.case.notes import AddNote, NoteAdded
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.referral import AttachReferral, case_number
from catch.domain.case.state import ConversationFormat, ProposalPurpose, Urgency, Worker
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Category, Command, Envelope, Fact, Purpose, Role, Sealed, Tag
from catch.domain.meeting.attendance import AcceptConfidentiality, DeclareInterest, JoinMeeting
from catch.domain.meeting.deciding import RecordDecision, RecordUpdate
from catch.domain.meeting.drafting import DraftAgenda
from catch.domain.meeting.floor import CloseItem, OpenItem
from catch.domain.meeting.items import DecisionCode
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import EndMeeting, StartMeeting
from catch.domain.meeting.speaking import RaiseHand
from catch.domain.restricted import AddRestrictedNote
from catch.domain.streams import CASE as CASE_STREAM
from catch.domain.streams import RESTRICTED
from catch.log.codec import encode
from catch.log.entries import Append, NewEvent
from tests.canaries.channels import everything
from tests.conftest import Database
from tests.place import (
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    REFERRER,
    SERIES,
    Case,
    Place,
    ago,
    placed,
)

AUNT = Actor("aunt@snn", "snn", Role.COORDINATOR)
SURGERY = Actor("desk@surgery-9", "surgery-9", Role.REFERRER)
SECRETIVE = Actor("secretive@snn", "snn", Role.COORDINATOR)
OTHER_CHAIR = Actor("chair@bexley", "bexley", Role.CHAIR)
BEXLEY = "bexley-icm"
SAID, DECIDED, AGREED, ASKED = "A situation told", "A decision told", "Visit on Friday", "A question put"
OF_THE_CASE = """number state episode version position lead { user } person { name phone addressProtected }
    referral { source urgency reason receivedAt referrer { agency user } }
    referrals { source urgency reason referrer { agency user } }
    conversations { whatMatters } plan { id } goals { id } actions { title owner } involvements { agency }
    disclosures { agency categories } reviews { id } clocks { code } notes { category by { user } text }
    proposals { purpose byAgency question } discussions { situation agencies } decisions { code text }
    unmetNeeds { code } endings { reason ending summary } redactions { path reason }"""
CASE = f"query($c: UUID!) {{ case(id: $c) {{ {OF_THE_CASE} }} }}"
OF_THE_ITEM = """id number must reasons { code text } explanation presenter deferCount deferred
    discussion { situation } decisions { code text } actions { title owner } redactions { path reason }"""
OF_THE_MEETING = f"""version agenda {{ items {{ {OF_THE_ITEM} }} overflow {{ {OF_THE_ITEM} }}
    warnings {{ code explanation caseId number }} gaps {{ code count }} }}
    minutes {{ entries {{ itemId number present recused actionsOffered deferred discussion {{ situation }}
    decisions {{ code text }} redactions {{ path reason }} }} redactions {{ path reason }} }}"""
MEETING = f"query($m: UUID!) {{ meeting(id: $m) {{ {OF_THE_MEETING} }} }}"
TRAIL = """query($s: UUID!) { auditTrail(stream: $s, first: 200) { edges { node { version event by { user }
    changes { path before after } } } } }"""
INBOX = """{ agencyInbox(first: 50) { edges { node { id kind caseId caseNumber actionId meetingId title state due
    overdueDays mandatory redactions { path reason } } } } }"""
WHY = """query($c: UUID!, $m: UUID!) { whyNotOnAgenda(caseId: $c, meetingId: $m) {
    standing text reasons { code text } nextReason nextReasonOn } }"""
FOLLOW_CASE = f"""subscription($c: UUID!, $a: Position) {{ caseUpdates(caseId: $c, after: $a) {{ __typename
    ... on CaseUpdate {{ position event by {{ user }} case {{ {OF_THE_CASE} }} }} ... on Hidden {{ position }} }} }}"""
FOLLOW_MEETING = f"""subscription($m: UUID!, $a: Position) {{ meeting(id: $m, after: $a) {{ __typename
    ... on MeetingUpdate {{ position event by {{ user }} item {{ {OF_THE_ITEM} }} meeting {{ {OF_THE_MEETING} }} }}
    ... on Hidden {{ position }} }} }}"""


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        for somebody in (SURGERY, SECRETIVE):
            await opened.enrol(somebody)
        yield opened


class Heard:
    """A case discussed at a meeting, of which the police are told who it is and no more, and housing everything."""

    def __init__(self, place: Place, case: Case, meeting: UUID, item: UUID, start: int) -> None:
        self.place, self.case, self.meeting, self.item, self.start = place, case, meeting, item, start

    @classmethod
    async def at(cls, place: Place, **more: Any) -> "Heard":
        await place.enrol(AUNT)
        case = await place.worked_on("Ada Quillbrook", "housing-1", "snn", **more)
        await place.share(case.case, "police-1", frozenset({Category.IDENTITY}))
        due = london_day(ago(days=2))
        for owner, title in (("housing-1", "Mend the stairs"), ("snn", "Ring the bank")):
            await place.take(OfferAction(case.case, uuid4(), Sealed(title), owner, due), at=ago(days=3))
        worker = Worker(COORDINATOR.user, COORDINATOR.agency)
        question = ProposeForMeeting(
            case.case, uuid4(), SERIES, ProposalPurpose.STUCK, worker, question=Sealed(ASKED), person_informed=True
        )
        await place.take(question, HOUSING)
        meeting = await place.published("snn", "housing-1", "police-1")
        item = next(item.item for item in meeting.items if item.case == case.case)
        heard = cls(place, case, meeting.meeting, item, await place.settled())
        await heard.begun()
        return heard

    async def begun(self) -> None:
        await self.place.take(StartMeeting(self.meeting), CHAIR)
        for who in (COORDINATOR, AUNT, HOUSING, POLICE):
            await self.place.take(JoinMeeting(self.meeting, who.user, who.agency), who)
            await self.place.take(AcceptConfidentiality(self.meeting, who.user), who)

    async def discussed(self) -> int:
        day = london_day(datetime.now(UTC)) + timedelta(days=3)
        commands: list[Command] = [
            OpenItem(self.meeting, self.item, known_by=COORDINATOR.user),
            RecordUpdate(self.meeting, self.item, Sealed(SAID)),
            RecordDecision(self.meeting, self.item, uuid4(), DecisionCode.ESCALATE, Sealed(DECIDED),
                           not_told_reason=Sealed("Away.")),
            OfferActionInMeeting(self.meeting, self.item, uuid4(), Sealed(AGREED), "housing-1", day),
            CloseItem(self.meeting, self.item),
            EndMeeting(self.meeting),
        ]  # fmt: skip
        for command in commands:
            await self.place.take(command, CHAIR if isinstance(command, EndMeeting) else COORDINATOR)
        return await self.place.settled()

    async def channels(self, by: Actor) -> dict[str, Any]:
        """What each query tells this viewer."""
        ask = self.place.ask
        found = {
            "case": await ask(CASE, by, c=str(self.case.case)),
            "meeting": await ask(MEETING, by, m=str(self.meeting)),
        }
        if by.role is Role.PARTNER:
            found["inbox"] = await ask(INBOX, by)
        return found

    async def followed(self, by: Actor, field: str, upto: int) -> list[Any]:
        """Every message of a subscription from before the meeting on."""
        query = FOLLOW_CASE if field == "case" else FOLLOW_MEETING
        variables = {"c": str(self.case.case)} if field == "case" else {"m": str(self.meeting)}
        async with self.place.live(by) as client:
            await client.subscribe("s", query, a=str(self.start), **variables)
            await drained(client)
            return [each["payload"]["data"] for each in map(msgspec.json.decode, client.received)
                    if each["type"] == "next"]  # fmt: skip


async def drained(client: Any) -> None:
    try:
        while True:
            await client.receive(0.4)
    except TimeoutError:
        return


KEPT = (SAID, DECIDED, AGREED, ASKED, "Mend the stairs", "Ring the bank", "ESCALATE", "STUCK", "housing-1 overdue")
CODES = ("ACTION_OVERDUE", "PARTNER_QUESTION", "NO_ACTIVITY", '"NEW"', "'NEW'")


def told(of: Any, *canaries: str) -> list[str]:
    text = str(of)
    return [each for each in canaries if each in text]


async def test_what_the_case_withholds_no_other_channel_tells(place: Place):
    """The police know who it is. Actions, decisions, discussions, proposals: by the case, the agenda's reasons and
    explanation, the item's decisions, the minutes, the subscriptions.
    """
    heard = await Heard.at(place)
    end = await heard.discussed()
    police = await heard.channels(POLICE)
    assert "Ada Quillbrook" in str(police["case"])
    assert told(police, *KEPT, *CODES) == []
    for field in ("case", "meeting"):
        messages = await heard.followed(POLICE, field, end)
        assert told(messages, *KEPT, *CODES) == []
        events = {each.get("event") for message in messages for each in message.values()}
        assert not events & {"ItemUpdateRecorded", "DecisionRecorded", "ItemActionLinked", "ActionOffered"}
        assert not events & {"MeetingDecisionRecorded", "CaseDiscussed"}
    # Control: housing is told all of it, by the same channels.
    housing = await heard.channels(HOUSING)
    assert told(housing["case"], SAID, DECIDED, AGREED, "ESCALATE") == [SAID, DECIDED, AGREED, "ESCALATE"]
    assert told(housing["meeting"], SAID, DECIDED, "ACTION_OVERDUE", "PARTNER_QUESTION") == [
        *(SAID, DECIDED, "ACTION_OVERDUE", "PARTNER_QUESTION")
    ]
    assert told(await heard.followed(HOUSING, "meeting", end), SAID, DECIDED, "DecisionRecorded") == [
        *(SAID, DECIDED, "DecisionRecorded")
    ]


async def test_what_is_withheld_of_an_item_is_null_and_named_by_its_class(place: Place):
    heard = await Heard.at(place)
    await heard.discussed()
    shown = (await place.ask(MEETING, POLICE, m=str(heard.meeting)))["meeting"]
    item = next(each for each in shown["agenda"]["items"] if each["id"] == str(heard.item))
    assert item["number"] == case_number(heard.case.case)
    assert (item["reasons"], item["must"], item["deferCount"], item["decisions"]) == ([], None, None, [])
    assert item["explanation"].startswith("Placed ")
    named = {each["path"] for each in item["redactions"]}
    assert {"reasons", "explanation", "must", "deferCount", "deferred", "discussion", "decisions", "actions"} <= named
    entry = next(each for each in shown["minutes"]["entries"] if each["itemId"] == str(heard.item))
    assert (entry["present"], entry["actionsOffered"], entry["decisions"]) == ([], None, [])
    assert {"present", "actionsOffered", "decisions", "recused"} <= {each["path"] for each in entry["redactions"]}


ALL_SEE = {"id", "section", "order", "minutes", "state", "openedAt", "closedAt", "offered", "withheld", "redactions"}
"""Of an item that is withheld."""
NEVER_THERE = {"matter", "whyNotPlaced", "predictedOn"}
"""Of general matters, which nobody is kept from, and of what is on no agenda."""


async def test_of_a_withheld_item_every_field_is_what_all_see_or_closed_and_named(place: Place):
    """A field that is added is on neither list: it says on which side it is."""
    heard = await Heard.at(place)
    await place.take(OpenItem(heard.meeting, heard.item, known_by=COORDINATOR.user), COORDINATOR)
    await place.take(RaiseHand(heard.meeting, heard.item, HOUSING.user), HOUSING)
    await place.take(DeclareInterest(heard.meeting, heard.item, AUNT.user, AUNT.agency), AUNT)
    await place.settled()
    query = f"query($m: UUID!) {{ meeting(id: $m) {{ agenda {{ items {everything('AgendaItem')} }} }} }}"
    shown = (await place.ask(query, AUNT, m=str(heard.meeting)))["meeting"]
    item = next(each for each in shown["agenda"]["items"] if each["id"] == str(heard.item))
    named = {each["path"] for each in item["redactions"]}
    assert item.keys() - ALL_SEE - NEVER_THERE <= named
    assert all(item[field] in (None, [], "") for field in item.keys() - ALL_SEE)
    assert item["withheld"] == next(each["reason"] for each in item["redactions"] if each["path"] == "case")


async def test_hidden_and_empty_look_the_same_and_no_path_counts(place: Place):
    many, none = await place.worked_on("Basil Thistlewane"), await place.referred("Cora Ombersnook")
    for case in (many, none):
        await place.share(case.case, "police-1", frozenset({Category.IDENTITY}))
    for number in range(3):
        await place.take(AddNote(many.case, uuid4(), Category.PLAN, Sealed(f"Note {number}")))
        await place.take(AddRestrictedNote(many.case, uuid4(), Tag.WARNING, Sealed("Kept")))
    await place.settled()
    shown = [(await place.ask(CASE, POLICE, c=str(case.case)))["case"] for case in (many, none)]
    paths = [sorted(each["path"] for each in case["redactions"]) for case in shown]
    assert paths[0] == paths[1]
    assert len(set(paths[0])) == len(paths[0])
    assert not any(sign.isdigit() for sign in "".join(paths[0]))
    assert "RESTRICTED" not in str(shown)


async def test_a_version_tells_nobody_how_much_they_do_not_see(place: Place):
    heard = await Heard.at(place)
    for by, whole in ((COORDINATOR, True), (HOUSING, False), (POLICE, False), (AUDITOR, False)):
        case = (await place.ask(CASE, by, c=str(heard.case.case)))["case"]
        assert (case["version"] is not None) is whole
        assert ("version" in {each["path"] for each in case["redactions"]}) is not whole
    async with place.live(HOUSING) as housing:
        await housing.subscribe("c", FOLLOW_CASE, c=str(heard.case.case))
        await housing.next("c")
        await place.take(AddRestrictedNote(heard.case.case, uuid4(), Tag.WARNING, Sealed("Kept")))
        await place.take(AddNote(heard.case.case, uuid4(), Category.HEALTH, Sealed("Not disclosed")))
        await place.take(AddNote(heard.case.case, uuid4(), Category.PLAN, Sealed("Disclosed")))
        message = await housing.next("c")
        assert (message["__typename"], message["event"]) == ("CaseUpdate", "NoteAdded")
        assert [each["text"] for each in message["case"]["notes"]] == ["Disclosed"]
        await housing.silent()


async def test_who_referred_sees_their_own_referral_and_what_became_of_it(place: Place):
    made = await place.referred("Dora Emberwick", by=REFERRER)
    other = AttachReferral(
        made.case,
        made.person,
        uuid4(),
        "police",
        "phone",
        ago(days=1),
        Sealed("Another door's words"),
        urgency=Urgency.URGENT,
        on_behalf_of=SURGERY.agency,
    )
    await place.take(other)
    later = await place.settled()
    await place.take(AddNote(made.case, uuid4(), Category.PLAN, Sealed("A note")))
    for command in (
        AcceptReferral(made.case),
        AllocateCoordinator(made.case, COORDINATOR.user, COORDINATOR.agency),
        RecordAgreement(made.case),
        RecordConversation(made.case, uuid4(), ConversationFormat.HOME, Sealed("Matters")),
        ProposeForMeeting(
            made.case, uuid4(), SERIES, ProposalPurpose.NEW, Worker(COORDINATOR.user, "snn"), person_informed=True
        ),
    ):
        await place.take(command)
    await place.settled()
    case = (await place.ask(CASE, REFERRER, c=str(made.case)))["case"]
    assert case["state"] == "ACCEPTED"
    assert [each["reason"] for each in case["referrals"]] == [made.reason]
    assert case["referral"]["reason"] == made.reason
    nothing = ("episode", "version", "position", "lead", "plan")
    assert [case[name] for name in nothing] == [None] * len(nothing)
    assert case["person"] == {"name": None, "phone": None, "addressProtected": None}
    assert told(case, "Another door", "surgery-9", "URGENT", COORDINATOR.user, "Matters", "A note") == []
    assert set(nothing) - {"plan"} <= {each["path"] for each in case["redactions"]}
    # They follow what became of it: no other door's, nothing hidden, nobody's name.
    async with place.live(REFERRER) as referrer:
        await referrer.subscribe("c", FOLLOW_CASE, c=str(made.case), a="0")
        first, second = await referrer.next("c"), await referrer.next("c")
        assert [first["event"], second["event"]] == ["ReferralReceived", "ReferralAccepted"]
        assert (first["by"], second["by"]) == (None, None)
        assert int(second["position"]) > later
        await referrer.silent()
        assert referrer.knows("Another door", "surgery-9", COORDINATOR.user, "Hidden") == []


async def test_who_referred_is_told_why_it_was_declined_and_where_the_person_was_led(place: Place):
    declined = await place.referred("Ivy Jasperson", by=REFERRER)
    led = await place.referred("Jory Kestlewick", by=REFERRER)
    await place.take(DeclineReferral(declined.case, "out-of-area", explanation=Sealed("They moved to Leeds")))
    to = Redirection(agency="housing-1", warm_handover=True)
    await place.take(RedirectReferral(led.case, "better-door", to))
    await place.settled()
    query = "query($c: UUID!) { case(id: $c) { state answered { reason explanation agency programme } } }"
    found = [(await place.ask(query, REFERRER, c=str(each.case)))["case"] for each in (declined, led)]
    assert found == [
        {
            "state": "DECLINED",
            "answered": {
                "reason": "out-of-area",
                "explanation": "They moved to Leeds",
                "agency": None,
                "programme": None,
            },
        },
        {
            "state": "REDIRECTED",
            "answered": {"reason": "better-door", "explanation": None, "agency": "housing-1", "programme": None},
        },
    ]


async def test_the_other_door_sees_its_own(place: Place):
    made = await place.referred("Elsie Fenmarrow", by=REFERRER)
    words = AttachReferral(
        made.case,
        made.person,
        uuid4(),
        "police",
        "phone",
        ago(days=1),
        Sealed("Another door's words"),
        on_behalf_of=SURGERY.agency,
    )
    await place.take(words)
    await place.settled()
    case = (await place.ask(CASE, SURGERY, c=str(made.case)))["case"]
    assert (case["referral"]["reason"], len(case["referrals"])) == ("Another door's words", 1)
    assert told(case, made.reason, REFERRER.agency, REFERRER.user) == []


async def test_a_recused_coordinator_reads_nothing_of_the_case_by_any_way(place: Place):
    heard = await Heard.at(place)
    case, number = heard.case, case_number(heard.case.case)
    await place.take(DeclareInterest(heard.meeting, heard.item, AUNT.user, AUNT.agency), AUNT)
    later = uuid4()
    await place.take(PlanMeeting(later, PROGRAMME, SERIES, datetime.now(UTC) + timedelta(days=8), CHAIR.user))
    await place.take(DraftAgenda(later))
    await heard.discussed()
    assert (await place.ask(CASE, AUNT, c=str(case.case)))["case"] is None
    assert await place.code(TRAIL, AUNT, s=str(case.case)) == "UNKNOWN_CASE"
    secrets = (*case.secrets, *KEPT, number, str(case.case))
    for meeting in (heard.meeting, later):
        assert told(await place.ask(MEETING, AUNT, m=str(meeting)), *secrets) == []
        trail = await place.ask(TRAIL, AUNT, s=str(meeting))
        assert trail["auditTrail"]["edges"]
        assert told(trail, *secrets) == []
        assert await place.code(WHY, AUNT, c=str(case.case), m=str(meeting)) == "UNKNOWN_CASE"
    # Control: a colleague reads the draft, warnings and all.
    assert told(await place.ask(TRAIL, COORDINATOR, s=str(later)), number) == [number]


async def kept_in_the_case(place: Place, made: Case, by: Actor, text: str = "Kept") -> None:
    """A restricted note in the case itself, as logs from before have them."""
    (sealed,) = await place.catch.keyring.seal(made.person, [text])
    note = NoteAdded(uuid4(), Category.RESTRICTED, sealed, Worker(by.user, by.agency))
    held = await place.catch.present.states.get(CASE_STREAM, made.case)
    command = uuid4()
    envelope: Envelope[Fact] = Envelope(datetime.now(UTC), by, Purpose.DIRECT_CARE, command, command, note)
    new = NewEvent(made.case, held.version + 1, "NoteAdded", encode(envelope))
    await place.catch.log.append(Append(command, made.case, (new,)))
    await place.settled()


async def test_an_auditor_without_the_tag_learns_neither_category_nor_author_of_what_is_restricted(place: Place):
    made = await place.worked_on("Fitch Alderthwaite")
    await kept_in_the_case(place, made, SECRETIVE)
    await place.take(AddRestrictedNote(made.case, uuid4(), Tag.WARNING, Sealed("Kept")), SECRETIVE)
    await place.share(made.case, "housing-1", frozenset({Category.PLAN, Category.RESTRICTED}))
    await place.settled()
    for query, variables in ((TRAIL, {"s": str(made.case)}), (CASE, {"c": str(made.case)})):
        shown = await place.ask(query, AUDITOR, **variables)
        if query is CASE:
            # What is said of other people is closed to an auditor by the same name, of every case.
            shown["case"]["redactions"].remove({"path": "relations", "reason": "RESTRICTED"})
        assert told(shown, "secretive", "restricted", "RESTRICTED", "NoteAdded") == []
    whole = await place.ask(TRAIL, COORDINATOR, s=str(made.case))
    events = [each["node"]["event"] for each in whole["auditTrail"]["edges"]]
    assert ("NoteAdded" in events, "RestrictedNoteAdded" in events) == (True, True)
    assert told(whole, "secretive", "restricted") == [*("secretive", "restricted")]


async def test_minutes_name_the_recused_to_those_who_prepare_the_meeting_and_see_the_item(place: Place):
    heard = await Heard.at(place)
    await place.take(DeclareInterest(heard.meeting, heard.item, AUNT.user, AUNT.agency), AUNT)
    end = await heard.discussed()
    minutes = "query($m: UUID!) { meeting(id: $m) { minutes { entries { itemId recused } } } }"

    async def named(by: Actor) -> list[str]:
        entries = (await place.ask(minutes, by, m=str(heard.meeting)))["meeting"]["minutes"]["entries"]
        return next(each["recused"] for each in entries if each["itemId"] == str(heard.item))

    assert [await named(by) for by in (CHAIR, COORDINATOR, AUDITOR)] == [[AUNT.user]] * 3
    assert [await named(by) for by in (HOUSING, POLICE, AUNT)] == [[]] * 3
    assert "InterestDeclared" not in str(await heard.followed(HOUSING, "meeting", end))


async def test_what_is_closed_is_not_in_the_inbox_and_takes_no_place_on_a_page(place: Place):
    case = await place.worked_on("Fern Dapplemere", "housing-1")
    left = await place.worked_on("Fern Dapplemere the Second", "housing-1")
    due = london_day(ago(days=-7))
    for day in range(3):
        offer = OfferAction(left.case, uuid4(), Sealed("Mend the stairs"), "housing-1", due + timedelta(days=day))
        await place.take(offer)
    last = uuid4()
    await place.take(OfferAction(case.case, last, Sealed("Sweep"), "housing-1", due + timedelta(days=9)))
    await place.take(EndInvolvement(left.case, "housing-1"))
    await place.settled()
    query = "{ agencyInbox(first: 1) { edges { node { actionId } } pageInfo { hasNextPage } } }"
    page = (await place.ask(query, HOUSING))["agencyInbox"]
    assert page == {"edges": [{"node": {"actionId": str(last)}}], "pageInfo": {"hasNextPage": False}}
    assert told(await place.ask(INBOX, HOUSING), str(left.case), case_number(left.case), due.isoformat()) == []


async def test_whoever_is_recused_finds_nothing_of_the_case_in_their_agencys_inbox(place: Place):
    case = await place.worked_on("Gil Dapplemere", "housing-1")
    due = london_day(ago(days=-7))
    meeting = await place.published("snn", "housing-1")
    item = next(each.item for each in meeting.items if each.case == case.case)
    await place.take(DeclareInterest(meeting.meeting, item, HOUSING.user, HOUSING.agency), HOUSING)
    await place.settled()
    async with place.live(HOUSING) as client:
        await client.subscribe("i", "subscription { agencyInbox { ... on InboxUpdate { event } } }")
        assert (await client.next("i"))["event"] == "Present"
        await place.take(OfferAction(case.case, uuid4(), Sealed("Mend the stairs"), "housing-1", due))
        await place.settled()
        await client.silent()
    edges = (await place.ask(INBOX, HOUSING))["agencyInbox"]["edges"]
    assert [edge["node"]["kind"] for edge in edges] == ["INVITATION"]


async def test_another_programmes_chair_is_answered_as_if_there_were_no_such_case(place: Place):
    case = await place.worked_on("Gwen Hollowmere")
    waiting = await place.referred("Hugh Inglebrook", at=ago(minutes=1))
    meeting, bexley = uuid4(), uuid4()
    starts = datetime.now(UTC) + timedelta(hours=2)
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, starts, CHAIR.user))
    programme = await place.ask('{ programme(key: "bexley-icm") { series { key } } }')
    series = programme["programme"]["series"][0]["key"]
    await place.enrol(OTHER_CHAIR, BEXLEY)
    await place.take(PlanMeeting(bexley, BEXLEY, series, starts, OTHER_CHAIR.user), OTHER_CHAIR)
    await place.settled()
    answers = [
        (await place.answer(WHY, OTHER_CHAIR, c=str(each), m=str(bexley)))["errors"][0] for each in (case.case, uuid4())
    ]
    for each in answers:
        each["extensions"]["details"].pop("case", None)
    assert answers[0] == answers[1]
    assert answers[0]["extensions"]["code"] == "UNKNOWN_CASE"
    # One that is put forward is told of to who chairs the meeting; one that is not is nothing to them.
    assert (await place.ask(WHY, CHAIR, c=str(case.case), m=str(meeting)))["whyNotOnAgenda"]["reasons"]
    assert await place.code(WHY, CHAIR, c=str(waiting.case), m=str(meeting)) == "UNKNOWN_CASE"


Hole = Callable[[pytest.MonkeyPatch], None]
Test = Callable[[Place], Awaitable[None]]


def put_back(where: object, name: str, instead: object) -> Hole:
    return lambda patch: patch.setattr(where, name, instead)


def as_it_is(state: object, *_: object) -> object:
    return state


def whole_state(_: object, state: object) -> object:
    return state


def every_fact(*_: object, **__: object) -> Told:
    return Told.SHOWN


def every_door(held: Any, _: Redactor) -> list[Any]:
    return [*held.referrals]


def as_given(_: Redactor, __: str, held: Any) -> Any:
    return held


async def still_open(*_: object) -> bool:
    return True


def anybody(*_: object) -> bool:
    return True


def beside_for_all(patch: pytest.MonkeyPatch) -> None:
    """Whoever reads the trail of a case reads what is kept beside it."""
    of_case = trail.of_case

    async def of_both(asked: Reading, stream: UUID) -> trail.Trail | None:
        found = await of_case(asked, stream)
        return found and replace(found, beside=trail.Trail(RESTRICTED, every_fact, as_it_is, as_it_is, counted=False))

    patch.setattr(trail, "of_case", of_both)


HOLES: dict[str, tuple[Hole, Test]] = {
    "other doors' referrals": (put_back(door, "doors", every_door), test_the_other_door_sees_its_own),
    "the lead, to a referrer": (
        put_back(Redactor, "for_those_involved", as_given),
        test_who_referred_sees_their_own_referral_and_what_became_of_it,
    ),
    "versions for all": (
        put_back(Redactor, "for_those_who_see_all", as_given),
        test_a_version_tells_nobody_how_much_they_do_not_see,
    ),
    "the draft, in the trail, to the recused": (
        put_back(trail, "meeting_told", as_it_is),
        test_a_recused_coordinator_reads_nothing_of_the_case_by_any_way,
    ),
    "case(id), to the recused": (
        put_back(reading, "shows", anybody),
        test_a_recused_coordinator_reads_nothing_of_the_case_by_any_way,
    ),
    "restricted notes, in the trail": (
        put_back(trail, "told", every_fact),
        test_an_auditor_without_the_tag_learns_neither_category_nor_author_of_what_is_restricted,
    ),
    "what is beside the case, in the trail": (
        beside_for_all,
        test_an_auditor_without_the_tag_learns_neither_category_nor_author_of_what_is_restricted,
    ),
    "the tag, in what a disclosure covers": (
        put_back(trail, "case_told", whole_state),
        test_an_auditor_without_the_tag_learns_neither_category_nor_author_of_what_is_restricted,
    ),
    "who is recused, in the minutes": (
        put_back(Sitting, "prepares", property(anybody)),
        test_minutes_name_the_recused_to_those_who_prepare_the_meeting_and_see_the_item,
    ),
    "the number, in the inbox": (
        put_back(inbox, "shown_in", still_open),
        test_what_is_closed_is_not_in_the_inbox_and_takes_no_place_on_a_page,
    ),
    "what somebody is kept out of, in their inbox": (
        put_back(inbox_source, "shown_in", still_open),
        test_whoever_is_recused_finds_nothing_of_the_case_in_their_agencys_inbox,
    ),
    "that a case exists, to another programme's chair": (
        put_back(queries, "NOT_PUT_FORWARD", frozenset[Standing]()),
        test_another_programmes_chair_is_answered_as_if_there_were_no_such_case,
    ),
}


@pytest.mark.parametrize("hole", HOLES)
async def test_control_each_hole_put_back_is_caught(place: Place, monkeypatch: pytest.MonkeyPatch, hole: str):
    make, test = HOLES[hole]
    make(monkeypatch)
    # A leak is an assertion that fails, or an answer where a refusal is awaited.
    with pytest.raises((AssertionError, KeyError)):
        await test(place)
