"""Every event of the ledger: permanent tags, permanent fields.

A change of a tag's fields is a new tag (`.v2`) and a golden file in tests/golden. Bodies carry
the evidence of their author exactly as received, plus what the server decided from it; the audit
makes every decision again and compares.
"""

from typing import Any, ClassVar
from uuid import UUID

import msgspec

from ledger.domain import entry
from ledger.domain.entry import Entry
from ledger.domain.passkey import AssertionEvidence, RegistrationEvidence
from ledger.domain.unique_names import (
    INVITATION,
    INVITATION_ID,
    ROLE,
    USED_INVITATION,
    credential_name,
    kid_name,
)
from ledger.domain.vocabulary import Form, RegistrationMode, Status
from ledger.errors import CorruptError
from ledger.jose import PublicJwk


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What happened, with its evidence."""

    TAG: ClassVar[str]


class LedgerCreated(Body, frozen=True):
    """The ledger exists; `act` is signed by its own key, which signs nothing that people sign."""

    TAG = "ledger-created.v1"
    ledger: str
    origin: str
    rp_id: str
    registration: RegistrationMode
    key: PublicJwk
    act: str
    setup_sha256: str | None = None


class InvitationIssued(Body, frozen=True):
    """An administrator invited somebody; the token itself is known to the two of them only."""

    TAG = "invitation-issued.v1"
    invitation_id: str
    role: str
    token_sha256: str
    expires_at: str
    by: str
    kid: str
    act: str


class LogKeysAnnounced(Body, frozen=True):
    """These keys sign checkpoints from `first_size` on; `act` is signed by the ledger's own key."""

    TAG = "log-keys-announced.v1"
    vkeys: tuple[str, ...]
    first_size: int
    act: str


class LogKeysRetired(Body, frozen=True):
    """These keys sign no checkpoint of over `last_size` entries; the ledger's own key says so."""

    TAG = "log-keys-retired.v1"
    vkeys: tuple[str, ...]
    last_size: int
    act: str


class LogFrozen(Body, frozen=True):
    """The last event; `act` is signed by the ledger's own key."""

    TAG = "log-frozen.v1"
    reason: str
    act: str


class UserRegistered(Body, frozen=True):
    """A person exists. The passkey and key that prove it are the next two events of the stream.

    `invitation` is the invitation's id, `"setup"` for the one-time link of the first start, or
    None in open mode.
    """

    TAG = "user-registered.v1"
    user: str
    name: str
    role: str
    invitation: str | None = None


class PasskeyAdded(Body, frozen=True):
    """A passkey belongs to a person; `act` is None at registration, an `add-passkey` act later."""

    TAG = "passkey-added.v1"
    credential_id: str
    public_key: str
    algorithm: int
    sign_count: int
    aaguid: str
    backed_up: bool
    transports: tuple[str, ...]
    challenge: str
    registration: RegistrationEvidence
    kid: str | None = None
    act: str | None = None


class PasskeyRemoved(Body, frozen=True):
    """A passkey no longer signs in or attests."""

    TAG = "passkey-removed.v1"
    credential_id: str
    by: str
    kid: str
    act: str


class KeyAttested(Body, frozen=True):
    """A passkey vouched for a signing key, and the key proved that it is held."""

    TAG = "key-attested.v1"
    kid: str
    jwk: PublicJwk
    nonce: str
    assertion: AssertionEvidence
    sign_count: int
    possession: str
    expires_at: str | None = None


class KeyRevoked(Body, frozen=True):
    """A signing key signs nothing from this position on."""

    TAG = "key-revoked.v1"
    kid: str
    by: str
    by_kid: str
    act: str
    compromised_since: str | None = None


class RoleGranted(Body, frozen=True):
    """A person holds one more role."""

    TAG = "role-granted.v1"
    user: str
    role: str
    by: str
    kid: str
    act: str


class StatementDrafted(Body, frozen=True):
    """A statement is up for approval; `document` is its exact bytes (UTF-8)."""

    TAG = "statement-drafted.v1"
    document: str
    creator: str
    kid: str
    act: str


class StatementSigned(Body, frozen=True):
    """A person approved. `roles` are the signer's at this position, `status` the one after it."""

    TAG = "statement-signed.v1"
    signer: str
    kid: str
    roles: tuple[str, ...]
    form: Form
    status: Status
    jws: str
    assertion: AssertionEvidence | None = None
    sign_count: int | None = None


