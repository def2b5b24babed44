"""What is known of the largest tree that a ledger signed: by its memory, its files, its witnesses.

Each is a reason not to sign a smaller or another tree. If the memory is gone, the size that was
signed is unknown, not 0.
"""

from collections.abc import Iterator
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
from ledger.publish.served import read_policy
from ledger.publish.witness_client import WitnessClient
from ledger.settings import Settings
from ledger.store.engines import copies, remembered
from ledger.tlog.checkpoint import Checkpoint, parse_note, verify_note
from ledger.tlog.vkeys import parse_vkey


class KnownTree(msgspec.Struct, frozen=True):
    """A tree that somebody knows: who, its size, its root and its note where these are known.

    `is_largest` tells whether the source knows the largest tree that was signed. A log or a
    checkpoint in a file does not, because it may itself be an old copy.
    """

    source: str
    size: int
    root: bytes | None = None
    note: bytes | None = None
    is_largest: bool = False


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

    Raises ConflictError `backup_of_another` if the data directory has the log of another ledger;
    what `verify_note` raises for a file that is no checkpoint of this log.
    """
    found = Memories()
    for signed in remembered(settings.signer_memory) or ():
        found.epoch = max(found.epoch, signed.epoch)
        # A tree under a later origin was signed too, although this log has no event of it.
        if signed.epoch >= charter.epoch:
            tree = signed.checkpoint
            source = "the signer's memory"
            found.trees.append(KnownTree(source, tree.size, tree.root, is_largest=True))
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
            found.trees.append(answer)
        else:
            found.silent.append(f"{name}: {answer.detail}")
    return found


def ask_witnesses(
    settings: Settings, charter: Charter
) -> Iterator[tuple[str, KnownTree | LedgerError]]:
    """Yield each witness's name, and the tree that it cosigned last or why it gives none."""
    policy = read_policy(settings.witnesses, charter.log_origin)
    for witness in policy.witnesses:
        if witness.url is None:
            continue
        name = f"the witness {witness.name}"
        with closing(WitnessClient(witness, witness.url)) as client:
            try:
                tree, note = _verified(client.latest(charter.log_origin), charter)
                yield name, KnownTree(name, tree.size, tree.root, note, is_largest=True)
            except LedgerError as error:
                yield name, error


def _verified(note: bytes, charter: Charter) -> tuple[Checkpoint, bytes]:
    """Return a checkpoint of this log; raise as `verify_note`."""
    keys = [parse_vkey(key.vkey) for key in charter.log_keys]
    return verify_note(note, keys, expected_origin=charter.log_origin).checkpoint, note


def _ours(note: bytes, data: Path, charter: Charter) -> bytes | None:
    """Return a note that the log's keys signed, None for a note of a later origin.

    Raises ConflictError `backup_of_another` for another ledger's.
    """
    origin = parse_note(note).checkpoint.origin
    if origin != charter.ledger and not origin.startswith(f"{charter.ledger}/"):
        raise ConflictError("backup_of_another", f"{data} has the log of another ledger, {origin}")
    try:
        return _verified(note, charter)[1]
    except RefusedError:
        return None


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
