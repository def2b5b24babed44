"""The operational state in a small SQLite file beside the log, mode 0600."""

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import RefusedError, UnavailableError
from ledger.sqlite.files import closed_on_error, open_private, use_write_ahead_log
from ledger.store.ports.operations import (
    MOST_ACCESSES,
    MOST_SESSIONS,
    Access,
    DeviceLink,
    DeviceNote,
    LinkEnd,
    OpenSession,
    WrappedKey,
    session_id,
)
from ledger.store.sqlite import access_record, device_links, one_time_names

KEY_BYTES = 32
_SCHEMA = """
CREATE TABLE IF NOT EXISTS secret(
    name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS open_session(
    token_sha256 BLOB PRIMARY KEY, user TEXT NOT NULL, opened_by TEXT NOT NULL,
    browser TEXT NOT NULL, opened_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_session_user ON open_session(user);
CREATE INDEX IF NOT EXISTS open_session_opened_by ON open_session(opened_by);
CREATE INDEX IF NOT EXISTS open_session_expires ON open_session(expires_ms);
CREATE TABLE IF NOT EXISTS passkey_use(
    credential_id TEXT PRIMARY KEY, count INTEGER NOT NULL, used_ms INTEGER NOT NULL,
    fell_ms INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS birth(id INTEGER PRIMARY KEY CHECK(id = 1), ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS wrapped_key(
    user TEXT NOT NULL, kid TEXT NOT NULL, credential_id TEXT NOT NULL, wrapped BLOB NOT NULL,
    PRIMARY KEY(user, kid, credential_id)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS device(
    user TEXT NOT NULL, reference TEXT NOT NULL, browser TEXT NOT NULL, label TEXT NOT NULL,
    PRIMARY KEY(user, reference)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS wrapped_key_kid ON wrapped_key(kid);
CREATE INDEX IF NOT EXISTS wrapped_key_credential_id ON wrapped_key(credential_id);
"""
_END_OLDEST = """
    DELETE FROM open_session WHERE token_sha256 IN (
        SELECT token_sha256 FROM open_session WHERE user = ?
        ORDER BY opened_ms DESC LIMIT -1 OFFSET ?)
"""


