"""The command line: one module a group of commands, each thin, each failing with a sentence and a status."""

import ast
import os
import sys
from importlib import import_module
from pathlib import Path

import rich_click as click

from catch.cli.common import complain, failures
from catch.cli.options import version_option
from catch.settings import unknown

COMMANDS = {
    "serve": "serve:serve",
    "token": "serve:token",
    "enrol": "enrol:enrol",
    "identity": "identity:identity",
    "import": "importing:import_",
    "case-finding": "finding:case_finding",
    "receipt": "receipts:receipt_",
    "pack": "packs:pack",
    "report": "reporting:report",
    "demo": "demonstrate:demo",
    "scenario": "scenarios:scenario",
    "migrate": "upkeep:migrate_",
    "programmes": "programmes:programmes",
    "rebuild": "upkeep:rebuild_",
    "tidy": "upkeep:tidy",
    "parked": "upkeep:parked_",
    "doctor": "doctor:doctor_",
    "keys": "keys:keys",
    "restored": "upkeep:restored",
    "retention": "retention:retention",
    "audit": "audit:audit",
    "witness": "witness:witness",
    "bench": "bench:bench",
    "document": "documents:document",
    "contracts": "upkeep:contracts",
    "replay": "upkeep:replay",
}
"""Each with its module and what it is called there: a command waits for no other's libraries."""


def said_of(module: str, name: str) -> str | None:
    """What a command is for, read off its source: to list them all, none has to be imported with its libraries."""
    parsed = ast.parse(Path(__file__).with_name(f"{module}.py").read_bytes())
    found = (each for each in parsed.body if isinstance(each, ast.FunctionDef) and each.name == name)
    return next((ast.get_docstring(each) for each in found), None)


class Commands(click.RichGroup):
    _listing = False

    def format_help(self, ctx: click.RichContext, formatter: click.RichHelpFormatter) -> None:
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        if self._listing:
            return click.Command(cmd_name, help=said_of(module, name))
        return getattr(import_module(f"{__name__}.{module}"), name)


click.rich_click.TEXT_MARKUP = "markdown"
click.rich_click.SHOW_ARGUMENTS = True


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@version_option(package_name="catch-meetings", prog_name="catch")
def cli() -> None:
    """CATCH: the backend of a weekly multi-agency meeting.

    Settings come from the environment: `CATCH_DATABASE_URL` names a PostgreSQL of your own (without it an embedded
    one runs in `CATCH_DATA_DIR`), `CATCH_PORT`, `CATCH_SCHEMA` and others. Exit status: 0 done, 1 done in part or
    refused, 2 not usable as given.
    """


def main() -> None:
    """The program `catch`."""
    with failures():
        for name in unknown():
            complain(f"{name} is no setting, and nothing is done with it")
        try:
            cli()
        except BrokenPipeError:
            # Whoever read our output has gone; what Python flushes at exit must not complain about it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)
