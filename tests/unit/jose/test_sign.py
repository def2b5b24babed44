"""Signing with many keys, appending, merging: all or nothing, and what a verifier takes back."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.encoding import b64u_decode
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.jose import (
    Hints,
    Sign,
    append_signature,
    flatten,
    generate,
    import_private,
    merge,
    sign,
    sign_multi,
    split,
    to_general,
    verify_multi,
    verify_multi_all,
)
from ledger.jose.algorithms import ALL_ALGORITHMS, HMAC

ALICE, BOB, CAROL = generate("EdDSA"), generate("ES256"), generate("EdDSA")
KEYS = [ALICE.public, BOB.public, CAROL.public]
SECRET = bytes(range(64))
VECTORS = json.loads((Path(__file__).parents[2] / "vectors/jws-rfc.json").read_text())
RSA = import_private(VECTORS["jws"][1]["keys"][0], alg="RS256")


def header(jws: dict[str, Any], index: int = 0) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(b64u_decode(jws["signatures"][index]["protected"]))
    return decoded


def refused(*arguments: Any, **options: Any) -> str:
    with pytest.raises(LedgerError) as error:
        sign_multi(*arguments, **options)
    return error.value.code


@pytest.mark.parametrize("alg", sorted(ALL_ALGORITHMS))
def test_every_algorithm_signs_what_it_verifies(alg: str) -> None:
    if alg in HMAC:
        signer = import_private(SECRET, alg=alg)
    else:
        signer = import_private(RSA.private, alg=alg) if alg[:2] in ("RS", "PS") else generate(alg)
    jws = sign_multi(b"payload", [signer])
    assert header(jws)["alg"] == alg
    assert verify_multi(jws, signer.public, algorithms=[alg]).payload == b"payload"


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
    assert verify_multi(sign_multi(b"\xff\x00A", [ALICE]), KEYS).payload == b"\xff\x00A"
    assert verify_multi(sign_multi("é", [ALICE]), KEYS).payload == "é".encode()
    assert verify_multi(sign_multi({"é": [1, None]}, [ALICE]), KEYS).payload == (
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
        (Sign(ALICE, protected={"crit": []}), "jws_invalid"),
        (Sign(ALICE, protected={"crit": ["x"]}), "jws_invalid"),
        (Sign(ALICE, protected={"crit": ["x", "x"], "x": 1}), "jws_invalid"),
        (Sign(ALICE, protected={"crit": ["alg"]}), "jws_invalid"),
        (Sign(ALICE, protected={"crit": [1]}), "jws_invalid"),
        (Sign(ALICE, protected={"crit": "x", "x": 1}), "jws_invalid"),
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
    jws = sign_multi(b"x", [Sign(RSA.private, alg="PS384"), Sign(SECRET, alg="HS384")])
    found = verify_multi_all(jws, [RSA.public], algorithms=["PS384", "HS384"])
    assert [o.error and o.error.code for o in found.outcomes] == ["jws_alg_not_allowed"] * 2
    open_key = RSA.to_public_jwk()
    del open_key["alg"]
    assert verify_multi_all(jws, open_key).outcomes[0].verified


def test_a_critical_member_is_signed_and_has_to_be_understood() -> None:
    jws = sign_multi(b"x", [Sign(ALICE, protected={"crit": ["exp"], "exp": 1})])
    assert not verify_multi_all(jws, KEYS).outcomes[0].verified
    assert verify_multi_all(jws, KEYS, crit_understood=["exp"]).outcomes[0].verified


def test_an_unencoded_payload_is_critical_in_every_entry() -> None:
    jws = sign_multi("$.02", [Sign(ALICE, protected={"b64": False}), BOB])
    assert jws["payload"] == "$.02"
    for index in (0, 1):
        assert header(jws, index)["b64"] is False
        assert header(jws, index)["crit"] == ["b64"]
    assert verify_multi(jws, KEYS).payload == b"$.02"


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
    assert verify_multi(jws, KEYS, detached_payload=b"\xff").payload == b"\xff"


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


# --- claims --------------------------------------------------------------------------------------


def claims(payload: Any, **hints: Any) -> dict[str, Any]:
    jws = sign_multi(payload, [ALICE], claims=Hints(**({"now": 1000} | hints)))
    decoded: dict[str, Any] = verify_multi(jws, KEYS).json()
    return decoded


def test_claims_are_added_once_for_all_signers() -> None:
    assert claims({"sub": "u1"}, expires_in="1h", not_before_in=0, jti="j") == {
        "sub": "u1", "iat": 1000, "exp": 4600, "nbf": 1000, "jti": "j",
    }  # fmt: skip


def test_claims_that_are_there_stay() -> None:
    there = {"iat": 0, "exp": 5, "nbf": 1, "jti": "mine"}
    assert claims(there, expires_in=1, not_before_in=1, jti="other") == there
    assert claims({"iat": 0}, expires_in=10) == {"iat": 0, "exp": 10}


def test_absolute_times_are_whole_seconds() -> None:
    assert claims({}, expires_at=2000, not_before_at=0) == {"iat": 1000, "exp": 2000, "nbf": 0}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(1, 1), ("90", 90), ("90s", 90), ("1second", 1), ("2seconds", 2), ("1m", 60), ("1minute", 60),
     ("2minutes", 120), ("1h", 3600), ("1hour", 3600), ("2hours", 7200), ("1D", 86400),
     ("1day", 86400), ("2days", 172800), ("1W", 604800), ("1week", 604800), ("2weeks", 1209600),
     ("1M", 2592000), ("1month", 2592000), ("2months", 5184000), ("1Y", 31536000),
     ("1year", 31536000), ("2years", 63072000)],
)  # fmt: skip
def test_durations(text: Any, seconds: int) -> None:
    assert claims({}, expires_in=text)["exp"] == 1000 + seconds


def test_times_go_as_far_as_a_double_counts_seconds() -> None:
    last = 2**53
    assert claims({"iat": 0}, expires_in=last)["exp"] == last
    assert claims({}, expires_at=last)["exp"] == last
    assert claims({}, expires_at=-last)["exp"] == -last


@pytest.mark.parametrize(
    "duration",
    [0, -1, True, 1.5, "", "0", "h", "1 h", "1H", "1d", "-1h", "+1h", "1.5h", "\u0661h", "\uff11h",
     "1h\n", "1hh", "9" * 13, 2**54, [1], None.__class__],
)  # fmt: skip
def test_a_bad_duration_is_a_typed_error(duration: Any) -> None:
    assert refused({}, [ALICE], claims=Hints(now=1, expires_in=duration)) == "jwt_claim_invalid"


@pytest.mark.parametrize(
    ("payload", "hints"),
    [
        ([7], {"expires_in": 1}),
        (b"{}", {"expires_in": 1}),
        ("x", {}),
        ({}, {"expires_in": 1, "expires_at": 5}),
        ({}, {"not_before_in": 1, "not_before_at": 5}),
        ({}, {"expires_at": 1.5}),
        ({}, {"expires_at": True}),
        ({}, {"expires_at": 2**53 + 1}),
        ({}, {"jti": ""}),
        ({}, {"jti": 1}),
        ({"iat": "x"}, {"expires_in": 1}),
        ({"iat": True}, {"expires_in": 1}),
    ],
)
def test_a_claim_that_cannot_be_is_a_typed_error(payload: Any, hints: dict[str, Any]) -> None:
    assert refused(payload, [ALICE], claims=Hints(**({"now": 1} | hints))) == "jwt_claim_invalid"


def test_claims_and_an_unencoded_payload_do_not_go_together() -> None:
    signer = Sign(ALICE, protected={"b64": False})
    assert refused({}, [signer], claims=Hints(now=1)) == "jwt_claim_invalid"


# --- append, merge, split ------------------------------------------------------------------------


@pytest.mark.parametrize("form", [lambda j: j, json.dumps, flatten])
def test_a_signature_is_appended_over_the_payload_as_transmitted(form: Any) -> None:
    first = sign_multi({"a": 1}, [ALICE])
    both = append_signature(form(first), BOB)
    assert both["payload"] == first["payload"]
    assert both["signatures"][0] == first["signatures"][0]
    assert [o.verified for o in verify_multi_all(both, KEYS).outcomes] == [True, True]
    assert len(first["signatures"]) == 1


def test_a_compact_jws_takes_a_second_signature() -> None:
    both = append_signature(sign(b"x", ALICE), Sign(BOB, header={"role": "witness"}))
    assert [o.verified for o in verify_multi_all(both, KEYS).outcomes] == [True, True]


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
    found = verify_multi_all(both, KEYS, detached_payload=b"x")
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
