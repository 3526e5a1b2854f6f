"""The read models, one module each: its row, which facts concern it, its fold, and its queries, side by side.

To add one: write the module and name it in `ALL`. Tables are made from `Row`; raise `VERSION` when the fold changes.
"""

from projections import (
    agencies,
    agency_inbox,
    agenda,
    case_summary,
    concerns,
    givings,
    members,
    minutes,
    outcomes,
    programmes,
    timeline,
)

ALL = (
    agenda,
    case_summary,
    agency_inbox,
    timeline,
    minutes,
    outcomes,
    programmes,
    agencies,
    members,
    givings,
    concerns,
)
