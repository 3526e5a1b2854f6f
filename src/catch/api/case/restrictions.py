"""What is told of a restriction of processing: that it holds to all who see the case, why to those who coordinate it,
who wrote it down to those who answer for all of it.
"""

from collections.abc import Sequence
from datetime import datetime

from catch.access.restriction import stopped
from catch.api.case import types
from catch.api.common.types import Worker
from catch.domain.calendar import london_day
from catch.domain.person import Person


def banner(people: Sequence[Person], at: datetime) -> types.RestrictionBanner | None:
    """Of all the registrations of one person."""
    held = [each.processing for each in people if each.processing.restriction]
    since = [each.restriction.received_on for each in held if each.restriction]
    if not since:
        return None
    closed = stopped(people, at)
    # What is named of one registration opens nothing of another: it holds as long as each is named.
    until = None if closed else min(max(use.until for use in each.grounds(london_day(at))) for each in held)
    return types.RestrictionBanner(since=min(since), stopped=closed, until=until)


def asked(person: Person, at: datetime, *, names: bool) -> list[types.PersonRestriction]:
    today = london_day(at)
    return [
        types.PersonRestriction(
            id=held.restriction,
            state=held.state,
            reason=held.reason,
            received_on=held.received_on,
            due=held.due,
            overdue=held.waiting and today > held.due,
            by=Worker(user=held.user, agency=held.agency) if names else None,
            told_on=held.told_on,
            refused=held.refused,
            lifted=held.lifted,
            ended_at=held.ended_at,
        )
        for held in person.processing.asked
    ]


def grounds(person: Person, at: datetime, *, names: bool) -> list[types.PersonGround]:
    today = london_day(at)
    return [
        types.PersonGround(
            id=held.use,
            ground=held.ground,
            until=held.until,
            holds=held.holds(today),
            by=Worker(user=held.user, agency=held.agency) if names else None,
            at=held.at,
            withdrawn_at=held.withdrawn_at,
        )
        for held in person.processing.uses
    ]
