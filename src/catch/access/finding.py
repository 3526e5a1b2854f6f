"""What SQL needs of the policy: the words under which a case or a meeting is found, and those a viewer may look under.

A page of cases is looked up, never filtered out of all there are: so it costs what is shown, and its time tells nothing
of what is hidden. What is found this way is a superset of what `sight` and `may_attend` allow; they remain the judges.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

from catch.access.learning import SIMPLER
from catch.access.seats import bounds, lasting, published
from catch.access.seeing import TURNED_AWAY, Sight
from catch.access.standing import Who
from catch.domain.calendar import end_of_day
from catch.domain.case.state import Case, CaseState
from catch.domain.facts import Part, Role
from catch.domain.meeting.state import Meeting


def in_programme(programme: str) -> str:
    return f"in/{programme}"


def front_door(programme: str) -> str:
    return f"front-door/{programme}"


def coordinated_by(agency: str) -> str:
    return f"coordinates/{agency}"


def involving(agency: str) -> str:
    return f"involved/{agency}"


def referred_by(agency: str) -> str:
    return f"referred/{agency}"


def chaired_by(user: str) -> str:
    return f"chair/{user}"


def prepared_for(programme: str, series: str) -> str:
    return f"prepares/{programme}/{series}"


def told_to_agency(agency: str) -> str:
    return f"told/{agency}"


def open_to(agency: str, user: str | None = None) -> str:
    """Meetings that the agency, or one user of it, is invited to or has come to."""
    return f"guest/{agency}" if user is None else f"guest/{agency}/{user}"


class Shown(Part, frozen=True, omit_defaults=True):
    """A case under one word, with all that may be filtered by or put in order, as it is shown to who looks there.

    `whole` is False where no more is shown than a referrer sees. After `until` it is shown to nobody there.
    """

    token: str
    state: CaseState
    received_at: datetime
    programme: str
    whole: bool
    lead_user: str | None = None
    agencies: tuple[str, ...] | None = None
    until: datetime | None = None


class Place(Part, frozen=True, omit_defaults=True):
    """A meeting, or with `case_id` one case of its agenda, under one word, until that ends."""

    token: str
    programme: str
    series: str
    starts_at: datetime
    case_id: UUID | None = None
    until: datetime | None = None


def shows_whole(sight: Sight) -> bool:
    """Whether more is shown than a referrer sees."""
    return bool(sight.categories)


def viewers(case: Case) -> tuple[Shown, ...]:
    """The words under which the case is found."""
    held = case.holders
    whole = [in_programme(case.programme), *map(coordinated_by, sorted(held))]
    involved = sorted(involved_in(case))
    return (
        *(shown_whole(case, token) for token in whole),
        *(() if held else (shown_whole(case, front_door(case.programme), left_the_door(case)),)),
        *(shown_whole(case, involving(agency), end) for agency in involved for end in told_ranges(case, agency)),
        *(shown_to_referrer(case, agency) for agency in sorted({each.referrer_agency for each in case.referrals})),
    )


def involved_in(case: Case) -> set[str]:
    return {each.agency for each in case.involvements if each.ended_at is None}


def left_the_door(case: Case) -> datetime | None:
    """Until when the front door sees whom it turned away; None while the case waits there."""
    away = case.milestones.turned_away_at if case.milestones.closed_at is None else case.milestones.closed_at
    return None if case.live or away is None else away + TURNED_AWAY


def shown_whole(case: Case, token: str, until: datetime | None = None) -> Shown:
    agencies = case.holders | involved_in(case) | {each.referrer_agency for each in case.referrals}
    return Shown(
        token=token,
        state=case.state,
        received_at=case.milestones.received_at,
        programme=case.programme,
        whole=True,
        lead_user=case.lead.user if case.lead else None,
        agencies=tuple(sorted(agencies)),
        until=until,
    )


def shown_to_referrer(case: Case, agency: str) -> Shown:
    """Their own referral's day is what they know; the other doors' days, and who leads, are not theirs to find by."""
    own = [each.received_at for each in case.referrals if each.referrer_agency == agency]
    return Shown(
        token=referred_by(agency),
        state=SIMPLER.get(case.state, case.state),
        received_at=min(own),
        programme=case.programme,
        whole=False,
        agencies=(agency,),
    )


NEVER_ENDS = datetime(9999, 12, 31, tzinfo=UTC)


def told_ranges(case: Case, agency: str) -> tuple[datetime | None, ...]:
    """Until when anything is disclosed to the agency, as things stand: one end, None without an end, or no end at all
    where nothing is.
    """
    if case.disclosed(agency, NEVER_ENDS):
        return (None,)
    days = {each.until for each in case.disclosures if each.agency == agency and each.until and each.ended_at is None}
    ends = map(end_of_day, sorted(days, reverse=True))
    return tuple(islice((end for end in ends if case.disclosed(agency, end)), 1))


def places(meeting: Meeting) -> tuple[Place, ...]:
    """The words under which the meeting, and its items' cases, are found."""
    _, over, minuted = bounds(meeting)
    guests = {open_to(each.agency, each.user) for each in meeting.invitations}
    guests |= {open_to(held.agency) for held in meeting.attendance if held.stays}
    found: set[tuple[str, UUID | None, datetime | None]] = {(token, None, over) for token in guests}
    found.add((in_programme(meeting.programme), None, None))
    found.add((prepared_for(meeting.programme, meeting.series), None, None))
    organisers = (chaired_by(meeting.chair), prepared_for(meeting.programme, meeting.series))
    for item in meeting.items:
        if item.case is not None and lasting(meeting, item):
            found |= {(token, item.case, minuted) for token in organisers}
            told = item.visible_to if published(meeting) else ()
            found |= {(told_to_agency(agency), item.case, over) for agency in told}
    return tuple(
        Place(token, meeting.programme, meeting.series, meeting.starts_at, case, end)
        for token, case, end in sorted(found, key=lambda each: (each[0], str(each[1] or "")))
    )


