"""The standards' own examples (tests/vectors)."""

import hashlib
import json
from typing import Any

import msgspec
import pytest

from ledger.domain.entry import leaf_hash
from ledger.encoding import b64u_decode, b64u_encode, jcs
from ledger.errors import MalformedError, RefusedError
from ledger.jose import (
    CompactJws,
    Header,
    PublicJwk,
    parse_compact,
    parse_jwk,
    thumbprint,
    verify_compact,
)
from tests.support.keys import ed25519_key
from tests.support.refusals import refused
from tests.support.vectors import vector

RFC8037 = vector("rfc8037")
RFC7515 = vector("rfc7515_a3")


def as_parsed(text: str, alg: str, jwk: PublicJwk) -> CompactJws:
    """Return the example as parse_compact would, had its header the members that ours have."""
    _, payload, signature = text.split(".")
    return CompactJws(
        text=text,
        header=Header(alg=alg, typ="", kid=thumbprint(jwk)),
        payload=payload,
        signature=b64u_decode(signature),
    )


def test_rfc_8037_a1_is_the_public_key_of_its_private_half() -> None:
    number = int.from_bytes(b64u_decode(RFC8037["d"]), "big")
    assert ed25519_key(number).jwk == parse_jwk(RFC8037["jwk"])


def test_rfc_8037_a1_with_its_private_half_is_refused() -> None:
    with refused(MalformedError, "private_key_refused"):
        parse_jwk(RFC8037["jwk"] | {"d": RFC8037["d"]})


def test_rfc_8037_a3_has_its_canonical_form_and_thumbprint() -> None:
    canonical = jcs(RFC8037["jwk"])
    assert canonical.decode() == RFC8037["canonical"]
    assert hashlib.sha256(canonical).hexdigest() == RFC8037["sha256"]
    assert thumbprint(parse_jwk(RFC8037["jwk"])) == RFC8037["thumbprint"]


def test_rfc_8037_a4_signs_with_the_key_of_a1() -> None:
    number = int.from_bytes(b64u_decode(RFC8037["d"]), "big")
    payload = RFC8037["payload"].encode()
    assert ed25519_key(number).sealed(b'{"alg":"EdDSA"}', payload) == RFC8037["jws"]


def test_rfc_8037_a4_verifies() -> None:
    jwk = parse_jwk(RFC8037["jwk"])
    verify_compact(as_parsed(RFC8037["jws"], "EdDSA", jwk), jwk)


def test_rfc_7515_a3_verifies() -> None:
    jwk = parse_jwk(RFC7515["jwk"])
    jws = as_parsed(RFC7515["jws"], "ES256", jwk)
    verify_compact(jws, jwk)
    assert b64u_decode(jws.payload).decode() == RFC7515["payload"]


@pytest.mark.parametrize(("example", "alg"), [(RFC8037, "EdDSA"), (RFC7515, "ES256")])
def test_no_changed_bit_of_an_examples_signature_verifies(
    example: dict[str, Any], alg: str
) -> None:
    jwk = parse_jwk(example["jwk"])
    jws = as_parsed(example["jws"], alg, jwk)
    for bit in range(0, 512, 31):
        changed = bytearray(jws.signature)
        changed[bit // 8] ^= 1 << bit % 8
        with refused(RefusedError, "jws_signature_invalid"):
            verify_compact(msgspec.structs.replace(jws, signature=bytes(changed)), jwk)


@pytest.mark.parametrize("example", [RFC8037, RFC7515])
def test_the_examples_headers_say_too_little_for_the_ledger(example: dict[str, Any]) -> None:
    with refused(MalformedError, "jws_header_invalid"):
        parse_compact(example["jws"])


def test_rfc_7638_3_1_has_its_thumbprint_by_the_same_recipe() -> None:
    example = vector("rfc7638")
    digest = hashlib.sha256(jcs(example["members"])).digest()
    assert b64u_encode(digest) == example["thumbprint"]


@pytest.mark.parametrize("sample", vector("rfc8785")["samples"])
def test_rfc_8785_samples_have_their_canonical_bytes(sample: dict[str, str]) -> None:
    assert jcs(json.loads(sample["json"])).hex() == sample["hex"]


@pytest.mark.parametrize("leaf", vector("rfc6962")["leaves"])
def test_rfc_6962_leaves_have_their_hashes(leaf: dict[str, str]) -> None:
    entry = bytes.fromhex(leaf["entry"])
    state = len(entry).to_bytes(2, "big") + entry + bytes(32) + b"{}"
    assert leaf_hash(state).hex() == leaf["hash"]
