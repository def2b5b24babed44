"""Who can act: the rules of standing, which every decision and every warning asks. Pure.

Standing is asked when a decision is accepted and when a page says what today's people can do. It
is never asked again: a suspension does not change what was recorded before it.
"""

from ledger import clock
from ledger.domain import acts
from ledger.domain.acts import parse_act, verify_act
from ledger.domain.charter import Charter
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.events import PersonSuspended
from ledger.domain.governance import has_place, require_place
from ledger.domain.holdings import AttestedKey
from ledger.domain.person import Person
from ledger.domain.text import require_reason
from ledger.errors import ConflictError, ForbiddenError


def require_standing(person: Person) -> None:
    """Raise ForbiddenError `person_suspended` or `person_deactivated` for one who may not act.

    Every decision and act asks this when it is accepted, but for the end of one's own keys.
    """
    if person.standing == "suspended":
        raise ForbiddenError("person_suspended", "this person is suspended")
    if person.standing == "deactivated":
        raise ForbiddenError("person_deactivated", "this person is deactivated")


def require_may_end_keys(person: Person) -> None:
    """Raise ForbiddenError `person_deactivated` for one who may not end their own keys.

    A suspended person still may: a key that its owner ends is a key that no thief has.
    """
    if person.standing == "deactivated":
        require_standing(person)


def can_act(person: Person, *, now_ms: int, governance: bool = False) -> bool:
    """Tell whether a person could decide something at this time.

    They must be active, and have a passkey or a signing key that signs. For governance it must be a
    passkey: every decision on a change carries its assertion.
    """
    if person.standing != "active":
        return False
    has_passkey = any(each.is_live(now_ms) for each in person.passkeys.values())
    if has_passkey or governance:
        return has_passkey
    return any(_in_force(key, now_ms) for key in person.keys.values())


def _in_force(key: AttestedKey, now_ms: int) -> bool:
    ends = key.expires_at
    if key.service is not None:  # it decides nothing
        return False
    return not (key.revoked or key.unaffirmed) and (ends is None or now_ms < clock.to_ms(ends))


def suspend(person: Person, by: Person, asked: ConfirmedAct, rules: Charter) -> PersonSuspended:
    """Return the suspension of a person by one who can fill a place of governance.

    A passkey confirms it. Nobody who can fill such a place is suspended this way, so governance
    can be met afterwards as before. Raises RefusedError as `verify_act` and `confirmed_by` do;
    ConflictError `person_suspended`, `person_deactivated` if the person already is,
    `suspension_needs_change`; ForbiddenError as `require_standing` and `require_place`;
    MalformedError `reason_invalid`.
    """
    ledger, now_ms = asked.ledger, asked.now_ms
    jws = parse_act(asked.text)
    key = by.active_key(jws.header.kid, now_ms=now_ms)
    act = verify_act(jws, key.jwk, acts.Suspend, ledger=ledger, now_ms=now_ms, user=person.user)
    require_reason(act.reason)
    if person.standing == "suspended":
        raise ConflictError("person_suspended", "this person is already suspended")
    if person.standing == "deactivated":
        raise ConflictError("person_deactivated", "this person is already deactivated")
    require_standing(by)
    require_place(rules.in_force(by), rules.governance)
    if has_place(rules.in_force(person), rules.governance):
        detail = "only a change suspends a person who can fill a place of governance"
        raise ConflictError("suspension_needs_change", detail)
    assertion, sign_count = asked.confirmed_by(by)
    return PersonSuspended(
        user=person.user,
        reason=act.reason,
        by=by.user,
        kid=key.kid,
        act=asked.text,
        assertion=assertion,
        sign_count=sign_count,
    )
