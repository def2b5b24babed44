"""Compact JWSs: parsed strictly, verified with exactly the key that is expected."""

import json
from typing import Any

import jwt
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import import_key as joserfc_key

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import Header, SigningKey, general, parse_compact, verify_compact
from tests.support.examples import FEW
from tests.support.keys import TestKey, ed25519_key, es256_key, ml_dsa_key
from tests.support.refusals import refused
from tests.support.signers import members

ED, EC, PQ = ed25519_key(1), es256_key(1), ml_dsa_key(1)
PAYLOAD = b'{"a":1}'
GOOD = ED.jws(PAYLOAD, iat=1_795_230_245)
P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_a_header_has_768_bytes_and_no_more() -> None:
    for size, fits in ((768, True), (769, False)):
        start = f'{{"alg":"EdDSA","typ":"JWT","kid":"{ED.kid}","iat":1'.encode()
        text = ED.sealed(start + b" " * (size - 1 - len(start)) + b"}", PAYLOAD)
        if fits:
            assert parse_compact(text).header.iat == 1
        else:
            with refused(MalformedError, "jws_header_invalid"):
                parse_compact(text)


def test_a_compact_jws_is_kept_as_it_was_received() -> None:
    jws = parse_compact(GOOD)
    assert jws.text == GOOD
    assert jws.header == Header(alg="EdDSA", typ="JWT", kid=ED.kid, iat=1_795_230_245)
    assert jws.payload == "eyJhIjoxfQ"
    assert jws.signing_input == GOOD.rpartition(".")[0].encode()


@pytest.mark.parametrize("key", [ED, EC, PQ], ids=["Ed25519", "ES256", "ML-DSA-65"])
def test_a_signature_of_each_algorithm_verifies(key: TestKey) -> None:
    verify_compact(parse_compact(key.jws(PAYLOAD)), key.jwk)


def test_the_newer_name_of_ed25519_verifies_too() -> None:
    verify_compact(parse_compact(ED.jws(PAYLOAD, alg="Ed25519")), ED.jwk)


@pytest.mark.parametrize(("key", "alg"), [(ED, "EdDSA"), (EC, "ES256")])
def test_pyjwt_verifies_what_the_ledger_accepts(key: TestKey, alg: str) -> None:
    text = key.jws(PAYLOAD)
    verify_compact(parse_compact(text), key.jwk)
    assert jwt.decode(text, jwt.PyJWK(members(key), alg), algorithms=[alg]) == {"a": 1}


@pytest.mark.parametrize(("key", "alg"), [(ED, "Ed25519"), (EC, "ES256")])
def test_joserfc_verifies_what_the_ledger_accepts(key: TestKey, alg: str) -> None:
    text = key.jws(PAYLOAD, alg=alg)
    verify_compact(parse_compact(text), key.jwk)
    theirs = joserfc_jws.deserialize_compact(text, joserfc_key(members(key)), algorithms=[alg])
    assert theirs.payload == PAYLOAD


def test_the_ledgers_own_key_signs_what_verifies() -> None:
    key = SigningKey.generate()
    with_time, without = key.sign(PAYLOAD, typ="x", iat=7), key.sign(PAYLOAD, typ="x")
    assert parse_compact(with_time).header == Header("EdDSA", key.kid, "x", 7)
    assert parse_compact(without).header == Header("EdDSA", key.kid, "x", None)
    verify_compact(parse_compact(with_time), key.jwk)
    verify_compact(parse_compact(without), key.jwk)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        GOOD.rpartition(".")[0],
        GOOD.rpartition(".")[0] + ".",
        GOOD + ".",
        GOOD + "." + GOOD,
        GOOD.replace(".", ""),
        GOOD[:-1] + "é",
        json.dumps({"payload": "", "signatures": []}),
    ],
)
def test_what_is_not_three_parts_is_no_compact_jws(text: str) -> None:
    with refused(MalformedError, "jws_malformed"):
        parse_compact(text)


@pytest.mark.parametrize("tail", ["=", "==", "+", "/", " ", "\n"])
def test_a_signature_in_another_spelling_of_base64url_is_refused(tail: str) -> None:
    with refused(MalformedError, "base64url_invalid"):
        parse_compact(GOOD + tail)


@pytest.mark.parametrize(
    "more",
    [
        {"jwk": members(ED)},
        {"jku": "https://example.com/keys"},
        {"x5c": ["AAAA"]},
        {"x5u": "https://example.com/cert"},
        {"x5t": "AAAA"},
        {"crit": ["exp"]},
        {"b64": False},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"nonce": "AAAA"},
        {"exp": 1},
        {"iat": "1795230245"},
        {"iat": 1795230245.0},
        {"iat": True},
        {"alg": None},
        {"alg": ["EdDSA"]},
        {"kid": 1},
        {"typ": None},
    ],
    ids=str,
)
def test_a_header_says_alg_typ_kid_and_iat_and_nothing_else(more: dict[str, Any]) -> None:
    with refused(MalformedError, "jws_header_invalid"):
        parse_compact(ED.jws(PAYLOAD, **more))


@pytest.mark.parametrize("name", ["alg", "kid"])
def test_a_header_without_a_member_is_refused(name: str) -> None:
    with refused(MalformedError, "jws_header_invalid"):
        parse_compact(ED.jws(PAYLOAD, without=name))


