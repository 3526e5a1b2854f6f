"""What became of a meeting itself, as somebody who may follow it sees it."""

from collections.abc import Iterable

from catch.access import RedactionReason
from catch.api.case import types as case_types
from catch.api.common import types as common_types
from catch.api.common.redaction import Texts
from catch.api.meeting import types
from catch.domain.facts import Sealed
from catch.domain.meeting.items import Amendment
from catch.domain.meeting.state import Meeting
from catch.personal import Erased


def plain(sealed: Sealed | None, texts: Texts) -> str | None:
    text = texts.get(sealed) if sealed else None
    return None if isinstance(text, Erased) else text


def course(held: Meeting, texts: Texts, *, prepares: bool) -> types.Course:
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
                reason=plain(each.reason, texts),
            )
            for each in held.moves
        ],
        cancellation=types.Cancellation(at=called_off.at, reason=plain(called_off.reason, texts))
        if called_off
        else None,
        interruptions=[
            types.Interruption(at=each.at, reason=plain(each.reason, texts), until=each.until)
            for each in held.interruptions
        ],
        apologies=[
            types.Apology(user=each.user, agency=each.agency, note=plain(each.note, texts))
            for each in held.attendance
            if prepares and each.apology
        ],
        withdrawn=[
            types.Uninvited(agency=each.agency, user=each.user, reason=plain(each.reason, texts))
            for each in held.withdrawn
            if prepares
        ],
        redactions=[common_types.Redaction(path=path, reason=RedactionReason.ROLE) for path in withheld],
    )


def amendments(held: Iterable[Amendment], texts: Texts) -> list[case_types.Amendment]:
    """Of the meeting, not of an item: everybody's who was at it."""
    return [
        case_types.Amendment(
            id=each.amendment, at=each.at, by=each.by, text=plain(each.text, texts), at_meeting_id=each.at_meeting
        )
        for each in held
    ]
