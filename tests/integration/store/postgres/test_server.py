"""A ledger whose log is in PostgreSQL: served, killed, audited, and without its database."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from ledger.audit.run import AuditRequest, audit
from ledger.cli.main import main
from ledger.errors import CorruptError
from ledger.store.engines import address_of, audited_log
from ledger.store.starting import starting
from tests.integration.store.test_crash import kill_again_and_again
from tests.support.actor import Actor
from tests.support.check import audit_whole, check_ledger, head, wait_until_published
from tests.support.postgres import Cluster
from tests.support.refusals import refused
from tests.support.server import Server

KILLS = 3


@pytest.fixture(scope="module")
def served(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("postgres")
    url = own_cluster.url()
    server = Server(directory / "data", LEDGER_DATABASE_URL=url, LEDGER_RATE_LIMIT="60000")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def alice(served: Server) -> Iterator[Actor]:
    with served.client() as client:
        yield Actor(client, "Alice", served.origin).register("creator")


def approved(alice: Actor) -> str:
    """Draft a statement that its creator approves; return its id."""
    document = alice.document()
    statement: str = json.loads(document)["statementId"]
    drafted = alice.client.post("/api/statements/create", json=alice.draft_body(document))
    assert drafted.status_code == 201, drafted.text
    body = {"jwt": alice.approval(document)}
    signed = alice.client.post(f"/api/statements/{statement}/sign", json=body)
    assert signed.status_code == 201, signed.text
    return statement


@pytest.fixture
def run(
    served: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Return a function that runs a command on the ledger: its exit code and what it prints."""

    def command(*arguments: str) -> tuple[int, str]:
        for name, value in (served.settings | {"LEDGER_DATA": str(served.data)}).items():
            monkeypatch.setenv(name, value)
        code = main(arguments)
        return code, "".join(capsys.readouterr())

    return command


def test_a_statement_is_approved_published_proved_and_there_after_a_restart(
    served: Server, alice: Actor
) -> None:
    statement = approved(alice)
    wait_until_published(served)
    bundle = alice.client.get(f"/api/statements/{statement}/evidence?mode=statement")
    assert bundle.status_code == 200
    served.kill()
    served.start()
    assert alice.client.get(f"/api/statements/{statement}").status_code == 200
    assert not (served.data / "log.sqlite").exists()
    check_ledger(served)


def test_the_commands_read_the_log_from_the_database(
    served: Server, alice: Actor, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    statement = approved(alice)
    wait_until_published(served)
    code, told = run("audit")
    assert (code, told.startswith("VERIFIED")) == (0, True)
    assert statement in run("replay")[1]
    bundle = str(tmp_path / "bundle.zip")
    assert run("export", "--format", "bundle", "-o", bundle, statement) == (0, "")
    trail = str(tmp_path / "trail.csv")
    assert run("export", "--format", "csv", "-o", trail) == (0, "")
    assert "statement-signed.v1" in Path(trail).read_text()
    assert "the log is in a database" in run("doctor")[1]
    assert run("log", "checkpoint")[0] == 0
    assert run("log", "keys")[0] == 0


def test_a_change_of_log_keys_beside_the_server_is_stored_in_the_database(
    served: Server, run: Callable[..., tuple[int, str]]
) -> None:
    before = head(served)
    assert run("log", "rotate-keys")[0] == 0
    assert head(served) == before + 1
    wait_until_published(served)


def test_the_log_is_backed_up_while_it_is_served_and_the_backup_passes_the_audit(
    served: Server, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, told = run("backup", str(tmp_path / "backup"))
    assert (code, f"has {head(served):,} entries" in told) == (0, True)
    request = AuditRequest(audited_log(address_of(tmp_path / "backup")))
    found = audit(request, now_ms=time.time_ns() // 1_000_000)
    assert found.verdict == "verified"
    restoring = ("restore", str(tmp_path / "backup"), "--reason", "only a test")
    code, told = run(*restoring)
    assert (code, "data_in_use" in told) == (2, True)


def test_the_tables_are_created_by_a_command(
    run: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch, own_cluster: Cluster
) -> None:
    own_cluster.execute("CREATE ROLE application")
    code, told = run("database", "create", "--role", "application")
    assert (code, "application may read them, and append" in told) == (0, True)
    monkeypatch.delenv("LEDGER_DATABASE_URL")
    assert main(["database", "create"]) == 2


def test_a_database_that_is_gone_is_told_and_what_was_sent_then_is_stored_once_it_is_back(
    served: Server, alice: Actor, own_cluster: Cluster
) -> None:
    document = alice.document()
    body = alice.draft_body(document)
    statement = json.loads(document)["statementId"]
    own_cluster.kill()
    gone = alice.client.post("/api/statements/create", json=body)
    assert gone.status_code == 503
    assert gone.json()["code"] in ("state_unavailable", "storage_failed")  # a session stays known
    ready = alice.client.get("/readyz")
    assert ready.status_code == 503
    assert "storage_failed" in {each["code"] for each in ready.json()["reasons"]}
    assert str(own_cluster.directory) not in ready.text + gone.text
    # Lists are read from the views, which are files, but whose session it is, is in the database.
    unknown = alice.client.get("/api/sessions")
    assert (unknown.status_code, unknown.json()["code"]) == (503, "state_unavailable")
    with served.client() as stranger:
        assert stranger.get("/.well-known/jwks.json").status_code == 200
    own_cluster.start()
    again = alice.client.post("/api/statements/create", json=body)
    assert again.status_code == 201, again.text
    assert ready_within(alice.client, 30)
    assert alice.client.get(f"/api/statements/{statement}").status_code == 200
    audit_whole(served)


def ready_within(client: httpx.Client, seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while client.get("/readyz").status_code != 200:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.1)  # the server has no other signal
    return True


def test_a_key_without_its_database_starts_no_other_ledger(
    served: Server, own_cluster: Cluster
) -> None:
    own_cluster.execute("CREATE DATABASE another")
    with (
        refused(CorruptError, "log_missing"),
        starting(served.data, own_cluster.url("another")),
    ):
        pass


def test_a_server_that_is_killed_under_load_loses_nothing_and_repeats_nothing(
    url: str, tmp_path: Path
) -> None:
    _, unanswered = kill_again_and_again(tmp_path, KILLS, seed=3, LEDGER_DATABASE_URL=url)
    assert unanswered > KILLS
