"""Histories, each from a seed: how four cases usually come about and are met over, then whatever anybody tries."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain
from random import Random
from typing import Any
from uuid import UUID

from catch.access import ASKED
from catch.domain import contact, restricted
from catch.domain.case import (
    actions,
    agreement,
    closing,
    coordination,
    correcting,
    disclosure,
    eligibility,
    notes,
    plan,
    proposals,
    recusal,
    referral,
)
from catch.domain.case.state import (
    Basis,
    CommonLawBasis,
    Described,
    LegalBasis,
    ProposalPurpose,
    SpecialCategoryBasis,
    Worker,
)
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Category, Command, Sealed, Tag
from catch.domain.meeting import (
    adding,
    attendance,
    deciding,
    drafting,
    editing,
    floor,
    invitations,
    planning,
    session,
    speaking,
)
from catch.domain.meeting.items import Matter
from catch.domain.meeting.listing import Section
from catch.domain.partner import EndRole, EndTag, GiveRole, GiveTag, ReinstateMember, SuspendMember
from catch.domain.person import (
    CorrectContact,
    CorrectIdentity,
    LookForMatches,
    PersonDetail,
    RecordDeath,
    RegisterPerson,
    SetContactPreference,
    SetProtectedAddress,
    WithdrawDeath,
)
from catch.domain.streams import CASE, CONTACT, MEETING, RESTRICTED
from catch.domain.subject import kinds as kinds_of
from tests.canaries.actors import CAST, HERE, NAMED
from tests.canaries.world import Filling, Step

BASIS = Basis(LegalBasis.PUBLIC_TASK, CommonLawBasis.IMPLIED_CONSENT, SpecialCategoryBasis.HEALTH_OR_SOCIAL_CARE)
MOST = frozenset(Category) - {Category.RESTRICTED, Category.THIRD_PARTY}
LITTLE = frozenset({Category.IDENTITY, Category.ACTIONS})
AT_WORK = ("cora", "cody", "cole", "xena")
"""Who coordinates each case, usually."""
AT_THE_DOOR = ("gita", "hugo", "pol", "pol")
IN_THE_MEETING = ("carl", "cora", "pru", "dora")
PLACE_WIDE: tuple[type[Command], ...] = (SuspendMember, ReinstateMember, GiveRole, EndRole, GiveTag, EndTag)
PERSONAL: tuple[type[Command], ...] = (
    RegisterPerson,
    SetContactPreference,
    SetProtectedAddress,
    CorrectIdentity,
    CorrectContact,
    RecordDeath,
    WithdrawDeath,
    LookForMatches,
)
OFTEN: tuple[type[Command], ...] = (
    notes.AddNote,
    actions.OfferAction,
    actions.RespondToAction,
    actions.CompleteAction,
    disclosure.AuthoriseDisclosure,
    disclosure.EndDisclosure,
    disclosure.InvolvePartner,
    disclosure.EndInvolvement,
    agreement.RecordObjection,
    recusal.DeclareRecusal,
    recusal.ResolveRecusal,
    restricted.AddRestrictedNote,
    restricted.RaiseSafeguardingConcern,
    proposals.ProposeForMeeting,
    referral.AttachReferral,
    referral.SubmitReferral,
    closing.CloseCase,
    coordination.AllocateCoordinator,
    planning.RescheduleMeeting,
    invitations.WithdrawInvitation,
    attendance.DeclareInterest,
    attendance.AcceptConfidentiality,
    attendance.JoinMeeting,
    deciding.RecordUpdate,
    deciding.RecordDecision,
    deciding.RecordGuest,
    speaking.RaiseHand,
    OfferActionInMeeting,
    floor.OpenItem,
    floor.DeferItem,
    editing.RemoveItem,
    adding.AddItem,
    drafting.DraftAgenda,
)


OF_CASES = tuple(kind for kind in CASE.commands if kind in ASKED and kind not in kinds_of(correcting.CorrectingCommand))
"""What names an entry among all kinds of them is refused to whoever draws its id: `tests/test_correcting_live.py`."""


def meeting(number: int) -> Callable[[Filling], UUID]:
    return lambda filling: filling.stage.meetings[number]


def place_of(number: int) -> Callable[[Filling], UUID]:
    """An item of the meeting about the step's case, where there is one; else any."""

    def find(filling: Filling) -> UUID:
        stage = filling.stage
        here = [(item, case) for held, item, case in stage.items if held == stage.meetings[number]]
        own = [item for item, case in here if case == filling.case]
        return own[0] if own else (here[0][0] if here else stage.new())

    return find


