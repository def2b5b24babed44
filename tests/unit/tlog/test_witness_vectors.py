"""What the verifier says of cosignatures; the offline page says the same of the same file."""

import json
from typing import Any

import pytest

from ledger.encoding import b64_decode
from tests.vectors.witnesses.make import PATH, decided, text

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))


def test_the_script_writes_the_same_file() -> None:
    assert PATH.read_text("utf-8") == text()


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_verifier_decides_each_case(case: dict[str, Any]) -> None:
    said = decided(b64_decode(case["note"]), b64_decode(case["policy"]))
    assert said == {name: each for name, each in case.items() if name in ("code", "cosigners")}
    assert ("code" in said) != ("cosigners" in said)
