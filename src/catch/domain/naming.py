"""Who may be named: somebody who is said to act for an agency acts for it on that day, in that programme."""

from catch.domain.calendar import london_day
from catch.domain.given import Given
from catch.domain.partner import MemberNotEnrolled


def check_acts_for(agency: str, user: str | None, programme: str, given: Given) -> None:
    """Raises `MemberNotEnrolled` for whoever is not enrolled at the agency, is suspended, or has no role any more.

    Whether there is such an agency at all is asked elsewhere.
    """
    partner = given.partners.get(agency)
    if partner is None or user is None:
        return
    if not partner.acts(user, programme, london_day(given.at)):
        raise MemberNotEnrolled(user=user, agency=agency)
