"""The names that an event takes for ever: a second event that takes one of them conflicts.

A name says its kind, then what is unique. The store keeps the names beside the events and the
audit derives them again from the events, so both spell them here and nowhere else.
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
    """Return the name that a signing key takes."""
    return KID.format(kid=kid)


def credential_name(credential_id: str) -> str:
    """Return the name that a passkey takes."""
    return CREDENTIAL.format(credential_id=credential_id)


def role_prefix(role: str) -> str:
    """Return how the names begin that the holders of a role take, one for each."""
    return ROLE.format(role=role, stream="")
