"""The unique names that events claim for ever, and the groups that streams join.

A second event that claims a name conflicts. A group holds the people of one role; a decision that
counts them is stale once the group has changed. Another group holds the statements of a built-in
type; the audit decides changes together with people. A third holds the new versions of an approved
statement: nobody erases it while one of them is pending. The store keeps all of them beside the
events, and the audit recomputes them from the events. All take the spelling from here.
"""

KID = "kid/{kid}"
KEY_MATERIAL = "key-material/{key_material}"  # an RFC 7638 thumbprint
CREDENTIAL = "credential/{credential_id}"
NAME = "name/{name_skeletons}"  # SHA-256 (hex) of a skeleton
ROLE = "role/{role}"
TYPE = "type/{built_in}"
REPLACES = "replaces/{replaced}"
INVITATION = "invitation/{invitation}"
USED_INVITATION = "used/{invitation}"
ACT = "act/{act_sha256}"
USE = "use/{stream}/{number}/{generation}"


def kid_name(kid: str) -> str:
    """Return the name that a signing key claims."""
    return KID.format(kid=kid)


def key_material_name(thumbprint: str) -> str:
    """Return the name that a public key of any purpose claims."""
    return KEY_MATERIAL.format(key_material=thumbprint)


def credential_name(credential_id: str) -> str:
    """Return the name that a passkey claims."""
    return CREDENTIAL.format(credential_id=credential_id)


def person_name(skeleton_sha256: str) -> str:
    """Return the name that a person's name claims, for one of its skeletons."""
    return NAME.format(name_skeletons=skeleton_sha256)


def used_invitation_name(invitation: str) -> str:
    """Return the name that the use or the end of an invitation claims."""
    return USED_INVITATION.format(invitation=invitation)


def type_group(type_name: str) -> str:
    """Return the group of the statements of a built-in type."""
    return TYPE.format(built_in=type_name)


def replacing_group(statement: object) -> str:
    """Return the group of the new versions of an approved statement."""
    return REPLACES.format(replaced=statement)


def role_group(role: str) -> str:
    """Return the group of a role's holders."""
    return ROLE.format(role=role)
