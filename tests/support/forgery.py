"""Forgeries by an attacker with the database: rewrite an event, its entry and its leaf."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ledger.domain import entry, events
from ledger.domain.events import Event
from ledger.errors import LedgerError
from ledger.verify.auditor import AuditError, Auditor


def resealed(state: bytes, *, body: dict[str, Any] | None = None, **envelope: Any) -> bytes:
    """Return the state with changed body or entry members and matching hashes."""
    event = events.decode(state)
    changed = msgspec.structs.replace(event.body, **(body or {}))
    event = msgspec.structs.replace(event, body=changed, **envelope)
    return sealed(event, entry.split(state)[1])


def sealed(event: Event, salt: bytes = bytes(32)) -> bytes:
    return events.encode(event, salt=salt)


def refusal(states: Sequence[bytes]) -> tuple[int, str] | None:
    """Return the position and code at which the audit refuses these states; None if it accepts."""
    return refusal_of_rows([(n, each, entry.leaf_hash(each)) for n, each in enumerate(states, 1)])


def refusal_of_rows(rows: Sequence[tuple[int, bytes, bytes]]) -> tuple[int, str] | None:
    """Return the same for (position, state, leaf) rows."""
    auditor = Auditor()
    try:
        for position, state, leaf in rows:
            auditor.add(position, state, leaf)
        auditor.finish()
    except AuditError as error:
        reason = error.__cause__
        if reason is None:
            return _position(error), "unfinished"
        return _position(error), getattr(reason, "code", type(reason).__name__)
    return None


def _position(error: LedgerError) -> int:
    position = error.evidence["position"]
    assert isinstance(position, int)
    return position
