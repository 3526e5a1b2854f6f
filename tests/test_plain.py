"""Every string, list and number of every command says what it may be, and is held to it."""

import math
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import uuid4

import pytest
from msgspec import Struct
from msgspec.json import decode
from msgspec.structs import replace
from rich.console import Console

from catch.cli.terminal import legible, marked
from catch.domain import bounds
from catch.domain.bounds import TooMany
from catch.domain.case.actions import OfferAction
from catch.domain.case.closing import referring_agencies
from catch.domain.case.disclosure import PartnerInvolved
from catch.domain.case.notes import RecordUnmetNeed, UnmetReason
from catch.domain.case.referral import UNREGISTERED, ReferralAttached, SubmitReferral
from catch.domain.facts import Actor, Command, Envelope, Part, Role, Sealed
from catch.domain.given import Given
from catch.domain.keys import KeyMalformed, NameMalformed, OdsMalformed, UserMalformed, is_key, is_user
from catch.domain.meeting.attendance import SendApology
from catch.domain.meeting.planning import PlanMeeting, within_reach
from catch.domain.partner import RegisterPartner
from catch.domain.plain import Between, Few, Form, Key, Least, Most
from catch.domain.programme import LoadProgramme
from catch.domain.refusals import MissingText, OutOfRange, Refused
from catch.domain.streams import CASE as CASE_STREAM
from catch.domain.streams import COMMANDS, EVENTS, fold
from catch.programmes import shipped
from tests.cases import received, recorded

PUBLIC = {
    "PartnerRegistered.name", "RegisterPartner.name", "PartnerRegistered.ods", "RegisterPartner.ods",
    "Programme.name", "Series.name", "Series.rrule", "Series.starts_at", "Series.confidentiality_statement",
    "Series.charter", "AgendaPolicy.version", "Criterion.label", "ClosureReason.label", "PauseReason.label",
    "Fund.label",
    "Milestone.label", "MeasureStage.anchor", "Instrument.licence", "ContactOutcome.label", "ContactPriority.label",
    "Retention.schedule", "ClockRule.start", "ClockRule.stop", "Programme.assumed",
    "MeetingStarted.confidentiality_statement", "MeetingStarted.charter",
    "ConfidentialityAccepted.statement", "AcceptConfidentiality.statement", "AgendaDrafted.policy_version",
}  # fmt: skip
"""Public names and labels of the configuration: everybody may read them. A statement is compared, never kept."""
MADE = {
    "ReferralReceived.number", "AgendaPublished.content_hash", "DraftedItem.number", "DraftedItem.explanation",
    "Overflow.number", "Overflow.explanation", "AgendaWarning.number", "AgendaWarning.explanation", "Reason.text",
    "Reason.fact", "Placement.key", "Placement.moved_for", "AgendaItemAdded.number", "LateItemAdded.number",
    "PersonRegistered.nhs_digest", "PersonRegistered.marks", "Referral.reference_digest", "MemberEnrolled.subject",
    "ContactReceived.marks", "ContactReceived.nhs_digest",
    "IdentityCorrected.nhs_digest", "IdentityCorrected.marks", "ContactCorrected.marks", "Binding.subject",
    "Envelope.programme",
}  # fmt: skip
"""Made by the program. No command has one: a client cannot send it."""
FORMER = {"PartnerInvolved.named_contact"}
"""Plain in facts from before, and read by nobody."""


@dataclass(frozen=True)
class Field:
    owner: type[Struct]
    name: str
    hint: Any

    def __str__(self) -> str:
        return f"{self.owner.__name__}.{self.name}"


def fields_of(*kinds: type[Struct]) -> dict[str, Field]:
    """Every field of these structs and of what they hold."""
    found: dict[str, Field] = {}
    todo, seen = list(kinds), set[type[Struct]]()
    while todo:
        kind = todo.pop()
        if kind in seen:
            continue
        seen.add(kind)
        for name in kind.__struct_fields__:
            field = Field(kind, name, get_type_hints(kind, include_extras=True)[name])
            found[str(field)] = field
            todo += [each for each in leaves(field.hint) if isinstance(each, type) and issubclass(each, Struct)]
    return found


def leaves(hint: Any) -> Iterator[Any]:
    """The types that a type is made of, in the end."""
    inner = [each for each in get_args(hint) if each is not Ellipsis and not is_said(each)]
    if not inner:
        yield hint
    for each in inner:
        yield from leaves(each)


def is_said(value: object) -> bool:
    return isinstance(value, Form | Least | Most | Between)


