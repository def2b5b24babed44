"""Verification: what is too large, too deep or too many, and batches."""

import itertools
import json
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.encoding import b64u_encode
from ledger.errors import MalformedError
from ledger.jose import (
    Failure,
    Limits,
    Sign,
    Verification,
    generate,
    sign,
    sign_multi,
    verify,
    verify_batch,
    verify_multi,
    verify_multi_all,
)
from ledger.jose.serialization import to_general
from tests.support.envelopes import ALICE, JWS, PAYLOAD, codes


def test_a_protected_header_has_a_limit_to_the_byte() -> None:
    for size in (64, 65, 66):
        header = b'{"alg":"EdDSA","x":"' + b"x" * (size - 22) + b'"}'
        jws = f"{b64u_encode(header)}.{b64u_encode(PAYLOAD)}.{b64u_encode(bytes(64))}"
        refused = [
            codes(verify_multi_all(jws, ALICE.public, limits=Limits(header_bytes=limit), now=None))[
                0
            ]
            == "jws_limit_exceeded"
            for limit in (size - 1, size, size + 1)
        ]
        assert refused == [True, False, False]


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
        verify_multi_all(jws, ALICE.public, limits=limits, now=None)
    assert refused.value.code == "jws_limit_exceeded"


def test_limits_are_inclusive() -> None:
    text = json.dumps(JWS)
    limits = Limits(envelope_bytes=len(text), entries=2, header_bytes=70, header_depth=1)
    assert verify_multi_all(text, ALICE.public, limits=limits, now=None).outcomes[0].verified
    assert codes(verify_multi_all(text, ALICE.public, limits=Limits(header_bytes=60), now=None))[
        0
    ] == ("jws_limit_exceeded")


def test_tries_are_counted_for_each_entry() -> None:
    others = [generate("EdDSA").public for _ in range(3)]
    jws = sign_multi(PAYLOAD, [Sign(ALICE, protected={"kid": None})])
    keys = [*others, ALICE.public]

    def code_of(keys: Any, tries: int, spare: int) -> list[str | None]:
        limits = Limits(tries=tries, spare_tries=spare)
        return codes(verify_multi_all(jws, keys, limits=limits, now=None))

    assert code_of(keys, 4, 0) == [None]
    assert code_of(keys, 3, 0) == ["jws_limit_exceeded"]
    assert code_of(keys, 3, 1) == [None]
    assert code_of(others, 3, 0) == ["jws_signature_invalid"]


def test_twelve_keys_without_a_kid_verify_twelve_entries() -> None:
    signers = [generate("EdDSA") for _ in range(12)]
    keys = [signer.private.public_key() for signer in signers if signer.private]
    unnamed = sign_multi(PAYLOAD, [Sign(each, protected={"kid": None}) for each in signers])
    assert codes(verify_multi_all(unnamed, keys, now=None)) == [None] * 12
    assert codes(verify_multi_all(sign_multi(PAYLOAD, signers), keys, now=None)) == [None] * 12


def test_an_entry_that_anybody_added_takes_no_tries_from_entries_that_name_their_key() -> None:
    keys = [generate("EdDSA").public for _ in range(40)]
    junk = sign_multi(PAYLOAD, [Sign(generate("EdDSA"), protected={"kid": None})] * 3)
    good = sign_multi(PAYLOAD, [ALICE])
    jws = {"payload": good["payload"], "signatures": junk["signatures"] + good["signatures"]}
    limits = Limits(tries=8, spare_tries=50)
    assert codes(verify_multi_all(jws, [*keys, ALICE.public], limits=limits, now=None)) == [
        "jws_signature_invalid",
        "jws_limit_exceeded",
        "jws_limit_exceeded",
        None,
    ]


