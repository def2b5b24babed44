"""The log's Merkle tree in tiles: RFC 6962 hashes, and proofs, generated and verified. Pure.

The caller stores the tiles. A tile is a run of at most 256 hashes of one level, as bytes. Level 0
holds leaf hashes; a hash of level l + 1 is the root over a full tile of level l (C2SP tlog-tiles).
This module never reads an entry, only leaf hashes.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from ledger.encoding import MAX_SAFE_INTEGER
from ledger.errors import RefusedError

HASH_BYTES = 32
WIDTH = 256
MAX_SIZE = MAX_SAFE_INTEGER
MAX_PROOF_HASHES = 63
EMPTY_ROOT = hashlib.sha256(b"").digest()

_HEIGHT = 8  # binary tree levels per tile level
_sha256 = hashlib.sha256


class Tile(NamedTuple):
    """Hashes `n * 256 …` of a tile level, 32 bytes each, 1 to 256 of them."""

    level: int
    n: int
    hashes: bytes

    @property
    def is_full(self) -> bool:
        """Whether the tile is full: then it never changes again."""
        return len(self.hashes) == WIDTH * HASH_BYTES


ReadTile = Callable[[int, int, int], bytes]  # (level, n, width) to width * 32 bytes


# --- hashing ---------------------------------------------------------------------------------


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right), 32 bytes (RFC 9162 section 2.1.1)."""
    return _sha256(b"\x01" + left + right).digest()


