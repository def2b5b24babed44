"""Compare the stored receipts with the ones that the events lead to."""

from ledger.audit.findings import Finding
from ledger.audit.source import AuditedLog
from ledger.domain.receipts import Written

LOOKED_UP = 128


class Receipts:
    """Compares stored receipts with their events, in batches."""

    def __init__(self, rows: AuditedLog) -> None:
        self._rows = rows
        self._due: list[tuple[int, int, Written]] = []
        self._begun: list[int] = []
        self.count = 0

    def expect(self, position: int, count: int, expected: Written) -> Finding | None:
        """Queue a receipt of `count` events from this position; return a finding, if any."""
        self._due.append((position, count, expected))
        return self.settle() if len(self._due) == LOOKED_UP else None

    def expect_one(self, position: int) -> None:
        """Queue the receipt of a write whose evidence was erased: it begins at this position."""
        self._begun.append(position)

    def settle(self) -> Finding | None:
        """Compare the queued receipts; return the first finding."""
        due, self._due = self._due, []
        begun, self._begun = self._begun, []
        self.count += len(due) + len(begun)
        there = self._rows.receipts_from(begun)
        for position in begun:
            if position not in there:
                return _receipt(position, "receipt_missing", "no receipt begins at the position")
        stored = self._rows.receipts_of([expected.key for _, _, expected in due])
        for position, count, expected in due:
            found = stored.get(expected.key)
            if found is None:
                return _receipt(
                    position, "receipt_missing", "there is no receipt with the request's key"
                )
            if found[:2] != (position, count) or found[2] not in expected.answers:
                detail = f"the receipt states {found[1]} events from {found[0]}, {found[2]!r}"
                return _receipt(position, "receipt_mismatch", detail, expected.answers[0])
        return None


def _receipt(position: int, code: str, detail: str, answer: bytes = b"") -> Finding:
    expected = answer.decode() if answer else None
    return Finding("receipt", position, code, detail, expected)
