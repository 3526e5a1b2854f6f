"""What the streams say, looked up by what names them: for rules and decisions alike, wherever the states are held."""

from typing import Any
from uuid import UUID

from catch.domain.access_grant import NOTHING, Grants
from catch.domain.case.state import Case
from catch.domain.contact import Contact
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner
from catch.domain.person import Person
from catch.domain.programme import ProgrammeHistory
from catch.domain.registers import Register
from catch.domain.restricted import Beside
from catch.domain.streams import (
    ACCESS_GRANT,
    CASE,
    CONTACT,
    MEETING,
    PARTNER,
    PERSON,
    PROGRAMME,
    REGISTER,
    RESTRICTED,
    Stream,
    grants_stream,
    partner_stream,
    programme_stream,
    restricted_stream,
)


class Lookup:
    """Whoever holds states says only how one is found: `state`. A stream more is a method more, here alone."""

    __slots__ = ()

    def state(self, stream: Stream, id_: UUID) -> Any:
        """What this id names, if it names a stream of this kind; else None."""
        raise NotImplementedError

    def case(self, id_: UUID) -> Case | None:
        return self.state(CASE, id_)

    def meeting(self, id_: UUID) -> Meeting | None:
        return self.state(MEETING, id_)

    def contact(self, id_: UUID) -> Contact | None:
        return self.state(CONTACT, id_)

    def person(self, id_: UUID) -> Person | None:
        return self.state(PERSON, id_)

    def beside(self, case: UUID) -> Beside | None:
        """What is restricted, beside the case with this id."""
        return self.state(RESTRICTED, restricted_stream(case))

    def partner(self, key: str) -> Partner | None:
        return self.state(PARTNER, partner_stream(key))

    def programmes(self, key: str) -> ProgrammeHistory | None:
        """All versions of the programme."""
        return self.state(PROGRAMME, programme_stream(key))

    def grants(self, agency: str) -> Grants:
        """What the agency's people opened in emergencies."""
        return self.state(ACCESS_GRANT, grants_stream(agency)) or NOTHING

    def register(self, id_: UUID) -> Register:
        """Where nothing was ever entered, an empty one."""
        return self.state(REGISTER, id_) or Register()
