"""A witness policy that cannot be met stops the start."""

from pathlib import Path

import pytest

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
