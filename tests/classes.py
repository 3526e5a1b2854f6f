"""Many people follow one meeting, its cases and their inboxes while rights change; and one naive answer for each.

The naive answer knows no classes and no groups: for every viewer alone, the policy is asked with the viewer, and the
message executed by graphql-core. Whatever the live side hands on must be the same bytes.
"""

import asyncio
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct

from catch.access import Who, has_inbox, may_attend
from catch.api.case.subscription import CaseSource
from catch.api.common.context import Context
from catch.api.common.messages import GraphQLNotices
from catch.api.common.recording import LiveReads
from catch.api.common.subscription import Shared
from catch.api.engine.engine import Engine, Subscription
from catch.api.inbox.subscription import InboxSource
from catch.api.meeting.subscription import MeetingSource
from catch.api.schema import schema
from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.agreement import RecordObjection
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.disclosure import AuthoriseDisclosure, EndDisclosure, EndInvolvement, InvolvePartner
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Command, Recorded, Role, Sealed, Tag
from catch.domain.meeting.adding import AddItem
from catch.domain.meeting.attendance import AcceptConfidentiality, DeclareInterest, JoinMeeting, ResolveInterest
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.drafting import PublishAgenda
from catch.domain.meeting.editing import RemoveItem
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.invitations import InviteMember, WithdrawInvitation
from catch.domain.meeting.listing import AppearanceBasis, Section
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting, RescheduleMeeting
from catch.domain.meeting.session import StartMeeting
from catch.domain.partner import (
    EndRole,
    GiveRole,
    Partner,
    ReinstateMember,
    SignAgreement,
    SuspendMember,
    TerminateAgreement,
)
from catch.domain.refusals import Refused
from catch.domain.restricted import AddRestrictedNote
from catch.domain.streams import partner_stream
from catch.identity.tokens import Viewer
from catch.live.feed import Feed
from catch.live.frames import Payload
from catch.live.source import Ended, Seen, Source
from catch.log.codec import decode
from catch.personal.looks import noting
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    BASIS,
    CHAIR,
    COORDINATOR,
    HOUSING,
    MOST,
    POLICE,
    PROGRAMME,
    SERIES,
    SYSTEM,
    Place,
)

COLLEAGUE = Actor("other@housing-1", "housing-1", Role.PARTNER)
ELSEWHERE = Actor("coordinator@elsewhere", "elsewhere", Role.COORDINATOR)
PEOPLE = (CHAIR, COORDINATOR, ELSEWHERE, HOUSING, COLLEAGUE, POLICE, AUDITOR)
AGENCIES = (HOUSING.agency, POLICE.agency)
DAYS = count()

ENDS = "... on Hidden { position } ... on AccessEnded { reason } ... on ResyncRequired { reason }"
ABOUT_CASE = """number lead { agency } person { name address } referral { reason needs } notes { text category }
    disclosures { agency categories } involvements { agency } actions { title owner } redactions { path reason }"""
ABOUT_MEETING = f"""state chair {{ user }} currentItem
    agenda {{ items {{ id number explanation discussion {{ situation }}
        case {{ {ABOUT_CASE} }} redactions {{ path reason }} }} overflow {{ id number }} warnings {{ number }} }}"""
DOCUMENTS = {
    "meeting": f"""subscription($id: UUID!, $after: Position) {{ meeting(id: $id, after: $after) {{ __typename
        ... on MeetingUpdate {{ position event meeting {{ {ABOUT_MEETING} }} item {{ id number }} }} {ENDS} }} }}""",
    "caseUpdates": f"""subscription($id: UUID!, $after: Position) {{ caseUpdates(caseId: $id, after: $after) {{
        __typename ... on CaseUpdate {{ position event case {{ {ABOUT_CASE} }} }} {ENDS} }} }}""",
    "agencyInbox": f"""subscription($after: Position) {{ agencyInbox(after: $after) {{ __typename
        ... on InboxUpdate {{ position event entryId
            entry {{ title state caseNumber redactions {{ path reason }} }} }} {ENDS} }} }}""",
}
QUERIES = {
    "meeting": f"query($id: UUID!) {{ meeting(id: $id) {{ {ABOUT_MEETING} }} }}",
    "caseUpdates": f"query($id: UUID!) {{ case(id: $id) {{ {ABOUT_CASE} }} }}",
}
ENGINE = Engine(schema())
NOTICES = GraphQLNotices()
INBOX = """{ agencyInbox(first: 100) { edges { node { id kind position title state due caseNumber
    redactions { path reason } } } } }"""
