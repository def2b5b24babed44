"""docs/how-to/act-on-an-approval.md: its gate runs as it stands, and each refusal stops it."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ledger.encoding import sha256_hex
from ledger.verify import container
from tests.support.dossier import APPROVED, REJECTED, bundle_of, log_signer
from tests.support.heads import signs_heads
from tests.vectors.evidence.cases import good, states

PAGE = (Path(__file__).parents[3] / "docs/how-to/act-on-an-approval.md").read_text("utf-8")
(SCRIPT,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
(POLICY,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
DOCUMENT = f"statements/{APPROVED}/document.json"
DIGEST = sha256_hex(container.parse(good("statement"))[DOCUMENT])
GIVEN = {"DIGEST": DIGEST, "SINCE": "16"}
INDIVIDUAL = ("--accept-individual",)


def fresh(*statements: str, **said: Any) -> bytes:
    """Return a bundle whose heads are signed now."""
    signs = signs_heads(**({"iat": int(time.time())} | said))
    return bundle_of(states(), "statement", *statements, sign_heads=signs)


def run(directory: Path, raw: bytes, *options: str, **given: str) -> str:
    """Run the page's gate; return the last line that it says."""
    (directory / "evidence.zip").write_bytes(raw)
    (directory / "policy.json").write_text(given.pop("POLICY", POLICY))
    (directory / "log.vkey").write_text(f"{given.pop('KEY', log_signer().key.vkey)}\n")
    bash = shutil.which("bash")
    assert bash is not None
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "-c", SCRIPT.replace("evidence.zip", " ".join(["evidence.zip", *options]))],
        cwd=directory,
        env=GIVEN | given | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return done.stdout.splitlines()[-1]


def test_the_gate_lets_pass_what_is_approved_as_required(tmp_path: Path) -> None:
    assert run(tmp_path, fresh(), *INDIVIDUAL).endswith("go on.")


def test_the_gate_stops_an_old_bundle_unless_it_carries_ones_own_nonce(tmp_path: Path) -> None:
    nonce = "my-own-nonce-0001"
    old = fresh(iat=int(time.time()) - 310, nonce=nonce)
    assert run(tmp_path, old, *INDIVIDUAL).endswith("get a newer bundle.")
    assert run(tmp_path, old, *INDIVIDUAL, "--nonce", "another-nonce-001").endswith("newer bundle.")
    assert run(tmp_path, old, *INDIVIDUAL, "--nonce", nonce).endswith("go on.")


@pytest.mark.parametrize(
    ("options", "given", "says"),
    [
        ((), {}, "stop."),
        (INDIVIDUAL, {"POLICY": '{"threshold":3,"of":["role:investor","role:creator"]}'}, "stop."),
        (INDIVIDUAL, {"DIGEST": "0" * 64}, "stop."),
        (INDIVIDUAL, {"SINCE": "17"}, "get a newer bundle."),
        (INDIVIDUAL, {"SINCE": "2030-01-01T00:00:00Z"}, "get a newer bundle."),
        (INDIVIDUAL, {"KEY": log_signer(2).key.vkey}, "alert somebody."),
        (INDIVIDUAL, {"POLICY": '{"threshold":1,"of":["anybody"]}'}, "mend it."),
        (INDIVIDUAL, {"DIGEST": "ABC"}, "mend it."),
        (INDIVIDUAL, {"SINCE": "yesterday"}, "mend it."),
        (("--policy", "absent"), {}, "mend it."),
    ],
    ids=["individual", "policy", "digest", "position", "time", "key", "member", "hex", "day",
         "file"],
)  # fmt: skip
def test_the_gate_stops_what_is_not(
    tmp_path: Path, options: tuple[str, ...], given: dict[str, str], says: str
) -> None:
    assert run(tmp_path, fresh(), *options, **given).endswith(says)


def test_the_gate_stops_a_rejected_statement_and_a_forged_bundle(tmp_path: Path) -> None:
    rejected = fresh(REJECTED)
    assert run(tmp_path, rejected, *INDIVIDUAL).endswith("stop.")
    forged = bytearray(fresh())
    forged[2000] ^= 1
    assert run(tmp_path, bytes(forged), *INDIVIDUAL).endswith("alert somebody.")
