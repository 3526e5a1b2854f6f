"""Who may do what, and who sees what. One pure module, asked by mutations, queries, subscriptions and replay alike.

Access = relationship (why this person, this case) and role and category and agreement, and no recusal
(`8-access.md`). `may` raises a refusal; `sight` says which categories of a case somebody sees and why the rest is
hidden; `item_sight` the same for one item of an agenda.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from catch.domain.case import CaseCommand, actions, notes, proposals, referral, sharing
from catch.domain.case.state import Case
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Category, Command, Part, Role
from catch.domain.meeting import MeetingCommand, adding, attendance, drafting, editing, invitations, session
from catch.domain.meeting.state import LIVE, Item, Meeting
from catch.domain.partner import Partner, PartnerCommand
from catch.domain.person import PersonCommand, RegisterPerson
from catch.domain.programme import ProgrammeCommand
from catch.domain.refusals import Refused

ATTENDEE_WINDOW = timedelta(days=7)
"""How long after a meeting those who sat in it still see its items."""


class RedactionReason(StrEnum):
    """Why something is withheld."""

    NO_DISCLOSURE = "no-disclosure"
    RESTRICTED = "restricted"
    NOT_INVOLVED = "not-involved"
    RECUSED = "recused"
    ROLE = "role"
    ERASED = "erased"


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


class AgencyNotUnderAgreement(Refused):
    """Your agency has no information sharing agreement in force for this programme."""


# Who may do what

_CHAIR_ONLY = (
    drafting.PublishAgenda,
    adding.AddLateItem,
    session.StartMeeting,
    session.AdjournMeeting,
    session.ResumeMeeting,
    session.EndMeeting,
    session.ConfirmMinutes,
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
)
_ANY_DOOR = (RegisterPerson, referral.SubmitReferral, referral.AttachReferral)
_CHAIR_ON_CASE = (
    sharing.AuthoriseDisclosure,
    sharing.EndDisclosure,
    notes.RecordUnmetNeed,
    proposals.ProposeForMeeting,
)


def may(
    actor: Actor,
    command: Command,
    case: Case | None = None,
    meeting: Meeting | None = None,
    own: Partner | None = None,
    *,
    at: datetime,
) -> None:
    """Raises a `Refused` unless the actor may ask for this.

    `case` and `meeting` are those the command speaks of; `own` is the actor's agency, where it is registered;
    `at` is now, whatever time the command speaks of.
    """
    if own is not None and suspended(actor, own):
        raise SuspendedByAgency(agency=actor.agency)
    match actor.role:
        case Role.SYSTEM:
            return
        case Role.AUDITOR:
            raise NotAllowed(role=actor.role)
        case Role.REFERRER:
            if not isinstance(command, _ANY_DOOR):
                raise NotAllowed(role=actor.role)
        case Role.ADMINISTRATOR:
            # Separation of duties: whoever runs the service has nothing to do with any case.
            if not isinstance(command, ProgrammeCommand | PartnerCommand):
                raise NotAllowed(role=actor.role)
        case Role.PARTNER:
            partner_may(actor, command, case, meeting, own, at)
        case Role.CHAIR | Role.COORDINATOR:
            organiser_may(actor, command, case, meeting)


def partner_may(
    actor: Actor, command: Command, case: Case | None, meeting: Meeting | None, own: Partner | None, at: datetime
) -> None:
    if isinstance(command, _ANY_DOOR):
        return
    programme = case.programme if case else meeting.programme if meeting else None
    if programme is not None and (own is None or not own.in_force(programme, at)):
        raise AgencyNotUnderAgreement(agency=actor.agency, programme=programme)
    if isinstance(command, _OWNER_ONLY):
        action = case.action(command.action) if case else None
        if case is None or action is None or action.owner != actor.agency or not case.involved(actor.agency):
            raise NotYourAction
        return
    if isinstance(command, _INVOLVED_PARTNER):
        if case is None or not case.involved(actor.agency):
            raise NotYourCase
        return
    if isinstance(command, _OWN_SEAT):
        own_seat(actor, command)
        return
    if isinstance(command, invitations.SetAvailability):
        if command.agency != actor.agency:
            raise OnlyForYourself(agency=actor.agency)
        return
    if isinstance(command, editing.PullFromNoting):
        return
    raise NotAllowed(role=actor.role)


def own_seat(actor: Actor, command: Command) -> None:
    user = getattr(command, "user", actor.user)
    agency = getattr(command, "agency", actor.agency)
    if user != actor.user or agency != actor.agency:
        raise OnlyForYourself(user=actor.user, agency=actor.agency)


def organiser_may(actor: Actor, command: Command, case: Case | None, meeting: Meeting | None) -> None:
    if isinstance(command, ProgrammeCommand | PartnerCommand):
        raise NotAllowed(role=actor.role)
    if isinstance(command, _CHAIR_ONLY):
        if meeting is not None and not chairs(actor, meeting):
            raise NotYourMeeting
        return
    if isinstance(command, MeetingCommand | OfferActionInMeeting | PersonCommand | referral.SubmitReferral):
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
        return
    if not isinstance(command, _CHAIR_ON_CASE):
        raise NotAllowed(role=actor.role)


def chairs(actor: Actor, meeting: Meeting) -> bool:
    return actor.role is Role.CHAIR and actor.user == meeting.chair


def coordinates(actor: Actor, case: Case) -> bool:
    """A coordinator works on their agency's cases, and on those at the front door that nobody has taken yet."""
    if actor.role is not Role.COORDINATOR:
        return False
    holders = [worker for worker in (case.lead, case.clinical) if worker]
    return not holders or any(actor.agency == worker.agency for worker in holders)


