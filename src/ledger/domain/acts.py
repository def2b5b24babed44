"""Acts: signed commands other than approvals, `typ` = `act+jwt`.

An act can never be taken for an approval, nor the reverse: their `typ` differ, and both are
compared whole.
"""

from functools import lru_cache
from typing import TypeVar, cast

import msgspec

from ledger import clock
from ledger.encoding import b64u_decode, decode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import CompactJws, PublicJwk, parse_compact, verify_compact

TYP = "act+jwt"


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", tag_field="act"):
    """What every act says: when (`iat`, whole seconds) and on which ledger."""

    iat: int
    ledger: str


class Draft(Act, tag="draft", frozen=True):
    """Put the document with this SHA-256 up for approval."""

    statement_id: str
    sha256: str


class Reject(Act, tag="reject", frozen=True):
    """Reject the document with this SHA-256."""

    statement_id: str
    sha256: str
    reason: str


class Withdraw(Act, tag="withdraw", frozen=True):
    """Take the document with this SHA-256 back."""

    statement_id: str
    sha256: str
    reason: str | None = None


class RevokeKey(Act, tag="revoke-key", frozen=True):
    """End a signing key."""

    kid: str
    compromised_since: str | None = None
    reason: str | None = None


class AddPasskey(Act, tag="add-passkey", frozen=True):
    """Give the signer one more passkey."""

    credential_id: str


class RemovePasskey(Act, tag="remove-passkey", frozen=True):
    """End a passkey."""

    credential_id: str


class Invite(Act, tag="invite", frozen=True):
    """Let whoever holds the token register with a role."""

    invitation_id: str
    role: str
    token_sha256: str
    expires_at: str


class GrantRole(Act, tag="grant-role", frozen=True):
    """Give a person one more role."""

    user: str
    role: str


class SignIn(Act, tag="sign-in", frozen=True):
    """Open a session; `jti` is used once."""

    jti: str


class CreateLedger(Act, tag="create-ledger", frozen=True):
    """Found the ledger."""

    origin: str
    rp_id: str
    registration: str
    setup_sha256: str | None


class AnnounceLogKeys(Act, tag="announce-log-keys", frozen=True):
    """Let these keys, as vkeys, sign checkpoints of `first_size` entries and more."""

    vkeys: tuple[str, ...]
    first_size: int


class RetireLogKeys(Act, tag="retire-log-keys", frozen=True):
    """Let these keys, as vkeys, sign no checkpoint of over `last_size` entries."""

    vkeys: tuple[str, ...]
    last_size: int


class FreezeLedger(Act, tag="freeze-ledger", frozen=True):
    """End the ledger: nothing is appended behind this."""

    reason: str


A = TypeVar("A", bound=Act)

# Acts are decoded as one of all: decoded as the one expected, a payload may leave `act` out.
_ACTS = (
    Draft
    | Reject
    | Withdraw
    | RevokeKey
    | AddPasskey
    | RemovePasskey
    | Invite
    | GrantRole
    | SignIn
    | CreateLedger
    | AnnounceLogKeys
    | RetireLogKeys
    | FreezeLedger
)


@lru_cache(maxsize=64)  # whose act it is, is asked before what it says
def parse_act(text: str) -> CompactJws:
    """Return an unverified act's JWS; raise MalformedError, or RefusedError `jws_typ_mismatch`."""
    jws = parse_compact(text)
    if jws.header.typ != TYP or jws.header.iat is not None:
        raise RefusedError("jws_typ_mismatch", f"an act's header is alg, kid and typ {TYP}")
    return jws


def verify_act(jws: CompactJws, jwk: PublicJwk, kind: type[A], *, ledger: str, now_ms: int) -> A:
    """Verify the signature, then return the payload as the act that is expected here.

    Raises RefusedError: those of `jose.verify_compact`, `act_mismatch` (another act or members),
    `ledger_mismatch`, `iat_stale`.
    """
    verify_compact(jws, jwk)
    try:
        act = decode(b64u_decode(jws.payload), cast(type[Act], _ACTS))
    except MalformedError as error:
        raise RefusedError(
            "act_mismatch", f"not the act that is expected: {error.detail}"
        ) from error
    if not isinstance(act, kind):
        raise RefusedError("act_mismatch", "not the act that is expected")
    if act.ledger != ledger:
        raise RefusedError("ledger_mismatch", "signed for another ledger")
    if not clock.is_fresh(act.iat * 1000, now_ms=now_ms):
        raise RefusedError("iat_stale", "signed more than five minutes from the server's time")
    return act
