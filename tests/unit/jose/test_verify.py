"""Verification: keys in every shape, lookups that misbehave, what outcomes say, limits, batches."""

import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError, NotFoundError, RefusedError
from ledger.jose import (
    Claims,
    Failure,
    Limits,
    NotVerifiedError,
    Sign,
    SigningKey,
    Verification,
    evaluate,
    flatten,
    general,
    generate,
    import_private,
    import_public,
    key_set,
    parse_key,
    parse_signer_policy,
    secret_key,
    sign,
    sign_multi,
    verify,
    verify_batch,
    verify_multi,
    verify_multi_all,
)
from ledger.jose import serialization as forms
from ledger.jose.algorithms import ALL_ALGORITHMS
from ledger.jose.serialization import to_general

ALICE, BOB = generate("EdDSA"), generate("ES256")
PAYLOAD = b'{"amount":1000}'
JWS = sign_multi(PAYLOAD, [ALICE, BOB])
SECRET = bytes(range(64))


def codes(found: Verification) -> list[str | None]:
    return [None if o.error is None else o.error.code for o in found.outcomes]


@pytest.mark.parametrize(
    "key",
    [
        ALICE.to_public_jwk(),
        {"keys": [ALICE.to_public_jwk()]},
        ALICE.public,
        key_set(ALICE.to_public_jwk()),
        [ALICE.to_public_jwk()],
        (ALICE.public,),
        ALICE.private and ALICE.private.public_key(),
        lambda header: ALICE.to_public_jwk(),
        lambda header: {"keys": [ALICE.to_public_jwk()]},
        lambda header: ALICE.public,
    ],
)
def test_a_key_can_come_in_every_shape(key: Any) -> None:
    assert verify_multi_all(JWS, key).outcomes[0].verified


