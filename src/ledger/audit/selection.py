"""Which events of a log are asked for: a period, a statement, a person, types of events."""

from typing import NamedTuple

from ledger.audit.named import Named
from ledger.audit.positions import find_period
from ledger.audit.source import AuditedLog, RowFilter
from ledger.domain import events
from ledger.domain.document import parse_uuid
from ledger.domain.events import BODIES, Event
from ledger.errors import MalformedError


class Selection(NamedTuple):
    """The rows to read, and whose acts: a row that mentions a person can be another's act."""

    rows: RowFilter = RowFilter()
    actor: str | None = None

    def takes(self, event: Event) -> bool:
        """Tell whether an event of these rows is asked for."""
        return self.actor is None or events.actor(event) == self.actor


EVERY_EVENT = Selection()


class AskedEvents(NamedTuple):
    """What somebody asks for, as they write it; `after` is a position."""

    first: str | None = None
    last: str | None = None
    after: int = 0
    statement: str | None = None
    actor: str | None = None
    types: tuple[str, ...] = ()


def selection(rows: AuditedLog, asked: AskedEvents) -> Selection:
    """Return the selection that somebody asks for.

    `types` are tags of events, with or without their version; `actor` is a person's id or exact
    name. Raises MalformedError `id_invalid`, `event_type_unknown`; NotFoundError `user_unknown`;
    and as `find_period`.
    """
    after, last = find_period(rows, asked.first, asked.last)
    actor = None if asked.actor is None else Named(rows).person(asked.actor)
    wanted = RowFilter(
        after=max(after, asked.after),
        last=last,
        stream=None if asked.statement is None else parse_uuid(asked.statement).bytes,
        tags=tuple(tag for each in asked.types for tag in _tags(each)),
        mentions=None if actor is None else parse_uuid(actor),
    )
    return Selection(wanted, actor)


def _tags(asked: str) -> tuple[str, ...]:
    found = tuple(tag for tag in BODIES if asked in (tag, tag.rpartition(".")[0]))
    if not found:
        raise MalformedError("event_type_unknown", f"there is no event type {asked!r}")
    return found
