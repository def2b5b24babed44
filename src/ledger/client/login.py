"""A program comes to act for a person: it makes a key, and the person's passkey attests the key.

The person copies a request from their account page, which names them and a nonce of the server.
The answer goes back to that page. An answer to another request fits no page, so nobody is led to
attest somebody else's key by a link or a code that was sent to them.
"""

import time
from http import HTTPStatus

from ledger.client.connection import MAX_ANSWER_BYTES, SILENCE_S, ledger_at
from ledger.client.kept_login import KeptLogin, opened, require_safe
from ledger.domain import challenges
from ledger.domain.signing_keys import POSSESSION_TYP
from ledger.errors import MalformedError
from ledger.jose import SigningKey
from ledger.system.http_client import HttpClient

_EVERY_S = 2.0


def begin(address: str, request: str, place: str | None = None) -> tuple[KeptLogin, str]:
    """Make a key for the person whom a request names; return the login, and the answer.

    With a place in an HSM or an ssh-agent, the key is the one there.

    A request is `<user id>.<nonce>`. The answer is `<x>.<compact JWS>`: the public key's member
    `x` (RFC 8037), and the key's signature of the challenge that the passkey will sign too.
    Raises MalformedError `request_invalid`, `url_invalid`, UnavailableError.
    """
    address = require_safe(address)
    user, dot, nonce = request.partition(".")
    if not (user and dot and nonce) or "." in nonce:
        raise MalformedError("request_invalid", "copy the request from your account page")
    found = ledger_at(address)
    key = SigningKey.generate() if place is None else opened(place)
    challenge = challenges.attest_signing_key(
        expires_at=None, home="program", kid=key.kid, ledger=found.ledger, nonce=nonce, user=user
    )
    login = KeptLogin(
        address=address,
        ledger=found.ledger,
        user=user,
        key=key.to_pem().decode() if place is None else place,
        log_keys=tuple(each.vkey for each in found.log_keys if each.last_size is None),
    )
    return login, f"{key.jwk.x}.{key.sign(challenge, typ=POSSESSION_TYP)}"


def attested(login: KeptLogin, *, within_s: float) -> bool:
    """Wait until the ledger knows the login's key; False if it does not within the time.

    Raises UnavailableError.
    """
    http = HttpClient(login.address, max_bytes=MAX_ANSWER_BYTES, silence_s=SILENCE_S, proxies=True)
    path = f"/api/jwt-keys/{login.signing_key().kid}"
    until_s = time.monotonic() + within_s
    try:
        while http.get(path).status != HTTPStatus.OK:
            if time.monotonic() > until_s:
                return False
            time.sleep(_EVERY_S)
        return True
    finally:
        http.close()
