"""Verification: what outcomes say, which payloads and options are taken, what is refused."""

import json
import math
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import (
    Claims,
    Failure,
    Limits,
    NotVerifiedError,
    Sign,
    SigningKey,
    evaluate,
    flatten,
    general,
    generate,
    parse_signer_policy,
    sign,
    sign_multi,
    verify,
    verify_batch,
    verify_multi,
    verify_multi_all,
)
from ledger.jose import serialization as forms
from ledger.jose.algorithms import ALL_ALGORITHMS
from tests.support.envelopes import ALICE, BOB, JWS, PAYLOAD, codes


def test_an_outcome_says_what_the_entry_claims_and_which_key_signed() -> None:
    signer = Sign(ALICE, protected={"typ": "JWT", "iat": 7}, header={"role": "witness"})
    found = verify_multi_all(sign_multi(PAYLOAD, [signer]), ALICE.public, now=None)
    (outcome,) = found.outcomes
    assert found.payload == PAYLOAD
    assert found.json() == {"amount": 1000}
    assert outcome.index == 0
    assert outcome.verified
    assert outcome.error is None
    assert outcome.alg == "EdDSA"
    assert outcome.kid == ALICE.kid == outcome.thumbprint
    assert outcome.key_type == "OKP"
    assert outcome.protected == {"alg": "EdDSA", "kid": ALICE.kid, "typ": "JWT", "iat": 7}
    assert outcome.header == {"role": "witness"}


def test_a_failed_outcome_still_says_what_was_claimed() -> None:
    found = verify_multi_all(JWS, BOB.public, now=None)
    outcome = found.outcomes[0]
    assert outcome.error == Failure("jws_alg_not_allowed", "the key cannot use this alg")
    assert (outcome.alg, outcome.kid, outcome.thumbprint) == ("EdDSA", ALICE.kid, None)
    assert outcome.protected == {"alg": "EdDSA", "kid": ALICE.kid}
    assert found.verified == (found.outcomes[1],)


def test_no_payload_without_a_signature_that_verifies() -> None:
    stranger = generate("EdDSA")
    found = verify_multi_all(JWS, stranger.public, now=None)
    assert found.payload is None
    with pytest.raises(RefusedError):
        found.json()


def test_the_code_of_a_refusal_is_of_the_entry_that_got_furthest() -> None:
    expired = json.dumps({"exp": 1})
    jws = sign_multi(expired, [ALICE, BOB, ALICE])
    jws["signatures"][0]["signature"] = jws["signatures"][1]["signature"]
    jws["signatures"][1]["protected"] = "!"
    with pytest.raises(NotVerifiedError) as refused:
        verify_multi(jws, [ALICE.public, BOB.public], now=2)
    assert refused.value.code == "jwt_expired"
    assert [o.error and o.error.code for o in refused.value.outcomes] == [
        "jws_signature_invalid",
        "jws_invalid",
        "jwt_expired",
    ]


def test_compact_is_verified_by_verify_and_json_is_not() -> None:
    text = sign(PAYLOAD, ALICE)
    assert verify(text, ALICE.public, now=None).payload == PAYLOAD
    assert verify(text.encode(), ALICE.public, now=None).json() == {"amount": 1000}
    for other in (json.dumps(JWS), " " + json.dumps(JWS), json.dumps(JWS).encode(), JWS, 7, None):
        with pytest.raises(MalformedError) as refused:
            verify(other, ALICE.public, now=None)
        assert refused.value.code == "jws_invalid_serialization"


