"""What a change does to the ledger itself, but for holds and governance. Pure."""

from typing import assert_never

from ledger import clock
from ledger.domain.changes import type_effects
from ledger.domain.changes.items import (
    CancelInvitation,
    CloseRole,
    DefineRole,
    DefineType,
    Invite,
    RetireType,
    SetCharter,
    TypeItem,
)
from ledger.domain.changes.person_effects import require_effect, require_new_role, require_role
from ledger.domain.charter import Charter
from ledger.domain.charter_values import digest
from ledger.domain.events import (
    CharterSet,
    InvitationCancelled,
    InvitationIssued,
    LedgerEffect,
    RoleClosed,
    RoleDefined,
)
from ledger.errors import ConflictError
from ledger.jose import thumbprint


def decide(
    change: str,
    item: Invite | CancelInvitation | DefineRole | CloseRole | SetCharter | TypeItem,
    rules: Charter,
    *,
    now_ms: int,
) -> LedgerEffect:
    """Return the event of an item.

    Raises ConflictError `change_no_effect`, `change_outdated`, `role_known`, `role_looks_alike`,
    `role_unknown`, `invitation_known`, `invitation_expired`; and as `type_effects.of_item`.
    """
    match item:
        case Invite():
            return _invited(change, item, rules, now_ms)
        case CancelInvitation(invitation=invitation):
            open_ = {each.id for each in rules.invitations.values() if not each.cancelled}
            require_effect(invitation in open_, "there is no such open invitation")
            return InvitationCancelled(change, invitation)
        case DefineRole(role=role):
            require_new_role(role, rules)
            return RoleDefined(change, role)
        case CloseRole(role=role):
            if role not in rules.defined:
                raise ConflictError("role_unknown", f"{role!r} is no role that can be closed")
            return RoleClosed(change, role)
        case DefineType() | RetireType():
            return type_effects.of_item(change, item, rules)
        case SetCharter():
            require_current(item.was, digest(rules.values))
            require_effect(item.values != rules.values, "these are the values already")
            return CharterSet(change, item.values)
        case _:
            assert_never(item)


def _invited(change: str, item: Invite, rules: Charter, now_ms: int) -> InvitationIssued:
    require_role(item.role, rules)
    known = rules.invitations
    if thumbprint(item.key) in known or item.invitation in {each.id for each in known.values()}:
        raise ConflictError("invitation_known", "this invitation is already issued")
    if clock.to_ms(item.expires_at) <= now_ms:
        raise ConflictError("invitation_expired", "the invitation has expired")
    return InvitationIssued(change, item.invitation, item.role, item.key, item.expires_at)


def require_current(was: str, current: str) -> None:
    """Raise ConflictError `change_outdated` unless an item states what it replaces as it is."""
    if was != current:
        raise ConflictError("change_outdated", "what this change replaces has changed")
