"""Who may do what: relationship, role and agreement, asked before a command is decided."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from catch.access.seeing import Seat, chairs, coordinates, item_hidden, item_unknown, recused, suspended
from catch.domain.case import CaseCommand, actions, disclosure, notes, proposals, recusal, referral
from catch.domain.case.state import Case
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Command, Role
from catch.domain.meeting import MeetingCommand, adding, attendance, drafting, editing, floor, invitations, session
from catch.domain.meeting.items import DeferReason, Item
from catch.domain.meeting.rules import NotInvited, NotOnTheAgenda
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner, PartnerCommand
from catch.domain.person import PersonCommand, RegisterPerson
from catch.domain.programme import ProgrammeCommand
from catch.domain.refusals import Refused, UnknownCase
from catch.domain.restricted import RaiseSafeguardingConcern, RestrictedCommand


class NotAllowed(Refused):
    """Your role does not allow this."""


class NotYourCase(Refused):
    """You have no part in this case that allows this."""


class NotYourAction(Refused):
    """Only the partner who owns the action can answer for it."""


class NotYourMeeting(Refused):
    """Only the chair of this meeting can do this."""


class OnlyForYourself(Refused):
    """You can do this only for yourself or your own agency."""


class SuspendedByAgency(Refused):
    """Your agency has suspended your access. Ask whoever looks after its members."""


class Recused(Refused):
    """You are kept out of the case that this item is about."""


class AgencyNotUnderAgreement(Refused):
    """Your agency has no information sharing agreement in force for this programme."""


_CHAIR_ONLY = (
    drafting.PublishAgenda,
    adding.AddLateItem,
    session.StartMeeting,
    session.AdjournMeeting,
    session.ResumeMeeting,
    session.EndMeeting,
    session.ConfirmMinutes,
    session.HandOverChair,
)
_OWNER_ONLY = (
    actions.RespondToAction,
    actions.ProgressAction,
    actions.CompleteAction,
    actions.CloseActionIncomplete,
)
_OWN_SEAT = (
    attendance.JoinMeeting,
    attendance.LeaveMeeting,
    attendance.SendApology,
    attendance.AcceptConfidentiality,
    attendance.DeclareInterest,
)
_INVOLVED_PARTNER = (
    proposals.ProposeForMeeting,
    notes.AddNote,
    notes.RecordUnmetNeed,
    recusal.DeclareRecusal,
)
_ANY_DOOR = (RegisterPerson, referral.SubmitReferral, referral.AttachReferral)
_CHAIR_ON_CASE = (
    disclosure.AuthoriseDisclosure,
    disclosure.EndDisclosure,
    notes.RecordUnmetNeed,
    proposals.ProposeForMeeting,
    recusal.RecusalCommand,
)


def may(
    actor: Actor,
    command: Command,
    case: Case | None = None,
    meeting: Meeting | None = None,
    own: Partner | None = None,
    *,
    at: datetime,
    seats: Sequence[Seat] = (),
) -> None:
    """Raises a `Refused` unless the actor may ask for this.

    `case` and `meeting` are those the command speaks of; `own` is the actor's agency, where it is registered;
    `at` is now, whatever time the command speaks of. `seats` are the case's at meetings: chairs act on no other case.
    """
    if own is not None and suspended(actor, own):
        raise SuspendedByAgency(agency=actor.agency)
    if isinstance(command, RaiseSafeguardingConcern):
        return  # it only writes, and goes before everything else, a recusal too
    if role_may(actor.role, type(command)):
        not_recused(actor, command, case, meeting, seats)
    match actor.role:
        case Role.SYSTEM:
            return
        case Role.AUDITOR:
            raise NotAllowed(role=actor.role)
        case Role.REFERRER:
            if not isinstance(command, _ANY_DOOR):
                raise NotAllowed(role=actor.role)
            own_door(actor, command)
        case Role.ADMINISTRATOR:
            # Separation of duties: whoever runs the service has nothing to do with any case.
            if not isinstance(command, ProgrammeCommand | PartnerCommand):
                raise NotAllowed(role=actor.role)
        case Role.PARTNER:
            partner_may(actor, command, case, meeting, own, at)
        case Role.CHAIR | Role.COORDINATOR:
            organiser_may(actor, command, case, meeting)
            if actor.role is Role.CHAIR and isinstance(command, _CHAIR_ON_CASE):
                chair_may_here(actor, case, seats, at)


def not_recused(
    actor: Actor, command: Command, case: Case | None, meeting: Meeting | None, seats: Sequence[Seat]
) -> None:
    """For whoever is kept out of a case there is none; of an item about it they know that it is there."""
    item = named_item(meeting, command)
    if case is None or not recused(actor.user, case, seats):
        here = meeting is not None and item is not None and meeting.recused(item.item, actor.user)
        if not here:
            return
    if case is not None and getattr(command, "case", None) == case.case:
        raise UnknownCase(case=case.case)
    if item is None or left_to_the_recused(actor, command, meeting):
        return
    if meeting is not None and item_unknown(actor, meeting, item):
        raise NotOnTheAgenda(item=item.item)
    raise Recused(item=item.item)


def named_item(meeting: Meeting | None, command: Command) -> Item | None:
    named = getattr(command, "item", None)
    return meeting.item(named) if meeting and isinstance(named, UUID) else None


def left_to_the_recused(actor: Actor, command: Command, meeting: Meeting | None) -> bool:
    """They say again that they have an interest; whoever is in the chair learns why they cannot open the item, and
    puts it off. That nobody resolves their own interest is decided with the rest."""
    match command:
        case attendance.DeclareInterest(user=user):
            return user == actor.user
        case attendance.ResolveInterest(user=user):
            return user == actor.user
        case floor.OpenItem() | floor.DeferItem(reason=DeferReason.CHAIR, to_meeting=None):
            return meeting is not None and chairs(actor, meeting)
        case _:
            return False


def own_door(actor: Actor, command: Command) -> None:
    """Who referred is who hears back and may ask after the case: nobody refers in another agency's name."""
    if getattr(command, "on_behalf_of", None) not in (None, actor.agency):
        raise OnlyForYourself(user=actor.user, agency=actor.agency)


