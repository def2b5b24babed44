"""When a drafted statement ends, for tests that tell its event without deciding it."""

import json

from ledger import clock
from ledger.domain.charter_values import DEFAULT_MAX_AGE_MS


def ends_at(raw: bytes | str, max_age_ms: int = DEFAULT_MAX_AGE_MS) -> str:
    """Return the end that a document's policy states, or so long after `createdAt`."""
    document = json.loads(raw)
    stated: str | None = document["policy"].get("expiresAt")
    return stated or clock.to_text(clock.to_ms(document["createdAt"]) + max_age_ms)
