"""`ledger recover`: invite people to governance that can no longer act."""

import argparse
from collections.abc import Sequence

from ledger.cli.exit_codes import DAMAGED, UNAVAILABLE, ExitCode, declare
from ledger.settings import Settings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `recover`."""
    text = "invite as many people to governance as it lacks, when it can no longer act"
    parser = commands.add_parser("recover", help=text, description=text)
    words = "somebody who can no longer act, by id or name; once for each of them"
    parser.add_argument("--lost", metavar="PERSON", action="append", default=[], help=words)
    words = "the reason, 10 to 2,000 characters; everybody reads it"
    parser.add_argument("--reason", metavar="TEXT", required=True, help=words)
    words = "directory of the ledger (LEDGER_DATA, ./data)"
    parser.add_argument("--data", metavar="DIR", help=words)
    codes = {ExitCode.INVALID: DAMAGED, ExitCode.UNAVAILABLE: UNAVAILABLE}
    declare(parser, {ExitCode.DONE: "the links are printed"} | codes)


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Record the invitations and print their links, this once; return the exit code."""
    from ledger.cli import recover_action  # the server's packages

    lost: Sequence[str] = chosen.lost
    recover_action.recover(settings, lost, chosen.reason)
    return ExitCode.DONE