def test_ten_megabytes_of_signatures_are_answered() -> None:
    entry = {"protected": b64u_encode(b'{"alg":"EdDSA"}'), "signature": "A" * 86}
    many = {"payload": "", "signatures": [entry] * 80_000}
    text = json.dumps(many)
    assert len(text) > 10_000_000
    with pytest.raises(MalformedError) as refused:
        verify_multi_all(text, ALICE.public, now=None)
    assert refused.value.code == "jws_limit_exceeded"
    long = {"payload": "", "signatures": [entry | {"signature": "A" * 10_000_000}, JWS]}
    assert codes(verify_multi_all(json.dumps(long), ALICE.public, now=None)) == [
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
    assert codes(verify_multi_all(jws, ALICE.public, now=None)) == ["jws_limit_exceeded", None]
    raw = b'{"payload":"","signatures":' + b"[" * 100_000
    with pytest.raises(MalformedError):
        verify_multi_all(raw, ALICE.public, now=None)
    while deep:
        deep = deep[0]


def test_an_object_that_contains_itself_is_an_outcome() -> None:
    header: dict[str, Any] = {}
    header["x"] = header
    entry = JWS["signatures"][0] | {"header": header}
    found = verify_multi_all(
        {"payload": JWS["payload"], "signatures": [entry]}, ALICE.public, now=None
    )
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
        results = list(verify_batch(envelopes, ALICE.public, threads=threads, now=None))
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

    results = verify_batch(endless(), ALICE.public, threads=2, now=None)
    assert isinstance(next(results), Verification)
    results.close()  # type: ignore[attr-defined]
    assert len(taken) < 500


def test_a_batch_checks_its_options_before_it_takes_anything() -> None:
    with pytest.raises(ValueError, match="thread"):
        verify_batch(iter([]), ALICE.public, threads=0, now=None)
    with pytest.raises(MalformedError):
        verify_batch(iter([]), None, now=None)  # type: ignore[arg-type]  # no keys


def test_the_first_good_signature_is_bound_by_the_limits_too() -> None:
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify_multi(JWS, ALICE.public, limits=Limits(entries=1), now=None)
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify(sign(PAYLOAD, ALICE), ALICE.public, limits=Limits(envelope_bytes=9), now=None)


@pytest.mark.parametrize("place", ["protected", "header"])
def test_a_header_is_as_deep_as_its_limit_and_no_deeper(place: str) -> None:
    def nested(levels: int) -> dict[str, Any]:
        value: Any = 1
        for _ in range(levels - 1):
            value = [value] if levels % 2 else {"x": value}
        return {"x": value}

    for levels in (7, 8):
        given: dict[str, Any] = {place: nested(levels)}
        jws = sign_multi(b"", [Sign(ALICE, **given)])
        assert codes(verify_multi_all(jws, ALICE.public, now=None)) == [None]
    for levels in (9, 10):
        entry: dict[str, Any] = {"header": nested(levels), "protected": b64u_encode(b"{}")}
        if place == "protected":
            entry = {"protected": b64u_encode(json.dumps(nested(levels)).encode())}
        deep = {"payload": "", "signatures": [entry | {"signature": "A" * 86}]}
        assert codes(verify_multi_all(deep, ALICE.public, now=None)) == ["jws_limit_exceeded"]


@pytest.mark.parametrize("limits", [{"tries": 0}, {"entries": -1}, {"spare_tries": -1}])
def test_a_limit_is_positive(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        Limits(**limits)


@pytest.mark.parametrize("limits", [{"tries": "8"}, {"entries": True}, {"header_bytes": None}])
def test_a_limit_is_an_integer(limits: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="integer"):
        Limits(**limits)


SIXTEEN_MIB = 16 * 2**20
FULL = [
    pytest.param(
        b'{"payload":"","signatures":[' + b"{}," * 5_592_390 + b"{}]}", id="empty entries"
    ),
    pytest.param(b'{"payload":"","signatures":[' + b"0," * 8_000_000 + b"0]}", id="numbers"),
    pytest.param(b'{"payload":"","x":[' + b'"",' * 5_000_000 + b'""]}', id="empty strings"),
    pytest.param(b'{"payload":"","x":"' + b'\\"' * 8_000_000 + b'"}', id="escaped quotes"),
    pytest.param(b"{" + b'"' * (SIXTEEN_MIB - 1), id="quotes"),
    pytest.param(b'{"":[' + b"[" * (SIXTEEN_MIB - 5), id="brackets"),
    pytest.param(b"." * SIXTEEN_MIB, id="dots"),
    pytest.param(b"{" * SIXTEEN_MIB, id="braces"),
    pytest.param(b"a.\x00" + b"." * 16 + b"a" * (SIXTEEN_MIB - 19), id="a long part"),
]


@pytest.mark.parametrize("raw", FULL)
def test_the_limits_apply_before_the_work(raw: bytes) -> None:
    assert len(raw) <= SIXTEEN_MIB
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(MalformedError) as refused:
            verify_multi_all(raw, ALICE.public, now=None)
        spent_s, (_, peak_bytes) = time.process_time() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.code in ("jws_limit_exceeded", "jws_invalid_serialization")
    assert peak_bytes < 6 * SIXTEEN_MIB
    assert spent_s < 1


def test_the_limit_counts_bytes_and_not_characters() -> None:
    text = json.dumps({"payload": "é" * 60, "signatures": [{}]}, ensure_ascii=False)
    assert len(text) < 110 < len(text.encode())
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify_multi_all(text, ALICE.public, limits=Limits(envelope_bytes=110), now=None)
