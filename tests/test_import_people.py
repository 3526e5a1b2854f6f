"""Whom a row is about: two identifiers must agree, what stands for nothing identifies nobody, and where it is unclear
the row waits, with both sides shown to whoever decides. Whichever door somebody came in by, the other finds them.
"""

import csv
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.domain.case.referral import SubmitReferral, case_number
from catch.domain.case.state import Case as CaseHeld
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.merging import ApproveMerge, RequestMerge
from catch.domain.person import LookForMatches, RegisterPerson
from catch.domain.streams import CASE
from catch.importing.outcomes import Report
from catch.importing.referrals import import_referrals
from catch.web.door import FRONT_DOOR
from tests.canaries.channels import OPERATIONS
from tests.conftest import Furnished
from tests.lists import Row, brought, nhs, somebody, word, written
from tests.place import COORDINATOR, HOUSING, PROGRAMME, REFERRER, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as place:
        yield place


async def case_of(place: Place, report: Report, at: int = 0) -> CaseHeld:
    return (await place.catch.present.states.get(CASE, report.kept[at].case)).state


def hows(report: Report) -> dict[int, str]:
    waiting = dict.fromkeys([each.line for each in report.waiting], "waiting")
    rejected = dict.fromkeys([each.line for each in report.wrong], "rejected")
    return {each.line: each.how for each in report.kept} | waiting | rejected


def rejected_rows(report: Report) -> list[Row]:
    assert report.rejected_file is not None
    with report.rejected_file.open(encoding="utf-8-sig", newline="") as file:
        delimiter = ";" if ";" in file.readline() else ","
        file.seek(0)
        return [*csv.DictReader(file, delimiter=delimiter)]


async def decided(place: Place, folder: Path, report: Report, decision: str) -> Report:
    """The rows that waited, with what somebody wrote beside them."""
    rows = [{name.casefold(): cell for name, cell in row.items()} for row in rejected_rows(report)]
    return await brought(place.catch, folder, *(row | {"decision": decision} for row in rows))


def told_apart(row: Row, **more: str) -> Row:
    return row | {"reference": f"{row['reference']}/{word()}", "received": "05/02/2026 10:00"} | {
        column.replace("_", " "): text for column, text in more.items()
    }  # fmt: skip


SAME = [
    {"first name": "Aida"},
    {"phone": ""},
    {"nhs number": "", "first name": "ADA"},
    {"nhs number": "", "first name": "Mrs Ádá"},
]


@pytest.mark.parametrize("changed", SAME)
async def test_where_two_agree_it_is_the_same_person(house: Place, tmp_path: Path, changed: Row):
    row = somebody()
    report = await brought(house.catch, tmp_path, row, told_apart(row) | changed)
    assert hows(report) == {2: "opened", 3: "attached"}
    assert len((await case_of(house, report)).referrals) == 2


UNCLEAR = [
    {"date of birth": "22/05/1951"},
    {"date of birth": ""},
    {"last name": "Pattern-Example", "date of birth": "01/02/1960"},
    {"nhs number": "", "phone": ""},
    {"nhs number": "", "date of birth": ""},
    {"nhs number": "999 000 0018"},
]


@pytest.mark.parametrize("changed", UNCLEAR)
async def test_where_less_agrees_the_row_waits_and_records_nothing(house: Place, tmp_path: Path, changed: Row):
    row = somebody()
    opened = await brought(house.catch, tmp_path, row)
    head = await house.catch.log.head()
    report = await brought(house.catch, tmp_path, told_apart(row) | changed)
    assert hows(report) == {2: "waiting"}
    assert await house.catch.log.head() == head
    assert len((await case_of(house, opened)).referrals) == 1


@pytest.mark.parametrize(
    ("number", "born"),
    [("000 000 0000", "01/01/1900"), ("9999999999", "31/12/1899"), ("unknown", "N/A"), ("", "00/01/1900")],
)
async def test_what_stands_for_nothing_makes_nobody_the_same(house: Place, tmp_path: Path, number: str, born: str):
    name = f"Smith-{word()}"
    rows = [
        somebody(first_name="John", last_name=name, date_of_birth=born, nhs_number=number, phone="n/a", address="NFA")
        for _ in range(2)
    ]
    report = await brought(house.catch, tmp_path, *rows)
    assert hows(report) == {2: "opened", 3: "opened"}
    cases = [await case_of(house, report, at) for at in (0, 1)]
    assert cases[0].person != cases[1].person


