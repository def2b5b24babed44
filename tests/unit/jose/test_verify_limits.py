"""Verification: what is too large, too deep or too many, and batches."""

import itertools
import json
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
    import_private,
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
            codes(verify_multi_all(jws, ALICE.public, limits=Limits(header_bytes=limit)))[0]
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


def test_the_first_good_signature_is_bound_by_the_limits_too() -> None:
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify_multi(JWS, ALICE.public, limits=Limits(entries=1))
    with pytest.raises(MalformedError, match="jws_limit_exceeded"):
        verify(sign(PAYLOAD, ALICE), ALICE.public, limits=Limits(envelope_bytes=9))


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
