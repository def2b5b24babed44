"""Verify the endorsements in the log's file: witnesses' cosignatures and time-stamps.

The auditor provides the trusted keys of witnesses and certificates of authorities. Without them a
row is only compared with its checkpoint, and counted as not verified. A verified one says when its
checkpoint existed; an event that claims a later time is reported.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from ledger import clock
from ledger.audit import findings
from ledger.audit.findings import Finding
from ledger.audit.source import AuditedLog
from ledger.domain import key_material
from ledger.domain.entry import entry_ms
from ledger.errors import CorruptError, LedgerError, MalformedError, RefusedError
from ledger.timestamp.verify import Certificates, verify_stamp
from ledger.tlog.checkpoint import parse_lines, parse_note, verify_lines
from ledger.tlog.vkeys import NoteKey


class TrustedEndorsers(msgspec.Struct, frozen=True):
    """Whom the auditor trusts: keys of witnesses, certificates of time-stamp authorities."""

    witnesses: tuple[NoteKey, ...] = ()
    authorities: Certificates = ()


class EndorsementCheck:
    """Verifies the endorsements by witnesses and authorities that the auditor trusts."""

    def __init__(self, rows: AuditedLog, trusted: TrustedEndorsers) -> None:
        self._rows = rows
        self._trusted = trusted
        self._unknown = {"cosignatures": 0, "time-stamps": 0}

    def run(self, claimed: Collection[str]) -> Finding | None:
        """Return the first finding; `claimed` are the names that the events claim."""
        try:
            key_material.require_independent(self._trusted.witnesses, claimed)
        except RefusedError as error:
            return findings.of_error("endorsement", error)
        for stored, check in (
            (self._rows.cosignatures(), self._cosignature),
            (self._rows.stamps(), self._stamp),
        ):
            for number, (row_id, size, *rest) in enumerate(stored, start=1):
                try:
                    if row_id != number:
                        raise _mismatch(f"row {number} of its table is missing")
                    check(size, *rest)
                except LedgerError as error:
                    return findings.of_error("endorsement", error, size)
        return None

    def notes(self) -> list[str]:
        """Return sentences about endorsements that no trusted key or certificate can verify."""
        told = {"cosignatures": "by witnesses", "time-stamps": "by authorities"}
        return [
            f"{count:,} {what} {told[what]} were not verified, because you gave no key for them."
            for what, count in self._unknown.items()
            if count
        ]

    def _cosignature(self, size: int, witness: Any, line: Any, note: Any) -> None:
        if not isinstance(line, bytes) or not isinstance(note, bytes):
            raise _mismatch(f"there is a cosignature, but no checkpoint, of {size} entries")
        (signature, *more) = parse_lines(line)
        if more or witness != f"{signature.name}+{signature.key_id.hex()}":
            raise _mismatch("it is not one signature line by the named witness")
        point = parse_note(note).checkpoint
        verified = verify_lines(point, [signature], self._trusted.witnesses)
        if not verified:
            self._unknown["cosignatures"] += 1
        for _, _, time_s in verified:
            if time_s is not None:
                self._require_not_ahead(size, time_s * 1000)

    def _stamp(self, size: int, text: Any, token: Any, time: Any, note: Any) -> None:
        if not isinstance(note, bytes) or text not in self._texts(size, note):
            raise _mismatch("the time-stamp is of another text than the checkpoint's")
        if not self._trusted.authorities:
            self._unknown["time-stamps"] += 1
            return
        found = verify_stamp(bytes(token), text, self._trusted.authorities)
        if time != clock.to_text(round(found.time.timestamp() * 1000)):
            raise _mismatch("the stored time differs from the time-stamp's")
        self._require_not_ahead(size, clock.to_ms(time))

    def _require_not_ahead(self, size: int, endorsed_ms: int) -> None:
        """Require that the newest event was recorded before others saw it, but for five minutes.

        Times never decrease, so no earlier event is later.
        """
        raw = self._rows.entry(size)
        if not isinstance(raw, bytes):
            return
        try:
            at_ms = entry_ms(raw)
        except MalformedError:  # the audit of the event reports it
            return
        if at_ms > endorsed_ms + clock.SKEW_MS:
            at, seen = clock.to_text(at_ms), clock.to_text(endorsed_ms)
            detail = f"the event is of {at}, but it was seen at {seen} already"
            raise CorruptError("time_ahead", detail)

    def _texts(self, size: int, note: bytes) -> list[bytes]:
        """Return the note as published, and after each cosignature that was appended."""
        texts = [note]
        for line in self._rows.cosignature_lines(size):
            texts.append(texts[-1] + bytes(line))
        return texts


def _mismatch(detail: str) -> CorruptError:
    return CorruptError("endorsement_mismatch", detail)
