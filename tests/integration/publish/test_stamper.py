"""A ledger and its time-stamp authority: stamped when there is something new, and not otherwise."""

import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger import clock
from ledger.errors import LedgerError
from ledger.publish.served import ServedCheckpoint
from ledger.publish.stamper import Authority as Asked
from ledger.publish.stamper import Stamper
from ledger.store.ports.endorsements import EndorsementTables
from ledger.store.ports.tree import Published
from ledger.store.sqlite.endorsements import SqliteEndorsements
from ledger.timestamp.verify import RESPONSE_TYPE, parse_certificates, verify_stamp
from ledger.tlog import vkeys
from ledger.tlog.witness_policy import parse_policy
from tests.support.actor import Actor
from tests.support.authority import Authority
from tests.support.check import check_ledger
from tests.support.logs import opened, settings_of
from tests.support.programs import run_ledger
from tests.support.server import Server
from tests.support.stamps import stamp as forged
from tests.support.stored_tables import rows
from tests.support.strangers import Reply, stranger


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tsa")


@pytest.fixture
def address(authority: Authority) -> Iterator[str]:
    with authority.serving() as url:
        yield url


@pytest.fixture
def server(tmp_path: Path, authority: Authority, address: str) -> Iterator[Server]:
    server = Server(
        tmp_path / "data",
        LEDGER_TSA_URL=address,
        LEDGER_TSA_CERTIFICATES=str(authority.directory / "root.pem"),
        LEDGER_TSA_INTERVAL="1",
    )
    server.start()
    yield server
    server.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stamps(server: Server) -> list[tuple[int, bytes]]:
    return [(size, note) for size, note in rows(server, "SELECT size, note FROM stamp ORDER BY id")]


def stamp_of(client: httpx.Client, size: int) -> httpx.Response:
    path = f"/log/checkpoints/{size}/stamp"
    until(lambda: client.get(path).status_code == 200)
    return client.get(path)


def listed(client: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/log/checkpoints").json()["items"]
    return items


def newest(client: httpx.Client) -> int:
    size: int = client.get("/log/checkpoints").json()["items"][-1]["size"]
    return size


def test_new_checkpoints_are_stamped_and_can_be_checked_with_openssl(
    server: Server, authority: Authority
) -> None:
    trusted = parse_certificates(authority.pem)
    with server.client() as client:
        actor = Actor(client, "Alice", server.origin).register("creator")
        for _ in range(2):
            size = actor.draft().answer["leafIndex"] + 1
            answer = stamp_of(client, size)
            assert answer.headers["content-type"] == RESPONSE_TYPE
            text = client.get(f"/log/checkpoints/{size}/stamped").content
            assert text == client.get(f"/log/checkpoints/{size}").content
            assert authority.verifies(answer.content, text)
            found = verify_stamp(answer.content, text, trusted)
            stamped = {i["size"]: i["stampedAt"] for i in listed(client)}
            assert clock.to_ms(stamped[size]) == round(found.time.timestamp() * 1000)
        for size in (i["size"] for i in listed(client) if i["stampedAt"] is None):
            for path in (f"/log/checkpoints/{size}/stamp", f"/log/checkpoints/{size}/stamped"):
                problem = client.get(path).json()
                assert (problem["status"], problem["code"]) == (404, "stamp_unknown")
        assert client.get("/log/checkpoints/x/stamp").json()["code"] == "request_invalid"
    check_ledger(server)


def test_nothing_new_is_not_stamped_again(server: Server) -> None:
    until(lambda: len(stamps(server)) == 1)
    with server.client() as client:
        size = newest(client)
        time.sleep(2.5)  # twice the interval: what does not happen has no other sign
        assert [each for each, _ in stamps(server)] == [size]


@pytest.mark.sqlite("the triggers of the file; a database has test_append_only")
def test_stamps_cannot_be_changed_or_removed(server: Server) -> None:
    until(lambda: len(stamps(server)) == 1)
    for sql in (
        "UPDATE stamp SET token = x''",
        "DELETE FROM stamp",
        "INSERT OR REPLACE INTO stamp SELECT * FROM stamp",
    ):
        with (
            sqlite3.connect(server.data / "log.sqlite") as db,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            db.execute(sql)
        db.close()


def ledger_log_stamp(server: Server, **settings: str) -> subprocess.CompletedProcess[str]:
    command = ["log", "stamp", "--data", str(server.data)]
    return run_ledger(command, server.environment() | settings, timeout_s=30)


def test_the_operator_can_have_one_made_now(
    tmp_path: Path, authority: Authority, address: str
) -> None:
    server = Server(tmp_path / "data")
    server.start()
    try:
        root = str(authority.directory / "root.pem")
        with server.client() as client:
            until(lambda: client.get("/log/checkpoint").status_code == 200)
            said = ledger_log_stamp(server, LEDGER_TSA_URL=address, LEDGER_TSA_CERTIFICATES=root)
            assert (said.returncode, said.stderr) == (0, "")
            assert said.stdout.startswith("The checkpoint of 2 entries existed at 2")
            assert client.get("/log/checkpoints/2/stamp").status_code == 200
        for settings, words in (
            ({}, "authority_missing"),
            ({"LEDGER_TSA_URL": address}, "LEDGER_TSA_URL needs LEDGER_TSA_CERTIFICATES"),
            ({"LEDGER_TSA_URL": "x", "LEDGER_TSA_CERTIFICATES": root}, "url_invalid"),
            ({"LEDGER_TSA_URL": address, "LEDGER_TSA_CERTIFICATES": __file__}, "certificates_m"),
        ):
            refused = ledger_log_stamp(server, **settings)
            assert refused.returncode == 2
            assert words in refused.stderr
            assert "Traceback" not in refused.stderr
    finally:
        server.stop()


def test_an_authority_that_fails_degrades_the_ledger_and_stops_nothing(
    tmp_path: Path, authority: Authority
) -> None:
    with stranger(lambda *_: Reply(500)) as url:
        server = Server(
            tmp_path / "data",
            LEDGER_TSA_URL=url,
            LEDGER_TSA_CERTIFICATES=str(authority.directory / "root.pem"),
            LEDGER_TSA_INTERVAL="1",
        )
        server.start()
        try:
            with server.client() as client:
                until(lambda: client.get("/healthz").json()["status"] == "degraded")
                answer = client.get("/healthz")
                assert answer.status_code == 200
                assert "time-stamps: peer_unreachable" in answer.text
                counted = client.get("/metrics").text
                assert re.search(r"^ledger_stamp_failures_total [1-9]", counted, re.MULTILINE)
                Actor(client, "Alice", server.origin).register("creator").draft()
        finally:
            server.stop()


# --- authorities that lie ----------------------------------------------------------------------

PUBLISHED = Published(7, bytes(32), b"note", "2026-11-21T03:04:05.678Z")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(200, b"", RESPONSE_TYPE), "stamp_malformed"),
        (Reply(200, b"x" * 70_000, RESPONSE_TYPE), "peer_unreachable"),
        (Reply(200, forged(b"note"), "text/html"), "peer_unreachable"),
        (Reply(404, forged(b"note"), RESPONSE_TYPE), "peer_unreachable"),
        (Reply(200, forged(b"note"), RESPONSE_TYPE), "stamp_refused"),
    ],
)
def test_only_a_verified_stamp_is_kept(authority: Authority, reply: Reply, code: str) -> None:
    with stranger(lambda *_: reply) as url:
        asked = Asked(url, parse_certificates(authority.pem))
        with pytest.raises(LedgerError) as refused:
            asked.stamp(PUBLISHED, b"note", now_ms=now_ms())
        asked.close()
    assert refused.value.code == code


