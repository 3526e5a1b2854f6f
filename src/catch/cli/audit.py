"""`catch audit`: what happened, proved: bundles made here, and verified where nothing of ours runs."""

import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import rich_click as click

from catch.app import Catch
from catch.cli.bundles import written
from catch.cli.common import IN_PART, UNUSABLE, complain, console, on_place
from catch.cli.courses import Written as Course
from catch.cli.courses import course_exported
from catch.cli.looking import Looking, asked_who_saw, said
from catch.cli.options import argument, option
from catch.cli.progress import facts
from catch.cli.replaying import clock, find, moment, plain_texts
from catch.cli.subject_access import subject_access
from catch.cli.terminal import legible, marked
from catch.domain.facts import Recorded
from catch.domain.processing import ProcessingIsRestricted
from catch.evidence import kept, reads
from catch.evidence.exporting import Asked
from catch.evidence.notes import NotProved
from catch.evidence.verifying import Progress, Verified, given_key, sentences, verified
from catch.history.past import histories
from catch.log.invented import NOTICE
from catch.personal import Unopened

FILE = click.Path(dir_okay=False, path_type=Path)


@click.group("audit")
def audit() -> None:
    """Prove what happened: export it with its proofs, and verify that anywhere."""


audit.add_command(subject_access)


@audit.command("key")
def key_() -> None:
    """Print the public key that signs this log. Whoever is to verify is given it by another way than the bundles.

    **Example**

        catch audit key > catch.pub
    """

    async def run(catch: Catch) -> str:
        generation = await catch.log.generations.standing(catch.log.pool)
        return str(kept.signer(generation.log, generation.number, catch.keyring.secret(kept.PURPOSE)).public)

    console.print(on_place(run), soft_wrap=True, highlight=False)


@audit.command("export")
@option("--case", metavar="CASE", help="A case, by its number or id.")
@option("--meeting", type=click.UUID, help="A meeting, by its id.")
@option("--from", "first", type=click.IntRange(1), help="The part of the log from this position on ...")
@option("--to", "last", type=click.IntRange(1), help="... up to this one. [default: as far as it is signed]")
@option("--since", type=FILE, help="A bundle or checkpoint from before: prove that the log only grew since then.")
@option(
    "--personal",
    is_flag=True,
    help="Add personal texts in plain; they stay sealed otherwise. In OCEL: ids as they are, and no pseudonyms.",
)
@option(
    "--format",
    "form",
    type=click.Choice(["bundle", "ocel"]),
    default="bundle",
    help="A bundle with proofs, or OCEL 2.0 (JSON) for tools that look into how work goes. [default: bundle]",
)
@option("-o", "--output", type=FILE, required=True, help="The bundle or the OCEL file, a new file.")
def export(
    case: str | None,
    meeting: UUID | None,
    first: int | None,
    last: int | None,
    since: Path | None,
    personal: bool,
    form: str,
    output: Path,
) -> None:
    """Write a bundle: facts as they are stored, with what proves each of them and that none is missing.

    Personal texts are in it as they are stored: sealed, and readable for nobody who has only the bundle. What is
    restricted about a case stands in a stream of its own, and is not in the bundle of a case. That they leave is
    recorded of everybody whose facts are in it. No other user of this machine can read the file.

    With `--format ocel` it is what happened to cases, meetings, agencies and people, when, in which role and for what
    purpose, without any text and without proofs. Cases, meetings and people have names that are made up for this file,
    unless `--personal`, which is recorded as such. What is restricted is not in it, nor anything of those with whose
    record nothing is done but to keep it.

    **Examples**

        catch audit export --case 7K3M-Q2XD -o case.catch
        catch audit export --meeting 0c5f2c3e-0000-4000-8000-000000000001 -o meeting.catch
        catch audit export --from 1 --to 50000 -o part.catch
        catch audit export --case 7K3M-Q2XD --since last-year.catch -o case.catch
        catch audit export --from 1 --format ocel -o how-it-went.json
    """
    if (case is not None) + (meeting is not None) + (first is not None) != 1 or (last is not None and first is None):
        complain("say what is to be exported: --case, --meeting, or --from with --to")
        sys.exit(UNUSABLE)
    if form == "ocel" and since is not None:
        complain("--since is proved by a bundle: an OCEL file proves nothing")
        sys.exit(UNUSABLE)
    if personal and first is not None and form == "bundle":
        complain("personal texts are added to the bundle of a case or a meeting, not to a part of the log")
        sys.exit(UNUSABLE)
    if output.exists():
        complain(f"there is a file {output} already: name a new one")
        sys.exit(UNUSABLE)

    async def run(catch: Catch) -> Verified | Course:
        if first is not None:
            asked = Asked(part=(first, last if last is not None else 2**52))
        else:
            asked = Asked((await find(catch, case) if case is not None else meeting or UUID(int=0),))
        with facts("facts") as progress:
            if form == "ocel":
                return await course_exported(catch, asked, output, personal=personal, progress=progress)
            return await exported(catch, asked, output, since=since, personal=personal, progress=progress)

    with proving():
        done = on_place(run)
        tell_course(done) if isinstance(done, Course) else tell(done)
    console.print(f"wrote {output}", highlight=False, soft_wrap=True)


