"""Every way in which a bundle can be wrong is found by the check whose business it is."""

import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from ledger.encoding import jcs, sha256_hex
from ledger.verify import container
from ledger.verify.container import MANIFEST
from tests.vectors.evidence.cases import Case, made
from tests.vectors.evidence.make import DIRECTORY, files, reported
from tests.vectors.evidence.table import CASES

RECORDED = json.loads((DIRECTORY / "expected.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.mode}: {case.name}")
def test_what_is_wrong_is_found_by_its_check(case: Case) -> None:
    report = reported(made(case), case.key)
    found = {
        check.name: (check.outcome, check.code, check.position)
        for check in report.checks
        if check.outcome in ("failed", "unverifiable")
    }
    assert (found, report.verdict) == (case.found, case.verdict)


@pytest.mark.parametrize("name", ["statement.zip", "redacted.zip", "full.zip", "expected.json"])
def test_the_script_beside_the_samples_makes_the_same_files(name: str) -> None:
    assert (DIRECTORY / name).read_bytes() == files()[name]


def read(case: dict[str, Any]) -> bytes:
    """Return a recorded case's bundle, as any reader of the samples has to make it."""
    raw: bytes = (DIRECTORY / str(case["bundle"])).read_bytes()
    if "flipped" in case:
        at = int(case["flipped"])
        return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    changed = container.parse(raw)
    for name, content in case["files"].items():
        if content is None:
            del changed[name]
        else:
            changed[name] = base64.b64decode(content)
    if MANIFEST not in case["files"]:
        manifest = json.loads(changed.pop(MANIFEST)) | case["manifest"]
        manifest["files"] = {name: sha256_hex(each) for name, each in changed.items()}
        changed[MANIFEST] = jcs(manifest)
    return container.write(changed)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_the_recorded_cases_are_what_they_are_said_to_be(case: dict[str, Any]) -> None:
    report = reported(read(case), case["key"])
    checks = [
        {"name": c.name, "outcome": c.outcome, "code": c.code, "position": c.position}
        for c in report.checks
    ]
    assert (report.verdict, checks) == (case["verdict"], case["checks"])
    assert {each.id: each.status for each in report.statements} == case["statements"]


def test_verifying_imports_no_server_no_store_and_no_framework() -> None:
    # What measures coverage is there before, with modules of its own.
    script = (
        "import sys; before = {*sys.modules}; from ledger.__main__ import main;"
        " main(sys.argv[1:]); print(*{*sys.modules} - before)"
    )
    command = [sys.executable, "-c", script, "verify", str(DIRECTORY / "statement.zip")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert "ledger.verify.bundle" in loaded
    forbidden = (
        "litestar",
        "uvicorn",
        "eventsourcing",
        "sqlite3",
        "projections",
        "ledger.store.sqlite.store",
    )
    assert [name for name in loaded if name.startswith(forbidden)] == []
