"""A database that is read-only, hangs, is full, of another ledger or version: said, and passed."""

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import UUID

import psycopg
import pytest

from ledger.errors import ConflictError
from ledger.store.ports.log import NotStored, Receipt, Unknown, Write
from ledger.store.postgres import schema
from ledger.store.postgres.store import PostgresLog
from tests.support.actor import Actor
from tests.support.check import audit_whole, wait_until_published
from tests.support.postgres import Cluster
from tests.support.refusals import refused
from tests.support.server import Server
from tests.support.writes import STATE, positions, stored, write

ONE = UUID(int=1)
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def served(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    own_cluster.execute("CREATE DATABASE served")
    data = tmp_path_factory.mktemp("served") / "data"
    url = own_cluster.url("served")
    server = Server(data, LEDGER_DATABASE_URL=url, LEDGER_RATE_LIMIT="60000")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def alice(served: Server) -> Iterator[Actor]:
    with served.client() as client:
        yield Actor(client, "Alice", served.origin).register("creator")


@pytest.fixture(autouse=True)
def _audited(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "served" in request.fixturenames:
        server = request.getfixturevalue("served")
        wait_until_published(server)
        audit_whole(server)
        assert "Traceback" not in server.output


def codes(actor: Actor) -> set[str]:
    """Return why the server is not ready."""
    return {each["code"] for each in actor.client.get("/readyz").json()["reasons"]}


def until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.1)  # the server has no other signal


def drafted(actor: Actor, body: dict[str, Any]) -> tuple[int, str]:
    answer = actor.client.post("/api/statements/create", json=body)
    return answer.status_code, answer.json().get("code", "")


@contextmanager
def read_only(cluster: Cluster) -> Iterator[None]:
    """Let the database refuse every change, as a standby does, or an operator who saves a disk."""
    cluster.execute("ALTER DATABASE served SET default_transaction_read_only = on")
    _end_connections(cluster, "served")
    try:
        yield
    finally:
        cluster.execute("ALTER DATABASE served RESET default_transaction_read_only")


def _end_connections(cluster: Cluster, database: str) -> None:
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
    cluster.execute(f"{query}'{database}'")


def test_a_database_that_becomes_read_only_is_told_and_passes(
    served: Server, alice: Actor, own_cluster: Cluster
) -> None:
    body = alice.draft_body(alice.document())
    with read_only(own_cluster):
        status, code = drafted(alice, body)
        assert (status, code in ("storage_failed", "state_unavailable")) == (503, True)
        assert "storage_failed" in codes(alice)
        assert alice.client.get("/livez").status_code == 200
    until(lambda: not codes(alice))  # by itself: nobody sends it anything meanwhile
    assert drafted(alice, body)[0] == 201


def test_a_database_whose_log_alone_takes_nothing_makes_the_server_unready(
    served: Server, alice: Actor, own_cluster: Cluster
) -> None:
    """Reading goes on, sessions too; a balancer would have gone on sending writes here."""
    body = alice.draft_body(alice.document())
    with psycopg.connect(own_cluster.url("served")) as other:
        other.execute("SELECT 1 FROM ledger.log_head FOR UPDATE")
        assert drafted(alice, body) == (503, "storage_failed")
        assert alice.client.get("/api/statements").status_code == 200
        assert codes(alice) == {"storage_failed"}
        assert alice.client.get("/healthz").status_code == 503
        other.rollback()
    until(lambda: not codes(alice))
    assert drafted(alice, body)[0] == 201


def test_a_database_that_hangs_leaves_nobody_waiting_and_goes_on(
    served: Server, alice: Actor, own_cluster: Cluster
) -> None:
    document = alice.document()
    body = alice.draft_body(document)
    processes = own_cluster.processes()
    _send(processes, signal.SIGSTOP)
    try:
        began_s = time.monotonic()
        assert "storage_failed" in codes(alice)
        assert time.monotonic() - began_s < 5
        status, code = drafted(alice, body)
        assert (status, code) in ((503, "state_unavailable"), (503, "storage_failed"))
        assert time.monotonic() - began_s < 30
    finally:
        _send(processes, signal.SIGCONT)
    until(lambda: not codes(alice))
    assert drafted(alice, body)[0] == 201
    statement = json.loads(document)["statementId"]
    assert alice.client.get(f"/api/statements/{statement}").status_code == 200


def _send(processes: list[int], sent: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):  # some live for a moment only
            os.kill(pid, sent)


def test_a_database_of_another_ledger_is_not_used_and_the_right_one_is_again(
    served: Server, alice: Actor, own_cluster: Cluster
) -> None:
    before = alice.draft()
    other = own_cluster.url("template_of_another")
    own_cluster.execute("CREATE DATABASE template_of_another")
    with closing(PostgresLog(other)) as log:
        log.append([write(UUID(int=number)) for number in range(1, 400)])
    _swap(own_cluster, "template_of_another")
    try:
        assert "database_changed" in codes(alice)
        assert drafted(alice, alice.draft_body(alice.document()))[0] == 503
        # Whose session is it? A server remembers a session for a second.
        until(lambda: alice.client.get("/api/statements").status_code == 503)
    finally:
        _swap(own_cluster, "template_of_another")
    until(lambda: not codes(alice))
    assert alice.client.get(f"/api/statements/{before.id}").status_code == 200
    with closing(PostgresLog(other)) as log:
        assert log.head().stored == 399  # nothing was appended to it


def test_an_empty_database_in_its_place_is_not_used_either(
    served: Server, alice: Actor, own_cluster: Cluster
) -> None:
    own_cluster.execute("CREATE DATABASE empty")
    _swap(own_cluster, "empty")
    try:
        assert "database_changed" in codes(alice)
    finally:
        _swap(own_cluster, "empty")
    until(lambda: not codes(alice))


def _swap(cluster: Cluster, other: str) -> None:
    """Let the name of the ledger's database mean another one."""
    for name in ("served", other):
        cluster.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        _end_connections(cluster, name)
    open_ones = "SELECT datname FROM pg_stat_activity WHERE datname IS NOT NULL"
    until(lambda: not {("served",), (other,)} & {*cluster.execute(open_ones)})
    for old, new in (("served", "swapped"), (other, "served"), ("swapped", other)):
        cluster.execute(f"ALTER DATABASE {old} RENAME TO {new}")
    for name in ("served", other):
        cluster.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_log_that_was_closed_or_restored_meanwhile_makes_the_server_unready(
    served: Server, alice: Actor, own_cluster: Cluster
) -> None:
    body = alice.draft_body(alice.document())
    raising = "UPDATE ledger.log_head SET epoch = epoch + {}"
    own_cluster.execute(raising.format(1), database="served")
    try:
        assert drafted(alice, body) == (503, "epoch_moved")
        assert codes(alice) == {"epoch_moved"}
        assert alice.client.get("/api/statements").status_code == 200
    finally:
        own_cluster.execute(
            f"SET session_replication_role = replica; {raising.format(-1)}", database="served"
        )
    assert codes(alice) == {"epoch_moved"}  # until a restart, or an append that is taken
    assert drafted(alice, body)[0] == 201
    assert not codes(alice)


@contextmanager
def full(cluster: Cluster, disk: Path) -> Iterator[None]:
    """Fill a disk of the cluster's own; without one, its files may grow no more."""
    if os.path.ismount(disk):
        ballast = disk / "ballast"
        left = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
        ballast.write_bytes(bytes(left - 65_536))
        yield
        ballast.unlink()
        return
    segment = 16 * 1024**2  # of its write-ahead log, which has them at their size already
    for pid in cluster.processes():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (segment, resource.RLIM_INFINITY))
    yield
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    for pid in cluster.processes():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, unlimited)


