"""The offline page verifies cosignatures with a policy of the user's, as `ledger verify` does."""

import base64
import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ledger import clock
from ledger.tlog import checkpoint, vkeys
from ledger.tlog.checkpoint import Checkpoint
from ledger.tlog.witness_policy import parse_policy
from ledger.verify.bundle import verify
from ledger.verify.endorsements import Trust
from tests.browser.offline import Verifier
from tests.support.dossier import AT, bundle_of, log_signer, published
from tests.vectors.evidence.cases import states
from tests.vectors.witnesses.make import PATH, signer

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
DECIDED = """async ([origin, vkey, cases]) => {
    const { fromBase64 } = await import("/verify/encoding.js");
    const { parseVkey } = await import("/verify/tlog/vkeys.js");
    const { parsePolicy, verifyWitnessed } = await import("/verify/tlog/witness_policy.js");
    const logKeys = [await parseVkey(vkey)];
    const said = [];
    for (const { note, policy } of cases) {
        try {
            const parsed = await parsePolicy(fromBase64(policy));
            const options = { expectedOrigin: origin, logKeys };
            const found = await verifyWitnessed(fromBase64(note), parsed, options);
            said.push({ cosigners: found.map(({ name, time }) => [name, time]) });
        } catch (error) {
            said.push({ code: error.code ?? String(error) });
        }
    }
    return said;
}"""
REPORT = """async ([b64, vkey, text]) => {
    const { fromBase64 } = await import("/verify/encoding.js");
    const { parsePolicy } = await import("/verify/tlog/witness_policy.js");
    const { bytesOf } = await import("/static/js/lib/digest.js");
    const { verifyBundle } = await import("/verify/verify/bundle.js");
    const policy = await parsePolicy(bytesOf(text));
    const options = { expected: [vkey], policy, nowMs: Date.now() };
    const report = await verifyBundle(fromBase64(b64), options);
    const { code, outcome, says } = report.checks.find(({ name }) => name === "witnesses");
    return [report.verdict, outcome, code, says, report.existence];
}"""
NOTE = published(states(), log_signer())[0].note
POINT = checkpoint.parse_note(NOTE).checkpoint
ONE = signer("w1.example.com")
KEY = log_signer().key
TRUSTED = f"witness one {ONE.key.vkey}\nquorum one\n"


def test_the_page_decides_every_case_of_cosignatures(page: Page) -> None:
    said = page.evaluate(DECIDED, [FOUND["origin"], FOUND["logKey"], FOUND["cases"]])
    differ = {
        case["name"]: found
        for case, found in zip(FOUND["cases"], said, strict=True)
        if found != {name: each for name, each in case.items() if name in ("code", "cosigners")}
    }
    # Each byte that is no UTF-8 is shown as one character here, and as one there.
    assert differ.pop("a name of bytes that are no UTF-8")["cosigners"][0][1] == 1_795_222_800
    assert differ == {}


def bundles() -> dict[str, tuple[bytes, str]]:
    """Return checkpoints with their policies, by name."""
    line = checkpoint.sign_lines(POINT, [ONE], now_s=1_795_222_800)
    false = checkpoint.sign_lines(
        Checkpoint(POINT.origin, POINT.size, bytes(32)), [ONE], now_s=1_795_222_800
    )
    own = vkeys.NoteKey("w", vkeys.COSIGNER, KEY.public).vkey
    return {
        "cosigned": (NOTE + line, TRUSTED),
        "missing": (NOTE, TRUSTED),
        "false": (NOTE + false, TRUSTED),
        "nobody is required": (NOTE, "quorum none\n"),
        "a key of the ledger": (NOTE, f"witness w {own}\nquorum none\n"),
    }


@pytest.mark.parametrize("name", bundles())
def test_both_verifiers_say_the_same_of_a_bundle(page: Page, name: str) -> None:
    note, policy = bundles()[name]
    raw = bundle_of(states(), companions={"checkpoint": note})
    trust = Trust(parse_policy(policy.encode()))
    here = verify(raw, expected_keys=[KEY], trust=trust, now_ms=clock.to_ms(AT))
    (check,) = [each for each in here.checks if each.name == "witnesses"]
    known = here.existence
    assert known is not None
    existence = {"at": known.at, "source": known.source, "by": known.by}
    expected = [here.verdict, check.outcome, check.code, check.says, existence]
    b64 = base64.b64encode(raw).decode()
    assert page.evaluate(REPORT, [b64, KEY.vkey, policy]) == expected


def test_a_person_gives_the_witnesses_that_they_trust(verifier: Verifier) -> None:
    note, policy = bundles()["cosigned"]
    verifier.page.get_by_text("The witnesses that you trust").click()
    field = verifier.page.get_by_label("Witness policy")
    field.fill("quorum\n")
    field.blur()
    raw = bundle_of(states(), companions={"checkpoint": note})
    verifier.page.set_input_files(
        "#file", {"name": "bundle.zip", "mimeType": "application/zip", "buffer": raw}
    )
    expect(verifier.page.locator("#policy-error")).to_contain_text("This is no witness policy")
    field.fill(policy)
    field.blur()
    assert verifier.check(raw, KEY.vkey)["verdict"] == "verified"
    expect(verifier.page.locator("#result")).to_contain_text("The witnesses that you trust saw it")
    expect(verifier.page.locator("#result")).to_contain_text(
        "Cosigned by one, first at 2026-11-21T01"
    )
