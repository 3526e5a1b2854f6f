"""From folded states to answers: what the viewer may see, unsealed; the rest null and named in `redactions`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from catch.access import RedactionReason, Sight
from catch.api import types
from catch.api.scalars import Position
from catch.domain.case import state as domain
from catch.domain.case_facts import moment
from catch.domain.clocks import clock
from catch.domain.configuration import Programme
from catch.domain.facts import Category, Sealed
from catch.domain.meeting.items import Decision, Update
from catch.domain.person import Person
from catch.personal import Erased

D = TypeVar("D")
V = TypeVar("V")


class Texts(Protocol):
    """Reads sealed texts."""

    def get(self, sealed: Sealed, /) -> str | Erased: ...


SIMPLER = {
    domain.CaseState.CONVERSATION_HELD: domain.CaseState.ACCEPTED,
    domain.CaseState.AWAITING_MEETING: domain.CaseState.ACCEPTED,
    domain.CaseState.IN_REVIEW: domain.CaseState.IN_SUPPORT,
    domain.CaseState.CLOSING: domain.CaseState.IN_SUPPORT,
}
"""What a referrer is told of a case's state: received, accepted or declined, in support, closed."""


class Lens:
    """What one viewer sees of one case; notes what it withholds."""

    def __init__(self, sight: Sight, texts: Texts) -> None:
        self.sight = sight
        self.texts = texts
        self.withheld: dict[str, RedactionReason] = {}

    def hides(self, path: str, category: Category) -> bool:
        reason = self.sight.hides(category)
        if reason is not None:
            self.withheld[path] = reason
        return reason is not None

    def text(self, path: str, category: Category | None, sealed: Sealed | None) -> str | None:
        """The plain text; None where there is none, or where it is withheld. No category: always theirs to see."""
        if sealed is None or (category is not None and self.hides(path, category)):
            return None
        plain = self.texts.get(sealed)
        if isinstance(plain, Erased):
            self.withheld[path] = RedactionReason.ERASED
            return None
        return plain

    def redactions(self) -> list[types.Redaction]:
        return [types.Redaction(path=path, reason=reason) for path, reason in self.withheld.items()]


class Whole(Struct, frozen=True):
    """All that a case is shown from. `at` is the moment its clocks are read at."""

    held: domain.Case
    pinned: Programme
    person: Person | None
    lens: Lens
    version: int
    position: int
    at: datetime
    protected: bool


class Unfolding(types.Case):
    """A case whose parts are worked out, and their texts unsealed, when asked for: few answers hold them all."""

    def __init__(self, whole: Whole) -> None:
        self.__dict__["_whole"] = whole

    def __getattr__(self, name: str) -> Any:
        whole: Whole = self.__dict__["_whole"]
        if name == "redactions":
            # What is withheld is known once every part has been looked at.
            for part in PARTS:
                getattr(self, part)
            if self.person is not None:
                for part in OF_PERSON:
                    getattr(self.person, part)
            return whole.lens.redactions()
        part = PARTS.get(name)
        if part is None:
            raise AttributeError(name)
        value = self.__dict__[name] = part(whole)
        return value


class UnfoldingPerson(types.Person):
    """The same of a person."""

    def __init__(self, held: Person, lens: Lens, *, protected: bool) -> None:
        self.__dict__["_told"] = Told(held, lens, (protected or held.address_protected) and not lens.sight.everything)

    def __getattr__(self, name: str) -> Any:
        part = OF_PERSON.get(name)
        if part is None:
            raise AttributeError(name)
        value = self.__dict__[name] = part(self.__dict__["_told"])
        return value


class Told(Struct, frozen=True):
    """What of a person is told through a lens. `protected`: where they live is kept from this viewer."""

    held: Person
    lens: Lens
    protected: bool

    def text(self, name: str, category: Category, sealed: Sealed | None) -> str | None:
        return self.lens.text(f"person.{name}", category, sealed)

    def address(self) -> str | None:
        sealed = self.held.registered.address
        if not self.protected:
            return self.text("address", Category.CONTACT, sealed)
        if sealed is not None:
            self.lens.withheld["person.address"] = RedactionReason.RESTRICTED
        return None

    def preferred(self, name: str, sealed: Sealed | None) -> str | None:
        return self.text(name, Category.CONTACT, sealed)


def worker(held: domain.Worker | None) -> types.Worker | None:
    return types.Worker(user=held.user, agency=held.agency) if held else None


