"""Publish a log one checkpoint at a time.

A publication trusts only what it computes. It hashes the stored bytes again, compares the results
with the committed leaf hashes, and makes and verifies a consistency proof from the last checkpoint.
The signer's memory, which is outside the log, records the last signed checkpoint and comes first:

    entries hashed, tiles and root computed, consistency verified     nothing is promised yet
    memory: (last) becomes (new), compared and changed in one step     new is promised, for good
    signed, verified, stored with its tiles in one transaction        new is served

Crash points: between the first two steps, nothing happened. After the second, the next start finds
a promise without a checkpoint, computes the same tree, compares, and signs it; Ed25519 gives the
same signature again. If two publishers of one log reach the second step, one loses and starts over.
After a failed step, whose outcome may be unknown, the next one reads all of this again.

If the log is shorter than a promise, or has another root at its size, it is not the log that was
signed. Then nothing is signed or appended any more, and the health check gives the reason.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from ledger import clock
from ledger.domain.charter import STREAM
from ledger.domain.entry import entry_hash
from ledger.domain.epochs import SignedTree
from ledger.errors import CorruptError, RefusedError
from ledger.publish.log_keys import LogKeys
from ledger.publish.mismatch import promise_of, require_kept, require_remembered
from ledger.publish.signed_trees import Race, require_growth, require_same, rolled_back
from ledger.store.ports.signer_memory import SignerMemory
from ledger.store.ports.tree import Published, TreeTables
from ledger.system.worker import StoppedError
from ledger.tlog import checkpoint, merkle
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.merkle import Edge, Prover, Tile

MOST_ENTRIES = 1000
MOST_TILES = 256
PAUSE_S = 0.001
Tiles = dict[tuple[int, int], bytes]
_OURS = f'"stream":"{STREAM}"'.encode()
_log = logging.getLogger("ledger.publisher")


class Publication:
    """Publishes the tree of one log; for one thread.

    `now_ms` raises UnavailableError while the clock cannot be relied on. `rest` waits between long
    runs of hashing and returns True to end the step there.
    """

    def __init__(
        self,
        tree: TreeTables,
        memory: SignerMemory,
        keys: LogKeys,
        now_ms: Callable[[], int],
        *,
        rest: Callable[[float], bool] | None = None,
    ) -> None:
        self._tree = tree
        self._memory = memory
        self._keys = keys
        self._now_ms = now_ms
        self._rest = rest or threading.Event().wait
        # The last checkpoint, the edge of its tree, what the memory holds, a promise to fulfil.
        self._last: Checkpoint | None = None
        self._edge = Edge()
        self._remembered: Checkpoint | None = None
        self._due: Checkpoint | None = None
        self._aligned = False
        self._is_doubted = False
        self._race = Race()

    @property
    def size(self) -> int:
        """The size of the last checkpoint, 0 before the first."""
        return self._edge.size

    def catch_up(self) -> int:
        """Publish everything stored and return its size; raise what `step` raises."""
        while self.step():
            pass
        return self.size

    def follow(self) -> None:
        """Compare and remember what another publisher published since; raise as `step`."""
        newest, known = self._tree.latest(), 0 if self._last is None else self._last.size
        if self._is_doubted or not self._aligned or (newest and newest.size != known):
            self._is_doubted = self._aligned = False
            self._align()

    def look_again(self) -> None:
        """Make the next step compare the log with the signer's memory. Any thread may call it."""
        self._is_doubted = True

    # --- publishing ----------------------------------------------------------------------------

    def step(self) -> bool:
        """Publish what is stored; return False if it is already published.

        Raises CorruptError `log_rolled_back`, `log_forked`, `leaf_mismatch`, `position_missing`;
        UnavailableError for passing errors, `log_keys_missing`, what `now_ms` raises, and
        `contended` if neither this publisher nor another one gets further; StoppedError.
        """
        if self._is_doubted:
            self._is_doubted = self._aligned = False
        try:
            if not self._aligned:
                self._align()
            return self._step()
        except BaseException:
            self._aligned = False
            raise

    def _step(self) -> bool:
        head = self._tree.head()
        if head < self._edge.size:
            raise rolled_back(head, self._edge.size)
        self._release_promise(head)
        target = head if self._due is None else self._due.size
        if target == self._edge.size:
            return False
        edge, tiles = self._grow(self._edge, target, save=True)
        new = Checkpoint(self._keys.origin_of(edge.size), edge.size, edge.root())
        self._prove(new, tiles)
        signers, now_ms = self._keys.signers(new.size), self._now_ms()
        if self._due is not None:
            require_same(new, self._due)
            self._memory.learn(SignedTree(self._keys.charter.epoch, new))
        elif not self._memory.swap(self._remembered, new):
            return self._lose()
        self._remembered = new
        note = checkpoint.sign(new, signers, now_s=now_ms // 1000)
        self._verify(note, new)
        published = Published(new.size, new.root, note, clock.to_text(now_ms))
        stored = self._tree.publish(published, _all(tiles))
        self._last, self._edge, self._due = new, edge, None
        return stored or self._lose()

    def _lose(self) -> bool:
        """Start over: another publisher was first, or is ahead."""
        self._aligned = False
        self._race.lost()
        return True

    def _release_promise(self, head: int) -> None:
        """Drop a promise that no key can sign any more.

        If the log keys of a promised size are lost and newer ones are announced, no checkpoint of
        that size can be signed. The log must still have the promised tree; the next checkpoint
        then continues it.
        """
        due = self._due
        if due is None or due.size == head or self._keys.why_not_signing(due.size) is None:
            return
        self._keys.signers(head)
        edge, _ = self._grow(self._edge, due.size, save=False)
        require_same(Checkpoint(due.origin, edge.size, edge.root()), due)
        self._due = None

    def _grow(self, edge: Edge, size: int, *, save: bool) -> tuple[Edge, Tiles]:
        """Hash the stored entries up to `size`; return the new edge and the new tiles.

        With `save`, full tiles are stored on the way, so that memory use stays constant.
        """
        tiles: Tiles = {}
        ours = False
        while edge.size < size:
            leaves = self._tree.leaves(edge.size, min(MOST_ENTRIES, size - edge.size))
            if not leaves:
                raise CorruptError("position_missing", f"position {edge.size + 1} is missing")
            hashes = []
            for leaf in leaves:
                hashes.append(entry_hash(leaf.entry))
                if hashes[-1] != leaf.claimed:
                    detail = "an entry does not match its committed leaf hash"
                    raise CorruptError("leaf_mismatch", detail, position=leaf.position)
                ours = ours or _OURS in leaf.entry
            edge, touched = edge.extend(b"".join(hashes))
            tiles |= {(tile.level, tile.n): tile.hashes for tile in touched}
            if len(tiles) > MOST_TILES:
                full = [tile for tile in _all(tiles) if tile.is_full]
                if save:
                    self._tree.save(full)
                for tile in full:
                    del tiles[tile.level, tile.n]
            # Between long runs of hashing, let requests run.
            if len(leaves) == MOST_ENTRIES and self._rest(PAUSE_S):
                raise StoppedError
        if ours:
            self._keys.refresh()
        return edge, tiles

    def _prove(self, new: Checkpoint, tiles: Tiles) -> None:
        """Verify the consistency proof from the last checkpoint, as an auditor does.

        If the proof fails, the stored tiles are damaged: rebuild them from the entries and try
        again.
        """
        try:
            self._verify_consistency(new, tiles)
        except (RefusedError, CorruptError):
            if self._last is None:
                raise
            self._mend(self._last)
            self._verify_consistency(new, tiles)

    def _verify_consistency(self, new: Checkpoint, tiles: Tiles) -> None:
        def read(level: int, n: int, width: int) -> bytes:
            hashes = tiles.get((level, n))
            return self._tree.tile(level, n, width) if hashes is None else hashes[: width * 32]

        require_growth(self._last, new, read)

    def _verify(self, note: bytes, expected: Checkpoint) -> None:
        """Verify a checkpoint as a reader does, with the keys announced for its size."""
        keys = self._keys.keys(expected.size)
        verified = checkpoint.verify_note(note, keys, expected_origin=expected.origin)
        require_same(verified.checkpoint, expected)

    # --- start and recovery --------------------------------------------------------------------

    def compare(self) -> tuple[Checkpoint | None, Checkpoint | None]:
        """Return the published and the promised checkpoint, after comparing them with the log.

        Raises CorruptError `log_rolled_back` or `log_forked`; UnavailableError `memory_missing`;
        and what verifying the note raises.
        """
        newest = self._tree.latest()
        stated, head = self._memory.get(self._keys.origin), self._tree.head()
        known, size = self._memory.known(), 0 if newest is None else newest.size
        require_remembered(known, self._keys.charter, head, size)
        promised = max(0 if stated is None else stated.size, size)
        if promised > head:
            raise rolled_back(head, promised)
        if newest is None:
            return None, stated
        published = Checkpoint(self._keys.origin_of(newest.size), newest.size, newest.root)
        self._verify(newest.note, published)
        ours = [each.checkpoint for each in known if each.checkpoint.origin == self._keys.origin]
        for earlier in ours if self._last is None else [self._last, *ours]:
            self._require_beginning(earlier, published)
        require_kept(self._keys.charter, stated)
        return published, stated

    def _align(self) -> None:
        """Find where to continue: after the newest checkpoint, or with an unfulfilled promise."""
        self._keys.refresh()
        published, stated = self.compare()
        edge = Edge() if published is None else self._edge_of(published)
        if published is not None and published.origin == self._keys.origin:
            self._memory.learn(SignedTree(self._keys.charter.epoch, published))
            # Not read again: what a witness puts in meanwhile has not been compared with the log.
            stated = published if stated is None or stated.size < published.size else stated
        if published != self._last:
            self._race.moved()
        due = promise_of(stated, published, self._keys.charter)
        self._last, self._edge, self._due = published, edge, due
        self._remembered = stated
        self._aligned = True

    def _require_beginning(self, earlier: Checkpoint, published: Checkpoint) -> None:
        """Raise CorruptError `log_forked` unless the published tree extends a smaller one."""
        if earlier.size >= published.size:
            if earlier.size == published.size:
                require_same(published, earlier)
            return
        prover = Prover(published.size, self._tree.tile)
        with suppress(CorruptError):
            if prover.root(earlier.size) == earlier.root:
                return
        self._mend(published)
        root = Prover(published.size, self._tree.tile).root(earlier.size)
        require_same(Checkpoint(earlier.origin, earlier.size, root), earlier)

    def _edge_of(self, published: Checkpoint) -> Edge:
        """Return the edge of a published tree, from the entries if tiles are damaged."""
        with suppress(CorruptError):
            edge = merkle.edge(published.size, self._tree.tile)
            if edge.root() == published.root:
                return edge
        return self._mend(published)

    def _mend(self, published: Checkpoint) -> Edge:
        """Rebuild the tiles of a published tree; leave them if the entries give another root."""
        _log.warning("tiles are damaged; they are rebuilt from %d entries", published.size)
        edge, _ = self._grow(Edge(), published.size, save=False)
        require_same(Checkpoint(published.origin, edge.size, edge.root()), published)
        edge, tiles = self._grow(Edge(), published.size, save=True)
        self._tree.mend(published.size, _all(tiles))
        return edge


def _all(tiles: Tiles) -> list[Tile]:
    return [Tile(level, n, hashes) for (level, n), hashes in tiles.items()]
