"""Which meetings speak of which cases, as far as this process has heard: what is seated is kept out of or let in.

The read side knows all meetings, but comes after the feed. A recusal must not wait for it: what was recorded since this
process started is found here, and everything before in the `agenda` projection.
"""

from collections.abc import Iterable
from uuid import UUID

from catch.domain.meeting.state import Meeting
from catch.domain.streams import MEETING
from catch.log import Log
from catch.present.states import Held, States
from projections import agenda

MOST = 50_000
"""Cases about which the read side was asked once; when there are more, it is asked anew."""


class Appearances:
    """It only grows: a case that was taken off an agenda is still found with its meeting, which says what is true."""

    def __init__(self, log: Log, states: States) -> None:
        self._log = log
        self._states = states
        self._looked: set[UUID] = set()
        self._cases: dict[UUID, set[UUID]] = {}
        self._meetings: dict[UUID, set[UUID]] = {}
        self.links = 0
        """Grows whenever a meeting has taken up a case."""

    def note(self, meeting: Meeting) -> None:
        new = spoken_of(meeting) - self.cases(meeting.meeting)
        if new:
            self.links += 1
            self._cases.setdefault(meeting.meeting, set()).update(new)
            for case in new:
                self._meetings.setdefault(case, set()).add(meeting.meeting)

    async def look(self, cases: Iterable[UUID], *, anew: bool = False) -> None:
        """Ask the read side once about each case, or `anew`; of whatever is recorded later the feed tells."""
        unknown = [case for case in cases if anew or case not in self._looked]
        if not unknown:
            return
        meetings = await agenda.holding(self._log.pool, unknown)
        # The read side finds the meetings; what they say now, a recusal above all, is taken from the log.
        for held in await self._states.gather(MEETING, meetings):
            if isinstance(held, Held):
                self.note(held.state)
        if len(self._looked) >= MOST:
            # What was found is kept: only the questions are asked again.
            self._looked.clear()
        self._looked.update(unknown)

    def cases(self, meeting: UUID) -> frozenset[UUID]:
        return frozenset(self._cases.get(meeting, ()))

    def meetings(self, cases: Iterable[UUID]) -> frozenset[UUID]:
        return frozenset(meeting for case in cases for meeting in self._meetings.get(case, ()))


def same_cases(before: object, after: object) -> bool:
    """Whether a meeting certainly names the cases that it named before: by identity, which facts keep that leave an
    item's case alone. True of whatever is no meeting."""
    if not isinstance(before, Meeting) or not isinstance(after, Meeting):
        return not isinstance(after, Meeting)
    if before.draft is not after.draft or len(before.items) != len(after.items):
        return False
    return all(was.case is item.case for was, item in zip(before.items, after.items, strict=True))


def spoken_of(meeting: Meeting) -> frozenset[UUID]:
    """Every case that the agenda, or what did not fit on it, names."""
    draft = meeting.draft
    drafted = (*draft.items, *draft.overflow, *draft.warnings) if draft else ()
    return frozenset(each.case for each in (*meeting.items, *drafted) if each.case is not None)
