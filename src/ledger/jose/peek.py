"""Look into a JWS before its keys are known; nothing of what is returned is verified."""

from typing import Any

import msgspec

from ledger.jose.entry import read_entries
from ledger.jose.outcome import Failure
from ledger.jose.rules import DEFAULT
from ledger.jose.serialization import JwsInput, parse


class UnverifiedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What one entry claims, and why it can verify under no key, if that is so."""

    index: int
    alg: str | None
    kid: str | None
    protected: dict[str, Any] | None
    header: dict[str, Any] | None
    error: Failure | None


def peek(jws: JwsInput) -> tuple[UnverifiedEntry, ...]:
    """Return the entries of a JWS in any serialization, so that a caller can fetch their keys.

    Anybody can write such headers: use them to find keys, and then verify. Raises MalformedError as
    `parse`.
    """
    entries, _ = read_entries(parse(jws), DEFAULT)
    return tuple(
        UnverifiedEntry(
            index=entry.index,
            alg=entry.alg,
            kid=entry.kid,
            protected=entry.protected,
            header=entry.header,
            error=entry.error,
        )
        for entry in entries
    )
