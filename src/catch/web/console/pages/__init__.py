"""The pages, a module a subject. A page more is an `Address` more in its module's `ADDRESSES`."""

from catch.web.console.pages import audit, commands, figures, handover, home, meeting, people, signing_in
from catch.web.console.site import Address

ADDRESSES: tuple[Address, ...] = (
    *signing_in.ADDRESSES,
    *home.ADDRESSES,
    *commands.ADDRESSES,
    *meeting.ADDRESSES,
    *audit.ADDRESSES,
    *figures.ADDRESSES,
    *people.ADDRESSES,
    *handover.ADDRESSES,
)