def test_a_full_disk_stores_nothing_that_it_acknowledges_and_passes() -> None:
    disk = Path(mkdtemp(prefix="ledger-disk-"))
    disk.chmod(0o755)  # the database is another user's
    mounting = ["/bin/mount", "-t", "tmpfs", "-o", "size=120M,mode=777", "tmpfs", str(disk)]
    mounted = os.geteuid() == 0 and not subprocess.call(mounting, stderr=subprocess.DEVNULL)
    cluster = Cluster("-c", "max_wal_size=32MB", parent=disk if mounted else None)
    try:
        cluster.start()
        with closing(PostgresLog(cluster.url())) as store:
            assert positions(store.append([write(ONE)])) == [1]
            version = 1
            with full(cluster, disk):
                result = None
                while not isinstance(result, NotStored | Unknown):
                    assert version < 60
                    version += 1
                    sent = _large(version)
                    (result,) = store.append([sent])
            until(lambda: isinstance(store.append([sent])[0], Receipt))
            assert store.head().stored == version
    finally:
        cluster.stop()
        if mounted:
            subprocess.check_call(["/bin/umount", "--lazy", str(disk)])
        disk.rmdir()


def _large(version: int) -> Write:
    """Return a write of a body of a megabyte, which nothing compresses."""
    state = STATE + os.urandom(1_000_000)
    return Write(key=os.urandom(32), events=(stored(ONE, version, state),))


def test_a_server_older_than_the_oldest_is_refused(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "OLDEST", 990_000)
    with refused(ConflictError, "database_refused"):
        PostgresLog(url)
