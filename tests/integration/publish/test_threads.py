"""The threads of witnesses and time-stamps: every failure in one of them is reported."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledger.errors import CorruptError, LedgerError, RefusedError, UnavailableError
from ledger.publish.conflicts import Conflicts
from ledger.publish.served import ServedCheckpoint
from ledger.publish.stamper import Authority, Stamper
from ledger.publish.witness_rounds import WitnessRounds
from ledger.store.sqlite.endorsements import SqliteEndorsements
from ledger.store.sqlite.tree import SqliteTree
from ledger.timestamp.verify import parse_certificates
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.submission import SIZE_TYPE, parse_submission
from ledger.tlog.witness_policy import parse_policy
from tests.support.authority import Authority as LocalAuthority
from tests.support.logs import Ledger, opened, settings_of
from tests.support.strangers import Reply, Script, stranger
from tests.support.trees import NOW_S

FIRST, SECOND = (vkeys.generate(f"w{n}.example.com", cosigner=True)[0] for n in (1, 2))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with opened(settings_of(tmp_path / "data")) as opened_ledger:
        opened_ledger.publication().catch_up()
        yield opened_ledger


def cosign(_: str, __: str, body: bytes) -> Reply:
    """Answer as both witnesses: each takes the line under its own key."""
    note = checkpoint.parse_note(parse_submission(body).note)
    return Reply(200, checkpoint.sign_lines(note.checkpoint, [FIRST, SECOND], now_s=NOW_S))


@contextmanager
def asking(ledger: Ledger, script: Script, *, conflicts: Path) -> Iterator[WitnessRounds]:
    """Run the rounds of two witnesses that answer by one script."""
    with stranger(script) as url, closing(ledger.store.endorsements()) as endorsements:
        lines = [f"witness {n} {each.key.vkey} {url}\n" for n, each in enumerate((FIRST, SECOND))]
        policy = parse_policy("".join([*lines, "quorum none\n"]).encode())
        witnesses = WitnessRounds(
            ServedCheckpoint(policy, endorsements, wait_s=0, now_ms=ledger.writer.now_ms),
            ledger.tree,
            endorsements,
            keys=ledger.keys,
            conflicts=Conflicts(conflicts, ledger.memory, lambda: None),
            now_ms=ledger.writer.now_ms,
        )
        witnesses.start()
        try:
            yield witnesses
        finally:
            witnesses.stop()


def cosigned(ledger: Ledger) -> list[int]:
    with closing(ledger.store.endorsements()) as endorsements:
        return [endorsements.cosigned_by(each.key) for each in (FIRST, SECOND)]


def failing(error: Exception) -> Callable[..., object]:
    def fail(*_: object, **__: object) -> object:
        raise error

    return fail


# --- witnesses ---------------------------------------------------------------------------------


def test_a_bug_between_rounds_is_told_and_does_not_end_the_thread_unseen(
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(WitnessRounds, "_pause_s", failing(KeyError("x")))
    with asking(ledger, cosign, conflicts=tmp_path) as witnesses:
        told = "witnesses are not asked: internal error: KeyError (stopped)"
        until(lambda: witnesses.warnings() == [told])
    (record,) = [each for each in caplog.records if each.exc_info]
    assert record.getMessage() == "the witnesses stopped"


def test_a_log_that_cannot_be_read_for_a_while_is_shown_to_witnesses_later(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.witness_rounds.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("ledger.publish.witness_rounds.LAST_RETRY_S", 0.2)
    outage = UnavailableError("storage_failed", "the log cannot be read")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WitnessRounds, "_round", failing(outage))
        with asking(ledger, cosign, conflicts=tmp_path) as witnesses:
            until(lambda: "storage_failed" in str(witnesses.warnings()))
            patch.undo()
            until(lambda: cosigned(ledger) == [2, 2])
            until(lambda: witnesses.warnings() == [])


def test_a_bug_while_a_witness_is_asked_is_told_and_asked_again(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ledger.publish.witness_rounds.FIRST_RETRY_S", 0.2)
    monkeypatch.setattr("ledger.publish.witness_rounds.LAST_RETRY_S", 0.2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteEndorsements, "cosign", failing(ValueError("x")))
        with asking(ledger, cosign, conflicts=tmp_path) as witnesses:
            until(lambda: len(witnesses.warnings()) == 2)
            assert "internal error: ValueError" in witnesses.warnings()[0]
            patch.undo()
            until(lambda: cosigned(ledger) == [2, 2])


def test_a_witness_that_is_ahead_is_told_also_while_the_log_cannot_be_read(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ahead(_: str, path: str, __: bytes) -> Reply:
        asked.append(path)
        return Reply(409, b"9\n", SIZE_TYPE)

    outage = UnavailableError("storage_failed", "the log cannot be read")
    monkeypatch.setattr(WitnessRounds, "_is_published", failing(outage))
    with asking(ledger, ahead, conflicts=tmp_path) as witnesses:
        until(lambda: len(witnesses.alarms()) == 2)
        assert "witness_ahead" in witnesses.alarms()[0]
        time.sleep(0.3)  # within the first pause: what does not happen has no other sign
        assert asked == ["/add-checkpoint"] * 2


@pytest.mark.parametrize("fault", [ValueError("x"), OSError("x"), KeyError("x")])
def test_a_bug_while_a_fork_is_looked_into_leaves_the_alarm(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(WitnessRounds, "_confront", failing(fault))

    def fork(_: str, path: str, __: bytes) -> Reply:
        return Reply(422 if path == "/add-checkpoint" else 200)

    with asking(ledger, fork, conflicts=tmp_path) as witnesses:
        until(lambda: len(witnesses.alarms()) == 2)
        assert "witness_sees_fork" in witnesses.alarms()[0]


def test_a_conflict_that_cannot_be_kept_stops_the_publication_all_the_same(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    looked: list[int] = []
    other = Checkpoint(ledger.keys.origin, 9, bytes(32))
    conflicts = Conflicts(tmp_path / "gone", ledger.memory, lambda: looked.append(1))
    conflicts.report(b"the note", other)
    assert ledger.memory.get(other.origin) == other
    assert looked == [1]
    assert "b'the note'" in caplog.text


# --- time-stamps -------------------------------------------------------------------------------


@contextmanager
def stamping(ledger: Ledger, url: str, trusted: bytes) -> Iterator[Stamper]:
    with closing(ledger.store.endorsements()) as endorsements:
        policy = parse_policy(b"quorum none\n")
        stamper = Stamper(
            Authority(url, parse_certificates(trusted)),
            ledger.tree,
            endorsements,
            ServedCheckpoint(policy, endorsements, wait_s=0, now_ms=ledger.writer.now_ms),
            interval_s=0.02,
            now_ms=ledger.writer.now_ms,
        )
        stamper.start()
        try:
            yield stamper
        finally:
            stamper.stop()


@pytest.fixture
def authority(tmp_path: Path) -> LocalAuthority:
    return LocalAuthority(tmp_path / "tsa")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("x"), "time-stamps: internal error: KeyError (stopped)"),
        (CorruptError("tile_missing", "gone"), "time-stamps: tile_missing: gone (stopped)"),
    ],
)
def test_a_bug_or_damage_stops_the_stamper_and_is_told(
    ledger: Ledger,
    authority: LocalAuthority,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: str,
) -> None:
    monkeypatch.setattr(SqliteTree, "latest", failing(error))
    with authority.serving() as url, stamping(ledger, url, authority.pem) as stamper:
        until(lambda: stamper.warnings() == [told])


@pytest.mark.parametrize(
    "error",
    [UnavailableError("storage_failed", "full"), RefusedError("stamp_refused", "a wrong clock")],
)
def test_what_passes_is_stamped_later(
    ledger: Ledger, authority: LocalAuthority, error: LedgerError
) -> None:
    with (
        pytest.MonkeyPatch.context() as patch,
        authority.serving() as url,
        stamping(ledger, url, authority.pem) as stamper,
        closing(ledger.store.endorsements()) as endorsements,
    ):
        patch.setattr(Authority, "stamp", failing(error))
        until(lambda: error.code in str(stamper.warnings()))
        patch.undo()
        until(lambda: endorsements.last_stamp() is not None)
        until(lambda: stamper.warnings() == [])
