"""Writes for tests of the store, which does not decode events."""

import os
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent

from ledger.domain.entry import join
from ledger.store.ports.log import AppendResult, Receipt, Write

AT = "2026-11-21T03:04:05.678Z"
AT_MS = 1_795_230_245_678


def state_at(at: str) -> bytes:
    """Return the stored state of an entry with a time and nothing else."""
    return join(f'{{"at":"{at}"}}'.encode(), bytes(32) + b"{}")


STATE = state_at(AT)


def stored(stream: UUID, version: int, state: bytes = STATE, *, tag: str = "tag.v1") -> StoredEvent:
    return StoredEvent(stream, version, tag, state)


def write(stream: UUID | None = None, *versions: int, **more: Any) -> Write:
    """Return a write of these versions (default: the first) of a stream (default: a new one)."""
    stream = stream or uuid4()
    events = tuple(stored(stream, version) for version in versions or (1,))
    return Write(**({"key": os.urandom(32), "events": events, "answer": b"{}"} | more))


def positions(outcomes: list[AppendResult]) -> list[int]:
    """Return the positions of writes that were all stored."""
    assert all(isinstance(outcome, Receipt) for outcome in outcomes), outcomes
    return [outcome.position for outcome in outcomes if isinstance(outcome, Receipt)]
