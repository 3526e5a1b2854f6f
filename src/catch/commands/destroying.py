"""What becomes of it that somebody was to be erased: the fact is recorded, then the keys go; and they stay gone."""

import logging
from contextlib import suppress

from catch.commands.commands import Commands
from catch.commands.questions import Records
from catch.domain.erasing import ErasePerson
from catch.domain.facts import Actor, Purpose, Role
from catch.domain.ids import id_of_digest
from catch.domain.person import Person
from catch.domain.refusals import Refused
from catch.domain.streams import PERSON
from projections import erasures

logger = logging.getLogger("catch.place")

TICKER = Actor("ticker", "catch", Role.SYSTEM)


async def erased(commands: Commands, records: Records, command: ErasePerson) -> int:
    """Has it recorded, and returns how many facts that were."""
    about = f"ErasePerson {command.person}/{command.erasure}/{command.again}"
    answer = await commands.take(
        command, by=TICKER, command_id=id_of_digest(records.keyring.digest(about)), purpose=Purpose.ADMINISTRATION
    )
    return 0 if answer.repeated else len(answer.events)


async def destroy(records: Records) -> None:
    """The keys that are there although the log says that whom they are of was erased."""
    if subjects := await erasures.unfinished(records.log.pool):
        await records.keyring.erase(*subjects)
        logger.info("keys destroyed: %d", len(subjects))


async def stay_erased(commands: Commands, records: Records) -> None:
    """When a server starts: whom the log calls erased have no key, and are listed; who is listed is erased in the log,
    too, where a backup from before it was put back.
    """
    listed = records.keyring.listed
    if listed is None:
        return
    recorded = await erasures.gone(records.log.pool)
    for subject in sorted(listed.read().subjects - recorded):
        # Of contacts, and of people whom this backup does not know, there is nothing to say. Where something cannot be
        # read, the next start tries again: the key is gone whatever the log says.
        with suppress(Refused):
            held = await records.states.get(PERSON, subject)
            if isinstance(held.state, Person):
                await erased(
                    commands, records, ErasePerson(subject, records.keyring.derived_id(f"erased {subject}"), again=True)
                )
    listed.noted(recorded)
    await destroy(records)
