"""The arguments of `ledger copy`, apart from the command, which needs the server's packages."""

import argparse

from ledger.cli.exit_codes import DAMAGED, UNAVAILABLE, ExitCode, declare


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `copy`."""
    text = "move the log between SQLite and PostgreSQL, verified; after an interruption, go on"
    parser = commands.add_parser("copy", help=text, description=text)
    words = "where the log is: a data directory, or the URL of a database"
    parser.add_argument("--from", dest="source", required=True, metavar="PLACE", help=words)
    words = "where it is to go: a data directory without a log, or the URL of an empty database"
    parser.add_argument("--to", dest="target", required=True, metavar="PLACE", help=words)
    words = "data directory, if both places are databases (LEDGER_DATA, ./data)"
    parser.add_argument("--data", metavar="DIR", help=words)
    parser.add_argument("--json", action="store_true", help="print ledger, size and root as JSON")
    declare(
        parser,
        {
            ExitCode.DONE: "copied, and the old log is closed",
            ExitCode.INVALID: DAMAGED,
            ExitCode.UNAVAILABLE: UNAVAILABLE,
        },
    )
