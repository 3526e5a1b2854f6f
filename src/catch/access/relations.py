"""The relations that a command may need, each a question to what the log holds: who stands how to what it names.

Absent and forbidden look the same: whoever does not see what a command names is answered as if it were not there,
whatever else is wrong. Only then is said that they stand in no relation to it that allows this.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.access.seats import Seat, bounds
from catch.access.seeing import (
    RedactionReason,
    Sight,
    cases_behind,
    chairs,
    contact_seen,
    coordinates,
    guards,
    guards_some,
    item_closed,
    item_hidden,
    kept_from,
    knows_as_one,
    may_attend,
    organises,
    sight,
    warned_of_concerns,
)
from catch.access.standing import KEEPS_THE_DOOR, Who
from catch.domain.access_grant import Glass, UnknownOpening
from catch.domain.case.actions import ActionAnswer
from catch.domain.case.state import Case
from catch.domain.contact import Contact, UnknownContact
from catch.domain.facts import Role, Tag
from catch.domain.lookup import Lookup
from catch.domain.meeting import attendance, floor
from catch.domain.meeting.items import DeferReason, Item
from catch.domain.meeting.rules import NotOnTheAgenda
from catch.domain.meeting.state import Meeting
from catch.domain.merging import RequestMerge, UnknownMerge, UnknownOther
from catch.domain.partner import Partner
from catch.domain.person import Person
from catch.domain.refusals import Refused, UnknownCase, UnknownMeeting, UnknownPartner, UnknownPerson


class NotAllowed(Refused):
    """Your role does not allow this. The query `viewer` lists what your roles allow."""


class NotYourCase(Refused):
    """You have no part in this case that allows this. Ask whoever coordinates it."""


class NotYourAction(Refused):
    """Only the partner who owns the action can answer for it. Ask somebody who acts for it."""


class NotYourMeeting(Refused):
    """Only those who run or prepare this meeting can do this; some things only its chair. Ask them, or the
    appointing officer to be appointed to the series.
    """


class NotYourAgency(Refused):
    """This is not yours to give or to take. The details name the roles of those who may: ask one of them."""


class NotYourSeries(Refused):
    """Only those who are appointed to chair this series, to stand in or to prepare it, plan its meetings. Ask them,
    or the appointing officer.
    """


class OnlyForYourself(Refused):
    """You can do this only for yourself or your own agency. Ask those whom it concerns to do it themselves."""


class OnlyByAnother(Refused):
    """Nobody gives themselves, or their own agency, what they would need. Ask somebody else who may."""


class AgencyNotUnderAgreement(Refused):
    """Your agency has no information sharing agreement in force for this programme. The place's administrator
    records one: `signAgreement`.
    """


class NotTagged(Refused):
    """You have not been given the tag of this kind of restricted information. The Caldicott contact gives it."""


class NotAtTheDoor(Refused):
    """Those who keep the front door look for matches of live cases: coordinators of agencies that lead or deliver."""


class NotYourDoor(Refused):
    """You do not keep this programme's front door: coordinators of the agencies that lead or deliver it do. Ask one."""


class ReferredByYourself(Refused):
    """You referred this person yourself. Somebody else who keeps the front door looks for matches."""


class Recused(Refused):
    """You are kept out of the case that this item is about. Somebody else has to deal with it."""


class Reads(Lookup):
    """What the log holds, as far as a rule asks."""

    __slots__ = ()

    def seats(self, case: UUID, /) -> Sequence[Seat]:
        """What meetings have to do with the case."""
        raise NotImplementedError


class Asked(Struct, frozen=True):
    """A command, who asks for it, and what its rule may look at. `at` is now, whatever time the command speaks of.

    `role` is the one in which it would be done: it counts in its own programme alone.
    """

    who: Who
    command: Any
    reads: Reads
    at: datetime
    role: Role

    def seen(self, case: Case | None) -> Sight | None:
        """What they see of a case, now; None too where there is none."""
        return sight(self.who, case, self.reads.seats(case.case), self.at) if case else None


