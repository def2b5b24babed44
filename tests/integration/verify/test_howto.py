"""docs/how-to/verify-without-us.md: its commands run as they stand, and notice what is wrong."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from ledger.verify import container
from ledger.verify.container import Mode
from tests.support.dossier import APPROVED, log_signer, rebundled
from tests.vectors.evidence.cases import PACK, flip, good
from tests.vectors.evidence.make import DIRECTORY

PAGE = Path(__file__).parents[3] / "docs/how-to/verify-without-us.md"
SCRIPT = "".join(
    re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
)


def run(directory: Path, raw: bytes, vkey: str) -> subprocess.CompletedProcess[str]:
    (directory / "evidence.zip").write_bytes(raw)
    (directory / "log.vkey").write_text(f"{vkey}\n")
    bash = shutil.which("bash")
    assert bash is not None
    return subprocess.run(
        [bash, "-c", SCRIPT], cwd=directory, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("mode", get_args(Mode))
def test_the_commands_of_the_page_check_a_bundle(tmp_path: Path, mode: Mode) -> None:
    raw = (DIRECTORY / f"{mode}.zip").read_bytes()
    vkey = json.loads((DIRECTORY / "expected.json").read_text("utf-8"))["keys"]["given"][0]
    done = run(tmp_path, raw, vkey)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Signature Verified Successfully") == 2
    assert f"statements/{APPROVED}/document.json is " in done.stdout
    assert done.stdout.rstrip().endswith("every attestation is over its own key, person and ledger")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"statements/{APPROVED}/document.json", ""),
        (f"statements/{APPROVED}/11-statement-signed.jws", "Signature Verification Failure"),
        ("bodies/10", ""),
        ("entries/13", ""),
        ("checkpoint", "does not lead to the root"),
    ],
)
def test_the_commands_of_the_page_notice_what_was_changed(
    tmp_path: Path, name: str, said: str
) -> None:
    held = container.parse(good("statement"))[name]
    place = held.index(b"\n16\n") + 5 if name == "checkpoint" else len(held) // 2
    changed = held[:place] + (b"A" if held[place:][:1] != b"A" else b"B") + held[place + 1 :]
    if name == "checkpoint":
        files = container.parse(good("statement"))
        proofs = {n: r.replace(held, changed) for n, r in files.items() if n.startswith("proofs/")}
        raw = rebundled(good("statement"), proofs | {name: changed})
    else:
        raw = rebundled(good("statement"), {name: changed})
    done = run(tmp_path, raw, log_signer().key.vkey)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


def test_the_commands_of_the_page_notice_a_changed_body_of_the_whole_log(tmp_path: Path) -> None:
    pack = container.parse(good("full"))[PACK]
    done = run(tmp_path, rebundled(good("full"), {PACK: flip(pack)}), log_signer().key.vkey)
    assert done.returncode != 0
    assert "all bodies are those of their entries" not in done.stdout


def test_the_commands_of_the_page_notice_another_key(tmp_path: Path) -> None:
    done = run(tmp_path, good("statement"), log_signer(2).key.vkey)
    assert done.returncode != 0
    assert "all entries are in the tree" in done.stdout
