"""A report of `ledger verify` as text for people."""

import sys

from ledger.domain.quoting import quoted
from ledger.domain.text import plain
from ledger.verify.companions import told_companion
from ledger.verify.report import (
    CheckOutcome,
    Verdict,
    VerificationReport,
    VerifiedRequirement,
)
from ledger.verify.report_words import told_actor, told_limits, told_restoration
from ledger.verify.used import told_uses

_VERDICTS: dict[Verdict, str] = {
    "verified": "Verified.",
    "consistent": "Consistent, but I do not know this ledger.",
    "in_question": "In question: an approval needs what was declared compromised.",
    "invalid": "Invalid: {failed}.",
    "unverifiable": "Cannot be verified: something is missing.",
}
_Marks = dict[CheckOutcome, str]
_MARKS: _Marks = {"passed": "✓", "failed": "✗", "skipped": "–", "unverifiable": "–"}
_PLAIN_MARKS: _Marks = {"passed": "+", "failed": "x", "skipped": "-", "unverifiable": "?"}


def print_report(report: VerificationReport) -> None:
    """Print a report; characters that the terminal does not have are replaced."""
    encoding = sys.stdout.encoding or "ascii"
    print_lines(_lines(report, _MARKS if _can_show("✓✗–", encoding) else _PLAIN_MARKS))


def print_lines(lines: list[str]) -> None:
    """Print lines; characters that the terminal does not have are replaced."""
    encoding = sys.stdout.encoding or "ascii"
    for line in lines:
        print(line.encode(encoding, "replace").decode(encoding))


def _found(required: VerifiedRequirement) -> str:
    if required.met:
        return "Met"
    return "CANNOT BE TOLD" if required.undecided else "NOT MET"


def _can_show(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _lines(report: VerificationReport, marks: _Marks) -> list[str]:
    lines = []
    if report.ledger is not None:
        kinds = {"log": "A public log", "receipt": "A receipt"}
        what = kinds.get(report.mode or "", f"A bundle, mode {report.mode}")
        lines += [
            f"{what}: {report.size:,} entries of {plain(report.ledger)} (its own claim).",
            "",
        ]
    for number, check in enumerate(report.checks, start=1):
        where = "" if check.code is None else f" ({plain(check.code)}{_at(check.position)})"
        says = f"{marks[check.outcome]} {check.name:<12} {plain(check.says)}{where}"
        lines.append(f"{number:>2} {says}")
    failed = ", ".join(check.name for check in report.checks if check.outcome == "failed")
    lines += ["", _VERDICTS[report.verdict].format(failed=failed)]
    lines += [f"{_found(each)}, --{each.name}: {plain(each.says)}" for each in report.requirements]
    if report.as_of is not None:
        lines.append(f"As of {report.size:,} entries; the newest one shown is of {report.as_of}.")
    for restored in report.restorations:
        reason = f"  The operator's reason: {plain(restored.reason)}"
        lines += ["", told_restoration(restored), reason]
    for shown in report.statements:
        approvers = ", ".join(quoted(plain(each.name)) for each in shown.approvers) or "nobody"
        lines += ["", f"{quoted(plain(shown.title))} is {shown.status}; approved by {approvers}."]
        if shown.supersedes is not None:
            lines.append(f"It is a new version of {shown.supersedes}.")
        if shown.superseded_by is not None:
            lines.append(f"The version {shown.superseded_by} supersedes it.")
        lines += [
            f"  statement {shown.id}",
            f"  document  {shown.sha256}",
            f"  type      {'none' if shown.type is None else plain(shown.type.named)}",
            f"  drafted   {shown.drafted_at}"
            f" by {plain(told_actor(shown.creator.name, shown.creator_account))}",
            f"  policy    {plain(shown.policy)}",
        ]
        lines += [f"  {plain(each)}" for each in told_uses(shown)]
        lines += [
            f"  {each.position:>6}  {plain(each.at)}  {each.decision} by {quoted(plain(each.name))}"
            f"{told_limits(each)}"
            for each in shown.decisions
        ]
    # Show the limits of a proof only if there is one.
    is_proof = report.verdict in ("verified", "consistent", "in_question")
    said = [told_companion(each) for each in report.companions]
    said += report.does_not_prove if is_proof else ()
    return [*lines, *([""] if said else []), *(f"- {each}" for each in said)]


def _at(position: int | None) -> str:
    return "" if position is None else f", position {position}"
