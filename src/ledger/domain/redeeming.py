"""Secrets that travel are keys: a link's secret becomes a key, and a JWS by that key redeems it.

A link carries 128 random bits. Its holder derives an Ed25519 key from them and signs the passkey
that the link admits. The log holds the public key only: a reader of the log, or a carrier of the
request, cannot redeem the link, and an auditor verifies its use like any other signature.
"""

import hmac

import msgspec

from ledger.domain import acts, invitations
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.events import PasskeyAdded
from ledger.domain.person import Person
from ledger.encoding import b64u_decode, sha256_hex
from ledger.errors import MalformedError, RefusedError
from ledger.jose import SigningKey

SECRET_BYTES = 16


def key_of_secret(secret: str, *, ledger: str) -> SigningKey:
    """Return the key of a link's secret: base64url of 16 bytes, 22 characters.

    The seed is HKDF-SHA-256 (RFC 5869) of the 16 bytes, with an empty salt. It names the ledger, so
    one secret is another key on another ledger. Raises MalformedError `secret_invalid`.
    """
    try:
        random = b64u_decode(secret)
    except MalformedError as error:
        raise MalformedError("secret_invalid", "a secret is base64url") from error
    if len(random) != SECRET_BYTES:
        raise MalformedError("secret_invalid", f"a secret has {SECRET_BYTES} bytes")
    extracted = hmac.digest(bytes(32), random, "sha256")  # section 2.2: an empty salt is zeros
    about = f"ledger redeem v1\n{ledger}".encode()
    return SigningKey.from_seed(hmac.digest(extracted, about + b"\x01", "sha256"))  # section 2.3


def redeem_invitation(
    newcomer: Person, added: PasskeyAdded, text: str | None, known: Charter, *, now_ms: int
) -> PasskeyAdded:
    """Return a newcomer's first passkey, with the JWS that redeems the invitation if there was one.

    The JWS names the passkey's key and the person, and the passkey attests the person's first
    signing key in the same commit. So a carrier of the request can exchange neither. It also names
    the governance policy that the newcomer accepts, if their role fills a place of it. Raises
    RefusedError `redeem_required`, `redeem_unexpected`, and as `verify_act` does.
    """
    if newcomer.invitation is None:
        if text is not None:
            raise RefusedError("redeem_unexpected", "this registration uses no invitation")
        return added
    if text is None:
        raise RefusedError("redeem_required", "the invitation's key must sign for the new passkey")
    verify_act(
        parse_act(text, acts.REDEEM_TYP),
        invitations.by_id(known.invitations, newcomer.invitation).key,
        acts.Redeem,
        ledger=known.ledger,
        now_ms=now_ms,
        cose=sha256_hex(b64u_decode(added.public_key)),
        purpose="invitation",
        user=newcomer.user,
        accepts=next(iter(newcomer.accepted), None),
    )
    return msgspec.structs.replace(added, redeem=text)
