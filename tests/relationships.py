"""Each relationship of the matrix: a world in which it holds, and its neighbours, in which it does not.

A neighbour differs from its world in one thing, and says with which refusal it is answered.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from catch.access import (
    AgencyNotUnderAgreement,
    NotAllowed,
    NotEnrolled,
    NotYourAction,
    NotYourCase,
    NotYourMeeting,
    NotYourSeries,
    OnlyForYourself,
    Recused,
)
from catch.access.relations import NotAtTheDoor, NotTagged, NotYourDoor, ReferredByYourself
from catch.domain.access_grant import BreakGlassOpened, BreakGlassReason, Glass, Grants, UnknownOpening
from catch.domain.case.agreement import ObjectionRecorded
from catch.domain.case.coordination import CoordinatorAllocated
from catch.domain.case.disclosure import DisclosureEnded, PartnerInvolvementEnded
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.state import CaseState, Objection, Recusal, Worker
from catch.domain.contact import UnknownContact
from catch.domain.facts import Category, Role, Tag
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.rules import NotOnTheAgenda
from catch.domain.meeting.state import Attendee, Interest, InterestAction, Invitation, Meeting, MeetingState, Stay
from catch.domain.merging import Merge, UnknownMerge, UnknownOther
from catch.domain.partner import HeldTag, Running, RunningPart
from catch.domain.person import Person, PersonRegistered
from catch.domain.refusals import Refused, UnknownCase, UnknownMeeting, UnknownPerson
from tests.cases import CASE, NOW, OFFERED, PERSON, TEXT, folded, received, uid
from tests.contacts import contact, earlier
from tests.standing import (
    GENERAL,
    ITEM,
    OTHER_PROGRAMME,
    OTHER_SERIES,
    PEOPLE,
    SINCE,
    Change,
    P,
    World,
    after,
    asking,
    at_item,
    at_meeting,
    elsewhere,
    held,
    lapsed,
    left_programme,
    meeting,
    nothing,
    of_another_agency,
    of_case,
    other_series,
    own,
    proposed,
    recused,
    recused_of_the_case,
    runs_no_more,
    shared,
    suspended,
    terminated,
    to_come,
    with_member,
    with_partner,
    world,
)

Neighbours = dict[Change, type[Refused]]


class Relationship(Struct, frozen=True):
    holds: Callable[[Role], World]
    neighbours: Callable[[Role], Neighbours]


SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
ENDED = folded(*OFFERED, PartnerInvolvementEnded("housing-1"))
DECLINED = replace(
    folded(received, ReferralDeclined("not-eligible")),
    milestones=replace(folded(received).milestones, turned_away_at=NOW - timedelta(days=28)),
)
OBJECTED = ObjectionRecorded(Objection(uid(11), frozenset(Category)))
NOBODYS = replace(shared, involvements=(), disclosures=())
REFERRED = replace(ENDED, referrals=(replace(ENDED.referrals[0], referrer_agency="housing-1"),))
ANOTHERS_ACTION = replace(shared, actions=tuple(replace(each, owner="police-1") for each in shared.actions))

NOT_HERE: Neighbours = {suspended: NotEnrolled, lapsed: NotEnrolled, to_come: NotEnrolled}
NO_CASE: Neighbours = {
    **NOT_HERE,
    nothing: UnknownCase,
    elsewhere: UnknownCase,
    recused: UnknownCase,
    recused_of_the_case: UnknownCase,
}


def same(*changes: Change, refusal: type[Refused]) -> Neighbours:
    return dict.fromkeys(changes, refusal)


def for_all(neighbours: Neighbours) -> Callable[[Role], Neighbours]:
    return lambda _: neighbours


def both(first: Change, second: Change) -> Change:
    return lambda w: second(first(w))


# Of a case


def coordinated(role: Role) -> World:
    return world(role, shared)


def led_elsewhere(w: World) -> World:
    return replace(w, cases=(replace(shared, lead=Worker("otto", "other-1")),))


COORDINATES = Relationship(
    coordinated,
    for_all(
        NO_CASE | same(of_another_agency, left_programme, runs_no_more, led_elsewhere, refusal=UnknownCase),
    ),
)


def of_somebody_else(w: World) -> World:
    return replace(w, cases=(replace(shared, person=uid(77)),))


def over(w: World) -> World:
    return replace(w, cases=(replace(shared, state=CaseState.CLOSED),))


def referred_by_themselves(w: World) -> World:
    return replace(w, cases=(replace(shared, referrals=(replace(shared.referrals[0], referrer=w.user),)),))


def only_coordinates(w: World) -> World:
    return with_partner(w, replace(own(w), running=(Running(P, RunningPart.COORDINATING, SINCE),)))


KEEPS_THE_DOOR = Relationship(
    lambda role: world(role, folded(received)),
    for_all(
        NO_CASE
        | same(only_coordinates, left_programme, runs_no_more, led_elsewhere, refusal=UnknownCase)
        | {of_case(folded(received, CoordinatorAllocated(Worker("otto", "other-1")))): UnknownCase}
    ),
)
TURNED_AWAY = Relationship(
    lambda role: world(role, DECLINED),
    for_all({after(SECOND): UnknownCase, of_case(replace(DECLINED, state=CaseState.CLOSED)): UnknownCase}),
)


def only_sits_in_the_meeting(w: World) -> World:
    return replace(w, cases=(replace(shared, involvements=()),), meetings=(meeting,))


TAKES_PART = Relationship(
    lambda role: world(role, shared),
    for_all(
        NO_CASE
        | same(of_another_agency, terminated, of_case(ENDED), of_case(NOBODYS), refusal=UnknownCase)
        | {
            of_case(folded(*OFFERED, DisclosureEnded(uid(10)))): UnknownCase,
            of_case(folded(*OFFERED, OBJECTED)): UnknownCase,
            of_case(REFERRED): NotYourCase,
            both(of_case(REFERRED), terminated): AgencyNotUnderAgreement,
            # Whoever only sits in the meeting reads, and does nothing besides.
            only_sits_in_the_meeting: NotYourCase,
        }
    ),
)


def tagged(w: World) -> World:
    return with_member(w, replace(asking(w), tags=(HeldTag(Tag.SAFEGUARDING, P, SINCE),)))


def without_a_tag(w: World) -> World:
    return with_member(w, replace(asking(w), tags=()))


WRITES_RESTRICTED = Relationship(
    lambda role: tagged(coordinated(role)),
    lambda role: {**COORDINATES.neighbours(role), without_a_tag: NotTagged, of_case(folded(received)): NotTagged},
)
OWNS_THE_ACTION = Relationship(
    TAKES_PART.holds, lambda role: {**TAKES_PART.neighbours(role), of_case(ANOTHERS_ACTION): NotYourAction}
)
ANSWERS_FOR_ITS_AGENCY = Relationship(
    lambda role: world(role, replace(shared, actions=tuple(replace(a, owner="snn") for a in shared.actions))),
    lambda role: {**COORDINATES.neighbours(role), coordinated_by_others_action: NotYourAction},
)


def coordinated_by_others_action(w: World) -> World:
    return replace(w, cases=(shared,))


# Of a meeting

IN_THE_CHAIR = (Role.CHAIR, Role.DEPUTY)
CHAIR = {Role.CHAIR: "carl", Role.DEPUTY: "dora"}


def of(role: Role) -> Meeting:
    return replace(meeting, chair=CHAIR.get(role, "carl"))


def at_the_meeting(role: Role) -> World:
    """In the chair, preparing the series (a coordinator by that office), or invited."""
    here = world(role, shared, meetings=[of(role)])
    if role is Role.COORDINATOR:
        return with_member(here, replace(asking(here), roles=(held(role), held(Role.PREPARER))))
    return here


def not_in_the_chair(w: World) -> World:
    return at_meeting(chair="another")(w)


def kept_out(w: World) -> World:
    return at_meeting(interests=(Interest(ITEM, w.user, w.agency, InterestAction.RECUSED),))(w)


CONFIRMED = at_meeting(state=MeetingState.MINUTES_CONFIRMED, confirmed_at=NOW - SECOND)
FORTY_SIX_DAYS_LATER = after(timedelta(days=46))
CHAIRS_THE_CASE = Relationship(
    at_the_meeting,
    for_all(
        NO_CASE
        | same(
            other_series,
            not_in_the_chair,
            at_item(state=ItemState.REMOVED),
            at_meeting(moved_far=True),
            at_meeting(state=MeetingState.CANCELLED),
            at_meeting(instant=True),
            at_meeting(starts_at=NOW + timedelta(days=14) + SECOND),
            CONFIRMED,
            FORTY_SIX_DAYS_LATER,
            refusal=UnknownCase,
        )
    ),
)


def no_organiser(role: Role) -> Neighbours:
    # Coordinators of the programme know of its meetings; whoever is appointed to another series does not.
    series = NotYourMeeting if role is Role.COORDINATOR else UnknownMeeting
    chairs = {not_in_the_chair: NotYourMeeting} if role in IN_THE_CHAIR else {}
    return {**NOT_HERE, nothing: UnknownMeeting, elsewhere: UnknownMeeting, other_series: series, **chairs}


ORGANISES = Relationship(at_the_meeting, no_organiser)
ORGANISES_THE_ITEM = Relationship(
    at_the_meeting,
    lambda role: {**no_organiser(role), kept_out: Recused, recused: Recused},
)
CHAIRS = ORGANISES
# A chair learns from the meeting why they cannot open an item that they are kept out of, and puts it off.
OPENS_THE_ITEM = Relationship(
    at_the_meeting, lambda role: no_organiser(role) if role in IN_THE_CHAIR else ORGANISES_THE_ITEM.neighbours(role)
)
APPOINTED_TO_THE_SERIES = Relationship(
    at_the_meeting,
    lambda role: {**no_organiser(role), other_series: UnknownMeeting},
)
MAY_CHAIR = Relationship(
    at_the_meeting, lambda role: {**NOT_HERE, other_series: UnknownMeeting, elsewhere: UnknownMeeting}
)
AMENDS = Relationship(
    at_the_meeting,
    lambda role: {**MAY_CHAIR.neighbours(role), nothing: UnknownMeeting, kept_out: Recused, recused: Recused},
)
PLANS = Relationship(at_the_meeting, for_all({**NOT_HERE, other_series: NotYourSeries, elsewhere: NotYourSeries}))


def knowing_it(role: Role) -> World:
    return replace(
        at_the_meeting(role), cases=(replace(proposed, lead=Worker("otto", "other-1")),), meetings=(bare(role),)
    )


def bare(role: Role) -> Meeting:
    return replace(of(role), items=(replace(of(role).items[1]),))


def proposed_elsewhere(w: World) -> World:
    there = tuple(replace(each, series=OTHER_SERIES) for each in w.cases[0].proposals)
    return replace(w, cases=(replace(w.cases[0], proposals=there),))


def of_another_programme(w: World) -> World:
    return replace(w, cases=(replace(w.cases[0], programme=OTHER_PROGRAMME),))


def no_proposal(w: World) -> World:
    return replace(w, cases=(replace(w.cases[0], proposals=()),))


def known_from_an_old_seat(w: World) -> World:
    """What one sees for the length of one meeting is not carried into the next by one's own hand."""
    return replace(no_proposal(w), meetings=(*w.meetings, replace(meeting, meeting=uid(57), chair=w.user)))


