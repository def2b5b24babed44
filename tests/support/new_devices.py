"""A person's new device, by the link that their old one opened, over HTTP."""

import httpx

from ledger.domain import challenges
from tests.support.actor import Actor
from tests.support.authenticator import Passkey


def open_link(old: Actor) -> str:
    """Open a link; return its secret."""
    begun = old.begin_sign_in()
    assertion = old.passkey.get(old.challenge("sign-in", begun))
    body = {"ceremony": begun["ceremony"], "assertion": assertion}
    return str(old.client.post("/api/device-links", json=body).json()["link"].partition("#")[2])


def offer(new: httpx.Client, secret: str, passkey: Passkey) -> httpx.Response:
    """Offer a passkey by a link, as a client that is not signed in."""
    link = new.post("/api/device-links/look", json={"secret": secret}).json()
    about = {name: link[name] for name in ("ledger", "nonce", "user")}
    challenge = challenges.add_passkey(cose_sha256=passkey.cose_sha256, **about)
    body = {
        "secret": secret,
        "registration": passkey.create(Actor.challenge("register", link)),
        "assertion": passkey.get(challenge),
    }
    return new.post("/api/device-links/offer", json=body)


def approve(old: Actor) -> httpx.Response:
    """Approve what a new device offered."""
    offered = old.client.get("/api/device-links").json()["offered"]
    act = old.act("add-passkey", cose=offered["cose"], user=old.user)
    body = {"act": act, "confirmation": old.confirm(act)}
    return old.client.post("/api/device-links/approve", json=body)


def add_by_link(old: Actor, passkey: Passkey) -> None:
    """Add a person's new device, and end the link, which is over."""
    assert offer(old.client, open_link(old), passkey).status_code == 204
    assert approve(old).status_code == 201
    assert old.client.post("/api/device-links/end", json={"why": "cancelled"}).status_code == 204
