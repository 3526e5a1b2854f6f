"""Whoever asks is given all that is kept of them: every fact is in the pack or counted as left out. What tells of
others or may harm is not in it before somebody has looked, and nothing of another person ever is.
"""

import re
import types
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from click.testing import CliRunner
from msgspec import Struct
from msgspec.structs import replace

from catch.access.subject import GIVEN, HARM, OTHERS, TEXTS_OF_HARM, TEXTS_OF_OTHERS, Withheld, pieces, withheld
from catch.cli import cli
from catch.domain.access_grant import BreakGlassReason, OpenBreakGlass
from catch.domain.calendar import london_day
from catch.domain.case.actions import ActionProgressed
from catch.domain.case.correcting import (
    ApproveEntryWithdrawal,
    CorrectEntry,
    RefuseEntryWithdrawal,
    RequestEntryWithdrawal,
)
from catch.domain.case.disclosure import AuthoriseDisclosure, EndDisclosure, EndInvolvement, InvolvePartner
from catch.domain.case.information import RequestInformation
from catch.domain.case.notes import AddNote
from catch.domain.case.proposals import ProposeForMeeting
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.referral import SubmitReferral, case_number
from catch.domain.case.risks import RecordRisk
from catch.domain.case.state import (
    Basis,
    CommonLawBasis,
    EntryField,
    KindOfEntry,
    LegalBasis,
    ProposalPurpose,
    RiskLevel,
    SpecialCategoryBasis,
    VoidReason,
    WithdrawReason,
    Worker,
)
from catch.domain.case.voiding import RequestVoiding
from catch.domain.erasing import PersonErased
from catch.domain.facts import Actor, Category, Fact, Role, Sealed, Tag
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import GuestKind, RecordGuest, RecordUpdate
from catch.domain.meeting.editing import ChangeTimebox, RemoveItem
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.session import StartMeeting
from catch.domain.merging import ApproveMerge, RequestMerge, ReverseMerge
from catch.domain.person import RegisterPerson
from catch.domain.restricted import AddRestrictedNote
from catch.domain.streams import ACCESS_GRANT, CASE, CONTACT, MEETING, PERSON, RESTRICTED
from catch.evidence.exporting import Asked, export
from catch.evidence.kept import PURPOSE
from catch.log import Append, NewEvent
from catch.log.codec import decode, encode
from catch.log.migrations import event_schemas
from catch.personal import sealed_in
from catch.subject_access.content import Decided, NoSuchPlace, Pack
from catch.subject_access.gathering import Gathered, NoSuchPerson, PersonErasedAlready, gathered
from catch.subject_access.making import Days, made
from catch.subject_access.page import html
from tests.canaries.history import history
from tests.canaries.run import Run
from tests.cases import nobody
from tests.conftest import Furnished
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, POLICE, SERIES, Place, ago

NONE = Decided()
NAMED = "query($id: UUID!) { case(id: $id) { number person { name } } }"
HISTORIES = (1, 2, 3)
SOON = london_day(ago(days=-60))


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as opened:
        yield opened


live = pytest.mark.asyncio(loop_scope="module")


async def pack_of(place: Place, id_: UUID, decided: Decided = NONE, days: Days = Days()) -> tuple[Gathered, Pack]:
    found = await gathered(place.catch, id_, *days)
    return found, await made(place.catch, found, days, decided, nobody)


async def copies(place: Place, id_: UUID, decided: Decided = NONE) -> tuple[str, str]:
    """The person's own and the one for review, as they are read."""
    _, pack = await pack_of(place, id_, decided)
    return unescape(html(pack)), unescape(html(pack, review=True))


# What stands in the tables


def paths(hint: Any, path: str = "") -> Iterator[str]:
    """Every sealed text that a type may hold."""
    if hint is Sealed:
        yield path
    elif isinstance(hint, type) and not isinstance(hint, types.GenericAlias) and issubclass(hint, Struct):
        for name, inner in get_type_hints(hint, include_extras=True).items():
            if name in hint.__struct_fields__:
                yield from paths(inner, f"{path}.{name}" if path else name)
    else:
        for inner in get_args(hint):
            if not isinstance(inner, str | int | float | Struct):
                yield from paths(inner, path)


