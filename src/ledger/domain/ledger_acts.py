"""Acts of the ledger itself, which its own key signs."""

from typing import Literal

import msgspec

from ledger.domain.act import Act
from ledger.encoding import SafeInteger
from ledger.jose import OkpJwk

MAX_HEADS = 1024


class KeptTree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tree that a restore continues: its size, and its root in 64 hex characters."""

    size: int
    root: str


class LostTree(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The largest tree known to be signed before a restore, and its note if that is known."""

    size: int
    checkpoint: str | None


class OperatorLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One invitation of a recovery by the operator: its id, the role that it gives, its key."""

    id: str
    role: str
    key: OkpJwk


class CreateLedger(Act, tag="create-ledger", frozen=True):
    """Create the ledger: the act of its first event.

    `setup` is the key of the first administrator's link, `heads` the ledger's heads key.
    """

    origin: str
    rp_id: str
    registration: str
    setup: OkpJwk
    heads: OkpJwk


class AnnounceLogKeys(Act, tag="announce-log-keys", frozen=True):
    """Announce keys (vkeys) that sign checkpoints of at least `first_size` entries."""

    vkeys: tuple[str, ...]
    first_size: SafeInteger


class RetireLogKeys(Act, tag="retire-log-keys", frozen=True):
    """Retire keys (vkeys): they sign no checkpoint of more than `last_size` entries."""

    vkeys: tuple[str, ...]
    last_size: SafeInteger


class ReplaceHeadsKey(Act, tag="replace-heads-key", frozen=True):
    """Replace the ledger's heads key by this one."""

    heads: OkpJwk


class RestoreLedger(Act, tag="restore", frozen=True):
    """Go on from a backup under a new log origin, with new log keys (vkeys).

    `kept` is the tree of the backup; `lost` is what was signed and is not in it: a tree, "unknown",
    or None if nothing is known to be lost.
    """

    epoch: int
    kept: KeptTree
    lost: LostTree | Literal["unknown"] | None
    origin: str
    vkeys: tuple[str, ...]
    reason: str


class RecoverGovernance(Act, tag="recover-governance", frozen=True):
    """Invite as many people to governance as it lacks without `lost`, who can no longer act."""

    recovery: str
    lost: tuple[str, ...]
    invitations: tuple[OperatorLink, ...]
    reason: str


class Heads(Act, tag="heads", frozen=True):
    """State how many events each of these streams has in a tree of the log; the heads key signs it.

    `root` is the tree's, in base64. `nonce` is that of the person who asked, or None.
    """

    heads: dict[str, SafeInteger]
    nonce: str | None
    root: str
    size: SafeInteger


class FreezeLedger(Act, tag="freeze-ledger", frozen=True):
    """Freeze the ledger: no event can follow."""

    reason: str
