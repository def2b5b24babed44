"""A terminal signs in with a key that an ssh-agent keeps; no file has it."""

import pytest

from ledger.client import LedgerClient
from ledger.client.login import begin
from ledger.domain import challenges
from ledger.errors import MalformedError, NotFoundError
from tests.integration.conftest import Join
from tests.support.check import wait_for
from tests.support.server import Server
from tests.support.ssh_agent import Agent


def test_a_login_by_a_key_in_an_agent_reads_and_keeps_no_key(
    server: Server, join: Join, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", agent.socket)
    place = agent.create_key()
    robot = join("Robot")
    begun = robot.client.post("/api/jwt-keys/options", json={}).json()
    login, answer = begin(server.origin, f"{robot.user}.{begun['nonce']}", place)
    assert login.key == place
    x, _, possession = answer.partition(".")
    challenge = challenges.attest_signing_key(
        expires_at=None,
        home="program",
        kid=login.signing_key().kid,
        ledger=robot.ledger,
        nonce=begun["nonce"],
        user=robot.user,
    )
    key = {
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x},
        "assertion": robot.passkey.get(challenge),
        "possession": possession,
        "home": "program",
    }
    body = {"ceremony": begun["ceremony"], "key": key}
    recorded = robot.client.post("/api/jwt-keys", json=body)
    assert recorded.status_code == 201, recorded.text
    wait_for(server, recorded.json()["position"])
    with LedgerClient(login) as client:
        assert isinstance(client.inbox(), list)  # it is signed in
    agent.forget_keys()
    with pytest.raises(NotFoundError, match="signer_key_missing"):
        LedgerClient(login)
    with pytest.raises(MalformedError, match="key_place_invalid"):
        begin(server.origin, "user.nonce", "ssh-agent:junk")
