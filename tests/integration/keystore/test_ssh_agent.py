"""Keys in an ssh-agent: a real one signs, and every answer that it should not give is refused."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.errors import LedgerError, NotFoundError, UnavailableError
from ledger.jose import parse_compact, verify_compact
from ledger.keystore.opening import open_external, open_signing_key
from ledger.keystore.places import AgentKey, parse_key_place
from ledger.keystore.ssh_agent import IDENTITIES_ANSWER, SIGN_RESPONSE, SshAgentKey
from tests.support.ssh_agent import Agent


def place_of(text: str, agent: str) -> AgentKey:
    place = parse_key_place(text, agent=agent)
    assert isinstance(place, AgentKey)
    return place


def test_a_key_in_an_agent_signs(agent: Agent) -> None:
    agent.create_key()
    key = open_signing_key(place_of(agent.create_key(), agent.socket))
    verify_compact(parse_compact(key.sign(b"{}", typ="act+jwt")), key.jwk)


def test_a_key_that_the_agent_does_not_have_is_missing(agent: Agent) -> None:
    place = place_of(agent.create_key(), agent.socket)
    agent.forget_keys()
    with pytest.raises(NotFoundError) as refused:
        open_external(place)
    assert refused.value.code == "signer_key_missing"


def test_a_key_of_another_type_is_refused(agent: Agent) -> None:
    with pytest.raises(UnavailableError) as refused:
        open_external(place_of(agent.create_key("ecdsa"), agent.socket))
    assert refused.value.code == "signer_unavailable"


def test_an_agent_that_lost_the_key_or_ended_signs_nothing_and_may_come_back(agent: Agent) -> None:
    key = open_external(place_of(agent.create_key(), agent.socket))
    agent.forget_keys()
    with pytest.raises(UnavailableError) as refused:
        key.sign(b"message")
    assert "the agent refuses" in refused.value.detail
    agent.process.terminate()
    agent.process.wait()
    with pytest.raises(UnavailableError) as refused:
        key.sign(b"message")
    assert refused.value.code == "signer_unavailable"


@contextmanager
def answering(directory: Path, answer: bytes) -> Iterator[str]:
    """Play an agent that gives one answer to everything, then ends the connection."""
    path = str(directory / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield path
        listener.shutdown(socket.SHUT_RDWR)


def text(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


BLOB = text(b"ssh-ed25519") + text(bytes(range(32)))
FINGERPRINT = "ssh-agent:SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA"
IDENTITIES = bytes([IDENTITIES_ANSWER]) + (1).to_bytes(4, "big") + text(BLOB) + text(b"comment")


def test_the_public_key_is_read_from_the_answer(tmp_path_factory: pytest.TempPathFactory) -> None:
    with answering(tmp_path_factory.mktemp("a"), text(IDENTITIES)) as path:
        assert SshAgentKey(place_of(FINGERPRINT, path)).public == bytes(range(32))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0\0\0",
        text(b""),
        text(b"\x05"),
        text(bytes([SIGN_RESPONSE]) + IDENTITIES[1:]),
        text(IDENTITIES)[:-1],
        text(IDENTITIES[:-1]),
        text(IDENTITIES + b"\0"),
        text(IDENTITIES[:3]),
        text(bytes([IDENTITIES_ANSWER]) + b"\0\0\0\x02" + IDENTITIES[5:]),
        text(bytes([IDENTITIES_ANSWER]) + b"\xff\xff\xff\xff" + IDENTITIES[5:]),
        b"\xff\xff\xff\xff" + IDENTITIES,
    ],
)
def test_a_malformed_answer_is_refused(
    tmp_path_factory: pytest.TempPathFactory, answer: bytes
) -> None:
    with (
        answering(tmp_path_factory.mktemp("a"), answer) as path,
        pytest.raises(UnavailableError) as refused,
    ):
        SshAgentKey(place_of(FINGERPRINT, path))
    assert refused.value.code == "signer_unavailable"


def test_one_changed_bit_in_an_answer_gives_no_key(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    for index in range(len(IDENTITIES) - len(text(b"comment"))):
        changed = bytearray(IDENTITIES)
        changed[index] ^= 1
        with (
            answering(tmp_path_factory.mktemp("a"), text(bytes(changed))) as path,
            pytest.raises(LedgerError) as refused,
        ):
            SshAgentKey(place_of(FINGERPRINT, path))
        assert refused.value.code in ("signer_unavailable", "signer_key_missing")
