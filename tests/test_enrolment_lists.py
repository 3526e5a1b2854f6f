"""Read models of enrolment: every giving with its author, beginning and end, folded and looked up."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

import projections
from catch.access.listing import Reach, carer
from catch.domain.facts import Fact, Role, Tag
from catch.domain.partner import (
    AgencyLeftProgramme,
    AgreementTerminated,
    HeldRole,
    MemberReinstated,
    MemberSuspended,
    RoleEnded,
    RoleGiven,
    RunningPart,
    TagEnded,
)
from catch.domain.streams import partner_stream
from catch.log import Append, Log, NewEvent
from catch.log.codec import decode, encode
from catch.readside import as_at, rebuild
from catch.readside.inventory import prepare
from catch.readside.rebuilding import session
from projections import agencies, givings, members
from projections.givings import Giver, GivingKind
from tests.enrolments import (
    ADA,
    AT,
    BEXLEY,
    CAL,
    CASES,
    CATCH,
    DAY,
    HOUSING,
    NAME,
    OLA,
    SINCE,
    SNN,
    WEEKLY,
    chairs,
    envelope,
    facts,
    tagged,
)

STREAM = partner_stream("snn")
BY_OLA = Giver("ola", "snn", Role.APPOINTING_OFFICER, AT)


def agency(*more: Fact) -> agencies.Row:
    row = as_at(agencies.AGENCIES, "snn", facts((*SNN, *((fact, OLA) for fact in more))))
    assert isinstance(row, agencies.Row)
    return row


def member(user: str, *more: Fact) -> members.Row:
    row = as_at(members.MEMBERS, givings.member(STREAM, user), facts((*SNN, *((fact, OLA) for fact in more))))
    assert isinstance(row, members.Row)
    return row


def all_givings(*more: Fact) -> dict[UUID, givings.Row]:
    rows: dict[UUID, givings.Row] = {}
    for fact in facts((*SNN, *((fact, CAL) for fact in more))):
        for key in givings.keys(fact):
            after = givings.fold(rows.pop(key, None), fact, key)
            if after is not None:
                rows[key] = after
    return rows


# Folds


def test_an_agency_is_listed_with_its_agreements_and_what_it_runs_and_who_recorded_each():
    row = agency()
    assert (row.name, row.kind, row.ods, row.members, row.suspended) == (
        "Support North Northants",
        "voluntary",
        "ABC",
        2,
        0,
    )
    assert row.programmes == (BEXLEY, CATCH)
    assert [(each.held.agreement, each.held.ends_on, each.given.user) for each in row.agreements] == [
        ("isa-1", date(2026, 7, 1), "ada")
    ]
    assert [(each.held.part, each.held.ends_on, each.given.role) for each in row.runs] == [
        (RunningPart.LEAD, date(2026, 12, 31), Role.ADMINISTRATOR)
    ]


def test_what_an_agency_no_longer_has_is_said_to_have_ended_or_is_gone():
    row = agency(AgreementTerminated("snn", "isa-1", AT, NAME), AgencyLeftProgramme("snn", CATCH, RunningPart.LEAD))
    assert (row.agreements[0].held.terminated_at, row.agreements[0].ended, row.runs) == (AT, BY_OLA, ())
    other = AgreementTerminated("snn", "isa-2", AT, NAME)
    assert agency(other).agreements[0].ended is None
    assert agency(AgencyLeftProgramme("snn", CATCH, RunningPart.DELIVERY)).runs == agency().runs


def test_members_are_counted_and_so_are_those_suspended():
    assert (agency(MemberSuspended("snn", "carl")).members, agency(MemberSuspended("snn", "carl")).suspended) == (2, 1)
    assert agency(MemberSuspended("snn", "carl"), MemberReinstated("snn", "carl")).suspended == 0


def test_a_member_is_listed_with_each_role_and_tag_and_who_gave_it_when():
    carl, dee = member("carl"), member("dee")
    assert (carl.agency, carl.user_id, carl.name, carl.suspended) == ("snn", "carl", NAME, False)
    assert (carl.enrolled.user, [(each.held, each.given) for each in carl.roles]) == ("ada", [(chairs.held, BY_OLA)])
    assert [(each.held, each.given.user) for each in carl.tags] == [(tagged.held, "cal")]
    assert (carl.acts_as, carl.ends_on) == ((Role.CHAIR,), date(2026, 6, 10))
    assert (dee.acts_as, dee.ends_on) == ((Role.AUDITOR, Role.DEPUTY), date(2026, 6, 20))


def test_a_role_given_again_lasts_as_it_was_given_last_and_one_that_is_ended_is_gone():
    longer = replace(chairs, held=replace(chairs.held, ends_on=None))
    assert [each.held for each in member("carl", longer).roles] == [longer.held]
    ended = RoleEnded("snn", "carl", Role.CHAIR, CATCH, WEEKLY)
    assert (member("carl", ended).roles, member("carl", ended).acts_as) == ((), ())
    assert member("carl", RoleEnded("snn", "carl", Role.CHAIR, CATCH, "another")).roles == member("carl").roles
    assert member("carl", TagEnded("snn", "carl", Tag.SAFEGUARDING, CATCH)).tags == ()


def test_a_suspended_member_is_listed_as_that_until_they_are_reinstated():
    assert member("carl", MemberSuspended("snn", "carl")).suspended
    assert not member("carl", MemberSuspended("snn", "carl"), MemberReinstated("snn", "carl")).suspended
    assert not member("dee", MemberSuspended("snn", "carl")).suspended


def test_every_giving_has_a_row_until_it_is_ended():
    rows = [(row.kind, row.user_id, row.ends_on, row.given.user) for row in all_givings().values()]
    assert rows == [
        (GivingKind.AGREEMENT, None, date(2026, 7, 1), "ada"),
        (GivingKind.RUNNING, None, date(2026, 12, 31), "ada"),
        (GivingKind.ROLE, "carl", date(2026, 6, 30), "ola"),
        (GivingKind.ROLE, "dee", None, "ola"),
        (GivingKind.ROLE, "dee", date(2026, 6, 20), "cal"),
        (GivingKind.TAG, "carl", date(2026, 6, 10), "cal"),
    ]
    endings = (
        AgreementTerminated("snn", "isa-1", AT, NAME),
        AgencyLeftProgramme("snn", CATCH, RunningPart.LEAD),
        RoleEnded("snn", "carl", Role.CHAIR, CATCH, WEEKLY),
        RoleEnded("snn", "dee", Role.DEPUTY, CATCH, WEEKLY),
        RoleEnded("snn", "dee", Role.AUDITOR, CATCH),
        TagEnded("snn", "carl", Tag.SAFEGUARDING, CATCH),
    )
    for fact in endings:
        assert len(all_givings(fact)) == 5, fact
    assert all_givings(*endings) == {}


def test_what_is_given_anew_from_a_later_day_leaves_what_holds_until_then():
    def again(starts_on: date, ends_on: date | None = None) -> RoleGiven:
        return replace(chairs, held=replace(chairs.held, starts_on=starts_on, ends_on=ends_on))

    def held(*facts: RoleGiven) -> list[tuple[date, date | None]]:
        (row,) = [each for each in all_givings(*facts).values() if each.role is Role.CHAIR]
        assert row.since == min(each.starts_on for each in (row, *row.before))
        return [(each.starts_on, each.ends_on) for each in (*row.before, row)]

    own, later, last = chairs.held.starts_on, DAY + timedelta(days=10), DAY + timedelta(days=20)
    before = timedelta(days=1)
    assert held(again(later)) == [(own, later - before), (later, None)]
    assert held(again(later), again(last)) == [(own, later - before), (later, last - before), (last, None)]
    # Given again from a day that goes before, or has come, it is that alone.
    assert held(again(later), again(own)) == [(own, None)]
    assert held(again(last), again(later)) == [(own, later - before), (later, None)]


def test_user_ids_that_look_alike_are_not_taken_for_one_another():
    odd = RoleGiven("snn", 'carl","chair', HeldRole(Role.CHAIR, SINCE, None, CATCH, WEEKLY))
    assert len(all_givings(odd)) == 7
    assert givings.member(STREAM, "carl") != givings.member(partner_stream("housing-1"), "carl")


# Queries


class Told:
    """Facts recorded in the real log and folded into the real tables."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.db = log.pool

    async def tell(self, key: str, told: Sequence[tuple[Fact, Any]]) -> None:
        stream = partner_stream(key)
        known = len(await self.log.stream(stream))
        events = [
            NewEvent(stream, known + 1 + place, type(fact).__name__, encode(envelope(fact, by)))
            for place, (fact, by) in enumerate(told)
        ]
        await self.log.append(Append(uuid4(), stream, tuple(events)))

    async def fold(self) -> None:
        everything = projections.ALL
        async with session(self.log.pool) as connection:
            await prepare(connection, everything)
        await rebuild(self.log, decode, everything)


