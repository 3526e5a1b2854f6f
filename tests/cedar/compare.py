"""The policy and the model in Cedar, asked the same of the same world: who may do what, and who sees which category."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import cedarpy
from msgspec import to_builtins

from catch.access import RedactionReason, Sight, Who, looking, may, may_ask_about, sight
from catch.domain.case.actions import ActionAnswer
from catch.domain.case.state import Case
from catch.domain.facts import Category, Command, Role, Tag
from catch.domain.refusals import Refused
from catch.domain.streams import COMMANDS, KEY_OF_COMMAND, stream_of_command
from tests.cases import NOW, uid
from tests.cedar import worlds
from tests.cedar.entities import acts_as, entities, kept_out, principal
from tests.cedar.worlds import AGENCIES, Made
from tests.standing import World


def policies(*names: str) -> cedarpy.PolicySet:
    here = Path(__file__).parent
    return cedarpy.PolicySet.from_str("\n".join((here / f"{name}.cedar").read_text() for name in names))


# Typed here once: the package gives these a bare `dict`.
CEDAR: Any = cedarpy
READING = policies("recusal", "reading")
DOING = {name: policies("recusal", "services", name) for name in ("cases", "meetings", "place")}
Place = tuple[str, object]
Request = tuple[str, Place, dict[str, Any]]
"""Action, resource, context."""
DONE_AS = (
    Role.CHAIR,
    Role.DEPUTY,
    Role.COORDINATOR,
    Role.PREPARER,
    Role.PARTNER,
    Role.REFERRER,
    Role.MEMBER_ADMINISTRATOR,
    Role.APPOINTING_OFFICER,
    Role.CALDICOTT,
    Role.AUDITOR,
    Role.ANALYST,
    Role.ADMINISTRATOR,
)
ON_AN_ITEM = {
    "RemoveItem", "MoveItem", "ChangeTimebox", "PullFromNoting", "DeclareInterest", "ResolveInterest", "OpenItem",
    "CloseItem", "DeferItem", "NoteItem", "RecordUpdate", "RecordDecision", "LinkAction", "OfferActionInMeeting",
    "AmendMinutes", "RecordGuest", "RaiseHand", "LowerHand", "GiveFloor",
}  # fmt: skip
OF_A_PERSON = {
    "SetContactPreference",
    "SetProtectedAddress",
    "CorrectIdentity",
    "CorrectContact",
    "RecordDeath",
    "WithdrawDeath",
}
OF_TWO = {"RequestMerge", "ApproveMerge", "RefuseMerge", "ReverseMerge"}
OF_AN_ERASURE = {"RequestErasure", "ApproveErasure", "StopErasure", "PlaceLegalHold", "LiftLegalHold"}
OF_A_REQUEST = {
    "RequestSubjectAccess", "ExtendSubjectAccess", "GiveSubjectAccess", "RefuseSubjectAccess", "RequestRestriction",
    "RestrictProcessing", "RefuseRestriction", "LiftRestriction", "NameGround", "WithdrawGround",
    "TellRecipient",
}  # fmt: skip
OF_AN_OPENING = {"EndBreakGlass", "ReviewBreakGlass"}
FROM_THE_CHAIR = {"AuthoriseDisclosure", "EndDisclosure", "RecordUnmetNeed", "DeclareRecusal", "ResolveRecusal"}


Seen = tuple[frozenset[Category], bool, bool]


def uid_of(kind: str, key: object) -> dict[str, str]:
    return {"type": kind, "id": str(key)}


ME = uid_of("User", "me")


class Model:
    """Cedar, over one world."""

    def __init__(self, w: World) -> None:
        self.world = w
        self.entities = CEDAR.Entities.from_json_str(json.dumps(entities(w)))

    def answers(self, asked: Sequence[Request], policies: Any = READING) -> list[bool]:
        requests = [
            {"principal": ME, "action": uid_of("Action", action), "resource": uid_of(*resource), "context": context}
            for action, resource, context in asked
        ]
        found = CEDAR.is_authorized_batch(requests, policies, self.entities)
        for answer in found:
            assert not answer.diagnostics.errors, answer.diagnostics.errors
        return [answer.allowed for answer in found]

    def any(self, asked: Sequence[Request]) -> bool:
        return any(self.answers(asked))

    def places(self, case: Case) -> list[Place]:
        """The case itself, and each of its places on agendas."""
        items = (item for meeting in self.world.meetings for item in meeting.items if item.case == case.case)
        return [("Case", case.case), *(("Item", item.item) for item in items)]

    def sight(self, case: Case, categories: Sequence[Category]) -> Seen | None:
        """The categories, whether all of it, whether by a part in it; None where they know of no case."""
        places = self.places(case)
        asked: list[Request] = [(what, place, {}) for place in places for what in ("know", "work", "takePart")]
        asked += [("see", place, {"category": category}) for place in places for category in categories]
        allowed = [request for request, yes in zip(asked, self.answers(asked), strict=True) if yes]
        does = {action for action, _, _ in allowed}
        if "know" not in does:
            return None
        seen = frozenset(Category(context["category"]) for action, _, context in allowed if action == "see")
        return seen, "work" in does, "takePart" in does

    def looks(self, case: Case, categories: Sequence[Category]) -> Seen | None:
        """The same of whoever has opened it in an emergency."""
        known, every = self.sight(case, categories), tuple(Category)
        asked: list[Request] = [("look", ("Case", case.case), {"category": category}) for category in every]
        shown = frozenset(each for each, yes in zip(every, self.answers(asked), strict=True) if yes)
        if known is None:
            return (shown & set(categories), False, False) if shown else None
        return (known[0] | (shown & set(categories)), *known[1:])

    def may(self, command: Command) -> Role | None:
        """The first role in which Cedar lets it be done."""
        roles = {each.role for each in acts_as(self.world)}
        held = [role for role in DONE_AS if role in roles]
        asked = [(role, request) for role in held for request in self.requests(command, role)]
        answers = self.answers([request for _, request in asked], DOING[subject(command)])
        return next((role for (role, _), yes in zip(asked, answers, strict=True) if yes), None)

    def requests(self, command: Any, role: Role) -> Iterator[Request]:
        w, action = self.world, type(command).__name__
        context: dict[str, Any] = {
            "role": role,
            "command": KEY_OF_COMMAND[type(command)],
            "aboutSelf": getattr(command, "user", w.user) == w.user,
            "ownAgency": getattr(command, "agency", w.agency) == w.agency,
            "inOwnName": getattr(command, "on_behalf_of", None) in (None, w.agency),
            "tag": getattr(command, "tag", Tag.SAFEGUARDING),
            "reassigns": getattr(command, "answer", None) is ActionAnswer.REASSIGN,
        }
        fields = command.__struct_fields__
        if "partner" in fields:
            context |= {"given": getattr(command, "role", ""), "programme": getattr(command, "programme", None) or ""}
            context["leadsSomewhere"] = self.leads_somewhere()
            registered = command.partner in w.partners
            place = ("Agency", command.partner) if registered else ("Place", "place")
            yield action, place, context
        elif action in ON_AN_ITEM or ("meeting" in fields and "case" not in fields and action != "PlanMeeting"):
            yield from self.at_a_meeting(command, action, context)
        elif action in ("AddItem", "AddLateItem"):
            about = {"case": {"__entity": {"type": "Case", "id": str(command.case)}}} if command.case else {}
            yield from (
                (action, ("Meeting", m.meeting), context | about) for m in w.meetings if m.meeting == command.meeting
            )
        elif "contact" in fields and action != "ReceiveContact":
            yield from self.of_a_contact(command, action, context)
        elif action == "RaiseSafeguardingConcern":
            yield action, ("Place", "place"), context
        elif action == "LookForMatches":
            about = [case for case in self.world.cases if case.case == command.case]
            for case in about:
                works = self.any([("work", ("Case", case.case), {})])
                person = case.person == command.person
                yield action, ("Case", case.case), context | {"works": works, "ofThePerson": person}
        elif action in OF_AN_OPENING:
            yield from self.of_an_opening(command, action, context)
        elif "case" in fields and action != "SubmitReferral":
            yield from self.of_a_case(command, action, context)
        elif action in OF_A_PERSON:
            yield action, ("Person", command.person), context | {"worksOnACase": self.works_on_a_case()}
        elif action in OF_AN_ERASURE | OF_A_REQUEST:
            theirs = self.of_people()
            known = {"worksOnACase": self.works_on_a_case(), "keptOutOfOne": self.kept_out_of_one([theirs])}
            known |= {"guardsAll": self.guards(command.person), "guardsSome": self.guards_some(command.person)}
            yield action, ("Person", command.person), context | known
        elif action in OF_TWO:
            known = [self.of_people(each) for each in (worlds.PERSON, worlds.OTHER_PERSON)]
            out = self.kept_out_of_one(known)
            works = all(not cases or self.works_on(cases) for cases in known)
            if action == "RequestMerge" or command.merge == worlds.MERGE:
                yield action, ("Person", command.person), context | {"worksOnBoth": works, "keptOutOfOne": out}
        elif action == "PlanMeeting":
            yield action, ("Series", f"{command.programme}/{command.series}"), context
        elif action == "SubmitReferral":
            yield action, ("Programme", command.programme), context
        elif action == "ReceiveContact":
            known = {"knowsACase": command.person is None or self.knows_a_case(), "hasCases": bool(self.of_people())}
            yield action, ("Programme", command.programme), context | known
        else:
            yield action, ("Place", "place"), context

    def at_a_meeting(self, command: Any, action: str, context: dict[str, Any]) -> Iterator[Request]:
        if self.world.meeting(command.meeting) is None:
            return
        place = ("Meeting", command.meeting)
        attends = context | {"attends": self.any([("attend", place, {})])}
        # A guest comes for an item, or for all of them.
        item = command.item if action in ON_AN_ITEM else next(iter(getattr(command, "items", ())), None)
        yield action, ("Item", item) if item else place, attends

    def of_a_case(self, command: Any, action: str, context: dict[str, Any]) -> Iterator[Request]:
        case = self.world.case(command.case)
        if case is None:
            return
        action_of = getattr(command, "action", None)
        owner = next((held.owner for held in case.actions if held.action == action_of), "nobody")
        own, *seats = self.places(case)
        for place in (own, *seats) if action in FROM_THE_CHAIR else (own,):
            yield action, place, context | {"owner": owner}

    def of_an_opening(self, command: Any, action: str, context: dict[str, Any]) -> Iterator[Request]:
        w = self.world
        for agency, held in w.opened:
            for glass in held.glasses:
                asked_for = (agency, glass.opening) == (command.agency, command.opening)
                if asked_for and (case := w.case(glass.opened.case)):
                    said, theirs = glass.opened, [case, *self.of_people(case.person)]
                    known = {
                        "openedIt": (said.user, said.agency) == (w.user, w.agency),
                        "guards": said.programme in self.guarded(),
                        "keptOut": self.kept_out_of_one([theirs]),
                    }
                    yield action, ("Place", "place"), context | known

    def of_a_contact(self, command: Any, action: str, context: dict[str, Any]) -> Iterator[Request]:
        there = {each.contact for each in self.world.contacts}
        if command.contact not in there:
            return
        keep = context | {"role": "coordinator"}
        earlier = getattr(command, "earlier", None)
        context["keepsEarlier"] = earlier in there and any(
            self.answers([("KeepContact", ("Contact", earlier), keep)], DOING["place"])
        )
        context["into"] = getattr(command, "programme", "")
        yield action, ("Contact", command.contact), context

    def works_on_a_case(self) -> bool:
        return self.works_on(self.of_people())

    def works_on(self, cases: Sequence[Case]) -> bool:
        return self.any([("work", ("Case", case.case), {}) for case in cases])

    def knows_a_case(self) -> bool:
        return any(self.sight(case, ()) for case in self.of_people())

    def of_people(self, whose: UUID = worlds.PERSON) -> list[Case]:
        theirs = {case for person in self.world.people if person.person == whose for case, _ in person.cases}
        return [case for case in self.world.cases if case.case in theirs]

    def kept_out_of_one(self, known: Sequence[Sequence[Case]]) -> bool:
        return any(
            user == self.world.user for cases in known for case in cases for user, _ in kept_out(self.world, case.case)
        )

    def guards(self, whose: UUID) -> bool:
        """The Caldicott contact of every programme in which the person has a case."""
        own = self.guarded()
        return any(
            bool(own) and {programme for _, programme in person.cases} <= own
            for person in self.world.people
            if person.person == whose
        )

    def guards_some(self, whose: UUID) -> bool:
        """That of one of them."""
        own, known = self.guarded(), [each for each in self.world.people if each.person == whose]
        theirs = {key for each in known for _, key in each.cases}
        return bool(known and own) and (not theirs or not theirs.isdisjoint(own))

    def guarded(self) -> set[str]:
        """The programmes that they are the Caldicott contact of, for the agency that leads."""
        caldicott = {each.programme or "" for each in acts_as(self.world) if each.role is Role.CALDICOTT}
        return caldicott & set(principal(self.world)["attrs"]["leads"])

    def leads_somewhere(self) -> bool:
        """An appointing officer of a programme that their agency leads."""
        as_officer = {each.programme for each in acts_as(self.world) if each.role is Role.APPOINTING_OFFICER}
        return bool(as_officer & set(principal(self.world)["attrs"]["leads"]))


def command(m: Made, w: World) -> Command:
    """Any command, about what is there."""
    kind: Any = m.one(COMMANDS)
    meeting = m.one(w.meetings) if w.meetings else None
    held = {
        "case": m.first(worlds.CASES),
        "meeting": meeting.meeting if meeting else uid(99),
        "item": m.one(meeting.items).item if meeting else uid(98),
        "items": m.one(((), (m.one(meeting.items).item,) if meeting else ())),
        "person": worlds.PERSON,
        "retired": worlds.OTHER_PERSON,
        "merge": m.first((worlds.MERGE, uid(96))),
        "partner": m.first((w.agency, *AGENCIES)),
        "programme": m.first(worlds.PROGRAMMES),
        "series": m.first(worlds.SERIES),
        "action": m.first((worlds.ACTION, uid(97))),
        "answer": m.one(tuple(ActionAnswer)),
        "user": m.one((w.user, *worlds.USERS)),
        "agency": m.first((w.agency, *AGENCIES)),
        "on_behalf_of": m.one((None, None, *AGENCIES)),
        "role": m.one(worlds.GIVEN),
        "tag": m.one(tuple(Tag)),
        "opening": m.first((worlds.OPENING, uid(93))),
        "contact": m.first((*worlds.CONTACTS, uid(95))),
        "earlier": m.first((worlds.CONTACTS[1], uid(95))),
    }
    if kind.__name__ == "ReceiveContact":
        held["person"] = m.first((worlds.PERSON, None))
    if kind.__name__ in ("AddItem", "AddLateItem"):
        held["item"] = uid(96)
    if kind.__name__ == "AddItem":
        held["case"] = m.first((*worlds.CASES, None))
    return kind(**{field: held.get(field) for field in kind.__struct_fields__})


def subject(command: Command) -> str:
    """Which of the written policies it is about."""
    if type(command).__name__ in ("SubmitReferral", "RaiseSafeguardingConcern"):
        return "place"
    name = stream_of_command(command).name
    if type(command).__name__ == "RecordInstantDiscussion":
        return "cases"
    return {"case": "cases", "restricted": "cases", "meeting": "meetings"}.get(name, "place")


def seen(found: Sight | None, categories: Sequence[Category]) -> Seen | None:
    return (found.categories & set(categories), found.everything, found.part) if found else None


def offered(asks: Who, asked: Command, w: World) -> bool:
    """Whether it is offered to them where no more is known than what it is about."""
    about = ("case", "person", "meeting", "item", "partner", "contact")
    named = {field: getattr(asked, field) for field in about if field in asked.__struct_fields__}
    return may_ask_about(asks, type(asked), named, w, NOW)


def differences(seed: int, commands: int = 5, categories: int = 4) -> Iterator[str]:
    """What the two answer differently in the world of this seed, in words."""
    w, m = worlds.world(seed), Made(~seed)
    model, asked = Model(w), [command(m, w) for _ in range(commands)]
    try:
        asks = w.who()
    except Refused:
        if acts_as(w):
            yield f"{seed}: refused as not enrolled, and acts as {acts_as(w)}"
        return
    asked_for = m.random.sample(tuple(Category), categories)
    for case in w.cases[: m.first((1, 2))]:
        ours = sight(asks, case, w.seats(case.case), NOW)
        if ours is not None and ours.hidden is RedactionReason.RECUSED:
            ours = None
        theirs = model.sight(case, asked_for)
        if seen(ours, asked_for) != theirs:
            yield f"{seed}: case {case.case.int} is seen as {seen(ours, asked_for)}, in Cedar as {theirs}"
        ours = sight(looking(asks, w.grants(w.agency), NOW), case, w.seats(case.case), NOW)
        if ours is not None and ours.hidden is RedactionReason.RECUSED:
            ours = None
        theirs = model.looks(case, asked_for)
        if seen(ours, asked_for) != theirs:
            yield f"{seed}: case {case.case.int} is looked at as {seen(ours, asked_for)}, in Cedar as {theirs}"
    for each in asked:
        try:
            role = may(asks, each, w, NOW)
        except Refused:
            role = None
        if role is not None and not offered(asks, each, w):
            yield f"{seed}: {type(each).__name__} {to_builtins(each)} is done as {role}, and not offered"
        if role is not (expected := model.may(each)):
            yield f"{seed}: {type(each).__name__} {to_builtins(each)} is done as {role}, in Cedar as {expected}"
