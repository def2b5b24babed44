"""Long reads go to a standby, and nothing is read there that the primary does not have too."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest

from ledger.http.questions import AskedQuestion, answered
from ledger.http.turns import LongRead
from ledger.store.engines import audited_log, create_database, read_log
from ledger.store.postgres import standby
from ledger.store.postgres.store import PostgresLog
from tests.support.actor import Actor, policy_of
from tests.support.carried import carry
from tests.support.check import check_ledger, head, wait_for, wait_until_published
from tests.support.postgres import Cluster, Standby
from tests.support.server import Server

WAIT_S = 20


@pytest.fixture(scope="module")
def following(own_cluster: Cluster) -> Iterator[Standby]:
    own_cluster.execute("CREATE DATABASE other")
    found = Standby(own_cluster)
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def server(
    own_cluster: Cluster, following: Standby, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    found = Server(
        tmp_path_factory.mktemp("server") / "data",
        LEDGER_DATABASE_URL=own_cluster.url(),
        LEDGER_DATABASE_READS=following.url(),
        LEDGER_RATE_LIMIT="60000",
    )
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def alice(server: Server) -> Iterator[Actor]:
    with server.client() as client:
        yield Actor(client, "Alice", server.origin).register("creator")


@pytest.fixture
def log(server: Server, own_cluster: Cluster, following: Standby) -> Iterator[PostgresLog]:
    """The log as a server opens it, whose standby has everything."""
    following.catch_up()
    with closing(PostgresLog(own_cluster.url(), reads=following.url())) as opened:
        yield opened


@contextmanager
def paused(following: Standby) -> Iterator[None]:
    following.pause()
    try:
        yield
    finally:
        following.resume()


def read_there(log: PostgresLog, after: int) -> list[int] | None:
    """Return the positions that the standby shows, None if the primary has to be asked."""
    assert log._standby is not None
    rows = log._standby.read(after, 1_000)
    return None if rows is None else [position for position, _ in rows]


def until(is_so: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < give_up
        time.sleep(0.05)  # a database has no other signal


def test_what_a_standby_has_is_read_there(
    log: PostgresLog, following: Standby, alice: Actor, server: Server
) -> None:
    drafted = alice.draft()
    position = drafted.answer["position"]
    following.catch_up()
    assert read_there(log, 0) == [*range(1, head(server) + 1)]
    assert log.read(position - 1, 1) == super(PostgresLog, log).read(position - 1, 1)
    assert log.reading() == (following.url(), position)
    assert read_there(log, position) == []  # nothing newer, and no wait for it
    assert log.reading(checkpoint=position + 1_000).address == log.address


def test_a_standby_that_lags_is_left_for_the_primary_until_it_has_caught_up(
    log: PostgresLog, following: Standby, alice: Actor
) -> None:
    with paused(following):
        position = alice.draft().answer["position"]
        assert read_there(log, position - 1) is None
        assert [each for each, _ in log.read(position - 1, 10)] == [position]
        assert log.reading() == (log.address, position)
    until(lambda: read_there(log, position - 1) == [position])
    assert log.reading() == (following.url(), position)


def test_nothing_is_read_that_still_waits_for_its_quorum(
    log: PostgresLog, own_cluster: Cluster, following: Standby, alice: Actor, server: Server
) -> None:
    """A standby shows a commit before the primary does; until then it may be lost."""
    names = "ALTER SYSTEM SET synchronous_standby_names = "
    own_cluster.execute(f"{names}'nobody'")
    own_cluster.execute("SELECT pg_reload_conf()")
    sealed, waits = 0, False
    try:
        while not waits:  # until the database has read its new setting
            sealed, act, waits = head(server), alice.draft_body(alice.document()), True
            with server.client() as client, suppress(httpx.TimeoutException):
                waits = client.post("/api/statements/create", json=act, timeout=2).is_error
        until(lambda: following.execute("SELECT max(pos) FROM ledger.ev") == [(sealed + 1,)])
        assert read_there(log, sealed) == []
        assert read_there(log, sealed - 1) == [sealed]
        assert log.reading().size == sealed
        found = answered(LongRead(), log, AskedQuestion("events", None, None, None, 0))
        assert int(found.tables[0].rows[-1][0]) == sealed
    finally:
        own_cluster.execute(f"{names}''")
        own_cluster.execute("SELECT pg_reload_conf()")
    until(lambda: read_there(log, sealed) == [sealed + 1])


def test_a_database_with_another_ledger_is_not_read(
    own_cluster: Cluster, server: Server, tmp_path: Path
) -> None:
    url = own_cluster.url("other")
    other = Server(tmp_path / "data", LEDGER_DATABASE_URL=url)
    other.start()
    try:
        with closing(PostgresLog(server.log_address, reads=url)) as log:
            assert read_there(log, 0) is None
            assert log.reading() == (log.address, head(server))
            assert [each for each, _ in log.read(0, 2)] == [1, 2]
    finally:
        other.stop()


def test_of_several_hosts_the_primary_is_read_unless_the_url_says_otherwise(
    own_cluster: Cluster, following: Standby, alice: Actor, server: Server
) -> None:
    """The first one that is named may be behind, or be cut off from the others."""
    following.catch_up()
    seen = head(server)
    hosts = ",".join(quote(str(each.directory), safe="") for each in (following, own_cluster))
    with paused(following):
        position = alice.draft().answer["position"]
        for said, newest in (("", position), ("?target_session_attrs=any", seen)):
            with closing(read_log(own_cluster.url(host=hosts) + said)) as log:
                assert log.head().sealed == newest
            with closing(audited_log(own_cluster.url(host=hosts) + said).open()) as rows:
                assert rows.newest() == newest


def test_a_server_reads_at_its_standby_and_goes_on_without_it(
    server: Server, following: Standby, alice: Actor
) -> None:
    """Members read what they wrote, auditors and exports everything, in all its states."""

    def use() -> None:
        drafted = alice.draft(policy=policy_of(1, alice))
        approval = {"jwt": alice.approval(drafted.document)}
        signed = alice.client.post(f"/api/statements/{drafted.id}/sign", json=approval)
        position = signed.json()["position"]
        shown = alice.client.get(f"/api/statements/{drafted.id}?minPosition={position}")
        assert (shown.status_code, shown.json()["status"]) == (200, "approved")
        bundle = alice.client.get(f"/api/statements/{drafted.id}/evidence?mode=redacted")
        assert bundle.status_code == 200

    use()
    with psycopg.connect(following.url()) as looking:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ledger'"
        assert looking.execute(asked.encode()).fetchone() != (0,)
    with paused(following):
        use()
    following.kill()
    use()
    following.start()
    following.catch_up()
    time.sleep(standby.FAILED_S)  # as long as it is left alone
    use()
    check_ledger(server)


@pytest.mark.usefixtures("alice")  # whose events are changed
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger.ev SET entry = (SELECT entry FROM ledger.ev WHERE pos = 2) WHERE pos = 3",
        "UPDATE ledger.ev SET entry = (SELECT entry FROM ledger.ev WHERE pos = 2) WHERE pos = 3;"
        " UPDATE ledger.body SET data = (SELECT data FROM ledger.body WHERE pos = 2) WHERE pos = 3",
        "UPDATE ledger.ev SET pos = CASE pos WHEN 2 THEN -3 ELSE -2 END WHERE pos IN (2, 3)",
        "DELETE FROM ledger.ev WHERE pos = 2",
        "DELETE FROM ledger.body WHERE pos = 2; INSERT INTO ledger.erased VALUES (2, 3)",
        "UPDATE ledger.body SET data = (SELECT data FROM ledger.body WHERE pos = 2) WHERE pos = 3",
        "UPDATE ledger.body SET data = data || '\\x20' WHERE pos = 3",
    ],
)
def test_a_standby_whose_rows_were_changed_is_not_read(
    log: PostgresLog, own_cluster: Cluster, server: Server, change: str
) -> None:
    """A copy of the primary's rows stands for a standby that somebody changed past PostgreSQL."""
    own_cluster.execute("CREATE DATABASE changed")
    url = own_cluster.url("changed")
    try:
        copied_rows(own_cluster.url(), url)
        with closing(PostgresLog(own_cluster.url(), reads=url)) as reader:
            assert read_there(reader, 0) == [*range(1, head(server) + 1)]
        past = "SET session_replication_role = replica"
        positions = "UPDATE ledger.ev SET pos = -pos WHERE pos < 0"
        own_cluster.execute("; ".join((past, change, positions)), database="changed")
        with closing(PostgresLog(own_cluster.url(), reads=url)) as reader:
            assert read_there(reader, 0) is None
            assert [each for each, _ in reader.read(0, 3)] == [1, 2, 3]
    finally:
        own_cluster.execute("DROP DATABASE changed WITH (FORCE)")


