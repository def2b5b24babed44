"""`ledger backup`: write a verified copy of a ledger while it serves."""

import argparse
import time
from pathlib import Path

import msgspec

from ledger.cli.exit_codes import ExitCode, declare
from ledger.recovery.backup import BackupRequest, back_up
from ledger.settings import Settings


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `backup`."""
    text = "write a verified copy of the log, and of the keys on request, while the server runs"
    parser = commands.add_parser("backup", help=text, description=text)
    parser.add_argument("target", type=Path, metavar="TARGET", help="a directory to create")
    parser.add_argument(
        "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
    )
    words = "an earlier backup in the same directory as TARGET: write only what is new since then"
    parser.add_argument("--since", type=Path, metavar="BACKUP", help=words)
    words = "also write the private keys, encrypted under the passphrase in FILE"
    parser.add_argument("--keys", type=Path, metavar="FILE", help=words)
    parser.add_argument("--json", action="store_true", help="print the manifest as JSON")
    declare(parser, {ExitCode.DONE: "written and verified"})


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Back up the ledger of these settings; return the exit code."""
    request = BackupRequest(chosen.target, since=chosen.since, passphrase=chosen.keys)
    now_ms = time.time_ns() // 1_000_000
    written = back_up(settings, request, now_ms=now_ms)
    if chosen.json:
        print(msgspec.json.encode(written).decode())
        return ExitCode.DONE
    new = written.size - (0 if written.since is None else written.since.size)
    total = sum(file.bytes for file in written.files)
    print(f"Backed up {new:,} events to {chosen.target} ({total:,} bytes), and verified them.")
    print(f"The log has {written.size:,} entries there, with the root {written.root}.")
    return ExitCode.DONE
