"""A partner: an organisation with an information sharing agreement, and the people who act for it."""

from datetime import date, datetime

from catch.domain.facts import Category, Part, Sealed


class Agreement(Part, frozen=True, omit_defaults=True):
    """An information sharing agreement: what may be shared, for which programmes, and for how long."""

    agreement: str
    programmes: tuple[str, ...]
    categories: frozenset[Category]
    starts_on: date
    ends_on: date | None = None
    terminated_at: datetime | None = None


class Member(Part, frozen=True, omit_defaults=True):
    """Somebody who acts for the partner."""

    user: str
    name: Sealed
    suspended: bool = False


class Partner(Part, frozen=True, omit_defaults=True):
    """Where the partner's history leaves it."""

    partner: str
    name: str
    kind: str
    agreements: tuple[Agreement, ...] = ()
    members: tuple[Member, ...] = ()

    def covers(self, programme: str, categories: frozenset[Category], at: datetime) -> bool:
        """True when agreements in force at `at` cover all these categories for the programme's key."""
        day = at.date()
        shared = {
            category
            for held in self.agreements
            if programme in held.programmes
            and held.terminated_at is None
            and held.starts_on <= day
            and (held.ends_on is None or day <= held.ends_on)
            for category in held.categories
        }
        return categories <= shared