def another_case(filling: Filling) -> UUID:
    """Of somebody who may have one."""
    return filling.stage.another()


def only(agency: str) -> Callable[[Filling], frozenset[str]]:
    return lambda filling: frozenset({filling.names.key(agency)})


def written(part: str) -> Callable[[Filling], Sealed]:
    """What need not be said, said all the same."""
    return lambda filling: Sealed(filling.stage.text(filling.owner(part)))


why = written("override_reason")
"""Why an item is opened."""


def soon(hours: float) -> Callable[[Filling], datetime]:
    return lambda filling: filling.stage.now + timedelta(hours=hours)


def worker(name: str) -> Callable[[Filling], Worker]:
    return lambda filling: Worker(filling.names.user(name), filling.names.key(NAMED[name].agency))


def described(filling: Filling) -> Described:
    """As a sender describes somebody, but for what has a form of its own."""
    parts = ("name", "phone", "address")
    return Described(**{part: filling.value(Sealed, part, f"described.{part}") for part in parts})


Said = tuple[str, type[Command], int, dict[str, Any]]
DOOR: dict[str, Any] = {"on_behalf_of": None, "agreement": None, "needs": (), "described": described}


def doors() -> Iterator[Said]:
    for case, (by, lead) in enumerate(zip(AT_THE_DOOR, AT_WORK, strict=True)):
        person = {"nhs_number": None, "date_of_birth": None, "provisional": False}
        if case != 3:
            yield by, RegisterPerson, case, person
        yield by, referral.SubmitReferral, case, DOOR
        if case == 2:
            continue
        yield ("cora" if case < 2 else "xena"), eligibility.AcceptReferral, case, {"criteria": ()}
        allocated = {"user": lead, "agency": NAMED[lead].agency, "lead": True}
        yield ("cora" if case < 2 else "xena"), coordination.AllocateCoordinator, case, allocated


def contacts() -> Iterator[Said]:
    """Of nobody who is known, of somebody who has a case, and of somebody who comes to one by it."""
    came: dict[str, Any] = {"described": described, "on_behalf_of": None}
    nobody = {**came, "person": None}
    yield "cora", contact.ReceiveContact, 0, nobody
    yield "cora", contact.TriageContact, 0, {}
    yield "cole", contact.ReceiveContact, 2, nobody
    yield "cora", contact.LinkRepeat, 2, {}
    yield "cora", RegisterPerson, 1, {"person": newcomer, "nhs_number": None, "date_of_birth": None}
    yield "cora", contact.ReceiveContact, 1, {**came, "person": somebody_known}
    yield "cora", contact.ResolveContact, 1, {"outcome": "advice-given"}
    yield "cora", contact.ConvertContact, 0, {**DOOR, "person": newcomer, "case": another_case}


def somebody_known(filling: Filling) -> UUID:
    return filling.stage.people[0]


def newcomer(filling: Filling) -> UUID:
    return filling.stage.newcomer


