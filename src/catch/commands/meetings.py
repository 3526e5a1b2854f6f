"""How commands at a meeting are decided: what each reads besides the meeting, and what it must not name in vain."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from catch.commands.book import Book
from catch.commands.handler import Handler, handles
from catch.commands.naming import meetings_exist, partners_exist
from catch.commands.questions import Draft, MeetingsOn, Officers
from catch.commands.rules import is_stopped, kept_from_sender
from catch.domain import discussion
from catch.domain import meeting as meeting_stream
from catch.domain.agenda.by_hand import as_it_is, listed
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.discussion import MeetingAndCase, OfferActionInMeeting
from catch.domain.facts import Fact
from catch.domain.given import Given
from catch.domain.meeting import (
    MeetingCommand,
    adding,
    amending,
    attendance,
    deciding,
    drafting,
    editing,
    floor,
    instant,
    invitations,
    planning,
    session,
    speaking,
)
from catch.domain.meeting.rules import unpublished
from catch.domain.meeting.state import MeetingState
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import IdAlreadyUsed, Refused, UnknownCase
from catch.domain.registers import DayTaken
from catch.domain.streams import CASE, MEETING, calendar_stream

AtMeeting = MeetingCommand | OfferActionInMeeting
InBoth = (
    floor.OpenItem
    | floor.CloseItem
    | deciding.RecordDecision
    | OfferActionInMeeting
    | discussion.Interest
    | amending.AmendMinutes
)
OnAgenda = adding.AddItem | adding.AddLateItem | instant.RecordInstantDiscussion


class OnItem(Protocol):
    """A command about an item of an agenda, or about the meeting where it names none."""

    @property
    def meeting(self) -> UUID: ...
    @property
    def item(self) -> UUID | None: ...


class MeetingAlreadyPlanned(Refused):
    """The series already meets on that day. Reschedule or cancel that meeting first."""


# Whose key seals


def of_meeting(command: AtMeeting, book: Book) -> UUID:
    """What is about the meeting itself is sealed under the meeting's own key."""
    return command.meeting


def of_item(command: OnItem, book: Book) -> UUID:
    """The meeting's own, too, where the case cannot be read: it is taken off the agenda or put off all the same."""
    named = item_of(command, book)
    (case,) = book.readable_cases([named]) if named else (None,)
    return case.person if case else command.meeting


def of_case_named(command: OnAgenda, book: Book) -> UUID:
    case = book.case(command.case) if command.case else None
    return case.person if case else command.meeting


# What is read


def case_of_item(command: OnItem, book: Book) -> Case | None:
    """None for a general matter or an unknown item. Raises an `Unreadable`."""
    case = item_of(command, book)
    return book.case(case) if case else None


def item_of(command: OnItem, book: Book) -> UUID | None:
    """The id of the item's case."""
    meeting = book.meeting(command.meeting)
    item = meeting.item(command.item) if meeting and command.item else None
    return item.case if item else None


def current(book: Book, key: str) -> Programme | None:
    history = book.programmes(key)
    return history.current if history else None


# What is decided


def decided(command: MeetingCommand, book: Book, given: Given, programme: str | None = None) -> Sequence[Fact]:
    """What the meeting alone answers. `programme` is named by commands that begin a meeting."""
    meeting = book.meeting(command.meeting)
    key = meeting.programme if meeting else programme
    book.programme = current(book, key) if key else None
    book.meeting_held = command.meeting
    facts = meeting_stream.decide(meeting, command, replace(given, programme=book.programme))
    book.write(MEETING, command.meeting, facts)
    return facts


def alone(command: MeetingCommand, book: Book, given: Given) -> None:
    """Nothing but the meeting, its programme and the partners that the decision asks for."""
    decided(command, book, given)


def in_both(command: MeetingAndCase, book: Book, given: Given, case: UUID | None, programme: str) -> bool:
    """What the meeting and the case record together, or neither. Whether it is anything."""
    book.programme = current(book, programme)
    book.meeting_held = command.meeting
    given = replace(given, programme=book.programme)
    held = book.case(case) if case else None
    heard, told = discussion.decide_in_meeting(book.meeting(command.meeting), held, command, given)
    book.write(MEETING, command.meeting, heard)
    if case is not None and held is not None:
        book.write(CASE, case, told)
    if isinstance(command, discussion.Interest):
        # Whoever may take part again is told so by the meeting: by then the case must be open to them.
        book.written.reverse()
    return bool(heard)


def on_item(command: InBoth, book: Book, given: Given) -> None:
    meeting, case = book.meeting(command.meeting), case_of_item(command, book)
    in_both(command, book, given, case.case if case else None, meeting.programme if meeting else "")


