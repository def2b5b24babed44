"""The counts of an audit."""

from collections import Counter

import msgspec

from ledger.domain.events import ErasedEvent, Event
from ledger.domain.statement import Statement
from ledger.domain.vocabulary import Status

_OF_A_PASSKEY = ("registration", "assertion", "confirmation")


class Counts(msgspec.Struct, rename="camel"):
    """What was audited: events by type, signatures, assertions, receipts, statements by status.

    The status is that at the newest entry's time: what has ended by then is expired.

    `in_question` counts decisions; `questioned` are the approved statements that need them.
    """

    events: dict[str, int] = {}
    signatures: int = 0
    assertions: int = 0
    receipts: int = 0
    erased: int = 0
    statuses: dict[Status, int] = {}
    in_question: int = 0
    questioned: list[str] = []

    def count(self, event: Event | ErasedEvent) -> None:
        """Count an event and its verified evidence; an erased event has none."""
        if isinstance(event, ErasedEvent):
            self.events[event.tag] = self.events.get(event.tag, 0) + 1
            self.erased += 1
            return
        body = event.body
        self.events[body.TAG] = self.events.get(body.TAG, 0) + 1
        for proof in body.MEANING.evidence:
            if getattr(body, proof) is not None:
                if proof in _OF_A_PASSKEY:
                    self.assertions += 1
                else:
                    self.signatures += 1

    def move(self, before: Statement | None, after: Statement) -> None:
        """Count a statement under its new status."""
        if before is not None:
            self.statuses[before.status] -= 1
        self.statuses[after.status] = self.statuses.get(after.status, 0) + 1

    def expire(self, number: int) -> None:
        """Count so many of the pending statements as expired: no event says it."""
        if number:
            self.statuses["pending"] -= number
            self.statuses["expired"] = self.statuses.get("expired", 0) + number

    def add(self, other: "Counts") -> None:
        """Add the counts of another part."""
        self.events = dict(Counter(self.events) + Counter(other.events))
        self.statuses = dict(Counter(self.statuses) + Counter(other.statuses))
        self.signatures += other.signatures
        self.assertions += other.assertions
        self.receipts += other.receipts
        self.erased += other.erased
        self.in_question += other.in_question
        self.questioned = sorted({*self.questioned, *other.questioned})
