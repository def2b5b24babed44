"""Look at an invitation by its key, before anybody makes a passkey."""

from uuid import UUID

import msgspec

from ledger.commands.changes import sources
from ledger.commands.reading import Reading
from ledger.commands.writer import Writer
from ledger.domain import invitations, operator_recovery
from ledger.domain.admission import accepted_with, role_given
from ledger.domain.invitations import Invitation
from ledger.domain.policy import Node
from ledger.domain.unique_names import used_invitation_name
from ledger.errors import ConflictError


class OpenInvitation(msgspec.Struct, frozen=True, rename="camel"):
    """An invitation that can be used: its role, its end, and who drafted the change that made it.

    The first administrator's link has neither, the operator's no drafter. `role` is None while no
    invitation gives a role. `governance` is the policy that the newcomer accepts, None if the role
    fills no place of it.
    """

    role: str | None
    expires_at: str | None
    invited_by: str | None
    governance: Node | None


class InvitationCommands:
    """What the holder of a link may ask."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def look(self, kid: str) -> OpenInvitation:
        """Return the invitation with this key, if it can be used now.

        Raises as `invitations.find`, `invitations.require_open`, `require_unused` and
        `operator_recovery.require_needed` do.
        """

        def look(reading: Reading) -> OpenInvitation:
            known = reading.charter()
            invitation = invitations.find(known.invitations, kid)
            invitations.require_open(invitation, now_ms=reading.now_ms)
            require_unused(reading, invitation)
            operator_recovery.require_needed(invitation, sources(reading), now_ms=reading.now_ms)
            inviter = None if invitation.change is None else _drafter(reading, invitation.change)
            role = role_given(known, invitation)
            accepted = None if accepted_with(known, role) is None else known.governance
            return OpenInvitation(role, invitation.expires_at, inviter, accepted)

        return await self._writer.ask(look)


def require_unused(reading: Reading, invitation: Invitation) -> None:
    """Raise ConflictError `invitation_used` for an invitation that somebody has used."""
    if reading.owner(used_invitation_name(invitation.id)) is not None:
        raise ConflictError("invitation_used", "this invitation has been used")


def _drafter(reading: Reading, change: str) -> str:
    drafted = reading.statement(UUID(change))
    return reading.person(UUID(drafted.creator)).name
