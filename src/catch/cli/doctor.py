"""`catch doctor`: what is wrong, where, and what to do; and the same said when a server starts."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import rich_click as click

import projections
from catch.app import TO_DO, Catch, key_file, key_path
from catch.cli.common import IN_PART, console, on_log
from catch.cli.keys import said
from catch.cli.options import option
from catch.cli.progress import facts
from catch.cli.terminal import legible
from catch.database import lost
from catch.doctor import Finding, Report, examined, examined_at_start
from catch.faults import fault
from catch.log import Log
from catch.log.codec import CODEC
from catch.log.invented import NOTICE
from catch.personal.belonging import begun
from catch.settings import Settings

ALL = projections.ALL
logger = logging.getLogger("catch.doctor")


@click.command("doctor")
@option("--json", "as_json", is_flag=True, help="The findings as JSON.")
def doctor_(as_json: bool) -> None:
    """Read the whole log and say what is wrong with it, with the read models and with the clocks. Changes nothing.

    Found are facts that cannot be read (unknown, of a newer form, damaged), versions missing from a stream, read models
    that were folded from another log, what they leave out, answers without facts and facts without an answer, clocks
    that differ, positions that do not rise, facts that are not what was signed, a key file that is not here, and, where
    it is, texts and data keys that cannot be read. It says how old each key-encryption key is and how many data keys it
    wraps. Servers may go on meanwhile.

    Exit status: 0 all is well, 1 something was found, 2 the log cannot be reached.

    **Examples**

        catch doctor
        catch doctor --json | jq .findings
    """

    settings = Settings.read()
    encryption = key_file(settings) if key_path(settings).exists() else None

    async def run(log: Log) -> Report:
        with facts("facts") as progress:
            report = await examined(log, CODEC, ALL, progress, encryption, settings.signed, settings.erased)
        # A place that no server has begun has none yet, unless it is told which.
        if encryption is None and (settings.kek_file or await begun(log.pool)):
            report.add(no_key(settings))
        return report

    report = on_log(run)
    if as_json:
        click.echo(as_document(report))
    else:
        if report.invented:
            console.print(NOTICE, highlight=False)
        for line in map(said, report.keys):
            console.print(line, highlight=False)
        for finding in report.findings:
            console.print(legible(told(finding)), highlight=False, markup=False, soft_wrap=True)
        for code, count in report.more.items():
            console.print(f"{code}: {count:,} more like these", highlight=False)
        if not report.findings:
            console.print(f"all is well: {report.facts:,} facts up to position {report.head:,}", highlight=False)
    if report.findings:
        sys.exit(IN_PART)


def no_key(settings: Settings) -> Finding:
    """Where it is not known whether texts can be read and facts are what was signed, all is not well."""
    return Finding(
        "NO_KEY",
        f"There is no key file at {key_path(settings)}: no server starts without it, no text can be read, and neither"
        f" texts nor signatures were looked at here. Put it back from where it is kept safe, or {TO_DO}.",
    )


def as_document(report: Report) -> str:
    well = not report.findings
    whole = {"well": well, "head": report.head, "facts": report.facts, "findings": report.findings, "more": report.more}
    whole |= {"keys": report.keys} if report.keys else {}
    whole |= {"place": NOTICE} if report.invented else {}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode()


def told(finding: Finding) -> str:
    place = "" if finding.position is None else f" at position {finding.position}"
    stream = "" if finding.stream is None else f", version {finding.version} of stream {finding.stream}"
    return f"{finding.code}{place}{stream}: {finding.sentence}"


@asynccontextmanager
async def looked_over(catch: Catch) -> AsyncGenerator[None]:
    """What a start can tell is said in the server's log. It serves meanwhile: what is unreadable is refused by name."""
    task = asyncio.create_task(told_at_start(catch), name="doctor")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def told_at_start(catch: Catch) -> None:
    """One line a finding."""
    try:
        report = await examined_at_start(
            catch.log, CODEC, ALL, catch.keyring.encryption, catch.settings.signed, catch.settings.erased
        )
    # A server serves whether or not its log could be looked over.
    except Exception as problem:
        if not lost(problem):
            fault(problem, "doctor")
        logger.warning("the log could not be looked over: %s", type(problem).__name__)
        return
    for finding in report.findings:
        logger.error(msgspec.json.encode(finding).decode())
    for code, count in report.more.items():
        logger.error(msgspec.json.encode({"code": code, "more": count}).decode())
    logger.info(msgspec.json.encode({"looked over": report.head, "findings": sum(report.counts.values())}).decode())
