"""Where late acts stand in a log: directly after a restore that lost entries, and whole. Pure."""

from uuid import UUID

from ledger.domain.events import EffectBody, Event, LedgerRestored, StatementSigned
from ledger.domain.late_acts import is_late
from ledger.errors import CorruptError


class LateOrder:
    """Follows the events of a log, and tells where a late act may be next."""

    def __init__(self) -> None:
        self.kept_at = ""  # the time of the newest event before the last loss
        self._next: int | None = None  # the position after a loss, and after what follows on it
        self._open: UUID | None = None  # the change that late acts have begun and not completed

    @property
    def is_open(self) -> bool:
        """Whether a late change is not approved yet: all of it stands in one commit."""
        return self._open is not None

    def require_next(self, event: Event) -> None:
        """Raise CorruptError `late_incomplete` if something else follows within a late change."""
        if self.is_open and not (event.stream == self._open and is_late(event.body)):
            raise CorruptError("late_incomplete", "a change that is recorded late lacks approvals")

    def note(self, position: int, event: Event, before: str) -> None:
        """Follow the event at a position; `before` is the time of the one before it."""
        body, late = event.body, is_late(event.body)
        is_loss = isinstance(body, LedgerRestored) and body.lost is not None
        follows = late or (self._next == position and isinstance(body, EffectBody))
        self._next = position + 1 if is_loss or follows else None
        if is_loss:
            self.kept_at = before
        if late:
            completes = isinstance(body, StatementSigned) and body.status == "approved"
            self._open = None if completes else event.stream

    def require_place(self, position: int, *, complete: bool) -> None:
        """Raise CorruptError `late_misplaced` unless a late act may stand at a position.

        Evidence of some streams leaves gaps, so only the whole log (`complete`) tells whether
        something else comes between.
        """
        if self._next is None or (complete and self._next != position):
            detail = "late acts follow directly on a restore that lost entries"
            raise CorruptError("late_misplaced", detail)
