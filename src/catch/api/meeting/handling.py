"""How an item was dealt with, as a redactor shows it."""

from catch.api.common.redaction import Redactor
from catch.api.meeting import agenda_types as types
from catch.domain.facts import Category, Sealed
from catch.domain.meeting.items import Item, ItemEdit
from catch.domain.meeting.state import Interest, Meeting

SPOKEN = Category.DISCUSSION


def handling(item: Item, meeting: Meeting, redactor: Redactor, *, prepares: bool) -> types.Handling | None:
    """Why an item was put here or there is said of the case. Who has an interest is for those who prepare."""
    if redactor.hides("handling", SPOKEN):
        return None
    if not prepares:
        redactor.withheld["handling.interests"] = redactor.sight.hidden
    links = redactor.all("handling.linked", Category.ACTIONS, item.actions)

    def text(name: str, sealed: Sealed | None) -> str | None:
        return redactor.text(f"handling.{name}", SPOKEN, sealed)

    put_off = item.deferral
    return types.Handling(
        origin=item.origin,
        basis=item.basis,
        requires=list(item.requires),
        added_reason=text("addedReason", item.added_reason),
        removed_reason=text("removedReason", item.removed_reason),
        edits=[edit(each, redactor) for each in item.edits],
        known_by=item.known_by,
        override_reason=text("overrideReason", item.override_reason),
        deferred_to=put_off.to_meeting if put_off else None,
        deferred_note=text("deferredNote", put_off.note if put_off else None),
        linked=[
            types.LinkedAction(action_id=each.action, owner=each.owner, decision_id=each.decision) for each in links
        ],
        interests=[interest(each, redactor) for each in interests(item, meeting)] if prepares else [],
        guests=[
            types.ItemGuest(id=each.guest, kind=each.kind, name=text("guests.name", each.name)) for each in item.guests
        ],
    )


def edit(held: ItemEdit, redactor: Redactor) -> types.ItemEdit:
    return types.ItemEdit(
        edit=held.edit,
        at=held.at,
        before=held.before,
        after=held.after,
        reason=redactor.text("handling.edits.reason", SPOKEN, held.reason),
        by_agency=held.by_agency,
    )


def interests(item: Item, meeting: Meeting) -> list[Interest]:
    return [each for each in (*meeting.interests, *meeting.resolved_interests) if each.item == item.item]


def interest(held: Interest, redactor: Redactor) -> types.ItemInterest:
    return types.ItemInterest(
        user=held.user,
        agency=held.agency,
        action=held.action,
        note=redactor.text("handling.interests.note", SPOKEN, held.note),
        resolved_reason=redactor.text("handling.interests.resolvedReason", SPOKEN, held.resolved_reason),
    )
