"""The weekly meetings of the demonstration year: called, drafted, published and really held, command by command."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid5

from catch.demo import people
from catch.demo.cases import SERIES, Acting, Life, Task, coordinator
from catch.demo.people import CHAIR, LEAD_AGENCY, STANDING, WORKERS
from catch.domain.calendar import london_day
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Command, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import RecordDecision, RecordUpdate
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.floor import CloseItem, DeferItem, NoteItem, OpenItem
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.items import DecisionCode, DeferReason, Item, ToTell
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import ConfirmMinutes, EndMeeting, StartMeeting
from catch.domain.meeting.state import Meeting
from catch.domain.streams import MEETING

CHAIRING = Actor(CHAIR, LEAD_AGENCY, Role.CHAIR)
_BUSY = 0.8  # of the agencies invited, how many come on a given day


class Weekly:
    """One meeting of the year."""

    def __init__(self, acting: Acting, meeting: UUID, starts_at: datetime) -> None:
        self.acting, self.meeting, self.starts_at = acting, meeting, starts_at
        self.random = Random(meeting.int)  # noqa: S311
        self._taken = 0
        self.there: set[str] = set()

    async def take(self, command: Command, by: Actor, at: datetime) -> None:
        self._taken += 1
        await self.acting.take(command, by, at, uuid5(self.meeting, f"command {self._taken}"))

    @property
    def called_at(self) -> datetime:
        return self.starts_at - timedelta(days=8)

    async def call(self, programme: str) -> None:
        """Planned a week before, the standing agencies and our own workers asked to come."""
        at = self.called_at
        secretary = coordinator(WORKERS[0])
        await self.take(PlanMeeting(self.meeting, programme, SERIES, self.starts_at, CHAIR), secretary, at)
        for agency in (LEAD_AGENCY, *STANDING):
            await self.take(InviteMember(self.meeting, agency), secretary, at)

    async def publish(self) -> None:
        at = self.starts_at - timedelta(hours=23)
        await self.take(DraftAgenda(self.meeting), coordinator(WORKERS[0]), at)
        await self.take(PublishAgenda(self.meeting), CHAIRING, at + timedelta(hours=1))

    async def state(self) -> Meeting:
        return (await self.acting.catch.present.states.get(MEETING, self.meeting)).state

    async def hold(self, lives: Mapping[UUID, Life]) -> None:
        """From the first greeting to the minutes. Every item is discussed, noted or put off."""
        at = self.starts_at
        await self.take(StartMeeting(self.meeting), CHAIRING, at)
        for who in self.coming():
            await self.take(JoinMeeting(self.meeting, who.user, who.agency), who, at)
            await self.take(AcceptConfidentiality(self.meeting, who.user), who, at)
            self.there.add(who.agency)
        at += timedelta(minutes=5)
        for item in (await self.state()).items:
            if item.case is not None:
                at = await self.hear(item, lives[item.case], at)
        # A short agenda still takes the time that people had kept free.
        ended = max(at, self.starts_at + timedelta(minutes=90))
        await self.take(EndMeeting(self.meeting), CHAIRING, ended)
        await self.take(ConfirmMinutes(self.meeting), CHAIRING, ended + timedelta(hours=2))

    def coming(self) -> list[Actor]:
        guests = [Actor(f"{key}-member", key, Role.PARTNER) for key in STANDING if self.random.random() < _BUSY]
        return [*map(coordinator, WORKERS), *guests]

    async def hear(self, item: Item, life: Life, at: datetime) -> datetime:
        by = coordinator(WORKERS[0])
        if item.section is Section.NOTING:
            await self.take(NoteItem(self.meeting, item.item), by, at)
            return at
        # A case may have closed since the agenda was published: then there is nothing to hear.
        if not (life.open and life.shared) or (not item.must and self.random.random() < 0.03):
            why = DeferReason.INFORMATION_MISSING if life.open else DeferReason.PERSON_UNAVAILABLE
            await self.take(DeferItem(self.meeting, item.item, why), by, at)
            return at
        await self.take(OpenItem(self.meeting, item.item), by, at)
        said = RecordUpdate(
            self.meeting,
            item.item,
            situation=Sealed(self.random.choice(people.SITUATIONS)),
            next_steps=Sealed(self.random.choice(people.NEXT_STEPS)),
        )
        end = at + timedelta(minutes=max(2, item.minutes))
        await self.take(said, by, at + timedelta(minutes=1))
        await self.decide(item, life, at + timedelta(minutes=1), end)
        await self.take(CloseItem(self.meeting, item.item), by, end)
        return end

    async def decide(self, item: Item, life: Life, at: datetime, end: datetime) -> None:
        decision = uuid5(item.item, "decision")
        tell = ToTell(life.worker, london_day(at) + timedelta(days=3))
        code = DecisionCode.CONTINUE if life.discussed else DecisionCode.ACCEPT_TO_SUPPORT
        if life.closure_proposed:
            code = DecisionCode.CLOSE
        agreed = tuple(sorted({LEAD_AGENCY, *(self.there & {agency.key for agency in life.team})}))
        command = RecordDecision(self.meeting, item.item, decision, code, agreed_by=agreed, to_tell_person=tell)
        await self.take(command, coordinator(WORKERS[0]), at)
        if not life.discussed:
            for task in life.offers():
                await self.offer(item, life, task, decision, at)
            life.after_first_discussion(end)

    async def offer(self, item: Item, life: Life, task: Task, decision: UUID, at: datetime) -> None:
        task.due = london_day(at) + timedelta(days=self.random.randint(14, 49))
        in_the_room = task.owner.key in self.there and self.random.random() < 0.6
        offered = OfferActionInMeeting(
            self.meeting,
            item.item,
            task.action,
            life.title(task),
            task.owner.key,
            task.due,
            owner_user=task.owner.user if in_the_room else None,
            intervention=task.intervention,
            mandatory=task.mandatory,
            decision=decision,
            accepted=in_the_room,
        )
        await self.take(offered, coordinator(WORKERS[0]), at)
        life.offered(at + timedelta(minutes=10), task, accepted=in_the_room)