def of_an_item(event: type[Fact]) -> bool:
    """Whether a fact of a meeting names a case or an item, itself or line by line."""
    if {"item", "case"} & {*event.__struct_fields__}:
        return True
    hints = get_type_hints(event, include_extras=True)
    parts = [part for name in event.__struct_fields__ for part in structs(hints[name])]
    return any({"item", "case"} & {*part.__struct_fields__} for part in parts)


def structs(hint: Any) -> Iterator[type[Struct]]:
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        if issubclass(hint, Struct):
            yield hint
        return
    for inner in get_args(hint):
        yield from structs(inner)


ABOUT_A_PERSON = [
    *(event for stream in (CASE, PERSON, RESTRICTED, CONTACT, ACCESS_GRANT) for event in stream.events),
    *(event for event in MEETING.events if of_an_item(event)),
]


@pytest.mark.parametrize("event", ABOUT_A_PERSON)
def test_somebody_has_thought_about_every_fact(event: type[Fact]):
    assert (event in GIVEN) + (event in OTHERS) + (event in HARM) == 1


@pytest.mark.parametrize("event", GIVEN)
def test_somebody_has_thought_about_every_text(event: type[Fact]):
    said = [*GIVEN[event], *TEXTS_OF_OTHERS.get(event, ()), *TEXTS_OF_HARM.get(event, ())]
    assert sorted(said) == sorted({*paths(event)})


def test_what_nobody_has_thought_about_is_left_out():
    class SomethingNew(Fact, frozen=True):
        text: Sealed

    event = SomethingNew(Sealed("a secret"))
    assert withheld(event) is Withheld.UNDECIDED
    assert [piece.withheld for piece in pieces(event)] == [Withheld.UNDECIDED]


def test_a_text_that_nobody_has_thought_about_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(cast("dict[type[Fact], tuple[str, ...]]", GIVEN), ActionProgressed, ())
    found = [*pieces(ActionProgressed(uuid4(), uuid4(), Sealed("progress"), 50))]
    assert [(piece.path, piece.withheld) for piece in found if piece.text] == [("note", Withheld.UNDECIDED)]


# Over histories in which every text is of one person, and known


async def everything(place: Place, seed: int) -> AsyncIterator[tuple[Run, UUID, Gathered, Pack]]:
    run = Run(place, seed, looks=0)
    await run.whole(history(seed))
    for person in run.stage.people:
        try:
            found, pack = await pack_of(place, person)
        except NoSuchPerson:
            continue
        yield run, person, found, pack


@live
@pytest.mark.parametrize("seed", HISTORIES)
async def test_nothing_of_others_and_nothing_missing(place: Place, seed: int):
    counted = 0
    async for run, _, found, pack in everything(place, seed):
        own, review = unescape(html(pack)), unescape(html(pack, review=True))
        ids = {*found.ids, *(case.case for case in found.cases)}
        # Nothing of anybody else: not even in the copy for review.
        for canary in run.stage.seen_in(review.encode()):
            owners = run.stage.owners.get(canary, [])
            assert any(
                owner.person in ids or owner.case in ids or owner.kind in ("contact", "contact-address")
                for owner in owners
            ), (canary, owners)
        # Everything of theirs: each text of each fact stands in the copy for review.
        texts = [seal for each in found.entries for seal in sealed_in(each.recorded.event) if each.part is None]
        for text in await place.catch.keyring.unseal(texts):
            assert str(text) in review
        # What is left out is not in theirs.
        for line in pack.lines:
            for value in line.values:
                if value.why is not None and value.text.startswith("cy"):
                    counted += 1
                    assert value.text not in own
        # Every line is counted once.
        assert sum(pack.counts.values()) == len(pack.lines) == len(found.entries)
        for user in (COORDINATOR, CHAIR, HOUSING):
            assert user.user not in own
    assert counted > 3


# One by one


DANGER = Basis(
    LegalBasis.VITAL_INTERESTS, CommonLawBasis.OVERRIDING_PUBLIC_INTEREST, SpecialCategoryBasis.VITAL_INTERESTS
)
COLLEAGUE = Actor("colleague@snn", "snn", Role.COORDINATOR)


