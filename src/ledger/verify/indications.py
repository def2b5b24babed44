"""A verdict as an indication of ETSI EN 319 102-1, and in one sentence. Pure.

The indication is mapped, for readers who know that standard: this verifier does not validate by it.
Where the standard has no subindication for what was found, there is none.
"""

from typing import Literal, assert_never

import msgspec

from ledger.verify.report import Check, CheckName, CheckOutcome, VerificationReport

MainIndication = Literal["TOTAL-PASSED", "TOTAL-FAILED", "INDETERMINATE"]
SubIndication = Literal[
    "FORMAT_FAILURE",
    "HASH_FAILURE",
    "SIG_CRYPTO_FAILURE",
    "REVOKED",
    "EXPIRED",
    "SIG_CONSTRAINTS_FAILURE",
    "CRYPTO_CONSTRAINTS_FAILURE",
    "NO_SIGNING_CERTIFICATE_FOUND",
    "NO_CERTIFICATE_CHAIN_FOUND",
    "REVOKED_NO_POE",
    "NO_POE",
    "SIGNED_DATA_NOT_FOUND",
    "TRY_LATER",
]
# Of a failed check: by its code if the code says more than its name.
_FAILED_CODES: dict[str, SubIndication] = {
    "key_revoked": "REVOKED",
    "key_expired": "EXPIRED",
}
_FAILED: dict[CheckName, SubIndication] = {
    "readable": "FORMAT_FAILURE",
    "content": "HASH_FAILURE",
    "signatures": "SIG_CRYPTO_FAILURE",
    "attestations": "SIG_CRYPTO_FAILURE",
    "entries": "HASH_FAILURE",
    "checkpoint": "SIG_CRYPTO_FAILURE",
    "heads": "SIG_CRYPTO_FAILURE",
    "witnesses": "SIG_CRYPTO_FAILURE",
    "time": "SIG_CRYPTO_FAILURE",
}
# Of a check that could not be decided; any other code says that something is missing.
_OPEN_CODES: dict[str, SubIndication] = {
    "log_key_not_given": "NO_SIGNING_CERTIFICATE_FOUND",
    "log_key_unsigned": "SIG_CONSTRAINTS_FAILURE",
    "witnesses_missing": "SIG_CONSTRAINTS_FAILURE",
    "stamp_missing": "NO_POE",
    "stamp_unsupported": "CRYPTO_CONSTRAINTS_FAILURE",
    "algorithm_unknown": "CRYPTO_CONSTRAINTS_FAILURE",
    "heads_missing": "TRY_LATER",
    "receipt_outdated": "TRY_LATER",
}


class Indication(msgspec.Struct, frozen=True, rename="camel"):
    """One indication, its subindication if there is one, and one sentence."""

    indication: MainIndication
    sub_indication: SubIndication | None
    sentence: str


def indicated(report: VerificationReport) -> Indication:
    """Return the indication of a report."""
    match report.verdict:
        case "invalid":
            check = _first(report, "failed")
            sub = _FAILED_CODES.get(check.code or "") or _FAILED.get(check.name)
            return Indication("TOTAL-FAILED", sub, f"The check {check.name} failed: {check.says}")
        case "unverifiable":
            check = _first(report, "unverifiable")
            sub = _OPEN_CODES.get(check.code or "", "SIGNED_DATA_NOT_FOUND")
            told = f"The check {check.name} cannot be decided: {check.says}"
            return Indication("INDETERMINATE", sub, told)
        case "consistent":
            told = "All is consistent, but no key was given that says whose ledger it is."
            return Indication("INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND", told)
        case "in_question":
            told = "A statement is approved only with a decision that is in question."
            return Indication("INDETERMINATE", "REVOKED_NO_POE", told)
        case "verified":
            return _verified(report)
        case never:
            assert_never(never)


def _verified(report: VerificationReport) -> Indication:
    """Return the indication of valid evidence: it may show something else than was required."""
    unmet = [each for each in report.requirements if not each.met]
    refused = [each for each in unmet if not each.undecided]
    if refused:
        told = f"The checks passed, but --{refused[0].name} is not met: {refused[0].says}"
        return Indication("INDETERMINATE", "SIG_CONSTRAINTS_FAILURE", told)
    waiting = [each for each in report.statements if each.status != "approved"]
    if waiting:
        verb = "is" if len(waiting) == 1 else "are"
        count = f"{len(waiting)} of {len(report.statements)} statements {verb}"
        told = f"The checks passed, but {count} not approved ({waiting[0].status})."
        return Indication("INDETERMINATE", "SIG_CONSTRAINTS_FAILURE", told)
    if unmet:
        told = f"The checks passed, but --{unmet[0].name} needs newer evidence: {unmet[0].says}"
        return Indication("INDETERMINATE", "TRY_LATER", told)
    shown = " and every statement is approved" if report.statements else ""
    return Indication("TOTAL-PASSED", None, f"All {len(report.checks)} checks passed{shown}.")


def _first(report: VerificationReport, outcome: CheckOutcome) -> Check:
    """Return the first check with an outcome that the verdict rests on."""
    return next(each for each in report.checks if each.outcome == outcome and _needed(each))


def _needed(check: Check) -> bool:
    return check.outcome == "failed" or check.name != "ledger"