Sources = Mapping[str, Source[Viewer, Recorded[Any]]]


def viewer_of(actor: Actor) -> Viewer:
    return Viewer(actor.user, actor.agency, actor.role, 2.0**40)


class Step(Struct, frozen=True):
    """Something that happens; `a` and `b` choose whom and what it happens to."""

    what: str
    a: int = 0
    b: int = 0


class Clock:
    """The present, and days ahead of it."""

    def __init__(self) -> None:
        self.days = 0

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)


class Follower:
    """One viewer's subscription: what it was handed, and what it should have been."""

    def __init__(self, actor: Actor, field: str, topic: Hashable) -> None:
        self.actor = actor
        self.field = field
        self.topic = topic
        self.received: list[bytes] = []
        self.expected: list[bytes] = []
        self.words: list[bytes] = []
        """The present state, as often as they were handed it because they are shown something else."""
        self.over = False
        self.task: asyncio.Task[None]
        self.variables: dict[str, Any] = {} if field == "agencyInbox" else {"id": str(topic)}

    def standing(self, after: int) -> Subscription:
        return ENGINE.subscription(ENGINE.prepare(DOCUMENTS[self.field]), self.variables | {"after": str(after)})

    def offer(self, position: int, payload: Payload) -> bool:
        self.received.append(bytes(payload))
        return True

    def note(self, position: int, payload: Payload) -> bool:
        self.words.append(bytes(payload))
        return True

    async def room(self) -> None:
        pass

    def cut(self) -> None:
        return None

    def __str__(self) -> str:
        return f"{self.actor.user} following {self.field}"


