"""The meetings of an invented place: called, drafted, published and really held, command by command."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from msgspec import Struct

from catch.demo import people
from catch.demo.acting import Acting, Unfolding
from catch.demo.helping import Helped, Task
from catch.domain.calendar import london_day
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Command, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import RecordDecision, RecordUpdate
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.editing import PullFromNoting
from catch.domain.meeting.floor import CloseItem, DeferItem, NoteItem, OpenItem
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.items import DecisionCode, DeferReason, Item, ToTell
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.session import ConfirmMinutes, EndMeeting, StartMeeting
from catch.domain.meeting.state import Meeting
from catch.domain.streams import MEETING

_BUSY = 0.8  # of the agencies invited, how many come on a given day


class Table(Struct, frozen=True):
    """A series and who sits there: its chair, the coordinators, of whom the first minutes it, and standing partners.

    `shortest`: minutes that people keep free, however short the agenda. `put_off`, `pulled`: of what need not be heard
    that day, and of what is listed for noting, how much.
    """

    programme: str
    series: str
    chair: Actor
    coordinators: tuple[Actor, ...]
    partners: tuple[str, ...]
    shortest: int = 90
    put_off: float = 0.03
    pulled: float = 0.0

    @property
    def secretary(self) -> Actor:
        return self.coordinators[0]


class Heard(Helped, ABC):
    """A case that a meeting may hear."""

    discussed = closure_proposed = shared = False

    @abstractmethod
    def decision(self, item: Item) -> DecisionCode: ...

    @abstractmethod
    def offers(self) -> list[Task]: ...

    @abstractmethod
    def heard(self, at: datetime) -> None: ...


class HeldMeeting(Unfolding):
    """One meeting."""

    def __init__(self, acting: Acting, meeting: UUID, starts_at: datetime, table: Table) -> None:
        super().__init__(acting, meeting)
        self.meeting, self.starts_at, self.table = meeting, starts_at, table
        self.there: set[str] = set()

    async def by_chair(self, command: Command, at: datetime) -> None:
        await self.act(command, self.table.chair, at)

    async def minuted(self, command: Command, at: datetime) -> None:
        await self.act(command, self.table.secretary, at)

    @property
    def called_at(self) -> datetime:
        return self.starts_at - timedelta(days=8)

    async def call(self) -> None:
        """Planned a week before, the standing agencies and our own workers asked to come."""
        at, table = self.called_at, self.table
        planned = PlanMeeting(self.meeting, table.programme, table.series, self.starts_at, table.chair.user)
        await self.minuted(planned, at)
        for agency in (table.chair.agency, *table.partners):
            await self.minuted(InviteMember(self.meeting, agency), at)

    async def publish(self) -> None:
        at = self.starts_at - timedelta(hours=23)
        await self.minuted(DraftAgenda(self.meeting), at)
        await self.by_chair(PublishAgenda(self.meeting), at + timedelta(hours=1))

    async def state(self) -> Meeting:
        return (await self.acting.catch.present.states.get(MEETING, self.meeting)).state

    async def hold(self, lives: Mapping[UUID, Heard]) -> None:
        """From the first greeting to the minutes. Every item is discussed, noted or put off."""
        at = self.starts_at
        await self.by_chair(StartMeeting(self.meeting), at)
        for who in self.coming():
            await self.act(JoinMeeting(self.meeting, who.user, who.agency), who, at)
            await self.act(AcceptConfidentiality(self.meeting, who.user), who, at)
            self.there.add(who.agency)
        at += timedelta(minutes=5)
        for item in (await self.state()).items:
            if item.case is not None:
                at = await self.hear(item, lives[item.case], at)
        # A short agenda still takes the time that people had kept free.
        ended = max(at, self.starts_at + timedelta(minutes=self.table.shortest))
        await self.by_chair(EndMeeting(self.meeting), ended)
        await self.by_chair(ConfirmMinutes(self.meeting), ended + timedelta(hours=2))

    def coming(self) -> list[Actor]:
        partners = self.table.partners
        guests = [Actor(f"{key}-member", key, Role.PARTNER) for key in partners if self.random.random() < _BUSY]
        return [*self.table.coordinators, *guests]

    async def hear(self, item: Item, life: Heard, at: datetime) -> datetime:
        if item.section is Section.NOTING and not await self.pull(item, at):
            await self.minuted(NoteItem(self.meeting, item.item), at)
            return at
        # A case may have closed since the agenda was published: then there is nothing to hear.
        if not (life.open and life.shared) or (not item.must and self.random.random() < self.table.put_off):
            why = DeferReason.INFORMATION_MISSING if life.open else DeferReason.PERSON_UNAVAILABLE
            await self.minuted(DeferItem(self.meeting, item.item, why), at)
            return at
        await self.minuted(OpenItem(self.meeting, item.item), at)
        said = RecordUpdate(
            self.meeting,
            item.item,
            situation=Sealed(self.random.choice(people.SITUATIONS)),
            next_steps=Sealed(self.random.choice(people.NEXT_STEPS)),
        )
        end = at + timedelta(minutes=max(2, item.minutes))
        await self.minuted(said, at + timedelta(minutes=1))
        await self.decide(item, life, at + timedelta(minutes=1), end)
        await self.minuted(CloseItem(self.meeting, item.item), end)
        return end

    async def pull(self, item: Item, at: datetime) -> bool:
        """Somebody wants to talk about it after all."""
        pulled = self.table.pulled > 0 and self.random.random() < self.table.pulled
        if pulled:
            asked = PullFromNoting(self.meeting, item.item, Sealed("We would like to talk about it."))
            await self.minuted(asked, at)
        return pulled

    async def decide(self, item: Item, life: Heard, at: datetime, end: datetime) -> None:
        decision = uuid5(item.item, "decision")
        tell = ToTell(life.coordinated_by.user, london_day(at) + timedelta(days=3))
        code = life.decision(item)
        lead = self.table.chair.agency
        agreed = tuple(sorted({lead, *(self.there & {agency.key for agency in life.team})}))
        command = RecordDecision(self.meeting, item.item, decision, code, agreed_by=agreed, to_tell_person=tell)
        await self.minuted(command, at)
        if not life.discussed:
            for task in life.offers():
                await self.offer(item, life, task, decision, at)
        life.heard(end)

    async def offer(self, item: Item, life: Heard, task: Task, decision: UUID, at: datetime) -> None:
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
        await self.minuted(offered, at)
        life.offered(at + timedelta(minutes=10), task, accepted=in_the_room)
