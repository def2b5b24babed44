"""What witnesses know is asked before a size is confirmed or a backup takes the log's place."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from ledger.data_files import LOG_FILE
from ledger.store.engines import remembered
from ledger.tlog.checkpoint import parse_note
from tests.support.actor import Actor
from tests.support.operators import REASON, ledger, lose_log, published
from tests.support.publications import until
from tests.support.server import Server
from tests.support.witnesses import WitnessServer


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


def witness_size(witness: WitnessServer, origin: str = "ledger.example/approvals") -> int:
    name = hashlib.sha256(origin.encode()).hexdigest()
    answer = httpx.get(f"{witness.url}/{name}/checkpoint")
    return parse_note(answer.content).checkpoint.size if answer.status_code == 200 else 0


def lose_what_a_witness_knows(server: Server, witness: WitnessServer, backup: Path) -> Actor:
    """Back up six entries, have a seventh cosigned, and lose the log; return who wrote them."""
    with server.client() as client:
        alice = Actor(client, "Alice", server.origin).register("creator")
        drafted = alice.draft()
        published(client, 7)
        assert ledger(server, "backup", backup).returncode == 0
        assert alice.approve(drafted).status_code == 201
        published(client, 8)
        until(lambda: witness_size(witness) == 8)
    server.kill()
    lose_log(server)
    return alice


def test_a_witness_says_what_was_lost_and_follows_neither_origin_by_itself(
    start_witnessed: Callable[[], tuple[Server, WitnessServer]], tmp_path: Path
) -> None:
    server, witness = start_witnessed()
    lose_what_a_witness_knows(server, witness, tmp_path / "backup")
    (server.data / "signer-memory.sqlite").unlink()
    name = "ledger.example/approvals"
    done = ledger(server, "restore", tmp_path / "backup", "--reason", REASON, "--confirm", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"the witness {witness.name} knows 8 entries" in done.stdout
    assert "Lost: entries 8 to 8." in done.stdout
    server.start()
    with server.client() as client:
        published(client, 8)
        until(lambda: "the witness does not watch this log" in client.get("/healthz").text)
        assert client.get("/healthz").status_code == 200
    assert witness_size(witness) == 8  # what it signed of the old origin, and no more


@pytest.mark.sqlite("an old copy of the file, put back")
def test_a_size_that_the_operator_says_is_not_confirmed_against_a_witness_that_knows_more(
    start_witnessed: Callable[[], tuple[Server, WitnessServer]], tmp_path: Path
) -> None:
    server, witness = start_witnessed()
    lose_what_a_witness_knows(server, witness, tmp_path / "backup")
    (server.data / "signer-memory.sqlite").unlink()
    shutil.copy(tmp_path / "backup" / LOG_FILE, server.data)  # an old copy, put back by hand
    done = ledger(server, "log", "confirm", "--size", "7")
    assert done.returncode == 2
    assert f"entries_lost: the witness {witness.name} knows 8 entries" in done.stderr
    assert remembered(server.log_address, server.data / "signer-memory.sqlite") == []


def test_a_second_restore_hears_from_a_witness_of_the_origin_that_the_first_one_began(
    start_witnessed: Callable[[], tuple[Server, WitnessServer]], tmp_path: Path
) -> None:
    server, witness = start_witnessed()
    alice = lose_what_a_witness_knows(server, witness, tmp_path / "backup")
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
        assert alice.reaffirm().status_code == 201
        for _ in range(2):
            alice.draft()
        published(client, 11)
        until(lambda: witness_size(witness, f"{name}/1") == 11)
    server.kill()
    lose_log(server)
    (server.data / "signer-memory.sqlite").unlink()
    done = ledger(server, *restore)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"the witness {witness.name} knows 11 entries" in done.stdout
    assert "Lost: entries 8 to 11." in done.stdout
    assert f"the new origin {name}/2" in done.stdout
