"""A meeting in the middle of which a partner's agreement ends: what it and others ask before and after."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from catch.demo.helping import member
from catch.demo.holding import Heard, HeldMeeting
from catch.demo.people import Agency
from catch.domain.calendar import end_of_day, london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Command, Sealed
from catch.domain.meeting.attendance import JoinMeeting, LeaveMeeting
from catch.domain.meeting.items import Item
from catch.domain.partner import TerminateAgreement
from catch.domain.refusals import Refused
from catch.scenarios.life import Life
from catch.scenarios.place import ADMINISTRATOR, SHARING
from catch.scenarios.running import Clockwork, Running
from catch.scenarios.scenario import Played, Stage

TAKEN = "taken"


async def leaver(stage: Stage, running: Running, kind: str, weeks: int) -> Played:
    await stage.begin()
    held = running.meetings.pop()
    last = Left(held, running, next(each for each in running.crew.standing if each.kind == kind))
    running.meetings.append(last)
    clockwork = Clockwork([running], end_of_day(stage.begins - timedelta(days=29)))
    await clockwork.play(end_of_day(london_day(last.starts_at)), stage.progress)
    stage.noted |= last.noted
    played = await stage.read(clockwork.lived)
    (meeting,) = played.meetings[running.name][-1:]
    stage.noted["meeting"] = str(meeting.state)
    return played


class Left(HeldMeeting):
    """Between its first item and its second the partner's agreement ends. Everybody comes."""

    def __init__(self, held: HeldMeeting, running: Running, leaves: Agency) -> None:
        super().__init__(held.acting, held.meeting, held.starts_at, held.table)
        self.running, self.leaves = running, leaves
        self.noted: dict[str, str] = {}

    def coming(self) -> list[Actor]:
        return [*self.table.coordinators, *map(member, self.running.crew.standing)]

    async def hear(self, item: Item, life: Heard, at: datetime) -> datetime:
        over = await super().hear(item, life, at)
        if not self.noted:
            await self.end_agreement(over)
        return over

    async def end_agreement(self, at: datetime) -> None:
        life, other = shared_by(self.running.lives, self.leaves)
        self.noted["before"] = await self.asked(self.note(life, at), member(self.leaves), at)
        ended = TerminateAgreement(self.leaves.key, SHARING, Sealed("It was not renewed."))
        await self.act(ended, ADMINISTRATOR, at)
        self.noted["after"] = await self.asked(self.note(life, at), member(self.leaves), at)
        self.noted["another"] = await self.asked(self.note(life, at), member(other), at)
        due = london_day(at) + timedelta(days=14)
        offered = OfferAction(life.case, life.id("action"), Sealed("Visit together."), self.leaves.key, due)
        self.noted["offered"] = await self.asked(offered, life.coordinated_by, at)
        away = LeaveMeeting(self.meeting, self.leaves.user)
        await self.minuted(away, at)
        back = JoinMeeting(self.meeting, self.leaves.user, self.leaves.key)
        self.noted["back"] = await self.asked(back, member(self.leaves), at)
        # Whoever has gone is offered nothing more.
        for each in self.running.lives.values():
            each.team = [agency for agency in each.team if agency != self.leaves]

    def note(self, life: Life, at: datetime) -> Command:
        return AddNote(life.case, life.id(f"note {at}"), Category.DISCUSSION, Sealed("Spoken on the phone."))

    async def asked(self, command: Command, by: Actor, at: datetime) -> str:
        try:
            await self.act(command, by, at)
        except Refused as refused:
            return f"refused: {refused.code}"
        return TAKEN


def shared_by(lives: Mapping[UUID, Life], agency: Agency) -> tuple[Life, Agency]:
    """A case that it works on with somebody else."""
    return next(
        (life, other)
        for life in lives.values()
        for other in life.team
        if life.open and agency in life.team and other != agency
    )
