"""The conformance suite: its files, its runner, and what each case shows."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.tlog.vkeys import parse_vkey
from ledger.verify.bundle import verify
from tests.vectors.conformance import run
from tests.vectors.conformance.make import DIRECTORY, files
from tests.vectors.conformance.table import CASES, GENUINE

ROOT = Path(__file__).parents[3]
RUNNER = [sys.executable, str(DIRECTORY / "run.py")]
LEDGER = [sys.executable, "-m", "ledger", "verify", "--json"]


def test_the_script_writes_the_same_files() -> None:
    names = {str(each.relative_to(DIRECTORY)) for each in DIRECTORY.glob("cases/*/*")}
    assert names | {"manifest.json"} == {*files()}
    assert [n for n, raw in files().items() if (DIRECTORY / n).read_bytes() != raw] == []
    assert run.damaged() == []


def test_the_suite_stays_small() -> None:
    assert sum(map(len, files().values())) < 5_000_000


def test_each_case_is_told_once_and_every_refusal_has_a_sabotage() -> None:
    names = [each.name for each in CASES]
    assert len({*names}) == len(names)
    genuine = {each.name for each in GENUINE}
    assert {each.name for each in CASES if not each.sabotage} == genuine
    verdicts = {case["name"]: case["verdict"] for _, case in run.cases()}
    assert {name for name, said in verdicts.items() if said == "verified"} == genuine


def verified(bundle: Path, keys: Sequence[str]) -> str:
    """Return what the verifier in Python writes, without a process for each bundle."""
    expected = [parse_vkey(key) for key in keys]
    report = verify(bundle.read_bytes(), expected_keys=expected, now_ms=1_900_000_000_000)
    return msgspec.json.encode(report).decode()


def test_the_verifier_in_python_passes_every_case() -> None:
    told = {
        case["name"]: run.faults(case, verified(bundle, case["options"]["logKeys"]))
        for bundle, case in run.cases()
    }
    assert {name: found for name, found in told.items() if found} == {}


def test_without_its_check_each_case_is_accepted() -> None:
    command = [sys.executable, "-m", "tests.vectors.conformance.sabotage"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    refused = len(CASES) - len(GENUINE)
    assert done.stdout == f"{refused} cases, {refused} accepted without their check\n"


# --- the runner ----------------------------------------------------------------------------------


def held_to(*command: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RUNNER, *options, *command], capture_output=True, text=True, timeout=120
    )


def test_the_command_of_the_ledger_passes() -> None:
    chosen = ["--case", "genuine-full", "--case", "log-key-other", "--case", "heads-missing"]
    done = held_to(*LEDGER, options=chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "3 of 3 cases passed"


@pytest.mark.parametrize("verdict", ["verified", "invalid", "unverifiable", "consistent"])
def test_a_verifier_that_always_says_the_same_fails(verdict: str) -> None:
    written = json.dumps({"verdict": verdict})
    failed = [c["name"] for _, c in run.cases() if run.faults(c, written, verdicts_only=True)]
    assert failed == [c["name"] for _, c in run.cases() if c["verdict"] != verdict]


def case_of(name: str) -> dict[str, Any]:
    return next(case for _, case in run.cases() if case["name"] == name)


WRONG: dict[str, Any] = {
    "no JSON": "verified",
    "no object": "[]",
    "no verdict": "{}",
    "another verdict": {"verdict": "verified", "checks": "right"},
    "another code": {"verdict": "invalid", "checks": {"code": "jws_alg_mismatch"}},
    "another position": {"verdict": "invalid", "checks": {"position": 12}},
    "another check": {"verdict": "invalid", "checks": {"name": "policy"}},
    "no checks": {"verdict": "invalid"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_verifier_says_otherwise_is_told(name: str) -> None:
    case, said = case_of("signature"), WRONG[name]
    if isinstance(said, dict) and "checks" in said:
        change = {} if said["checks"] == "right" else said["checks"]
        said = said | {"checks": [case["findings"][0] | change]}
    assert run.faults(case, said if isinstance(said, str) else json.dumps(said))


def test_another_status_of_a_statement_is_told() -> None:
    case = case_of("genuine-statement")
    shown = [{"id": each, "status": "pending"} for each in case["statements"]]
    written = json.dumps({"verdict": "verified", "checks": [], "statements": shown})
    assert len(run.faults(case, written)) == 2


def test_a_verifier_may_lack_an_algorithm_only_where_a_case_needs_it() -> None:
    check = {"name": "signatures", "outcome": "unverifiable", "code": "algorithm_unknown"}
    written = json.dumps({"verdict": "unverifiable", "checks": [check]})
    assert run.lacks(case_of("genuine-ml-dsa"), written)
    assert not run.lacks(case_of("genuine-statement"), written)
    other = json.dumps({"verdict": "unverifiable", "checks": [check | {"code": "body_missing"}]})
    assert not run.lacks(case_of("genuine-ml-dsa"), other)
    assert not run.lacks(case_of("genuine-ml-dsa"), "no JSON")


def test_the_runner_tells_what_failed_and_why(tmp_path: Path) -> None:
    liar = tmp_path / "liar.py"
    liar.write_text('print(\'{"verdict": "verified"}\')\n')
    chosen = ["--verdicts-only", "--case", "genuine-full", "--case", "signature"]
    done = held_to(sys.executable, str(liar), options=chosen)
    assert done.returncode == 1
    assert "passed genuine-full\nFAILED signature\n" in done.stdout
    assert "why: The signature of an approval is another one." in done.stdout


def test_a_damaged_suite_is_not_run(tmp_path: Path) -> None:
    copy = tmp_path / "suite"
    shutil.copytree(DIRECTORY, copy, ignore=shutil.ignore_patterns("__pycache__", "*.zip"))
    assert "cases/signature/bundle.zip" in run.damaged(copy)
    done = subprocess.run(
        [sys.executable, str(copy / "run.py"), *LEDGER], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "cases/signature/bundle.zip" in done.stderr


def test_a_verifier_without_a_command_is_no_verifier() -> None:
    assert held_to().returncode == 2


def test_the_manifest_has_the_sha_256_of_every_file() -> None:
    manifest = json.loads((DIRECTORY / "manifest.json").read_text("utf-8"))
    raw = (DIRECTORY / "cases/signature/bundle.zip").read_bytes()
    assert manifest["files"]["cases/signature/bundle.zip"] == hashlib.sha256(raw).hexdigest()
