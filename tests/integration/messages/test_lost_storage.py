"""Messages whose file cannot be used: said so, waited out, and never in the way of the ledger."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ledger.errors import UnavailableError
from ledger.store.ports.messages import OutboxPlace
from ledger.store.sqlite.messages import SqliteMessages
from tests.support.refusals import refused


def test_a_file_that_cannot_be_used_is_told_by_its_code(tmp_path: Path) -> None:
    with closing(SqliteMessages(tmp_path / "messages.sqlite")) as messages:
        with closing(sqlite3.connect(tmp_path / "messages.sqlite")) as db:
            db.execute("DROP TABLE outbox")
        with refused(UnavailableError, "messages_unavailable"):
            messages.cursor()
        with refused(UnavailableError, "messages_unavailable"):
            messages.advance(None, OutboxPlace(1, b"", 0), [])
        assert messages.webhooks() == []


def test_a_file_without_the_newest_rows_gives_them_once_more(tmp_path: Path) -> None:
    with closing(SqliteMessages(tmp_path / "messages.sqlite")) as messages:
        place = OutboxPlace(1, b"", 0)
        assert messages.advance(None, place, [])
        with closing(sqlite3.connect(tmp_path / "messages.sqlite")) as db, db:
            db.execute("DELETE FROM outbox")
        assert messages.cursor() is None
        assert not messages.advance(place, OutboxPlace(2, b"", 0), [])
        assert messages.advance(None, place, [])
