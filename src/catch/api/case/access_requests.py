"""What is told of it that somebody asked what is kept of the person: who wrote it down only to those who answer for all
of it, since it may have been somebody of another programme.
"""

from datetime import datetime

from catch.api.case import types
from catch.api.common.types import Worker
from catch.domain.calendar import london_day
from catch.domain.person import Person


def shown(person: Person, at: datetime, *, names: bool) -> list[types.PersonAccessRequest]:
    today = london_day(at)
    return [
        types.PersonAccessRequest(
            id=held.request,
            state=held.state,
            asked_by=held.asked_by,
            received_on=held.received_on,
            due=held.due,
            overdue=held.late(today),
            by=Worker(user=held.user, agency=held.agency) if names else None,
            extended=held.extended,
            extended_told_on=held.told_on,
            refused=held.refused,
            ended_on=held.ended_on,
        )
        for held in person.access_requests
    ]