@live
async def test_what_tells_of_others_or_may_harm_is_left_out_until_somebody_has_looked(place: Place):
    case = await place.worked_on("Odalys Example", "housing-1")
    await place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed("likes the garden")))
    await place.take(AddNote(case.case, uuid4(), Category.THIRD_PARTY, Sealed("the neighbour drinks")))
    await place.take(AddNote(case.case, uuid4(), Category.RISK, Sealed("may hit out")))
    await place.take(RecordRisk(case.case, uuid4(), "falls", RiskLevel.HIGH, Sealed("never alone"), SOON))
    await place.take(AddRestrictedNote(case.case, uuid4(), Tag.SAFEGUARDING, Sealed("her son takes the money")))
    await place.take(DeclareRecusal(case.case, HOUSING.user, HOUSING.agency, Sealed("it is my aunt")))
    danger = AuthoriseDisclosure(case.case, uuid4(), "police-1", frozenset(Category), DANGER, Sealed("he has a knife"))
    await place.take(danger)
    await place.take(InvolvePartner(case.case, "police-1", "support"))
    await place.take(RequestInformation(case.case, uuid4(), Sealed("ask Mrs Warden"), Sealed("the rent book"), SOON))
    worker = Worker(COORDINATOR.user, COORDINATOR.agency)
    await place.take(
        ProposeForMeeting(
            case.case, uuid4(), SERIES, ProposalPurpose.URGENT, worker, Sealed("what now"), ("police-1",),
            person_informed=False, not_informed_reason=Sealed("her son must not hear"),
        )
    )  # fmt: skip
    await place.take(EndDisclosure(case.case, danger.disclosure, Sealed("the danger is over")))
    await place.take(EndInvolvement(case.case, "police-1", Sealed("police done with him")))
    own, review = await copies(place, case.case)
    hidden = (
        "the neighbour drinks",
        "may hit out",
        "never alone",
        "her son takes the money",
        "it is my aunt",
        "he has a knife",
        "Mrs Warden",
        "her son must not hear",
        "the danger is over",
        "police done with him",
    )
    assert [text for text in hidden if text in own] == []
    assert [text for text in hidden if text not in review] == []
    for text in ("Odalys Example", "likes the garden", case.reason, case.matters, "Needed to help."):
        assert text in own
    # Not that there is any such thing, nor to whom it was told.
    for word in ("Example police-1", "Restricted", "Safeguarding", "Risk recorded", "Recusal", "Vital interests"):
        assert word not in own
    assert "left out: it is, or may be, about somebody else" in own


@live
async def test_what_was_opened_in_an_emergency_is_among_it_for_whoever_decides(place: Place):
    case, other = await place.worked_on("Nadir Example"), await place.worked_on("Noor Example")
    for each, why in ((case, "the neighbours heard him shout"), (other, "the lead is away and it cannot wait")):
        number = case_number(each.case)
        opened = OpenBreakGlass(POLICE.agency, uuid4(), number, BreakGlassReason.RISK_TO_LIFE, Sealed(why))
        await place.mutate(opened, POLICE)
    await place.settled()
    own, review = await copies(place, case.case)
    assert "the neighbours heard him shout" in review
    assert "the lead is away" not in review
    assert "shout" not in own
    assert "Break glass" not in own


@live
async def test_somebody_decides_line_by_line(place: Place):
    case = await place.worked_on("Perpetua Example")
    await place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed("met her sister Ottilie")))
    await place.take(RecordRisk(case.case, uuid4(), "falls", RiskLevel.LOW, Sealed("a rail was put in"), SOON))
    _, pack = await pack_of(place, case.case)
    places = {value.text: value.place for line in pack.lines for value in line.values}
    risk, note = places["a rail was put in"], places["met her sister Ottilie"]
    own, _ = await copies(place, case.case, Decided(frozenset({risk}), frozenset({note})))
    assert "a rail was put in" in own
    assert "Ottilie" not in own
    line = risk.partition(".")[0]
    own, _ = await copies(place, case.case, Decided(frozenset({line}), frozenset({risk})))
    assert "Risk recorded" in own
    assert "a rail was put in" not in own
    with pytest.raises(NoSuchPlace):
        await copies(place, case.case, Decided(withheld=frozenset({f"{note}s"})))