@pytest.fixture
async def told(log: Log) -> Told:
    place = Told(log)
    await place.tell("snn", SNN)
    await place.tell("housing-1", HOUSING)
    return place


async def test_agencies_are_listed_by_key_as_far_as_one_reaches(told: Told):
    await told.fold()

    async def keys(reach: Reach, *page: Any) -> list[str]:
        return [row.agency for row in await agencies.page(told.db, reach, *page)]

    everywhere = Reach("audit", everywhere=True)
    assert await keys(everywhere) == ["housing-1", "snn"]
    assert await keys(everywhere, None, 1) == ["housing-1"]
    assert await keys(everywhere, "housing-1") == ["snn"]
    assert await keys(Reach("snn")) == ["snn"]
    assert await keys(Reach("nobody-1")) == []
    assert await keys(Reach("police-1", programmes=frozenset({CATCH}))) == ["snn"]
    assert await keys(Reach("police-1", programmes=frozenset({BEXLEY}))) == ["housing-1", "snn"]
    assert await agencies.one(told.db, "snn") == agency()
    assert await agencies.one(told.db, "nobody-1") is None


async def test_members_of_one_agency_are_listed_by_user_a_page_at_a_time(told: Told):
    await told.fold()
    assert await members.page(told.db, "snn") == [member("carl"), member("dee")]
    assert await members.page(told.db, "snn", None, 1) == [member("carl")]
    assert await members.page(told.db, "snn", "carl") == [member("dee")]
    assert await members.page(told.db, "nobody-1") == []