def role_may(role: Role, kind: type[Command]) -> bool:
    """Whether the role can ask for this kind of command at all; the case or the meeting may still forbid it."""
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
            return not configures and (not issubclass(kind, CaseCommand) or issubclass(kind, _CHAIR_ON_CASE))


# Who sees what


class Sight(Part, frozen=True):
    """What somebody sees of a case: these categories, the rest hidden for this reason. `own_text`: what they wrote."""

    categories: frozenset[Category]
    hidden: RedactionReason
    agency: str
    everything: bool = False

    def hides(self, category: Category) -> RedactionReason | None:
        return None if category in self.categories else self.hidden


EVERYTHING = frozenset(Category)
_IN_MEETING = frozenset(
    {Category.IDENTITY, Category.CONTACT, Category.NEEDS, Category.PLAN, Category.DISCUSSION, Category.ACTIONS}
)
_AUDITOR = EVERYTHING - {Category.IDENTITY, Category.CONTACT, Category.RESTRICTED}
_NOTHING: frozenset[Category] = frozenset()


class Seat(Part, frozen=True):
    """What a meeting has to do with a case: who chairs it, who may see the item, who must not, and until when."""

    meeting: UUID
    chair: str
    visible_to: frozenset[str]
    recused: frozenset[str]
    until: datetime


def seat_of(meeting: Meeting, item: Item) -> Seat:
    """The meeting's bearing on the case of one of its items."""
    return Seat(
        meeting=meeting.meeting,
        chair=meeting.chair,
        visible_to=frozenset(item.visible_to),
        recused=frozenset(held.user for held in meeting.interests if held.item == item.item),
        until=(meeting.ended_at or max(meeting.starts_at, meeting.ends_at)) + ATTENDEE_WINDOW,
    )


def seats_of(meeting: Meeting, case: UUID) -> tuple[Seat, ...]:
    return tuple(seat_of(meeting, item) for item in meeting.items if item.case == case)


