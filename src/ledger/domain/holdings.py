"""What a person holds: passkeys, signing keys, a re-enrolment's link; and how acts name them."""

import msgspec

from ledger import clock
from ledger.domain.vocabulary import ServiceAct
from ledger.errors import ForbiddenError
from ledger.jose import OkpJwk, PublicJwk, thumbprint


class ServiceScope(msgspec.Struct, frozen=True):
    """What a service account may do: these acts, on statements of these types."""

    name: str
    acts: tuple[ServiceAct, ...]
    types: tuple[str, ...]
    untyped: bool

    def covers(self, type_name: str | None) -> bool:
        """Tell whether it acts on statements of a type, None for untyped ones."""
        return self.untyped if type_name is None else type_name in self.types


class AttestedKey(msgspec.Struct, frozen=True):
    """A signing key of a person."""

    kid: str
    jwk: PublicJwk
    added_at: str
    expires_at: str | None = None
    added_by: frozenset[str] = frozenset()  # references to what attested it
    revoked: bool = False
    compromised_since: str | None = None
    unaffirmed: bool = False  # since a loss: it signs nothing until its person reaffirms it
    service: ServiceScope | None = None  # of a service account's key

    def require_scope(self, type_name: str | None) -> None:
        """Raise ForbiddenError `beyond_scope` if a service account does not act on such a type."""
        if self.service is not None and not self.service.covers(type_name):
            raise beyond_scope()


class Passkey(msgspec.Struct, frozen=True):
    """A passkey of a person, with its COSE public key (base64url)."""

    credential_id: str
    public_key: str
    added_at: str
    added_by: frozenset[str] = frozenset()  # references to what signed for its addition
    removed: bool = False
    compromised_since: str | None = None
    active_from: str | None = None
    code: str | None = None  # the kid of the recovery code that added it
    re_enrols: bool = False  # when it begins to work, everything older ends
    needs_admission: bool = False  # it does not work before a change admits it
    cancelled: bool = False  # removed before it worked
    transports: tuple[str, ...] = ()  # as its registration said

    def waits(self, now_ms: int) -> bool:
        """Tell whether it does not work yet: a code or a re-enrolment's link added it lately."""
        if self.active_from is None:
            return False
        return self.needs_admission or now_ms < clock.to_ms(self.active_from)

    def is_live(self, now_ms: int) -> bool:
        """Tell whether it works: it is not removed, and its waiting time is over."""
        return not self.removed and not self.waits(now_ms)


class Link(msgspec.Struct, frozen=True):
    """The link of an open re-enrolment: its public key, and when it expires.

    A loss makes it `void`.
    """

    key: OkpJwk
    expires_at: str
    void: bool = False

    @property
    def kid(self) -> str:
        """The thumbprint of the link's key."""
        return thumbprint(self.key)


def beyond_scope() -> ForbiddenError:
    """Return the error for what a service account does not do."""
    return ForbiddenError("beyond_scope", "this is beyond the scope of the service account")


def key_reference(kid: str) -> str:
    """Return how acts and events refer to a signing key where they could mean a passkey too."""
    return f"kid:{kid}"


def passkey_reference(credential_id: str) -> str:
    """Return how acts and events refer to a passkey where they could mean a signing key too."""
    return f"passkey:{credential_id}"
