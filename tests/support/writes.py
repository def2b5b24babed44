"""Writes for tests of the store, which does not decode events."""

import os
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent

from ledger.store.ports.log import Write

STATE = b"\x00\x05entry" + bytes(32) + b"{}"


def stored(stream: UUID, version: int, state: bytes = STATE, *, tag: str = "tag.v1") -> StoredEvent:
    return StoredEvent(stream, version, tag, state)


def write(stream: UUID | None = None, *versions: int, **more: Any) -> Write:
    """Return a write of these versions (default: the first) of a stream (default: a new one)."""
    stream = stream or uuid4()
    events = tuple(stored(stream, version) for version in versions or (1,))
    return Write(**({"key": os.urandom(32), "events": events, "answer": b"{}"} | more))
