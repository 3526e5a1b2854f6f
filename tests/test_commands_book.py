"""The book of a decision, values in and values out; and that every command has all that must be said of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.access import RULES, rule_of
from catch.commands.asked import content
from catch.commands.book import Book, NotRead, Partners, Question
from catch.commands.handler import Handler, alone, handles, own_stream
from catch.commands.handlers import HANDLER_OF, LISTED, each_once
from catch.commands.meetings import instantly
from catch.domain.case.agreement import RecordAgreement, WithdrawAgreement
from catch.domain.facts import Actor, Category, Command, Fact, Role, Sealed
from catch.domain.given import Given
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner, RegisterPartner, SignAgreement
from catch.domain.person import Person, PersonRegistered, ProtectionReason, SetProtectedAddress
from catch.domain.programme import ProgrammeHistory
from catch.domain.refusals import IdAlreadyUsed, UnknownPerson
from catch.domain.streams import (
    CASE,
    COMMANDS,
    MEETING,
    PARTNER,
    PERSON,
    PROGRAMME,
    Stream,
    partner_stream,
    programme_stream,
)
from catch.present.states import NOTHING, Held
from tests.cases import GIVEN, folded
from tests.cases import PROGRAMME as PLACE
from tests.test_discussion import AGREED, instant

NOW = datetime(2026, 6, 2, 10, tzinfo=UTC)
CORA = Actor("cora", "snn", Role.COORDINATOR)
HERE, THERE = UUID(int=1), UUID(int=2)


class Asked(Question[int], frozen=True):
    """How much."""

    of: str


def person(id_: UUID) -> Held:
    return Held(Person(id_, PersonRegistered(id_, name=Sealed("sealed"))), 3, 9)


def decided(book: Book, lacking: dict[UUID, tuple[Stream, Held]], command: SetProtectedAddress) -> int:
    """As whoever takes a command does it; how often it had to be decided."""
    for times in range(1, 9):
        try:
            book.begin()
            alone(command, book, Given(NOW, CORA))
        except NotRead as wanted:
            book.seen |= {id_: lacking[id_] for id_ in wanted.ids}
        else:
            return times
    raise AssertionError("it never ended")


def test_every_command_is_handled_once():
    assert len({handler.kind for handler in LISTED}) == len(LISTED)
    assert set(HANDLER_OF) == set(COMMANDS)


@pytest.mark.parametrize("handler", LISTED, ids=lambda handler: handler.kind.__name__)
def test_control_without_what_is_said_of_any_command_the_program_does_not_start(handler: Handler):
    with pytest.raises(TypeError, match=f"seals them: {handler.kind.__name__}$"):
        each_once(each for each in LISTED if each is not handler)
    with pytest.raises(TypeError, match=f"said twice: {handler.kind.__name__}$"):
        each_once([*LISTED, handles(handler.kind, subject=own_stream, decide=alone)])


def test_of_every_command_it_is_said_who_may_ask_and_of_no_other():
    assert set(RULES) == set(COMMANDS)
    assert rule_of(Command) == {}


@pytest.mark.parametrize("missing", ["subject", "decide"])
def test_what_is_not_said_of_a_command_has_no_default(missing: str):
    parts: dict[str, Any] = {"subject": own_stream, "decide": alone}
    del parts[missing]
    with pytest.raises(TypeError):
        handles(SetProtectedAddress, **parts)
    with pytest.raises(TypeError):
        Handler(kind=SetProtectedAddress, **parts)


def test_what_is_lacking_is_fetched_and_it_is_decided_again():
    book = Book()
    command = SetProtectedAddress(HERE, True, ProtectionReason.STALKING)
    assert decided(book, {HERE: (PERSON, person(HERE))}, command) == 2
    (part,) = book.written
    assert (part.stream, part.id, part.version, len(part.facts)) == (PERSON, HERE, 3, 1)


def test_what_is_at_hand_is_read_without_waiting():
    book = Book({HERE: (PERSON, person(HERE))}.get)
    assert decided(book, {}, SetProtectedAddress(HERE, True, ProtectionReason.STALKING)) == 1


def test_what_was_read_and_not_written_is_expected_to_stand():
    book = Book({HERE: (PERSON, person(HERE)), THERE: (CASE, Held(None, 7, 9))}.get)
    assert book.case(THERE) is None
    decided(book, {}, SetProtectedAddress(HERE, True, ProtectionReason.STALKING))
    assert book.expects() == ((THERE, 7),)


def test_where_nothing_is_to_do_everything_that_was_read_is_expected_to_stand():
    book = Book({HERE: (PERSON, person(HERE))}.get)
    book.person(HERE)
    book.write(PERSON, HERE, [])
    assert book.expects() == ((HERE, 3),)


def test_several_streams_that_are_lacking_are_wanted_at_once():
    with pytest.raises(NotRead) as wanted:
        Book({HERE: (CASE, NOTHING)}.get).cases([HERE, THERE, UUID(int=3)])
    assert wanted.value.ids == [THERE, UUID(int=3)]


def test_a_question_is_asked_once():
    book = Book()
    with pytest.raises(NotRead) as wanted:
        book.ask(Asked("it"))
    assert wanted.value.question == Asked("it")
    book.answers[Asked("it")] = 5
    assert book.ask(Asked("it")) == 5
    with pytest.raises(NotRead):
        book.ask(Asked("else"))


def test_an_id_of_another_kind_reads_as_nothing_and_cannot_be_begun():
    book = Book({HERE: (CASE, Held("a case", 2, 9))}.get)
    with pytest.raises(UnknownPerson):
        decided(book, {}, SetProtectedAddress(HERE, True, ProtectionReason.STALKING))
    assert book.version(PERSON, HERE) == 0
    with pytest.raises(IdAlreadyUsed):
        book.write(PERSON, HERE, [Fact()])
    assert book.expects() == ((HERE, 2),), "what it rests on is that the id is taken"


def test_the_partners_of_a_decision_are_read_as_they_are_named():
    known = Partner("housing-1", "Housing", "housing")
    book = Book(
        {partner_stream("housing-1"): (PARTNER, Held(known, 1, 1)), partner_stream("x"): (PARTNER, NOTHING)}.get
    )
    partners = Partners(book)
    assert partners["housing-1"] is known
    assert partners.get("x") is None
    with pytest.raises(NotRead):
        partners.get("not-read")
    with pytest.raises(TypeError):
        list(partners)


# The content of a command, as its id stands for it

users, agencies = st.sampled_from(["cora", "hal"]), st.sampled_from(["snn", "housing-1"])
actors = st.builds(Actor, users, agencies, st.sampled_from([Role.COORDINATOR, Role.PARTNER]))
ids = st.sampled_from([HERE, THERE])
kinds = st.one_of(st.builds(RecordAgreement, ids), st.builds(WithdrawAgreement, ids))


@given(actors, kinds, actors, kinds)
def test_only_the_same_command_of_the_same_user_for_the_same_agency_has_the_same_content(
    by: Actor, command: RecordAgreement | WithdrawAgreement, other: Actor, another: RecordAgreement | WithdrawAgreement
):
    same = (by.user, by.agency, command) == (other.user, other.agency, another)
    assert (content(command, by) == content(another, other)) is same


def test_the_order_of_a_set_is_no_part_of_the_content():
    every = list(Category)

    def signed(categories: list[Category]) -> bytes:
        return content(SignAgreement("a", "b", ("c",), frozenset(categories), NOW.date(), None, Sealed("S")), CORA)

    assert signed(every) == signed(every[::-1])


def test_text_that_cannot_be_kept_has_a_content_too():
    assert content(RegisterPartner("\ud800", "x", "y"), CORA) != content(RegisterPartner("\ud801", "x", "y"), CORA)


def test_an_instant_discussion_reads_its_meeting_once():
    reads: list[UUID] = []

    class Noted(Book):
        def meeting(self, id_: UUID) -> Meeting | None:
            reads.append(id_)
            return super().meeting(id_)

    at_hand: dict[UUID, tuple[Stream, Held]] = {
        instant.case: (CASE, Held(folded(*AGREED), 3, 9)),
        instant.meeting: (MEETING, NOTHING),
        programme_stream(instant.programme): (PROGRAMME, Held(ProgrammeHistory(PLACE.key, (PLACE,)), 1, 1)),
    }
    book = Noted(at_hand.get)
    book.begin()
    # Last of all it asks whether the agencies that were there exist, which this book does not know.
    with pytest.raises(NotRead):
        instantly(instant, book, GIVEN)
    assert reads == [instant.meeting]
    assert {part.stream for part in book.written} == {CASE, MEETING}
