"""The read models, one module each: its row, which facts concern it, its fold, and its queries, side by side; all that
is said of it in one `ReadModel`.

To add one: write the module and name its value in `ALL`. Tables are made from `row`; raise `version` when the fold
changes.
"""

from projections.agencies import AGENCIES
from projections.agency_inbox import AGENCY_INBOX
from projections.agenda import AGENDA
from projections.case_summary import CASE_SUMMARY
from projections.concerns import CONCERNS
from projections.givings import GIVINGS
from projections.matches import MATCHES
from projections.members import MEMBERS
from projections.minutes import MINUTES
from projections.outcomes import OUTCOMES
from projections.programmes import PROGRAMMES
from projections.read_model import ReadModel
from projections.references import REFERENCES
from projections.timeline import TIMELINE

ALL: tuple[ReadModel, ...] = (
    AGENDA,
    CASE_SUMMARY,
    AGENCY_INBOX,
    TIMELINE,
    MINUTES,
    OUTCOMES,
    PROGRAMMES,
    AGENCIES,
    MEMBERS,
    GIVINGS,
    CONCERNS,
    MATCHES,
    REFERENCES,
)
