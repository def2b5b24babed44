"""The offline verifier: one committed file, and the verdicts of the verifier in Python."""

import json
import random
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from playwright.sync_api import expect

from ledger.domain import events
from ledger.verify.container import parse
from tests.browser.make_verifier import PAGE
from tests.browser.offline import Verifier
from tests.browser.people import Browser
from tests.support.chronicle import Chronicle
from tests.support.dossier import bundle_of, log_signer, rebundled
from tests.support.evidence import MODES
from tests.support.server import Server
from tests.vectors.evidence.cases import ASKED, at, good, made, states
from tests.vectors.evidence.make import KEYS, reported
from tests.vectors.evidence.table import CASES

KEY = log_signer().key.vkey


def essence(report: dict[str, Any]) -> dict[str, Any]:
    """Return what two verifiers have to agree on: all but their sentences."""
    members = ("name", "outcome", "code", "position")
    checks = [{name: check[name] for name in members} for check in report["checks"]]
    shown = (
        "id", "title", "status", "sha256", "creator", "draftedAt", "policy", "approvers",
        "decisions", "creatorAccount", "uses",
    )  # fmt: skip
    statements = [{name: each[name] for name in shown} for each in report["statements"]]
    whole = (
        "verdict", "mode", "ledger", "size", "root", "asOf", "doesNotProve", "heads", "companions",
        "existence",
    )  # fmt: skip
    return {name: report[name] for name in whole} | {"checks": checks, "statements": statements}


def expected(raw: bytes, key: str) -> dict[str, Any]:
    """Return the report of the verifier in Python."""
    return essence(json.loads(msgspec.json.encode(reported(raw, key))))


def differences(verifier: Verifier, bundles: dict[str, tuple[bytes, str]]) -> list[Any]:
    found = []
    for name, (raw, key) in bundles.items():
        here = essence(verifier.check(raw, *(each.vkey for each in KEYS[key])))
        if here != expected(raw, key):
            found.append((name, here["verdict"], here["checks"]))
    return found


# --- the same verdicts -------------------------------------------------------------------------


def test_every_sample_has_the_verdict_of_the_verifier_in_python(verifier: Verifier) -> None:
    bundles = {f"{case.mode}: {case.name}": (made(case), case.key) for case in CASES}
    assert differences(verifier, bundles) == []


# A word outside its closed set is no event at all: such a bundle has a case of its own above.
CLOSED = ("earlier", "form", "home", "read_by", "registration", "status")


def test_everything_that_an_operator_rewrites_is_found_by_the_same_check(
    verifier: Verifier,
) -> None:
    told = list(states())
    texts = [
        (position, name, value)
        for position, state in enumerate(told, start=1)
        for name, value in msgspec.structs.asdict(events.decode(state).body).items()
        if isinstance(value, str)
        and name not in ("document", *CLOSED)
        # Nobody can make a bundle of people whose history ends a key that they never had.
        and (events.decode(state).body.TAG, name) != (events.KeyRevoked.TAG, "kid")
    ]
    bundles = {
        f"{position} {name}": (
            bundle_of(at(position, **{name: f"{value[:-1]}x"})(told[:]), "full", *ASKED),
            "given",
        )
        for position, name, value in random.Random(1).sample(texts, 40)
    }
    assert differences(verifier, bundles) == []


def test_a_bundle_of_statements_without_anybody_is_left_open(verifier: Verifier) -> None:
    whole = good("redacted")
    statements = {
        f"bodies/{index}"
        for index, state in enumerate(states())
        if str(events.decode(state).stream) in ASKED
    }
    changes: dict[str, bytes | None] = {
        name: None
        for name in parse(whole)
        if name.startswith("people/") or (name.startswith("bodies/") and name not in statements)
    }
    alone = rebundled(whole, changes | {"keys/vkeys": b""})
    assert differences(verifier, {"alone": (alone, "given")}) == []
    expect(verifier.heading("Cannot be verified here")).to_be_visible()


def test_a_foreign_readme_and_a_verifier_of_somebody_else_are_told(verifier: Verifier) -> None:
    changes = {"README.txt": b"All is well.\n", "verify.html": b"<p>Verified</p>", "policy": b""}
    bundles = {str(mode): (rebundled(good(mode), changes), "given") for mode in MODES}
    assert differences(verifier, bundles) == []
    expect(verifier.page.get_by_text("README.txt, SHA-256")).to_contain_text("do not follow it")


def test_files_that_are_no_bundles_are_refused_like_in_python(verifier: Verifier) -> None:
    whole = good("statement")
    garbage = random.Random(1).randbytes(100_000)
    files = [b"", b"PK", b"PK\3\4", whole[:-1], whole[:1000], whole + b"\0", whole[1:], garbage]
    files += [b"%PDF-1.7\n", "Überweisung".encode("utf-16"), whole[:5000] + garbage]
    bundles = {repr(raw[:20]): (raw, "none") for raw in files}
    assert len(bundles) >= 8
    assert differences(verifier, bundles) == []
    expect(verifier.heading("Failed: do not rely on this file")).to_be_visible()


def test_a_log_of_two_thousand_entries_is_checked_while_the_page_lives(verifier: Verifier) -> None:
    told = Chronicle()
    told.found()
    told.announce(1)
    alice, bob = told.signer(1, "creator"), told.signer(2, "investor")
    told.register(alice, "Alice")
    told.register(bob, "Bob")
    for number in range(1, 665):
        raw = told.draft(alice, number)
        told.sign(bob, bob.shared(raw), raw)
        told.sign(alice, alice.shared(raw), raw)
    assert len(told.states) == 2002
    statement = str(UUID(int=(1 << 64) | 0x4000_8000_0000_0000_0000))
    verifier.evaluate(
        """() => {
            const step = document.getElementById("step");
            window.seen = { beats: 0, steps: [] };
            new MutationObserver(() => seen.steps.push(step.textContent))
                .observe(step, { childList: true });
            setInterval(() => { seen.beats += document.getElementById("result").hidden; }, 10);
        }"""
    )
    report = verifier.check(bundle_of(told.states, "full", statement), KEY)
    assert (report["verdict"], report["size"]) == ("verified", 2002)
    seen = verifier.evaluate("seen")
    # Far fewer beats would be a page that does not answer while it works.
    assert seen["beats"] >= 20
    assert seen["steps"][0] == "1 of 10"
    assert len(seen["steps"]) >= 5


def test_what_a_ledger_hands_over_is_verified_by_the_page_that_comes_with_it(
    alice: Browser, bob: Browser, verifier: Verifier, server: Server, tmp_path: Path
) -> None:
    path = alice.draft("Series A investment terms")
    alice.approve()
    bob.open(path)
    bob.approve()
    # Real browsers' passkeys, and a checkpoint under both of the log's keys.
    answer = bob.context.request.get(f"{server.origin}/api{path}/evidence?mode=redacted")
    announced = bob.context.request.get(f"{server.origin}/.well-known/ledger-keys").json()[
        "logKeys"
    ]
    files = parse(answer.body())
    assert files["verify.html"] == PAGE.read_bytes()
    ed25519, ml_dsa = (key["vkey"] for key in announced)
    assert verifier.check(answer.body(), ed25519)["verdict"] == "verified"
    report = verifier.check(answer.body(), ml_dsa)
    assert (report["verdict"], report["mode"]) == ("verified", "redacted"), report["checks"]
    names = [each["name"] for each in report["statements"][0]["approvers"]]
    assert names == ["Alice", "Bob"]
    assert "Ed25519 and ML-DSA-44" in report["checks"][7]["says"]