class SqliteState:
    """One file. Reads have a connection of their own, so that they wait for no writer."""

    def __init__(self, path: Path, *, born_ms: int = 0) -> None:
        """Open the file; a new one keeps `born_ms` for good, as its port says."""
        self._writer = open_private(path)
        with closed_on_error(self._writer):
            use_write_ahead_log(self._writer)
            parts = (device_links.SCHEMA, access_record.SCHEMA, one_time_names.SCHEMA)
            schemas = _SCHEMA + "".join(parts)
            self._writer.executescript("PRAGMA synchronous=NORMAL;" + schemas)
            self.ceremony_key = self._secret("ceremony")
            self.born_ms = self._birth(born_ms)
            self._reader = open_private(path)

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._writer.close()

    def _secret(self, name: str) -> bytes:
        """Return a random key of 32 bytes, the same to every process on this file."""
        row = (name, secrets.token_bytes(KEY_BYTES))
        self._writer.execute("INSERT INTO secret VALUES(?,?) ON CONFLICT DO NOTHING", row)
        query = "SELECT value FROM secret WHERE name = ?"
        return bytes(self._writer.execute(query, (name,)).fetchone()[0])

    def _birth(self, born_ms: int) -> int:
        """Return when this file was created, which its first process decides."""
        row = (born_ms,)
        self._writer.execute("INSERT INTO birth VALUES(1,?) ON CONFLICT DO NOTHING", row)
        return int(self._writer.execute("SELECT ms FROM birth").fetchone()[0])

    # --- sessions -----------------------------------------------------------------------------

    def open_session(
        self, token: str, user: str, *, opened_by: str, browser: str, now_ms: int, expires_ms: int
    ) -> None:
        """Open the session of a secret token; delete sessions that are over."""
        with _available():
            self._writer.execute("DELETE FROM open_session WHERE expires_ms <= ?", (now_ms,))
            self._writer.execute(_END_OLDEST, (user, MOST_SESSIONS - 1))
            row = (_digest(token), user, opened_by, browser, now_ms, now_ms, expires_ms)
            self._writer.execute("INSERT INTO open_session VALUES(?,?,?,?,?,?,?)", row)

    def sessions(self, tokens: Sequence[str]) -> list[tuple[str, str, int, int] | None]:
        """Return whose session each token opens, what opened it, its end and last use, in ms."""
        digests = [_digest(each) for each in tokens]
        query = "SELECT token_sha256, user, opened_by, expires_ms, seen_ms FROM open_session WHERE"
        query += f" token_sha256 IN ({','.join('?' * len(digests))})"
        with _available():
            found = {digest: tuple(row) for digest, *row in self._reader.execute(query, digests)}
            return [found.get(digest) for digest in digests]

    def see_session(self, token: str, *, now_ms: int) -> None:
        """Keep that a session was used now."""
        query = "UPDATE open_session SET seen_ms = ? WHERE token_sha256 = ?"
        with _available():
            self._writer.execute(query, (now_ms, _digest(token)))

    def sessions_of(self, user: str) -> list[OpenSession]:
        """Return a person's sessions, the newest first, also those that are over."""
        query = (
            "SELECT token_sha256, opened_by, browser, opened_ms, seen_ms, expires_ms"
            " FROM open_session WHERE user = ? ORDER BY opened_ms DESC"
        )
        with _available():
            rows = self._reader.execute(query, (user,)).fetchall()
        return [OpenSession(session_id(digest), *more) for digest, *more in rows]

    def last_seen(self, users: Sequence[str]) -> dict[str, int]:
        """Return when sessions of these people were last used, in ms, as far as it is known."""
        query = (
            "SELECT user, max(seen_ms) FROM open_session"
            " WHERE user IN (SELECT value FROM json_each(?)) GROUP BY user"
        )
        with _available():
            return dict(self._reader.execute(query, (json.dumps(users),)).fetchall())

    def close_session_of(self, user: str, ended: str) -> None:
        """End one of a person's sessions by its id."""
        query = "SELECT token_sha256 FROM open_session WHERE user = ?"
        with _available():
            for (digest,) in self._writer.execute(query, (user,)).fetchall():
                if session_id(digest) == ended:
                    delete = "DELETE FROM open_session WHERE token_sha256 = ?"
                    self._writer.execute(delete, (digest,))

    def close_session(self, token: str) -> None:
        """End a session."""
        with _available():
            query = "DELETE FROM open_session WHERE token_sha256 = ?"
            self._writer.execute(query, (_digest(token),))

    def close_sessions(self, user: str) -> None:
        """End all sessions of a person."""
        with _available():
            self._writer.execute("DELETE FROM open_session WHERE user = ?", (user,))

    def close_sessions_of(self, opened_by: str) -> None:
        """End all sessions that a passkey or key opened."""
        with _available():
            self._writer.execute("DELETE FROM open_session WHERE opened_by = ?", (opened_by,))

    # --- wrapped keys ---------------------------------------------------------------------------

    def keep_wrapped_key(self, user: str, key: WrappedKey) -> bool:
        """Keep a person's wrapped key; False if another of the same key and passkey is kept."""
        row = (user, key.kid, key.credential_id, key.wrapped)
        adding = "INSERT INTO wrapped_key VALUES(?,?,?,?) ON CONFLICT DO NOTHING"
        query = "SELECT wrapped FROM wrapped_key WHERE user = ? AND kid = ? AND credential_id = ?"
        with _available():
            self._writer.execute(adding, row)
            (kept,) = self._writer.execute(query, row[:3]).fetchone()
        return bool(kept == key.wrapped)

    def wrapped_keys(self, user: str) -> list[WrappedKey]:
        """Return a person's wrapped keys."""
        query = "SELECT kid, credential_id, wrapped FROM wrapped_key WHERE user = ?"
        with _available():
            return [WrappedKey(*row) for row in self._reader.execute(query, (user,)).fetchall()]

    def forget_wrapped_key(self, key: WrappedKey) -> None:
        """Delete one wrapped key."""
        query = "DELETE FROM wrapped_key WHERE kid = ? AND credential_id = ?"
        with _available():
            self._writer.execute(query, (key.kid, key.credential_id))

    def forget_wrapped_keys_of(self, name: str) -> None:
        """Delete what belongs to a kid, or to a credential id."""
        query = "DELETE FROM wrapped_key WHERE kid = ? OR credential_id = ?"
        with _available():
            self._writer.execute(query, (name, name))

    # --- devices ----------------------------------------------------------------------------------

    def note_browser(self, user: str, reference: str, browser: str) -> None:
        """Keep which browser added a person's key or passkey; what was kept first stays."""
        row = (user, reference, browser)
        with _available():
            self._writer.execute(
                "INSERT INTO device VALUES(?, ?, ?, '') ON CONFLICT DO NOTHING", row
            )

    def label(self, user: str, reference: str, label: str) -> None:
        """Keep what a person calls a key or passkey, in place of an older label."""
        query = (
            "INSERT INTO device VALUES(?, ?, '', ?)"
            " ON CONFLICT DO UPDATE SET label = excluded.label"
        )
        with _available():
            self._writer.execute(query, (user, reference, label))

    def device_notes(self, user: str) -> dict[str, DeviceNote]:
        """Return what is remembered of a person's keys and passkeys, by reference."""
        query = "SELECT reference, browser, label FROM device WHERE user = ?"
        with _available():
            rows = self._reader.execute(query, (user,)).fetchall()
        return {reference: DeviceNote(*more) for reference, *more in rows}

    def open_device_link(self, link: DeviceLink) -> None:
        """Keep a person's link, in place of the one before."""
        with _available():
            device_links.keep(self._writer, link)

    def device_link(self, name: str | bytes) -> DeviceLink | None:
        """Return a person's newest link, or that with a secret of this digest; also if it ended."""
        with _available():
            return device_links.find(self._reader, name)

    def offer_by_link(self, secret_sha256: bytes, offer: bytes) -> bytes | None:
        """Keep the first offer by a link that was not ended; return what is kept."""
        with _available():
            return device_links.offer(self._writer, secret_sha256, offer)

    def end_device_link(self, user: str, ended: LinkEnd) -> None:
        """End a person's link; why it ended first stays."""
        with _available():
            device_links.end(self._writer, user, ended)

    # --- the access record ------------------------------------------------------------------------

    def note_access(self, access: Access, *, most: int = MOST_ACCESSES) -> None:
        """Keep a line of the access record, durably; lines that are too old or too many go."""
        with _available():
            access_record.keep(self._writer, access, most=most)

    def accesses(self, *, before: int | None, limit: int) -> list[tuple[int, Access]]:
        """Return lines of the access record with their numbers, the newest first."""
        with _available():
            return access_record.lines(self._reader, before=before, limit=limit)

    # --- counters and one-time names -------------------------------------------------------------

    def note_sign_count(self, credential_id: str, count: int, *, now_ms: int) -> None:
        """Keep a verified assertion's count, and when one did not grow.

        An authenticator that does not count says 0 every time (WebAuthn L3 section 6.1.1).
        """
        with _available():
            self._writer.execute(
                "INSERT INTO passkey_use VALUES(:id, :count, :now_ms, NULL)"
                " ON CONFLICT DO UPDATE SET"
                " fell_ms = iif(count + :count > 0 AND :count <= count, :now_ms, fell_ms),"
                " count = :count, used_ms = :now_ms",
                {"id": credential_id, "count": count, "now_ms": now_ms},
            )

    def fallen_counts(self) -> dict[str, int]:
        """Return the passkeys whose sign count did not grow, and when in ms since 1970."""
        query = "SELECT credential_id, fell_ms FROM passkey_use WHERE fell_ms IS NOT NULL"
        with _available():
            return dict(self._reader.execute(query).fetchall())

    def last_uses(self, credential_ids: Sequence[str]) -> dict[str, int]:
        """Return when these passkeys were last used, in ms since 1970, as far as it is known."""
        query = (
            "SELECT credential_id, used_ms FROM passkey_use"
            " WHERE credential_id IN (SELECT value FROM json_each(?))"
        )
        with _available():
            return dict(self._reader.execute(query, (json.dumps(credential_ids),)).fetchall())

    def use_once(self, name: str, *, now_ms: int, expires_ms: int) -> None:
        """Take a name that may be used once; raise RefusedError `already_used`."""
        with _available():
            if not one_time_names.use(self._writer, name, now_ms=now_ms, expires_ms=expires_ms):
                raise RefusedError("already_used", "this was used before")


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        detail = "sessions and ceremonies cannot be read or written now; try again"
        raise UnavailableError("state_unavailable", detail) from error


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
