"""What SQL needs of the policy: the words under which a case or a meeting is found, and those a viewer may look under.

A page of cases is looked up, never filtered out of all there are: so it costs what is shown, and its time tells nothing
of what is hidden. What is found this way is a superset of what `sight` and `may_attend` allow; they remain the judges.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

from msgspec.structs import replace

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


def called(word: str, digest: str) -> str:
    """Cases under a word that have a referral under this reference, by its keyed hash."""
    return f"{calling(digest)}{word}"


def calling(digest: str) -> str:
    return f"called/{digest}/"


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
    held, involved = case.holders, involved_in(case)
    referrers = {each.referrer_agency for each in case.referrals}
    whole: list[tuple[str, datetime | None]] = [(in_programme(case.programme), None)]
    whole += [(coordinated_by(agency), None) for agency in sorted(held)]
    if not held:
        whole.append((front_door(case.programme), left_the_door(case)))
    whole += [(involving(agency), end) for agency in sorted(involved) for end in told_ranges(case, agency)]
    agencies = tuple(sorted(held | involved | referrers))
    rows = (
        *[shown_whole(case, agencies, token, end) for token, end in whole],
        *[shown_to_referrer(case, agency) for agency in sorted(referrers)],
    )
    # Few referrals say a reference, and this is asked with most of what happens.
    said = {each.reference_digest: each.referrer_agency for each in case.referrals if each.reference_digest}
    return (*rows, *called_by(rows, said)) if said else rows


def called_by(rows: Iterable[Shown], said: Mapping[str, str]) -> Iterator[Shown]:
    """The words with each reference, by its keyed hash, that may be shown with the case: to who referred, theirs."""
    for row in rows:
        for digest, agency in sorted(said.items()):
            if row.whole or row.token == referred_by(agency):
                yield replace(row, token=called(row.token, digest))


def involved_in(case: Case) -> set[str]:
    return {each.agency for each in case.involvements if each.ended_at is None}


def left_the_door(case: Case) -> datetime | None:
    """Until when the front door sees whom it turned away; None while the case waits there."""
    steps = case.milestones
    away = steps.voided_at or steps.closed_at or steps.turned_away_at
    return None if case.live or away is None else away + TURNED_AWAY


def shown_whole(case: Case, agencies: tuple[str, ...], token: str, until: datetime | None) -> Shown:
    return Shown(
        token=token,
        state=case.state,
        received_at=case.milestones.received_at,
        programme=case.programme,
        whole=True,
        lead_user=case.lead.user if case.lead else None,
        agencies=agencies,
        until=until,
    )


def shown_to_referrer(case: Case, agency: str) -> Shown:
    """Their own referral's day is what they know; the other doors' days, and who leads, are not theirs to find by."""
    own = [each.received_at for each in case.referrals if each.referrer_agency == agency]
    return Shown(
        token=referred_by(agency),
        # By what is shown, too: to find it by a finer state would tell that state.
        state=SIMPLER.get(case.state, case.state),
        received_at=min(own),
        programme=case.programme,
        whole=False,
        agencies=(agency,),
    )


# At this time only disclosures without an end still hold.
NEVER_ENDS = datetime(9999, 12, 31, tzinfo=UTC)


def told_ranges(case: Case, agency: str) -> tuple[datetime | None, ...]:
    """Until when anything is disclosed to the agency, as things stand: one end, None without an end, or no end at all
    where nothing is.
    """
    if case.disclosed(agency, NEVER_ENDS):
        return (None,)
    days = {each.until for each in case.disclosures if each.agency == agency and each.until and each.ended_at is None}
    # The latest end is enough: a row that is found too long is judged again before it is shown.
    ends = map(end_of_day, sorted(days, reverse=True))
    return tuple(islice((end for end in ends if case.disclosed(agency, end)), 1))


def guests(meeting: Meeting) -> set[tuple[str, str | None]]:
    """Agencies, and single users of one, that are invited or have come."""
    invited = {(each.agency, each.user) for each in meeting.invitations}
    return invited | {(held.agency, None) for held in meeting.attendance if held.stays}


# Stands among ids as numbers, which are never negative.
NO_CASE = -1


def places(meeting: Meeting) -> tuple[Place, ...]:
    """The words under which the meeting, and its items' cases, are found."""
    _, over, minuted = bounds(meeting)
    prepared = prepared_for(meeting.programme, meeting.series)
    organisers, shown = (chaired_by(meeting.chair), prepared), published(meeting)
    # Cases by number: a case of the agenda stands under many words, and ids compare and sort slowly by themselves.
    found: dict[tuple[str, int], tuple[UUID | None, datetime | None]] = {
        (open_to(agency, user), NO_CASE): (None, over) for agency, user in guests(meeting)
    }
    found[in_programme(meeting.programme), NO_CASE] = found[prepared, NO_CASE] = (None, None)
    for item in meeting.items:
        if item.case is not None and lasting(meeting, item):
            number, told = item.case.int, (item.case, over)
            for token in organisers:
                found[token, number] = (item.case, minuted)
            for agency in item.visible_to if shown else ():
                found[told_to_agency(agency), number] = told
    series, starts_at = meeting.series, meeting.starts_at
    return tuple(
        [
            Place(token, meeting.programme, series, starts_at, case, end)
            for (token, _), (case, end) in sorted(found.items())
        ]
    )


class Words(Part, frozen=True):
    """Where a viewer looks: for cases, for cases on agendas, and for meetings."""

    cases: tuple[str, ...] = ()
    seats: tuple[str, ...] = ()
    meetings: tuple[str, ...] = ()

    def working(self, *, organising: bool = False) -> "Words":
        """Where they look for cases that they coordinate, or that wait at a front door of theirs; `organising`: for
        those that they audit, and those on agendas of theirs, too. There, plans are shown to them.
        """
        words = ("coordinates/", "front-door/", "in/") if organising else ("coordinates/", "front-door/")
        return Words(
            cases=tuple(each for each in self.cases if each.startswith(words)),
            seats=tuple(each for each in self.seats if organising and each.startswith(("chair/", "prepares/"))),
        )

    def calling(self, digest: str) -> "Words":
        """Where they look for cases that have a referral under this reference."""
        return Words(cases=tuple(called(each, digest) for each in self.cases), seats=self.seats)


def words(who: Who, programmes: Sequence[str]) -> Words:
    """Where somebody may look. `programmes` are those that run here."""
    own = (open_to(who.agency), open_to(who.agency, who.user)) if Role.PARTNER in who.roles_held() else ()
    series = tuple(sorted({prepared_for(programme, key) for _, programme, key in who.offices}))
    return Words(
        cases=tuple(_cases(who, programmes)),
        seats=tuple(_seats(who)),
        meetings=(*(in_programme(key) for key in programmes if _follows(who, key)), *series, *own),
    )


def counts_meetings(who: Who) -> bool:
    """Whether every meeting that is found under their words is theirs to see, so that it may be counted unlooked at."""
    offices = all(who.may_chair(programme, key) or who.prepares(programme, key) for _, programme, key in who.offices)
    return offices and Role.PARTNER not in who.roles_held()


def _cases(who: Who, programmes: Sequence[str]) -> Iterator[str]:
    held = who.roles_held()
    yield from (in_programme(key) for key in programmes if who.audits(key))
    if any(who.coordinates_in(key) for key in programmes):
        # By agency, not by programme: more is found than may be seen, and each row is judged again.
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
