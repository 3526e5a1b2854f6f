"""Who gives what to whom: every right has a giver, and nobody gives to themselves (`8-access.md`, Standing 5)."""

from datetime import date

from catch.access.relations import Asked, NotYourAgency, known_partner, to_another
from catch.domain.calendar import london_day
from catch.domain.facts import Role
from catch.domain.partner import EndRole, Partner


def enrolling(asked: Asked) -> None:
    """An agency's member administrator; where there is none yet, whoever may appoint the first."""
    partner = known_partner(asked)
    to_another(asked)
    if asked.role is Role.MEMBER_ADMINISTRATOR and asked.who.agency == partner.partner:
        return
    if not _begins(asked) or has(partner, Role.MEMBER_ADMINISTRATOR, None, london_day(asked.at)):
        raise NotYourAgency


def looking_after(asked: Asked) -> None:
    """An agency's member administrator, over others."""
    partner = known_partner(asked)
    to_another(asked)
    if asked.who.agency != partner.partner:
        raise NotYourAgency


def suspending(asked: Asked) -> None:
    """Security does not wait: the service administrator may suspend anybody but themselves."""
    known_partner(asked)
    to_another(asked)


def giving(asked: Asked) -> None:
    """Each role by whom it is given, to somebody else."""
    partner = known_partner(asked)
    to_another(asked)
    if not gives(asked, partner, asked.command.role, asked.command.programme):
        raise NotYourAgency


def tagging(asked: Asked) -> None:
    """The Caldicott contact of the programme, to somebody else."""
    known_partner(asked)
    to_another(asked)
    if not asked.who.acts_as(Role.CALDICOTT, asked.command.programme):
        raise NotYourAgency


def gives(asked: Asked, partner: Partner, role: Role, programme: str | None) -> bool:
    who, by, day = asked.who, asked.role, london_day(asked.at)
    own = who.agency == partner.partner
    looks_after = own and by is Role.MEMBER_ADMINISTRATOR
    match role:
        case Role.PARTNER | Role.REFERRER:
            return looks_after
        case Role.COORDINATOR:
            ending = isinstance(asked.command, EndRole)
            return looks_after and (ending or (programme is not None and bool(partner.runs(programme, day))))
        case Role.CHAIR | Role.DEPUTY | Role.PREPARER:
            return appoints(asked, programme)
        case Role.AUDITOR | Role.ANALYST:
            return by is Role.CALDICOTT and programme is not None and who.acts_as(by, programme)
        case Role.MEMBER_ADMINISTRATOR:
            return looks_after or (_begins(asked) and not has(partner, role, None, day))
        case Role.APPOINTING_OFFICER | Role.CALDICOTT:
            colleague = own and by is role and programme is not None and who.acts_as(role, programme)
            return colleague or (_founds(asked) and not has(partner, role, programme, day))
        case Role.ADMINISTRATOR:
            return _founds(asked)
        case Role.SYSTEM:
            return False


def appoints(asked: Asked, programme: str | None) -> bool:
    """The appointing officer of the agency that leads the programme."""
    who, officer = asked.who, Role.APPOINTING_OFFICER
    return programme is not None and asked.role is officer and who.acts_as(officer, programme) and who.leads(programme)


def _founds(asked: Asked) -> bool:
    return asked.role is Role.ADMINISTRATOR


def _begins(asked: Asked) -> bool:
    """Who lets a new agency make a beginning: the service administrator, or the officer of an agency that leads."""
    return _founds(asked) or any(appoints(asked, programme) for _, programme in asked.who.runs)


def has(partner: Partner, role: Role, programme: str | None, day: date) -> bool:
    """Whether somebody of the agency holds the role."""
    return any(
        held.role is role and held.programme == programme
        for member in partner.members
        if not member.suspended
        for held in member.roles_on(day)
    )
