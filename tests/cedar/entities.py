"""A world as Cedar sees it: the facts as of now, written out for everybody to read. It knows nothing of the policy."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol, cast
from uuid import UUID

from catch.domain.access_grant import Grants
from catch.domain.case.state import Case, CaseState
from catch.domain.contact import Contact
from catch.domain.facts import Category, Role, Sealed
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.state import Meeting, MeetingState
from catch.domain.partner import HeldRole, Member, Partner, RunningPart
from catch.domain.person import Person

Entity = dict[str, Any]
CHOSEN_AT_SIGN_IN = (Role.AUDITOR, Role.ANALYST, Role.ADMINISTRATOR)
NOBODY = Member("", Sealed(""))


class World(Protocol):
    """Who asks as what, and what the log holds at `at`."""

    @property
    def user(self) -> str: ...
    @property
    def agency(self) -> str: ...
    @property
    def claims(self) -> Role | None: ...
    @property
    def at(self) -> datetime: ...
    @property
    def partners(self) -> Mapping[str, Partner]: ...
    @property
    def cases(self) -> Sequence[Case]: ...
    @property
    def meetings(self) -> Sequence[Meeting]: ...
    @property
    def people(self) -> Sequence[Person]: ...
    @property
    def contacts(self) -> Sequence[Contact]: ...
    @property
    def opened(self) -> Sequence[tuple[str, Grants]]: ...


def ref(kind: str, key: object) -> dict[str, Any]:
    return {"__entity": {"type": kind, "id": str(key)}}


def entity(kind: str, key: object, /, **attributes: Any) -> Entity:
    plain: dict[str, Any] = {}
    for name, value in attributes.items():
        plain[name] = [*cast("tuple[Any, ...]", value)] if isinstance(value, tuple) else value
    return {"uid": {"type": kind, "id": str(key)}, "attrs": plain, "parents": []}


def today(first: date, last: date | None, at: datetime) -> bool:
    return first <= at.date() and (last is None or at.date() <= last)


def everybody(w: World) -> list[str]:
    return sorted({member.user for partner in w.partners.values() for member in partner.members})


def asking(w: World) -> Member | None:
    return next((each for each in w.partners[w.agency].members if each.user == w.user), None)


def acts_as(w: World) -> list[HeldRole]:
    """The roles that last today, and that the token does not leave out; none for who is suspended."""
    found = asking(w)
    if found is None or found.suspended:
        return []
    held = [each for each in found.roles if today(each.starts_on, each.ends_on, w.at)]
    if w.claims is None:
        return [each for each in held if each.role not in CHOSEN_AT_SIGN_IN]
    return [each for each in held if each.role is w.claims]


def in_force(partner: Partner, at: datetime) -> Iterator[tuple[str, Category]]:
    for held in partner.agreements:
        if today(held.starts_on, held.ends_on, at) and (held.terminated_at is None or at < held.terminated_at):
            yield from ((programme, category) for programme in held.programmes for category in held.categories)


def running(partner: Partner, at: datetime, *parts: RunningPart) -> list[str]:
    return sorted({r.programme for r in partner.running if r.part in parts and today(r.starts_on, r.ends_on, at)})


def principal(w: World) -> Entity:
    acted, own, me = acts_as(w), w.partners[w.agency], asking(w) or NOBODY
    held = [each for each in me.roles if today(each.starts_on, each.ends_on, w.at)]
    runs = running(own, w.at, *RunningPart)
    auditing = [each for each in acted if each.role is Role.AUDITOR]
    as_coordinator = {each.programme for each in acted if each.role is Role.COORDINATOR}
    as_preparer = as_coordinator | {each.programme for each in acted if each.role is Role.PREPARER}
    shared = sorted(in_force(own, w.at))
    return entity(
        "User",
        "me",
        user=w.user,
        agency=w.agency,
        isService=me.service is not None,
        listed=sorted(me.service.commands) if me.service else [],
        behind=sorted({each.user for each in own.members}) if me.service else [w.user],
        roles=[{"role": each.role, "programme": each.programme or ""} for each in acted],
        chairs=[
            {"programme": each.programme, "series": each.series}
            for each in acted
            if each.role in (Role.CHAIR, Role.DEPUTY)
        ],
        chairsIn=sorted({each.programme or "" for each in acted if each.role in (Role.CHAIR, Role.DEPUTY)}),
        opened=[ref("Case", each) for each in open_to(w)],
        prepares=[
            {"programme": each.programme, "series": each.series}
            for each in held
            if each.role is Role.PREPARER and each.programme in as_preparer
        ],
        runs=runs,
        keepsTheDoor=running(own, w.at, RunningPart.LEAD, RunningPart.DELIVERY),
        leads=running(own, w.at, RunningPart.LEAD),
        coordinatesIn=[each for each in runs if each in as_coordinator],
        shares=[{"programme": programme, "category": category} for programme, category in shared],
        inAgreement=sorted({programme for programme, _ in shared}),
        tags=[
            {"tag": each.tag, "programme": each.programme}
            for each in me.tags
            if today(each.starts_on, each.ends_on, w.at)
        ],
        tagged=sorted({each.programme for each in me.tags if today(each.starts_on, each.ends_on, w.at)}),
        auditsSome=[each.programme for each in auditing],
        auditsAllOf=[each.programme for each in auditing if not each.cases],
        auditsCases=[
            ref("Case", case)
            for each in auditing
            for case in each.cases
            if any(held.case == case and held.programme == each.programme for held in w.cases)
        ],
    )


def open_to(w: World) -> list[UUID]:
    """The cases that they opened in an emergency, and that are open."""
    theirs = [glass for agency, held in w.opened if agency == w.agency for glass in held.glasses]
    return [
        glass.opened.case
        for glass in theirs
        if glass.opened.user == w.user and glass.ended_at is None and w.at < glass.opened.until
    ]


def objected(w: World, case: Case) -> list[dict[str, str]]:
    """Whom the person does not want to be told what."""
    return [
        {"agency": agency, "category": category}
        for objection in case.objections
        for agency in w.partners
        if not objection.partners or agency in objection.partners
        for category in sorted(objection.categories)
    ]


def disclosed(case: Case, at: datetime) -> set[tuple[str, Category]]:
    """What may be told to whom: what was disclosed and lasts, less what the person objects to."""
    found: set[tuple[str, Category]] = set()
    for held in case.disclosures:
        if held.ended_at is not None or (held.until is not None and held.until < at.date()):
            continue
        for category in held.categories:
            objected = any(
                category in objection.categories and (not objection.partners or held.agency in objection.partners)
                for objection in case.objections
            )
            if not objected or held.basis.overrides_objection:
                found.add((held.agency, category))
    return found


def waits(case: Case, at: datetime) -> bool:
    """At the front door: nobody allocated; and, once turned away or closed, for four weeks."""
    if case.lead or case.clinical:
        return False
    month = timedelta(days=28)
    if case.state in (CaseState.DECLINED, CaseState.REDIRECTED):
        since = case.milestones.turned_away_at
        return since is not None and at - since <= month
    if case.state is CaseState.CLOSED:
        return case.milestones.closed_at is not None and at - case.milestones.closed_at <= month
    return True


def kept_out(w: World, case: object) -> list[tuple[str, str]]:
    """Recused from an item of the case, at whatever meeting: the users, each with the agency that was named."""
    items = {(m.meeting, i.item) for m in w.meetings for i in m.items if i.case == case}
    said = {(held.user, held.agency) for m in w.meetings for held in m.interests if (m.meeting, held.item) in items}
    recusals = [held for each in w.cases if each.case == case for held in each.recusals]
    still = {(held.user, held.agency) for held in recusals if held.resolved_at is None}
    over = {held.user for held in recusals if held.resolved_at}
    return sorted(still | {each for each in said if each[0] not in over})


def told_of(w: World, case: Case, closed: set[Category]) -> list[str]:
    """The agencies that are told of any category but these."""
    told = disclosed(case, w.at)
    return [
        key
        for key, partner in w.partners.items()
        for covered in [{category for programme, category in in_force(partner, w.at) if programme == case.programme}]
        if any((key, category) in told for category in covered - closed)
    ]


def of_case(w: World, case: Case) -> Entity:
    told = disclosed(case, w.at)
    restricted, said = {Category.RESTRICTED}, {Category.RESTRICTED, Category.DISCUSSION, Category.ACTIONS}
    return entity(
        "Case",
        case.case,
        programme=case.programme,
        holders=[worker.agency for worker in (case.lead, case.clinical) if worker],
        waitsAtTheDoor=waits(case, w.at),
        involved=[held.agency for held in case.involvements if held.ended_at is None],
        disclosed=[{"agency": agency, "category": category} for agency, category in sorted(told)],
        objected=objected(w, case),
        told=told_of(w, case, restricted),
        toldBesides=told_of(w, case, said),
        referrers=[held.referrer_agency for held in case.referrals],
        isLive=case.state not in (CaseState.DECLINED, CaseState.REDIRECTED, CaseState.CLOSED),
        referredByOthersThan=[user for user in everybody(w) if any(held.referrer != user for held in case.referrals)],
        recused=[user for user, _ in kept_out(w, case.case)],
        recusedFor=[agency for _, agency in kept_out(w, case.case)],
        spokenOf=bool(live(w, case.case)),
        heardBy=heard(w, case.case),
        proposedFor=[held.series for held in case.proposals],
    )


def live(w: World, case: UUID) -> list[tuple[Meeting, Item]]:
    """The case's places on agendas of meetings under way."""
    running = (MeetingState.IN_PROGRESS, MeetingState.ADJOURNED)
    return [
        (meeting, item)
        for meeting in w.meetings
        if meeting.state in running and not (meeting.moved_far or meeting.instant)
        for item in meeting.items
        if item.case == case and item.state is not ItemState.REMOVED
    ]


