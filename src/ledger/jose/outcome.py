"""The results of verification: one outcome per entry, and the payload once."""

from typing import Any

import msgspec

from ledger.encoding import parse_json
from ledger.errors import LedgerError, RefusedError


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why an entry did not verify: a stable code and a sentence."""

    code: str
    detail: str


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The result for one entry of a JWS; `index` counts from 0 in the order of the envelope.

    `error` is None exactly if `verified`. `thumbprint` (RFC 7638, SHA-256) and `key_type` are those
    of the key that verified the entry, else None. `alg` and `kid` are the entry's own claims: only
    `thumbprint` says who signed. `header` is the unprotected header; no signature covers it.
    """

    index: int
    verified: bool
    error: Failure | None = None
    alg: str | None = None
    kid: str | None = None
    thumbprint: str | None = None
    key_type: str | None = None
    protected: dict[str, Any] | None = None
    header: dict[str, Any] | None = None


class Verification(msgspec.Struct, frozen=True):
    """The outcome of every entry; `payload` is set if at least one of them verified."""

    payload: bytes | None
    outcomes: tuple[Outcome, ...]

    @property
    def verified(self) -> tuple[Outcome, ...]:
        """The outcomes of the entries that verified."""
        return tuple(outcome for outcome in self.outcomes if outcome.verified)

    def json(self) -> Any:
        """Return the payload as I-JSON.

        Raises MalformedError as `parse_json` does; RefusedError `jws_signature_invalid` if no entry
        verified.
        """
        if self.payload is None:
            raise RefusedError("jws_signature_invalid", "no signature of this JWS verified")
        return parse_json(self.payload)


class Verified(msgspec.Struct, frozen=True):
    """A payload with the entry that proves it."""

    payload: bytes
    outcome: Outcome

    def json(self) -> Any:
        """Return the payload as I-JSON; raise MalformedError as `parse_json` does."""
        return parse_json(self.payload)


class NotVerifiedError(RefusedError):
    """No entry verified. The code is that of the entry that passed the most checks."""

    def __init__(self, code: str, detail: str, outcomes: tuple[Outcome, ...] = ()) -> None:
        super().__init__(code, detail)
        self.outcomes = outcomes


def failure(error: LedgerError) -> Failure:
    """Return the failure for a deliberate error."""
    return Failure(error.code, error.detail)