def unsaid(hint: Any, wanted: type | tuple[type, ...], said_by: type, said: tuple[object, ...] = ()) -> Iterator[Any]:
    """Types of the wanted kind, somewhere in a type, of which nothing of the other kind is said."""
    origin = get_origin(hint)
    if origin is Annotated:
        yield from unsaid(get_args(hint)[0], wanted, said_by, get_args(hint)[1:])
        return
    good = any(isinstance(each, said_by) for each in said)
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    if (hint in kinds or origin in kinds) and not good:
        yield hint
    # What is said of a choice is said of what can be chosen; what is said of a list is not said of its values.
    passed = said if origin in (typing.Union, types.UnionType) else ()
    for inner in get_args(hint):
        if inner is not Ellipsis:
            yield from unsaid(inner, wanted, said_by, passed)


def forms(hint: Any) -> Iterator[Form]:
    if get_origin(hint) is Annotated:
        yield from (each for each in get_args(hint)[1:] if isinstance(each, Form))
    for inner in get_args(hint):
        if not is_said(inner) and inner is not Ellipsis:
            yield from forms(inner)


EVERYTHING = fields_of(*COMMANDS, *EVENTS.values(), typing.cast("type[Struct]", Envelope))


def bare_strings(fields: dict[str, Field]) -> set[str]:
    return {at for at, field in fields.items() if any(unsaid(field.hint, str, Form))}


def unbounded(fields: dict[str, Field]) -> set[str]:
    lists = {at for at, field in fields.items() if any(unsaid(field.hint, (tuple, frozenset, list, dict), Most))}
    numbers = {at for at, field in fields.items() if any(unsaid(field.hint, (int, float), Between))}
    return lists | numbers


def test_no_plain_string_of_any_command_or_fact_is_without_a_form():
    assert len(EVERYTHING) > 600
    assert bare_strings(EVERYTHING) == set()


def test_what_is_no_key_code_or_user_stands_on_a_written_list():
    found = {kind: {at for at, field in EVERYTHING.items() if kind in {*forms(field.hint)}} for kind in Form}
    assert found[Form.NAME] | found[Form.LABEL] | found[Form.ODS] == PUBLIC
    assert found[Form.MADE] == MADE
    assert found[Form.FORMER] == FORMER
    sent = fields_of(*COMMANDS).keys()
    assert not (MADE | FORMER) & sent


def test_every_list_and_number_that_a_client_sends_has_bounds():
    assert len(fields_of(*COMMANDS)) > 250
    assert unbounded(fields_of(*COMMANDS)) == set()


class Careless(Part, frozen=True):
    note: str
    notes: tuple[Annotated[str, Most(3)], ...] = ()
    words: Few[str] = ()
    often: int | None = None
    known: Key | None = None


def test_the_walk_would_have_found_them():
    made = fields_of(Careless)
    assert bare_strings(made) == {"Careless.note", "Careless.notes", "Careless.words"}
    assert unbounded(made) == {"Careless.notes", "Careless.often"}


# What is refused


CASE, PERSON, NOW = uuid4(), uuid4(), datetime(2026, 3, 10, 9, tzinfo=UTC)
REFERRAL = SubmitReferral(CASE, PERSON, "snn-catch", uuid4(), "gp", "phone", NOW, Sealed("x"), ("debt",))
APOLOGY = SendApology(uuid4(), "ada@housing-1", "housing-1")
OFFER = OfferAction(CASE, uuid4(), Sealed("Mend it"), "housing-1", NOW.date())
PARTNER = RegisterPartner("housing-1", "Housing One: homes & hope", "housing", "A1B2")
NEED = RecordUnmetNeed(CASE, uuid4(), "debt", next(iter(UnmetReason)))


@pytest.mark.parametrize("command", [REFERRAL, APOLOGY, OFFER, PARTNER, NEED])
def test_what_is_in_order_passes(command: Command):
    bounds.check(command)


FREE = "daughter of Mrs Quennell, 14 Elm Road"


