"""Write sample bundles and what is in them: `python -m tests.vectors.evidence.make`.

`<mode>.zip` are good bundles. A case of `expected.json` is one of them with changes: a byte of the
file whose lowest bit is another (`flipped`, its place), or other files (`files`, base64; null:
without it). `manifest` has the members of the manifest that differ, beside `files`, which has the
digests of the files as they are then; where `manifest.json` is among the files, that is the one.
`checks` are all checks, as the report has them.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, get_args

from ledger import clock
from ledger.encoding import b64_encode, jcs, sha256_hex
from ledger.tlog.vkeys import NoteKey
from ledger.verify import container
from ledger.verify.bundle import verify
from ledger.verify.container import MANIFEST, Mode
from ledger.verify.report import VerificationReport
from tests.support.dossier import AT, log_signer
from tests.vectors.evidence.cases import Case, good, made
from tests.vectors.evidence.table import CASES

DIRECTORY = Path(__file__).parent
KEYS: dict[str, tuple[NoteKey, ...]] = {
    "given": (log_signer(1).key,),
    "other": (log_signer(2).key,),
    "none": (),
}


def reported(raw: bytes, key: str) -> VerificationReport:
    return verify(raw, expected_keys=KEYS[key], now_ms=clock.to_ms(AT))


def _changes(case: Case, raw: bytes) -> dict[str, Any]:
    if case.flipped is not None:
        return {"flipped": case.flipped % len(raw)}
    before, after = container.parse(good(case.mode)), container.parse(raw)
    old, new = (json.loads(each[MANIFEST]) for each in (before, after))
    digests = {name: sha256_hex(each) for name, each in after.items() if name != MANIFEST}
    members = {name: new[name] for name in new if name != "files" and new[name] != old[name]}
    if jcs(old | members | {"files": digests}) == after[MANIFEST]:
        after[MANIFEST] = before[MANIFEST]
    names = sorted(before.keys() | after.keys())
    return {
        "manifest": members,
        "files": {
            name: b64_encode(after[name]) if name in after else None
            for name in names
            if before.get(name) != after.get(name)
        },
    }


def _described(case: Case) -> dict[str, Any]:
    raw = made(case)
    report = reported(raw, case.key)
    checks = [
        {"name": c.name, "outcome": c.outcome, "code": c.code, "position": c.position}
        for c in report.checks
    ]
    return (
        {"name": case.name, "bundle": f"{case.mode}.zip", "key": case.key}
        | _changes(case, raw)
        | {"verdict": report.verdict, "checks": checks}
        | {"statements": {each.id: each.status for each in report.statements}}
    )


@cache
def files() -> dict[str, bytes]:
    """Return every file by name."""
    expected = {
        "now": AT,
        "keys": {name: [key.vkey for key in keys] for name, keys in KEYS.items()},
        "cases": [_described(case) for case in CASES],
    }
    text = json.dumps(expected, indent=1, ensure_ascii=False) + "\n"
    return {f"{mode}.zip": good(mode) for mode in get_args(Mode)} | {"expected.json": text.encode()}


if __name__ == "__main__":
    for name, raw in files().items():
        (DIRECTORY / name).write_bytes(raw)
