"""The pages, a module a subject. A page more is an `Address` more in its module's `ADDRESSES`."""

from catch.web.console.pages import (
    audit,
    calendar,
    commands,
    figures,
    handover,
    home,
    meeting,
    meetings,
    minutes,
    paper,
    people,
    preparing,
    signing_in,
)
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
    *audit.ADDRESSES,
    *figures.ADDRESSES,
    *people.ADDRESSES,
    *handover.ADDRESSES,
)
