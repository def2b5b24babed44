"""Appending a signature, merging and splitting."""

import json
from typing import Any

import pytest

from ledger.errors import MalformedError, RefusedError
from ledger.jose import (
    Sign,
    append_signature,
    flatten,
    merge,
    sign,
    sign_multi,
    split,
    to_general,
    verify_multi_all,
)
from tests.support.envelope_signers import ALICE, BOB, CAROL, KEYS, header


@pytest.mark.parametrize("form", [lambda j: j, json.dumps, flatten])
def test_a_signature_is_appended_over_the_payload_as_transmitted(form: Any) -> None:
    first = sign_multi({"a": 1}, [ALICE])
    both = append_signature(form(first), BOB)
    assert both["payload"] == first["payload"]
    assert both["signatures"][0] == first["signatures"][0]
    assert [o.verified for o in verify_multi_all(both, KEYS, now=None).outcomes] == [True, True]
    assert len(first["signatures"]) == 1


def test_a_compact_jws_takes_a_second_signature() -> None:
    both = append_signature(sign(b"x", ALICE), Sign(BOB, header={"role": "witness"}))
    assert [o.verified for o in verify_multi_all(both, KEYS, now=None).outcomes] == [True, True]


def test_an_appended_signature_inherits_b64() -> None:
    jws = sign_multi("x.y", [Sign(ALICE, protected={"b64": False})])
    both = append_signature(jws, BOB)
    assert header(both, 1) == {"alg": "ES256", "kid": BOB.kid, "crit": ["b64"], "b64": False}
    with pytest.raises(MalformedError, match="jws_b64_inconsistent"):
        append_signature(jws, Sign(BOB, protected={"b64": True}))
    with pytest.raises(MalformedError, match="jws_b64_inconsistent"):
        append_signature(sign_multi("x", [ALICE]), Sign(BOB, protected={"b64": False}))


def test_a_signature_over_a_detached_payload_needs_it() -> None:
    jws = sign_multi(b"x", [ALICE], detached=True)
    with pytest.raises(MalformedError, match="jws_invalid_serialization"):
        append_signature(jws, BOB)
    both = append_signature(jws, BOB, detached_payload=b"x")
    assert "payload" not in both
    found = verify_multi_all(both, KEYS, detached_payload=b"x", now=None)
    assert [o.verified for o in found.outcomes] == [True, True]


def test_no_more_signatures_than_a_verifier_accepts() -> None:
    one = sign_multi(b"x", [ALICE])
    full = {"payload": one["payload"], "signatures": one["signatures"] * 1024}
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        append_signature(full, BOB)
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        merge(full, sign_multi(b"x", [BOB]))
    assert len(merge(full, one)["signatures"]) == 1024


def test_merging_keeps_identical_entries_once_in_order() -> None:
    one, two = sign_multi(b"x", [ALICE, BOB]), sign_multi(b"x", [CAROL])
    both = append_signature(two, ALICE)
    merged = merge(one, json.dumps(both))
    assert merged["signatures"] == [*one["signatures"], two["signatures"][0]]
    assert merge(merged, flatten(two)) == merged


def test_merging_by_signer_needs_the_keys() -> None:
    one, two = sign_multi(b"x", [BOB]), sign_multi(b"x", [BOB, ALICE])
    assert len(merge(one, two)["signatures"]) == 3
    merged = merge(one, two, keys=KEYS)
    assert merged["signatures"] == [one["signatures"][0], two["signatures"][1]]


def test_an_entry_that_does_not_verify_is_kept_and_hides_nobody() -> None:
    good = sign_multi(b"x", [BOB])
    entry = good["signatures"][0] | {
        "signature": sign_multi(b"y", [BOB])["signatures"][0]["signature"]
    }
    bad = {"payload": good["payload"], "signatures": [entry]}
    assert merge(bad, good, keys=KEYS)["signatures"] == [entry, good["signatures"][0]]


def test_what_is_over_different_payloads_is_not_merged() -> None:
    with pytest.raises(RefusedError) as error:
        merge(sign_multi(b"x", [ALICE]), sign_multi(b"y", [BOB]))
    assert error.value.code == "jws_payload_mismatch"
    unencoded = sign_multi("eA", [Sign(BOB, protected={"b64": False})])
    with pytest.raises(MalformedError, match="jws_b64_inconsistent"):
        merge(sign_multi(b"x", [ALICE]), unencoded)


def test_an_inconsistent_jws_is_neither_appended_to_nor_merged() -> None:
    plain = sign_multi(b"x", [ALICE])
    mixed = {
        "payload": plain["payload"],
        "signatures": plain["signatures"]
        + sign_multi(plain["payload"], [Sign(BOB, protected={"b64": False})])["signatures"],
    }
    with pytest.raises(MalformedError, match="jws_b64_inconsistent"):
        append_signature(mixed, CAROL)
    with pytest.raises(MalformedError, match="jws_b64_inconsistent"):
        merge(mixed, plain)


def test_only_one_signature_can_be_flattened() -> None:
    one, two = sign_multi(b"x", [Sign(ALICE, header={"r": 1})]), sign_multi(b"x", [ALICE, BOB])
    flat = flatten(one)
    assert flat == {"payload": one["payload"], **one["signatures"][0]}
    assert to_general(flat) == one
    for jws in (two, {"payload": "", "signatures": []}, {"payload": "", "signatures": 1}):
        with pytest.raises(MalformedError, match="jws_invalid_serialization"):
            flatten(jws)
    assert [to_general(part)["signatures"][0] for part in split(two)] == two["signatures"]
    detached = sign_multi(b"x", [ALICE, BOB], detached=True)
    assert split(detached) == detached["signatures"]