def programme(held: Programme) -> types.Programme:
    return types.Programme(
        key=held.key,
        version=held.version,
        name=held.name,
        effective_from=held.effective_from,
        sources=[source.code for source in held.sources if source.active],
        channels=list(held.channels),
        series=[
            types.Series(key=each.key, name=each.name, duration_minutes=each.duration_minutes, rrule=each.rrule)
            for each in held.meetings
        ],
        closure_reasons=[
            types.ClosureReason(code=each.code, label=each.label, ending=each.ending) for each in held.closure.reasons
        ],
        interventions=list(held.interventions),
        assumed=list(held.assumed),
    )


def case(
    held: domain.Case,
    pinned: Programme,
    person: Person | None,
    lens: Lens,
    version: int,
    position: int,
    at: datetime,
    *,
    protected: bool,
) -> types.Case:
    """The case as the lens shows it. `protected`: the person's address is protected now, whatever it was then."""
    return Unfolding(Whole(held, pinned, person, lens, version, position, at, protected))


def _all(lens: Lens, path: str, category: Category, held: Sequence[D]) -> Sequence[D]:
    """The list, or nothing where it is withheld. An empty list has nothing to withhold."""
    return () if held and lens.hides(path, category) else held


def _for_those_involved(lens: Lens, path: str, held: Sequence[D]) -> Sequence[D]:
    """What no category covers: anybody to whom any of the case may be told sees it."""
    if held and not lens.sight.categories:
        lens.withheld[path] = lens.sight.hidden
        return ()
    return held


def _shown(lens: Lens, path: str, category: Category, held: Sequence[D], view: Callable[[D, str, Lens], V]) -> list[V]:
    return [view(each, f"{path}.{place}", lens) for place, each in enumerate(_all(lens, path, category, held))]


def _referral(held: domain.Referral, path: str, lens: Lens) -> types.Referral:
    own = held.referrer_agency == lens.sight.agency and lens.sight.hidden is not RedactionReason.RECUSED
    category = None if own else Category.NEEDS
    hidden = category is not None and lens.hides(f"{path}.needs", category)
    return types.Referral(
        id=held.referral,
        source=held.source,
        channel=held.channel,
        received_at=held.received_at,
        urgency=held.urgency,
        needs=None if hidden else list(held.needs),
        reason=lens.text(f"{path}.reason", category, held.reason),
        referrer=types.Worker(user=held.referrer, agency=held.referrer_agency),
    )


def _conversation(held: domain.Conversation, path: str, lens: Lens) -> types.Conversation:
    return types.Conversation(
        id=held.conversation,
        at=held.at,
        held=held.held,
        what_matters=lens.text(f"{path}.whatMatters", Category.PLAN, held.what_matters),
        strengths=lens.text(f"{path}.strengths", Category.PLAN, held.strengths),
    )


def _plan(held: domain.Plan | None, lens: Lens) -> types.Plan | None:
    if held is None or lens.hides("plan", Category.PLAN):
        return None
    return types.Plan(
        id=held.plan,
        version=held.version,
        agreed_at=held.agreed_at,
        review_due=held.review_due,
        planned_end=held.planned_end,
        what_matters=lens.text("plan.whatMatters", Category.PLAN, held.what_matters),
        strengths=lens.text("plan.strengths", Category.PLAN, held.strengths),
        contingency=lens.text("plan.contingency", Category.PLAN, held.contingency),
        agreed_by_person=held.agreed_by_person,
        shared_with=list(held.shared_with),
    )


def _goal(held: domain.Goal, path: str, lens: Lens) -> types.Goal:
    return types.Goal(
        id=held.goal,
        text=lens.text(f"{path}.text", Category.PLAN, held.text),
        domain=held.domain,
        baseline=held.baseline,
        target=held.target,
        score=held.score,
        state=held.state,
    )


def actions(held: Iterable[domain.Action], path: str, lens: Lens) -> list[types.Action]:
    """An agency always sees the actions it owns; those of others where actions are disclosed to it."""
    shown: list[types.Action] = []
    for each in held:
        own = each.owner == lens.sight.agency and lens.sight.takes_part
        if own or not lens.hides(path, Category.ACTIONS):
            shown.append(action(each, f"{path}.{len(shown)}", lens, own=own))
    return shown


def action(held: domain.Action, path: str, lens: Lens, *, own: bool) -> types.Action:
    category = None if own else Category.ACTIONS
    return types.Action(
        id=held.action,
        title=lens.text(f"{path}.title", category, held.title),
        owner=held.owner,
        owner_user=held.owner_user,
        state=held.state,
        due=held.due,
        original_due=held.original_due,
        mandatory=held.mandatory,
        priority=held.priority,
        intervention=held.intervention,
        reason=lens.text(f"{path}.reason", category, held.reason),
        result=lens.text(f"{path}.result", category, held.result),
        meeting_id=held.meeting,
    )


