"""Somebody who is not known yet is registered and referred by two commands: both are looked at before the first."""

from datetime import datetime

from catch.commands.questions import Records
from catch.domain.case import referral
from catch.domain.case.referral import ProgrammeNotRunning, SubmitReferral
from catch.domain.facts import Actor
from catch.domain.given import Given
from catch.domain.person import RegisterPerson
from catch.domain.programme import ProgrammeHistory
from catch.domain.streams import PROGRAMME, programme_stream
from catch.personal.texts import checked_texts


async def welcomed(
    records: Records, registered: RegisterPerson, submitted: SubmitReferral, *, by: Actor, at: datetime
) -> None:
    """As it will be decided: nobody is registered for a referral that is not taken. Raises what it is refused with."""
    for command in (registered, submitted):
        checked_texts(command)
    held = await records.states.get(PROGRAMME, programme_stream(submitted.programme))
    history: ProgrammeHistory | None = held.state
    if history is not None and not history.active:
        raise ProgrammeNotRunning(programme=submitted.programme)
    referral.submit(None, submitted, Given(at, by, history.current if history else None))
