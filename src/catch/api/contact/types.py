"""A contact as those see it who keep the front door that it came to."""

from datetime import date, datetime
from uuid import UUID

import strawberry

from catch.api.case.door_types import Described
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo, Redactable, Worker
from catch.api.figures.types import FiguresWithheld
from catch.domain.contact import ContactState
from catch.domain.programme.configuration import Disposition


@strawberry.type(description="How pressing a contact was found to be, by the priorities of its programme.")
class ContactTriage:
    at: datetime
    priority: str
    note: str | None
    by: Worker


@strawberry.type(description="How a contact ended, and what its programme says that this means.")
class ContactResolution:
    at: datetime
    outcome: str
    means: Disposition
    first_contact: bool = strawberry.field(description="Nobody else was needed. A referral may have followed later.")
    text: str | None
    by: Worker


@strawberry.type(description="A referral that a contact led to.")
class ContactReferral:
    at: datetime
    programme: str
    case_id: UUID | None = strawberry.field(description="Null where, for the viewer, there is no such case.")
    number: str | None


@strawberry.type(description="Somebody approached the front door. It may or may not have led to a referral.")
class Contact(Redactable):
    id: UUID
    version: int
    position: Position
    programme: str
    programme_version: int
    state: ContactState
    received_at: datetime
    source: str
    channel: str
    text: str | None = strawberry.field(description="What it is about.")
    needs: list[str]
    caller: str | None = strawberry.field(description="Who called, where it was not the person themselves.")
    on_behalf_of: str | None = strawberry.field(description="The agency that called.")
    taken_by: Worker
    person_id: UUID | None = strawberry.field(description="Whom it is about, where they were registered by then.")
    person_name: str | None
    described: Described | None = strawberry.field(
        description="Whom it is about, as they were described. With no person either: it is about nobody in particular."
    )
    triage: ContactTriage | None
    resolution: ContactResolution | None
    referrals: list[ContactReferral]
    repeats: UUID | None = strawberry.field(description="The earlier contact about the same.")


@strawberry.type
class ContactEdge:
    cursor: str
    node: Contact


@strawberry.type
class ContactConnection:
    edges: list[ContactEdge]
    page_info: PageInfo


@strawberry.input(description="Which contacts. What is left out does not matter.")
class ContactFilter:
    programme: str | None = None
    states: list[ContactState] | None = None


@strawberry.type(
    description="How many contacts were resolved at first contact. Contacts without a need, a test say, are left out."
)
class FirstContact:
    withheld: FiguresWithheld | None = strawberry.field(
        description="Null where the figures are told; otherwise they are null for this reason."
    )
    from_: date = strawberry.field(name="from")
    to: date
    contacts: int | None = strawberry.field(description="All that came in the period, open ones too.")
    resolved: int | None = strawberry.field(description="Nobody else was needed, and no referral followed.")
    followed: int | None = strawberry.field(description="Of all, those that are at least 28 days old.")
    lasting: int | None = strawberry.field(
        description="Of `followed`, those resolved at first contact after which whoever it was about did not come again"
        " within 28 days, as far as they are known or described."
    )
    administrative: int | None
    cut_off: Position
