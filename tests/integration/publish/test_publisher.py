"""The publisher's thread: it follows commits, outlasts outages, and stops at a bug."""

import sqlite3
import threading
from pathlib import Path

import pytest

from ledger.errors import UnavailableError
from ledger.publish.publication import Publication
from ledger.publish.publisher import Publisher, PublishingTimes
from ledger.settings import Settings
from ledger.store.sqlite.tree import SqliteTree
from tests.support.logs import FOUNDING, Ledger, opened
from tests.support.publications import backed_up, check_published, publisher_of, restored, until


def wait_for(publisher: Publisher, size: int) -> None:
    reached = threading.Event()
    with publisher.listening(lambda now: reached.set() if now >= size else None):
        if publisher.size < size:
            assert reached.wait(10)


def test_the_publisher_follows_commits_of_this_and_other_processes(settings: Settings) -> None:
    with opened(settings) as ledger, opened(settings) as other:
        publisher = publisher_of(ledger)
        publisher.open()
        publisher.start()
        ledger.fill(10)
        publisher.committed(10)
        wait_for(publisher, 10)
        other.fill(300)  # no wake: it polls
        wait_for(publisher, 300)
        assert publisher.reasons() == []
        publisher.require_sound()
        publisher.stop()
        check_published(ledger, 300)


def test_a_start_on_a_restored_backup_takes_no_write_and_says_why(
    settings: Settings, tmp_path: Path
) -> None:
    with opened(settings) as ledger:
        backed_up(ledger, tmp_path / "backup")
        ledger.fill(20)
        ledger.publication().catch_up()
    restored(settings, tmp_path / "backup")
    with opened(settings) as ledger:
        publisher = publisher_of(ledger)
        publisher.open()
        with pytest.raises(UnavailableError) as refused:
            publisher.require_sound()
        assert refused.value.code == "log_rolled_back"
        (reason,) = publisher.reasons()
        assert "the log has 2 entries, but a checkpoint of 20 was signed" in reason
        publisher.start()
        publisher.stop()
        assert publisher.is_over