def known_as_its_referrer(w: World) -> World:
    referring = with_member(w, replace(asking(w), roles=(*asking(w).roles, held(Role.REFERRER))))
    mine = replace(w.cases[0].referrals[0], referrer_agency=w.agency)
    return replace(
        no_proposal(replace(referring, claims=None)), cases=(replace(no_proposal(w).cases[0], referrals=(mine,)),)
    )


LISTS = Relationship(
    knowing_it,
    lambda role: {
        **no_organiser(role),
        **same(no_proposal, proposed_elsewhere, of_another_programme, recused, refusal=UnknownCase),
        **same(known_from_an_old_seat, known_as_its_referrer, refusal=UnknownCase),
    },
)


def not_invited(w: World) -> World:
    return at_meeting(invitations=())(w)


def a_week_after(w: World) -> World:
    return after(timedelta(days=7, hours=3) + SECOND)(w)


def invitation_taken_back(w: World) -> World:
    """After they had come: what was given them for the meeting ends with it."""
    came = (Attendee("hana", "housing-1", (Stay(NOW),), accepted="statement"),)
    return at_meeting(invitations=(), withdrawn=(Invitation("housing-1"),), attendance=came)(w)


def no_guest(role: Role) -> Neighbours:
    """Who comes in by an invitation loses the meeting with it; who organises it is never a stranger to it."""
    if role is not Role.PARTNER:
        return {**NOT_HERE, nothing: UnknownMeeting, elsewhere: UnknownMeeting}
    gone = same(
        nothing, not_invited, invitation_taken_back, of_another_agency, a_week_after, terminated, refusal=UnknownMeeting
    )
    return {**NOT_HERE, **gone, elsewhere: UnknownMeeting}


