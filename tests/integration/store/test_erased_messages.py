"""What messages told of an erased statement is in no byte of their file."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.store.ports.messages import Mailbox, Message, OutboxPlace
from ledger.store.sqlite.messages import SqliteMessages

SECRET, ADDRESS = b"forty-two thousand", "ada@secret.example"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "messages.sqlite"


def files(file: Path) -> bytes:
    return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))


def fill(messages: SqliteMessages) -> None:
    told = [
        Message(f"m{number}", "webhook", "hook", "s", "statement.drafted", 5, SECRET * 50, 0, 0)
        for number in range(20)
    ]
    assert messages.advance(None, OutboxPlace(5, b"a" * 32, 10), told)
    messages.keep_code(Mailbox("ada", "", None, ADDRESS, b"c" * 32, 9, 5, 0, b"l" * 16))


def test_what_is_forgotten_is_overwritten(file: Path) -> None:
    with closing(SqliteMessages(file)) as messages:
        fill(messages)
        assert SECRET in files(file)
        messages.forget("s", before=6)
        messages.remove_mailbox("ada", keep=())
        assert SECRET not in files(file)
        assert ADDRESS.encode() not in files(file)


def test_a_reader_delays_that_until_a_later_change(file: Path) -> None:
    with closing(SqliteMessages(file)) as messages:
        fill(messages)
        with closing(sqlite3.connect(file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM message").fetchall()
            messages.forget("s", before=6)
            assert SECRET in files(file)
        messages.keep_feed("ada", None)
        assert SECRET not in files(file)
