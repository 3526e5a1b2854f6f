"""Two registrations that are one person, and are two again: as values, without a database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.access.seeing import RedactionReason, Sight, knows_as_one
from catch.domain import merging
from catch.domain.facts import Actor, Recorded, Role, Sealed
from catch.domain.given import Given
from catch.domain.merging import (
    AlreadyMerged,
    ApproveMerge,
    MergeAlreadyRequested,
    MergeAnswered,
    MergeAskedByYourself,
    MergeCommand,
    MergeEvent,
    MergeRefused,
    MergeRequested,
    MergeReversed,
    NotMerged,
    OneIdentifierIsNotEnough,
    PersonsMerged,
    RefuseMerge,
    RequestMerge,
    ReverseMerge,
    SamePerson,
    TwoNhsNumbers,
    UnknownMerge,
)
from catch.domain.person import (
    ContactCorrected,
    DeathSource,
    DeathWithdrawn,
    IdentityCorrected,
    Person,
    PersonDeceased,
    PersonEvent,
    PersonReferred,
    PersonRegistered,
    ProtectedAddressSet,
    ProtectionReason,
    evolve,
)
from catch.domain.refusals import OutOfRange, Refused
from projections.matches import Row, fold, keys
from tests.cases import recorded
from tests.given import at_once

ONE, OTHER, THIRD, FIRST, SECOND = (UUID(int=number) for number in range(1, 6))
NOW, TEXT = datetime(2026, 6, 2, 10, tzinfo=UTC), Sealed("sealed")
CORA, COLE = (Given(NOW, Actor(user, "snn", Role.COORDINATOR)) for user in ("cora", "cole"))
ASKED = MergeRequested(FIRST, ONE, OTHER, TEXT, "cora", "snn")
MERGED, REFUSED, REVERSED = PersonsMerged(FIRST, ONE, OTHER), MergeRefused(FIRST, TEXT), MergeReversed(FIRST, TEXT)
LINK = MergeRequested(SECOND, THIRD, THIRD, TEXT, "cora", "snn")
ASK, APPROVE = RequestMerge(ONE, OTHER, FIRST, TEXT), ApproveMerge(ONE, FIRST)
REFUSE, REVERSE = RefuseMerge(ONE, FIRST, TEXT), ReverseMerge(ONE, FIRST, TEXT)
MARKS = ("name and born", "name and phone")


def person(id_: UUID, *history: PersonEvent, marks: Sequence[str] = MARKS[:1], number: str | None = None) -> Person:
    registered = PersonRegistered(id_, name=TEXT, marks=tuple(marks), nhs_digest=number)
    known: Person | None = reduce(at_once(evolve, NOW), (registered, *history), None)
    assert known is not None
    return known


def decided(
    command: MergeCommand, *history: PersonEvent, by: Given = CORA, other: Person | None = None
) -> list[MergeEvent]:
    return merging.decide(person(ONE, *history).side, (other or person(OTHER, *history)).side, command, by)


@pytest.mark.parametrize(
    ("history", "command", "by", "event"),
    [
        ((), ASK, CORA, ASKED),
        ((ASKED,), APPROVE, COLE, MERGED),
        ((ASKED,), REFUSE, COLE, REFUSED),
        # What one has said oneself may be taken back.
        ((ASKED,), REFUSE, CORA, REFUSED),
        ((ASKED, MERGED), REVERSE, CORA, REVERSED),
        ((ASKED, MERGED, REVERSED), replace(ASK, merge=SECOND), CORA, replace(ASKED, merge=SECOND)),
    ],
)
def test_one_person_says_so_and_another_agrees(
    history: tuple[PersonEvent, ...], command: MergeCommand, by: Given, event: MergeEvent
):
    assert decided(command, *history, by=by) == [event]
    assert decided(command, *history, event, by=by) == []


@pytest.mark.parametrize(
    ("history", "command", "by", "refusal"),
    [
        ((ASKED,), APPROVE, CORA, MergeAskedByYourself),
        ((ASKED,), replace(ASK, merge=SECOND), COLE, MergeAlreadyRequested),
        ((ASKED, REFUSED), APPROVE, COLE, MergeAnswered),
        ((ASKED, MERGED), REFUSE, COLE, MergeAnswered),
        ((ASKED,), REVERSE, CORA, NotMerged),
        ((), APPROVE, COLE, UnknownMerge),
        ((ASKED, MERGED), replace(ASK, merge=SECOND), COLE, AlreadyMerged),
        ((ASKED,), APPROVE, replace(COLE, at=NOW - timedelta(days=1)), OutOfRange),
    ],
)
def test_what_does_not_follow_is_refused(
    history: tuple[PersonEvent, ...], command: MergeCommand, by: Given, refusal: type[Refused]
):
    with pytest.raises(refusal):
        decided(command, *history, by=by)


@pytest.mark.parametrize(
    ("other", "refusal"),
    [
        (person(OTHER, marks=()), OneIdentifierIsNotEnough),
        (person(OTHER, marks=MARKS[1:]), OneIdentifierIsNotEnough),
        (person(OTHER, number="n2"), TwoNhsNumbers),
        (person(ONE), SamePerson),
        # Somebody goes on under who would be retired, or that one under somebody else.
        (person(OTHER, replace(LINK, survivor=OTHER), PersonsMerged(SECOND, OTHER, THIRD)), AlreadyMerged),
        (person(OTHER, replace(LINK, retired=OTHER), PersonsMerged(SECOND, THIRD, OTHER)), AlreadyMerged),
    ],
)  # fmt: skip
def test_two_people_are_not_taken_for_one(other: Person, refusal: type[Refused]):
    own = person(ONE, number="n1")
    with pytest.raises(refusal):
        merging.decide(own.side, other.side, replace(ASK, retired=other.person), CORA)


def test_what_was_put_right_since_is_looked_at_again_before_somebody_agrees():
    """Two identifiers agreed when it was said, and one of them was wrong."""
    other = person(OTHER, ASKED, IdentityCorrected(TEXT, name=TEXT, marks=MARKS[1:]))
    with pytest.raises(OneIdentifierIsNotEnough):
        decided(APPROVE, ASKED, by=COLE, other=other)


def test_either_of_the_two_may_be_named_and_the_first_named_goes_on():
    said = merging.decide(person(OTHER, ASKED).side, person(ONE, ASKED).side, replace(APPROVE, person=OTHER), COLE)
    assert said == [MERGED]
    one, other = (person(each, ASKED, MERGED) for each in (ONE, OTHER))
    assert (one.survivor, one.merged_in) == (ONE, (OTHER,))
    assert (other.survivor, other.merged_in) == (ONE, ())


# Taken back, all is as if it had never been

EVENTS: st.SearchStrategy[list[PersonEvent]] = st.lists(
    st.one_of(
        st.builds(PersonReferred, st.sampled_from([THIRD, FIRST, SECOND]), st.sampled_from(["snn-catch", "spring"])),
        st.builds(ProtectedAddressSet, st.booleans(), st.sampled_from(ProtectionReason)),
        st.builds(PersonDeceased, st.just(NOW.date()), st.sampled_from(DeathSource)),
        st.builds(DeathWithdrawn, st.just(TEXT)),
        st.builds(IdentityCorrected, st.just(TEXT), name=st.just(TEXT), marks=st.sampled_from([MARKS, MARKS[1:]]),
                  nhs_digest=st.sampled_from([None, "n1", "n2"])),
        st.builds(ContactCorrected, st.just(TEXT), phone=st.just(TEXT), marks=st.sampled_from([MARKS, ()])),
    ),
    max_size=5,
)  # fmt: skip


def row(stream: UUID, history: Sequence[PersonEvent]) -> Row | None:
    """What the read model of who is alike has of them; where it stands in the log is another question."""
    facts: list[Recorded[PersonEvent]] = [recorded(event, stream=stream) for event in history]
    found: Row | None = reduce(lambda held, fact: fold(held, fact, stream) if [*keys(fact)] else held, facts, None)
    return found and replace(found, position=0)


@given(EVENTS, EVENTS, EVENTS, st.sampled_from([ONE, OTHER]))
def test_a_merge_that_was_taken_back_is_as_if_it_had_never_been(
    before: list[PersonEvent], between: list[PersonEvent], after: list[PersonEvent], whose: UUID
):
    registered = PersonRegistered(whose, name=TEXT, marks=MARKS, nhs_digest="n1")
    never = [registered, *before, *between, *after]
    merged = [registered, *before, ASKED, MERGED, *between]
    back = [*merged, REVERSED, *after]
    states = [reduce(at_once(evolve, NOW), history, None) for history in (never, back)]
    plain, restored = states
    assert plain is not None
    assert restored is not None
    assert replace(restored, merges=()) == plain
    # What is worked out of the link is worked out of none any more.
    assert (restored.survivor, restored.merged_in) == (plain.survivor, plain.merged_in)
    assert row(whose, back) == row(whose, never)
    # Control: while it holds, it is another.
    together: Person | None = reduce(at_once(evolve, NOW), merged, None)
    assert together is not None
    assert (together.survivor, together.merged_in) == ((ONE, (OTHER,)) if whose == ONE else (ONE, ()))


# Who may know


OPENLY = Sight(frozenset(), RedactionReason.ROLE, "snn", everything=True)
PART = Sight(frozenset(), RedactionReason.NO_DISCLOSURE, "snn", part=True)
KEPT_OUT = Sight(frozenset(), RedactionReason.RECUSED, "snn")


@pytest.mark.parametrize(
    ("sights", "knows"),
    [
        ((), True),
        ((OPENLY,), True),
        ((None, OPENLY), True),
        ((None,), False),
        ((PART,), False),
        ((OPENLY, KEPT_OUT), False),
    ],
)
def test_it_is_for_whoever_coordinates_a_case_and_is_kept_out_of_none(sights: tuple[Sight | None, ...], knows: bool):
    assert knows_as_one(sights) is knows
