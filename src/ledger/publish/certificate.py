"""A certificate: what a verifier finds in the bundle of one statement, for people to read. Pure.

It is a summary and proves nothing by itself, so it says so and carries the bundle. Each word of it
comes from the verifier's report, never from the ledger's own tables.
"""

import re
import unicodedata

import msgspec

from ledger.domain.vocabulary import DecisionKind
from ledger.errors import CorruptError
from ledger.verify.report import VerificationReport, VerifiedDecision
from ledger.verify.report_words import told_limits

BUNDLE_NAME = "evidence.zip"
SUMMARY = "The bundle inside the PDF file is the proof; this page is a summary of it."
VALIDATED = (
    "The file is written to the rules of PDF/A-3b; no independent validator has confirmed that."
)
MAX_NAME_CHARS = 80
_WORDS: dict[DecisionKind, str] = {
    "approval": "approved",
    "rejection": "rejected",
    "retraction": "took the approval back",
    "withdrawal": "withdrew it",
}


class CertifiedDecision(msgspec.Struct, frozen=True):
    """One row of the table of decisions."""

    position: int
    at: str
    name: str
    decision: str
    kid: str
    form: str


class CertifiedKey(msgspec.Struct, frozen=True):
    """A key that decided, and how it and its person stand at the end of the evidence."""

    kid: str
    name: str
    stands: str


class Certificate(msgspec.Struct, frozen=True):
    """Everything that a certificate says; `checks` are a name and a sentence each."""

    statement: str
    title: str
    status: str
    sha256: str
    type: str
    creator: str
    creator_account: str | None
    drafted_at: str
    policy: str
    decisions: tuple[CertifiedDecision, ...]
    keys: tuple[CertifiedKey, ...]
    ledger: str
    size: int
    root: str
    as_of: str
    checks: tuple[tuple[str, str], ...]
    limits: tuple[str, ...]

    @property
    def steps(self) -> tuple[str, ...]:
        """How to verify, in three steps."""
        return (
            f"Take {BUNDLE_NAME} out of the PDF file: any PDF reader lists it as an attachment.",
            "Get the ledger's log key from a source that you trust, and not from this file.",
            f"Run: ledger verify {BUNDLE_NAME} --log-key KEY. Or open verify.html, from a source"
            " that you trust, in a browser.",
        )

    @property
    def file_stem(self) -> str:
        """A file name from the title, without its extension; the id if the title has no letters."""
        words = re.findall(r"\w+", unicodedata.normalize("NFC", self.title))
        return "-".join(words)[:MAX_NAME_CHARS].strip("-_") or self.statement


def certificate(report: VerificationReport) -> Certificate:
    """Return the certificate of the bundle's first statement.

    Raises CorruptError `bundle_invalid` if a check failed, or if the report shows no statement.
    """
    failed = next((each for each in report.checks if each.outcome == "failed"), None)
    if failed is not None or not report.statements:
        says = failed.says if failed else "its decisions could not be checked"
        raise CorruptError("bundle_invalid", f"no certificate of this bundle: {says}")
    shown = report.statements[0]
    status = f"{shown.status}, in question" if shown.in_question else shown.status
    keys = {each.kid: each for each in shown.decisions}
    return Certificate(
        statement=shown.id,
        title=shown.title,
        status=status,
        sha256=shown.sha256,
        type="none" if shown.type is None else shown.type.named,
        creator=shown.creator.name,
        creator_account=shown.creator_account,
        drafted_at=shown.drafted_at,
        policy=shown.policy,
        decisions=tuple(map(_decision, shown.decisions)),
        keys=tuple(CertifiedKey(kid, each.name, _stands(each)) for kid, each in keys.items()),
        ledger=report.ledger or "",
        size=report.size or 0,
        root=report.root or "",
        as_of=report.as_of or "",
        checks=tuple((each.name, each.says) for each in report.checks if each.outcome == "passed"),
        limits=tuple(report.does_not_prove),
    )


def _decision(made: VerifiedDecision) -> CertifiedDecision:
    word = _WORDS[made.decision] + (", in question" if made.in_question else "")
    form = {"individual": "individual, policy not signed", "shared": "shared"}.get(
        made.form or "", "act"
    )
    return CertifiedDecision(made.position, made.at, made.name, word, made.kid, form)


def _stands(made: VerifiedDecision) -> str:
    """Return how a key stands, in words."""
    plain = msgspec.structs.replace(made, form=None)
    return told_limits(plain).removeprefix(", ") or "not revoked, as far as the evidence shows"