def work(case: int, by: str) -> Iterator[Said]:
    """What a coordinator does, and for whom."""
    yield by, agreement.RecordAgreement, case, {}
    yield by, coordination.RecordConversation, case, {"needs": ()}
    told: dict[str, Any] = {"basis": BASIS, "until": None}
    yield by, disclosure.AuthoriseDisclosure, case, {"agency": "homes", "categories": MOST, **told}
    yield by, disclosure.InvolvePartner, case, {"agency": "homes"}
    yield by, disclosure.AuthoriseDisclosure, case, {"agency": "police", "categories": LITTLE, **told}
    yield by, disclosure.InvolvePartner, case, {"agency": "police"}
    yield by, plan.AgreePlan, case, {"shared_with": ()}
    for owner in ("homes", "police"):
        yield by, actions.OfferAction, case, {"owner": owner, "owner_user": None, "decision": None, "service": None}
    yield by, notes.AddNote, case, {"audience": frozenset[str]()}
    yield by, notes.AddNote, case, {"category": Category.RISK, "audience": frozenset[str]()}
    yield by, notes.AddNote, case, {"category": Category.NEEDS, "audience": only("police")}
    for tag in (Tag.SAFEGUARDING, Tag.OFFENCES):
        yield by, restricted.AddRestrictedNote, case, {"tag": tag}
    purpose: dict[str, Any] = {"requested_partners": (), "person_informed": True, "purpose": ProposalPurpose.STUCK}
    yield by, proposals.ProposeForMeeting, case, {"presenter": worker(by), **purpose}


def met(number: int, hours: float) -> Iterator[Said]:
    at: dict[str, Any] = {"meeting": meeting(number)}
    yield "cora", planning.PlanMeeting, 0, {**at, "starts_at": soon(hours), "chair": "carl", "duration_minutes": 60}
    for agency in ("homes", "police"):
        yield "cora", invitations.InviteMember, 0, {**at, "agency": agency, "user": None, "items": ()}
    yield "cora", drafting.DraftAgenda, 0, at
    yield (
        "cora",
        adding.AddItem,
        0,
        {
            **at,
            "case": None,
            "requires": (),
            "section": Section.GENERAL,
            "matter": Matter.ANY_OTHER_BUSINESS,
            "basis": None,
        },
    )
    yield "carl", drafting.PublishAgenda, 0, at
    for name in ("hana", "pol"):
        yield name, attendance.AcceptConfidentiality, 0, {**at, "user": name, "statement": None}


def held(number: int) -> Iterator[Said]:
    at: dict[str, Any] = {"meeting": meeting(number)}
    yield "carl", session.StartMeeting, 0, at
    yield "hana", attendance.JoinMeeting, 0, {**at, "user": "hana", "agency": "homes"}
    item = {**at, "item": place_of(number)}
    yield "cora", floor.OpenItem, 0, {**item, "known_by": None, "override_reason": why}
    yield "cora", deciding.RecordUpdate, 0, item
    yield "cora", deciding.RecordGuest, 0, item
    yield "hana", speaking.RaiseHand, 0, {**item, "user": "hana"}
    yield "carl", speaking.GiveFloor, 0, {**item, "user": "hana"}
    yield "carl", deciding.RecordDecision, 0, {**item, "agreed_by": ("homes",), "dissent": ()}
    yield "cora", OfferActionInMeeting, 0, {**item, "owner": "homes", "owner_user": None, "decision": None}
    yield "cora", floor.CloseItem, 0, item


def off(number: int) -> Iterator[Said]:
    """Moved so far, or called off, that nobody's seat is left."""
    at: dict[str, Any] = {"meeting": meeting(number)}
    if number:
        yield "cora", planning.CancelMeeting, 0, at
    else:
        yield "cora", planning.RescheduleMeeting, 0, {**at, "starts_at": soon(24 * 20), "duration_minutes": 60}


MEETINGS: dict[str, Callable[[], Iterator[Said]]] = {
    "two": lambda: chain(met(0, 1), held(0), met(1, 24 * 13)),
    "far": lambda: met(0, 24 * 16),
    "moved": lambda: chain(met(0, 30), off(0)),
    "off": lambda: chain(met(1, 30), off(1)),
}


