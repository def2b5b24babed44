"""Invitations as the charter knows them: find one by its key, and whether it is open. Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, assert_never

import msgspec

from ledger import clock
from ledger.domain.events import (
    InvitationCancelled,
    InvitationIssued,
    OperatorInvitationsCancelled,
    OperatorInvited,
)
from ledger.domain.vocabulary import AdmittedBy
from ledger.errors import ConflictError, ForbiddenError
from ledger.jose import OkpJwk, thumbprint


class OperatorRecovery(msgspec.Struct, frozen=True):
    """A recovery of governance by the operator, whose invitations work from `active_from` on.

    `lost` are the people who can no longer act, as the operator states.
    """

    id: str
    lost: tuple[str, ...]
    active_from: str

    def waits(self, now_ms: int) -> bool:
        """Tell whether its invitations do not work yet."""
        return now_ms < clock.to_ms(self.active_from)


class Invitation(msgspec.Struct, frozen=True):
    """An invitation: its key, the role that it gives, its expiry, and the change that made it.

    The founding makes the first one, which does not expire. It gives no role any more once a change
    has let governance ask for more people than before. Only the operator's have a `recovery`. A
    `void` one was cancelled by a restore that lost something.
    """

    id: str
    role: str
    key: OkpJwk
    expires_at: str | None = None
    change: str | None = None
    cancelled: bool = False
    gives_role: bool = True
    recovery: OperatorRecovery | None = None
    void: bool = False


class AdmittedAs(NamedTuple):
    """How a registration is admitted: by which invitation, and in which role; None for neither.

    `accepts` is the digest of the governance policy if the role fills a place of it. `by` is
    `"operator"` for an invitation of the operator.
    """

    invitation: str | None
    role: str | None
    accepts: str | None = None
    by: AdmittedBy | None = None


# The events that change the invitations, besides a new governance policy.
OfInvitations = (
    InvitationIssued | InvitationCancelled | OperatorInvited | OperatorInvitationsCancelled
)
Invitations = dict[str, Invitation]  # by the kid of the key


def after(invitations: Invitations, body: OfInvitations) -> Invitations:
    """Return the invitations after an event."""
    match body:
        case InvitationIssued():
            issued = Invitation(body.invitation, body.role, body.key, body.expires_at, body.change)
            return invitations | {thumbprint(body.key): issued}
        case InvitationCancelled(invitation=ended):
            return _without(invitations, lambda each: each.id == ended)
        case OperatorInvited():
            return without_operators(invitations) | _of_operator(body)
        case OperatorInvitationsCancelled(recovery=recovery):
            return _without(invitations, lambda each: is_of(each, recovery))
        case _:
            assert_never(body)


def without_operators(invitations: Invitations) -> Invitations:
    """Return the invitations, with those of the operator as cancelled."""
    return _without(invitations, lambda each: each.recovery is not None)


def voided(invitations: Invitations) -> Invitations:
    """Return the invitations after a loss: nobody knows which of them were used or cancelled."""
    if not invitations or next(reversed(invitations.values())).void:
        return invitations  # an earlier loss voided them all: new ones come last
    return {
        kid: msgspec.structs.replace(each, cancelled=True, void=True)
        for kid, each in invitations.items()
    }


def _without(invitations: Invitations, ended: Callable[[Invitation], bool]) -> Invitations:
    return {
        kid: msgspec.structs.replace(each, cancelled=True) if ended(each) else each
        for kid, each in invitations.items()
    }


def _of_operator(body: OperatorInvited) -> Invitations:
    recovery, ends = OperatorRecovery(body.recovery, body.lost, body.active_from), body.expires_at
    return {
        thumbprint(each.key): Invitation(each.id, each.role, each.key, ends, recovery=recovery)
        for each in body.invitations
    }


def find(invitations: Mapping[str, Invitation], kid: str) -> Invitation:
    """Return the invitation with this key; raise ForbiddenError `invitation_unknown`."""
    if kid not in invitations:
        raise _unknown()
    return invitations[kid]


def by_id(invitations: Mapping[str, Invitation], invitation: str) -> Invitation:
    """Return the invitation with this id; raise ForbiddenError `invitation_unknown`."""
    found = next((each for each in invitations.values() if each.id == invitation), None)
    if found is None:
        raise _unknown()
    return found


def is_of(invitation: Invitation, recovery: str) -> bool:
    """Tell whether an invitation is one of the operator's, of this recovery."""
    return invitation.recovery is not None and invitation.recovery.id == recovery


def _unknown() -> ForbiddenError:
    return ForbiddenError("invitation_unknown", "no such invitation")


def require_open(invitation: Invitation, *, now_ms: int) -> None:
    """Raise ConflictError for an invitation that cannot be used now.

    `invitation_void`, `invitation_cancelled`, `invitation_expired`, or `invitation_waiting` for one
    of the operator.
    """
    if invitation.void:
        detail = "a restore that lost entries ended this invitation: ask for a new one"
        raise ConflictError("invitation_void", detail)
    if invitation.cancelled:
        raise ConflictError("invitation_cancelled", "this invitation was cancelled")
    if invitation.expires_at is not None and clock.to_ms(invitation.expires_at) <= now_ms:
        raise ConflictError("invitation_expired", "the invitation has expired")
    if invitation.recovery is not None and invitation.recovery.waits(now_ms):
        begins = invitation.recovery.active_from
        detail = f"this invitation works from {begins} on"
        told = f"{begins[:10]} {begins[11:16]} UTC"
        raise ConflictError("invitation_waiting", detail, time=told)
