"""A disk is lost under a server; the operator restores, and everybody can tell what was lost."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.tlog.checkpoint import parse_note
from tests.support.actor import Actor, Drafted
from tests.support.operators import PATIENCE_S, REASON, ledger, lose_log, published
from tests.support.programs import run_ledger
from tests.support.public_log import assert_problem, proof_of
from tests.support.publications import until
from tests.support.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data", LEDGER_LOG_ORIGIN="ledger.example/approvals")
    running.start()
    yield running
    running.stop()


def test_a_lost_disk_is_restored_and_no_position_is_given_out_twice_in_silence(
    server: Server, tmp_path: Path
) -> None:
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft()
        published(client, 7)
        address = f"/api/statements/{drafted.id}/evidence"
        (tmp_path / "kept").write_bytes(client.get(address).content)
        assert ledger(server, "backup", tmp_path / "backup").returncode == 0
        lost = alice.approve(drafted).json()
        receipt = proof_of(client, lost["leafIndex"])
        assert receipt.status_code == 200
        (tmp_path / "receipt").write_bytes(receipt.content)
        entry = client.get(f"/log/entries/{lost['leafIndex']}")
        (tmp_path / "entry").write_bytes(entry.content)
        (tmp_path / "lost").write_bytes(client.get(address).content)
    server.kill()
    lose_log(server)
    restore = ("restore", tmp_path / "backup", "--reason", REASON)
    refused = ledger(server, *restore)
    assert refused.returncode == 2
    assert "not_confirmed" in refused.stderr
    done = ledger(server, *restore, "--confirm", "ledger.example/approvals")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Lost: entries 8 to 8." in done.stdout
    assert "new origin ledger.example/approvals/1" in done.stdout
    server.start()
    with server.client() as client:
        note = published(client, 8)
        assert parse_note(note).checkpoint.origin == "ledger.example/approvals/1"
        alice.client = client
        require_goes_on(alice, drafted)
        evidence = client.get(f"/api/statements/{drafted.id}/evidence")
        (tmp_path / "bundle").write_bytes(evidence.content)
        (tmp_path / "checkpoint").write_bytes(published(client, 11))
        keys = ledger(server, "log", "keys").stdout
    (tmp_path / "keys").write_text(keys)
    audit = ledger(server, "audit")
    assert audit.returncode == 0
    assert "entry 8 was lost" in audit.stdout
    assert REASON in audit.stdout
    verified = ledger_alone("verify", tmp_path / "bundle", "--log-key", tmp_path / "keys")
    assert verified.returncode == 4, verified.stdout  # verified, and the statement has ended
    assert "Verified." in verified.stdout
    assert "the ledger was restored from a backup: entry 8 was lost" in verified.stdout
    require_told_what_was_lost(tmp_path)
    vkeys = [line for line in keys.splitlines() if not line.startswith("#")]
    compared = ledger_alone(
        *("log", "compare", tmp_path / "receipt", tmp_path / "checkpoint"),
        *("--bundle", tmp_path / "bundle"),
        *(part for vkey in vkeys for part in ("--log", vkey)),
    )
    assert compared.returncode == 1, compared.stderr
    assert "position_lost" in compared.stdout
    assert "position 8" in compared.stdout


def require_goes_on(alice: Actor, drafted: Drafted) -> None:
    """Expect that somebody's key waits for them, and that what they drafted has ended."""
    assert alice.sign_in().status_code == 200  # they were signed out
    assert_problem(alice.approve(drafted), 422, "reaffirmation_required")
    again = alice.reaffirm()
    assert (again.status_code, again.json()["leafIndex"]) == (201, 8)
    assert_problem(alice.approve(drafted), 409, "statement_expired")
    assert alice.approve(alice.draft()).json()["leafIndex"] == 10


def require_told_what_was_lost(files: Path) -> None:
    """Expect a bundle of a lost tree to be told from one of a tree that was kept."""
    given = ("--log-key", files / "keys", "--restored", files / "bundle", "--json")
    lost, kept = (ledger_alone("verify", files / name, *given) for name in ("lost", "kept"))
    checks = [json.loads(done.stdout)["checks"][-1] for done in (lost, kept)]
    assert (lost.returncode, checks[0]["code"]) == (1, "position_lost"), lost.stdout
    assert (kept.returncode, checks[1]["outcome"]) == (4, "passed"), kept.stdout  # pending
    receipt = ledger_alone("verify", files / "receipt", "--entry", files / "entry", *given)
    found = {each["name"]: each["code"] for each in json.loads(receipt.stdout)["checks"]}
    assert (receipt.returncode, found.pop("restores")) == (1, "position_lost"), receipt.stdout
    assert {*found.values()} == {None}  # it stays good evidence of what was acknowledged
    unknown = ledger_alone("verify", files / "lost", "--restored", files / "bundle", "--json")
    (*_, check) = json.loads(unknown.stdout)["checks"]
    assert (unknown.returncode, check["code"]) == (3, "bundle_unverified"), unknown.stdout


def ledger_alone(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one command of `ledger` without a ledger."""
    return run_ledger(arguments, os.environ, timeout_s=PATIENCE_S)


def test_a_server_without_its_signers_memory_reads_takes_nothing_and_goes_on_when_confirmed(
    server: Server,
) -> None:
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft()
        size = parse_note(published(client, 7)).checkpoint.size
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
        published(client, 8)


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
    lose_log(server)
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
    lose_log(server)
    restore = ("restore", tmp_path / "backup", "--reason", REASON, "--keys", phrase)
    done = ledger(server, *restore, "--confirm", "ledger.example/approvals")
    assert (done.returncode, done.stderr) == (0, "")
    assert "What was signed after the backup is unknown." in done.stdout
    old = (tmp_path / "lost" / "ledger-key.pem").read_bytes()
    assert (server.data / "ledger-key.pem").read_bytes() == old
    server.start()
    with server.client() as client:
        assert client.get("/healthz").status_code == 200
