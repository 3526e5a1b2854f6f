"""The front door looks who else somebody may be: three things of each match, for an hour, and each look is a fact."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.commands.questions import Asking, Marks
from catch.domain.calendar import london_day
from catch.domain.case.agreement import ConfirmSafeContact, RecordObjection
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.eligibility import AcceptReferral, DeclineReferral
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import SafeContact
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.partner import SignAgreement
from catch.domain.person import LOOK, LookForMatches, Person, RegisterPerson
from catch.domain.streams import PERSON
from projections.matches import MOST
from tests.canaries.channels import OPERATIONS
from tests.conftest import Furnished
from tests.place import AUDITOR, COORDINATOR, HOUSING, PROGRAMME, REFERRER, SYSTEM, Case, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")

ELSEWHERE = "bexley-icm"
OTTO = Actor("otto@south", "south", Role.COORDINATOR)
AWAY = Actor("away@second", "second", Role.COORDINATOR)
BORN, PHONE, NUMBER = "1951-05-21", "01536 496000", "9990000018"
TEXT = Sealed("S. Igner")
DOCUMENT = OPERATIONS["matches"]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as place:
        await place.enrol(OTTO, ELSEWHERE)
        await place.enrol_elsewhere(AWAY)
        for agency, programme in ((OTTO.agency, ELSEWHERE), (AWAY.agency, PROGRAMME)):
            since = london_day(ago(days=9))
            await place.take(SignAgreement(agency, "isa", (programme,), frozenset(Category), since, None, TEXT), SYSTEM)
        yield place


async def known(place: Place, name: str, by: Actor = OTTO, **more: Any) -> Case:
    """A live case in the other programme, whose person must not be rung at weekends."""
    made = Case(uuid4(), uuid4(), name, f"Reason of {name}", "")
    received = ago(days=3)
    await place.take(RegisterPerson(made.person, name=Sealed(name), **more), by, received)
    submitted = SubmitReferral(made.case, made.person, ELSEWHERE, uuid4(), "gp", "phone", received, Sealed(made.reason))
    await place.take(submitted, by, received)
    accepted = AcceptReferral(made.case, override_reason=Sealed("Known to us."))
    await place.take(accepted, by)
    await place.take(AllocateCoordinator(made.case, by.user, by.agency), by)
    await place.take(ConfirmSafeContact(made.case, SafeContact(True, not_when=Sealed(f"Not {name}"))), by)
    await place.settled()
    return made


async def waiting(place: Place, name: str, **more: Any) -> Case:
    """A case that somebody else has referred waits at the door."""
    return await place.referred(name, by=REFERRER, **more)


async def looked(place: Place, case: Case, by: Actor = COORDINATOR) -> Any:
    await place.mutate(LookForMatches(case.person, case.case), by)
    return await shown(place, case, by)


async def shown(place: Place, case: Case, by: Actor = COORDINATOR) -> Any:
    await place.settled()
    return (await place.ask(DOCUMENT, by, caseId=str(case.case)))["matches"]


async def number_of(place: Place, case: Case, by: Actor) -> str:
    return (await place.ask("query($id: UUID!) { case(id: $id) { number } }", by, id=str(case.case)))["case"]["number"]


async def test_the_front_door_is_shown_number_lead_and_safe_contact_of_a_match(house: Place):
    there = await known(house, "Maylis Example", date_of_birth=Sealed(BORN))
    here = await waiting(house, "Mrs Example, Maylis", date_of_birth=Sealed(BORN))
    assert await shown(house, here) is None
    found = (await looked(house, here))["found"]
    assert found == [
        {
            "number": await number_of(house, there, OTTO),
            "lead": {"user": OTTO.user, "agency": OTTO.agency},
            "safeContact": {"ok": True, "how": None, "notWhen": "Not Maylis Example"},
        }
    ]
    # The case itself stays as unknown as it was.
    assert (await house.ask("query($id: UUID!) { case(id: $id) { id } }", id=str(there.case)))["case"] is None


async def test_one_identifier_in_common_finds_nobody(house: Place):
    await known(house, "Norma Example", date_of_birth=Sealed("1940-01-01"), phone=Sealed("01604 000001"))
    here = await waiting(house, "Norma Example", date_of_birth=Sealed("1940-01-02"), phone=Sealed("01604 000002"))
    assert (await looked(house, here))["found"] == []


async def test_the_same_person_elsewhere_is_found_and_so_is_a_second_registration_here(house: Place):
    there = await known(house, "Pablo Example", nhs_number=Sealed(NUMBER), phone=Sealed(PHONE))
    # Who they are is not settled: their number does not keep a second case from being opened under it.
    numbered = {"nhs_number": Sealed("999 000 0018"), "phone": Sealed("+44 1536 496000")}
    here = await waiting(house, "P. Example", provisional=True, **numbered)
    again = await waiting(house, "Pablo E.", nhs_number=Sealed(NUMBER), phone=Sealed(PHONE))
    numbers = sorted([await number_of(house, there, OTTO), await number_of(house, again, COORDINATOR)])
    assert [each["number"] for each in (await looked(house, here))["found"]] == numbers
    # By the person's own id, too: a case that was opened for the very same person in another programme.
    lately = ago(days=1)
    other = SubmitReferral(uuid4(), here.person, ELSEWHERE, uuid4(), "gp", "phone", lately, Sealed("Again."))
    await house.take(other, SYSTEM, lately)
    assert len((await looked(house, here))["found"]) == 3


async def test_a_case_that_is_not_live_is_not_shown_nor_one_they_are_recused_from(house: Place):
    there = await known(house, "Quentin Example", date_of_birth=Sealed(BORN))
    here = await waiting(house, "Quentin Example", date_of_birth=Sealed(BORN))
    assert len((await looked(house, here))["found"]) == 1
    keeping = DeclareRecusal(there.case, COORDINATOR.user, COORDINATOR.agency, Sealed("A cousin."))
    await house.take(keeping, OTTO)
    assert (await looked(house, here))["found"] == []


async def test_only_whoever_looked_is_shown_it_and_for_an_hour(house: Place):
    await known(house, "Rosa Example", date_of_birth=Sealed(BORN))
    here = await waiting(house, "Rosa Example", date_of_birth=Sealed(BORN))
    colleague = Actor("colleague@snn", "snn", Role.COORDINATOR)
    await house.enrol(colleague)
    assert (await looked(house, here))["found"]
    assert await shown(house, here, colleague) is None
    for by in (HOUSING, REFERRER, OTTO, AUDITOR):
        assert await shown(house, here, by) is None
    long_ago = await waiting(house, "Rosa Example", date_of_birth=Sealed(BORN))
    await house.take(LookForMatches(long_ago.person, long_ago.case), at=ago(seconds=LOOK.total_seconds() + 1))
    assert await shown(house, long_ago) is None


@pytest.mark.parametrize("by", [HOUSING, REFERRER, OTTO, AUDITOR])
async def test_nobody_else_looks(house: Place, by: Actor):
    here = await waiting(house, "Sam Example")
    query = """mutation($i: LookForMatchesInput!, $c: UUID!) { lookForMatches(input: $i, commandId: $c) {
        __typename ... on Refused { code message details { name value } } } }"""
    answers = [
        (await house.ask(query, by, i={"person": str(person), "case": str(case)}, c=str(uuid4())))["lookForMatches"]
        for person, case in ((here.person, here.case), (here.case, here.person), (UUID(int=4, version=4), uuid4()))
    ]
    assert {answer["__typename"] for answer in answers} == {"Refused"}
    assert len({answer["code"] for answer in answers}) == 1


async def test_each_look_is_a_fact_that_auditors_read_without_whom_it_found(house: Place):
    there = await known(house, "Theo Example", date_of_birth=Sealed(BORN))
    here = await waiting(house, "Theo Example", date_of_birth=Sealed(BORN))
    await looked(house, here)
    await looked(house, here)
    trail = await house.ask(OPERATIONS["audit_trail"], AUDITOR, stream=str(here.person), first=50)
    entries = [edge["node"] for edge in trail["auditTrail"]["edges"]]
    looks = [each for each in entries if each["event"] == "MatchesLookedFor"]
    assert [each["by"]["user"] for each in looks] == [COORDINATOR.user] * 2
    assert str(there.person) not in str(trail)
    held = (await house.catch.present.states.get(PERSON, here.person)).state
    assert not [mark for mark in held.registered.marks if mark in str(trail)]
    assert held.registered.marks


async def test_whoever_keeps_the_door_no_more_is_shown_nothing_more(house: Place):
    await known(house, "Ulla Example", date_of_birth=Sealed(BORN))
    here = await waiting(house, "Ulla Example", date_of_birth=Sealed(BORN))
    assert (await looked(house, here))["found"]
    await house.take(AcceptReferral(here.case))
    await house.take(AllocateCoordinator(here.case, COORDINATOR.user, COORDINATOR.agency))
    assert (await shown(house, here))["found"]
    await house.take(AllocateCoordinator(here.case, AWAY.user, AWAY.agency))
    assert await shown(house, here) is None


@pytest.mark.parametrize("born", ["21/05/1951", "1951-02-30", "2999-01-01", "1851-01-01", "unknown"])
async def test_a_date_of_birth_is_a_day_that_was(house: Place, born: str):
    query = """mutation($i: RegisterPersonInput!, $c: UUID!) { registerPerson(input: $i, commandId: $c) {
        ... on Refused { code message details { name value } } } }"""
    command = {"person": str(uuid4()), "name": "Vera Example", "dateOfBirth": born}
    answer = (await house.ask(query, COORDINATOR, i=command, c=str(uuid4())))["registerPerson"]
    assert answer["code"] == "DATE_OF_BIRTH_INVALID"
    assert answer["details"] == [{"name": "field", "value": "dateOfBirth"}]


async def test_in_a_copy_of_the_database_one_identifier_in_common_is_nothing_in_common(house: Place):
    one, other = uuid4(), uuid4()
    for person, born in ((one, "1951-05-21"), (other, "1951-05-22")):
        await house.take(RegisterPerson(person, name=Sealed("Wim Example"), date_of_birth=Sealed(born)))
    held = [(await house.catch.present.states.get(PERSON, each)).state.registered.marks for each in (one, other)]
    assert [len(each) for each in held] == [1, 1]
    assert held[0] != held[1]


async def test_nobody_looks_up_whom_they_have_referred_themselves(house: Place):
    """Or one could make up somebody with known identifiers, and try birth dates one by one."""
    await known(house, "Xaver Example", date_of_birth=Sealed(BORN))
    decoy = await house.referred("Xaver Example", date_of_birth=Sealed(BORN))
    assert await house.refused(LookForMatches(decoy.person, decoy.case)) == "REFERRED_BY_YOURSELF"
    colleague = Actor("second@snn", "snn", Role.COORDINATOR)
    await house.enrol(colleague)
    assert len((await looked(house, decoy, colleague))["found"]) == 1


async def test_the_door_ends_with_the_case(house: Place):
    await known(house, "Yara Example", date_of_birth=Sealed(BORN))
    here = await waiting(house, "Yara Example", date_of_birth=Sealed(BORN))
    assert (await looked(house, here))["found"]
    await house.take(DeclineReferral(here.case, "not-eligible"))
    assert await shown(house, here) is None
    assert await house.refused(LookForMatches(here.person, here.case)) == "NOT_AT_THE_DOOR"


async def test_whoever_is_recused_from_one_case_of_a_person_is_shown_none_of_theirs(house: Place):
    there = await known(house, "Zeno Example", date_of_birth=Sealed(BORN))
    second = SubmitReferral(uuid4(), there.person, PROGRAMME, uuid4(), "police", "phone", ago(days=1), Sealed("Again."))
    await house.take(second, SYSTEM, ago(days=1))
    here = await waiting(house, "Zeno Example", date_of_birth=Sealed(BORN))
    assert len((await looked(house, here))["found"]) == 2
    await house.take(DeclareRecusal(there.case, COORDINATOR.user, COORDINATOR.agency, Sealed("An uncle.")), OTTO)
    assert (await looked(house, here))["found"] == []


async def test_what_a_stranger_says_of_safe_contact_is_not_passed_on(house: Place):
    """Anybody may write to an open front door, in the name of somebody whom they want to be reached by."""
    here = await waiting(house, "Alba Example", date_of_birth=Sealed(BORN))
    for ok, told in ((True, None), (False, {"ok": False, "how": None, "notWhen": None})):
        person, at_ = uuid4(), ago(days=1)
        await house.take(RegisterPerson(person, name=Sealed("Alba Example"), date_of_birth=Sealed(BORN)), OTTO)
        contact = SafeContact(ok, Sealed("Ring me on 07700 900900"))
        referral = SubmitReferral(uuid4(), person, ELSEWHERE, uuid4(), "gp", "phone", at_, TEXT, safe_contact=contact)
        await house.take(referral, OTTO, at_)
        contacts = [each["safeContact"] for each in (await looked(house, here))["found"]]
        assert told in contacts
        assert "07700 900900" not in str(contacts)


async def test_an_objection_keeps_how_the_person_is_reached_from_the_door(house: Place):
    there = await known(house, "Bela Example", date_of_birth=Sealed(BORN))
    here = await waiting(house, "Bela Example", date_of_birth=Sealed(BORN))
    closed = frozenset({Category.CONTACT})
    await house.take(RecordObjection(there.case, uuid4(), closed, frozenset({COORDINATOR.agency})), OTTO)
    (match,) = (await looked(house, here))["found"]
    assert match["safeContact"] is None
    assert match["lead"]["user"] == OTTO.user


async def test_whoever_was_erased_is_nobodys_match_and_finds_none(house: Place):
    there = await known(house, "Cleo Example", date_of_birth=Sealed(BORN))
    here = await waiting(house, "Cleo Example", date_of_birth=Sealed(BORN))
    assert len((await looked(house, here))["found"]) == 1
    await house.catch.keyring.erase(there.person)
    assert (await looked(house, here))["found"] == []
    other = await known(house, "Cleo Example", date_of_birth=Sealed(BORN))
    assert [each["number"] for each in (await looked(house, here))["found"]] == [await number_of(house, other, OTTO)]
    await house.catch.keyring.erase(here.person)
    assert await shown(house, here) is None


async def test_no_version_of_a_person_counts_the_looks_for_anybody(house: Place):
    here = await waiting(house, "Dora Example", date_of_birth=Sealed(BORN))
    again = RegisterPerson(here.person, name=Sealed("Somebody else"))
    for by in (REFERRER, HOUSING, OTTO, COORDINATOR):
        before = await house.sent(again, by)
        await looked(house, here)
        assert before["code"] == "ID_ALREADY_USED"
        assert await house.sent(again, by) == before


async def test_an_auditor_reads_the_looks_of_the_doors_that_they_audit(house: Place):
    here = await waiting(house, "Elli Example", date_of_birth=Sealed(BORN))
    other = SubmitReferral(uuid4(), here.person, ELSEWHERE, uuid4(), "gp", "phone", ago(days=1), Sealed("Again."))
    await house.take(other, SYSTEM, ago(days=1))
    await looked(house, here)
    await house.take(LookForMatches(here.person, other.case), OTTO)
    trail = await house.ask(OPERATIONS["audit_trail"], AUDITOR, stream=str(here.person), first=50)
    assert OTTO.user not in str(trail)
    assert COORDINATOR.user in str(trail)


async def test_what_very_many_have_in_common_finds_so_many_and_says_that_there_are_more(house: Place):
    here = await waiting(house, "Fritz Example", date_of_birth=Sealed(BORN))
    for _ in range(MOST + 3):
        await house.take(RegisterPerson(uuid4(), name=Sealed("Fritz Example"), date_of_birth=Sealed(BORN)), OTTO)
    found = await looked(house, here)
    assert (found["found"], found["more"]) == ([], True)
    stored = (await house.catch.present.states.get(PERSON, here.person)).state
    assert len(stored.looks[0].found) <= MOST


async def test_a_case_that_is_opened_after_the_look_is_not_in_it(house: Place):
    here = await waiting(house, "Gerd Example", date_of_birth=Sealed(BORN))
    assert (await looked(house, here))["found"] == []
    await known(house, "Gerd Example", date_of_birth=Sealed(BORN))
    assert (await shown(house, here))["found"] == []
    assert len((await looked(house, here))["found"]) == 1


async def test_a_text_that_cannot_be_read_identifies_nobody(house: Place):
    """Of two people whose names cannot be read nobody knows whether they are one."""
    made = await house.referred("Sam Example", date_of_birth=Sealed(BORN))
    held: Person = (await house.catch.present.states.get(PERSON, made.person)).state
    name, born = held.registered.name, held.registered.date_of_birth
    assert name is not None
    command = RegisterPerson(uuid4(), name=Sealed("Of no matter"))
    asking = Asking(house.catch.records, await house.catch.keyring.sealing(command, command.person), anew=False)
    damaged = Sealed(name[:-2])
    assert len(await Marks(name, born, None, None).answer(asking)) == 1
    assert await Marks(damaged, born, None, None).answer(asking) == ()
    assert await Marks(damaged, damaged, None, None).answer(asking) == ()
