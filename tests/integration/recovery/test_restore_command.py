"""A disk is lost under a server; the operator restores, and everybody can tell what was lost."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from ledger.data_files import LOG_FILE
from ledger.store.engines import remembered
from ledger.tlog.checkpoint import parse_note
from tests.support.actor import Actor
from tests.support.public_log import assert_problem, proof_of
from tests.support.publications import until
from tests.support.server import Server
from tests.support.witnesses import WitnessServer

PATIENCE_S = 120
REASON = "The disk of the server failed."


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data", LEDGER_LOG_ORIGIN="ledger.example/approvals")
    running.start()
    yield running
    running.stop()


def ledger(server: Server, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one command of `ledger` on a server's data."""
    command = [sys.executable, "-m", "ledger", *map(str, arguments), "--data", str(server.data)]
    environment = os.environ | server.settings
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
    )


def lose_log(server: Server) -> None:
    for path in server.data.glob(f"{LOG_FILE}*"):
        path.unlink()


def published(client: httpx.Client, size: int) -> bytes:
    """Return the newest checkpoint, once it has this size."""
    until(lambda: client.get("/healthz").json().get("position") == size)
    until(lambda: parse_note(client.get("/log/checkpoint").content).checkpoint.size == size)
    return client.get("/log/checkpoint").content


def test_a_lost_disk_is_restored_and_no_position_is_given_out_twice_in_silence(
    server: Server, tmp_path: Path
) -> None:
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft()
        assert ledger(server, "backup", tmp_path / "backup").returncode == 0
        lost = alice.approve(drafted).json()
        receipt = proof_of(client, lost["leafIndex"])
        assert receipt.status_code == 200
        (tmp_path / "receipt").write_bytes(receipt.content)
    server.kill()
    lose_log(server)
    restore = ("restore", tmp_path / "backup", "--reason", REASON)
    refused = ledger(server, *restore)
    assert refused.returncode == 2
    assert "not_confirmed" in refused.stderr
    done = ledger(server, *restore, "--confirm", "ledger.example/approvals")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Lost: entries 7 to 7." in done.stdout
    assert "new origin ledger.example/approvals/1" in done.stdout
    server.start()
    with server.client() as client:
        note = published(client, 7)
        assert parse_note(note).checkpoint.origin == "ledger.example/approvals/1"
        # Alice was signed out; she signs in, and decides again what was lost.
        alice.client = client
        assert alice.sign_in().status_code == 200
        again = alice.approve(drafted)
        assert again.status_code == 201
        assert again.json()["leafIndex"] == 7
        evidence = client.get(f"/api/statements/{drafted.id}/evidence")
        (tmp_path / "bundle").write_bytes(evidence.content)
        (tmp_path / "checkpoint").write_bytes(published(client, 8))
        keys = ledger(server, "log", "keys").stdout
    (tmp_path / "keys").write_text(keys)
    audit = ledger(server, "audit")
    assert audit.returncode == 0
    assert "entry 7 was lost" in audit.stdout
    assert REASON in audit.stdout
    verified = ledger_alone("verify", tmp_path / "bundle", "--log-key", tmp_path / "keys")
    assert verified.returncode == 4, verified.stdout  # verified, and the statement is pending
    assert "Verified." in verified.stdout
    assert "the ledger was restored from a backup: entry 7 was lost" in verified.stdout
    vkeys = [line for line in keys.splitlines() if not line.startswith("#")]
    compared = ledger_alone(
        *("log", "compare", tmp_path / "receipt", tmp_path / "checkpoint"),
        *("--bundle", tmp_path / "bundle"),
        *(part for vkey in vkeys for part in ("--log", vkey)),
    )
    assert compared.returncode == 1, compared.stderr
    assert "position_lost" in compared.stdout
    assert "position 7" in compared.stdout