def partner_may(
    actor: Actor, command: Command, case: Case | None, meeting: Meeting | None, own: Partner | None, at: datetime
) -> None:
    if isinstance(command, _ANY_DOOR):
        own_door(actor, command)
        return
    programme = case.programme if case else meeting.programme if meeting else None
    if programme is not None and (own is None or not own.in_force(programme, at)):
        raise AgencyNotUnderAgreement(agency=actor.agency, programme=programme)
    if isinstance(command, _OWNER_ONLY):
        if case is None or not owns(actor, case, command.action) or not takes_part(actor, case, at):
            raise NotYourAction
        return
    if isinstance(command, _INVOLVED_PARTNER):
        if case is None or not takes_part(actor, case, at):
            raise NotYourCase
        if isinstance(command, recusal.DeclareRecusal):
            own_seat(actor, command)
        return
    if isinstance(command, _OWN_SEAT):
        own_seat(actor, command)
        own_interest(actor, command, meeting)
        return
    if isinstance(command, invitations.SetAvailability):
        if command.agency != actor.agency:
            raise OnlyForYourself(agency=actor.agency)
        return
    if isinstance(command, editing.PullFromNoting):
        item = meeting.item(command.item) if meeting else None
        if meeting is None or item is None or item_hidden(actor, meeting, item):
            raise NotInvited(user=actor.user, agency=actor.agency)
        return
    raise NotAllowed(role=actor.role)


def owns(actor: Actor, case: Case, action: UUID) -> bool:
    held = case.action(action)
    return held is not None and held.owner == actor.agency


def takes_part(actor: Actor, case: Case, at: datetime) -> bool:
    """A partner's part ends with its involvement, or when nothing may be told to it any more."""
    return case.involved(actor.agency) and bool(case.disclosed(actor.agency, at))


def own_seat(actor: Actor, command: Command) -> None:
    user = getattr(command, "user", actor.user)
    agency = getattr(command, "agency", actor.agency)
    if user != actor.user or agency != actor.agency:
        raise OnlyForYourself(user=actor.user, agency=actor.agency)