def heard(w: World, case: UUID) -> list[dict[str, str]]:
    """Who has come in to all of them, bound, as a member to whom the item is shown."""
    users, found = everybody(w), live(w, case)
    return [
        {"user": user, "agency": agency}
        for user in users
        for agency in w.partners
        if all(hears(w, meeting, item, user, agency) for meeting, item in found)
    ]


def hears(w: World, meeting: Meeting, item: Item, user: str, agency: str) -> bool:
    inside = any(a.user == user and a.accepted and a.stays and not a.stays[-1].left_at for a in meeting.attendance)
    over = meeting.starts_at + timedelta(minutes=meeting.duration_minutes, days=7)
    shown = meeting.published_at is not None and w.at <= over and agency in item.visible_to
    return inside and shown and (user, agency) not in for_others(w, meeting, item)


def for_others(w: World, meeting: Meeting, item: Item) -> set[tuple[str, str]]:
    """Guests who come for other items, and those who were asked no more."""
    asked: dict[tuple[str, str], list[bool]] = {}
    for held in meeting.invitations:
        for user in (held.user,) if held.user else everybody(w):
            asked.setdefault((user, held.agency), []).append(not held.items or item.item in held.items)
    guests = {who for who, these in asked.items() if not any(these)}
    return guests | {who for who in asked_no_more(w, meeting) if who not in asked}


