"""One case of any programme, from its referral to its closure, by what the programme's configuration says.

Clocks say how soon things are done, milestones what is reached, instruments what is measured and when, the plan's rules
how long support lasts and when it is reviewed, the closure's reasons how it ends. What no configuration says, as how
many people move away, are the scenario's own `Ways`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType
from uuid import UUID

from msgspec import Struct

from catch.demo import people
from catch.demo.acting import Acting, made_up, working_time
from catch.demo.cases import BASIS, FORMATS
from catch.demo.helping import Task
from catch.demo.holding import Heard
from catch.demo.people import Agency, Someone
from catch.domain.calendar import add_working_days, is_working_day, london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.agreement import RecordAgreement
from catch.domain.case.closing import CloseCase, GoalOutcome, GoalResult, ProposeClosure
from catch.domain.case.coordination import AllocateCoordinator, RecordConversation, RecordConversationAttempt
from catch.domain.case.disclosure import AuthoriseDisclosure, InvolvePartner
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.goals import NewGoal, ScoreGoal
from catch.domain.case.measures import RecordMeasure, RecordNoMeasure
from catch.domain.case.milestones import ReachMilestone
from catch.domain.case.plan import AgreePlan
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.reviews import HoldReview
from catch.domain.case.state import (
    Agrees,
    ConversationFormat,
    EvaluatedCriterion,
    ProposalPurpose,
    ReferralAgreement,
    ReviewDecision,
    SafeContact,
    WhyNot,
    Worker,
)
from catch.domain.facts import Actor, Sealed
from catch.domain.instruments import Reading
from catch.domain.meeting.instant import Participant, RecordInstantDiscussion
from catch.domain.meeting.items import DecisionCode, Item
from catch.domain.meeting.listing import ReasonCode
from catch.domain.person import RegisterPerson
from catch.domain.programme.clocks import add_span, day_after, matches
from catch.domain.programme.configuration import ClosureClass, Instrument, MeasureStage, Series, Span, Unit
from catch.scenarios.place import LEAD, Crew

ENDINGS: Mapping[ClosureClass, int] = MappingProxyType(
    {
        ClosureClass.OUTCOME_ACHIEVED: 46,
        ClosureClass.PARTIAL_OUTCOME: 20,
        ClosureClass.COMPETING_NEUTRAL: 12,
        ClosureClass.COMPETING_ADVERSE: 20,
        ClosureClass.ADMINISTRATIVE: 2,
    }
)
"""Of a hundred closures, as the demonstration has them."""


class Ways(Struct, frozen=True):
    """How people go through a programme, where its configuration leaves that open.

    Shares: `engages` come to a first conversation, `to_meeting` need more than that, `lost` are not measured at each
    later stage, `reaches` a milestone, by its code, `late` is what comes after its clock's time. `kinds`: so many kinds
    of help each. `stay`: days in support from the plan, least, most, usual. `gain`: of an instrument's range, mean and
    spread.
    """

    engages: float = 1.0
    to_meeting: float = 1.0
    kinds: tuple[int, int] = (2, 3)
    stay: tuple[int, int, int] | None = None
    endings: Mapping[ClosureClass, int] = ENDINGS
    lost: float = 0.0
    gain: tuple[float, float] = (0.15, 0.12)
    reaches: Mapping[str, float] = {}
    late: float = 0.05
    goals: int = 2


def in_its_time(random: Random, span: Span, at: datetime, *, late: bool) -> datetime:
    """After `at`, and before so long has passed, or beyond it; of days in working time, where there is any in it."""
    fraction = random.uniform(1.05, 1.6) if late else random.triangular(0.05, 0.9, 0.4)
    moment = at + fraction * (add_span(at, span) - at)
    if span.unit in (Unit.MINUTE, Unit.HOUR):
        return moment
    day = before = london_day(moment)
    while not is_working_day(before):
        before -= timedelta(days=1)
    # The last working day before, where it is not over by then.
    day = add_working_days(day - timedelta(days=1), 1) if late or before < london_day(at) else before
    return max(working_time(random, day), at + timedelta(minutes=20))


class Life(Heard):
    """One case. `worker` coordinates it, `series` hears it where the programme has meetings."""

    def __init__(
        self,
        acting: Acting,
        crew: Crew,
        ways: Ways,
        case: UUID,
        someone: Someone,
        received: datetime,
        worker: Actor,
        series: Series | None,
    ) -> None:
        super().__init__(acting, case, [])
        self.crew, self.ways, self.someone, self.worker, self.series = crew, ways, someone, worker, series
        self.programme = crew.programme
        self.received, self.person = received, made_up(case, "person")
        offered = [each for each in self.programme.interventions if each not in self.programme.mandatory_interventions]
        self.needs = tuple(self.random.sample(offered, min(len(offered), self.random.randint(*ways.kinds))))
        self.wellbeing = min(0.75, max(0.1, self.random.gauss(0.38, 0.1)))
        self.gain = self.random.gauss(*ways.gain)
        self.talked = False
        self.planned_at: datetime | None = None
        self.leaves: datetime | None = None
        self.ends = london_day(received)
        self.extensions = 0
        self.goals: dict[UUID, int] = {}
        self.reason = ""
        self.plan_step(received, self.refer)

    @property
    def coordinated_by(self) -> Actor:
        return self.worker

    # When things are done

    def within(self, span: Span, at: datetime) -> datetime:
        """Some time before the clock runs out; now and then after it."""
        return in_its_time(self.random, span, at, late=self.random.random() < self.ways.late)

    def began(self, event: str, at: datetime, narrowing: str | None = None) -> None:
        """What the clocks that start here wait for is done in its time."""
        for rule in self.programme.clocks:
            if not matches(rule.start, event, narrowing):
                continue
            for held in self.programme.milestones:
                if matches(rule.stop, "MilestoneReached", f"milestone={held.code}"):
                    self.towards(held.code, rule.target, at)
            if matches(rule.stop, "ConversationHeld") and event != "ReferralReceived":
                self.plan_step(self.within(rule.target, at), self.converse)

    def towards(self, milestone: str, target: Span, at: datetime) -> None:
        if self.random.random() < self.ways.reaches.get(milestone, 1.0):
            self.plan_step(self.within(target, at), lambda at: self.reach(milestone, at))

    async def reach(self, milestone: str, at: datetime) -> None:
        if self.open:
            await self.take(ReachMilestone(self.case, milestone), at)
            self.began("MilestoneReached", at, f"milestone={milestone}")

    def target(self, stop: str, start: str) -> Span | None:
        found = (
            rule.target for rule in self.programme.clocks if matches(rule.stop, stop) and matches(rule.start, start)
        )
        return next(found, None)

    def in_time(self, stop: str, start: str, at: datetime, least: int, most: int) -> datetime:
        """By the clock between the two, or so many working days later where there is none."""
        span = self.target(stop, start)
        if span is not None:
            return self.within(span, at)
        day = add_working_days(london_day(at), self.random.randint(least, most))
        return max(working_time(self.random, day), at + timedelta(minutes=20))

    # The front door

    async def refer(self, at: datetime) -> None:
        someone, dice = self.someone, self.random
        await self.take(
            RegisterPerson(
                self.person,
                name=Sealed(f"{someone.first} {someone.last}"),
                date_of_birth=Sealed(f"{someone.born}"),
                address=Sealed(someone.address),
                phone=Sealed(someone.phone),
                nhs_number=Sealed(someone.nhs_number),
            ),
            at,
        )
        source = dice.choice([each for each in self.programme.sources if each.active])
        await self.take(
            SubmitReferral(
                self.case,
                self.person,
                self.programme.key,
                self.id("referral"),
                source.code,
                dice.choice(self.programme.channels),
                at,
                self.some(people.REASONS),
                self.needs,
                agreement=ReferralAgreement(True, Agrees.YES),
                safe_contact=SafeContact(True, Sealed("phone, mornings")),
            ),
            at,
        )
        self.began("ReferralReceived", at)
        hurried = any(rule.target.unit in (Unit.MINUTE, Unit.HOUR) for rule in self.programme.clocks)
        soon = dice.randint(3, 9) if hurried else dice.randint(30, 170)
        self.plan_step(at + timedelta(minutes=soon), self.accept)

    async def accept(self, at: datetime) -> None:
        met = tuple(self.criteria(at))
        unmet = self.programme.eligibility.unmet({each.code for each in met if each.met})
        why = Sealed("They would go without otherwise.") if unmet else None
        await self.take(AcceptReferral(self.case, met, why), at)
        await self.take(AllocateCoordinator(self.case, self.worker.user, LEAD), at)
        self.began("ReferralAccepted", at)
        for held in self.programme.milestones:
            # What no clock waits for comes soon, and begins the others.
            if not any(
                matches(rule.stop, "MilestoneReached", f"milestone={held.code}") for rule in self.programme.clocks
            ):
                self.towards(held.code, Span(4, Unit.HOUR), at)
        if self.random.random() >= self.ways.engages:
            self.soon(at, 3, 12, self.attempt)
            self.ending(ClosureClass.COMPETING_ADVERSE)
            self.soon(at, 15, 30, self.close)
            return
        # Where the first conversation waits for something else, that begins it.
        waits = [rule for rule in self.programme.clocks if matches(rule.stop, "ConversationHeld")]
        starts = [rule.start for rule in waits]
        if not waits or "ReferralReceived" in starts:
            due = self.in_time("ConversationHeld", "ReferralReceived", self.received, 1, 5)
            self.plan_step(max(due, at + timedelta(minutes=2)), self.converse)

    def criteria(self, at: datetime) -> Iterator[EvaluatedCriterion]:
        groups: set[str] = set()
        for each in self.programme.eligibility.criteria:
            needed = each.required and not each.exception and (each.one_of is None or each.one_of not in groups)
            groups |= {each.one_of} if each.one_of else set()
            met = needed or (not each.exception and self.random.random() < 0.4)
            yield EvaluatedCriterion(each.code, met, as_of=london_day(at))

    async def attempt(self, at: datetime) -> None:
        if self.open:
            said = RecordConversationAttempt(self.case, self.id("attempt"), ConversationFormat.PHONE, "no-answer")
            await self.take(said, at)

    async def converse(self, at: datetime) -> None:
        if not self.open or self.talked:
            return
        self.talked = True
        onward = self.random.random() < self.ways.to_meeting
        await self.take(RecordAgreement(self.case), at)
        held = RecordConversation(
            self.case,
            self.id("conversation"),
            self.random.choice(FORMATS),
            self.some(people.MATTERS),
            needs=self.needs,
            for_meeting=onward and self.series is not None,
        )
        await self.take(held, at)
        self.began("ConversationHeld", at)
        for instrument, stage in self.stages("ReferralAccepted"):
            self.plan_stage(instrument, stage, at)
        if not onward:
            self.ending(ClosureClass.PARTIAL_OUTCOME)
            self.soon(at, 0, 5, self.close)
            return
        await self.share(at)
        if self.series is None:
            self.plan_step(self.in_time("PlanAgreed", "ConversationHeld", at, 2, 7), self.agree_plan)
        elif self.series.rrule is None:
            self.plan_step(at + timedelta(minutes=self.random.randint(20, 90)), self.discuss)

    async def share(self, at: datetime) -> None:
        for agency in self.chosen():
            self.team.append(agency)
            why = Sealed("Needed to plan and give the support that was agreed.")
            allowed = AuthoriseDisclosure(self.case, self.id("disclosure"), agency.key, agency.categories, BASIS, why)
            await self.take(allowed, at)
            await self.take(InvolvePartner(self.case, agency.key, "support"), at)
        self.shared = True
        if self.series is not None and self.series.rrule is not None:
            presenter = Worker(self.worker.user, LEAD)
            proposal = ProposeForMeeting(
                self.case, self.id("proposal"), self.series.key, ProposalPurpose.NEW, presenter, person_informed=True
            )
            await self.take(proposal, at)

    def chosen(self) -> list[Agency]:
        """Who helps with what is needed: whoever sits at the table, more often than not."""
        found: dict[str, Agency] = {}
        for need in (*self.programme.mandatory_interventions, *self.needs):
            offering = self.crew.providers(need)
            standing = [agency for agency in offering if agency in self.crew.standing]
            agency = self.random.choice(standing if standing and self.random.random() < 0.55 else offering)
            found[agency.key] = agency
        return list(found.values())

    # Talked over

    async def discuss(self, at: datetime) -> None:
        """There and then, by whoever is there."""
        if not self.open or self.series is None:
            return
        partners = [agency for agency in self.crew.standing if agency not in self.team][:1] + self.team
        seats = (Participant(self.worker.user, LEAD), *(Participant(each.user, each.key) for each in partners[:3]))
        minutes = self.random.randint(5, max(6, self.series.duration_minutes))
        over = at + timedelta(minutes=minutes)
        held = RecordInstantDiscussion(
            made_up(self.case, "discussion"),
            self.programme.key,
            self.series.key,
            self.id("item"),
            self.case,
            at,
            over,
            seats,
            situation=self.some(people.SITUATIONS),
            next_steps=self.some(people.NEXT_STEPS),
        )
        await self.take(held, over)
        for task in self.offers():
            task.due = london_day(at) + timedelta(days=self.random.randint(3, 28))
            offer = OfferAction(
                self.case,
                task.action,
                self.title(task),
                task.owner.key,
                task.due,
                intervention=task.intervention,
                mandatory=task.mandatory,
            )
            await self.take(offer, over)
            self.offered(over, task, accepted=False)
        self.heard(over)

    def decision(self, item: Item) -> DecisionCode:
        if self.closure_proposed:
            return DecisionCode.CLOSE
        if not self.discussed:
            return DecisionCode.ACCEPT_TO_SUPPORT
        if any(each.code is ReasonCode.MAX_SUPPORT for each in item.reasons) and self.may_extend:
            self.extended()
            return DecisionCode.EXTEND
        return DecisionCode.CONTINUE

    def offers(self) -> list[Task]:
        found: list[Task] = []
        for need in (*self.programme.mandatory_interventions, *self.needs):
            owners = [agency for agency in self.team if need in agency.interventions]
            if owners:
                mandatory = need in self.programme.mandatory_interventions
                found.append(Task(self.id("action"), owners[0], self.ends, need, mandatory))
        return found

    def heard(self, at: datetime) -> None:
        if not self.discussed:
            self.discussed = True
            self.began("CaseDiscussed", at)
            self.plan_step(self.in_time("PlanAgreed", "CaseDiscussed", at, 2, 7), self.agree_plan)

    # Plan, reviews, measures

    async def agree_plan(self, at: datetime) -> None:
        if not self.open or self.planned_at is not None:
            return
        rules, day = self.programme.plan, london_day(at)
        scale = self.programme.framework
        domains = (scale.domains if scale else ()) or ("purpose",)
        goals: list[NewGoal] = []
        for n in range(self.ways.goals):
            domain = self.random.choice(domains)
            baseline = self.random.randint(1, 2)
            text = Sealed(people.GOALS.get(domain, people.GOALS["purpose"]))
            goals.append(NewGoal(self.id(f"goal {n}"), text, domain, baseline, baseline + self.random.randint(1, 2)))
        self.goals = {goal.goal: goal.target for goal in goals}
        due = day_after(day, rules.review_every)
        agreed = AgreePlan(
            self.case,
            self.id("plan"),
            self.some(people.MATTERS),
            due,
            tuple(goals),
            agreed_by_person=True,
            no_goals_reason=None if goals else Sealed("They want to see how it goes."),
        )
        await self.take(agreed, at)
        self.planned_at, self.ends = at, day_after(day, rules.most)
        self.began("PlanAgreed", at)
        for instrument, stage in self.stages("PlanAgreed"):
            self.plan_stage(instrument, stage, at)
        if self.series is None:
            await self.begin_help(at)
        well = self.ending(self.random.choices([*self.ways.endings], [*self.ways.endings.values()])[0])
        stay = timedelta(days=self.staying())
        self.leaves = at + (stay if well else stay * self.random.uniform(0.1, 0.8))
        self.soon(self.leaves, 0, 2, self.end_well if well else self.close)
        self.soon(at + (due - day - timedelta(days=5)) * self.random.uniform(0.9, 1.0), 0, 4, self.review)

    async def begin_help(self, at: datetime) -> None:
        """Nobody meets over it: the coordinator asks each partner."""
        for task in self.offers():
            task.due = london_day(at) + timedelta(days=self.random.randint(14, 49))
            offer = OfferAction(
                self.case, task.action, self.title(task), task.owner.key, task.due, intervention=task.intervention
            )
            await self.take(offer, at)
            self.offered(at, task, accepted=False)

    def staying(self) -> float:
        if self.ways.stay is not None:
            least, most, usual = self.ways.stay
            return self.random.triangular(least, most, usual)
        today = london_day(self.planned_at or self.received)
        rules = self.programme.plan
        least, most = (day_after(today, span) - today for span in (rules.least, rules.most))
        return self.random.triangular(max(7, least.days), most.days - 10, (least.days + most.days) / 2)

    def ending(self, wanted: ClosureClass) -> bool:
        """Chosen among the programme's own reasons; whether it is one that a plan leads to."""
        of_class = [each.code for each in self.programme.closure.reasons if each.ending is wanted]
        self.reason = self.random.choice(of_class)
        return wanted in (ClosureClass.OUTCOME_ACHIEVED, ClosureClass.PARTIAL_OUTCOME)

    @property
    def may_extend(self) -> bool:
        most = self.programme.plan.max_extensions
        return most is None or self.extensions < most

    def extended(self) -> None:
        self.extensions += 1
        self.ends = day_after(self.ends, self.programme.plan.review_every)

    async def review(self, at: datetime) -> None:
        if not self.open or self.closure_proposed:
            return
        longer = self.series is None and self.leaves is not None and london_day(self.leaves) > self.ends
        decision = ReviewDecision.EXTEND if longer and self.may_extend else ReviewDecision.CONTINUE
        if decision is ReviewDecision.EXTEND:
            self.extended()
        held = HoldReview(
            self.case, self.id("review"), decision, agreement_confirmed=True, summary=self.some(people.SITUATIONS)
        )
        await self.take(held, at)
        again = day_after(london_day(at), self.programme.plan.review_every) - london_day(at)
        self.soon(at + again * 0.9, 0, 4, self.review)

    def stages(self, anchor: str) -> Sequence[tuple[Instrument, MeasureStage]]:
        return [(held, stage) for held in self.programme.instruments for stage in held.stages if stage.anchor == anchor]

    def plan_stage(self, instrument: Instrument, stage: MeasureStage, at: datetime) -> None:
        days = stage.offset_days + (self.random.randint(-10, 10) if stage.offset_days else 0)
        self.plan_step(at + timedelta(days=max(0, days), minutes=5), lambda at: self.measure(instrument, stage, at))

    async def measure(self, instrument: Instrument, stage: MeasureStage, at: datetime) -> None:
        if not self.open:
            return
        later = stage.offset_days > 0 or stage.anchor == "CaseClosed"
        if later and self.random.random() < self.ways.lost:
            why = self.random.choice((WhyNot.MISSED, WhyNot.DECLINED))
            await self.take(RecordNoMeasure(self.case, instrument.code, stage.code, why), at)
            return
        scale = instrument.scored
        # Those who stay longer gain a little more.
        level = self.wellbeing + (self.gain * (1 + stage.offset_days / 2000) if later else 0.0)
        width = scale.most - scale.least
        readings = tuple(
            Reading(n, min(scale.most, max(scale.least, round(scale.least + width * self.random.gauss(level, 0.08)))))
            for n in range(1, scale.items + 1)
        )
        day = london_day(at)
        await self.take(RecordMeasure(self.case, self.id("measure"), instrument.code, stage.code, day, readings), at)

    # The end

    async def end_well(self, at: datetime) -> None:
        """Goals are scored a last time and closure is proposed; where there are meetings, the next one notes it."""
        if not self.open or self.closure_proposed:
            return
        for goal, target in self.goals.items():
            short = 0 if self.random.random() < 0.6 else 1
            await self.take(ScoreGoal(self.case, goal, max(1, target - short), "closure"), at)
        await self.settle(at, only_mandatory=False)
        self.closure_proposed = True
        if self.series is None or self.series.rrule is None:
            await self.close(at + timedelta(minutes=15))
            return
        await self.take(ProposeClosure(self.case, self.reason, self.some(people.SITUATIONS)), at)
        wait = max(5, self.series.cycle_days * 5 // 7)
        self.soon(at, wait, wait + 4, self.close)

    async def close(self, at: datetime) -> None:
        if not self.open:
            return
        await self.settle(at, only_mandatory=True)
        for instrument, stage in self.stages("CaseClosed"):
            await self.measure(instrument, stage, at)
        outcomes = tuple(GoalOutcome(goal, GoalResult.PARTLY) for goal in self.goals)
        summary = self.some(people.SITUATIONS)
        await self.take(CloseCase(self.case, self.reason, london_day(at), summary, outcomes), at)
        self.open = False
        self.tasks.clear()