async def exported(
    catch: Catch,
    asked: Asked,
    output: Path,
    *,
    since: Path | None = None,
    personal: bool = False,
    progress: Progress | None = None,
) -> Verified:
    """That it leaves is recorded of all whose facts are in it, before their texts are unsealed and before it is
    written."""
    looking, texts = Looking(catch, "audit export", personal=personal), None
    if personal:
        told = await facts_of(catch, asked.streams)
        await looking.shows(map(said, told))
        texts = await texts_of(catch, told)
    return await written(catch, output, asked, shown=looking.leaves, since=since, texts=texts, progress=progress)


@audit.command("who-saw")
@argument("record", metavar="CASE|PERSON")
@option("--from", "since", metavar="T", help="Only from this day or time on.")
@option("--to", "until", metavar="T", help="Only up to this day, or time.")
@option("--json", "as_json", is_flag=True, help="As JSON, a line each, with everything that is recorded of it.")
def who_saw(record: str, since: str | None, until: str | None, as_json: bool) -> None:
    """List who was shown something of a case (its id or number) or of a person (their id), the latest first.

    T is a day or a time: 2026-03-10, or 2026-03-10T10:00. Asking is recorded, too, before anything is listed.

    **Examples**

        catch audit who-saw 7K3M-Q2XD
        catch audit who-saw 7K3M-Q2XD --from 2026-03-01T00:00 --to 2026-03-31
        catch audit who-saw 0c5f2c3e-0000-4000-8000-000000000001 --json | jq .viewer
    """
    try:
        first, last = (moment(text) if text else None for text in (since, until))
    except ValueError as problem:
        complain(str(problem))
        sys.exit(UNUSABLE)

    async def run(catch: Catch) -> None:
        id_ = await find(catch, record)
        about = await asked_who_saw(catch, id_)
        before, page, invented = reads.LATEST, list[reads.Kept](), await catch.log.mark.invented()
        while len(page) == reads.PAGE or before == reads.LATEST:
            ids = [*about.people, *about.cases]
            page = await reads.of(catch.log.pool, ids, before=before, since=first, until=last, limit=reads.PAGE)
            ended = await reads.ends(catch.log.pool, page)
            for row, read in ((row, row.read.of(*about)) for row in page):
                if read.seen:
                    at = row.recorded_at
                    said = in_json(at, read, invented=invented) if as_json else line(at, read, ended)
                    console.out(said, highlight=False)
            before = page[-1].number if page else 0

    on_place(run)


