"""Findings: the places where a ledger does not match its evidence."""

from typing import Any, Literal, get_args

import msgspec

from ledger.errors import LedgerError
from ledger.verify.auditor import AuditError

# Of two findings at one position, the earlier part here comes first: it is nearer the cause.
Part = Literal[
    "file",
    "event",
    "head",
    "claim",
    "member",
    "receipt",
    "tile",
    "checkpoint",
    "endorsement",
    "signer's memory",
    "read models",
]
MOST_ENTRY_BYTES = 512  # longer than any entry
_RANKS: dict[Part, int] = {part: rank for rank, part in enumerate(get_args(Part))}


class Finding(msgspec.Struct, frozen=True):
    """One error: its part of the file and its position, None for the whole part.

    `code` is the reason; `expected` is the right value, if there is exactly one.
    """

    part: Part
    position: int | None
    code: str
    detail: str
    expected: str | None = None
    entry: str | None = None


def first(findings: "list[Finding]") -> Finding | None:
    """Return the finding at the lowest position; one without a position comes first."""
    return min(findings, key=_rank, default=None)


def _rank(finding: Finding) -> tuple[float, int]:
    position = float("inf") if finding.position is None else finding.position
    return position, _RANKS[finding.part]


def of_error(part: Part, error: LedgerError, position: int | None = None) -> Finding:
    """Return the finding for an error; a file that cannot be read is the file's own fault."""
    if error.code == "file_malformed":
        return Finding("file", None, error.code, error.detail)
    if isinstance(error, AuditError):
        found, cause = error.evidence["position"], error.__cause__
        code = cause.code if isinstance(cause, LedgerError) else error.code
        detail = cause.detail if isinstance(cause, LedgerError) else error.detail
        return Finding(part, int(str(found)), code, detail)
    return Finding(part, position, error.code, error.detail)


def entry_text(stored: Any) -> str | None:
    """Return a stored entry as the text of a finding, None if nobody could read it."""
    if not isinstance(stored, bytes) or len(stored) >= MOST_ENTRY_BYTES:
        return None
    text = stored.decode("utf-8", "replace")
    return text if text.isprintable() else None
