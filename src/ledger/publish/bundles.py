"""Evidence bundles made from a log: which events, which proofs, which files.

The same checkpoint, cosignatures, statements, mode and heads give the same bytes: nothing here is
random or reads a clock. docs/reference/evidence.md says what is in a bundle, and why.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from uuid import UUID

from ledger.domain import entry, events
from ledger.domain.charter import STREAM
from ledger.domain.events import (
    Event,
    HeadsKeyReplaced,
    LedgerCreated,
    Recorded,
    StatementDrafted,
)
from ledger.encoding import b64_encode
from ledger.errors import CorruptError, NotFoundError
from ledger.jose import OkpJwk
from ledger.publish.heads import SignHeads
from ledger.publish.held_files import HeldFiles
from ledger.publish.involved_events import KEYS, Involved, InvolvedEvents
from ledger.publish.shown_beside import MOST_BYTES
from ledger.publish.stream_events import StreamEvents
from ledger.store.ports.log import StoreReader
from ledger.store.ports.tree import Published, TreeTables
from ledger.tlog import checkpoint
from ledger.tlog.merkle import WIDTH, Prover
from ledger.tlog.tiles import bundle as entry_bundle
from ledger.tlog.tiles import tile_path, tiles_of
from ledger.verify import container
from ledger.verify.body_packs import packed, packs_of
from ledger.verify.bundle import verify
from ledger.verify.container import (
    CHECKPOINT,
    HEADS,
    MANIFEST,
    OFFLINE_VERIFIER,
    README,
    CommittedTree,
    MeasuredFile,
    Mode,
)
from ledger.verify.exhibits import exhibits_of
from ledger.verify.readme import readme
from ledger.verify.report import VerificationReport
from ledger.verify.withheld import is_needed, withheld_tags

# A body can be three times as long as the largest document, so only a few are held at once.
_PAGE = 16
# Bodies and signatures of a bundle that are in memory until they are written.
HELD_BYTES = 2 * MOST_BYTES  # those of a bundle of MOST_BYTES, which the server makes


def verified_bundle(raw: bytes, *, now_ms: int) -> VerificationReport:
    """Return what a verifier finds in a bundle, which its receiver must be able to accept.

    Raises CorruptError `bundle_invalid` if a check fails.
    """
    report = verify(raw, now_ms=now_ms)
    failed = next((each for each in report.checks if each.outcome == "failed"), None)
    if failed is not None:
        detail = f"the bundle would not verify: {failed.name}: {failed.says}"
        raise CorruptError("bundle_invalid", f"{detail}; run `ledger audit`")
    return report


class Evidence:
    """The evidence that one published checkpoint gives for a log."""

    def __init__(
        self,
        store: StoreReader,
        tree: TreeTables,
        published: Published,
        *,
        page: bytes | None = None,
        companions: Mapping[str, bytes] | None = None,
        sign_heads: SignHeads | None = None,
    ) -> None:
        """Take the log to read; `page` is the offline verifier to put into each bundle.

        `companions` are the files by others about the checkpoint, and its note with cosignatures.
        `sign_heads` is needed for mode *statement* alone.
        """
        self._store = store
        self._tree = tree
        self._published = published
        self._page = page
        self._sign_heads = sign_heads
        self._companions = {CHECKPOINT: published.note} | dict(companions or {})
        self._checkpoint = checkpoint.parse_note(published.note).checkpoint
        self._events = StreamEvents(store, published.size)

    def write(self, statements: Sequence[str], mode: Mode) -> bytes:
        """Return the bundle of these statements; raise as `measure` and `container.stream`."""
        return b"".join(container.stream(self.measure(statements, mode)))

    def measure(self, statements: Sequence[str], mode: Mode) -> dict[str, MeasuredFile]:
        """Return the files of the bundle of these statements, for `container.stream`.

        Raises as `involved`, and what `sign_heads` raises.
        """
        found = self.involved(statements, mode)
        if mode != "statement":
            return self.files(found)
        if self._sign_heads is None:
            raise AssertionError("a bundle of mode statement has heads")
        return self.files(found, self._sign_heads(found.heads, self._checkpoint, self.heads_key()))

    def involved(self, statements: Sequence[str], mode: Mode) -> Involved:
        """Return what the bundle of these statements is of; holds no body of it.

        Raises NotFoundError `statement_unknown` for a statement that was drafted after the
        checkpoint, TooLargeError `bundle_too_large` before it reads a large log, CorruptError for a
        log that contradicts itself.
        """
        if mode == "full":
            self._require_room()
        size = self._published.size
        found = InvolvedEvents(self._store, size).of(statements, mode)
        if not found.statements.issuperset(statements):
            raise NotFoundError("statement_unknown", "the checkpoint is older than the statement")
        return found

    def heads_key(self) -> OkpJwk:
        """Return the heads key in force at the checkpoint; the log can name a newer one already."""
        keys = [
            each.event.body.heads
            for each in self._events.recorded(STREAM)
            if isinstance(each.event.body, LedgerCreated | HeadsKeyReplaced)
        ]
        return keys[-1]

    def files(self, found: Involved, heads: bytes = b"") -> dict[str, MeasuredFile]:
        """Return the files of a bundle, with these signed heads if it is of mode *statement*.

        Tiles, packs of bodies, and what is more than HELD_BYTES stay in the store until they are
        written.
        """
        sealed = {name: container.held(each) for name, each in self._attached(found.mode).items()}
        sealed |= dict(self._of_events(found))
        proved = [each.position for each in found.events]
        if found.mode == "statement":
            sealed[HEADS] = container.held(heads)
        else:
            proved = [
                each.position
                for each in found.events
                if str(each.stream) in found.named and not each.is_erased
            ]
            sealed |= dict(self._tiles())
        sealed |= {name: container.held(each) for name, each in self._proofs(proved)}
        if found.mode == "full":
            sealed |= dict(self._packs())
        digests = {name: file.sha256 for name, file in sealed.items()}
        tree = CommittedTree(
            self._checkpoint.origin, b64_encode(self._checkpoint.root), self._published.size
        )
        manifest = container.manifest_of(
            digests, tree=tree, mode=found.mode, statements=found.named
        )
        return sealed | {MANIFEST: container.held(manifest)}

    def _of_events(self, found: Involved) -> Iterator[tuple[str, MeasuredFile]]:
        """Yield exhibits, bodies and entries, read from one stream after the other."""
        kept, read = HeldFiles(HELD_BYTES), self._events
        is_full = found.mode == "full"
        tags = frozenset[str]() if is_full else withheld_tags(self._documents(found))

        def stream(name: UUID) -> Iterator[Recorded]:
            for each in read.recorded(name):
                if is_needed(each.event.body, tags, found.used):
                    yield each

        owners = {each.stream for each in found.events if each.tag in KEYS}
        for exhibit in exhibits_of([*owners], found.named, stream):
            if exhibit.signed is None:
                yield exhibit.name, container.held(exhibit.content)
            else:
                again = partial(read.signature, exhibit.signed)
                yield exhibit.name, kept.file(exhibit.content, again)
        for name in () if is_full else found.streams:
            for position, state, event in read.stored(name):
                raw, body = entry.cut(state)
                if found.mode == "statement":
                    yield f"entries/{position - 1}", container.held(raw)
                if isinstance(event, Event) and is_needed(event.body, tags, found.used):
                    again = partial(read.body, position)
                    yield f"bodies/{position - 1}", kept.file(body, again)

    def _documents(self, found: Involved) -> Iterator[str]:
        for each in sorted(found.statements):
            first = next(self._events.recorded(UUID(each)), None)
            if first is not None and isinstance(first.event.body, StatementDrafted):
                yield first.event.body.document

    def _require_room(self) -> None:
        count, total = self._store.extent(self._published.size)
        if count != self._published.size:
            raise CorruptError("position_missing", f"{count} of {self._published.size} are there")
        if total > container.MAX_BUNDLE_BYTES:
            raise container.too_large()

    def _attached(self, mode: Mode) -> dict[str, bytes]:
        """Return the files that do not depend on events: instructions, companions, the verifier."""
        files = {README: readme(mode)} | self._companions
        return files if self._page is None else files | {OFFLINE_VERIFIER: self._page}

    # --- the tree --------------------------------------------------------------------------------

    def _proofs(self, proved: Sequence[int]) -> Iterator[tuple[str, bytes]]:
        prover = Prover(self._published.size, self._tree.tile)
        for position in proved:
            index = position - 1
            hashes = prover.inclusion(index)
            proof = checkpoint.write_proof(index, hashes, self._companions[CHECKPOINT])
            yield f"proofs/{index}.tlog-proof", proof

    def _tiles(self) -> Iterator[tuple[str, MeasuredFile]]:
        for level, n, width in tiles_of(self._published.size):
            path = tile_path(n, width)
            yield f"tile/{level}/{path}", container.measured(partial(self._tile, level, n, width))
            if level == 0:
                entries = container.measured(partial(self._entries, n, width))
                yield f"tile/entries/{path}", entries

    def _tile(self, level: int, n: int, width: int) -> Iterator[bytes]:
        yield self._tree.tile(level, n, width)

    def _entries(self, n: int, width: int) -> Iterator[bytes]:
        yield entry_bundle(self._tree.entries(n * WIDTH, width))

    def _packs(self) -> Iterator[tuple[str, MeasuredFile]]:
        for name, n, width in packs_of(self._published.size):
            yield name, container.measured(partial(self._pack, n * WIDTH, n * WIDTH + width))

    def _pack(self, after: int, last: int) -> Iterator[bytes]:
        while after < last:
            rows = self._store.read(after, min(_PAGE, last - after))
            if not rows or rows[-1][0] != after + len(rows):
                raise CorruptError("position_missing", f"a position after {after} is not there")
            for _, state in rows:
                events.read(state)  # nothing is exported that its entry does not commit to
                yield packed(entry.cut(state)[1])
            after += len(rows)
