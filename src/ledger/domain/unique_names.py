"""The unique names that events claim for ever: a second event that claims one conflicts.

A name is a kind followed by the unique value. The store keeps the names beside the events, and the
audit recomputes them from the events. Both take the spelling from here.
"""

KID = "kid/{kid}"
CREDENTIAL = "credential/{credential_id}"
ROLE = "role/{role}/{stream}"
INVITATION = "invitation/{token_sha256}"
INVITATION_ID = "invitation/{invitation_id}"
USED_INVITATION = "used/{invitation}"

# Every role that anybody holds.
ALL_ROLES = "role/"


def kid_name(kid: str) -> str:
    """Return the name that a signing key claims."""
    return KID.format(kid=kid)


def credential_name(credential_id: str) -> str:
    """Return the name that a passkey claims."""
    return CREDENTIAL.format(credential_id=credential_id)


def role_prefix(role: str) -> str:
    """Return the common prefix of the names that a role's holders claim."""
    return ROLE.format(role=role, stream="")
