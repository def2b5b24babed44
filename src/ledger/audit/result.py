"""The result of an audit: one verdict, its evidence, what was checked and what was not."""

from typing import Literal
from uuid import UUID

import msgspec

from ledger import __version__, clock
from ledger.audit.counts import Counts
from ledger.audit.findings import Finding
from ledger.audit.shares import ErasedBody
from ledger.domain.text import plain
from ledger.verify.report import VerifiedRestoration
from ledger.verify.report_words import told_restoration

SHOWN_IDS = 10
AuditVerdict = Literal["verified", "invalid", "unverifiable", "stale"]


class ErasureResult(msgspec.Struct, frozen=True, rename="camel"):
    """What a change erased: the bodies of a statement, or the name of a person.

    `position` is that of the erasing event. The decisions on the statement at `positions` can no
    longer be recomputed; no decision rests on a name.
    """

    statement: str | None
    person: str | None
    change: str
    position: int
    positions: list[int]


class AuditResult(msgspec.Struct, kw_only=True, rename="camel"):
    """The result of an audit. `size` and `root` (hex) are of the recomputed tree.

    `newest` is the size of the newest checkpoint, 0 for none. `trusted` is the position up to which
    an earlier run recomputed the decisions.
    """

    verdict: AuditVerdict
    finding: Finding | None
    file: str
    ledger: str | None
    size: int
    root: str
    newest: int
    checkpoints: int
    tiles: int
    people: int
    claims: int
    counts: Counts
    log_keys: list[str]
    restorations: list[VerifiedRestoration]
    erasures: list[ErasureResult]
    trusted: int
    notes: list[str]
    at: str
    seconds: float
    jobs: int
    tool: str


def unreadable(file: str, finding: Finding, *, now_ms: int) -> AuditResult:
    """Return the result for a log of which nothing can be read."""
    return AuditResult(
        verdict="invalid",
        finding=finding,
        file=file,
        ledger=None,
        size=0,
        root="",
        newest=0,
        checkpoints=0,
        tiles=0,
        people=0,
        claims=0,
        counts=Counts(),
        log_keys=[],
        restorations=[],
        erasures=[],
        trusted=0,
        notes=[],
        at=clock.to_text(now_ms),
        seconds=0.0,
        jobs=0,
        tool=__version__,
    )


_HEADS: dict[AuditVerdict, str] = {
    "verified": "VERIFIED: the log matches its evidence",
    "invalid": "INVALID: the log does not match its evidence",
    "unverifiable": "UNVERIFIABLE: no contradiction was found, but evidence is missing",
    "stale": "STALE: valid, but the newest entries should have a checkpoint by now",
}


def lines(report: AuditResult) -> list[tuple[str, str]]:
    """Return what was checked, as (name, value) pairs."""
    counts = report.counts
    statuses = ", ".join(f"{number:,} {name}" for name, number in counts.statuses.items() if number)
    signed = f"{report.checkpoints:,}, the newest of {report.newest:,} entries"
    return [
        ("ledger", report.ledger or "not founded"),
        ("file", report.file),
        ("events", f"{report.size:,}"),
        ("root", report.root),
        ("checkpoints", signed if report.checkpoints else "none"),
        ("tiles", f"{report.tiles:,}"),
        ("signatures", f"{counts.signatures:,} verified"),
        ("passkey responses", f"{counts.assertions:,} verified"),
        ("people", f"{report.people:,}"),
        ("statements", statuses or "none"),
        ("in question", _questioned(counts)),
        ("erased", _erased(report.erasures)),
        ("names · receipts", f"{report.claims:,} · {counts.receipts:,}"),
        ("took", f"{report.seconds:.1f} s in {report.jobs} process(es), ledger {report.tool}"),
    ]


def _questioned(counts: Counts) -> str:
    """Return how many decisions are in question, and which approved statements need them."""
    count = len(counts.questioned)
    shown = ", ".join(counts.questioned[:SHOWN_IDS]) + (", …" if count > SHOWN_IDS else "")
    needed = f"; {count:,} approved statement(s) need them: {shown}" if count else ""
    return f"{counts.in_question:,} decision(s){needed}" if counts.in_question else "none"


def erasures_of(erased: dict[int, ErasedBody]) -> list[ErasureResult]:
    """Return what was erased, in the order of the erasures."""
    found: dict[int, list[int]] = {}
    for position, each in erased.items():
        found.setdefault(each.by, []).append(position)
    return [_of(erased[positions[0]], positions) for _, positions in sorted(found.items())]


def _of(first: ErasedBody, positions: list[int]) -> ErasureResult:
    stream = str(UUID(bytes=first.stream))
    return ErasureResult(
        statement=None if first.is_name else stream,
        person=stream if first.is_name else None,
        change=first.change,
        position=first.by,
        positions=positions,
    )


def _erased(erasures: list[ErasureResult]) -> str:
    names = sum(each.person is not None for each in erasures)
    bodies = sum(len(each.positions) for each in erasures) - names
    of_statements = f"{bodies:,} bodies of {len(erasures) - names:,} statement(s)"
    found = [of_statements] * (len(erasures) > names) + [f"{names:,} name(s)"] * (names > 0)
    return ", ".join(found) or "none"


def told_erasure(erased: ErasureResult) -> str:
    """Return the sentence about an erasure in a report."""
    if erased.person is not None:
        return (
            f"The name of the person {erased.person}, at position {erased.positions[0]:,}, erased"
            f" by the change at position {erased.position:,} ({erased.change}). No decision rests"
            " on it; its entry was checked."
        )
    shown = ", ".join(f"{each:,}" for each in erased.positions[:SHOWN_IDS])
    more = ", …" if len(erased.positions) > SHOWN_IDS else ""
    return (
        f"{len(erased.positions):,} bodies erased by the change at position {erased.position:,}"
        f" ({erased.change}). The decisions on the statement {erased.statement} at the positions"
        f" {shown}{more} can no longer be recomputed; their entries were checked."
    )


def to_text(report: AuditResult) -> str:
    """Return the report for a terminal."""
    told = [_HEADS[report.verdict], ""]
    finding = report.finding
    if finding is not None:
        place = "" if finding.position is None else f" at position {finding.position:,}"
        told += [
            f"first finding: {finding.part}{place}: {finding.code}",
            f"  {plain(finding.detail)}",
        ]
        told += [f"  expected: {finding.expected}"] if finding.expected else []
        told += [f"  entry: {finding.entry}"] if finding.entry else []
        told.append("")
    told += [f"{name:<18}{value}" for name, value in lines(report)]
    for restored in report.restorations:
        told += [
            "",
            told_restoration(restored),
            f"  The operator's reason: {plain(restored.reason)}",
        ]
    for each in report.erasures:
        told += ["", told_erasure(each)]
    told += ["", *(f"- {note}" for note in report.notes)] if report.notes else []
    return "\n".join(told) + "\n"


def to_json(report: AuditResult) -> bytes:
    """Return the report for programs."""
    return msgspec.json.format(msgspec.json.encode(report)) + b"\n"


def head(report: AuditResult) -> str:
    """Return the verdict in words."""
    return _HEADS[report.verdict]
