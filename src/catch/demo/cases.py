"""One case of the demonstration year, from the front door to its closure: what happens, when, and who does it.

A life keeps a list of what is to come. Meetings and weeks drive it; every step is an ordinary command.
"""

import heapq
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID, uuid5

from msgspec import Struct

from catch.app import Catch
from catch.commands import Commands
from catch.demo import people
from catch.demo.people import LEAD_AGENCY, Agency
from catch.domain.calendar import LONDON, add_months, add_working_days, london_day
from catch.domain.case.actions import (
    ActionAnswer,
    CloseActionIncomplete,
    CompleteAction,
    Incomplete,
    ProgressAction,
    RespondToAction,
)
from catch.domain.case.agreement import RecordAgreement, RecordObjection
from catch.domain.case.closing import CloseCase, GoalOutcome, GoalResult, ProposeClosure, ReopenCase
from catch.domain.case.coordination import AllocateCoordinator, RecordConversation, RecordConversationAttempt
from catch.domain.case.disclosure import AuthoriseDisclosure, InvolvePartner
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.goals import NewGoal, ScoreGoal
from catch.domain.case.notes import AddNote, RecordUnmetNeed, UnmetReason
from catch.domain.case.plan import AgreePlan
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.referral import DuplicateOpenCase
from catch.domain.case.reviews import HoldReview, ScheduleReview
from catch.domain.case.state import (
    Basis,
    CommonLawBasis,
    ConversationFormat,
    LegalBasis,
    ProposalPurpose,
    ReviewDecision,
    SpecialCategoryBasis,
    Worker,
)
from catch.domain.facts import Actor, Category, Command, Role, Sealed

SERIES = "catch-weekly"
BASIS = Basis(LegalBasis.PUBLIC_TASK, CommonLawBasis.IMPLIED_CONSENT, SpecialCategoryBasis.HEALTH_OR_SOCIAL_CARE)
CLOSURES = (
    # reason, of a hundred, and how many weeks after the plan: least, most, usual
    ("goals-achieved", 46, (8, 19, 14)),
    ("goals-partly-achieved", 20, (10, 22, 16)),
    ("moved-away", 5, (2, 18, 8)),
    ("died", 2, (2, 18, 8)),
    ("other-programme", 5, (3, 16, 8)),
    ("escalated", 5, (2, 12, 5)),
    ("disengaged", 10, (3, 14, 6)),
    ("support-declined", 7, (2, 10, 4)),
)
FORMATS = (ConversationFormat.HOME, ConversationFormat.PHONE, ConversationFormat.FACE_TO_FACE)
Step = Callable[[datetime], Awaitable[None]]


def made_up(names: UUID, name: str) -> UUID:
    """An id that looks like any client's random one, and is the same whenever the demonstration is loaded."""
    return UUID(bytes=uuid5(names, name).bytes, version=4)


class Acting:
    """Takes commands, as the API's mutations do, and counts them. Each is taken when it happens, so that rights are
    asked as they stand on that day of the year, not as they stand today.
    """

    def __init__(self, catch: Catch) -> None:
        self.catch = catch
        self.commands = 0
        self._upto: datetime | None = None
        self._reached: datetime | None = None

    async def begin(self) -> None:
        """In an invented place what happens is recorded on its day; elsewhere all of it is recorded today."""
        if await self.catch.log.mark.invented():
            self._upto = await self.catch.log.pool.fetchval("select clock_timestamp()")

    def reach(self, at: datetime) -> None:
        """It is as late as this now, or later: time does not go back."""
        if self._upto is not None and (self._reached is None or at > self._reached):
            self._reached = min(at, self._upto)
            self.catch.log.record_at(self._reached)

    def end(self) -> None:
        self.catch.log.record_at(None)

    async def take(self, command: Command, by: Actor, at: datetime, command_id: UUID) -> None:
        self.commands += 1
        self.reach(at)
        await Commands(self.catch.records, lambda: at).take(command, by=by, command_id=command_id)


class Task(Struct):
    """An action as the life remembers it."""

    action: UUID
    owner: Agency
    due: date
    intervention: str
    mandatory: bool
    settled: bool = False
    declined: bool = False


def working_time(random: Random, day: date) -> datetime:
    """A moment of the working day, in UTC."""
    return datetime.combine(day, time(9 + random.randrange(8), random.randrange(60)), LONDON).astimezone(UTC)


def coordinator(worker: str) -> Actor:
    return Actor(worker, LEAD_AGENCY, Role.COORDINATOR)


def member(agency: Agency) -> Actor:
    return Actor(agency.user, agency.key, Role.PARTNER)


