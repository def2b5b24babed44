"""Recoveries: a code or the link of a re-enrolment adds a passkey that waits. Pure decisions.

A code's passkey works beside the older ones. A re-enrolment's passkey ends everything older when it
begins to work. Until then the person and administrators see it and can cancel it.
"""

import msgspec

from ledger import clock
from ledger.domain import acts, challenges, policy, recovery_codes
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import PasskeyAdded, RecoveryCancelled
from ledger.domain.governance import require_place
from ledger.domain.holdings import Link
from ledger.domain.passkey import verify_assertion
from ledger.domain.person import Person
from ledger.domain.standing import require_standing
from ledger.encoding import b64u_decode, sha256_hex
from ledger.errors import ConflictError, ForbiddenError, NotFoundError, RefusedError
from ledger.jose import OkpJwk


def recover(
    owner: Person, added: PasskeyAdded, asked: ConfirmedAct, rules: Charter
) -> PasskeyAdded:
    """Return a passkey that a code or a link adds; it works after the charter's wait.

    `asked` has the JWS by the key of the code or link, and the new passkey's own assertion. A
    link's passkey also waits for its admission if governance asks for two people or more. Raises
    RefusedError `code_unknown`, `assertion_required`, and as `verify_act` and `verify_assertion`
    do; ForbiddenError and ConflictError as `require_usable` does.
    """
    kid = parse_act(asked.text, acts.REDEEM_TYP).header.kid
    link = link_of(owner, kid)
    if link is not None:
        key, purpose = link.key, "re-enrolment"
    elif kid in owner.codes:
        key, purpose = owner.codes[kid], "recovery"
    else:
        raise RefusedError("code_unknown", "no such recovery code or link of this person")
    cose = _verify_redeem(owner, added, asked, key, purpose)
    require_usable(owner, kid, now_ms=asked.now_ms)
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
        active_from=clock.to_text(rules.recovered_ms(asked.now_ms)),
        re_enrols=link is not None,
        needs_admission=link is not None and policy.asks_for_two(rules.governance),
    )


def _verify_redeem(
    owner: Person, added: PasskeyAdded, asked: ConfirmedAct, key: OkpJwk, purpose: str
) -> str:
    """Verify the JWS that names the new passkey; return the SHA-256 of its COSE key."""
    cose = sha256_hex(b64u_decode(added.public_key))
    verify_act(
        parse_act(asked.text, acts.REDEEM_TYP),
        key,
        acts.Redeem,
        ledger=asked.ledger,
        now_ms=asked.now_ms,
        cose=cose,
        purpose=purpose,
        user=owner.user,
        accepts=None,
    )
    return cose


def link_of(owner: Person, kid: str) -> Link | None:
    """Return the person's open link if this is its kid."""
    link = owner.link
    return link if link is not None and link.kid == kid else None


def require_usable(owner: Person, kid: str, *, now_ms: int) -> None:
    """Require that a code or link of a person can be used now.

    A suspension stops codes but not links. Raises ForbiddenError as `require_standing`;
    ConflictError as `recovery_codes.require_usable`, `link_void`, `link_expired`.
    """
    link = link_of(owner, kid)
    if link is None:
        require_standing(owner)
        recovery_codes.require_usable(owner, kid, now_ms=now_ms)
    elif owner.standing == "deactivated":
        raise ForbiddenError("person_deactivated", "this person is deactivated")
    elif link.void:
        detail = "a restore that lost entries ended this link: ask for a new re-enrolment"
        raise ConflictError("link_void", detail)
    elif now_ms >= clock.to_ms(link.expires_at):
        raise ConflictError("link_expired", "the link of this re-enrolment has expired")


def cancel(owner: Person, by: Person, asked: ConfirmedAct, rules: Charter) -> RecoveryCancelled:
    """Return the end of a recovery that waits; a passkey of its person or of an administrator.

    A link that nobody has redeemed can be cancelled too. Raises NotFoundError `recovery_unknown`;
    ConflictError `recovery_ended` for one that is complete or was cancelled; ForbiddenError as
    `require_standing`, and as `require_place` for another person's; RefusedError as `verify_act`
    and `stepup.confirm` do.
    """
    ledger, now_ms = asked.ledger, asked.now_ms
    jws = parse_act(asked.text)
    key = by.active_key(jws.header.kid, now_ms=now_ms)
    act = verify_act(
        jws, key.jwk, acts.CancelRecovery, ledger=ledger, now_ms=now_ms, user=owner.user
    )
    _require_waiting(owner, act.recovery, now_ms)
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


def _require_waiting(owner: Person, reference: str, now_ms: int) -> None:
    kind, _, name = reference.partition(":")
    if kind == "kid" and link_of(owner, name) is not None:
        return
    waiting = owner.passkeys.get(name) if kind == "passkey" else None
    if waiting is None or waiting.active_from is None:
        raise NotFoundError("recovery_unknown", "no such recovery of this person")
    if waiting.removed or not waiting.waits(now_ms):
        raise ConflictError("recovery_ended", "this recovery is complete, or was cancelled")