def of_meeting(w: World, meeting: Meeting) -> Entity:
    ends = meeting.starts_at + timedelta(minutes=meeting.duration_minutes)
    minutes = ends + timedelta(days=45)
    if meeting.confirmed_at is not None:
        minutes = min(minutes, meeting.confirmed_at)
    seats = not (meeting.moved_far or meeting.instant or meeting.state is MeetingState.CANCELLED)
    draft = meeting.draft
    listed: Iterable[Any] = (*draft.items, *draft.overflow) if draft else ()
    running = (MeetingState.AGENDA_PUBLISHED, MeetingState.IN_PROGRESS, MeetingState.ADJOURNED)
    return entity(
        "Meeting",
        meeting.meeting,
        programme=meeting.programme,
        series=meeting.series,
        chair=meeting.chair,
        organisersSeats=seats and meeting.starts_at - timedelta(days=14) <= w.at <= minutes,
        membersSeats=seats and meeting.published_at is not None and w.at <= ends + timedelta(days=7),
        minutesOpen=w.at <= minutes,
        membersMay=w.at <= ends + timedelta(days=7),
        readable=seats and (meeting.published_at is not None or meeting.state in running),
        invited=[
            {"user": user, "agency": held.agency}
            for held in meeting.invitations
            for user in ((held.user,) if held.user else everybody(w))
        ],
        bound=[held.user for held in meeting.attendance if held.accepted],
        askedNoMore=[{"user": user, "agency": agency} for user, agency in asked_no_more(w, meeting)],
        came=[held.agency for held in meeting.attendance if held.stays],
        inside=[{"user": a.user, "agency": a.agency} for a in meeting.attendance if a.present],
        drafted=[ref("Case", each.case) for each in listed],
    )