def test_a_start_that_still_compares_takes_no_write(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        backed_up(ledger, tmp_path / "backup")
        ledger.fill(20)
        ledger.publication().catch_up()
    restored(settings, tmp_path / "backup")
    with opened(settings) as ledger:
        ledger.fill(25)
        publisher = publisher_of(ledger)
        publisher.open()
        assert publisher.reasons() == []
        with pytest.raises(UnavailableError) as refused:
            publisher.require_sound()
        assert refused.value.code == "not_yet"
        publisher.start()
        until(lambda: publisher.failure is not None)
        publisher.stop()
        with pytest.raises(UnavailableError) as refused:
            publisher.require_sound()
        assert refused.value.code == "log_forked"


def test_a_tail_that_is_not_published_for_long_is_reported(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = publisher_of(ledger)
    publisher.open()
    monkeypatch.setattr("ledger.publish.publisher.ALARM_S", 0.0)
    assert (publisher.reasons(), publisher.tail_age_s()) == ([], 0.0)
    publisher.committed(FOUNDING)
    until(lambda: publisher.tail_age_s() > 0)
    assert publisher.reasons() == ["the log has not been published for 0 s"]
    publisher.start()
    wait_for(publisher, FOUNDING)
    publisher.stop()
    assert (publisher.reasons(), publisher.tail_age_s()) == ([], 0.0)


def test_a_tail_that_is_too_old_takes_no_write_until_it_is_published(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.publisher.FIRST_RETRY_S", 0.01)
    publisher = Publisher(
        ledger.tree,
        ledger.memory,
        ledger.keys,
        ledger.writer.now_ms,
        times=PublishingTimes(0.01, 0.05),
    )
    publisher.open()
    publisher.start()
    wait_for(publisher, FOUNDING)
    with sqlite3.connect(ledger.settings.signer_memory, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # another program keeps the signer's memory locked
        ledger.fill(10)
        publisher.committed(10)
        until(lambda: publisher.tail_age_s() > 0.05)
        with pytest.raises(UnavailableError) as refused:
            publisher.require_sound()
        assert refused.value.code == "publication_late"
        other.execute("ROLLBACK")
    other.close()
    wait_for(publisher, 10)
    publisher.require_sound()
    publisher.stop()
    check_published(ledger, 10)


def test_a_signers_memory_that_takes_nothing_is_an_outage_and_not_a_loop(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.publisher.FIRST_RETRY_S", 0.01)
    publisher = publisher_of(ledger)
    publisher.open()
    publisher.start()
    wait_for(publisher, FOUNDING)
    with sqlite3.connect(ledger.settings.signer_memory, isolation_level=None) as other:
        other.execute("CREATE TRIGGER deaf BEFORE UPDATE ON signed BEGIN SELECT RAISE(IGNORE); END")
        ledger.fill(10)
        publisher.committed(10)
        until(lambda: publisher.failure is not None)
        (reason,) = publisher.reasons()
        assert "contended: the signer's memory does not take the next size" in reason
        assert not publisher.is_over
        other.execute("DROP TRIGGER deaf")
    other.close()
    wait_for(publisher, 10)
    publisher.stop()
    check_published(ledger, 10)


def test_an_outage_passes_and_is_tried_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.publisher.FIRST_RETRY_S", 0.01)
    failing = [True]
    heads = ledger.tree.head

    def head() -> int:
        if failing[0]:
            raise UnavailableError("storage_failed", "the log cannot be read")
        return heads()

    monkeypatch.setattr(ledger.tree, "head", head)
    publisher = publisher_of(ledger)
    publisher.open()
    publisher.start()
    until(lambda: publisher.failure is not None)
    assert not publisher.is_over
    assert publisher.reasons() == [
        "the log is not published: storage_failed: the log cannot be read (retried for 0 s)"
    ]
    failing[0] = False
    wait_for(publisher, FOUNDING)
    publisher.stop()
    assert publisher.failure is None


def test_a_bug_stops_the_publisher_and_is_seen(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Publication) -> bool:
        raise KeyError("x")

    monkeypatch.setattr(Publication, "step", broken)
    publisher = publisher_of(ledger)
    publisher.open()
    publisher.start()
    until(lambda: publisher.failure is not None)
    publisher.stop()
    with pytest.raises(UnavailableError) as refused:
        publisher.require_sound()
    assert refused.value.code == "log_unsound"


def test_a_long_catch_up_ends_when_it_is_stopped(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.publication.MOST_ENTRIES", 10)
    monkeypatch.setattr("ledger.publish.publication.PAUSE_S", 10.0)
    ledger.fill(100)
    publisher = publisher_of(ledger)
    publisher.open()
    publisher.start()
    publisher.stop()
    assert publisher.size == 0
    assert publisher.failure is None


def test_a_stop_publishes_what_was_committed(settings: Settings) -> None:
    with opened(settings) as ledger:
        now_ms = ledger.writer.now_ms
        publisher = Publisher(
            ledger.tree, ledger.memory, ledger.keys, now_ms, times=PublishingTimes(60)
        )
        publisher.open()
        publisher.start()
        wait_for(publisher, FOUNDING)
        ledger.fill(30)  # the publisher rests now
        publisher.stop()
        assert publisher.size == 30
        check_published(ledger, 30)


def test_a_stop_finishes_what_was_promised_and_the_rest(settings: Settings) -> None:
    with opened(settings) as ledger:
        promise_without_checkpoint(ledger)
        ledger.fill(30)
        publisher = publisher_of(ledger)
        publisher.open()
        publisher.start()
        publisher.stop()
        assert publisher.size == 30
        check_published(ledger, 30)


def promise_without_checkpoint(ledger: Ledger) -> None:
    """Die between the promise of the first checkpoint and the checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteTree, "publish", _die)
        with pytest.raises(KeyboardInterrupt):
            ledger.publication().catch_up()


def _die(*_: object) -> bool:
    raise KeyboardInterrupt


def test_a_stop_in_an_outage_leaves_the_rest_to_the_next_start(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(self: Publication) -> bool:
        raise UnavailableError("storage_failed", "the log cannot be read")

    publisher = publisher_of(ledger)
    publisher.open()
    monkeypatch.setattr(Publication, "step", away)
    publisher.start()
    publisher.stop()
    assert publisher.size == 0
    assert "the rest of the log was not published: storage_failed" in caplog.text
