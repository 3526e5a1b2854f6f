"""Who may do what, and who sees what. One pure policy, asked by mutations, queries, subscriptions and replay alike.

Read `standing` (who somebody is here), `seats` (what a meeting gives of a case), `seeing` (who sees which categories of
a case, which items of an agenda, and why the rest is hidden), `relations`, `giving` and `doing` (who may ask for what:
one table). Rights come from relationships that somebody else made (`8-access.md`, Standing).
"""

from catch.access.doing import RULES, asks, may, rule_of
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
    RecusedFromItem,
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
    sight,
    told_to,
)
from catch.access.standing import Asker, NotEnrolled, Who, program, who

__all__ = [
    "ATTENDEE_WINDOW",
    "EVERYTHING",
    "RULES",
    "AgencyNotUnderAgreement",
    "Asker",
    "NotAllowed",
    "NotEnrolled",
    "NotYourAction",
    "NotYourAgency",
    "NotYourCase",
    "NotYourMeeting",
    "OnlyByAnother",
    "OnlyForYourself",
    "Reads",
    "RecusedFromItem",
    "RedactionReason",
    "Seat",
    "Sight",
    "Who",
    "asks",
    "bounds",
    "coordinates",
    "has_inbox",
    "holders",
    "item_closed",
    "item_hidden",
    "may",
    "may_attend",
    "prepares",
    "program",
    "rule_of",
    "seat_of",
    "seats_of",
    "sight",
    "told_to",
    "who",
]
