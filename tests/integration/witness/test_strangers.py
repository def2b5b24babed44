"""What strangers send to a witness: repeated lines and checkpoints, and half of a body."""

import socket
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from ledger.data_files import WITNESS_STATE_FILE
from ledger.errors import ConflictError
from ledger.tlog import vkeys
from ledger.tlog.checkpoint import parse_lines, parse_note, verify_lines
from ledger.witness import state
from ledger.witness.state import WitnessState
from tests.support.trees import NOW_S, Tree
from tests.support.witnesses import WitnessServer

ORIGIN = "ledger.example.com/a"
SIGNERS = vkeys.generate(ORIGIN)
TREE = Tree(ORIGIN, b"".join(bytes([n]) * 32 for n in range(20)), SIGNERS)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WitnessServer]:
    server = WitnessServer(tmp_path / "witness")
    server.start(*(signer.key.vkey for signer in SIGNERS))
    yield server
    server.kill()


def test_a_line_that_is_repeated_is_handed_on_once(
    server: WitnessServer, client: httpx.Client
) -> None:
    head, _, lines = TREE.note(5).partition(b"\n\n")
    submission = TREE.submit(0, 5, note=head + b"\n\n" + lines * 50)
    assert client.post("/add-checkpoint", content=submission.to_bytes()).status_code == 200
    newest = client.get(f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint")
    names = [line.name for line in parse_note(newest.content).signatures]
    assert names == [ORIGIN, ORIGIN, server.name, server.name]


def test_a_client_that_hangs_up_leaves_no_traceback(
    server: WitnessServer, client: httpx.Client
) -> None:
    head = f"POST /add-checkpoint HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
    for _ in range(3):
        with socket.create_connection(("localhost", server.port)) as sent:
            sent.sendall(head.encode() + b"Content-Length: 100\r\n\r\nold 1")
    submission = TREE.submit(0, 5).to_bytes()
    assert client.post("/add-checkpoint", content=submission).status_code == 200
    assert "Traceback" not in server.output


def test_the_same_checkpoint_is_signed_and_stored_once_a_second(tmp_path: Path) -> None:
    state.create(tmp_path, "w")
    again = TREE.submit(5, 5).to_bytes()
    with closing(WitnessState(tmp_path, [signer.key for signer in SIGNERS])) as opened:
        keys = [signer.key for signer in opened.signers]
        first = opened.add(TREE.submit(0, 5).to_bytes(), now_s=NOW_S)
        stored = (tmp_path / WITNESS_STATE_FILE).stat().st_mtime_ns
        assert {opened.add(again, now_s=NOW_S) for _ in range(5)} == {first}
        assert (tmp_path / WITNESS_STATE_FILE).stat().st_mtime_ns == stored
        later = verify_lines(TREE.at(5), parse_lines(opened.add(again, now_s=NOW_S + 1)), keys)
        assert [time for _, _, time in later] == [NOW_S + 1, NOW_S + 1]
        grown = opened.add(TREE.submit(5, 8).to_bytes(), now_s=NOW_S + 1)
        assert len(verify_lines(TREE.at(8), parse_lines(grown), keys)) == 2
        with pytest.raises(ConflictError):
            opened.add(again, now_s=NOW_S + 1)
