"""`ledger monitor`: watch a public log from elsewhere, and alarm by exit code."""

import argparse
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from ledger.cli.download import Download
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.shown_text import print_json
from ledger.cli.watching import (
    MEANINGS,
    RemoteLog,
    add_arguments,
    exit_code,
    keep_proof,
    print_alarms,
    require_trusted,
    unreachable,
    watcher,
)
from ledger.encoding import b64_encode, decode
from ledger.errors import ConflictError, LedgerError, MalformedError, UnavailableError
from ledger.system import private_files
from ledger.system.directory_lock import alone
from ledger.tlog.checkpoint import MAX_NOTE_BYTES
from ledger.verify.event_checks import silent
from ledger.verify.watch import Remembered, Watched, Watcher, watch

TOTAL_S = 60
MAX_READ_BYTES = 8 * MAX_NOTE_BYTES  # a checkpoint and the tiles of one proof
MAX_STATE_BYTES = 2 * MAX_NOTE_BYTES
DEFAULT_MAX_AGE_HOURS = 168


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `monitor`."""
    text = "compare a public log's newest checkpoint with the last one that was believed"
    command = commands.add_parser("monitor", help=text, description=text)
    add_arguments(command)
    command.add_argument(
        "--state",
        type=Path,
        required=True,
        metavar="FILE",
        help="private file that remembers the last checkpoint; the first run writes it",
    )
    command.add_argument(
        "--max-age",
        type=int,
        default=DEFAULT_MAX_AGE_HOURS,
        metavar="HOURS",
        help="age at which the newest signed time of the checkpoint is stale (168); 0 for any age",
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    declare(
        command,
        {
            ExitCode.DONE: "the checkpoint is signed, new enough, and extends the last one",
            ExitCode.UNMET: "stale: the newest signed time is older than --max-age",
            **MEANINGS,
        },
    )


def run(chosen: argparse.Namespace) -> int:
    """Compare once; print alarms, and nothing else unless asked; return the exit code."""
    hours = chosen.max_age
    if hours < 0:
        raise MalformedError("option_invalid", "--max-age takes 0 or more hours")
    trust = watcher(chosen, max_age_s=hours * 3600 if hours else None)
    state: Path = chosen.state
    try:
        with alone(state.with_name(f"{state.name}.lock")):
            before = _remembered(state, trust)
            with closing(
                Download(most_bytes=MAX_READ_BYTES, total_s=TOTAL_S, progress=silent)
            ) as download:
                found = _look(RemoteLog(chosen.url, download), before, trust, state)
            if found.remember is not None and found.remember != before:
                private_files.replace(state, msgspec.json.encode(found.remember))
    except ConflictError as error:
        raise UnavailableError(error.code, error.detail) from error
    print_alarms("monitor", found.alarms)
    if chosen.json:
        print_json(_answer(found, before))
    return exit_code(found.alarms)


def _look(log: RemoteLog, before: Remembered | None, trust: Watcher, state: Path) -> Watched:
    try:
        note = log.checkpoint()
    except UnavailableError as error:
        return unreachable(error)
    found = watch(note, before, trust, log.tile, now_s=int(time.time()))
    if before is not None and any(each.code == "log_forked" for each in found.alarms):
        keep_proof(state.parent, before, note, found)
    return found


def _remembered(state: Path, trust: Watcher) -> Remembered | None:
    """Return what the state file remembers, None if there is none.

    Raises MalformedError `state_invalid`: a damaged memory is never taken for a first run.
    """
    try:
        with state.open("rb") as file:
            raw = file.read(MAX_STATE_BYTES + 1)
    except FileNotFoundError:
        return None
    try:
        before = decode(raw, Remembered)
    except LedgerError as error:
        raise MalformedError("state_invalid", f"{state} cannot be read: {error.detail}") from error
    require_trusted(before.checkpoint.encode(), trust, state)
    return before


def _answer(found: Watched, before: Remembered | None) -> dict[str, Any]:
    tree = found.tree
    return {
        "ledger": None if tree is None else tree.origin,
        "size": None if tree is None else tree.size,
        "root": None if tree is None else b64_encode(tree.root),
        "believed": found.remember is not None,
        "first": before is None,
        "alarms": found.alarms,
    }
