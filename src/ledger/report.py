"""What a verifier reports: checks, a verdict, statements; the same in every language."""

from collections.abc import Sequence
from typing import Literal

import msgspec

Outcome = Literal["passed", "failed", "skipped", "unverifiable"]
Verdict = Literal["verified", "consistent", "invalid", "unverifiable"]
LEDGER = "ledger"  # the check that needs a key from outside


class Check(msgspec.Struct, frozen=True):
    """One check: what came of it, in one sentence; for a failure its code and position."""

    name: str
    outcome: Outcome
    says: str
    code: str | None = None
    position: int | None = None


class Approver(msgspec.Struct, frozen=True):
    """A person who approved, under the name that they registered with."""

    user: str
    name: str


class Decided(msgspec.Struct, frozen=True):
    """One decision on a statement; `at` is the ledger's clock."""

    position: int
    at: str
    user: str
    name: str
    decision: str
    kid: str


class Shown(msgspec.Struct, frozen=True):
    """A statement as its events lead to."""

    id: str
    title: str
    status: str
    approvers: tuple[Approver, ...]
    decisions: tuple[Decided, ...]


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """What a verifier found; `root` is base64."""

    verdict: Verdict
    mode: str | None
    ledger: str | None
    size: int | None
    root: str | None
    checks: tuple[Check, ...]
    statements: tuple[Shown, ...]
    does_not_prove: tuple[str, ...]


def verdict(checks: Sequence[Check]) -> Verdict:
    """Return what checks come to together."""
    if any(check.outcome == "failed" for check in checks):
        return "invalid"
    left_open = {check.name for check in checks if check.outcome != "passed"}
    if left_open - {LEDGER}:
        return "unverifiable"
    return "consistent" if left_open else "verified"
