"""`python -m catch.evidence`, and `catch audit verify` where nothing else of ours is installed: the verifier alone."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from catch.evidence.notes import NotProved
from catch.evidence.verifying import given_key, sentences, verified


def main(arguments: list[str]) -> int:
    asked = options().parse_args(arguments)
    try:
        key = None if asked.key is None else given_key(asked.key)
        witnesses = [given_key(each) for each in asked.witness]
        found = verified(asked.bundle, key=key, since=asked.since, witnesses=witnesses, quorum=asked.quorum)
    except NotProved as problem:
        print(f"catch: {problem.said}", file=sys.stderr)
        return 1
    for each in (*(found.lines if asked.list else ()), *sentences(found, believed=key is None)):
        print(each)
    return 0


def options() -> ArgumentParser:
    parser = ArgumentParser("catch audit verify", description="Verify a bundle: needs nothing but the file.")
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("--key", metavar="KEY", help="the public key that the place gave out, or a file that holds it")
    parser.add_argument("--since", type=Path, metavar="FILE", help="a bundle or checkpoint that it must continue")
    parser.add_argument(
        "--witness", action="append", default=[], metavar="KEY", help="the key of a witness, or a file that holds it"
    )
    parser.add_argument("--quorum", type=int, metavar="N", help="so many of the witnesses have signed [default: all]")
    parser.add_argument("--list", action="store_true", help="list the facts, a line each")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
