"""A report in three layers: one conclusion, every check, all inputs by SHA-256. Pure.

A reader keeps it, to show later what was verified, with what, and on whose word.
Python and the offline page write the same one.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from ledger.encoding import jcs, sha256_hex
from ledger.verify.companions import Companion
from ledger.verify.existence import Existence
from ledger.verify.indications import Indication, indicated
from ledger.verify.report import (
    CheckName,
    CheckOutcome,
    VerificationReport,
    VerifiedHeads,
    VerifiedRequirement,
    VerifiedRestoration,
    VerifiedStatement,
)

FORMAT: Literal["ledger-report/1"] = "ledger-report/1"
NOTICES = (
    "The indication is mapped to those of ETSI EN 319 102-1 for comparison, and no more: the"
    " evidence was not validated by that standard.",
    "Everything is as of the checkpoint. A key without a revocation in the evidence may have been"
    " revoked later: nothing here says that it was not.",
)
_RESULTS: dict[CheckOutcome, Literal["PASSED", "FAILED", "INDETERMINATE"]] = {
    "passed": "PASSED",
    "failed": "FAILED",
    "unverifiable": "INDETERMINATE",
    "skipped": "INDETERMINATE",
}


class Input(msgspec.Struct, frozen=True):
    """Something that the verifier read: its name and its SHA-256 in hex."""

    name: str
    sha256: str


class Inputs(msgspec.Struct, frozen=True, rename="camel"):
    """What a verification rests on; `verified_at` is a time of the verifier's own clock.

    `options` are what the caller trusts and requires, the policy of this verification;
    `policy_sha256` is the SHA-256 of their RFC 8785 form. Files in it stand by their SHA-256.
    """

    verifier: str
    version: str
    verified_at: str
    evidence: Input
    files: tuple[Input, ...]
    options: dict[str, Any]
    policy_sha256: str


class ReportedCheck(msgspec.Struct, frozen=True):
    """One check: what it found, the code of a failure, and the positions that it concerns."""

    id: CheckName
    result: Literal["PASSED", "FAILED", "INDETERMINATE"]
    says: str
    code: str | None
    positions: tuple[int, ...]


class ReliedOnKey(msgspec.Struct, frozen=True):
    """A person's signing key that decided, and what the evidence has of its end.

    `none-seen` says that no revocation is in the evidence, and not that there was none later.
    """

    kid: str
    user: str
    revocation: Literal["revoked", "none-seen"]


class LayeredReport(msgspec.Struct, frozen=True, rename="camel"):
    """The layers, from the conclusion down to the inputs."""

    conclusion: Indication
    notices: tuple[str, ...]
    ledger: str | None
    size: int | None
    root: str | None
    as_of: str | None
    existence: Existence | None
    statements: tuple[VerifiedStatement, ...]
    requirements: tuple[VerifiedRequirement, ...]
    restorations: tuple[VerifiedRestoration, ...]
    heads: VerifiedHeads | None
    checks: tuple[ReportedCheck, ...]
    does_not_prove: tuple[str, ...]
    companions: tuple[Companion, ...]
    log_keys: tuple[str, ...]
    signing_keys: tuple[ReliedOnKey, ...]
    inputs: Inputs
    format: Literal["ledger-report/1"] = FORMAT


def policy_digest(options: dict[str, Any]) -> str:
    """Return the SHA-256, in hex, of what the caller trusts and requires."""
    return sha256_hex(jcs(options))


def layered(report: VerificationReport, inputs: Inputs) -> LayeredReport:
    """Return a report in layers."""
    return LayeredReport(
        conclusion=indicated(report),
        notices=NOTICES,
        ledger=report.ledger,
        size=report.size,
        root=report.root,
        as_of=report.as_of,
        existence=report.existence,
        statements=report.statements,
        requirements=report.requirements,
        restorations=report.restorations,
        heads=report.heads,
        checks=tuple(
            ReportedCheck(
                each.name,
                _RESULTS[each.outcome],
                each.says,
                each.code,
                () if each.position is None else (each.position,),
            )
            for each in report.checks
        ),
        does_not_prove=report.does_not_prove,
        companions=report.companions,
        log_keys=report.log_keys,
        signing_keys=_relied_on(report.statements),
        inputs=inputs,
    )


def _relied_on(statements: Sequence[VerifiedStatement]) -> tuple[ReliedOnKey, ...]:
    """Return each key that decided, once, in the order of the decisions."""
    found: dict[str, ReliedOnKey] = {}
    for statement in statements:
        for each in statement.decisions:
            state: Literal["revoked", "none-seen"]
            state = "revoked" if each.key_revoked else "none-seen"
            found.setdefault(each.kid, ReliedOnKey(each.kid, each.user, state))
    return tuple(found.values())
