"""`ledger copy`: move a ledger between SQLite and PostgreSQL, and close the log it was in."""

import argparse
import os
from contextlib import ExitStack
from pathlib import Path

import msgspec

from ledger.cli.exit_codes import ExitCode
from ledger.cli.progress_line import ProgressLine
from ledger.data_files import VIEWS_FILE, is_database
from ledger.http.security_record import record_command
from ledger.recovery.log_copy import copy_log
from ledger.settings import Settings, read_settings
from ledger.system.directory_lock import replacing


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Copy the log between the two places that were given; return the exit code.

    Raises ConflictError `data_in_use`, and what `copy_log` raises.
    """
    places = [chosen.source, chosen.target]
    given = next((Path(place) for place in places if not is_database(place)), settings.data)
    source, target = (_settings_at(place, given) for place in places)
    progress = ProgressLine()
    with ExitStack() as held:
        for data in sorted({source.data.resolve(), target.data.resolve()}):
            held.enter_context(replacing(data))
        try:
            copied = copy_log(source, target, progress, _silent)
        finally:
            progress.end()
        if target.data != source.data:  # read models there are of another time
            for part in ("", "-wal", "-shm"):
                (target.data / f"{VIEWS_FILE}{part}").unlink(missing_ok=True)
        record_command(target.security_log, "ledger_copy")
    if chosen.json:
        told = {"ledger": copied.ledger, "size": copied.size, "root": copied.root.hex()}
        print(msgspec.json.encode(told).decode())
        return ExitCode.DONE
    print(f"Copied {copied.ledger}: {copied.size:,} events, each verified and compared.")
    print(f"The tree has the root {copied.root.hex()}, as before.")
    print("The old log is closed: no server appends to it or starts on it. Start the new one.")
    return ExitCode.DONE


def _settings_at(place: str, data: Path) -> Settings:
    """Return the environment's settings, with the log at another place."""
    if is_database(place):
        there = {"LEDGER_DATABASE_URL": place, "LEDGER_DATA": str(data)}
    else:
        there = {"LEDGER_DATABASE_URL": "", "LEDGER_DATA": place}
    return read_settings(dict(os.environ) | there)


def _silent(_: str) -> None:
    """Pass each crash point in silence."""