Relation = Callable[[Asked], None]
"""Raises a `Refused` unless it holds."""


def to_another(asked: Asked) -> None:
    """Nobody gives to themselves, nor settles what concerns themselves."""
    if asked.command.user == asked.who.user:
        raise OnlyByAnother


def in_own_name(asked: Asked) -> None:
    """Who referred hears back, and may ask after the case: so nobody refers in another agency's name."""
    if asked.command.on_behalf_of not in (None, asked.who.agency):
        raise OnlyForYourself(user=asked.who.user, agency=asked.who.agency)


# Cases


def seen_case(asked: Asked, case: UUID) -> tuple[Case, Sight]:
    held = asked.reads.case(case)
    seen = asked.seen(held)
    if held is None or seen is None or seen.hidden is RedactionReason.RECUSED:
        raise UnknownCase(case=case)
    # By another of their roles they see it; for the one that this would be done in it is not there.
    if not asked.who.acts_as(asked.role, held.programme):
        raise UnknownCase(case=case)
    return held, seen


def coordinated(asked: Asked) -> tuple[Case, Sight]:
    """The case, which their agency coordinates, or which waits at the front door that they keep."""
    case, seen = seen_case(asked, asked.command.case)
    if not coordinates(asked.who, case, asked.at):
        raise NotYourCase
    return case, seen


def coordinating(asked: Asked) -> None:
    """Their agency coordinates the case, or it waits at the front door that they keep."""
    coordinated(asked)


def taking_part(asked: Asked) -> None:
    """Their agency has a part in the case, is told of it, and has an agreement in force."""
    case, seen = seen_case(asked, asked.command.case)
    if not asked.who.in_agreement(case.programme):
        raise AgencyNotUnderAgreement(agency=asked.who.agency)
    # A seat at a meeting gives `part` as well, while it lasts: what is meant here is a part in the case itself.
    if not (seen.part and case.involved(asked.who.agency)):
        raise NotYourCase


def declaring_own_part(asked: Asked) -> None:
    """The same, for themselves."""
    taking_part(asked)
    for_yourself(asked)


def writing_restricted(asked: Asked) -> None:
    """Coordinating, and given the tag."""
    _, seen = coordinated(asked)
    if asked.command.tag not in seen.tags:
        raise NotTagged(tag=asked.command.tag)


def settling_concern(asked: Asked) -> None:
    """Coordinating, and given the tag of safeguarding."""
    _, seen = coordinated(asked)
    if Tag.SAFEGUARDING not in seen.tags:
        raise NotTagged(tag=Tag.SAFEGUARDING)


def owning(asked: Asked) -> None:
    """The same, and the action is theirs."""
    taking_part(asked)
    if not _owns(asked):
        raise NotYourAction


def _owns(asked: Asked) -> bool:
    case = asked.reads.case(asked.command.case)
    action = case.action(asked.command.action) if case else None
    return action is not None and action.owner == asked.who.agency


def answering(asked: Asked) -> None:
    """The owner's own answer. Finding another owner would tell what others may know: the coordinator does that."""
    owning(asked)
    if asked.command.answer is ActionAnswer.REASSIGN:
        raise NotYourCase


def chairing_case(asked: Asked) -> None:
    """The case is on the agenda of a meeting that they chair, while that lasts."""
    case, _ = seen_case(asked, asked.command.case)
    seats = asked.reads.seats(case.case)
    # A seat counts in the programme of its meeting alone.
    own = (seat for seat in seats if seat.programme == case.programme and seat.chaired_by(asked.who))
    if not any(seat.organised_by(asked.who, asked.at) for seat in own):
        raise NotYourCase


# Meetings


