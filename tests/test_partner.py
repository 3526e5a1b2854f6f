"""Partners share while an agreement is in force, on London days, and act through people who are enrolled."""

from datetime import UTC, date, datetime, timedelta
from functools import reduce
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.facts import Actor, Category, Role, Sealed, Tag
from catch.domain.given import Given
from catch.domain.keys import KeyMalformed
from catch.domain.partner import (
    AgencyLeftProgramme,
    AgencyRunsProgramme,
    AgreementCoversNothing,
    AgreementEndsBeforeItStarts,
    AgreementSigned,
    AgreementTerminated,
    AllowService,
    Binding,
    BindSubject,
    Bound,
    CalendarRenewed,
    EndRole,
    EndsBeforeItBegins,
    EndTag,
    EnrolMember,
    EnrolService,
    GiveRole,
    GiveTag,
    HeldRole,
    HeldTag,
    LeaveProgramme,
    Member,
    MemberEnrolled,
    MemberNotEnrolled,
    MemberReinstated,
    MemberSuspended,
    NotForYourself,
    Partner,
    PartnerCommand,
    PartnerEvent,
    PartnerRegistered,
    RegisterPartner,
    ReinstateMember,
    RenewCalendar,
    RoleEnded,
    RoleGiven,
    RunningPart,
    RunProgramme,
    ServiceAccount,
    ServiceAllowed,
    SignAgreement,
    SubjectBound,
    SubjectUnbound,
    SuspendMember,
    TagEnded,
    TagGiven,
    TerminateAgreement,
    UnbindSubject,
    UnknownAgreement,
    decide,
    evolve,
)
from catch.domain.partner.members import (
    ACCOUNTS,
    OnlyAuditorsAreAssignedCases,
    RoleHeldEverywhere,
    RoleNeedsProgramme,
    RoleNotGiven,
    SubjectTaken,
    TooManyAccounts,
)
from catch.domain.refusals import MissingText, Refused, UnknownPartner
from tests.given import at_once

KEY, PROGRAMME = "housing-1", "snn-catch"
AT = datetime(2026, 6, 2, 10, tzinfo=UTC)
GIVEN = Given(AT, Actor("ada", "snn", Role.ADMINISTRATOR))
NAME, WHO, WHY = Sealed("sealed name"), Sealed("sealed signatory"), Sealed("sealed reason")
SHARED = frozenset({Category.NEEDS, Category.PLAN})
REGISTERED = PartnerRegistered(KEY, "Housing One", "housing")
SIGNED = AgreementSigned(KEY, "isa-1", (PROGRAMME,), SHARED, date(2026, 4, 1), date(2026, 6, 30), WHO)
SIGN = SignAgreement(KEY, "isa-1", (PROGRAMME,), SHARED, date(2026, 4, 1), date(2026, 6, 30), WHO)

