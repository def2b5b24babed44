"""Recoveries over HTTP: what a person sends who uses a code or the link of a re-enrolment."""

import subprocess
import sys
from typing import Any

import httpx

from ledger.domain import challenges
from tests.support.actor import Actor, now_ms
from tests.support.authenticator import Passkey
from tests.support.links import link_jwk, link_key, redeem
from tests.support.server import Server

LOST = "They lost their phones and their codes."
UNTIL = "9999-01-01T00:00:00.000Z"


def name_of(who: Actor, number: int) -> str:
    return f"code {number} of {who.user}"


def set_codes(who: Actor, count: int = 10) -> httpx.Response:
    keys = [link_jwk(name_of(who, n), who.ledger) for n in range(count)]
    act = who.act("set-recovery-codes", keys=keys)
    return who.client.post("/api/recovery-codes", json=who.confirmed(act))


def begin(lost: Actor, number: int = 0) -> httpx.Response:
    return begin_by(lost, name_of(lost, number))


def begin_by(lost: Actor, secret: str) -> httpx.Response:
    """Begin by the secret of a code or link."""
    code = link_key(secret, lost.ledger).kid
    return lost.client.post("/api/recoveries/options", json={"code": code})


def recovery(
    lost: Actor, passkey: Passkey, begun: dict[str, Any], number: int = 0
) -> dict[str, Any]:
    return redemption(lost, passkey, begun, name_of(lost, number), "recovery")


def redemption(
    lost: Actor, passkey: Passkey, begun: dict[str, Any], secret: str, purpose: str
) -> dict[str, Any]:
    """Return what a person sends who uses the secret of a code or link."""
    about = {"ledger": lost.ledger, "nonce": begun["nonce"]}
    cose = passkey.cose_sha256
    challenge = challenges.redeem(cose_sha256=cose, user=lost.user, **about)
    said: dict[str, Any] = {
        "cose": cose,
        "user": lost.user,
        "iat": now_ms() // 1000,
        "purpose": purpose,
    }
    key = link_key(secret, lost.ledger)
    return {
        "ceremony": begun["ceremony"],
        "registration": passkey.create(challenges.register(**about)),
        "assertion": passkey.get(challenge),
        "redeem": redeem(key, ledger=lost.ledger, **said),
    }


def recover(lost: Actor, passkey: Passkey, number: int = 0) -> httpx.Response:
    begun = begin(lost, number)
    assert begun.status_code == 200, begun.text
    body = recovery(lost, passkey, begun.json(), number)
    return lost.client.post("/api/recoveries", json=body)


def open_link(by: Actor, whom: Actor, secret: str, until: str = UNTIL) -> httpx.Response:
    """Let a person come back, by a link with this secret."""
    members = {"user": whom.user, "key": link_jwk(secret, by.ledger), "expiresAt": until}
    return by.change({"re-enrol": members})


def come_back(lost: Actor, passkey: Passkey, secret: str) -> httpx.Response:
    """Use the link of a re-enrolment."""
    begun = begin_by(lost, secret)
    assert begun.status_code == 200, begun.text
    body = redemption(lost, passkey, begun.json(), secret, "re-enrolment")
    return lost.client.post("/api/recoveries", json=body)


def cancel(who: Actor, user: str, credential_id: str) -> httpx.Response:
    return cancel_named(who, user, f"passkey:{credential_id}")


def cancel_named(who: Actor, user: str, recovery: str) -> httpx.Response:
    """Cancel a recovery by its reference: that of a passkey, or of an open link's key."""
    act = who.act("cancel-recovery", recovery=recovery, user=user)
    return who.client.post(f"/api/users/{user}/cancel-recovery", json=who.confirmed(act))


def recover_beside(server: Server, *lost: str) -> subprocess.CompletedProcess[str]:
    """Run `ledger recover` beside the running server; these people are lost."""
    named = [word for each in lost for word in ("--lost", each)]
    data = ["--data", str(server.data)]
    command = [sys.executable, "-m", "ledger", "recover", *named, "--reason", LOST, *data]
    environment = server.environment()
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def cancel_operators(who: Actor, recovery: str) -> httpx.Response:
    act = who.act("cancel-operator-invitations", recovery=recovery)
    return who.client.post("/api/operator-recoveries/cancel", json=who.confirmed(act))
