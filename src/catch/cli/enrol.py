"""`catch enrol`: the first administrator of a place. Everybody after is enrolled by people who may."""

import sys
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import uuid4

import rich_click as click

from catch.app import Catch
from catch.cli.common import IN_PART, UNUSABLE, complain, console, on_place
from catch.cli.options import option
from catch.commands.enrolling import OPERATOR, Account, as_anything, first_administrator
from catch.domain.calendar import london_day
from catch.domain.facts import Command, Purpose, Role
from catch.domain.keys import is_key
from catch.domain.partner import Member, Partner, RoleGiven
from catch.domain.programme.configuration import Programme
from catch.domain.streams import PARTNER, PROGRAMME, partner_stream, programme_stream
from catch.settings import Settings


@click.command()
@option("--agency", required=True, help="A key for the agency, such as snn. It is registered if it is not yet.")
@option("--name", required=True, help="What the agency is called.")
@option("--kind", default="voluntary", show_default=True, help="What kind of organisation it is.")
@option("--user", required=True, help="The administrator's user id in this place, such as administrator-1.")
@option("--called", required=True, help="The administrator's name. It is kept sealed.")
@option("--issuer", help="The key of the issuer with whom the administrator signs in, as CATCH_IDENTITY_FILE has it.")
@option("--subject", help="What that issuer calls them. They read it where they try to sign in.")
def enrol(agency: str, name: str, kind: str, user: str, called: str, issuer: str | None, subject: str | None) -> None:
    """Make the first administrator of a place: who registers agencies and appoints the first of everybody else.

    With `--issuer` and `--subject` they can sign in by that account; it may be said later by the same command, as
    long as no administrator has one. Refused where there is an administrator already: they enrol, or have enrolled,
    whoever else is needed.

    **Examples**

        catch enrol --agency snn --name "Support North Northants" --user administrator-1 --called "A. Example"
        catch enrol --agency snn ... --user administrator-1 --called "A. Example" --issuer county --subject 4f1c...
    """
    for option_name, key in (("--agency", agency), ("--issuer", issuer)):
        if key is not None and not is_key(key):
            complain(f"{option_name}: {key!r} is no key: small letters, digits and single hyphens")
            sys.exit(UNUSABLE)
    if (issuer is None) != (subject is None):
        complain("--issuer and --subject belong together: say both, or neither")
        sys.exit(UNUSABLE)
    account = Account(issuer, subject) if issuer and subject else None

    async def run(catch: Catch) -> Sequence[str]:
        # Looked at before anything is recorded: an operator is not the way to a second administrator.
        present = await administrators(catch)
        if not present:
            known = await registered(catch, agency) is not None
            first = first_administrator(agency, name, kind, user, called, today(catch), known=known, account=account)
            await recorded(catch, first)
        elif account is not None and await alone_without_an_account(catch, present, agency, user):
            await recorded(catch, [account.of(agency, user)])
            return ()
        return present

    if present := on_place(run):
        complain(f"this place has an administrator: {', '.join(present)}. Ask them.")
        sys.exit(IN_PART)
    console.print(f"{user} at {agency} is the administrator of this place: {place()}.", highlight=False)


def place() -> str:
    """Where it was recorded."""
    settings = Settings.read()
    return "the database of CATCH_DATABASE_URL" if settings.database_url else f"data in {settings.data_dir}"


def today(catch: Catch) -> date:
    return london_day(catch.log.clock.now())


async def administrators(catch: Catch) -> list[str]:
    """Who runs the service now, as `user at agency`."""
    # From the log and not from a read model, which comes a moment later.
    rows = await catch.log.pool.fetch(
        "select distinct originator_id as stream from stored_events where topic = $1", RoleGiven.__name__
    )
    found: list[str] = []
    for held in await catch.present.states.get_many(PARTNER, [row["stream"] for row in rows]):
        partner: Partner = held.state
        found += [f"{user} at {partner.partner}" for user in administering(partner, today(catch))]
    return sorted(found)


def administering(partner: Partner, day: date) -> Iterable[str]:
    for member in partner.members:
        if not member.suspended and any(held.role is Role.ADMINISTRATOR for held in member.roles_on(day)):
            yield member.user


async def alone_without_an_account(catch: Catch, present: Sequence[str], agency: str, user: str) -> bool:
    """Whether this is the one administrator, whom nobody could enrol an account for."""
    held = await member_of(catch, agency, user)
    return present == [f"{user} at {agency}"] and held is not None and held.bound is None


async def recorded(catch: Catch, commands: Iterable[Command]) -> None:
    for command in commands:
        await catch.commands.take(command, by=OPERATOR, command_id=uuid4(), purpose=Purpose.ADMINISTRATION)


async def registered(catch: Catch, agency: str) -> Partner | None:
    return (await catch.present.states.get(PARTNER, partner_stream(agency))).state


async def member_of(catch: Catch, agency: str, user: str) -> Member | None:
    partner = await registered(catch, agency)
    return partner.member(user) if partner else None


async def enrolled(catch: Catch, agency: str, user: str, role: Role) -> bool:
    """Whether somebody may act in the role today."""
    member = await member_of(catch, agency, user)
    day = today(catch)
    return member is not None and not member.suspended and any(held.role is role for held in member.roles_on(day))


async def suspended(catch: Catch, agency: str, user: str) -> bool:
    member = await member_of(catch, agency, user)
    return member is not None and member.suspended


async def enrol_in_development(catch: Catch, agency: str, user: str, role: Role) -> None:
    """As whatever they ask for, in every programme that is loaded: on a development server anybody may be anybody."""
    known = await registered(catch, agency) is not None
    keys = await catch.programme_keys()
    histories = await catch.present.states.get_many(PROGRAMME, map(programme_stream, keys))
    programmes: list[Programme] = [held.state.current for held in histories]
    await recorded(catch, as_anything(agency, user, role, programmes, today(catch), known=known))
