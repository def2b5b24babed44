"""The operational state and the signer's memory: what each of their calls promises."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.domain.epochs import SignedTree
from ledger.errors import RefusedError
from ledger.store.ports.operations import Access, DeviceLink, DeviceNote, OperationalState
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.postgres import operations as postgres_operations
from ledger.store.sqlite import operations as sqlite_operations
from ledger.tlog.checkpoint import Checkpoint
from tests.support.engines import Engine
from tests.support.refusals import refused

ORIGIN, NEXT = "ledger.example", "ledger.example/1"


def tree(size: int, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, bytes([size]) * 32)


@pytest.fixture
def operations(engine: Engine, data: Path) -> Iterator[OperationalState]:
    with closing(engine.open_operations(data)) as opened:
        yield opened


@pytest.fixture
def memory(engine: Engine, data: Path) -> Iterator[SignerMemory]:
    with closing(engine.open_signer_memory(data)) as opened:
        yield opened


# --- the operational state -----------------------------------------------------------------------


def test_the_ceremony_key_is_random_and_the_same_to_every_process(
    engine: Engine, operations: OperationalState, data: Path, tmp_path: Path
) -> None:
    with closing(engine.open_operations(data)) as again:
        assert again.ceremony_key == operations.ceremony_key
    with closing(engine.open_operations(tmp_path / "other")) as other:
        assert other.ceremony_key != operations.ceremony_key
    assert len(operations.ceremony_key) == 32


def test_the_state_keeps_when_it_was_created(engine: Engine, data: Path) -> None:
    with closing(engine.open_operations(data, born_ms=7)) as first:
        assert first.born_ms == 7
    with closing(engine.open_operations(data, born_ms=9)) as again:
        assert again.born_ms == 7


def test_a_person_has_one_link_and_its_first_offer_and_first_end_stay(
    operations: OperationalState,
) -> None:
    first = DeviceLink("ada", b"1" * 32, "ceremony-1", "nonce-1", 600)
    second = DeviceLink("ada", b"2" * 32, "ceremony-2", "nonce-2", 700)
    other = DeviceLink("ben", b"3" * 32, "ceremony-3", "nonce-3", 800)
    for link in (first, other, second):
        operations.open_device_link(link)
    assert operations.device_link(b"1" * 32) is None
    assert operations.device_link("ada") == operations.device_link(b"2" * 32) == second
    assert operations.offer_by_link(b"1" * 32, b"late") is None
    assert [operations.offer_by_link(b"2" * 32, each) for each in (b"x", b"y", b"x")] == [b"x"] * 3
    operations.end_device_link("ada", "cancelled")
    operations.end_device_link("ada", "codes-differ")
    assert operations.offer_by_link(b"2" * 32, b"x") is None
    ended = operations.device_link("ada")
    assert ended is not None
    assert (ended.offer, ended.ended) == (b"x", "cancelled")
    assert operations.device_link("ben") == other
    operations.end_device_link("nobody", "cancelled")


def opened(
    operations: OperationalState, token: str, user: str, by: str, *, at_ms: int = 0, end_ms: int
) -> None:
    operations.open_session(token, user, opened_by=by, browser="", now_ms=at_ms, expires_ms=end_ms)


def test_a_session_is_found_until_it_is_closed(operations: OperationalState) -> None:
    opened(operations, "one", "bob", "passkey", end_ms=10)
    opened(operations, "two", "bob", "kid", end_ms=20)
    opened(operations, "three", "alice", "hers", end_ms=30)
    one, three = ("bob", "passkey", 10, 0), ("alice", "hers", 30, 0)
    assert operations.sessions(["three", "four", "one", "three"]) == [three, None, one, three]
    assert operations.sessions([]) == []
    operations.close_session("one")
    assert operations.sessions(["one"])[0] is None
    operations.close_sessions("bob")
    assert operations.sessions(["two"])[0] is None
    assert operations.sessions(["three"])[0] == ("alice", "hers", 30, 0)


def test_when_people_were_last_seen_is_the_latest_of_their_sessions(
    operations: OperationalState,
) -> None:
    opened(operations, "one", "bob", "passkey", end_ms=90)
    opened(operations, "two", "bob", "kid", end_ms=90)
    opened(operations, "three", "alice", "hers", end_ms=90)
    operations.see_session("one", now_ms=7)
    operations.see_session("two", now_ms=5)
    assert operations.last_seen(["bob", "alice", "eve"]) == {"bob": 7, "alice": 0}
    assert operations.last_seen([]) == {}


def test_a_passkey_or_key_ends_the_sessions_that_it_opened(operations: OperationalState) -> None:
    opened(operations, "one", "bob", "passkey", end_ms=10)
    opened(operations, "two", "bob", "kid", end_ms=20)
    operations.close_sessions_of("passkey")
    assert operations.sessions(["one"])[0] is None
    assert operations.sessions(["two"])[0] == ("bob", "kid", 20, 0)


def test_sessions_that_are_over_are_deleted_when_one_is_opened(
    operations: OperationalState,
) -> None:
    opened(operations, "old", "bob", "passkey", end_ms=10)
    opened(operations, "new", "bob", "passkey", at_ms=10, end_ms=20)
    assert operations.sessions(["old"])[0] is None


def test_a_person_has_a_bounded_number_of_sessions_and_the_oldest_end(
    operations: OperationalState, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (sqlite_operations, postgres_operations):
        monkeypatch.setattr(module, "MOST_SESSIONS", 2)
    opened(operations, "another's", "alice", "passkey", at_ms=0, end_ms=20)
    for at_ms in range(1, 5):
        opened(operations, f"session {at_ms}", "bob", "passkey", at_ms=at_ms, end_ms=20)
    assert [each.opened_ms for each in operations.sessions_of("bob")] == [4, 3]
    assert operations.sessions(["another's"])[0] is not None


def test_a_sign_count_that_does_not_grow_is_noted_unless_nothing_counts(
    operations: OperationalState,
) -> None:
    for count, now_ms in ((7, 1), (8, 2), (5, 3), (6, 4)):
        operations.note_sign_count("fell", count, now_ms=now_ms)
    for now_ms in (1, 2):
        operations.note_sign_count("none", 0, now_ms=now_ms)
    assert operations.fallen_counts() == {"fell": 3}


def test_a_device_keeps_its_first_browser_and_its_newest_label(
    operations: OperationalState,
) -> None:
    operations.note_browser("bob", "kid:1", "Firefox on Linux")
    operations.note_browser("bob", "kid:1", "Chrome on Mac")
    operations.label("bob", "kid:1", "Old")
    operations.label("bob", "kid:1", "New")
    operations.label("bob", "passkey:2", "Phone")
    operations.note_browser("bob", "passkey:2", "Safari on Mac")
    assert operations.device_notes("bob") == {
        "kid:1": DeviceNote("Firefox on Linux", "New"),
        "passkey:2": DeviceNote("", "Phone"),
    }
    assert operations.device_notes("alice") == {}


def test_a_name_is_used_once_until_it_is_forgotten(operations: OperationalState) -> None:
    operations.use_once("act", now_ms=0, expires_ms=10)
    with refused(RefusedError, "already_used"):
        operations.use_once("act", now_ms=9, expires_ms=20)
    operations.use_once("act", now_ms=10, expires_ms=20)


def test_a_name_that_was_forgotten_does_not_come_back_when_the_clock_is_set_back(
    operations: OperationalState,
) -> None:
    operations.use_once("act", now_ms=0, expires_ms=10)
    operations.use_once("longer", now_ms=1, expires_ms=15)
    operations.use_once("later", now_ms=12, expires_ms=20)  # "act" is forgotten
    for name, ends_ms in (("act", 10), ("unused", 9), ("longer", 15), ("later", 20)):
        with refused(RefusedError, "already_used"):
            operations.use_once(name, now_ms=1, expires_ms=ends_ms)
    operations.use_once("new", now_ms=1, expires_ms=11)
    with refused(RefusedError, "already_used"):  # forgotten by this call, and its end is no later
        operations.use_once("new", now_ms=13, expires_ms=11)


@pytest.mark.usefixtures("operations")
def test_of_two_processes_one_uses_a_name(engine: Engine, data: Path) -> None:
    won = list[int]()
    ready = threading.Barrier(2)

    def use(number: int) -> None:
        with closing(engine.open_operations(data)) as mine:
            ready.wait()
            try:
                mine.use_once("act", now_ms=0, expires_ms=10)
                won.append(number)
            except RefusedError:
                pass

    threads = [threading.Thread(target=use, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


HOUR_MS = 3_600_000
READ = Access(5, "alice", "statement", "terms")


def lines(operations: OperationalState) -> list[Access]:
    return [line for _, line in operations.accesses(before=None, limit=100)]


def test_the_access_record_has_a_line_an_hour_of_a_person_kind_and_statement(
    operations: OperationalState,
) -> None:
    others = [
        Access(9, "bob", "statement", "terms"),
        Access(9, "alice", "jws", "terms"),
        Access(9, "alice", "statement", "lease"),
        Access(9, "alice", "list"),
        Access(HOUR_MS, "alice", "statement", "terms"),
    ]
    repeated = [Access(7, "alice", "statement", "terms"), Access(HOUR_MS - 1, "alice", "list")]
    for line in (READ, *others, *repeated):
        operations.note_access(line)
    assert lines(operations) == [*others[::-1], READ]


def test_the_access_record_is_read_in_pages_and_outlives_its_process(
    engine: Engine, operations: OperationalState, data: Path
) -> None:
    for hour in range(5):
        operations.note_access(Access(hour * HOUR_MS, "alice", "list"))
    with closing(engine.open_operations(data)) as again:
        first = again.accesses(before=None, limit=3)
        second = again.accesses(before=first[-1][0], limit=3)
    assert [line.at_ms // HOUR_MS for _, line in (*first, *second)] == [4, 3, 2, 1, 0]


def test_lines_of_the_access_record_that_are_too_old_or_too_many_go(
    operations: OperationalState,
) -> None:
    day_ms = 24 * HOUR_MS
    for day in (0, 1, 400, 401):
        operations.note_access(Access(day * day_ms, "alice", "list"))
    assert [line.at_ms // day_ms for line in lines(operations)] == [401, 400, 1]
    operations.note_access(Access(402 * day_ms, "alice", "list"), most=2)
    assert [line.at_ms // day_ms for line in lines(operations)] == [402, 401]


# --- the signer's memory -------------------------------------------------------------------------


def test_a_new_memory_knows_nothing(memory: SignerMemory) -> None:
    assert (memory.get(ORIGIN), memory.known()) == (None, [])


def test_a_tree_is_replaced_by_a_caller_that_knows_it(memory: SignerMemory) -> None:
    assert memory.swap(None, tree(1))
    assert not memory.swap(None, tree(2))
    assert not memory.swap(tree(9), tree(2))
    assert memory.get(ORIGIN) == tree(1)
    assert memory.swap(tree(1), tree(2))
    assert memory.get(ORIGIN) == tree(2)


def test_each_origin_has_a_tree_and_the_newest_epoch_comes_last(memory: SignerMemory) -> None:
    assert memory.begin(1, tree(5, NEXT))
    assert memory.swap(None, tree(9))
    assert not memory.begin(2, tree(6, NEXT))
    assert memory.known() == [SignedTree(0, tree(9)), SignedTree(1, tree(5, NEXT))]


def test_what_is_remembered_is_there_after_closing(engine: Engine, data: Path) -> None:
    with closing(engine.open_signer_memory(data)) as first:
        first.swap(None, tree(1))
    with closing(engine.open_signer_memory(data)) as again:
        assert again.get(ORIGIN) == tree(1)


def test_of_two_signers_one_moves_the_tree(
    engine: Engine, memory: SignerMemory, data: Path
) -> None:
    memory.swap(None, tree(1))
    with closing(engine.open_signer_memory(data)) as other:
        assert memory.swap(tree(1), tree(2))
        assert not other.swap(tree(1), tree(3))
        assert other.get(ORIGIN) == tree(2)