async def test_a_name_is_kept_as_it_is_written_and_found_however_it_is(house: Place, tmp_path: Path):
    row = somebody(first_name="Síle", last_name=f"O'{word()}", nhs_number="")
    other = told_apart(row) | {"first name": "Sile", "last name": row["last name"].replace("'", "\u2019").upper()}
    report = await brought(house.catch, tmp_path, row, other)
    assert hows(report) == {2: "opened", 3: "attached"}
    case = await case_of(house, report)
    said = [each.described.name for each in case.referrals if each.described and each.described.name]
    assert await house.catch.keyring.unseal(said) == [
        f"Síle {row['last name']}",
        f"Sile {other['last name']}",
    ]


async def test_whoever_decides_is_shown_both_sides_and_the_screen_neither(
    house: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    row = somebody()
    opened = await brought(house.catch, tmp_path, row)
    other = told_apart(row, first_name="Bo", date_of_birth="01/02/1960")
    report = await brought(house.catch, tmp_path, other)
    (shown,) = rejected_rows(report)
    person = (await case_of(house, opened)).person
    reason = next(cell for name, cell in shown.items() if "reason" in name and "waits" in cell)
    for said in (case_number(person), f"Ada {row['last name']}", "1951-05-21", row["nhs number"], row["phone"]):
        assert said in reason
    assert (await case_of(house, opened)).number in reason
    assert shown["first name"] == "Bo"
    assert shown["decision"] == ""
    for said in (row["last name"], "1951-05-21", row["nhs number"], row["phone"]):
        assert said not in caplog.text


async def test_somebody_decides_that_it_is_them(house: Place, tmp_path: Path):
    row = somebody()
    opened = await brought(house.catch, tmp_path, row)
    waits = await brought(house.catch, tmp_path, told_apart(row, date_of_birth=""))
    case = await case_of(house, opened)
    report = await decided(house, tmp_path, waits, case_number(case.person).lower())
    assert hows(report) == {2: "attached"}
    assert report.kept[0].case == case.case
    again = await decided(house, tmp_path, waits, "")
    assert hows(again) == {2: "there"}


async def test_the_number_of_a_live_case_says_as_well_who_it_is(house: Place, tmp_path: Path):
    row, stranger = somebody(), somebody()
    opened = await brought(house.catch, tmp_path, row)
    other = await case_of(house, await brought(house.catch, tmp_path, stranger))
    waits = await brought(house.catch, tmp_path, told_apart(row, date_of_birth=""))
    case = await case_of(house, opened)
    assert hows(await decided(house, tmp_path, waits, other.number)) == {2: "rejected"}
    report = await decided(house, tmp_path, waits, case.number.lower())
    assert (hows(report), report.kept[0].case) == ({2: "attached"}, case.case)


async def test_somebody_decides_that_it_is_another(house: Place, tmp_path: Path):
    row = somebody(nhs_number="")
    opened = await brought(house.catch, tmp_path, row)
    other = told_apart(row, date_of_birth="01/02/1960")
    waits = await brought(house.catch, tmp_path, other)
    report = await decided(house, tmp_path, waits, "New")
    assert hows(report) == {2: "opened"}
    assert (await case_of(house, report)).person != (await case_of(house, opened)).person
    # Whoever has that birth date as well is one of them from now on.
    third = await brought(house.catch, tmp_path, told_apart(other))
    assert hows(third) == {2: "attached"}
    assert third.kept[0].case == report.kept[0].case


async def test_nobody_is_another_under_the_number_of_an_open_case(house: Place, tmp_path: Path):
    """One live person a number: where it is somebody else, one of the numbers is wrong. Nothing is left behind."""
    row = somebody()
    await brought(house.catch, tmp_path, row)
    head = await house.catch.log.head()
    other = told_apart(row, first_name="Bo", date_of_birth="01/02/1960", decision="new")
    report = await brought(house.catch, tmp_path, other)
    assert [(one.line, one.column) for one in report.wrong] == [(2, "nhs number")]
    assert await house.catch.log.head() == head
    corrected = await brought(house.catch, tmp_path, other | {"nhs number": "", "phone": ""})
    assert hows(corrected) == {2: "opened"}


async def test_a_decision_for_somebody_who_is_not_alike_is_told(house: Place, tmp_path: Path):
    stranger = await brought(house.catch, tmp_path, somebody())
    number = case_number((await case_of(house, stranger)).person)
    report = await brought(house.catch, tmp_path, somebody(decision=number))
    assert [(one.line, one.column) for one in report.wrong] == [(2, "decision")]


async def test_nobody_decides_away_that_number_and_birth_date_agree(house: Place, tmp_path: Path):
    row = somebody()
    await brought(house.catch, tmp_path, row)
    report = await brought(house.catch, tmp_path, told_apart(row, decision="new"))
    assert [(one.line, one.column) for one in report.wrong] == [(2, "decision")]


async def test_two_people_who_are_both_alike_wait_for_somebody(house: Place, tmp_path: Path):
    row = somebody()
    for _ in range(2):
        await registered(house, row, COORDINATOR)
    await house.settled()
    report = await brought(house.catch, tmp_path, row)
    assert hows(report) == {2: "waiting"}
    assert len(report.waiting[0].beside.split(";")) == 2


async def registered(place: Place, row: Row, by: Actor, *, provisional: bool = False) -> UUID:
    """The person of a row, by another door."""
    day, month, year = row["date of birth"].split("/")
    command = RegisterPerson(
        uuid4(),
        provisional,
        name=Sealed(f"{row['first name']} {row['last name']}"),
        date_of_birth=Sealed(f"{year}-{month}-{day}"),
        nhs_number=Sealed(row["nhs number"]) if row["nhs number"] else None,
        phone=Sealed(row["phone"]),
    )
    await place.take(command, by, ago(days=2))
    return command.person


async def referred(place: Place, person: UUID, by: Actor) -> UUID:
    referral = SubmitReferral(uuid4(), person, PROGRAMME, uuid4(), "police", "phone", ago(days=1), Sealed("Falls."))
    await place.take(referral, by, ago(days=1))
    return referral.case


@pytest.mark.parametrize("number", [True, False])
async def test_whom_the_api_registered_is_found_by_the_import(house: Place, tmp_path: Path, number: bool):
    row = somebody(received=f"{ago(hours=1):%d/%m/%Y}") | ({} if number else {"nhs number": ""})
    case = await referred(house, await registered(house, row, REFERRER), REFERRER)
    report = await brought(house.catch, tmp_path, row)
    assert [(kept.how, kept.case) for kept in report.kept] == [("attached", case)]


async def test_whom_the_api_registered_and_nobody_referred_gets_their_case(house: Place, tmp_path: Path):
    row = somebody()
    person = await registered(house, row, REFERRER)
    report = await brought(house.catch, tmp_path, row)
    assert hows(report) == {2: "opened"}
    assert (await case_of(house, report)).person == person


async def test_whoever_called_themselves_somebody_at_the_open_door_is_nobodys_match_unseen(
    house: Place, tmp_path: Path
):
    row = somebody()
    await registered(house, row, FRONT_DOOR, provisional=True)
    assert hows(await brought(house.catch, tmp_path, row)) == {2: "waiting"}


async def test_whom_an_import_registered_is_found_at_the_front_door(house: Place, tmp_path: Path):
    row = somebody()
    report = await brought(house.catch, tmp_path, row)
    person = await registered(house, row, REFERRER)
    case = await referred(house, person, REFERRER)
    await house.mutate(LookForMatches(person, case), COORDINATOR)
    await house.settled()
    answer = await house.ask(OPERATIONS["matches"], COORDINATOR, caseId=str(case))
    numbers = [each["number"] for each in answer["matches"]["found"]]
    assert numbers == [(await case_of(house, report)).number]


@pytest.mark.parametrize("by", [REFERRER, HOUSING])
async def test_no_referrer_is_told_that_a_number_is_known(house: Place, tmp_path: Path, by: Actor):
    """Uniqueness is no oracle: under a number that is known the API answers as under one that is not."""
    known = somebody(received=f"{ago(hours=1):%d/%m/%Y}")
    await brought(house.catch, tmp_path, known)
    answers = [await told_of(house, row, by) for row in (known, somebody())]
    assert answers[0] == answers[1]
    assert [each["events"] for each in answers[0]] == [["PersonRegistered"], ["ReferralReceived", "PersonReferred"]]


async def told_of(place: Place, row: Row, by: Actor) -> list[Any]:
    """What a referrer is answered who registers the person of a row and refers them; but for the position."""
    person = uuid4()
    registration = RegisterPerson(
        person,
        name=Sealed(f"{row['first name']} {row['last name']}"),
        date_of_birth=Sealed("1951-05-21"),
        nhs_number=Sealed(row["nhs number"]),
    )
    submission = SubmitReferral(uuid4(), person, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), Sealed("Falls."))
    answers = [await place.sent(command, by) for command in (registration, submission)]
    return [{name: value for name, value in answer.items() if name != "position"} for answer in answers]


