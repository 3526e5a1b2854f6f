"""`catch audit`: what happened, proved: bundles made here, and verified where nothing of ours runs."""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
import rich_click as click

from catch.app import Catch
from catch.cli.common import IN_PART, UNUSABLE, complain, console, on_place
from catch.cli.options import argument, option
from catch.cli.progress import facts
from catch.cli.replaying import find, plain_texts
from catch.cli.terminal import legible, marked
from catch.evidence import kept
from catch.evidence.exporting import Asked
from catch.evidence.exporting import export as written
from catch.evidence.notes import NotProved
from catch.evidence.verifying import Verified, verified
from catch.history.past import histories
from catch.log.migrations import contracts
from catch.personal import Unopened

FILE = click.Path(dir_okay=False, path_type=Path)
SIGNED_WITHIN = 10.0
"""Seconds."""


@click.group("audit")
def audit() -> None:
    """Prove what happened: export it with its proofs, and verify that anywhere."""


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
@option("--personal", is_flag=True, help="Add personal texts in plain; they stay sealed otherwise.")
@option("-o", "--output", type=FILE, required=True, help="The bundle, a new file.")
def export(
    case: str | None,
    meeting: UUID | None,
    first: int | None,
    last: int | None,
    since: Path | None,
    personal: bool,
    output: Path,
) -> None:
    """Write a bundle: facts as they are stored, with what proves each of them and that none is missing.

    Personal texts are in it as they are stored: sealed, and readable for nobody who has only the bundle. What is
    restricted about a case stands in a stream of its own, and is not in the bundle of a case.

    **Examples**

        catch audit export --case 7K3M-Q2XD -o case.catch
        catch audit export --meeting 0c5f2c3e-0000-4000-8000-000000000001 -o meeting.catch
        catch audit export --from 1 --to 50000 -o part.catch
        catch audit export --case 7K3M-Q2XD --since last-year.catch -o case.catch
    """
    if (case is not None) + (meeting is not None) + (first is not None) != 1 or (last is not None and first is None):
        complain("say what is to be exported: --case, --meeting, or --from with --to")
        sys.exit(UNUSABLE)
    if personal and first is not None:
        complain("personal texts are added to the bundle of a case or a meeting, not to a part of the log")
        sys.exit(UNUSABLE)
    if output.exists():
        complain(f"there is a file {output} already: name a new one")
        sys.exit(UNUSABLE)

    async def run(catch: Catch) -> Verified:
        if first is not None:
            asked = Asked(part=(first, last if last is not None else 2**52))
        else:
            asked = Asked((await find(catch, case) if case is not None else meeting or UUID(int=0),))
        await catch.signing.reached(await catch.log.head(), SIGNED_WITHIN)
        with facts("facts") as progress:
            return await written(
                catch.log,
                catch.keyring.secret(kept.PURPOSE),
                output,
                asked,
                schemas=schemas(),
                since=since,
                texts=await texts_of(catch, asked.streams) if personal else None,
                progress=progress,
            )

    with proving():
        tell(on_place(run))
    console.print(f"wrote {output}", highlight=False, soft_wrap=True)


@audit.command("verify")
@argument("bundle", type=FILE)
@option("--key", metavar="KEY", help="The public key that the place gave out, or a file that holds it.")
@option("--since", type=FILE, help="A bundle or checkpoint from before, which this one must continue.")
@option("--list", "listed", is_flag=True, help="List the facts, a line each.")
def verify(bundle: Path, key: str | None, since: Path | None, listed: bool) -> None:
    """Verify a bundle: needs no server, database or network, and changes nothing.

    It says whether each fact is the one that was signed, none is missing, and, with `--since`, that nothing of what was
    signed before was changed. Otherwise it names the first position that is not as it was. Without `--key` the key in
    the bundle is believed: compare what is printed with the one that the place gave out.

    Exit status: 0 proved, 1 not proved.

    **Examples**

        catch audit verify case.catch --key catch.pub
        catch audit verify case.catch --since last-year.catch
        catch audit verify case.catch --list | column -t -s "$(printf '\\t')"
    """
    with proving():
        given = public_key(key) if key is not None else None
        with facts("facts") as progress:
            found = verified(bundle, key=given, since=since, progress=progress)
        if listed:
            for each in found.lines:
                click.echo(each)
        tell(found, believed=given is None)


def tell(found: Verified, *, believed: bool = False) -> None:
    at = found.checkpoint
    if found.place is not None:
        say(found.place)
    say(f"proved: {found.facts:,} facts, each as it was signed, and none missing")
    say(f"signed: log {at.origin}, when it had {at.size:,} facts, by {found.key}")
    if found.since is not None:
        say(f"since: what was signed when it had {found.since.size:,} facts is still its beginning")
    if believed:
        say("the key is the bundle's own: compare it with the one that the place gave out, or give that with --key")
    if found.personal:
        say("the bundle holds personal texts in plain; nothing proves those, and it is to be kept as they are")


def say(text: str) -> None:
    console.print(marked(legible(text)), highlight=False, soft_wrap=True)


def public_key(said: str) -> str:
    path = Path(said)
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else said
    except (OSError, UnicodeDecodeError):
        raise NotProved(f"{said} holds no public key.") from None


@contextmanager
def proving() -> Generator[None]:
    """What is not proved is said in a sentence, with the first position that it is about."""
    try:
        yield
    except NotProved as problem:
        where = "" if problem.position is None else f" at position {problem.position}"
        complain(f"NOT PROVED{where}: {problem}")
        sys.exit(IN_PART)


def schemas() -> dict[str, str]:
    """The JSON Schema of every kind of fact."""
    folder = contracts() / "events"
    return {f"schemas/{path.name}": path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.json"))}


async def texts_of(catch: Catch, streams: Sequence[UUID]) -> str:
    """Each sealed text of these streams with what it says; without those that cannot be read here."""
    told = [recorded for facts in (await histories(catch.log, streams)).values() for recorded in facts]
    plain = await plain_texts(catch, told)
    return msgspec.json.encode(
        {str(token): text for token, text in plain.items() if not isinstance(text, Unopened)}
    ).decode()