ATTENDS = Relationship(at_the_meeting, no_guest)


def comes_in(role: Role) -> Neighbours:
    if role is not Role.PARTNER:
        appointed = {other_series: UnknownMeeting} if role is not Role.COORDINATOR else {}
        return {**NOT_HERE, nothing: UnknownMeeting, elsewhere: UnknownMeeting, **appointed}
    # Core members' agencies come in without an invitation: the meeting's own rule says which they are.
    return {
        **NOT_HERE,
        nothing: UnknownMeeting,
        elsewhere: UnknownMeeting,
        both(not_invited, terminated): UnknownMeeting,
    }


COMES_IN = Relationship(at_the_meeting, comes_in)


def no_reader(role: Role) -> Neighbours:
    always = {**no_guest(role), kept_out: Recused, recused: Recused}
    if role is not Role.PARTNER:
        return always
    asked_for_another = at_meeting(invitations=(Invitation("housing-1", items=(GENERAL,)),))
    unseen = same(
        at_meeting(published_at=None, state=MeetingState.AGENDA_DRAFTED),
        at_meeting(moved_far=True),
        at_item(visible_to=("police-1",)),
        asked_for_another,
        at_meeting(attendance=()),
        refusal=NotOnTheAgenda,
    )
    return {**always, **unseen}


