"""What a restore does with the operational state: sessions end, and blocked people stay blocked."""

from contextlib import closing
from pathlib import Path

import pytest

from ledger.data_files import SESSIONS_FILE, VIEWS_FILE
from ledger.settings import Settings
from ledger.store.engines import open_directory, open_log, open_messages, open_operations
from ledger.store.ports.directory import DirectoryEntry
from ledger.store.ports.messages import Mailbox, Message, OutboxPlace, Webhook
from ledger.store.ports.operations import Access, DeviceNote
from tests.support.restores import backed_up, copied, grow, restored

LATER_MS = 100_000 * 24 * 60 * 60 * 1000


@pytest.fixture
def settings(ledger: Path, tmp_path: Path) -> Settings:
    return copied(ledger, tmp_path)


def test_a_restore_ends_sessions_and_read_models(settings: Settings, tmp_path: Path) -> None:
    backed_up(settings, tmp_path / "backup")
    with closing(open_operations(settings.log_address, settings.data, born_ms=0)) as state:
        state.open_session(
            "token", "alice", opened_by="kid", browser="Firefox", now_ms=1, expires_ms=LATER_MS
        )
        state.use_once("a name", now_ms=1, expires_ms=LATER_MS)
        key = state.ceremony_key
    restored(settings, tmp_path / "backup")
    assert not (settings.data / VIEWS_FILE).exists()
    with closing(open_operations(settings.log_address, settings.data, born_ms=7)) as state:
        assert state.sessions(["token"])[0] is None
        assert state.ceremony_key != key
        assert state.born_ms == 7  # names that were used before are not known
        state.use_once("a name", now_ms=1, expires_ms=LATER_MS)


def test_a_restore_lets_nobody_in_whom_the_directory_blocks(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    blocked = DirectoryEntry("block", "mallory", "mallory", "", b"left", 1)
    with closing(open_directory(settings.log_address, settings.data)) as directory:
        assert directory.add(blocked)
    read = Access(at_ms=1, person="alice", kind="statement", about="s")
    with closing(open_operations(settings.log_address, settings.data, born_ms=0)) as state:
        state.note_access(read)
        state.label("alice", "kid", "the blue one")
    restored(settings, tmp_path / "backup")
    with closing(open_directory(settings.log_address, settings.data)) as directory:
        assert directory.entry("block", "mallory") == blocked
    with closing(open_operations(settings.log_address, settings.data, born_ms=0)) as state:
        assert state.accesses(before=None, limit=9) == [(1, read)]
        assert state.device_notes("alice") == {"kid": DeviceNote(label="the blue one")}


def test_a_restore_replaces_sessions_that_cannot_be_read(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    (settings.data / SESSIONS_FILE).write_bytes(b"no database" * 999)
    restored(settings, tmp_path / "backup")
    assert not (settings.data / SESSIONS_FILE).exists()


def test_messages_about_what_was_lost_are_of_the_last_position(
    settings: Settings, tmp_path: Path
) -> None:
    backed_up(settings, tmp_path / "backup")
    grow(settings, 3)
    far = 1_000
    told = Message("m", "webhook", "hook", "s", "statement.approved", far, b"forty-two", 0, 0)
    box = Mailbox("ada", "", None, "a@example.com", b"c" * 32, LATER_MS, 5, 0, b"l" * 16)
    with closing(open_messages(settings.log_address, settings.data)) as messages:
        assert messages.advance(None, OutboxPlace(far, b"", 0), [told])
        assert messages.add_webhook(Webhook("hook", "ada", "u", b"", far, 0), most=1)
        messages.keep_code(box)
        assert messages.verify_mailbox("ada", b"c" * 32, at_ms=0, since=far, leave=b"l" * 16)
    restored(settings, tmp_path / "backup")
    with closing(open_log(settings.log_address)) as log:
        size = log.head().stored
    with closing(open_messages(settings.log_address, settings.data)) as messages:
        assert [each.since for each in messages.webhooks()] == [size]
        assert [each.since for each in messages.mailboxes()] == [size]
        assert messages.cursor() == OutboxPlace(size, b"", 0)
        messages.forget("s", before=size + 1)  # as its erasure does, which comes next
        assert messages.sent_to("hook", before=None, limit=9) == []
