"""Recompute the tree from the leaves in the file, and compare it with the stored tiles and roots.

Checks that every position exists once, that times never decrease, that registrations are complete,
and that every tile and every checkpoint's root follow from the leaves. `shares` checks that a leaf
is its entry's hash.
"""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ledger.audit.findings import Finding, Part
from ledger.audit.source import AuditedLog
from ledger.domain.events import KeyAttested, PasskeyAdded, UserNamed, UserRegistered
from ledger.tlog.merkle import HASH_BYTES, WIDTH, Edge, Tile, width

MOST_LEAVES = 4_096
ROOT_EVERY = 16 * MOST_LEAVES
_REGISTRATION = (UserRegistered.TAG, PasskeyAdded.TAG, KeyAttested.TAG, UserNamed.TAG)


class _WrongError(Exception):
    """Ends the scan with a finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.detail)
        self.finding = finding


def _wrong(
    part: Part, position: int | None, code: str, detail: str, expected: str | None = None
) -> NoReturn:
    raise _WrongError(Finding(part, position, code, detail, expected))


class TreeScan:
    """One pass over all leaves, in order, in the caller's snapshot.

    `size` is the head's size. Afterwards `roots` has the roots at the `wanted` sizes and at every
    multiple of 65,536.
    """

    def __init__(self, rows: AuditedLog, size: int, wanted: frozenset[int] = frozenset()) -> None:
        self._rows = rows
        self._size = size
        self._wanted = wanted
        self._edge = Edge()
        self._signed: Iterator[tuple[Any, Any]] = rows.roots()
        self._due: tuple[Any, Any] | None = None
        newest = rows.newest_checkpoint()
        self.newest = newest if isinstance(newest, int) else 0
        self.checkpoints = 0
        self.tiles = 0
        self.roots: dict[int, bytes] = {}
        self.backwards: Finding | None = None  # the first event whose time is before the last one's
        self._newest = b""

    @property
    def root(self) -> bytes:
        """The root over the leaves read so far, 32 bytes."""
        return self._edge.root()

    def run(self, told: Callable[[int], None] = lambda _: None) -> Finding | None:
        """Read all leaves; return the first finding. Calls `told` with each position reached."""
        try:
            self._next_checkpoint()
            self._read(told)
            self._end_tiles()
        except _WrongError as error:
            return error.finding
        return None

    # --- leaves --------------------------------------------------------------------------------

    def _read(self, told: Callable[[int], None]) -> None:
        next_, leaves, stop = 1, list[bytes](), self._stop(0)
        registering: tuple[Any, int] | None = None  # its stream and the number of its events so far
        for position, stream, version, tag, leaf, at in self._rows.leaves():
            if position != next_:
                place = position if isinstance(position, int) else next_
                _wrong("event", place, "position_gap", f"position {position} follows {next_ - 1}")
            if position > self._size:
                detail = f"the head says that the log has {self._size} events"
                _wrong("head", position, "head_mismatch", detail, str(self._size + 1))
            if registering is not None or tag == _REGISTRATION[0]:
                registering = _registered(registering, position, (stream, version, tag))
            if not isinstance(leaf, bytes) or len(leaf) != HASH_BYTES:
                _wrong("event", position, "leaf_mismatch", "the leaf is not a 32-byte hash")
            leaves.append(leaf)
            self._compare_time(position, at)
            if position == stop:
                self._grow(leaves)
                leaves, stop = [], self._stop(position)
                told(position)
            next_ += 1
        if next_ <= self._size:
            detail = f"the head says {self._size} events, but the log has {next_ - 1}"
            _wrong("event", next_, "position_missing", detail)
        self._grow(leaves)
        if registering is not None:
            detail = "the log ends inside a registration"
            _wrong("event", self._size, "registration_torn", detail)
        if self._due is not None:
            detail = (
                f"a checkpoint of {self._due[0]} entries was signed, but the log has {self._size}"
            )
            _wrong("checkpoint", self._size + 1, "log_rolled_back", detail)

    def _compare_time(self, position: int, at: Any) -> None:
        if isinstance(at, bytes):  # `shares` reports an entry that is none
            if at < self._newest and self.backwards is None:
                detail = f"{at!r} comes after {self._newest!r}"
                self.backwards = Finding("event", position, "time_backwards", detail)
            self._newest = at

    def _stop(self, after: int) -> int:
        """Return the next size at which to compare the tree."""
        stop = (after // MOST_LEAVES + 1) * MOST_LEAVES
        due = [] if self._due is None else [self._due[0]]
        return min(stop, *(int(size) for size in (*due, *self._wanted) if size > after), stop)

    def _grow(self, leaves: list[bytes]) -> None:
        self._edge, touched = self._edge.extend(b"".join(leaves))
        for tile in touched:
            if tile.is_full:
                self._compare_tile(tile)
        size = self._edge.size
        if size in self._wanted or (size and size % ROOT_EVERY == 0):
            self.roots[size] = self.root
        if self._due is not None and self._due[0] == size:
            if self._due[1] != self.root:
                detail = "the entries up to here lead to another root than was signed"
                _wrong("checkpoint", size, "log_forked", detail, self.root.hex())
            self.checkpoints += 1
            self._next_checkpoint()

    def _next_checkpoint(self) -> None:
        self._due = next(self._signed, None)
        if self._due is not None and not (isinstance(self._due[0], int) and self._due[0] > 0):
            _wrong("checkpoint", None, "checkpoint_mismatch", f"its size is {self._due[0]!r}")

    # --- tiles ---------------------------------------------------------------------------------

    def _compare_tile(self, tile: Tile) -> None:
        """Compare a tile with its row; the row may be narrower if no wider tile was published."""
        stored = self._rows.tile(tile.level, tile.n)
        least = width(self.newest, tile.level, tile.n) * HASH_BYTES
        if stored is None:
            if least:
                _wrong("tile", _position(tile, 0), "tile_missing", f"{_name(tile)} is missing")
            return
        self.tiles += 1
        if not isinstance(stored, bytes) or len(stored) < least or len(stored) % HASH_BYTES:
            _wrong("tile", _position(tile, 0), "tile_mismatch", f"{_name(tile)} is too narrow")
        if tile.hashes[: len(stored)] != stored:
            i = next(i for i in range(0, len(stored), HASH_BYTES) if not _same(tile, stored, i))
            expected = tile.hashes[i : i + HASH_BYTES].hex()
            detail = f"hash {i // HASH_BYTES} of {_name(tile)} differs"
            _wrong("tile", _position(tile, i), "tile_mismatch", detail, expected)

    def _end_tiles(self) -> None:
        """Compare the partial tiles of the right edge; no other tiles may exist."""
        count = self._size
        for level, row in enumerate(self._edge.rows):
            if row:
                self._compare_tile(Tile(level, count // WIDTH, row))
            count //= WIDTH
        beyond = self._rows.tile_beyond(self._size)
        if beyond is not None:
            level, n = beyond
            _wrong("tile", self._size, "tile_unknown", f"tile {n} of level {level} has no leaves")
        if self._rows.tile_count() != self.tiles:
            _wrong("tile", self._size, "tile_unknown", "a tile is stored twice")


def _registered(
    before: tuple[Any, int] | None, position: int, found: tuple[Any, Any, Any]
) -> tuple[Any, int] | None:
    """Return the open registration, None after its last event; report an interruption."""
    stream, version, tag = found
    if before is None:
        return stream, 1
    whose, count = before
    if (stream, version, tag) != (whose, count + 1, _REGISTRATION[count]):
        _wrong(
            "event",
            position,
            "registration_torn",
            "a registration is incomplete or interleaved with other events",
        )
    return None if count + 1 == len(_REGISTRATION) else (whose, count + 1)


def _same(tile: Tile, stored: bytes, i: int) -> bool:
    return tile.hashes[i : i + HASH_BYTES] == stored[i : i + HASH_BYTES]


def _position(tile: Tile, i: int) -> int:
    """Return the position of the first leaf under the hash at byte `i` of a tile."""
    return (tile.n * WIDTH + i // HASH_BYTES << 8 * tile.level) + 1


def _name(tile: Tile) -> str:
    return f"tile {tile.n} of level {tile.level}"