@pytest.mark.parametrize("jws", [7, None, [JWS], object(), 1.5])
def test_what_is_no_jws_is_a_typed_error(jws: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(jws, ALICE.public, now=None)
    assert refused.value.code == "jws_invalid_serialization"


def test_a_detached_payload_is_given_by_the_caller() -> None:
    jws = sign_multi(PAYLOAD, [ALICE], detached=True)
    assert "payload" not in jws
    assert verify_multi(jws, ALICE.public, detached_payload=PAYLOAD, now=None).payload == PAYLOAD
    assert codes(verify_multi_all(jws, ALICE.public, detached_payload=b"{}", now=None)) == [
        "jws_signature_invalid"
    ]
    compact = sign(PAYLOAD, ALICE, detached=True)
    assert ".." in compact
    assert verify(compact, ALICE.public, detached_payload=PAYLOAD, now=None).payload == PAYLOAD


def test_a_payload_both_inside_and_detached_is_two_payloads() -> None:
    for given in (JWS, json.dumps(JWS)):
        with pytest.raises(MalformedError) as refused:
            verify_multi_all(given, ALICE.public, detached_payload=PAYLOAD, now=None)
        assert refused.value.code == "jws_invalid_serialization"


def test_an_empty_payload_is_a_payload() -> None:
    assert verify(sign(b"", ALICE), ALICE.public, now=None).payload == b""
    assert verify_multi(sign_multi(b"", [ALICE]), ALICE.public, now=None).payload == b""


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"profile": "lax"}, ValueError),
        ({"algorithms": []}, ValueError),
        ({"algorithms": ["none"]}, ValueError),
        ({"algorithms": "EdDSA"}, TypeError),
        ({"algorithms": [1]}, TypeError),
        ({"algorithms": None}, TypeError),
        ({"typ": ""}, ValueError),
        ({"typ": 1}, TypeError),
        ({"crit_understood": "x"}, TypeError),
        ({"detached_payload": "x"}, TypeError),
        ({"strict_signer_match": "yes"}, TypeError),
        ({"now": True}, TypeError),
        ({"now": "1"}, TypeError),
        ({"now": math.nan}, ValueError),
        ({"now": math.inf}, ValueError),
        ({"now": -math.inf}, ValueError),
        ({"claims": Claims()}, ValueError),
        ({"claims": {}, "now": 1}, TypeError),
        ({"limits": {}}, TypeError),
        ({"issuer": "x"}, TypeError),
    ],
)
def test_an_option_never_switches_a_check_off_silently(
    options: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        verify_multi_all(JWS, ALICE.public, **{"now": None, **options})


def test_a_call_that_says_nothing_about_time_is_refused() -> None:
    # An expired JWT would verify if the time were left out by mistake.
    expired = sign({"exp": 1}, ALICE)
    for call in (verify, verify_multi, verify_multi_all):
        with pytest.raises(TypeError, match="now is needed"):
            call(expired, ALICE.public)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="now is needed"):
        verify_batch([expired], ALICE.public)  # type: ignore[call-arg]


def test_every_algorithm_can_be_allowed_at_once() -> None:
    found = verify_multi_all(
        JWS, [ALICE.public, BOB.public], algorithms=sorted(ALL_ALGORITHMS), now=None
    )
    assert codes(found) == [None, None]


def test_options_that_are_none_are_not_given() -> None:
    names = ["typ", "now", "claims", "limits", "detached_payload", "strict_signer_match"]
    options: dict[str, Any] = dict.fromkeys(names)
    assert verify_multi_all(JWS, ALICE.public, **options).outcomes[0].verified


def test_the_ledgers_own_general_jws_meets_the_ledger_profile() -> None:
    keys = [SigningKey(ed25519.Ed25519PrivateKey.generate()) for _ in range(3)]
    jws = general([key.sign(PAYLOAD, typ="JWT", iat=1) for key in keys])
    jwks = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": key.jwk.x} for key in keys]}
    found = verify_multi_all(jws, jwks, profile="ledger", typ="JWT", now=None)
    assert codes(found) == [None, None, None]
    assert evaluate(parse_signer_policy(3), found).met


def test_a_signature_that_was_tried_tells_more_than_an_entry_that_was_not() -> None:
    jws = sign_multi(PAYLOAD, [ALICE, ALICE])
    jws["signatures"][0]["protected"] = "!"
    jws["signatures"][1]["signature"] = "A" * 86
    with pytest.raises(NotVerifiedError) as refused:
        verify_multi(jws, ALICE.public, now=None)
    assert refused.value.code == "jws_signature_invalid"


def test_the_beginning_of_time_is_a_time() -> None:
    assert verify(sign({"exp": 1}, ALICE), ALICE.public, now=0).json() == {"exp": 1}


