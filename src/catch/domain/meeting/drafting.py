"""The agenda as the rules draft it, and as it is published: with a hash and a disclosure snapshot.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from hashlib import sha256
from typing import assert_never
from uuid import UUID

from msgspec.json import Encoder
from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Part
from catch.domain.given import Given, Listed
from catch.domain.meeting.items import Item, ItemState, Origin
from catch.domain.meeting.listing import Agenda, AgendaWarning, AppearanceBasis, DraftedItem, Gap, Missing, Overflow
from catch.domain.meeting.rules import not_over, unpublished
from catch.domain.meeting.state import LIVE, Meeting, MeetingState, ordered
from catch.domain.plain import Key, Label, Made
from catch.domain.refusals import Refused
from catch.domain.subject import Subject


class ItemDisclosure(Part, frozen=True, omit_defaults=True):
    """Which agencies may see an item, as things stood when the agenda was published. `basis`: on which it is heard,
    where that is another than it was put there on.
    """

    item: UUID
    agencies: tuple[Key, ...]
    basis: AppearanceBasis | None = None


class AgendaDrafted(Fact, frozen=True):
    as_of: int
    policy_version: Label
    items: tuple[DraftedItem, ...] = ()
    overflow: tuple[Overflow, ...] = ()
    warnings: tuple[AgendaWarning, ...] = ()
    gaps: tuple[Gap, ...] = ()


class AgendaPublished(Fact, frozen=True):
    content_hash: Made
    published_at: datetime
    disclosures: tuple[ItemDisclosure, ...] = ()


DraftingEvent = AgendaDrafted | AgendaPublished


def evolve(meeting: Meeting, event: DraftingEvent, at: datetime) -> Meeting:
    match event:
        case AgendaDrafted():
            return drafted(meeting, event)
        case AgendaPublished():
            return published(meeting, event)
        case _:
            assert_never(event)


def drafted(meeting: Meeting, event: AgendaDrafted) -> Meeting:
    """Items that people added or removed stay as they left them; the rest of the agenda is the new draft."""
    musts = {drafted.item for drafted in event.items if drafted.must}
    by_hand = (i for i in meeting.items if i.origin is not Origin.DRAFTED or i.state is ItemState.REMOVED)
    # What was taken off and has become a must since is carried to the next meeting.
    kept = tuple(replace(i, must=i.must or i.item in musts) for i in by_hand)
    ids, cases = {i.item for i in kept}, {i.case for i in kept if i.case and i.state is not ItemState.REMOVED}
    # By hand goes before by rule, by item and by case: a case has one item.
    fresh = tuple(from_draft(d) for d in event.items if d.item not in ids and d.case not in cases)
    merged = tuple(sorted((*fresh, *kept), key=lambda item: item.section))
    draft = Agenda(event.as_of, event.policy_version, event.items, event.overflow, event.warnings, event.gaps)
    return ordered(replace(meeting, draft=draft, state=MeetingState.AGENDA_DRAFTED), merged)


def from_draft(drafted: DraftedItem) -> Item:
    return Item(
        drafted.item,
        drafted.section,
        drafted.order,
        drafted.minutes,
        Origin.DRAFTED,
        case=drafted.case,
        number=drafted.number,
        must=drafted.must,
        reasons=drafted.reasons,
        explanation=drafted.explanation,
        presenter=drafted.presenter,
        basis=drafted.basis,
        requires=drafted.requires,
        placement=drafted.placement,
        defer_count=drafted.defer_count,
        displacements=drafted.displacements,
    )


def published(meeting: Meeting, event: AgendaPublished) -> Meeting:
    seen = {held.item: held for held in event.disclosures}
    items = tuple(disclosed(item, seen.get(item.item)) for item in meeting.items)
    return replace(
        meeting,
        state=MeetingState.AGENDA_PUBLISHED,
        items=items,
        content_hash=event.content_hash,
        published_at=event.published_at,
        moved_far=False,
        moved_from=None,
    )


def disclosed(item: Item, held: ItemDisclosure | None) -> Item:
    # Who was not told at publication sees nothing of the item, whatever an earlier publication said.
    if held is None:
        return replace(item, visible_to=())
    return replace(item, visible_to=held.agencies, basis=held.basis or item.basis)


class DraftAgenda(Command, frozen=True):
    """Record a draft as the rules made it from the facts up to a position. It replaces an earlier draft."""

    meeting: UUID


class PublishAgenda(Command, frozen=True):
    """Publish the agenda, with who may see which item."""

    meeting: UUID


DraftingCommand = DraftAgenda | PublishAgenda


class NoAgendaYet(Refused):
    """There is no agenda to publish: draft one or add an item first."""


class ItemsNotReady(Refused):
    """These items are about cases that no meeting may hear as they stand: take them off, or settle what they lack and
    draft the agenda again.
    """


class CaseAlreadyOnAgenda(Refused):
    """This case is on the agenda already. A case has one item: move it, or give it more minutes."""


def decide(meeting: Meeting, command: DraftingCommand, given: Given) -> list[DraftingEvent]:
    match command:
        case DraftAgenda():
            return draft(meeting, given)
        case PublishAgenda():
            return publish(meeting, given)
        case _:
            assert_never(command)


def draft(meeting: Meeting, given: Given) -> list[DraftingEvent]:
    unpublished(meeting)
    agenda = given.draft
    if agenda is None:
        raise NoAgendaYet
    if agenda == meeting.draft:
        return []
    cases = [item.case for item in agenda.items]
    if len(set(cases)) < len(cases):
        raise CaseAlreadyOnAgenda
    return [
        AgendaDrafted(agenda.as_of, agenda.policy_version, agenda.items, agenda.overflow, agenda.warnings, agenda.gaps)
    ]


def publish(meeting: Meeting, given: Given) -> list[DraftingEvent]:
    not_over(meeting)
    # Under way as well: a published agenda is changed item by item, each with its reason.
    if meeting.state in LIVE:
        return []
    if meeting.state is MeetingState.PLANNED:
        raise NoAgendaYet
    items = [item for item in meeting.items if item.state is not ItemState.REMOVED]
    asked = [item for item in items if item.item not in given.kept_out]
    unready = {item.item: lacking for item in asked if (lacking := lacks(item, given))}
    if unready:
        missing = dict.fromkeys(need for lacking in unready.values() for need in lacking)
        raise ItemsNotReady(items=", ".join(map(str, unready)), missing=", ".join(missing))
    listings = given.listings
    disclosures = tuple(disclosure(item, listings[item.item]) for item in meeting.items if item.item in listings)
    return [AgendaPublished(content_hash(meeting, items, disclosures), given.at, disclosures)]


def lacks(item: Item, given: Given) -> tuple[Missing, ...]:
    """What its case needs now; without one nothing."""
    listed = given.listings.get(item.item)
    if listed is not None:
        return listed.lacks
    own = {Missing.PRESENTER: item.presenter, Missing.BASIS: item.basis} if item.case is not None else {}
    return tuple(need for need, there in own.items() if there is None)


def disclosure(item: Item, listed: Listed) -> ItemDisclosure:
    return ItemDisclosure(item.item, listed.agencies, listed.basis if listed.basis is not item.basis else None)


def content_hash(meeting: Meeting, items: list[Item], disclosures: tuple[ItemDisclosure, ...]) -> str:
    """SHA-256 over canonical JSON of the agenda and of who may see it: what was published can be proved later."""
    content = {"meeting": meeting.meeting, "starts_at": meeting.starts_at, "items": items, "disclosures": disclosures}
    return sha256(Encoder(order="sorted").encode(content)).hexdigest()


SUBJECT = Subject(DraftingEvent, DraftingCommand, decide=decide, evolve=evolve)