class StatementRejected(Body, frozen=True):
    """A person rejected. `status` is the one after it."""

    TAG = "statement-rejected.v1"
    signer: str
    kid: str
    roles: tuple[str, ...]
    reason: str
    status: Status
    act: str
    assertion: AssertionEvidence | None = None
    sign_count: int | None = None


class StatementWithdrawn(Body, frozen=True):
    """The creator took a pending statement back."""

    TAG = "statement-withdrawn.v1"
    signer: str
    kid: str
    act: str
    reason: str | None = None


BODIES: dict[str, type[Body]] = {
    body.TAG: body
    for body in (
        LedgerCreated,
        LogKeysAnnounced,
        LogKeysRetired,
        LogFrozen,
        InvitationIssued,
        UserRegistered,
        PasskeyAdded,
        PasskeyRemoved,
        KeyAttested,
        KeyRevoked,
        RoleGranted,
        StatementDrafted,
        StatementSigned,
        StatementRejected,
        StatementWithdrawn,
    )
}

_encode = msgspec.json.Encoder().encode
_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    tag: msgspec.json.Decoder(body) for tag, body in BODIES.items()
}


class Event(msgspec.Struct, frozen=True):
    """One event in its stream: `version` counts from 1, `at` is the server's UTC clock."""

    stream: UUID
    version: int
    at: str
    body: Body

    # The two names by which the eventsourcing library knows an event's place.
    @property
    def originator_id(self) -> UUID:
        """The stream."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The version in the stream."""
        return self.version


class Recorded(msgspec.Struct, frozen=True):
    """An event and its position in the whole log, from 1."""

    position: int
    event: Event


def encode(event: Event, *, salt: bytes) -> bytes:
    """Return the stored state of an event under a salt of 32 random bytes."""
    return entry.seal(
        at=event.at,
        seq=event.version,
        stream=event.stream,
        tag=event.body.TAG,
        body=_encode(event.body),
        salt=salt,
    )


def decode(state: bytes) -> Event:
    """Return the event of a stored state.

    Raises CorruptError: `state_truncated`, `entry_malformed`, `event_unknown`, `event_malformed`.
    The commitment to the body is the audit's to check, not every read's.
    """
    raw_entry, _, raw_body = entry.split(state)
    return decode_body(entry.parse_entry(raw_entry), raw_body)


def decode_body(envelope: Entry, raw_body: bytes) -> Event:
    """Return the event of an entry and its body; raise CorruptError as `decode` does."""
    decoder = _decoders.get(envelope.type)
    if decoder is None:
        raise CorruptError("event_unknown", f"no event type {envelope.type!r}")
    try:
        body = decoder.decode(raw_body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CorruptError("event_malformed", f"a stored {envelope.type} is malformed") from error
    return Event(stream=envelope.stream, version=envelope.seq, at=envelope.at, body=body)


# The name that the last event takes: while it is taken, nothing is appended.
FROZEN = "frozen"

# What to say of a name that is taken, by the name's first part.
TAKEN = {
    "frozen": ("ledger_frozen", "this ledger has ended and takes nothing more"),
    "credential": ("credential_known", "this passkey is already registered"),
    "invitation": ("invitation_known", "this invitation is already issued"),
    "kid": ("key_known", "this signing key is already registered"),
    "role": ("role_held", "this person already holds the role"),
    "used": ("invitation_used", "this invitation has been used"),
}


_CLAIMING = frozenset(
    (UserRegistered, RoleGranted, PasskeyAdded, KeyAttested, InvitationIssued, LogFrozen)
)


def claims(event: Event) -> tuple[str, ...]:
    """Return the names that this event takes for ever; a second event that takes one conflicts.

    They live in the store beside the events, in the same transaction: uniqueness over all
    streams (a kid, a credential id, a used invitation) and membership of roles.
    """
    body = event.body
    if type(body) not in _CLAIMING:  # most events take none
        return ()
    owner = str(event.stream)
    match body:
        case UserRegistered():
            used = (USED_INVITATION.format(invitation=body.invitation),) if body.invitation else ()
            return (ROLE.format(role=body.role, stream=owner), *used)
        case RoleGranted():
            return (ROLE.format(role=body.role, stream=owner),)
        case PasskeyAdded():
            return (credential_name(body.credential_id),)
        case KeyAttested():
            return (kid_name(body.kid),)
        case InvitationIssued():
            return (
                INVITATION.format(token_sha256=body.token_sha256),
                INVITATION_ID.format(invitation_id=body.invitation_id),
            )
        case LogFrozen():
            return (FROZEN,)
        case _:
            return ()
