"""The position that a page shows: the newest, or an earlier one that its address names."""

import sqlite3

import msgspec

from ledger import clock
from ledger.errors import MalformedError
from ledger.pages.web import Web
from projections import timeline


class PagePosition(msgspec.Struct, frozen=True):
    """A position, the newest one, and the time as of the position."""

    seen: int
    newest: int
    time: str

    @property
    def is_past(self) -> bool:
        """Whether the page shows the past."""
        return self.seen < self.newest


def shown_at(
    db: sqlite3.Connection, web: Web, newest: int, at: str | None, time: str | None = None
) -> PagePosition:
    """Return the moment of a position or a time, the present if none or a later one is given."""
    seen = _position(db, at, time, newest)
    now = web.models.now() if seen == newest else timeline.time_of(db, seen)
    return PagePosition(seen, newest, now)


def _position(db: sqlite3.Connection, at: str | None, time: str | None, newest: int) -> int:
    if time:  # a form field's format has no offset
        try:
            return max(timeline.position_at(db, clock.from_rfc3339(f"{time}Z"), newest=newest), 1)
        except MalformedError:
            return newest
    if at and at.isascii() and at.isdigit() and len(at) < 16:
        return min(max(int(at), 1), newest)
    return newest
