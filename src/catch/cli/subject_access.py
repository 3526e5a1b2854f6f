"""`catch audit subject-access`: all that is kept of somebody, for them."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import rich_click as click

from catch.app import Catch
from catch.cli.bundles import written
from catch.cli.common import UNUSABLE, complain, console, on_place, private
from catch.cli.looking import Looking, said
from catch.cli.options import argument, option
from catch.cli.replaying import find
from catch.domain.facts import Purpose
from catch.domain.subject_access import AccessState
from catch.evidence.exporting import Asked
from catch.subject_access.content import OPERATION, Decided, Pack
from catch.subject_access.gathering import Entry, gathered
from catch.subject_access.making import Days, made
from catch.subject_access.page import html

FILE = click.Path(dir_okay=False, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])
ANSWERED = {
    AccessState.WAITING: "to be given, and recorded as given (giveSubjectAccess), by",
    AccessState.GIVEN: "recorded as given already; it was due by",
    AccessState.REFUSED: "recorded as refused; it was due by",
}


@click.command("subject-access")
@argument("person", metavar="CASE|PERSON")
@option("--from", "since", type=DAY, metavar="DAY", help="Only what happened or was written from this day on ...")
@option("--to", "until", type=DAY, metavar="DAY", help="... up to this day.")
@option("-o", "--output", type=FILE, help="Their copy, a new file (HTML).")
@option("--review", type=FILE, help="A copy for whoever decides, with everything that is left out, a new file (HTML).")
@option(
    "--proofs",
    type=FILE,
    help="For an auditor, not for them: a bundle that proves that it is whole, a new file.",
)
@option("--request", type=click.UUID, metavar="ID", help="What it answers: the request that was written down.")
@option("--release", multiple=True, metavar="PLACE", help="Give this all the same: somebody has looked at it.")
@option("--withhold", multiple=True, metavar="PLACE", help="Leave this out: somebody has looked at it.")
def subject_access(
    person: str,
    since: datetime | None,
    until: datetime | None,
    output: Path | None,
    review: Path | None,
    proofs: Path | None,
    request: UUID | None,
    release: Sequence[str],
    withhold: Sequence[str],
) -> None:
    """Write down all that is kept of somebody, for them: a subject access request (article 15 of the UK GDPR).

    PERSON is their id, or the number or id of a case of theirs. What tells of somebody else or may do serious harm is
    left out until somebody has looked at it: write the copy for review first, and say by its places (`412`, or
    `412.reason`) what is given all the same and what else is left out. That you look is recorded.

    It is due within a month of their asking: on the same day of the next month, or its last one, or the next working
    day after that (Information Commissioner's Office). Where the request was written down (`requestSubjectAccess`),
    name it: the copy says what it answers, and you are told by when it is due. That it was given is recorded by whoever
    gave it.

    **Examples**

        catch audit subject-access 7K3M-Q2XD --review review.html
        catch audit subject-access 7K3M-Q2XD --request 5b0c7a52-9d3e-4d7e-8d43-5f2f0a3b6c11 -o theirs.html
        catch audit subject-access 7K3M-Q2XD --release 412 --withhold 398.text -o theirs.html
        catch audit subject-access 7K3M-Q2XD --from 2026-01-01 --to 2026-06-30 -o theirs.html --proofs auditors.catch
    """
    files = [each for each in (output, review, proofs) if each is not None]
    days = Days(since.date() if since else None, until.date() if until else None)
    if problem := unusable(files, output or review, days):
        complain(problem)
        sys.exit(UNUSABLE)

    async def run(catch: Catch) -> Pack:
        found = await gathered(catch, await find(catch, person), *days)

        async def shown(entries: Sequence[Entry]) -> None:
            looking = Looking(catch, OPERATION, personal=True, purpose=Purpose.ADMINISTRATION)
            await looking.shows(said(each.recorded, each.part) for each in entries)

        pack = await made(catch, found, days, Decided(frozenset(release), frozenset(withhold)), shown, request)
        if proofs is not None:
            # Whole streams, and others with them.
            proving = Looking(catch, OPERATION, purpose=Purpose.ADMINISTRATION)
            await written(catch, proofs, Asked(found.streams), shown=proving.leaves)
        return pack

    pack = on_place(run)
    if review is not None:
        private(review, html(pack, review=True))
    if output is not None:
        private(output, html(pack))
    tell(pack, files)
    if output is not None and review is None and pack.left_out and not (release or withhold):
        complain("some of it is left out and nobody has said that they looked at it: see --review")


def tell(pack: Pack, files: Sequence[Path]) -> None:
    for what, count in pack.counts.items():
        console.print(f"{count:>5,} {what}", highlight=False)
    console.print(f"{len(pack.lines):>5,} facts in all", highlight=False)
    if pack.asked is not None:
        console.print(f"{ANSWERED[pack.asked.state]} {pack.asked.due.isoformat()}", highlight=False, soft_wrap=True)
    for each in files:
        console.print(f"wrote {each}", highlight=False, soft_wrap=True)
    if pack.erased:
        complain("they were registered twice, and one of it was erased: what was written there cannot be read any more")
    if pack.address_protected:
        complain("their address is protected: give this to them alone, by a way that is safe for them")


def unusable(files: Sequence[Path], copy: Path | None, days: Days) -> str | None:
    """Why it cannot be done as it was asked for."""
    if copy is None:
        return "say where to: -o FILE for their copy, --review FILE for the one of whoever decides"
    if len(set(files)) < len(files):
        return "name a file of its own for each"
    for each in files:
        if each.exists():
            return f"there is a file {each} already: name a new one"
        if not each.parent.is_dir():
            return f"{each.parent}: there is no such folder"
    if days.since and days.until and days.since > days.until:
        return "--from is after --to"
    return None