def seen_meeting(asked: Asked, meeting: UUID) -> Meeting:
    held = asked.reads.meeting(meeting)
    if held is None or not may_attend(asked.who, held, asked.at):
        raise UnknownMeeting(meeting=meeting)
    if not asked.who.acts_as(asked.role, held.programme):
        raise UnknownMeeting(meeting=meeting)
    return held


def seen_item(asked: Asked, meeting: Meeting, item: UUID) -> Item:
    """Whoever is recused is told so: they see that the item is one they are recused from, and nothing else of it. What
    was shown at publication may be closed by now: who is shown it no more does nothing about it.
    """
    held = meeting.item(item)
    hidden = hidden_now(asked, meeting, held) if held else RedactionReason.NOT_INVOLVED
    if held is None or (hidden and hidden is not RedactionReason.RECUSED):
        raise NotOnTheAgenda(item=item)
    if hidden or kept_out(asked, meeting, held):
        raise Recused(item=item)
    return held


def hidden_now(asked: Asked, meeting: Meeting, item: Item) -> RedactionReason | None:
    hidden = item_hidden(asked.who, meeting, item, asked.at)
    case = asked.reads.case(item.case) if item.case and not hidden else None
    # What was never shown stays as if it were not there: to the recused, too, of whose case a draft tells nothing.
    if case is None:
        return hidden
    return item_closed(asked.who, meeting, item, case, asked.reads.seats(case.case), asked.at)


def kept_out(asked: Asked, meeting: Meeting, item: Item) -> bool:
    """Kept out of the item at this meeting, or recused from its case, wherever that was said."""
    if kept_from(asked.who, meeting, item):
        return True
    seen = asked.seen(asked.reads.case(item.case) if item.case else None)
    return seen is not None and seen.hidden is RedactionReason.RECUSED


def organised(asked: Asked) -> Meeting:
    """The meeting, which they are in the chair of, or whose series they prepare."""
    meeting = seen_meeting(asked, asked.command.meeting)
    if not organises(asked.who, meeting):
        raise NotYourMeeting
    return meeting


def organising(asked: Asked) -> None:
    """They are in the chair of the meeting, or prepare its series. Not for what names an item."""
    organised(asked)


def organising_item(asked: Asked) -> None:
    """The same, and the item is not one they are recused from."""
    meeting = organised(asked)
    held = meeting.item(asked.command.item)
    # Not asked where it does not matter: a case that cannot be read keeps nobody from putting its item off.
    if held is None or left_to_the_recused(asked, meeting):
        return
    if kept_out(asked, meeting, held):
        raise Recused(item=asked.command.item)


def inviting(asked: Asked) -> None:
    """The same of each item that a guest comes for."""
    meeting = organised(asked)
    for each in asked.command.items:
        held = meeting.item(each)
        if held is not None and kept_out(asked, meeting, held):
            raise Recused(item=each)


def left_to_the_recused(asked: Asked, meeting: Meeting) -> bool:
    """Whoever is in the chair learns why they cannot open the item (the meeting says so), and puts it off."""
    if not chairs(asked.who, meeting):
        return False
    match asked.command:
        case floor.OpenItem() | floor.DeferItem(reason=DeferReason.CHAIR, to_meeting=None):
            return True
        case _:
            return False


def chairing(asked: Asked) -> None:
    """They are in the chair of the meeting."""
    if not chairs(asked.who, seen_meeting(asked, asked.command.meeting)):
        raise NotYourMeeting


def amending(asked: Asked) -> None:
    """Appointed to chair the series, or to stand in, and not recused from the item. They need not see it any more."""
    may_take_the_chair(asked)
    meeting = asked.reads.meeting(asked.command.meeting)
    held = meeting.item(asked.command.item) if meeting and asked.command.item else None
    if meeting and held and kept_out(asked, meeting, held):
        raise Recused(item=held.item)


