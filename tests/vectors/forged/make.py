"""Write expected.json: `python -m tests.vectors.forged.make`.

For each bundle of cases.py: its mode, the verdict, and the first check that does not pass, with its
code and the position of the event.
"""

import json
from pathlib import Path
from typing import Any

from ledger import clock
from ledger.verify.bundle import verify
from tests.support.dossier import AT, log_signer
from tests.vectors.forged.cases import CASES, forged

PATH = Path(__file__).with_name("expected.json")


def found(name: str) -> dict[str, Any]:
    """Return what the verifier finds in a bundle."""
    each = forged(name)
    keys = (log_signer().key,)
    report = verify(each.bundle(), expected_keys=keys, now_ms=clock.to_ms(AT))
    first = next(check for check in report.checks if check.outcome != "passed")
    return {
        "name": name,
        "mode": each.mode,
        "verdict": report.verdict,
        "check": first.name,
        "code": first.code,
        "position": first.position,
    }


def text() -> str:
    """Return the text of expected.json."""
    return json.dumps([found(name) for name in CASES], indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
