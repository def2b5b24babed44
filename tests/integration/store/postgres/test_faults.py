"""What is lost on the way, and what waits: nothing is acknowledged that is not durable."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import pytest

from ledger.errors import UnavailableError
from ledger.store.ports.log import AppendResult, NotStored, Receipt, Unknown, Write
from ledger.store.postgres import store as postgres_store
from ledger.store.postgres import timed_connection
from ledger.store.postgres.connections import DatabaseConnection
from ledger.store.postgres.store import PostgresLog
from ledger.store.results import require_stored
from tests.support.postgres import Cluster
from tests.support.postgres_proxy import Proxy
from tests.support.refusals import refused
from tests.support.writes import positions, write

ONE = UUID(int=1)
APPEND = b"append_batch"
WAITING = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE '%append_batch%'"
HOW_MANY_WAIT = f"SELECT count(*) {WAITING}"


@pytest.fixture
def proxy(own_cluster: Cluster, own_url: str) -> Iterator[Proxy]:
    # A path of a socket has 107 bytes at most, and those of pytest can be longer.
    with TemporaryDirectory(prefix="proxy-") as made, Proxy(own_cluster, Path(made)) as passing:
        yield passing


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a statement half a second, and a batch a second more."""
    for name, seconds in (("STATEMENT_S", 0.5), ("READ_S", 0.5), ("DOUBT_S", 1.0)):
        monkeypatch.setattr(postgres_store, name, seconds)


@contextmanager
def no_standby_answers(cluster: Cluster) -> Iterator[None]:
    """Let every commit wait for a standby that there is not."""
    _configure(cluster, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "nobody")
    try:
        yield
    finally:
        _configure(cluster, "ALTER SYSTEM RESET synchronous_standby_names", "")


def _configure(cluster: Cluster, statement: str, expected: str) -> None:
    cluster.execute(statement)
    cluster.execute("SELECT pg_reload_conf()")
    _until(cluster, "SHOW synchronous_standby_names", [(expected,)])


def _until(cluster: Cluster, query: str, expected: list[tuple[object, ...]]) -> None:
    give_up = time.monotonic() + 30
    while cluster.execute(query) != expected:
        assert time.monotonic() < give_up
        time.sleep(0.02)  # the server has no other signal


def in_background(store: PostgresLog, sent: Write) -> tuple[threading.Thread, list[AppendResult]]:
    results: list[AppendResult] = []
    thread = threading.Thread(target=lambda: results.extend(_taken(store, sent)))
    thread.start()
    return thread, results


def _taken(store: PostgresLog, sent: Write) -> list[AppendResult]:
    """Append once the store's own connection has read the settings that were just written."""
    while True:
        results = store.append([sent])
        if not isinstance(results[0], NotStored):
            return results


# --- the connection ------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 5])
def test_a_batch_whose_answers_are_lost_is_stored_once_and_acknowledged(
    proxy: Proxy, own_url: str, times: int
) -> None:
    with closing(PostgresLog(proxy.url())) as store, closing(PostgresLog(own_url)) as other:
        proxy.lose_answers(APPEND, times)
        (receipt,) = store.append([write(ONE)])
        assert isinstance(receipt, Receipt)
        assert (receipt.position, receipt.repeated) == (1, True)
        assert (store.head().stored, len(other.stream(ONE))) == (1, 1)


def test_a_batch_that_is_lost_on_its_way_is_sent_again(proxy: Proxy) -> None:
    with closing(PostgresLog(proxy.url())) as store:
        proxy.lose_requests(APPEND, 3)
        (receipt,) = store.append([write(ONE)])
        assert isinstance(receipt, Receipt)
        assert (receipt.position, receipt.repeated) == (1, False)


@pytest.mark.usefixtures("impatient")
def test_a_server_that_answers_nothing_is_left_and_the_same_write_tells(proxy: Proxy) -> None:
    with closing(PostgresLog(proxy.url())) as store:
        sent = write(ONE)
        proxy.hold_answers()
        began_s = time.monotonic()
        (result,) = store.append([sent])
        assert time.monotonic() - began_s < 10
        assert isinstance(result, Unknown)
        with refused(UnavailableError, "storage_failed"):
            store.head()
        proxy.pass_on()
        assert require_stored(store.append([sent])[0]).position == 1
        assert store.head().stored == 1


