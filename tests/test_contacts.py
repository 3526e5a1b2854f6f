"""A contact: what may be said of it when, and how many were resolved at first contact."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.access.relations import Asked as Looked
from catch.access.relations import linking_contacts
from catch.domain.case.referral import ChannelNotAllowed, ProgrammeNotRunning, SourceNotAllowed
from catch.domain.case.state import Described
from catch.domain.contact import (
    AboutNobody,
    Contact,
    ContactAboutAnother,
    ContactCommand,
    ContactConvertedToReferral,
    ContactEvent,
    ContactReceived,
    ContactRepeatLinked,
    ContactResolved,
    ContactSettled,
    ContactState,
    ContactTriaged,
    ConvertContact,
    LinkRepeat,
    NoContactsTaken,
    NotARepeat,
    ReceiveContact,
    ResolveContact,
    TriageContact,
    UnknownContact,
    UnknownContactOutcome,
    UnknownPriority,
    decide,
    evolve,
    repeat_fits,
)
from catch.domain.facts import Actor, Recorded, Role
from catch.domain.given import Given
from catch.domain.programme.configuration import Disposition, Programme
from catch.domain.refusals import OutOfRange, Refused, UnknownProgramme
from projections import contacts
from tests.cases import CASE, NOW, PERSON, PROGRAMME, REFERRAL, TEXT, recorded, uid
from tests.contacts import BY, CONTACT, DOOR, EARLIER, TAKES, came, contact, earlier
from tests.given import Stream, at_once
from tests.given import given as stands
from tests.relationships import at_their_door, of_another_door

ASKED = Given(NOW, Actor(BY.user, BY.agency, Role.COORDINATOR), DOOR)
RECEIVE = ReceiveContact(CONTACT, DOOR.key, "gp", "phone", TEXT)
TRIAGED, RESOLVED = ContactTriaged("today", 2, BY), ContactResolved("advice-given", Disposition.RESOLVED, True, BY)
CONVERT = ConvertContact(CONTACT, CASE, PERSON, DOOR.key, REFERRAL, "gp", "phone", TEXT)
LED = ContactConvertedToReferral(CASE, REFERRAL, PERSON, DOOR.key, BY)


def at_the_door(*history: ContactEvent) -> Stream[Contact, ContactEvent, ContactCommand]:
    return stands(decide, at_once(evolve, NOW), *history)


def under(programme: Programme | None) -> Given:
    return replace(ASKED, programme=programme)


# What is received


def test_a_contact_may_be_about_nobody_in_particular_where_the_programme_says_so():
    at_the_door().when(RECEIVE, ASKED).then(came())
    named = under(replace(DOOR, contacts=replace(TAKES, anonymous=False)))
    at_the_door().when(RECEIVE, named).refused(AboutNobody)
    # A description in which nothing is said describes nobody.
    at_the_door().when(replace(RECEIVE, described=Described()), named).refused(AboutNobody)
    at_the_door().when(replace(RECEIVE, person=PERSON), named).then(came(person=PERSON))
    said = Described(name=TEXT)
    at_the_door().when(replace(RECEIVE, described=said), named).then(came(described=said))


def test_it_comes_through_a_door_of_a_programme_that_takes_contacts():
    at_the_door().when(RECEIVE, under(PROGRAMME)).refused(NoContactsTaken)
    at_the_door().when(RECEIVE, under(None)).refused(UnknownProgramme)
    at_the_door().when(RECEIVE, under(replace(DOOR, effective_to=date(2026, 1, 1)))).refused(ProgrammeNotRunning)
    at_the_door().when(replace(RECEIVE, source="police"), ASKED).refused(SourceNotAllowed)
    at_the_door().when(replace(RECEIVE, channel="pigeon"), ASKED).refused(ChannelNotAllowed)


def test_the_hashes_that_are_given_are_kept_with_it():
    asked = replace(ASKED, marks=("one", "two"), digest="three")
    at_the_door().when(RECEIVE, asked).then(came(marks=("one", "two"), nhs_digest="three"))


# What becomes of it


def test_it_is_triaged_by_the_priorities_of_the_programme_and_may_be_again():
    triage = TriageContact(CONTACT, "today")
    at_the_door(came()).when(triage, ASKED).then(TRIAGED)
    at_the_door(came(), TRIAGED).when(triage, ASKED).then()
    at_the_door(came(), TRIAGED).when(replace(triage, priority="now"), ASKED).then(ContactTriaged("now", 1, BY))
    at_the_door(came()).when(replace(triage, priority="later"), ASKED).refused(
        UnknownPriority, known="now, today, week"
    )


@pytest.mark.parametrize(("code", "first"), [("advice-given", True), ("told-where", True), ("ambulance", False)])
def test_it_ends_by_the_outcomes_of_the_programme(code: str, first: bool):
    outcome = TAKES.outcome(code)
    assert outcome
    resolved = ContactResolved(code, outcome.means, first, BY)
    at_the_door(came()).when(ResolveContact(CONTACT, code), ASKED).then(resolved)
    at_the_door(came(), resolved).when(ResolveContact(CONTACT, code), ASKED).then()


def test_what_is_settled_is_not_settled_otherwise():
    at_the_door(came(), RESOLVED).when(ResolveContact(CONTACT, "ambulance"), ASKED).refused(ContactSettled)
    at_the_door(came(), RESOLVED).when(TriageContact(CONTACT, "now"), ASKED).refused(ContactSettled)
    at_the_door(came(), LED).when(ResolveContact(CONTACT, "ambulance"), ASKED).refused(ContactSettled)
    at_the_door(came()).when(ResolveContact(CONTACT, "gone"), ASKED).refused(UnknownContactOutcome)


def test_one_contact_leads_to_several_referrals_resolved_or_not():
    at_the_door(came()).when(CONVERT, ASKED).then(LED)
    at_the_door(came(), LED).when(CONVERT, ASKED).then()
    second = replace(CONVERT, case=uid(7), programme="bexley-icm")
    at_the_door(came(), RESOLVED, LED).when(second, ASKED).then(replace(LED, case=uid(7), programme="bexley-icm"))
    at_the_door(came(person=PERSON)).when(replace(CONVERT, person=uid(8)), ASKED).refused(ContactAboutAnother)


def test_nothing_happens_before_it_came():
    before = replace(ASKED, at=NOW - timedelta(minutes=1))
    repeat = LinkRepeat(CONTACT, EARLIER)
    for command in (TriageContact(CONTACT, "now"), ResolveContact(CONTACT, "ambulance"), CONVERT, repeat):
        at_the_door(came()).when(command, before).refused(OutOfRange)


@pytest.mark.parametrize("command", [TriageContact(CONTACT, "now"), ResolveContact(CONTACT, "x"), CONVERT])
def test_what_is_not_there_is_not_worked_on(command: ContactCommand):
    at_the_door().when(command, ASKED).refused(UnknownContact)


def test_whose_key_seals_it_stays_when_it_turns_out_who_it_is():
    assert contact.subject == PERSON
    nobodys = at_the_door(came()).after(ASKED, CONVERT).state
    assert nobodys
    assert (nobodys.subject, nobodys.people, nobodys.state) == (CONTACT, {PERSON}, ContactState.CONVERTED)


# Who comes again


def test_a_repeat_is_of_the_same_programme_later_and_within_the_days():
    repeat_fits(contact, earlier, ASKED)
    for wrong in (
        contact,
        replace(earlier, received_at=NOW + timedelta(minutes=1)),
        replace(earlier, received_at=NOW - timedelta(days=28, minutes=1)),
        replace(earlier, received=replace(earlier.received, programme="bexley-icm")),
        replace(earlier, received=replace(earlier.received, person=uid(9))),
    ):
        with pytest.raises(NotARepeat):
            repeat_fits(contact, wrong, ASKED)
    at_the_door(came()).when(LinkRepeat(CONTACT, EARLIER), ASKED).then(ContactRepeatLinked(EARLIER, BY))
    at_the_door(came(), ContactRepeatLinked(EARLIER, BY)).when(LinkRepeat(CONTACT, EARLIER), ASKED).then()


def test_nobody_links_a_contact_to_one_that_came_to_another_door():
    w = at_their_door(Role.COORDINATOR)
    linking_contacts(Looked(w.who(), LinkRepeat(CONTACT, EARLIER), w, w.at, Role.COORDINATOR))
    elsewhere = replace(w, contacts=(w.contacts[0], of_another_door(w).contacts[1]))
    with pytest.raises(UnknownContact):
        linking_contacts(Looked(w.who(), LinkRepeat(CONTACT, EARLIER), elsewhere, w.at, Role.COORDINATOR))


# Laws

commands: st.SearchStrategy[ContactCommand] = st.sampled_from(
    [
        RECEIVE,
        TriageContact(CONTACT, "now"),
        TriageContact(CONTACT, "today"),
        ResolveContact(CONTACT, "advice-given"),
        ResolveContact(CONTACT, "ambulance"),
        CONVERT,
        replace(CONVERT, case=uid(7)),
        LinkRepeat(CONTACT, EARLIER),
    ]
)
events: st.SearchStrategy[ContactEvent] = st.sampled_from(
    [came(), came(person=PERSON), TRIAGED, RESOLVED, LED, ContactRepeatLinked(EARLIER, BY)]
)


@given(st.lists(commands, max_size=8))
def test_an_accepted_command_repeated_records_nothing(asked: list[ContactCommand]):
    stream = at_the_door()
    for command in asked:
        try:
            stream = stream.after(ASKED, command)
        except Refused:
            continue
        assert stream.when(command, ASKED).events == []


@given(st.lists(events, max_size=8))
def test_any_history_can_be_folded(history: list[ContactEvent]):
    state: Contact | None = reduce(at_once(evolve, NOW), history, None)
    assert (state is None) == all(not isinstance(each, ContactReceived) for each in history)


# At first contact

DAY = timedelta(days=1)
CUT = datetime(2026, 6, 1, tzinfo=UTC)
Row = contacts.Row


def row(number: int, day: int, *facts: ContactEvent, **more: Any) -> Row:
    """A contact that came on such a day of 2026, with what became of it a day later."""
    received = datetime(2026, 1, 1, 12, tzinfo=UTC) + day * DAY
    id_ = uid(200 + number)
    found: Row | None = None
    for place, fact in enumerate((came(id_, **more), *facts), start=1):
        at = received if place == 1 else received + DAY
        each: Recorded[Any] = replace(recorded(fact, at=at), stream=id_, position=place, version=place)
        found = contacts.fold(found, each, id_)
    assert found
    return found


def counted(*rows: Row, from_: date | None = None, to: date | None = None, cut: datetime = CUT) -> tuple[int, ...]:
    figures = contacts.first_contact(rows, from_, to, cut)
    return figures.contacts, figures.resolved, figures.followed, figures.lasting, figures.administrative


WRONG = ContactResolved("wrong-number", Disposition.ADMINISTRATIVE, False, BY)
AMBULANCE = ContactResolved("ambulance", Disposition.EMERGENCY, False, BY)


def test_what_was_resolved_with_no_onward_referral_counts_of_all_that_came():
    rows = (
        row(1, 0, RESOLVED),
        row(2, 0, RESOLVED, LED),
        row(3, 0, LED),
        row(4, 0, AMBULANCE),
        row(5, 0),
        row(6, 0, WRONG),
    )
    assert counted(*rows) == (5, 1, 5, 1, 1)


@pytest.mark.parametrize(
    "same",
    [
        lambda: {"person": PERSON},
        lambda: {"marks": ("one", "two")},
        lambda: {"nhs_digest": "three"},
    ],
)
def test_who_came_again_within_28_days_was_not_helped_lastingly(same: Callable[[], dict[str, Any]]):
    first, others = row(1, 0, RESOLVED, **same()), row(3, 1, RESOLVED, person=uid(99))
    assert counted(first, others, row(2, 28, RESOLVED, **same())) == (3, 3, 3, 2, 0)
    assert counted(first, others, row(2, 29, RESOLVED, **same())) == (3, 3, 3, 3, 0)
    # Also where it lies beyond the days that are asked for, and was no need of its own.
    january = (date(2026, 1, 1), date(2026, 1, 1))
    assert counted(first, row(2, 20, RESOLVED, **same()), from_=january[0], to=january[1]) == (1, 1, 1, 0, 0)
    assert counted(first, row(2, 20, WRONG, **same())) == (1, 1, 1, 1, 1)


def test_who_was_said_to_come_again_did():
    first, second = row(1, 0, RESOLVED), row(2, 5, RESOLVED, ContactRepeatLinked(uid(201), BY))
    assert counted(first, second) == (2, 2, 2, 1, 0)
    assert counted(first, row(2, 29, RESOLVED, ContactRepeatLinked(uid(201), BY))) == (2, 2, 2, 2, 0)


def test_contacts_that_are_younger_than_28_days_are_not_followed_yet():
    rows = row(1, 0, RESOLVED), row(2, 20, RESOLVED)
    assert counted(*rows, cut=datetime(2026, 2, 1, tzinfo=UTC)) == (2, 2, 1, 1, 0)
    # Nor is what came, or became of them, later than what is asked for.
    assert counted(*rows, cut=datetime(2026, 1, 2, tzinfo=UTC)) == (1, 0, 0, 0, 0)


def test_control_without_the_days_everybody_was_helped():
    rows = row(1, 0, RESOLVED, person=PERSON), row(2, 5, RESOLVED, person=PERSON)
    assert counted(*rows)[3] == 1
    assert contacts.first_contact(rows, None, None, CUT, within=timedelta(0)).lasting == 2


def test_what_waits_stands_first_the_most_pressing_before_the_rest_the_oldest_of_each_first():
    rows = [
        row(1, 3),
        row(2, 1),
        row(3, 0, ContactTriaged("week", 3, BY)),
        row(4, 9, ContactTriaged("now", 1, BY)),
        row(5, 0, RESOLVED),
        row(6, 4, LED),
    ]
    listed = sorted(rows, key=lambda each: each.place)
    assert [each.contact_id.int - 200 for each in listed] == [2, 1, 4, 3, 6, 5]
