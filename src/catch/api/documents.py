"""The registered documents as a contract: one for every command is generated, all are checked.

Kept apart from `registered`, which every server reads: this is for `catch contracts` and for the tests.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from catch.api.common.enums import sentence
from catch.api.engine.engine import Engine, UnusableDocument
from catch.api.engine.registered import FOLDER, Registered, documents_in
from catch.api.schema import schema
from catch.domain.facts import Command
from catch.domain.streams import COMMANDS

GENERATED = Path("schema") / FOLDER / "commands"

MUTATION = """# {about}
mutation {kind}($input: {kind}Input!, $commandId: UUID!, $expectedVersion: Int, $occurredAt: DateTime) {{
  {field}(input: $input, commandId: $commandId, expectedVersion: $expectedVersion, occurredAt: $occurredAt) {{
    __typename
    ... on Accepted {{
      position
      stream
      version
      events
    }}
    ... on Refused {{
      code
      message
      details {{
        path
        name
        value
      }}
    }}
  }}
}}
"""


def generated() -> dict[Path, str]:
    """A document for each command, under its mutation's name."""
    return {GENERATED / f"{field_of(kind)}.graphql": mutation(kind) for kind in COMMANDS}


def mutation(kind: type[Command]) -> str:
    about = (sentence(kind) or "").partition("\n")[0]
    return MUTATION.format(about=about, kind=kind.__name__, field=field_of(kind))


def field_of(kind: type[Command]) -> str:
    return kind.__name__[0].lower() + kind.__name__[1:]


def complaints(root: Path) -> Iterator[str]:
    """What is wrong with the committed documents, one sentence each."""
    folder = root / "schema" / FOLDER
    for path in sorted((root / GENERATED).glob("*.graphql")):
        if path.relative_to(root) not in generated():
            yield f"{path.relative_to(root)}: there is no such command any more"
    yield from unusable(documents_in(folder))


def unusable(texts: Mapping[str, str]) -> Iterator[str]:
    """Documents that the schema does not allow, or that are not compiled."""
    made = schema()
    for name, text in texts.items():
        try:
            engine = Engine(made, registered=Registered({name: text}))
        except UnusableDocument as problem:
            yield str(problem)
            continue
        yield from (f"{name}.graphql: {each} is not compiled" for each in engine.left_out)