@live
async def test_what_was_about_another_person_is_not_theirs(place: Place):
    case, note, other = await place.worked_on("Quill Example"), uuid4(), uuid4()
    await place.enrol(COLLEAGUE)
    await place.take(AddNote(case.case, note, Category.PLAN, Sealed("has three parrots")))
    await place.take(AddNote(case.case, other, Category.PLAN, Sealed("has one cat")))
    put_right = (EntryField.TEXT, Sealed("has two cats"), Sealed("one more"))
    await place.take(CorrectEntry(case.case, uuid4(), KindOfEntry.NOTE, other, *put_right))
    withdrawal = uuid4()
    why = WithdrawReason.WRONG_PERSON
    await place.take(
        RequestEntryWithdrawal(case.case, withdrawal, KindOfEntry.NOTE, note, why, Sealed("of Mr Sandoval next door"))
    )
    await place.take(ApproveEntryWithdrawal(case.case, withdrawal), COLLEAGUE)
    own, review = await copies(place, case.case)
    for text in ("has three parrots", "Mr Sandoval"):
        assert text not in own
        assert text in review
    for text in ("has one cat", "has two cats"):
        assert text in own


@live
async def test_as_soon_as_somebody_says_that_it_is_another_persons_it_is_not_theirs(place: Place):
    """Corrections of it neither, and not while nobody has answered; once that was refused it is."""
    case, note, withdrawal = await place.worked_on("Queenie Example"), uuid4(), uuid4()
    await place.enrol(COLLEAGUE)
    await place.take(AddNote(case.case, note, Category.PLAN, Sealed("has three parrots")))
    put_right = (EntryField.TEXT, Sealed("Mr Sandoval has parrots"), Sealed("of Mr Sandoval"))
    await place.take(CorrectEntry(case.case, uuid4(), KindOfEntry.NOTE, note, *put_right))
    why = (WithdrawReason.WRONG_PERSON, Sealed("of somebody else"))
    await place.take(RequestEntryWithdrawal(case.case, withdrawal, KindOfEntry.NOTE, note, *why))
    own, review = await copies(place, case.case)
    for text in ("has three parrots", "Mr Sandoval has parrots", "of Mr Sandoval"):
        assert text not in own
        assert text in review
    await place.take(RefuseEntryWithdrawal(case.case, withdrawal, Sealed("It is theirs")), COLLEAGUE)
    own, _ = await copies(place, case.case)
    assert "Mr Sandoval has parrots" in own


@live
async def test_a_case_of_another_person_is_not_theirs_wherever_it_is_spoken_of(place: Place):
    case, own_case = await place.worked_on("Rufus Example"), uuid4()
    elsewhere = SubmitReferral(own_case, case.person, "bexley-icm", uuid4(), "gp", "phone", ago(hours=2), Sealed("own"))
    await place.enrol(COORDINATOR, "bexley-icm")
    await place.take(elsewhere)
    meeting = await place.published(starts_at=ago(days=-2))
    item = next(each.item for each in meeting.items if each.case == case.case)
    await place.take(ChangeTimebox(meeting.meeting, item, 12, Sealed("her husband drinks")), CHAIR)
    await place.take(RequestVoiding(case.case, uuid4(), VoidReason.WRONG_PERSON, Sealed("of the neighbour")))
    await place.settled()
    found, pack = await pack_of(place, case.person)
    own, review = unescape(html(pack)), unescape(html(pack, review=True))
    assert [each.case for each in found.cases] == [own_case]
    for text in ("her husband drinks", case.reason, case.matters):
        assert text not in own
        assert text in review
    assert case_number(case.case) not in own
    assert "own" in own


@live
async def test_what_an_agenda_said_that_was_drafted_anew_is_among_it(place: Place):
    case = await place.worked_on("Sybil Example")
    meeting = (await place.published(starts_at=ago(days=-3))).meeting
    item = next(each.item for each in (await place.meeting(meeting)).items if each.case == case.case)
    await place.take(ChangeTimebox(meeting, item, 12, Sealed("shouts, and takes long")), CHAIR)
    await place.take(RemoveItem(meeting, item, Sealed("not today")), CHAIR)
    await place.settled()
    own, _ = await copies(place, case.case)
    assert "shouts, and takes long" in own


