"""Keys: JWK in and out for every kind, public and private, and what is refused on the way."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError
from ledger.jose import (
    AkpJwk,
    EcJwk,
    OkpJwk,
    SigningKey,
    generate,
    import_private,
    import_public,
    key_set,
    parse_jwk,
    parse_key,
    parse_key_set,
    secret_key,
    sign,
    thumbprint,
    verify,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/jws-rfc.json").read_text())
RSA_JWK: dict[str, Any] = VECTORS["jws"][1]["keys"][0]
PAIRS = "EdDSA Ed25519 Ed448 ES256 ES384 ES512 ES256K ML-DSA-44 ML-DSA-65 ML-DSA-87".split()
SECRET = bytes(range(64))


def code(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(MalformedError) as refused:
        call(*arguments, **options)
    return refused.value.code


@pytest.mark.parametrize("alg", PAIRS)
def test_a_generated_key_survives_its_jwk(alg: str) -> None:
    signer = generate(alg)
    again = import_private(signer.to_jwk())
    assert again.to_jwk() == signer.to_jwk()
    assert again.alg == alg
    assert again.kid == signer.public.thumbprint
    public = parse_key(signer.to_public_jwk())
    assert public.thumbprint == signer.public.thumbprint
    assert public.to_jwk() == signer.to_public_jwk()
    assert verify(sign(b"x", again), public, now=None).payload == b"x"
    assert not {"d", "priv"} & set(signer.to_public_jwk())


def test_an_rsa_key_survives_its_jwk_with_primes_or_without() -> None:
    whole = import_private(RSA_JWK, alg="PS256")
    bare = import_private({n: RSA_JWK[n] for n in ("kty", "n", "e", "d")}, alg="PS256")
    assert whole.to_jwk() == RSA_JWK | {"alg": "PS256"}
    assert bare.to_jwk()["n"] == RSA_JWK["n"]
    assert verify(sign(b"x", bare), whole.public, now=None).payload == b"x"
    part = {n: v for n, v in RSA_JWK.items() if n != "qi"}
    assert code(import_private, part, alg="PS256") == "jwk_invalid"
    assert code(import_private, RSA_JWK | {"oth": []}, alg="PS256") == "jwk_invalid"
    assert code(import_private, RSA_JWK | {"p": RSA_JWK["q"]}, alg="PS256") == "jwk_invalid"


def test_an_rsa_key_is_generated_on_demand() -> None:
    signer = generate("PS256", rsa_bits=2048)
    assert signer.public.alg == "PS256"
    assert set(signer.public.verifiers) == {"PS256"}


@pytest.mark.parametrize("alg", ["HS256", "none", "", "RSA1_5"])
def test_only_key_pairs_are_generated(alg: str) -> None:
    assert code(generate, alg) == "jws_alg_not_allowed"


def test_a_secret_survives_its_jwk_and_has_no_public_one() -> None:
    signer = import_private(SECRET, alg="HS512")
    assert signer.to_jwk() == {"kty": "oct", "k": b64u_encode(SECRET), "alg": "HS512"}
    again = import_private(signer.to_jwk() | {"kid": "shared"})
    assert again.to_jwk()["kid"] == "shared"
    assert code(signer.to_public_jwk) == "private_key_refused"
    assert code(key_set(SECRET).to_jwks) == "private_key_refused"
    assert verify(sign(b"x", again), signer.public, algorithms=["HS512"], now=None).payload == b"x"


def test_a_secret_fits_the_algorithms_that_it_is_long_enough_for() -> None:
    assert set(secret_key(bytes(32)).verifiers) == {"HS256"}
    assert set(secret_key(bytes(47)).verifiers) == {"HS256"}
    assert set(secret_key(bytes(48)).verifiers) == {"HS256", "HS384"}
    assert set(secret_key(bytes(64)).verifiers) == {"HS256", "HS384", "HS512"}
    assert set(secret_key(bytes(64), alg="HS256").verifiers) == {"HS256"}
    assert set(secret_key(bytes(4096)).verifiers) == {"HS256", "HS384", "HS512"}
    for secret, alg in ((bytes(31), None), (bytes(4097), None), (bytes(63), "HS512")):
        assert code(secret_key, secret, alg=alg) == "jwk_invalid"
    assert code(secret_key, bytes(64), alg="EdDSA") == "jwk_invalid"


def test_the_algorithms_of_a_key_are_its_types_or_its_own() -> None:
    public = {n: RSA_JWK[n] for n in ("kty", "n", "e")}
    assert set(parse_key(public).verifiers) == {
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
    }  # fmt: skip
    assert set(parse_key(public | {"alg": "PS512"}).verifiers) == {"PS512"}
    jwk = generate("EdDSA").to_public_jwk()
    assert set(parse_key(jwk | {"alg": "Ed25519"}).verifiers) == {"EdDSA", "Ed25519"}


@pytest.mark.parametrize("kid", ["", "a", "\ud800"])
def test_any_text_is_a_kid(kid: str) -> None:
    assert parse_key(generate("EdDSA").to_public_jwk() | {"kid": kid}).kid == kid


def test_rsa_sizes_are_bounded_and_inclusive() -> None:
    for bits, good in ((1024, False), (2040, False), (2048, True)):
        public = rsa.generate_private_key(65537, bits).public_key()
        if good:
            assert import_public(public).kty == "RSA"
        else:
            assert code(import_public, public) == "jwk_invalid"

    def jwk(n: int, e: int = 65537) -> dict[str, str]:
        raw = [b64u_encode(x.to_bytes((x.bit_length() + 7) // 8, "big")) for x in (n, e)]
        return {"kty": "RSA", "n": raw[0], "e": raw[1]}

    largest, smallest = odd_modulus(2**8192 - 1, -2), odd_modulus(2**2047 + 1, 2)
    assert parse_key(jwk(largest)).kty == "RSA"
    assert code(parse_key, jwk(odd_modulus(2**8192 + 1, 2))) == "jwk_invalid"
    assert parse_key(jwk(smallest, 3)).kty == "RSA"
    assert parse_key(jwk(smallest, 2**64 - 1)).kty == "RSA"
    assert code(parse_key, jwk(smallest, 2**64 + 1)) == "jwk_invalid"
    assert code(parse_key, jwk(smallest, 1)) == "jwk_invalid"
    assert code(parse_key, jwk(smallest, 65_536)) == "jwk_invalid"
    assert code(parse_key, jwk(odd_modulus(2**2047 - 1, -2))) == "jwk_invalid"


def odd_modulus(start: int, step: int) -> int:
    """Return the first number without a small factor."""
    while math.gcd(start, math.lcm(*range(2, 752))) != 1:
        start += step
    return start


@pytest.mark.parametrize(
    "modulus",
    [
        3**1292,
        2**2047 + 2,
        2**2047 + 1,
        757**215,
        761**214 * 761,
        (2**1024 + 643) ** 2,
        (2**410 + 19) ** 5,
        751 * odd_modulus(2**2040 + 1, 2),
    ],
)
def test_a_modulus_that_is_easily_factored_is_refused(modulus: int) -> None:
    assert 2048 <= modulus.bit_length() <= 8192
    assert code(import_public, rsa.RSAPublicNumbers(65537, modulus).public_key()) == "jwk_invalid"


def test_an_rsa_key_that_is_too_large_is_not_generated() -> None:
    for bits in (0, 2047, 8193, 10**6):
        assert code(generate, "RS256", rsa_bits=bits) == "jwk_invalid"


def test_a_private_exponent_has_a_limit() -> None:
    long = {n: RSA_JWK[n] for n in ("kty", "n", "e")} | {"d": "A" * 10_000_000}
    assert code(import_private, long, alg="PS256") == "jwk_invalid"


def test_key_objects_of_other_kinds_are_refused() -> None:
    other = x25519.X25519PrivateKey.generate()
    assert code(import_public, other.public_key()) == "jwk_invalid"
    assert code(import_private, other) == "jwk_invalid"
    assert code(import_public, ec.generate_private_key(ec.SECP192R1()).public_key()) == (
        "jwk_invalid"
    )


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "ML-DSA-65"])
def test_a_private_jwk_whose_halves_differ_is_refused(alg: str) -> None:
    one, other = generate(alg).to_jwk(), generate(alg).to_jwk()
    secret = "priv" if alg.startswith("ML") else "d"
    assert code(import_private, one | {secret: other[secret]}) == "jwk_invalid"
    for bad in ("", "!", "AAAA", 1, None):
        assert code(import_private, one | {secret: bad}) == "jwk_invalid"
    del one[secret]
    assert code(import_private, one) == "jwk_invalid"


@pytest.mark.parametrize("member", ["kid", "alg"])
def test_names_in_a_private_jwk_are_texts(member: str) -> None:
    assert code(import_private, generate("EdDSA").to_jwk() | {member: 1}) == "jwk_invalid"


@pytest.mark.parametrize(
    "jwk", [{}, {"kty": "oct"}, {"kty": 1}, {"kty": "EC", "crv": 1}, {"kty": "AKP", "alg": []}]
)
def test_a_private_jwk_of_the_wrong_shape_is_refused(jwk: dict[str, Any]) -> None:
    assert code(import_private, jwk, alg="HS256" if jwk == {"kty": "oct"} else None) == (
        "jwk_invalid"
    )


def test_a_set_reports_what_it_cannot_use() -> None:
    good = generate("EdDSA").to_public_jwk()
    found = parse_key_set({"keys": [good, generate("EdDSA").to_jwk() | {"kid": "p"}, 1, {}]})
    assert [key.kid for key in found.keys] == [good["kid"]]
    assert [(kid, error.code) for kid, error in found.unusable] == [
        ("p", "private_key_refused"),
        (None, "jwk_invalid"),
        (None, "jwk_invalid"),
    ]
    assert found.to_jwks() == {"keys": [good]}
    assert found.named(good["kid"]) == found.keys
    assert found.named("nobody") == ()


@pytest.mark.parametrize("jwks", [{"keys": None}, {"keys": {}}, {"keys": [1] * 4097}])
def test_a_set_is_a_list_of_bounded_length(jwks: dict[str, Any]) -> None:
    assert code(parse_key_set, jwks) == "jwk_invalid"


# --- signing keys: what a person may attest ------------------------------------------------------


@pytest.mark.parametrize(
    ("alg", "kind"), [("EdDSA", OkpJwk), ("ES256", EcJwk), ("ML-DSA-65", AkpJwk)]
)
def test_a_person_may_attest_three_kinds_of_key(alg: str, kind: type) -> None:
    jwk = generate(alg).to_public_jwk()
    parsed = parse_jwk(jwk)
    assert type(parsed) is kind
    assert thumbprint(parsed) == jwk["kid"] == parse_key(jwk).thumbprint


@pytest.mark.parametrize("alg", ["ES384", "ES512", "ML-DSA-44", "ML-DSA-87"])
def test_a_person_may_attest_no_other_kind(alg: str) -> None:
    assert code(parse_jwk, generate(alg).to_public_jwk()) == "jwk_invalid"
    assert code(parse_jwk, {n: RSA_JWK[n] for n in ("kty", "n", "e")}) == "jwk_invalid"


def test_a_private_key_never_arrives() -> None:
    for alg in ("EdDSA", "ES256", "ML-DSA-65"):
        assert code(parse_jwk, generate(alg).to_jwk()) == "private_key_refused"
    assert code(parse_jwk, RSA_JWK) == "private_key_refused"
    assert code(parse_jwk, {"kty": "oct", "k": "AAAA"}) == "private_key_refused"


def test_a_chosen_kid_is_refused() -> None:
    jwk = generate("EdDSA").to_public_jwk()
    assert code(parse_jwk, jwk | {"kid": "alice"}) == "kid_mismatch"
    assert parse_jwk(jwk | {"alg": "Ed25519"}) == parse_jwk(jwk)
    assert code(parse_jwk, jwk | {"alg": "ES256"}) == "jwk_invalid"


def test_the_ledgers_key_file_is_an_ed25519_pem() -> None:
    key = SigningKey.generate()
    assert SigningKey.from_pem(key.to_pem()).kid == key.kid
    other = generate("ES256").private
    assert other is not None
    pem = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for bad in (b"", pem, key.to_pem()[:-40]):
        assert code(SigningKey.from_pem, bad) == "key_file_invalid"
