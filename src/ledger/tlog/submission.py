"""The add-checkpoint request to a witness, and the witness's decision: C2SP tlog-witness. Pure.

A witness verifies only that a checkpoint extends the last one that it signed. It reads no entries.
The type of an error determines the HTTP status that the specification requires.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from ledger.encoding import b64_encode
from ledger.errors import ConflictError, ForbiddenError, MalformedError, NotFoundError, RefusedError
from ledger.tlog.checkpoint import Checkpoint, parse_hash, parse_note, parse_number, verify_note
from ledger.tlog.merkle import EMPTY_ROOT, MAX_PROOF_HASHES, verify_consistency
from ledger.tlog.vkeys import NoteKey

SUBMIT = "add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
_OLD = re.compile(r"old (.*)")


class Submission(msgspec.Struct, frozen=True):
    """A request body: the size that the witness knows, the proof from there, the signed note."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def to_bytes(self) -> bytes:
        """Return the request body."""
        lines = [f"old {self.old}", *map(b64_encode, self.proof), "", ""]
        return "\n".join(lines).encode() + self.note


def parse_submission(raw: bytes) -> Submission:
    """Return the parts of a request body; raise MalformedError `submission_malformed`.

    The note in it is not parsed.
    """
    head, separator, note = raw.partition(b"\n\n")
    first, *hashes = head.decode("ascii", "replace").split("\n")
    old = _OLD.fullmatch(first)
    if not separator or old is None or len(hashes) > MAX_PROOF_HASHES:
        detail = "expected old <size>, up to 63 hashes, an empty line, a checkpoint"
        raise MalformedError("submission_malformed", detail)
    proof = tuple(parse_hash(each, "submission_malformed") for each in hashes)
    return Submission(parse_number(old[1], "submission_malformed"), proof, note)


def decide(
    submission: Submission,
    logs: Mapping[str, Sequence[NoteKey]],
    known: Checkpoint | None,
) -> Checkpoint:
    """Return the checkpoint that a witness may cosign; `known` is the last one it cosigned.

    `logs` has the keys of each origin. Raises NotFoundError `origin_unknown`; ForbiddenError
    `checkpoint_unsigned`; MalformedError for the format or an old size above the new one;
    ConflictError `size_mismatch` with the known size; RefusedError `consistency_refused`.
    """
    checkpoint = _verify(submission.note, logs)
    if submission.old > checkpoint.size:
        raise MalformedError("submission_malformed", "the old size is larger than the checkpoint's")
    size, root = (0, EMPTY_ROOT) if known is None else (known.size, known.root)
    if submission.old != size:
        raise ConflictError("size_mismatch", f"the last checkpoint had size {size}", size=size)
    verify_consistency(size, root, checkpoint.size, checkpoint.root, submission.proof)
    return checkpoint


def _verify(note: bytes, logs: Mapping[str, Iterable[NoteKey]]) -> Checkpoint:
    origin = parse_note(note).checkpoint.origin
    if origin not in logs:
        raise NotFoundError("origin_unknown", "this witness does not watch this log")
    try:
        return verify_note(note, logs[origin], expected_origin=origin).checkpoint
    except RefusedError as error:
        raise ForbiddenError("checkpoint_unsigned", error.detail) from error