READS_THE_ITEM = Relationship(at_the_meeting, no_reader)


def for_another(w: World) -> World:
    """Somebody else is named."""
    return replace(w, user="henry", partners=with_member(w, replace(asking(w), user="henry")).partners)


OTHERS_ONLY: Neighbours = {for_another: OnlyForYourself}

# At the front door, and in the place

REFERS = Relationship(world, for_all({**NOT_HERE, elsewhere: NotAllowed}))
RUNS_THE_PROGRAMME = Relationship(
    world, for_all({**NOT_HERE, **same(elsewhere, left_programme, runs_no_more, of_another_agency, refusal=NotAllowed)})
)
HAS_THE_ROLE = Relationship(world, for_all(NOT_HERE))


def at_their_door(role: Role) -> World:
    return replace(world(role, shared), contacts=(contact, earlier))


def of_another_door(w: World) -> World:
    there = tuple(replace(each, received=replace(each.received, programme=OTHER_PROGRAMME)) for each in w.contacts)
    return replace(w, contacts=there)


# Not to whoever is kept out of any case of somebody it is about.
NO_CONTACT: Neighbours = NOT_HERE | same(
    nothing, elsewhere, only_coordinates, left_programme, runs_no_more, of_another_agency, of_another_door, recused,
    recused_of_the_case, refusal=UnknownContact,
)  # fmt: skip
TAKES_CONTACTS = Relationship(
    at_their_door,
    for_all(
        NOT_HERE
        | same(elsewhere, only_coordinates, left_programme, runs_no_more, of_another_agency, refusal=NotYourDoor)
        | same(led_elsewhere, recused, recused_of_the_case, refusal=UnknownPerson)
    ),
)
WORKS_THE_CONTACT = Relationship(at_their_door, for_all(NO_CONTACT))
# Whom they may lead on the decision says, behind all else that may be wrong: `tests/test_absent_and_forbidden.py`.
LEADS_ON = Relationship(at_their_door, for_all(NO_CONTACT))
AT_THE_PERSONS_DOOR = Relationship(
    lambda role: world(role, shared),
    for_all(
        NO_CASE
        | same(of_another_agency, left_programme, led_elsewhere, refusal=UnknownCase)
        | same(only_coordinates, over, refusal=NotAtTheDoor)
        | {of_somebody_else: UnknownPerson, referred_by_themselves: ReferredByYourself}
    ),
)
COORDINATES_THE_PERSON = Relationship(
    lambda role: world(role, shared),
    for_all(
        {
            **NOT_HERE,
            **same(
                nothing, elsewhere, of_another_agency, left_programme, led_elsewhere, recused, refusal=UnknownPerson
            ),
        }
    ),
)


def recused_of_another(w: World) -> World:
    """Of a second case of the person's, which their agency does not coordinate."""
    second = replace(shared, case=uid(80), lead=Worker("otto", "other-1"), recusals=(Recusal(w.user, w.agency, NOW),))
    people = tuple(replace(each, cases=(*each.cases, (uid(80), P))) for each in w.people)
    return replace(w, cases=(*w.cases, second), people=people)


def also_elsewhere(w: World) -> World:
    """Known in a programme that is somebody else's to answer for."""
    return replace(w, people=tuple(replace(each, cases=(*each.cases, (uid(80), OTHER_PROGRAMME))) for each in w.people))


LETS_THEM_GO = Relationship(
    COORDINATES_THE_PERSON.holds,
    lambda role: {**COORDINATES_THE_PERSON.neighbours(role), recused_of_another: UnknownPerson},
)
GUARDS_THE_PERSON = Relationship(
    lambda role: world(role, shared),
    for_all(
        {
            **NOT_HERE,
            **same(
                nothing, elsewhere, of_another_agency, left_programme, runs_no_more, only_coordinates, also_elsewhere,
                recused, recused_of_another, refusal=UnknownPerson,
            ),
        }
    ),
)  # fmt: skip