def in_json(at: datetime, read: reads.Read, *, invented: bool) -> str:
    """Each line of an `invented` place says so."""
    place = {"place": NOTICE} if invented else {}
    return msgspec.json.encode({"at": at} | msgspec.to_builtins(read) | place).decode()


def line(at: datetime, read: reads.Read, ended: Mapping[UUID, datetime]) -> str:
    """When, who, by which way, and which categories."""
    categories = sorted({category for each in read.seen for category in each.categories})
    words = [clock(at), f"{read.viewer} of {read.agency}", read.channel]
    words += [said for said in (read.operation, read.purpose) if said]
    if read.subscription is not None:
        words.append(f"until {clock(ended[read.subscription])}" if read.subscription in ended else "still follows")
    return legible("  ".join([*words, ", ".join(categories) or "that there is such a case"]))


@audit.command("verify")
@argument("bundle", type=FILE)
@option("--key", metavar="KEY", help="The public key that the place gave out, or a file that holds it.")
@option("--since", type=FILE, help="A bundle or checkpoint from before, which this one must continue.")
@option(
    "--witness", "witnesses", multiple=True, metavar="KEY", help="The public key of a witness, or a file that holds it."
)
@option("--quorum", type=click.IntRange(1), metavar="N", help="So many of the witnesses have signed. [default: all]")
@option("--list", "listed", is_flag=True, help="List the facts, a line each.")
def verify(
    bundle: Path,
    key: str | None,
    since: Path | None,
    witnesses: Sequence[str],
    quorum: int | None,
    listed: bool,
) -> None:
    """Verify a bundle: needs no server, database or network, and changes nothing.

    It says whether each fact is the one that was signed, none is missing, and, with `--since`, that nothing of what was
    signed before was changed. Otherwise it names the first position that is not as it was. Without `--key` the key in
    the bundle is believed: compare what is printed with the one that the place gave out. With `--witness` it says as
    well whether others have seen the same log: somebody who has the database and its key can sign another past, and not
    in their name. Each witness's key comes from whoever runs it.

    Exit status: 0 proved, 1 not proved.

    **Examples**

        catch audit verify case.catch --key catch.pub
        catch audit verify case.catch --since last-year.catch
        catch audit verify case.catch --key catch.pub --witness housing.pub --witness police.pub --quorum 1
        catch audit verify case.catch --list | column -t -s "$(printf '\\t')"
    """
    with proving():
        given = given_key(key) if key is not None else None
        with facts("facts") as progress:
            told = [*map(given_key, witnesses)]
            found = verified(bundle, key=given, since=since, witnesses=told, quorum=quorum, progress=progress)
        if listed:
            for each in found.lines:
                click.echo(each)
        tell(found, believed=given is None)


def tell(found: Verified, *, believed: bool = False) -> None:
    for each in sentences(found, believed=believed):
        say(each)


def tell_course(done: Course) -> None:
    say(f"{done.facts:,} facts")
    if done.people_left_out:
        complain(f"nothing of {done.people_left_out:,} people is in it. {ProcessingIsRestricted().message}")
    if done.unreadable:
        complain(f"{done.unreadable:,} facts cannot be read and are not in it: see `catch doctor`")


def say(text: str) -> None:
    console.print(marked(legible(text)), highlight=False, soft_wrap=True)


@contextmanager
def proving() -> Generator[None]:
    """What is not proved is said in a sentence, with the first position that it is about."""
    try:
        yield
    except NotProved as problem:
        complain(problem.said)
        sys.exit(IN_PART)


async def texts_of(catch: Catch, told: Sequence[Recorded[Any]]) -> str:
    """Each sealed text of these facts with what it says; without those that cannot be read here."""
    plain = await plain_texts(catch, told)
    return msgspec.json.encode(
        {str(token): text for token, text in plain.items() if not isinstance(text, Unopened)}
    ).decode()


async def facts_of(catch: Catch, streams: Sequence[UUID]) -> list[Recorded[Any]]:
    return [recorded for facts in (await histories(catch.log, streams)).values() for recorded in facts]
