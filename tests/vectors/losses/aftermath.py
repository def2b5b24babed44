"""A company after a restore that lost something, and what its people try then."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ledger.domain import admission
from ledger.domain.acts import TYP
from ledger.domain.charter import STREAM
from ledger.domain.entry import leaf_hash
from ledger.domain.epochs import Loss
from ledger.domain.events import (
    GovernanceAccepted,
    KeyReaffirmed,
    KeyRevoked,
    LedgerRestored,
    PersonSuspended,
)
from ledger.domain.governance import policy_digest
from ledger.domain.invitations import AdmittedAs
from ledger.domain.ledger_acts import KeptTree, LostTree, RestoreLedger
from ledger.domain.policy import Node
from ledger.domain.restoration import log_origin
from ledger.tlog.merkle import Edge
from tests.support.changes import invite
from tests.support.chronicle import FOUNDING
from tests.support.fixed_keys import fixed_log_keys
from tests.support.keys import TestKey, ed25519_key
from tests.support.signers import LEDGER, Signer
from tests.vectors.changes.company import OTHER_INVITATION, SOON
from tests.vectors.re_enrolment.returning import Returning
from tests.vectors.uses.tries import Executors

SECOND = ed25519_key(88)
LINK = "the link of an invitation"


class Aftermath(Returning, Executors):
    """The company; Ivy has two keys. Its entries may be lost.

    `raw` is the statement or change that a case is about.
    """

    def __init__(self) -> None:
        super().__init__()
        self.raw = b""
        self.attest(self.ivy, SECOND)

    @property
    def lost(self) -> Sequence[Loss]:
        """None: a case decides what the auditor has to refuse."""
        return ()

    def lose(self, epoch: int = 1, lost: LostTree | Literal["unknown"] | None = "unknown") -> None:
        """Restore the ledger."""
        origin = log_origin(LEDGER, epoch)
        vkeys = fixed_log_keys(2 + epoch, origin)[:1]  # the ML-DSA-44 key is long
        self.restore(lost, epoch=epoch, origin=origin, vkeys=vkeys)

    def reaffirmation(self, key: TestKey | None = None, **said: Any) -> KeyReaffirmed:
        """Return the reaffirmation of Ivy's first key; `key` signs it, itself by default."""
        signer = key or self.ivy.key
        epoch = self._charter.lost_epoch
        about: dict[str, Any] = {"kid": self.ivy.key.kid, "epoch": epoch} | said
        act = self.ivy.act("reaffirm-key", key=signer, **about)
        shown, count = self.ivy.confirm(act), self.ivy.passkey.sign_count
        return KeyReaffirmed(about["kid"], signer.kid, act, shown, count)

    def confirmed_by(self, who: Signer) -> KeyReaffirmed:
        """Return the reaffirmation of Ivy's key by somebody else's passkey."""
        body = self.reaffirmation()
        shown = who.confirm(body.act)
        return msgspec.structs.replace(body, assertion=shown, sign_count=who.passkey.sign_count)

    def reaffirms(self, who: Signer | None = None) -> None:
        self.reaffirm(who or self.ivy)

    def ends(self, kid: str, key: TestKey) -> KeyRevoked:
        """Return the end of a key of Ivy's that a key of hers signs."""
        act = self.ivy.act("revoke-key", key=key, kid=kid)
        shown = None if kid == key.kid else self.ivy.confirm(act)
        count = None if shown is None else self.ivy.passkey.sign_count
        return KeyRevoked(kid, key.kid, act, None, shown, count)

    def suspension(self) -> PersonSuspended:
        """Return Ivy's suspension by Ada."""
        reason = "Her laptop was stolen."
        act = self.ada.act("suspend", user=self.ivy.user, reason=reason)
        shown, count = self.ada.confirm(act), self.ada.passkey.sign_count
        return PersonSuspended(
            self.ivy.user, reason, self.ada.user, self.ada.key.kid, act, shown, count
        )

    def accepts(
        self, who: Signer, policy: Node = FOUNDING, change: str | None = None
    ) -> GovernanceAccepted:
        """Return the acceptance of a policy: in force, or set by a pending change."""
        digest = policy_digest(policy)
        act = who.act("accept-governance", policySha256=digest, change=change)
        shown = who.confirm(act)
        return GovernanceAccepted(digest, change, who.key.kid, act, shown, who.passkey.sign_count)

    def invites(self) -> None:
        self.ask(invite(LINK, "investor", SOON, invitation=OTHER_INVITATION))

    def comes(self) -> None:
        """Let Eve register with the invitation, as the last event."""
        eve, by = self.signer(5, "investor"), AdmittedAs(OTHER_INVITATION, "investor")
        self.add(eve.user, admission.register(eve.user, by))

    def changes_something(self) -> None:
        """Let Ada make a change, whose effect is the last event."""
        self.complete(invite(LINK, "investor", SOON, invitation=OTHER_INVITATION))

    def governs_again(self) -> None:
        """Let Ada govern again."""
        self.reaffirms(self.ada)
        self.tell(self.ada.user, self.accepts(self.ada))

    def approves_a_change(self) -> None:
        """Let Ada approve a change, as the last event."""
        raw = self.begin(self.ada, invite(LINK, "investor", SOON, invitation=OTHER_INVITATION))
        self.approve_unseen(self.ada, raw)

    def restored_now(self, *, later: bool) -> None:
        """Restore at the time of the newest event, or later, as the last event."""
        if not later:
            self.time.ms -= 1000
        kept, origin = self._kept(), log_origin(LEDGER, 1)
        vkeys, reason = fixed_log_keys(3, origin)[:1], "The disk of the server failed."
        said = RestoreLedger(
            self.time.ms // 1000, LEDGER, 1, kept, "unknown", origin, vkeys, reason
        )
        act = ed25519_key(1000).jws(msgspec.json.encode(said), typ=TYP)
        body = LedgerRestored(1, kept, "unknown", origin, vkeys, reason, act)
        self.add(STREAM, body)

    def _kept(self) -> KeptTree:
        edge, _ = Edge().extend(b"".join(map(leaf_hash, self.states)))
        return KeptTree(edge.size, edge.root().hex())
