"""Any input gives an outcome or one typed error with a known code."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.encoding import b64u_encode, parse_json
from ledger.errors import LedgerError, MalformedError
from ledger.jose import (
    Outcome,
    Sign,
    Verification,
    generate,
    merge,
    sign_multi,
    to_general,
    verify_multi_all,
)
from ledger.jose import header as headers
from ledger.jose import serialization as forms
from ledger.jose.rules import RFC, Limits

BOUNDED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
ALICE, BOB = generate("EdDSA"), generate("ES256")
KEYS = [ALICE.public, BOB.public]
GOOD = sign_multi({"a": 1}, [ALICE, Sign(BOB, header={"x": 1})])
TEXT = json.dumps(GOOD).encode()
ENVELOPE_CODES = {
    "jws_invalid_serialization": "jws_invalid_serialization",
    "jws_limit_exceeded": "jws_limit_exceeded",
}
ENTRY_CODES = {
    "jws_invalid",
    "jws_limit_exceeded",
    "jws_header_params_not_disjoint",
    "jws_crit_invalid",
    "jws_b64_inconsistent",
    "jws_alg_not_allowed",
    "jws_typ_mismatch",
    "jws_no_matching_signer",
    "jwk_key_not_found",
    "jwk_invalid",
    "private_key_refused",
    "jws_signature_invalid",
    "jwt_claim_missing",
    "jwt_claim_invalid",
    "jwt_nbf",
    "jwt_expired",
}
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats()
    | st.text(max_size=8) | st.binary(max_size=8)
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["alg", "kid", "crit", "b64", "typ", "jwk", "x", "payload", "protected", "header", "signature",
     "signatures"]
)  # fmt: skip
VALUES = ANYTHING | st.sampled_from(
    ["EdDSA", "ES256", "none", ALICE.kid, ["b64"], ["x"], False, True, "\ud800", GOOD["payload"],
     *(entry["protected"] for entry in GOOD["signatures"]),
     *(entry["signature"] for entry in GOOD["signatures"])]
)  # fmt: skip
MEMBERS = st.dictionaries(NAMES, VALUES, max_size=6)
HEADER_JSON = MEMBERS.map(lambda members: json.dumps(members, default=str))
ENTRIES = (
    st.fixed_dictionaries(
        {},
        optional={
            "protected": HEADER_JSON.map(lambda text: b64u_encode(text.encode())) | VALUES,
            "header": MEMBERS | VALUES,
            "signature": st.binary(max_size=70).map(b64u_encode) | VALUES,
        },
    )
    | VALUES
)
ENVELOPES = st.fixed_dictionaries(
    {"payload": st.just(GOOD["payload"]) | VALUES},
    optional={
        "signatures": st.lists(ENTRIES | st.sampled_from(GOOD["signatures"]), max_size=4) | VALUES,
        "signature": VALUES,
        "protected": VALUES,
    },
)


def told(jws: Any, **options: Any) -> Verification | str:
    """Verify, and check that nothing but an outcome or one typed error comes out."""
    try:
        found = verify_multi_all(jws, options.pop("keys", KEYS), **{"now": None, **options})
    except MalformedError as error:
        return ENVELOPE_CODES[error.code]
    for index, outcome in enumerate(found.outcomes):
        assert isinstance(outcome, Outcome)
        assert outcome.index == index
        assert (outcome.error is None) == outcome.verified == (outcome.signer is not None)
        assert outcome.error is None or outcome.error.code in ENTRY_CODES
    assert (found.payload is None) == (not found.verified)
    return found


@BOUNDED
@given(ENVELOPES)
def test_any_object(envelope: dict[str, Any]) -> None:
    told(envelope)
    told(envelope, profile="ledger")
    told(envelope, now=1)


@BOUNDED
@given(ANYTHING | st.binary() | st.text())
def test_anything(jws: Any) -> None:
    told(jws)


@BOUNDED
@given(ENVELOPES)
def test_an_object_and_its_text_have_the_same_outcomes(envelope: dict[str, Any]) -> None:
    try:
        text = json.dumps(envelope, allow_nan=False)
        if json.loads(text) != envelope:
            return
    except (TypeError, ValueError):
        return
    as_text = told(text)
    if as_text != "jws_invalid_serialization":  # text is read more strictly: surrogates, depth
        assert as_text == told(envelope)


@BOUNDED
@given(st.data())
def test_truncated_and_changed_text(data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(TEXT) - 1))
    assert told(TEXT[:cut]) in ENVELOPE_CODES
    position = data.draw(st.integers(0, len(TEXT) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(TEXT)
    changed[position] ^= 1 << bit
    found = told(bytes(changed))
    if isinstance(found, Verification) and len(found.verified) == 2:
        # Only what nobody signed can change: the unprotected header, a name that is ignored.
        assert found.payload == b'{"a":1}'


@BOUNDED
@given(st.binary(max_size=200), st.integers(0, 3))
def test_the_quick_parser_takes_nothing_that_the_slow_one_refuses(junk: bytes, place: int) -> None:
    pieces = TEXT.split(b'"signatures"')
    raw = [junk, TEXT + junk, junk + TEXT, pieces[0] + junk + b'"signatures"' + pieces[1]][place]
    quick = forms._parse_plain(raw, Limits())
    if quick is not None:
        slow = forms._parse_any(raw, RFC, Limits())
        assert forms.to_object(quick) == forms.to_object(slow)


TOKENS = st.sampled_from(
    ['"alg"', '"kid"', '":"', '"a:b"', '"', ":", ",", "{", "}", "[", "]", "1", "1e400", "NaN",
     "null", "true", "\\", '"\\u0061lg"', " ", "9007199254740993", "-0", "1.0", '"crit"', '":\\""']
)  # fmt: skip


@BOUNDED
@given(st.lists(TOKENS, max_size=14).map(lambda tokens: "{" + "".join(tokens) + "}"))
def test_the_quick_header_parser_agrees_with_the_strict_one(text: str) -> None:
    quick = headers._decode_flat(text.encode())
    if quick is not None:
        assert parse_json(text.encode()) == quick


@BOUNDED
@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers() | st.booleans()))
def test_the_quick_header_parser_loses_no_member(members: dict[str, Any]) -> None:
    raw = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    quick = headers._decode_flat(raw)
    assert quick is None or quick == members


@BOUNDED
@given(ENVELOPES, ENVELOPES)
def test_conversions_raise_typed_errors_only(one: dict[str, Any], other: dict[str, Any]) -> None:
    with suppress(LedgerError):
        to_general(one)
    with suppress(LedgerError):
        merge(one, other)
    with suppress(LedgerError):
        merge(one, GOOD)


@BOUNDED
@given(ANYTHING | MEMBERS)
def test_everything_that_a_lookup_gives_is_an_outcome(result: Any) -> None:
    found = told(GOOD, keys=lambda header: result)
    assert isinstance(found, Verification)
    assert not found.verified
