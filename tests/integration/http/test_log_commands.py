"""`ledger log` beside a running server."""

import json
import subprocess
import time
from pathlib import Path

import httpx

from ledger.tlog.checkpoint import parse_note, verify_note
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.verify.bundle import verify
from tests.support.actor import Actor
from tests.support.operators import ledger
from tests.support.public_log import assert_problem, keys_of, proof_of
from tests.support.publications import until
from tests.support.server import Server
from tests.support.suite_database import IN_FILES


def ledger_log(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    return ledger(server, "log", *arguments)


def test_the_commands_work_beside_a_running_server(fresh_server: Server) -> None:
    with httpx.Client(base_url=fresh_server.origin) as client:
        actor = Actor(client, "Alice", fresh_server.origin).register("creator")
        drafted = actor.draft()
        said = ledger_log(fresh_server, "keys")
        assert (said.returncode, said.stderr) == (0, "")
        vkeys = [line for line in said.stdout.splitlines() if not line.startswith("#")]
        assert [parse_vkey(vkey) for vkey in vkeys] == keys_of(client)
        rotated = ledger_log(fresh_server, "rotate-keys")
        assert rotated.returncode == 0, rotated.stderr
        index = actor.approve(drafted).json()["leafIndex"]
        assert proof_of(client, index).status_code == 200
        assert len(signers(client, actor.ledger)) == 4
        retired = ledger_log(fresh_server, "retire-keys")
        assert retired.returncode == 0, retired.stderr
        index = actor.draft().answer["leafIndex"]
        assert proof_of(client, index).status_code == 200
        assert len(signers(client, actor.ledger)) == 2
        again = ledger_log(fresh_server, "retire-keys")
        assert again.returncode == 2
        assert "log_keys_refused" in again.stderr
        replaced = ledger_log(fresh_server, "replace-heads-key")
        assert replaced.returncode == 0, replaced.stderr
        bundle = client.get(f"/api/statements/{drafted.id}/evidence")
        assert bundle.status_code == 200, bundle.text
        now_ms = time.time_ns() // 1_000_000
        report = verify(bundle.content, expected_keys=keys_of(client), now_ms=now_ms)
        assert (report.verdict, report.checks[-1].name) == ("verified", "heads")
        frozen = ledger_log(fresh_server, "freeze", "--reason", "The fund is closed.")
        assert frozen.returncode == 0, frozen.stderr
        assert_problem(
            client.post("/api/statements/create", json=actor.draft_body(actor.document())),
            409,
            "ledger_frozen",
        )
        answer = actor.approve(drafted)  # the same request again, perhaps: a new signature
        assert answer.status_code == 409
        newest = ledger_log(fresh_server, "checkpoint").stdout
        assert newest.encode() == client.get("/log/checkpoint").content
        last = parse_note(newest.encode()).checkpoint.size - 1
        entry = json.loads(client.get(f"/log/entries/{last}").content)
        assert entry["type"] == "log-frozen.v1"
        # The server's read models follow another process's event within a second.
        until(lambda: client.get("/.well-known/ledger-keys").json()["frozen"])
        assert client.get("/healthz").status_code == 200


def signers(client: httpx.Client, origin: str) -> tuple[NoteKey, ...]:
    raw = client.get("/log/checkpoint").content
    return verify_note(raw, keys_of(client), expected_origin=origin).signers


def test_the_commands_need_a_ledger(tmp_path: Path) -> None:
    said = ledger_log(Server(tmp_path / "data", **IN_FILES), "keys")
    assert said.returncode == 2
    assert "there is no ledger in" in said.stderr
    assert not (tmp_path / "data").exists()
