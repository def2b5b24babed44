"""Mailboxes and feeds in the file of messages: a row of each for a person at most."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Lock

from msgspec.structs import astuple

from ledger.errors import UnavailableError
from ledger.sqlite.files import empty_write_ahead_log
from ledger.store.ports.messages import Mailbox, MailTimes

MAILBOX_SCHEMA = """
CREATE TABLE IF NOT EXISTS mailbox(
    person TEXT PRIMARY KEY, address TEXT NOT NULL, verified_ms INTEGER, pending TEXT NOT NULL,
    code_sha256 BLOB NOT NULL, code_until_ms INTEGER NOT NULL, code_tries INTEGER NOT NULL,
    since INTEGER NOT NULL, leave BLOB NOT NULL, times TEXT NOT NULL,
    quiet_from INTEGER NOT NULL, quiet_to INTEGER NOT NULL, zone TEXT NOT NULL,
    language TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS mail_code(
    name TEXT PRIMARY KEY, day INTEGER NOT NULL, sent INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS feed(person TEXT PRIMARY KEY, token_sha256 BLOB NOT NULL UNIQUE) STRICT;
"""
# The columns are in the order of Mailbox's fields.
_KEEP_CODE = (
    f"INSERT INTO mailbox VALUES({','.join('?' * len(Mailbox.__struct_fields__))})"
    " ON CONFLICT (person) DO UPDATE SET pending = excluded.pending,"
    " code_sha256 = excluded.code_sha256, code_until_ms = excluded.code_until_ms,"
    " code_tries = excluded.code_tries"
)
_TAKE_CODE = """
    INSERT INTO mail_code VALUES(?1, ?2, 1) ON CONFLICT (name) DO UPDATE
        SET sent = CASE WHEN day = ?2 THEN sent + 1 ELSE 1 END, day = ?2
        WHERE day <> ?2 OR sent < ?3 RETURNING 1
"""
_VERIFY = """
    UPDATE mailbox SET address = pending, pending = '', code_sha256 = x'', code_tries = 0,
        verified_ms = ?, since = ?, leave = ?
        WHERE person = ? AND code_sha256 = ? AND pending <> '' RETURNING 1
"""
_CHOOSE = (
    "UPDATE mailbox SET times = ?, quiet_from = ?, quiet_to = ?, zone = ?, language = ?"
    " WHERE person = ?"
)
_TRY = (
    "UPDATE mailbox SET code_tries = code_tries - 1 WHERE person = ? AND code_tries > 0 RETURNING *"
)


class SqliteMailboxes:
    """The mailboxes and feeds of one file: one connection, one transaction at a time."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._lock = Lock()
        self._db = db
        self._is_unwiped = False

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                if self._is_unwiped:
                    self._is_unwiped = not empty_write_ahead_log(db)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                yield self._db
        except sqlite3.Error as error:
            detail = "messages cannot be read or written now; try again"
            raise UnavailableError("messages_unavailable", detail) from error

    def mailboxes(self) -> list[Mailbox]:
        """Return every mailbox, also those that are not verified."""
        with self._reading() as db:
            return [Mailbox(*row) for row in db.execute("SELECT * FROM mailbox ORDER BY person")]

    def mailbox(self, person: str) -> Mailbox | None:
        """Return a person's mailbox, None without one."""
        with self._reading() as db:
            row = db.execute("SELECT * FROM mailbox WHERE person = ?", (person,)).fetchone()
            return None if row is None else Mailbox(*row)

    def take_code(self, name: str, *, day: int, most: int) -> bool:
        """Count a code for a person or an address; False if `most` were counted on this day."""
        with self._changing() as db:
            return db.execute(_TAKE_CODE, (name, day, most)).fetchone() is not None

    def keep_code(self, mailbox: Mailbox) -> None:
        """Keep a new mailbox; of one that is there, change the pending address and its code."""
        with self._changing() as db:
            db.execute(_KEEP_CODE, astuple(mailbox))

    def verify_mailbox(
        self, person: str, code_sha256: bytes, *, at_ms: int, since: int, leave: bytes
    ) -> bool:
        """Let the pending address be the person's; False if there is another code by now."""
        with self._changing() as db:
            values = (at_ms, since, leave, person, code_sha256)
            return db.execute(_VERIFY, values).fetchone() is not None

    def choose_times(
        self, person: str, times: MailTimes, *, quiet: tuple[int, int], zone: str, language: str
    ) -> None:
        """Keep when a person wants mail and in which language, and nothing else."""
        with self._changing() as db:
            db.execute(_CHOOSE, (times, *quiet, zone, language, person))

    def end_mail(self, person: str, leave: bytes) -> None:
        """Send about the person's own keys only, if `leave` still is the mailbox's."""
        query = "UPDATE mailbox SET times = 'security' WHERE person = ? AND leave = ?"
        with self._changing() as db:
            db.execute(query, (person, leave))

    def take_try(self, person: str) -> Mailbox | None:
        """Take one attempt to type a code; return the mailbox, None if none is left."""
        with self._changing() as db:
            row = db.execute(_TRY, (person,)).fetchone()
            return None if row is None else Mailbox(*row)

    def remove_mailbox(self, person: str, *, keep: Collection[str]) -> None:
        """Forget a person's mailbox and mail, but for what waits and is of the kinds to keep."""
        gone = (
            "DELETE FROM message WHERE channel = 'mail' AND receiver = ?"  # noqa: S608  # only marks
            f" AND (state <> 'waiting' OR kind NOT IN ({','.join('?' * len(keep))}))"
        )
        with self._changing() as db:
            self._is_unwiped = True
            db.execute(gone, (person, *keep))
            db.execute("DELETE FROM mailbox WHERE person = ?", (person,))

    def keep_feed(self, person: str, token_sha256: bytes | None) -> None:
        """Keep the digest of the token of a person's feeds, or none."""
        with self._changing() as db:
            db.execute("DELETE FROM feed WHERE person = ?", (person,))
            if token_sha256 is not None:
                db.execute("INSERT INTO feed VALUES(?, ?)", (person, token_sha256))

    def has_feed(self, person: str) -> bool:
        """Tell whether a person has feeds."""
        with self._reading() as db:
            found = db.execute("SELECT 1 FROM feed WHERE person = ?", (person,))
            return found.fetchone() is not None

    def feed_owners(self) -> list[str]:
        """Return everybody who has feeds."""
        with self._reading() as db:
            return [str(person) for (person,) in db.execute("SELECT person FROM feed")]

    def person_of_feed(self, token_sha256: bytes) -> str | None:
        """Return whose feeds a token opens, None for another one."""
        query = "SELECT person FROM feed WHERE token_sha256 = ?"
        with self._reading() as db:
            row = db.execute(query, (token_sha256,)).fetchone()
            return None if row is None else str(row[0])
