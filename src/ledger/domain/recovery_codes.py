"""Recovery codes: ten keys of a person who may lose every device. Pure decisions.

A code is a secret like a link's, so the log has its public key only. A code adds a passkey, which
works after a waiting time: until then the person and administrators see it and can cancel it.
"""

from collections.abc import Iterator, Sequence

from ledger import clock
from ledger.domain import acts, key_material
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import RecoveryCodesSet
from ledger.domain.holdings import Passkey
from ledger.domain.person import Person
from ledger.domain.standing import require_standing
from ledger.errors import ConflictError, MalformedError

CODES = 10
SETTLING_MS = 7 * 24 * 3_600_000  # a week


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


def require_usable(owner: Person, kid: str, *, now_ms: int) -> None:
    """Require that a code can be used now.

    Raises ConflictError `code_void` after a loss; `recovery_waiting` while an earlier recovery
    waits; `code_used` for a code that was used, or whose set ended when a recovery was completed.
    """
    if owner.codes_void:
        detail = "a restore that lost entries ended these codes: make new ones"
        raise ConflictError("code_void", detail)
    recovered = [each for each in owner.passkeys.values() if each.code in owner.codes]
    if any(each.waits(now_ms) and not each.removed for each in recovered):
        raise ConflictError("recovery_waiting", "an earlier recovery waits: cancel it, or wait")
    completed = any(not each.cancelled for each in recovered)
    if completed or kid in {each.code for each in recovered}:
        raise ConflictError("code_used", "this code was used, or its set has ended")


def codes_left(owner: Person, *, now_ms: int) -> int:
    """Return how many of a person's codes can still be used."""
    recovered = [each for each in owner.passkeys.values() if each.code in owner.codes]
    if owner.codes_void:
        return 0
    if any(not each.cancelled and not each.waits(now_ms) for each in recovered):
        return 0
    return len(owner.codes) - len(recovered)


def require_may_end(owner: Person, by: str, ending: Sequence[Passkey], *, now_ms: int) -> None:
    """Require that this passkey, which confirms it, may end these passkeys.

    One that a code added ends no older passkey for seven days after it began to work, and no more
    do the passkeys that it confirmed since. Raises ConflictError `passkey_too_new`.
    """
    for each in _with_what_confirmed_it(owner, by):
        if each.active_from is None or each.code is None:
            continue
        settled = now_ms >= clock.to_ms(each.active_from) + SETTLING_MS
        if not settled and any(older.added_at < each.added_at for older in ending):
            detail = "a passkey that a recovery code added ends no older one for 7 days"
            raise ConflictError("passkey_too_new", detail)


def _with_what_confirmed_it(owner: Person, credential_id: str) -> Iterator[Passkey]:
    """Yield a passkey, the older one that confirmed it, and so on back to the first."""
    following: str | None = credential_id
    while following is not None:
        passkey = owner.passkeys[following]
        yield passkey
        named = (each.partition(":") for each in passkey.added_by)
        following = next((name for kind, _, name in named if kind == "passkey"), None)
