"""Everybody in the demonstration year: invented people, organisations under generic names, and what they say.

No name here belongs to anybody. NHS numbers come from the range 999 000 0000 to 999 999 9999, which is kept for tests
and never issued.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from msgspec import Struct

from catch.domain.facts import Category
from catch.domain.nhs_number import nhs_number

LEAD_AGENCY = "snn"
WORKERS = tuple(f"coordinator-{n}" for n in range(1, 7))
CHAIR = "chair-1"
AUDITORS, AUDITOR = "audit-office", "auditor-1"


class Kind(Struct, frozen=True):
    """A kind of partner: how many there are, what they are called, and what they can do for somebody."""

    kind: str
    prefix: str
    label: str
    count: int
    interventions: tuple[str, ...] = ()
    health: bool = False


KINDS = (
    Kind(
        "adult-social-care",
        "adult-social-care",
        "Adult social care team",
        4,
        ("care-assessment", "home-adaptations"),
        True,
    ),
    Kind("housing", "housing", "Housing provider", 9, ("housing-advice", "home-repairs")),
    Kind("police", "police", "Police neighbourhood team", 4, ("home-safety-visit",)),
    Kind("fire", "fire", "Fire station", 3, ("home-safety-visit",)),
    Kind("ambulance", "ambulance", "Ambulance team", 2, (), True),
    Kind("primary-care", "primary-care", "General practice", 10, ("medication-review",), True),
    Kind("benefits-advice", "benefits", "Benefits advice service", 4, ("benefits-check", "debt-advice")),
    Kind("voluntary", "voluntary", "Community charity", 12, ("community-group", "digital-skills", "hardship-fund")),
    Kind("voluntary", "befriending", "Befriending charity", 8, ("befriending",)),
    Kind("voluntary", "carers", "Carers' group", 4, ("carer-support",)),
    Kind("voluntary", "food", "Food bank", 6, ("food-support", "household-support-fund")),
    Kind("mental-health", "wellbeing", "Mental wellbeing service", 5, ("low-level-mental-wellbeing",), True),
    Kind("voluntary", "transport", "Community transport", 3, ("transport",)),
    Kind("leisure", "activity", "Activity club", 5, ("physical-activity",)),
    Kind("employment", "skills", "Skills and work service", 3, ("employment-and-skills",)),
    Kind("substance-misuse", "recovery", "Recovery service", 2, ("substance-misuse-support",), True),
    Kind("home-support", "home-support", "Home repair and clearing service", 4, ("home-repairs", "hoarding-support")),
    Kind("link-worker", "link-worker", "Link worker team", 3, ()),
)

STANDING = (
    "adult-social-care-01",
    "housing-01",
    "police-01",
    "fire-01",
    "ambulance-01",
    "primary-care-01",
    "benefits-01",
    "voluntary-01",
    "befriending-01",
    "wellbeing-01",
    "food-01",
)
"""The agencies that sit at every meeting."""

AT_THE_SCREEN = ("adult-social-care-01", "housing-01", "police-01", "benefits-01", "befriending-01")
"""The five that the played meeting follows."""

REFERRING = {
    "self": (None, 22),
    "carer": (None, 6),
    "vcse": ("voluntary", 16),
    "adult-social-care": ("adult-social-care", 17),
    "housing-association": ("housing", 15),
    "pcn-link-worker": ("link-worker", 8),
    "spring": ("voluntary", 3),
    "ae-frequent-attender": ("ambulance", 2),
    "police": ("police", 3),
    "fire": ("fire", 2),
    "ambulance": ("ambulance", 2),
    "primary-care": ("primary-care", 4),
}
"""By source: whose agencies send them, and how many of a hundred referrals come that way."""

SHARED = frozenset(
    {Category.IDENTITY, Category.CONTACT, Category.NEEDS, Category.PLAN, Category.DISCUSSION, Category.ACTIONS}
)


class Agency(Struct, frozen=True):
    """One partner of the year."""

    key: str
    name: str
    kind: str
    interventions: tuple[str, ...]
    health: bool

    @property
    def user(self) -> str:
        return f"{self.key}-member"

    @property
    def categories(self) -> frozenset[Category]:
        return SHARED | {Category.HEALTH} if self.health else SHARED


def agencies() -> tuple[Agency, ...]:
    """Ninety-one organisations, the same ones every time."""
    return tuple(
        Agency(f"{kind.prefix}-{n:02}", f"{kind.label} {n:02}", kind.kind, kind.interventions, kind.health)
        for kind in KINDS
        for n in range(1, kind.count + 1)
    )


FIRST = (
    "Ada", "Basil", "Cora", "Dilys", "Edmund", "Fern", "Gareth", "Hetty", "Idris", "Joan", "Kit", "Lena", "Mabel",
    "Ned", "Olwen", "Percy", "Queenie", "Ralph", "Sunita", "Tariq", "Una", "Viktor", "Wilma", "Yusuf", "Zofia",
)  # fmt: skip
LAST = (
    "Quillbrook", "Thistlewane", "Ombersnook", "Farrowmist", "Pennywhistle", "Dapplemere", "Wintercombe", "Larkspindle",
    "Hobblethwaite", "Marlowick", "Tumblegate", "Candlerush", "Birchdoodle", "Nettlefold", "Oxplatter", "Sagebottle",
)  # fmt: skip
STREETS = ("Example Street", "Sample Lane", "Specimen Road", "Placeholder Close", "Fixture Avenue")

REASONS = (
    "Lives alone since a bereavement and rarely leaves the house.",
    "Letters about rent arrears have gone unopened for months.",
    "The home has become hard to move about in, and repairs are outstanding.",
    "Worried about heating this winter and skipping meals.",
    "Looks after a parent round the clock and is worn out.",
    "Several falls this year and no longer confident outdoors.",
    "Often calls for help at night; nothing urgent is found.",
    "Low in mood since losing work; would like company and something to do.",
)
MATTERS = (
    "Staying in my own home, and having somebody to talk to.",
    "Being able to get to the garden again.",
    "Not being afraid of the post.",
    "Seeing my grandchildren more often.",
    "A warm kitchen and a working cooker.",
    "A few hours a week to myself.",
)
STRENGTHS = (
    "Keeps in touch with a neighbour.",
    "A good cook.",
    "Used to mend clocks.",
    "Knows everybody on the street.",
)
GOALS = {
    "home": "The front room is clear and safe to walk through.",
    "money": "Income covers rent, heating and food.",
    "physical-health": "Out for a walk three times a week.",
    "mental-wellbeing": "Sleeps through most nights.",
    "connections": "Sees somebody at least twice a week.",
    "independence": "Shops and cooks without help.",
    "safety": "Feels safe at home after dark.",
    "purpose": "Has something to look forward to each week.",
}
NEEDS_OF = {
    "debt-advice": "money", "housing-advice": "home", "home-repairs": "home", "befriending": "connections",
    "food-support": "money", "carer-support": "independence", "low-level-mental-wellbeing": "mental-wellbeing",
    "physical-activity": "physical-health", "community-group": "purpose", "care-assessment": "independence",
    "home-safety-visit": "safety", "transport": "connections", "hoarding-support": "home",
    "medication-review": "physical-health", "digital-skills": "connections",
}  # fmt: skip
"""Needs as they are coded, and the part of life each belongs to."""

TITLES = {
    "benefits-check": "Full benefits check",
    "befriending": "Weekly befriending visit",
    "home-safety-visit": "Home safety visit",
    "debt-advice": "Look through the letters together and agree a payment plan",
}
NOTES = (
    "Spoke on the phone; things are a little better this week.",
    "Visited at home. The heating works again.",
    "Missed the appointment; a new one is arranged.",
    "Came along to the group and stayed for tea.",
    "Post sorted together; two letters need an answer.",
)
SITUATIONS = (
    "Settling in; the first visits went well.",
    "Still anxious about money, otherwise steady.",
    "Things moved on since last time.",
    "Harder weeks: a fall and a missed appointment.",
)
NEXT_STEPS = ("Coordinator calls on Thursday.", "Joint visit next week.", "Check again at the review.")


class Someone(Struct, frozen=True):
    """An invented person."""

    first: str
    last: str
    born: date
    nhs_number: str
    phone: str
    address: str


def people(random: Random, today: date) -> Iterator[Someone]:
    """Adults, without end; no two share an NHS number."""
    numbers = nhs_numbers()
    while True:
        yield Someone(
            first=random.choice(FIRST),
            # Nobody can be taken for somebody real, wherever a name is seen.
            last=f"{random.choice(LAST)}-Example",
            born=today - timedelta(days=random.randint(19 * 366, 94 * 365)),
            nhs_number=next(numbers),
            phone=f"01632 960{random.randint(100, 999)}",  # numbers kept for fiction
            address=f"{random.randint(1, 80)} {random.choice(STREETS)}",
        )


def nhs_numbers() -> Iterator[str]:
    """The valid ones of the test range, from 999 000 0018 on."""
    for stem in range(999_000_001, 1_000_000_000):
        found = next((number for digit in range(10) if (number := nhs_number(f"{stem}{digit}"))), None)
        if found:
            yield found
