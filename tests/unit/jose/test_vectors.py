"""What the RFCs print: every JWS and thumbprint of theirs that concerns signatures."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.encoding import b64u_decode
from ledger.errors import MalformedError
from ledger.jose import (
    Sign,
    flatten,
    import_private,
    key_set,
    parse_key,
    sign,
    to_compact,
    to_general,
    verify_multi_all,
)
from ledger.jose.keys import PRIVATE_MEMBERS

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/jws-rfc.json").read_text())
JWS = [pytest.param(vector, id=vector["source"]) for vector in VECTORS["jws"]]
GOOD = [
    pytest.param(vector, id=vector["source"])
    for vector in VECTORS["jws"]
    if vector["payload"] is not None
]


def public_keys(vector: dict[str, Any]) -> Any:
    """The vectors hold private keys, so that both halves are read."""
    keys = []
    for jwk in vector["keys"]:
        secret = jwk["kty"] == "oct"
        keys.append(jwk if secret else {n: v for n, v in jwk.items() if n not in PRIVATE_MEMBERS})
    return key_set({"keys": keys})


def options(vector: dict[str, Any]) -> dict[str, Any]:
    given = {"algorithms": vector["algorithms"]}
    detached = vector.get("detached")
    return given | ({} if detached is None else {"detached_payload": b64u_decode(detached)})


@pytest.mark.parametrize("vector", JWS)
def test_every_signature_of_an_rfc_has_the_outcome_that_the_rfc_gives(
    vector: dict[str, Any],
) -> None:
    found = verify_multi_all(vector["jws"], public_keys(vector), **options(vector), now=None)
    assert [outcome.error and outcome.error.code for outcome in found.outcomes] == vector[
        "outcomes"
    ]
    expected = vector["payload"]
    assert found.payload == (None if expected is None else b64u_decode(expected))


@pytest.mark.parametrize("vector", JWS)
def test_the_text_of_a_json_serialization_means_what_the_object_means(
    vector: dict[str, Any],
) -> None:
    jws, keys, given = vector["jws"], public_keys(vector), options(vector)
    text = jws if isinstance(jws, str) else json.dumps(jws)
    assert verify_multi_all(text.encode(), keys, **given, now=None) == verify_multi_all(
        jws, keys, **given, now=None
    )


@pytest.mark.parametrize("vector", GOOD)
def test_one_changed_bit_of_a_signature_is_seen(vector: dict[str, Any]) -> None:
    jws = to_general(vector["jws"])
    for entry in jws["signatures"]:
        first = "B" if entry["signature"][0] == "A" else "A"
        entry["signature"] = first + entry["signature"][1:]
    found = verify_multi_all(jws, public_keys(vector), **options(vector), now=None)
    codes = {outcome.error.code for outcome in found.outcomes if outcome.error}
    assert codes == {"jws_signature_invalid"}
    assert found.payload is None


@pytest.mark.parametrize("vector", GOOD)
def test_every_private_key_of_an_rfc_signs_again(vector: dict[str, Any]) -> None:
    for jwk, alg in zip(vector["keys"], vector["algorithms"], strict=True):
        signer = import_private(jwk, alg=alg)
        text = sign(b"again", signer)
        found = verify_multi_all(text, public_keys({"keys": [jwk]}), algorithms=[alg], now=None)
        assert found.payload == b"again"


def test_ed25519_signs_the_very_bytes_of_rfc_8037() -> None:
    vector = next(v for v in VECTORS["jws"] if v["source"] == "RFC 8037 A.4")
    unnamed = Sign(vector["keys"][0], protected={"kid": None})
    assert sign("Example of Ed25519 signing", unnamed) == vector["jws"]


def test_hmac_signs_the_very_bytes_of_rfc_7797() -> None:
    vector = next(v for v in VECTORS["jws"] if v["source"] == "RFC 7797 4.1")
    signer = import_private(vector["keys"][0], alg="HS256")
    assert sign("$.02", signer) == vector["jws"]


@pytest.mark.parametrize("vector", VECTORS["thumbprints"], ids=lambda vector: vector["source"])
def test_thumbprints_are_those_of_the_rfcs(vector: dict[str, Any]) -> None:
    assert parse_key(vector["jwk"]).thumbprint == vector["thumbprint"]


def test_a7_is_the_flattened_form_of_the_second_signature_of_a6() -> None:
    general = next(v["jws"] for v in VECTORS["jws"] if v["source"] == "RFC 7515 A.6")
    flat = next(v["jws"] for v in VECTORS["jws"] if v["source"] == "RFC 7515 A.7")
    second = {"payload": general["payload"], "signatures": general["signatures"][1:]}
    assert flatten(second) == flat
    assert to_general(flat) == second


def test_only_a_jws_without_an_unprotected_header_has_a_compact_form() -> None:
    forms = {v["source"]: v["jws"] for v in VECTORS["jws"]}
    assert to_compact(forms["RFC 7520 4.1 json"]) == forms["RFC 7520 4.1 compact"]
    assert to_compact(forms["RFC 7520 4.5 json_flat"]) == forms["RFC 7520 4.5 compact"]
    with pytest.raises(MalformedError, match="jws_invalid_serialization"):
        to_compact(forms["RFC 7515 A.7"])
