"""What service accounts may do, as the views of keys keep and show it."""

import msgspec
from msgspec import UNSET, UnsetType

from ledger.domain.events import KeyAdded, ServiceAccountAdded
from ledger.domain.vocabulary import ServiceAct


class Service(msgspec.Struct, frozen=True, rename="camel"):
    """What a service account is called, which acts it signs, and on which types of statements."""

    name: str
    acts: tuple[ServiceAct, ...]
    types: tuple[str, ...]
    untyped: bool


def stored(body: KeyAdded) -> str | None:
    """Return the scope as JSON, None for a key with which its person decides."""
    if not isinstance(body, ServiceAccountAdded):
        return None
    return msgspec.json.encode(Service(body.name, body.acts, body.types, body.untyped)).decode()


def shown(scope: str | None) -> Service | UnsetType:
    """Return a stored scope; an answer leaves the member out for other keys."""
    return UNSET if scope is None else msgspec.json.decode(scope, type=Service)
