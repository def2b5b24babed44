"""A company whose administrators lose their devices, and what its operator and others send."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import admission, ledger_acts
from ledger.domain.charter import STREAM
from ledger.domain.charter_values import LEAST_WAIT_MS as WAIT_MS
from ledger.domain.events import OperatorInvitationsCancelled, OperatorInvited
from ledger.domain.governance import FOUNDING, policy_digest
from ledger.domain.ledger_acts import OperatorLink
from ledger.domain.operator_recovery import OPEN_MS
from ledger.domain.policy import Node
from tests.support.changes import governors
from tests.support.ledger_chronicle import RECOVERY
from tests.support.links import link_key
from tests.support.signers import Signer
from tests.vectors.changes.company import TWO_NODE, Company, grant

REASON = "Both phones went down with the ship."


class Link(NamedTuple):
    """An invitation of the operator: the name of its secret, its role, and its id."""

    token: str
    role: str = "administrator"
    id: str = ""

    @property
    def shown(self) -> OperatorLink:
        return OperatorLink(self.id or link_id(self.token), self.role, link_key(self.token).jwk)


def link_id(token: str) -> str:
    return str(UUID(bytes=(token.encode() * 16)[:16], version=4))


ONE, OTHER, THIRD = Link("one"), Link("other"), Link("third")


class Wreck(Company):
    """The company; its operator lets Gil and Eve in."""

    def __init__(self) -> None:
        super().__init__()
        self.gil, self.eve = self.signer(6, "administrator"), self.signer(7, "administrator")

    def three(self) -> None:
        """Let two of three administrators govern; Ivy, the third, has not accepted it."""
        self.change(self.ada, 3, grant(self.ivy, "administrator"))
        raised = {"policy": msgspec.to_builtins(TWO_NODE), "was": policy_digest(FOUNDING)}
        people = governors(self.ada, self.ben, self.ivy)
        raw = self.draft_change(self.ada, 4, {"set-governance": raised | {"people": people}})
        for each in (self.ada, self.ben):
            self.accept(each, TWO_NODE, msgspec.json.decode(raw)["statementId"])
        self.approve_change(self.ada, raw)

    @property
    def policy(self) -> Node:
        """The governance policy in force."""
        return self._charter.governance

    def invited(
        self,
        *links: Link,
        lost: Sequence[Signer] | None = None,
        lost_ids: tuple[str, ...] | None = None,
        **said: Any,
    ) -> OperatorInvited:
        """Return the event by which the operator invites people; `said` is what the act says."""
        users = [each.user for each in ((self.ada, self.ben) if lost is None else lost)]
        members = {
            "recovery": RECOVERY,
            "lost": tuple(users) if lost_ids is None else lost_ids,
            "invitations": tuple(each.shown for each in links),
            "reason": REASON,
        } | said
        act = self._own(ledger_acts.RecoverGovernance, **members)
        return OperatorInvited(
            **{name: members[name] for name in ("recovery", "lost", "invitations", "reason")},
            active_from=self.later(WAIT_MS),
            expires_at=self.later(WAIT_MS + OPEN_MS),
            act=act,
        )

    def later(self, ms: int) -> str:
        return clock.to_text(self.time.ms + ms)

    def invite_by_operator(self, *links: Link, **more: Any) -> None:
        self.tell(STREAM, self.invited(*links, **more))

    def wait(self, ms: int = WAIT_MS) -> None:
        self.time.ms += ms

    def end(self, by: Signer, recovery: str = RECOVERY) -> OperatorInvitationsCancelled:
        """Return the end of the operator's invitations."""
        act = by.act("cancel-operator-invitations", recovery=recovery)
        shown = by.confirm(act)
        count = by.passkey.sign_count
        return OperatorInvitationsCancelled(recovery, by.user, by.key.kid, act, shown, count)

    def come(self, who: Signer, link: Link, name: str, **members: Any) -> None:
        """Append the registration of somebody whom the operator invited, as the last event."""
        admitted = self.admitted(link.role, link.shown.id)
        body = admission.register(who.user, admitted)
        self.add(who.user, msgspec.structs.replace(body, **members))

    def let_in(self, who: Signer, link: Link, name: str) -> None:
        """Record the whole registration of somebody whom the operator invited."""
        self.register_by(who, name, link.shown.id, link.token)
