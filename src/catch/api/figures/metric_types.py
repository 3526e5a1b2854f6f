"""Metrics: what each is, what it comes to, and the facts behind it."""

from datetime import date, datetime
from enum import Enum
from uuid import UUID

import strawberry

from catch.api.common import types as common_types
from catch.api.common.scalars import Position
from catch.api.figures.types import AtRisk, CurvePoint
from catch.metrics.definition import MetricAudience, MetricBasis, MetricMeasure


@strawberry.enum(description="Why a figure is not told.")
class MetricWithheld(Enum):
    TOO_FEW = strawberry.enum_value(
        "TOO_FEW",
        description="Fewer people stand behind it than `smallestCell` says, here or in what is left of a year.",
    )
    ROLE = strawberry.enum_value("ROLE", description="It is for whoever sees every case of the programme.")


@strawberry.type(description="What a metric is. Figures, labels and this text come from one definition.")
class MetricDefinition:
    code: str
    version: int = strawberry.field(
        description="Raised whenever it says something else of the same facts: the same cut-off under the same version"
        " gives the same answer for ever."
    )
    name: str
    question: str
    measure: MetricMeasure = strawberry.field(description="In what the headline, the first of `values`, is said.")
    denominator: str
    open_cases: str = strawberry.field(description="What becomes of those that have not ended.")
    source: str = strawberry.field(description="The facts it rests on.")
    basis: MetricBasis
    audience: MetricAudience
    smallest_cell: int = strawberry.field(
        description="For whoever does not see every case: nothing is told of fewer people."
    )
    grouped_by: str | None = strawberry.field(
        description="`agency`, `series` or `locality`; null where it is not broken down."
    )
    not_computable: str | None = strawberry.field(
        description="Why it cannot be worked out from what is recorded; null where it can."
    )


@strawberry.type(
    description="One number of a figure. `value` is null where there is nothing to work it out from, and where it may"
    " not be told. Of a share, it is `count` of `of`."
)
class MetricValue:
    code: str
    label: str
    value: float | None
    share: bool = strawberry.field(description="Whether `value` is a share, from 0 to 1.")
    count: int | None
    of: int | None
    lower: float | None = strawberry.field(description="With `upper` the 95 % interval, where there is one.")
    upper: float | None


@strawberry.type(
    description="The figure of one agency, series or locality; of an empty `key`: of those that have none."
)
class MetricGroup:
    key: str
    number: int
    values: list[MetricValue]


@strawberry.type(description="A month of a figure, for a chart: for who sees every case alone.")
class MetricMonth:
    month: date
    value: float | None
    count: int | None
    of: int | None
    partial: bool = strawberry.field(
        description="Not counted from its first day to its last: the figure began, or the days asked for begin or end,"
        " or the cut-off lies, within it. Nothing is to be concluded from it."
    )


@strawberry.type(description="A metric of a programme, with all that it takes to read it.")
class Metric:
    definition: MetricDefinition
    not_computable: str | None = strawberry.field(description="Why there is no figure: it is never said to be 0.")
    withheld: MetricWithheld | None
    number: int | None = strawberry.field(
        description="How many stand behind it. To who does not see every case, all counts are told to the nearest 5,"
        " none below it, and shares are of the rounded counts."
    )
    values: list[MetricValue] = strawberry.field(description="The headline first.")
    groups: list[MetricGroup] = strawberry.field(
        description="By `definition.groupedBy`, where asked for: to who does not see every case, for financial years,"
        " and of groups so large that no small one is what is left."
    )
    months: list[MetricMonth]
    censored: int | None = strawberry.field(description="Still waiting, as far as they were followed.")
    competing: int | None = strawberry.field(description="Ended otherwise.")
    administrative: int | None = strawberry.field(description="Opened in error or the like: counted nowhere else.")
    never_at_risk: int | None = strawberry.field(description="Over when they came to us: in no curve.")
    at_risk: list[AtRisk]
    curve: list[CurvePoint]
    from_: date | None = strawberry.field(name="from")
    to: date | None
    programme_versions: list[str]
    incomplete: bool = strawberry.field(
        description="Facts of some case of the programme cannot be read here: they are in no figure."
    )
    cut_off: Position
    cut_off_at: datetime


@strawberry.type(description="One line of a figure: the group it falls into, and how much it adds.")
class MetricFact:
    day: date = strawberry.field(description="By which it belongs to a period.")
    answer: str
    amount: float
    within_target: str | None = strawberry.field(description="`within` or `late`; null where there is no target.")
    entry: UUID | None = strawberry.field(description="The action, review, goal, item or the like that it rests on.")


@strawberry.type(description="A case, a meeting or a contact at the front door behind a figure, with its lines.")
class MetricEvidence:
    case_id: UUID | None
    number: str | None
    meeting_id: UUID | None
    contact_id: UUID | None
    facts: list[MetricFact]


@strawberry.type
class MetricEvidenceEdge:
    cursor: str
    node: MetricEvidence


@strawberry.type(
    description="What stands behind a figure, of what the viewer is shown anyhow. It has no count: that would tell of"
    " the rest."
)
class MetricEvidenceConnection:
    edges: list[MetricEvidenceEdge]
    page_info: common_types.PageInfo
    cut_off: Position
