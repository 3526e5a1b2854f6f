"""Who may do what here, since when, until when, and who gave it to them."""

from datetime import date, datetime
from uuid import UUID

import strawberry

from catch.api.common.types import PageInfo, Redactable
from catch.domain.facts import Category, Role, Tag
from catch.domain.partner import RunningPart
from projections.givings import GivingKind


@strawberry.type(description="Who gave something, acting as what, and when.")
class Giver:
    user: str
    agency: str
    role: Role
    at: datetime


@strawberry.type(description="What somebody may act as: in a programme, at one of its series, or in the whole place.")
class RoleHeld:
    role: Role
    programme: str | None
    series: str | None
    starts_on: date
    ends_on: date | None
    assigned_cases: int = strawberry.field(description="How many cases an auditor was assigned; 0: all of them.")
    case_ids: list[UUID] | None = strawberry.field(description="Which; for whoever assigned them, and for the auditor.")
    given: Giver | None


@strawberry.type(description="Restricted information of one kind that somebody may read in a programme.")
class TagHeld:
    tag: Tag
    programme: str
    starts_on: date
    ends_on: date | None
    given: Giver | None


@strawberry.type(description="A part that an agency has in running a programme.")
class PartHeld:
    part: RunningPart
    programme: str
    starts_on: date
    ends_on: date | None
    given: Giver | None


@strawberry.type(description="An information sharing agreement.")
class SharingAgreement:
    id: str
    programmes: list[str]
    categories: list[Category]
    starts_on: date
    ends_on: date | None
    terminated_at: datetime | None
    given: Giver | None
    ended: Giver | None


@strawberry.type(description="A mutation that is open to somebody, and by which of their roles.")
class Permission:
    mutation: str
    roles: list[Role]


@strawberry.type(
    description="A case that the viewer opened in an emergency: they look at it by break-glass until then."
)
class OpenedCase:
    id: UUID = strawberry.field(description="The opening's id, to end it by: `endBreakGlass`.")
    case_id: UUID
    number: str
    until: datetime


@strawberry.type(description="Who asks, what they may do, and why.")
class Viewer:
    user: str
    agency: str
    roles: list[Role]
    may: list[str] = strawberry.field(description="The mutations open to these roles; each also depends on the case.")
    reads: list[str] = strawberry.field(
        description="Of the queries that are for some roles alone, those open to these; what of it they are shown"
        " depends on the case, the meeting, the programme."
    )
    because: list[Permission] = strawberry.field(description="The same mutations, each with the roles that open it.")
    holds: list[RoleHeld] = strawberry.field(description="What they act as today.")
    offices: list[RoleHeld] = strawberry.field(description="What they are appointed to at a series, today.")
    tags: list[TagHeld]
    runs: list[PartHeld] = strawberry.field(description="What their agency runs today.")
    agreements: list[SharingAgreement] = strawberry.field(description="Their agency's agreements in force today.")
    opened: list[OpenedCase]
    calendars: int = strawberry.field(description="How often they renewed their calendars' addresses: `renewCalendar`.")


@strawberry.type(description="An organisation that takes part. Members are counted for whoever may list them.")
class Agency:
    key: str
    name: str
    kind: str
    ods: str | None
    registered: Giver
    members: int | None
    suspended: int | None
    agreements: list[SharingAgreement]
    runs: list[PartHeld]


@strawberry.type
class AgencyEdge:
    cursor: str
    node: Agency


@strawberry.type
class AgencyConnection:
    edges: list[AgencyEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="On all pages: every agency that one is shown.")


@strawberry.type(description="All that a program may ask for: commands, and documents by the SHA-256 of their text.")
class ServiceAccount:
    commands: list[str]
    documents: list[str]


@strawberry.type(description="Somebody who acts for an agency. Their name is for the agency's member administrator.")
class Member(Redactable):
    user: str
    agency: str
    name: str | None
    suspended: bool
    service: ServiceAccount | None = strawberry.field(description="What they may ask for, where they are a program.")
    issuers: list[str] = strawberry.field(description="Whose word is taken for who they are: `bindSubject`.")
    enrolled: Giver
    roles: list[RoleHeld]
    tags: list[TagHeld]


@strawberry.type(description="A role that the viewer may give: in which programme, where it is held in one.")
class Givable:
    role: Role
    programme: str | None


@strawberry.type(description="An agency, or somebody who acts for it, and what the viewer may do about either.")
class LookedAfter:
    agency: Agency
    member: Member | None = strawberry.field(description="Null where, for the viewer, there is none of this user id.")
    offered: list[str] = strawberry.field(
        description="The mutations that the viewer may ask for about the agency; about the member, where one is named."
        " What is sent is judged anew."
    )
    gives: list[Givable] = strawberry.field(description="The roles that the viewer may give the member.")
    ends: list[Givable] = strawberry.field(description="Of the roles listed, those that the viewer may end.")
    tag_programmes: list[str] = strawberry.field(
        description="The programmes in which the viewer may give the member a tag."
    )


@strawberry.type
class MemberEdge:
    cursor: str
    node: Member


@strawberry.type
class MemberConnection:
    edges: list[MemberEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="On all pages; whoever lists members may know how many there are.")


@strawberry.type(description="Somebody who is appointed to something, now or from a later day on.")
class Appointment:
    user: str
    agency: str
    held: RoleHeld
    next: RoleHeld | None = strawberry.field(description="As what it was given anew, from a later day on.")


@strawberry.type
class AppointmentEdge:
    cursor: str
    node: Appointment


@strawberry.type
class AppointmentConnection:
    edges: list[AppointmentEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="On all pages.")


@strawberry.type(description="Something that ends soon: an agreement, an agency's part, a member's role or tag.")
class Lapse:
    kind: GivingKind
    agency: str
    user: str | None
    programmes: list[str]
    series: str | None
    role: Role | None
    tag: Tag | None
    part: RunningPart | None
    agreement: str | None
    starts_on: date
    ends_on: date
    given: Giver


@strawberry.type
class LapseEdge:
    cursor: str
    node: Lapse


@strawberry.type
class LapseConnection:
    edges: list[LapseEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="On all pages.")


@strawberry.type(description="An organisation that may be named in a command of the programme: its public entry.")
class NamedPartner:
    key: str
    name: str
    kind: str
    agreement_in_force: bool = strawberry.field(description="Without one, nothing can be disclosed to it.")
    covers: list[Category] = strawberry.field(description="What its agreements in force let it be told.")
    runs: list[RunningPart] = strawberry.field(description="Its parts in the programme today.")


@strawberry.type
class NamedPartnerEdge:
    cursor: str
    node: NamedPartner


@strawberry.type
class NamedPartnerConnection:
    edges: list[NamedPartnerEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="On all pages.")


@strawberry.type(description="Somebody who works in a programme's cases or meetings, by user id alone.")
class NamedMember:
    user: str
    agency: str
    coordinates: bool = strawberry.field(description="Whether they are a coordinator there.")


@strawberry.type
class NamedMemberEdge:
    cursor: str
    node: NamedMember


@strawberry.type
class NamedMemberConnection:
    edges: list[NamedMemberEdge]
    page_info: PageInfo
    total_count: int = strawberry.field(description="On all pages.")
