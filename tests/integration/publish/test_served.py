"""Which checkpoint is shown as the newest: the quorum's, or the one that waited long enough."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger import clock
from ledger.errors import MalformedError
from ledger.publish import served
from ledger.publish.served import ServedCheckpoint, read_policy
from ledger.store.ports.endorsements import EndorsementTables
from ledger.tlog import vkeys
from ledger.tlog.vkeys import NoteKey
from ledger.tlog.witness_policy import parse_policy
from tests.support.logs import Ledger, opened, settings_of

ONE, TWO, STRANGER = (vkeys.generate(f"w{n}.example.com", cosigner=True)[0].key for n in range(3))
LINES = f"witness one {ONE.vkey}\nwitness two {TWO.vkey}\ngroup both all one two\n"
WAIT_S = 10


class Case:
    """A log that grows, its cosignatures, and a clock that the test sets."""

    def __init__(self, ledger: Ledger, endorsements: EndorsementTables) -> None:
        self.ledger = ledger
        self.endorsements = endorsements
        self.now_ms = 0
        self.publish(2)
        self.quorum = self.opened()

    def opened(self, text: str = "quorum both\n") -> ServedCheckpoint:
        """Return a quorum as a new process would have it."""
        return ServedCheckpoint(
            parse_policy((LINES + text).encode()),
            self.endorsements,
            wait_s=WAIT_S,
            now_ms=lambda: self.now_ms,
        )

    def publish(self, size: int) -> None:
        """Publish a size; the clock stands at its publication."""
        self.ledger.fill(size)
        self.ledger.publication().catch_up()
        newest = self.ledger.tree.latest()
        assert newest is not None
        self.now_ms = clock.to_ms(newest.published_at)

    def cosign(self, size: int, *keys: NoteKey) -> None:
        for key in keys:
            self.endorsements.cosign(size, key, b"line")

    def shown(self, quorum: ServedCheckpoint | None = None) -> int:
        found = (quorum or self.quorum).served(self.ledger.tree)
        return 0 if found is None else found.size


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with (
        opened(settings_of(tmp_path)) as ledger,
        closing(ledger.store.endorsements()) as endorsements,
    ):
        yield Case(ledger, endorsements)


def test_without_a_quorum_the_newest_is_shown(case: Case) -> None:
    free = case.opened("quorum none\n")
    assert case.shown(free) == 2
    case.publish(5)
    assert case.shown(free) == 5
    assert free.covers(10)


def test_a_checkpoint_is_shown_once_its_whole_quorum_has_cosigned(case: Case) -> None:
    assert case.shown() == 0
    case.cosign(2, ONE, STRANGER)
    assert case.shown() == 0
    case.cosign(2, TWO)
    assert case.shown() == 2
    case.publish(5)
    assert case.shown() == 2
    assert (case.quorum.covers(2), case.quorum.covers(5)) == (True, False)
    case.cosign(5, TWO, ONE)
    assert case.shown() == 5


def test_two_halves_at_two_sizes_are_no_quorum(case: Case) -> None:
    case.publish(5)
    case.cosign(2, ONE)
    case.cosign(5, TWO)
    assert case.shown() == 0


def test_an_older_quorum_that_comes_late_does_not_turn_back(case: Case) -> None:
    case.publish(5)
    case.cosign(5, ONE, TWO)
    assert case.shown() == 5
    case.cosign(2, ONE, TWO)
    assert case.shown() == 5


def test_a_checkpoint_waits_so_long_and_not_longer(case: Case) -> None:
    case.now_ms += WAIT_S * 1000
    assert case.shown() == 0
    case.now_ms += 1
    assert case.shown() == 2
    case.publish(5)
    case.cosign(5, ONE, TWO)
    case.publish(9)
    assert case.shown() == 5
    case.now_ms += WAIT_S * 1000 + 1
    assert case.shown() == 9
    assert not case.quorum.covers(9)


def test_another_process_finds_the_same(case: Case) -> None:
    case.cosign(2, ONE, TWO)
    case.publish(5)
    case.cosign(5, ONE)
    other = case.opened()
    assert case.shown(other) == case.shown() == 2
    case.cosign(5, TWO)
    assert case.shown(other) == case.shown() == 5


def test_memory_stays_bounded_when_the_quorum_never_comes(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "MOST_ROWS", 3)
    for size in range(3, 12):
        case.publish(size)
        case.cosign(size, ONE)
        assert case.shown() == 0
    assert len(case.quorum._open) == 3
    case.cosign(11, TWO)
    assert case.shown() == 11
    assert case.quorum._open == {}
    assert case.shown(case.opened()) == 11


def test_a_policy_is_read_for_one_log(tmp_path: Path) -> None:
    assert read_policy(None, "a").quorum == "none"
    path = tmp_path / "policy"
    log = vkeys.generate("a")[0].key.vkey
    path.write_text(f"log {log}\nwitness one {ONE.vkey} http://localhost\nquorum one\n")
    assert read_policy(path, "a").keys == (ONE,)
    for text in (f"log {log}\nquorum none\n", f"{LINES}quorum one\n", "nonsense\n"):
        path.write_text(text)
        with pytest.raises(MalformedError) as refused:
            read_policy(path, "b")
        assert refused.value.code == "policy_malformed"
    with pytest.raises(FileNotFoundError):
        read_policy(tmp_path / "missing", "a")
