"""What tests of the small world share."""

from functools import cache
from typing import Any

import pytest

from ledger.domain.passkey import verify_assertion
from ledger.jose import verify_compact


@pytest.fixture
def each_signature_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember verified signatures: the same evidence is verified in thousands of states."""

    @cache
    def asserted(assertion: Any, challenge: bytes, public_key: str, party: Any) -> int:
        return verify_assertion(assertion, challenge=challenge, public_key=public_key, party=party)

    def assertion_once(assertion: Any, *, challenge: bytes, public_key: str, party: Any) -> int:
        return asserted(assertion, challenge, public_key, party)

    signed_once = cache(verify_compact)
    monkeypatch.setattr("ledger.domain.stepup.verify_assertion", assertion_once)
    monkeypatch.setattr("ledger.domain.acts.verify_compact", signed_once)
    monkeypatch.setattr("ledger.domain.approval.verify_compact", signed_once)
