"""What is signed, and what is refused: crashes, restored backups, forks, damaged tiles."""

import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.data_files import LEDGER_KEY_FILE, LOG_FILE
from ledger.domain.entry import leaf_hash
from ledger.errors import ConflictError, CorruptError, LedgerError, UnavailableError
from ledger.publish.publication import Publication
from ledger.publish.publisher import Publisher
from ledger.settings import Settings
from ledger.store.sqlite.endorsements import Endorsements
from ledger.store.sqlite.signer_state import SignerState
from ledger.store.sqlite.tree import Published
from ledger.tlog import checkpoint, merkle
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Prover, Tile
from ledger.verify.auditor import Auditor
from tests.support.logs import FOUNDING, Ledger, opened, settings_of
from tests.support.trees import root_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "data")


@pytest.fixture
def ledger(settings: Settings) -> Iterator[Ledger]:
    with opened(settings) as ledger:
        yield ledger


def check_published(ledger: Ledger, size: int) -> None:
    """Everything that an auditor without the bodies can check of what is published."""
    rows = ledger.store.read(0, 1_000_000)
    leaves = [leaf_hash(state) for _, state in rows]
    published = ledger.tree.checkpoints(0, 1_000_000)
    assert published[-1].size == size
    before = Checkpoint(ledger.keys.origin, 0, merkle.EMPTY_ROOT)
    prover = Prover(size, ledger.tree.tile)
    for each in published:
        found = checkpoint.verify_note(
            each.note, ledger.keys.keys(each.size), expected_origin=ledger.keys.origin
        )
        now = found.checkpoint
        assert now == Checkpoint(ledger.keys.origin, each.size, each.root)
        assert now.root == root_of(b"".join(leaves[: each.size]))
        merkle.verify_consistency(
            before.size,
            before.root,
            now.size,
            now.root,
            prover.consistency(before.size, now.size),
        )
        before = now
    assert ledger.state.get(ledger.keys.origin) == before


def published_size(ledger: Ledger) -> int:
    newest = ledger.tree.latest()
    return 0 if newest is None else newest.size