GUARDS_SOME_OF_IT = Relationship(
    lambda role: also_elsewhere(world(role, shared)),
    for_all(
        {
            **NOT_HERE,
            **same(
                nothing, elsewhere, of_another_agency, left_programme, runs_no_more, only_coordinates, recused,
                recused_of_another, refusal=UnknownPerson,
            ),
        }
    ),
)  # fmt: skip


OTHER_PERSON, OTHERS_CASE, MERGE = uid(78), uid(79), uid(94)
"""Of whom it was said that they are the person."""
SAID = Merge(MERGE, PERSON, OTHER_PERSON, TEXT, "second", "snn", NOW)


def of_both(role: Role) -> World:
    """Their agency coordinates a case of each."""
    other = Person(OTHER_PERSON, PersonRegistered(OTHER_PERSON), cases=((OTHERS_CASE, P),), merges=(SAID,))
    w = world(role, shared, replace(shared, case=OTHERS_CASE, person=OTHER_PERSON))
    return replace(w, people=(*(replace(each, merges=(SAID,)) for each in w.people), other))


def others(w: World, **changes: Any) -> World:
    return replace(w, cases=tuple(replace(each, **changes) if each.case == OTHERS_CASE else each for each in w.cases))


def other_led_elsewhere(w: World) -> World:
    return others(w, lead=Worker("otto", "other-1"))


def recused_of_the_other(w: World) -> World:
    return others(w, recusals=(Recusal(w.user, w.agency, NOW),))


def only_one(w: World) -> World:
    """Nobody has the other id."""
    return replace(w, people=tuple(each for each in w.people if each.person != OTHER_PERSON))


def of_both_with(refusal: type[Refused]) -> Relationship:
    return Relationship(
        of_both,
        for_all(
            {
                **NOT_HERE,
                **same(
                    nothing, elsewhere, of_another_agency, left_programme, led_elsewhere, recused, refusal=UnknownPerson
                ),
                **same(other_led_elsewhere, recused_of_the_other, only_one, refusal=refusal),
            }
        ),
    )


COORDINATES_BOTH, ANSWERS_FOR_BOTH = of_both_with(UnknownOther), of_both_with(UnknownMerge)


def discusses(role: Role) -> Neighbours:
    if role is Role.COORDINATOR:
        return COORDINATES.neighbours(role)
    return {each: why for each, why in TAKES_PART.neighbours(role).items() if why is not AgencyNotUnderAgreement}


DISCUSSES = Relationship(lambda role: world(role, shared), discusses)
GIVES = HAS_THE_ROLE


def sat(role: Role) -> World:
    """At the meeting, without any other part in the case."""
    return replace(at_the_meeting(role), cases=(replace(shared, lead=Worker("otto", "other-1"), involvements=()),))


ENDS_A_PART = {
    "involvement": PartnerInvolvementEnded("housing-1"),
    "disclosure": DisclosureEnded(uid(10)),
    "objection": ObjectionRecorded(Objection(uid(11), frozenset({Category.ACTIONS, Category.PLAN}))),
}


"""Whatever ends first ends a partner's part."""


# In an emergency

OPENING = uid(95)


def glass(user: str, agency: str) -> Glass:
    opened = BreakGlassOpened(
        OPENING, CASE, "7K3M-Q2XD", P, user, agency, BreakGlassReason.LEAD_ABSENT, TEXT, 60, NOW + timedelta(hours=1),
        NOW.date(),
    )  # fmt: skip
    return Glass(opened, NOW)


def opened_by(user: str, agency: str) -> Change:
    return lambda w: replace(w, opened=((agency, Grants((glass(user, agency),))),))


def opened_it(role: Role) -> World:
    return opened_by(*PEOPLE[role])(world(role, shared))


def opened_by_a_colleague(w: World) -> World:
    return opened_by("colleague", w.agency)(w)


IN_AN_EMERGENCY = Relationship(world, for_all({**NOT_HERE, of_another_agency: OnlyForYourself}))
HAS_OPENED = Relationship(
    opened_it,
    for_all({**NOT_HERE, **same(nothing, opened_by_a_colleague, of_another_agency, refusal=UnknownOpening)}),
)
GUARDS_WHAT_WAS_OPENED = Relationship(
    lambda role: opened_by("colleague", "snn")(world(role, shared)),
    for_all(
        {
            **NOT_HERE,
            **same(
                nothing, elsewhere, of_another_agency, left_programme, runs_no_more, only_coordinates, recused,
                recused_of_the_case, refusal=UnknownOpening,
            ),
        }
    ),
)  # fmt: skip
