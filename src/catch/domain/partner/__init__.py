"""A partner: an organisation with an information sharing agreement, what it runs, and the people who act for it.

Read `organisation`, then `members`; `state` is what they build. The stream's id is made from the partner's key, so
every fact names the key.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from catch.domain.partner import members, organisation
from catch.domain.partner.members import (
    AllowService,
    BindSubject,
    CalendarRenewed,
    EndRole,
    EndTag,
    EnrolMember,
    EnrolService,
    GiveRole,
    GiveTag,
    MemberCommand,
    MemberEnrolled,
    MemberEvent,
    MemberNotEnrolled,
    MemberReinstated,
    MemberSuspended,
    NotAPerson,
    NotForYourself,
    ReinstateMember,
    RenewCalendar,
    RoleEnded,
    RoleGiven,
    ServiceAllowed,
    SubjectBound,
    SubjectUnbound,
    SuspendMember,
    TagEnded,
    TagGiven,
    UnbindSubject,
)
from catch.domain.partner.organisation import (
    AgencyLeftProgramme,
    AgencyRunsProgramme,
    AgreementCoversNothing,
    AgreementEndsBeforeItStarts,
    AgreementSigned,
    AgreementTerminated,
    EndsBeforeItBegins,
    LeaveProgramme,
    OrganisationCommand,
    OrganisationEvent,
    PartnerRegistered,
    RegisterPartner,
    RunProgramme,
    SignAgreement,
    TerminateAgreement,
    UnknownAgreement,
)
from catch.domain.partner.state import (
    Agreement,
    Binding,
    Bound,
    HeldRole,
    HeldTag,
    Member,
    Partner,
    Running,
    RunningPart,
    ServiceAccount,
)
from catch.domain.subject import Subjects

if TYPE_CHECKING:
    from catch.domain.given import Given  # which holds partners

PartnerEvent = OrganisationEvent | MemberEvent
PartnerCommand = OrganisationCommand | MemberCommand


SUBJECTS = Subjects((organisation.SUBJECT, members.SUBJECT), PartnerEvent, PartnerCommand)


def decide(partner: Partner | None, command: PartnerCommand, given: "Given") -> list[PartnerEvent]:
    """The facts that answer the command, none where they hold already; or a refusal."""
    return [*SUBJECTS.decide_of[type(command)](partner, command, given)]


def evolve(partner: Partner | None, event: PartnerEvent, at: datetime) -> Partner | None:
    """Where the fact leaves the partner. A stream that does not begin with its registration stays None."""
    if partner is None:
        registered = isinstance(event, PartnerRegistered)
        return Partner(event.partner, event.name, event.kind, ods=event.ods) if registered else None
    after: Partner = SUBJECTS.evolve_of[type(event)](partner, event, at)
    return after


__all__ = [
    "SUBJECTS",
    "AgencyLeftProgramme",
    "AgencyRunsProgramme",
    "Agreement",
    "AgreementCoversNothing",
    "AgreementEndsBeforeItStarts",
    "AgreementSigned",
    "AgreementTerminated",
    "AllowService",
    "BindSubject",
    "Binding",
    "Bound",
    "CalendarRenewed",
    "EndRole",
    "EndTag",
    "EndsBeforeItBegins",
    "EnrolMember",
    "EnrolService",
    "GiveRole",
    "GiveTag",
    "HeldRole",
    "HeldTag",
    "LeaveProgramme",
    "Member",
    "MemberEnrolled",
    "MemberNotEnrolled",
    "MemberReinstated",
    "MemberSuspended",
    "NotAPerson",
    "NotForYourself",
    "Partner",
    "PartnerCommand",
    "PartnerEvent",
    "PartnerRegistered",
    "RegisterPartner",
    "ReinstateMember",
    "RenewCalendar",
    "RoleEnded",
    "RoleGiven",
    "RunProgramme",
    "Running",
    "RunningPart",
    "ServiceAccount",
    "ServiceAllowed",
    "SignAgreement",
    "SubjectBound",
    "SubjectUnbound",
    "SuspendMember",
    "TagEnded",
    "TagGiven",
    "TerminateAgreement",
    "UnbindSubject",
    "UnknownAgreement",
    "decide",
    "evolve",
]
