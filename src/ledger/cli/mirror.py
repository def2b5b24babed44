"""`ledger mirror`: keep a static copy of a public log that any reader of tiles accepts.

Every tile and entry is verified under a signed checkpoint before it is written, and the checkpoint
is written last. So at any moment the directory is a complete log up to its checkpoint, also after a
crash, and the next run continues. A log that was rolled back or forked changes nothing in it.
"""

import argparse
import shutil
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from ledger.cli.download import MAX_DOWNLOAD_BYTES, Download
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.shown_text import print_json
from ledger.cli.watching import (
    MAX_ENTRIES_BYTES,
    MEANINGS,
    RemoteLog,
    add_arguments,
    alarm_of,
    exit_code,
    keep_proof,
    print_alarms,
    require_trusted,
    unreachable,
    watcher,
)
from ledger.domain.entry import entry_hash
from ledger.errors import ConflictError, LedgerError, RefusedError, UnavailableError
from ledger.system.directory_lock import alone
from ledger.system.public_files import put
from ledger.tlog.checkpoint import MAX_NOTE_BYTES, Checkpoint
from ledger.tlog.merkle import HASH_BYTES, WIDTH, width
from ledger.tlog.tiles import split_bundle, tile_path, tiles_of
from ledger.tlog.verified_tiles import VerifiedTiles
from ledger.verify.container import CHECKPOINT
from ledger.verify.event_checks import silent
from ledger.verify.watch import Remembered, Watched, Watcher, watch

MAX_RUN_BYTES = 8 * MAX_DOWNLOAD_BYTES
LOCK = "mirror.lock"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `mirror`."""
    text = "copy a public log into a directory of plain files, and verify all that is new"
    command = commands.add_parser("mirror", help=text, description=text)
    add_arguments(command)
    command.add_argument(
        "directory", type=Path, metavar="DIR", help="directory of the copy; it is created"
    )
    command.add_argument(
        "--all",
        action="store_true",
        help="verify every file of the copy again, and fetch what is missing or damaged",
    )
    command.add_argument("--json", action="store_true", help="print the result as JSON")
    declare(
        command,
        {ExitCode.DONE: "the copy is complete and verified up to the checkpoint", **MEANINGS},
    )


def run(chosen: argparse.Namespace) -> int:
    """Copy what is new; print alarms, and nothing else unless asked; return the exit code."""
    trust = watcher(chosen)
    directory: Path = chosen.directory
    try:
        with (
            alone(directory / LOCK),
            closing(Download(most_bytes=MAX_RUN_BYTES, progress=silent)) as download,
        ):
            log = RemoteLog(chosen.url, download)
            copy = _Copy(directory, log, trust, every=chosen.all)
            found = copy.update()
    except ConflictError as error:
        raise UnavailableError(error.code, error.detail) from error
    print_alarms("mirror", found.alarms)
    if chosen.json:
        print_json(_answer(found, copy))
    return exit_code(found.alarms)


class _Copy:
    """A directory that holds a log up to its checkpoint, and the log that it copies."""

    def __init__(self, directory: Path, log: RemoteLog, trust: Watcher, *, every: bool) -> None:
        self.size = 0
        self.written = 0
        self._directory = directory
        self._log = log
        self._trust = trust
        self._every = every

    def update(self) -> Watched:
        """Bring the directory to the newest checkpoint of the log, or leave it as it is."""
        path = self._directory / CHECKPOINT
        old = _bounded(path, MAX_NOTE_BYTES + 1)
        before = None
        if old:
            self.size = require_trusted(old, self._trust, path).size
            before = Remembered(old.decode(), 0)
        try:
            note = self._log.checkpoint()
        except UnavailableError as error:
            return unreachable(error)
        found = watch(note, before, self._trust, self._log.tile, now_s=int(time.time()))
        if before is not None and any(each.code == "log_forked" for each in found.alarms):
            keep_proof(self._directory, before, note, found)
        if found.remember is None or found.tree is None:
            return found
        try:
            filled = self._write(found.tree)
        except LedgerError as error:
            alarms = (*found.alarms, alarm_of(error))
            return msgspec.structs.replace(found, alarms=alarms, remember=None)
        if note != old:
            put(path, note)
        self.size = found.tree.size
        for full in filled:  # readers take the full tile from now on
            shutil.rmtree(full.with_name(f"{full.name}.p"), ignore_errors=True)
        return found

    def _write(self, tree: Checkpoint) -> list[Path]:
        """Write every tile that the directory lacks; return the full ones that are new.

        Raises RefusedError and MalformedError for what is not of the signed tree, UnavailableError
        `download_failed`. What was written before stays: it was verified.
        """
        tiles = VerifiedTiles(tree, self._kept, self._log.tile)
        filled = []
        for level, n, wide in tiles_of(tree.size):
            path = self._path(level, n, wide)
            if not self._every and width(self.size, level, n) == WIDTH and self._has(level, n):
                continue  # an earlier run verified it
            hashes = tiles.read(level, n, wide)
            if level == 0:
                self._write_entries(n, hashes)
            self._put(path, hashes)
            if wide == WIDTH:
                filled += [path, *([self._path("entries", n, wide)] if level == 0 else [])]
        return filled

    def _has(self, level: int, n: int) -> bool:
        found = self._path(level, n, WIDTH).is_file()
        return found and (level > 0 or self._path("entries", n, WIDTH).is_file())

    def _write_entries(self, n: int, hashes: bytes) -> None:
        wide = len(hashes) // HASH_BYTES
        path = self._path("entries", n, wide)
        kept = _bounded(path, MAX_ENTRIES_BYTES + 1)
        if not kept or not _leads_to(kept, hashes):
            raw = self._log.entries(n, wide)
            if not _leads_to(raw, hashes):
                detail = f"the entries of tile {n} do not lead to the signed root"
                raise RefusedError("tile_mismatch", detail)
            self._put(path, raw)

    def _kept(self, level: int, n: int, wide: int) -> bytes:
        return _bounded(self._path(level, n, wide), WIDTH * HASH_BYTES + 1)

    def _path(self, level: int | str, n: int, wide: int) -> Path:
        return self._directory / "tile" / str(level) / tile_path(n, wide)

    def _put(self, path: Path, content: bytes) -> None:
        if _bounded(path, len(content) + 1) != content:
            put(path, content)
            self.written += 1


def _leads_to(raw: bytes, hashes: bytes) -> bool:
    """Tell whether the entries of a bundle have exactly these leaf hashes."""
    try:
        return b"".join(map(entry_hash, split_bundle(raw))) == hashes
    except LedgerError:
        return False


def _bounded(path: Path, most_bytes: int) -> bytes:
    """Return the beginning of a file, no bytes if there is none."""
    try:
        with path.open("rb") as file:
            return file.read(most_bytes)
    except FileNotFoundError:
        return b""


def _answer(found: Watched, copy: _Copy) -> dict[str, Any]:
    return {
        "ledger": None if found.tree is None else found.tree.origin,
        "size": copy.size,
        "written": copy.written,
        "complete": found.remember is not None,
        "alarms": found.alarms,
    }
