"""What partners do for a case: the actions that they are offered, answer, hand on, work on and end."""

from abc import ABC, abstractmethod
from datetime import date, datetime
from uuid import UUID

from msgspec import Struct

from catch.demo import people
from catch.demo.acting import Acting, Unfolding
from catch.demo.people import Agency
from catch.domain.calendar import london_day
from catch.domain.case.actions import (
    ActionAnswer,
    CloseActionIncomplete,
    CompleteAction,
    Incomplete,
    ProgressAction,
    RespondToAction,
)
from catch.domain.facts import Actor, Command, Role, Sealed


class Task(Struct):
    """An action as the life remembers it."""

    action: UUID
    owner: Agency
    due: date
    intervention: str
    mandatory: bool
    settled: bool = False
    declined: bool = False


def member(agency: Agency) -> Actor:
    return Actor(agency.user, agency.key, Role.PARTNER)


class Helped(Unfolding, ABC):
    """A case with its actions. `team` are the partners it will need."""

    def __init__(self, acting: Acting, case: UUID, team: list[Agency]) -> None:
        super().__init__(acting, case)
        self.case, self.team = case, team
        self.open = True
        self.tasks: list[Task] = []

    @property
    @abstractmethod
    def coordinated_by(self) -> Actor: ...

    async def take(self, command: Command, at: datetime, by: Actor | None = None) -> None:
        await self.act(command, by or self.coordinated_by, at)

    def some(self, texts: tuple[str, ...]) -> Sealed:
        return Sealed(self.random.choice(texts))

    def title(self, task: Task) -> Sealed:
        plain = task.intervention.replace("-", " ")
        return Sealed(people.TITLES.get(task.intervention, plain[:1].upper() + plain[1:]))

    def offered(self, at: datetime, task: Task, *, accepted: bool) -> None:
        self.tasks.append(task)
        if accepted:
            self.work_on(at, task)
        else:
            self.soon(at, 1, 4, lambda at: self.answer(at, task))

    async def answer(self, at: datetime, task: Task) -> None:
        if not self.open or task.settled:
            return
        if not task.mandatory and self.random.random() < 0.12:
            task.declined = True
            no = RespondToAction(self.case, task.action, ActionAnswer.DECLINE, Sealed("No places before next month."))
            await self.take(no, at, member(task.owner))
            self.soon(at, 3, 11, lambda at: self.hand_over(at, task))
            return
        await self.take(RespondToAction(self.case, task.action, ActionAnswer.ACCEPT), at, member(task.owner))
        self.work_on(at, task)

    async def hand_over(self, at: datetime, task: Task) -> None:
        if not self.open or task.settled:
            return
        others = [agency for agency in self.team if agency.key != task.owner.key]
        if not others or self.random.random() < 0.4:
            task.settled = True
            gone = CloseActionIncomplete(self.case, task.action, Incomplete.CANCELLED, Sealed("Another way was found."))
            await self.take(gone, at)
            return
        task.owner, task.declined = self.random.choice(others), False
        to = RespondToAction(
            self.case, task.action, ActionAnswer.REASSIGN, reason=Sealed("Offered to another."), to=task.owner.key
        )
        await self.take(to, at)
        self.soon(at, 1, 3, lambda at: self.answer(at, task))

    def work_on(self, at: datetime, task: Task) -> None:
        if self.random.random() < 0.5:
            self.soon(at, 2, 6, lambda at: self.progress(at, task))
        late = self.random.random() < 0.12
        # Calendar days as working days, five of seven.
        wait = max(1, (task.due - london_day(at)).days * 5 // 7)
        first, last = (wait + 2, wait + 14) if late else (max(1, wait - 7), wait)
        self.soon(at, first, max(first, last), lambda at: self.end_task(at, task))

    async def progress(self, at: datetime, task: Task) -> None:
        if self.open and not task.settled:
            said = ProgressAction(self.case, task.action, self.id("progress"), self.some(people.NOTES), 50)
            await self.take(said, at, member(task.owner))

    async def end_task(self, at: datetime, task: Task) -> None:
        if not self.open or task.settled:
            return
        task.settled = True
        fate = self.random.random()
        if fate < 0.88:
            done = CompleteAction(self.case, task.action, "helped", london_day(at))
            await self.take(done, at, member(task.owner))
            return
        ending = Incomplete.NOT_POSSIBLE if fate < 0.95 else Incomplete.NOT_UNDERTAKEN
        undone = CloseActionIncomplete(self.case, task.action, ending, Sealed("Circumstances changed."))
        await self.take(undone, at, member(task.owner))

    async def settle(self, at: datetime, *, only_mandatory: bool) -> None:
        for task in self.tasks:
            if not task.settled and (task.mandatory or not only_mandatory):
                task.settled = True
                ending = CloseActionIncomplete(self.case, task.action, Incomplete.NOT_POSSIBLE, Sealed("Case closes."))
                await self.take(ending, at)
