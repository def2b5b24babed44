"""The operational state in the database of the log: all servers of a ledger share it.

Each change is one SQL statement and one durable commit; a repetition changes nothing more.
"""

import hashlib
import secrets
from collections.abc import Sequence

from ledger.errors import RefusedError
from ledger.store.ports.operations import (
    ACCESS_DAYS,
    HOUR_MS,
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
from ledger.store.postgres import access_record
from ledger.store.postgres.shared_state import SharedState

KEY_BYTES = 32
CALL_BYTES = 16

# A call deletes at most a hundred expired rows, so that no call waits long.
_OPEN_SESSION = """
    WITH over AS (DELETE FROM ledger.open_session WHERE token_sha256 IN (
        SELECT token_sha256 FROM ledger.open_session WHERE expires_ms <= %s
        LIMIT 100 FOR UPDATE SKIP LOCKED)),
    oldest AS (DELETE FROM ledger.open_session WHERE token_sha256 IN (
        SELECT token_sha256 FROM ledger.open_session WHERE person = %s
        ORDER BY opened_ms DESC OFFSET %s LIMIT 100 FOR UPDATE SKIP LOCKED))
    INSERT INTO ledger.open_session VALUES(%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# The same count at the same time is the same call, sent again.
_NOTE_SIGN_COUNT = """
    INSERT INTO ledger.passkey_use AS kept VALUES(%s, %s, %s, NULL)
    ON CONFLICT (credential_id) DO UPDATE SET
        fell_ms = CASE WHEN kept.count + excluded.count > 0 AND excluded.count <= kept.count
            AND (excluded.count, excluded.used_ms) <> (kept.count, kept.used_ms)
            THEN excluded.used_ms ELSE kept.fell_ms END,
        count = excluded.count, used_ms = excluded.used_ms
"""
# The row without a name has the latest end of a name that was forgotten. A name that ended by then
# may be one of them: it is not taken, also after the clock was set back. One call at a time
# forgets.
_USE_ONCE = """
    WITH mark AS (SELECT FROM ledger.once WHERE name = '' FOR UPDATE SKIP LOCKED),
    over AS (DELETE FROM ledger.once WHERE EXISTS(SELECT FROM mark) AND name IN (
        SELECT name FROM ledger.once WHERE expires_ms <= %s AND name NOT IN ('', %s)
        LIMIT 100 FOR UPDATE SKIP LOCKED) RETURNING expires_ms),
    marked AS (UPDATE ledger.once SET
        expires_ms = greatest(expires_ms, (SELECT max(expires_ms) FROM over))
        WHERE name = '' AND EXISTS(SELECT FROM over))
    INSERT INTO ledger.once AS kept SELECT %s, %s, %s
        WHERE NOT EXISTS(SELECT FROM ledger.once WHERE name = '' AND expires_ms >= %s)
    ON CONFLICT (name) DO UPDATE SET expires_ms = excluded.expires_ms, call = excluded.call
        WHERE (kept.expires_ms <= %s AND kept.expires_ms < excluded.expires_ms)
            OR kept.call = excluded.call
    RETURNING 1
"""
_NOTHING_FORGOTTEN = "INSERT INTO ledger.once VALUES('', -1, '') ON CONFLICT DO NOTHING"
_KEEP_WRAPPED_KEY = """
    INSERT INTO ledger.wrapped_key AS kept VALUES(%s, %s, %s, %s)
    ON CONFLICT (person, kid, credential_id) DO UPDATE SET wrapped = kept.wrapped
    RETURNING wrapped
"""
_KEEP_LINK = """
    INSERT INTO ledger.device_link VALUES(%s, %s, %s, %s, %s, NULL, NULL)
    ON CONFLICT (person) DO UPDATE SET secret_sha256 = excluded.secret_sha256,
        ceremony = excluded.ceremony, nonce = excluded.nonce, expires_ms = excluded.expires_ms,
        offer = NULL, ended = NULL
    WHERE device_link.secret_sha256 <> excluded.secret_sha256
"""
# The columns are in the order of DeviceLink's fields.
_LINK = "SELECT * FROM ledger.device_link WHERE "


class PostgresState:
    """The operational state in one database."""

    def __init__(self, url: str, *, born_ms: int = 0) -> None:
        """Open it; a new one keeps `born_ms` for good, as its port says."""
        self._shared = SharedState(url)
        self._rows, self._change = self._shared.rows, self._shared.change
        try:
            self.ceremony_key = self._secret("ceremony")
            self.born_ms = self._birth(born_ms)
            self._change(_NOTHING_FORGOTTEN)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._shared.close()

    def _secret(self, name: str) -> bytes:
        """Return a random key of 32 bytes, the same to every server on this database."""
        row = (name, secrets.token_bytes(KEY_BYTES))
        self._change("INSERT INTO ledger.secret VALUES(%s, %s) ON CONFLICT DO NOTHING", *row)
        ((value,),) = self._rows("SELECT value FROM ledger.secret WHERE name = %s", name)
        return bytes(value)

    def _birth(self, born_ms: int) -> int:
        """Return when this state was created, which its first server decides."""
        self._change("INSERT INTO ledger.birth VALUES(1, %s) ON CONFLICT DO NOTHING", born_ms)
        ((ms,),) = self._rows("SELECT ms FROM ledger.birth")
        return int(ms)

    # --- sessions -----------------------------------------------------------------------------

    def open_session(
        self, token: str, user: str, *, opened_by: str, browser: str, now_ms: int, expires_ms: int
    ) -> None:
        """Open the session of a secret token; delete sessions that are over."""
        row = (_digest(token), user, opened_by, browser, now_ms, now_ms, expires_ms)
        self._change(_OPEN_SESSION, now_ms, user, MOST_SESSIONS - 1, *row)

    def sessions(self, tokens: Sequence[str]) -> list[tuple[str, str, int, int] | None]:
        """Return whose session each token opens, what opened it, its end and last use, in ms."""
        digests = [_digest(each) for each in tokens]
        query = (
            "SELECT token_sha256, person, opened_by, expires_ms, seen_ms"
            " FROM ledger.open_session WHERE token_sha256 = ANY(%s::bytea[])"
        )
        found = {bytes(digest): tuple(row) for digest, *row in self._rows(query, digests)}
        return [found.get(digest) for digest in digests]

    def see_session(self, token: str, *, now_ms: int) -> None:
        """Keep that a session was used now."""
        query = "UPDATE ledger.open_session SET seen_ms = %s WHERE token_sha256 = %s"
        self._change(query, now_ms, _digest(token))

    def sessions_of(self, user: str) -> list[OpenSession]:
        """Return a person's sessions, the newest first, also those that are over."""
        query = (
            "SELECT token_sha256, opened_by, browser, opened_ms, seen_ms, expires_ms"
            " FROM ledger.open_session WHERE person = %s ORDER BY opened_ms DESC"
        )
        rows = self._rows(query, user)
        return [OpenSession(session_id(digest), *more) for digest, *more in rows]

    def last_seen(self, users: Sequence[str]) -> dict[str, int]:
        """Return when sessions of these people were last used, in ms, as far as it is known."""
        query = (
            "SELECT person, max(seen_ms) FROM ledger.open_session"
            " WHERE person = ANY(%s::text[]) GROUP BY person"
        )
        return dict(self._rows(query, [*users]))

    def close_session_of(self, user: str, ended: str) -> None:
        """End one of a person's sessions by its id."""
        query = "SELECT token_sha256 FROM ledger.open_session WHERE person = %s"
        for (digest,) in self._rows(query, user):
            if session_id(digest) == ended:
                self._end_sessions("token_sha256", digest)

    def close_session(self, token: str) -> None:
        """End a session."""
        self._end_sessions("token_sha256", _digest(token))

    def close_sessions(self, user: str) -> None:
        """End all sessions of a person."""
        self._end_sessions("person", user)

    def close_sessions_of(self, opened_by: str) -> None:
        """End all sessions that a passkey or key opened."""
        self._end_sessions("opened_by", opened_by)

    def _end_sessions(self, column: str, value: str | bytes) -> None:
        self._change(f"DELETE FROM ledger.open_session WHERE {column} = %s", value)  # noqa: S608  # a column's name from this file

    # --- wrapped keys ---------------------------------------------------------------------------

    def keep_wrapped_key(self, user: str, key: WrappedKey) -> bool:
        """Keep a person's wrapped key; False if another of the same key and passkey is kept."""
        row = (user, key.kid, key.credential_id, key.wrapped)
        ((kept,),) = self._change(_KEEP_WRAPPED_KEY, *row)
        return bool(kept == key.wrapped)

    def wrapped_keys(self, user: str) -> list[WrappedKey]:
        """Return a person's wrapped keys."""
        query = "SELECT kid, credential_id, wrapped FROM ledger.wrapped_key WHERE person = %s"
        return [WrappedKey(*row) for row in self._rows(query, user)]

    def forget_wrapped_key(self, key: WrappedKey) -> None:
        """Delete one wrapped key."""
        query = "DELETE FROM ledger.wrapped_key WHERE kid = %s AND credential_id = %s"
        self._change(query, key.kid, key.credential_id)

    def forget_wrapped_keys_of(self, name: str) -> None:
        """Delete what belongs to a kid, or to a credential id."""
        query = "DELETE FROM ledger.wrapped_key WHERE kid = %s OR credential_id = %s"
        self._change(query, name, name)

    # --- devices ----------------------------------------------------------------------------------

    def note_browser(self, user: str, reference: str, browser: str) -> None:
        """Keep which browser added a person's key or passkey; what was kept first stays."""
        query = "INSERT INTO ledger.device VALUES(%s, %s, %s, '') ON CONFLICT DO NOTHING"
        self._change(query, user, reference, browser)

    def label(self, user: str, reference: str, label: str) -> None:
        """Keep what a person calls a key or passkey, in place of an older label."""
        query = (
            "INSERT INTO ledger.device VALUES(%s, %s, '', %s)"
            " ON CONFLICT (person, reference) DO UPDATE SET label = excluded.label"
        )
        self._change(query, user, reference, label)

    def device_notes(self, user: str) -> dict[str, DeviceNote]:
        """Return what is remembered of a person's keys and passkeys, by reference."""
        query = "SELECT reference, browser, label FROM ledger.device WHERE person = %s"
        return {reference: DeviceNote(*more) for reference, *more in self._rows(query, user)}

    def open_device_link(self, link: DeviceLink) -> None:
        """Keep a person's link, in place of the one before."""
        row = (link.user, link.secret_sha256, link.ceremony, link.nonce, link.expires_ms)
        self._change(_KEEP_LINK, *row)

    def device_link(self, name: str | bytes) -> DeviceLink | None:
        """Return a person's newest link, or that with a secret of this digest; also if it ended."""
        query = _LINK + ("person = %s" if isinstance(name, str) else "secret_sha256 = %s")
        for row in self._rows(query, name):
            return DeviceLink(*row)
        return None

    def offer_by_link(self, secret_sha256: bytes, offer: bytes) -> bytes | None:
        """Keep the first offer by a link that was not ended; return what is kept."""
        query = (
            "UPDATE ledger.device_link SET offer = coalesce(offer, %s)"
            " WHERE secret_sha256 = %s AND ended IS NULL RETURNING offer"
        )
        for (kept,) in self._change(query, offer, secret_sha256):
            return bytes(kept)
        return None

    def end_device_link(self, user: str, ended: LinkEnd) -> None:
        """End a person's link; why it ended first stays."""
        query = "UPDATE ledger.device_link SET ended = coalesce(ended, %s) WHERE person = %s"
        self._change(query, ended, user)

    # --- the access record ------------------------------------------------------------------------

    def note_access(self, access: Access, *, most: int = MOST_ACCESSES) -> None:
        """Keep a line of the access record; lines that are too old or too many go."""
        hour = access.at_ms // HOUR_MS
        row = (access.at_ms, hour, access.person, access.kind, access.about or "")
        query = (
            "SELECT ledger.note_access(%s::bigint, %s::bigint, %s, %s, %s, %s::bigint, %s::bigint)"
        )
        self._change(query, *row, hour - ACCESS_DAYS * 24, most)

    def accesses(self, *, before: int | None, limit: int) -> list[tuple[int, Access]]:
        """Return lines of the access record with their numbers, the newest first."""
        return access_record.lines(self._rows(access_record.LINES, before, before, limit))

    # --- counters and one-time names -------------------------------------------------------------

    def note_sign_count(self, credential_id: str, count: int, *, now_ms: int) -> None:
        """Keep a verified assertion's count, and when one did not grow.

        An authenticator that does not count says 0 every time (WebAuthn L3 section 6.1.1).
        """
        self._change(_NOTE_SIGN_COUNT, credential_id, count, now_ms)

    def fallen_counts(self) -> dict[str, int]:
        """Return the passkeys whose sign count did not grow, and when in ms since 1970."""
        query = "SELECT credential_id, fell_ms FROM ledger.passkey_use WHERE fell_ms IS NOT NULL"
        return dict(self._rows(query))

    def last_uses(self, credential_ids: Sequence[str]) -> dict[str, int]:
        """Return when these passkeys were last used, in ms since 1970, as far as it is known."""
        query = (
            "SELECT credential_id, used_ms FROM ledger.passkey_use"
            " WHERE credential_id = ANY(%s::text[])"
        )
        return dict(self._rows(query, [*credential_ids]))

    def use_once(self, name: str, *, now_ms: int, expires_ms: int) -> None:
        """Take a name that may be used once; raise RefusedError `already_used`."""
        row = (name, expires_ms, secrets.token_bytes(CALL_BYTES))
        if not self._change(_USE_ONCE, now_ms, name, *row, expires_ms, now_ms):
            raise RefusedError("already_used", "this was used before")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