def test_a_key_that_cannot_be_used_is_named_only_where_the_kid_means_it() -> None:
    unusable = {"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "old"}
    without_kid = sign(PAYLOAD, import_private(ALICE.private))
    assert codes(verify_multi_all(without_kid, {"keys": [unusable]})) == ["jwk_invalid"]
    assert codes(verify_multi_all(sign(PAYLOAD, ALICE), {"keys": [unusable]})) == [
        "jwk_key_not_found"
    ]


@pytest.mark.parametrize(
    "key",
    [
        ALICE.to_public_jwk() | {"kid": "hers"},
        ALICE.private and ALICE.private.public_key(),
        parse_key(ALICE.to_public_jwk() | {"kid": "hers"}),
    ],
)
def test_one_key_alone_verifies_under_any_kid_and_a_set_does_not(key: Any) -> None:
    named = sign_multi(PAYLOAD, [Sign(ALICE, protected={"kid": "another"})])
    assert codes(verify_multi_all(named, key)) == [None]
    assert codes(verify_multi_all(named, [key])) == ["jwk_key_not_found"]
    assert codes(verify_multi_all(named, key, profile="ledger")) == ["jwk_key_not_found"]


def test_a_secret_alone_verifies_under_any_kid() -> None:
    jwk = {"kty": "oct", "k": b64u_encode(SECRET), "kid": "shared"}
    jws = sign_multi(PAYLOAD, [import_private(jwk, alg="HS512")])
    assert json.loads(b64u_decode(jws["signatures"][0]["protected"]))["kid"] == "shared"
    assert codes(verify_multi_all(jws, SECRET, algorithms=["HS512"])) == [None]


def test_a_key_with_a_member_named_keys_is_a_key() -> None:
    assert codes(verify_multi_all(JWS, ALICE.to_public_jwk() | {"keys": []}))[0] is None
    with pytest.raises(MalformedError) as refused:
        key_set({"x": "AA"})
    assert refused.value.code == "jwk_invalid"


def test_a_set_holds_as_many_keys_as_it_says() -> None:
    jwk = ALICE.to_public_jwk()
    assert len(key_set({"keys": [jwk] * 4096}).keys) == 4096
    with pytest.raises(MalformedError) as refused:
        key_set({"keys": [jwk] * 4097})
    assert refused.value.code == "jwk_invalid"


def test_a_protected_header_has_a_limit_to_the_byte() -> None:
    for size in (64, 65, 66):
        header = b'{"alg":"EdDSA","x":"' + b"x" * (size - 22) + b'"}'
        jws = f"{b64u_encode(header)}.{b64u_encode(PAYLOAD)}.{b64u_encode(bytes(64))}"
        refused = [
            codes(verify_multi_all(jws, ALICE.public, limits=Limits(header_bytes=limit)))[0]
            == "jws_limit_exceeded"
            for limit in (size - 1, size, size + 1)
        ]
        assert refused == [True, False, False]


def test_an_hmac_secret_is_bytes_and_its_algorithm_is_named() -> None:
    jws = sign_multi(PAYLOAD, [import_private(SECRET, alg="HS512")])
    assert codes(verify_multi_all(jws, SECRET)) == ["jws_alg_not_allowed"]
    assert codes(verify_multi_all(jws, SECRET, algorithms=["HS256"])) == ["jws_alg_not_allowed"]
    assert codes(verify_multi_all(jws, SECRET, algorithms=["HS512"])) == [None]
    assert codes(verify_multi_all(jws, bytearray(SECRET), algorithms=["HS512"])) == [None]
    assert codes(verify_multi_all(jws, secret_key(SECRET), algorithms=["HS512"])) == [None]


@pytest.mark.parametrize("key", [None, 1, "secret", 1.5, object(), {}, {"keys": 1}, b"short"])
def test_what_is_no_key_is_refused_at_once(key: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(JWS, key)
    assert refused.value.code == "jwk_invalid"


@pytest.mark.parametrize("text", [b"-----BEGIN PUBLIC KEY-----\n" + bytes(99), b"ssh-ed25519 AAAA"])
def test_a_public_key_in_text_form_is_no_secret(text: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(JWS, text, algorithms=["HS256"])
    assert refused.value.code == "jwk_invalid"


def test_a_private_key_object_is_refused() -> None:
    for private in (ALICE.private, ALICE.to_jwk()):
        with pytest.raises(MalformedError) as refused:
            verify_multi_all(JWS, private)
        assert refused.value.code == "private_key_refused"


def test_a_curve_that_jose_does_not_know_is_refused() -> None:
    with pytest.raises(MalformedError) as refused:
        import_public(ec.generate_private_key(ec.SECP256K1()).public_key())
    assert refused.value.code == "jwk_invalid"


def test_an_outcome_says_what_the_entry_claims_and_which_key_signed() -> None:
    signer = Sign(ALICE, protected={"typ": "JWT", "iat": 7}, header={"role": "witness"})
    found = verify_multi_all(sign_multi(PAYLOAD, [signer]), ALICE.public)
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
    found = verify_multi_all(JWS, BOB.public)
    outcome = found.outcomes[0]
    assert outcome.error == Failure("jws_alg_not_allowed", "the alg does not fit the key")
    assert (outcome.alg, outcome.kid, outcome.thumbprint) == ("EdDSA", ALICE.kid, None)
    assert outcome.protected == {"alg": "EdDSA", "kid": ALICE.kid}
    assert found.verified == (found.outcomes[1],)


def test_no_payload_without_a_signature_that_verifies() -> None:
    stranger = generate("EdDSA")
    found = verify_multi_all(JWS, stranger.public)
    assert found.payload is None
    with pytest.raises(RefusedError):
        found.json()


def test_a_lookup_sees_a_copy_of_the_protected_header_only() -> None:
    seen = []

    def lookup(header: dict[str, Any]) -> object:
        seen.append(dict(header))
        header.clear()
        return ALICE.public

    signer = Sign(ALICE, header={"x": 1})
    found = verify_multi_all(sign_multi(PAYLOAD, [signer]), lookup)
    assert seen == [{"alg": "EdDSA", "kid": ALICE.kid}]
    assert found.outcomes[0].protected == {"alg": "EdDSA", "kid": ALICE.kid}
    assert found.outcomes[0].verified


def test_a_lookup_that_raises_fails_its_entry_alone() -> None:
    def lookup(header: Mapping[str, Any]) -> object:
        if header["alg"] == "EdDSA":
            raise RuntimeError("database is down")
        return BOB.public

    found = verify_multi_all(JWS, lookup)
    assert codes(found) == ["jwk_key_not_found", None]
    assert found.outcomes[0].error == Failure(
        "jwk_key_not_found", "the lookup failed: RuntimeError"
    )
    assert verify_multi(JWS, lookup).outcome.index == 1


def test_a_lookup_that_refuses_says_why() -> None:
    def lookup(header: Mapping[str, Any]) -> object:
        raise NotFoundError("key_unknown", "no such key")

    found = verify_multi_all(JWS, lookup)
    assert found.outcomes[0].error == Failure(
        "jwk_key_not_found", "the lookup refused: key_unknown"
    )


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (None, "jwk_key_not_found"),
        ({"keys": []}, "jwk_key_not_found"),
        (1, "jwk_invalid"),
        ({"kty": "OKP"}, "jwk_invalid"),
        ({1: 2}, "jwk_invalid"),
        (ALICE.to_jwk(), "private_key_refused"),
        ("text", "jwk_invalid"),
    ],
)
def test_whatever_a_lookup_returns_is_an_outcome(result: object, code: str) -> None:
    found = verify_multi_all(JWS, lambda header: result)
    assert set(codes(found)) == {code}


def test_a_changed_jwk_is_another_key() -> None:
    jwk = ALICE.to_public_jwk()
    assert verify_multi_all(JWS, jwk).outcomes[0].verified
    jwk["x"] = generate("EdDSA").to_public_jwk()["x"]
    assert not verify_multi_all(JWS, jwk).outcomes[0].verified


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
    assert verify(text, ALICE.public).payload == PAYLOAD
    assert verify(text.encode(), ALICE.public).json() == {"amount": 1000}
    for other in (json.dumps(JWS), " " + json.dumps(JWS), json.dumps(JWS).encode(), JWS, 7, None):
        with pytest.raises(MalformedError) as refused:
            verify(other, ALICE.public)
        assert refused.value.code == "jws_invalid_serialization"


@pytest.mark.parametrize("jws", [7, None, [JWS], object(), 1.5])
def test_what_is_no_jws_is_a_typed_error(jws: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(jws, ALICE.public)
    assert refused.value.code == "jws_invalid_serialization"


def test_a_detached_payload_is_given_by_the_caller() -> None:
    jws = sign_multi(PAYLOAD, [ALICE], detached=True)
    assert "payload" not in jws
    assert verify_multi(jws, ALICE.public, detached_payload=PAYLOAD).payload == PAYLOAD
    assert codes(verify_multi_all(jws, ALICE.public, detached_payload=b"{}")) == [
        "jws_signature_invalid"
    ]
    compact = sign(PAYLOAD, ALICE, detached=True)
    assert ".." in compact
    assert verify(compact, ALICE.public, detached_payload=PAYLOAD).payload == PAYLOAD


def test_a_payload_both_inside_and_detached_is_two_payloads() -> None:
    for given in (JWS, json.dumps(JWS)):
        with pytest.raises(MalformedError) as refused:
            verify_multi_all(given, ALICE.public, detached_payload=PAYLOAD)
        assert refused.value.code == "jws_invalid_serialization"


def test_an_empty_payload_is_a_payload() -> None:
    assert verify(sign(b"", ALICE), ALICE.public).payload == b""
    assert verify_multi(sign_multi(b"", [ALICE]), ALICE.public).payload == b""


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
        verify_multi_all(JWS, ALICE.public, **options)


def test_every_algorithm_can_be_allowed_at_once() -> None:
    found = verify_multi_all(JWS, [ALICE.public, BOB.public], algorithms=sorted(ALL_ALGORITHMS))
    assert codes(found) == [None, None]


def test_options_that_are_none_are_not_given() -> None:
    names = ["typ", "now", "claims", "limits", "detached_payload", "strict_signer_match"]
    options: dict[str, Any] = dict.fromkeys(names)
    assert verify_multi_all(JWS, ALICE.public, **options).outcomes[0].verified


@pytest.mark.parametrize(
    ("limits", "jws"),
    [
        (Limits(envelope_bytes=100), json.dumps(JWS)),
        (Limits(envelope_bytes=100), json.dumps(JWS).encode()),
        (Limits(envelope_bytes=100), JWS),
        (Limits(envelope_bytes=100), sign(b"x" * 100, ALICE)),
        (Limits(entries=1), JWS),
        (Limits(entries=1), json.dumps(JWS)),
        (Limits(entries=1), json.dumps(JWS | {"more": 1})),
    ],
)
def test_an_envelope_over_a_limit_is_refused_whole(limits: Limits, jws: Any) -> None:
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(jws, ALICE.public, limits=limits)
    assert refused.value.code == "jws_limit_exceeded"


def test_limits_are_inclusive() -> None:
    text = json.dumps(JWS)
    limits = Limits(envelope_bytes=len(text), entries=2, header_bytes=70, header_depth=1)
    assert verify_multi_all(text, ALICE.public, limits=limits).outcomes[0].verified
    assert codes(verify_multi_all(text, ALICE.public, limits=Limits(header_bytes=60)))[0] == (
        "jws_limit_exceeded"
    )


def test_tries_are_counted_for_each_entry() -> None:
    others = [generate("EdDSA").public for _ in range(3)]
    jws = sign_multi(PAYLOAD, [import_private(ALICE.private)])
    keys = [*others, ALICE.public]
    assert codes(verify_multi_all(jws, keys, limits=Limits(tries=4))) == [None]
    assert codes(verify_multi_all(jws, keys, limits=Limits(tries=3))) == ["jws_limit_exceeded"]
    assert codes(verify_multi_all(jws, others, limits=Limits(tries=3))) == ["jws_signature_invalid"]


def test_ten_megabytes_of_signatures_are_answered() -> None:
    entry = {"protected": b64u_encode(b'{"alg":"EdDSA"}'), "signature": "A" * 86}
    many = {"payload": "", "signatures": [entry] * 80_000}
    text = json.dumps(many)
    assert len(text) > 10_000_000
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(text, ALICE.public)
    assert refused.value.code == "jws_limit_exceeded"
    long = {"payload": "", "signatures": [entry | {"signature": "A" * 10_000_000}, JWS]}
    assert codes(verify_multi_all(json.dumps(long), ALICE.public)) == [
        "jws_signature_invalid",
        "jws_invalid",
    ]


def test_nothing_nested_deep_overflows_the_stack() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    entry = to_general(JWS)["signatures"][0]
    jws = {
        "payload": JWS["payload"],
        "signatures": [entry | {"header": {"x": deep}}, entry],
        "y": deep,
    }
    assert codes(verify_multi_all(jws, ALICE.public)) == ["jws_limit_exceeded", None]
    raw = b'{"payload":"","signatures":' + b"[" * 100_000
    with pytest.raises(MalformedError):
        verify_multi_all(raw, ALICE.public)
    while deep:
        deep = deep[0]


def test_an_object_that_contains_itself_is_an_outcome() -> None:
    header: dict[str, Any] = {}
    header["x"] = header
    entry = JWS["signatures"][0] | {"header": header}
    found = verify_multi_all({"payload": JWS["payload"], "signatures": [entry]}, ALICE.public)
    assert codes(found) == ["jws_limit_exceeded"]


def test_a_batch_answers_in_order_and_a_bad_envelope_is_a_failure() -> None:
    envelopes: list[Any] = [
        JWS,
        "garbage",
        json.dumps(JWS),
        None,
        b"\xff",
        sign(PAYLOAD, ALICE),
    ] * 40
    for threads in (1, 2, 3):
        results = list(verify_batch(envelopes, ALICE.public, threads=threads))
        assert len(results) == len(envelopes)
        for index, result in enumerate(results):
            if index % 6 in (1, 3, 4):
                assert isinstance(result, Failure)
                assert result.code == "jws_invalid_serialization"
            else:
                assert isinstance(result, Verification)
                assert result.outcomes[0].verified


def test_a_batch_takes_no_more_than_it_needs_of_an_endless_iterable() -> None:
    taken: list[int] = []

    def endless() -> Iterator[dict[str, Any]]:
        for number in itertools.count():
            taken.append(number)
            yield JWS

    results = verify_batch(endless(), ALICE.public, threads=2)
    assert isinstance(next(results), Verification)
    results.close()  # type: ignore[attr-defined]
    assert len(taken) < 500


def test_a_batch_checks_its_options_before_it_takes_anything() -> None:
    with pytest.raises(ValueError, match="thread"):
        verify_batch(iter([]), ALICE.public, threads=0)
    with pytest.raises(MalformedError):
        verify_batch(iter([]), None)


def test_the_ledgers_own_general_jws_meets_the_ledger_profile() -> None:
    keys = [SigningKey(ed25519.Ed25519PrivateKey.generate()) for _ in range(3)]
    jws = general([key.sign(PAYLOAD, typ="JWT", iat=1) for key in keys])
    jwks = {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": key.jwk.x} for key in keys]}
    found = verify_multi_all(jws, jwks, profile="ledger", typ="JWT")
    assert codes(found) == [None, None, None]
    assert evaluate(parse_signer_policy(3), found).met


# --- what mutation testing asked for -------------------------------------------------------------


def test_the_first_good_signature_is_bound_by_the_limits_too() -> None:
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify_multi(JWS, ALICE.public, limits=Limits(entries=1))
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify(sign(PAYLOAD, ALICE), ALICE.public, limits=Limits(envelope_bytes=9))


def test_a_signature_that_was_tried_tells_more_than_an_entry_that_was_not() -> None:
    jws = sign_multi(PAYLOAD, [ALICE, ALICE])
    jws["signatures"][0]["protected"] = "!"
    jws["signatures"][1]["signature"] = "A" * 86
    with pytest.raises(NotVerifiedError) as refused:
        verify_multi(jws, ALICE.public)
    assert refused.value.code == "jws_signature_invalid"


def test_the_beginning_of_time_is_a_time() -> None:
    assert verify(sign({"exp": 1}, ALICE), ALICE.public, now=0).json() == {"exp": 1}


def test_a_lookup_for_an_entry_without_protected_header_sees_an_empty_one() -> None:
    seen = []
    jws = {"payload": "", "signatures": [{"header": {"alg": "EdDSA"}, "signature": "A" * 86}]}
    found = verify_multi_all(jws, lambda header: seen.append(header))
    assert seen == [{}]
    assert codes(found) == ["jwk_key_not_found"]
    assert found.outcomes[0].error == Failure("jwk_key_not_found", "the lookup knows no such key")


def test_white_space_and_numbers_of_unknown_members_do_not_matter() -> None:
    text = json.dumps(JWS)[1:]
    for start in (" {", "\r\n\t {"):
        for unknown in ('"x":1e400,', '"x":0.1000000000000000000001,', '"x":[9007199254740993],'):
            found = verify_multi_all(start + unknown + text, [ALICE.public, BOB.public])
            assert codes(found) == [None, None]


def test_an_unencoded_compact_payload_is_printable_ascii() -> None:
    signer = Sign(ALICE, protected={"b64": False})
    for payload in ("~", " ", "!@#$%^&*()_+{}"):
        text = sign(payload, signer)
        assert verify(text, ALICE.public).payload == payload.encode()
    head, _, tail = sign("~", signer).split(".")
    for other in ("\x7f", "\x1f", "é"):
        with pytest.raises(MalformedError, match="jws_invalid_serialization"):
            verify(f"{head}.{other}.{tail}", ALICE.public)


def test_the_ledger_profile_reads_all_serializations() -> None:
    jws = sign_multi(PAYLOAD, [ALICE])
    flat = flatten(jws)
    for form in (jws, flat, sign(PAYLOAD, ALICE), json.dumps(flat)):
        assert codes(verify_multi_all(form, ALICE.public, profile="ledger")) == [None]
    with pytest.raises(MalformedError, match="jws_invalid_serialization"):
        verify_multi_all(flat | {"x": 1}, ALICE.public, profile="ledger")


def test_the_bytes_of_an_object_are_those_of_its_texts() -> None:
    entry = JWS["signatures"][0]
    length = sum(len(text) for text in (JWS["payload"], entry["protected"], entry["signature"]))
    jws = {"payload": JWS["payload"], "signatures": [entry]}
    at, under = Limits(envelope_bytes=length), Limits(envelope_bytes=length - 1)
    assert codes(verify_multi_all(jws, ALICE.public, limits=at)) == [None]
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify_multi_all(jws, ALICE.public, limits=under)


@pytest.mark.parametrize("place", ["protected", "header"])
def test_a_header_is_as_deep_as_its_limit_and_no_deeper(place: str) -> None:
    def code_of(levels: int) -> str | None:
        nested: Any = 1
        for _ in range(levels - 1):
            nested = [nested] if levels % 2 else {"x": nested}
        given: dict[str, Any] = {place: {"x": nested}}
        (code,) = codes(verify_multi_all(sign_multi(b"", [Sign(ALICE, **given)]), ALICE.public))
        return code

    assert [code_of(levels) for levels in (7, 8, 9, 10)] == [
        None, None, "jws_limit_exceeded", "jws_limit_exceeded",
    ]  # fmt: skip


def test_a_critical_member_is_understood_beside_an_unprotected_header() -> None:
    signer = Sign(ALICE, protected={"crit": ["x"], "x": 1}, header={"y": 1})
    jws = sign_multi(PAYLOAD, [signer])
    assert codes(verify_multi_all(jws, ALICE.public, crit_understood=["x"])) == [None]
    found = verify_multi_all(jws, ALICE.public)
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
