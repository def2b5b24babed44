"""Write the cases and the manifest: `python -m tests.vectors.conformance.make`."""

import json
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ledger import clock
from ledger.encoding import sha256_hex
from ledger.verify.bundle import verify
from ledger.verify.report import VerificationReport, VerifiedStatement
from tests.support.dossier import AT
from tests.vectors.conformance import restored, signatures
from tests.vectors.conformance.case import ConformanceCase
from tests.vectors.conformance.table import CASES
from tests.vectors.evidence import make as evidence

DIRECTORY = Path(__file__).parent
FORMAT = "ledger-conformance/1"
KEYS = evidence.KEYS | {
    "restored": (restored.NEXT.key,),
    "second": (restored.SECOND.key,),
}
_FINAL = ("approved", "rejected", "withdrawn", "superseded")


def _described(case: ConformanceCase, report: VerificationReport) -> dict[str, Any]:
    """Return what case.json says."""
    return {
        "name": case.name,
        "why": case.why,
        "options": {"logKeys": [key.vkey for key in KEYS[case.key]]},
        "needs": case.needs,
        "verdict": report.verdict,
        "findings": [
            {"name": c.name, "outcome": c.outcome, "code": c.code, "position": c.position}
            for c in report.checks
            if c.outcome in ("failed", "unverifiable")
        ],
        "statements": {each.id: each.status for each in report.statements if each.status in _FINAL},
        "accounts": accounts(report.statements),
        "sabotage": [
            {"file": file, "before": before, "after": after}
            for file, before, after in case.sabotage
        ],
    }


def accounts(statements: Sequence[VerifiedStatement]) -> dict[str, Any]:
    """Return the service accounts that drafted and used statements, by statement."""
    return {
        each.id: {"creator": each.creator_account, "uses": [use.account for use in each.uses]}
        for each in statements
        if each.creator_account or any(use.account for use in each.uses)
    }


def reported(raw: bytes, key: str) -> VerificationReport:
    return verify(raw, expected_keys=KEYS[key], now_ms=clock.to_ms(AT))


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


@cache
def files() -> dict[str, bytes]:
    """Return every file of the suite by its name, the manifest included."""
    made: dict[str, bytes] = {}
    for case in CASES:
        raw = case.build()
        made[f"cases/{case.name}/bundle.zip"] = raw
        made[f"cases/{case.name}/case.json"] = _json(_described(case, reported(raw, case.key)))
    names = sorted(made)
    manifest = {
        "format": FORMAT,
        "cases": [case.name for case in CASES],
        "files": {name: sha256_hex(made[name]) for name in names},
    }
    return made | {"manifest.json": _json(manifest)}


if __name__ == "__main__":
    made = files()
    shutil.rmtree(DIRECTORY / "cases", ignore_errors=True)
    for name, content in made.items():
        path = DIRECTORY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    signatures.PATH.write_text(signatures.text(), "utf-8")
