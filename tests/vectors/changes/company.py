"""A company whose administrators try changes, and the items that they ask for."""

from typing import Any
from uuid import UUID

import msgspec

from ledger.domain import decisions
from ledger.domain.approval import parse_approval
from ledger.domain.events import (
    Body,
    Event,
    OutcomeReported,
    StatementDrafted,
    StatementRecord,
    StatementSigned,
    StatementUsed,
)
from ledger.domain.governance import policy_digest
from ledger.domain.policy import Node
from ledger.domain.seen import seen
from ledger.domain.vocabulary import CHANGE
from tests.support.changes import governors
from tests.support.chronicle import FOUNDING, Chronicle, statement_id
from tests.support.document_end import ends_at
from tests.support.signers import Signer

SOON = "2026-12-01T00:00:00.000Z"
INVITATION = "0f0f0f0f-0000-4000-8000-000000000001"
OTHER_INVITATION = "0f0f0f0f-0000-4000-8000-000000000002"
NOBODY = "00000000-0000-4000-8000-00000000dead"
TWO: dict[str, Any] = {"threshold": 2, "of": ["role:administrator"]}
TWO_NODE = Node(2, ("role:administrator",))
Item = dict[str, Any]


class Company(Chronicle):
    """A ledger with two administrators, Ada and Ben, a creator, Cal, and an investor, Ivy."""

    def __init__(self) -> None:
        super().__init__()
        self.found()
        self.ada, self.ben = self.signer(1, "administrator"), self.signer(2, "administrator")
        self.cal, self.ivy = self.signer(3, "creator"), self.signer(4, "investor")
        self.register(self.ada, "Ada", "setup")
        self.invite(self.ada, 1, "administrator", INVITATION)
        self.register(self.ben, "Ben", INVITATION)
        self.register(self.cal, "Cal")
        self.register(self.ivy, "Ivy")

    def add(self, stream: str | UUID, body: Body) -> None:
        """Append the last event, which no auditor has seen."""
        stream = UUID(str(stream))
        version = 1 + sum(event.stream == stream for event in self.events)
        self.events.append(Event(stream, version, str(self.time), self._seeing(stream, body)))

    def add_later(self, stream: str, body: StatementSigned) -> None:
        """Append, as the last event, an approval that was decided before later events."""
        self.add(stream, msgspec.structs.replace(body, seen={}))

    def _seeing(self, stream: UUID, body: Body) -> Body:
        """Return a body that no decision made, with what its decision would have seen."""
        if not isinstance(body, StatementRecord) or body.seen:
            return body
        people, subject = self.auditor.people, self.auditor.statements.get(stream)
        user = body.creator if isinstance(body, StatementDrafted) else body.signer
        counted = {} if subject is None else subject.counts_on
        if subject is not None and isinstance(body, StatementUsed):
            counted = subject.approvals
        users = [user] if isinstance(body, OutcomeReported) else [*counted, user]
        before = {} if subject is None else subject.seen
        named = seen(before, self._charter.version, [people[UUID(each)] for each in users])
        return msgspec.structs.replace(body, seen=named)

    def govern_by_two(self) -> None:
        """Let changes need both administrators."""
        self.change(self.ada, 2, governance(TWO, FOUNDING, self.ada, self.ben))

    def draft_unseen(self, who: Signer, *items: Item, **members: Any) -> None:
        """Append the draft of a change as the last event."""
        said = members.pop("said", CHANGE)
        raw = who.change(*items, statementId=statement_id(9), **members)
        act = who.draft_act(raw)
        self.add(
            statement_id(9),
            StatementDrafted(
                raw.decode(), who.user, who.key.kid, act, ends_at(raw), said, "everyone"
            ),
        )

    def begin(self, who: Signer, *items: Item, **members: Any) -> bytes:
        """Record the draft of a change; its approval comes last, or never."""
        raw = who.change(*items, statementId=statement_id(9), **members)
        act = who.draft_act(raw)
        own = who.user, who.key.kid, act
        body = StatementDrafted(raw.decode(), *own, ends_at(raw), CHANGE, "everyone")
        self.tell(statement_id(9), self._seeing(UUID(statement_id(9)), body))
        return raw

    def approve_unseen(self, who: Signer, raw: bytes, number: int = 9) -> None:
        """Append an approval as the last event."""
        self.add(statement_id(number), self.approval_of(who, raw, number))

    def approval_of(self, who: Signer, raw: bytes, number: int = 9) -> StatementSigned:
        jws = who.shared(raw)
        subject = self.auditor.statements[UUID(statement_id(number))]
        return decisions.sign(subject, parse_approval(jws), self._decision(who, who.confirm(jws)))

    def approval_of_plain(self, who: Signer, raw: bytes, number: int = 9) -> StatementSigned:
        jws = who.shared(raw)
        subject = self.auditor.statements[UUID(statement_id(number))]
        return decisions.sign(subject, parse_approval(jws), self._decision(who))


def governance(policy: dict[str, Any], was: Node, *people: Signer) -> Item:
    stated = {"people": governors(*people)} if people else {}
    return {"set-governance": {"policy": policy, "was": policy_digest(was)} | stated}


def grant(who: Signer, role: str, *, of: Signer | None = None) -> Item:
    """Return the grant of a role; `of` is whose passkey it states."""
    cose = {} if of is None else {"cose": of.passkey.cose_sha256}
    return {"grant-role": {"user": who.user, "role": role} | cose}


def end(who: Signer, role: str) -> Item:
    return {"end-role": {"user": who.user, "role": role}}


def close(role: str) -> Item:
    return {"close-role": {"role": role}}


def stand(what: str, who: Signer) -> Item:
    return {what: {"user": who.user}}
