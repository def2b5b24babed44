"""Acts: signed commands other than approvals, `typ` = `act+jwt`.

act.py has what all of them say, ledger_acts.py those of the ledger itself.
An act cannot be mistaken for an approval: their `typ` values differ, and the parsers compare the
whole header.
"""

from functools import lru_cache
from typing import Literal, TypeVar, cast

from ledger import clock
from ledger.domain.act import Act
from ledger.domain.ledger_acts import (
    AnnounceLogKeys,
    CreateLedger,
    FreezeLedger,
    Heads,
    RecoverGovernance,
    ReplaceHeadsKey,
    RestoreLedger,
    RetireLogKeys,
)
from ledger.domain.vocabulary import UseOutcome
from ledger.encoding import SafeInteger, b64u_decode, decode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import CompactJws, OkpJwk, PublicJwk, parse_compact, verify_compact

TYP = "act+jwt"
REDEEM_TYP = "redeem+jwt"


class Draft(Act, tag="draft", frozen=True):
    """Submit the document with this SHA-256 for approval."""

    statement_id: str
    sha256: str


class Reject(Act, tag="reject", frozen=True):
    """Reject the document with this SHA-256."""

    statement_id: str
    sha256: str
    reason: str


class Withdraw(Act, tag="withdraw", frozen=True):
    """Withdraw the document with this SHA-256."""

    statement_id: str
    sha256: str
    reason: str | None = None


class Retract(Act, tag="retract", frozen=True):
    """Take back the signer's approval of the document with this SHA-256."""

    statement_id: str
    sha256: str
    reason: str | None = None


class UseStatement(Act, tag="use", frozen=True):
    """Use the approved document with this SHA-256 once.

    `nonce` is the signer's own for this use: a repetition with it gets the first receipt.
    `reference` says what the use is for, such as the number of an order.
    """

    statement_id: str
    sha256: str
    nonce: str
    reference: str | None = None


class ReportOutcome(Act, tag="outcome", frozen=True):
    """Report the outcome of a use of the document with this SHA-256, or confirm `not-done`."""

    statement_id: str
    sha256: str
    number: SafeInteger
    generation: SafeInteger
    outcome: UseOutcome
    reason: str | None = None


class RevokeKey(Act, tag="revoke-key", frozen=True):
    """Revoke a signing key."""

    kid: str
    compromised_since: str | None = None
    reason: str | None = None


class ReaffirmKey(Act, tag="reaffirm-key", frozen=True):
    """Reaffirm a signing key after a restore that lost something; `epoch` is that restore's."""

    kid: str
    epoch: SafeInteger


class DeclareCompromise(Act, tag="declare-compromise", frozen=True):
    """Declare a signing key or a passkey compromised since a time: exactly one of the two.

    `also` names what it attested or added: `kid:<kid>` or `passkey:<credential id>`.
    """

    since: str
    kid: str | None = None
    passkey: str | None = None
    also: tuple[str, ...] = ()

    def named(self) -> str:
        """Return the reference to the compromised key or passkey."""
        return f"kid:{self.kid}" if self.kid is not None else f"passkey:{self.passkey}"

    def __post_init__(self) -> None:
        """Require exactly one of the two; msgspec turns a ValueError into a ValidationError."""
        if (self.kid is None) == (self.passkey is None):
            raise ValueError("name a kid or a passkey")


class EndServiceAccount(Act, tag="end-service-account", frozen=True):
    """End a service account of a person; `account` is the kid of its key."""

    account: str
    user: str


class Suspend(Act, tag="suspend", frozen=True):
    """Suspend a person."""

    user: str
    reason: str


class AcceptGovernance(Act, tag="accept-governance", frozen=True):
    """Accept the governance policy with this digest, to fill a place of it.

    `change` is the pending change that sets the policy, None for the policy in force.
    """

    policy_sha256: str
    change: str | None = None


class SetRecoveryCodes(Act, tag="set-recovery-codes", frozen=True):
    """Replace the signer's recovery codes with those of these keys."""

    keys: tuple[OkpJwk, ...]


class CancelRecovery(Act, tag="cancel-recovery", frozen=True):
    """Cancel a recovery of a person.

    `passkey:<credential id>` of the passkey that waits, or `kid:<kid>` of a re-enrolment's link.
    """

    recovery: str
    user: str


