"""The sentences that explain an agenda, written from codes and dates only. The order is never called a priority."""

from datetime import date

from catch.domain.agenda.order import Candidate, windows
from catch.domain.agenda.reasons import written
from catch.domain.calendar import LONDON
from catch.domain.meeting.listing import AppearanceBasis, Missing, Reason, Section, WhyNotPlaced
from catch.domain.meeting.state import Meeting

SECTIONS = {
    Section.GENERAL: "General business",
    Section.URGENT: "Urgent",
    Section.MATTERS_ARISING: "Matters arising",
    Section.NEW: "New",
    Section.REVIEW: "Reviews",
    Section.AT_RISK: "At risk or stuck",
    Section.CLOSE_OR_EXTEND: "Close or extend",
    Section.QUESTION: "Questions",
    Section.NOTING: "For noting",
    Section.GAPS: "Gaps",
}

_WHY = {
    WhyNotPlaced.NO_MINUTES_LEFT: "the items before it take the time there is",
    WhyNotPlaced.MAX_ITEMS: "the meeting takes no more items",
    WhyNotPlaced.MAX_NEW: "the meeting takes no more new cases",
    WhyNotPlaced.MIX: "it would leave too few new or too few existing cases",
    WhyNotPlaced.NOTING_FULL: "the list for noting is full",
}

_MISSING = {
    Missing.LIVE_CASE: "it was declined, redirected, closed or voided",
    Missing.RESTRICTED: "processing of what is kept of the person is restricted",
    Missing.ACCEPTANCE: "the referral is not accepted",
    Missing.PRESENTER: "no presenter",
    Missing.BASIS: "neither the person's agreement nor another basis recorded",
    Missing.AGENCY: "no agency expected at the meeting may see it",
}


def place(n: int) -> str:
    # 11th to 13th end as no other number that ends in 1, 2 or 3.
    suffix = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"


def said(reasons: tuple[Reason, ...]) -> str:
    # Two reasons may say the same sentence: it is said once, in the order of the reasons.
    return " ".join(dict.fromkeys(reason.text for reason in reasons))


def why_here(held: Candidate, place_in_section: int, meeting: Meeting) -> str:
    """Why an item is on the agenda and in its place."""
    sentences = [said(held.reasons), f"Placed {place(place_in_section)} in {SECTIONS[held.section]}{because(held)}."]
    if held.moved_for:
        sentences.append(f"Moved within the section for the time that {held.moved_for} attends.")
    if held.requires:
        sentences.append(f"Needs: {', '.join(needs(held, meeting))}.")
    return " ".join(sentences)


def because(held: Candidate) -> str:
    grounds: list[str] = []
    if held.must:
        grounds.append("must be heard")
    if held.defer_count:
        grounds.append(f"put off {held.defer_count} times" if held.defer_count > 1 else "put off once")
    if held.waiting_since < date.max:
        grounds.append(f"waiting since {written(held.waiting_since)}")
    if held.clock_ratio >= 1:
        grounds.append(f"a clock at {held.clock_ratio} times its target")
    return f": {', '.join(grounds)}" if grounds else ""


def needs(held: Candidate, meeting: Meeting) -> list[str]:
    times = {
        window.agency: f"{window.available_from.astimezone(LONDON):%H:%M} to "
        f"{window.available_until.astimezone(LONDON):%H:%M}"
        for window in windows(held, meeting)
    }
    return [f"{agency} (attending {times[agency]})" if agency in times else agency for agency in held.requires]


def why_later(held: Candidate, why: WhyNotPlaced, displacements: int, predicted_on: date) -> str:
    """Why a candidate did not fit, and when it is expected to."""
    again = "first" if displacements == 1 else "second" if displacements == 2 else place(displacements)
    return (
        f"{said(held.reasons)} Not placed in {SECTIONS[held.section]}: {_WHY[why]}. "
        f"This is the {again} time; expected on {written(predicted_on)}."
    )


def not_ready(reasons: tuple[Reason, ...], missing: tuple[Missing, ...]) -> str:
    return f"{said(reasons)} Cannot appear yet: {'; '.join(_MISSING[held] for held in missing)}."


def changed_since(lacking: tuple[Missing, ...], said: AppearanceBasis | None, now: AppearanceBasis | None) -> str:
    """What has become of a case since it was put on the agenda."""
    if lacking:
        why = "; ".join(_MISSING[held] for held in lacking)
        return f"As things stand it cannot be heard: {why}. Settle that, put it off, or take it off."
    return f"It stands here on the basis {said}; as things stand it would be heard on the basis {now}."


def left_out(since: date, *, published: bool) -> str:
    """It was put off when this agenda was made, or had been."""
    then = "The next agenda takes it; add it late where it cannot wait." if published else "Draft the agenda again."
    return f"Put off (last on {written(since)}) and not on this agenda. {then}"


def concern_raised(number: str) -> str:
    """It moves nothing by itself, and says nothing of what was raised."""
    return f"A safeguarding concern about {number} is not settled. If the meeting should hear it, add the case by hand."


def more_concerns(cases: int) -> str:
    return f"Safeguarding concerns about {cases} more cases are not settled."


def place_in_part(reasons: tuple[Reason, ...], section: Section, place_in_section: int) -> str:
    """Why an item is in its place, for somebody who is told these reasons only: nothing is said of the others."""
    where = f"Placed {place(place_in_section)} in {SECTIONS[section]}." if place_in_section else ""
    return " ".join(sentence for sentence in (said(reasons), where) if sentence)
