"""The test vectors of WebAuthn Level 3: each has the verdict of docs/reference/webauthn.md."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.domain.passkey import (
    AssertionEvidence,
    RegistrationEvidence,
    RelyingParty,
    verify_assertion,
    verify_registration,
)
from ledger.errors import RefusedError
from tests.support.w3c_vectors import VERDICTS, W3C, b64u, public_key

PARTY = RelyingParty(W3C["rpId"], W3C["origin"])
BY_NAME = pytest.mark.parametrize("vector", W3C["vectors"], ids=lambda each: each["anchor"])


def verdict(verify: Callable[[], object]) -> str:
    try:
        verify()
    except RefusedError as error:
        return error.detail
    return "taken"


def test_every_vector_of_the_specification_has_its_row() -> None:
    assert [each["name"] for each in W3C["vectors"]] == [*VERDICTS]


@BY_NAME
def test_a_registration_has_the_verdict_of_the_table(vector: dict[str, Any]) -> None:
    given = vector["registration"]
    evidence = RegistrationEvidence(b64u(given["clientDataJSON"]), b64u(given["attestationObject"]))
    challenge = bytes.fromhex(given["challenge"])
    found = verdict(
        lambda: verify_registration(
            evidence, b64u(given["credentialId"]), challenge=challenge, party=PARTY
        )
    )
    assert found == VERDICTS[vector["name"]][0]


@BY_NAME
def test_an_authentication_has_the_verdict_of_the_table(vector: dict[str, Any]) -> None:
    given = vector["authentication"]
    evidence = AssertionEvidence(
        b64u(vector["registration"]["credentialId"]),
        b64u(given["clientDataJSON"]),
        b64u(given["authenticatorData"]),
        b64u(given["signature"]),
    )
    challenge = bytes.fromhex(given["challenge"])
    found = verdict(
        lambda: verify_assertion(
            evidence, challenge=challenge, public_key=public_key(vector), party=PARTY
        )
    )
    assert found == VERDICTS[vector["name"]][2]
