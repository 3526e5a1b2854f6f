"""Figures of the catalogue that cannot be worked out from what is recorded, and why: never 0."""

from catch.metrics.definition import Metric, MetricAudience, MetricBasis, MetricMeasure, NotComputable
from catch.statistics.small_numbers import SMALLEST


def lacking(
    code: str, name: str, question: str, denominator: str, why: str, measure: MetricMeasure = MetricMeasure.SHARE
) -> Metric:
    return Metric(
        code=code,
        name=name,
        question=question,
        measure=measure,
        denominator=denominator,
        open_cases="Not worked out.",
        source="Nothing that is recorded",
        basis=MetricBasis.PERIOD,
        audience=MetricAudience.FIGURES,
        smallest=SMALLEST,
        version=1,
        computed=NotComputable(why),
        grouped=None,
    )


NOT_YET = (
    lacking(
        "M27",
        "Person told",
        "How many people are told within five working days what was decided about them?",
        "Decisions",
        "A decision records who is to tell the person, and by when; that they did is not recorded.",
    ),
    lacking(
        "M35",
        "Coverage",
        "How many of those for whom the programme is meant does it reach?",
        "People for whom the programme is meant, by an estimate",
        "No programme says how many people it is meant for.",
    ),
    lacking(
        "M36",
        "Overlap of programmes",
        "How many people are in two programmes at once?",
        "People with an open episode",
        "A figure is of one programme, and nobody's role reads across programmes.",
    ),
    lacking(
        "M37",
        "Equity",
        "Do people wait as long, and come as far, whoever they are and wherever they live?",
        "Episodes of each group",
        "Neither deprivation nor ethnicity nor sex is recorded, and the day of birth is sealed.",
    ),
    lacking(
        "M38",
        "Use of services before and after",
        "Do people need accident and emergency, hospital or their doctor less often than before?",
        "People followed for six months",
        "No use of health services is recorded.",
    ),
    lacking(
        "M39",
        "Cost",
        "What does it cost to support somebody?",
        "Accepted episodes",
        "What support costs is not recorded, but for money from funds (M39b).",
        MetricMeasure.COUNT,
    ),
    lacking(
        "M42",
        "How late facts are recorded",
        "How long after something happened is it recorded?",
        "Facts",
        "Both moments of every fact are in the log, and no read model keeps how far they are apart.",
        MetricMeasure.DAYS,
    ),
    lacking(
        "M43",
        "Integrity of the log",
        "Is the log as it was written?",
        "Positions of the log",
        "It is of the whole log and of no programme: `catch doctor` and `catch audit verify` say it.",
        MetricMeasure.COUNT,
    ),
)
