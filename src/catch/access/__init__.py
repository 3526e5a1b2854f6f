"""Who may do what, and who sees what. One pure policy, asked by mutations, queries, subscriptions and replay alike.

Read `standing` (who somebody is here), `seats` (what a meeting gives of a case), `seeing` (who sees which categories of
a case, which items of an agenda, and why the rest is hidden), `telling` (what each fact tells, and to whom) and
`reasons` (what an agenda tells of a case), then `relations`, `giving` and `doing` (who may ask for what: one table).
Rights come from relationships that somebody else made (`8-access.md`, Standing).
"""

from catch.access.doing import RULES, asks, may, rule_of
from catch.access.learning import Told, note_shown, sees_others, state_told, told, told_at_meeting, told_withheld
from catch.access.reasons import (
    CANDIDACY,
    GAPS,
    Agreed,
    agreed,
    explained,
    must_told,
    rests_on,
    warned_of,
    warning_told,
)
from catch.access.relations import (
    AgencyNotUnderAgreement,
    NotAllowed,
    NotYourAction,
    NotYourAgency,
    NotYourCase,
    NotYourMeeting,
    OnlyByAnother,
    OnlyForYourself,
    Reads,
    Recused,
)
from catch.access.seats import ATTENDEE_WINDOW, Seat, bounds, seat_of, seats_of
from catch.access.seeing import (
    EVERYTHING,
    RedactionReason,
    Sight,
    coordinates,
    has_inbox,
    holders,
    item_closed,
    item_hidden,
    may_attend,
    prepares,
    recused,
    sight,
    told_to,
)
from catch.access.standing import Asker, NotEnrolled, Who, program, who
from catch.access.telling import UNKNOWN, Changes, Telling, To, telling
from catch.access.trails import beside_told, case_told, meeting_told

__all__ = [
    "ATTENDEE_WINDOW",
    "CANDIDACY",
    "EVERYTHING",
    "GAPS",
    "RULES",
    "UNKNOWN",
    "AgencyNotUnderAgreement",
    "Agreed",
    "Asker",
    "Changes",
    "NotAllowed",
    "NotEnrolled",
    "NotYourAction",
    "NotYourAgency",
    "NotYourCase",
    "NotYourMeeting",
    "OnlyByAnother",
    "OnlyForYourself",
    "Reads",
    "Recused",
    "RedactionReason",
    "Seat",
    "Sight",
    "Telling",
    "To",
    "Told",
    "Who",
    "agreed",
    "asks",
    "beside_told",
    "bounds",
    "case_told",
    "coordinates",
    "explained",
    "has_inbox",
    "holders",
    "item_closed",
    "item_hidden",
    "may",
    "may_attend",
    "meeting_told",
    "must_told",
    "note_shown",
    "prepares",
    "program",
    "recused",
    "rests_on",
    "rule_of",
    "seat_of",
    "seats_of",
    "sees_others",
    "sight",
    "state_told",
    "telling",
    "told",
    "told_at_meeting",
    "told_to",
    "told_withheld",
    "warned_of",
    "warning_told",
    "who",
]
