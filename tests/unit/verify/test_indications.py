"""Each verdict has one indication of ETSI EN 319 102-1, mapped, and one sentence."""

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from ledger.verify.indications import SubIndication, indicated
from ledger.verify.report import (
    Check,
    CheckName,
    Verdict,
    VerificationReport,
    VerifiedPerson,
    VerifiedRequirement,
    VerifiedStatement,
)

VECTORS = Path(__file__).parents[2] / "vectors/indications/indications.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]


def report_of(case: dict[str, Any]) -> VerificationReport:
    """Return the report of a case; what each check says is the same."""
    alice = VerifiedPerson("alice", "Alice")
    statements = tuple(
        VerifiedStatement("id", "T", status, None, False, "00", alice, "2026", "P", (), ())
        for status in case["statuses"]
    )
    checks = tuple(Check(name, outcome, "So.", code) for name, outcome, code in case["checks"])
    met = tuple(
        VerifiedRequirement(n, m, "So.", undecided) for n, m, undecided in case["requirements"]
    )
    return VerificationReport(
        case["verdict"], "statement", "l", 7, "", "2026", checks, statements, (), (), met
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["expected"][2])
def test_a_verdict_has_the_indication_of_its_vector(case: dict[str, Any]) -> None:
    found = indicated(report_of(case))
    assert [found.indication, found.sub_indication, found.sentence] == case["expected"]


def test_the_vectors_have_every_verdict_check_and_subindication() -> None:
    """What no vector has, Python and JavaScript could decide differently."""
    assert {case["verdict"] for case in CASES} == set(get_args(Verdict))
    failed = {name for case in CASES for name, outcome, _ in case["checks"] if outcome == "failed"}
    assert failed == set(get_args(CheckName))
    subs = {case["expected"][1] for case in CASES}
    assert subs == {None, *get_args(SubIndication)}


def test_only_evidence_without_a_doubt_has_passed() -> None:
    passed = [case for case in CASES if case["expected"][0] == "TOTAL-PASSED"]
    assert {case["verdict"] for case in passed} == {"verified"}
    assert all({*case["statuses"]} <= {"approved"} for case in passed)
    assert msgspec.json.encode(indicated(report_of(passed[0]))).startswith(
        b'{"indication":"TOTAL-PASSED","subIndication":null,'
    )
