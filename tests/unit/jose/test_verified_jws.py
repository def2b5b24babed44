"""A JWS that was verified is accepted again, under the key that it names and no other."""

from ledger.errors import RefusedError
from ledger.jose import parse_compact, verified, verify_compact
from tests.support.keys import ed25519_key, es256_key
from tests.support.refusals import refused

ED, EC = ed25519_key(1), es256_key(1)
GOOD = ED.jws(b'{"a":1}', iat=1_795_230_245)


def test_a_verified_jws_is_the_same_jws_and_verifies_again() -> None:
    jws = verified(parse_compact(GOOD), ED.jwk)
    assert (jws.text, jws.header, jws.payload) == (GOOD, parse_compact(GOOD).header, "eyJhIjoxfQ")
    verify_compact(jws, ED.jwk)


def test_a_verified_jws_is_refused_under_another_key() -> None:
    jws = verified(parse_compact(GOOD), ED.jwk)
    with refused(RefusedError, "jws_kid_mismatch"):
        verify_compact(jws, ed25519_key(2).jwk)
    with refused(RefusedError, "jws_alg_mismatch"):
        verify_compact(jws, EC.jwk)


def test_no_jws_with_an_invalid_signature_counts_as_verified() -> None:
    other = ED.jws(b'{"a":2}').rpartition(".")[2]
    forged = f"{GOOD.rpartition('.')[0]}.{other}"
    with refused(RefusedError, "jws_signature_invalid"):
        verified(parse_compact(forged), ED.jwk)
