"""Signing with many keys: all or nothing, and what a verifier takes back."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.encoding import b64u_decode
from ledger.errors import MalformedError
from ledger.jose import (
    Sign,
    generate,
    import_private,
    sign,
    sign_multi,
    verify_multi,
    verify_multi_all,
)
from ledger.jose.algorithms import ALL_ALGORITHMS, HMAC
from tests.support.envelope_signers import ALICE, BOB, CAROL, KEYS, header, refused

SECRET = bytes(range(64))
VECTORS = json.loads((Path(__file__).parents[2] / "vectors/jws-rfc.json").read_text())
RSA = import_private(VECTORS["jws"][1]["keys"][0], alg="RS256")


@pytest.mark.parametrize("alg", sorted(ALL_ALGORITHMS))
def test_every_algorithm_signs_what_it_verifies(alg: str) -> None:
    if alg in HMAC:
        signer = import_private(SECRET, alg=alg)
    else:
        signer = import_private(RSA.private, alg=alg) if alg[:2] in ("RS", "PS") else generate(alg)
    jws = sign_multi(b"payload", [signer])
    assert header(jws)["alg"] == alg
    assert verify_multi(jws, signer.public, algorithms=[alg], now=None).payload == b"payload"


def test_alg_and_kid_come_first_and_from_the_key() -> None:
    jws = sign_multi({"a": 1}, [Sign(ALICE, protected={"x": 1})])
    raw = b64u_decode(jws["signatures"][0]["protected"]).decode()
    assert raw == f'{{"alg":"EdDSA","kid":"{ALICE.kid}","x":1,"typ":"JWT"}}'


def test_a_kid_can_be_said_and_typ_is_kept() -> None:
    jws = sign_multi({"a": 1}, [Sign(ALICE, protected={"kid": "alice", "typ": "vc+jwt"})])
    assert header(jws) == {"alg": "EdDSA", "kid": "alice", "typ": "vc+jwt"}


def test_only_an_object_payload_gives_a_typ() -> None:
    assert "typ" not in header(sign_multi(b"{}", [ALICE]))
    assert "typ" not in header(sign_multi("{}", [ALICE]))
    assert header(sign_multi({}, [ALICE]))["typ"] == "JWT"


def test_payloads_are_bytes_text_or_an_object() -> None:
    assert verify_multi(sign_multi(b"\xff\x00A", [ALICE]), KEYS, now=None).payload == b"\xff\x00A"
    assert verify_multi(sign_multi("é", [ALICE]), KEYS, now=None).payload == "é".encode()
    assert verify_multi(sign_multi({"é": [1, None]}, [ALICE]), KEYS, now=None).payload == (
        '{"é":[1,null]}'.encode()
    )


@pytest.mark.parametrize(
    "payload",
    [None, 1, [1], "\ud800", {"a": float("nan")}, {1: 2}, {"a": {2: 3}}, {"a": object()},
     {"a": "\ud800"}, {"a": 2**64 + 1}, {"a": float("inf")}],
)  # fmt: skip
def test_a_payload_that_is_no_json_is_refused(payload: Any) -> None:
    assert refused(payload, [ALICE]) == "jws_invalid"


def test_no_signers_sign_nothing() -> None:
    assert refused(b"x", []) == "jws_invalid"


def test_all_signers_are_checked_before_any_signs() -> None:
    signed: list[bytes] = []

    class Watch:
        def __call__(self, data: bytes) -> bytes:
            signed.append(data)
            return b""

    watched = msgspec.structs.replace(ALICE, sign=Watch())
    assert refused(b"x", [watched, ALICE.to_public_jwk()]) == "jwk_invalid"
    assert refused(b"x", [watched, Sign(BOB, header={"alg": "x"})]) == (
        "jws_header_params_not_disjoint"
    )
    assert signed == []
    sign_multi(b"x", [watched])
    assert len(signed) == 1


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        (RSA.private, "jws_signer_alg_inference"),
        (SECRET, "jws_signer_alg_inference"),
        ({"kty": "oct", "k": "AAAA"}, "jws_signer_alg_inference"),
        (Sign(ALICE, alg="ES256"), "jws_alg_not_allowed"),
        (Sign(ALICE.to_jwk(), alg="Ed25519"), "jws_alg_not_allowed"),
        (Sign(SECRET, alg="none"), "jws_alg_not_allowed"),
        (ALICE.to_jwk() | {"alg": "none"}, "jwk_invalid"),
        (ALICE.to_public_jwk(), "jwk_invalid"),
        (ALICE.public, "jwk_invalid"),
        (ALICE.to_jwk() | {"use": "enc"}, "jwk_invalid"),
        (ALICE.to_jwk() | {"key_ops": ["verify"]}, "jwk_invalid"),
        (ALICE.to_jwk() | {"x": CAROL.to_public_jwk()["x"]}, "jwk_invalid"),
        (Sign(b"x" * 31, alg="HS256"), "jwk_invalid"),
        ("text", "jwk_invalid"),
        (None, "jwk_invalid"),
        (Sign(ALICE, protected={"alg": "EdDSA"}), "jws_invalid"),
        (Sign(ALICE, protected={"b64": 0}), "jws_invalid"),
        (Sign(ALICE, protected={"x": float("nan")}), "jws_invalid"),
        (Sign(ALICE, protected={"crit": []}), "jws_crit_invalid"),
        (Sign(ALICE, protected={"crit": ["x"]}), "jws_crit_invalid"),
        (Sign(ALICE, protected={"crit": ["x", "x"], "x": 1}), "jws_crit_invalid"),
        (Sign(ALICE, protected={"crit": ["alg"]}), "jws_crit_invalid"),
        (Sign(ALICE, protected={"crit": [1]}), "jws_crit_invalid"),
        (Sign(ALICE, protected={"crit": "x", "x": 1}), "jws_crit_invalid"),
        (Sign(ALICE, protected={"crit": 7, "b64": False}), "jws_crit_invalid"),
        (Sign(ALICE, protected={"kid": 5}), "jws_invalid"),
        (Sign(ALICE, protected={"typ": 5}), "jws_invalid"),
        (Sign(ALICE, protected={"typ": None}), "jws_invalid"),
        (Sign(ALICE, protected={"cty": []}), "jws_invalid"),
        (Sign(ALICE, protected={"x": "x" * 16_384}), "jws_limit_exceeded"),
        (Sign(ALICE, protected={"x": [[[[[[[[]]]]]]]]}), "jws_limit_exceeded"),
        (Sign(ALICE, header={"x": [[[[[[[[]]]]]]]]}), "jws_limit_exceeded"),
        (Sign(ALICE, header={"crit": ["x"]}), "jws_invalid"),
        (Sign(ALICE, header={"b64": False}), "jws_invalid"),
        (Sign(ALICE, header={"x": float("nan")}), "jws_invalid"),
        (Sign(ALICE, header={"alg": "EdDSA"}), "jws_header_params_not_disjoint"),
        (Sign(ALICE, protected={"x": 1}, header={"x": 1}), "jws_header_params_not_disjoint"),
    ],
)  # fmt: skip
def test_a_signer_that_no_verifier_would_take_back_is_refused(signer: Any, code: str) -> None:
    assert refused(b"x", [BOB, signer]) == code


def test_an_rsa_or_secret_signer_names_its_algorithm() -> None:
    assert RSA.private is not None
    jws = sign_multi(b"x", [Sign(RSA.private, alg="PS384"), Sign(SECRET, alg="HS384")])
    found = verify_multi_all(jws, [RSA.public], algorithms=["PS384", "HS384"], now=None)
    assert [o.error and o.error.code for o in found.outcomes] == ["jws_alg_not_allowed"] * 2
    open_key = RSA.to_public_jwk()
    del open_key["alg"]
    assert verify_multi_all(jws, open_key, now=None).outcomes[0].verified


def test_a_critical_member_is_signed_and_has_to_be_understood() -> None:
    jws = sign_multi(b"x", [Sign(ALICE, protected={"crit": ["exp"], "exp": 1})])
    assert not verify_multi_all(jws, KEYS, now=None).outcomes[0].verified
    assert verify_multi_all(jws, KEYS, crit_understood=["exp"], now=None).outcomes[0].verified


def test_an_unencoded_payload_is_critical_in_every_entry() -> None:
    jws = sign_multi("$.02", [Sign(ALICE, protected={"b64": False}), BOB])
    assert jws["payload"] == "$.02"
    for index in (0, 1):
        assert header(jws, index)["b64"] is False
        assert header(jws, index)["crit"] == ["b64"]
    assert verify_multi(jws, KEYS, now=None).payload == b"$.02"


def test_crit_is_extended_and_b64_true_is_left_out() -> None:
    jws = sign_multi("x", [Sign(ALICE, protected={"b64": False, "crit": ["b64", "y"], "y": 1})])
    assert header(jws)["crit"] == ["b64", "y"]
    jws = sign_multi("x", [Sign(ALICE, protected={"b64": True})])
    assert "b64" not in header(jws)


def test_signers_cannot_disagree_on_b64() -> None:
    signers = [Sign(ALICE, protected={"b64": False}), Sign(BOB, protected={"b64": True})]
    assert refused("x", signers) == "jws_b64_inconsistent"


def test_an_unencoded_payload_in_json_is_text() -> None:
    signer = Sign(ALICE, protected={"b64": False})
    assert refused(b"\xff", [signer]) == "jws_invalid_serialization"
    jws = sign_multi(b"\xff", [signer], detached=True)
    assert verify_multi(jws, KEYS, detached_payload=b"\xff", now=None).payload == b"\xff"


def test_compact_holds_what_it_can() -> None:
    signer = Sign(ALICE, protected={"b64": False})
    with pytest.raises(MalformedError, match="jws_invalid_serialization"):
        sign("a.b", signer)
    with pytest.raises(MalformedError, match="jws_invalid_serialization"):
        sign("x", Sign(ALICE, header={"x": 1}))
    assert sign("$02", signer).split(".")[1] == "$02"


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="expires_in"):
        sign_multi(b"x", [ALICE], expires_in=1)  # type: ignore[call-arg]


def test_an_object_that_is_nested_too_deep_is_not_signed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"x": deep}
    assert refused(deep, [ALICE]) == "jws_invalid"


def test_a_secret_signer_takes_another_algorithm() -> None:
    signer = import_private(SECRET, alg="HS256")
    assert import_private(signer, alg="HS256") is signer
    other = import_private(signer, alg="HS512")
    assert (other.alg, other.secret) == ("HS512", SECRET)


@pytest.mark.slow
def test_a_signer_writes_no_more_than_a_verifier_reads() -> None:
    assert refused(bytes(12 * 2**20), [ALICE]) == "jws_limit_exceeded"
    assert refused("x" * 2**24, [Sign(ALICE, protected={"b64": False})]) == "jws_limit_exceeded"
    assert refused(b"x", [Sign(ALICE, header={"x": "x" * 2**24})]) == "jws_limit_exceeded"
    assert refused(b"x", [ALICE] * 1025) == "jws_limit_exceeded"
    largest = json.dumps(sign_multi(bytes(12 * 2**20 - 1024), [ALICE]), separators=(",", ":"))
    assert verify_multi_all(largest, KEYS, now=None).outcomes[0].verified


def test_a_large_payload_can_be_detached() -> None:
    payload = bytes(2**24)
    jws = sign_multi(payload, [ALICE], detached=True)
    assert verify_multi_all(jws, KEYS, now=None, detached_payload=payload).payload == payload


def test_a_signer_without_a_kid_is_named_by_its_thumbprint() -> None:
    assert ALICE.private is not None
    for key in (ALICE.private, {n: v for n, v in ALICE.to_jwk().items() if n != "kid"}):
        assert header(sign_multi(b"x", [key]))["kid"] == ALICE.public.thumbprint
    named = ALICE.to_jwk() | {"kid": "mine"}
    assert header(sign_multi(b"x", [named]))["kid"] == "mine"
    assert header(sign_multi(b"x", [Sign(named, protected={"kid": "this"})]))["kid"] == "this"
    assert "kid" not in header(sign_multi(b"x", [Sign(named, protected={"kid": None})]))
    assert "kid" not in header(sign_multi(b"x", [Sign(SECRET, alg="HS256")]))


def test_a_jwt_is_never_unencoded() -> None:
    jws = sign_multi({"a": 1}, [Sign(ALICE, protected={"b64": False})])
    assert "typ" not in header(jws)
    assert header(sign_multi({"a": 1}, [ALICE]))["typ"] == "JWT"


@pytest.mark.parametrize("payload", ["a\nb", "\t", "\x7f", "é", "a.b"])
def test_a_payload_that_no_verifier_reads_in_compact_form_is_not_written_in_it(
    payload: str,
) -> None:
    with pytest.raises(MalformedError, match="jws_invalid_serialization"):
        sign(payload, Sign(ALICE, protected={"b64": False}))
