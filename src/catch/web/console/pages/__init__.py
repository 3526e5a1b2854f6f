"""The pages, a module a subject. A page more is an `Address` more in its module's `ADDRESSES`."""

from catch.web.console.pages import case, cases, commands, front_door, home, inbox, meeting, referring, signing_in
from catch.web.console.site import Address

ADDRESSES: tuple[Address, ...] = (
    *signing_in.ADDRESSES,
    *home.ADDRESSES,
    *commands.ADDRESSES,
    *cases.ADDRESSES,
    *case.ADDRESSES,
    *inbox.ADDRESSES,
    *front_door.ADDRESSES,
    *referring.ADDRESSES,
    *meeting.ADDRESSES,
)
