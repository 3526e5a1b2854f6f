"""A case that was opened in an emergency, as one viewer is told of it."""

from catch.access import RedactionReason
from catch.access.listing import GlassTold, glass_told
from catch.api.case.reading import Reading
from catch.api.common.redaction import Texts, why_unopened
from catch.api.common.types import Redaction, Worker
from catch.api.emergency import types
from catch.domain.access_grant import Glass
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.facts import Sealed
from catch.log.entries import Unreadable
from catch.personal import Unopened, looks
from projections.break_glass import Row


async def told(reading: Reading, row: Row) -> GlassTold | None:
    """As what the viewer is told of it; None where they are not, and for whoever is kept out of a case of theirs."""
    found = glass_told(reading.viewer, row.glass.opened)
    return None if found is None or await reading.facts.kept_from_whom(reading.viewer, row.case_id) else found


class Words:
    """What was written of it. `why`: it is not theirs to read, for this reason; `texts`: what reads it, where it is."""

    def __init__(self, texts: Texts | None, why: RedactionReason) -> None:
        self._texts = texts
        self._why = why
        self.withheld: list[Redaction] = []

    def read(self, path: str, text: Sealed | None) -> str | None:
        plain = None if self._texts is None or text is None else self._texts.get(text)
        if self._texts is None:
            self.withheld.append(Redaction(path=path, reason=self._why))
        elif isinstance(plain, Unopened):
            self.withheld.append(Redaction(path=path, reason=why_unopened(plain)))
        return plain if isinstance(plain, str) else None


async def shown(reading: Reading, row: Row, to: GlassTold) -> types.BreakGlass:
    glass, said, now = row.glass, row.glass.opened, reading.facts.at
    case = await case_of(reading, row)
    looks.told(said.case, None, case.person if case else None)
    is_open = glass.open_at(now)
    # Whoever opened it is shown nothing more of it than anybody else, once it is over.
    opens = to is GlassTold.OPENER and is_open
    reads = to is GlassTold.REVIEWER or opens
    texts = await reading.facts.texts(case.person) if case and reads else None
    why = RedactionReason.OVER if to is GlassTold.OPENER else RedactionReason.ROLE
    words, of_review = Words(texts, why), Words(texts if to is GlassTold.REVIEWER else None, RedactionReason.ROLE)
    text, review = words.read("text", said.text), reviewed(glass, of_review)
    lead = said.lead if reads or to is GlassTold.AUDITOR else None
    return types.BreakGlass(
        id=said.opening,
        by=Worker(user=said.user, agency=said.agency),
        case_id=said.case if opens or to is GlassTold.AUDITOR else None,
        number=said.number,
        programme=said.programme,
        reason=said.reason,
        text=text,
        lead=Worker(user=lead.user, agency=lead.agency) if lead else None,
        opened_at=glass.at,
        minutes=said.minutes,
        until=said.until,
        ended_at=glass.ended_at,
        open=is_open,
        review_due=said.review_due,
        overdue=glass.reviewed is None and said.review_due < london_day(now),
        review=review,
        may_end=is_open and to is not GlassTold.AUDITOR,
        may_review=to is GlassTold.REVIEWER and not is_open and glass.reviewed is None,
        redactions=[*words.withheld, *of_review.withheld],
    )


async def case_of(reading: Reading, row: Row) -> Case | None:
    """None too where it cannot be read: that somebody opened it is told all the same."""
    try:
        return (await reading.facts.case(row.case_id)).state
    except Unreadable:
        return None


def reviewed(glass: Glass, words: Words) -> types.GlassReview | None:
    said = glass.reviewed
    if said is None or glass.reviewed_at is None:
        return None
    by = Worker(user=said.by.user, agency=said.by.agency)
    text = words.read("review.text", said.text)
    return types.GlassReview(by=by, at=glass.reviewed_at, finding=said.finding, text=text)
