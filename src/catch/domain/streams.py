"""Every stream there is, named once: its facts, its commands, how its history folds.

`UNION`s of the streams' modules are read here, so an event or command added to one is known everywhere.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, get_args
from uuid import UUID, uuid5

from msgspec import Struct

from catch.domain import (
    access_grant,
    case,
    contact,
    erasing,
    meeting,
    merging,
    partner,
    person,
    programme,
    registers,
    restricted,
)
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Command, Fact, Recorded
from catch.domain.given import Given
from catch.domain.ids import id_of_digest
from catch.domain.subject import Decide, Evolve

_KEYED = UUID("6b0a1c3e-0f7d-5c1e-9a57-0c9b6c0f2a11")


@lru_cache(4096)
def partner_stream(key: str) -> UUID:
    """The stream of the partner with this key."""
    return uuid5(_KEYED, f"partner/{key}")


@lru_cache(256)
def programme_stream(key: str) -> UUID:
    """The stream of the programme with this key."""
    return uuid5(_KEYED, f"programme/{key}")


# Asked whenever a case is read: to hash takes longer than to look it up.
@lru_cache(65536)
def restricted_stream(case: UUID) -> UUID:
    """The stream of what is restricted, beside this case."""
    return uuid5(_KEYED, f"restricted/{case}")


@lru_cache(4096)
def grants_stream(agency: str) -> UUID:
    """The stream of the cases that the agency's people opened in an emergency."""
    return uuid5(_KEYED, f"access-grants/{agency}")


@lru_cache(256)
def calendar_stream(programme: str, series: str) -> UUID:
    """The register of the days on which the series meets."""
    return uuid5(_KEYED, f"calendar/{programme}/{series}")


@lru_cache(4096)
def caseload_stream(user: str) -> UUID:
    """The register of the cases that the worker was given."""
    return uuid5(_KEYED, f"caseload/{user}")


@lru_cache(4096)
def contacts_stream(person: UUID) -> UUID:
    """The register of the contacts about this person."""
    return uuid5(_KEYED, f"contacts/{person}")


def number_stream(digest: str) -> UUID:
    """The register of the NHS number with this keyed digest."""
    return id_of_digest(digest)


class Stream(Struct, frozen=True):
    """One kind of stream. `evolve` folds one recorded fact into the state before it (None: nothing yet).

    `decide` answers a command by that state alone; None: its commands look at more, and `catch.commands` says of each
    at what. `followed`: live, so that whoever is told of a fact finds the state that it left at hand. `in_turn`: what
    is said to happen now happens after all that is recorded of it, by its state's `latest_at`.
    """

    name: str
    events: tuple[type[Fact], ...]
    commands: tuple[type[Command], ...]
    decide: Decide[Given] | None
    evolve: Callable[[Any, Recorded[Any]], Any]
    stream_of: Callable[[Any], UUID]
    followed: bool
    in_turn: bool


def _of_event(evolve: Evolve) -> Callable[[Any, Recorded[Any]], Any]:
    """A case alone is told its own id by the stream that it begins."""
    return lambda state, recorded: evolve(state, recorded.event, recorded.envelope.occurred_at)


CASE = Stream(
    "case",
    get_args(case.CaseEvent),
    get_args(case.CaseCommand),
    None,
    case.evolve,
    lambda command: command.case,
    followed=True,
    in_turn=True,
)
MEETING = Stream(
    "meeting",
    get_args(meeting.MeetingEvent),
    (*get_args(meeting.MeetingCommand), OfferActionInMeeting),
    None,
    _of_event(meeting.evolve),
    lambda command: command.meeting,
    followed=True,
    in_turn=True,
)
PERSON = Stream(
    "person",
    get_args(person.PersonEvent),
    (*get_args(person.PersonCommand), *get_args(merging.MergeCommand), *get_args(erasing.ErasingCommand)),
    person.decide,
    _of_event(person.evolve),
    lambda command: command.person,
    followed=False,
    in_turn=False,
)
PARTNER = Stream(
    "partner",
    get_args(partner.PartnerEvent),
    get_args(partner.PartnerCommand),
    partner.decide,
    _of_event(partner.evolve),
    lambda command: partner_stream(command.partner),
    followed=False,
    in_turn=False,
)
PROGRAMME = Stream(
    "programme",
    get_args(programme.ProgrammeEvent),
    get_args(programme.ProgrammeCommand),
    programme.decide,
    _of_event(programme.evolve),
    lambda command: programme_stream(command.programme),
    followed=False,
    in_turn=False,
)
RESTRICTED = Stream(
    "restricted",
    get_args(restricted.RestrictedEvent),
    get_args(restricted.RestrictedCommand),
    None,
    _of_event(restricted.evolve),
    lambda command: restricted_stream(command.case),
    followed=False,
    in_turn=False,
)
CONTACT = Stream(
    "contact",
    get_args(contact.ContactEvent),
    get_args(contact.ContactCommand),
    None,
    _of_event(contact.evolve),
    lambda command: command.contact,
    followed=False,
    in_turn=True,
)
ACCESS_GRANT = Stream(
    "access-grant",
    get_args(access_grant.AccessGrantEvent),
    get_args(access_grant.AccessGrantCommand),
    None,
    _of_event(access_grant.evolve),
    lambda command: grants_stream(command.agency),
    followed=False,
    in_turn=False,
)
REGISTER = Stream(
    "register",
    get_args(registers.RegisterEvent),
    (),
    None,
    _of_event(registers.evolve),
    lambda command: command.register,
    followed=False,
    in_turn=False,
)
STREAMS = (CASE, MEETING, PERSON, PARTNER, PROGRAMME, RESTRICTED, CONTACT, ACCESS_GRANT, REGISTER)

EVENTS: dict[str, type[Fact]] = {event.__name__: event for stream in STREAMS for event in stream.events}
COMMANDS: tuple[type[Command], ...] = tuple(command for stream in STREAMS for command in stream.commands)
KEY_OF_COMMAND = {kind: re.sub("(?<!^)(?=[A-Z])", "-", kind.__name__).lower() for kind in COMMANDS}
COMMANDS_BY_KEY = {key: kind for kind, key in KEY_OF_COMMAND.items()}
"""Commands as the facts of service accounts name them: submit-referral."""
_STREAM_OF_EVENT = {event: stream for stream in STREAMS for event in stream.events}
_STREAM_OF_COMMAND = {command: stream for stream in STREAMS for command in stream.commands}


def stream_of(event: type[Fact]) -> Stream:
    return _STREAM_OF_EVENT[event]


def stream_of_event(event: Fact) -> Stream:
    return stream_of(type(event))


def stream_of_command(command: Command) -> Stream:
    return _STREAM_OF_COMMAND[type(command)]


def fold(stream: Stream, recorded: Sequence[Recorded[Any]], state: Any = None) -> Any:
    """The state that these facts leave, in log order."""
    for each in recorded:
        state = stream.evolve(state, each)
    return state
