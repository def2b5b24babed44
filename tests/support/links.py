"""Links for tests: their secrets, the keys of the secrets, and what redeems them."""

import hashlib
import json
from typing import Any

import httpx
import msgspec

from ledger.domain.redeeming import SECRET_BYTES, key_of_secret
from ledger.encoding import b64u_encode
from ledger.jose import SigningKey

LEDGER = "localhost-8000.ledger/4f9k2m7q"  # the name of the ledgers in tests
CHARS = 22


def secret_of(name: str) -> str:
    """Return the secret that a name stands for in tests; a secret stands for itself."""
    if len(name) == CHARS and name.replace("-", "").replace("_", "").isalnum():
        return name
    return b64u_encode(hashlib.sha256(name.encode()).digest()[:SECRET_BYTES])


def link_key(name: str, ledger: str = LEDGER) -> SigningKey:
    """Return the key of a link's secret."""
    return key_of_secret(secret_of(name), ledger=ledger)


def link_jwk(name: str, ledger: str = LEDGER) -> dict[str, Any]:
    """Return the public key of a link as a client sends it."""
    members: dict[str, Any] = msgspec.to_builtins(link_key(name, ledger).jwk)
    return members


def ledger_of(client: httpx.Client) -> str:
    """Return the name of the ledger that a client talks to."""
    name: str = client.post("/api/authenticate/options", json={}).json()["ledger"]
    return name


def redeem(key: SigningKey, *, cose: str, user: str, iat: int, ledger: str, **members: Any) -> str:
    """Return the JWS that redeems an invitation; `members` are what a liar says."""
    about = {"cose": cose, "iat": iat, "ledger": ledger, "purpose": "invitation", "user": user}
    typ = members.pop("typ", "redeem+jwt")
    return key.sign(json.dumps({"act": "redeem"} | about | members).encode(), typ=typ)
