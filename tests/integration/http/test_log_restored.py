"""Two servers and one history: a restored backup refuses, and two servers on one log agree."""

import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.data_files import LOG_FILE
from ledger.domain.entry import entry_hash
from ledger.encoding import b64_decode
from ledger.errors import RefusedError
from ledger.tlog import merkle
from ledger.tlog.checkpoint import verify_note
from tests.support.actor import Actor
from tests.support.proofs import verify_proof
from tests.support.public_log import assert_problem, keys_of, proof_of
from tests.support.server import Server


def restored_copy(server: Server, backup: Path) -> None:
    for suffix in ("-wal", "-shm"):
        (server.data / f"{LOG_FILE}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, server.data / LOG_FILE)


@pytest.mark.sqlite("a copy of the file in its place; a database has test_nodes and test_faults")
def test_a_server_on_a_restored_backup_reads_and_takes_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    server.start()
    try:
        with httpx.Client(base_url=server.origin) as client:
            actor = Actor(client, "Alice", server.origin).register("creator")
            drafted = actor.draft()
            with sqlite3.connect(server.data / LOG_FILE) as db:
                with sqlite3.connect(tmp_path / "backup") as backup:
                    db.backup(backup)
                backup.close()
            db.close()
            lost = actor.approve(drafted).json()
            proof = proof_of(client, lost["leafIndex"])
            assert proof.status_code == 200
        server.kill()
        restored_copy(server, tmp_path / "backup")
        server.start(ready=False)
        with httpx.Client(base_url=server.origin) as client:
            health = client.get("/healthz")
            assert health.status_code == 503
            (reason,) = health.json()["reasons"]
            assert "a checkpoint of 8 was signed: the file is an older copy" in reason
            actor.client = client
            assert_problem(actor.approve(drafted), 503, "log_rolled_back")
            assert client.get("/log/checkpoint").status_code == 200
            # The receipt is the evidence: the log's own keys signed what it now denies.
            leaf = entry_hash(client.get("/log/entries/5").content)
            with pytest.raises(RefusedError):
                verify_proof(proof.content, leaf, keys_of(client), expected_origin=actor.ledger)
            promised = verify_note(
                proof.content.partition(b"\n\n")[2], keys_of(client), expected_origin=actor.ledger
            )
            assert promised.checkpoint.size == 8
        assert "log_rolled_back" in server.output
    finally:
        server.stop()


def test_two_servers_on_one_log_publish_one_history(start_server: Callable[..., Server]) -> None:
    first = start_server(LEDGER_SERVERS="several")
    second = Server(first.data, LEDGER_SERVERS="several", LEDGER_ORIGIN=first.origin)
    second.start()
    try:
        with (
            httpx.Client(base_url=first.origin) as here,
            httpx.Client(base_url=second.address) as there,
        ):
            actor = Actor(here, "Alice", first.origin).register("creator")
            with ThreadPoolExecutor(2) as pool:
                placed = [*pool.map(lambda n: place(actor, (here, there)[n % 2]), range(20))]
            assert len(set(placed)) == 20
            for client in (here, there):
                proofs = [proof_of(client, index) for index in placed]
                assert {answer.status_code for answer in proofs} == {200}
            items: list[dict[str, Any]] = here.get("/log/checkpoints").json()["items"]
            assert items == there.get("/log/checkpoints").json()["items"]
            assert check_history(here, [item["size"] for item in items]) == len(items)
    finally:
        second.stop()


def place(actor: Actor, client: httpx.Client) -> int:
    body = actor.draft_body(actor.document())
    answer = client.post("/api/statements/create", json=body)
    assert answer.status_code == 201, answer.text
    index: int = answer.json()["leafIndex"]
    return index


def check_history(client: httpx.Client, sizes: list[int]) -> int:
    """Verify every checkpoint, and that each is the beginning of the next; return their number."""
    keys = keys_of(client)
    old, old_root = 0, merkle.EMPTY_ROOT
    for size in sizes:
        raw = client.get(f"/log/checkpoints/{size}").content
        point = verify_note(raw, keys, expected_origin=keys[0].name).checkpoint
        answer = client.get("/log/consistency", params={"from": old, "to": size}).json()
        proof = [*map(b64_decode, answer["proof"])]
        merkle.verify_consistency(old, old_root, size, point.root, proof)
        old, old_root = size, point.root
    return len(sizes)