def instantly(command: instant.RecordInstantDiscussion, book: Book, given: Given) -> None:
    if in_both(command, book, given, command.case, command.programme):
        partners_exist(book, [seat.agency for seat in command.seats])


def plan(command: planning.PlanMeeting, book: Book, given: Given) -> None:
    """A series meets once a day, under somebody appointed to chair it. Instant discussions are of another kind."""
    meeting = book.meeting(command.meeting)
    # Before anything is asked of its own programme, which whoever plans need know nothing of.
    if meeting is not None and meeting.programme != command.programme:
        raise IdAlreadyUsed(field="meeting", value=command.meeting)
    if not decided(command, book, given, command.programme):
        return
    day = london_day(command.starts_at)
    planning.check_chair(command, appointed(command, book, day))
    # Last, because this question waits until the read side has come to the log's end.
    only_meeting(book, command.meeting, command.programme, command.series, day)


def appointed(command: planning.PlanMeeting, book: Book, day: date) -> set[str]:
    """The read side names candidates only; whether the chair is appointed by now their agency's stream says."""
    programme, series = command.programme, command.series
    named = [agency for agency, user in book.ask(Officers(programme, series, day)) if user == command.chair]
    agencies = [held for agency in sorted(named) if (held := book.partner(agency))]
    return {command.chair for held in agencies if held.chairs(command.chair, programme, series, day)}


def reschedule(command: planning.RescheduleMeeting, book: Book, given: Given) -> None:
    meeting = book.meeting(command.meeting)
    if decided(command, book, given) and meeting is not None:
        only_meeting(book, meeting.meeting, meeting.programme, meeting.series, london_day(command.starts_at))


def only_meeting(book: Book, meeting: UUID, programme: str, series: str, day: date) -> None:
    """By the calendar of the series, in which the day is entered; and by what was planned before there was one."""
    calendar = calendar_stream(programme, series)
    entered = book.register(calendar).meetings_on(day)
    for held in book.meetings(dict.fromkeys([*entered, *book.ask(MeetingsOn(series, day))])):
        if held is None or held.meeting == meeting or held.instant or held.state is MeetingState.CANCELLED:
            continue
        # The read side names candidates only; how they stand by now the streams say.
        if (held.programme, held.series, london_day(held.starts_at)) == (programme, series, day):
            raise MeetingAlreadyPlanned(meeting=held.meeting, day=day)
    book.enter(calendar, DayTaken(meeting, day))


def draft(command: drafting.DraftAgenda, book: Book, given: Given) -> None:
    """The draft is made only where one may be recorded: it looks through every live case of the programme."""
    meeting = book.meeting(command.meeting)
    if meeting is not None:
        unpublished(meeting)
        given = replace(given, draft=book.ask(Draft(command.meeting)))
    decided(command, book, given)


def publish(command: drafting.PublishAgenda, book: Book, given: Given) -> None:
    """Every case is looked at as it is now: whether it may be heard, and who may be told about it; nobody is told of
    one that cannot be read, nor of one that its sender is kept out of and that may not be heard: neither that it may
    not nor why is theirs to know, and it is not opened.
    """
    meeting = book.meeting(command.meeting)
    about = [item for item in meeting.items if item.case] if meeting else []
    # To read the cases makes the publication rest on them: a disclosure that ends meanwhile is a conflict, not a leak.
    cases = book.readable_cases(item.case for item in about if item.case)
    if meeting is not None:
        kept = frozenset(item.item for item in about if kept_from_sender(book, meeting, item))
        heard_at = max(given.at, meeting.starts_at)
        listings = {
            item.item: as_it_is(case, meeting, item, given.at, stopped=is_stopped(book, case, heard_at))
            for item, case in zip(about, cases, strict=True)
            if case
        }
        told = {item: held for item, held in listings.items() if not (item in kept and held.lacks)}
        given = replace(given, listings=told, kept_out=kept)
    decided(command, book, given)


def add(command: adding.AddItem | adding.AddLateItem, book: Book, given: Given) -> None:
    """A case that could be drafted, with its number, and, where nobody said otherwise, its own presenter and basis."""
    meeting = book.meeting(command.meeting)
    case = book.case(command.case) if command.case else None
    # A case of another programme is not listed, and so answered below like one that is not there.
    if case is not None and meeting is not None and case.programme == meeting.programme:
        given = replace(given, listed=listed(case, meeting, given.at, command.presenter, command.basis))
    facts = decided(command, book, given)
    if facts and command.case and given.listed is None:
        raise UnknownCase(case=command.case)
    if facts:
        partners_exist(book, command.requires)


