"""What a log's newest checkpoint says to somebody who remembers an earlier one. Pure.

The log and its server are treated as hostile: only signatures, tiles that lead to the signed root,
and the caller's own memory count.
"""

from collections.abc import Sequence

import msgspec

from ledger.encoding import b64_encode
from ledger.errors import LedgerError, RefusedError
from ledger.tlog.checkpoint import (
    Checkpoint,
    VerifiedCheckpoint,
    parse_note,
    verify_note,
)
from ledger.tlog.compare import ConsistencyProof, compare_trees
from ledger.tlog.merkle import Prover, ReadTile
from ledger.tlog.verified_tiles import VerifiedTiles
from ledger.tlog.vkeys import NoteKey
from ledger.tlog.witness_policy import WitnessPolicy
from ledger.verify.endorsements import check_witnesses
from ledger.verify.log_signatures import signed_by

AHEAD_S = 300  # a signed time may be so far ahead of the watcher's clock


class Watcher(msgspec.Struct, frozen=True):
    """The keys and the policy that the watcher trusts, and how old a signed time may be."""

    keys: Sequence[NoteKey]
    policy: WitnessPolicy | None = None
    max_age_s: int | None = None


class Remembered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The last checkpoint that was believed, and when its tree was first seen, in seconds."""

    checkpoint: str
    seen_s: int


class Alarm(msgspec.Struct, frozen=True):
    """What is wrong, with the stable code of an error."""

    code: str
    says: str


class Watched(msgspec.Struct, frozen=True):
    """What was found; `remember` is None if the newest checkpoint is not to be believed.

    `proof` is there if the sizes differ and the tiles led to both trees.
    """

    tree: Checkpoint | None
    alarms: tuple[Alarm, ...]
    remember: Remembered | None = None
    proof: ConsistencyProof | None = None


def trusted(note: bytes, keys: Sequence[NoteKey]) -> VerifiedCheckpoint:
    """Verify a checkpoint with the keys of its origin; raise as `verify_note`.

    A log has another origin after a restore, so keys of several origins may be trusted.
    """
    origin = parse_note(note).checkpoint.origin
    named = [key for key in keys if key.name == origin]
    if not named:
        raise RefusedError("note_origin_mismatch", f"no given key is one of the log {origin}")
    return verify_note(note, named, expected_origin=origin)


def watch(
    note: bytes, before: Remembered | None, watcher: Watcher, read: ReadTile, *, now_s: int
) -> Watched:
    """Return what the newest checkpoint of a log shows; never raises for what the log says.

    `read` returns tiles of the log. A tree is believed if a trusted key signed it and it extends
    the remembered one. A missing line, a missing witness or an old time also raises an alarm.
    """
    try:
        signed = trusted(note, watcher.keys)
    except LedgerError as error:
        return Watched(None, (_alarm(error),))
    tree = signed.checkpoint
    try:
        proof = None if before is None else _extended(before, tree, watcher.keys, read)
    except _DisprovedError as error:
        return Watched(tree, (_alarm(error),), proof=error.proof)
    except LedgerError as error:
        return Watched(tree, (_alarm(error),))
    alarms, times = _endorsed(note, signed, watcher)
    seen_s = _first_seen(before, tree, now_s)
    # Without a signed time only the watcher's own clock tells how long the tree has stayed.
    newest = max(times, default=seen_s)
    if newest > now_s + AHEAD_S:
        detail = "a line states a time in the future; one of the two clocks is wrong"
        return Watched(tree, (*alarms, Alarm("time_ahead", detail)), proof=proof)
    if watcher.max_age_s is not None and now_s - newest > watcher.max_age_s:
        hours = f"{(now_s - newest) / 3600:,.1f} hours"
        alarms.append(Alarm("checkpoint_stale", f"its newest time is {hours} old"))
    return Watched(tree, tuple(alarms), Remembered(note.decode(), seen_s), proof)


def _first_seen(before: Remembered | None, tree: Checkpoint, now_s: int) -> int:
    if before is not None and parse_note(before.checkpoint.encode()).checkpoint == tree:
        return min(before.seen_s, now_s)
    return now_s


class _DisprovedError(RefusedError):
    """Two signed checkpoints contradict each other; `proof` shows it if their sizes differ."""

    proof: ConsistencyProof | None = None


def _extended(
    before: Remembered, tree: Checkpoint, keys: Sequence[NoteKey], read: ReadTile
) -> ConsistencyProof | None:
    """Verify that a tree extends the remembered one, and return the proof if the sizes differ.

    Raises RefusedError `log_rolled_back` or `log_forked`, what `VerifiedTiles` raises, and what
    `trusted` raises for the remembered checkpoint.
    """
    old = trusted(before.checkpoint.encode(), keys).checkpoint
    if tree.size < old.size:
        detail = f"it shows {tree.size:,} entries, and {old.size:,} were signed before"
        raise RefusedError("log_rolled_back", detail)
    proof = None
    if tree.size > old.size:
        prover = Prover(tree.size, VerifiedTiles(tree, read).read)
        proof = ConsistencyProof(prover.root(old.size), prover.consistency(old.size))
    found = compare_trees(old, tree, proof)
    if found.outcome not in ("same", "consistent"):
        error = _DisprovedError("log_forked", found.says)
        error.proof = proof
        raise error
    return proof


def _endorsed(
    note: bytes, signed: VerifiedCheckpoint, watcher: Watcher
) -> tuple[list[Alarm], list[int]]:
    """Return what is missing of a signed checkpoint, and the times in its lines."""
    tree, alarms = signed.checkpoint, []
    times = [time for time in signed.times if time is not None]
    named = [key for key in watcher.keys if key.name == tree.origin]
    try:
        signed_by(note, named, tree.origin, announced=named, all_keys=True)
    except LedgerError as error:
        alarms.append(Alarm(error.code, error.detail.replace("announced", "given")))
    if watcher.policy is not None:
        try:
            _, found = check_witnesses(
                note, watcher.policy, expected_origin=tree.origin, log_keys=named
            )
            times += found.times
        except LedgerError as error:
            alarms.append(_alarm(error))
    return alarms, times


def _alarm(error: LedgerError) -> Alarm:
    return Alarm(error.code, error.detail)


def consistency_answer(old: Checkpoint, new: Checkpoint, proof: ConsistencyProof) -> bytes:
    """Return a proof in the form that `/log/consistency` gives and `ledger log compare` takes."""
    return msgspec.json.encode(
        {
            "from": old.size,
            "to": new.size,
            "fromRoot": b64_encode(proof.old_root),
            "toRoot": b64_encode(new.root),
            "proof": [b64_encode(each) for each in proof.hashes],
        }
    )
