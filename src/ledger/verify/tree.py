"""Verify that entries lead to their tiles, to a root, and to the trees that restores kept. Pure."""

from collections.abc import Iterable
from itertools import islice

from ledger.domain.entry import entry_hash
from ledger.domain.events import LedgerRestored, Recorded
from ledger.errors import RefusedError
from ledger.tlog.merkle import HASH_BYTES, WIDTH, Edge
from ledger.verify.event_checks import ReportProgress

_RUN = 64 * WIDTH  # leaves hashed between two progress reports


def verify_tree(
    entries: dict[int, bytes],
    tiles: dict[tuple[int, int], bytes],
    root: bytes,
    progress: ReportProgress,
) -> None:
    """Verify that all entries of a log lead to its tiles and its root.

    Raises RefusedError `tile_mismatch`, with the position if a leaf differs, or `root_mismatch`.
    """
    edge, total = Edge(), len(entries)
    hashes = [entry_hash(raw) for raw in entries.values()]
    for start in range(0, total, _RUN):
        edge, touched = edge.extend(b"".join(hashes[start : start + _RUN]))
        for tile in touched:
            given = tiles.get((tile.level, tile.n), b"")
            # Between runs a tile may still be partial: compare its hashes so far.
            if given[: len(tile.hashes)] != tile.hashes:
                raise _mismatch(tile.level, tile.n, given, tile.hashes)
        progress("entries", edge.size, total)
    if edge.root() != root:
        raise RefusedError("root_mismatch", "the entries lead to a different root")


def _mismatch(level: int, n: int, given: bytes, expected: bytes) -> RefusedError:
    detail = f"tile {n} of level {level} does not match the entries"
    if level:
        return RefusedError("tile_mismatch", detail)
    at = range(0, len(expected), HASH_BYTES)
    place = next(i for i in at if given[i : i + HASH_BYTES] != expected[i : i + HASH_BYTES])
    return RefusedError("tile_mismatch", detail, position=n * WIDTH + place // HASH_BYTES + 1)


def require_kept(entries: dict[int, bytes], recorded: Iterable[Recorded]) -> None:
    """Verify that each restore of a log kept the entries before it; raise as `verify_tree`.

    The events need not be decided: one can state a tree that is larger than the log.
    """
    kept = [
        (each.position, each.event.body.kept)
        for each in recorded
        if isinstance(each.event.body, LedgerRestored)
    ]
    roots = _roots(entries, {tree.size for _, tree in kept})
    for position, tree in kept:
        if roots[tree.size] != tree.root:
            detail = "the restore keeps another tree than the entries before it"
            raise RefusedError("root_mismatch", detail, position=position)


def _roots(entries: dict[int, bytes], sizes: set[int]) -> dict[int, str]:
    """Return the root of the first so many entries, for each size: a bundle can have many."""
    edge, roots, raw = Edge(), {}, iter(entries.values())
    for size in sorted(sizes):
        more = b"".join(map(entry_hash, islice(raw, size - edge.size)))
        edge, _ = edge.extend(more)
        roots[size] = edge.root().hex()
    return roots
