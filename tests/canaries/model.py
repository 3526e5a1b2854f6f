"""Which canaries somebody may hold now: Cedar's answer over the facts in the log. It knows nothing of the policy.

`WIDER` names where the model lets more be held than the program shows, each with its reason.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import cedarpy
from msgspec import Struct

from catch.domain.access_grant import Grants
from catch.domain.case.state import Case
from catch.domain.contact import Contact
from catch.domain.facts import Category, Role, Tag
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner
from catch.domain.person import Person
from tests.canaries.actors import CAST, PROGRAMS, Names, Somebody
from tests.canaries.owned import Owner
from tests.cedar.entities import entities, kept_out, principal

WIDER = {
    "candidacy": "whether the rules of the agenda put a case forward is not worked out again: any live case of the"
    " programme may be a candidate for those who organise a meeting of it, and its number, the days of its actions"
    " and the ids of what was put forward, which its reasons name, with it. What a draft on record says of a case stays"
    " with it, whatever became of the case",
    "just before": "a message that was made before a step may arrive after it: what a socket brings may have been held"
    " before the step or after it",
    "an action's whole": "text, day and id of an action are one: whoever is told one of them as a reason of an agenda"
    " may be told all of it",
}
HOUR = timedelta(hours=1)
HERE = Path(__file__).parent
CEDAR: Any = cedarpy
READING = CEDAR.PolicySet.from_str(
    "\n".join((HERE.parent / "cedar" / f"{name}.cedar").read_text() for name in ("recusal", "reading"))
)
KEEPING = CEDAR.PolicySet.from_str(
    "\n".join((HERE.parent / "cedar" / f"{name}.cedar").read_text() for name in ("recusal", "place"))
)
HOLDING = CEDAR.PolicySet.from_str((HERE / "holding.cedar").read_text())
Place = tuple[str, object]
Ask = tuple[str, str, Place, dict[str, Any]]
"""Who, action, resource, context."""


class Facts(Struct, frozen=True):
    """What the log holds, as `tests.cedar.entities` asks for it, with one of the people asking."""

    user: str
    agency: str
    claims: Role | None
    at: datetime
    partners: Mapping[str, Partner]
    cases: Sequence[Case]
    meetings: Sequence[Meeting]
    people: Sequence[Person]
    contacts: Sequence[Contact]
    opened: Sequence[tuple[str, Grants]] = ()


def uid(kind: str, key: object) -> dict[str, str]:
    return {"type": kind, "id": str(key)}


class Model:
    """At one moment. Answers are kept: most canaries of a case have the same owner."""

    def __init__(
        self,
        names: Names,
        partners: Mapping[str, Partner],
        cases: Sequence[Case],
        meetings: Sequence[Meeting],
        people: Sequence[Person],
        contacts: Sequence[Contact],
    ) -> None:
        self._names = names
        mine, now = names.key(CAST[0].agency), datetime.now(UTC)
        self.facts = Facts("", mine, None, now, partners, cases, meetings, people, contacts)
        self.cases = {each.case: each for each in cases}
        self.meetings = {each.meeting: each for each in meetings}
        self.people = {each.person: each for each in people}
        self._entities: Any = None
        self._known: dict[str, bool] = {}
        self._held: dict[tuple[str, Owner], bool] = {}

    @property
    def entities(self) -> Any:
        if self._entities is None:
            _, *others = entities(self.facts)
            users = [self.user(each) for each in (*CAST, *PROGRAMS)]
            self._entities = CEDAR.Entities.from_json_str(json.dumps([*users, *others]))
        return self._entities

    def user(self, somebody: Somebody) -> dict[str, Any]:
        names, f = self._names, self.facts
        mine = Facts(
            names.user(somebody.name),
            names.key(somebody.agency),
            somebody.claims,
            f.at,
            f.partners,
            f.cases,
            f.meetings,
            f.people,
            f.contacts,
        )
        return principal(mine) | {"uid": uid("User", somebody.name)}

    def answers(self, asked: Sequence[Ask], policies: Any) -> list[bool]:
        keys = [json.dumps(each, default=str, sort_keys=True) for each in asked]
        new = {key: each for key, each in zip(keys, asked, strict=True) if key not in self._known}
        requests = [
            {
                "principal": uid("User", who),
                "action": uid("Action", action),
                "resource": uid(*place),
                "context": context,
            }
            for who, action, place, context in new.values()
        ]
        found: Sequence[Any] = CEDAR.is_authorized_batch(requests, policies, self.entities) if requests else []
        for key, answer in zip(new, found, strict=True):
            assert not answer.diagnostics.errors, answer.diagnostics.errors
            self._known[key] = answer.allowed
        return [self._known[key] for key in keys]

    def any(self, asked: Sequence[Ask], policies: Any = READING) -> bool:
        return any(self.answers(asked, policies))

    def places(self, case: UUID) -> list[Place]:
        items = (item for meeting in self.facts.meetings for item in meeting.items if item.case == case)
        return [("Case", case), *(("Item", item.item) for item in items)]

    def may_hold(self, who: str, owners: Iterable[Owner]) -> bool:
        """Whether any of the owners lets them."""
        return any(self.holds(who, owner) for owner in owners)

    def holds(self, who: str, owner: Owner) -> bool:
        known = self._held.get((who, owner))
        if known is None:
            known = self._held[who, owner] = self._holds(who, owner)
        return known

    def _holds(self, who: str, owner: Owner) -> bool:
        if owner.kind == "nobody":
            return False
        if owner.kind in ("contact", "contact-address"):
            return self._of_contact(who, owner)
        if owner.person is not None:
            theirs = [case.case for case in self.cases.values() if case.person == owner.person]
            return any(self._of_case(who, owner, case) for case in theirs)
        if owner.case is not None:
            return self._of_case(who, owner, owner.case)
        if owner.meeting not in self.meetings or not self.any([(who, "attend", ("Meeting", owner.meeting), {})]):
            return False
        kind = owner.kind if owner.kind in ("meeting", "prepared") else "matter"
        context = {"kind": kind, "attends": True, "recused": [*()], "recusedFor": [*()]}
        return self.any([(who, "hold", ("Meeting", owner.meeting), context)], HOLDING)

    def _of_contact(self, who: str, owner: Owner) -> bool:
        """All of it is for those who keep its front door; where somebody lives, for those of them who have the tag."""
        held = next((each for each in self.facts.contacts if each.contact == owner.thing), None)
        if held is None:
            return False
        somebody = next(each for each in (*CAST, *PROGRAMS) if each.name == who)
        tags = self.user(somebody)["attrs"]["tags"]
        tagged = {"tag": Tag.PROTECTED_ADDRESS, "programme": held.programme} in tags
        if owner.kind == "contact-address" and not tagged:
            return False
        return self.any([(who, "KeepContact", ("Contact", held.contact), {"role": "coordinator"})], KEEPING)

    def _of_case(self, who: str, owner: Owner, case: UUID) -> bool:
        held = self.cases.get(case)
        if held is None:
            return False
        context = self.context(who, owner, held)
        others = (
            ("Meeting", meeting.meeting) for meeting in self.facts.meetings if meeting.programme == held.programme
        )
        return self.any([(who, "hold", place, context) for place in (*self.places(case), *others)], HOLDING)

    def context(self, who: str, owner: Owner, held: Case) -> dict[str, Any]:
        """What the written policy asks of the canary: plain facts, and what `reading.cedar` says of its case."""
        places, person = self.places(held.case), self.people.get(held.person)
        category, audience, by = owner.category, [*()], owner.by
        if owner.kind == "note":
            note = next((each for each in held.notes if each.note == owner.thing), None)
            if note is not None:
                category, audience, by = note.category, sorted(note.audience), note.by.agency
        sees = [(who, "see", place, {"category": category}) for place in places] if category else []
        anything = [(who, "see", place, {"category": each}) for place in places for each in Category]
        disclosed = {each.agency for each in held.disclosures if each.disclosure == owner.thing}
        return {
            "kind": owner.kind,
            "sees": self.any(sees),
            "told": owner.kind in ("door", "disclosure", "involved") and self.any(anything),
            "knows": self.any([(who, "know", place, {}) for place in places]),
            "works": self.any([(who, "work", ("Case", held.case), {})]),
            "takesPart": self.any([(who, "takePart", place, {}) for place in places]),
            "recused": [user for user, _ in kept_out(self.facts, held.case)],
            "recusedFor": [agency for _, agency in kept_out(self.facts, held.case)],
            "owners": sorted({each.owner for each in held.actions if each.action == owner.thing}),
            "audience": audience,
            "by": by,
            "tag": owner.tag,
            "agency": next(iter(disclosed), owner.agency),
            "protected": person is not None and person.address_protected,
            "candidate": held.live or self.drafted(held.case),
            "matched": held.live and self.matched(who, held),
        }

    def matched(self, who: str, held: Case) -> bool:
        """Whether they looked within the hour, by a live case at their door, and found this one; and are kept out of no
        case of either person's."""
        somebody = next(each for each in (*CAST, *PROGRAMS) if each.name == who)
        user, agency, now = self._names.user(who), self._names.key(somebody.agency), self.facts.at
        doors = self.user(somebody)["attrs"]["keepsTheDoor"]
        for person in self.people.values():
            for look in person.looks:
                mine = (look.user, look.agency) == (user, agency) and look.at <= now < look.at + HOUR
                door = self.cases.get(look.case)
                at_the_door = door and door.live and door.programme in doors
                theirs = [each for each in self.cases.values() if each.person in (person.person, held.person)]
                kept_from = any(user in dict(kept_out(self.facts, each.case)) for each in theirs)
                if mine and held.case in look.found and at_the_door and not kept_from:
                    return self.any([(who, "work", ("Case", look.case), {})])
        return False

    def drafted(self, case: UUID) -> bool:
        drafts = (meeting.draft for meeting in self.facts.meetings if meeting.draft)
        return any(each.case == case for draft in drafts for each in (*draft.items, *draft.overflow, *draft.warnings))
