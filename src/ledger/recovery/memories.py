"""What is known of the largest tree that a ledger signed: by its memory, its files, its witnesses.

Each is a reason not to sign a smaller or another tree. If the memory is gone, the size that was
signed is unknown, not 0.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from ledger.domain.charter import Charter
from ledger.errors import (
    ConflictError,
    CorruptError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from ledger.publish.witness_client import WitnessClient
from ledger.recovery.backup import charter_of
from ledger.settings import Settings
from ledger.store.engines import address_of, copies, remembered
from ledger.tlog.checkpoint import Checkpoint, parse_note, verify_note
from ledger.tlog.vkeys import NoteKey, parse_vkey
from ledger.tlog.witness_policy import parse_policy


class KnownTree(msgspec.Struct, frozen=True):
    """A tree that somebody knows: who, its size, its root and its note where these are known.

    `is_largest` tells whether the source knows the largest tree that was signed. A log or a
    checkpoint in a file does not, because it may itself be an old copy. `epoch` is that of the
    origin under which the tree was signed, as far as the source says it.
    """

    source: str
    size: int
    root: bytes | None = None
    note: bytes | None = None
    is_largest: bool = False
    epoch: int = 0


class Memories(msgspec.Struct):
    """All trees that are known, the newest epoch that was begun, and who gave no answer."""

    trees: list[KnownTree] = []
    epoch: int = 0
    silent: list[str] = []


class Given(msgspec.Struct, frozen=True):
    """What the caller knows besides: files of checkpoints, the largest size that was published.

    `views` is the position of the read models in the data directory, if they can be read.
    """

    checkpoints: tuple[Path, ...] = ()
    published: int | None = None
    views: int | None = None


def collect(settings: Settings, charter: Charter, known: Given) -> Memories:
    """Collect what every source knows.

    Raises ConflictError `backup_of_another` if the data directory has the log of another ledger,
    `log_closed` as `_require_open`;
    what `verify_note` raises for a file that is no checkpoint of this log.
    """
    found = Memories()
    for signed in remembered(settings.log_address, settings.signer_memory) or ():
        found.epoch = max(found.epoch, signed.epoch)
        # A tree under a later origin was signed too, although this log has no event of it.
        if signed.epoch >= charter.epoch:
            tree = signed.checkpoint
            source = "the signer's memory"
            found.trees.append(KnownTree(source, tree.size, tree.root, is_largest=True))
    if settings.database is None:  # a restore into a database needs an empty one
        _require_open(settings.data, max(found.epoch, charter.epoch))
        found.trees += _in_log(settings.data, charter)
    if known.views is not None:
        found.trees.append(KnownTree("the read models", known.views))
    for path in known.checkpoints:
        signed_tree, note = _verified(path.read_bytes(), charter)
        found.trees.append(KnownTree(str(path), signed_tree.size, signed_tree.root, note))
    if known.published is not None:
        found.trees.append(KnownTree("the operator", known.published, is_largest=True))
    for name, answer in ask_witnesses(settings, charter):
        if isinstance(answer, KnownTree):
            found.epoch = max(found.epoch, answer.epoch)
            found.trees.append(answer)
        else:
            found.silent.append(f"{name}: {answer.detail}")
    return found


def ask_witnesses(
    settings: Settings, charter: Charter
) -> Iterator[tuple[str, KnownTree | LedgerError]]:
    """Yield each witness's name, and the largest tree that it cosigned or why it gives none.

    Witnesses are asked for every origin of this ledger that the log, the signer's memory or the
    policy names: after an earlier restore an old backup does not know the newest origin. Raises
    MalformedError `policy_malformed`, OSError.
    """
    if settings.witnesses is None:
        return
    policy = parse_policy(settings.witnesses.read_bytes())
    trusted = [log.key for log in policy.logs if _is_origin_of(log.key.name, charter.ledger)]
    named = [
        each.checkpoint.origin
        for each in remembered(settings.log_address, settings.signer_memory) or ()
    ]
    origins = dict.fromkeys([charter.log_origin, *named, *(key.name for key in trusted)])
    for witness in policy.witnesses:
        if witness.url is not None:
            with closing(WitnessClient(witness, witness.url)) as client:
                found = _asked(witness.name, client, [*origins], charter, trusted)
            yield f"the witness {witness.name}", found


def _asked(
    name: str,
    client: WitnessClient,
    origins: Sequence[str],
    charter: Charter,
    trusted: Sequence[NoteKey],
) -> KnownTree | LedgerError:
    """Return the largest tree of any origin that a witness cosigned, or its first refusal."""
    known: list[KnownTree] = []
    refusals: list[LedgerError] = []
    for origin in origins:
        try:
            note = client.latest(origin)
            if origin == charter.log_origin:
                tree = _verified(note, charter)[0]
            else:
                tree = verify_note(note, trusted, expected_origin=origin).checkpoint
            # A loss is declared under the origin of the backup, so only its notes can prove it.
            shown = note if origin == origins[0] else None
            source = f"the witness {name}"
            known.append(KnownTree(source, tree.size, tree.root, shown, True, _epoch_of(origin)))
        except UnavailableError as error:
            return error
        except LedgerError as error:
            refusals.append(error)
    return max(known, key=lambda each: each.size) if known else refusals[0]


def _epoch_of(origin: str) -> int:
    """Return the epoch of an origin of this ledger; the first origin has none in its name."""
    suffix = origin.rpartition("/")[2]
    return int(suffix) if suffix.isascii() and suffix.isdigit() else 0


def _is_origin_of(origin: str, ledger: str) -> bool:
    return origin == ledger or origin.startswith(f"{ledger}/")


def _verified(note: bytes, charter: Charter) -> tuple[Checkpoint, bytes]:
    """Return a checkpoint of this log, signed by a key in force for its size; as `verify_note`."""
    size = parse_note(note).checkpoint.size
    keys = [parse_vkey(key.vkey) for key in charter.log_keys if key.signs(size)]
    return verify_note(note, keys, expected_origin=charter.log_origin).checkpoint, note


def _ours(note: bytes, data: Path, charter: Charter) -> bytes | None:
    """Return a note that the log's keys signed, None for a note of a later origin.

    Raises ConflictError `backup_of_another` for another ledger's.
    """
    origin = parse_note(note).checkpoint.origin
    if not _is_origin_of(origin, charter.ledger):
        raise ConflictError("backup_of_another", f"{data} has the log of another ledger, {origin}")
    try:
        return _verified(note, charter)[1]
    except RefusedError:
        return None


def _require_open(data: Path, known: int) -> None:
    """Refuse a restore over a log that `ledger copy` closed: the ledger goes on somewhere else.

    A closed log has an epoch above that of its events. If they cannot be read, it is one above what
    the backup and the signer's memory know, because each restore is remembered before it is
    written. Raises ConflictError `log_closed`.
    """
    try:
        epoch, (size, _) = copies().epoch(data), copies().newest(data)
    except (CorruptError, NotFoundError, UnavailableError):
        return
    with suppress(Exception):  # what the events of a damaged log raise, nobody knows
        known = charter_of(address_of(data), size).epoch
    if epoch > known:
        detail = (
            "`ledger copy` moved the log in the data directory to another place; restore there, or"
            " if that place is lost for good, see the page on moving"
        )
        raise ConflictError("log_closed", detail)


def _in_log(data: Path, charter: Charter) -> Iterator[KnownTree]:
    """Yield what the log in the data directory knows; nothing if it cannot be read."""
    source = "the log in the data directory"
    try:
        size, newest = copies().newest(data)
    except (CorruptError, NotFoundError, UnavailableError):
        return
    yield KnownTree(source, size)
    if newest is not None:
        with suppress(MalformedError):
            note = _ours(newest.note, data, charter)
            yield KnownTree(source, newest.size, newest.root, note)
