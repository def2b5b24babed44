"""The unique names that events claim for ever, and the groups that streams join.

A second event that claims a name conflicts. A group holds the people of one role; a decision that
counts them is stale once the group has changed. Another group holds the statements of one type; the
audit decides changes together with people. The store keeps both beside the events, and the
audit recomputes them from the events. All take the spelling from here.
"""

KID = "kid/{kid}"
KEY_MATERIAL = "key-material/{key_material}"  # an RFC 7638 thumbprint
CREDENTIAL = "credential/{credential_id}"
ROLE = "role/{role}"
TYPE = "type/{type}"
INVITATION = "invitation/{token_sha256}"
INVITATION_ID = "invitation/{invitation}"
USED_INVITATION = "used/{invitation}"
ACT = "act/{act_sha256}"


def kid_name(kid: str) -> str:
    """Return the name that a signing key claims."""
    return KID.format(kid=kid)


def key_material_name(thumbprint: str) -> str:
    """Return the name that a public key of any purpose claims."""
    return KEY_MATERIAL.format(key_material=thumbprint)


def credential_name(credential_id: str) -> str:
    """Return the name that a passkey claims."""
    return CREDENTIAL.format(credential_id=credential_id)


def type_group(type_name: str) -> str:
    """Return the group of the statements of a type."""
    return TYPE.format(type=type_name)


def role_group(role: str) -> str:
    """Return the group of a role's holders."""
    return ROLE.format(role=role)