class Words(Part, frozen=True):
    """Where a viewer looks: for cases, for cases on agendas, and for meetings."""

    cases: tuple[str, ...] = ()
    seats: tuple[str, ...] = ()
    meetings: tuple[str, ...] = ()


def words(who: Who, programmes: Sequence[str]) -> Words:
    """Where somebody may look. `programmes` are those that run here."""
    own = (open_to(who.agency), open_to(who.agency, who.user)) if Role.PARTNER in who.roles_held() else ()
    series = tuple(sorted({prepared_for(programme, key) for _, programme, key in who.offices}))
    return Words(
        cases=tuple(_cases(who, programmes)),
        seats=tuple(_seats(who)),
        meetings=(*(in_programme(key) for key in programmes if _follows(who, key)), *series, *own),
    )


def _cases(who: Who, programmes: Sequence[str]) -> Iterator[str]:
    held = who.roles_held()
    yield from (in_programme(key) for key in programmes if who.audits(key))
    if any(who.coordinates_in(key) for key in programmes):
        yield coordinated_by(who.agency)
    yield from (front_door(key) for key in programmes if who.keeps_the_door(key))
    if Role.PARTNER in held:
        yield involving(who.agency)
    if held & {Role.PARTNER, Role.REFERRER}:
        yield referred_by(who.agency)


def _seats(who: Who) -> Iterator[str]:
    held = who.roles_held()
    if held & {Role.CHAIR, Role.DEPUTY}:
        yield chaired_by(who.user)
    yield from (prepared_for(programme, key) for role, programme, key in sorted(who.offices) if role is Role.PREPARER)
    if Role.PARTNER in held:
        yield told_to_agency(who.agency)


def _follows(who: Who, programme: str) -> bool:
    return who.audits(programme) or who.coordinates_in(programme)


def sees_every_case(who: Who, programme: str) -> bool:
    """Whether they see every case of a programme, so that no figure tells them more than they may know."""
    return who.audits_all(programme)