ids, users = st.sampled_from(["isa-1", "isa-2", ""]), st.sampled_from(["ann", "bob"])
days = st.dates(date(2026, 1, 1), date(2026, 1, 9))
categories = st.frozensets(st.sampled_from(Category), max_size=3)
programmes = st.sampled_from([(), (PROGRAMME,), (PROGRAMME, "bexley-icm")])
roles, tags, parts = st.sampled_from(Role), st.sampled_from(Tag), st.sampled_from(RunningPart)
places, series = st.sampled_from([PROGRAMME, None]), st.sampled_from(["weekly", None])
names = st.sampled_from([(), ("add-note",), ("add-note", "submit-referral")])
keys = st.frozensets(st.sampled_from(["add-note", "a" * 64]))
bindings = st.builds(Binding, st.sampled_from(["nhs-login", "county"]), st.sampled_from("ab"))
commands: st.SearchStrategy[PartnerCommand] = st.one_of(
    st.builds(RegisterPartner, st.just(KEY), st.sampled_from(["One", "Two", " "]), st.sampled_from(["housing", "X"])),
    st.builds(SignAgreement, st.just(KEY), ids, programmes, categories, days, st.none() | days, st.just(WHO)),
    st.builds(TerminateAgreement, st.just(KEY), ids, st.sampled_from([WHY, Sealed("")])),
    st.builds(EnrolMember, st.just(KEY), users, st.just(NAME)),
    st.builds(EnrolService, st.just(KEY), users, st.just(NAME), names, st.sampled_from([(), ("a" * 64,), ("a",)])),
    st.builds(AllowService, st.just(KEY), users, names),
    st.builds(BindSubject, st.just(KEY), users, st.just("nhs-login"), st.just(NAME), st.booleans()),
    st.builds(UnbindSubject, st.just(KEY), users, st.just("nhs-login")),
    st.builds(RenewCalendar, st.just(KEY)),
    st.builds(SuspendMember, st.just(KEY), users),
    st.builds(ReinstateMember, st.just(KEY), users),
    st.builds(GiveRole, st.just(KEY), users, roles, days, st.none() | days, places, series),
    st.builds(EndRole, st.just(KEY), users, roles, places, series),
    st.builds(GiveTag, st.just(KEY), users, tags, st.just(PROGRAMME), days, st.none() | days),
    st.builds(EndTag, st.just(KEY), users, tags, st.just(PROGRAMME)),
    st.builds(RunProgramme, st.just(KEY), st.just(PROGRAMME), parts, days, st.none() | days),
    st.builds(LeaveProgramme, st.just(KEY), st.just(PROGRAMME), parts),
)
events: st.SearchStrategy[PartnerEvent] = st.one_of(
    st.just(REGISTERED),
    st.builds(AgreementSigned, st.just(KEY), ids, programmes, categories, days, st.none() | days, st.just(WHO)),
    st.builds(AgreementTerminated, st.just(KEY), ids, st.just(AT), st.just(WHY)),
    st.builds(MemberEnrolled, st.just(KEY), users, st.just(NAME)),
    st.builds(MemberEnrolled, st.just(KEY), users, st.just(NAME), service=st.builds(ServiceAccount, keys, keys)),
    st.builds(ServiceAllowed, st.just(KEY), users, st.builds(ServiceAccount, keys, keys)),
    st.builds(SubjectBound, st.just(KEY), users, bindings, st.booleans()),
    st.builds(SubjectUnbound, st.just(KEY), users, st.just("nhs-login")),
    st.builds(CalendarRenewed, st.just(KEY), users),
    st.builds(MemberSuspended, st.just(KEY), users),
    st.builds(MemberReinstated, st.just(KEY), users),
    st.builds(RoleGiven, st.just(KEY), users, st.builds(HeldRole, roles, days, st.none() | days, places, series)),
    st.builds(RoleEnded, st.just(KEY), users, roles, places, series),
    st.builds(TagGiven, st.just(KEY), users, st.builds(HeldTag, tags, st.just(PROGRAMME), days, st.none() | days)),
    st.builds(TagEnded, st.just(KEY), users, tags, st.just(PROGRAMME)),
    st.builds(AgencyRunsProgramme, st.just(KEY), st.just(PROGRAMME), parts, days, st.none() | days),
    st.builds(AgencyLeftProgramme, st.just(KEY), st.just(PROGRAMME), parts),
)


def fold(*history: PartnerEvent) -> Partner:
    partner = reduce(at_once(evolve, AT), history, None)
    assert partner is not None
    return partner


def refused(why: type[Refused], partner: Partner | None, command: PartnerCommand) -> None:
    with pytest.raises(why):
        decide(partner, command, GIVEN)


def test_a_partner_is_registered_under_a_key_of_its_own():
    command = RegisterPartner(KEY, "Housing One", "housing", ods="X1")
    assert decide(None, command, GIVEN) == [PartnerRegistered(KEY, "Housing One", "housing", "X1")]


@pytest.mark.parametrize("key", ["", "Housing", "housing 1", "-housing", "housing--1", "housing-1\n", "a" * 65])
def test_a_key_is_lower_case_and_hyphens(key: str):
    refused(KeyMalformed, None, RegisterPartner(key, "Housing One", "housing"))


def test_a_partner_needs_a_name():
    refused(MissingText, None, RegisterPartner(KEY, "  ", "housing"))


def test_an_agreement_is_in_force_from_its_first_london_day_to_its_last():
    partner = fold(REGISTERED, SIGNED)
    # Midnight of 1 April is 23:00 UTC on 31 March, because summer time has begun.
    assert not partner.in_force(PROGRAMME, datetime(2026, 3, 31, 22, 59, tzinfo=UTC))
    assert partner.in_force(PROGRAMME, datetime(2026, 3, 31, 23, 0, tzinfo=UTC))
    assert partner.in_force(PROGRAMME, datetime(2026, 6, 30, 22, 59, tzinfo=UTC))
    assert not partner.in_force(PROGRAMME, datetime(2026, 6, 30, 23, 0, tzinfo=UTC))
    assert not partner.in_force("bexley-icm", AT)