def _peaks(hashes: bytes) -> Iterator[bytes]:
    """Yield the roots of the perfect subtrees of these leaves, from the left."""
    start = 0
    for height in _heights(len(hashes) // HASH_BYTES):
        end = start + (HASH_BYTES << height)
        yield _perfect(hashes[start:end])
        start = end


def _perfect(row: bytes) -> bytes:
    """Return the root over hashes whose number is a power of two."""
    while len(row) > HASH_BYTES:
        row = b"".join(
            [_sha256(b"\x01" + row[i : i + 64]).digest() for i in range(0, len(row), 64)]
        )
    return row


def _heights(count: int) -> Iterator[int]:
    """Yield the heights of the perfect subtrees of `count` leaves, from the left."""
    for height in reversed(range(count.bit_length())):
        if count >> height & 1:
            yield height


def _fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees of decreasing height (RFC 9162 section 2.1.1)."""
    result = peaks[-1]
    for peak in reversed(peaks[:-1]):
        result = node_hash(peak, result)
    return result


# --- growing ---------------------------------------------------------------------------------


class Edge(msgspec.Struct, frozen=True):
    """The right edge of a tree of `size` leaves: the partial tile of each level, lowest first.

    It is enough to extend the tree: at most 256 hashes per level, 32 KiB for 4 * 10^9 leaves.
    """

    size: int = 0
    rows: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """Return the root hash, 32 bytes."""
        if not self.size:
            return EMPTY_ROOT
        return _fold([peak for row in reversed(self.rows) for peak in _peaks(row)])

    def extend(self, leaves: bytes) -> "tuple[Edge, list[Tile]]":
        """Return the edge after appending these leaf hashes, and every tile that changed.

        Costs one interior hash per leaf, amortised: a tile is hashed once, when it is full.
        """
        rows, touched = list(self.rows), []
        level, below, new = 0, self.size, leaves
        while new:
            if level == len(rows):
                rows.append(b"")
            n = (below - len(rows[level]) // HASH_BYTES) // WIDTH
            row, up = rows[level] + new, []
            full = len(row) // (WIDTH * HASH_BYTES)
            for i in range(full):
                hashes = row[i * WIDTH * HASH_BYTES : (i + 1) * WIDTH * HASH_BYTES]
                touched.append(Tile(level, n + i, hashes))
                up.append(_perfect(hashes))
            rows[level] = row[full * WIDTH * HASH_BYTES :]
            if rows[level]:
                touched.append(Tile(level, n + full, rows[level]))
            level, below, new = level + 1, below // WIDTH, b"".join(up)
        return Edge(self.size + len(leaves) // HASH_BYTES, tuple(rows)), touched


def width(size: int, level: int, n: int) -> int:
    """Return the number of hashes in tile n of a level for this tree size, 0 to 256."""
    return max(0, min(WIDTH, (size >> (_HEIGHT * level)) - n * WIDTH))


def edge(size: int, read: ReadTile) -> Edge:
    """Return the edge of the tree of this size; `read` returns its tiles."""
    rows, count, level = [], size, 0
    while count:
        n, partial = divmod(count, WIDTH)
        rows.append(read(level, n, partial) if partial else b"")
        count, level = n, level + 1
    return Edge(size, tuple(rows))


# --- proving ---------------------------------------------------------------------------------


class Prover:
    """Generates the proofs of a tree of `size` leaves from its tiles; reads each tile once."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def root(self, size: int | None = None) -> bytes:
        """Return the root at `size` (default: the newest), 32 bytes."""
        last = self.size if size is None else size
        return self._range(0, last) if last else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """Return the inclusion proof of a leaf, from its sibling up (RFC 9162 section 2.1.3.1).

        Raises ValueError for an index outside the tree.
        """
        start, end = 0, self.size if size is None else size
        if not 0 <= index < end <= self.size:
            raise ValueError("the index must be below the size")
        path: list[bytes] = []
        while end - start > 1:
            split = start + _split(end - start)
            if index < split:
                path.append(self._range(split, end))
                end = split
            else:
                path.append(self._range(start, split))
                start = split
        return tuple(reversed(path))

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that the tree of `new` leaves extends that of `old`.

        RFC 9162 section 2.1.4.1. The proof is empty if `old` is 0 or equals `new`. Raises
        ValueError for other sizes.
        """
        start, end = 0, self.size if new is None else new
        if not 0 <= old <= end <= self.size:
            raise ValueError("the old size must not exceed the new size")
        path: list[bytes] = []
        if not old or old == end:
            return ()
        known = True  # the verifier knows the left subtree's hash while it is the whole old tree
        while old != end:
            split = start + _split(end - start)
            if old <= split:
                path.append(self._range(split, end))
                end = split
            else:
                path.append(self._range(start, split))
                start, known = split, False
        if not known:
            path.append(self._range(start, end))
        return tuple(reversed(path))

    def _range(self, start: int, end: int) -> bytes:
        """Return the root over leaves [start, end), a subtree of RFC 9162's recursion."""
        peaks = []
        for height in _heights(end - start):
            peaks.append(self._node(height, start >> height))
            start += 1 << height
        return _fold(peaks)

    def _node(self, height: int, index: int) -> bytes:
        """Return the root over leaves [index << height, (index + 1) << height)."""
        level, within = divmod(height, _HEIGHT)
        first = index << within
        n, place = divmod(first, WIDTH)
        if (level, n) not in self._tiles:
            self._tiles[level, n] = self._read(level, n, width(self.size, level, n))
        begin = place * HASH_BYTES
        return _perfect(self._tiles[level, n][begin : begin + (HASH_BYTES << within)])


def _split(count: int) -> int:
    """Return the largest power of two smaller than `count`, which is above 1."""
    return 1 << ((count - 1).bit_length() - 1)


# --- verifying -------------------------------------------------------------------------------


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes
) -> None:
    """Verify that the leaf hash is at `index` of the tree (RFC 9162 section 2.1.3.2).

    Raises RefusedError `inclusion_refused`.
    """
    # Step 1, and the range of sizes that a checkpoint allows.
    if not 0 <= index < size <= MAX_SIZE or not _are_hashes(leaf, expected_root, *proof):
        raise RefusedError(
            "inclusion_refused", "the index is outside the tree, or a value is not a hash"
        )
    fn, sn, result = index, size - 1, leaf  # steps 2 and 3
    for sibling in proof:  # step 4
        if sn == 0:
            raise RefusedError("inclusion_refused", "the proof is too long")
        if fn & 1 or fn == sn:
            result = node_hash(sibling, result)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node_hash(result, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or result != expected_root:  # step 5
        raise RefusedError("inclusion_refused", "the proof leads to another root")


def verify_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that the new tree extends the old one (RFC 9162 section 2.1.4.2).

    The RFC omits two cases that need no proof: trees of equal size must have equal roots, and every
    tree extends the empty tree. Raises RefusedError `consistency_refused`.
    """
    if not 0 <= old <= new <= MAX_SIZE or not _are_hashes(old_root, new_root, *proof):
        raise RefusedError(
            "consistency_refused", "the newer tree is smaller, or a value is not a hash"
        )
    if old in (0, new):
        expected_root = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected_root or (new == 0 and new_root != EMPTY_ROOT):
            raise RefusedError(
                "consistency_refused", "two roots for one size, or a proof where none is needed"
            )
        return
    path = list(proof)
    if not path:  # step 1
        raise RefusedError("consistency_refused", "the proof is empty")
    if old & (old - 1) == 0:  # step 2
        path.insert(0, old_root)
    fn, sn = old - 1, new - 1  # step 3
    while fn & 1:  # step 4
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]  # step 5
    for sibling in path[1:]:  # step 6
        if sn == 0:
            raise RefusedError("consistency_refused", "the proof is too long")
        if fn & 1 or fn == sn:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or first != old_root or second != new_root:  # step 7
        raise RefusedError("consistency_refused", "the proof does not lead to both roots")


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