def until(condition: Callable[[], bool]) -> None:
    """Return once another thread has made it true."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def edit(ledger: Ledger, sql: str, *values: object) -> None:
    """Change the file as somebody does who passes by the triggers."""
    with sqlite3.connect(ledger.store.path, isolation_level=None) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        stored = triggers.fetchall()
        for name, _ in stored:
            db.execute(f"DROP TRIGGER {name}")
        assert db.execute(sql, values).rowcount
        for _, text in stored:
            db.execute(text)
    db.close()


# --- founding and growing ----------------------------------------------------------------------


def test_a_new_ledger_announces_its_log_keys_behind_its_founding(ledger: Ledger) -> None:
    auditor = Auditor()
    for position, state in ledger.store.read(0, 10):
        auditor.add(position, state)
    assert auditor.position == FOUNDING
    assert auditor.charter is not None
    announced = [key.vkey for key in auditor.charter.log_keys]
    assert announced == [signer.key.vkey for signer in ledger.keys.signers(FOUNDING)]
    assert [key.first_size for key in auditor.charter.log_keys] == [FOUNDING, FOUNDING]


def test_the_key_files_are_for_their_owner_only(ledger: Ledger) -> None:
    for path in (ledger.settings.log_keys, ledger.settings.log_state, ledger.store.path):
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_keys_may_stand_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    elsewhere = {
        "LEDGER_LOG_KEYS": str(secret / "keys.pem"),
        "LEDGER_LOG_STATE": str(secret / "state.sqlite"),
    }
    with opened(settings_of(tmp_path / "data", **elsewhere)) as ledger:
        assert ledger.publication().catch_up() == FOUNDING
    assert sorted(path.name for path in secret.iterdir()) == ["keys.pem", "state.sqlite"]
    assert not list((tmp_path / "data").glob("log-*"))


def test_each_size_is_published_once_and_consistent_with_all_before(ledger: Ledger) -> None:
    publication = ledger.publication()
    for size in (FOUNDING, 3, 255, 256, 257, 511, 512, 513, 1000, 1025):
        ledger.fill(size)
        assert publication.catch_up() == size
        assert publication.catch_up() == size
    assert [each.size for each in ledger.tree.checkpoints(0, 100)] == [
        *(2, 3, 255, 256, 257, 511, 512, 513, 1000, 1025)
    ]
    check_published(ledger, 1025)


def test_a_new_start_goes_on_where_the_last_one_ended(settings: Settings) -> None:
    for size in (200, 300, 700):
        with opened(settings) as ledger:
            ledger.fill(size)
            assert ledger.publication().catch_up() == size
    with opened(settings) as ledger:
        assert ledger.publication().catch_up() == 700
        check_published(ledger, 700)


def test_memory_stays_flat_and_tiles_are_whole_after_a_long_catch_up(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.publication.MOST_TILES", 4)
    ledger.fill(5000)
    assert ledger.publication().catch_up() == 5000
    check_published(ledger, 5000)


def test_a_checkpoint_cannot_be_changed_or_removed(ledger: Ledger) -> None:
    ledger.publication().catch_up()
    for sql in (
        "UPDATE checkpoint SET published_at = ''",
        "DELETE FROM checkpoint",
        "INSERT OR REPLACE INTO checkpoint SELECT * FROM checkpoint",
    ):
        with (
            sqlite3.connect(ledger.store.path) as db,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            db.execute(sql)
        db.close()


# --- crashes -----------------------------------------------------------------------------------


class Crash(Exception):  # noqa: N818  # not an error: the end of the process
    """The process ends here."""


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
                patch.setattr(ledger.state, "swap", crash)
            elif place == "tree.publish":
                patch.setattr(ledger.tree, "publish", crash)
            else:
                patch.setattr(ledger.tree, "publish", publish_and_crash)
            with pytest.raises(Crash):
                publication.step()
    with opened(settings) as ledger:
        promised = ledger.state.get(ledger.keys.origin)
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
        patch.setattr("ledger.commands.log_keys.Upkeep._append", crash)
        with pytest.raises(Crash):
            Ledger(settings)
    written = settings.log_keys.read_bytes()
    with opened(settings) as ledger:
        assert settings.log_keys.read_bytes() == written
        assert ledger.publication().catch_up() == FOUNDING


# --- two publishers ----------------------------------------------------------------------------


def test_two_publishers_of_one_log_never_disagree(settings: Settings) -> None:
    failures: list[BaseException] = []
    writing = threading.Event()
    writing.set()

    def publish(ledger: Ledger) -> None:
        publication = ledger.publication()
        try:
            while writing.is_set() or publication.step():
                publication.step()
        except BaseException as error:  # noqa: BLE001  # shown by the test
            failures.append(error)

    with opened(settings) as first, opened(settings) as second, opened(settings) as writer:
        threads = [threading.Thread(target=publish, args=(each,)) for each in (first, second)]
        for thread in threads:
            thread.start()
        for size in range(10, 600, 7):
            writer.fill(size)
            if size % 5 == 0:
                until(lambda: published_size(writer) == writer.store.head() or bool(failures))
        writing.clear()
        for thread in threads:
            thread.join()
        assert failures == []
        writer.publication().catch_up()
        check_published(writer, writer.store.head())
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


# --- restored backups and forks ----------------------------------------------------------------


def backed_up(ledger: Ledger, to: Path) -> None:
    with sqlite3.connect(ledger.store.path) as db, sqlite3.connect(to) as backup:
        db.backup(backup)
    db.close()
    backup.close()


def restored(settings: Settings, backup: Path) -> None:
    for suffix in ("-wal", "-shm"):
        (settings.data / f"{LOG_FILE}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, settings.data / LOG_FILE)


def refusal(ledger: Ledger) -> CorruptError:
    """Return what a new publication refuses with."""
    with pytest.raises(CorruptError) as refused:
        ledger.publication().catch_up()
    return refused.value


def test_a_restored_backup_is_refused_with_a_clear_sentence(
    settings: Settings, tmp_path: Path
) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        backed_up(ledger, tmp_path / "backup")
        ledger.fill(20)
        ledger.publication().catch_up()
    restored(settings, tmp_path / "backup")
    with opened(settings) as ledger:
        refused = refusal(ledger)
        assert refused.code == "log_rolled_back"
        assert refused.detail == (
            "the log has 10 entries, but a checkpoint of 20 was signed: an older copy of it"
            " was put in its place; bring the newest one back"
        )
        assert ledger.tree.checkpoint(20) is None


@pytest.mark.parametrize("size", [20, 25])
def test_a_restored_backup_that_grew_again_is_a_fork(
    settings: Settings, tmp_path: Path, size: int
) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        backed_up(ledger, tmp_path / "backup")
        ledger.fill(20)
        ledger.publication().catch_up()
        signed = ledger.state.get(ledger.keys.origin)
    restored(settings, tmp_path / "backup")
    with opened(settings) as ledger:
        ledger.fill(size)
        refused = refusal(ledger)
        assert refused.code == "log_forked"
        assert signed is not None
        assert signed.root.hex() in refused.detail
        assert refused.evidence == {"position": 20}
        assert ledger.state.get(ledger.keys.origin) == signed


def test_two_copies_of_one_log_with_one_state_cannot_both_sign(
    settings: Settings, tmp_path: Path
) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
    copy = tmp_path / "copy"
    shutil.copytree(settings.data, copy)
    shared = {
        "LEDGER_LOG_KEYS": str(settings.log_keys),
        "LEDGER_LOG_STATE": str(settings.log_state),
    }
    with opened(settings) as ours, opened(settings_of(copy, **shared)) as theirs:
        running = theirs.publication()
        running.catch_up()
        ours.fill(20)
        theirs.fill(20)
        assert ours.publication().catch_up() == 20
        with pytest.raises(CorruptError) as refused:
            running.catch_up()
        assert refused.value.code == "log_forked"
        assert theirs.tree.checkpoint(20) is None


def test_a_rewritten_entry_is_a_fork_even_with_its_leaf_hash_and_tiles(
    settings: Settings,
) -> None:
    """Whoever rewrites all of the file still meets what was signed."""
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        ((_, state),) = ledger.store.states([7])
        changed = state.replace(b'"at":"2026', b'"at":"2025')
        edit(ledger, "UPDATE ev SET state = ?, leaf = ? WHERE pos = 7", changed, leaf_hash(changed))
        edit(ledger, "DELETE FROM tile")
        edit(ledger, "DELETE FROM checkpoint")
        ledger.fill(11)
    with opened(settings) as ledger:
        assert refusal(ledger).code == "log_forked"


def test_an_entry_that_is_not_its_leaf_hash_is_never_signed(ledger: Ledger) -> None:
    ledger.fill(10)
    ((_, state),) = ledger.store.states([7])
    changed = state.replace(b'"at":"2026', b'"at":"2025')
    edit(ledger, "UPDATE ev SET state = ? WHERE pos = 7", changed)
    refused = refusal(ledger)
    assert (refused.code, refused.evidence) == ("leaf_mismatch", {"position": 7})
    assert ledger.tree.latest() is None


def test_a_missing_entry_is_never_signed(ledger: Ledger) -> None:
    ledger.fill(10)
    edit(ledger, "DELETE FROM ev WHERE pos = 7")
    assert refusal(ledger).code == "position_missing"
    edit(ledger, "DELETE FROM ev WHERE pos > 6")
    assert refusal(ledger).code == "position_missing"


def test_a_log_that_lost_its_end_is_rolled_back(ledger: Ledger) -> None:
    ledger.fill(10)
    ledger.publication().catch_up()
    edit(ledger, "UPDATE log_head SET size = 9")
    assert refusal(ledger).code == "log_rolled_back"


def test_a_changed_checkpoint_is_refused(ledger: Ledger) -> None:
    ledger.fill(10)
    ledger.publication().catch_up()
    edit(ledger, "UPDATE checkpoint SET root = zeroblob(32) WHERE size = 10")
    with pytest.raises(LedgerError):
        ledger.publication().catch_up()
    newest = ledger.tree.latest()
    assert newest is not None
    note = newest.note.replace(b"\n10\n", b"\n11\n")
    edit(ledger, "UPDATE checkpoint SET note = ? WHERE size = 10", note)
    with pytest.raises(LedgerError):
        ledger.publication().catch_up()


def test_a_log_of_another_key_is_refused(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as ledger:
        ledger.publication().catch_up()
    with opened(settings_of(tmp_path / "other")) as other:
        other.publication().catch_up()
        shutil.copy(other.settings.log_keys, settings.log_keys)
    with pytest.raises(ConflictError) as refused:
        Ledger(settings)
    assert refused.value.code == "log_keys_missing"


def test_lost_keys_are_not_made_again(settings: Settings) -> None:
    with opened(settings) as ledger:
        ledger.publication().catch_up()
    settings.log_keys.unlink()
    with pytest.raises(ConflictError) as refused:
        Ledger(settings)
    assert refused.value.code == "log_keys_missing"
    assert not settings.log_keys.exists()


def test_a_log_from_before_its_keys_were_announced_is_rolled_back(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.commands.log_keys.Upkeep.open_log_keys", lambda self, state: None)
        with opened(settings) as ledger:
            backed_up(ledger, tmp_path / "backup")
    with opened(settings) as ledger:
        ledger.publication().catch_up()
    restored(settings, tmp_path / "backup")
    with pytest.raises(CorruptError) as refused:
        Ledger(settings)
    assert refused.value.code == "log_rolled_back"


# --- the signer's state ------------------------------------------------------------------------


def test_the_state_changes_only_from_what_is_expected(tmp_path: Path) -> None:
    state, other = (SignerState(tmp_path / "state") for _ in range(2))
    one, two = (Checkpoint("log", size, bytes(32)) for size in (1, 2))
    fork = Checkpoint("log", 2, bytes(range(32)))
    assert state.swap(None, one)
    assert not other.swap(None, two)
    assert not other.swap(two, fork)
    assert other.swap(one, two)
    assert not state.swap(one, fork)
    assert state.get("log") == two
    assert state.get("another log") is None
    state.close()
    other.close()


def test_a_forgotten_state_follows_the_log(settings: Settings) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
    settings.log_state.unlink()
    with opened(settings) as ledger:
        assert ledger.publication().catch_up() == 10
        check_published(ledger, 10)


def test_a_state_that_is_behind_is_no_fork_for_damaged_tiles(ledger: Ledger) -> None:
    origin = ledger.keys.origin
    for size in (300, 600):
        ledger.fill(size)
        ledger.publication().catch_up()
    late, early = ledger.state.get(origin), ledger.tree.checkpoint(300)
    assert early is not None
    assert ledger.state.swap(late, Checkpoint(origin, 300, early.root))
    edit(ledger, "UPDATE tile SET hashes = zeroblob(8192) WHERE level = 0 AND n = 1")
    assert ledger.publication().catch_up() == 600
    assert ledger.state.get(origin) == late
    check_published(ledger, 600)


def test_a_state_that_is_behind_follows_the_log_only_if_it_is_its_beginning(
    settings: Settings, tmp_path: Path
) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        origin = ledger.keys.origin
        early = ledger.state.get(origin)
        ledger.fill(20)
        ledger.publication().catch_up()
        late = ledger.state.get(origin)
        assert early is not None
        assert ledger.state.swap(late, Checkpoint(origin, 10, bytes(32)))
        assert refusal(ledger).code == "log_forked"
        assert ledger.state.swap(Checkpoint(origin, 10, bytes(32)), early)
        assert ledger.publication().catch_up() == 20
        assert ledger.state.get(origin) == late


# --- damaged tiles -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM tile",
        "DELETE FROM tile WHERE level = 1",
        "UPDATE tile SET hashes = zeroblob(length(hashes)) WHERE level = 1",
        "UPDATE tile SET hashes = substr(hashes, 1, 32)",
    ],
)
def test_damaged_tiles_are_made_again_from_the_entries(ledger: Ledger, damage: str) -> None:
    ledger.fill(700)
    ledger.publication().catch_up()
    edit(ledger, damage)
    ledger.fill(1400)
    assert ledger.publication().catch_up() == 1400
    check_published(ledger, 1400)


def test_tiles_that_are_damaged_behind_a_running_publication_are_made_again(
    ledger: Ledger,
) -> None:
    publication = ledger.publication()
    ledger.fill(700)
    publication.catch_up()
    edit(ledger, "DELETE FROM tile")
    ledger.fill(1400)
    assert publication.catch_up() == 1400
    check_published(ledger, 1400)


def test_tiles_stay_as_they_are_where_the_entries_are_not_those_that_were_signed(
    ledger: Ledger,
) -> None:
    ledger.fill(300)
    ledger.publication().catch_up()
    ((_, state),) = ledger.store.states([7])
    changed = state.replace(b'"at":"2026', b'"at":"2025')
    edit(ledger, "UPDATE ev SET state = ?, leaf = ? WHERE pos = 7", changed, leaf_hash(changed))
    edit(ledger, "DELETE FROM tile WHERE level = 1")
    assert refusal(ledger).code == "log_forked"
    assert ledger.tree.tile(0, 0, 256)[6 * 32 : 7 * 32] == leaf_hash(state)


# --- older files -------------------------------------------------------------------------------


def test_a_file_of_format_2_gets_tables_for_what_others_sign(settings: Settings) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.store.sqlite.schema.FORMAT", 2)
        with opened(settings) as ledger:
            ledger.fill(400)
            assert ledger.publication().catch_up() == 400
            assert not ledger.store.path.read_bytes().count(b"CREATE TABLE cosignature")
    with opened(settings) as ledger, closing(Endorsements(ledger.store)) as endorsements:
        newest = ledger.tree.latest()
        assert newest is not None
        assert endorsements.note(newest) == newest.note
        assert ledger.publication().catch_up() == 400


def test_a_file_of_format_1_is_brought_to_the_newest(settings: Settings) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.store.sqlite.schema.FORMAT", 1)
        patch.setattr("ledger.commands.log_keys.Upkeep.open_log_keys", lambda self, state: None)
        with opened(settings) as ledger:
            ledger.fill(400)
            assert not ledger.store.path.read_bytes().count(b"CREATE TABLE tile")
    with opened(settings) as ledger:
        assert ledger.keys.charter.log_keys[0].first_size == 401
        assert ledger.publication().catch_up() == 401
        check_published(ledger, 401)


def test_a_file_of_a_later_format_is_refused(settings: Settings) -> None:
    with opened(settings) as ledger:
        path = ledger.store.path
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 4")
    db.close()
    with pytest.raises(CorruptError) as refused:
        Ledger(settings)
    assert refused.value.code == "format_unknown"


# --- rotation, retirement, end -----------------------------------------------------------------


def signers_of(ledger: Ledger) -> list[str]:
    newest = ledger.tree.latest()
    assert newest is not None
    keys = ledger.keys.keys(newest.size)
    found = checkpoint.verify_note(newest.note, keys, expected_origin=ledger.keys.origin)
    return [key.vkey for key in found.signers]


def test_rotated_keys_sign_together_until_the_old_ones_are_retired(ledger: Ledger) -> None:
    publication = ledger.publication()
    publication.catch_up()
    old = signers_of(ledger)
    new = list(ledger.upkeep.rotate())
    publication.catch_up()
    ledger.keys.refresh()
    assert signers_of(ledger) == old + new
    ledger.fill(10)
    assert list(ledger.upkeep.retire()) == old
    publication.catch_up()
    ledger.keys.refresh()
    assert signers_of(ledger) == new
    assert [(key.first_size, key.last_size) for key in ledger.keys.charter.log_keys] == [
        *((2, 10), (2, 10), (3, None), (3, None))
    ]
    check_published(ledger, 11)
    with pytest.raises(ConflictError) as refused:
        ledger.upkeep.retire()
    assert refused.value.code == "log_keys_refused"


def test_a_rotation_that_died_is_finished_by_the_next(ledger: Ledger) -> None:
    def crash(*_: object) -> None:
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.commands.log_keys.Upkeep._append", crash)
        with pytest.raises(Crash):
            ledger.upkeep.rotate()
    written = ledger.settings.log_keys.read_bytes()
    ledger.publication().catch_up()
    vkeys = ledger.upkeep.rotate()
    assert ledger.settings.log_keys.read_bytes() == written
    ledger.publication().catch_up()
    ledger.keys.refresh()
    assert signers_of(ledger)[2:] == list(vkeys)


def test_without_the_ledgers_own_key_no_log_key_is_announced_and_nothing_is_appended(
    ledger: Ledger,
) -> None:
    (ledger.settings.data / LEDGER_KEY_FILE).unlink()
    size = ledger.store.head()
    with pytest.raises(ConflictError) as refused:
        ledger.upkeep.rotate()
    assert refused.value.code == "ledger_key_missing"
    assert ledger.store.head() == size


def test_a_frozen_ledger_takes_nothing_more_and_is_published_to_its_end(
    settings: Settings,
) -> None:
    with opened(settings) as ledger, opened(settings) as other:
        ledger.fill(10)
        assert ledger.upkeep.freeze("The fund is closed.") == 11
        for each in (ledger, other):
            with pytest.raises(AssertionError):
                each.fill(12)
            for act in (
                each.upkeep.rotate,
                each.upkeep.retire,
                lambda upkeep=each.upkeep: upkeep.freeze("The fund is closed."),
            ):
                each.keys.refresh()
                with pytest.raises(ConflictError) as refused:
                    act()
                assert refused.value.code in ("ledger_frozen", "log_keys_refused")
        assert ledger.publication().catch_up() == 11
        assert ledger.store.head() == 11
        check_published(ledger, 11)


# --- the thread --------------------------------------------------------------------------------


def publisher_of(ledger: Ledger) -> Publisher:
    return Publisher(ledger.tree, ledger.state, ledger.keys, interval_s=0.01)


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
        publisher.wake()
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


def test_a_log_that_is_not_published_for_long_is_not_healthy(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = publisher_of(ledger)
    publisher.open()
    assert publisher.reasons() == []
    monkeypatch.setattr("ledger.publish.publisher.STALLED_S", -1.0)
    assert publisher.reasons() == ["the log was not published for 0 s"]
    ledger.publication().catch_up()
    publisher.open()
    assert publisher.reasons() == []


def test_an_outage_passes_and_is_tried_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.publisher.RETRY_S", 0.01)
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
        "the log is not published: storage_failed: the log cannot be read"
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