def test_agreements_cover_the_categories_they_name_together():
    health = AgreementSigned(KEY, "isa-2", (PROGRAMME,), frozenset({Category.HEALTH}), date(2026, 1, 1), None, WHO)
    partner = fold(REGISTERED, SIGNED, health)
    assert partner.covers(PROGRAMME, SHARED | {Category.HEALTH}, AT)
    assert not partner.covers(PROGRAMME, frozenset({Category.RISK}), AT)
    assert not partner.covers(PROGRAMME, SHARED, datetime(2026, 7, 1, tzinfo=UTC))


def test_a_terminated_agreement_shares_nothing_from_that_moment_on():
    (ended,) = decide(fold(REGISTERED, SIGNED), TerminateAgreement(KEY, "isa-1", WHY), GIVEN)
    partner = fold(REGISTERED, SIGNED, ended)
    assert ended == AgreementTerminated(KEY, "isa-1", AT, WHY)
    assert not partner.covers(PROGRAMME, SHARED, AT)
    assert partner.covers(PROGRAMME, SHARED, datetime(2026, 6, 2, 9, 59, tzinfo=UTC))


def test_signing_again_records_nothing():
    partner = fold(REGISTERED, SIGNED)
    assert decide(fold(REGISTERED), SIGN, GIVEN) == [SIGNED]
    assert decide(partner, SIGN, GIVEN) == []


def test_an_agreement_makes_sense():
    partner = fold(REGISTERED)
    refused(AgreementCoversNothing, partner, replace(SIGN, programmes=()))
    refused(AgreementCoversNothing, partner, replace(SIGN, categories=frozenset()))
    refused(AgreementEndsBeforeItStarts, partner, replace(SIGN, ends_on=date(2026, 3, 31)))
    refused(MissingText, partner, replace(SIGN, agreement=""))
    refused(UnknownAgreement, partner, TerminateAgreement(KEY, "isa-9", WHY))
    refused(MissingText, fold(REGISTERED, SIGNED), TerminateAgreement(KEY, "isa-1", Sealed("")))


def test_a_member_is_enrolled_suspended_and_reinstated():
    enrolled, suspended = MemberEnrolled(KEY, "ann", NAME), MemberSuspended(KEY, "ann")
    assert decide(fold(REGISTERED), EnrolMember(KEY, "ann", NAME), GIVEN) == [enrolled]
    assert decide(fold(REGISTERED, enrolled), SuspendMember(KEY, "ann"), GIVEN) == [suspended]
    partner = fold(REGISTERED, enrolled, suspended)
    member = partner.member("ann")
    assert member
    assert member.suspended
    assert decide(partner, ReinstateMember(KEY, "ann"), GIVEN) == [MemberReinstated(KEY, "ann")]


def test_only_members_are_suspended_or_reinstated():
    refused(MemberNotEnrolled, fold(REGISTERED), SuspendMember(KEY, "ann"))
    refused(MemberNotEnrolled, fold(REGISTERED), ReinstateMember(KEY, "ann"))


def test_nothing_is_asked_of_a_partner_nobody_registered():
    for command in (SIGN, TerminateAgreement(KEY, "isa-1", WHY), EnrolMember(KEY, "ann", NAME)):
        refused(UnknownPartner, None, command)


DAY, LAST = date(2026, 6, 2), date(2026, 12, 31)
ANN = MemberEnrolled(KEY, "ann", NAME)
COORDINATOR = HeldRole(Role.COORDINATOR, DAY, LAST, PROGRAMME)
CHAIR = HeldRole(Role.CHAIR, DAY, None, PROGRAMME, "weekly")
TAG = HeldTag(Tag.SAFEGUARDING, PROGRAMME, DAY, LAST)


def giving(held: HeldRole, user: str = "ann") -> GiveRole:
    return GiveRole(KEY, user, held.role, held.starts_on, held.ends_on, held.programme, held.series, held.cases)


def roles_of(partner: Partner) -> tuple[HeldRole, ...]:
    member = partner.member("ann")
    assert member
    return member.roles


