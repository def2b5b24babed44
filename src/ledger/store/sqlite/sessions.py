"""What the server may forget: open ceremonies, sessions, sign counts of sign-ins.

One small SQLite file beside the log, mode 0600. Losing it signs everybody out and nothing more.
"""

import hashlib
import secrets
import sqlite3
from pathlib import Path
from typing import TypeVar

import msgspec

from ledger.errors import RefusedError, TooManyError
from ledger.sqlite.files import closed_on_error, open_private, use_write_ahead_log

CEREMONY_MS = 5 * 60 * 1000
SESSION_MS = 30 * 24 * 60 * 60 * 1000
MAX_CEREMONIES = 10_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ceremony(
    id TEXT PRIMARY KEY, purpose TEXT NOT NULL, data BLOB NOT NULL, expires_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ceremony_expires ON ceremony(expires_ms);
CREATE TABLE IF NOT EXISTS session(
    token_sha256 BLOB PRIMARY KEY, user TEXT NOT NULL, expires_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_user ON session(user);
CREATE TABLE IF NOT EXISTS sign_count(
    credential_id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS once(
    name TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""

T = TypeVar("T", bound=msgspec.Struct)


class OperationalState:
    """Ceremonies and sessions of one ledger; every call is one short transaction."""

    def __init__(self, path: Path) -> None:
        self._db = open_private(path)
        with closed_on_error(self._db):
            use_write_ahead_log(self._db)
            self._db.executescript("PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # --- ceremonies: one-time challenges, bound to a purpose -------------------------------------

    def open_ceremony(self, purpose: str, data: msgspec.Struct, *, now_ms: int) -> str:
        """Keep what a ceremony was begun with for five minutes; return its opaque id.

        Raises TooManyError `ceremonies_full` at 10,000 open ones.
        """
        self._db.execute("DELETE FROM ceremony WHERE expires_ms <= ?", (now_ms,))
        (count,) = self._db.execute("SELECT count(*) FROM ceremony").fetchone()
        if count >= MAX_CEREMONIES:
            raise TooManyError("ceremonies_full", "too many sign-ins are under way; try again")
        ceremony = secrets.token_urlsafe(24)
        self._db.execute(
            "INSERT INTO ceremony VALUES(?,?,?,?)",
            (ceremony, purpose, msgspec.json.encode(data), now_ms + CEREMONY_MS),
        )
        return ceremony

    def take_ceremony(self, ceremony: str, purpose: str, kind: type[T], *, now_ms: int) -> T:
        """Return what the ceremony was begun with, and end it, whatever comes of it.

        Raises RefusedError `ceremony_unknown`: never begun, for another purpose, used, or late.
        """
        row = self._db.execute(
            "DELETE FROM ceremony WHERE id = ? RETURNING purpose, data, expires_ms", (ceremony,)
        ).fetchone()
        if row is None or row[0] != purpose or row[2] <= now_ms:
            raise RefusedError("ceremony_unknown", "this attempt is over; start again")
        return msgspec.json.decode(row[1], type=kind)

    # --- sessions -----------------------------------------------------------------------------

    def open_session(self, user: str, *, now_ms: int) -> str:
        """Return the secret token of a new session of 30 days."""
        self._db.execute("DELETE FROM session WHERE expires_ms <= ?", (now_ms,))
        token = secrets.token_urlsafe(32)
        row = (_digest(token), user, now_ms + SESSION_MS)
        self._db.execute("INSERT INTO session VALUES(?,?,?)", row)
        return token

    def session_user(self, token: str, *, now_ms: int) -> str | None:
        """Return whose session this token opens, if any."""
        row = self._db.execute(
            "SELECT user FROM session WHERE token_sha256 = ? AND expires_ms > ?",
            (_digest(token), now_ms),
        ).fetchone()
        return None if row is None else str(row[0])

    def close_session(self, token: str) -> None:
        """End a session."""
        self._db.execute("DELETE FROM session WHERE token_sha256 = ?", (_digest(token),))

    def close_sessions(self, user: str) -> None:
        """End all sessions of a person: a passkey of theirs was removed."""
        self._db.execute("DELETE FROM session WHERE user = ?", (user,))

    # --- counters and one-time names -------------------------------------------------------------

    def sign_count(self, credential_id: str) -> int:
        """Return the last sign count seen outside the log, 0 if none."""
        row = self._db.execute(
            "SELECT count FROM sign_count WHERE credential_id = ?", (credential_id,)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def require_growth(self, credential_id: str, count: int) -> None:
        """Raise RefusedError `passkey_assertion_refused` for a count that was already passed."""
        known = self.sign_count(credential_id)
        if known and count <= known:
            raise RefusedError("passkey_assertion_refused", "the passkey's count did not grow")

    def advance_sign_count(self, credential_id: str, count: int) -> None:
        """Keep a verified assertion's count; it never goes back."""
        self._db.execute(
            "INSERT INTO sign_count VALUES(?,?) ON CONFLICT DO UPDATE"
            " SET count = max(count, excluded.count)",
            (credential_id, count),
        )

    def use_once(self, name: str, *, now_ms: int, expires_ms: int) -> None:
        """Take a name that may be used once; raise RefusedError `already_used`."""
        self._db.execute("DELETE FROM once WHERE expires_ms <= ?", (now_ms,))
        try:
            self._db.execute("INSERT INTO once VALUES(?,?)", (name, expires_ms))
        except sqlite3.IntegrityError as error:
            raise RefusedError("already_used", "this was used before") from error


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