def _disclosures(held: Iterable[domain.Disclosure], lens: Lens) -> list[types.Disclosure]:
    """A partner sees what may be told to itself; whoever sees the discussion for other reasons sees all."""
    shown: list[types.Disclosure] = []
    for each in held:
        if own_only(lens.sight) and each.agency != lens.sight.agency:
            lens.withheld["disclosures"] = lens.sight.hidden
            continue
        shown.append(
            types.Disclosure(
                id=each.disclosure,
                agency=each.agency,
                categories=sorted(each.categories),
                authorised_at=each.authorised_at,
                until=each.until,
                ended_at=each.ended_at,
            )
        )
    return shown


def own_only(sight: Sight) -> bool:
    """Whether what others may be told is nothing to this viewer."""
    return sight.hidden is not RedactionReason.ROLE or not sight.categories


def _review(held: domain.Review, path: str, lens: Lens) -> types.Review:
    return types.Review(
        id=held.review,
        number=held.number,
        due=held.due,
        held_at=held.held_at,
        decision=held.decision,
        summary=lens.text(f"{path}.summary", Category.PLAN, held.summary),
    )


def _clocks(held: domain.Case, pinned: Programme, at: datetime) -> Iterator[types.Clock]:
    for rule in pinned.clocks:
        started = moment(rule.start, held.milestones)
        if started is not None and started <= at:
            shown = clock(rule, started, moment(rule.stop, held.milestones), at)
            yield types.Clock(
                code=shown.code,
                started_at=shown.started_at,
                due_at=shown.due_at,
                stopped_at=shown.stopped_at,
                state=shown.state,
                ratio=shown.ratio,
            )


def _notes(held: Iterable[domain.Note], lens: Lens) -> list[types.Note]:
    """A note addressed to others is hidden whole; its existence is theirs too."""
    shown: list[types.Note] = []
    for each in held:
        if reads(lens.sight, each.by.agency, each.audience) and not _hidden_note(each, lens):
            shown.append(
                types.Note(
                    id=each.note,
                    category=each.category,
                    at=each.at,
                    by=types.Worker(user=each.by.user, agency=each.by.agency),
                    text=lens.text(f"notes.{len(shown)}.text", None, each.text),
                )
            )
    return shown


def _hidden_note(note: domain.Note, lens: Lens) -> bool:
    own = note.by.agency == lens.sight.agency and lens.sight.takes_part
    return not own and (not lens.sight.mentions(note.category) or lens.hides("notes", note.category))


def reads(sight: Sight, by: str, audience: Iterable[str]) -> bool:
    """Whether a note is addressed to the viewer, or is their agency's own."""
    named = frozenset(audience)
    own = by == sight.agency and sight.takes_part
    return sight.everything or own or not named or sight.agency in named


def _proposal(held: domain.Proposal, path: str, lens: Lens) -> types.Proposal:
    return types.Proposal(
        id=held.proposal,
        series=held.series,
        purpose=held.purpose,
        by_agency=held.by_agency,
        question=lens.text(f"{path}.question", Category.DISCUSSION, held.question),
    )


def discussion(held: domain.Discussion, path: str, lens: Lens) -> types.Discussion:
    said = Update(held.situation, held.action_to_date, held.update, held.next_steps)
    return spoken(said, held.meeting, (held.started_at, held.ended_at), held.agencies, path, lens)


def spoken(
    said: Update,
    meeting: UUID,
    times: tuple[datetime | None, datetime | None],
    agencies: Iterable[str],
    path: str,
    lens: Lens,
) -> types.Discussion:
    """What was said at a meeting, between which times and with which agencies there."""
    category = Category.DISCUSSION
    return types.Discussion(
        meeting_id=meeting,
        started_at=times[0],
        ended_at=times[1],
        agencies=list(agencies),
        situation=lens.text(f"{path}.situation", category, said.situation),
        action_to_date=lens.text(f"{path}.actionToDate", category, said.action_to_date),
        update=lens.text(f"{path}.update", category, said.update),
        next_steps=lens.text(f"{path}.nextSteps", category, said.next_steps),
    )


def decision(held: Decision, path: str, lens: Lens) -> types.Decision:
    category = Category.DISCUSSION
    tell = held.to_tell_person
    return types.Decision(
        id=held.decision,
        code=held.code,
        at=held.decided_at,
        text=lens.text(f"{path}.text", category, held.text),
        agreed_by=list(held.agreed_by),
        dissent=[
            types.Dissent(agency=each.agency, text=lens.text(f"{path}.dissent.{place}.text", category, each.text))
            for place, each in enumerate(held.dissent)
        ],
        tell_person=types.Worker(user=tell.who, agency=None) if tell else None,
        tell_person_by=tell.by if tell else None,
        inquorate=held.inquorate,
    )


