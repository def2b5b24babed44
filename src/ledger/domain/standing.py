"""Who can act: the rules of standing, which every decision and every warning asks. Pure.

Standing is asked when a decision is accepted and when a page says what today's people can do. It
is never asked again: a suspension does not change what was recorded before it.
"""

from ledger import clock
from ledger.domain.person import AttestedKey, Person
from ledger.errors import ForbiddenError


def require_standing(person: Person) -> None:
    """Raise ForbiddenError `person_suspended` or `person_deactivated` for one who may not act."""
    if person.standing == "suspended":
        raise ForbiddenError("person_suspended", "this person is suspended")
    if person.standing == "deactivated":
        raise ForbiddenError("person_deactivated", "this person is deactivated")


def can_act(person: Person, *, now_ms: int, governance: bool = False) -> bool:
    """Tell whether a person could decide something at this time.

    They must be active, and have a passkey or a signing key in force. For governance it must be a
    passkey: every decision on a change carries its assertion.
    """
    if person.standing != "active":
        return False
    has_passkey = any(not passkey.removed for passkey in person.passkeys.values())
    if has_passkey or governance:
        return has_passkey
    return any(_in_force(key, now_ms) for key in person.keys.values())


def _in_force(key: AttestedKey, now_ms: int) -> bool:
    ends = key.expires_at
    return not key.revoked and (ends is None or now_ms < clock.to_ms(ends))
