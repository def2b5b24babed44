"""docs/how-to/act-on-an-approval.md: its gate runs as it stands, and each refusal stops it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ledger.encoding import sha256_hex
from ledger.verify import container
from tests.support.chronicle import Chronicle, statement_id
from tests.support.dossier import bundle_of, log_signer
from tests.support.heads import signs_heads
from tests.support.type_definitions import define, definition, stated

PAGE_ROOT = Path(__file__).parents[3]
PAGE = (PAGE_ROOT / "docs/how-to/act-on-an-approval.md").read_text("utf-8")
(SCRIPT,) = re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
(POLICY,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
TERMS = (PAGE_ROOT / "docs/examples/types/investment-terms.json").read_text("utf-8")
CONTENT = {
    "company": "Northwind Robotics, Inc.",
    "round": "Series A",
    "amount": "1000000.00",
    "currency": "EUR",
    "instrument": "Preferred shares",
}
RULES: dict[str, Any] = json.loads(POLICY)


@cache
def told() -> tuple[bytes, ...]:
    """Return a log: approved terms of the example type; one approval; rejected; an older type."""
    story = Chronicle()
    story.found()
    story.announce(1)
    roles = (1, "creator"), (2, "investor"), (3, "investor"), (4, "administrator")
    alice, bob, carol, dave = (story.signer(*each) for each in roles)
    for who, name in ((alice, "Alice"), (bob, "Bob"), (carol, "Carol")):
        story.register(who, name)
    story.register(dave, "Dave", "setup")
    story.change(dave, 100, define(TERMS), define(definition(policy=RULES)))
    of_terms = {"type": stated(TERMS), "content": json.dumps(CONTENT), "policy": RULES}
    other = definition(policy=RULES)
    of_other = {"type": stated(other), "content": '{"amount":"1"}', "policy": RULES}
    for number, members in ((1, of_terms), (2, of_terms), (3, of_other)):
        raw = story.draft(alice, number, **members)
        for who in (bob, carol)[: 1 if number == 2 else 2]:
            story.sign(who, who.shared(raw), raw, confirmed=True)
    story.reject(bob, story.draft(alice, 4, **of_terms), confirmed=True)
    story.auditor.finish()
    return tuple(story.states)


APPROVED, PENDING, OTHER_TYPE, REJECTED = map(statement_id, (1, 2, 3, 4))


def fresh(statement: str = APPROVED, **said: Any) -> bytes:
    """Return a bundle whose heads are signed now."""
    signs = signs_heads(**({"iat": int(time.time())} | said))
    return bundle_of(told(), "statement", statement, sign_heads=signs)


@cache
def digest(statement: str = APPROVED) -> str:
    files = container.parse(fresh(statement))
    return sha256_hex(files[f"statements/{statement}/document.json"])


def run(directory: Path, raw: bytes, *options: str, **given: str) -> str:
    """Run the page's gate; return the last line that it says."""
    (directory / "evidence.zip").write_bytes(raw)
    (directory / "policy.json").write_text(given.pop("POLICY", POLICY))
    (directory / "log.vkey").write_text(f"{given.pop('KEY', log_signer().key.vkey)}\n")
    bash = shutil.which("bash")
    assert bash is not None
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "-c", SCRIPT.replace('"$SINCE"\n', " ".join(['"$SINCE"', *options, "\n"]))],
        cwd=directory,
        env={"SINCE": "16", "DIGEST": digest()} | given | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return done.stdout.splitlines()[-1]


def test_the_gate_lets_pass_what_is_approved_as_required(tmp_path: Path) -> None:
    assert run(tmp_path, fresh()).endswith("go on.")


def test_the_gate_stops_an_old_bundle_unless_it_carries_ones_own_nonce(tmp_path: Path) -> None:
    nonce = "my-own-nonce-0001"
    old = fresh(iat=int(time.time()) - 310, nonce=nonce)
    assert run(tmp_path, old).endswith("get a newer bundle.")
    assert run(tmp_path, old, "--nonce", "another-nonce-001").endswith("get a newer bundle.")
    assert run(tmp_path, old, "--nonce", nonce).endswith("go on.")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"POLICY": '{"threshold":3,"of":["role:investor","role:creator"]}'}, "stop."),
        ({"DIGEST": "0" * 64}, "stop."),
        ({"SINCE": "10000"}, "get a newer bundle."),
        ({"SINCE": "2030-01-01T00:00:00Z"}, "get a newer bundle."),
        ({"KEY": log_signer(2).key.vkey}, "alert somebody."),
        ({"POLICY": '{"threshold":1,"of":["anybody"]}'}, "mend it."),
        ({"DIGEST": "ABC"}, "mend it."),
        ({"SINCE": "yesterday"}, "mend it."),
    ],
    ids=["policy", "digest", "position", "time", "key", "member", "hex", "day"],
)
def test_the_gate_stops_what_is_not(tmp_path: Path, given: dict[str, str], says: str) -> None:
    assert run(tmp_path, fresh(), **given).endswith(says)


@pytest.mark.parametrize(
    ("statement", "options", "says"),
    [
        (PENDING, (), "stop."),
        (REJECTED, (), "stop."),
        (OTHER_TYPE, (), "stop."),
        (OTHER_TYPE, ("--type", "terms"), "go on."),  # the option that counts is the last one
        (APPROVED, ("--type", "investment-terms@2"), "stop."),
        (APPROVED, ("--type", "Investment"), "mend it."),
        (APPROVED, ("--policy", "absent"), "mend it."),
    ],
    ids=["pending", "rejected", "type", "its own type", "version", "name", "file"],
)
def test_the_gate_stops_what_was_not_approved_and_what_is_of_another_type(
    tmp_path: Path, statement: str, options: tuple[str, ...], says: str
) -> None:
    raw, sha256 = fresh(statement), digest(statement)
    assert run(tmp_path, raw, *options, DIGEST=sha256).endswith(says)


def test_the_gate_stops_a_forged_bundle(tmp_path: Path) -> None:
    forged = bytearray(fresh())
    forged[2000] ^= 1
    assert run(tmp_path, bytes(forged)).endswith("alert somebody.")
