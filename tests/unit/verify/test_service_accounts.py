"""What the auditor and reports say of service accounts; the offline verifier says the same.

tests/vectors/conformance has the bundles, and the names that both verifiers report.
"""

import json
from typing import Any

import pytest

from ledger.cli.verify_report import print_report
from ledger.publish.certificate import certificate
from ledger.verify.report_words import told_actor
from ledger.verify.used import decide_used
from tests.unit.verify.test_changes import check_case
from tests.vectors.conformance.make import DIRECTORY, reported
from tests.vectors.service_accounts.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
CASES: list[dict[str, Any]] = FOUND["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_auditor_decides_each_case(case: dict[str, Any]) -> None:
    check_case(FOUND["story"], case)


def test_a_report_names_the_account_that_drafted(capsys: pytest.CaptureFixture[str]) -> None:
    raw = (DIRECTORY / "cases/genuine-account-draft/bundle.zip").read_bytes()
    report = reported(raw, "given")
    (shown,) = report.statements
    assert shown.creator_account == "deploy"
    print_report(report)
    told = f"by deploy (service account of “{shown.creator.name}”)"
    assert f"drafted   {shown.drafted_at} {told}" in capsys.readouterr().out
    made = certificate(report)
    assert f"by {told_actor(made.creator, made.creator_account)}" == told


def test_a_report_names_the_account_that_used(capsys: pytest.CaptureFixture[str]) -> None:
    raw = (DIRECTORY / "cases/genuine-account-use/bundle.zip").read_bytes()
    report = reported(raw, "given")
    (shown,) = report.statements
    assert shown.creator_account is None
    assert [each.account for each in shown.uses] == ["deploy"]
    told = f"by deploy (service account of “{shown.uses[0].name}”)"
    print_report(report)
    assert f"use 1 {told}" in capsys.readouterr().out
    found = decide_used("never", report.statements, None, now_ms=0)
    assert found.says.endswith(f"it was used {told}.")
