"""Events of the ledger's own stream: creation, log keys, restores, recoveries, freeze.

of_changes.py has what changes do to the ledger.
"""

from typing import Literal, final

from ledger.domain import key_material
from ledger.domain.events.meaning import Explained, Meaning, Words
from ledger.domain.events.of_changes import LedgerEffect
from ledger.domain.ledger_acts import KeptTree, LostTree, OperatorLink
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.unique_names import ACT, KEY_MATERIAL
from ledger.domain.vocabulary import RegistrationMode
from ledger.encoding import SafeInteger
from ledger.jose import OkpJwk, PublicJwk, thumbprint


@final
class LedgerCreated(Explained, frozen=True):
    """The ledger was created; its own key signed `act`. No person signs with that key.

    `setup` is the key of the first administrator's link. `heads` is the ledger's first heads
    key, which signs in evidence bundles how many events each stream has.
    """

    TAG = "ledger-created.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(KEY_MATERIAL, ACT),
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
    setup: OkpJwk
    heads: OkpJwk

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprints of the ledger's own key, the first link and the heads key."""
        return (thumbprint(self.key), thumbprint(self.setup), thumbprint(self.heads))


@final
class LogKeysAnnounced(Explained, frozen=True):
    """These keys sign checkpoints from `first_size` on; the ledger's own key signed `act`."""

    TAG = "log-keys-announced.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(KEY_MATERIAL, ACT),
        words=Words(
            trail="{who} announced {vkeys} keys that sign its checkpoints",
            timeline="The log's keys were announced",
            about="vkeys",
        ),
    )
    vkeys: tuple[str, ...]
    first_size: SafeInteger
    act: str

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprints of the new log keys."""
        return key_material.of_vkeys(self.vkeys)


@final
class LogKeysRetired(Explained, frozen=True):
    """These keys sign no checkpoint above `last_size`; the ledger's own key signed `act`."""

    TAG = "log-keys-retired.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(ACT,),
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
class HeadsKeyReplaced(Explained, frozen=True):
    """From here on this key signs heads in evidence; the ledger's own key signed `act`."""

    TAG = "heads-key-replaced.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(KEY_MATERIAL, ACT),
        words=Words(
            trail="{who} replaced the key that signs heads in evidence",
            timeline="The ledger's heads key was replaced",
            about=None,
        ),
    )
    heads: OkpJwk
    act: str

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprint of the new heads key."""
        return (thumbprint(self.heads),)


@final
class LedgerRestored(Explained, frozen=True):
    """The ledger goes on from a backup; the ledger's own key signed `act`.

    This event is the first after the backup's tree. From here on the log has another origin, with
    keys of its own; the ledger's name in documents and challenges stays. `lost` is None if nothing
    is known to be lost.
    """

    TAG = "ledger-restored.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(KEY_MATERIAL, ACT),
        words=Words(
            trail="{who} was restored from a backup and goes on as {origin}: {reason}",
            timeline="The ledger was restored from a backup",
            about="origin",
        ),
    )
    epoch: int
    kept: KeptTree
    lost: LostTree | Literal["unknown"] | None
    origin: str
    vkeys: tuple[str, ...]
    reason: str
    act: str

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprints of the new log keys."""
        return key_material.of_vkeys(self.vkeys)


@final
class OperatorInvited(Explained, frozen=True):
    """The operator invited as many people to governance as it lacks; the ledger's key signed it.

    `lost` are people who count in governance and can no longer act, as the operator states: a log
    does not show who lost a device. The links work from `active_from` until `expires_at`, while
    governance lacks somebody. The event ends the unused links of an earlier recovery.
    """

    TAG = "operator-invited.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=(KEY_MATERIAL, ACT),
        words=Words(
            trail="{who} invited people to governance, as its operator asked: {reason}",
            timeline="The operator invited people to governance",
            about="recovery",
        ),
    )
    recovery: str
    lost: tuple[str, ...]
    invitations: tuple[OperatorLink, ...]
    active_from: str
    expires_at: str
    reason: str
    act: str

    @property
    def key_material(self) -> tuple[str, ...]:
        """The thumbprints of the links' keys."""
        return tuple(thumbprint(each.key) for each in self.invitations)


@final
class OperatorInvitationsCancelled(Explained, frozen=True):
    """Somebody with a place in governance cancelled the operator's invitations of a recovery."""

    TAG = "operator-invitations-cancelled.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="by",
        evidence=("act", "assertion"),
        depends_on=("actor",),
        claims=(ACT,),
        words=Words(
            trail="{who} cancelled the operator's invitations to governance",
            timeline="{who} cancelled the operator's invitations to governance",
            about="recovery",
        ),
    )
    recovery: str
    by: str
    kid: str
    act: str
    assertion: AssertionEvidence
    sign_count: SafeInteger


@final
class LogFrozen(Explained, frozen=True):
    """The ledger was frozen: the last event; the ledger's own key signed `act`."""

    TAG = "log-frozen.v1"
    MEANING = Meaning(
        stream="ledger",
        actor="ledger",
        evidence=("act",),
        depends_on=(),
        claims=("frozen", ACT),
        words=Words(
            trail="{who} ended: {reason}",
            timeline="The ledger was frozen",
            about=None,
        ),
    )
    reason: str
    act: str


# What is recorded of the ledger itself, and all that its stream holds.
LedgerRecord = (
    LedgerCreated
    | LogKeysAnnounced
    | LogKeysRetired
    | HeadsKeyReplaced
    | LedgerRestored
    | OperatorInvited
    | OperatorInvitationsCancelled
    | LogFrozen
)
LedgerBody = LedgerRecord | LedgerEffect