def asked_no_more(w: World, meeting: Meeting) -> list[tuple[str, str]]:
    """Whose invitation was taken back."""
    return [(user, held.agency) for held in meeting.withdrawn for user in ((held.user,) if held.user else everybody(w))]


def of_item(w: World, meeting: Meeting, item: Item) -> Entity:
    published, case = meeting.published_at, next((held for held in w.cases if held.case == item.case), None)
    involvements = case.involvements if case else ()
    about = {"case": ref("Case", case.case)} if case else {}
    return entity(
        "Item",
        item.item,
        meeting=ref("Meeting", meeting.meeting),
        seat=item.state is not ItemState.REMOVED,
        visibleTo=item.visible_to,
        recusedHere=[held.user for held in meeting.interests if held.item == item.item],
        recusedHereFor=[held.agency for held in meeting.interests if held.item == item.item],
        keptOut=[user for user, _ in kept_out(w, item.case)] if case else [],
        keptOutFor=[agency for _, agency in kept_out(w, item.case)] if case else [],
        guestsForOthers=[{"user": u, "agency": a} for u, a in sorted(for_others(w, meeting, item))],
        leftSince=[
            held.agency
            for held in involvements
            if held.ended_at is not None and (published is None or held.ended_at >= published)
        ],
        **about,
    )


def of_contact(w: World, contact: Contact) -> Entity:
    """Kept out of it are all who are kept out of a case that it led to, or of any of the people it is about."""
    people = {contact.received.person, *(held.person for held in contact.referrals)}
    led_to = {held.case for held in contact.referrals}
    theirs = {case for person in w.people if person.person in people for case, _ in person.cases}
    out = [each for case in led_to | theirs for each in kept_out(w, case)]
    return entity(
        "Contact",
        contact.contact,
        programme=contact.programme,
        recused=sorted({user for user, _ in out}),
        recusedFor=sorted({agency for _, agency in out}),
    )


def of_agency(w: World, partner: Partner) -> Entity:
    acting = [
        each
        for person in partner.members
        if not person.suspended
        for each in person.roles
        if today(each.starts_on, each.ends_on, w.at)
    ]
    return entity(
        "Agency",
        partner.partner,
        key=partner.partner,
        runs=running(partner, w.at, *RunningPart),
        leads=running(partner, w.at, RunningPart.LEAD),
        hasMemberAdministrator=any(each.role is Role.MEMBER_ADMINISTRATOR for each in acting),
        hasOfficer=[each.programme for each in acting if each.role is Role.APPOINTING_OFFICER],
        hasCaldicott=[each.programme for each in acting if each.role is Role.CALDICOTT],
    )


def entities(w: World) -> list[Entity]:
    return [
        principal(w),
        *(of_case(w, case) for case in w.cases),
        *(of_meeting(w, meeting) for meeting in w.meetings),
        *(of_item(w, meeting, item) for meeting in w.meetings for item in meeting.items),
        *(of_contact(w, contact) for contact in w.contacts),
        *(of_agency(w, partner) for partner in w.partners.values()),
        *(entity("Programme", key, key=key) for key in ("one", "two")),
        *(
            entity("Series", f"{programme}/{series}", programme=programme, series=series)
            for programme in ("one", "two")
            for series in ("weekly", "monthly")
        ),
        *(entity("Person", person.person, hasCases=bool(person.cases)) for person in w.people),
        entity("Place", "place"),
    ]
