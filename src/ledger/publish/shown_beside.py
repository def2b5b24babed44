"""What a bundle of a statement is of, before it is made: is it there, how large, what else."""

from collections.abc import Iterable
from uuid import UUID

from ledger.domain.document import parse_uuid
from ledger.domain.events import BodiesErased, Event, Recorded, StatementDrafted
from ledger.domain.readers import unknown_statement
from ledger.errors import NotFoundError
from ledger.publish.stream_events import StreamEvents
from ledger.store.ports.log import StoreReader
from ledger.verify.involved import involved

# A bundle of events of more bytes, or of more events, is written by a process of its own. Making
# one in memory and verifying it takes up to seven times its events' bytes, and two are made at
# once; and a large document is approved by five people within this.
MOST_BYTES = 8 * 1024 * 1024
MOST_EVENTS = 2_000


def newest_position(store: StoreReader, statement: str) -> int:
    """Return the position of a statement's newest event.

    Raises NotFoundError `statement_unknown`, or `statement_erased` with the change that erased it.

    A bundle that shows the present status needs a checkpoint of at least this size.
    """
    stream = parse_uuid(statement)
    log = StreamEvents(store, store.head().sealed)
    _require_drafted(log, stream)
    return log.newest(stream)


def _require_drafted(log: StreamEvents, stream: UUID) -> None:
    for each in log.stored(stream):
        event = each.event
        if not isinstance(event, Event):
            continue  # the erasure, which says which change it was, is the first that is not erased
        if isinstance(event.body, BodiesErased):
            detail = f"the change {event.body.change} erased it: ask for the evidence of the change"
            raise NotFoundError("statement_erased", detail)
        if event.version == 1 and isinstance(event.body, StatementDrafted):
            return
        break
    raise unknown_statement()


def shown_beside(store: StoreReader, statement: str, last: int) -> set[str] | None:
    """Return the other statements that a bundle of a statement shows: older versions, and changes.

    A change also shows the statements that it withdraws. `last` is the size of the bundle's
    checkpoint. Returns None if the bundle is of more than MOST_BYTES or MOST_EVENTS; no more than
    these are read then.
    """
    log = StreamEvents(store, last)
    extents: dict[UUID, tuple[int, int]] = {}

    def is_over() -> bool:
        count, size = map(sum, zip(*extents.values(), strict=True))
        return count > MOST_EVENTS or size > MOST_BYTES

    def stream(name: UUID) -> Iterable[Recorded]:
        if name not in extents:
            extents[name] = log.extent(name)
        return () if is_over() else log.recorded(name)

    shown = involved([parse_uuid(statement)], stream)
    if is_over():
        return None
    return {str(name) for name in shown if is_statement(log, name)} - {statement}


def is_statement(log: StreamEvents, stream: UUID) -> bool:
    """Tell whether a stream begins with a draft that is not erased."""
    first = next(log.stored(stream), None)
    return (
        first is not None
        and isinstance(first.event, Event)
        and isinstance(first.event.body, StatementDrafted)
    )
