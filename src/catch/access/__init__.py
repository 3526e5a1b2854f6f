"""Who may do what, and who sees what. One pure policy, asked by mutations, queries, subscriptions and replay alike.

Access = relationship (why this person, this case) and role and category and agreement, and no recusal
(`8-access.md`). `may` raises a refusal; `sight` says which categories of a case somebody sees and why the rest is
hidden; `may_attend`, `item_hidden` and `item_closed` say the same of a meeting and the items of its agenda.
"""

from catch.access.doing import (
    AgencyNotUnderAgreement,
    NotAllowed,
    NotYourAction,
    NotYourCase,
    NotYourMeeting,
    OnlyForYourself,
    Recused,
    SuspendedByAgency,
    may,
    role_may,
)
from catch.access.seeing import (
    ATTENDEE_WINDOW,
    EVERYTHING,
    RedactionReason,
    Seat,
    Sight,
    coordinates,
    has_inbox,
    holders,
    item_closed,
    item_hidden,
    may_attend,
    prepares,
    recused,
    seat_of,
    seats_of,
    sight,
    told_to,
)

__all__ = [
    "ATTENDEE_WINDOW",
    "EVERYTHING",
    "AgencyNotUnderAgreement",
    "NotAllowed",
    "NotYourAction",
    "NotYourCase",
    "NotYourMeeting",
    "OnlyForYourself",
    "Recused",
    "RedactionReason",
    "Seat",
    "Sight",
    "SuspendedByAgency",
    "coordinates",
    "has_inbox",
    "holders",
    "item_closed",
    "item_hidden",
    "may",
    "may_attend",
    "prepares",
    "recused",
    "role_may",
    "seat_of",
    "seats_of",
    "sight",
    "told_to",
]
