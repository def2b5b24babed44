"""The results of verification: one outcome per entry, and the payload once."""

from typing import Any, Literal

import msgspec

from ledger.encoding import parse_json
from ledger.errors import LedgerError, RefusedError


class Failure(msgspec.Struct, frozen=True, gc=False):
    """Why an entry did not verify: a stable code and a sentence."""

    code: str
    detail: str


class VerifiedOutcome(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An entry that verified; `index` counts from 0 in the order of the envelope.

    `signer` says whose key it was: the key's thumbprint (RFC 7638, SHA-256), or for a shared secret
    `secret:` and the kid that the caller gave it, else a number. Different secrets may share a kid.
    `thumbprint` is None for a secret. `kid` is only what the entry claims. `header` is the
    unprotected header; no signature covers it.
    """

    index: int
    verified: Literal[True] = True
    error: None = None
    alg: str
    kid: str | None = None
    signer: str
    thumbprint: str | None
    key_type: str
    protected: dict[str, Any] | None = None
    header: dict[str, Any] | None = None


class FailedOutcome(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """An entry that did not verify, and why; `alg`, `kid` and headers are what it claims."""

    index: int
    verified: Literal[False] = False
    error: Failure
    alg: str | None = None
    kid: str | None = None
    signer: None = None
    thumbprint: None = None
    key_type: None = None
    protected: dict[str, Any] | None = None
    header: dict[str, Any] | None = None


Outcome = VerifiedOutcome | FailedOutcome


class Verification(msgspec.Struct, frozen=True):
    """The outcome of every entry; `payload` is set if at least one of them verified.

    `claims` is the decoded payload if an entry verified and the claims were checked, else None.
    """

    payload: bytes | None
    outcomes: tuple[Outcome, ...]
    claims: dict[str, Any] | None = None

    @property
    def verified(self) -> tuple[VerifiedOutcome, ...]:
        """The outcomes of the entries that verified."""
        return tuple(outcome for outcome in self.outcomes if outcome.verified)

    def json(self) -> Any:
        """Return the payload as I-JSON.

        Raises MalformedError as `parse_json` does; RefusedError `jws_signature_invalid` if no entry
        verified.
        """
        if self.payload is None:
            raise RefusedError("jws_signature_invalid", "no signature of this JWS verified")
        return parse_json(self.payload) if self.claims is None else self.claims


class Verified(msgspec.Struct, frozen=True):
    """A payload with the entry that proves it; `claims` are set if they were checked."""

    payload: bytes
    outcome: VerifiedOutcome
    claims: dict[str, Any] | None = None

    def json(self) -> Any:
        """Return the payload as I-JSON; raise MalformedError as `parse_json` does."""
        return parse_json(self.payload) if self.claims is None else self.claims


class NotVerifiedError(RefusedError):
    """No entry verified. The code is that of the entry that passed the most checks."""

    def __init__(self, code: str, detail: str, outcomes: tuple[Outcome, ...] = ()) -> None:
        super().__init__(code, detail)
        self.outcomes = outcomes


def failure(error: LedgerError) -> Failure:
    """Return the failure for a deliberate error."""
    return Failure(error.code, error.detail)
