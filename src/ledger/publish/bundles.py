"""Evidence bundles made from a log: which events, which proofs, which files.

The same checkpoint, cosignatures, statements, mode and heads give the same bytes: nothing here is
random or reads a clock. docs/reference/evidence.md says what is in a bundle, and why.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from uuid import UUID

from ledger.domain import entry, events
from ledger.domain.charter import STREAM
from ledger.domain.document import parse_uuid
from ledger.domain.events import (
    BodiesErased,
    ErasedEvent,
    Event,
    HeadsKeyReplaced,
    KeyAdded,
    KeyAttested,
    LedgerCreated,
    Recorded,
    ServiceAccountAdded,
    StatementRecord,
)
from ledger.domain.readers import unknown_statement
from ledger.encoding import b64_encode
from ledger.errors import CorruptError, NotFoundError
from ledger.publish.heads import SignHeads
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
from ledger.verify.exhibits import exhibits, involved
from ledger.verify.readme import readme
from ledger.verify.report import VerificationReport
from ledger.verify.withheld import without_withheld

# A body can be three times as long as the largest document, so only a few are held at once.
_PAGE = 16


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


def newest_position(store: StoreReader, statement: str) -> int:
    """Return the position of a statement's newest event.

    Raises NotFoundError `statement_unknown`, or `statement_erased` with the change that erased it.

    A bundle that shows the present status needs a checkpoint of at least this size.
    """
    placed = store.placed(parse_uuid(statement), store.head().sealed)
    _require_drafted([events.read(state) for _, state in placed])
    return placed[-1][0]


def shown_beside(store: StoreReader, statement: str) -> set[str]:
    """Return the other statements that a bundle of a statement shows: older versions, and changes.

    A change also shows the statements that it withdraws.
    """
    head = store.head().sealed

    def stream(name: UUID) -> list[Recorded]:
        found = [(position, events.read(state)) for position, state in store.placed(name, head)]
        return [Recorded(at, each) for at, each in found if isinstance(each, Event)]

    shown = involved([parse_uuid(statement)], stream)
    drafted = [each.event for each in shown if isinstance(each.event.body, events.StatementDrafted)]
    return {str(each.stream) for each in drafted} - {statement}


def _require_drafted(found: Sequence[Event | ErasedEvent]) -> None:
    for each in found:
        if isinstance(each, Event) and isinstance(each.body, BodiesErased):
            detail = f"the change {each.body.change} erased it: ask for the evidence of the change"
            raise NotFoundError("statement_erased", detail)
    first = found[0] if found else None
    if not isinstance(first, Event) or not isinstance(first.body, events.StatementDrafted):
        raise unknown_statement()


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
        self._states: dict[int, bytes] = {}
        # The erased events of the streams read, by position.
        self._erased: dict[int, ErasedEvent] = {}

    def write(self, statements: Sequence[str], mode: Mode) -> bytes:
        """Return the bundle of these statements; raise as `measure` and `container.stream`."""
        return b"".join(container.stream(self.measure(statements, mode)))

    def measure(self, statements: Sequence[str], mode: Mode) -> dict[str, MeasuredFile]:
        """Return the files of the bundle of these statements, for `container.stream`.

        Tiles and packs of bodies stay in the store until they are written; the files of the
        streams involved are held. Raises NotFoundError `statement_unknown` for a statement that
        was drafted after the checkpoint, TooLargeError `bundle_too_large` before it reads a large
        log, CorruptError for a log that contradicts itself; and what `sign_heads` raises.
        """
        names = [UUID(each) for each in statements]
        if mode == "full":
            self._require_room()
            shown = self._shown(names)
        else:
            shown = involved(names, self._stream)
        drafted = {
            e.event.stream for e in shown if isinstance(e.event.body, events.StatementDrafted)
        }
        if not drafted.issuperset(names):
            raise NotFoundError("statement_unknown", "the checkpoint is older than the statement")
        with_bodies = shown if mode == "full" else without_withheld(shown)
        files = self._attached(mode) | exhibits(with_bodies, statements)
        if mode != "full":
            files |= {f"bodies/{each.position - 1}": self._body(each) for each in with_bodies}
        if mode == "statement":
            proved = sorted([*(each.position for each in shown), *self._erased])
            files |= {f"entries/{position - 1}": self._entry(position) for position in proved}
            files[HEADS] = self._heads(shown)
        else:
            proved = [each.position for each in shown if each.event.stream in names]
        files |= dict(self._proofs(proved))
        sealed = {name: container.held(content) for name, content in files.items()}
        if mode != "statement":
            sealed |= dict(self._tiles())
        if mode == "full":
            sealed |= dict(self._packs())
        digests = {name: file.sha256 for name, file in sealed.items()}
        tree = CommittedTree(
            self._checkpoint.origin, b64_encode(self._checkpoint.root), self._published.size
        )
        manifest = container.manifest_of(
            digests, tree=tree, mode=mode, statements=tuple(statements)
        )
        return sealed | {MANIFEST: container.held(manifest)}

    def _heads(self, shown: Sequence[Recorded]) -> bytes:
        if self._sign_heads is None:
            raise AssertionError("a bundle of mode statement has heads")
        heads = {str(each.event.stream): each.event.version for each in shown}  # in log order
        # The last one up to the checkpoint; the log can name a newer key already.
        keys = [
            body.heads
            for body in (each.event.body for each in shown)
            if isinstance(body, LedgerCreated | HeadsKeyReplaced)
        ]
        return self._sign_heads(heads, self._checkpoint, keys[-1])

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

    # --- events ----------------------------------------------------------------------------------

    def _shown(self, names: Sequence[UUID]) -> list[Recorded]:
        """Return the events of the whole log from which its exhibits follow.

        They are those of the ledger, of the statements, and of the owners of the keys that signed.
        """
        signed = [each for name in names for each in self._stream(name)]
        bodies = [each.event.body for each in signed]
        kids = {body.kid for body in bodies if isinstance(body, StatementRecord)}
        added = (KeyAttested.TAG, ServiceAccountAdded.TAG)
        size = self._published.size
        attested = [each for tag in added for each in self._store.positions(tag, size)]
        owners = {
            event.stream
            for start in range(0, len(attested), _PAGE)
            for _, state in self._store.states(attested[start : start + _PAGE])
            for event in [events.decode(state)]
            if isinstance(event.body, KeyAdded) and event.body.kid in kids
        }
        others = {STREAM, *owners}.difference(names)
        found = signed + [each for name in others for each in self._stream(name)]
        return sorted(found, key=lambda each: each.position)

    def _stream(self, stream: UUID) -> list[Recorded]:
        found = []
        for position, state in self._store.placed(stream, self._published.size):
            self._states[position] = state
            event = events.read(state)
            if isinstance(event, ErasedEvent):
                self._erased[position] = event
            else:
                found.append(Recorded(position, event))
        return found

    def _body(self, recorded: Recorded) -> bytes:
        _, salt, body = entry.split(self._states[recorded.position])
        return salt + body

    def _entry(self, position: int) -> bytes:
        return entry.cut(self._states[position])[0]

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
