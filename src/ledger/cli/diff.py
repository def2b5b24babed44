"""`ledger diff`: what differs between two positions or times, from the log alone."""

import argparse

from ledger.audit.answers import AnswerTable
from ledger.audit.differences import differences
from ledger.audit.source import AuditedLog
from ledger.cli.ask import answered
from ledger.cli.exit_codes import UNAVAILABLE, ExitCode, declare
from ledger.settings import Settings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `diff`."""
    text = "print what differs between two points: people, rules, and the status of statements"
    parser = commands.add_parser("diff", help=text, description=text)
    parser.add_argument(
        "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
    )
    place = "POSITION|TIME"
    parser.add_argument(
        "--from", dest="first", required=True, metavar=place, help="the earlier point"
    )
    parser.add_argument(
        "--to", dest="last", metavar=place, help="the later point (default: the newest position)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON for programs")
    form.add_argument("--csv", action="store_true", help="print CSV that Excel opens")
    declare(
        parser,
        {
            ExitCode.DONE: "printed",
            ExitCode.INVALID: "the log is damaged",
            ExitCode.UNAVAILABLE: UNAVAILABLE,
        },
    )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Print the differences; return the exit code."""
    return answered(settings, chosen, _differences)


def _differences(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    return [differences(rows, chosen.first, chosen.last)]
