"""What an audit looked at, counted."""

from collections import Counter

import msgspec

from ledger.domain.events import Event, PasskeyAdded, StatementSigned, UserRegistered
from ledger.domain.statement import Statement
from ledger.domain.vocabulary import Status


class Counts(msgspec.Struct):
    """What was audited: events by type, signatures by kind, receipts, statements by status."""

    events: dict[str, int] = {}
    signatures: int = 0
    assertions: int = 0
    receipts: int = 0
    statuses: dict[Status, int] = {}

    def count(self, event: Event) -> None:
        """Count an event and what was verified of it."""
        body = event.body
        self.events[body.TAG] = self.events.get(body.TAG, 0) + 1
        if isinstance(body, StatementSigned):
            self.signatures += 1
            self.assertions += body.assertion is not None
            return
        self.signatures += (
            not isinstance(body, UserRegistered) and getattr(body, "act", "") is not None
        )
        self.assertions += getattr(body, "assertion", None) is not None or isinstance(
            body, PasskeyAdded
        )

    def move(self, before: Statement | None, after: Statement) -> None:
        """Count a statement under its new status."""
        if before is not None:
            self.statuses[before.status] -= 1
        self.statuses[after.status] = self.statuses.get(after.status, 0) + 1

    def add(self, other: "Counts") -> None:
        """Add what another part counted."""
        self.events = dict(Counter(self.events) + Counter(other.events))
        self.statuses = dict(Counter(self.statuses) + Counter(other.statuses))
        self.signatures += other.signatures
        self.assertions += other.assertions
        self.receipts += other.receipts
