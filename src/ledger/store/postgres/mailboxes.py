"""Mailboxes and feeds in the tables of the database; each call is one statement."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec.structs import astuple

from ledger.errors import UnavailableError
from ledger.store.ports.messages import Mailbox, MailTimes
from ledger.store.postgres.shared_state import SharedState

_FIELDS = Mailbox.__struct_fields__
_COLUMNS = ", ".join(_FIELDS)
_ALL = f"SELECT {_COLUMNS} FROM ledger.mailbox"  # noqa: S608  # names of this package
_KEEP_CODE = f"""
    INSERT INTO ledger.mailbox({_COLUMNS}) VALUES({", ".join(["%s"] * len(_FIELDS))})
    ON CONFLICT (person) DO UPDATE SET pending = excluded.pending,
        code_sha256 = excluded.code_sha256, code_until_ms = excluded.code_until_ms,
        code_tries = excluded.code_tries
"""
# Sent again after a lost connection, it counts a second code: that refuses, and gives none away.
_TAKE_CODE = """
    INSERT INTO ledger.mail_code VALUES(%s, %s, 1) ON CONFLICT (name) DO UPDATE
        SET day = excluded.day,
            sent = CASE WHEN mail_code.day = excluded.day THEN mail_code.sent + 1 ELSE 1 END
        WHERE mail_code.day <> excluded.day OR mail_code.sent < %s RETURNING 1
"""
_VERIFY = """
    UPDATE ledger.mailbox SET address = pending, pending = '', code_sha256 = '', code_tries = 0,
        verified_ms = %s, since = %s, leave = %s
        WHERE person = %s AND code_sha256 = %s AND pending <> '' RETURNING 1
"""
_IS_VERIFIED = "SELECT 1 FROM ledger.mailbox WHERE person = %s AND leave = %s"
_CHOOSE = """
    UPDATE ledger.mailbox SET times = %s, quiet_from = %s, quiet_to = %s, zone = %s,
        language = %s WHERE person = %s
"""
_END = "UPDATE ledger.mailbox SET times = 'security' WHERE person = %s AND leave = %s"
# Sent again after a lost connection, it takes a second attempt: that refuses, and gives none away.
_TRY = (
    "UPDATE ledger.mailbox SET code_tries = code_tries - 1 WHERE person = %s AND code_tries > 0"  # noqa: S608
    f" RETURNING {_COLUMNS}"
)
_REMOVE = """
    WITH gone AS (DELETE FROM ledger.message WHERE channel = 'mail' AND receiver = %s
        AND (state <> 'waiting' OR kind <> ALL(%s::text[])))
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

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with _available():
            return self._shared.rows(query, *values)

    def _change(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with _available():
            return self._shared.change(query, *values)

    def mailboxes(self) -> list[Mailbox]:
        """Return every mailbox, also those that are not verified."""
        return [_mailbox(row) for row in self._rows(f"{_ALL} ORDER BY person")]

    def mailbox(self, person: str) -> Mailbox | None:
        """Return a person's mailbox, None without one."""
        rows = self._rows(f"{_ALL} WHERE person = %s", person)
        return _mailbox(rows[0]) if rows else None

    def take_code(self, name: str, *, day: int, most: int) -> bool:
        """Count a code for a person or an address; False if `most` were counted on this day."""
        return bool(self._change(_TAKE_CODE, name, day, most))

    def keep_code(self, mailbox: Mailbox) -> None:
        """Keep a new mailbox; of one that is there, change the pending address and its code."""
        self._change(_KEEP_CODE, *astuple(mailbox))

    def verify_mailbox(
        self, person: str, code_sha256: bytes, *, at_ms: int, since: int, leave: bytes
    ) -> bool:
        """Let the pending address be the person's; False if there is another code by now."""
        if self._change(_VERIFY, at_ms, since, leave, person, code_sha256):
            return True
        # Sent again after a lost connection, the statement finds its own token.
        return bool(self._rows(_IS_VERIFIED, person, leave))

    def choose_times(
        self, person: str, times: MailTimes, *, quiet: tuple[int, int], zone: str, language: str
    ) -> None:
        """Keep when a person wants mail and in which language, and nothing else."""
        self._change(_CHOOSE, times, *quiet, zone, language, person)

    def end_mail(self, person: str, leave: bytes) -> None:
        """Send about the person's own keys only, if `leave` still is the mailbox's."""
        self._change(_END, person, leave)

    def take_try(self, person: str) -> Mailbox | None:
        """Take one attempt to type a code; return the mailbox, None if none is left."""
        rows = self._change(_TRY, person)
        return _mailbox(rows[0]) if rows else None

    def remove_mailbox(self, person: str, *, keep: Collection[str]) -> None:
        """Forget a person's mailbox and mail, but for what waits and is of the kinds to keep."""
        self._change(_REMOVE, person, [*keep], person)

    def keep_feed(self, person: str, token_sha256: bytes | None) -> None:
        """Keep the digest of the token of a person's feeds, or none."""
        if token_sha256 is None:
            self._change("DELETE FROM ledger.feed WHERE person = %s", person)
        else:
            self._change(_KEEP_FEED, person, token_sha256)

    def has_feed(self, person: str) -> bool:
        """Tell whether a person has feeds."""
        return bool(self._rows("SELECT 1 FROM ledger.feed WHERE person = %s", person))

    def feed_owners(self) -> list[str]:
        """Return everybody who has feeds."""
        return [str(row[0]) for row in self._rows("SELECT person FROM ledger.feed")]

    def person_of_feed(self, token_sha256: bytes) -> str | None:
        """Return whose feeds a token opens, None for another one."""
        query = "SELECT person FROM ledger.feed WHERE token_sha256 = %s"
        rows = self._rows(query, token_sha256)
        return str(rows[0][0]) if rows else None


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except UnavailableError as error:
        detail = "messages cannot be read or written now; try again"
        raise UnavailableError("messages_unavailable", detail) from error


def _mailbox(row: tuple[Any, ...]) -> Mailbox:
    values = [bytes(each) if isinstance(each, memoryview) else each for each in row]
    return msgspec.convert(dict(zip(_FIELDS, values, strict=True)), Mailbox)
