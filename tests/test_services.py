"""Programs that act for an agency: each asks what it was allowed and no more; and members bound to an issuer's word."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from catch.access import doing, seeing
from catch.access.standing import Who
from catch.domain.calendar import london_day
from catch.domain.case.actions import ActionAnswer, OfferAction, RespondToAction
from catch.domain.case.notes import AddNote
from catch.domain.case.recusal import DeclareRecusal, ResolveRecusal
from catch.domain.case.state import Case
from catch.domain.facts import Actor, Category, Command, Role, Sealed, Tag
from catch.domain.meeting.attendance import DeclareInterest, JoinMeeting, SendApology
from catch.domain.meeting.instant import Participant, RecordInstantDiscussion
from catch.domain.partner import AllowService, BindSubject, EnrolMember, EnrolService, GiveRole, GiveTag, ServiceAccount
from catch.domain.streams import COMMANDS, COMMANDS_BY_KEY, MEETING
from catch.identity.tokens import ISSUER
from catch.web import serving
from tests.conftest import Database
from tests.place import ADMINISTRATOR, CHAIR, COORDINATOR, HOUSING, POLICE, PROGRAMME, SERIES, Place, ago, placed

LOOKS_AFTER = Actor("members@housing-1", "housing-1", Role.MEMBER_ADMINISTRATOR)
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
OFFICER = Actor("officer@snn", "snn", Role.APPOINTING_OFFICER)
PROGRAM = Actor("sync@housing-1", "housing-1", Role.PARTNER)
COLLEAGUE = Actor("colleague@housing-1", "housing-1", Role.PARTNER)
TODAY = london_day(ago(days=1))
CASE = "query($c: UUID!) { case(id: $c) { id number } }"
INBOX = "{ agencyInbox { edges { node { kind } } } }"
FOLLOW = """subscription($c: UUID!) { caseUpdates(caseId: $c) {
    ... on CaseUpdate { event } ... on AccessEnded { reason } } }"""
MEMBERS = """{ members(agency: "housing-1") { edges { node { user service { commands documents } issuers } } } }"""


def names(*documents: str) -> tuple[str, ...]:
    return tuple(sha256(each.encode()).hexdigest() for each in documents)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        for somebody in (LOOKS_AFTER, CALDICOTT, OFFICER, COLLEAGUE):
            await opened.enrol(somebody)
        yield opened


async def program(place: Place, commands: tuple[str, ...] = (), *documents: str) -> None:
    """A program of housing's, as its member administrator sets it up."""
    service = EnrolService("housing-1", PROGRAM.user, Sealed("Case system"), commands, names(*documents))
    await place.take(service, LOOKS_AFTER)
    await place.take(GiveRole("housing-1", PROGRAM.user, Role.PARTNER, TODAY, None, PROGRAMME), LOOKS_AFTER)
    await place.settled()


async def turned_away(place: Place, by: Actor, query: str, **variables: Any) -> str:
    reply = await place.post({"query": query, "variables": variables}, by)
    assert reply.status_code == 403, reply.text
    return reply.json()["errors"][0]["extensions"]["code"]


