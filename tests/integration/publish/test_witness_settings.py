"""A witness policy that cannot be met stops the start."""

from contextlib import closing
from pathlib import Path

import pytest

from ledger.domain import events
from ledger.encoding import b64u_decode
from ledger.jose import OkpJwk
from ledger.store.engines import open_existing
from ledger.tlog.vkeys import COSIGNER, NoteKey
from tests.support.server import Server
from tests.support.witnesses import WitnessServer


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense\n", "policy_malformed"),
        ("quorum w\n", "policy_malformed"),
        ("quorum none\n", ""),
    ],
)
def test_a_broken_policy_stops_the_start(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "policy").write_text(text)
    server = Server(tmp_path / "data", LEDGER_WITNESSES=str(tmp_path / "policy"))
    if words:
        with pytest.raises(AssertionError, match=words):
            server.start()
    else:
        server.start()
    server.stop()


def test_a_quorum_of_witnesses_without_addresses_stops_the_start(tmp_path: Path) -> None:
    witness = WitnessServer(tmp_path / "w", "w")
    for text, words in (
        (f"witness w {witness.keys[0].vkey}\nquorum w\n", "witnesses with an address cannot form"),
        (f"witness w {witness.keys[0].vkey} ftp://w\nquorum none\n", "url_invalid"),
        (f"witness w {witness.keys[0].vkey} http://a@b\nquorum none\n", "url_invalid"),
        (
            "log PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\nquorum none\n",
            "does not name the log",
        ),
    ):
        directory = tmp_path / str(len([*tmp_path.iterdir()]))
        directory.mkdir()
        (directory / "policy").write_text(text)
        server = Server(directory / "data", LEDGER_WITNESSES=str(directory / "policy"))
        with pytest.raises(AssertionError, match=words):
            server.start()
        server.stop()


def test_a_policy_that_names_the_ledgers_own_key_as_a_witness_stops_the_start(
    tmp_path: Path,
) -> None:
    (tmp_path / "policy").write_text("quorum none\n")
    server = Server(tmp_path / "data", LEDGER_WITNESSES=str(tmp_path / "policy"))
    server.start()
    server.stop()
    with closing(open_existing(server.log_address)) as store:
        founding = events.decode(store.read(0, 1)[0][1]).body
    assert isinstance(founding, events.LedgerCreated)
    assert isinstance(founding.key, OkpJwk)
    witness = NoteKey("w", COSIGNER, b64u_decode(founding.key.x))
    (tmp_path / "policy").write_text(f"witness w {witness.vkey}\nquorum none\n")
    with pytest.raises(AssertionError, match="key_shared"):
        server.start()
    server.stop()
