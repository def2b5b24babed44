"""A crash at any point of a publication, and two publishers of one log."""

import threading

import pytest

from ledger.errors import UnavailableError
from ledger.publish.publication import Publication
from ledger.settings import Settings
from ledger.store.ports.tree import Published
from ledger.tlog.merkle import Tile
from tests.support.logs import FOUNDING, Ledger, opened
from tests.support.publications import Crash, check_published, published_size, until


@pytest.mark.parametrize("place", ["tree.save", "state.swap", "tree.publish", "after publish"])
def test_a_crash_at_any_point_is_followed_by_the_same_tree(
    settings: Settings, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.publication.MOST_TILES", 2)
    with opened(settings) as ledger:
        ledger.publication().catch_up()
        ledger.fill(1500)
        publication = ledger.publication()

        def crash(*_: object) -> None:
            raise Crash

        def publish_and_crash(published: Published, tiles: list[Tile]) -> None:
            type(ledger.tree).publish(ledger.tree, published, tiles)
            raise Crash

        with pytest.MonkeyPatch.context() as patch:
            if place == "tree.save":
                patch.setattr(ledger.tree, "save", crash)
            elif place == "state.swap":
                patch.setattr(ledger.memory, "swap", crash)
            elif place == "tree.publish":
                patch.setattr(ledger.tree, "publish", crash)
            else:
                patch.setattr(ledger.tree, "publish", publish_and_crash)
            with pytest.raises(Crash):
                publication.step()
    with opened(settings) as ledger:
        promised = ledger.memory.get(ledger.keys.origin)
        ledger.fill(1600)
        assert ledger.publication().catch_up() == 1600
        sizes = [each.size for each in ledger.tree.checkpoints(0, 10)]
        behind = place in ("tree.publish", "after publish")
        assert sizes == ([2, 1500, 1600] if behind else [2, 1600])
        assert promised is not None
        assert promised.size == (1500 if behind else 2)
        check_published(ledger, 1600)


def test_what_was_promised_is_signed_alike_after_a_crash(ledger: Ledger) -> None:
    ledger.fill(10)
    notes: list[bytes] = []

    def crash(published: Published, _: list[Tile]) -> None:
        notes.append(published.note)
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger.tree, "publish", crash)
        with pytest.raises(Crash):
            ledger.publication().step()
    ledger.publication().catch_up()
    newest = ledger.tree.latest()
    assert newest is not None
    lines = [note.decode().splitlines() for note in (notes[0], newest.note)]
    assert lines[0][:5] == lines[1][:5]  # all but the ML-DSA-44 line, which states the time
    assert lines[0][5] != lines[1][5]


def test_keys_that_were_written_and_not_announced_are_announced_at_the_next_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.commands.log_keys.LedgerActs._append", crash)
        with pytest.raises(Crash):
            Ledger(settings)
    written = settings.log_keys.file.read_bytes()
    with opened(settings) as ledger:
        assert settings.log_keys.file.read_bytes() == written
        assert ledger.publication().catch_up() == FOUNDING


def stepped(publication: Publication) -> bool:
    """Take a step; one that the other publisher disturbed too often is taken again."""
    try:
        return publication.step()
    except UnavailableError:  # `contended`
        return True


def test_two_publishers_of_one_log_never_disagree(settings: Settings) -> None:
    failures: list[BaseException] = []
    writing = threading.Event()
    writing.set()

    def publish(ledger: Ledger) -> None:
        publication = ledger.publication()
        try:
            while writing.is_set() or stepped(publication):
                stepped(publication)
        except BaseException as error:  # noqa: BLE001  # shown by the test
            failures.append(error)

    with opened(settings) as first, opened(settings) as second, opened(settings) as writer:
        threads = [threading.Thread(target=publish, args=(each,)) for each in (first, second)]
        for thread in threads:
            thread.start()
        for size in range(10, 600, 7):
            writer.fill(size)
            if size % 5 == 0:
                until(
                    lambda: published_size(writer) == writer.store.head().stored or bool(failures)
                )
        writing.clear()
        for thread in threads:
            thread.join()
        assert failures == []
        writer.publication().catch_up()
        check_published(writer, writer.store.head().stored)
        assert len(writer.tree.checkpoints(0, 1000)) > 17


def test_a_publisher_that_is_late_follows_the_other(settings: Settings) -> None:
    with opened(settings) as first, opened(settings) as second:
        late = first.publication()
        late.catch_up()
        first.fill(300)
        assert second.publication().catch_up() == 300
        first.fill(310)
        assert late.catch_up() == 310
        check_published(first, 310)


def test_a_publisher_overtaken_between_promise_and_checkpoint_follows(
    settings: Settings,
) -> None:
    with opened(settings) as first, opened(settings) as second:
        first.fill(20)
        publish = first.tree.publish

        def overtaken(published: Published, tiles: list[Tile]) -> bool:
            second.fill(30)
            assert second.publication().catch_up() == 30
            return publish(published, tiles)

        late = first.publication()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(first.tree, "publish", overtaken)
            late.step()
        assert late.catch_up() == 30
        check_published(first, 30)
