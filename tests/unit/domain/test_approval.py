"""Approvals: what a compact JWS has to be to count. Both forms, one refusal per member."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.approval import Subject, parse_approval, verify_approval
from ledger.encoding import MAX_SAFE_INTEGER, b64u_decode, b64u_encode, sha256_hex
from ledger.errors import LedgerError, MalformedError, RefusedError
from tests.support.examples import FEW
from tests.support.keys import TestKey, ed25519_key, es256_key, ml_dsa_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB, Scene
from tests.support.signers import CONTENT, FIVE_MINUTES_MS, LEDGER, NOW_MS, Signer

RAW = ALICE.document()
OTHER = ALICE.document(statementId="7d3c2a52-1f6a-4a52-8b39-0d5c53a4f002")
IAT = NOW_MS // 1000
SUBJECT = Subject(
    ledger=LEDGER,
    statement_id="7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001",
    payload_sha256=sha256_hex(b64u_encode(RAW).encode()),
    content_sha256=sha256_hex(CONTENT.encode()),
)


def form(text: str, *, key: TestKey = BOB.key, now_ms: int = NOW_MS) -> str:
    jws = parse_approval(text)
    return verify_approval(jws, key.jwk, SUBJECT, signer=BOB.user, now_ms=now_ms).form


# --- the shared form -----------------------------------------------------------------------------


def test_a_signature_over_the_documents_bytes_is_the_shared_form() -> None:
    assert form(BOB.shared(RAW)) == "shared"


@pytest.mark.parametrize("key", [es256_key(7), ml_dsa_key(7)], ids=["ES256", "ML-DSA-65"])
def test_keys_of_every_type_approve_in_both_forms(key: TestKey) -> None:
    assert form(BOB.shared(RAW, key=key), key=key) == "shared"
    assert form(BOB.individual(RAW, key=key), key=key) == "individual"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(OTHER, id="another statement"),
        pytest.param(b"{}", id="empty object"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"\xff", id="garbage"),
        pytest.param(RAW + b" ", id="one more space"),
        pytest.param(RAW[:-1], id="truncated"),
        pytest.param(RAW.replace(b"1000000", b"1000001"), id="another amount"),
        pytest.param(json.dumps(json.loads(RAW), indent=1).encode(), id="spelled otherwise"),
    ],
)
def test_any_other_payload_is_no_approval(payload: bytes) -> None:
    with refused(RefusedError, "payload_mismatch"):
        form(BOB.key.jws(payload, iat=IAT))


def test_the_shared_form_has_its_time_in_the_header() -> None:
    with refused(RefusedError, "iat_stale"):
        form(BOB.key.jws(RAW))


@pytest.mark.parametrize("iat", [0, -1, IAT - 300, IAT + 301, MAX_SAFE_INTEGER])
def test_a_stale_or_future_shared_approval_is_refused(iat: int) -> None:
    with refused(RefusedError, "iat_stale"):
        form(BOB.shared(RAW, iat=iat))


@pytest.mark.parametrize("iat", [IAT - 299, IAT + 300])
def test_a_shared_approval_is_taken_for_five_minutes_either_way(iat: int) -> None:
    assert form(BOB.shared(RAW, iat=iat)) == "shared"


def test_the_shared_form_says_that_it_is_a_jwt() -> None:
    with refused(RefusedError, "jws_typ_mismatch"):
        form(BOB.key.jws(RAW, iat=IAT, without="typ"))


# --- the individual form -------------------------------------------------------------------------


def test_a_signature_over_statement_content_signer_and_time_is_the_individual_form() -> None:
    assert form(BOB.individual(RAW)) == "individual"


@pytest.mark.parametrize(
    "members",
    [
        {"iat": IAT},
        {"jti": "j"},
        {"jti": "j" * 128},
        {"ledger": LEDGER},
        {"iat": IAT, "jti": "j", "ledger": LEDGER},
    ],
    ids=str,
)
def test_the_individual_form_may_say_when_which_and_where(members: dict[str, Any]) -> None:
    assert form(BOB.individual(RAW, **members)) == "individual"


def test_the_individual_form_may_leave_out_typ() -> None:
    payload = BOB.individual(RAW).split(".")[1]
    assert form(BOB.key.jws(b64u_decode(payload), without="typ")) == "individual"


def test_the_individual_form_approves_plain_statements_only() -> None:
    subject = msgspec.structs.replace(SUBJECT, is_plain=False)
    jws = parse_approval(BOB.individual(RAW))
    with refused(RefusedError, "shared_form_required"):
        verify_approval(jws, BOB.key.jwk, subject, signer=BOB.user, now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"statementId": "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f002"}, "payload_statement_mismatch"),
        ({"statementId": "7D3C2A52-1F6A-4A52-8B39-0D5C53A4F001"}, "payload_statement_mismatch"),
        ({"statementId": ""}, "payload_statement_mismatch"),
        ({"content": "{}"}, "payload_content_mismatch"),
        ({"content": CONTENT + " "}, "payload_content_mismatch"),
        ({"content": CONTENT.replace("USD", "EUR")}, "payload_content_mismatch"),
        ({"content": ""}, "payload_content_mismatch"),
        ({"signer": ALICE.user}, "payload_signer_mismatch"),
        ({"signer": ""}, "payload_signer_mismatch"),
        ({"signer": "user:" + BOB.user}, "payload_signer_mismatch"),
        ({"ledger": "another.example/ledger"}, "payload_ledger_mismatch"),
        ({"ledger": ""}, "payload_ledger_mismatch"),
        ({"jti": ""}, "payload_mismatch"),
        ({"jti": "j" * 129}, "payload_mismatch"),
        ({"timestamp": 0}, "payload_timestamp_stale"),
        ({"timestamp": IAT}, "payload_timestamp_stale"),
        ({"timestamp": NOW_MS - FIVE_MINUTES_MS - 1}, "payload_timestamp_stale"),
        ({"timestamp": NOW_MS + FIVE_MINUTES_MS + 1}, "payload_timestamp_stale"),
        ({"timestamp": MAX_SAFE_INTEGER}, "payload_timestamp_stale"),
        ({"timestamp": MAX_SAFE_INTEGER + 1}, "payload_mismatch"),
        ({"iat": 10**40}, "payload_mismatch"),
        ({"iat": 0}, "iat_stale"),
        ({"iat": IAT - 300}, "iat_stale"),
        ({"iat": IAT + 301}, "iat_stale"),
        ({"iat": NOW_MS}, "iat_stale"),
        ({"timestamp": str(NOW_MS)}, "payload_mismatch"),
        ({"timestamp": float(NOW_MS)}, "payload_mismatch"),
        ({"timestamp": None}, "payload_mismatch"),
        ({"content": json.loads(CONTENT)}, "payload_mismatch"),
        ({"signer": None}, "payload_mismatch"),
        ({"exp": IAT}, "payload_mismatch"),
        ({"sub": BOB.user}, "payload_mismatch"),
        ({"act": "draft"}, "payload_mismatch"),
        ({"title": "Series A"}, "payload_mismatch"),
    ],
    ids=str,
)
def test_an_individual_approval_that_says_something_else_is_refused(
    members: dict[str, Any], code: str
) -> None:
    with refused(RefusedError, code):
        form(BOB.individual(RAW, **members))


@pytest.mark.parametrize("timestamp", [NOW_MS - FIVE_MINUTES_MS, NOW_MS + FIVE_MINUTES_MS])
def test_an_individual_approval_is_taken_for_five_minutes_either_way(timestamp: int) -> None:
    assert form(BOB.individual(RAW, timestamp=timestamp)) == "individual"


@pytest.mark.parametrize("name", ["statementId", "content", "signer", "timestamp"])
def test_an_individual_approval_without_a_member_is_refused(name: str) -> None:
    whole = {
        "statementId": SUBJECT.statement_id,
        "content": CONTENT,
        "signer": BOB.user,
        "timestamp": NOW_MS,
    }
    del whole[name]
    with refused(RefusedError, "payload_mismatch"):
        form(BOB.key.jws(json.dumps(whole).encode()))


def test_a_member_named_twice_is_refused() -> None:
    payload = json.loads(json.dumps({"statementId": SUBJECT.statement_id, "content": CONTENT}))
    twice = json.dumps(payload)[:-1] + (
        f',"signer":"{ALICE.user}","signer":"{BOB.user}","timestamp":{NOW_MS}}}'
    )
    with refused(RefusedError, "payload_mismatch"):
        form(BOB.key.jws(twice.encode()))


@pytest.mark.parametrize("iat", [IAT - 300, IAT + 301])
def test_a_headers_time_counts_in_the_individual_form_too(iat: int) -> None:
    payload = {
        "statementId": SUBJECT.statement_id,
        "content": CONTENT,
        "signer": BOB.user,
        "timestamp": NOW_MS,
    }
    with refused(RefusedError, "iat_stale"):
        form(BOB.key.jws(json.dumps(payload).encode(), iat=iat))


# --- headers and keys ----------------------------------------------------------------------------


@pytest.mark.parametrize("typ", ["act+jwt", "jwt", "at+jwt", "JOSE", "", "key-possession+jws"])
def test_an_approvals_typ_is_jwt(typ: str) -> None:
    with refused(RefusedError, "jws_typ_mismatch"):
        parse_approval(BOB.shared(RAW, typ=typ))


def test_an_act_is_no_approval() -> None:
    scene = Scene()
    with refused(RefusedError, "jws_typ_mismatch"):
        parse_approval(scene.rejection(BOB))


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256", "RS256", "ML-DSA-65"])
def test_an_approval_under_another_algorithm_is_refused(alg: str) -> None:
    with refused(RefusedError, "jws_alg_mismatch"):
        form(BOB.shared(RAW, alg=alg))


def test_an_approval_that_names_another_key_is_refused() -> None:
    with refused(RefusedError, "jws_kid_mismatch"):
        form(ALICE.shared(RAW))


def test_an_approval_signed_by_another_key_is_refused() -> None:
    with refused(RefusedError, "jws_signature_invalid"):
        form(ed25519_key(99).jws(RAW, iat=IAT, kid=BOB.key.kid))


@pytest.mark.parametrize(
    "more",
    [{"crit": ["iat"]}, {"b64": False}, {"jwk": {}}, {"jku": "https://x"}, {"x5c": []}, {"exp": 1}],
    ids=str,
)
def test_an_approval_with_another_header_is_refused(more: dict[str, Any]) -> None:
    with refused(MalformedError, "jws_header_invalid"):
        parse_approval(BOB.shared(RAW, **more))


@FEW
@given(st.integers(min_value=0), st.sampled_from(["shared", "individual"]))
def test_one_changed_bit_of_an_approval_is_refused(bit: int, which: str) -> None:
    good = BOB.shared(RAW) if which == "shared" else BOB.individual(RAW)
    bad = bytearray(good.encode())
    bad[bit // 8 % len(bad)] ^= 1 << bit % 8
    with pytest.raises(LedgerError):
        form(bad.decode("latin-1"))


def test_the_holder_of_a_key_is_not_the_person_that_it_names() -> None:
    mallory = Signer(66, "investor")
    with refused(RefusedError, "payload_signer_mismatch"):
        form(mallory.individual(RAW), key=mallory.key)
