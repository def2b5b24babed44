"""Tiles of one signed tree, from places that nobody has to trust: each is verified first. Pure.

The partial tiles, one a level at most, lead to the root together. Every other tile leads to a hash
in the tile above it. So a reader verifies any tile without the rest of the log.
"""

from ledger.errors import RefusedError
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import HASH_BYTES, WIDTH, Edge, ReadTile, edge, width


class VerifiedTiles:
    """The tiles of a checkpoint's tree; `sources` are asked in turn for each.

    A source returns no bytes for a tile that it does not have. The last one is asked first for the
    partial tiles, because the others may have them of an older tree. The newest tile of each level
    is kept: a walk in the order of the numbers reads each tile once.
    """

    def __init__(self, tree: Checkpoint, *sources: ReadTile) -> None:
        """Read the partial tiles; raise RefusedError `root_mismatch`, and what a source raises."""
        self._tree = tree
        self._sources = sources
        self._edge = edge(tree.size, sources[-1])
        self._kept: dict[int, tuple[int, bytes]] = {}
        if not all(
            len(row) == HASH_BYTES * (tree.size >> 8 * level) % (HASH_BYTES * WIDTH)
            for level, row in enumerate(self._edge.rows)
        ):
            raise RefusedError("root_mismatch", "a partial tile is too short, or too long")
        if self._edge.root() != tree.root:
            detail = "the partial tiles lead to another root than the signed one"
            raise RefusedError("root_mismatch", detail)

    def read(self, level: int, n: int, wanted: int = WIDTH) -> bytes:
        """Return the first `wanted` hashes of a tile.

        Raises RefusedError `tile_mismatch`, and what a source raises.
        """
        return self._verified(level, n)[: wanted * HASH_BYTES]

    def _verified(self, level: int, n: int) -> bytes:
        if width(self._tree.size, level, n) < WIDTH:
            return self._edge.rows[level]
        kept = self._kept.get(level)
        if kept is not None and kept[0] == n:
            return kept[1]
        above, place = divmod(n, WIDTH)
        expected = self._verified(level + 1, above)[place * HASH_BYTES : (place + 1) * HASH_BYTES]
        for source in self._sources:
            hashes = source(level, n, WIDTH)
            if len(hashes) == WIDTH * HASH_BYTES and Edge().extend(hashes)[0].root() == expected:
                self._kept[level] = n, hashes
                return hashes
        detail = f"tile {n} of level {level} does not lead to the signed root"
        raise RefusedError("tile_mismatch", detail)
