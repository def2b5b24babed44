"""Messages in a small SQLite file beside the log, mode 0600.

`synchronous` is NORMAL: after a power cut the last transactions can be missing. Then their messages
get the same ids once more, or are sent again. What an erasure takes away is overwritten, as in the
log: a type can let messages tell content.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import astuple

from ledger.data_files import MESSAGES_LOCK
from ledger.errors import ConflictError
from ledger.sqlite.files import closed_on_error, open_private, use_write_ahead_log
from ledger.store.ports.messages import (
    DAY_MS,
    KEEP_MS,
    MOST_KEPT,
    Channel,
    Message,
    OutboxPlace,
    SendAttempt,
    Sending,
    Webhook,
)
from ledger.store.sqlite.mailboxes import MAILBOX_SCHEMA, SqliteMailboxes
from ledger.system.directory_lock import alone

_SCHEMA = """
PRAGMA synchronous=NORMAL;
PRAGMA secure_delete=ON;
CREATE TABLE IF NOT EXISTS outbox(
    id INTEGER PRIMARY KEY CHECK(id = 1), position INTEGER NOT NULL, leaf BLOB NOT NULL,
    until_ms INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS message(
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, channel TEXT NOT NULL,
    receiver TEXT NOT NULL, subject TEXT NOT NULL, kind TEXT NOT NULL, position INTEGER NOT NULL,
    body BLOB NOT NULL, made_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, state TEXT NOT NULL,
    tries INTEGER NOT NULL, tried_ms INTEGER, said TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS message_due ON message(due_ms) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS message_order ON message(receiver, subject, number)
    WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS message_receiver ON message(receiver, number);
CREATE INDEX IF NOT EXISTS message_subject ON message(subject);
CREATE TABLE IF NOT EXISTS webhook(
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, url TEXT NOT NULL, secret BLOB NOT NULL,
    since INTEGER NOT NULL, made_ms INTEGER NOT NULL, paused TEXT NOT NULL, failing_ms INTEGER)
    STRICT;
"""
# The columns are in the order of the fields of Message, then of Sending.
_SENDING = (
    "SELECT number, id, channel, receiver, subject, kind, position, body, made_ms, due_ms, state,"
    " tries, tried_ms, said FROM message m"
)
_FIRST = (
    "NOT EXISTS(SELECT 1 FROM message e WHERE e.receiver = m.receiver AND e.subject = m.subject"
    " AND e.state = 'waiting' AND e.number < m.number)"
)
_KEEP = (
    "INSERT INTO message(id, channel, receiver, subject, kind, position, body, made_ms, due_ms,"
    " state, tries, said) VALUES(?,?,?,?,?,?,?,?,?,'waiting',0,'') ON CONFLICT DO NOTHING"
)


class SqliteMessages(SqliteMailboxes):
    """One file, one connection, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        self._lock_file = path.with_name(MESSAGES_LOCK)
        self._lease = ExitStack()
        self._is_leased = False
        super().__init__(open_private(path))
        with closed_on_error(self._db):
            use_write_ahead_log(self._db)
            self._db.executescript(_SCHEMA + MAILBOX_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._lease.close()
        with self._lock:
            self._db.close()

    def lease(self, holder: str) -> bool:  # the lock is this object's
        """Take the right to send; False while another process has it. It ends with the process."""
        if not self._is_leased:
            try:
                self._lease.enter_context(alone(self._lock_file))
            except ConflictError:
                return False
            self._is_leased = True
        return True

    def release(self, holder: str) -> None:  # the lock is this object's
        """Give the right to send back."""
        self._lease.close()
        self._is_leased = False

    # --- the outbox -----------------------------------------------------------------------------

    def cursor(self) -> OutboxPlace | None:
        """Return how far the log was read; None before the first time."""
        with self._reading() as db:
            return _cursor(db)

    def advance(
        self, old: OutboxPlace | None, new: OutboxPlace, messages: Sequence[Message]
    ) -> bool:
        """Keep messages and move the cursor, both or neither, if it is `old`."""
        with self._changing() as db:
            if _cursor(db) != old:
                return False
            place = (new.position, new.leaf, new.until_ms)
            db.execute("INSERT OR REPLACE INTO outbox VALUES(1,?,?,?)", place)
            db.executemany(_KEEP, map(astuple, messages))
            return True

    def put(self, message: Message) -> None:
        """Keep a message that comes from no event."""
        with self._changing() as db:
            db.execute(_KEEP, astuple(message))

    def due(self, to: str, now_ms: int, *, limit: int) -> list[Sending]:
        """Return messages to send to a receiver now: of each subject the first that waits."""
        query = (
            f"{_SENDING} WHERE receiver = ? AND state = 'waiting' AND due_ms <= ? AND {_FIRST}"
            " ORDER BY number LIMIT ?"
        )
        with self._reading() as db:
            return [*map(_sending, db.execute(query, (to, now_ms, limit)).fetchall())]

    def next_due_ms(self) -> int | None:
        """Return when the next message is due, None without one."""
        query = f"SELECT min(due_ms) FROM message m WHERE state = 'waiting' AND {_FIRST}"  # noqa: S608  # constants
        with self._reading() as db:
            found: int | None = db.execute(query).fetchone()[0]
            return found

    def attempted(self, attempts: Sequence[SendAttempt]) -> None:
        """Keep the results of attempts."""
        rows = [(a.state, a.at_ms, a.next_ms, a.said, a.number) for a in attempts]
        query = (
            "UPDATE message SET state = ?, tries = tries + 1, tried_ms = ?,"
            " due_ms = coalesce(?, due_ms), said = ? WHERE number = ?"
        )
        with self._changing() as db:
            db.executemany(query, rows)

    def sent_to(self, to: str, *, before: int | None, limit: int) -> list[Sending]:
        """Return messages to a receiver, the newest first; `before` is a number."""
        query = (
            f"{_SENDING} WHERE receiver = ? AND number < coalesce(?, number + 1)"
            " ORDER BY number DESC LIMIT ?"
        )
        with self._reading() as db:
            return [*map(_sending, db.execute(query, (to, before, limit)).fetchall())]

    def again(self, to: str, number: int, *, now_ms: int) -> bool:
        """Have a message to this receiver sent once more; False if it is not kept."""
        query = (
            "UPDATE message SET state = 'waiting', tries = 0, due_ms = ?"
            " WHERE receiver = ? AND number = ? RETURNING 1"
        )
        with self._changing() as db:
            return db.execute(query, (now_ms, to, number)).fetchone() is not None

    def prune(self, *, now_ms: int, most: int = MOST_KEPT) -> None:
        """Forget finished messages: after KEEP_MS, and the oldest of more than `most` messages."""
        query = (
            "DELETE FROM message WHERE state <> 'waiting' AND"
            " (tried_ms < ? OR number <= (SELECT max(number) FROM message) - ?)"
        )
        with self._changing() as db:
            db.execute(query, (now_ms - KEEP_MS, most))
            db.execute("DELETE FROM mail_code WHERE day < ?", (now_ms // DAY_MS,))

    def forget(self, subject: str, *, before: int) -> None:
        """Forget every message about a stream from before a position."""
        query = "DELETE FROM message WHERE subject = ? AND position < ?"
        with self._changing() as db:
            self._is_unwiped = True
            db.execute(query, (subject, before))

    # --- bounds -----------------------------------------------------------------------------------

    def crowded(self, channel: Channel, most: int) -> list[str]:
        """Return the receivers for whom more than `most` messages wait."""
        query = (
            "SELECT receiver FROM message WHERE state = 'waiting' AND channel = ?"
            " GROUP BY receiver HAVING count(*) > ?"
        )
        with self._reading() as db:
            return [to for (to,) in db.execute(query, (channel, most)).fetchall()]

    def waiting(self, to: str, *, limit: int) -> list[Sending]:
        """Return what waits for a receiver, the oldest first."""
        query = f"{_SENDING} WHERE receiver = ? AND state = 'waiting' ORDER BY number LIMIT ?"
        with self._reading() as db:
            return [*map(_sending, db.execute(query, (to, limit)).fetchall())]

    def fold(self, numbers: Sequence[int], into: Message) -> None:
        """Keep one message in place of several that wait, both or neither."""
        query = "DELETE FROM message WHERE number = ? AND state = 'waiting'"
        with self._changing() as db:
            db.executemany(query, [(number,) for number in numbers])
            db.execute(_KEEP, astuple(into))

    def put_off(self, numbers: Sequence[int], due_ms: int) -> None:
        """Let messages that wait be due at another time; this is no attempt."""
        query = "UPDATE message SET due_ms = ? WHERE number = ? AND state = 'waiting'"
        with self._changing() as db:
            db.executemany(query, [(due_ms, number) for number in numbers])

    def letters_since(self, person: str, since_ms: int) -> list[int]:
        """Return the times at which mail to a person was delivered, each once, the oldest first."""
        query = (
            "SELECT DISTINCT tried_ms FROM message WHERE receiver = ? AND channel = 'mail'"
            " AND state = 'delivered' AND tried_ms >= ? ORDER BY tried_ms"
        )
        with self._reading() as db:
            return [at_ms for (at_ms,) in db.execute(query, (person, since_ms)).fetchall()]

    # --- webhooks -------------------------------------------------------------------------------

    def add_webhook(self, webhook: Webhook, *, most: int) -> bool:
        """Keep a webhook; False if there are `most`."""
        with self._changing() as db:
            if db.execute("SELECT count(*) FROM webhook").fetchone()[0] >= most:
                return False
            db.execute("INSERT INTO webhook VALUES(?,?,?,?,?,?,?,?)", astuple(webhook))
            return True

    def webhooks(self) -> list[Webhook]:
        """Return all webhooks, the oldest first."""
        with self._reading() as db:
            rows = db.execute("SELECT * FROM webhook ORDER BY made_ms, id").fetchall()
        return [Webhook(*row) for row in rows]

    def remove_webhook(self, webhook: str) -> bool:
        """Forget a webhook and its messages; False if there is none."""
        with self._changing() as db:
            db.execute("DELETE FROM message WHERE receiver = ?", (webhook,))
            query = "DELETE FROM webhook WHERE id = ? RETURNING 1"
            return db.execute(query, (webhook,)).fetchone() is not None

    def resume_webhook(self, webhook: str, *, since: int) -> bool:
        """Send to a webhook again what comes after a position; False if there is none."""
        query = (
            "UPDATE webhook SET paused = '', failing_ms = NULL, since = ? WHERE id = ? RETURNING 1"
        )
        with self._changing() as db:
            return db.execute(query, (since, webhook)).fetchone() is not None

    def note_webhook(self, webhook: str, *, paused: str, failing_ms: int | None) -> None:
        """Keep how a webhook does; giving up on it gives up its waiting messages."""
        query = "UPDATE webhook SET paused = ?, failing_ms = ? WHERE id = ?"
        give_up = (
            "UPDATE message SET state = 'given_up', said = ?1,"
            " tried_ms = coalesce(tried_ms, due_ms) WHERE receiver = ?2 AND state = 'waiting'"
        )
        with self._changing() as db:
            db.execute(query, (paused, failing_ms, webhook))
            if paused:
                db.execute(give_up, (paused, webhook))

    # --- mail -------------------------------------------------------------------------------------

    def mail_due(self, now_ms: int, *, limit: int) -> list[Sending]:
        """Return mail to send now, the oldest first."""
        query = (
            f"{_SENDING} WHERE channel = 'mail' AND state = 'waiting' AND due_ms <= ?"
            " ORDER BY number LIMIT ?"
        )
        with self._reading() as db:
            return [*map(_sending, db.execute(query, (now_ms, limit)).fetchall())]


def _cursor(db: sqlite3.Connection) -> OutboxPlace | None:
    row = db.execute("SELECT position, leaf, until_ms FROM outbox").fetchone()
    return None if row is None else OutboxPlace(*row)


def _sending(row: Sequence[object]) -> Sending:
    number, *message = row[:10]
    return Sending(number, Message(*message), *row[10:])  # type: ignore[arg-type]  # the columns' types
