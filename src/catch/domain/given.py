"""What a decision rests on besides its own stream."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from catch.domain.configuration import Programme
from catch.domain.facts import Actor
from catch.domain.partner import Partner


class Given(Struct, frozen=True):
    """Gathered at the edge before `decide`, so that `decide` stays a function of values.

    `at` is when it occurred; `partners` holds the partners that the command or the state names, by key;
    `programme` is None only where the command belongs to no programme; `caseload` counts the open cases of the
    coordinator that the command names, where the programme limits them.
    """

    at: datetime
    by: Actor
    programme: Programme | None = None
    partners: Mapping[str, Partner] = {}
    caseload: int = 0
