"""What became of a meeting itself, as somebody who may follow it sees it."""

from collections.abc import Iterable

from catch.access import RedactionReason
from catch.api.case import types as case_types
from catch.api.common import types as common_types
from catch.api.common.redaction import Redactor
from catch.api.meeting import types
from catch.domain.meeting.items import Amendment
from catch.domain.meeting.state import Meeting


def course(held: Meeting, redactor: Redactor, *, prepares: bool) -> types.Course:
    """Who does not come, and who is not asked any more, is for those who prepare the meeting."""
    called_off = held.cancellation
    withheld = () if prepares else ("apologies", "withdrawn")
    return types.Course(
        moves=[
            types.Move(
                at=each.at,
                before=each.before,
                after=each.after,
                minutes=each.minutes,
                reason=redactor.text("moves.reason", None, each.reason),
            )
            for each in held.moves
        ],
        cancellation=types.Cancellation(
            at=called_off.at, reason=redactor.text("cancellation.reason", None, called_off.reason)
        )
        if called_off
        else None,
        interruptions=[
            types.Interruption(
                at=each.at, reason=redactor.text("interruptions.reason", None, each.reason), until=each.until
            )
            for each in held.interruptions
        ],
        apologies=[
            types.Apology(user=each.user, agency=each.agency, note=redactor.text("apologies.note", None, each.note))
            for each in held.attendance
            if prepares and each.apology
        ],
        withdrawn=[
            types.Uninvited(
                agency=each.agency, user=each.user, reason=redactor.text("withdrawn.reason", None, each.reason)
            )
            for each in held.withdrawn
            if prepares
        ],
        redactions=redactor.redactions()
        + [common_types.Redaction(path=path, reason=RedactionReason.ROLE) for path in withheld],
    )


def amendments(held: Iterable[Amendment], redactor: Redactor) -> list[case_types.Amendment]:
    """Of the meeting, not of an item: everybody's who was at it."""
    return [
        case_types.Amendment(
            id=each.amendment,
            at=each.at,
            by=each.by,
            text=redactor.text("amendments.text", None, each.text),
            at_meeting_id=each.at_meeting,
        )
        for each in held
    ]