def test_white_space_and_numbers_of_unknown_members_do_not_matter() -> None:
    text = json.dumps(JWS)[1:]
    for start in (" {", "\r\n\t {"):
        for unknown in ('"x":1e400,', '"x":0.1000000000000000000001,', '"x":[9007199254740993],'):
            found = verify_multi_all(start + unknown + text, [ALICE.public, BOB.public], now=None)
            assert codes(found) == [None, None]


def test_an_unencoded_compact_payload_is_printable_ascii() -> None:
    signer = Sign(ALICE, protected={"b64": False})
    for payload in ("~", " ", "!@#$%^&*()_+{}"):
        text = sign(payload, signer)
        assert verify(text, ALICE.public, now=None).payload == payload.encode()
    head, _, tail = sign("~", signer).split(".")
    for other in ("\x7f", "\x1f", "é"):
        with pytest.raises(MalformedError, match="jws_invalid_serialization"):
            verify(f"{head}.{other}.{tail}", ALICE.public, now=None)


def test_the_ledger_profile_reads_all_serializations() -> None:
    jws = sign_multi(PAYLOAD, [ALICE])
    flat = flatten(jws)
    for form in (jws, flat, sign(PAYLOAD, ALICE), json.dumps(flat)):
        assert codes(verify_multi_all(form, ALICE.public, profile="ledger", now=None)) == [None]
    with pytest.raises(MalformedError, match="jws_invalid_serialization"):
        verify_multi_all(flat | {"x": 1}, ALICE.public, profile="ledger", now=None)


@pytest.mark.parametrize("member", [{"iat": "1"}, {"iat": 2**53}, {"iat": True}, {"typ": None}])
def test_the_ledger_profile_refuses_a_header_that_the_ledger_refuses(
    member: dict[str, object],
) -> None:
    protected = b64u_encode(json.dumps({"alg": "EdDSA", "kid": ALICE.kid, **member}).encode())
    jws = f"{protected}.{b64u_encode(PAYLOAD)}.{'A' * 86}"
    assert codes(verify_multi_all(jws, ALICE.public, profile="ledger", now=None)) == ["jws_invalid"]


def test_the_bytes_of_an_object_are_those_of_its_texts() -> None:
    entry = JWS["signatures"][0]
    length = sum(len(text) for text in (JWS["payload"], entry["protected"], entry["signature"]))
    jws = {"payload": JWS["payload"], "signatures": [entry]}
    at, under = Limits(envelope_bytes=length), Limits(envelope_bytes=length - 1)
    assert codes(verify_multi_all(jws, ALICE.public, limits=at, now=None)) == [None]
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify_multi_all(jws, ALICE.public, limits=under, now=None)


def test_a_critical_member_is_understood_beside_an_unprotected_header() -> None:
    signer = Sign(ALICE, protected={"crit": ["x"], "x": 1}, header={"y": 1})
    jws = sign_multi(PAYLOAD, [signer])
    assert codes(verify_multi_all(jws, ALICE.public, crit_understood=["x"], now=None)) == [None]
    found = verify_multi_all(jws, ALICE.public, now=None)
    assert codes(found) == ["jws_crit_invalid"]
    assert found.outcomes[0].header == {"y": 1}


def test_what_is_plain_is_parsed_the_quick_way_and_duplicates_are_not() -> None:
    entry = '{"protected":"e30","signature":"AA"}'
    bare = '{"signature":"AA"}'
    for entries in ([entry], [bare], [entry, bare, entry], [bare, bare]):
        text = f'{{"payload":"","signatures":[{",".join(entries)}]}}'
        quick = forms._parse_plain(text.encode(), Limits())
        assert quick is not None
        assert forms.to_object(quick) == json.loads(text)
        for old, new in (
            ('"payload":""', '"payload":"x","payload":""'),
            ('"signature":"AA"', '"signature":"","signature":"AA"'),
            ('"signatures":', '"signatures":[],"signatures":'),
        ):
            assert forms._parse_plain(text.replace(old, new, 1).encode(), Limits()) is None
    assert forms._parse_plain(b'{"payload":"","signatures":[]}', Limits()) is None


def test_a_text_with_a_lone_surrogate_is_no_jws() -> None:
    with pytest.raises(MalformedError) as refused:
        verify_multi_all('{"payload":"\ud800"}', ALICE.public, now=None)
    assert refused.value.code == "jws_invalid_serialization"
