"""Move the rows of a log into another storage, in pages, so that memory stays flat.

Rows never change and are read up to an extent, so a log in use can be read without one long
snapshot. There are two exceptions. An erasure deletes bodies: what it erased before the extent is
left out, and what it erases meanwhile needs another extent. A tile grows: it is cut to the width
that it has in the tree of the extent's checkpoint.
"""

from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from typing import Any

from ledger.audit.source import AuditedLog, EventRow
from ledger.domain import entry
from ledger.errors import ConflictError, CorruptError
from ledger.store.ports.transfer import (
    EventPage,
    Extent,
    RowKind,
    StatePages,
    StoredColumns,
    TransferTarget,
)
from ledger.tlog.merkle import HASH_BYTES, WIDTH, Edge

PAGE_ROWS = 2_048
PAGE_BYTES = 8_000_000
MOST_LEAVES = 4_096
MOST_TILES = 64
_LEVELS = 8
NOTHING = Extent(0, 0, 0, 0, 0, 0)
TransferProgress = Callable[[str, int, int], None]  # what is done, how far, and how far it goes


def extent_of(log: AuditedLog) -> Extent:
    """Return how far a log goes now; raise CorruptError `head_mismatch` without one head."""
    with log.snapshot():
        heads = log.heads()
        if len(heads) != 1 or not all(isinstance(each, int) for each in heads[0]):
            raise CorruptError("head_mismatch", f"the head is {heads!r}, not one row of numbers")
        size, epoch, at_ms = heads[0]
        checkpoint = log.newest_checkpoint() or 0
        cosignature, stamp = log.newest_endorsements()
    return Extent(size, epoch, at_ms, checkpoint, cosignature, stamp)


def require_texts(state: StatePages) -> None:
    """Raise ConflictError `copy_refused` for U+0000, which no text of a database can have."""
    for table, page in state:
        for row in page:
            if any(isinstance(each, str) and "\0" in each for each in row):
                named = " ".join(ascii(each) for each in row[:2])
                detail = f"a database cannot keep U+0000, which a text of {table} has: {named}"
                raise ConflictError("copy_refused", detail)


def silent(_what: str, _done: int, _total: int) -> None:
    """Show no progress."""


# --- writing -------------------------------------------------------------------------------------


def write_events(
    source: AuditedLog, target: TransferTarget, after: int, last: int, progress: TransferProgress
) -> None:
    """Store the events after a position up to another one; raise CorruptError for damaged rows."""
    erased = source.erased()
    done = after
    for page in _pages(_sound(source.events(after, last), after, last)):
        until = page[-1][0]
        events: list[StoredColumns] = []
        bodies: list[StoredColumns] = []
        for position, stream, version, tag, state, leaf in page:
            raw, body = entry.cut(state)
            events.append((position, stream, version, tag, raw, leaf))
            if body:
                bodies.append((position, body))
        stated = [row for row in erased if done < row[1] <= until]
        target.add_events(EventPage(events, bodies, stated))
        done = until
        progress("events written", done, last)


def _sound(rows: Iterator[EventRow], after: int, last: int) -> Iterator[EventRow]:
    """Yield verified rows without a gap, as far as `last`."""
    expected = after + 1
    for row in rows:
        require_event(row, expected)
        yield row
        expected += 1
    if expected != last + 1:
        raise CorruptError("position_missing", f"position {expected} is missing")


def require_event(row: EventRow, expected: int) -> None:
    """Raise CorruptError unless entry, body and leaf of a row agree, at the expected position."""
    position, _, _, _, state, leaf = row
    if position != expected:
        raise CorruptError("position_missing", f"position {expected} is missing")
    if not isinstance(state, bytes):
        raise CorruptError("body_missing", f"the body of position {position} is missing")
    try:
        if entry.is_erased(state):
            entry.parse_canonical(entry.cut(state)[0])
        else:
            entry.unseal(state)
    except CorruptError as error:
        raise CorruptError(error.code, error.detail, position=position) from error
    if not isinstance(leaf, bytes) or entry.leaf_hash(state) != leaf:
        detail = "an entry does not match its leaf hash"
        raise CorruptError("leaf_mismatch", detail, position=position)


def _pages(rows: Iterator[EventRow]) -> Iterator[list[EventRow]]:
    page: list[EventRow] = []
    size = 0
    for row in rows:
        page.append(row)
        size += len(row[4])
        if len(page) == PAGE_ROWS or size > PAGE_BYTES:
            yield page
            page, size = [], 0
    if page:
        yield page