def _ending(held: domain.Ending, path: str, lens: Lens) -> types.Ending:
    return types.Ending(
        reason=held.reason,
        ending=held.ending,
        closed_on=held.closed_on,
        summary=lens.text(f"{path}.summary", Category.DISCUSSION, held.summary),
    )


def _decisions(whole: Whole) -> list[types.Decision]:
    lens = whole.lens
    held = _all(lens, "decisions", Category.DISCUSSION, whole.held.decisions)
    return [decision(each.decision, f"decisions.{place}", lens) for place, each in enumerate(held)]


def _involvements(whole: Whole) -> list[types.Involvement]:
    return [
        types.Involvement(agency=each.agency, role=each.role, since=each.since, ended_at=each.ended_at)
        for each in _for_those_involved(whole.lens, "involvements", whole.held.involvements)
    ]


def _unmet_needs(whole: Whole) -> list[types.UnmetNeed]:
    return [
        types.UnmetNeed(id=each.need, code=each.code, reason=each.reason, locality=each.locality, met_at=each.met_at)
        for each in _all(whole.lens, "unmetNeeds", Category.NEEDS, whole.held.unmet_needs)
    ]


PARTS: Mapping[str, Callable[[Whole], object]] = {
    "id": lambda whole: whole.held.case,
    "number": lambda whole: whole.held.number,
    "state": lambda whole: (
        whole.held.state if whole.lens.sight.categories else SIMPLER.get(whole.held.state, whole.held.state)
    ),
    "episode": lambda whole: whole.held.episode,
    "version": lambda whole: whole.version,
    "position": lambda whole: Position(whole.position),
    "programme": lambda whole: programme(whole.pinned),
    "person": lambda whole: (
        UnfoldingPerson(whole.person, whole.lens, protected=whole.protected) if whole.person else None
    ),
    "lead": lambda whole: worker(whole.held.lead),
    "referral": lambda whole: _referral(whole.held.referrals[0], "referral", whole.lens),
    "referrals": lambda whole: [
        _referral(each, f"referrals.{place}", whole.lens) for place, each in enumerate(whole.held.referrals)
    ],
    "conversations": lambda whole: _shown(
        whole.lens, "conversations", Category.PLAN, whole.held.conversations, _conversation
    ),
    "plan": lambda whole: _plan(whole.held.plan, whole.lens),
    "goals": lambda whole: _shown(whole.lens, "goals", Category.PLAN, whole.held.goals, _goal),
    "actions": lambda whole: actions(whole.held.actions, "actions", whole.lens),
    "involvements": _involvements,
    "disclosures": lambda whole: _disclosures(whole.held.disclosures, whole.lens),
    "measures": lambda _: [],
    "reviews": lambda whole: _shown(whole.lens, "reviews", Category.PLAN, whole.held.reviews, _review),
    "clocks": lambda whole: [
        *_for_those_involved(whole.lens, "clocks", [*_clocks(whole.held, whole.pinned, whole.at)])
    ],
    "notes": lambda whole: _notes(whole.held.notes, whole.lens),
    "proposals": lambda whole: _shown(whole.lens, "proposals", Category.DISCUSSION, whole.held.proposals, _proposal),
    "discussions": lambda whole: _shown(
        whole.lens, "discussions", Category.DISCUSSION, whole.held.discussions, discussion
    ),
    "decisions": _decisions,
    "unmet_needs": _unmet_needs,
    "endings": lambda whole: [
        _ending(each, f"endings.{place}", whole.lens) for place, each in enumerate(whole.held.endings)
    ],
}
"""What a case is made of, in the order in which it is looked at for what is withheld."""
OF_PERSON: Mapping[str, Callable[[Told], object]] = {
    "id": lambda told: told.held.person,
    "name": lambda told: told.text("name", Category.IDENTITY, told.held.registered.name),
    "date_of_birth": lambda told: told.text("dateOfBirth", Category.IDENTITY, told.held.registered.date_of_birth),
    "nhs_number": lambda told: told.text("nhsNumber", Category.IDENTITY, told.held.registered.nhs_number),
    "communication_needs": lambda told: told.text(
        "communicationNeeds", Category.IDENTITY, told.held.registered.communication_needs
    ),
    "phone": lambda told: told.text("phone", Category.CONTACT, told.held.registered.phone),
    "address": Told.address,
    "address_protected": lambda told: told.held.address_protected,
    "safe_channels": lambda told: [
        *_all(
            told.lens,
            "person.safeChannels",
            Category.CONTACT,
            told.held.preference.channels if told.held.preference else (),
        )
    ],
    "safe_times": lambda told: told.preferred(
        "safeTimes", told.held.preference.safe_times if told.held.preference else None
    ),
    "never": lambda told: told.preferred("never", told.held.preference.never if told.held.preference else None),
}
"""The same of a person."""
