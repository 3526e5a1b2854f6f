"""Who gives what to whom: every right has a giver, and nobody gives to themselves."""

from collections.abc import Mapping
from datetime import date

from catch.access.relations import Asked, NotYourAgency, known_partner, to_another
from catch.domain.calendar import london_day
from catch.domain.facts import Role
from catch.domain.partner import GiveRole, Partner, RunningPart
from catch.domain.partner.members import IN_THE_PLACE
from catch.domain.refusals import Refused


class AgencyDoesNotRunIt(Refused):
    """This role is for people of an agency that runs the programme; appointing officers and Caldicott contacts are of
    the agency that leads it. The service administrator says which do: runProgramme.
    """


def enrolling(asked: Asked) -> None:
    """An agency's member administrator; where there is none yet, whoever may appoint the first."""
    partner = known_partner(asked)
    to_another(asked)
    if asked.role is Role.MEMBER_ADMINISTRATOR and asked.who.agency == partner.partner:
        return
    if not _begins(asked) or has(partner, Role.MEMBER_ADMINISTRATOR, None, london_day(asked.at)):
        raise NotYourAgency(given_by=Role.MEMBER_ADMINISTRATOR)


def looking_after(asked: Asked) -> None:
    """An agency's member administrator, over others."""
    partner = known_partner(asked)
    to_another(asked)
    if asked.who.agency != partner.partner:
        raise NotYourAgency(given_by=Role.MEMBER_ADMINISTRATOR)


def suspending(asked: Asked) -> None:
    """Security does not wait: the service administrator may suspend anybody but themselves."""
    known_partner(asked)
    to_another(asked)


def giving(asked: Asked) -> None:
    """Each role by whom it is given, to somebody else."""
    partner = known_partner(asked)
    to_another(asked)
    role, programme = asked.command.role, asked.command.programme
    if programme is None and role not in IN_THE_PLACE:
        return  # such a role is nobody's to give: the decision says that it needs a programme
    if not gives(asked, partner, role, programme):
        raise NotYourAgency(given_by=", ".join(GIVERS[role]))
    # Not for taking it away, which must work also where the agency runs the programme no longer.
    if isinstance(asked.command, GiveRole) and programme is not None:
        runs_it(partner, role, programme, london_day(asked.at))


def tagging(asked: Asked) -> None:
    """The Caldicott contact of the programme, to somebody else."""
    known_partner(asked)
    to_another(asked)
    if not of_the_lead(asked, Role.CALDICOTT, asked.command.programme):
        raise NotYourAgency(given_by=Role.CALDICOTT)


GIVERS: Mapping[Role, tuple[Role, ...]] = {
    Role.PARTNER: (Role.MEMBER_ADMINISTRATOR,),
    Role.REFERRER: (Role.MEMBER_ADMINISTRATOR,),
    Role.COORDINATOR: (Role.MEMBER_ADMINISTRATOR,),
    Role.CHAIR: (Role.APPOINTING_OFFICER,),
    Role.DEPUTY: (Role.APPOINTING_OFFICER,),
    Role.PREPARER: (Role.APPOINTING_OFFICER,),
    Role.AUDITOR: (Role.CALDICOTT,),
    Role.ANALYST: (Role.CALDICOTT,),
    Role.MEMBER_ADMINISTRATOR: (Role.MEMBER_ADMINISTRATOR, Role.APPOINTING_OFFICER, Role.ADMINISTRATOR),
    Role.APPOINTING_OFFICER: (Role.APPOINTING_OFFICER, Role.ADMINISTRATOR),
    Role.CALDICOTT: (Role.CALDICOTT, Role.ADMINISTRATOR),
    Role.ADMINISTRATOR: (Role.ADMINISTRATOR,),
    Role.SYSTEM: (),
}
"""Who may give each role at all, to say it to who may not; `gives` has the rest."""


def runs_it(partner: Partner, role: Role, programme: str, day: date) -> None:
    """Some roles are for agencies that run the programme, or lead it."""
    runs = partner.runs(programme, day)
    needed = _NEEDS.get(role)
    if needed is not None and not runs & needed:
        raise AgencyDoesNotRunIt(agency=partner.partner, programme=programme)


_NEEDS = {
    Role.COORDINATOR: frozenset(RunningPart),
    Role.APPOINTING_OFFICER: frozenset({RunningPart.LEAD}),
    Role.CALDICOTT: frozenset({RunningPart.LEAD}),
}


def gives(asked: Asked, partner: Partner, role: Role, programme: str | None) -> bool:
    who, by, day = asked.who, asked.role, london_day(asked.at)
    own = who.agency == partner.partner
    looks_after = own and by is Role.MEMBER_ADMINISTRATOR
    match role:
        case Role.PARTNER | Role.REFERRER:
            return looks_after
        case Role.COORDINATOR:
            return looks_after
        case Role.CHAIR | Role.DEPUTY | Role.PREPARER:
            return of_the_lead(asked, Role.APPOINTING_OFFICER, programme)
        case Role.AUDITOR | Role.ANALYST:
            return of_the_lead(asked, Role.CALDICOTT, programme)
        case Role.MEMBER_ADMINISTRATOR:
            return looks_after or (_begins(asked) and not has(partner, role, None, day))
        case Role.APPOINTING_OFFICER | Role.CALDICOTT:
            colleague = own and of_the_lead(asked, role, programme)
            return colleague or (_founds(asked) and not has(partner, role, programme, day))
        case Role.ADMINISTRATOR:
            return _founds(asked)
        case Role.SYSTEM:
            return False


def of_the_lead(asked: Asked, role: Role, programme: str | None) -> bool:
    """They do it as this, for a programme that their agency leads."""
    who = asked.who
    return programme is not None and asked.role is role and who.acts_as(role, programme) and who.leads(programme)


def _founds(asked: Asked) -> bool:
    return asked.role is Role.ADMINISTRATOR


def _begins(asked: Asked) -> bool:
    """Who lets a new agency make a beginning: the service administrator, or the officer of an agency that leads."""
    return _founds(asked) or any(
        of_the_lead(asked, Role.APPOINTING_OFFICER, programme) for _, programme in asked.who.runs
    )


def has(partner: Partner, role: Role, programme: str | None, day: date) -> bool:
    """Whether somebody of the agency holds the role."""
    return any(
        held.role is role and held.programme == programme
        for member in partner.members
        # Otherwise an agency whose only administrator is suspended could not be given another.
        if not member.suspended
        for held in member.roles_on(day)
    )
