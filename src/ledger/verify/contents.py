"""Parse a bundle's files: entries, bodies, proofs, tiles, a checkpoint. Pure.

These are the first two checks of a verifier: first the form of every file, then the bodies. Names
and numbers say which files belong together. A body counts only if its entry commits to it. A file
that no bundle has is refused, so that people who read the files by hand find none that no check
has read.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain import entry, events
from ledger.domain.document import parse_uuid
from ledger.domain.entry import Entry, parse_canonical
from ledger.domain.erasure import erased_positions
from ledger.domain.events import BodiesErased, Recorded, StatementDrafted
from ledger.encoding import b64_encode
from ledger.errors import CorruptError, LedgerError, MalformedError, UnverifiableError
from ledger.tlog.checkpoint import Checkpoint, TlogProof, parse_note, parse_proof
from ledger.tlog.merkle import HASH_BYTES, WIDTH
from ledger.tlog.tiles import parse_tile_path, split_bundle, tile_path, tiles_of
from ledger.verify.body_packs import packs_of, read_packs
from ledger.verify.companions import Companion, companions
from ledger.verify.container import (
    CHECKPOINT,
    HEADS,
    LOG_KEYS,
    PLAIN,
    README,
    STAMP,
    CommittedTree,
    Files,
    Mode,
    parse_manifest,
)
from ledger.verify.exhibits import exhibits
from ledger.verify.withheld import drafted, lacking, require_bodies

_NUMBERED = re.compile(r"(entries|bodies|proofs)/(0|[1-9][0-9]{0,14})(\.tlog-proof)?", re.ASCII)
_EXHIBIT = re.compile(r"statements/|people/|keys/vkeys\Z")


class Casefile(msgspec.Struct):
    """The parsed files of a bundle; entries and bodies by leaf index, in ascending order."""

    mode: Mode
    statements: tuple[str, ...]
    note: bytes
    checkpoint: Checkpoint
    entries: dict[int, bytes]
    envelopes: dict[int, Entry]
    bodies: dict[int, bytes]
    proofs: dict[int, TlogProof]
    tiles: dict[tuple[int, int], bytes]
    exhibits: dict[str, bytes]
    stamp: bytes | None
    heads: bytes | None
    companions: tuple[Companion, ...]

    def state(self, index: int) -> bytes:
        """Return an event as it is stored: its entry, its salt and its body, if that is there."""
        return entry.join(self.entries[index], self.bodies.get(index, b""))


def read(files: Files) -> Casefile:
    """Return the files of a bundle, parsed.

    Raises what `parse_manifest`, `parse_note`, `parse_proof`, `split_bundle` and `parse_canonical`
    raise, and `read_packs`; MalformedError `file_unknown`, `file_missing`, `tile_malformed`,
    `manifest_mismatch`, `id_invalid`; CorruptError `state_truncated`, `entry_missing`,
    `version_gap`, with the position.
    """
    manifest = parse_manifest(files)
    for name in (README, CHECKPOINT, LOG_KEYS):
        if name not in files:
            raise MalformedError("file_missing", f"the file {name} is not there")
    note = files[CHECKPOINT]
    checkpoint = parse_note(note).checkpoint
    stated = CommittedTree(checkpoint.origin, b64_encode(checkpoint.root), checkpoint.size)
    if manifest.checkpoint != stated:
        raise MalformedError("manifest_mismatch", "the manifest states another checkpoint")
    for statement in manifest.statements:
        parse_uuid(statement)
    tiles, bundles = read_tiles(files, 0 if manifest.mode == "statement" else checkpoint.size)
    names = {
        name
        for (level, n), hashes in tiles.items()
        for name in names_of_tile(level, n, len(hashes) // HASH_BYTES)
    }
    bodies: dict[int, bytes] = {}
    if manifest.mode == "full":
        bodies = read_packs(files, checkpoint.size)
        names |= {name for name, _, _ in packs_of(checkpoint.size)}
    numbered = _numbered(files, manifest.mode, names)
    entries = dict(sorted(numbered["entries"].items())) or unbundled(bundles)
    return Casefile(
        mode=manifest.mode,
        statements=manifest.statements,
        note=note,
        checkpoint=checkpoint,
        entries=entries,
        envelopes=envelopes(entries, checkpoint.size),
        bodies=_bodies(numbered["bodies"] | bodies, entries),
        proofs=_proofs(numbered["proofs"], entries),
        tiles=tiles,
        exhibits={name: files[name] for name in files if _EXHIBIT.match(name)},
        stamp=files.get(STAMP),
        heads=files.get(HEADS),
        companions=companions(files, manifest.mode),
    )


def names_of_tile(level: int, n: int, width: int) -> Iterator[str]:
    """Yield the name of a tile and, on the lowest level, of the entries that it hashes."""
    path = tile_path(n, width)
    yield f"tile/{level}/{path}"
    if level == 0:
        yield f"tile/entries/{path}"


def read_tiles(
    files: Files, size: int
) -> tuple[dict[tuple[int, int], bytes], dict[int, list[bytes]]]:
    """Return the tiles of a tree of this size by level and number, and its entries by tile.

    Raises MalformedError `file_missing`, `tile_malformed`, `entry_bundle_malformed`.
    """
    tiles, bundles = {}, {}
    for level, n, width in tiles_of(size):
        path = tile_path(n, width)
        hashes = files.get(f"tile/{level}/{path}")
        if hashes is None:
            raise MalformedError("file_missing", f"the file tile/{level}/{path} is not there")
        if len(hashes) != width * HASH_BYTES:
            raise MalformedError(
                "tile_malformed", f"the tile {level}/{path} is too short, or too long"
            )
        tiles[level, n] = hashes
        if level == 0:
            bundles[n] = _entries_of_tile(files, f"tile/entries/{path}")
    return tiles, bundles


def _entries_of_tile(files: Files, name: str) -> list[bytes]:
    """Return the entries of one tile; raise as `split_bundle`, and if their number is wrong."""
    _, width = parse_tile_path(name.removeprefix("tile/entries/"))
    if name not in files:
        raise MalformedError("file_missing", f"the file {name} is not there")
    entries = split_bundle(files[name])
    if len(entries) != width:
        raise MalformedError(
            "entry_bundle_malformed", f"the file {name} has {len(entries)} entries"
        )
    return entries


def unbundled(bundles: dict[int, list[bytes]]) -> dict[int, bytes]:
    """Return the entries of bundles by leaf index."""
    return {
        n * WIDTH + place: raw for n, bundle in bundles.items() for place, raw in enumerate(bundle)
    }


def _numbered(files: Files, mode: Mode, tiles: set[str]) -> dict[str, dict[int, bytes]]:
    """Return the files with a leaf index by kind; refuse every file that no bundle has."""
    found: dict[str, dict[int, bytes]] = {"entries": {}, "bodies": {}, "proofs": {}}
    for name, content in files.items():
        if name in PLAIN or name in tiles or _EXHIBIT.match(name):
            continue
        if name == HEADS and mode == "statement":
            continue
        match = _NUMBERED.fullmatch(name)
        is_proof = match is not None and match[3] is not None
        if match is None or is_proof != (match[1] == "proofs"):
            raise MalformedError("file_unknown", f"the file {name} is no file of a bundle")
        # Only *statement* has entries in files, and only *full* has its bodies in packs.
        if (match[1] == "entries" and mode != "statement") or (
            match[1] == "bodies" and mode == "full"
        ):
            raise MalformedError("file_unknown", f"the file {name} is none of a {mode} bundle")
        found[match[1]][int(match[2])] = content
    return found


def envelopes(entries: dict[int, bytes], size: int) -> dict[int, Entry]:
    """Return the entries parsed; versions are 1, 2, 3 … in each stream, and no time decreases."""
    found: dict[int, Entry] = {}
    versions: dict[UUID, int] = {}
    newest = ""
    for index, raw in entries.items():
        try:
            if index >= size:
                raise CorruptError("entry_missing", f"the checkpoint has {size} entries only")
            envelope = parse_canonical(raw)
            version = versions.get(envelope.stream, 0)
            if envelope.seq != version + 1:
                detail = f"after version {version} comes {envelope.seq}"
                raise CorruptError("version_gap", detail)
            if envelope.at < newest:
                raise CorruptError("time_backwards", f"{envelope.at} comes after {newest}")
        except LedgerError as error:
            raise placed(error, index + 1) from error
        versions[envelope.stream], newest = envelope.seq, envelope.at
        found[index] = envelope
    return found


def _bodies(bodies: dict[int, bytes], entries: dict[int, bytes]) -> dict[int, bytes]:
    for index in sorted(bodies):
        if index not in entries:
            missing = CorruptError("entry_missing", f"the body of {index} has no entry")
            raise placed(missing, index + 1)
        if len(bodies[index]) < entry.SALT_BYTES:
            raise placed(CorruptError("state_truncated", f"the body of {index} is cut"), index + 1)
    return dict(sorted(bodies.items()))


def _proofs(proofs: dict[int, bytes], entries: dict[int, bytes]) -> dict[int, TlogProof]:
    found = {}
    for index in sorted(proofs):
        try:
            if index not in entries:
                raise CorruptError(
                    "entry_missing", f"the file proofs/{index}.tlog-proof has no entry"
                )
            found[index] = parse_proof(proofs[index])
        except LedgerError as error:
            raise placed(error, index + 1) from error
    return found


def placed(error: LedgerError, position: int) -> LedgerError:
    """Return the same error with the position that it is about."""
    return type(error)(error.code, error.detail, **(error.evidence | {"position": position}))


# --- check 2: bodies ---------------------------------------------------------------------------


def content(case: Casefile) -> list[Recorded]:
    """Return the events of the bodies; each entry must commit to its body (check 2).

    Raises CorruptError `body_mismatch`, `event_malformed`, `event_misplaced`, `exhibit_mismatch`,
    `statement_unknown`, `statement_erased`; UnverifiableError `event_unknown`, `body_missing`.
    """
    found: list[Recorded] = []

    def look(index: int) -> None:
        body = case.bodies[index]
        entry.check_commitment(
            case.envelopes[index], body[: entry.SALT_BYTES], body[entry.SALT_BYTES :]
        )
        try:
            found.append(Recorded(index + 1, events.decode(case.state(index))))
        except CorruptError as error:
            if error.code == "event_unknown":
                raise UnverifiableError(error.code, error.detail) from error
            raise

    look_at(case.bodies, lambda index: index + 1, look)
    erased = erased_positions(each.event for each in found)
    lacked = lacking(case.envelopes, case.bodies, case.mode).items()
    missing = {n: each for n, each in lacked if n + 1 not in erased.get(each.stream, ())}
    require_bodies(missing, drafted(found), case.mode)
    _compare(case, found)
    return found


def _compare(case: Casefile, found: Sequence[Recorded]) -> None:
    told = {(each.event.stream, type(each.event.body)) for each in found}
    for statement in map(UUID, case.statements):
        if (statement, BodiesErased) in told:  # also if the operator kept the bodies
            raise CorruptError("statement_erased", f"the statement {statement} was erased")
        if (statement, StatementDrafted) not in told:
            raise CorruptError("statement_unknown", f"the statement {statement} is not in it")
    expected = exhibits(found, case.statements)
    for name in sorted(expected.keys() | case.exhibits.keys()):
        if expected.get(name) != case.exhibits.get(name):
            raise CorruptError("exhibit_mismatch", f"the file {name} is not what the events say")


def look_at(items: Any, position: Callable[[Any], int], look: Callable[[Any], None]) -> None:
    """Look at each item; raise the first error, with its position.

    An UnverifiableError leaves the check open: the first one is raised if there is no other error.
    """
    missing: LedgerError | None = None
    for item in items:
        try:
            look(item)
        except UnverifiableError as error:
            missing = missing or placed(error, position(item))
        except LedgerError as error:
            raise placed(error, position(item)) from error
    if missing is not None:
        raise missing
