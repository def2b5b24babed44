"""What this SCIM server says of itself: its configuration, resource types and schemas. Pure."""

from typing import Any

from ledger.organisation.scim import GROUP, USER
from ledger.organisation.scim_service import PAGE

_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_WORDS = {"User": "A person of the organisation", "Group": "A group of its people"}


def configuration(base: str) -> dict[str, Any]:
    """Return the ServiceProviderConfig (RFC 7643 section 5)."""
    no = {"supported": False}
    return {
        "schemas": [_CONFIG],
        "documentationUri": "https://datatracker.ietf.org/doc/html/rfc7644",
        "patch": {"supported": True},
        "bulk": no | {"maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": PAGE},
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token that the operator made; the ledger keeps its digest",
                "specUri": "https://datatracker.ietf.org/doc/html/rfc6750",
            }
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": f"{base}/ServiceProviderConfig",
        },
    }


def resource_types(base: str) -> list[dict[str, Any]]:
    """Return the resource types (RFC 7643 section 6)."""
    return [
        {
            "schemas": [_TYPE],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "description": _WORDS[name],
            "schema": urn,
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
        }
        for name, urn in (("User", USER), ("Group", GROUP))
    ]


def schemas(base: str) -> list[dict[str, Any]]:
    """Return the schemas (RFC 7643 section 7): what is kept, and nothing else."""
    user = [
        _attribute("userName", required=True, uniqueness="server"),
        _attribute("displayName"),
        _attribute("active", type_="boolean"),
    ]
    fixed = {"mutability": "immutable"}
    parts = [
        _attribute("value") | fixed | {"caseExact": True},
        _attribute("type") | fixed | {"canonicalValues": ["User"]},
        _attribute("$ref", type_="reference") | fixed | {"referenceTypes": ["User"]},
    ]
    members = _attribute("members", type_="complex") | {"multiValued": True, "subAttributes": parts}
    group = [_attribute("displayName", required=True), members]
    return [
        {
            "schemas": [_SCHEMA],
            "id": urn,
            "name": name,
            "description": _WORDS[name],
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{urn}"},
        }
        for name, urn, attributes in (("User", USER, user), ("Group", GROUP, group))
    ]


def _attribute(
    name: str, *, type_: str = "string", required: bool = False, uniqueness: str = "none"
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "type": type_,
        "multiValued": False,
        "description": name,
        "required": required,
        "mutability": "readWrite",
        "returned": "default",
    }
    if type_ in ("string", "reference"):
        made |= {"caseExact": type_ == "reference", "uniqueness": uniqueness}
    return made
