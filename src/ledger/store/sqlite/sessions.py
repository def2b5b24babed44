"""What the server may forget: the key of ceremonies, sessions, sign counts of sign-ins.

One small SQLite file beside the log, mode 0600. Losing it ends open ceremonies and signs everybody
out, and nothing more.
"""

import hashlib
import secrets
import sqlite3
from pathlib import Path

from ledger.errors import RefusedError
from ledger.sqlite.files import closed_on_error, open_private, use_write_ahead_log

SESSION_MS = 30 * 24 * 60 * 60 * 1000
KEY_BYTES = 32

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret(
    name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session(
    token_sha256 BLOB PRIMARY KEY, user TEXT NOT NULL, expires_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS session_user ON session(user);
CREATE INDEX IF NOT EXISTS session_expires ON session(expires_ms);
CREATE TABLE IF NOT EXISTS sign_count(
    credential_id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS once(
    name TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS once_expires ON once(expires_ms);
"""


class OperationalState:
    """Sessions and one-time names of one ledger; every call is one short transaction."""

    def __init__(self, path: Path) -> None:
        self._db = open_private(path)
        with closed_on_error(self._db):
            use_write_ahead_log(self._db)
            self._db.executescript("PRAGMA synchronous=NORMAL;" + _SCHEMA)
            self.ceremony_key = self._secret("ceremony")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _secret(self, name: str) -> bytes:
        """Return a random key of 32 bytes, the same to every process on this file."""
        row = (name, secrets.token_bytes(KEY_BYTES))
        self._db.execute("INSERT INTO secret VALUES(?,?) ON CONFLICT DO NOTHING", row)
        query = "SELECT value FROM secret WHERE name = ?"
        return bytes(self._db.execute(query, (name,)).fetchone()[0])

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
