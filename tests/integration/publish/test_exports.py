"""Bundles of the whole log: who gets them, how many at once, and what ends them."""

import io
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from uuid import UUID
from zipfile import ZipFile

import httpx
import pytest

from benchmarks.synthetic import grow
from ledger.store.engines import open_log
from ledger.verify.bundle import verify
from tests.integration.conftest import Join
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.check import check_ledger
from tests.support.evidence import OF_MEMBERS, exported, log_keys, written
from tests.support.server import Server

END_S = 10.0


class Firm:
    """A ledger by invitation: administrator, creator, auditor, and an approved statement."""

    def __init__(self, server: Server, clients: ExitStack) -> None:
        self.server = server
        self._clients = clients
        (setup,) = re.findall(r"invitation=(\S+)", server.output)
        self.ada = self._person("Ada").register("administrator", setup)
        self.cora, self.otto = self._member("Cora", "creator"), self._member("Otto", "auditor")
        terms = self.cora.draft(policy=policy_of(1, self.cora))
        assert self.cora.approve(terms).json()["status"] == "approved"
        self.statement = terms.id

    def _person(self, name: str) -> Actor:
        client = self._clients.enter_context(self.server.client())
        return Actor(client, name, self.server.origin)

    def _member(self, name: str, role: str) -> Actor:
        assert self.ada.invite(role, f"for {name}").status_code == 201
        return self._person(name).register(role, f"for {name}")

    @property
    def address(self) -> str:
        return f"/api/statements/{self.statement}/evidence?mode=full"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    data = tmp_path_factory.mktemp("firm") / "data"
    server = Server(data, LEDGER_REGISTRATION="invite")
    server.start()
    with ExitStack() as clients:
        yield Firm(server, clients)
        check_ledger(server)
    server.stop()


@pytest.fixture(scope="module")
def _large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    data = tmp_path_factory.mktemp("large") / "data"
    server = Server(data, LEDGER_REGISTRATION="invite")
    server.start()
    with ExitStack() as clients:
        found = Firm(server, clients)
        server.terminate()
        with closing(open_log(server.log_address)) as store:
            people = [UUID(each.user) for each in (found.cora, found.otto, found.ada)]
            grow(store, people, statements=6_000)
        yield found
        server.stop()


@pytest.fixture
def large(_large: Firm) -> Firm:
    """A running firm whose log is longer than what a connection and its pipes hold.

    Its signatures verify for nobody.
    """
    if _large.server.pid is None:
        _large.server.start()
    assert until(lambda: not children(_large.server))
    return _large


def children(server: Server) -> list[int]:
    """Return the processes that a server started and that still run."""
    assert server.pid is not None
    said = subprocess.run(["pgrep", "-P", str(server.pid)], capture_output=True, check=False)  # noqa: S607  # of the system
    return [int(line) for line in said.stdout.split()]


def until(done: Callable[[], bool]) -> bool:
    """Wait until something is so: processes of a process tell nobody else that they end."""
    give_up = time.monotonic() + END_S
    while not done() and time.monotonic() < give_up:
        time.sleep(0.05)
    return done()


def is_running(pid: int) -> bool:
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)  # noqa: S607  # of the system
    return said.stdout.strip() not in (b"", b"Z", b"Z+")


def test_the_whole_log_is_for_auditors(firm: Firm) -> None:
    for who in (firm.ada, firm.cora):
        answer = who.client.get(firm.address)
        assert (answer.status_code, answer.json()["code"]) == (403, "auditor_only")
    for mode in OF_MEMBERS:
        address = f"/api/statements/{firm.statement}/evidence?mode={mode}"
        assert firm.ada.client.get(address).status_code == 404  # she takes no part in it
        assert verified(firm, exported(firm.cora, firm.statement, mode)) == mode
    assert verified(firm, exported(firm.otto, firm.statement, "full")) == "full"