@live
async def test_what_is_left_out_is_not_told_by_who_looked(place: Place):
    case = await place.worked_on("Tamar Example", "housing-1")
    await place.take(RecordRisk(case.case, uuid4(), "falls", RiskLevel.HIGH, Sealed("never alone"), SOON))
    await place.ask(
        "query($id: UUID!) { case(id: $id) { risks { kind } person { name } notes { text } } }", id=str(case.case)
    )
    number = case_number(case.case)
    reason = BreakGlassReason.RISK_TO_LIFE
    await place.mutate(OpenBreakGlass(POLICE.agency, uuid4(), number, reason, Sealed("the neighbours called")), POLICE)
    await place.settled()
    await place.ask("query($id: UUID!) { case(id: $id) { person { name } } }", POLICE, id=str(case.case))
    _, pack = await pack_of(place, case.case)
    assert {each.agency for each in pack.looked} == {"Example snn"}
    assert "Risk" not in str(pack.looked)


@live
async def test_with_whom_it_was_shared_is_told_without_what_is_restricted(place: Place):
    case = await place.worked_on("Una Example")
    await place.share(case.case, "housing-1", frozenset(Category))
    _, pack = await pack_of(place, case.case)
    (told,) = pack.told
    assert told.agency == "Example housing-1"
    assert "Plan" in told.categories
    assert "Restricted" not in html(pack)


@live
async def test_a_value_that_is_given_opens_no_other_and_one_that_is_left_out_none(place: Place):
    case = await place.worked_on("Ulla Example")
    danger = AuthoriseDisclosure(case.case, uuid4(), "police-1", frozenset(Category), DANGER, Sealed("he has a knife"))
    await place.take(danger)
    await place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed("she must not read this")))
    _, pack = await pack_of(place, case.case)
    places = {value.text: value.place for line in pack.lines for value in line.values}
    referrer = next(v.place for line in pack.lines for v in line.values if v.place.endswith("referral.referrer_agency"))
    decided = Decided(frozenset({places["he has a knife"]}), frozenset({referrer, places["she must not read this"]}))
    _, pack = await pack_of(place, case.case, decided)
    own = unescape(html(pack))
    assert "he has a knife" in own
    assert pack.told == ()
    assert pack.sources == ()
    # Not even that there is something that somebody leaves out.
    assert "she must not read this" not in own
    note = next(line for line in pack.lines if line.title == "Note added")
    assert note.part_left_out == ()


@live
async def test_of_a_meeting_their_own_item_alone(place: Place):
    one, two = await place.worked_on("Rosalba Example"), await place.worked_on("Simeon Example")
    meeting = await place.published()
    items = {item.case: item.item for item in meeting.items}
    await place.take(JoinMeeting(meeting.meeting, CHAIR.user, CHAIR.agency), CHAIR)
    await place.take(JoinMeeting(meeting.meeting, COORDINATOR.user, COORDINATOR.agency))
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    for somebody in (CHAIR, COORDINATOR):
        await place.take(AcceptConfidentiality(meeting.meeting, somebody.user), somebody)
    item = items[one.case]
    await place.take(OpenItem(meeting.meeting, item), CHAIR)
    await place.take(RecordUpdate(meeting.meeting, item, Sealed("was told of the fund")), CHAIR)
    await place.take(RecordGuest(meeting.meeting, item, uuid4(), GuestKind.ADVOCATE, Sealed("Ms Advo")), CHAIR)
    await place.settled()
    own, review = await copies(place, one.person)
    assert "was told of the fund" in own
    assert "Agenda drafted" in own
    assert "Ms Advo" not in own
    assert "Ms Advo" in review
    for text in ("Simeon", two.reason):
        assert text not in review
    found, _ = await pack_of(place, one.person)
    drafted = [each for each in found.entries if each.recorded.topic == "AgendaDrafted"]
    assert drafted
    assert all(each.part is not None for each in drafted)


