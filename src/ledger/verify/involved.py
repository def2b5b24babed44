"""The streams of a bundle of some statements: all that the decisions on them depend on. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import assert_never
from uuid import UUID

import msgspec

from ledger.domain.changes.effects import affected
from ledger.domain.changes.items import is_change, parse_items
from ledger.domain.charter import STREAM
from ledger.domain.document import Document
from ledger.domain.events import (
    ChangeEffect,
    Dependency,
    Event,
    Recorded,
    StatementDrafted,
    actor,
)
from ledger.verify.withheld import withheld_tags

# Returns the events of a stream, in order; each call begins anew.
Stream = Callable[[UUID], Iterable[Recorded]]


def involved(statements: Sequence[UUID], stream: Stream) -> list[UUID]:
    """Return the streams of all events that the decisions on these statements depend on.

    `stream` returns a stream's events; none of them is held. What a bundle withholds leads to no
    other stream.
    """
    found: dict[UUID, None] = {}
    waiting = [STREAM, *statements]
    tags = withheld_tags(_documents(statements, stream))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = None
        reached: set[UUID] = set()  # many events lead to the same streams
        for recorded in stream(name):
            if recorded.event.body.TAG in tags:
                continue
            for dependency in recorded.event.body.MEANING.depends_on:
                reached.update(_streams(recorded.event, dependency))
        waiting += reached - found.keys()
    return [*found]


def _documents(statements: Sequence[UUID], stream: Stream) -> Iterator[str]:
    """Yield the documents of statements, and of those that they supersede."""
    found: set[UUID] = set()
    waiting = [*statements]
    while waiting:
        name = waiting.pop()
        first = next(iter(stream(name)), None)
        if name in found or first is None or not isinstance(first.event.body, StatementDrafted):
            continue
        found.add(name)
        yield first.event.body.document
        waiting += _streams(first.event, "superseded")


def _streams(event: Event, dependency: Dependency) -> Iterable[UUID]:
    match dependency:
        case "actor":
            who = actor(event)
            return [] if who is None else [UUID(who)]
        case "affected":
            document = _document(event)
            return affected(parse_items(document)) if is_change(document) else []
        case "change":
            return [UUID(event.body.change)] if isinstance(event.body, ChangeEffect) else []
        case "superseded":
            older = _document(event).supersedes
            return [] if older is None else [UUID(older.statement)]
        case _:
            assert_never(dependency)


def _document(event: Event) -> Document:
    if not isinstance(event.body, StatementDrafted):
        raise AssertionError("only a draft has a document")
    return msgspec.json.decode(event.body.document, type=Document)
