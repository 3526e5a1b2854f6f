"""The pages, a module a subject. A page more is an `Address` more in its module's `ADDRESSES`."""

from catch.web.console.pages import (
    audit,
    case,
    cases,
    commands,
    figures,
    front_door,
    handover,
    home,
    inbox,
    issuers,
    meeting,
    people,
    referring,
    signing_in,
)
from catch.web.console.site import Address

ADDRESSES: tuple[Address, ...] = (
    *signing_in.ADDRESSES,
    *issuers.ADDRESSES,
    *home.ADDRESSES,
    *commands.ADDRESSES,
    *cases.ADDRESSES,
    *case.ADDRESSES,
    *inbox.ADDRESSES,
    *front_door.ADDRESSES,
    *referring.ADDRESSES,
    *meeting.ADDRESSES,
    *audit.ADDRESSES,
    *figures.ADDRESSES,
    *people.ADDRESSES,
    *handover.ADDRESSES,
)
