"""A reference stands for one referral with its content: the same again is there, anything else is told by its columns;
and whoever may see a referral finds its case by what the sender calls it.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import Described, Urgency, VoidReason
from catch.domain.case.voiding import ApproveVoiding, RequestVoiding
from catch.domain.facts import Category, Sealed
from catch.domain.ids import id_of_digest
from catch.domain.person import ProtectionReason, RegisterPerson, SetProtectedAddress
from catch.domain.streams import CASE
from catch.importing.asking import Asks
from catch.importing.rows import ReferralRow
from tests.canaries.channels import OPERATIONS
from tests.conftest import Furnished
from tests.lists import Row, brought, somebody
from tests.place import AUDITOR, COORDINATOR, HOUSING, PROGRAMME, REFERRER, SYSTEM, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as place:
        yield place


@pytest.fixture
def row() -> Row:
    return somebody(
        nhs_number="",
        address="1 Sample Lane",
        needs="debt; food",
        urgency="soon",
        person_knows="yes",
        person_agrees="no",
        safe_to_contact="no",
        how_to_contact="never phone",
    )


CHANGES = {
    "received": ("04/02/2026 09:30", "03/02/2026 09:31"),
    "source": ("police",),
    "channel": ("email",),
    "referrer organisation": ("Example housing-1", "Somebody else"),
    "first name": ("Aida", ""),
    "date of birth": ("21/05/1952", ""),
    "nhs number": ("999 000 0018",),
    "phone": ("01536 496001", ""),
    "address": ("2 Sample Lane", ""),
    "needs": ("debt",),
    "reason for referral": ("Lonely, and cold",),
    "urgency": ("urgent", ""),
    "person agrees": ("yes",),
    "safe to contact": ("yes",),
    "how to contact": ("text first", ""),
}


@pytest.mark.parametrize(("column", "now"), [(column, now) for column, texts in CHANGES.items() for now in texts])
async def test_a_cell_that_was_changed_is_told_by_its_column_and_not_taken_for_done(
    house: Place, tmp_path: Path, row: Row, column: str, now: str
):
    opened = await brought(house.catch, tmp_path, row)
    head = await house.catch.log.head()
    report = await brought(house.catch, tmp_path, row | {column: now})
    assert (report.kept, report.waiting, report.clashes, report.amendments) == ([], [], 0, 1)
    ((line, told),) = {(one.line, one.column) for one in report.wrong}
    assert (line, told) == (2, column)
    assert await house.catch.log.head() == head
    again = await brought(house.catch, tmp_path, row)
    assert [(kept.how, kept.case) for kept in again.kept] == [("there", opened.kept[0].case)]


@pytest.mark.parametrize(
    "same",
    [
        {"received": "2026-02-03 09:30"},
        {"received": "03/02/2026"},
        {"needs": "Debt, food"},
        {"reason for referral": " Lonely\n"},
        {"nhs number": "000 000 0000"},
        {"source": "Self"},
    ],
)
async def test_the_same_written_otherwise_is_there_already(house: Place, tmp_path: Path, row: Row, same: Row):
    await brought(house.catch, tmp_path, row)
    head = await house.catch.log.head()
    report = await brought(house.catch, tmp_path, row | same | {"reference": row["reference"].upper()})
    assert [kept.how for kept in report.kept] == ["there"]
    assert await house.catch.log.head() == head


@pytest.mark.parametrize("before", ["", "+44 ", "44"])
async def test_a_number_that_a_spreadsheet_took_for_one_is_the_same_phone(
    house: Place, tmp_path: Path, row: Row, before: str
):
    await brought(house.catch, tmp_path, row)
    kept = before + row["phone"].removeprefix("0").replace(" ", "")
    report = await brought(house.catch, tmp_path, row | {"phone": kept})
    assert [kept.how for kept in report.kept] == ["there"]


async def test_what_was_imported_when_each_way_of_writing_was_a_reference_of_its_own_is_found(house: Place):
    keyring = house.catch.keyring
    row = ReferralRow(
        2, "e-1", ago(days=1), "self", "phone", "", "", "Example", None, None, "", "", (), "Lonely", Urgency.ROUTINE,
        None, None, None, "",
    )  # fmt: skip
    found = Asks(keyring, PROGRAMME, {}).referrals(row)
    for former in ("e-1", "E-1"):
        assert id_of_digest(keyring.digest(f"referral import {PROGRAMME}/{former}/referral")) in found


async def test_next_years_list_whose_numbers_start_anew_is_no_amendment(house: Place, tmp_path: Path, row: Row):
    await brought(house.catch, tmp_path, row)
    others = {"first name": "Bo", "last name": "Pattern-Example", "date of birth": "01/02/1960", "phone": ""}
    report = await brought(house.catch, tmp_path, row | others)
    assert (report.clashes, report.amendments, report.rejected) == (1, 0, 1)
    assert "date of birth" in report.wrong[0].reason
    # The same person again under a number that was used is another referral as well.
    report = await brought(
        house.catch, tmp_path, row | {"received": "01/03/2026", "reason for referral": "Rent arrears"}
    )
    assert (report.clashes, report.amendments, report.rejected) == (1, 0, 1)


async def test_what_nobody_works_on_or_can_read_is_not_taken_for_done(house: Place, tmp_path: Path, row: Row):
    """Opened in error, and voided; erased, and the number given to somebody else since."""
    other = somebody()
    opened = [await brought(house.catch, tmp_path, each) for each in (row, other)]
    voided, erased = [each.kept[0].case for each in opened]
    voiding = uuid4()
    await house.take(RequestVoiding(voided, voiding, VoidReason.WRONG_PERSON, Sealed("Somebody else")), SYSTEM)
    await house.take(ApproveVoiding(voided, voiding), COORDINATOR)
    await house.catch.keyring.erase((await house.catch.present.states.get(CASE, erased)).state.person)
    renamed = other | {"first name": "Bea", "last name": "Another-Example"}
    for each in (row, other, renamed):
        report = await brought(house.catch, tmp_path, each)
        assert (report.kept, report.clashes, [wrong.column for wrong in report.wrong]) == ([], 1, ["reference"])
    report = await brought(house.catch, tmp_path, row | {"reference": f"{row['reference']}-2"})
    assert [kept.how for kept in report.kept] == ["opened"]


async def test_a_row_that_stands_twice_in_a_list_is_kept_once(house: Place, tmp_path: Path, row: Row):
    again = row | {"reference": row["reference"].lower()}
    report = await brought(house.catch, tmp_path, row, row, again, again | {"reason for referral": "Cold"})
    assert [(kept.line, kept.how) for kept in report.kept] == [(2, "opened"), (3, "there"), (4, "there")]
    assert [(one.line, one.column) for one in report.wrong] == [(5, "reference")]


async def test_an_attached_referral_is_held_to_its_own_content_and_keeps_all_of_it(
    house: Place, tmp_path: Path, row: Row
):
    second = row | {
        "reference": f"{row['reference']}/2",
        "received": "05/02/2026",
        "address": "Flat 9, Example House",
        "reason for referral": "Rent arrears",
        "person agrees": "unable",
        "how to contact": "through her sister",
    }
    await brought(house.catch, tmp_path, row)
    report = await brought(house.catch, tmp_path, second)
    assert [kept.how for kept in report.kept] == ["attached"]
    assert [kept.how for kept in (await brought(house.catch, tmp_path, second)).kept] == ["there"]
    changed = await brought(house.catch, tmp_path, second | {"address": "1 Sample Lane"})
    assert [(one.line, one.column) for one in changed.wrong] == [(2, "address")]
    held = (await house.catch.present.states.get(CASE, report.kept[0].case)).state.referrals[1]
    assert (held.agreement.agrees, held.safe_contact.ok) == ("unable", False)
    assert await house.catch.keyring.unseal([held.safe_contact.how]) == ["through her sister"]
    shown = (await shown_referrals(house, report.kept[0].case))[1]
    assert shown["reference"] == second["reference"]
    assert shown["described"]["phone"] == second["phone"]
    assert shown["described"]["address"] == "Flat 9, Example House"


HALF = [
    ({"person knows": ""}, "person knows"),
    ({"person agrees": ""}, "person agrees"),
    ({"safe to contact": ""}, "safe to contact"),
]


@pytest.mark.parametrize(("blank", "column"), HALF)
async def test_a_cell_that_could_not_be_kept_by_itself_is_not_dropped(
    house: Place, tmp_path: Path, row: Row, blank: Row, column: str
):
    report = await brought(house.catch, tmp_path, row | blank)
    assert [(one.line, one.column) for one in report.wrong] == [(2, column)]
    assert "is empty" in report.wrong[0].reason


async def shown_referrals(place: Place, case: UUID, by: Any = COORDINATOR) -> Any:
    await place.settled()
    query = "query($id: UUID!) { case(id: $id) { referrals { reference described { name phone address } } } }"
    return (await place.ask(query, by, id=str(case)))["case"]["referrals"]


async def found(place: Place, reference: str, by: Any = COORDINATOR) -> list[str]:
    await place.settled()
    answer = await place.ask(OPERATIONS["cases_by_reference"], by, reference=reference)
    return [case["id"] for case in answer["casesByReference"]]


async def test_the_reference_finds_the_case_for_those_who_see_it(house: Place, tmp_path: Path, row: Row):
    case = str((await brought(house.catch, tmp_path, row)).kept[0].case)
    assert await found(house, f" {row['reference'].upper()} ") == [case]
    assert await found(house, f"{row['reference']}x") == []
    for by in (HOUSING, REFERRER):
        assert await found(house, row["reference"], by) == []
    assert await found(house, row["reference"], AUDITOR) == [case]


async def test_whoever_referred_finds_their_own_by_what_they_call_it(house: Place):
    person, case, reference = uuid4(), uuid4(), f"ours {uuid4().hex}"
    described = Described(Sealed("Ida Example"), phone=Sealed("01604 496222"), address=Sealed("3 Sample Lane"))
    await house.take(RegisterPerson(person, name=Sealed("Ida Example")), REFERRER, ago(days=1))
    referral = SubmitReferral(
        case, person, PROGRAMME, uuid4(), "police", "phone", ago(days=1), Sealed("Falls."),
        reference=Sealed(reference), described=described,
    )  # fmt: skip
    await house.mutate(referral, REFERRER)
    assert await found(house, reference, REFERRER) == [str(case)]
    assert await found(house, reference, HOUSING) == []
    (theirs,) = await shown_referrals(house, case, REFERRER)
    # How the person is reached may have become a secret since: that is not read back, even by who wrote it.
    assert theirs == {"reference": reference, "described": {"name": "Ida Example", "phone": None, "address": None}}
    await house.share(case, HOUSING.agency)
    assert await found(house, reference, HOUSING) == [str(case)]
    (told,) = await shown_referrals(house, case, HOUSING)
    assert told["described"]["address"] == "3 Sample Lane"
    await house.take(SetProtectedAddress(person, True, ProtectionReason.STALKING), SYSTEM)
    (told,) = await shown_referrals(house, case, HOUSING)
    assert told["described"] == {"name": "Ida Example", "phone": "01604 496222", "address": None}
    assert Category.CONTACT.value in str(
        (await house.catch.present.states.get(CASE, case)).state.disclosures[0].categories
    )


async def test_in_a_copy_of_the_database_a_reference_is_nowhere(house: Place, tmp_path: Path, row: Row):
    await brought(house.catch, tmp_path, row)
    await house.settled()
    stored = await house.catch.log.page(0, 100_000)
    assert not [each for each in stored if row["reference"].encode() in each.state]
    assert not [each for each in stored if b"Sample Lane" in each.state]
