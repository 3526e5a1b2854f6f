"""The documents that a server answers in any case: the files of schema/graphql/operations, and one for each command."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from graphql import FieldNode, OperationDefinitionNode, parse

from catch.access import ASKED
from catch.api.engine.engine import Engine, UnusableDocument
from catch.api.engine.insides import underneath
from catch.api.engine.registered import FOLDER, Registered, documents_in
from catch.api.schema import schema
from catch.domain.facts import Command
from catch.log.migrations import contracts

MUTATION = """mutation {kind}($input: {kind}Input!, $commandId: UUID!, $expectedVersion: Int, $occurredAt: DateTime) {{
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
"""What somebody's service account was allowed is the hash of this text: it does not change."""


def shipped() -> dict[str, str]:
    """By the names of their files, and of the commands' mutations."""
    return documents_in(contracts() / FOLDER) | {field_of(kind): mutation(kind) for kind in ASKED}


def mutation(kind: type[Command]) -> str:
    return MUTATION.format(kind=kind.__name__, field=field_of(kind))


def field_of(kind: type[Command]) -> str:
    return kind.__name__[0].lower() + kind.__name__[1:]


def complaints(root: Path) -> Iterator[str]:
    """What is wrong with the committed documents, one sentence each."""
    texts = documents_in(root / "schema" / FOLDER)
    yield from unusable(texts)
    # Where there are none at all, only what is generated was written.
    yield from unasked(texts) if texts else ()


def unasked(texts: Mapping[str, str]) -> Iterator[str]:
    """Queries and subscriptions that no document asks for."""
    known = underneath(schema())
    asked = {field.name.value for text in texts.values() for operation in parse(text).definitions
             if isinstance(operation, OperationDefinitionNode)
             for field in operation.selection_set.selections if isinstance(field, FieldNode)}  # fmt: skip
    for root in filter(None, (known.query_type, known.subscription_type)):
        for name in sorted(root.fields.keys() - asked):
            yield f"{name}: no document asks for it, so that no server answers it outside development"


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
