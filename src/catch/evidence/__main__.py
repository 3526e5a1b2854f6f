"""`python -m catch.evidence BUNDLE [PUBLIC_KEY [WITNESS ...]]`: the verifier alone, where nothing else of ours runs."""

import sys
from pathlib import Path

from catch.evidence.notes import NotProved
from catch.evidence.verifying import verified


def main(arguments: list[str]) -> int:
    if not arguments:
        print("usage: python -m catch.evidence BUNDLE [PUBLIC_KEY [WITNESS ...]]", file=sys.stderr)
        return 2
    try:
        found = verified(Path(arguments[0]), key=(arguments[1:2] or [None])[0], witnesses=arguments[2:])
    except NotProved as problem:
        where = "" if problem.position is None else f" (position {problem.position})"
        print(f"NOT PROVED{where}: {problem}", file=sys.stderr)
        return 1
    if found.place is not None:
        print(found.place)
    print(f"proved: {found.facts:,} facts, signed with {found.key}")
    for name in found.witnesses:
        print(f"witnessed: by {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
