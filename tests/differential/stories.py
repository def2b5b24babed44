"""The logs whose events a dishonest operator rewrites, with the statements that a bundle shows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger.domain import events
from ledger.domain.events import BodiesErased, Event, Recorded, StatementDrafted
from ledger.errors import LedgerError
from ledger.verify.exhibits import exhibits
from tests.support.dossier import APPROVED, REJECTED
from tests.support.every_event import every_type
from tests.vectors.evidence.cases import states

VECTORS = Path(__file__).parents[1] / "vectors"


class Story(NamedTuple):
    """Stored events, statements of them, and what a bundle shows of these in files of their own."""

    states: tuple[bytes, ...]
    statements: tuple[str, ...]
    shown: Mapping[str, bytes]


@cache
def stories() -> tuple[Story, ...]:
    """Return the log of the evidence vectors, and one with every type of event."""
    return _story(states(), (APPROVED, REJECTED)), _story(every_type(end=True).states)


@cache
def features() -> tuple[Story, ...]:
    """Return the short logs of the vectors of single features, whose cases an auditor accepts."""
    found = []
    for path in sorted(VECTORS.glob("*/cases.json")):
        told = json.loads(path.read_text("utf-8"))
        for case in told["cases"] if "story" in told else ():
            if case["code"] is None and "streams" not in case:
                found.append(_story(map(_state, [*told["story"], *case["events"]])))
    return tuple(found)


def shown_by(stored: Sequence[bytes], statements: tuple[str, ...]) -> dict[str, bytes] | None:
    """Return the files that show the statements; None if the bodies are no events."""
    try:
        told = [Recorded(n, events.decode(state)) for n, state in enumerate(stored, start=1)]
        return exhibits(told, statements)
    except (LedgerError, ValueError, KeyError):
        return None


def _story(stored: Iterable[bytes], statements: tuple[str, ...] | None = None) -> Story:
    told = tuple(stored)
    drafted, erased = (
        {str(event.stream) for event in map(events.decode, told) if isinstance(event.body, kind)}
        for kind in (StatementDrafted, BodiesErased)
    )
    chosen = statements or tuple(sorted(drafted - erased))
    shown = shown_by(told, chosen)
    assert shown is not None
    return Story(told, chosen, shown)


def _state(shown: dict[str, Any]) -> bytes:
    body = msgspec.convert(shown["body"], events.BODIES[shown["type"]])
    event = Event(UUID(shown["stream"]), shown["version"], shown["at"], body)
    return events.encode(event, salt=bytes(32))
