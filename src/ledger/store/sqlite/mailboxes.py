"""Mailboxes and feeds in the file of messages: a row of each for a person at most."""

import sqlite3

from msgspec.structs import astuple

from ledger.store.ports.messages import Mailbox

SCHEMA = """
CREATE TABLE IF NOT EXISTS mailbox(
    person TEXT PRIMARY KEY, address TEXT NOT NULL, verified_ms INTEGER, pending TEXT NOT NULL,
    code_sha256 BLOB NOT NULL,
    code_until_ms INTEGER NOT NULL, code_tries INTEGER NOT NULL, codes_day INTEGER NOT NULL,
    codes_sent INTEGER NOT NULL, since INTEGER NOT NULL, leave BLOB NOT NULL, times TEXT NOT NULL,
    quiet_from INTEGER NOT NULL, quiet_to INTEGER NOT NULL, zone TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS feed(person TEXT PRIMARY KEY, token_sha256 BLOB NOT NULL UNIQUE) STRICT;
"""
# The columns are in the order of Mailbox's fields.
_OF = "SELECT * FROM mailbox WHERE person = ?"
_KEEP = f"INSERT OR REPLACE INTO mailbox VALUES({','.join('?' * len(Mailbox.__struct_fields__))})"
_TRY = (
    "UPDATE mailbox SET code_tries = code_tries - 1 WHERE person = ? AND code_tries > 0 RETURNING *"
)


def every(db: sqlite3.Connection) -> list[Mailbox]:
    """Return every mailbox."""
    return [Mailbox(*row) for row in db.execute("SELECT * FROM mailbox ORDER BY person")]


def find(db: sqlite3.Connection, person: str) -> Mailbox | None:
    """Return a person's mailbox, None without one."""
    row = db.execute(_OF, (person,)).fetchone()
    return None if row is None else Mailbox(*row)


def keep(db: sqlite3.Connection, mailbox: Mailbox) -> None:
    """Keep a person's mailbox, in place of the one before."""
    db.execute(_KEEP, astuple(mailbox))


def take_try(db: sqlite3.Connection, person: str) -> Mailbox | None:
    """Take one attempt; return the mailbox, None if none is left."""
    row = db.execute(_TRY, (person,)).fetchone()
    return None if row is None else Mailbox(*row)


def remove(db: sqlite3.Connection, person: str) -> None:
    """Forget a person's mailbox and the mail that waits."""
    db.execute("DELETE FROM message WHERE channel = 'mail' AND receiver = ?", (person,))
    db.execute("DELETE FROM mailbox WHERE person = ?", (person,))


def keep_feed(db: sqlite3.Connection, person: str, token_sha256: bytes | None) -> None:
    """Keep the digest of the token of a person's feeds, or none."""
    db.execute("DELETE FROM feed WHERE person = ?", (person,))
    if token_sha256 is not None:
        db.execute("INSERT INTO feed VALUES(?, ?)", (person, token_sha256))


def person_of_feed(db: sqlite3.Connection, token_sha256: bytes) -> str | None:
    """Return whose feeds a token opens, None for another one."""
    query = "SELECT person FROM feed WHERE token_sha256 = ?"
    row = db.execute(query, (token_sha256,)).fetchone()
    return None if row is None else str(row[0])
