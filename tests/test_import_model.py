"""An import held to a small model over random lists: duplicates, references, identities, other doors between the lists.

Every row is in exactly one of opened, attached, there already, waiting for a person and rejected, and what is recorded
says the same. The model reads no text: it is told what each written cell stands for. Importers that are wrong on
purpose are caught by the same lists.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec import Struct, field

from catch.domain.case.eligibility import DeclineReferral
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import Case
from catch.domain.facts import Sealed
from catch.domain.matching import Likeness, forms, likeness
from catch.domain.person import RegisterPerson
from catch.domain.streams import CASE
from catch.importing import keeping, people
from catch.web.door import FRONT_DOOR
from tests.conftest import Furnished
from tests.lists import Row, brought, nhs, word
from tests.place import PROGRAMME, REFERRER, SYSTEM, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
RUNS = 25
KINDS = ("name", "born", "nhs", "phone", "address")


class Said(NamedTuple):
    """One cell: as it is written, and what it stands for; None where that is nothing."""

    text: str
    means: str | None


class Written(NamedTuple):
    """One row: its cells, and what it says of a person."""

    cells: Row
    about: dict[str, str | None]
    content: tuple[str | None, ...]
    sound: bool
    taken: bool


class Somebody(Struct):
    """A person of the model, and their live case, by what the model calls it."""

    about: dict[str, str | None]
    settled: bool = True
    live: int | None = None


class Model(Struct):
    people: list[Somebody] = field(default_factory=list[Somebody])
    references: dict[str, tuple[tuple[str | None, ...], int]] = field(
        default_factory=dict[str, "tuple[tuple[str | None, ...], int]"]
    )
    cases: int = 0

    def opened(self, somebody: Somebody) -> int:
        self.cases += 1
        somebody.live = self.cases
        return self.cases


def alike(one: dict[str, str | None], other: dict[str, str | None]) -> str:
    """As the rule is told to people."""
    agree = {kind for kind in KINDS if one[kind] and one[kind] == other[kind]}
    two_numbers = one["nhs"] and other["nhs"] and one["nhs"] != other["nhs"]
    if two_numbers:
        return "unclear" if {"name", "born"} <= agree else "other"
    if {"nhs", "born"} <= agree:
        return "same"
    if {"name", "born"} <= agree and agree & {"phone", "address"}:
        return "same"
    return "unclear" if "nhs" in agree or len(agree - {"address"}) >= 2 else "other"


def taken(model: Model, number: str | None) -> bool:
    """One live person a number, where it is settled who they are."""
    return any(each.live and each.settled and each.about["nhs"] == number for each in model.people if number)


def becomes(model: Model, row: Written) -> tuple[str, int | None]:
    """What becomes of one row, and which case it is in."""
    held = model.references.get(row.cells["reference"])
    if held is not None:
        return ("there", held[1]) if held[0] == row.content else ("rejected", None)
    known = [(each, alike(each.about, row.about)) for each in model.people]
    same = [each for each, like in known if like == "same" and each.settled]
    doubtful = [each for each, like in known if like != "other"]
    if not row.taken:
        return "rejected", None
    if row.cells["decision"] == "new" and same:
        return "rejected", None
    if row.cells["decision"] == "new" or not doubtful:
        if taken(model, row.about["nhs"]):
            return "rejected", None
        whom = Somebody(row.about)
        model.people.append(whom)
    elif len(same) == 1:
        whom = same[0]
    else:
        return "waiting", None
    if not whom.live and whom.settled and taken(model, whom.about["nhs"]):
        return "rejected", None
    how = "attached" if whom.live else "opened"
    case = whom.live or model.opened(whom)
    model.references[row.cells["reference"]] = (row.content, case)
    return how, case


def expected(model: Model, rows: list[Written]) -> dict[int, tuple[str, int | None]]:
    """By line. Rows are decided in the order in which they came in; one that stands twice, after all others."""
    firsts: dict[str, tuple[int, Written]] = {}
    found: dict[int, tuple[str, int | None]] = {}
    again: list[tuple[int, int]] = []
    for line, row in enumerate(rows, start=2):
        if not row.sound:
            found[line] = ("rejected", None)
            continue
        first, before = firsts.setdefault(row.cells["reference"], (line, row))
        if first != line:
            same = (before.content, before.cells["decision"]) == (row.content, row.cells["decision"])
            again.append((line, first)) if same else found.update({line: ("rejected", None)})
    for line, row in sorted(firsts.values(), key=lambda each: (days(each[1]), each[0])):
        found[line] = becomes(model, row)
    for line, first in again:
        how, case = found[first]
        found[line] = ("there", case) if how in ("opened", "attached", "there") else ("rejected", None)
    return found


def days(row: Written) -> str:
    day, month, year = row.cells["received"].split("/")
    return f"{year}-{month}-{day}"


class Pool:
    """The few things that the rows of one run say, so that they meet often; nobody in another run has any of them."""

    def __init__(self, random: Random) -> None:
        self.random = random
        ada, bo = word(), word()
        numbers, phones = (nhs(), nhs()), tuple(f"01536 {uuid4().int % 10**6:06}" for _ in range(2))
        lane = f"1 {word()} Lane"
        self.names = [
            (Said("Ada", "ada"), Said(f"O'{ada}", ada)),
            (Said("ADÁ", "ada"), Said(f"O{ada}", ada)),
            (Said("Bo", "bo"), Said(bo, bo)),
            (Said("", None), Said("Unknown", None)),
        ]
        self.cells: dict[str, list[Said]] = {
            "born": [Said("21/05/1951", "1951"), Said("22/05/1951", "1952"), Said("", None), Said("01/01/1900", None)],
            "nhs": [Said(numbers[0], "one"), Said(numbers[1], "two"), Said("", None), Said("000 000 0000", None)],
            "phone": [Said(phones[0], "one"), Said(phones[1], "two"), Said("", None), Said("N/A", None)],
            "address": [Said(lane, "lane"), Said(lane.upper() + ".", "lane"), Said("NFA", None), Said("", None)],
        }
        self.references = [f"R-{word()}" for _ in range(20)]
        self.rows: list[Written] = []

    def mostly(self, held: Sequence[T]) -> T:
        """The earlier, the more often."""
        return self.random.choices(held, [8, 2, 1, 1, 1][: len(held)])[0]

    def person(self) -> tuple[Row, dict[str, str | None]]:
        first, last = self.mostly(self.names)
        said = {kind: self.mostly(held) for kind, held in self.cells.items()}
        name = f"{first.means} {last.means}" if first.means else None
        cells = {
            "first name": first.text,
            "last name": last.text,
            "date of birth": said["born"].text,
            "nhs number": said["nhs"].text,
            "phone": said["phone"].text,
            "address": said["address"].text,
        }
        return cells, {"name": name, **{kind: held.means for kind, held in said.items()}}

    def row(self) -> Written:
        cells, about = self.person()
        pick = self.random.choice
        agrees, knows = self.mostly([("no", "yes"), ("yes", "yes"), ("", ""), ("no", "")])
        cells |= {
            "reference": pick(self.references),
            "received": pick(["03/02/2026", "04/02/2026"]),
            "source": self.mostly(["self", "police", "the-moon"]),
            "channel": "phone",
            "reason for referral": self.mostly(["Lonely", "Rent arrears"]),
            "person knows": knows,
            "person agrees": agrees,
            "decision": self.mostly(["", "new"]),
        }
        same = ("received", "source", "reason for referral", "person agrees", "first name", "last name", "address")
        content = (*(cells[column] for column in same), *(about[kind] for kind in ("born", "nhs", "phone")))
        return Written(cells, about, content, bool(agrees) == bool(knows), cells["source"] != "the-moon")

    def written(self) -> list[Written]:
        """New rows, some from the lists before, and some that stand twice."""
        new = [self.row() for _ in range(self.random.randint(1, 9))]
        self.rows += new
        again = self.random.choices(self.rows, k=self.random.randint(0, 4))
        return self.random.sample([*new, *again], len(new) + len(again))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as place:
        yield place


class Run:
    """One random run: lists, and between them other doors and cases that end."""

    def __init__(self, place: Place, folder: Path, seed: int) -> None:
        self.place, self.folder = place, folder
        self.random = Random(seed)
        self.pool = Pool(self.random)
        self.model = Model()
        self.cases: dict[int, UUID] = {}

    async def all(self) -> Counter[str]:
        hows: Counter[str] = Counter()
        for _ in range(3):
            await self.another_door()
            await self.a_case_ends()
            hows += await self.a_list()
        return hows

    async def another_door(self) -> None:
        """Somebody is registered by the API, or calls themselves so at the open door; some are referred as well."""
        cells, about = self.pool.person()
        settled, person = self.random.random() < 0.6, uuid4()
        by = REFERRER if settled else FRONT_DOOR
        day, _, rest = cells["date of birth"].partition("/")
        month, _, year = rest.partition("/")
        registration = RegisterPerson(
            person,
            not settled,
            name=Sealed(f"{cells['first name']} {cells['last name']}".strip()),
            date_of_birth=Sealed(f"{year}-{month}-{day}") if day else None,
            address=Sealed(cells["address"]) if cells["address"] else None,
            phone=Sealed(cells["phone"]) if cells["phone"] else None,
            nhs_number=Sealed(cells["nhs number"]) if about["nhs"] else None,
        )
        await self.place.take(registration, by, ago(days=2))
        somebody = Somebody(about, settled)
        self.model.people.append(somebody)
        if self.random.random() < 0.6:
            case = self.model.opened(somebody)
            self.cases[case] = uuid4()
            received = ago(days=1)
            referral = SubmitReferral(
                self.cases[case], person, PROGRAMME, uuid4(), "police", "phone", received, Sealed("Falls.")
            )
            await self.place.take(referral, by, received)

    async def a_case_ends(self) -> None:
        living = [each for each in self.model.people if each.live]
        if living and self.random.random() < 0.5:
            somebody = self.random.choice(living)
            assert somebody.live is not None
            await self.place.take(DeclineReferral(self.cases[somebody.live], "not-eligible"), SYSTEM)
            somebody.live = None

    async def a_list(self) -> Counter[str]:
        rows = self.pool.written()
        head, known = await self.place.catch.log.head(), len(self.model.people)
        wanted = expected(self.model, rows)
        report = await brought(self.place.catch, self.folder, *(row.cells for row in rows))
        parts = (report.kept, report.waiting, report.wrong)
        lines = Counter(line for part in parts for line in {each.line for each in part})
        assert lines == Counter(range(2, len(rows) + 2)), "each row is in exactly one"
        told = dict.fromkeys((each.line for each in report.waiting), "waiting")
        told |= dict.fromkeys((each.line for each in report.wrong), "rejected")
        told |= {each.line: each.how for each in report.kept}
        assert told == {line: how for line, (how, _) in wanted.items()}
        for kept in report.kept:
            case = wanted[kept.line][1]
            assert case is not None
            assert self.cases.setdefault(case, kept.case) == kept.case
            await self.is_recorded(kept.case, rows[kept.line - 2].cells)
        hows = Counter(told.values())
        page = await self.place.catch.log.page(head, 1000)
        recorded = Counter(each.topic for each in page if each.topic != "NumberReferred")
        assert recorded == Counter(
            PersonRegistered=len(self.model.people) - known,
            PersonReferred=hows["opened"],
            ReferralReceived=hows["opened"],
            ReferralAttached=hows["attached"],
        )
        return hows

    async def is_recorded(self, case: UUID, cells: Row) -> None:
        """Under its reference, all that the row says stands in the case."""
        held: Case = (await self.place.catch.present.states.get(CASE, case)).state
        found: list[str] = []
        for referral in held.referrals:
            if referral.reference is None or referral.described is None:
                continue
            texts = (referral.reference, referral.reason, referral.described.name, referral.described.address)
            plain = iter(await self.place.catch.keyring.unseal([each for each in texts if each]))
            reference, reason, name, address = ["" if each is None else next(plain) for each in texts]
            if reference == cells["reference"]:
                agrees = referral.agreement.agrees if referral.agreement else ""
                found += [reason, name, address, agrees]
        name = f"{cells['first name']} {cells['last name']}".strip()
        assert found == [cells["reason for referral"], name, cells["address"], cells["person agrees"]]


async def test_every_row_is_in_exactly_one_and_what_is_recorded_says_the_same(house: Place, tmp_path: Path):
    hows: Counter[str] = Counter()
    for seed in range(RUNS):
        hows += await Run(house, tmp_path, seed).all()
    # Lists in which nothing ever waits, or nothing was there already, would prove little.
    assert all(hows[how] >= RUNS / 5 for how in ("opened", "attached", "there", "waiting", "rejected")), hows


async def caught(house: Place, tmp_path: Path) -> bool:
    for seed in range(RUNS):
        try:
            await Run(house, tmp_path, seed).all()
        except AssertionError:
            return True
    return False


def by_one_identifier(one: people.Identifiers, other: people.Identifiers) -> Likeness:
    first, second = forms(one), forms(other)
    number = first.get("nhs") is not None and first.get("nhs") == second.get("nhs")
    return Likeness.SAME if number else likeness(one, other)


async def test_an_import_that_takes_one_identifier_for_a_person_is_caught(
    house: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(people, "likeness", by_one_identifier)
    assert await caught(house, tmp_path)


async def test_an_import_that_takes_any_reference_for_done_is_caught(
    house: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keeping, "differs", nothing)
    assert await caught(house, tmp_path)


async def test_an_import_that_forgets_whom_it_has_just_registered_is_caught(
    house: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(people.People, "remember", nothing)
    monkeypatch.setattr(people.matches, "alike", nobody)
    assert await caught(house, tmp_path)


def nothing(*_: object) -> None:
    return None


async def nobody(*_: object) -> people.matches.Sharers:
    return people.matches.Sharers((), False)
