"""A programme from its configuration."""

from catch.api.programme import types
from catch.domain.programme.configuration import Programme


def shown(held: Programme) -> types.Programme:
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
        plan=types.PlanRules(
            min_months=held.plan.min_months,
            max_months=held.plan.max_months,
            review_every_months=held.plan.review_every_months,
            review_outer_months=held.plan.review_outer_months,
            max_extensions=held.plan.max_extensions,
            max_weeks=held.plan.max_weeks,
            review_every_weeks=held.plan.review_every_weeks,
            review_outer_weeks=held.plan.review_outer_weeks,
        ),
        caseload=types.Caseload(
            target_min=held.caseload.target_min,
            target_max=held.caseload.target_max,
            hard_max=held.caseload.hard_max,
            counted=held.caseload.counted,
        ),
        assumed=list(held.assumed),
        loaded=held,
    )