class CancelOperatorInvitations(Act, tag="cancel-operator-invitations", frozen=True):
    """Cancel the operator's invitations of this recovery that nobody has used."""

    recovery: str


class AddPasskey(Act, tag="add-passkey", frozen=True):
    """Add the passkey whose COSE key has the SHA-256 `cose` (hex) to this person."""

    cose: str
    user: str


class RemovePasskey(Act, tag="remove-passkey", frozen=True):
    """Remove a passkey."""

    credential_id: str


class Redeem(Act, tag="redeem", frozen=True):
    """Redeem a link's secret or a recovery code for a passkey.

    `cose` is the SHA-256 of the passkey's COSE key (hex). `accepts` is the digest of the governance
    policy that a newcomer accepts, whose role fills a place of it.

    The key of the secret signs it, with a `typ` of its own.
    """

    cose: str
    purpose: Literal["invitation", "recovery", "re-enrolment"]
    user: str
    accepts: str | None = None


class SignIn(Act, tag="sign-in", frozen=True):
    """Open a session. Each `jti` is accepted once."""

    jti: str


A = TypeVar("A", bound=Act)


# Decode as the union of all acts: a decoder of one act alone would accept a payload without `act`.
_ACTS = (
    Draft
    | Reject
    | Withdraw
    | Retract
    | UseStatement
    | ReportOutcome
    | RevokeKey
    | ReaffirmKey
    | DeclareCompromise
    | EndServiceAccount
    | Suspend
    | AddPasskey
    | RemovePasskey
    | Redeem
    | AcceptGovernance
    | SetRecoveryCodes
    | CancelRecovery
    | CancelOperatorInvitations
    | SignIn
    | CreateLedger
    | AnnounceLogKeys
    | RetireLogKeys
    | ReplaceHeadsKey
    | RestoreLedger
    | RecoverGovernance
    | FreezeLedger
    | Heads
)


@lru_cache(maxsize=64)  # called twice per request: for the signer, then for the payload
def parse_act(text: str, typ: str = TYP) -> CompactJws:
    """Return an unverified act's JWS.

    Raises MalformedError, or RefusedError `jws_typ_mismatch`, `act_mismatch` for no act at all.
    """
    jws = parse_compact(text)
    if jws.header.typ != typ or jws.header.iat is not None:
        raise RefusedError("jws_typ_mismatch", f"an act's header must be alg, kid and typ {typ}")
    _stated(jws.payload)
    return jws


@lru_cache(maxsize=64)
def _stated(payload: str) -> Act:
    """Return an act that nobody has verified yet; raise RefusedError `act_mismatch`."""
    try:
        return decode(b64u_decode(payload), cast(type[Act], _ACTS))
    except MalformedError as error:
        raise RefusedError("act_mismatch", f"not an act: {error.detail}") from error


def stated_act(jws: CompactJws, kind: type[A]) -> A:
    """Return what an act says before anybody verified it; raise RefusedError `act_mismatch`."""
    act = _stated(jws.payload)
    if not isinstance(act, kind):
        raise RefusedError("act_mismatch", "not the expected act")
    return act


def stale_ms(text: str, typ: str = TYP, freshness_ms: int = clock.SKEW_MS) -> int:
    """Return when an act stops being fresh, in milliseconds since 1970."""
    return clock.stale_ms(_stated(parse_act(text, typ).payload).iat * 1000, freshness_ms)


def verify_act(
    jws: CompactJws,
    jwk: PublicJwk,
    kind: type[A],
    *,
    ledger: str,
    now_ms: int,
    freshness_ms: int = clock.SKEW_MS,
    **about: object,
) -> A:
    """Verify the signature, then return the payload as the expected act.

    `about` are the members that say what the act is about, and the values that they must have.
    Raises RefusedError: as `jose.verify_compact`; `act_mismatch` for another act or other members;
    `ledger_mismatch`; `iat_stale`.
    """
    verify_compact(jws, jwk)
    act = stated_act(jws, kind)
    if any(getattr(act, name) != expected for name, expected in about.items()):
        raise RefusedError("act_mismatch", "the act is about something else")
    if act.ledger != ledger:
        raise RefusedError("ledger_mismatch", "signed for another ledger")
    if not clock.is_fresh(act.iat * 1000, now_ms=now_ms, freshness_ms=freshness_ms):
        raise RefusedError("iat_stale", "the signed time is too long ago, or ahead of the server's")
    return act
