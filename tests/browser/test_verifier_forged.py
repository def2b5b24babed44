"""The offline verifier refuses each forged bundle as the verifier in Python does."""

import json
from typing import Any

import pytest

from tests.browser.offline import Verifier
from tests.support.dossier import log_signer
from tests.vectors.forged.cases import forged
from tests.vectors.forged.make import PATH

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
