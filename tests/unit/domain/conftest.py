"""What tests of the small world share."""

from functools import cache
from typing import Any

import pytest

from ledger.domain.passkey import verify_assertion


@pytest.fixture
def each_assertion_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remember verified assertions: the same evidence is verified in thousands of states."""

    @cache
    def verified(assertion: Any, challenge: bytes, public_key: str, party: Any) -> int:
        return verify_assertion(assertion, challenge=challenge, public_key=public_key, party=party)

    def once(assertion: Any, *, challenge: bytes, public_key: str, party: Any) -> int:
        return verified(assertion, challenge, public_key, party)

    monkeypatch.setattr("ledger.domain.stepup.verify_assertion", once)
