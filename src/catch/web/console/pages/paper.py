"""A meeting that was held on paper, entered afterwards with its own times: one step after the other, as it went."""

from datetime import datetime

from catch.domain.calendar import LONDON
from catch.domain.meeting.items import DecisionCode, DeferReason, GuestKind
from catch.web.console import following, room
from catch.web.console.fields import choices_of
from catch.web.console.pages.meeting import known, on, said_of, tellers
from catch.web.console.pages.naming import agencies
from catch.web.console.site import Address
from catch.web.console.visit import Json, Reply, Visit, nothing_here


async def paper(visit: Visit) -> Reply:
    id_ = visit.path["meeting"]
    found = await visit.ask("meeting_room", id=id_, atLeast=visit.at_least)
    meeting, offered, item = found["meeting"], found["offered"], found["agendaItem"]
    if meeting is None or "draftAgenda" not in offered:
        raise nothing_here()
    items = meeting["agenda"]["items"]
    present = [each for each in meeting["attendance"] if each["present"]]
    seated = [each for each in present if each["acceptedConfidentiality"]]
    return visit.page(
        "meeting_paper.html",
        meeting=meeting,
        series=visit.console.called(meeting["series"]),
        stage=room.STAGES[meeting["state"]],
        offered=offered,
        item=item,
        about=item["offered"] if item else [],
        said=said_of(item),
        next=room.next_item(items),
        items=items,
        waiting=[each for each in items if each["state"] == "PENDING"],
        present=[(each["user"], f"{each['user']} ({each['agency']})") for each in present],
        unbound=[each["user"] for each in present if not each["acceptedConfidentiality"]],
        seated=[(each["user"], f"{each['user']} ({each['agency']})") for each in seated],
        table_agencies=[(each, each) for each in sorted({one["agency"] for one in seated})],
        tellers=[(each, each) for each in tellers(meeting, item)],
        agencies=await agencies(visit, meeting["programme"], known(meeting)),
        decision_codes=choices_of(DecisionCode),
        defer_reasons=choices_of(DeferReason),
        guest_kinds=choices_of(GuestKind),
        at=last_time(meeting, item),
        on=on(visit, f"/meetings/{meeting['id']}/paper"),
        follows=following.of_meeting(meeting["id"]),
    )


def last_time(meeting: Json, item: Json | None) -> str:
    """Where the clock of the meeting stood when the last thing that was entered happened: the next one was later."""
    items = meeting["agenda"]["items"]
    known = [each[name] for each in items for name in ("openedAt", "closedAt")]
    known += [each[name] for each in meeting["attendance"] for name in ("joinedAt", "leftAt")]
    known += [each["at"] for each in item["decisions"]] if item else []
    starts = datetime.fromisoformat(meeting["startsAt"])
    times = [datetime.fromisoformat(each) for each in known if each]
    return max(times, default=starts).astimezone(LONDON).isoformat()


ADDRESSES = (Address("/meetings/{meeting:uuid}/paper", paper),)
