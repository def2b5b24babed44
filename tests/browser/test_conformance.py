"""The page's modules as a client of the conformance suite, and on bundles with a flipped bit."""

import base64
import json
import random
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page

from ledger.verify.container import Mode
from tests.support.dossier import log_signer
from tests.support.evidence import MODES
from tests.vectors.conformance import run
from tests.vectors.conformance.flips import rearranged, sampled, verdict, whole
from tests.vectors.evidence.make import reported

KEY = log_signer().key.vkey
_VERIFY = """async ([b64, keys]) => {
    const { parseExpected } = await import("/verify/tlog/vkeys.js");
    const { verifyBundle } = await import("/verify/verify/bundle.js");
    const { fromBase64 } = await import("/verify/encoding.js");
    const expected = await parseExpected(keys.join("\\n"));
    return JSON.stringify(await verifyBundle(fromBase64(b64), { expected, nowMs: Date.now() }));
}"""
# Flips a bit of a file, writes the manifest anew, and verifies the bundle.
_FLIPPED = """async ([b64, key, flips]) => {
    const { parseExpected } = await import("/verify/tlog/vkeys.js");
    const { verifyBundle } = await import("/verify/verify/bundle.js");
    const { parseContainer, writeContainer } = await import("/verify/verify/container.js");
    const { fromBase64 } = await import("/verify/encoding.js");
    const { bytesOf, sha256Hex } = await import("/static/js/lib/digest.js");
    const { jcs } = await import("/static/js/lib/jcs.js");
    const expected = await parseExpected(key);
    const files = parseContainer(fromBase64(b64));
    const manifest = JSON.parse(new TextDecoder().decode(files.get("manifest.json")));
    const verdicts = [];
    for (const [name, place, bit] of flips) {
        const changed = files.get(name).slice();
        changed[place] ^= 1 << bit;
        const digests = { ...manifest.files, [name]: await sha256Hex(changed) };
        const stated = bytesOf(jcs({ ...manifest, files: digests }));
        const flipped = new Map([...files, [name, changed], ["manifest.json", stated]]);
        const options = { expected, nowMs: Date.now() };
        verdicts.push((await verifyBundle(writeContainer(flipped), options)).verdict);
    }
    return verdicts;
}"""


def in_chromium(page: Page) -> run.Verifier:
    """Return the page's modules as a verifier."""

    def verifier(bundle: Path, keys: Sequence[str]) -> str:
        raw = base64.b64encode(bundle.read_bytes()).decode()
        written: str = page.evaluate(_VERIFY, [raw, list(keys)])
        return written

    return verifier


def test_the_modules_of_the_page_pass_every_case(page: Page) -> None:
    verifier = in_chromium(page)
    told = {}
    for bundle, case in run.cases():
        written = verifier(bundle, case["options"]["logKeys"])
        if not run.lacks(case, written):
            told[case["name"]] = run.faults(case, written)
    assert {name: found for name, found in told.items() if found} == {}
    assert len(told) >= len(run.cases()) - 2  # two cases need ML-DSA-65


def test_the_client_in_node_says_what_chromium_says(page: Page) -> None:
    """Where Node.js is not installed, Chromium's verdict stands for both."""
    node = shutil.which("node")
    command = [node, str(run.HERE / "javascript.mjs")] if node else []
    for bundle, case in run.cases()[10:30:8]:
        keys = case["options"]["logKeys"]
        written = in_chromium(page)(bundle, keys)
        other = run.program(command)(bundle, keys) if command else written
        assert json.loads(other) == json.loads(written)


# --- flipped bits --------------------------------------------------------------------------------


def proves_nothing() -> set[str]:
    """Return the files of the table in docs/reference/evidence.md."""
    text = (Path(__file__).parents[2] / "docs/reference/evidence.md").read_text("utf-8")
    table = text.split("## Bytes that prove nothing")[1].split("\n## ")[0]
    return {
        name for row in re.findall(r"^\| (`.+?) \|", table, re.M) for name in row.split("`")[1::2]
    }


def test_a_member_that_is_removed_doubled_or_swapped_has_one_verdict(page: Page) -> None:
    tried = random.Random(1).sample([*rearranged("redacted")], 20)
    here = [reported(raw, "given").verdict for _, _, raw in tried]
    there = [page.evaluate(_VERIFY, [base64.b64encode(raw).decode(), [KEY]]) for *_, raw in tried]
    assert [json.loads(each)["verdict"] for each in there] == here


@pytest.mark.parametrize("mode", MODES)
def test_a_flipped_bit_has_one_verdict_and_is_accepted_only_where_it_proves_nothing(
    page: Page, mode: Mode
) -> None:
    flips = sampled(mode, per_file=2)
    here = [verdict(mode, each) for each in flips]
    raw = base64.b64encode(whole(mode)).decode()
    assert page.evaluate(_FLIPPED, [raw, KEY, [[*each] for each in flips]]) == here
    accepted = {each.name for each, said in zip(flips, here, strict=True) if said == "verified"}
    assert accepted == proves_nothing()
    assert {*here} == {"verified", "invalid"}
