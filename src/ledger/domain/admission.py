"""Who may register, and in which role. Pure."""

from ledger.domain import governance, policy
from ledger.domain.charter import Charter
from ledger.domain.events import UserNamed, UserRegistered
from ledger.domain.invitations import AdmittedAs, Invitation, require_open
from ledger.domain.names import require_name
from ledger.domain.skeletons import Skeletons, require_skeletons
from ledger.domain.vocabulary import OPEN_ROLES, OPERATOR
from ledger.errors import ConflictError, ForbiddenError


def role_given(charter: Charter, invitation: Invitation) -> str | None:
    """Return the role that an invitation gives if it is redeemed now, None for none.

    While governance asks for two people or more, nobody gets a role by a link: one person knows its
    secret. So the newcomer comes without, and a change grants the role. The operator's invitations
    give their role: governance can make no change.
    """
    gives = invitation.gives_role and not policy.asks_for_two(charter.governance)
    return invitation.role if gives or invitation.recovery is not None else None


def admit(
    charter: Charter, role: str | None, invitation: Invitation | None, *, now_ms: int
) -> AdmittedAs:
    """Return how a registration is admitted; `role` is what the newcomer asks for.

    With an invitation it is None, or the invitation's. Raises ForbiddenError `invitation_required`,
    `role_not_open`; ConflictError `role_unknown` for a closed role, and as `require_open`.
    """
    if invitation is None:
        if charter.registration != "open":
            raise ForbiddenError("invitation_required", "this ledger requires an invitation")
        if role not in OPEN_ROLES:
            raise ForbiddenError("role_not_open", "only an administrator grants this role")
        return AdmittedAs(None, role)
    if role not in (None, invitation.role):
        raise ForbiddenError("role_not_open", "the invitation is for another role")
    require_open(invitation, now_ms=now_ms)
    if invitation.role not in charter.roles:
        raise ConflictError("role_unknown", "the role of this invitation was closed")
    given = role_given(charter, invitation)
    by = None if invitation.recovery is None else OPERATOR
    return AdmittedAs(invitation.id, given, accepted_with(charter, given), by)


def accepted_with(charter: Charter, role: str | None) -> str | None:
    """Return the digest of the governance policy that a newcomer in this role accepts, if any.

    A role that fills a place of governance is taken with its policy, in the same visit. So nobody
    has a place who has not accepted it, at the founding and by an invitation.
    """
    governs = f"role:{role}" in policy.members(charter.governance)
    return governance.policy_digest(charter.governance) if governs else None


def register(user: str, admitted: AdmittedAs) -> UserRegistered:
    """Return the registration of a person whom `admit` accepted."""
    return UserRegistered(user, admitted.role, admitted.invitation, admitted.accepts, admitted.by)


def call(name: str, looks: Skeletons) -> UserNamed:
    """Return the event that names a person who registers.

    Raises MalformedError `name_invalid`, `text_refused`, `name_skeletons_invalid`.
    """
    require_name(name)
    require_skeletons(looks)
    return UserNamed(name, looks.sha256, looks.unicode)