@live
async def test_who_was_taken_for_one_with_them_is_them(place: Place):
    await place.enrol(COLLEAGUE)
    known: dict[str, Any] = {"date_of_birth": Sealed("1950-02-03"), "phone": Sealed("01632 960111")}
    one, other = [await place.worked_on(f"Thisbe Example{n}", **known) for n in ("", "s")]
    merge = RequestMerge(one.person, other.person, uuid4(), Sealed("the same door, says Ulric"))
    await place.take(merge)
    before, _ = await copies(place, one.person)
    assert other.reason not in before
    await place.take(ApproveMerge(one.person, merge.merge), COLLEAGUE)
    for id_ in (one.person, other.person, other.case):
        own, _ = await copies(place, id_)
        assert one.reason in own
        assert other.reason in own
        assert "Ulric" not in own


@live
async def test_on_the_days_that_are_asked_for(place: Place):
    case = await place.worked_on("Umbra Example", at=ago(days=40))
    await place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed("said of then")), at=ago(days=30))
    long_ago = london_day(ago(days=60))
    today = london_day(ago(days=0))
    # It was written today, whenever it happened: whoever asks for today is given it, too.
    for days in (Days(long_ago, long_ago), Days(today + timedelta(days=1), None)):
        assert (await pack_of(place, case.case, days=days))[1].lines == ()
    for days in (Days(today, today), Days(london_day(ago(days=31)), london_day(ago(days=29)))):
        _, pack = await pack_of(place, case.case, days=days)
        assert "said of then" in html(pack)


@live
async def test_who_looked_is_told_by_agency_and_day(place: Place):
    case = await place.worked_on("Verity Example", "housing-1")
    query = "query($id: UUID!) { case(id: $id) { number person { name } } }"
    await place.ask(query, HOUSING, id=str(case.case))
    await place.ask(query, AUDITOR, id=str(case.case))
    _, pack = await pack_of(place, case.case)
    today = london_day(ago(days=0))
    assert {(each.day, each.agency) for each in pack.looked} == {(today, "Example housing-1"), (today, "Example audit")}
    (theirs,) = [each for each in pack.looked if each.agency == "Example housing-1"]
    assert "Identity" in theirs.categories
    own = html(pack)
    assert HOUSING.user not in own


@live
async def test_whoever_looked_at_a_case_of_another_is_none_of_theirs(place: Place):
    """While it stood under their name by mistake."""
    case, own_case = await place.worked_on("Vesper Example", "housing-1"), uuid4()
    await place.enrol(COORDINATOR, "bexley-icm")
    await place.take(
        SubmitReferral(own_case, case.person, "bexley-icm", uuid4(), "gp", "phone", ago(hours=2), Sealed("own"))
    )
    await place.settled()
    await place.ask(NAMED, HOUSING, id=str(case.case))
    await place.ask(NAMED, COORDINATOR, id=str(own_case))
    both = {"Example housing-1", "Example snn"}
    assert {each.agency for each in (await pack_of(place, case.person))[1].looked} == both
    await place.take(RequestVoiding(case.case, uuid4(), VoidReason.WRONG_PERSON, Sealed("of the neighbour")))
    assert {each.agency for each in (await pack_of(place, case.person))[1].looked} == {"Example snn"}


@live
async def test_each_is_told_their_own_lookers_once_two_are_two_again(place: Place):
    await place.enrol(COLLEAGUE)
    known: dict[str, Any] = {"date_of_birth": Sealed("1950-02-04"), "phone": Sealed("01632 960112")}
    one = await place.worked_on("Wystan Example", "housing-1", **known)
    other = await place.worked_on("Wystan Example", "police-1", **known)
    merge = RequestMerge(one.person, other.person, uuid4(), Sealed("the same door"))
    await place.take(merge)
    await place.take(ApproveMerge(one.person, merge.merge), COLLEAGUE)
    await place.settled()
    await place.ask(NAMED, HOUSING, id=str(one.case))
    await place.ask(NAMED, POLICE, id=str(other.case))
    both = {"Example housing-1", "Example police-1"}
    assert {each.agency for each in (await pack_of(place, one.person))[1].looked} >= both
    await place.take(ReverseMerge(one.person, merge.merge, Sealed("two cousins")))
    for person, theirs in ((one.person, "Example housing-1"), (other.person, "Example police-1")):
        assert {each.agency for each in (await pack_of(place, person))[1].looked} & both == {theirs}


