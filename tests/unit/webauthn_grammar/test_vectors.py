"""The grammar of WebAuthn's bytes, held to the vectors that JavaScript is held to as well."""

from typing import Any

import pytest

from ledger.errors import MalformedError
from tests.support.each import check_each
from tests.support.grammar import VECTORS, read
from tests.vectors.webauthn import make
from tests.vectors.webauthn.cases import joined

READERS = [name for name in VECTORS if name not in ("expected", "everyPrefix", "ed25519")]
CASES = [(reader, case) for reader in READERS for case in VECTORS[reader]]


def test_the_vectors_are_what_their_tables_say() -> None:
    assert make.FILE.read_text("utf-8") == make.text()


@pytest.mark.parametrize("reader", READERS)
def test_a_vector_is_read_or_refused_for_its_reason(reader: str) -> None:
    def check(case: dict[str, Any]) -> None:
        raw = joined(case)
        if case["detail"] is None:
            assert read(reader, raw, case.get("key")).items() <= case.items()
            return
        with pytest.raises(MalformedError) as caught:
            read(reader, raw, case.get("key"))
        assert (caught.value.code, caught.value.detail) == (case["code"], case["detail"])

    check_each(VECTORS[reader], check)


@pytest.mark.parametrize("whole", VECTORS["everyPrefix"], ids=lambda each: each["reader"])
def test_every_truncation_is_refused(whole: dict[str, Any]) -> None:
    raw = bytes.fromhex(whole["hex"])
    read(whole["reader"], raw)
    for length in range(len(raw)):
        with pytest.raises(MalformedError):
            read(whole["reader"], raw[:length])


def test_every_reader_refuses_by_its_own_code() -> None:
    assert {case["code"] for _, case in CASES if case["detail"] is not None} == {
        "cbor_malformed",
        "client_data_malformed",
        "authenticator_data_malformed",
        "attestation_malformed",
        "cose_key_malformed",
        "signature_malformed",
    }
