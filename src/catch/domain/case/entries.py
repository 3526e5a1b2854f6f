"""What of a case can be put right or withdrawn: each kind of entry, and where the case keeps it. Another joins here."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.course import unstepped
from catch.domain.case.state import Case, Conversation, Entry, EntryField, KindOfEntry, Note, StepKind
from catch.domain.facts import Category
from catch.domain.parts import otherwise
from catch.domain.refusals import Refused


class Kept(NamedTuple):
    """In which of the case's lists, the name of its id, its category (None: its own), and its texts, each with the
    time at which that was said: before then there is nothing to put right.
    """

    parts: str
    id: str
    at: str
    category: Category | None
    texts: Mapping[EntryField, str]


KEPT: Mapping[KindOfEntry, Kept] = {
    KindOfEntry.NOTE: Kept("notes", "note", "at", None, {EntryField.TEXT: "at"}),
    KindOfEntry.CONVERSATION: Kept(
        "conversations",
        "conversation",
        "at",
        Category.PLAN,
        dict.fromkeys((EntryField.WHAT_MATTERS, EntryField.STRENGTHS, EntryField.COMMUNICATION_NEEDS), "at"),
    ),
    KindOfEntry.MEASURE: Kept(
        "measures", "measure", "recorded_at", Category.HEALTH, {EntryField.REFERENCE: "recorded_at"}
    ),
    KindOfEntry.FEEDBACK: Kept("feedback", "feedback", "at", Category.PLAN, {EntryField.TEXT: "at"}),
    KindOfEntry.REQUEST: Kept(
        "requests",
        "request",
        "asked_at",
        Category.NEEDS,
        {EntryField.WHOM: "asked_at", EntryField.WHAT: "asked_at", EntryField.TEXT: "received_at"},
    ),
    KindOfEntry.ESCALATION: Kept("escalations", "escalation", "at", Category.RISK, {EntryField.REASON: "at"}),
    KindOfEntry.RISK: Kept("risks", "risk", "since", Category.RISK, {}),
    KindOfEntry.UNMET_NEED: Kept("unmet_needs", "need", "since", Category.NEEDS, {}),
    KindOfEntry.RELATION: Kept(
        "relations",
        "relation",
        "since",
        Category.THIRD_PARTY,
        {EntryField.WHOM: "since", EntryField.REASON: "ended_at"},
    ),
    KindOfEntry.SUPPORT: Kept("interventions", "support", "since", Category.PLAN, {EntryField.REASON: "ended_at"}),
    KindOfEntry.MILESTONE: Kept("reached", "reached", "at", Category.PLAN, {}),
}
"""Of a risk it is said anew what is done, by looking at it again; a need and a milestone have no text. All three can be
withdrawn, and what a clock was started or stopped by, started or stopped it never: it is reached again at its own time.
"""
if missing := [kind.name for kind in KindOfEntry if kind not in KEPT]:
    raise TypeError(f"nobody has said where these are kept: {', '.join(missing)}")


class UnknownEntry(Refused):
    """The case has no such entry, or not any more. Look at the case again."""


class NoSuchText(Refused):
    """This entry has no such text to put right. Choose one of those in the details."""


def part_of(case: Case, kind: KindOfEntry, id_: UUID) -> Any:
    """The entry itself, None where there is none."""
    kept = KEPT[kind]
    return next((each for each in getattr(case, kept.parts) if getattr(each, kept.id) == id_), None)


def entry_of(case: Case, kind: KindOfEntry, id_: UUID, field: EntryField | None = None) -> Entry:
    """What a fact about the entry says of it: what it is, and who may know of it. With a field: since that was said.

    What is restricted and stands in the case, as older logs have it, is put right by nobody: not even that it is there
    is told to whoever has not been given the tag.
    """
    kept, held = KEPT[kind], part_of(case, kind, id_)
    if held is None or category_of(kept, held) is Category.RESTRICTED:
        raise UnknownEntry(entry=id_)
    at: datetime = getattr(held, kept.at)
    if field is not None:
        known = [each for each in kept.texts if getattr(held, each.attribute) is not None]
        if field not in known:
            raise NoSuchText(field=field, known=", ".join(known))
        at = getattr(held, kept.texts[field]) or at
    note = held if isinstance(held, Note) else None
    author, audience = (note.by.agency, note.audience) if note else (None, frozenset[str]())
    return Entry(kind, id_, at, category_of(kept, held), author, audience)


def category_of(kept: Kept, held: Any) -> Category:
    own: Category = held.category if kept.category is None else kept.category
    return own


def corrected(case: Case, kind: KindOfEntry, id_: UUID, **changes: object) -> Case:
    """The case with these fields of the entry set anew."""
    kept = KEPT[kind]
    parts = otherwise(getattr(case, kept.parts), lambda each: getattr(each, kept.id) == id_, **changes)
    return replace(case, **{kept.parts: parts})


def without(case: Case, kind: KindOfEntry, id_: UUID) -> Case:
    """The case as if the entry had never been made: what followed from it follows no more."""
    kept, held = KEPT[kind], part_of(case, kind, id_)
    left = tuple(each for each in getattr(case, kept.parts) if getattr(each, kept.id) != id_)
    case = replace(case, **{kept.parts: left})
    if isinstance(held, Conversation) and held.held:
        return unstepped(case, StepKind.TALKED_FOR_MEETING if held.for_meeting else StepKind.TALKED, held.at)
    return case