def sight(viewer: Actor, case: Case, partner: Partner | None, seats: Sequence[Seat], at: datetime) -> Sight | None:
    """What the viewer sees of the case at `at`; None where, for them, there is no such case.

    `partner` is the viewer's own agency; `seats` are the case's items at meetings whose agenda is published.
    """
    if any(viewer.user in seat.recused for seat in seats):
        return Sight(_NOTHING, RedactionReason.RECUSED, viewer.agency)
    near = [seat for seat in seats if at <= seat.until]
    match viewer.role:
        case Role.COORDINATOR:
            if coordinates(viewer, case):
                return Sight(EVERYTHING, RedactionReason.ROLE, viewer.agency, everything=True)
            return Sight(_IN_MEETING, RedactionReason.ROLE, viewer.agency) if near else None
        case Role.CHAIR:
            seen = any(seat.chair == viewer.user for seat in near)
            return Sight(_IN_MEETING, RedactionReason.ROLE, viewer.agency) if seen else None
        case Role.AUDITOR:
            return Sight(_AUDITOR, RedactionReason.ROLE, viewer.agency)
        case Role.PARTNER:
            return partner_sight(viewer, case, partner, near, at)
        case Role.REFERRER:
            referred = any(held.referrer_agency == viewer.agency for held in case.referrals)
            return Sight(_NOTHING, RedactionReason.ROLE, viewer.agency) if referred else None
        case Role.ADMINISTRATOR | Role.SYSTEM:
            return None


def partner_sight(
    viewer: Actor, case: Case, partner: Partner | None, seats: Sequence[Seat], at: datetime
) -> Sight | None:
    if partner is None or suspended(viewer, partner):
        return None
    invited = any(viewer.agency in seat.visible_to for seat in seats)
    if not (case.involved(viewer.agency) or invited):
        referred = any(held.referrer_agency == viewer.agency for held in case.referrals)
        return Sight(_NOTHING, RedactionReason.NOT_INVOLVED, viewer.agency) if referred else None
    disclosed = frozenset(
        category
        for category in case.disclosed(viewer.agency, at)
        if category is not Category.RESTRICTED and partner.covers(case.programme, frozenset({category}), at)
    )
    return Sight(disclosed, RedactionReason.NO_DISCLOSURE, viewer.agency)


def suspended(viewer: Actor, partner: Partner) -> bool:
    return any(member.user == viewer.user and member.suspended for member in partner.members)


def may_attend(viewer: Actor, meeting: Meeting, partner: Partner | None, at: datetime) -> bool:
    """Whether the meeting exists for the viewer at all."""
    match viewer.role:
        case Role.COORDINATOR | Role.AUDITOR | Role.SYSTEM:
            return True
        case Role.CHAIR:
            return True
        case Role.PARTNER:
            if partner is None or suspended(viewer, partner) or not partner.in_force(meeting.programme, at):
                return False
            if meeting.ended_at is not None and at > meeting.ended_at + ATTENDEE_WINDOW:
                return False
            return any(
                held.agency == viewer.agency and held.user in (None, viewer.user) for held in meeting.invitations
            )
        case Role.REFERRER | Role.ADMINISTRATOR:
            return False


def item_hidden(viewer: Actor, meeting: Meeting, item: Item) -> RedactionReason | None:
    """Why the viewer does not see this item; None where they do. A draft is the organisers' alone."""
    if meeting.recused(item.item, viewer.user):
        return RedactionReason.RECUSED
    match viewer.role:
        case Role.COORDINATOR | Role.AUDITOR | Role.SYSTEM:
            return None
        case Role.CHAIR:
            return None if chairs(viewer, meeting) else RedactionReason.ROLE
        case Role.PARTNER:
            published = meeting.published_at is not None or meeting.state in LIVE
            seen = (
                published
                and (item.case is None or viewer.agency in item.visible_to)
                and meeting.invited_to(item.item, viewer.agency, viewer.user)
            )
            return None if seen else RedactionReason.NOT_INVOLVED
        case Role.REFERRER | Role.ADMINISTRATOR:
            return RedactionReason.ROLE
