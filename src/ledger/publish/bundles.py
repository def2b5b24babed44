"""Evidence bundles made from a log: which events, which proofs, which files.

The same checkpoint with the same cosignatures, statements and mode are the same bytes: nothing is
drawn at random, and no clock is read. What is in a bundle and why is docs/reference/evidence.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from ledger.domain import entry, events
from ledger.domain.document import parse_uuid
from ledger.domain.events import Recorded
from ledger.domain.unique_names import ALL_ROLES
from ledger.encoding import b64_encode
from ledger.errors import CorruptError, NotFoundError
from ledger.store.sqlite.store import SqliteLog
from ledger.store.sqlite.tree import Published, TreeStore
from ledger.tlog import checkpoint
from ledger.tlog.merkle import WIDTH, Prover
from ledger.tlog.tiles import bundle as entry_bundle
from ledger.tlog.tiles import tile_path, tiles_of
from ledger.verify import container
from ledger.verify.container import CHECKPOINT, OFFLINE_VERIFIER, README, CommittedTree, Mode
from ledger.verify.exhibits import exhibits, involved
from ledger.verify.readme import readme

_PAGE = 500


def newest_position(store: SqliteLog, statement: str) -> int:
    """Return the position of a statement's newest event; raise NotFoundError `statement_unknown`.

    A bundle that is to show how the statement stands needs a checkpoint of this size.
    """
    placed = store.placed(parse_uuid(statement), store.head())
    if not placed or not isinstance(events.decode(placed[0][1]).body, events.StatementDrafted):
        raise NotFoundError("statement_unknown", "there is no such statement")
    return placed[-1][0]


class Evidence:
    """What one published checkpoint can show of a log."""

    def __init__(
        self,
        store: SqliteLog,
        tree: TreeStore,
        published: Published,
        *,
        page: bytes | None = None,
        companions: Mapping[str, bytes] | None = None,
    ) -> None:
        """Read from this log; `page` is the offline verifier to put into each bundle.

        `companions` are what others say of the checkpoint, and its text with that.
        """
        self._store = store
        self._tree = tree
        self._published = published
        self._page = page
        self._companions = {CHECKPOINT: published.note} | dict(companions or {})
        self._checkpoint = checkpoint.parse_note(published.note).checkpoint
        self._states: dict[int, bytes] = {}

    def write(self, statements: Sequence[str], mode: Mode) -> bytes:
        """Return the bundle of these statements.

        Raises NotFoundError `statement_unknown` for one that was drafted behind the checkpoint,
        TooLargeError `bundle_too_large`, CorruptError for a log that contradicts itself.
        """
        names = [UUID(each) for each in statements]
        shown = (
            self._all_events() if mode == "full" else involved(names, self._stream, self._everybody)
        )
        drafted = {
            e.event.stream for e in shown if isinstance(e.event.body, events.StatementDrafted)
        }
        if not drafted.issuperset(names):
            raise NotFoundError("statement_unknown", "the checkpoint is older than the statement")
        files = self._attached(mode) | exhibits(shown, statements)
        files |= {f"bodies/{each.position - 1}": self._body(each) for each in shown}
        if mode == "statement":
            files |= {f"entries/{each.position - 1}": self._entry(each) for each in shown}
            proved = shown
        else:
            files |= dict(self._tiles())
            proved = [each for each in shown if each.event.stream in names]
        files |= dict(self._proofs(proved))
        tree = CommittedTree(
            self._checkpoint.origin, b64_encode(self._checkpoint.root), self._published.size
        )
        return container.write(
            container.seal(files, tree=tree, mode=mode, statements=tuple(statements))
        )

    def _attached(self, mode: Mode) -> dict[str, bytes]:
        """Return the files that do not depend on the events: what else a ledger has to show."""
        origin, size = self._checkpoint.origin, self._checkpoint.size
        files = {README: readme(origin=origin, size=size, mode=mode)} | self._companions
        return files if self._page is None else files | {OFFLINE_VERIFIER: self._page}

    # --- events ----------------------------------------------------------------------------------

    def _stream(self, stream: UUID) -> list[Recorded]:
        return [self._record(*row) for row in self._store.placed(stream, self._published.size)]

    def _everybody(self) -> list[UUID]:
        return [stream for _, stream in self._store.claims(ALL_ROLES)]

    def _all_events(self) -> list[Recorded]:
        found: list[Recorded] = []
        while len(found) < self._published.size:
            rows = self._store.read(len(found), min(_PAGE, self._published.size - len(found)))
            if not rows:
                raise CorruptError("position_missing", f"position {len(found) + 1} is not there")
            found += [self._record(*row) for row in rows]
        return found

    def _record(self, position: int, state: bytes) -> Recorded:
        self._states[position] = state
        return Recorded(position, events.decode(state))

    def _body(self, recorded: Recorded) -> bytes:
        _, salt, body = entry.split(self._states[recorded.position])
        return salt + body

    def _entry(self, recorded: Recorded) -> bytes:
        return entry.split(self._states[recorded.position])[0]

    # --- the tree --------------------------------------------------------------------------------

    def _proofs(self, proved: Sequence[Recorded]) -> Iterator[tuple[str, bytes]]:
        prover = Prover(self._published.size, self._tree.tile)
        for recorded in proved:
            index = recorded.position - 1
            hashes = prover.inclusion(index)
            proof = checkpoint.write_proof(index, hashes, self._companions[CHECKPOINT])
            yield f"proofs/{index}.tlog-proof", proof

    def _tiles(self) -> Iterator[tuple[str, bytes]]:
        for level, n, width in tiles_of(self._published.size):
            path = tile_path(n, width)
            yield f"tile/{level}/{path}", self._tree.tile(level, n, width)
            if level == 0:
                raw = entry_bundle(self._tree.entries(n * WIDTH, width))
                yield f"tile/entries/{path}", raw
