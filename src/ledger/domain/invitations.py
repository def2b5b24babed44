"""Invitations as the charter knows them: find one by its key, and whether it is open. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from ledger import clock
from ledger.errors import ConflictError, ForbiddenError
from ledger.jose import OkpJwk


class Invitation(msgspec.Struct, frozen=True):
    """An invitation: its key, the role that it gives, its expiry, and the change that made it.

    The founding makes the first one, which does not expire. It gives no role any more once a change
    has let governance ask for more people than before.
    """

    id: str
    role: str
    key: OkpJwk
    expires_at: str | None = None
    change: str | None = None
    cancelled: bool = False
    gives_role: bool = True


class AdmittedAs(NamedTuple):
    """How a registration is admitted: by which invitation, and in which role; None for neither.

    `accepts` is the digest of the governance policy if the role fills a place of it.
    """

    invitation: str | None
    role: str | None
    accepts: str | None = None


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


def _unknown() -> ForbiddenError:
    return ForbiddenError("invitation_unknown", "no such invitation")


def require_open(invitation: Invitation, *, now_ms: int) -> None:
    """Raise ConflictError `invitation_cancelled` or `invitation_expired` for one that is over."""
    if invitation.cancelled:
        raise ConflictError("invitation_cancelled", "this invitation was cancelled")
    if invitation.expires_at is not None and clock.to_ms(invitation.expires_at) <= now_ms:
        raise ConflictError("invitation_expired", "the invitation has expired")
