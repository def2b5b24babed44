"""What is published: each size once, and what the signer's memory remembers of it."""

import sqlite3
from pathlib import Path

import pytest

from ledger.domain.epochs import SignedTree
from ledger.errors import CorruptError, UnavailableError
from ledger.publish.publication import Publication
from ledger.settings import Settings
from ledger.store.engines import open_signer_memory
from ledger.tlog.checkpoint import Checkpoint
from ledger.verify.auditor import Auditor
from tests.support.logs import FOUNDING, Ledger, opened, settings_of
from tests.support.publications import check_published, edit, published_size, refusal
from tests.support.refusals import refused


def test_a_new_ledger_announces_its_log_keys_after_its_founding(ledger: Ledger) -> None:
    auditor = Auditor()
    for position, state in ledger.store.read(0, 10):
        auditor.add(position, state)
    assert auditor.position == FOUNDING
    assert auditor.charter is not None
    announced = [key.vkey for key in auditor.charter.log_keys]
    assert announced == [signer.key.vkey for signer in ledger.keys.signers(FOUNDING)]
    assert [key.first_size for key in auditor.charter.log_keys] == [FOUNDING, FOUNDING]


def test_the_key_files_are_for_their_owner_only(ledger: Ledger) -> None:
    for path in (
        ledger.settings.log_keys.file,
        ledger.settings.signer_memory,
        Path(ledger.store.address),
    ):
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_keys_may_stand_elsewhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    elsewhere = {
        "LEDGER_LOG_KEYS": str(secret / "keys.pem"),
        "LEDGER_SIGNER_MEMORY": str(secret / "state.sqlite"),
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
            sqlite3.connect(Path(ledger.store.address)) as db,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            db.execute(sql)
        db.close()


def test_nothing_is_promised_or_signed_while_the_clock_cannot_be_relied_on(
    ledger: Ledger,
) -> None:
    def stepped() -> int:
        raise UnavailableError("clock_stepped", "as if somebody had set the clock")

    publication = Publication(ledger.tree, ledger.memory, ledger.keys, stepped)
    with refused(UnavailableError, "clock_stepped"):
        publication.catch_up()
    assert (ledger.tree.latest(), ledger.memory.known()) == (None, [])
    assert ledger.publication().catch_up() == FOUNDING


def test_the_state_changes_only_from_what_is_expected(tmp_path: Path) -> None:
    state, other = (open_signer_memory("log.sqlite", tmp_path / "state") for _ in range(2))
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


def test_a_forgotten_state_does_not_follow_the_log(settings: Settings) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        ledger.fill(20)
    settings.signer_memory.unlink()
    with opened(settings) as ledger:
        with refused(UnavailableError, "memory_missing"):
            ledger.publication().catch_up()
        assert published_size(ledger) == 10


def test_a_state_that_is_behind_is_no_fork_for_damaged_tiles(ledger: Ledger) -> None:
    origin = ledger.keys.origin
    for size in (300, 600):
        ledger.fill(size)
        ledger.publication().catch_up()
    late, early = ledger.memory.get(origin), ledger.tree.checkpoint(300)
    assert early is not None
    assert ledger.memory.swap(late, Checkpoint(origin, 300, early.root))
    edit(ledger, "UPDATE tile SET hashes = zeroblob(8192) WHERE level = 0 AND n = 1")
    assert ledger.publication().catch_up() == 600
    assert ledger.memory.get(origin) == late
    check_published(ledger, 600)


def test_a_state_that_is_behind_follows_the_log_only_if_it_is_its_beginning(
    settings: Settings, tmp_path: Path
) -> None:
    with opened(settings) as ledger:
        ledger.fill(10)
        ledger.publication().catch_up()
        origin = ledger.keys.origin
        early = ledger.memory.get(origin)
        ledger.fill(20)
        ledger.publication().catch_up()
        late = ledger.memory.get(origin)
        assert early is not None
        assert ledger.memory.swap(late, Checkpoint(origin, 10, bytes(32)))
        assert refusal(ledger).code == "log_forked"
        assert ledger.memory.swap(Checkpoint(origin, 10, bytes(32)), early)
        assert ledger.publication().catch_up() == 20
        assert ledger.memory.get(origin) == late


@pytest.mark.parametrize(
    ("size", "entries", "code"),
    [
        (10, 12, "log_forked"),
        (11, 12, "log_forked"),
        (11, 10, "log_rolled_back"),
    ],
)
def test_what_a_witness_tells_between_comparing_and_signing_is_compared_too(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, size: int, entries: int, code: str
) -> None:
    ledger.fill(10)
    ledger.publication().catch_up()
    if entries > 10:
        ledger.fill(entries)
    conflict = Checkpoint(ledger.keys.origin, size, bytes(32))
    learn = ledger.memory.learn

    def told_meanwhile(signed: SignedTree) -> None:
        monkeypatch.setattr(ledger.memory, "learn", learn)
        assert ledger.memory.swap(ledger.memory.get(conflict.origin), conflict)
        learn(signed)

    monkeypatch.setattr(ledger.memory, "learn", told_meanwhile)
    publication = ledger.publication()
    with refused(CorruptError, code):
        publication.step()
        publication.look_again()
        publication.step()
    assert published_size(ledger) == 10
    assert ledger.memory.get(conflict.origin) == conflict