def may_take_the_chair(asked: Asked) -> None:
    """Appointed to chair the series, or to stand in."""
    meeting = seen_meeting(asked, asked.command.meeting)
    if not asked.who.may_chair(meeting.programme, meeting.series):
        raise NotYourMeeting


def of_the_series(asked: Asked) -> None:
    """Appointed to the series before the meeting is planned."""
    who, programme, series = asked.who, asked.command.programme, asked.command.series
    if not (who.may_chair(programme, series) or who.prepares(programme, series)):
        raise NotYourSeries(series=series)


def listing(asked: Asked) -> None:
    """They organise the meeting, and stand in some relation to the case that they put on its agenda."""
    organising(asked)
    meeting, case = asked.reads.meeting(asked.command.meeting), asked.command.case
    if meeting is not None:
        not_kept_out(asked, meeting)
    if case is not None and meeting is not None:
        known_here(asked, meeting, case)


def late(asked: Asked) -> None:
    """The chair accepts what somebody else has proposed."""
    chairing(asked)
    meeting = asked.reads.meeting(asked.command.meeting)
    if meeting is not None:
        not_kept_out(asked, meeting)
        known_here(asked, meeting, asked.command.case)


def not_kept_out(asked: Asked, meeting: Meeting) -> None:
    """Whoever sends another item under the id of one that they are kept out of would be told what differs."""
    item = meeting.item(asked.command.item)
    if item is not None and kept_out(asked, meeting, item):
        raise Recused


def known_here(asked: Asked, meeting: Meeting, case: UUID) -> None:
    """They coordinate the case, or it was proposed for the series by somebody with standing, or drafted by rule, or
    they are warned of a concern that somebody else has raised.

    To see it is not enough: an old seat would give a new one, and a referral the whole case.
    """
    held = asked.reads.case(case)
    seen = asked.seen(held)
    if held is None or held.programme != meeting.programme or (seen and seen.hidden is RedactionReason.RECUSED):
        raise UnknownCase(case=case)
    if seen is not None and seen.everything:
        return
    draft = meeting.draft
    drafted = {each.case for each in (*draft.items, *draft.overflow)} if draft else set[UUID]()
    proposed = any(proposal.series == meeting.series for proposal in held.proposals)
    if case not in drafted and not proposed and not warned_of(asked, meeting, held):
        raise UnknownCase(case=case)


def warned_of(asked: Asked, meeting: Meeting, case: Case) -> bool:
    """A concern is anybody's to raise: nobody comes by a case through one of their own, or one of their program's."""
    if not (case.live and warned_of_concerns(asked.who, meeting, asked.at)):
        return False
    beside = asked.reads.beside(case.case)
    concerns = beside.concerns if beside else ()
    own = asked.reads.partner(asked.who.agency)
    programs = {member.user for member in own.members if member.service} if own else set[str]()
    made = {(user, asked.who.agency) for user in (asked.who.user, *programs)}
    return any(held.outcome is None and (held.raised.by.user, held.raised.by.agency) not in made for held in concerns)


def own_seat(asked: Asked) -> None:
    """For themselves, at a meeting that exists for them."""
    seen_meeting(asked, asked.command.meeting)
    for_yourself(asked)


def of_oneself(asked: Asked) -> None:
    """For themselves, of an item that they see; organisers also for others."""
    meeting = seen_meeting(asked, asked.command.meeting)
    seen_item(asked, meeting, asked.command.item)
    if not organises(asked.who, meeting):
        for_yourself(asked)


def coming_in(asked: Asked) -> None:
    """For themselves, at a meeting that exists for them or to which they are expected. Organisers for all."""
    who, meeting = asked.who, asked.reads.meeting(asked.command.meeting)
    if meeting is None or not who.acts_as(asked.role, meeting.programme):
        raise UnknownMeeting(meeting=asked.command.meeting)
    if organises(who, meeting):
        return
    if not (may_attend(who, meeting, asked.at) or guest(asked, meeting) or leaving(asked, meeting)):
        raise UnknownMeeting(meeting=asked.command.meeting)
    for_yourself(asked)