@pytest.mark.parametrize(
    "held",
    [
        COORDINATOR,
        CHAIR,
        HeldRole(Role.DEPUTY, DAY, LAST, PROGRAMME, "weekly"),
        HeldRole(Role.PREPARER, DAY, LAST, PROGRAMME, "weekly"),
        HeldRole(Role.MEMBER_ADMINISTRATOR, DAY),
        HeldRole(Role.ADMINISTRATOR, DAY, LAST),
        HeldRole(Role.AUDITOR, DAY, LAST, PROGRAMME, cases=(UUID(int=1),)),
        HeldRole(Role.CALDICOTT, DAY, DAY, PROGRAMME),
    ],
)
def test_a_role_is_given_and_ended(held: HeldRole):
    partner, ended = fold(REGISTERED, ANN), RoleEnded(KEY, "ann", held.role, held.programme, held.series)
    assert decide(partner, giving(held), GIVEN) == [RoleGiven(KEY, "ann", held)]
    after = fold(REGISTERED, ANN, RoleGiven(KEY, "ann", held))
    assert roles_of(after) == (held,)
    assert decide(after, giving(held), GIVEN) == []
    end = EndRole(KEY, "ann", held.role, held.programme, held.series)
    assert decide(after, end, GIVEN) == [ended]
    gone = fold(REGISTERED, ANN, RoleGiven(KEY, "ann", held), ended)
    assert roles_of(gone) == ()
    assert decide(gone, end, GIVEN) == []


def test_a_role_given_again_lasts_as_it_was_given_last_and_another_beside_it():
    longer = replace(COORDINATOR, ends_on=None)
    elsewhere = replace(COORDINATOR, programme="bexley-icm")
    given_all = [RoleGiven(KEY, "ann", held) for held in (COORDINATOR, CHAIR, elsewhere, longer)]
    partner = fold(REGISTERED, ANN, *given_all)
    assert roles_of(partner) == (CHAIR, elsewhere, longer)
    other = RoleEnded(KEY, "ann", Role.COORDINATOR, "bexley-icm")
    assert roles_of(fold(REGISTERED, ANN, *given_all, other)) == (CHAIR, longer)


def test_a_role_is_held_where_it_belongs():
    partner = fold(REGISTERED, ANN)
    refused(RoleNotGiven, partner, giving(HeldRole(Role.SYSTEM, DAY)))
    refused(RoleHeldEverywhere, partner, giving(HeldRole(Role.ADMINISTRATOR, DAY, None, PROGRAMME)))
    refused(RoleHeldEverywhere, partner, giving(HeldRole(Role.MEMBER_ADMINISTRATOR, DAY, None, None, "weekly")))
    for bare in (replace(COORDINATOR, programme=None), replace(COORDINATOR, programme=""), replace(CHAIR, series=None)):
        refused(RoleNeedsProgramme, partner, giving(bare))
    refused(RoleNeedsProgramme, partner, giving(replace(COORDINATOR, series="weekly")))
    refused(KeyMalformed, partner, giving(replace(COORDINATOR, programme="No Key")))
    refused(KeyMalformed, partner, giving(replace(CHAIR, series="No Key")))
    refused(OnlyAuditorsAreAssignedCases, partner, giving(replace(COORDINATOR, cases=(UUID(int=1),))))
    refused(EndsBeforeItBegins, partner, giving(replace(COORDINATOR, ends_on=date(2026, 6, 1))))
    refused(MemberNotEnrolled, partner, giving(COORDINATOR, "bob"))
    refused(MemberNotEnrolled, partner, EndRole(KEY, "bob", Role.COORDINATOR, PROGRAMME))


def test_nobody_gives_themselves_a_role_or_a_tag():
    partner = fold(REGISTERED, MemberEnrolled(KEY, "ada", NAME))
    refused(NotForYourself, partner, giving(COORDINATOR, "ada"))
    refused(NotForYourself, partner, GiveTag(KEY, "ada", TAG.tag, PROGRAMME, DAY))


