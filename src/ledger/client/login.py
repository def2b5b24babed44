"""A program comes to act for a person: it makes a key, and the person's passkey attests the key.

The person copies a request from their account page, which names them and a nonce of the server.
The answer goes back to that page. An answer to another request fits no page, so nobody is led to
attest somebody else's key by a link or a code that was sent to them.
"""

import time
from http import HTTPStatus

import msgspec

from ledger.client.connection import ledger_at
from ledger.client.kept_login import KeptLogin, opened, require_safe
from ledger.client.transport import MAX_ANSWER_BYTES, SILENCE_S
from ledger.domain import challenges
from ledger.domain.document import TYPE_NAME
from ledger.domain.holdings import ServiceScope
from ledger.domain.signing_keys import POSSESSION_TYP
from ledger.encoding import b64u_decode, decode
from ledger.errors import MalformedError
from ledger.jose import SigningKey
from ledger.keystore.system_keyring import is_in_keyring, keep_key
from ledger.system.http_client import HttpClient

KEYRING = "keyring"
_EVERY_S = 2.0


def begin(address: str, request: str, place: str | None = None) -> tuple[KeptLogin, str]:
    """Make a key for the person whom a request names; return the login, and the answer.

    With a place in an HSM or an ssh-agent, the key is the one there. With `keyring`, a new one is
    kept in the system's keyring.

    A request is `<user id>.<nonce>`, and for a service account a third part: base64url of the JSON
    of an `AskedService`. The answer is `<x>.<compact JWS>`: the public key's member `x` (RFC 8037),
    and the key's signature of the challenge that the passkey will sign too.
    Raises MalformedError `request_invalid`, `url_invalid`, `key_place_invalid` for a key that is in
    the keyring already, UnavailableError, and as `opened` does.
    """
    address = require_safe(address)
    if place is not None and is_in_keyring(place):
        # It is another login's: that one, or this one when it is given up, would delete it.
        detail = "write keyring: each login gets a new key there"
        raise MalformedError("key_place_invalid", detail)
    user, nonce, asked = _parts(request)
    found = ledger_at(address)
    if place == KEYRING:
        place = keep_key(SigningKey.generate())
    key = SigningKey.generate() if place is None else opened(place)
    about = {"kid": key.kid, "ledger": found.ledger, "nonce": nonce, "user": user}
    challenge = (
        challenges.attest_signing_key(expires_at=None, home="program", **about)
        if asked is None
        else challenges.add_service_account(
            msgspec.to_builtins(asked.service), expires_at=asked.expires_at, **about
        )
    )
    login = KeptLogin(
        address=address,
        ledger=found.ledger,
        user=user,
        key=key.to_pem().decode() if place is None else place,
        log_keys=tuple(each.vkey for each in found.log_keys if each.last_size is None),
        service=None if asked is None else asked.service.name,
    )
    return login, f"{key.jwk.x}.{key.sign(challenge, typ=POSSESSION_TYP)}"


class AskedService(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The service account that a person asks a program to make a key for."""

    expires_at: str
    service: ServiceScope


def _parts(request: str) -> tuple[str, str, AskedService | None]:
    """Return the user, the nonce and the service account of a request, None for no account."""
    user, *rest = request.split(".")
    if not user or not 1 <= len(rest) <= 2 or not all(rest):
        raise MalformedError("request_invalid", "copy the request from your account page")
    if len(rest) == 1:
        return user, rest[0], None
    try:
        asked = decode(b64u_decode(rest[1]), AskedService)
    except MalformedError as error:
        raise MalformedError("request_invalid", "copy the whole request") from error
    if not TYPE_NAME.fullmatch(asked.service.name):  # terminals print it
        raise MalformedError("request_invalid", "a service account has a plain name")
    return user, rest[0], asked


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