@pytest.mark.parametrize("number", ["000 000 0000", "9999999999"])
async def test_at_the_api_a_number_that_is_nobodys_is_refused(house: Place, number: str):
    command = RegisterPerson(uuid4(), name=Sealed("John Smith"), nhs_number=Sealed(number))
    assert await house.refused(command) == "NHS_NUMBER_INVALID"


async def test_whoever_was_erased_is_nobodys_match(house: Place, tmp_path: Path):
    row = somebody()
    person = (await case_of(house, await brought(house.catch, tmp_path, row))).person
    await house.catch.keyring.erase(person)
    # What its reference stood for nobody can read any more: the row needs one of its own.
    assert hows(await brought(house.catch, tmp_path, row)) == {2: "rejected"}
    assert hows(await brought(house.catch, tmp_path, told_apart(row, nhs_number=""))) == {2: "opened"}


async def test_rows_that_come_at_once_are_decided_in_the_order_in_which_they_were_received(
    house: Place, tmp_path: Path
):
    """Whatever the order in the file; a chain of people of whom each shares something with the next."""
    row = somebody()
    last = told_apart(row, received="09/02/2026", first_name="Bo", nhs_number=nhs())
    middle = told_apart(row, received="08/02/2026")
    report = await import_referrals(house.catch, written(tmp_path, [last, middle, row]))
    assert hows(report) == {4: "opened", 3: "attached", 2: "opened"}