async def test_a_program_sends_the_documents_that_it_was_allowed_and_no_other(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    await program(place, (), CASE)
    assert (await place.ask(CASE, PROGRAM, c=str(case.case)))["case"]["id"] == str(case.case)
    for other in (INBOX, CASE.replace("number", "state"), CASE + " "):
        assert await turned_away(place, PROGRAM, other, c=str(case.case)) == "DOCUMENT_NOT_ALLOWED"
    async with place.live(PROGRAM) as client:
        await client.subscribe("c", FOLLOW, c=str(case.case))
        assert (await client.receive())["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_ALLOWED"
        await client.subscribe("i", INBOX)
        assert (await client.receive())["payload"][0]["extensions"]["code"] == "DOCUMENT_NOT_ALLOWED"


async def test_a_program_asks_for_the_commands_that_it_was_allowed_and_no_other(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    action, due = uuid4(), TODAY + timedelta(days=30)
    await place.take(OfferAction(case.case, action, Sealed("Mend the stairs"), "housing-1", due))
    await program(place, ("respond-to-action",))
    note = AddNote(case.case, uuid4(), Category.PLAN, Sealed("Seen today."))
    with pytest.raises(doing.NotAllowed):
        await place.take(note, PROGRAM)
    await place.take(RespondToAction(case.case, action, ActionAnswer.ACCEPT), PROGRAM)
    await place.take(AllowService("housing-1", PROGRAM.user, ("add-note",)), LOOKS_AFTER)
    await place.take(note, PROGRAM)
    await place.take(replace(note, note=uuid4()), HOUSING)


async def test_what_a_program_may_do_is_told_to_it_as_it_is(place: Place):
    viewer = "{ viewer { may } }"
    await program(place, ("add-note", "publish-agenda"), viewer)
    # To be allowed a command that its role may not ask for gives nothing.
    assert (await place.ask(viewer, PROGRAM))["viewer"]["may"] == ["addNote"]


async def test_a_program_that_was_allowed_nothing_does_nothing(place: Place):
    await program(place)
    assert await turned_away(place, PROGRAM, "{ viewer { user } }") == "DOCUMENT_NOT_ALLOWED"


async def test_what_a_program_follows_ends_when_what_it_may_ask_changes(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    await program(place, (), FOLLOW)
    async with place.live(PROGRAM) as client, place.live(HOUSING) as colleague:
        await client.subscribe("c", FOLLOW, c=str(case.case))
        await colleague.subscribe("c", FOLLOW, c=str(case.case))
        assert (await client.next("c"))["event"] == (await colleague.next("c"))["event"] == "Present"
        await place.take(AllowService("housing-1", PROGRAM.user), LOOKS_AFTER)
        code, why = await client.closed()
        assert (code, why.split(":")[0]) == (4403, "ALLOWED_ANEW")
        await colleague.silent()


async def test_a_program_gets_no_case_on_which_a_member_of_its_agency_is_recused(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1", "police-1")
    await program(place, (), CASE, INBOX)
    await place.take(OfferAction(case.case, uuid4(), Sealed("Mend"), "housing-1", TODAY + timedelta(days=9)))
    meeting = await place.published("snn", "housing-1", "police-1")
    item = next(each.item for each in meeting.items if each.case == case.case)
    await place.take(DeclareInterest(meeting.meeting, item, POLICE.user, POLICE.agency), POLICE)
    await place.settled()
    assert (await place.ask(CASE, PROGRAM, c=str(case.case)))["case"] is not None
    await place.take(DeclareInterest(meeting.meeting, item, HOUSING.user, HOUSING.agency), HOUSING)
    await place.settled()
    assert (await place.ask(CASE, PROGRAM, c=str(case.case)))["case"] is None
    kinds = [edge["node"]["kind"] for edge in (await place.ask(INBOX, PROGRAM))["agencyInbox"]["edges"]]
    assert kinds == ["INVITATION"]
    assert (await place.ask(CASE, COLLEAGUE, c=str(case.case)))["case"] is not None


async def test_a_recusal_names_somebody_of_the_agency_it_names_and_keeps_the_agencys_program_out(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1", "police-1")
    await program(place, ("resolve-recusal", "join-meeting"), CASE)
    meeting = await place.published("snn", "housing-1", "police-1")
    item = next(each.item for each in meeting.items if each.case == case.case)
    interest = DeclareInterest(meeting.meeting, item, HOUSING.user, "police-1", note=Sealed("Her niece."))
    recusal = DeclareRecusal(case.case, HOUSING.user, "police-1", Sealed("Her niece."))
    for command, by in ((interest, CHAIR), (recusal, COORDINATOR)):
        # It would keep nobody out, and nobody would notice.
        for wrong in (
            command,
            replace(command, user="nobody-1"),
            replace(command, agency="housing-1", user=PROGRAM.user),
        ):
            assert await place.refused(wrong, by) == "MEMBER_NOT_ENROLLED"
    assert (await place.ask(CASE, PROGRAM, c=str(case.case)))["case"] is not None
    await place.take(replace(interest, agency="housing-1"), CHAIR)
    await place.settled()
    assert (await place.ask(CASE, PROGRAM, c=str(case.case)))["case"] is None
    for command in (
        ResolveRecusal(case.case, HOUSING.user, Sealed("It is fine.")),
        JoinMeeting(meeting.meeting, PROGRAM.user, "housing-1"),
    ):
        with pytest.raises(doing.NotAllowed):
            await place.take(command, PROGRAM)


async def test_nobody_writes_a_program_where_a_person_is_meant(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1", "police-1")
    await program(place)
    meeting = await place.published("snn", "housing-1", "police-1")
    both = (Participant(PROGRAM.user, "housing-1"), Participant(COORDINATOR.user, "snn"))
    discussed = RecordInstantDiscussion(
        uuid4(), PROGRAMME, SERIES, uuid4(), case.case, ago(hours=2), ago(hours=1), both, update=Sealed("Spoke.")
    )
    for command, by in (
        (JoinMeeting(meeting.meeting, PROGRAM.user, "housing-1"), CHAIR),
        (SendApology(meeting.meeting, PROGRAM.user, "housing-1"), CHAIR),
        (EnrolMember("housing-1", PROGRAM.user, Sealed("Somebody")), LOOKS_AFTER),
        (discussed, COORDINATOR),
    ):
        assert await place.refused(command, by) == "NOT_A_PERSON"
    # A guest who is not enrolled comes in as before.
    await place.take(JoinMeeting(meeting.meeting, "guest-1", "housing-1"), CHAIR)


async def test_a_program_learns_of_a_colleagues_recusal_only_on_an_item_that_it_would_see(place: Place):
    case = await place.worked_on("Ada Quillbrook", "police-1")
    await program(place)
    meeting = await place.published("snn", "housing-1", "police-1")
    item = next(each for each in meeting.items if each.case == case.case)
    interest = DeclareInterest(meeting.meeting, item.item, HOUSING.user, "housing-1", note=Sealed("Her niece."))
    await place.take(interest, CHAIR)
    kept = (await place.catch.present.states.get(MEETING, meeting.meeting)).state
    person = Who(HOUSING.user, "housing-1", frozenset({(Role.PARTNER, PROGRAMME)}))
    nothing, behind = ServiceAccount(frozenset(), frozenset()), frozenset({HOUSING.user})
    service = replace(person, user=PROGRAM.user, service=nothing, colleagues=behind)
    for who, reason in ((person, seeing.RedactionReason.RECUSED), (service, seeing.RedactionReason.NOT_INVOLVED)):
        assert seeing.item_hidden(who, kept, item, meeting.starts_at) is reason


async def test_a_program_is_given_nothing_that_only_people_hold(place: Place):
    await program(place)
    given = [
        (GiveRole("housing-1", PROGRAM.user, Role.MEMBER_ADMINISTRATOR, TODAY), LOOKS_AFTER),
        (GiveRole("housing-1", PROGRAM.user, Role.CHAIR, TODAY, None, PROGRAMME, SERIES), OFFICER),
        (GiveRole("housing-1", PROGRAM.user, Role.AUDITOR, TODAY, None, PROGRAMME), CALDICOTT),
        (GiveRole("housing-1", PROGRAM.user, Role.ADMINISTRATOR, TODAY), ADMINISTRATOR),
        (GiveTag("housing-1", PROGRAM.user, Tag.WARNING, PROGRAMME, TODAY), CALDICOTT),
    ]
    for command, by in given:
        assert await place.refused(command, by) == "NOT_FOR_SERVICES", command


async def test_no_program_is_named_where_a_person_is_meant(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    await program(place)
    offer = OfferAction(case.case, uuid4(), Sealed("Mend"), "housing-1", TODAY + timedelta(days=9), PROGRAM.user)
    assert await place.refused(offer, COORDINATOR) == "MEMBER_NOT_ENROLLED"


async def test_only_its_agencys_member_administrator_sets_a_program_up(place: Place):
    service = EnrolService("housing-1", PROGRAM.user, Sealed("Case system"))
    for by in (ADMINISTRATOR, OFFICER, CALDICOTT, HOUSING):
        assert await place.refused(service, by) == "NOT_ALLOWED"
    elsewhere = replace(service, partner="police-1")
    assert await place.refused(elsewhere, LOOKS_AFTER) == "NOT_YOUR_AGENCY"


async def test_what_is_named_must_be_there(place: Place):
    service = EnrolService("housing-1", PROGRAM.user, Sealed("Case system"))
    assert await place.refused(replace(service, commands=("do-all",)), LOOKS_AFTER) == "UNKNOWN_COMMAND"
    assert await place.refused(replace(service, documents=("viewer",)), LOOKS_AFTER) == "DOCUMENT_MALFORMED"
    assert await place.refused(AllowService("housing-1", COLLEAGUE.user), LOOKS_AFTER) == "NOT_A_SERVICE"
    assert await place.refused(replace(service, user=COLLEAGUE.user), LOOKS_AFTER) == "NOT_A_SERVICE"
    assert len(COMMANDS_BY_KEY) == len(COMMANDS)
    assert COMMANDS_BY_KEY["set-protected-address"].__name__ == "SetProtectedAddress"


async def test_who_is_bound_acts_by_the_word_of_that_issuer_alone(place: Place):
    case = await place.worked_on("Ada Quillbrook", "housing-1")

    def bound(issuer: str, subject: str) -> BindSubject:
        return BindSubject("housing-1", HOUSING.user, issuer, Sealed(subject))

    await place.take(bound(ISSUER, HOUSING.user), LOOKS_AFTER)
    await place.settled()
    assert (await place.ask(CASE, HOUSING, c=str(case.case)))["case"] is not None
    async with place.live(HOUSING) as client:
        await client.subscribe("c", FOLLOW, c=str(case.case))
        assert (await client.next("c"))["event"] == "Present"
        await place.take(bound("nhs-login", HOUSING.user), LOOKS_AFTER)
        assert "may no longer" in str(await client.receive())
    assert await turned_away(place, HOUSING, CASE, c=str(case.case)) == "NOT_ENROLLED"
    await place.take(bound(ISSUER, "somebody-else"), LOOKS_AFTER)
    await place.settled()
    assert await turned_away(place, HOUSING, CASE, c=str(case.case)) == "NOT_ENROLLED"
    assert await place.refused(replace(bound(ISSUER, HOUSING.user), user=COLLEAGUE.user), LOOKS_AFTER) is None
    assert await place.refused(bound(ISSUER, HOUSING.user), LOOKS_AFTER) == "SUBJECT_TAKEN"


async def test_nobody_is_shown_what_an_issuer_calls_them(place: Place):
    await program(place, ("add-note",), CASE)
    await place.take(BindSubject("housing-1", PROGRAM.user, "nhs-login", Sealed("f3a9-subject")), LOOKS_AFTER)
    await place.settled()
    rows = {edge["node"]["user"]: edge["node"] for edge in (await place.ask(MEMBERS, LOOKS_AFTER))["members"]["edges"]}
    allowed: dict[str, Any] = {"commands": ["add-note"], "documents": list(names(CASE))}
    assert rows[PROGRAM.user] == {"user": PROGRAM.user, "service": allowed, "issuers": ["nhs-login"]}
    assert rows[HOUSING.user] == {"user": HOUSING.user, "service": None, "issuers": []}
    rows = await place.catch.log.pool.fetch("select state::text from stored_events")
    assert not any("f3a9" in str(row) for row in rows)


def anything(*_: object) -> bool:
    return True


def any_command(_: Who, kind: type[Command]) -> doing.Rule:
    return doing.rule_of(kind)


def themselves_alone(who: Who, case: Case, _: object) -> bool:
    return case.recused(who.user)


HOLES: dict[str, tuple[object, str, object, Callable[[Place], Awaitable[None]]]] = {
    "the list of documents": (
        *(Who, "may_send", anything),
        test_a_program_sends_the_documents_that_it_was_allowed_and_no_other,
    ),
    "the list of commands": (
        *(doing, "rule_for", any_command),
        test_a_program_asks_for_the_commands_that_it_was_allowed_and_no_other,
    ),
    "a colleague's recusal": (
        *(seeing, "recused", themselves_alone),
        test_a_program_gets_no_case_on_which_a_member_of_its_agency_is_recused,
    ),
    "what is open over a socket": (
        *(serving, "ServiceAllowed", BindSubject),
        test_what_a_program_follows_ends_when_what_it_may_ask_changes,
    ),
}


@pytest.mark.parametrize("hole", HOLES)
async def test_control_each_hole_put_back_is_caught(place: Place, monkeypatch: pytest.MonkeyPatch, hole: str):
    where, name, was, caught = HOLES[hole]
    monkeypatch.setattr(where, name, was)
    with pytest.raises((AssertionError, pytest.fail.Exception, TimeoutError)):
        await caught(place)
