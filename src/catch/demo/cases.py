"""One case of the demonstration year, from the front door to its closure: what happens, when, and who does it.

A life keeps a list of what is to come. Meetings and weeks drive it; every step is an ordinary command.
"""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from catch.demo import people
from catch.demo.acting import Acting
from catch.demo.helping import Task, member
from catch.demo.holding import Heard, Table
from catch.demo.people import CHAIR, LEAD_AGENCY, STANDING, WORKERS, Agency
from catch.domain.calendar import add_months, london_day
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
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.items import DecisionCode, Item

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


def coordinator(worker: str) -> Actor:
    return Actor(worker, LEAD_AGENCY, Role.COORDINATOR)


TABLE = Table(
    "snn-catch",
    SERIES,
    Actor(CHAIR, LEAD_AGENCY, Role.CHAIR),
    tuple(map(coordinator, WORKERS)),
    STANDING,
)


class Life(Heard):
    """One case. `worker` coordinates it; `team` are the partners it will need."""

    def __init__(
        self, acting: Acting, case: UUID, received: datetime, worker: str, needs: tuple[str, ...], team: list[Agency]
    ) -> None:
        super().__init__(acting, case, team)
        self.worker, self.needs = worker, needs
        self.stretch = 1.0
        self.discussed = self.closure_proposed = False
        self.reviewed, self.allocated, self.shared = False, False, False
        self.planned_at: datetime | None = None
        self.goals: list[UUID] = []
        self.targets: dict[UUID, int] = {}
        self.reason = ""
        self.for_meeting = self.random.random() < 0.85
        self.plan_step(received + timedelta(minutes=self.random.randint(30, 170)), self.accept)

    @property
    def coordinated_by(self) -> Actor:
        return coordinator(self.worker)

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

    def decision(self, item: Item) -> DecisionCode:
        if self.closure_proposed:
            return DecisionCode.CLOSE
        return DecisionCode.CONTINUE if self.discussed else DecisionCode.ACCEPT_TO_SUPPORT

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

    # Plan, reviews, closure

    def heard(self, at: datetime) -> None:
        if not self.discussed:
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