async def test_a_coordinators_case_takes_the_row_too(house: Place, tmp_path: Path):
    row = somebody(received=f"{ago(hours=1):%d/%m/%Y}")
    assert COORDINATOR.role is Role.COORDINATOR
    case = await referred(house, await registered(house, row, COORDINATOR), COORDINATOR)
    report = await brought(house.catch, tmp_path, row)
    assert [(kept.how, kept.case) for kept in report.kept] == [("attached", case)]


async def test_whoever_is_registered_twice_is_shown_once_and_referred_as_the_one_who_goes_on(
    house: Place, tmp_path: Path
):
    second = Actor("second@snn", "snn", Role.COORDINATOR)
    await house.enrol(second)
    row = somebody(nhs_number="")
    again = told_apart(row, phone="01536 496111")
    report = await brought(house.catch, tmp_path, row, again | {"decision": "new"})
    assert hows(report) == {2: "opened", 3: "opened"}
    one, other = [await case_of(house, report, at) for at in (0, 1)]
    merge = RequestMerge(one.person, other.person, uuid4(), Sealed("One person"))
    await house.mutate(merge)
    await house.mutate(ApproveMerge(one.person, merge.merge), second)
    await house.settled()
    unclear = await brought(house.catch, tmp_path, told_apart(row, phone="01536 496222"))
    assert hows(unclear) == {2: "waiting"}
    (shown,) = [str(each) for each in rejected_rows(unclear)]
    assert case_number(one.person) in shown
    assert case_number(other.person) not in shown
    assert one.number in shown
    assert other.number in shown
    # What the retired registration says identifies them as well as the other's.
    for phone in (row["phone"], again["phone"]):
        assert hows(await brought(house.catch, tmp_path, told_apart(row, phone=phone))) == {2: "attached"}
