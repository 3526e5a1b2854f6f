"""`catch identity check`: whether people can sign in by the issuers that are set up."""

import asyncio
import sys

import rich_click as click

from catch.cli.common import IN_PART, UNUSABLE, complain, console
from catch.cli.terminal import legible
from catch.settings import Settings


@click.group()
def identity() -> None:
    """The issuers by which people sign in."""


@identity.command()
def check() -> None:
    """Try every issuer that is set up, and say in sentences what is wrong and what to do.

    Tried are its discovery document, its keys, its clock, the redirect address that is registered there, and whether it
    takes us for its client. Nobody is signed in, nothing is changed, and no secret is printed.

    Issuers are set up in the file that `CATCH_IDENTITY_FILE` names (deploy/identity.yaml shows one), or, where there is
    one alone, by `CATCH_OIDC_ISSUER`, `CATCH_OIDC_CLIENT_ID`, `CATCH_OIDC_CLIENT_SECRET_FILE` and `CATCH_ADDRESS`.

    Exit status: 0 all is in order, 1 something is wrong with an issuer, 2 the settings cannot be used.

    **Examples**

        catch identity check
        CATCH_IDENTITY_FILE=/etc/catch/identity.yaml catch identity check
    """
    # Here, since every other command would wait for them to be imported.
    from catch.identity.checking import checked
    from catch.identity.settings import read
    from catch.identity.trust import refuse_both

    trusted = read()
    refuse_both(trusted, development=Settings.read().development)
    if not trusted.issuers:
        complain("no issuer is set up: set CATCH_IDENTITY_FILE, or CATCH_OIDC_ISSUER and what belongs to it")
        sys.exit(UNUSABLE)
    found = asyncio.run(checked(trusted))
    for finding in found:
        text = f"{finding.issuer}: {'in order' if finding.good else 'wrong'}: {finding.sentence}"
        console.print(legible(text), highlight=False, markup=False, soft_wrap=True)
    if not all(finding.good for finding in found):
        sys.exit(IN_PART)
