"""Mailboxes and feeds in the tables of the database; each call is one statement."""

from typing import Any

import msgspec
from msgspec.structs import astuple

from ledger.store.ports.messages import Mailbox
from ledger.store.postgres.shared_state import SharedState

_FIELDS = Mailbox.__struct_fields__
_COLUMNS = ", ".join(_FIELDS)
_ALL = f"SELECT {_COLUMNS} FROM ledger.mailbox"  # noqa: S608  # names of this package
_SET = ", ".join(f"{field} = excluded.{field}" for field in _FIELDS if field != "person")
_KEEP = (
    f"INSERT INTO ledger.mailbox({_COLUMNS}) VALUES({', '.join(['%s'] * len(_FIELDS))})"
    f" ON CONFLICT (person) DO UPDATE SET {_SET}"
)
# Sent again after a lost connection, it takes a second attempt: that refuses, and gives none away.
_TRY = (
    "UPDATE ledger.mailbox SET code_tries = code_tries - 1 WHERE person = %s AND code_tries > 0"  # noqa: S608
    f" RETURNING {_COLUMNS}"
)
_REMOVE = """
    WITH gone AS (DELETE FROM ledger.message WHERE channel = 'mail' AND receiver = %s)
    DELETE FROM ledger.mailbox WHERE person = %s
"""
_KEEP_FEED = """
    INSERT INTO ledger.feed VALUES(%s, %s)
    ON CONFLICT (person) DO UPDATE SET token_sha256 = excluded.token_sha256
"""


class PostgresMailboxes:
    """The mailboxes and feeds of the ledger in one database."""

    def __init__(self, shared: SharedState) -> None:
        self._shared = shared

    def every(self) -> list[Mailbox]:
        """Return every mailbox."""
        return [_mailbox(row) for row in self._shared.rows(f"{_ALL} ORDER BY person")]

    def find(self, person: str) -> Mailbox | None:
        """Return a person's mailbox, None without one."""
        rows = self._shared.rows(f"{_ALL} WHERE person = %s", person)
        return _mailbox(rows[0]) if rows else None

    def keep(self, mailbox: Mailbox) -> None:
        """Keep a person's mailbox, in place of the one before."""
        self._shared.change(_KEEP, *astuple(mailbox))

    def take_try(self, person: str) -> Mailbox | None:
        """Take one attempt; return the mailbox, None if none is left."""
        rows = self._shared.change(_TRY, person)
        return _mailbox(rows[0]) if rows else None

    def remove(self, person: str) -> None:
        """Forget a person's mailbox and the mail that waits."""
        self._shared.change(_REMOVE, person, person)

    def keep_feed(self, person: str, token_sha256: bytes | None) -> None:
        """Keep the digest of the token of a person's feeds, or none."""
        if token_sha256 is None:
            self._shared.change("DELETE FROM ledger.feed WHERE person = %s", person)
        else:
            self._shared.change(_KEEP_FEED, person, token_sha256)

    def has_feed(self, person: str) -> bool:
        """Tell whether a person has feeds."""
        return bool(self._shared.rows("SELECT 1 FROM ledger.feed WHERE person = %s", person))

    def person_of_feed(self, token_sha256: bytes) -> str | None:
        """Return whose feeds a token opens, None for another one."""
        query = "SELECT person FROM ledger.feed WHERE token_sha256 = %s"
        rows = self._shared.rows(query, token_sha256)
        return str(rows[0][0]) if rows else None


def _mailbox(row: tuple[Any, ...]) -> Mailbox:
    values = [bytes(each) if isinstance(each, memoryview) else each for each in row]
    return msgspec.convert(dict(zip(_FIELDS, values, strict=True)), Mailbox)