async def test_those_are_appointed_who_hold_it_on_the_day_or_will(told: Told):
    later = HeldRole(Role.PREPARER, DAY + timedelta(days=9), None, CATCH, "another")
    await told.tell("snn", [(RoleGiven("snn", "carl", later), OLA)])
    await told.fold()

    async def who(series: str | None, day: date, *page: Any) -> list[tuple[str | None, Role | None]]:
        rows = await givings.appointments(told.db, CATCH, series, day, *page)
        return sorted((row.user_id or "", row.role) for row in rows)

    assert await who(None, DAY) == [
        ("carl", Role.CHAIR),
        ("carl", Role.PREPARER),
        ("dee", Role.AUDITOR),
        ("dee", Role.DEPUTY),
    ]
    assert await who(WEEKLY, DAY) == [("carl", Role.CHAIR), ("dee", Role.AUDITOR), ("dee", Role.DEPUTY)]
    assert await who(WEEKLY, date(2026, 7, 1)) == [("dee", Role.DEPUTY)]
    first = await givings.appointments(told.db, CATCH, None, DAY, None, 3)
    rest = await givings.appointments(told.db, CATCH, None, DAY, (first[-1].since, first[-1].giving), 3)
    assert [len(first), len(rest), rest[0].role] == [3, 1, Role.PREPARER]
    assert await givings.appointments(told.db, BEXLEY, None, DAY) == []
    assert next(row.cases for row in first if row.role is Role.AUDITOR) == CASES