def test_a_tag_is_given_again_and_ended():
    partner = fold(REGISTERED, ANN)
    give, end = GiveTag(KEY, "ann", TAG.tag, PROGRAMME, DAY, LAST), EndTag(KEY, "ann", TAG.tag, PROGRAMME)
    assert decide(partner, give, GIVEN) == [TagGiven(KEY, "ann", TAG)]
    assert decide(partner, end, GIVEN) == []
    after = fold(REGISTERED, ANN, TagGiven(KEY, "ann", TAG), TagGiven(KEY, "ann", replace(TAG, ends_on=None)))
    member = after.member("ann")
    assert member
    assert member.tags == (replace(TAG, ends_on=None),)
    assert decide(after, end, GIVEN) == [TagEnded(KEY, "ann", TAG.tag, PROGRAMME)]
    refused(EndsBeforeItBegins, partner, replace(give, ends_on=date(2026, 6, 1)))
    refused(KeyMalformed, partner, replace(give, programme="No Key"))
    refused(MemberNotEnrolled, partner, replace(give, user="bob"))


@pytest.mark.parametrize("part", RunningPart)
def test_an_agency_runs_a_programme_in_a_part_and_leaves_it(part: RunningPart):
    run, leave = RunProgramme(KEY, PROGRAMME, part, DAY, LAST), LeaveProgramme(KEY, PROGRAMME, part)
    runs, left = AgencyRunsProgramme(KEY, PROGRAMME, part, DAY, LAST), AgencyLeftProgramme(KEY, PROGRAMME, part)
    assert decide(fold(REGISTERED), run, GIVEN) == [runs]
    partner = fold(REGISTERED, runs)
    assert decide(partner, run, GIVEN) == []
    assert [partner.runs(PROGRAMME, day) for day in (date(2026, 6, 1), DAY, LAST, date(2027, 1, 1))] == [
        frozenset(),
        {part},
        {part},
        frozenset(),
    ]
    assert partner.runs("bexley-icm", DAY) == frozenset()
    assert decide(partner, leave, GIVEN) == [left]
    assert decide(fold(REGISTERED, runs, left), leave, GIVEN) == []
    refused(EndsBeforeItBegins, partner, replace(run, ends_on=date(2026, 6, 1)))
    refused(KeyMalformed, partner, replace(run, programme="No Key"))
    refused(UnknownPartner, None, run)


around = st.dates(date(2026, 5, 20), date(2026, 6, 15))


@given(around, st.none() | around, around, st.none() | around)
def test_what_is_given_anew_from_a_later_day_takes_nothing_away_before(
    was: date, was_until: date | None, starts: date, until: date | None
):
    def held(*history: PartnerEvent) -> list[tuple[bool, ...]]:
        partner = fold(REGISTERED, ANN, *history)
        member = partner.member("ann")
        assert member
        return [
            (bool(partner.runs(PROGRAMME, day)), any(member.roles_on(day)), any(member.tags_on(day)))
            for day in (date(2026, 6, 2) + timedelta(days=number) for number in range(20))
        ]

    def rights(begins: date, ends: date | None) -> list[PartnerEvent]:
        return [
            AgencyRunsProgramme(KEY, PROGRAMME, RunningPart.LEAD, begins, ends),
            RoleGiven(KEY, "ann", HeldRole(Role.COORDINATOR, begins, ends, PROGRAMME)),
            TagGiven(KEY, "ann", HeldTag(TAG.tag, PROGRAMME, begins, ends)),
        ]

    former, anew = rights(was, was_until), rights(starts, until)
    # From its first day on the new one counts alone; until then, and from today on, what there was.
    begins = max(0, (starts - date(2026, 6, 2)).days)
    assert held(*former, *anew) == [*held(*former)[:begins], *held(*anew)[begins:]]
    taken = [
        AgencyLeftProgramme(KEY, PROGRAMME, RunningPart.LEAD),
        RoleEnded(KEY, "ann", Role.COORDINATOR, PROGRAMME),
        TagEnded(KEY, "ann", TAG.tag, PROGRAMME),
    ]
    assert held(*former, *anew, *taken) == held(), "and nothing of either is left once it is ended"


def test_what_one_member_is_given_is_not_anothers():
    partner = fold(REGISTERED, ANN, MemberEnrolled(KEY, "bob", NAME), RoleGiven(KEY, "bob", COORDINATOR))
    assert roles_of(partner) == ()


@given(st.lists(commands, max_size=15))
def test_an_accepted_command_repeated_records_nothing(asked: list[PartnerCommand]):
    partner: Partner | None = None
    for command in asked:
        try:
            partner = reduce(at_once(evolve, AT), decide(partner, command, GIVEN), partner)
        except Refused:
            continue
        assert decide(partner, command, GIVEN) == []


