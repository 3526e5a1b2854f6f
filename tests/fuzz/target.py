"""The server that is fuzzed: where it is, tokens for it, and good requests to start from."""

from random import Random
from typing import Any

from msgspec import Struct


class Target(Struct, frozen=True):
    """`tokens` are of many people, so that no one of them asks too often. `follows` are subscriptions."""

    port: int
    pid: int
    tokens: tuple[str, ...]
    seeds: tuple[dict[str, Any], ...]
    follows: tuple[dict[str, Any], ...]

    def token(self, dice: Random) -> str:
        return dice.choice(self.tokens)
