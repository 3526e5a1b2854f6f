"""Two registrations that are one person, as everybody meets them: told to whoever works with both alone."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple, cast
from uuid import uuid4

import pytest
import pytest_asyncio

from catch.api.case.subscription import CaseSource
from catch.api.case.types import CaseUpdate
from catch.domain.calendar import london_day
from catch.domain.case.coordination import AllocateCoordinator
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import SubmitReferral
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.merging import ApproveMerge, RefuseMerge, RequestMerge, ReverseMerge
from catch.domain.partner import GiveRole, SignAgreement
from catch.domain.person import (
    CorrectContact,
    CorrectIdentity,
    DeathSource,
    LookForMatches,
    PersonDetail,
    ProtectionReason,
    RecordDeath,
    SetProtectedAddress,
)
from catch.personal.looks import noting
from tests.canaries.channels import OPERATIONS
from tests.classes import viewer_of
from tests.conftest import Furnished
from tests.place import AUDITOR, COORDINATOR, HOUSING, PROGRAMME, REFERRER, SYSTEM, Case, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")

COLLEAGUE = Actor("second@snn", "snn", Role.COORDINATOR)
AWAY = Actor("away@second", "second", Role.COORDINATOR)
ONE_CASE = Actor("one-case@snn", "snn", Role.AUDITOR)
BORN, WHY = "1951-05-21", "His sister knows him as Quillbert"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        await made.enrol(COLLEAGUE)
        await made.enrol_elsewhere(AWAY)
        since = london_day(ago(days=9))
        signed = SignAgreement(AWAY.agency, "isa", (PROGRAMME,), frozenset(Category), since, None, Sealed("S. Igner"))
        await made.take(signed, SYSTEM)
        yield made


class Two(NamedTuple):
    """One who goes on, and the other, of whose case another agency has the clinical side: it knows of no first."""

    one: Case
    other: Case
    merge: RequestMerge


async def two(place: Place, name: str, born: str = BORN) -> Two:
    one, other = [await place.worked_on(name, "housing-1", date_of_birth=Sealed(born)) for _ in range(2)]
    await place.take(AllocateCoordinator(other.case, AWAY.user, AWAY.agency, lead=False))
    await place.settled()
    return Two(one, other, RequestMerge(one.person, other.person, uuid4(), Sealed(WHY)))


async def together(place: Place, name: str, born: str = BORN) -> Two:
    made = await two(place, name, born)
    await place.mutate(made.merge)
    await place.mutate(ApproveMerge(made.one.person, made.merge.merge), COLLEAGUE)
    await place.settled()
    return made


async def case(place: Place, about: Case, by: Actor = COORDINATOR) -> Any:
    return (await place.ask(OPERATIONS["case"], by, id=str(about.case)))["case"]


async def person(place: Place, about: Case, by: Actor = COORDINATOR) -> Any:
    return (await case(place, about, by))["person"]


async def test_one_says_so_another_agrees_and_both_cases_tell_it_to_whoever_coordinates_both(place: Place):
    made = await two(place, "Ada Quillbrook")
    await place.mutate(made.merge)
    for by in (COORDINATOR, COLLEAGUE):
        for own, other in ((made.one, made.other), (made.other, made.one)):
            (held,) = (await person(place, own, by))["merges"]
            assert (held["state"], held["survivor"], held["other"]) == (
                "REQUESTED", str(made.one.person), str(other.person),
            )  # fmt: skip
            assert (held["otherName"], held["otherDateOfBirth"], held["reason"]) == ("Ada Quillbrook", BORN, WHY)
            assert [each["id"] for each in held["cases"]] == [str(other.case)]
    assert await place.refused(ApproveMerge(made.one.person, made.merge.merge)) == "MERGE_ASKED_BY_YOURSELF"
    await place.mutate(ApproveMerge(made.one.person, made.merge.merge), COLLEAGUE)
    assert [each["state"] for each in (await person(place, made.other))["merges"]] == ["MERGED"]
    await place.mutate(ReverseMerge(made.other.person, made.merge.merge, Sealed("Two cousins")))
    (held,) = (await person(place, made.one))["merges"]
    assert (held["state"], held["because"]) == ("REVERSED", "Two cousins")


async def test_whoever_knows_of_one_alone_is_answered_as_if_there_were_no_merge(place: Place):
    made = await two(place, "Bea Quillbrook", "1951-05-22")
    queries = ("case", "cases", "notes", "cases_by_name", "audit_trail")
    variables: dict[str, Any] = {
        "id": str(made.other.case), "caseId": str(made.other.case), "stream": str(made.other.case), "first": 50,
        "name": "Bea Quillbrook", "dateOfBirth": "1951-05-22",
    }  # fmt: skip

    async def told(by: Actor) -> list[Any]:
        await place.settled()
        found: list[Any] = []
        for name in queries:
            text = OPERATIONS[name]
            found.append(
                await place.answer(text, by, **{key: each for key, each in variables.items() if f"${key}:" in text})
            )
        person_of = {"stream": str(made.other.person), "first": 50}
        return [*found, await place.answer(OPERATIONS["audit_trail"], by, **person_of)]

    viewers = (AWAY, HOUSING, REFERRER)
    before = {by: await told(by) for by in viewers}
    openly = await told(COORDINATOR)
    for command, by in (
        (made.merge, COORDINATOR),
        (ApproveMerge(made.one.person, made.merge.merge), COLLEAGUE),
        (ReverseMerge(made.one.person, made.merge.merge, Sealed("Two cousins")), COORDINATOR),
    ):
        await place.mutate(command, by)
        for viewer in viewers:
            assert await told(viewer) == before[viewer], (viewer, command)
        # Control: whoever knows both is told.
        assert await told(COORDINATOR) != openly


async def test_nobody_comes_by_the_other_through_a_merge(place: Place):
    made = await two(place, "Cal Quillbrook", "1951-05-23")
    unknown = uuid4()
    asked = [RequestMerge(made.other.person, each, uuid4(), Sealed(WHY)) for each in (made.one.person, unknown)]
    assert {await place.refused(each, AWAY) for each in asked} == {"UNKNOWN_OTHER"}
    assert await place.refused(made.merge, AWAY) == "UNKNOWN_PERSON"
    await place.mutate(made.merge)
    for merge in (made.merge.merge, unknown):
        for kind in (RefuseMerge, ReverseMerge):
            assert await place.refused(kind(made.other.person, merge, Sealed(WHY)), AWAY) == "UNKNOWN_MERGE"
        assert await place.refused(ApproveMerge(made.other.person, merge), AWAY) == "UNKNOWN_MERGE"
    # The id is taken, whoever asks: nothing is said of by what.
    again = await place.sent(
        RequestMerge(made.other.person, made.one.person, made.merge.merge, Sealed("Else")), COLLEAGUE
    )
    assert again["code"] == "ID_ALREADY_USED"
    # Whoever is kept out of a case of either is told of neither.
    await place.take(DeclareRecusal(made.one.case, COLLEAGUE.user, COLLEAGUE.agency, Sealed("A cousin.")))
    assert (await person(place, made.other, COLLEAGUE))["merges"] == []
    assert await place.refused(ApproveMerge(made.other.person, made.merge.merge), COLLEAGUE) == "UNKNOWN_MERGE"


async def test_one_identifier_is_not_enough(place: Place):
    one = await place.worked_on("Dan Quillbrook", date_of_birth=Sealed("1951-05-24"))
    other = await place.worked_on("Dan Quillbrook", date_of_birth=Sealed("1951-05-25"))
    asked = RequestMerge(one.person, other.person, uuid4(), Sealed(WHY))
    assert await place.refused(asked) == "ONE_IDENTIFIER_IS_NOT_ENOUGH"
    # Put right, it is; and wrong again before somebody agrees, it is not.
    await place.mutate(CorrectIdentity(other.person, Sealed("Misread"), date_of_birth=Sealed("1951-05-24")))
    await place.mutate(asked)
    await place.mutate(CorrectIdentity(other.person, Sealed("Read well"), date_of_birth=Sealed("1951-05-25")))
    approve = ApproveMerge(one.person, asked.merge)
    assert await place.refused(approve, COLLEAGUE) == "ONE_IDENTIFIER_IS_NOT_ENOUGH"


async def test_whoever_looks_for_either_finds_the_one_who_goes_on_with_the_cases_of_both(place: Place):
    made = await together(place, "Eve Quillbrook", "1951-05-26")
    # By now nothing but a link holds them together.
    wrong = frozenset({PersonDetail.DATE_OF_BIRTH})
    await place.mutate(CorrectIdentity(made.one.person, Sealed("Not known"), removed=wrong))
    here = await place.referred("Eve Quillbrook", by=REFERRER, date_of_birth=Sealed("1951-05-26"))

    async def found() -> set[str]:
        await place.settled()
        await place.mutate(LookForMatches(here.person, here.case))
        shown = (await place.ask(OPERATIONS["matches"], caseId=str(here.case)))["matches"]
        return {each["number"] for each in shown["found"]}

    numbers = [(await case(place, each))["number"] for each in (made.one, made.other)]
    assert await found() == {*numbers}
    await place.mutate(ReverseMerge(made.one.person, made.merge.merge, Sealed("Two cousins")))
    assert await found() == {numbers[1]}


async def test_a_further_referral_of_either_is_one_of_both_for_whoever_sees_them(place: Place):
    made = await together(place, "Fay Quillbrook", "1951-05-27")
    await place.take(AllocateCoordinator(made.one.case, AWAY.user, AWAY.agency))
    lately = ago(hours=1)
    again = SubmitReferral(uuid4(), made.other.person, PROGRAMME, uuid4(), "police", "phone", lately, Sealed("Again."))
    assert await place.refused(again) == "DUPLICATE_OPEN_CASE"


async def test_death_and_a_protected_address_go_for_the_person_whichever_registration_they_were_said_of(place: Place):
    made = await together(place, "Gil Quillbrook", "1951-05-28")
    await place.mutate(CorrectContact(made.other.person, Sealed("Moved"), address=Sealed("14 Quill Road")))
    assert (await person(place, made.other, HOUSING))["address"] == "14 Quill Road"
    await place.mutate(SetProtectedAddress(made.one.person, True, ProtectionReason.STALKING))
    await place.mutate(RecordDeath(made.one.person, london_day(ago()), DeathSource.FAMILY))
    for by in (COORDINATOR, AWAY, HOUSING):
        told = await person(place, made.other, by)
        assert told["death"]["source"] == "FAMILY", by
        assert told["addressProtected"], by
    assert (await person(place, made.other, HOUSING))["address"] is None
    await place.mutate(ReverseMerge(made.one.person, made.merge.merge, Sealed("Two cousins")))
    told = await person(place, made.other, HOUSING)
    assert (told["death"], told["addressProtected"], told["address"]) == (None, False, "14 Quill Road")


async def test_auditors_read_it_in_the_trail_of_either_where_they_audit_both(place: Place):
    made = await together(place, "Hal Quillbrook", "1951-05-29")
    since = london_day(ago(days=9))
    given = GiveRole(ONE_CASE.agency, ONE_CASE.user, Role.AUDITOR, since, None, PROGRAMME, cases=(made.other.case,))
    await place.enrol(Actor(ONE_CASE.user, ONE_CASE.agency, Role.REFERRER))
    await place.take(given, SYSTEM)

    async def events(by: Actor) -> tuple[set[str], str]:
        trail = await place.ask(OPERATIONS["audit_trail"], by, stream=str(made.other.person), first=50)
        nodes = [each["node"] for each in trail["auditTrail"]["edges"]]
        return {each["event"] for each in nodes} & {"MergeRequested", "PersonsMerged"}, str(trail)

    assert (await events(AUDITOR))[0] == {"MergeRequested", "PersonsMerged"}
    names, text = await events(ONE_CASE)
    assert names == set()
    assert str(made.one.person) not in text
    assert WHY not in text


async def test_colleagues_who_follow_a_case_are_told_apart_once_it_is_said_of_its_person(place: Place):
    """With equal rights in the case one of them may be kept out of the other's."""
    made = await two(place, "Ida Quillbrook", "1951-05-30")
    await place.take(DeclareRecusal(made.one.case, COLLEAGUE.user, COLLEAGUE.agency, Sealed("A cousin.")))
    source = CaseSource(place.catch)

    async def classes() -> list[Any]:
        return [await source.classify(viewer_of(by), made.other.case) for by in (COORDINATOR, COLLEAGUE)]

    one, another = await classes()
    assert one == another
    await place.mutate(made.merge)
    one, another = await classes()
    assert one != another
    with noting():
        told = [cast("CaseUpdate", (await source.present(made.other.case, each))[1]).case for each in (one, another)]
        assert [len(each.person.merges) for each in told if each and each.person] == [1, 0]
