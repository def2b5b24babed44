"""`ledger doctor`: say what is wrong with an installation, and what to do."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ledger.cli.exit_codes import ExitCode, declare
from ledger.settings import Settings

if TYPE_CHECKING:
    from ledger.recovery.doctor import Diagnosis

_MARKS = {"ok": "+", "warning": "!", "fault": "x"}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `doctor`."""
    text = "say what is wrong with this installation, and what to do; repairs nothing"
    parser = commands.add_parser("doctor", help=text, description=text)
    parser.add_argument(
        "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
    )
    words = "directory with backups, whose age is checked"
    parser.add_argument("--backups", type=Path, metavar="DIR", help=words)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    declare(
        parser,
        {ExitCode.DONE: "no fault; there may be warnings", ExitCode.UNMET: "there is a fault"},
    )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Examine the installation of these settings; return the exit code."""
    from ledger.recovery.doctor import examine  # the server's packages

    found = examine(settings, chosen.backups, now_ms=time.time_ns() // 1_000_000)
    if chosen.json:
        print(msgspec.json.encode(found).decode())
    else:
        print("\n".join(line for each in found for line in _lines(each)))
    is_faulty = any(each.health == "fault" for each in found)
    return ExitCode.UNMET if is_faulty else ExitCode.DONE


def _lines(found: "Diagnosis") -> list[str]:
    told = [f"{_MARKS[found.health]} {found.part:<12} {found.says}"]
    return told + ([f"  {'':<12} → {found.advice}"] if found.advice else [])
