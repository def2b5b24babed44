"""Recovery codes over HTTP: what a person sends who sets or uses them."""

from typing import Any

import httpx

from ledger.domain import challenges
from tests.support.actor import Actor, now_ms
from tests.support.authenticator import Passkey
from tests.support.links import link_jwk, link_key, redeem


def name_of(who: Actor, number: int) -> str:
    return f"code {number} of {who.user}"


def set_codes(who: Actor, count: int = 10) -> httpx.Response:
    keys = [link_jwk(name_of(who, n), who.ledger) for n in range(count)]
    act = who.act("set-recovery-codes", keys=keys)
    return who.client.post("/api/recovery-codes", json=who.confirmed(act))


def begin(lost: Actor, number: int = 0) -> httpx.Response:
    code = link_key(name_of(lost, number), lost.ledger).kid
    return lost.client.post("/api/recoveries/options", json={"code": code})


def recovery(
    lost: Actor, passkey: Passkey, begun: dict[str, Any], number: int = 0
) -> dict[str, Any]:
    about = {"ledger": lost.ledger, "nonce": begun["nonce"]}
    cose = passkey.cose_sha256
    challenge = challenges.redeem(cose_sha256=cose, user=lost.user, **about)
    said: dict[str, Any] = {
        "cose": cose,
        "user": lost.user,
        "iat": now_ms() // 1000,
        "purpose": "recovery",
    }
    key = link_key(name_of(lost, number), lost.ledger)
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


def cancel(who: Actor, user: str, credential_id: str) -> httpx.Response:
    act = who.act("cancel-recovery", recovery=f"passkey:{credential_id}", user=user)
    return who.client.post(f"/api/users/{user}/cancel-recovery", json=who.confirmed(act))
