"""The command line: one module a group of commands, each thin, each failing with a sentence and a status."""

import os
import sys

import rich_click as click

from catch.cli import (
    audit,
    bench,
    demonstrate,
    doctor,
    documents,
    enrol,
    identity,
    importing,
    packs,
    programmes,
    receipts,
    reporting,
    scenarios,
    serve,
    upkeep,
)
from catch.cli.common import failures
from catch.cli.options import version_option

click.rich_click.TEXT_MARKUP = "markdown"
click.rich_click.SHOW_ARGUMENTS = True


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@version_option(package_name="catch-meetings", prog_name="catch")
def cli() -> None:
    """CATCH: the backend of a weekly multi-agency meeting.

    Settings come from the environment: `CATCH_DATABASE_URL` names a PostgreSQL of your own (without it an embedded
    one runs in `CATCH_DATA_DIR`), `CATCH_PORT`, `CATCH_SCHEMA` and others. Exit status: 0 done, 1 done in part or
    refused, 2 not usable as given.
    """


cli.add_command(serve.serve)
cli.add_command(serve.token)
cli.add_command(enrol.enrol)
cli.add_command(identity.identity)
cli.add_command(importing.import_)
cli.add_command(receipts.receipt_)
cli.add_command(packs.pack)
cli.add_command(reporting.report)
cli.add_command(demonstrate.demo)
cli.add_command(scenarios.scenario)
cli.add_command(upkeep.migrate_)
cli.add_command(programmes.programmes)
cli.add_command(upkeep.rebuild_)
cli.add_command(upkeep.tidy)
cli.add_command(upkeep.parked_)
cli.add_command(doctor.doctor_)
cli.add_command(upkeep.restored)
cli.add_command(audit.audit)
cli.add_command(bench.bench)
cli.add_command(documents.document)
cli.add_command(upkeep.contracts)
cli.add_command(upkeep.replay)


def main() -> None:
    """The program `catch`."""
    with failures():
        try:
            cli()
        except BrokenPipeError:
            # Whoever read our output has gone; what Python flushes at exit must not complain about it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
