"""The commands of docs/how-to/verify-without-us.md, as they stand on the page."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from ledger.verify import container
from tests.support.chronicle import Chronicle
from tests.support.dossier import log_signer
from tests.support.keys import TestKey, ed25519_key, ml_dsa_key
from tests.support.type_definitions import POLICY, define, definition, stated

PAGE = (Path(__file__).parents[2] / "docs/how-to/verify-without-us.md").read_text("utf-8")
SCRIPT = "".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
PROGRAMS = dict(re.findall(r"^cat > \.\./(\w+\.py) <<'EOF'\n(.*?)^EOF$", SCRIPT, re.DOTALL | re.M))
ROBOT, BOBS_ROBOT = ed25519_key(51), ed25519_key(52)
VKEY = log_signer().key.vkey


def run(directory: Path, raw: bytes, vkey: str = VKEY) -> subprocess.CompletedProcess[str]:
    (directory / "evidence.zip").write_bytes(raw)
    (directory / "log.vkey").write_text(f"{vkey}\n")
    bash = shutil.which("bash")
    assert bash is not None
    # `python3` is this interpreter, which has the libraries that the page names.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [bash, "-c", SCRIPT],
        cwd=directory,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )


def programs(directory: Path, raw: bytes, *names: str) -> None:
    """Run programs of the page in a directory with an unpacked bundle."""
    inside = directory / "evidence"
    for name, content in container.parse(raw).items():
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_bytes(content)
    for name, text in PROGRAMS.items():
        (directory / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(inside)
        patch.syspath_prepend(str(directory))
        for name in names:
            patch.delitem(sys.modules, "passkeys", raising=False)
            runpy.run_path(f"../{name}")


@cache
def of_programs() -> Chronicle:
    """Tell of a draft by Alice's service account, which Bob approves; Bob has an account too."""
    told = Chronicle()
    told.found()
    told.announce(1)
    alice, bob = told.signer(1, "creator"), told.signer(2, "investor")
    told.register(alice, "Alice")
    told.register(bob, "Bob")
    told.add_service(alice, ROBOT)
    told.add_service(bob, BOBS_ROBOT, name="alice")
    alice.key = ROBOT
    raw = told.draft(alice, 1, policy={"threshold": 1, "of": ["role:investor"]})
    told.sign(bob, bob.shared(raw), raw)
    return told


@cache
def of_a_type(key: TestKey | None = None, *, drafts: int = 250) -> Chronicle:
    """Tell of an approval with an ML-DSA-65 key, of a typed statement; `drafts` make it long."""
    told = Chronicle()
    told.found()
    told.announce(1)
    dave, alice = told.signer(4, "administrator"), told.signer(1, "creator")
    bob = told.signer(2, "investor")
    told.register(dave, "Dave", "setup")
    told.register(alice, "Alice")
    told.register(bob, "Bob")
    text = definition()
    told.change(dave, 100, define(text))
    bob.key = key or ml_dsa_key(7)
    told.attest(bob, bob.key)
    raw = told.draft(alice, 1, type=stated(text), content='{"amount":"100"}', policy=POLICY)
    told.sign(bob, bob.shared(raw), raw)
    for number in range(1000, 1000 + drafts):
        told.draft(alice, number)
    return told