def usual(meetings: str) -> Iterator[Said]:
    yield from doors()
    yield from work(0, "cora")
    yield from work(1, "cody")
    yield "cody", disclosure.EndInvolvement, 1, {"agency": "police"}
    kept = frozenset({Category.PLAN, Category.DISCUSSION})
    yield "cody", agreement.RecordObjection, 1, {"categories": kept, "partners": frozenset[str]()}
    yield "cora", referral.AttachReferral, 0, {**DOOR, "source": "spring"}
    right: dict[str, Any] = {"removed": frozenset[PersonDetail]()}
    yield "cora", CorrectIdentity, 0, {**right, "nhs_number": None, "date_of_birth": None}
    yield "cora", CorrectContact, 0, right
    yield "cora", SetProtectedAddress, 0, {"protected": True}
    yield "cora", RecordDeath, 0, {}
    yield "pol", restricted.RaiseSafeguardingConcern, 0, {}
    yield from contacts()
    yield "xena", notes.AddNote, 3, {"audience": frozenset[str]()}
    yield from MEETINGS[meetings]()


def history(seed: int, length: int = 14) -> list[Step]:
    """Mostly what is usual, in its order, with a part of it left out; then steps of anybody, and a look for matches."""
    random = Random(seed)
    left_out = random.choice((0, 0.05, 0.1, 0.25))
    meetings = random.choice(("two", "two", *MEETINGS))
    told = [each for each in usual(meetings) if random.random() >= left_out]
    said = [Step(number, by, kind, case, fixed) for number, (by, kind, case, fixed) in enumerate(told)]
    free = [anything(random, len(said) + number) for number in range(length)]
    # Last, so that whoever keeps the door sees what others wrote elsewhere.
    return [*said, *free, Step(len(said) + length, "cora", LookForMatches, 0, free=True)]


def anything(random: Random, number: int) -> Step:
    if random.random() < 0.6:
        kinds: Sequence[type[Command]] = OFTEN
    else:
        kinds = (*OF_CASES, *OF_CASES, *MEETING.commands, *RESTRICTED.commands, *PERSONAL, *PLACE_WIDE)
        kinds = (*kinds, *CONTACT.commands)
    kind, case = random.choice(kinds), random.choice((0, 0, 0, 1, 1, 2, 3))
    at_work = AT_WORK[case] if kind in (*CASE.commands, *RESTRICTED.commands) else random.choice(IN_THE_MEETING)
    by = at_work if random.random() < 0.55 else random.choice(CAST).name
    return Step(number, by, kind, case, fixed(random, kind, by), free=True)


def fixed(random: Random, kind: type[Command], by: str) -> dict[str, Any]:
    """Often what the domain asks for anyway: without it most attempts would end before the policy is asked."""
    whom = by if random.random() < 0.6 else Random(f"{by} {kind}").choice(CAST).name
    somebody = {"user": whom, "agency": NAMED[whom].agency}
    usual: dict[str, Any] = {
        "on_behalf_of": None, "needs": (), "criteria": (), "requested_partners": (),
        "presenter": worker(by), "nhs_number": None, "date_of_birth": None, "service": None, "described": described,
    }  # fmt: skip
    if kind in (adding.AddItem, adding.AddLateItem):
        usual |= {"presenter": by}
    if kind is disclosure.AuthoriseDisclosure:
        usual |= {"basis": BASIS}
    if kind in (recusal.DeclareRecusal, attendance.DeclareInterest, attendance.JoinMeeting, attendance.SendApology):
        usual |= somebody
    if kind in (speaking.RaiseHand, speaking.LowerHand, speaking.GiveFloor):
        usual |= {"user": whom}
    if kind is attendance.AcceptConfidentiality:
        usual |= {"user": by, "statement": None}
    if kind is referral.SubmitReferral and random.random() < 0.7:
        usual |= {"case": another_case}
    if kind is contact.ResolveContact:
        usual |= {"outcome": random.choice(("advice-given", "ambulance"))}
    if kind is contact.ReceiveContact and random.random() < 0.5:
        usual |= {"person": None}
    if kind is contact.ConvertContact and random.random() < 0.7:
        usual |= {"case": another_case, "person": newcomer}
    if kind in PLACE_WIDE:
        usual |= {"programme": HERE, "series": None}
    return {name: value for name, value in usual.items() if name in kind.__struct_fields__}