def guest(asked: Asked, meeting: Meeting) -> bool:
    """A core member's agency comes without an invitation, while the meeting shows its members anything."""
    who, own = asked.who, asked.reads.partner(asked.who.agency)
    if asked.role is not Role.PARTNER or not who.in_agreement(meeting.programme) or own is None:
        return False
    programme = asked.reads.programmes(meeting.programme)
    return asked.at <= bounds(meeting)[1] and attendance.expected(
        meeting, who.user, own, programme and programme.current
    )


def leaving(asked: Asked, meeting: Meeting) -> bool:
    """Whoever is in the room may leave it, also when they are asked no more."""
    held = meeting.attendee(asked.who.user) if isinstance(asked.command, attendance.LeaveMeeting) else None
    return held is not None and held.present and held.agency == asked.who.agency


def for_yourself(asked: Asked) -> None:
    # Some of these commands name no agency: then it is their own that they speak for.
    agency = asked.command.agency if "agency" in asked.command.__struct_fields__ else asked.who.agency
    if (asked.command.user, agency) != (asked.who.user, asked.who.agency):
        raise OnlyForYourself(user=asked.who.user, agency=asked.who.agency)


def own_agency(asked: Asked) -> None:
    """For their own agency, at a meeting that exists for them; organisers for all."""
    if organises(asked.who, seen_meeting(asked, asked.command.meeting)):
        return
    if asked.command.agency != asked.who.agency:
        raise OnlyForYourself(agency=asked.who.agency)


def seeing_item(asked: Asked) -> None:
    """They see the item."""
    seen_item(asked, seen_meeting(asked, asked.command.meeting), asked.command.item)


def settling_interest(asked: Asked) -> None:
    """Organisers settle what others declared, never what concerns themselves."""
    meeting = seen_meeting(asked, asked.command.meeting)
    if not organises(asked.who, meeting):
        raise NotYourMeeting
    to_another(asked)
    seen_item(asked, meeting, asked.command.item)


# The front door, people and their agencies


def anywhere(asked: Asked) -> None:
    """Nothing more than the role."""


def own_partner(asked: Asked) -> None:
    """Where they act themselves."""
    if asked.command.partner != asked.who.agency:
        raise OnlyForYourself(agency=asked.who.agency)


def own_door(asked: Asked) -> None:
    """They refer for their programme, and in nobody else's name."""
    in_programme(asked)
    in_own_name(asked)


def in_programme(asked: Asked) -> None:
    """Their role is held in the programme."""
    if not asked.who.acts_as(asked.role, asked.command.programme):
        raise NotAllowed


def coordinating_in_programme(asked: Asked) -> None:
    """A coordinator of an agency that runs the programme types in what came to another door."""
    if not asked.who.coordinates_in(asked.command.programme):
        raise NotAllowed


def knows(asked: Asked, person: Person, *, openly: bool = False) -> bool:
    """Nobody comes by a person at their own front door, whose cases they do not see: for them there is none such.

    `openly`: a case of theirs that they coordinate.
    """
    cases = _cases_of(asked, person)
    seen = [each for case in cases if (each := asked.seen(case)) and each.hidden is not RedactionReason.RECUSED]
    return not cases or any(each.everything or not openly for each in seen)


def refers_as_known(asked: Asked, person: Person, programme: str, *, led_on: bool) -> bool:
    """Whether somebody who is registered is there for whoever refers them to this programme. If not, they are answered
    as where nobody is: that is the last thing that is wrong with a referral, so no rule says it before the decision.
    """
    if asked.who.coordinates_in(programme):
        return knows(asked, person, openly=True)
    # What a referrer does not see, colleagues at the front door would: the referral would be their way to it.
    strictly = led_on or any((part, programme) in asked.who.runs for part in KEEPS_THE_DOOR)
    return not strictly or knows(asked, person)


