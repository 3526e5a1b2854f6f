"""The pages, a module a subject. A page more is an `Address` more in its module's `ADDRESSES`."""

from catch.web.console.pages import calendar, commands, home, meeting, meetings, minutes, paper, preparing, signing_in
from catch.web.console.site import Address

ADDRESSES: tuple[Address, ...] = (
    *signing_in.ADDRESSES,
    *home.ADDRESSES,
    *commands.ADDRESSES,
    *meetings.ADDRESSES,
    *meeting.ADDRESSES,
    *preparing.ADDRESSES,
    *minutes.ADDRESSES,
    *paper.ADDRESSES,
    *calendar.ADDRESSES,
)
