"""Any bytes give a value or the one typed error, after a bounded number of steps."""

import random
import sys
from collections import Counter
from typing import Any

import cbor2
import pytest

from ledger.errors import MalformedError
from ledger.webauthn_grammar import cbor
from tests.support.each import check_each
from tests.support.grammar import VECTORS, plain, read
from tests.support.mutations import mutated
from tests.vectors.webauthn.cases import joined

# Calls of functions, Python's and C's: what 512 items and the dearest key take, and some more.
MAX_CALLS = 10_000
SEEDS = {
    "cbor": [joined(each) for each in VECTORS["attestationObject"] if each["detail"] is None],
    "clientData": [joined(each) for each in VECTORS["clientData"] if each["detail"] is None],
    "attestationObject": [joined(each) for each in VECTORS["attestationObject"][:3]],
    "assertionData": [joined(each) for each in VECTORS["assertionData"][:3]],
    "coseKey": [bytes.fromhex(each["key"]) for each in VECTORS["registrationData"][:3]],
}


def calls(reader: str, raw: bytes) -> tuple[int, str | None]:
    """Return how many calls a reader makes, and the code of its refusal."""
    count = 0

    def profile(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    code = None
    sys.setprofile(profile)
    try:
        read(reader, raw)
    except MalformedError as error:
        code = error.code
    finally:
        sys.setprofile(None)
    return count, code


@pytest.mark.parametrize("reader", SEEDS)
def test_mutated_bytes_are_read_or_refused_in_few_steps(reader: str) -> None:
    chosen = random.Random(9)
    codes: Counter[str | None] = Counter()
    for _ in range(800):
        count, code = calls(reader, mutated(chosen.choice(SEEDS[reader]), chosen))
        assert count <= MAX_CALLS
        codes[code] += 1
    assert codes[None] >= 5  # some changes are within the grammar
    assert len(codes) >= 2


@pytest.mark.parametrize("bombs", ["cbor", "registrationData", "coseKey"])
def test_no_bomb_takes_more_steps(bombs: str) -> None:
    def check(case: dict[str, Any]) -> None:
        for reader in ("cbor", "registrationData", "assertionData", "coseKey", "clientData"):
            assert calls(reader, joined(case))[0] <= MAX_CALLS

    check_each(VECTORS[bombs], check)


def test_what_our_cbor_accepts_another_decodes_equally() -> None:
    chosen = random.Random(10)
    accepted = 0
    for _ in range(6_000):
        raw = mutated(chosen.choice(SEEDS["cbor"]), chosen)
        if chosen.random() < 0.5:
            raw = raw[chosen.randrange(len(raw)) :] if raw else raw
        try:
            value = cbor.parse(raw)
        except MalformedError:
            continue
        accepted += 1
        assert plain(cbor2.loads(raw)) == plain(value)
    assert accepted >= 500
