"""The messages of graphql-transport-ws, as text ready to be written.

A payload is encoded once for a whole group; a subscriber's own part is the short text before it.
"""

import msgspec
from graphql import GraphQLFormattedError

ACK = '{"type":"connection_ack"}'


def json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def pong(payload: object) -> str:
    return '{"type":"pong"}' if payload is None else f'{{"type":"pong","payload":{json(payload)}}}'


def head(operation: str) -> str:
    """What stands before the payload of this operation's `next` messages; a closing brace follows it."""
    return f'{{"id":{json(operation)},"type":"next","payload":'


def error(operation: str, errors: list[GraphQLFormattedError]) -> str:
    return f'{{"id":{json(operation)},"type":"error","payload":{json(errors)}}}'


def complete(operation: str) -> str:
    return f'{{"id":{json(operation)},"type":"complete"}}'