def ledger_alone(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one command of `ledger` without a ledger."""
    command = [sys.executable, "-m", "ledger", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)


def test_a_server_without_its_signers_memory_reads_takes_nothing_and_goes_on_when_confirmed(
    server: Server,
) -> None:
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft()
        size = parse_note(published(client, 6)).checkpoint.size
    server.terminate()
    (server.data / "signer-memory.sqlite").unlink()
    server.start(ready=False)
    with server.client() as client:
        alice.client = client
        assert alice.sign_in().status_code == 200
        until(lambda: "memory_missing" in client.get("/healthz").text)
        assert client.get("/healthz").status_code == 503
        assert client.get(f"/api/statements/{drafted.id}").status_code == 200
        assert client.get("/log/checkpoint").status_code == 200
        assert_problem(alice.approve(drafted), 503, "memory_missing")
        unconfirmed = ledger(server, "log", "confirm")
        assert unconfirmed.returncode == 2
        assert f"--size {size}" in unconfirmed.stderr
        done = ledger(server, "log", "confirm", "--size", str(size))
        assert (done.returncode, done.stderr) == (0, "")
        until(lambda: client.get("/healthz").status_code == 200)
        assert alice.approve(drafted).status_code == 201
        published(client, 7)


def test_a_witness_says_what_was_lost_and_follows_neither_origin_by_itself(
    start_witnessed: Callable[[], tuple[Server, WitnessServer]], tmp_path: Path
) -> None:
    server, witness = start_witnessed()
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft()
        assert ledger(server, "backup", tmp_path / "backup").returncode == 0
        assert alice.approve(drafted).status_code == 201
        published(client, 7)
        until(lambda: witness_size(witness) == 7)
    server.kill()
    lose_log(server)
    (server.data / "signer-memory.sqlite").unlink()
    name = "ledger.example/approvals"
    done = ledger(server, "restore", tmp_path / "backup", "--reason", REASON, "--confirm", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"the witness {witness.name} knows 7 entries" in done.stdout
    assert "Lost: entries 7 to 7." in done.stdout
    server.start()
    with server.client() as client:
        published(client, 7)
        until(lambda: "the witness does not watch this log" in client.get("/healthz").text)
        assert client.get("/healthz").status_code == 200
    assert witness_size(witness) == 7  # what it signed of the old origin, and no more


def test_a_size_that_the_operator_says_is_not_confirmed_against_a_witness_that_knows_more(
    start_witnessed: Callable[[], tuple[Server, WitnessServer]], tmp_path: Path
) -> None:
    server, witness = start_witnessed()
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft()
        published(client, 6)
        assert ledger(server, "backup", tmp_path / "backup").returncode == 0
        assert alice.approve(drafted).status_code == 201
        published(client, 7)
        until(lambda: witness_size(witness) == 7)
    server.kill()
    lose_log(server)
    (server.data / "signer-memory.sqlite").unlink()
    shutil.copy(tmp_path / "backup" / LOG_FILE, server.data)  # an old copy, put back by hand
    done = ledger(server, "log", "confirm", "--size", "6")
    assert done.returncode == 2
    assert f"entries_lost: the witness {witness.name} knows 7 entries" in done.stderr
    assert remembered(server.data / "signer-memory.sqlite") == []


def test_a_second_restore_hears_from_a_witness_of_the_origin_that_the_first_one_began(
    start_witnessed: Callable[[], tuple[Server, WitnessServer]], tmp_path: Path
) -> None:
    server, witness = start_witnessed()
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft()
        published(client, 6)
        assert ledger(server, "backup", tmp_path / "backup").returncode == 0
        assert alice.approve(drafted).status_code == 201
        published(client, 7)
        until(lambda: witness_size(witness) == 7)
    server.kill()
    lose_log(server)
    name = "ledger.example/approvals"
    restore = ("restore", tmp_path / "backup", "--reason", REASON, "--confirm", name)
    assert ledger(server, *restore).returncode == 0
    # The operator of the witness and that of the ledger add the new origin.
    vkey = ledger(server, "log", "keys").stdout.splitlines()[-1]
    witness.kill()
    witness.start(vkey)
    policy = Path(server.settings["LEDGER_WITNESSES"])
    policy.write_text(f"log {vkey}\n{witness.line}quorum none\n")
    server.start()
    with server.client() as client:
        alice.client = client
        for _ in range(3):
            alice.draft()
        published(client, 10)
        until(lambda: witness_size(witness, f"{name}/1") == 10)
    server.kill()
    lose_log(server)
    (server.data / "signer-memory.sqlite").unlink()
    done = ledger(server, *restore)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"the witness {witness.name} knows 10 entries" in done.stdout
    assert "Lost: entries 7 to 10." in done.stdout
    assert f"the new origin {name}/2" in done.stdout


def witness_size(witness: WitnessServer, origin: str = "ledger.example/approvals") -> int:
    name = hashlib.sha256(origin.encode()).hexdigest()
    answer = httpx.get(f"{witness.url}/{name}/checkpoint")
    return parse_note(answer.content).checkpoint.size if answer.status_code == 200 else 0


@pytest.fixture
def start_witnessed(tmp_path: Path) -> Iterator[Callable[[], tuple[Server, WitnessServer]]]:
    """Return a function that starts a ledger with one witness, which watches its first origin."""
    witness = WitnessServer(tmp_path / "witness", "w.example.com/1")
    policy = tmp_path / "policy"
    policy.write_text(f"{witness.line}quorum none\n")
    server = Server(
        tmp_path / "witnessed" / "data",
        LEDGER_LOG_ORIGIN="ledger.example/approvals",
        LEDGER_WITNESSES=str(policy),
    )
    server.data.parent.mkdir()

    def start() -> tuple[Server, WitnessServer]:
        server.start()
        keys = ledger(server, "log", "keys").stdout.splitlines()
        witness.start(*(line for line in keys if not line.startswith("#")))
        return server, witness

    yield start
    server.stop()
    witness.kill()


def test_a_restore_is_refused_while_the_server_runs(server: Server, tmp_path: Path) -> None:
    assert ledger(server, "backup", tmp_path / "backup").returncode == 0
    done = ledger(server, "restore", tmp_path / "backup", "--reason", REASON)
    assert done.returncode == 2
    assert "data_in_use" in done.stderr


def test_keys_come_back_from_an_older_backup_and_only_once_the_restore_is_confirmed(
    server: Server, tmp_path: Path
) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery\n")
    first, second = tmp_path / "first", tmp_path / "second"
    assert ledger(server, "backup", first, "--keys", phrase).returncode == 0
    with server.client() as client:
        Actor(client, "Alice", server.origin).register("creator")
    assert ledger(server, "backup", second, "--since", first).returncode == 0
    server.terminate()
    shutil.move(server.data, tmp_path / "lost")
    restore = ("restore", second, "--reason", REASON, "--keys", phrase)
    unconfirmed = ledger(server, *restore)
    assert (unconfirmed.returncode, "not_confirmed" in unconfirmed.stderr) == (2, True)
    assert not [*server.data.glob("*.pem")]
    done = ledger(server, *restore, "--confirm", "ledger.example/approvals")
    assert (done.returncode, done.stderr) == (0, "")
    old = (tmp_path / "lost" / "ledger-key.pem").read_bytes()
    assert (server.data / "ledger-key.pem").read_bytes() == old


def test_keys_come_back_from_a_backup_with_its_passphrase(server: Server, tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery\n")
    assert ledger(server, "backup", tmp_path / "backup", "--keys", phrase).returncode == 0
    server.terminate()
    shutil.move(server.data, tmp_path / "lost")
    restore = ("restore", tmp_path / "backup", "--reason", REASON, "--keys", phrase)
    done = ledger(server, *restore, "--confirm", "ledger.example/approvals")
    assert (done.returncode, done.stderr) == (0, "")
    assert "What was signed after the backup is unknown." in done.stdout
    old = (tmp_path / "lost" / "ledger-key.pem").read_bytes()
    assert (server.data / "ledger-key.pem").read_bytes() == old
    server.start()
    with server.client() as client:
        assert client.get("/healthz").status_code == 200