def come_or_go(
    command: attendance.JoinMeeting | attendance.SendApology | invitations.SetAvailability,
    book: Book,
    given: Given,
) -> None:
    if decided(command, book, given):
        partners_exist(book, (command.agency,))


def declare(command: attendance.DeclareInterest, book: Book, given: Given) -> None:
    on_item(command, book, given)
    if any(part.facts for part in book.written):
        partners_exist(book, (command.agency,))


def speak(command: speaking.RaiseHand | speaking.GiveFloor, book: Book, given: Given) -> None:
    """Whoever is kept out of the case, wherever that was said, has no voice in the item."""
    case = case_of_item(command, book)
    if case and case.recused(command.user):
        raise speaking.NoVoiceInTheItem(user=command.user)
    decided(command, book, given)


def link(command: deciding.LinkAction, book: Book, given: Given) -> None:
    if decided(command, book, given):
        discussion.check_linked(case_of_item(command, book), command)


def defer(command: floor.DeferItem, book: Book, given: Given) -> None:
    meeting = book.meeting(command.meeting)
    if decided(command, book, given) and meeting is not None and command.to_meeting is not None:
        floor.check_later(meeting, book.meeting(command.to_meeting), command.to_meeting)


def amend(command: amending.AmendMinutes, book: Book, given: Given) -> None:
    on_item(command, book, given)
    if any(part.facts for part in book.written):
        meetings_exist(book, (command.at_meeting,))


def confirm_minutes(command: session.ConfirmMinutes, book: Book, given: Given) -> None:
    if decided(command, book, given):
        meetings_exist(book, (command.at_meeting,))


MEETING_HANDLERS: tuple[Handler, ...] = (
    handles(planning.PlanMeeting, subject=of_meeting, decide=plan),
    handles(planning.RescheduleMeeting, subject=of_meeting, decide=reschedule),
    handles(planning.CancelMeeting, subject=of_meeting, decide=alone),
    handles(invitations.InviteMember, subject=of_meeting, decide=alone),
    handles(invitations.WithdrawInvitation, subject=of_meeting, decide=alone),
    handles(invitations.SetAvailability, subject=of_meeting, decide=come_or_go),
    handles(drafting.DraftAgenda, subject=of_meeting, decide=draft),
    handles(drafting.PublishAgenda, subject=of_meeting, decide=publish),
    handles(adding.AddItem, subject=of_case_named, decide=add),
    handles(adding.AddLateItem, subject=of_case_named, decide=add),
    handles(editing.RemoveItem, subject=of_item, decide=alone),
    handles(editing.MoveItem, subject=of_item, decide=alone),
    handles(editing.ChangeTimebox, subject=of_item, decide=alone),
    handles(editing.PullFromNoting, subject=of_item, decide=alone),
    handles(session.StartMeeting, subject=of_meeting, decide=alone),
    handles(session.AdjournMeeting, subject=of_meeting, decide=alone),
    handles(session.ResumeMeeting, subject=of_meeting, decide=alone),
    handles(session.EndMeeting, subject=of_meeting, decide=alone),
    handles(session.HandOverChair, subject=of_meeting, decide=alone),
    handles(session.ConfirmMinutes, subject=of_meeting, decide=confirm_minutes),
    handles(amending.AmendMinutes, subject=of_item, decide=amend),
    handles(attendance.JoinMeeting, subject=of_meeting, decide=come_or_go),
    handles(attendance.LeaveMeeting, subject=of_meeting, decide=alone),
    handles(attendance.SendApology, subject=of_meeting, decide=come_or_go),
    handles(attendance.AcceptConfidentiality, subject=of_meeting, decide=alone),
    handles(attendance.DeclareInterest, subject=of_item, decide=declare),
    handles(attendance.ResolveInterest, subject=of_item, decide=on_item),
    handles(floor.OpenItem, subject=of_item, decide=on_item),
    handles(floor.CloseItem, subject=of_item, decide=on_item),
    handles(floor.DeferItem, subject=of_item, decide=defer),
    handles(floor.NoteItem, subject=of_item, decide=alone),
    handles(speaking.RaiseHand, subject=of_meeting, decide=speak),
    handles(speaking.LowerHand, subject=of_meeting, decide=alone),
    handles(speaking.GiveFloor, subject=of_meeting, decide=speak),
    handles(deciding.RecordUpdate, subject=of_item, decide=alone),
    handles(deciding.RecordGuest, subject=of_item, decide=alone),
    handles(deciding.RecordDecision, subject=of_item, decide=on_item),
    handles(deciding.LinkAction, subject=of_item, decide=link),
    handles(instant.RecordInstantDiscussion, subject=of_case_named, decide=instantly),
    handles(OfferActionInMeeting, subject=of_item, decide=on_item),
)
