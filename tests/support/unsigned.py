"""Keys and assertions that are only distinct text, for logs whose readers verify nothing."""

from ledger.domain.passkey import AssertionEvidence
from ledger.jose import OkpJwk


def jwk(number: int) -> OkpJwk:
    return OkpJwk(crv="Ed25519", x=f"{number:043}")


def assertion(credential_id: str) -> AssertionEvidence:
    return AssertionEvidence(
        credential_id=credential_id,
        client_data_json="client-data",
        authenticator_data="authenticator-data",
        signature="signature",
    )
