"""A public log as plain files, which any web server serves; it can be changed as an attacker would.

Its entries are short texts: nothing here reads what an entry says.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from ledger.domain.entry import entry_hash
from ledger.tlog.merkle import WIDTH, Edge
from ledger.tlog.tiles import bundle, tile_path, tiles_of
from ledger.tlog.vkeys import NoteSigner, generate
from tests.support.trees import Tree

ORIGIN = "ledger.example.com/a"
SIGNERS = generate(ORIGIN)
LOG_KEYS = [part for each in SIGNERS for part in ("--log-key", each.key.vkey)]


def entries_of(size: int, *, kind: str = "entry") -> list[bytes]:
    """Return entries, whose beginning is the same for every size of one kind."""
    return [f"{kind} {n}".encode() for n in range(size)]


class StaticLog:
    """A log of given entries, and the directory that has as many of them as were published."""

    def __init__(
        self, directory: Path, entries: Sequence[bytes], signers: tuple[NoteSigner, ...]
    ) -> None:
        self.directory = directory
        self._entries = entries
        leaves = b"".join(map(entry_hash, entries))
        self.tree = Tree(signers[0].key.name, leaves, signers)
        self._rows = {(each.level, each.n): each.hashes for each in Edge().extend(leaves)[1]}

    def tile(self, level: int, n: int, width: int) -> bytes:
        return self._rows[level, n][: 32 * width]

    def publish(self, size: int, note: bytes | None = None) -> bytes:
        """Replace the directory by the log of this size, and return its checkpoint."""
        shutil.rmtree(self.directory, ignore_errors=True)
        for level, n, width in tiles_of(size):
            path = tile_path(n, width)
            self._put(f"tile/{level}/{path}", self.tile(level, n, width))
            if level == 0:
                chosen = self._entries[n * WIDTH : n * WIDTH + width]
                self._put(f"tile/entries/{path}", bundle(chosen))
        shown = self.tree.note(size) if note is None else note
        self._put("checkpoint", shown)
        return shown

    def _put(self, name: str, content: bytes) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