@pytest.mark.usefixtures("impatient")
def test_after_a_read_that_got_no_answer_no_connection_from_before_is_used(proxy: Proxy) -> None:
    backend = "SELECT pg_backend_pid()"
    with closing(PostgresLog(proxy.url())) as store, closing(store.reader()) as reader:
        before = reader._connection.rows(backend)
        assert reader._connection.rows(backend) == before
        proxy.hold_answers()
        with refused(UnavailableError, "storage_failed"):
            store.head()
        proxy.pass_on()
        assert reader._connection.rows(backend) != before


def test_a_connection_that_was_lost_between_two_statements_is_opened_again(
    own_cluster: Cluster, own_url: str
) -> None:
    with closing(PostgresLog(own_url)) as store, closing(store.tree()) as tree:
        store.append([write(ONE)])
        own_cluster.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'ledger'"
        )
        assert (store.head().stored, tree.head()) == (1, 1)
        assert positions(store.append([write(ONE, 2)])) == [2]


# --- the standbys --------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
def test_without_an_answer_of_a_standby_nothing_is_acknowledged_shown_or_told_again(
    own_cluster: Cluster, own_url: str
) -> None:
    with closing(PostgresLog(own_url)) as store, closing(PostgresLog(own_url)) as other:
        sent = write(ONE)
        with no_standby_answers(own_cluster):
            (result,) = store.append([sent])
            assert isinstance(result, Unknown)
            assert other.head().stored == 0
            # After a crash the event is there, on this machine alone.
            own_cluster.kill()
            own_cluster.start()
            (again,) = other.append([sent])
            assert isinstance(again, Unknown)
            with refused(UnavailableError, "storage_failed"):
                other.head()
        assert require_stored(store.append([sent])[0]).repeated
        assert other.head().stored == 1


def test_a_wait_that_is_cancelled_acknowledges_nothing(own_cluster: Cluster, own_url: str) -> None:
    with closing(PostgresLog(own_url)) as store:
        with no_standby_answers(own_cluster):
            thread, results = in_background(store, write(ONE))
            _until(own_cluster, HOW_MANY_WAIT, [(1,)])
            own_cluster.execute(f"SELECT pg_cancel_backend(pid) {WAITING}")
            _until(own_cluster, "SELECT count(*) FROM ledger.ev", [(1,)])
            _until(own_cluster, HOW_MANY_WAIT, [(1,)])  # it is sent again
            assert results == []
        thread.join()
        (receipt,) = results
        assert isinstance(receipt, Receipt)
        assert (receipt.position, receipt.repeated) == (1, True)


def test_where_a_quorum_is_asked_for_nothing_is_taken_while_no_standby_is_named(
    own_cluster: Cluster, own_url: str
) -> None:
    with closing(PostgresLog(own_url, quorum=True)) as store:
        (result,) = store.append([write(ONE)])
        assert isinstance(result, NotStored)
        assert "synchronous_standby_names" in str(result.error)
        assert store.head().stored == 0
        with no_standby_answers(own_cluster):
            thread, results = in_background(store, write(ONE))
            _until(own_cluster, HOW_MANY_WAIT, [(1,)])
            assert results == []
        thread.join()
        assert positions(results) == [1]


# --- locks ---------------------------------------------------------------------------------------


def test_a_client_that_stops_in_a_transaction_delays_the_next_writer_by_seconds_only(
    own_url: str,
) -> None:
    with closing(PostgresLog(own_url)) as store, closing(DatabaseConnection(own_url)) as stopped:
        stopped.script("BEGIN; SELECT size FROM ledger.log_head FOR UPDATE")
        began_s = time.monotonic()
        assert positions(store.append([write(ONE)])) == [1]
        assert 1 < time.monotonic() - began_s < 5


def test_a_lock_that_is_held_for_too_long_stores_nothing(own_url: str) -> None:
    with closing(PostgresLog(own_url)) as store:
        # Readers have no time limit for an idle transaction.
        with closing(DatabaseConnection(own_url, reads_only=True)) as database:
            database.script(
                "BEGIN; SET TRANSACTION READ WRITE; SELECT size FROM ledger.log_head FOR UPDATE"
            )
            (result,) = store.append([write(ONE)])
            assert isinstance(result, NotStored)
        assert positions(store.append([write(ONE)])) == [1]
        assert timed_connection.STATEMENT_S > 5  # or our limit would leave it unknown