def write_rows(
    source: AuditedLog,
    target: TransferTarget,
    after: Extent,
    last: Extent,
    progress: TransferProgress,
) -> None:
    """Store what is beside the events, of the part of a log after one extent up to another."""
    for kind, rows in rows_of(source, after, last):
        done = 0
        while page := [*islice(rows, PAGE_ROWS)]:
            target.add_rows(kind, page)
            done += len(page)
            progress(f"{kind}s written", done, 0)
    tiles = tiles_of(source, after.checkpoint, last.checkpoint)
    done = 0
    while some := [*islice(tiles, MOST_TILES)]:
        target.add_tiles(some)
        done += len(some)
        progress("tiles written", done, 0)


def rows_of(
    log: AuditedLog, after: Extent, last: Extent
) -> Iterator[tuple[RowKind, Iterator[StoredColumns]]]:
    """Yield each kind of row beside the events, in one order, after one extent up to another."""

    def within(rows: Iterator[Any], column: int, first: int, end: int) -> Iterator[StoredColumns]:
        return (row for row in rows if first < row[column] <= end)

    size, end = after.size, last.size
    yield "receipt", within(log.stored_receipts(), 1, size, end)
    yield "claim", within(log.claims(), 2, size, end)
    yield "member", within(log.members(), 2, size, end)
    points = log.checkpoints(last.checkpoint, 0, 1)
    yield "checkpoint", within(points, 0, after.checkpoint, last.checkpoint)
    lines = (row[:4] for row in log.cosignatures())
    yield "cosignature", within(lines, 0, after.cosignature, last.cosignature)
    stamps = (row[:5] for row in log.stamps())
    yield "stamp", within(stamps, 0, after.stamp, last.stamp)


def tiles_of(log: AuditedLog, after: int, size: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield the tiles of a tree that a smaller tree does not have, or has narrower.

    Raises CorruptError `tile_missing`.
    """
    for level in range(_LEVELS):
        hashes = size >> (8 * level)
        for n in range(after >> (8 * (level + 1)), -(-hashes // WIDTH)):
            width = min(WIDTH, hashes - n * WIDTH) * HASH_BYTES
            stored = log.tile(level, n)
            if not isinstance(stored, bytes) or len(stored) < width:
                raise CorruptError("tile_missing", f"tile {n} of level {level} is missing")
            yield level, n, stored[:width]


# --- comparing -----------------------------------------------------------------------------------


def compare_events(
    source: AuditedLog, target: AuditedLog, last: int, progress: TransferProgress
) -> Edge:
    """Require the same events in two logs, verified one by one; return the edge of their tree.

    Raises CorruptError `copy_mismatch` at the first difference, and what damaged rows are.
    """

    def same() -> Iterator[EventRow]:
        pairs = zip_longest(source.events(0, last), target.events(0, last))
        for position, (left, right) in enumerate(pairs, start=1):
            if left is None or left != right:
                raise _mismatch(f"the event at position {position}")
            yield left
            if position % PAGE_ROWS == 0:
                progress("events verified", position, last)

    edge = _edge(same(), last)
    progress("events verified", last, last)
    return edge


def edge_of(log: AuditedLog, size: int) -> Edge:
    """Return the edge of the tree over a log's first entries, each verified."""
    return _edge(log.events(0, size), size)


def _edge(rows: Iterator[EventRow], size: int) -> Edge:
    edge, run = Edge(), bytearray()
    for row in _sound(rows, 0, size):
        run += row[5]
        if len(run) == MOST_LEAVES * HASH_BYTES:
            edge, _ = edge.extend(bytes(run))
            run.clear()
    return edge.extend(bytes(run))[0]


def compare_rows(
    source: AuditedLog, target: AuditedLog, last: Extent, progress: TransferProgress
) -> None:
    """Require the same rows beside the events; raise CorruptError `copy_mismatch`."""
    if source.erased() != target.erased():
        raise _mismatch("the list of erased bodies")
    for (kind, ours), (_, theirs) in zip(
        rows_of(source, NOTHING, last), rows_of(target, NOTHING, last), strict=True
    ):
        for done, (left, right) in enumerate(zip_longest(ours, theirs), start=1):
            if left != right:
                raise _mismatch(f"{kind} {done}")
            if done % PAGE_ROWS == 0:
                progress(f"{kind}s verified", done, 0)
    tiles = tiles_of(source, 0, last.checkpoint), tiles_of(target, 0, last.checkpoint)
    for left, right in zip(*tiles, strict=True):
        if left != right:
            raise _mismatch(f"tile {left[1]} of level {left[0]}")


def _mismatch(what: str) -> CorruptError:
    return CorruptError("copy_mismatch", f"{what} differs between the log and its copy")
