"""A witness's state: the last checkpoint it signed of each log (C2SP tlog-witness).

A witness must never sign two trees of which neither extends the other. So one durable transaction
replaces a log's row by compare-and-swap and stores the signature, and the witness answers only with
what that transaction stored.

Crash points: before the transaction, nothing is promised. After it, the log asks again, learns the
size, and gets the signature of the same tree.

Without the state, the keys could sign a second history, so a witness with keys and no state does
not start.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from ledger.data_files import WITNESS_KEYS_FILE, WITNESS_STATE_FILE
from ledger.errors import (
    ConflictError,
    CorruptError,
    MalformedError,
    NotFoundError,
    UnavailableError,
)
from ledger.sqlite.files import closed_on_error, open_private, reading_errors
from ledger.sqlite.held_file import HeldFile
from ledger.system import private_files
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint, parse_note
from ledger.tlog.submission import decide, parse_submission
from ledger.tlog.vkeys import NoteKey, NoteSigner

MAX_SWAPS = 5
_SCHEMA = """
PRAGMA synchronous=EXTRA;
CREATE TABLE IF NOT EXISTS witness(id INTEGER PRIMARY KEY CHECK(id = 1), name TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS log(
    origin TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, text TEXT NOT NULL, note BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
"""


class WitnessState:
    """One witness in a directory, which any number of processes may serve."""

    def __init__(self, data: Path, logs: Sequence[NoteKey] = ()) -> None:
        """Open the witness in `data` for logs with these keys.

        Raises NotFoundError `witness_unknown` if there is none, ConflictError
        `witness_state_missing` for keys without their state, CorruptError `file_malformed` for a
        state that cannot be read, UnavailableError `storage_failed`.
        """
        if not (data / WITNESS_STATE_FILE).exists():
            if (data / WITNESS_KEYS_FILE).exists():
                detail = f"{data}/{WITNESS_STATE_FILE} is missing; a second history could be signed"
                raise ConflictError("witness_state_missing", detail)
            raise NotFoundError("witness_unknown", f"there is no witness in {data}")
        self._lock = Lock()
        self._db = _open(data / WITNESS_STATE_FILE)
        self._held = HeldFile(data / WITNESS_STATE_FILE)
        self._held.note()
        with closed_on_error(self._db):
            (name,) = self._execute("SELECT name FROM witness") or [("",)]
            self.signers = _load(data / WITNESS_KEYS_FILE, name[0])
        # What was stored last, and when. Anybody can submit the newest checkpoint again and again:
        # it is signed and stored once a second.
        self._signed: dict[str, tuple[Checkpoint, int, bytes]] = {}
        self._logs: dict[str, list[NoteKey]] = {}
        for key in logs:
            self._logs.setdefault(key.name, []).append(key)

    @property
    def logs(self) -> Mapping[str, Sequence[NoteKey]]:
        """The keys of each log that this witness watches, by origin."""
        return self._logs

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def add(self, raw: bytes, *, now_s: int) -> bytes:
        """Return the cosignature lines for a submission, once they are stored.

        Raises what `parse_submission` and `decide` raise, UnavailableError `contended`,
        `storage_failed` or `storage_lost`, CorruptError `file_malformed`.
        """
        if self._held.lost() is not None:
            # What is stored in a deleted file is forgotten at the next start.
            detail = "the witness's state was deleted or replaced while it was open; start again"
            raise UnavailableError("storage_lost", detail)
        submission = parse_submission(raw)
        note = parse_note(submission.note)
        for _ in range(MAX_SWAPS):
            known = self._known(note.checkpoint.origin)
            point = decide(submission, self._logs, known)
            signed = self._signed.get(point.origin)
            if signed is not None and signed[:2] == (point, now_s):
                return signed[2]
            lines = checkpoint.sign_lines(point, self.signers, now_s=now_s)
            # Anybody can add lines to a submission. Store only lines that the log's keys signed.
            verified = checkpoint.verify_lines(point, note.signatures, self._logs[point.origin])
            theirs = "".join(line.line() for _, line, _ in verified).encode()
            if self._swap(known, point, f"{point.text()}\n".encode() + theirs + lines):
                self._signed[point.origin] = (point, now_s, lines)
                return lines
        raise UnavailableError("contended", "too many concurrent submissions; try again")

    def latest(self, origin_sha256: str) -> bytes:
        """Return the last cosigned checkpoint of the log whose origin has this SHA-256 (hex).

        Raises NotFoundError `checkpoint_unknown`.
        """
        rows = self._execute("SELECT note FROM log WHERE hash = ?", origin_sha256)
        if not rows:
            raise NotFoundError("checkpoint_unknown", "no checkpoint of this log was cosigned")
        note: bytes = rows[0][0]
        return note

    def _known(self, origin: str) -> Checkpoint | None:
        rows = self._execute("SELECT text FROM log WHERE origin = ?", origin)
        try:
            return checkpoint.parse_text(rows[0][0]) if rows else None
        except MalformedError as error:
            detail = f"the witness's state of {origin} is no checkpoint"
            raise CorruptError("file_malformed", detail) from error

    def _swap(self, expected: Checkpoint | None, new: Checkpoint, note: bytes) -> bool:
        """Durably replace `expected` by `new`; return False, unchanged, if the row differs."""
        if expected is None:
            query = "INSERT OR IGNORE INTO log VALUES(?,?,?,?) RETURNING 1"
            digest = sha256(new.origin.encode()).hexdigest()
            return bool(self._execute(query, new.origin, digest, new.text(), note))
        query = "UPDATE log SET text = ?, note = ? WHERE origin = ? AND text = ? RETURNING 1"
        return bool(self._execute(query, new.text(), note, new.origin, expected.text()))

    def _execute(self, query: str, *values: str | bytes) -> list[tuple[Any, ...]]:
        with self._lock, reading_errors("the witness's state cannot be used"):
            return self._db.execute(query, values).fetchall()


def create(data: Path, name: str) -> None:
    """Create a witness with new keys, unless it exists.

    Crash points: the state is created first, so keys never exist without one. Raises MalformedError
    `witness_name_invalid`, ConflictError `witness_known` for another name.
    """
    if not vkeys.is_key_name(name):
        detail = (
            "a name has 1 to 255 bytes without spaces or plus signs, like witness.example.com/1"
        )
        raise MalformedError("witness_name_invalid", detail)
    if (data / WITNESS_KEYS_FILE).exists() and not (data / WITNESS_STATE_FILE).exists():
        WitnessState(data)  # raises with the reason
    db = _open(data / WITNESS_STATE_FILE)
    try:
        db.execute("INSERT OR IGNORE INTO witness VALUES(1, ?)", (name,))
        ((known,),) = db.execute("SELECT name FROM witness")
    finally:
        db.close()
    if known != name:
        raise ConflictError("witness_known", f"the witness in {data} is named {known}")
    if not (data / WITNESS_KEYS_FILE).exists():
        signers = vkeys.generate(name, cosigner=True)
        private_files.create(data / WITNESS_KEYS_FILE, vkeys.to_pem(signers))


def _open(path: Path) -> sqlite3.Connection:
    db = open_private(path)
    with closed_on_error(db), reading_errors(f"{path} cannot be used"):
        db.executescript(_SCHEMA)
    return db


def _load(path: Path, name: str) -> tuple[NoteSigner, ...]:
    if not path.exists():
        raise NotFoundError("witness_unknown", f"the witness in {path.parent} has no keys")
    return vkeys.from_pem(name, path.read_bytes(), cosigner=True)
