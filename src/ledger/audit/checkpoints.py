"""Verify every checkpoint's note with the keys that the log announced for its size."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from ledger import clock
from ledger.audit import findings
from ledger.audit.findings import Finding
from ledger.audit.source import AuditedLog
from ledger.domain.charter import Charter
from ledger.errors import CorruptError, LedgerError
from ledger.tlog.checkpoint import Checkpoint, parse_note, verify_note
from ledger.tlog.vkeys import NoteKey, parse_vkey


class CheckpointCheck:
    """Verifies the notes of one log's checkpoints."""

    def __init__(self, charter: Charter) -> None:
        self._charter = charter
        self._key = cache(parse_vkey)

    def run(self, rows: AuditedLog, size: int, part: int, parts: int) -> Finding | None:
        """Verify one of `parts` shares of the checkpoints up to `size`; return the finding."""
        for row in rows.checkpoints(size, part, parts):
            try:
                self.verify(*row)
            except LedgerError as error:
                return findings.of_error("checkpoint", error, row[0])
        return None

    def verify(self, size: int, root: Any, note: Any, published_at: Any) -> None:
        """Verify one row; raise what `verify_note` raises, CorruptError `checkpoint_mismatch`."""
        if not isinstance(note, bytes) or not isinstance(published_at, str):
            raise CorruptError("checkpoint_mismatch", "a column has the wrong type")
        keys = self.keys(size)
        origin = self._charter.origin_of(size)
        verified = verify_note(note, keys, expected_origin=origin)
        if verified.checkpoint != Checkpoint(origin, size, root):
            raise CorruptError(
                "checkpoint_mismatch", "the note does not match the row's size and root"
            )
        # The publisher signs with all keys in force and adds no other line.
        if {*verified.signers} != {*keys} or len(parse_note(note).signatures) != len(keys):
            raise CorruptError(
                "checkpoint_mismatch", "the signature lines are not those of the keys in force"
            )
        seconds = clock.to_ms(published_at) // 1000
        if any(time is not None and time != seconds for time in verified.times):
            raise CorruptError(
                "checkpoint_mismatch", "the publication time differs from the signed time"
            )

    def keys(self, size: int) -> Sequence[NoteKey]:
        """Return the keys in force for a checkpoint of this size."""
        return [self._key(key.vkey) for key in self._charter.log_keys if key.signs(size)]
