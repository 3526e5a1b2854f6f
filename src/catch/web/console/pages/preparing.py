"""The desk of whoever prepares a meeting: the draft as the rules make it, what is wrong with it, what did not fit,
where any case stands towards it; then publishing, inviting, moving and calling off.
"""

import re
from urllib.parse import quote

from catch.domain.meeting.items import DeferReason
from catch.domain.meeting.listing import AppearanceBasis, Matter, Missing, Section, WarningCode, WhyNotPlaced
from catch.domain.meeting.state import Mode
from catch.web.console import following, room
from catch.web.console.fields import choices_of
from catch.web.console.pages.meeting import MOVE_REASONS, expected, known, local, on
from catch.web.console.pages.naming import agencies
from catch.web.console.site import Address
from catch.web.console.visit import Json, Moved, Reply, Visit, nothing_here
from catch.web.console.wording import words

NHS_NUMBER = re.compile(r"(?:\d ?){10}")
WARNINGS = {
    WarningCode.NOT_READY.name: "Not ready",
    WarningCode.MUST_OVER_BUDGET.name: "More musts than time",
    WarningCode.MUST_OVER_MAX_ITEMS.name: "More musts than places",
    WarningCode.BELOW_MIN_ITEMS.name: "Few items",
    WarningCode.PARTNER_WINDOW.name: "A partner is not there then",
    WarningCode.PARTNER_WITHOUT_BASIS.name: "A partner may not be told",
    WarningCode.AFTER_CUT_OFF.name: "After the cut-off",
    WarningCode.SAFEGUARDING_CONCERN.name: "Safeguarding",
    WarningCode.CHANGED_SINCE.name: "Changed since",
    WarningCode.LEFT_OUT.name: "Left out",
}
NOT_PLACED = {
    WhyNotPlaced.NO_MINUTES_LEFT.name: "no time left",
    WhyNotPlaced.MAX_ITEMS.name: "no more items fit",
    WhyNotPlaced.MAX_NEW.name: "no more new cases fit",
    WhyNotPlaced.MIX.name: "kept out for the mix of new and existing",
    WhyNotPlaced.NOTING_FULL.name: "the noting list is full",
}
NOT_HELD = {"state": "PENDING", "matter": None, "openedAt": None, "closedAt": None}
LACKS = {each.name: words(each.value).lower() for each in Missing}


async def look(visit: Visit) -> Reply:
    """Where a case stands, by what is sent: an NHS number stands in no address, and leads to its case's number."""
    number = visit.sent("case").strip()
    case = await found_case(visit, number) if number else None
    if case is None:
        return await desk(visit)
    return Moved(f"/meetings/{visit.path['meeting']}/prepare?case={quote(case['number'], safe='')}#case")


async def desk(visit: Visit) -> Reply:
    id_ = visit.path["meeting"]
    found = await visit.ask("meeting_room", id=id_, atLeast=visit.at_least)
    meeting, offered = found["meeting"], found["offered"]
    if meeting is None or "draftAgenda" not in offered:
        raise nothing_here()
    unpublished = meeting["state"] in ("PLANNED", "AGENDA_DRAFTED")
    standing = (await visit.ask("meeting_preparation", id=id_, atLeast=visit.at_least))["meeting"]["agenda"]
    preview = (await visit.ask("agenda_preparation", meetingId=id_))["agendaPreview"] if unpublished else None
    shown = preview or standing
    address = f"/meetings/{meeting['id']}/prepare"
    items = meeting["agenda"]["items"]
    asked = visit.sent("case").strip() or visit.query.get("case", "").strip()
    return visit.page(
        "prepare.html",
        meeting=meeting,
        follows=following.of_meeting(meeting["id"]),
        offered=offered,
        series=visit.console.called(meeting["series"]),
        stage=room.STAGES[meeting["state"]],
        step=room.preparing(meeting, offered, f"/meetings/{meeting['id']}"),
        unpublished=unpublished,
        before=meeting["state"] in room.BEFORE,
        live=meeting["state"] in room.LIVE,
        over=meeting["state"] in room.OVER,
        published=not unpublished,
        shown=shown,
        preview=preview,
        differs=preview is not None and drafted(preview["items"]) != drafted(items),
        previewed=room.sections([{**each, **NOT_HELD} for each in preview["items"]]) if preview else [],
        warnings=warned(standing["warnings"], shown["warnings"]),
        warning_words=WARNINGS,
        not_placed=NOT_PLACED,
        parts_of_agenda=room.sections(items),
        total=sum(each["minutes"] for each in items if each["state"] != "REMOVED"),
        pace=room.pace(meeting, visit.console.now()),
        last_order=max((each["order"] for each in items), default=0),
        move_reasons=MOVE_REASONS,
        version=meeting["version"],
        expected=expected(meeting),
        agencies=await agencies(visit, meeting["programme"], known(meeting)),
        looked=await looked_up(visit, meeting, asked) if asked else None,
        case_asked=asked,
        sections=[(each.name, room.SECTIONS[each.value]) for each in Section if each is not Section.GENERAL],
        all_sections=[(each.name, room.SECTIONS[each.value]) for each in Section],
        matters=[(each.name, room.MATTERS[each.name]) for each in Matter],
        bases=choices_of(AppearanceBasis),
        modes=choices_of(Mode),
        defer_reasons=choices_of(DeferReason),
        starts_local=local(meeting["startsAt"]),
        ends_local=room.pace(meeting, visit.console.now()).ends.astimezone().isoformat(),
        late=meeting["state"] in room.LIVE,
        on=on(visit, address),
    )


def drafted(items: list[Json]) -> list[tuple[str, int, int]]:
    """What makes two agendas the same to whoever reads them."""
    return [(each["id"], each["order"], each["minutes"]) for each in items]


def warned(*lists: list[Json]) -> list[Json]:
    """Each warning once, of what stands and of what would be drafted."""
    found: dict[tuple[str, str | None, str], Json] = {}
    for each in (one for held in lists for one in held):
        found.setdefault((each["code"], each["caseId"], each["explanation"]), each)
    return list(found.values())


async def looked_up(visit: Visit, meeting: Json, number: str) -> Json:
    """Where the case of this number stands towards the meeting."""
    case = await case_numbered(visit, number)
    if case is None:
        return {"case": None}
    answer = await visit.maybe("why_not_on_agenda", caseId=case["id"], meetingId=meeting["id"])
    if not answer:
        return {"case": None}
    held = answer["whyNotOnAgenda"]
    lacks = [LACKS.get(each, words(each).lower()) for each in held["missing"]]
    return {"case": case, "why": held, "lacks": lacks}


async def found_case(visit: Visit, number: str) -> Json | None:
    """By the number that people call it by, or the person's NHS number."""
    if NHS_NUMBER.fullmatch(number):
        found = await visit.maybe("cases_by_number", nhsNumber=number.replace(" ", ""))
        return next(iter(found.get("casesByNumber", [])), None)
    return await case_numbered(visit, number)


async def case_numbered(visit: Visit, number: str) -> Json | None:
    listed = await visit.maybe("cases_in_order", filter={"number": number}, first=1)
    return next((each["node"] for each in listed.get("cases", {}).get("edges", [])), None)


ADDRESSES = (Address("/meetings/{meeting:uuid}/prepare", desk, look),)
