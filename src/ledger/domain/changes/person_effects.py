"""The effect that an item of a change has on a person. Pure."""

from typing import assert_never

from ledger import clock
from ledger.domain import compromise, governance, held_passkeys
from ledger.domain.alike_names import find_alike
from ledger.domain.changes.items import (
    Admit,
    DeactivatePerson,
    EndRole,
    GrantRole,
    PersonItem,
    ReEnrol,
    ReinstatePerson,
    SetCompromise,
    SuspendPerson,
)
from ledger.domain.charter import Charter
from ledger.domain.events import (
    PasskeyAdmitted,
    PersonEffect,
    ReEnrolmentOpened,
    RoleEnded,
    RoleGranted,
    StandingSet,
)
from ledger.domain.person import Person
from ledger.errors import ConflictError


def decide(
    change: str, known: Person, item: PersonItem, rules: Charter, *, now_ms: int
) -> PersonEffect:
    """Return the effect of an item on a person who is not deactivated.

    Raises ConflictError `change_no_effect`, `role_unknown`, `cose_required`, `cose_mismatch`,
    `recovery_waiting`, `link_expired`; and as `compromise.of_change`.
    """
    match item:
        case GrantRole():
            return _grant(change, known, item, rules, now_ms)
        case EndRole(role=role):
            require_effect(role in known.roles, "they do not hold this role")
            return RoleEnded(change, role)
        case SuspendPerson():
            require_effect(known.standing == "active", "they are suspended already")
            return StandingSet(change, "suspended")
        case ReinstatePerson():
            require_effect(known.standing == "suspended", "they are not suspended")
            return StandingSet(change, "active")
        case DeactivatePerson():
            return StandingSet(change, "deactivated")
        case ReEnrol():
            return _re_enrol(change, known, item, now_ms)
        case Admit():
            return _admit(change, known, item)
        case SetCompromise():
            return compromise.of_change(change, known, item, now_ms=now_ms)
        case _:
            assert_never(item)


def _grant(change: str, known: Person, item: GrantRole, rules: Charter, now_ms: int) -> RoleGranted:
    require_role(item.role, rules)
    require_effect(item.role not in known.roles, "they hold this role already")
    if item.cose is not None:
        held_passkeys.require_live(known, item.cose, now_ms=now_ms)
    elif governance.needs_grant(item.role, rules.governance):
        detail = f"the grant of {item.role!r}, which governs, states `cose`"
        raise ConflictError("cose_required", detail)
    return RoleGranted(change, item.role)


def _re_enrol(change: str, known: Person, item: ReEnrol, now_ms: int) -> ReEnrolmentOpened:
    """Return an open re-enrolment; its link replaces an earlier one that nobody has redeemed."""
    if known.re_enrolling is not None:
        raise ConflictError("recovery_waiting", "a re-enrolment of this person waits: cancel it")
    if clock.to_ms(item.expires_at) <= now_ms:
        raise ConflictError("link_expired", "the link of this re-enrolment has expired")
    return ReEnrolmentOpened(change, item.key, item.expires_at)


def _admit(change: str, known: Person, item: Admit) -> PasskeyAdmitted:
    new = known.re_enrolling
    if new is None or not new.needs_admission:
        raise no_effect("no passkey of theirs waits for admission")
    held_passkeys.require_same(new, item.cose)
    return PasskeyAdmitted(change, new.credential_id)


def require_role(role: str, rules: Charter) -> None:
    """Raise ConflictError `role_unknown` unless the ledger has this role."""
    if role not in rules.roles:
        raise ConflictError("role_unknown", f"there is no role {role!r}")


def require_new_role(role: str, rules: Charter) -> None:
    """Raise ConflictError `role_known` or `role_looks_alike` unless the name is a new role's."""
    known = rules.roles | rules.closed
    if role in known:
        raise ConflictError("role_known", f"{role!r} is, or was, a role")
    if alike := find_alike(role, known):
        detail = f"{role!r} looks like {alike!r}, which is, or was, a role"
        raise ConflictError("role_looks_alike", detail)


def require_effect(has_effect: bool, otherwise: str) -> None:  # a condition
    """Raise ConflictError `change_no_effect` for an item that changes nothing."""
    if not has_effect:
        raise no_effect(otherwise)


def no_effect(why: str) -> ConflictError:
    """Return the error for an item that changes nothing."""
    return ConflictError("change_no_effect", f"an item of this change does nothing: {why}")
