"""Public vectors of others: our verdict on each, and the class of each that differs."""

import json
import re
from base64 import b64decode
from collections import Counter
from contextlib import suppress

import pytest

from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError
from ledger.jose import Limits, parse_key, peek, verify_multi_all
from ledger.jose.algorithms import InvalidSignature
from ledger.jose.header import decode_protected
from tests.support.architecture import ROOT
from tests.support.signature_vectors import (
    GOOD,
    JOSE,
    JSON_SUITE,
    SIGNATURES,
    Verdict,
    published,
    rows,
    verdicts,
    why,
)

PAGE = (ROOT / "docs/reference/jws-vectors.md").read_text("utf-8")
# Vectors that their authors want refused, and that verify here.
TAKEN = {"serialization", "mixed set", "same kid", "padding lost"}


def different() -> list[Verdict]:
    """Return the verdicts that differ from those of the vectors' authors."""
    return [verdict for verdict in verdicts() if verdict.differs]


@pytest.mark.slow
def test_every_difference_has_a_class_that_the_page_explains() -> None:
    classes = {why(verdict) for verdict in different()}
    assert None not in classes
    explained = re.findall(r"^\| (?:vector|JWS|JSON): ([^|]+) \|", PAGE, re.MULTILINE)
    assert classes == set(explained)


def test_nothing_else_that_must_be_refused_verifies() -> None:
    taken = [verdict for verdict in different() if verdict.ours == GOOD]
    assert Counter(why(verdict) for verdict in taken) == {
        "serialization": 1,
        "mixed set": 2,
        "same kid": 1,
        "padding lost": 2,
    }
    assert {why(verdict) for verdict in taken} == TAKEN


def test_the_page_has_the_verdict_on_every_set() -> None:
    for row in rows():
        assert row in PAGE, row


def test_the_page_names_the_sources_and_their_commits() -> None:
    for file in (SIGNATURES, JOSE, JSON_SUITE):
        source = published(file)
        assert f"[{source['commit'][:12]}]({source['source']}/tree/{source['commit']})" in PAGE


def test_a_class_never_explains_a_signature_that_does_not_verify() -> None:
    """A classifier that answered for everything would hide a fault."""
    wrong = Verdict("ed25519", 1, "invalid", GOOD, {"comment": "S is not reduced"})
    assert wrong.differs
    assert why(wrong) is None
    assert why(wrong._replace(expected="valid", ours="jws_signature_invalid")) is None


def test_the_vectors_that_lost_their_padding_are_the_valid_text() -> None:
    (base64,) = (
        group
        for each in published(JOSE)["sets"]
        for group in each["groups"]
        if group["comment"] == "base64"
    )
    tests = {test["tcId"]: test for test in base64["tests"]}
    text = tests[357]["jws"]
    assert tests[357]["result"] == "valid"
    assert (tests[367]["jws"], tests[370]["jws"]) == (text, text)
    for changed in (f"{text}=", text.replace(".", "=.", 1)):
        found = verify_multi_all(changed, base64["private"], algorithms=["HS256"], now=None)
        assert not found.verified


def test_a_key_generated_by_a_faulty_library_is_refused() -> None:
    roca = [v for v in verdicts() if v.test.get("group") == "jws_rsa_roca_key"]
    assert [verdict.ours for verdict in roca] == ["jwk_invalid", "jwk_invalid"]


def test_the_other_rsa_keys_of_the_vectors_are_accepted() -> None:
    keys = [jwk for each in published(SIGNATURES)["sets"] for jwk in each["keys"]]
    moduli = {jwk["n"] for jwk in keys if jwk["kty"] == "RSA"}
    assert len(moduli) == 10
    for jwk in keys:
        if jwk["kty"] == "RSA":
            assert parse_key(jwk).kty == "RSA"


@pytest.mark.parametrize("verdict", ["y_object_duplicated_key", "i_number_too_big_pos_int"])
def test_the_page_names_the_free_choices_of_the_parser(verdict: str) -> None:
    assert f"`{verdict}`" in PAGE


def test_every_free_text_has_the_verdict_that_the_page_tells() -> None:
    texts = [v for v in verdicts() if v.set == "JSONTestSuite"]
    free = {v.test["comment"]: v.ours for v in texts if v.expected == "acceptable"}
    accepted = [name for name, ours in free.items() if ours == GOOD]
    assert accepted == ["i_number_too_big_pos_int"]
    assert Counter(free.values()) == {"json_invalid": 25, "json_number_inexact": 9, GOOD: 1}


def test_no_text_that_a_json_parser_must_refuse_is_a_header_or_a_jws() -> None:
    """Headers and envelopes have faster parsers of their own, for what is plain."""
    headers = 0
    for name, encoded in published(JSON_SUITE)["texts"].items():
        raw = b64decode(encoded)
        with suppress(MalformedError):  # three parts with dots are compact: then its header fails
            assert [entry.error and entry.error.code for entry in peek(raw)] == ["jws_invalid"]
        if name.startswith("n_"):
            with pytest.raises(MalformedError) as error:
                decode_protected(b64u_encode(raw), Limits())
            assert error.value.code in ("jws_invalid", "jws_limit_exceeded")
        elif name.startswith("y_object") and "duplicated" not in name:
            assert decode_protected(b64u_encode(raw), Limits()) == json.loads(raw)
            headers += 1
    assert headers == 10


def test_one_changed_bit_of_a_good_vector_is_seen() -> None:
    sets = {each["name"]: each for each in published(SIGNATURES)["sets"]}
    last = {v.set: v.test for v in verdicts() if v.ours == GOOD and v.set in sets}
    assert len(last) == len(sets) - 2  # those with another salt
    for name, test in last.items():
        each = sets[name]
        key = parse_key(each["keys"][test["key"]] | {"alg": each["alg"]})
        signature, message = b64u_decode(test["signature"]), b64u_decode(test["message"])
        verify = key.verifiers[each["alg"]]
        verify(signature, message)
        for changed in (bytes([signature[0] ^ 1]) + signature[1:], signature[:-1], b""):
            with pytest.raises(InvalidSignature):
                verify(changed, message)
        with pytest.raises(InvalidSignature):
            verify(signature, message + b"x")
