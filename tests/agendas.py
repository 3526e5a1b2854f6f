"""Made-up facts for tests of the agenda: one case at a time, or many from a seed."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID, uuid5

from msgspec.structs import replace

from catch.domain.agenda.facts import ActionFact, Carried, CaseFacts, ClockFact, ProposalFact
from catch.domain.meeting.listing import AppearanceBasis, Section
from catch.domain.meeting.state import Availability, Meeting, Mode
from catch.domain.programme.configuration import AgendaPolicy, Series

SALT = "a secret of the place"
SPACE = UUID("0f0e0d0c-0000-4000-8000-000000000000")
START = datetime(2025, 11, 18, 10, 0, tzinfo=UTC)
TODAY = date(2025, 11, 18)
SERIES = Series("weekly", "Weekly", "FREQ=WEEKLY;BYDAY=TU", 120)
MEETING = Meeting(uuid5(SPACE, "meeting"), "snn", "weekly", START, 120, Mode.HYBRID, "ann")
QUIET = CaseFacts(
    uuid5(SPACE, "case"),
    "SNN-1",
    "snn",
    "in-support",
    live=True,
    presenter="hal",
    basis=AppearanceBasis.AGREEMENT,
    visible_to=frozenset({"housing-1"}),
    accepted_at=START - timedelta(days=90),
    conversation_at=START - timedelta(days=88),
    discussed_at=START - timedelta(days=80),
    last_activity_at=START - timedelta(days=3),
)
"""A case that no reason puts on the agenda."""


def ago(n: int) -> datetime:
    return START - timedelta(days=n)


def day(n: int) -> date:
    """A date so many days from the meeting."""
    return TODAY + timedelta(days=n)


def a_case(n: int | str, facts: CaseFacts = QUIET) -> CaseFacts:
    return replace(facts, case=uuid5(SPACE, f"case {n}"), number=f"SNN-{n:0>4}")


def new_case(n: int, waiting: int = 3) -> CaseFacts:
    return replace(a_case(n), state="awaiting-meeting", conversation_at=ago(waiting), discussed_at=None)


def carried(facts: CaseFacts, section: Section, count: int) -> CaseFacts:
    return replace(facts, carried=Carried(facts.case, section, count, day(-7), count))


AGENCIES = ("housing-1", "age-well", "police", "fire")


def a_random_case(random: Random, n: int) -> CaseFacts:
    """Any case at all: with many reasons or none, ready or not, live or not."""

    def maybe(chance: float) -> bool:
        return random.random() < chance

    def some_day(back: int, ahead: int) -> date:
        return day(random.randint(-back, ahead))

    number = f"{n}-{random.randint(0, 9)}"
    case = a_case(number)
    return replace(
        case,
        programme="snn" if maybe(0.95) else "other",
        live=maybe(0.95),
        presenter=random.choice(("hal", "jo", "kim")) if maybe(0.92) else None,
        basis=random.choice(tuple(AppearanceBasis)) if maybe(0.95) else None,
        visible_to=frozenset(random.sample(AGENCIES, random.randint(1, 3))) if maybe(0.95) else frozenset[str](),
        conversation_at=ago(random.randint(0, 40)) if maybe(0.9) else None,
        discussed_at=ago(random.randint(1, 90)) if maybe(0.6) else None,
        last_activity_at=ago(random.randint(0, 60)),
        proposals=tuple(
            a_random_proposal(random, number, some_day(20, 0)) for _ in range(random.choice((0, 0, 0, 1, 2)))
        ),
        actions=tuple(
            ActionFact(
                uuid5(SPACE, f"action {name}"),
                random.choice(AGENCIES),
                some_day(30, 30),
                maybe(0.2),
                some_day(10, 0) if maybe(0.2) else None,
            )
            for name in some(number, random)
        ),
        clocks=tuple(
            ClockFact(name, ago(30), ago(random.randint(-5, 10)), ago(random.randint(-20, 0)))
            for name in some("clock", random)
        ),
        plan_agreed_on=some_day(120, -60) if maybe(0.5) else None,
        review_due=some_day(50, 60) if maybe(0.4) else None,
        planned_end=some_day(20, 120) if maybe(0.4) else None,
        closure_proposed_on=some_day(10, 0) if maybe(0.15) else None,
        ready_to_close=maybe(0.5),
        safeguarding_since=some_day(10, 0) if maybe(0.03) else None,
        unmet_needs=("transport",) if maybe(0.1) else (),
        carried=a_random_carry(random, case.case) if maybe(0.15) else None,
    )


def some(name: str, random: Random) -> list[str]:
    """Mostly no names, sometimes one or two."""
    return [f"{name} {i}" for i in range(random.choice((0, 0, 0, 1, 2)))]


def a_random_carry(random: Random, case: UUID) -> Carried:
    count = random.randint(1, 2)
    return Carried(case, Section(random.randint(1, 8)), count, day(-7), random.randint(0, count))


def a_random_proposal(random: Random, name: str, proposed_on: date) -> ProposalFact:
    return ProposalFact(
        uuid5(SPACE, f"proposal {name}"),
        random.choice(("new", "review", "stuck", "urgent", "closure", "extension")),
        proposed_on,
        random.choice(AGENCIES),
        question=random.random() < 0.3,
        urgent=random.random() < 0.05,
        requested_partners=tuple(random.sample(AGENCIES, random.randint(0, 2))),
        earliest=day(random.randint(-5, 10)) if random.random() < 0.3 else None,
    )


def a_random_policy(random: Random) -> AgendaPolicy:
    return AgendaPolicy(
        min_items=random.choice((0, 8)),
        max_items=random.choice((None, 5, 12)),
        max_new=random.choice((None, 2)),
        min_existing_share=random.choice((0.0, 0.3)),
        min_new_share=random.choice((0.0, 0.25)),
        max_noting=random.choice((2, 20)),
        discuss_all=random.random() < 0.1,
    )


def a_random_meeting(random: Random, most: int = 25) -> tuple[Series, Meeting, list[CaseFacts]]:
    series = replace(SERIES, policy=a_random_policy(random))
    windows = tuple(
        Availability(agency, START + timedelta(minutes=at), START + timedelta(minutes=at + 30))
        for agency in AGENCIES
        if (at := random.randint(0, 200)) < 90
    )
    meeting = replace(MEETING, duration_minutes=random.choice((30, 60, 120)), availability=windows)
    return series, meeting, [a_random_case(random, n) for n in range(random.randint(0, most))]