@given(st.lists(events, max_size=15))
def test_any_history_can_be_folded_and_stored(history: list[PartnerEvent]):
    partner = reduce(at_once(evolve, AT), history, None)
    assert (partner is None) == (REGISTERED not in history)
    for event in history:
        assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event


def bound(issuer: str, digest: str, *, user: str = "ann", beside: bool = False) -> tuple[BindSubject, Given]:
    return BindSubject(KEY, user, issuer, NAME, beside), replace(GIVEN, digest=digest)


def test_a_member_has_several_accounts_where_somebody_says_so():
    enrolled = fold(REGISTERED, MemberEnrolled(KEY, "ann", NAME), MemberEnrolled(KEY, "bob", NAME))
    one, two = Binding("county", "a"), Binding("nhs-login", "b")
    assert decide(enrolled, *bound("county", "a")) == [SubjectBound(KEY, "ann", one)]
    first = evolve(enrolled, SubjectBound(KEY, "ann", one), AT)
    assert first is not None
    assert decide(first, *bound("county", "a")) == []
    assert decide(first, *bound("county", "a", beside=True)) == []
    assert decide(first, *bound("nhs-login", "b", beside=True)) == [SubjectBound(KEY, "ann", two, beside=True)]
    both = evolve(first, SubjectBound(KEY, "ann", two, beside=True), AT)
    assert both is not None
    ann = both.member("ann")
    assert ann is not None
    assert ann.known_by(one)
    assert ann.known_by(two)
    # Said without the others, it is in their place.
    assert decide(both, *bound("county", "a")) == [SubjectBound(KEY, "ann", one)]
    with pytest.raises(SubjectTaken):
        decide(both, *bound("nhs-login", "b", user="bob"))
    alone = evolve(both, SubjectUnbound(KEY, "ann", "county"), AT)
    assert alone is not None
    assert decide(both, UnbindSubject(KEY, "ann", "county"), GIVEN) == [SubjectUnbound(KEY, "ann", "county")]
    assert decide(alone, UnbindSubject(KEY, "ann", "county"), GIVEN) == []
    ann = alone.member("ann")
    assert ann is not None
    assert (ann.known_by(one), ann.known_by(two)) == (False, True)


def test_whoever_renews_their_calendar_ends_their_own_addresses_and_nobody_elses():
    both = fold(REGISTERED, MemberEnrolled(KEY, "ann", NAME), MemberEnrolled(KEY, "bob", NAME))
    given = replace(GIVEN, by=replace(GIVEN.by, user="ann", agency=KEY))
    renewed = CalendarRenewed(KEY, "ann")
    assert decide(both, RenewCalendar(KEY), given) == [renewed]
    once = evolve(both, renewed, AT)
    assert decide(once, RenewCalendar(KEY), given) == [renewed]
    twice = evolve(once, renewed, AT)
    assert twice is not None
    assert [each.calendars for each in twice.members] == [2, 0]
    with pytest.raises(MemberNotEnrolled):
        decide(both, RenewCalendar(KEY), replace(GIVEN, by=replace(GIVEN.by, user="eve")))


def test_an_account_holds_since_it_was_bound_and_nobody_signed_in_before_that_is_meant():
    later = AT + timedelta(hours=1)
    member = Member("ann", NAME, bound=(Bound(Binding("county", "a"), AT), Bound(Binding("nhs-login", "b"), later)))
    assert member.known_by(Binding("county", "a"), AT)
    assert not member.known_by(Binding("county", "a"), AT - timedelta(seconds=1))
    assert not member.known_by(Binding("nhs-login", "b"), AT)
    assert member.known_by(Binding("nhs-login", "b"))


def test_nobody_has_accounts_without_end():
    history: list[PartnerEvent] = [REGISTERED, MemberEnrolled(KEY, "ann", NAME)]
    history += [SubjectBound(KEY, "ann", Binding("county", str(n)), beside=True) for n in range(ACCOUNTS)]
    many = fold(*history)
    with pytest.raises(TooManyAccounts):
        decide(many, *bound("county", "one more", beside=True))
    assert len(decide(many, *bound("county", "one more"))) == 1


def test_what_is_no_issuers_key_is_bound_to_nobody():
    with pytest.raises(Refused):
        decide(fold(REGISTERED, MemberEnrolled(KEY, "ann", NAME)), *bound("https://id.example.org", "a"))