def test_an_old_answer_and_a_wrong_clock_are_refused(authority: Authority) -> None:
    answers = [b""]

    def replay(_: str, __: str, query: bytes) -> Reply:
        answers[0] = answers[0] or authority.stamp(query)
        return Reply(200, answers[0], RESPONSE_TYPE)

    with stranger(replay) as url:
        asked = Asked(url, parse_certificates(authority.pem))
        assert asked.stamp(PUBLISHED, b"note", now_ms=now_ms()).token == answers[0]
        for moment in (now_ms(), now_ms() + 10 * 60 * 1000):
            with pytest.raises(LedgerError) as refused:
                asked.stamp(PUBLISHED, b"note", now_ms=moment)
            assert refused.value.code == "stamp_refused"
        answers[0] = b""
        with pytest.raises(LedgerError) as refused:
            asked.stamp(PUBLISHED, b"note", now_ms=now_ms() - 10 * 60 * 1000)
        assert refused.value.code == "stamp_refused"
        asked.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


# --- when --------------------------------------------------------------------------------------


def test_a_witnessed_checkpoint_is_stamped_with_its_lines_and_anew_when_more_come(
    tmp_path: Path, authority: Authority, address: str
) -> None:
    witness = vkeys.generate("w.example.com", cosigner=True)[0].key
    policy = parse_policy(f"witness w {witness.vkey}\nquorum none\n".encode())
    moment = [0]
    with (
        opened(settings_of(tmp_path / "data")) as ledger,
        closing(ledger.store.endorsements()) as endorsements,
        closing(Asked(address, parse_certificates(authority.pem))) as asked,
    ):
        ledger.publication().catch_up()
        quorum = ServedCheckpoint(policy, endorsements, wait_s=10, now_ms=lambda: moment[0])
        stamper = Stamper(
            asked, ledger.tree, endorsements, quorum, interval_s=60, now_ms=lambda: moment[0]
        )

        def stamped(after_s: float) -> int:
            moment[0] = now_ms() + round(after_s * 1000)
            stamper._step()
            return len(stamps_in(endorsements))

        assert stamped(0) == 0  # its witnesses may still sign
        endorsements.cosign(2, witness, b"first line")
        assert stamped(11) == 1
        assert stamped(12) == 1  # the interval
        assert stamped(90) == 1  # nothing new
        other = vkeys.generate("x.example.com", cosigner=True)[0].key
        endorsements.cosign(2, other, b"second line")
        assert stamped(30) == 1  # the interval
        assert stamped(91) == 2
        first, second = stamps_in(endorsements)
        assert first.endswith(b"first line")
        assert second == first + b"second line"
        ledger.fill(5)
        ledger.publication().catch_up()
        assert stamped(200) == 3
        newest = endorsements.last_stamp()
        assert newest is not None
        assert newest.size == 5
        older = endorsements.last_stamp(2)
        assert older is not None
        assert older.note == second


def stamps_in(endorsements: EndorsementTables) -> list[bytes]:
    assert isinstance(endorsements, SqliteEndorsements)
    return [note for (note,) in endorsements._rows("SELECT note FROM stamp ORDER BY id")]
