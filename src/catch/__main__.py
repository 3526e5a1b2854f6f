"""`python -m catch`, and the program `catch`: every command, or, where the server's libraries are not installed, the
verifier alone.
"""

import sys


def main() -> None:
    try:
        from catch.cli import main as every
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] in ("catch", "projections"):
            raise
        sys.exit(alone(sys.argv[1:]))
    every()


def alone(arguments: list[str]) -> int:
    from catch.evidence.__main__ import main as verify

    if arguments[:2] == ["audit", "verify"]:
        return verify(arguments[2:])
    print(
        "catch: only `catch audit verify BUNDLE` is installed here; for all else: pip install 'catch-meetings[server]'",
        file=sys.stderr,
    )
    return 2


if __name__ == "__main__":
    main()