async def test_what_lapses_is_listed_for_those_who_look_after_it_what_ends_first_first(told: Told):
    await told.fold()

    async def ends(*carers: str, to: date = date(2026, 12, 31)) -> list[tuple[GivingKind, str | None]]:
        return [(row.kind, row.user_id) for row in await givings.lapsing(told.db, carers, DAY, to)]

    officer, caldicott = carer(Role.APPOINTING_OFFICER, CATCH), carer(Role.CALDICOTT, CATCH)
    agreement, running = (GivingKind.AGREEMENT, None), (GivingKind.RUNNING, None)
    assert await ends(officer) == [(GivingKind.ROLE, "carl"), agreement, running]
    assert await ends(caldicott) == [(GivingKind.TAG, "carl"), (GivingKind.ROLE, "dee"), agreement, running]
    assert await ends(caldicott, to=date(2026, 6, 10)) == [(GivingKind.TAG, "carl")]
    assert await ends(carer(Role.MEMBER_ADMINISTRATOR, "housing-1")) == [(GivingKind.ROLE, "hana")]
    assert await ends(carer(Role.ADMINISTRATOR)) == [agreement, running]
    assert await ends(carer(Role.CALDICOTT, "another")) == await ends() == []
    own = [carer(Role.MEMBER_ADMINISTRATOR, "snn")]
    first = await givings.lapsing(told.db, own, DAY, date(2026, 12, 31), None, 2)
    after = (first[-1].ends_on or DAY, first[-1].giving)
    rest = await givings.lapsing(told.db, own, DAY, date(2026, 12, 31), after, 9)
    assert [row.ends_on for row in (*first, *rest)] == [
        date(2026, 6, 10),
        date(2026, 6, 20),
        date(2026, 6, 30),
        date(2026, 7, 1),
        date(2026, 12, 31),
    ]
    assert await givings.lapsing(told.db, own, date(2027, 1, 1), date(2027, 12, 31)) == []


async def test_officers_of_a_series_are_its_chairs_and_deputies_on_that_day(told: Told):
    prepares = HeldRole(Role.PREPARER, SINCE, None, CATCH, WEEKLY)
    await told.tell("housing-1", [(RoleGiven("housing-1", "hana", prepares), OLA)])
    await told.fold()
    assert await members.officers(told.db, CATCH, WEEKLY, DAY) == {("snn", "carl"), ("snn", "dee")}
    assert await members.officers(told.db, CATCH, WEEKLY, date(2026, 7, 1)) == {("snn", "dee")}
    assert await members.officers(told.db, CATCH, WEEKLY, date(2025, 12, 31)) == set()
    assert await members.officers(told.db, CATCH, "another", DAY) == set()
    assert await members.officers(told.db, BEXLEY, WEEKLY, DAY) == set()


async def test_a_suspended_officer_is_none(told: Told):
    await told.tell("snn", [(MemberSuspended("snn", "dee"), ADA)])
    await told.fold()
    assert await members.officers(told.db, CATCH, WEEKLY, DAY) == {("snn", "carl")}


async def test_nothing_reads_a_whole_table(told: Told):
    """Each page is answered from an index, however much else there is."""
    await told.fold()
    async with told.db.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        for statement in (
            f"select * from {members.TABLE} where agency = 'snn' and user_id > 'a' order by user_id limit 9",
            f"select * from {agencies.TABLE} where agency > 'a' order by agency limit 9",
            f"select * from {agencies.TABLE} where agency = 'snn' or programmes && '{{snn-catch}}'",
            f"""select * from {givings.TABLE} where appointed and programme = 'x' and since >= '2026-01-01'
                order by since, giving limit 9""",
            f"""select * from {givings.TABLE}
                where ends_on is not null and ends_on between '2026-01-01' and '2026-02-01'
                order by ends_on, giving limit 9""",
        ):
            plan = "\n".join(row[0] for row in await connection.fetch(f"explain {statement}"))
            assert "Seq Scan" not in plan, plan
