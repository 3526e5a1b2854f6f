"""Making the agenda: drafted by rule, edited by recorded acts, published with a hash and a disclosure snapshot.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from hashlib import sha256
from typing import assert_never
from uuid import UUID

from msgspec.json import Encoder
from msgspec.structs import replace

from catch.domain.configuration import AgendaPolicy, Minutes
from catch.domain.facts import Command, Fact, Part, Sealed
from catch.domain.given import Given
from catch.domain.meeting.listing import Agenda, AgendaWarning, Basis, DraftedItem, Matter, Overflow, Section
from catch.domain.meeting.planning import NotOnTheAgenda, needs_text, not_over, series_of
from catch.domain.meeting.state import (
    LIVE,
    UNPUBLISHED,
    Item,
    ItemState,
    Meeting,
    MeetingState,
    Origin,
    ordered,
    with_item,
)
from catch.domain.refusals import IdAlreadyUsed, OutOfRange, Refused


class ItemDisclosure(Part, frozen=True):
    """Which agencies may see an item, as things stood when the agenda was published."""

    item: UUID
    agencies: tuple[str, ...]


class AgendaDrafted(Fact, frozen=True):
    as_of: int
    policy_version: str
    items: tuple[DraftedItem, ...] = ()
    overflow: tuple[Overflow, ...] = ()
    warnings: tuple[AgendaWarning, ...] = ()


class AgendaItemAdded(Fact, frozen=True):
    item: UUID
    section: Section
    minutes: int
    order: int
    case: UUID | None = None
    number: str | None = None
    matter: Matter | None = None
    presenter: str | None = None
    basis: Basis | None = None
    requires: tuple[str, ...] = ()
    must: bool = False
    reason: Sealed | None = None


class AgendaItemRemoved(Fact, frozen=True):
    item: UUID
    case: UUID | None = None
    must: bool = False
    reason: Sealed | None = None


class AgendaItemMoved(Fact, frozen=True):
    item: UUID
    order: int
    previous: int
    reason: Sealed | None = None


class AgendaItemTimeboxChanged(Fact, frozen=True):
    item: UUID
    minutes: int
    previous: int
    reason: Sealed | None = None


class ItemPulledForDiscussion(Fact, frozen=True):
    item: UUID
    section: Section
    minutes: int
    reason: Sealed
    by_agency: str


class AgendaPublished(Fact, frozen=True):
    content_hash: str
    published_at: datetime
    disclosures: tuple[ItemDisclosure, ...] = ()


class LateItemAdded(Fact, frozen=True):
    item: UUID
    section: Section
    minutes: int
    order: int
    urgency: Sealed
    case: UUID | None = None
    number: str | None = None
    presenter: str | None = None
    basis: Basis | None = None
    requires: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()


PreparingEvent = (
    AgendaDrafted
    | AgendaItemAdded
    | AgendaItemRemoved
    | AgendaItemMoved
    | AgendaItemTimeboxChanged
    | ItemPulledForDiscussion
    | AgendaPublished
    | LateItemAdded
)


def evolve_preparing(meeting: Meeting, event: PreparingEvent) -> Meeting:
    match event:
        case AgendaDrafted():
            return drafted(meeting, event)
        case AgendaItemAdded():
            return replace(placed(meeting, added(event), event.order), state=MeetingState.AGENDA_DRAFTED)
        case LateItemAdded():
            return placed(meeting, late(event), event.order)
        case AgendaPublished():
            return published(meeting, event)
        case _:
            item = meeting.item(event.item)
            return meeting if item is None else edited(meeting, item, event)


def edited(
    meeting: Meeting,
    item: Item,
    event: AgendaItemRemoved | AgendaItemMoved | AgendaItemTimeboxChanged | ItemPulledForDiscussion,
) -> Meeting:
    match event:
        case AgendaItemRemoved(reason=reason):
            gone = replace(item, state=ItemState.REMOVED, removed_reason=reason)
            return ordered(meeting, with_item(meeting, gone).items)
        case AgendaItemMoved(order=order):
            return placed(meeting, item, order)
        case AgendaItemTimeboxChanged(minutes=minutes):
            return with_item(meeting, replace(item, minutes=minutes))
        case ItemPulledForDiscussion(section=section, minutes=minutes):
            pulled = replace(item, section=section, minutes=minutes, pulled=True)
            return placed(meeting, pulled, end_of(without(meeting, item.item), section))
        case _:
            assert_never(event)


def drafted(meeting: Meeting, event: AgendaDrafted) -> Meeting:
    """Items that people added or removed stay as they left them; the rest of the agenda is the new draft."""
    kept = tuple(i for i in meeting.items if i.origin is not Origin.DRAFTED or i.state is ItemState.REMOVED)
    ids, cases = {i.item for i in kept}, {i.case for i in kept if i.case and i.state is not ItemState.REMOVED}
    fresh = tuple(from_draft(d) for d in event.items if d.item not in ids and d.case not in cases)
    merged = tuple(sorted((*fresh, *kept), key=lambda item: item.section))
    draft = Agenda(event.as_of, event.policy_version, event.items, event.overflow, event.warnings)
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


def added(event: AgendaItemAdded) -> Item:
    return Item(
        event.item,
        event.section,
        event.order,
        event.minutes,
        Origin.ADDED,
        case=event.case,
        number=event.number,
        matter=event.matter,
        must=event.must,
        presenter=event.presenter,
        basis=event.basis,
        requires=event.requires,
        added_reason=event.reason,
    )


def late(event: LateItemAdded) -> Item:
    return Item(
        event.item,
        event.section,
        event.order,
        event.minutes,
        Origin.LATE,
        case=event.case,
        number=event.number,
        must=True,
        presenter=event.presenter,
        basis=event.basis,
        requires=event.requires,
        visible_to=event.agencies,
        added_reason=event.urgency,
    )


def published(meeting: Meeting, event: AgendaPublished) -> Meeting:
    seen = {held.item: held.agencies for held in event.disclosures}
    items = tuple(replace(item, visible_to=seen.get(item.item, ())) for item in meeting.items)
    return replace(
        meeting,
        state=MeetingState.AGENDA_PUBLISHED,
        items=items,
        content_hash=event.content_hash,
        published_at=event.published_at,
    )


def without(meeting: Meeting, item: UUID) -> tuple[Item, ...]:
    return tuple(held for held in meeting.items if held.item != item)


def placed(meeting: Meeting, item: Item, order: int) -> Meeting:
    rest = without(meeting, item.item)
    return ordered(meeting, (*rest[: order - 1], item, *rest[order - 1 :]))


def end_of(items: tuple[Item, ...], section: Section) -> int:
    """The place, from 1, after the last item that stands in this section or an earlier one."""
    places = [i for i, held in enumerate(items, 1) if held.section <= section and held.state is not ItemState.REMOVED]
    return max(places, default=0) + 1


class DraftAgenda(Command, frozen=True):
    """Record a draft as the rules made it from the facts up to a position. It replaces an earlier draft."""

    meeting: UUID
    as_of: int
    policy_version: str
    items: tuple[DraftedItem, ...] = ()
    overflow: tuple[Overflow, ...] = ()
    warnings: tuple[AgendaWarning, ...] = ()


class AddItem(Command, frozen=True):
    """Put a case, or a general matter, on the agenda before it is published."""

    meeting: UUID
    item: UUID
    section: Section
    case: UUID | None = None
    number: str | None = None
    matter: Matter | None = None
    minutes: int | None = None
    presenter: str | None = None
    basis: Basis | None = None
    requires: tuple[str, ...] = ()
    must: bool = False
    reason: Sealed | None = None


class RemoveItem(Command, frozen=True):
    """Take an item off the agenda. A reason is needed once it is published, and always for a must."""

    meeting: UUID
    item: UUID
    reason: Sealed | None = None


class MoveItem(Command, frozen=True):
    """Move an item to another place, counted from 1. A reason is needed once the agenda is published."""

    meeting: UUID
    item: UUID
    order: int
    reason: Sealed | None = None


class ChangeTimebox(Command, frozen=True):
    """Give an item more or fewer minutes. A reason is needed once the agenda is published."""

    meeting: UUID
    item: UUID
    minutes: int
    reason: Sealed | None = None


class PullFromNoting(Command, frozen=True):
    """Ask that an item listed for noting be discussed."""

    meeting: UUID
    item: UUID
    reason: Sealed
    minutes: int | None = None


class PublishAgenda(Command, frozen=True):
    """Publish the agenda, with who may see which item."""

    meeting: UUID
    disclosures: tuple[ItemDisclosure, ...] = ()


class AddLateItem(Command, frozen=True):
    """Add a case to a published agenda because it cannot wait. `agencies` may see it."""

    meeting: UUID
    item: UUID
    case: UUID
    urgency: Sealed
    presenter: str
    basis: Basis
    number: str | None = None
    section: Section = Section.URGENT
    minutes: int | None = None
    requires: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()


PreparingCommand = (
    DraftAgenda | AddItem | RemoveItem | MoveItem | ChangeTimebox | PullFromNoting | PublishAgenda | AddLateItem
)


class AgendaIsPublished(Refused):
    """The agenda is published. What cannot wait may still be added by the chair as a late item."""


class AgendaNotPublished(Refused):
    """The agenda is not published yet."""


class NoAgendaYet(Refused):
    """There is no agenda to publish: draft one or add an item first."""


class CaseAlreadyOnAgenda(Refused):
    """This case is on the agenda already. A case has one item."""


class ReasonRequired(Refused):
    """Say why: this item is a must, or the agenda is published and people have read it."""


class ItemResolved(Refused):
    """This item has been dealt with."""


class ItemIsOpen(Refused):
    """This item is being discussed."""


class CaseOrMatter(Refused):
    """An item is about a case or about a general matter, one of the two."""


class ItemsNotReady(Refused):
    """Every case needs a presenter and a basis before the agenda is published."""


class NotForNoting(Refused):
    """This item is not listed for noting."""


LONGEST_ITEM = 240


def decide_preparing(meeting: Meeting, command: PreparingCommand, given: Given) -> list[PreparingEvent]:
    match command:
        case DraftAgenda():
            return draft(meeting, command)
        case AddItem():
            return add(meeting, command, given)
        case AddLateItem():
            return add_late(meeting, command, given)
        case PublishAgenda():
            return publish(meeting, command, given)
        case RemoveItem():
            return remove(meeting, command)
        case MoveItem():
            return move(meeting, command)
        case ChangeTimebox():
            return change_timebox(meeting, command)
        case PullFromNoting():
            return pull(meeting, command, given)
        case _:
            assert_never(command)


def unpublished(meeting: Meeting) -> None:
    not_over(meeting)
    if meeting.state not in UNPUBLISHED:
        raise AgendaIsPublished(state=meeting.state)


def live(meeting: Meeting) -> None:
    not_over(meeting)
    if meeting.state not in LIVE:
        raise AgendaNotPublished(state=meeting.state)


def on_agenda(meeting: Meeting, item: UUID) -> Item:
    held = meeting.item(item)
    if held is None:
        raise NotOnTheAgenda(item=item)
    return held


def waiting(meeting: Meeting, item: UUID) -> Item:
    """The item, when it has not been reached yet."""
    not_over(meeting)
    held = on_agenda(meeting, item)
    if held.state is ItemState.OPEN:
        raise ItemIsOpen(item=item)
    if not held.unresolved:
        raise ItemResolved(item=item, state=held.state)
    return held


def explained(meeting: Meeting, reason: Sealed | None, *, always: bool = False) -> None:
    if not reason and (always or meeting.state not in UNPUBLISHED):
        raise ReasonRequired(field="reason")


def boxed(minutes: int) -> int:
    if not 0 <= minutes <= LONGEST_ITEM:
        raise OutOfRange(field="minutes", least=0, most=LONGEST_ITEM)
    return minutes


def draft(meeting: Meeting, command: DraftAgenda) -> list[PreparingEvent]:
    unpublished(meeting)
    agenda = Agenda(command.as_of, command.policy_version, command.items, command.overflow, command.warnings)
    if agenda == meeting.draft:
        return []
    cases = [item.case for item in command.items]
    if len(set(cases)) < len(cases):
        raise CaseAlreadyOnAgenda
    return [
        AgendaDrafted(command.as_of, command.policy_version, command.items, command.overflow, command.warnings),
    ]


def box_of(minutes: Minutes, section: Section) -> int:
    """The usual minutes for an item of this section."""
    return {
        Section.URGENT: minutes.urgent,
        Section.MATTERS_ARISING: minutes.matters_arising,
        Section.NEW: minutes.new,
        Section.REVIEW: minutes.review,
        Section.AT_RISK: minutes.at_risk,
        Section.CLOSE_OR_EXTEND: minutes.close_or_extend,
        Section.QUESTION: minutes.question,
        Section.NOTING: minutes.noting,
    }.get(section, 0)


def policy_of(meeting: Meeting, given: Given) -> AgendaPolicy:
    return series_of(meeting.programme, meeting.series, given).policy


def minutes_for(meeting: Meeting, section: Section, minutes: int | None, given: Given) -> int:
    return boxed(box_of(policy_of(meeting, given).minutes, section) if minutes is None else minutes)


def already(meeting: Meeting, item: UUID, case: UUID | None, origin: Origin) -> bool:
    """True for a repeated addition; refuses an id or a case that is taken."""
    held = meeting.item(item)
    if held is not None:
        if held.case != case or held.origin is not origin:
            raise IdAlreadyUsed(item=item)
        return True
    settled = (ItemState.REMOVED, ItemState.DEFERRED)
    if case is not None and any(i.case == case and i.state not in settled for i in meeting.items):
        raise CaseAlreadyOnAgenda(case=case)
    return False


def add(meeting: Meeting, command: AddItem, given: Given) -> list[PreparingEvent]:
    if (command.case is None) == (command.matter is None):
        raise CaseOrMatter
    not_over(meeting)
    if already(meeting, command.item, command.case, Origin.ADDED):
        return []
    unpublished(meeting)
    return [
        AgendaItemAdded(
            command.item,
            command.section,
            minutes_for(meeting, command.section, command.minutes, given),
            end_of(meeting.items, command.section),
            command.case,
            command.number,
            command.matter,
            command.presenter,
            command.basis,
            command.requires,
            command.must,
            command.reason,
        )
    ]


def add_late(meeting: Meeting, command: AddLateItem, given: Given) -> list[PreparingEvent]:
    live(meeting)
    if already(meeting, command.item, command.case, Origin.LATE):
        return []
    needs_text(urgency=command.urgency)
    return [
        LateItemAdded(
            command.item,
            command.section,
            minutes_for(meeting, command.section, command.minutes, given),
            end_of(meeting.items, command.section),
            command.urgency,
            command.case,
            command.number,
            command.presenter,
            command.basis,
            command.requires,
            command.agencies,
        )
    ]


def remove(meeting: Meeting, command: RemoveItem) -> list[PreparingEvent]:
    not_over(meeting)
    if on_agenda(meeting, command.item).state is ItemState.REMOVED:
        return []
    item = waiting(meeting, command.item)
    explained(meeting, command.reason, always=item.must)
    return [AgendaItemRemoved(item.item, item.case, item.must, command.reason)]


def move(meeting: Meeting, command: MoveItem) -> list[PreparingEvent]:
    item = waiting(meeting, command.item)
    most = sum(held.state is not ItemState.REMOVED for held in meeting.items)
    if not 1 <= command.order <= most:
        raise OutOfRange(field="order", least=1, most=most)
    if item.order == command.order:
        return []
    explained(meeting, command.reason)
    return [AgendaItemMoved(item.item, command.order, item.order, command.reason)]


def change_timebox(meeting: Meeting, command: ChangeTimebox) -> list[PreparingEvent]:
    not_over(meeting)
    item = on_agenda(meeting, command.item)
    if not item.unresolved:
        raise ItemResolved(item=item.item, state=item.state)
    if item.minutes == boxed(command.minutes):
        return []
    explained(meeting, command.reason)
    return [AgendaItemTimeboxChanged(item.item, command.minutes, item.minutes, command.reason)]


def pull(meeting: Meeting, command: PullFromNoting, given: Given) -> list[PreparingEvent]:
    item = waiting(meeting, command.item)
    if item.pulled:
        return []
    if item.section is not Section.NOTING:
        raise NotForNoting(item=item.item)
    needs_text(reason=command.reason)
    minutes = minutes_for(meeting, Section.QUESTION, command.minutes, given)
    return [ItemPulledForDiscussion(item.item, Section.QUESTION, minutes, command.reason, given.by.agency)]


def publish(meeting: Meeting, command: PublishAgenda, given: Given) -> list[PreparingEvent]:
    not_over(meeting)
    if meeting.state in LIVE:
        return []
    if meeting.state is MeetingState.PLANNED:
        raise NoAgendaYet
    items = [item for item in meeting.items if item.state is not ItemState.REMOVED]
    unready = [i.item for i in items if i.case is not None and (i.presenter is None or i.basis is None)]
    if unready:
        raise ItemsNotReady(items=", ".join(map(str, unready)))
    for disclosure in command.disclosures:
        on_agenda(meeting, disclosure.item)
    return [AgendaPublished(content_hash(meeting, items, command.disclosures), given.at, command.disclosures)]


def content_hash(meeting: Meeting, items: list[Item], disclosures: tuple[ItemDisclosure, ...]) -> str:
    """SHA-256 over canonical JSON of the agenda and of who may see it: what was published can be proved later."""
    content = {"meeting": meeting.meeting, "starts_at": meeting.starts_at, "items": items, "disclosures": disclosures}
    return sha256(Encoder(order="sorted").encode(content)).hexdigest()
