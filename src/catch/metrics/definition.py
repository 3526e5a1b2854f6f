"""What a metric is, said in one value. Computing, the API, the documentation and every label come from it.

To add one: write a value of `Metric` and name it in `catch.metrics.CATALOGUE`. Nothing else has to be touched.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from catch.domain.access_grant import Glass
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.contact import Contact
from catch.domain.facts import Category
from catch.domain.meeting.state import Meeting
from catch.domain.programme.configuration import Programme
from catch.metrics.episodes import Episode
from catch.metrics.estimates import Estimator
from catch.metrics.lines import Line


class MetricBasis(StrEnum):
    """What the days that are asked for choose. The two kinds of denominators are never mixed."""

    COHORT = "cohort"
    """Episodes that started in them, however long they were followed."""
    PERIOD = "period"
    """What happened in them."""
    NOW = "now"
    """Nothing: it is how things stand at the cut-off."""


class MetricAudience(StrEnum):
    """Who may see the figure. Whoever does not see every case of the programme is told no small group."""

    FIGURES = "figures"
    """Who follows cases and meetings of the programme through, and analysts."""
    EVERY_CASE = "every-case"
    """Who sees every case of the programme."""


class MetricMeasure(StrEnum):
    """In what the headline is said."""

    DAYS = "days"
    MINUTES = "minutes"
    SHARE = "share"
    COUNT = "count"
    POINTS = "points"


class CaseFacts(NamedTuple):
    """A case with its episodes, and the other cases of the same person in the programme; and how often it was opened in
    an emergency.
    """

    case: Case
    episodes: tuple[Episode, ...]
    others: tuple["CaseFacts", ...] = ()
    glasses: tuple[Glass, ...] = ()


class MeetingFacts(NamedTuple):
    meeting: Meeting


class ContactFacts(NamedTuple):
    """`returned`: whether whoever it was about came again within so many days."""

    contact: Contact
    returned: Mapping[int, bool]


class Cut(Struct, frozen=True):
    """Up to when anything is known, and what the programme said under each of its versions."""

    at: datetime
    versions: Mapping[int, Programme]

    @property
    def day(self) -> date:
        return london_day(self.at)

    def programme(self, version: int) -> Programme | None:
        return self.versions.get(version)


OfCase = Callable[[CaseFacts, Cut], Iterable[Line]]
OfMeeting = Callable[[MeetingFacts, Cut], Iterable[Line]]
OfContact = Callable[[ContactFacts, Cut], Iterable[Line]]


class FromCases(Struct, frozen=True):
    """Worked out from cases. `shows`: what of a case one must see to be led to it by this figure; None: only whoever
    sees every case is, because it rests on more than that case.
    """

    lines: OfCase
    estimate: Estimator
    shows: frozenset[Category] | None


class FromMeetings(Struct, frozen=True):
    """Worked out from meetings that are over."""

    lines: OfMeeting
    estimate: Estimator


class FromContacts(Struct, frozen=True):
    """Worked out from contacts at the front door."""

    lines: OfContact
    estimate: Estimator


class NotComputable(Struct, frozen=True):
    """Not worked out from what is recorded, and why. It is never said to be 0."""

    reason: str


Source = FromCases | FromMeetings | FromContacts | NotComputable


def always(_: Programme) -> str | None:
    return None


class Metric(Struct, frozen=True):
    """One figure. `version` is raised whenever what it says for the same facts changes. `lacking`: why it cannot be
    worked out for a programme that is configured so; None where it can.
    """

    code: str
    name: str
    question: str
    measure: MetricMeasure
    denominator: str
    open_cases: str
    source: str
    basis: MetricBasis
    audience: MetricAudience
    smallest: int
    version: int
    computed: Source
    grouped: str | None
    """By what it may be broken down: `agency`, `series` or `locality`; None where by nothing."""
    lacking: Callable[[Programme], str | None] = always