def test_a_standby_that_has_what_was_erased_is_not_read(
    log: PostgresLog, own_cluster: Cluster, server: Server
) -> None:
    """Read models would show it, and be built anew for ever."""
    names = ("primary_copy", "changed")
    for name in names:
        own_cluster.execute(f"CREATE DATABASE {name}")
    primary, url = map(own_cluster.url, names)
    try:
        for each in (primary, url):
            copied_rows(own_cluster.url(), each)
        erased = "DELETE FROM ledger.body WHERE pos = 2; INSERT INTO ledger.erased VALUES (2, 3)"
        past = "SET session_replication_role = replica"
        own_cluster.execute("; ".join((past, erased)), database="primary_copy")
        with closing(PostgresLog(primary, reads=url)) as reader:
            assert read_there(reader, 0) is None
            own_cluster.execute("; ".join((past, erased)), database="changed")
            time.sleep(standby.LAGS_S)
            assert read_there(reader, 0) == [*range(1, head(server) + 1)]
    finally:
        for name in names:
            own_cluster.execute(f"DROP DATABASE {name} WITH (FORCE)")


def copied_rows(source: str, target: str) -> None:
    """Copy the events and their bodies into new tables of another database."""
    create_database(target, role=None)
    with psycopg.connect(source) as ours, psycopg.connect(target) as theirs:
        theirs.execute("SET session_replication_role = replica")
        for table in ("ev", "body", "erased"):
            with (
                ours.cursor().copy(f"COPY ledger.{table} TO STDOUT (FORMAT BINARY)") as given,
                theirs.cursor().copy(f"COPY ledger.{table} FROM STDIN (FORMAT BINARY)") as taken,
            ):
                for data in given:
                    taken.write(data)


def test_a_standby_that_was_promoted_and_went_another_way_is_not_read(
    log: PostgresLog, following: Standby, alice: Actor, server: Server, tmp_path: Path
) -> None:
    """The last test: from here on there are two histories."""
    wait_until_published(server)
    following.promote()
    data = tmp_path / "data"
    carry(server.data, data)
    elsewhere = Server(data, LEDGER_DATABASE_URL=following.url(), LEDGER_ORIGIN=server.origin)
    elsewhere.start()
    try:
        with elsewhere.client() as client:
            client.cookies.jar = alice.client.cookies.jar
            there = Actor.__new__(Actor)
            there.__dict__ |= alice.__dict__ | {"client": client}
            lost = there.draft().answer["position"]
        kept = alice.draft().answer["position"]
        assert kept == lost
        assert read_there(log, kept - 1) is None
        ((position, state),) = log.read(kept - 1, 10)
        assert position == kept
        assert state != b""
        assert log.reading() == (log.address, kept)
        wait_for(server, kept)
        check_ledger(server)
    finally:
        elsewhere.stop()