def _cases_of(asked: Asked, person: Person) -> list[Case]:
    return [held for case, _ in person.cases if (held := asked.reads.case(case))]


def attaching(asked: Asked) -> None:
    """Whose part has ended does not come back by a further referral."""
    taking_part(asked)
    in_own_name(asked)


def coordinating_person(asked: Asked) -> None:
    """They coordinate a case of the person; or nobody has a case of theirs yet, and they coordinate somewhere."""
    person = asked.reads.person(asked.command.person)
    if person is None:
        raise UnknownPerson(person=asked.command.person)
    cases = _cases_of(asked, person)
    somewhere = any(asked.who.coordinates_in(programme) for _, programme in asked.who.runs)
    openly = any(seen.everything for case in cases if (seen := asked.seen(case)))
    if not somewhere or (cases and not openly):
        raise UnknownPerson(person=asked.command.person)


def letting_go(asked: Asked) -> None:
    """The same, and they are kept out of no case of theirs."""
    coordinating_person(asked)
    not_kept_from(asked)


def guarding_person(asked: Asked) -> None:
    """They are the Caldicott contact of every programme in which the person has a case, and kept out of none."""
    person = asked.reads.person(asked.command.person)
    if person is None or not guards(asked.who, {programme for _, programme in person.cases}):
        raise UnknownPerson(person=asked.command.person)
    not_kept_from(asked)


def guarding_some(asked: Asked) -> None:
    """They are the Caldicott contact of a programme in which the person has a case, and kept out of none: whoever has a
    right is not kept waiting until one of them answers for every programme.
    """
    person = asked.reads.person(asked.command.person)
    if person is None or not guards_some(asked.who, {programme for _, programme in person.cases}):
        raise UnknownPerson(person=asked.command.person)
    not_kept_from(asked)


def not_kept_from(asked: Asked) -> None:
    person = asked.reads.person(asked.command.person)
    sights = _sights(asked, person) if person else []
    if any(seen is not None and seen.hidden is RedactionReason.RECUSED for seen in sights):
        raise UnknownPerson(person=asked.command.person)


def merging(asked: Asked) -> None:
    """They coordinate a case of each of the two, and are kept out of none; for who does not, the other, and what was
    said of the two, is not there.
    """
    coordinating_person(asked)
    person, named = asked.reads.person(asked.command.person), isinstance(asked.command, RequestMerge)
    held = person.side.held(asked.command.merge) if person else None
    # Of somebody else under the id of what they may not know of, as if it were free: the decision says that it is not.
    other_id = asked.command.retired if named else held.other(asked.command.person) if held else None
    other = asked.reads.person(other_id) if other_id else None
    both = [person, other]
    if other is None or not all(each and knows_as_one(_sights(asked, each)) for each in both):
        raise UnknownOther(retired=other_id) if named else UnknownMerge(merge=asked.command.merge)


def _sights(asked: Asked, person: Person) -> list[Sight | None]:
    return [asked.seen(case) for case in _cases_of(asked, person)]


def at_the_persons_door(asked: Asked) -> None:
    """They coordinate a live case of the person at a front door that they keep, and somebody else referred it: nobody
    looks up whom they have made up themselves.
    """
    case, _ = coordinated(asked)
    if case.person != asked.command.person:
        raise UnknownPerson(person=asked.command.person)
    if not (case.live and asked.who.keeps_the_door(case.programme)):
        raise NotAtTheDoor
    if all(held.referrer == asked.who.user for held in case.referrals):
        raise ReferredByYourself


def taking_contacts(asked: Asked) -> None:
    """They keep the programme's front door, and come by nobody there whose cases they do not see."""
    if not asked.who.keeps_the_door(asked.command.programme):
        raise NotYourDoor
    if asked.command.person is None:
        return
    person = asked.reads.person(asked.command.person)
    if person is None or not knows(asked, person):
        raise UnknownPerson(person=asked.command.person)


