"""`catch receipt`: which case came in with a receipt of the open front door."""

import sys

import rich_click as click

from catch.app import Catch
from catch.cli.common import IN_PART, complain, console, on_place
from catch.cli.looking import told_numbers
from catch.cli.options import argument
from catch.domain.case.referral import case_number
from catch.web.door import referred_with


@click.command("receipt")
@argument("receipt")
def receipt_(receipt: str) -> None:
    """Say the number of the case that somebody referred at the open front door, from the receipt they were given.

    Nothing else of the case is told: whoever keeps the front door finds it by its number. That you look is recorded.

    **Example**

        catch receipt 7K3M-Q2XD-0RWN
    """

    async def run(catch: Catch) -> str | None:
        case = await referred_with(catch, receipt)
        if case is None:
            return None
        await told_numbers(catch, [case], "receipt")
        return case_number(case)

    number = on_place(run)
    if number is None:
        complain("nothing came in with this receipt")
        sys.exit(IN_PART)
    console.print(number, highlight=False)
