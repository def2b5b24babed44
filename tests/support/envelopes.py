"""A JWS with two signatures, and the error codes of its verification."""

from ledger.jose import (
    Verification,
    generate,
    sign_multi,
)

ALICE, BOB = generate("EdDSA"), generate("ES256")
PAYLOAD = b'{"amount":1000}'
JWS = sign_multi(PAYLOAD, [ALICE, BOB])
SECRET = bytes(range(64))


def codes(found: Verification) -> list[str | None]:
    return [None if o.error is None else o.error.code for o in found.outcomes]