def own_interest(actor: Actor, command: Command, meeting: Meeting | None) -> None:
    """Whoever may not know of an item is answered as if there were none: they might name one to find out."""
    if isinstance(command, attendance.DeclareInterest) and meeting is not None:
        item = meeting.item(command.item)
        if item is not None and item_unknown(actor, meeting, item):
            raise NotOnTheAgenda(item=command.item)


def organiser_may(actor: Actor, command: Command, case: Case | None, meeting: Meeting | None) -> None:
    if isinstance(command, ProgrammeCommand | PartnerCommand):
        raise NotAllowed(role=actor.role)
    if isinstance(command, _ANY_DOOR):
        return
    if isinstance(command, _CHAIR_ONLY):
        if meeting is not None and not chairs(actor, meeting):
            raise NotYourMeeting
        return
    if isinstance(command, MeetingCommand | OfferActionInMeeting):
        meeting_organiser_may(actor, command, meeting)
        return
    if isinstance(command, PersonCommand) and actor.role is Role.COORDINATOR:
        return
    if isinstance(command, RestrictedCommand) and actor.role is Role.COORDINATOR:
        if case is None or not coordinates(actor, case):
            raise UnknownCase(case=command.case)
        return
    if isinstance(command, CaseCommand):
        case_organiser_may(actor, command, case, meeting)
        return
    raise NotAllowed(role=actor.role)


def case_organiser_may(actor: Actor, command: CaseCommand, case: Case | None, meeting: Meeting | None) -> None:
    if case is None:
        return  # decide says that there is no such case
    if actor.role is Role.COORDINATOR:
        if not coordinates(actor, case):
            raise NotYourCase
        answers_for_owner(actor, command, case)
    elif not isinstance(command, _CHAIR_ON_CASE):
        raise NotAllowed(role=actor.role)


def answers_for_owner(actor: Actor, command: CaseCommand, case: Case) -> None:
    """The handshake is the owner's own. A coordinator finds another owner, and settles what is left over."""
    if not isinstance(command, actions.ProgressAction | actions.RespondToAction):
        return
    reassigns = isinstance(command, actions.RespondToAction) and command.answer is actions.ActionAnswer.REASSIGN
    if not reassigns and case.action(command.action) is not None and not owns(actor, case, command.action):
        raise NotYourAction


def chair_may_here(actor: Actor, case: Case | None, seats: Sequence[Seat], at: datetime) -> None:
    """A chair has no standing access to cases outside the meetings they chair."""
    if case is not None and not any(seat.chair == actor.user and at <= seat.until for seat in seats):
        raise NotYourCase


def meeting_organiser_may(actor: Actor, command: Command, meeting: Meeting | None) -> None:
    """Another meeting's chair is a guest like any other."""
    if actor.role is not Role.CHAIR or meeting is None or chairs(actor, meeting):
        return
    if not isinstance(command, _OWN_SEAT):
        raise NotYourMeeting
    own_seat(actor, command)
    own_interest(actor, command, meeting)


def role_may(role: Role, kind: type[Command]) -> bool:
    """Whether the role can ask for this kind of command at all; the case or the meeting may still forbid it."""
    if issubclass(kind, RaiseSafeguardingConcern):
        return True
    configures = issubclass(kind, ProgrammeCommand | PartnerCommand)
    match role:
        case Role.SYSTEM:
            return True
        case Role.AUDITOR:
            return False
        case Role.REFERRER:
            return issubclass(kind, _ANY_DOOR)
        case Role.ADMINISTRATOR:
            return configures
        case Role.PARTNER:
            own = (*_ANY_DOOR, *_OWNER_ONLY, *_INVOLVED_PARTNER, *_OWN_SEAT)
            return issubclass(kind, (*own, invitations.SetAvailability, editing.PullFromNoting))
        case Role.COORDINATOR:
            return not configures and not issubclass(kind, _CHAIR_ONLY)
        case Role.CHAIR:
            meets = issubclass(kind, MeetingCommand | OfferActionInMeeting)
            return meets or issubclass(kind, (*_ANY_DOOR, *_CHAIR_ON_CASE))