def seen_contact(asked: Asked, contact: UUID) -> Contact:
    held = asked.reads.contact(contact)
    if held is None or not sees_contact(asked, held):
        raise UnknownContact(contact=contact)
    return held


def sees_contact(asked: Asked, contact: Contact) -> bool:
    # Before anything of the person is read.
    if not asked.who.keeps_the_door(contact.programme):
        return False
    people = [person for each in sorted(contact.people) if (person := asked.reads.person(each))]
    cases = map(asked.reads.case, cases_behind(contact, people))
    seen = (asked.seen(case) for case in cases)
    recused = any(each is not None and each.hidden is RedactionReason.RECUSED for each in seen)
    return contact_seen(asked.who, contact, recused=recused)


def working_contact(asked: Asked) -> None:
    """It came to a front door that they keep."""
    seen_contact(asked, asked.command.contact)


def linking_contacts(asked: Asked) -> None:
    """Both came to front doors that they keep."""
    working_contact(asked)
    seen_contact(asked, asked.command.earlier)


def leading_on(asked: Asked) -> None:
    """The same; into another programme they refer as anybody does, in nobody else's name."""
    working_contact(asked)
    if not asked.who.coordinates_in(asked.command.programme):
        in_own_name(asked)


def in_an_emergency(asked: Asked) -> None:
    """For their own agency, as themselves. Whether there is such a case, and one that they may open, is decided behind
    all else that may be wrong: so that nobody learns of it without its being recorded.
    """
    if asked.command.agency != asked.who.agency:
        raise OnlyForYourself(agency=asked.who.agency)


def having_opened(asked: Asked) -> None:
    """They opened it themselves."""
    held = _opened(asked)
    if (held.opened.user, held.opened.agency) != (asked.who.user, asked.who.agency):
        raise UnknownOpening(opening=asked.command.opening)


def guarding_opened(asked: Asked) -> None:
    """They are the Caldicott contact of the programme of the case that was opened, and kept out of none of whoever it
    is about.
    """
    held = _opened(asked)
    case = asked.reads.case(held.opened.case)
    person = asked.reads.person(case.person) if case else None
    sights = [asked.seen(case), *(_sights(asked, person) if person else ())]
    kept = case is None or any(seen is not None and seen.hidden is RedactionReason.RECUSED for seen in sights)
    if kept or not guards(asked.who, {held.opened.programme}):
        raise UnknownOpening(opening=asked.command.opening)


def _opened(asked: Asked) -> Glass:
    held = asked.reads.grants(asked.command.agency).glass(asked.command.opening)
    if held is None:
        raise UnknownOpening(opening=asked.command.opening)
    return held


def disclosing_from_the_chair(asked: Asked) -> None:
    """A chair lets others be told, never their own agency."""
    chairing_case(asked)
    if asked.command.agency == asked.who.agency:
        raise OnlyByAnother


def answering_for_owner(asked: Asked) -> None:
    """The handshake is the owner's own. A coordinator finds another owner, and answers for their own agency."""
    coordinating(asked)
    if asked.command.answer is not ActionAnswer.REASSIGN and not _owns(asked):
        raise NotYourAction


def progressing_own(asked: Asked) -> None:
    """The same of work under way."""
    coordinating(asked)
    if not _owns(asked):
        raise NotYourAction


def discussing_at_once(asked: Asked) -> None:
    """Recorded by somebody who works on the case, or, as a partner, whose agency has a part in it."""
    case, seen = seen_case(asked, asked.command.case)
    part = asked.role is Role.PARTNER and seen.part and case.involved(asked.who.agency)
    if not (seen.everything or part):
        raise NotYourCase


def known_partner(asked: Asked) -> Partner:
    held = asked.reads.partner(asked.command.partner)
    if held is None:
        raise UnknownPartner(partner=asked.command.partner)
    return held
