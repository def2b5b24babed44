"""Events of the ledger's own stream: creation, log keys, invitations, freeze."""

from typing import final

from ledger.domain.events.meaning import Explained, Meaning, Words
from ledger.domain.unique_names import INVITATION, INVITATION_ID
from ledger.domain.vocabulary import RegistrationMode
from ledger.encoding import SafeInteger
from ledger.jose import PublicJwk


@final
class LedgerCreated(Explained, frozen=True):
    """The ledger was created; its own key signed `act`. No person signs with that key."""

    TAG = "ledger-created.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(),
        words=Words(
            trail="{who} was created; registration: {registration}",
            timeline="The ledger was created",
            about="ledger",
        ),
    )
    ledger: str
    origin: str
    rp_id: str
    registration: RegistrationMode
    key: PublicJwk
    act: str
    setup_sha256: str | None = None


@final
class LogKeysAnnounced(Explained, frozen=True):
    """These keys sign checkpoints from `first_size` on; the ledger's own key signed `act`."""

    TAG = "log-keys-announced.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(),
        words=Words(
            trail="{who} announced {vkeys} keys that sign its checkpoints",
            timeline="The log's keys were announced",
            about="vkeys",
        ),
    )
    vkeys: tuple[str, ...]
    first_size: SafeInteger
    act: str


@final
class LogKeysRetired(Explained, frozen=True):
    """These keys sign no checkpoint above `last_size`; the ledger's own key signed `act`."""

    TAG = "log-keys-retired.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(),
        words=Words(
            trail="{who} retired {vkeys} keys that signed its checkpoints",
            timeline="Keys of the log were retired",
            about="vkeys",
        ),
    )
    vkeys: tuple[str, ...]
    last_size: SafeInteger
    act: str


@final
class LogFrozen(Explained, frozen=True):
    """The ledger was frozen: the last event; the ledger's own key signed `act`."""

    TAG = "log-frozen.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=("frozen",),
        words=Words(
            trail="{who} ended: {reason}",
            timeline="The ledger was frozen",
            about=None,
        ),
    )
    reason: str
    act: str


@final
class InvitationIssued(Explained, frozen=True):
    """An administrator invited somebody. The log holds only the token's SHA-256."""

    TAG = "invitation-issued.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="by",
        evidence=("act",),
        depends_on=("actor",),
        claims=(INVITATION, INVITATION_ID),
        words=Words(
            trail="{who} invited somebody as {role}",
            timeline="{who} invited somebody as {detail}",
            about="invitation_id",
            detail="role",
        ),
    )
    invitation_id: str
    role: str
    token_sha256: str
    expires_at: str
    by: str
    kid: str
    act: str


LedgerBody = LedgerCreated | LogKeysAnnounced | LogKeysRetired | LogFrozen | InvitationIssued
