"""The offline verifier refuses each forged bundle as the verifier in Python does."""

import json
from typing import Any

import pytest

from ledger.verify.container import Mode
from tests.browser.offline import Verifier
from tests.support.dossier import log_signer, rebundled
from tests.support.withholding import CHANGE, PLAIN, TYPED, bundle, shown
from tests.vectors.forged.cases import forged
from tests.vectors.forged.make import PATH

PARTS: tuple[Mode, ...] = ("statement", "redacted")
EXPECTED: list[dict[str, Any]] = json.loads(PATH.read_text("utf-8"))
KEY = log_signer().key.vkey


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: str(case["name"]))
def test_the_offline_verifier_finds_what_is_expected(
    verifier: Verifier, case: dict[str, Any]
) -> None:
    report = verifier.check(forged(case["name"]).bundle(), KEY)
    first = next(check for check in report["checks"] if check["outcome"] != "passed")
    found = {name: first[name] for name in ("code", "position")}
    said = {"verdict": report["verdict"], "check": first["name"], "mode": report["mode"]}
    assert {"name": case["name"]} | said | found == case


@pytest.mark.parametrize("mode", PARTS)
@pytest.mark.parametrize("statement", [PLAIN, TYPED, CHANGE])
def test_the_offline_verifier_takes_bundles_without_what_they_do_not_need(
    verifier: Verifier, statement: str, mode: Mode
) -> None:
    raw = bundle(statement, mode)
    report = verifier.check(raw, KEY)
    assert (report["verdict"], report["statements"][0]["status"]) == ("verified", "approved")
    index = next(iter(shown(raw)))
    cut = verifier.check(rebundled(raw, {f"bodies/{index}": None}), KEY)["checks"][1]
    assert (cut["outcome"], cut["code"], cut["position"]) == (
        "unverifiable",
        "body_missing",
        index + 1,
    )