class Sitting:
    """One example: two cases, a meeting over them, everybody who may follow, and the steps."""

    def __init__(self, place: Place, kinds: Mapping[str, type[Shared]]) -> None:
        self.place = place
        self.catch = place.catch
        self.clock = Clock()
        self.sources: Any = {field: kind(place.catch, clock=self.clock) for field, kind in kinds.items()}
        self.naive: Any = {
            "meeting": MeetingSource(place.catch, clock=self.clock),
            "caseUpdates": CaseSource(place.catch, clock=self.clock),
            "agencyInbox": InboxSource(place.catch, clock=self.clock),
        }
        self.feed: Feed[Viewer, Recorded[Any]] = Feed(self.sources, NOTICES, LiveReads(place.catch), clock=self.clock)
        self.followers: list[Follower] = []
        self.said = self.changed = self.opened = 0
        self.later, self.starts = uuid4(), datetime.now(UTC) + timedelta(days=next(DAYS), hours=1)

    async def begin(self) -> None:
        place = self.place
        await self.enrol()
        for agency in (ELSEWHERE.agency, *AGENCIES):
            await self.sign(agency)
        first = await place.worked_on("Ada Quillbrook", "housing-1")
        second = await place.worked_on("Basil Thistlewane", "housing-1", "police-1")
        self.cases = [first.case, second.case]
        self.meeting, self.items = uuid4(), [uuid4() for _ in self.cases]
        # A series meets once a day, and the examples share a place.
        starts = datetime.now(UTC) + timedelta(minutes=5, days=next(DAYS))
        await place.take(PlanMeeting(self.meeting, PROGRAMME, SERIES, starts, CHAIR.user))
        for agency in ("snn", *AGENCIES):
            await place.take(InviteMember(self.meeting, agency))
        for item, case in zip(self.items, self.cases, strict=True):
            added = AddItem(
                self.meeting,
                item,
                Section.NEW,
                case,
                presenter=COORDINATOR.user,
                basis=AppearanceBasis.AGREEMENT,
                minutes=5,
            )
            await place.take(added)
        await place.take(PublishAgenda(self.meeting), CHAIR)
        await self.take(StartMeeting(self.meeting), CHAIR)
        for who in (COORDINATOR, HOUSING, POLICE):
            await self.take(JoinMeeting(self.meeting, who.user, who.agency), who)
            await self.take(AcceptConfidentiality(self.meeting, who.user), who)
        start = await place.settled()
        place.catch.present.follower.listeners.append(self.feed.publish)
        await asyncio.gather(*(self.follow(actor, start) for actor in PEOPLE))

    async def enrol(self) -> None:
        """Everybody, as they were before an earlier example suspended them. Nobody elsewhere prepares this meeting."""
        for each in (HOUSING, COLLEAGUE, POLICE):
            await self.place.enrol(each)
        await self.place.enrol_elsewhere(ELSEWHERE)
        for each in (HOUSING, COLLEAGUE, POLICE):
            await self.take(ReinstateMember(each.agency, each.user), SYSTEM)

    async def follow(self, actor: Actor, start: int) -> None:
        topics = [("meeting", self.meeting), *(("caseUpdates", case) for case in self.cases)]
        for field, topic in [*topics, ("agencyInbox", actor.agency)]:
            follower = Follower(actor, field, topic)
            if await self.entitled(follower):
                following = self.feed.follow(viewer_of(actor), follower.standing(start), follower)
                follower.task = asyncio.create_task(following)
                self.followers.append(follower)

    async def end(self) -> None:
        self.catch.present.follower.listeners.remove(self.feed.publish)
        self.feed.close()
        for follower in self.followers:
            follower.task.cancel()
        await asyncio.gather(*(follower.task for follower in self.followers), return_exceptions=True)

    async def play(self, steps: Iterable[Step]) -> int:
        """How many messages were compared; raises AssertionError where one differs."""
        await self.begin()
        try:
            for step in steps:
                await self.one(step)
            await self.place.settled()
            for follower in self.followers:
                assert follower.received == follower.expected, str(follower)
        finally:
            await self.end()
        return sum(len(follower.expected) for follower in self.followers)

    async def one(self, step: Step) -> None:
        for command, by in self.commands(step):
            await self.compared(step, command, by)
        if step.what == "days pass":
            self.clock.days += 1 + step.a % 8
            await self.compared(step)

    async def compared(self, step: Step, command: Command | None = None, by: Actor = COORDINATOR) -> None:
        before, classes, waiting = await self.place.settled(), await self.classes(), await self.inboxes()
        shown = await self.shown()
        heard = {follower: (len(follower.expected), len(follower.words)) for follower in self.followers}
        if command is not None:
            await self.take(command, by)
        head = await self.place.settled()
        told = {follower.actor: len(follower.expected) for follower in self.of_inboxes()}
        events = [decode(stored) for stored in await self.catch.log.page(before, 1000)]
        if command is not None:
            await self.precise(step, events, classes)
        self.feed.reconsider()
        for follower in self.followers:
            await self.expect(follower, events)
        if command is not None:
            await self.told_of_inboxes(step, waiting, told)
        for follower in self.followers:
            await self.caught_up(follower, head, step)
        if command is not None:
            await self.told_of_rights(step, shown, heard)

    async def caught_up(self, follower: Follower, head: int, step: Step) -> None:
        try:
            async with asyncio.timeout(20):
                while len(follower.received) < len(follower.expected):  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
        except TimeoutError:
            pass
        assert follower.received == follower.expected, f"{follower} after {step} at {head}"

    # What waits

    def of_inboxes(self) -> list[Follower]:
        return [each for each in self.followers if each.field == "agencyInbox" and not each.over]

    async def inboxes(self) -> dict[Actor, Any]:
        """Everybody's inbox as a query answers it."""
        found: dict[Actor, Any] = {}
        for follower in self.of_inboxes():
            context = await Context.of(self.catch, viewer_of(follower.actor))
            answer = await ENGINE.execute(ENGINE.prepare(INBOX), {}, context)
            assert answer.data is not None, answer.errors
            found[follower.actor] = msgspec.to_builtins(answer.data)
        return found

    async def told_of_inboxes(self, step: Step, before: Mapping[Actor, Any], told: Mapping[Actor, int]) -> None:
        """Whoever is shown another inbox is told of it; what opens and closes entries is told to nobody else."""
        now = await self.inboxes()
        for follower in self.of_inboxes():
            news = follower.expected[told[follower.actor] :]
            changed = now[follower.actor] != before[follower.actor]
            self.changed += changed
            assert news or not changed, f"{step} changed what {follower} is shown, and they were not told"
            made = [msgspec.json.decode(each)["data"]["agencyInbox"] for each in news]
            bare = [each for each in made if not each.get("event") and not each.get("entryId")]
            assert changed or not bare or step.what in OF_AGENCIES, f"{step} was told to {follower}, who sees no change"

    # What is closed

    async def shown(self) -> dict[Follower, Any]:
        """What everybody who follows it is shown of a case or a meeting, as a query answers it."""
        found: dict[Follower, Any] = {}
        for follower in self.followers if not self.clock.days else ():
            if (query := QUERIES.get(follower.field)) and not follower.over:
                context = await Context.of(self.catch, viewer_of(follower.actor))
                answer = await ENGINE.execute(ENGINE.prepare(query), follower.variables, context)
                assert answer.data is not None, answer.errors
                found[follower] = msgspec.to_builtins(answer.data)
        return found

    async def told_of_rights(
        self, step: Step, before: Mapping[Follower, Any], heard: Mapping[Follower, tuple[int, int]]
    ) -> None:
        """Whoever is shown more or less from now on is told, whether or not anything of theirs was recorded; nobody
        else is told by that."""
        await self.quiet()
        for follower, now in (await self.shown()).items():
            messages, words = heard[follower]
            news = [each for each in follower.expected[messages:] if b'"Hidden"' not in each]
            changed = frozenset(redactions(now)) != frozenset(redactions(before[follower]))
            worded = follower.words[words:]
            self.opened += changed
            for each in worded[-1:]:
                handed = msgspec.json.decode(each)["data"][follower.field]
                assert now == {name: handed[name] for name in now}, f"{follower}: a query shows something else"
            assert news or worded or not changed, f"{step} changed what {follower} is shown, and they were not told"
            assert changed or not worded or step.what in OF_AGENCIES, (
                f"{step} was told to {follower}, to whom it is none"
            )

    async def quiet(self) -> None:
        """Returns once everybody was told all that is theirs."""
        topics = [topic for each in self.feed._topics.values() for topic in each.values()]  # pyright: ignore[reportPrivateUsage]
        async with asyncio.timeout(20):
            while not all(  # noqa: ASYNC110
                topic.considered == topic.changed
                and topic._events.empty()  # pyright: ignore[reportPrivateUsage]
                and all(each.last_word or (each.live and not each.owed) for each in topic.subscribers())
                for topic in topics
            ):
                await asyncio.sleep(0.001)

    # The naive answer

    async def entitled(self, follower: Follower) -> bool:
        who = await self.who(follower)
        if who is None:
            return False
        match follower.field:
            case "meeting":
                return may_attend(who, await self.place.meeting(self.meeting), self.clock())
            case "caseUpdates":
                return not isinstance(await self.alone(follower), Ended)
            case _:
                return has_inbox(who)

    async def who(self, follower: Follower) -> Who | None:
        return await self.naive[follower.field].who(viewer_of(follower.actor))

    async def alone(self, follower: Follower) -> Hashable | Ended:
        """The class that holds nobody but this viewer."""
        who = await self.who(follower)
        if who is None or follower.field != "caseUpdates":
            return who or Ended("Not enrolled, or not any more.")
        facts = self.naive["caseUpdates"].facts()
        seen = await facts.sight(who, (await facts.case(follower.topic)).state)
        return (who, seen) if seen else Ended("You may no longer follow this case.")

    async def expect(self, follower: Follower, events: Sequence[Recorded[Any]]) -> None:
        if follower.over:
            return
        if not await self.entitled(follower):
            follower.over = True
            reason = {
                "meeting": "You may no longer follow this meeting.",
                "caseUpdates": "You may no longer follow this case.",
                "agencyInbox": "This inbox is not yours to read.",
            }[follower.field]
            follower.expected.append(await self.executed(follower, NOTICES.ended(0, reason)))
            return
        source, alone = self.naive[follower.field], await self.alone(follower)
        for event in events:
            if follower.topic in source.topics(event, [follower.topic]):
                seen = await source.sees(follower.topic, alone, event)
                if seen is Seen.HIDDEN:
                    follower.expected.append(await self.executed(follower, NOTICES.hidden(event.position)))
                elif seen is Seen.SHOWN:
                    with noting():
                        made = await source.message(follower.topic, alone, event)
                        follower.expected.append(await self.executed(follower, made))
                    await self.as_asked(follower)

    async def executed(self, follower: Follower, root: object) -> bytes:
        return await follower.standing(0).executed(root, None)

    async def as_asked(self, follower: Follower) -> None:
        """A query by the same viewer shows the same."""
        query = QUERIES.get(follower.field)
        if query is None or self.clock.days:
            return
        context = await Context.of(self.catch, viewer_of(follower.actor))
        answer = await ENGINE.execute(ENGINE.prepare(query), follower.variables, context)
        shown = msgspec.json.decode(follower.expected[-1])["data"][follower.field]
        name = "meeting" if follower.field == "meeting" else "case"
        assert answer.data is not None
        assert msgspec.to_builtins(answer.data[name]) == shown[name], f"{follower}: a query shows something else"

    # Whom an event makes look at their rights again

    async def classes(self) -> dict[tuple[str, Hashable, str], Hashable]:
        for source in self.naive.values():
            source._heard = -1  # pyright: ignore[reportPrivateUsage]
        return {
            (f.field, f.topic, f.actor.user): await self.naive[f.field].classify(viewer_of(f.actor), f.topic)
            for f in self.followers
        }

    async def precise(
        self, step: Step, events: Iterable[Recorded[Any]], before: Mapping[tuple[str, Hashable, str], Hashable]
    ) -> None:
        """A viewer's class changes in no topic but those that the source names."""
        events = list(events)
        for key, known in (await self.classes()).items():
            field, topic, user = key
            if known != before[key]:
                rights = self.sources[field].rights
                named = [each for event in events for each in rights(event, [topic])]
                assert topic in named, f"{step} changed what {user} is to {field}, and nobody was told"

    # Steps

    async def sign(self, agency: str) -> None:
        agreement = f"isa-{uuid4()}"
        today = london_day(datetime.now(UTC))
        categories = frozenset(Category)
        starts, ends = today - timedelta(days=9), today + timedelta(days=9)
        signed = SignAgreement(agency, agreement, (PROGRAMME,), categories, starts, ends, Sealed("S. Igner"))
        await self.take(signed, ADMINISTRATOR)
        original = TerminateAgreement(agency, f"isa-{agency}", Sealed("Replaced."))
        await self.take(original, ADMINISTRATOR)

    async def take(self, command: Command, by: Actor) -> None:
        """What cannot be done just then is not."""
        try:
            await self.place.take(command, by)
        except Refused:
            return
        self.said += 1

    def commands(self, step: Step) -> list[tuple[Command, Actor]]:
        case, item = self.cases[step.a % 2], self.items[step.a % 2]
        agency = AGENCIES[step.b % 2]
        who = (HOUSING, COLLEAGUE, POLICE, COORDINATOR, CHAIR)[step.b % 5]
        member = (HOUSING, COLLEAGUE, POLICE)[step.b % 3]
        held = self.catch.present.states.at_hand(case)
        assert held is not None
        open_ones = [d.disclosure for d in held.state.disclosures if d.agency == agency and d.ended_at is None]
        category = (Category.DISCUSSION, Category.RESTRICTED, Category.HEALTH, Category.NEEDS)[step.b % 4]
        due = london_day(datetime.now(UTC)) + timedelta(days=9)
        day = london_day(datetime.now(UTC)) + timedelta(days=step.b % 5)
        match step.what:
            case "disclose":
                told = MOST if step.b % 3 else frozenset({Category.IDENTITY, Category.HEALTH, Category.NEEDS})
                until = day if step.b % 2 else None
                wanted = AuthoriseDisclosure(case, uuid4(), agency, told, BASIS, Sealed("Needed."), until)
                return [(wanted, COORDINATOR)]
            case "end disclosure":
                return [(EndDisclosure(case, one), COORDINATOR) for one in open_ones]
            case "involve":
                return [(InvolvePartner(case, agency, "support"), COORDINATOR)]
            case "end involvement":
                return [(EndInvolvement(case, agency), COORDINATOR)]
            case "object":
                against = frozenset({agency}) if step.b % 3 else frozenset[str]()
                return [(RecordObjection(case, uuid4(), frozenset({category}), against), COORDINATOR)]
            case "recuse":
                return [(DeclareInterest(self.meeting, item, who.user, who.agency), who)]
            case "resolve":
                return [(ResolveInterest(self.meeting, item, who.user, Sealed("A namesake.")), CHAIR)]
            case "suspend":
                return [(SuspendMember(member.agency, member.user), ADMINISTRATOR)]
            case "reinstate":
                return [(ReinstateMember(member.agency, member.user), SYSTEM)]
            case "end role":
                return [(EndRole(member.agency, member.user, member.role, PROGRAMME), SYSTEM)]
            case "give role":
                today = london_day(datetime.now(UTC))
                return [(GiveRole(member.agency, member.user, member.role, today, None, PROGRAMME), SYSTEM)]
            case "meet again":
                return self.again(case, agency, member)
            case "accept":
                return [(AcceptConfidentiality(self.meeting, member.user), member)]
            case "terminate":
                partner: Partner = self.catch.present.states.at_hand(partner_stream(agency)).state  # pyright: ignore[reportOptionalMemberAccess]
                signed = (each.agreement for each in partner.agreements if each.terminated_at is None)
                return [(TerminateAgreement(agency, each, Sealed("Not renewed.")), ADMINISTRATOR) for each in signed]
            case "note" if category is Category.RESTRICTED:
                tag = Tag.WARNING
                return [(AddRestrictedNote(case, uuid4(), tag, Sealed(f"Note {uuid4()}")), COORDINATOR)]
            case "note":
                audience = frozenset({agency}) if step.b % 2 else frozenset[str]()
                return [(AddNote(case, uuid4(), category, Sealed(f"Note {uuid4()}"), audience), COORDINATOR)]
            case "plan":
                return [
                    (PlanMeeting(self.later, PROGRAMME, SERIES, self.starts, CHAIR.user), COORDINATOR),
                    (InviteMember(self.later, agency, member.user if step.a % 2 else None), COORDINATOR),
                ]
            case "move it":
                starts = self.starts + timedelta(minutes=step.b)
                return [(RescheduleMeeting(self.later, starts, Sealed("The room is taken.")), COORDINATOR)]
            case "call off":
                return [(CancelMeeting(self.later, Sealed("Nobody can come.")), COORDINATOR)]
            case "offer":
                return [(OfferAction(case, uuid4(), Sealed(f"Do {uuid4()}"), agency, due), COORDINATOR)]
            case "say":
                said = RecordUpdate(self.meeting, item, Sealed(f"Situation {uuid4()}"))
                return [(OpenItem(self.meeting, item, known_by=COORDINATOR.user), COORDINATOR), (said, COORDINATOR)]
            case "hand over":
                to = (ELSEWHERE.agency, COORDINATOR.agency)[step.b % 2]
                return [(AllocateCoordinator(case, f"coordinator@{to}", to, reason=Sealed("Moved.")), COORDINATOR)]
            case "take off":
                return [(RemoveItem(self.meeting, item, Sealed("Not today.")), CHAIR)]
            case "invite":
                return [(InviteMember(self.meeting, agency, member.user, (item,)), COORDINATOR)]
            case "withdraw":
                user = member.user if step.a % 2 else None
                return [(WithdrawInvitation(self.meeting, member.agency, user, Sealed("No.")), COORDINATOR)]
            case _:
                return []

    def again(self, case: UUID, agency: str, member: Actor) -> list[tuple[Command, Actor]]:
        """The case comes to another meeting, whose confidentiality the member accepts."""
        meeting, starts = uuid4(), datetime.now(UTC) + timedelta(minutes=5, days=next(DAYS))
        placed = AddItem(
            meeting, uuid4(), Section.NEW, case, presenter=COORDINATOR.user, basis=AppearanceBasis.AGREEMENT, minutes=5
        )
        return [
            (PlanMeeting(meeting, PROGRAMME, SERIES, starts, CHAIR.user), COORDINATOR),
            (InviteMember(meeting, agency), COORDINATOR),
            (placed, COORDINATOR),
            (PublishAgenda(meeting), CHAIR),
            (AcceptConfidentiality(meeting, member.user), member),
        ]


def redactions(told: Any, where: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Of an answer, which items are in it, what is closed, and where."""
    if isinstance(told, list):
        for each in cast("list[Any]", told):
            yield from redactions(each, where)
    elif isinstance(told, dict):
        parts = cast("dict[str, Any]", told)
        if "id" in parts:
            yield (*where, parts["id"])
        for closed in parts.get("redactions") or ():
            yield (*where, parts.get("id"), closed["path"], closed["reason"])
        for name, each in parts.items():
            yield from redactions(each, (*where, parts.get("id"), name))


WHAT = (
    *("disclose", "end disclosure", "involve", "end involvement", "object", "recuse", "recuse", "resolve", "suspend"),
    *("reinstate", "terminate", "note", "note", "offer", "say", "say", "hand over", "take off", "invite", "withdraw"),
    *("end role", "give role", "accept", "days pass", "plan", "move it", "call off"),
)
OF_AGENCIES = ("suspend", "reinstate", "terminate", "end role", "give role")
"""Steps that may be told to an agency's own people whatever they change."""
KINDS: Mapping[str, type[Shared]] = {"meeting": MeetingSource, "caseUpdates": CaseSource, "agencyInbox": InboxSource}
