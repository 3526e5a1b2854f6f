"""What a person is given of what was gathered, as it is written: line by line, with what of it was left out, and why.

Nothing is decided by this module but what `access.subject` and a person say. Each line has its place, the position of
its fact in the log (`412`), and each of its values one too (`412.reason`): by these a text is given or left out.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from catch.access.subject import Piece, Withheld, pieces, withheld
from catch.domain.calendar import LONDON, london_day
from catch.domain.case import referral
from catch.domain.case.disclosure import DisclosureAuthorised, DisclosureEnded
from catch.domain.case.state import Disclosure
from catch.domain.facts import Category, Purpose, Sealed
from catch.domain.refusals import NotAnswered
from catch.domain.subject_access import AccessRequest
from catch.personal import Unopened, looks
from catch.subject_access.gathering import Entry, Gathered
from catch.wording import words

Plain = Mapping[Sealed, str | Unopened]
UNREADABLE = "(this cannot be read any more)"
WHY = frozenset({Purpose.DIRECT_CARE, Purpose.ADMINISTRATION})
"""What something is kept for, as it is said to everybody; the others say how it came in, who looked, or too much."""
LAW = {"article6": "UK GDPR article 6", "article9": "UK GDPR article 9", "common_law": "duty of confidentiality"}
UNTOLD = frozenset({Category.RESTRICTED, Category.RISK, Category.THIRD_PARTY, looks.TEXTS})
"""Kinds of which it is not said that somebody looked at them."""
OPERATION = "audit subject-access"
"""As which it is recorded that this is made."""
CODE = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")


class NoSuchPlace(NotAnswered):
    """There is no such line or value in this pack. Take the place from the copy for review: 412, or 412.reason."""


class Decided(NamedTuple):
    """What somebody has decided by looking: places to be given, and to be left out."""

    released: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()

    def why(self, place: str, path: str, otherwise: Withheld | None) -> Withheld | None:
        """A value's own place goes before its line's, and leaving out before giving."""
        for each in (f"{place}.{path}", place):
            if each in self.withheld:
                return Withheld.DECIDED if otherwise is None else otherwise
            if each in self.released:
                return None
        return otherwise


class Value(NamedTuple):
    """What is said of a line: `label`, and its text; `why` it is left out, if so."""

    place: str
    label: str
    text: str
    why: Withheld | None


class Line(NamedTuple):
    """One fact. `why`: none of it is given."""

    place: str
    title: str
    at: datetime
    recorded_at: datetime
    agency: str
    role: str
    where: str
    values: tuple[Value, ...]
    why: Withheld | None

    @property
    def given(self) -> tuple[Value, ...]:
        return tuple(each for each in self.values if each.why is None)

    @property
    def part_left_out(self) -> tuple[str, ...]:
        """What of a line that is given is left out for the sake of others; what may do harm is not even named."""
        harmless = [each for each in self.values if each.why in (Withheld.ABOUT_OTHERS, Withheld.UNDECIDED)]
        return tuple(dict.fromkeys(each.label for each in harmless))

    @property
    def late(self) -> bool:
        return london_day(self.recorded_at) != london_day(self.at)


class Told(NamedTuple):
    """An agency with which something was shared."""

    agency: str
    categories: str
    since: date
    until: date | None
    basis: str


class Looked(NamedTuple):
    """People of an agency looked on that day, at these kinds of information, so many times."""

    day: date
    agency: str
    categories: str
    times: int


class Pack(NamedTuple):
    """All of it. `erased`: some of it was kept under another registration of theirs, whose texts are erased;
    `invented`: the place's notice, if its people are; `asked`: what it answers, where that was named.
    """

    name: str | None
    numbers: tuple[str, ...]
    programmes: tuple[str, ...]
    responsible: tuple[str, ...]
    since: date | None
    until: date | None
    made_at: datetime
    upto: int
    lines: tuple[Line, ...]
    purposes: tuple[str, ...]
    sources: tuple[str, ...]
    told: tuple[Told, ...]
    looked: tuple[Looked, ...]
    address_protected: bool
    erased: bool
    invented: str | None = None
    asked: AccessRequest | None = None

    @property
    def given(self) -> tuple[Line, ...]:
        return tuple(each for each in self.lines if each.why is None)

    @property
    def left_out(self) -> bool:
        return any(line.why or any(value.why for value in line.values) for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        """Facts, by what became of them; they add up to all of them."""
        found = Counter(
            f"left out: {words(each.why)}"
            if each.why
            else ("given in part" if len(each.given) < len(each.values) else "given whole")
            for each in self.lines
        )
        return dict(sorted(found.items()))


def packed(
    found: Gathered,
    plain: Plain,
    agencies: Mapping[str, str],
    programmes: Mapping[str, str],
    responsible: Sequence[str],
    made_at: datetime,
    decided: Decided,
    days: tuple[date | None, date | None] = (None, None),
    invented: str | None = None,
    asked: AccessRequest | None = None,
) -> Pack:
    """Raises `NoSuchPlace` for a decision about something that is not there: a slip of the pen leaves nobody believing
    that it was left out.
    """
    said = Said(plain, agencies, programmes, in_danger(found), overriding(found))
    lines = tuple(said.line(each, decided) for each in found.entries)
    places = {line.place for line in lines} | {value.place for line in lines for value in line.values}
    if unknown := sorted((decided.released | decided.withheld) - places):
        raise NoSuchPlace(place=unknown[0])
    name = found.person.registered.name
    open_ = {line.place for line in lines if line.why is None}
    given = [each for each in found.entries if str(each.recorded.position) in open_]
    return Pack(
        name=said.text(name) if name else None,
        numbers=tuple(each.number for each in found.cases),
        programmes=tuple(dict.fromkeys(programmes.get(each.programme, each.programme) for each in found.cases)),
        responsible=tuple(responsible),
        since=days[0],
        until=days[1],
        made_at=made_at,
        upto=found.upto,
        lines=lines,
        purposes=tuple(sorted({words(why) for each in given if (why := each.recorded.envelope.purpose) in WHY})),
        sources=tuple(dict.fromkeys(said.source(each) for each in given if sourced(each, lines))),
        told=tuple(said.told(each) for each in disclosed(found, given, lines)),
        looked=looked(found, said),
        address_protected=any(each.address_protected for each in (found.person, *found.others)),
        erased=found.erased,
        invented=invented,
        asked=asked,
    )


class Said:
    """How facts and values are said: in words, with the public names of agencies and programmes."""

    def __init__(
        self,
        plain: Plain,
        agencies: Mapping[str, str],
        programmes: Mapping[str, str],
        dangerous: frozenset[str],
        overriding: frozenset[UUID],
    ) -> None:
        """`dangerous`: agencies that nothing names until somebody has decided; `overriding`: disclosures likewise."""
        self.dangerous, self.overriding = dangerous, overriding
        self._plain = plain
        self._agencies = agencies
        self._programmes = programmes

    def line(self, entry: Entry, decided: Decided) -> Line:
        recorded, envelope = entry.recorded, entry.recorded.envelope
        place = str(recorded.position)
        found = [*pieces(recorded.event, entry.part, shared=entry.shared, mistaken=entry.mistaken)]
        otherwise = Withheld.ABOUT_OTHERS if entry.mistaken else withheld(recorded.event)
        if otherwise is None and self.tells_of_danger(entry, found):
            otherwise = Withheld.MAY_HARM
            found = [each._replace(withheld=each.withheld or otherwise) for each in found]
        values = self.values(place, found, decided)
        whole = decided.why(place, "", otherwise)
        # Of a line of which nothing is given by itself, a value may be.
        if whole is not None and any(each.why is None for each in values):
            whole = None
        return Line(
            place=place,
            title=words(recorded.topic),
            at=envelope.occurred_at,
            recorded_at=recorded.recorded_at,
            agency=self.agency(envelope.actor.on_behalf_of or envelope.actor.agency),
            role=words(envelope.actor.role),
            where=words(entry.stream.name),
            values=values,
            why=whole,
        )

    def tells_of_danger(self, entry: Entry, found: Sequence[Piece]) -> bool:
        actor = entry.recorded.envelope.actor
        named = {each.value for each in found if isinstance(each.value, str)}
        ended = entry.recorded.event if isinstance(entry.recorded.event, DisclosureEnded) else None
        over = ended is not None and ended.disclosure in self.overriding
        return over or bool(self.dangerous & {*named, actor.agency, actor.on_behalf_of})

    def values(self, place: str, found: Sequence[Piece], decided: Decided) -> tuple[Value, ...]:
        """What a list says stands in one value, unless some of it is left out."""
        values: dict[tuple[str, Withheld | None], Value] = {}
        for piece in found:
            why = decided.why(place, piece.path, piece.withheld)
            text, key = self.said(piece), (piece.path, why)
            before = values.get(key)
            text = f"{before.text}, {text}" if before and not piece.text else text
            text = f"{before.text}\n{text}" if before and piece.text else text
            values[key] = Value(f"{place}.{piece.path}", label(piece.path), text, why)
        return tuple(values.values())

    def said(self, piece: Piece) -> str:
        value = piece.value
        match value:
            case str() if piece.text:
                return self.text(Sealed(value))
            case bool():
                return "Yes" if value else "No"
            case Enum():
                # Some are numbers, which say nothing to anybody.
                return words(value.value if isinstance(value.value, str) else value.name)
            case datetime():
                return moment(value)
            case date():
                return day(value)
            case str():
                return self._agencies.get(value) or self._programmes.get(value) or in_words(value)
            case _:
                return str(value)

    def text(self, sealed: Sealed) -> str:
        found = self._plain.get(sealed)
        return UNREADABLE if found is None or isinstance(found, Unopened) else found

    def agency(self, key: str) -> str:
        return self._agencies.get(key, words(key))

    def source(self, entry: Entry) -> str:
        event = entry.recorded.event
        assert isinstance(event, referral.ReferralReceived | referral.ReferralAttached)
        held = event.referral
        return f"{words(held.source)}, {self.agency(held.referrer_agency)}, {day(london_day(held.received_at))}"

    def told(self, held: Disclosure) -> Told:
        kinds = sorted(words(each) for each in held.categories if each is not Category.RESTRICTED)
        ended = london_day(held.ended_at) if held.ended_at else held.until
        bases = (held.basis.article6, held.basis.article9, held.basis.common_law)
        basis = ", ".join(words(each) for each in bases if each is not None)
        return Told(self.agency(held.agency), ", ".join(kinds), london_day(held.authorised_at), ended, basis)


def in_danger(found: Gathered) -> frozenset[str]:
    """The agencies to which something was told because of a danger, and nothing otherwise: whatever names them, or is
    theirs, tells of it.
    """
    held = [each for case in found.cases for each in case.disclosures]
    ordinary = {each.agency for each in held if not each.basis.overrides_objection}
    return frozenset(each.agency for each in held) - ordinary


def overriding(found: Gathered) -> frozenset[UUID]:
    """The disclosures that were made because of a danger."""
    held = (each for case in found.cases for each in case.disclosures)
    return frozenset(each.disclosure for each in held if each.basis.overrides_objection)


def disclosed(found: Gathered, given: Sequence[Entry], lines: Sequence[Line]) -> Iterator[Disclosure]:
    """Those of which it is given to whom and what, as they stand."""
    ids = {
        each.recorded.event.disclosure
        for each in given
        if isinstance(each.recorded.event, DisclosureAuthorised) and all_given(each, lines, "agency", "categories")
    }
    return (each for case in found.cases for each in case.disclosures if each.disclosure in ids)


def all_given(entry: Entry, lines: Sequence[Line], *paths: str) -> bool:
    """Whether a line gives these values: one that somebody has released opens no other."""
    line = next(each for each in lines if each.place == str(entry.recorded.position))
    given = {value.place for value in line.given}
    return all(f"{line.place}.{path}" in given for path in paths)


def sourced(entry: Entry, lines: Sequence[Line]) -> bool:
    """A referral of which it is given who made it."""
    if not isinstance(entry.recorded.event, referral.ReferralReceived | referral.ReferralAttached):
        return False
    return all_given(entry, lines, "referral.source", "referral.referrer_agency")


def looked(found: Gathered, said: Said) -> tuple[Looked, ...]:
    """By day and agency: which of their people it was is about them, and nothing that is restricted is mentioned."""
    cases = {case.case for case in found.cases}
    times, kinds = Counter[tuple[date, str]](), dict[tuple[date, str], set[str]]()
    for row in found.looks:
        seen = [each for each in row.read.of(found.ids, cases).seen if not each.glass]
        named = {name for each in seen for name in each.categories}
        # What is not there for everybody tells that it is there for them; so does who looked in an emergency.
        hidden = bool(named) and named <= UNTOLD
        if not seen or hidden or row.agency in said.dangerous or row.read.operation == OPERATION:
            continue
        key = (london_day(row.recorded_at), row.agency)
        times[key] += 1
        kinds.setdefault(key, set()).update(named - UNTOLD)
    return tuple(
        Looked(on, said.agency(agency), ", ".join(sorted(map(words, kinds[on, agency]))), times[on, agency])
        for on, agency in sorted(times)
    )


def label(path: str) -> str:
    """By the name of the field, and what it is of: `Safe contact: how`."""
    first, *others = path.split(".")
    named = [LAW.get(name) or words(name)[:1].lower() + words(name)[1:] for name in others]
    return ": ".join([words(first), *named])


def in_words(code: str) -> str:
    """Codes are said in words; numbers, and whatever has signs of its own, as they stand."""
    return words(code) if CODE.fullmatch(code) else code


def day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def moment(at: datetime) -> str:
    return f"{day(london_day(at))}, {at.astimezone(LONDON):%H:%M}"