def test_a_header_may_leave_out_typ_but_not_set_it_to_null() -> None:
    assert parse_compact(ED.jws(PAYLOAD, without="typ")).header.typ is msgspec.UNSET
    with refused(MalformedError, "jws_header_invalid"):
        parse_compact(ED.jws(PAYLOAD, typ=None))


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"EdDSA","typ":"JWT","kid":"k","kid":"k"}',
        b'{"alg":"EdDSA","typ":"JWT","kid":"k","\\u006bid":"k"}',
        b'{"alg":"none","alg":"EdDSA","typ":"JWT","kid":"k"}',
        b'{"alg":"EdDSA","typ":"JWT","kid":"k"',
        b"[]",
        b"",
        b"\xff",
        b'{"alg":"EdDSA","typ":"JWT","kid":"' + b"k" * 1024 + b'"}',
    ],
)
def test_a_header_that_is_not_strict_json_or_too_long_is_refused(header: bytes) -> None:
    with refused(MalformedError, "jws_header_invalid"):
        parse_compact(ED.sealed(header, PAYLOAD))


def test_a_header_in_another_spelling_of_base64url_is_refused() -> None:
    protected, rest = GOOD.split(".", 1)
    with refused(MalformedError, "jws_header_invalid"):
        parse_compact(f"{protected}=.{rest}")


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ED, "none"),
        (ED, "None"),
        (ED, ""),
        (ED, "HS256"),
        (ED, "ES256"),
        (ED, "RS256"),
        (ED, "eddsa"),
        (ED, "Ed448"),
        (EC, "EdDSA"),
        (EC, "ES384"),
        (EC, "ES256K"),
        (EC, "HS256"),
        (PQ, "ML-DSA-44"),
        (PQ, "EdDSA"),
    ],
)
def test_only_the_keys_own_algorithm_verifies(key: TestKey, alg: str) -> None:
    with refused(RefusedError, "jws_alg_mismatch"):
        verify_compact(parse_compact(key.jws(PAYLOAD, alg=alg)), key.jwk)


def test_a_header_that_names_another_key_does_not_verify() -> None:
    with refused(RefusedError, "jws_kid_mismatch"):
        verify_compact(parse_compact(ED.jws(PAYLOAD, kid=ed25519_key(2).kid)), ED.jwk)


def test_a_signature_by_another_key_does_not_verify() -> None:
    with refused(RefusedError, "jws_signature_invalid"):
        verify_compact(parse_compact(ed25519_key(2).jws(PAYLOAD, kid=ED.kid)), ED.jwk)


@pytest.mark.parametrize("length", [1, 63, 65, 128])
@pytest.mark.parametrize("key", [ED, EC, PQ], ids=["Ed25519", "ES256", "ML-DSA-65"])
def test_a_signature_of_another_length_does_not_verify(key: TestKey, length: int) -> None:
    head = key.jws(PAYLOAD).rpartition(".")[0]
    with refused(RefusedError, "jws_signature_invalid"):
        verify_compact(parse_compact(f"{head}.{b64u_encode(bytes(length))}"), key.jwk)


@pytest.mark.parametrize(
    ("r", "s"), [(0, 0), (0, 1), (1, 0), (P256_N, 1), (1, P256_N), (2**256 - 1, 2**256 - 1)]
)
def test_an_es256_signature_outside_the_groups_order_does_not_verify(r: int, s: int) -> None:
    head = EC.jws(PAYLOAD).rpartition(".")[0]
    signature = b64u_encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    with refused(RefusedError, "jws_signature_invalid"):
        verify_compact(parse_compact(f"{head}.{signature}"), EC.jwk)


def test_an_ed25519_signature_with_s_beyond_the_order_does_not_verify() -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    jws = parse_compact(GOOD)
    s = int.from_bytes(jws.signature[32:], "little") + order
    changed = jws.signature[:32] + s.to_bytes(32, "little")
    with refused(RefusedError, "jws_signature_invalid"):
        verify_compact(msgspec.structs.replace(jws, signature=changed), ED.jwk)


@FEW
@given(st.integers(0, 8 * len(GOOD) - 1), st.sampled_from([ED, EC]))
def test_one_changed_bit_of_a_compact_jws_never_verifies(bit: int, key: TestKey) -> None:
    good = key.jws(PAYLOAD)
    bad = bytearray(good.encode())
    bad[bit // 8 % len(bad)] ^= 1 << bit % 8
    with pytest.raises((MalformedError, RefusedError)):
        verify_compact(parse_compact(bad.decode("latin-1")), key.jwk)


@pytest.mark.parametrize("end", range(0, len(GOOD), 5))
def test_a_truncated_compact_jws_never_verifies(end: int) -> None:
    with pytest.raises((MalformedError, RefusedError)):
        verify_compact(parse_compact(GOOD[:end]), ED.jwk)


@FEW
@given(st.text(max_size=60))
def test_garbage_is_no_compact_jws(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_compact(text)


# --- General JSON serialization ------------------------------------------------------------------


def test_signatures_over_one_payload_make_one_general_jws() -> None:
    one, two = ED.jws(PAYLOAD), EC.jws(PAYLOAD)
    whole = json.loads(general([one, two]))
    assert whole["payload"] == "eyJhIjoxfQ"
    assert [each["protected"] for each in whole["signatures"]] == [
        one.split(".")[0],
        two.split(".")[0],
    ]
    assert whole["signatures"][1] == {
        "protected": two.split(".")[0],
        "signature": two.split(".")[2],
    }


def test_signatures_over_two_payloads_make_no_general_jws() -> None:
    with pytest.raises(ValueError, match="payloads of a General JWS"):
        general([ED.jws(b"{}"), ED.jws(PAYLOAD)])
