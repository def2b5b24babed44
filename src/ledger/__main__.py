"""The command `ledger`, also run as `python -m ledger`.

`ledger verify` is dispatched here, without importing any code of the server: a person who checks
evidence must not have to run the ledger that made it.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from ledger.cli import verify
from ledger.cli.plain_output import plain_output, without_colour

# What a shell says of a program that the signal SIGPIPE ended.
READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    try:
        try:
            with plain_output():
                return _run(sys.argv[1:] if arguments is None else list(arguments))
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes the output once more at its end, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _run(given: list[str]) -> int:
    if given[:1] == ["verify"]:
        parser = argparse.ArgumentParser(prog="ledger")
        without_colour(parser)
        verify.add_parser(parser.add_subparsers(dest="command", required=True))
        return verify.run(parser.parse_args(given))
    from ledger.cli import main as cli  # imports the server; see above

    return cli.main(given)


if __name__ == "__main__":
    sys.exit(main())