@pytest.mark.parametrize(
    ("command", "refused", "field"),
    [
        (replace(REFERRAL, on_behalf_of=FREE), KeyMalformed, "on_behalf_of"),
        (replace(REFERRAL, source=FREE), KeyMalformed, "source"),
        (replace(REFERRAL, needs=("debt", FREE)), KeyMalformed, "needs[1]"),
        (replace(OFFER, owner_user=FREE), UserMalformed, "owner_user"),
        (replace(OFFER, service=FREE), KeyMalformed, "service"),
        (replace(APOLOGY, user=FREE), UserMalformed, "user"),
        (replace(APOLOGY, agency=" "), MissingText, "agency"),
        (replace(APOLOGY, agency="snn "), KeyMalformed, "agency"),
        (replace(APOLOGY, agency="SNN"), KeyMalformed, "agency"),
        (replace(APOLOGY, agency="snn\n"), KeyMalformed, "agency"),
        (replace(PARTNER, name="Two\nlines"), NameMalformed, "name"),
        (replace(PARTNER, name="x" * 501), NameMalformed, "name"),
        (replace(PARTNER, ods=FREE), OdsMalformed, "ods"),
        (replace(NEED, locality=FREE), KeyMalformed, "locality"),
        (replace(REFERRAL, age=131), OutOfRange, "age"),
        (replace(REFERRAL, received_at=datetime(1999, 12, 31, tzinfo=UTC)), OutOfRange, "received_at"),
        (replace(OFFER, due=date(2201, 1, 1)), OutOfRange, "due"),
    ],
)
def test_what_is_not_is_refused_by_field_and_never_repeated(command: Command, refused: type[Refused], field: str):
    with pytest.raises(refused) as caught:
        bounds.check(command)
    assert type(caught.value) is refused
    assert caught.value.details["field"] == field
    assert "Quennell" not in str(caught.value.details)


def test_seventy_thousand_needs_are_too_many_and_fifty_are_not():
    bounds.check(replace(REFERRAL, needs=("debt",) * 50))
    with pytest.raises(TooMany) as caught:
        bounds.check(replace(REFERRAL, needs=("debt",) * 70_000))
    assert caught.value.details == {"field": "needs", "most": "50"}


def test_what_is_no_number_lies_in_no_range():
    (snn,) = [each for each in shipped() if each.key == "snn-catch"]
    bounds.check(LoadProgramme(snn.key, snn))
    rules = tuple(replace(rule, warn_at_fraction=math.nan) for rule in snn.clocks)
    with pytest.raises(OutOfRange):
        bounds.check(LoadProgramme(snn.key, replace(snn, clocks=rules)))


def test_a_meeting_lies_at_most_400_days_ahead():
    given = Given(NOW, Actor("chair@snn", "snn", Role.CHAIR))
    within_reach(NOW + timedelta(days=400), given)
    with pytest.raises(OutOfRange):
        within_reach(NOW + timedelta(days=400, seconds=1), given)
    bounds.check(PlanMeeting(uuid4(), "snn-catch", "catch-weekly", NOW, "chair@snn"))


@pytest.mark.parametrize("user", ["ada", "ada@snn", "ada.b-c_d@snn-1", "7"])
def test_user_ids_of_the_place(user: str):
    assert is_user(user)


@pytest.mark.parametrize("user", ["", " ", "Ada", "ada b", "ada@", "@snn", "a..b", "ada\n", "ädä", "a" * 65, "a\ud800"])
def test_what_is_no_user_id(user: str):
    assert not is_user(user)
    assert not is_key(user)


def test_stored_facts_are_not_held_to_what_commands_are():
    old = decode(b'{"agency": "SNN ", "role": "Anything", "named_contact": "Ada Bright"}', type=PartnerInvolved)
    assert (old.agency, old.named_contact, old.contact) == ("SNN ", "Ada Bright", None)


def test_an_organisation_once_typed_in_plain_is_shown_to_nobody():
    typed = replace(received.referral, referrer_agency="not registered: daughter of Mrs Quennell", source="gp")
    case = fold(CASE_STREAM, [recorded(replace(received, referral=typed))])
    attached = fold(CASE_STREAM, [recorded(ReferralAttached(typed))], case)
    assert [held.referrer_agency for held in attached.referrals] == [UNREGISTERED, UNREGISTERED]
    assert referring_agencies(attached) == set()
    assert not is_key(UNREGISTERED)
    # A partner's key stays.
    assert fold(CASE_STREAM, [recorded(received)]).referrals == (received.referral,)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, ünïcode — fine", "plain text, ünïcode — fine"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\x08\x07", "a\\rb\\x08\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x9b2J", "\\x9b2J"),
        ("\ud800", "\\ud800"),
        ("one\ntwo", "one\\ntwo"),
    ],
)
def test_what_others_wrote_tells_a_terminal_nothing(text: str, shown: str):
    assert legible(text) == shown
    assert legible("one\ntwo", lines=True) == "one\ntwo"
    with (console := Console(file=StringIO(), width=80)).capture() as printed:
        console.print(marked(f"[bold]{text}[/]"), highlight=False)
    assert printed.get() == f"[bold]{shown}[/]\n"