def test_with_open_registration_the_operator_writes_the_whole_log(
    server: Server, join: Join
) -> None:
    cora = join("Cora", "creator")
    terms = cora.draft(policy=policy_of(1, cora))
    answer = cora.client.get(f"/api/statements/{terms.id}/evidence?mode=full")
    assert (answer.status_code, answer.json()["code"]) == (403, "auditor_only")
    assert "ledger export" in answer.json()["detail"]
    report = verify(
        written(server, terms.id, "full"), expected_keys=log_keys(server), now_ms=now_ms()
    )
    assert (report.mode, report.verdict) == ("full", "verified")


def test_an_administrator_becomes_an_auditor_in_the_log(firm: Firm) -> None:
    assert firm.ada.client.get(firm.address).status_code == 403
    assert firm.ada.grant_role(firm.ada.user, "auditor").status_code == 201
    assert until(lambda: firm.ada.client.get(firm.address).status_code == 200)


def test_the_whole_log_of_no_statement_is_refused(firm: Firm) -> None:
    address = firm.address.replace(firm.statement, firm.otto.user)
    answer = firm.otto.client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "statement_unknown")


def files(raw: bytes) -> dict[str, bytes]:
    """Return the files of a bundle, but for its heads and manifest, which have the time."""
    with ZipFile(io.BytesIO(raw)) as bundle:
        found = {name: bundle.read(name) for name in bundle.namelist()}
    if "heads.jwt" in found:
        del found["heads.jwt"], found["manifest.json"]
    return found


def test_what_is_streamed_is_what_the_command_writes(firm: Firm) -> None:
    for mode in (*OF_MEMBERS, "full"):
        answer = firm.otto.client.get(firm.address.replace("full", mode))
        assert files(answer.content) == files(written(firm.server, firm.statement, mode))
        assert int(answer.headers["content-length"]) == len(answer.content)


def verified(firm: Firm, raw: bytes) -> str | None:
    report = verify(raw, expected_keys=log_keys(firm.server), now_ms=now_ms())
    assert report.verdict == "verified", report.checks
    return report.mode


def test_a_client_that_hangs_up_ends_the_process_that_writes(large: Firm) -> None:
    with large.otto.client.stream("GET", large.address) as answer:
        assert answer.status_code == 200
        assert int(answer.headers["content-length"]) > 20_000_000
        assert len(children(large.server)) == 1
    assert until(lambda: not children(large.server))
    assert "Traceback" not in large.server.output


def test_a_client_that_hangs_up_before_the_first_byte_ends_it_too(large: Firm) -> None:
    with pytest.raises(httpx.ReadTimeout):
        large.otto.client.get(large.address, timeout=httpx.Timeout(10, read=0.3))
    assert until(lambda: not children(large.server))


def test_two_are_written_at_once_and_others_are_answered(large: Firm) -> None:
    client, address = large.otto.client, large.address
    with client.stream("GET", address) as one, client.stream("GET", address) as two:
        assert (one.status_code, two.status_code) == (200, 200)
        third = client.get(address)
        assert (third.status_code, third.json()["code"]) == (503, "server_busy")
        assert int(third.headers["retry-after"]) > 0
        assert client.get("/api/users").status_code == 200
        assert len(exported(large.otto, large.statement)) > 0
    assert until(lambda: client.get(address).status_code == 200)


def test_an_operator_who_stops_the_server_stops_the_processes(large: Firm) -> None:
    with large.otto.client.stream("GET", large.address) as answer:
        assert answer.status_code == 200
        (worker,) = children(large.server)
        began = time.monotonic()
        assert large.server.terminate() in (0, -signal.SIGTERM)
        assert time.monotonic() - began < END_S
    assert not is_running(worker)


def test_the_process_ends_with_a_server_that_is_killed(large: Firm) -> None:
    with large.otto.client.stream("GET", large.address) as answer:
        assert answer.status_code == 200
        (worker,) = children(large.server)
        large.server.kill()
    assert until(lambda: not is_running(worker))