@live
async def test_of_two_registrations_one_of_which_was_erased_the_rest_is_given(place: Place):
    await place.enrol(COLLEAGUE)
    known: dict[str, Any] = {"date_of_birth": Sealed("1950-02-05"), "phone": Sealed("01632 960113")}
    one, other = [await place.worked_on(f"{name} Example", **known) for name in ("Xerxes", "Yago")]
    merge = RequestMerge(one.person, other.person, uuid4(), Sealed("the same door"))
    await place.take(merge)
    await place.take(ApproveMerge(one.person, merge.merge), COLLEAGUE)
    await erased(place, other.person)
    for id_ in (one.person, other.person, other.case):
        own, _ = await copies(place, id_)
        assert one.reason in own
        assert other.reason not in own
        assert "this cannot be read any more" in own
        assert "Some of it was kept under another registration, which was erased" in own
    await erased(place, one.person)
    with pytest.raises(PersonErasedAlready):
        await copies(place, one.person)


async def erased(place: Place, person: UUID) -> None:
    """As a log may say it, whatever is asked for now."""
    log = place.catch.log
    last = (await log.stream(person))[-1]
    said = replace(decode(last).envelope, event=PersonErased(uuid4()))
    event = NewEvent(person, last.version + 1, "PersonErased", encode(said))
    await log.append(Append(uuid4(), person, (event,)))
    await place.catch.keyring.erase(person)
    await place.settled()


@live
async def test_nobody_is_given_hashes_ids_or_users(place: Place):
    case = await place.worked_on("Wilfrid Example", nhs_number=Sealed("9434765919"))
    found, pack = await pack_of(place, case.case)
    for text in (html(pack), html(pack, review=True)):
        assert found.person.registered.nhs_digest is not None
        assert found.person.registered.nhs_digest not in text
        assert str(case.case) not in text
        assert COORDINATOR.user not in text
        assert "9434765919" in text
        assert found.cases[0].number in text
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-", html(pack)) == []


@live
async def test_that_it_is_whole_can_be_proved(place: Place, tmp_path: Path):
    case = await place.worked_on("Xanthe Example")
    await place.take(AddRestrictedNote(case.case, uuid4(), Tag.SAFEGUARDING, Sealed("beside")))
    found, pack = await pack_of(place, case.case)
    catch = place.catch
    await catch.signing.reached(await catch.log.head(), 60)
    path = tmp_path / "theirs.catch"
    proved = await export(
        catch.log, catch.keyring.secret(PURPOSE), path, Asked(found.streams), schemas=event_schemas(), shown=nobody
    )
    assert proved.facts == len(pack.lines)
    assert b"beside" not in path.read_bytes()


@live
async def test_of_nobody_and_of_the_erased_there_is_none(place: Place):
    with pytest.raises(NoSuchPerson):
        await gathered(place.catch, uuid4())
    partner = next(iter(await place.catch.log.page(0, 50)))
    with pytest.raises(NoSuchPerson):
        await gathered(place.catch, partner.stream)
    only = uuid4()
    await place.take(RegisterPerson(only, name=Sealed("Yestin Example")))
    own, _ = await copies(place, only)
    assert "Yestin Example" in own
    assert "No referral is among it." in own


def test_the_command_says_what_is_missing(tmp_path: Path):
    run = CliRunner()
    there = tmp_path / "there.html"
    there.touch()
    for arguments, said in (
        ([], "say where to"),
        (["-o", str(there)], "already: name a new one"),
        (["-o", str(tmp_path / "no" / "x.html")], "there is no such folder"),
        (["-o", str(tmp_path / "x"), "--review", str(tmp_path / "x")], "a file of its own"),
        (["-o", str(tmp_path / "x"), "--from", "2026-02-02", "--to", "2026-02-01"], "--from is after --to"),
    ):
        done = run.invoke(cli, ["audit", "subject-access", "7K3M-Q2XD", *arguments])
        assert done.exit_code == 2
        assert said in " ".join(done.output.split())
