"""What two libraries for JavaScript signed, recorded; `make test-node` makes it anew."""

import json
from pathlib import Path

import pytest

from ledger.jose import (
    Sign,
    flatten,
    import_private,
    key_set,
    read_private_key,
    read_public_keys,
    sign,
    sign_multi,
    verify,
    verify_multi,
    verify_multi_all,
)
from ledger.jose.algorithms import HMAC, MLDSA

FOLDER = Path(__file__).parents[2] / "vectors/node"
OURS = json.loads((FOLDER / "ours.json").read_text())
RECORDED = json.loads((FOLDER / "recorded.json").read_text())
SIGNERS = {jwk["alg"]: import_private(jwk) for jwk in OURS["keys"]}
KEYS = key_set([signer.public for signer in SIGNERS.values()])
ALGORITHMS = sorted(set(SIGNERS) - set(MLDSA))
PAYLOAD = RECORDED["payload"].encode()


@pytest.mark.parametrize("name", RECORDED["signed"])
def test_every_signature_of_theirs_verifies(name: str) -> None:
    jws, every = RECORDED["signed"][name], list(SIGNERS)
    if name == "jose-b64-false":  # npm jose leaves an unencoded payload to its caller
        assert jws["payload"] == ""
        found = verify_multi_all(jws, KEYS, algorithms=every, detached_payload=PAYLOAD, now=None)
    else:
        found = verify_multi_all(jws, KEYS, algorithms=every, now=None)
    assert [outcome.error for outcome in found.outcomes] == [None] * len(found.outcomes)
    expected = {"jose-jwt", "unjwt-object", "unjwt-compact"}
    assert (found.payload == PAYLOAD) == (name not in expected)


@pytest.mark.parametrize("library", ["jose", "unjwt"])
def test_their_general_jws_has_every_algorithm(library: str) -> None:
    jws = RECORDED["signed"][f"{library}-general"]
    found = verify_multi_all(json.dumps(jws), KEYS, algorithms=list(SIGNERS), now=None)
    assert sorted(outcome.alg or "" for outcome in found.verified) == ALGORITHMS
    assert {outcome.header and outcome.header["role"] for outcome in found.outcomes} == {"witness"}


def test_they_verified_every_signature_of_ours_with_its_key_and_no_other() -> None:
    assert len(RECORDED["verdicts"]) == 532
    for question, verdict in RECORDED["verdicts"].items():
        words = question.split()
        expected = words[0] == "general" or words[1] == words[2]
        assert verdict == expected, question


def test_claims_of_theirs_are_read_as_ours() -> None:
    for name in ("jose-jwt", "unjwt-object"):
        found = verify_multi(RECORDED["signed"][name], KEYS, typ="JWT", now=4599)
        assert found.json() == {"sub": "u1", "iat": 1000, "exp": 4600}
        assert verify_multi_all(RECORDED["signed"][name], KEYS, now=4600).verified == ()


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519", "RS256", "RS384", "RS512", *HMAC])
def test_where_signatures_are_the_same_each_time_so_are_the_bytes(alg: str) -> None:
    assert sign(PAYLOAD, SIGNERS[alg]) == RECORDED["signed"][f"jose-compact-{alg}"]


def test_flattening_gives_what_theirs_gives() -> None:
    general = sign_multi(PAYLOAD, [Sign(SIGNERS["EdDSA"])])
    theirs = RECORDED["signed"]["unjwt-flattened"]
    assert set(flatten(general)) == set(theirs)
    assert flatten(general)["payload"] == theirs["payload"]


@pytest.mark.parametrize("name", RECORDED["forms"])
def test_every_form_of_a_key_is_the_same_key_to_them_and_to_us(name: str) -> None:
    alg, found = name.split()[1], RECORDED["forms"][name]
    kid = SIGNERS[alg].public.thumbprint
    assert found["kid"] == dict.fromkeys(("pkcs8", "spki", "x509"), kid)
    ours = {form: pem.encode() for form, pem in OURS["forms"][alg].items()}
    theirs = {form: pem.encode() for form, pem in found["written"].items()}
    for private in (ours["pkcs8"], theirs["pkcs8"]):
        assert read_private_key(private, alg=alg).public.thumbprint == kid
    for public in (ours["spki"], ours["x509"], theirs["spki"]):
        keys = read_public_keys(public)
        assert [key.thumbprint for key in keys.keys] == [kid]
        assert verify(found["signed"], keys, now=None).outcome.alg == alg


def test_they_verify_our_signature_with_the_public_forms_of_its_key_only() -> None:
    assert len(RECORDED["forms"]) == 22
    for found in RECORDED["forms"].values():
        assert found["verdicts"] == {
            "spki": True,
            "spki of another": False,
            "x509": True,
            "x509 of another": False,
        }
