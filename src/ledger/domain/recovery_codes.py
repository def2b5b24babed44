"""Recovery codes: ten keys of a person who may lose every device. Pure decisions.

A code is a secret like a link's, so the log has its public key only. A code adds a passkey, which
works after a waiting time: until then the person and administrators see it and can cancel it.
"""

from collections.abc import Iterable

import msgspec

from ledger import clock
from ledger.domain import acts, challenges, key_material
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import PasskeyAdded, RecoveryCancelled, RecoveryCodesSet
from ledger.domain.governance import require_place
from ledger.domain.passkey import verify_assertion
from ledger.domain.person import Passkey, Person
from ledger.domain.standing import require_standing
from ledger.encoding import b64u_decode, sha256_hex
from ledger.errors import ConflictError, MalformedError, NotFoundError, RefusedError

CODES = 10
WAIT_MS = 24 * 3_600_000  # a day
SETTLING_MS = 7 * WAIT_MS


def set_codes(owner: Person, asked: ConfirmedAct) -> RecoveryCodesSet:
    """Return a person's new set of codes, which replaces the older one; a passkey confirms it.

    Raises MalformedError `codes_invalid`, `jwk_invalid`; ForbiddenError as `require_standing`;
    RefusedError as `verify_act` and `stepup.confirm` do.
    """
    jws = parse_act(asked.text)
    key = owner.active_key(jws.header.kid, now_ms=asked.now_ms)
    act = verify_act(jws, key.jwk, acts.SetRecoveryCodes, ledger=asked.ledger, now_ms=asked.now_ms)
    if len(act.keys) != CODES or len(set(act.keys)) != CODES:
        raise MalformedError("codes_invalid", f"a set has {CODES} different keys")
    for each in act.keys:
        key_material.require_prime_order(each)
    require_standing(owner)
    assertion, sign_count = asked.confirmed_by(owner)
    return RecoveryCodesSet(
        keys=act.keys, kid=key.kid, act=asked.text, assertion=assertion, sign_count=sign_count
    )


def recover(owner: Person, added: PasskeyAdded, asked: ConfirmedAct) -> PasskeyAdded:
    """Return a passkey that a code adds; it works after the waiting time.

    `asked` has the JWS by the code's key and the new passkey's own assertion. Raises RefusedError
    `code_unknown`, `assertion_required`, and as `verify_act` and `verify_assertion` do;
    ForbiddenError as `require_standing`; ConflictError `recovery_waiting`, `code_used`.
    """
    jws = parse_act(asked.text, acts.REDEEM_TYP)
    code = owner.codes.get(jws.header.kid)
    if code is None:
        raise RefusedError("code_unknown", "no such recovery code of this person")
    cose = sha256_hex(b64u_decode(added.public_key))
    verify_act(
        jws,
        code,
        acts.Redeem,
        ledger=asked.ledger,
        now_ms=asked.now_ms,
        cose=cose,
        purpose="recovery",
        user=owner.user,
        accepts=None,
    )
    require_standing(owner)
    require_usable(owner, jws.header.kid, now_ms=asked.now_ms)
    if asked.assertion is None or asked.assertion.credential_id != added.credential_id:
        raise RefusedError("assertion_required", "the new passkey must show that it works")
    verify_assertion(
        asked.assertion,
        challenge=challenges.redeem(
            cose_sha256=cose, ledger=asked.ledger, nonce=added.nonce, user=owner.user
        ),
        public_key=added.public_key,
        party=asked.party,
    )
    return msgspec.structs.replace(
        added,
        redeem=asked.text,
        assertion=asked.assertion,
        active_from=clock.to_text(asked.now_ms + WAIT_MS),
    )


def cancel(owner: Person, by: Person, asked: ConfirmedAct, rules: Charter) -> RecoveryCancelled:
    """Return the end of a recovery that waits; a passkey of its person or of an administrator.

    Raises NotFoundError `recovery_unknown`; ConflictError `recovery_ended` for one that is
    complete or was cancelled; ForbiddenError as `require_standing`, and as `require_place` for
    another person's; RefusedError as `verify_act` and `stepup.confirm` do.
    """
    ledger, now_ms = asked.ledger, asked.now_ms
    jws = parse_act(asked.text)
    key = by.active_key(jws.header.kid, now_ms=now_ms)
    act = verify_act(
        jws, key.jwk, acts.CancelRecovery, ledger=ledger, now_ms=now_ms, user=owner.user
    )
    kind, _, name = act.recovery.partition(":")
    waiting = owner.passkeys.get(name) if kind == "passkey" else None
    if waiting is None or waiting.active_from is None:
        raise NotFoundError("recovery_unknown", "no such recovery of this person")
    if waiting.removed or not waiting.waits(now_ms):
        raise ConflictError("recovery_ended", "this recovery is complete, or was cancelled")
    require_standing(by)
    if by.user != owner.user:
        require_place(rules.in_force(by), rules.governance)
    assertion, sign_count = asked.confirmed_by(by)
    return RecoveryCancelled(
        user=owner.user,
        recovery=act.recovery,
        by=by.user,
        kid=key.kid,
        act=asked.text,
        assertion=assertion,
        sign_count=sign_count,
    )


def require_usable(owner: Person, kid: str, *, now_ms: int) -> None:
    """Require that a code can be used now.

    Raises ConflictError `recovery_waiting` while an earlier recovery waits; `code_used` for a code
    that was used, or whose set ended when a recovery was completed.
    """
    recovered = [each for each in owner.passkeys.values() if each.code in owner.codes]
    if any(each.waits(now_ms) and not each.removed for each in recovered):
        raise ConflictError("recovery_waiting", "an earlier recovery waits: cancel it, or wait")
    completed = any(not each.cancelled for each in recovered)
    if completed or kid in {each.code for each in recovered}:
        raise ConflictError("code_used", "this code was used, or its set has ended")


def codes_left(owner: Person, *, now_ms: int) -> int:
    """Return how many of a person's codes can still be used."""
    recovered = [each for each in owner.passkeys.values() if each.code in owner.codes]
    if any(not each.cancelled and not each.waits(now_ms) for each in recovered):
        return 0
    return len(owner.codes) - len(recovered)


def require_may_end(owner: Person, by: str, ending: Iterable[Passkey], *, now_ms: int) -> None:
    """Require that this passkey, which confirms it, may end these passkeys.

    One that a code added ends no older passkey for seven days after it began to work. Raises
    ConflictError `passkey_too_new`.
    """
    confirming = owner.passkeys[by]
    if confirming.active_from is None:
        return
    settled = now_ms >= clock.to_ms(confirming.active_from) + SETTLING_MS
    if not settled and any(each.added_at < confirming.added_at for each in ending):
        raise ConflictError(
            "passkey_too_new", "a passkey that a recovery code added ends no older one for 7 days"
        )
