"""Reading: by position, stream, name and type; from one snapshot; in order."""

import threading
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

from ledger.domain.entry import leaf_hash
from ledger.errors import CorruptError, UnavailableError
from ledger.store.ports.log import LogStore, Needs, Receipt
from tests.support.engines import Engine
from tests.support.refusals import refused
from tests.support.writes import STATE, positions, stored, write

ONE, TWO = UUID(int=1), UUID(int=2)


def test_a_new_log_is_empty(store: LogStore) -> None:
    assert store.head().stored == 0
    assert store.read(0, 10) == []


def test_positions_are_dense_and_in_the_order_of_the_batch(store: LogStore) -> None:
    assert positions(store.append([write(ONE, 1, 2), write(TWO), write()])) == [2, 3, 4]
    assert positions(store.append([write(ONE, 3), write()])) == [5, 6]
    assert store.head().stored == 6
    assert [position for position, _ in store.read(0, 10)] == [1, 2, 3, 4, 5, 6]
    assert [position for position, _ in store.read(2, 2)] == [3, 4]
    assert [row[:4] for row in store.rows(1, None, 10)] == [
        (1, ONE, 1, "tag.v1"),
        (2, ONE, 2, "tag.v1"),
        (3, TWO, 1, "tag.v1"),
        (4, store.rows(4, 4, 1)[0][1], 1, "tag.v1"),
        (5, ONE, 3, "tag.v1"),
        (6, store.rows(6, 6, 1)[0][1], 1, "tag.v1"),
    ]


def test_a_stream_is_read_in_either_direction_and_in_part(store: LogStore) -> None:
    store.append([write(ONE, 1, 2, 3, 4), write(TWO)])
    assert [row[0] for row in store.stream(ONE)] == [1, 2, 3, 4]
    assert [row[0] for row in store.stream(ONE, gt=1, lte=3)] == [2, 3]
    assert [row[0] for row in store.stream(ONE, desc=True, limit=2)] == [4, 3]
    assert store.stream(uuid4()) == []


def test_states_are_found_by_position_in_the_order_asked_for(store: LogStore) -> None:
    store.append([write(), write()])
    assert store.states([2, 1]) == [(2, STATE), (1, STATE)]
    with refused(CorruptError, "position_missing"):
        store.states([1, 3])


def test_what_was_written_is_there_after_closing(engine: Engine, data: Path) -> None:
    with closing(engine.open_log(data)) as first:
        first.append([write(ONE, 1, 2)])
    with closing(engine.open_log(data)) as again:
        assert (again.head().stored, len(again.stream(ONE))) == (2, 2)
        (receipt,) = again.append([write(ONE, 3)])
    assert isinstance(receipt, Receipt)
    assert receipt.position == 3


def test_each_event_is_stored_with_its_leaf_hash(store: LogStore) -> None:
    store.append([write()])
    with closing(store.tree()) as tree:
        assert [leaf.claimed for leaf in tree.leaves(0, 9)] == [leaf_hash(STATE)]


def test_a_stream_is_read_by_position_and_events_by_type(store: LogStore) -> None:
    first = write(events=(stored(ONE, 1, tag="a.v1"), stored(ONE, 2, tag="b.v1")))
    store.append([first, write(TWO), write(events=(stored(ONE, 3, tag="b.v1"),))])
    assert [position for position, _ in store.placed(ONE, 9)] == [1, 2, 4]
    assert [position for position, _ in store.placed(ONE, 3)] == [1, 2]
    assert [position for position, _ in store.placed(ONE, 9, gt=1, limit=1)] == [2]
    assert [position for position, _ in store.placed(ONE, 9, gt=1)] == [2, 4]
    assert store.positions("b.v1", 9) == [2, 4]
    assert store.positions("b.v1", 3) == [2]


def test_the_extent_counts_events_and_their_bytes_up_to_a_position(store: LogStore) -> None:
    assert store.extent(9) == (0, 0)
    store.append([write(), write(), write()])
    each = len(STATE) - 2  # without the length of the entry
    assert store.extent(2) == (2, 2 * each)
    store.append([write(TWO)])
    assert (store.extent(9), store.extent(9, TWO)) == ((4, 4 * each), (1, each))
    assert store.extent(3, TWO) == (0, 0)


def test_a_load_returns_only_what_is_newer_than_the_versions_known(store: LogStore) -> None:
    sent = write(ONE, 1, 2, 3, claims=(("kid/a", ONE),), answer=b"done")
    store.append([sent])
    needs = Needs(key=sent.key, streams=((ONE, 2), (TWO, 0)), names=("kid/a", "kid/b"))
    (facts,) = store.load([needs])
    assert [each.originator_version for each in facts.events[ONE]] == [3]
    assert facts.events[TWO] == ()
    assert facts.owners == {"kid/a": ONE}
    assert facts.receipt == Receipt(position=3, answer=b"done", count=3, repeated=True)
    assert facts.head == store.head()


def test_the_owner_of_a_name_comes_with_its_stream(store: LogStore) -> None:
    store.append([write(ONE, 1, 2, claims=(("kid/a", ONE),))])
    (facts,) = store.load([Needs(names=("kid/a",))])
    assert [each.originator_version for each in facts.events[ONE]] == [1, 2]


def test_one_load_is_one_snapshot_while_others_write(engine: Engine, data: Path) -> None:
    ended = threading.Event()
    with closing(engine.open_log(data)) as store, closing(store.reader()) as reader:

        def fill() -> None:
            for version in range(1, 200):
                both = write(events=(stored(ONE, version), stored(TWO, version)))
                assert isinstance(store.append([both])[0], Receipt)
            ended.set()

        writer = threading.Thread(target=fill)
        writer.start()
        loads = 0
        while not ended.is_set():
            one, two = reader.load([Needs(streams=((ONE, 0),)), Needs(streams=((TWO, 0),))])
            assert len(one.events[ONE]) == len(two.events[TWO])
            assert one.head == two.head
            assert one.head.stored == 2 * len(one.events[ONE])
            loads += 1
        writer.join()
    assert loads > 3


def test_a_log_that_is_opened_for_reading_shows_the_same(engine: Engine, data: Path) -> None:
    with closing(engine.open_log(data)) as store:
        store.append([write(ONE, 1, 2)])
        with closing(engine.read_log(data)) as reader, closing(reader.tree()) as tree:
            assert reader.head() == store.head()
            assert reader.read(0, 9) == store.read(0, 9)
            assert tree.head() == 2
            store.append([write(TWO)])
            assert reader.head().stored == 3


def test_a_closed_log_says_that_it_cannot_be_read_or_written(engine: Engine, data: Path) -> None:
    store = engine.open_log(data)
    store.close()
    with refused(UnavailableError, "storage_failed"):
        store.head()
    with refused(UnavailableError, "storage_failed"):
        store.seal()
