"""Who may be named: somebody who is said to act for an agency acts for it on that day, in that programme."""

from catch.domain.calendar import london_day
from catch.domain.given import Given
from catch.domain.partner import MemberNotEnrolled, NotAPerson


def check_member(agency: str, user: str, given: Given) -> None:
    """Raises `MemberNotEnrolled` for whoever is none of the agency's people. Suspended or without a role they still
    are: who is kept out of something must be somebody.
    """
    partner = given.partners.get(agency)
    member = partner.member(user) if partner else None
    if partner and (member is None or member.service is not None):
        raise MemberNotEnrolled(user=user, agency=agency)


def check_person(agency: str, user: str, given: Given) -> None:
    """Raises `NotAPerson` for a program of the agency's. A guest need not be enrolled."""
    partner = given.partners.get(agency)
    member = partner.member(user) if partner else None
    if member is not None and member.service is not None:
        raise NotAPerson(user=user, agency=agency)


def check_acts_for(agency: str, user: str | None, programme: str, given: Given) -> None:
    """Raises `MemberNotEnrolled` for whoever is not enrolled at the agency, is suspended, or has no role any more.

    Whether there is such an agency at all is asked elsewhere.
    """
    partner = given.partners.get(agency)
    if partner is None or user is None:
        return
    if not partner.acts(user, programme, london_day(given.at)):
        raise MemberNotEnrolled(user=user, agency=agency)
