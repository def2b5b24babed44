"""The access record: who was shown a statement of others, every export, and every access report.

A line is kept before the answer is sent. If it cannot be kept, there is no answer: a read that
nobody could find later is refused. The lines are in the operational state, and hold ids, times and
kinds only.
"""

import sqlite3
from collections.abc import Callable, Iterable

from ledger.domain.readers import Reader
from ledger.store.async_state import AsyncState
from ledger.store.ports.operations import HOUR_MS, Access, AccessKind
from projections import readers
from projections.facts import find_stream
from projections.timeline import TimelineItem
from projections.users import uuid_text

MAX_KNOWN = 10_000


class AccessRecord:
    """The access record of one server; all but `page` is for threads."""

    def __init__(self, state: AsyncState, now_ms: Callable[[], int]) -> None:
        self._state = state
        self._now_ms = now_ms
        # Lines of the present hour that are kept: each read of a page would write them again.
        self._known: set[tuple[int, str, AccessKind, str | None]] = set()

    def note(
        self, db: sqlite3.Connection, reader: Reader, kind: AccessKind, numbers: Iterable[int]
    ) -> None:
        """Keep that a person is shown these statements, by stream number, if one is of others.

        Raises UnavailableError `state_unavailable`.
        """
        foreign = readers.foreign(db, reader, numbers)
        if foreign and kind in ("list", "timeline"):
            self._keep(kind, reader.user, None)
        elif foreign:
            (number,) = foreign
            row = db.execute("SELECT uuid FROM stream WHERE id = ?", (number,)).fetchone()
            self._keep(kind, reader.user, uuid_text(row[0]))

    def note_events(
        self, db: sqlite3.Connection, reader: Reader, events: Iterable[TimelineItem]
    ) -> None:
        """Keep that a person is shown these events, if one is of a statement of others.

        Raises UnavailableError `state_unavailable`.
        """
        shown = {each.statement_id for each in events if each.statement_id is not None}
        found = (find_stream(db, each) for each in shown)
        self.note(db, reader, "timeline", [each for each in found if each is not None])

    def exported(self, kind: AccessKind, user: str, statement: str) -> None:
        """Keep that a person exports a statement, also one in which they take part.

        Raises UnavailableError `state_unavailable`.
        """
        self._keep(kind, user, statement)

    def asked(self, user: str, statement: str | None) -> None:
        """Keep that an auditor's question is answered: about one statement, or about many.

        Raises UnavailableError `state_unavailable`.
        """
        self._keep("timeline" if statement is None else "statement", user, statement)

    def reported(self, user: str, about: str) -> None:
        """Keep that an auditor gets the access report of a person.

        Raises UnavailableError `state_unavailable`.
        """
        self._keep("access-report", user, about)

    def told_trail(self, user: str, statement: str | None) -> None:
        """Keep that a person exports the trail: of one statement, or of many.

        Raises UnavailableError `state_unavailable`.
        """
        self._keep("trail", user, statement)

    async def page(self, *, before: int | None, limit: int) -> list[tuple[int, Access]]:
        """Return lines with their numbers, the newest first."""
        return await self._state.accesses(before=before, limit=limit)

    def _keep(self, kind: AccessKind, user: str, about: str | None) -> None:
        at_ms = self._now_ms()
        line = (at_ms // HOUR_MS, user, kind, about)
        if line in self._known:
            return
        self._state.note_access_from_thread(Access(at_ms, user, kind, about))
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known.add(line)