class Life:
    """One case. `worker` coordinates it; `team` are the partners it will need."""

    def __init__(
        self, acting: Acting, case: UUID, received: datetime, worker: str, needs: tuple[str, ...], team: list[Agency]
    ) -> None:
        self.acting, self.case, self.worker, self.needs, self.team = acting, case, worker, needs, team
        # Dice of its own: cases that live at the same time do not change each other's year, whichever comes first.
        self.random = Random(case.int)  # noqa: S311  (a demonstration's dice)
        self.stretch = 1.0
        self.open, self.discussed, self.closure_proposed = True, False, False
        self.reviewed, self.allocated, self.shared = False, False, False
        self.planned_at: datetime | None = None
        self.tasks: list[Task] = []
        self.goals: list[UUID] = []
        self.targets: dict[UUID, int] = {}
        self.reason = ""
        self.for_meeting = self.random.random() < 0.85
        self._steps: list[tuple[datetime, int, Step]] = []
        self._made = self._taken = 0
        self.plan_step(received + timedelta(minutes=self.random.randint(30, 170)), self.accept)

    def plan_step(self, at: datetime, step: Step) -> None:
        self._made += 1
        # The number decides between steps of the same moment: functions cannot be compared.
        heapq.heappush(self._steps, (at, self._made, step))

    def soon(self, at: datetime, least: int, most: int, step: Step) -> None:
        """So many working days later, at some time of the day and never before `at`."""
        day = add_working_days(london_day(at), self.random.randint(least, most))
        when = working_time(self.random, day)
        self.plan_step(when if when > at else at + timedelta(minutes=20), step)

    async def until(self, end: datetime) -> None:
        while self._steps and self._steps[0][0] < end:
            at, _, step = heapq.heappop(self._steps)
            await step(at)

    def id(self, what: str) -> UUID:
        self._made += 1
        return uuid5(self.case, f"{what} {self._made}")

    async def take(self, command: Command, at: datetime, by: Actor | None = None) -> None:
        self._taken += 1
        await self.acting.take(command, by or coordinator(self.worker), at, uuid5(self.case, f"command {self._taken}"))

    def some(self, texts: tuple[str, ...]) -> Sealed:
        return Sealed(self.random.choice(texts))

    # The front door

    async def accept(self, at: datetime) -> None:
        await self.take(AcceptReferral(self.case), at)
        await self.take(AllocateCoordinator(self.case, self.worker, LEAD_AGENCY), at)
        self.allocated = True
        if self.random.random() < 0.015:
            self.reason = self.random.choice(("duplicate", "opened-in-error"))
            self.soon(at, 1, 4, self.close)
            return
        if self.random.random() < 0.3:
            self.plan_step(at + timedelta(minutes=40), self.attempt)
        self.soon(at, 1, 2, self.converse)

    async def attempt(self, at: datetime) -> None:
        attempt = RecordConversationAttempt(self.case, self.id("attempt"), ConversationFormat.PHONE, "no-answer")
        await self.take(attempt, at)

    async def converse(self, at: datetime) -> None:
        await self.take(RecordAgreement(self.case), at)
        held = RecordConversation(
            self.case,
            self.id("conversation"),
            self.random.choice(FORMATS),
            self.some(people.MATTERS),
            strengths=self.some(people.STRENGTHS),
            needs=self.needs,
            for_meeting=self.for_meeting,
        )
        await self.take(held, at)
        if self.for_meeting:
            await self.share(at)
            self.soon(at, 7, 14, self.note)
        else:
            self.reason = "information-given"
            self.soon(at, 0, 5, self.close)

    async def share(self, at: datetime) -> None:
        if self.random.random() < 0.04:
            objection = RecordObjection(self.case, self.id("objection"), frozenset({Category.HEALTH}))
            await self.take(objection, at)
            self.team = [agency for agency in self.team if not agency.health]
        for agency in self.team:
            necessity = Sealed("Needed to plan and give the support that was agreed.")
            disclosure = self.id("disclosure")
            allowed = AuthoriseDisclosure(self.case, disclosure, agency.key, agency.categories, BASIS, necessity)
            await self.take(allowed, at)
            await self.take(InvolvePartner(self.case, agency.key, "support"), at)
        self.shared = True
        worker = Worker(self.worker, LEAD_AGENCY)
        proposal = ProposeForMeeting(
            self.case, self.id("proposal"), SERIES, ProposalPurpose.NEW, worker, person_informed=True
        )
        await self.take(proposal, at)

    async def note(self, at: datetime) -> None:
        if not self.open:
            return
        partner = self.random.choice(self.team) if self.team and self.random.random() < 0.35 else None
        note = AddNote(self.case, self.id("note"), Category.DISCUSSION, self.some(people.NOTES))
        await self.take(note, at, member(partner) if partner else None)
        if self.random.random() < 0.03:
            need = self.random.choice(self.needs or ("befriending",))
            unmet = RecordUnmetNeed(self.case, self.id("unmet"), need, self.random.choice(tuple(UnmetReason)))
            await self.take(unmet, at)
        self.soon(at, 11, 18, self.note)

    # What the meeting gives out

    def offers(self) -> list[Task]:
        """The actions of the first discussion: the benefits check, and two or three more kinds of help."""
        found: list[Task] = []
        for agency in self.team:
            wanted = [one for one in agency.interventions if one == "benefits-check" or one in self.needs]
            kind = next(iter(wanted or agency.interventions), None)
            if kind and len(found) < 4:
                mandatory = kind == "benefits-check"
                found.append(Task(self.id("action"), agency, date.min, kind, mandatory))
        return found

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

    # Plan, reviews, closure

    def after_first_discussion(self, at: datetime) -> None:
        self.discussed = True
        self.soon(at, 2, 7, self.agree_plan)

    async def agree_plan(self, at: datetime) -> None:
        if not self.open:
            return
        domains = list(dict.fromkeys(people.NEEDS_OF.get(need, "purpose") for need in self.needs)) or ["purpose"]
        goals: list[NewGoal] = []
        for domain in domains[:3]:
            baseline = self.random.randint(1, 2)
            target = baseline + self.random.randint(1, 2)
            goals.append(NewGoal(self.id("goal"), Sealed(people.GOALS[domain]), domain, baseline, target))
        self.goals = [goal.goal for goal in goals]
        # Also of earlier plans: closing asks for the outcome of every goal there ever was.
        self.targets |= {goal.goal: goal.target for goal in goals}
        review_due = add_months(london_day(at), 3)
        matters = self.some(people.MATTERS)
        await self.take(
            AgreePlan(self.case, self.id("plan"), matters, review_due, tuple(goals), agreed_by_person=True), at
        )
        self.planned_at = at
        reasons = [reason for reason, weight, _ in CLOSURES for _ in range(weight)]
        self.reason = self.random.choice(reasons)
        least, most, usual = next(weeks for reason, _, weeks in CLOSURES if reason == self.reason)
        weeks = self.random.triangular(least, most, usual) * self.stretch
        self.soon(at, int(weeks * 5), int(weeks * 5) + 4, self.end_well if "goals" in self.reason else self.close)
        if self.random.random() < 0.65:
            self.soon(at, 40, 46, self.review)
        else:
            self.soon(at, 48, 50, lambda at: self.schedule_review(at, review_due))

    async def schedule_review(self, at: datetime, due: date) -> None:
        if self.open and not self.reviewed:
            await self.take(ScheduleReview(self.case, uuid5(self.case, "review"), due), at)
            self.soon(at, 9, 18, self.review)

    async def review(self, at: datetime) -> None:
        # Planned long before: the case may have gone another way since.
        if not self.open or self.reviewed or self.closure_proposed:
            return
        self.reviewed = True
        for goal in self.goals:
            if self.random.random() < 0.6:
                await self.take(ScoreGoal(self.case, goal, max(1, self.targets[goal] - 1), "review"), at)
        held = HoldReview(
            self.case,
            uuid5(self.case, "review"),
            ReviewDecision.CONTINUE,
            agreement_confirmed=True,
            summary=self.some(people.SITUATIONS),
            next_due=add_months(london_day(at), 3),
        )
        await self.take(held, at)

    async def end_well(self, at: datetime) -> None:
        """Goals are scored a last time and closure is proposed; the meeting notes it, then the case is closed."""
        if not self.open or self.closure_proposed:
            return
        if "goals" not in self.reason:
            self.reason = "goals-partly-achieved"
        reached = self.reason == "goals-achieved"
        for goal in self.goals:
            short = 0 if reached or self.random.random() < 0.4 else 1
            await self.take(ScoreGoal(self.case, goal, max(1, self.targets[goal] - short), "closure"), at)
        await self.settle(at, only_mandatory=False)
        self.closure_proposed = True
        await self.take(ProposeClosure(self.case, self.reason, self.some(people.SITUATIONS)), at)
        self.soon(at, 5, 9, self.close)

    async def settle(self, at: datetime, *, only_mandatory: bool) -> None:
        for task in self.tasks:
            if not task.settled and (task.mandatory or not only_mandatory):
                task.settled = True
                ending = CloseActionIncomplete(self.case, task.action, Incomplete.NOT_POSSIBLE, Sealed("Case closes."))
                await self.take(ending, at)

    async def close(self, at: datetime) -> None:
        if not self.open:
            return
        await self.settle(at, only_mandatory=True)
        result = GoalResult.PARTLY if "goals" in self.reason else GoalResult.NOT_ACHIEVED
        outcomes = tuple(GoalOutcome(goal, result) for goal in self.targets)
        summary = self.some(people.SITUATIONS)
        await self.take(CloseCase(self.case, self.reason, london_day(at), summary, outcomes), at)
        self.open = False
        self.tasks.clear()  # closing a case ends what is left
        if self.planned_at and self.random.random() < 0.04:
            self.soon(at, 20, 60, self.reopen)

    async def reopen(self, at: datetime) -> None:
        try:
            await self.take(ReopenCase(self.case, Sealed("Called again: things got harder.")), at)
        except DuplicateOpenCase:
            return  # referred again meanwhile, through another door: that case goes on
        self.open, self.closure_proposed, self.reviewed = True, False, True
        self.soon(at, 1, 4, self.agree_plan)
        self.soon(at, 8, 14, self.note)
