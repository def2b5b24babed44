"""What is known of the largest tree that a ledger signed: by its memory, its files, its witnesses.

Each is a reason not to sign a smaller or another tree. If the memory is gone, the size that was
signed is unknown, not 0.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from ledger.audit.logfile import open_read_only
from ledger.data_files import LOG_FILE, VIEWS_FILE
from ledger.domain.charter import Charter
from ledger.errors import (
    ConflictError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
)
from ledger.publish.served import read_policy
from ledger.publish.witness_client import WitnessClient
from ledger.settings import Settings
from ledger.store.sqlite.signer_state import SignedTree, SignerState
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


def remembered(path: Path) -> list[SignedTree]:
    """Return what the signer's memory holds; nothing if the file is gone."""
    if not path.is_file():
        return []
    with closing(SignerState(path)) as state:
        return state.known()


def collect(
    settings: Settings, charter: Charter, given: Sequence[Path], published: int | None
) -> Memories:
    """Collect what every source knows; `given` are files of checkpoints, `published` is a size.

    Raises ConflictError `backup_of_another` if the data directory has the log of another ledger;
    what `verify_note` raises for a file that is no checkpoint of this log.
    """
    found = Memories()
    for signed in remembered(settings.log_state):
        found.epoch = max(found.epoch, signed.epoch)
        # A tree under a later origin was signed too, although this log has no event of it.
        if signed.epoch >= charter.epoch:
            tree = signed.checkpoint
            source = "the signer's memory"
            found.trees.append(KnownTree(source, tree.size, tree.root, is_largest=True))
    found.trees += _in_files(settings.data, charter)
    for path in given:
        signed_tree, note = _verified(path.read_bytes(), charter)
        found.trees.append(KnownTree(str(path), signed_tree.size, signed_tree.root, note))
    if published is not None:
        found.trees.append(KnownTree("the operator", published, is_largest=True))
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


def _in_files(data: Path, charter: Charter) -> Iterator[KnownTree]:
    """Yield what the files in the data directory know; skip a file that cannot be read."""
    log = data / LOG_FILE
    try:
        with closing(open_read_only(log)) as db:
            for (size,) in db.execute("SELECT size FROM log_head"):
                yield KnownTree("the log in the data directory", size)
            newest = "SELECT size, root, note FROM checkpoint ORDER BY size DESC LIMIT 1"
            for size, root, note in db.execute(newest):
                yield KnownTree(
                    "the log in the data directory", size, root, _ours(note, data, charter)
                )
    except (sqlite3.Error, NotFoundError, MalformedError):
        pass
    try:
        with closing(open_read_only(data / VIEWS_FILE)) as db:
            for (position,) in db.execute("SELECT max(position) FROM tracking"):
                yield KnownTree("the read models", position or 0)
    except (sqlite3.Error, NotFoundError):
        return
