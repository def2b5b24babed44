"""Acts: signed commands that are no approvals."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import acts, ledger_acts
from ledger.domain.act import Act
from ledger.domain.acts import Draft, parse_act, verify_act
from ledger.encoding import MAX_SAFE_INTEGER
from ledger.errors import MalformedError, RefusedError
from tests.support.examples import FEW
from tests.support.heads import HEADS_JWK
from tests.support.keys import ed25519_key
from tests.support.links import link_jwk
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB
from tests.support.signers import FIVE_MINUTES_MS, LEDGER, NOW_MS

DRAFT: dict[str, Any] = {"statementId": "s", "sha256": "d"}
AN_ACT = json.dumps({"act": "draft", "iat": 1, "ledger": LEDGER} | DRAFT).encode()


def take(text: str, kind: type[Act] = Draft, now_ms: int = NOW_MS) -> Act:
    return verify_act(parse_act(text), ALICE.key.jwk, kind, ledger=LEDGER, now_ms=now_ms)


def signed(payload: bytes) -> str:
    return ALICE.key.jws(payload, typ="act+jwt")


@pytest.mark.parametrize(
    ("kind", "type_", "members"),
    [
        ("draft", acts.Draft, DRAFT),
        ("reject", acts.Reject, DRAFT | {"reason": "r"}),
        ("retract", acts.Retract, DRAFT),
        ("use", acts.UseStatement, DRAFT | {"nonce": "n"}),
        ("use", acts.UseStatement, DRAFT | {"nonce": "n", "reference": "r"}),
        (
            "outcome",
            acts.ReportOutcome,
            DRAFT | {"number": 1, "generation": 1, "outcome": "done", "reason": "r"},
        ),
        ("retract", acts.Retract, DRAFT | {"reason": "r"}),
        ("withdraw", acts.Withdraw, DRAFT),
        ("withdraw", acts.Withdraw, DRAFT | {"reason": "r"}),
        ("revoke-key", acts.RevokeKey, {"kid": "k"}),
        ("revoke-key", acts.RevokeKey, {"kid": "k", "compromisedSince": "t", "reason": "r"}),
        ("add-passkey", acts.AddPasskey, {"cose": "c", "user": "u"}),
        ("remove-passkey", acts.RemovePasskey, {"credentialId": "c"}),
        ("sign-in", acts.SignIn, {"jti": "j"}),
        (
            "create-ledger",
            ledger_acts.CreateLedger,
            {
                "origin": "o",
                "rpId": "r",
                "registration": "open",
                "setup": link_jwk("s"),
                "heads": HEADS_JWK,
            },
        ),
    ],
    ids=str,
)
def test_each_act_has_its_name_and_members(
    kind: str, type_: type[Act], members: dict[str, Any]
) -> None:
    act = take(ALICE.act(kind, **members), type_)
    assert (act.iat, act.ledger) == (1_795_230_245, LEDGER)
    if kind == "draft":
        assert act == Draft(iat=1_795_230_245, ledger=LEDGER, statement_id="s", sha256="d")


@pytest.mark.parametrize("typ", ["JWT", "jwt", "act+JWT", "application/act+jwt", "", "act"])
def test_what_is_not_typed_as_an_act_is_no_act(typ: str) -> None:
    with refused(RefusedError, "jws_typ_mismatch"):
        parse_act(ALICE.key.jws(b"{}", typ=typ))


def test_an_approval_is_no_act() -> None:
    with refused(RefusedError, "jws_typ_mismatch"):
        parse_act(ALICE.shared(ALICE.document()))


def test_an_acts_time_stands_in_its_payload_not_in_its_header() -> None:
    with refused(RefusedError, "jws_typ_mismatch"):
        parse_act(ALICE.key.jws(b"{}", typ="act+jwt", iat=1))


@pytest.mark.parametrize(
    "members",
    [
        {"act": "reject", "reason": "r"},
        {"act": "retract"},
        {"act": "use"},
        {"act": "outcome"},
        {"act": "withdraw"},
        {"act": "Draft"},
        {"act": None},
        {"more": 1},
        {"reason": "r"},
        {"sha256": None},
        {"sha256": 7},
        {"iat": "1795230245"},
        {"iat": 1795230245.0},
        {"iat": MAX_SAFE_INTEGER + 1},
        {"iat": None},
        {"ledger": None},
    ],
    ids=str,
)
def test_another_act_or_other_members_are_refused(members: dict[str, Any]) -> None:
    with refused(RefusedError, "act_mismatch"):
        take(ALICE.act("draft", **(DRAFT | members)))


@pytest.mark.parametrize("name", ["act", "iat", "ledger", "statementId", "sha256"])
def test_a_missing_member_is_refused(name: str) -> None:
    with refused(RefusedError, "act_mismatch"):
        whole = {"act": "draft", "iat": NOW_MS // 1000, "ledger": LEDGER} | DRAFT
        take(signed(json.dumps({key: each for key, each in whole.items() if key != name}).encode()))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"act":"draft"',
        b'{"act":"draft","act":"draft","iat":1795230245,"ledger":"l","sha256":"","statementId":""}',
        b'{"act":"draft","iat":1795230245,"iat":1795230245,"ledger":"l","sha256":"","statementId":""}',
    ],
)
def test_a_payload_that_is_no_strict_json_object_is_refused(payload: bytes) -> None:
    with refused(RefusedError, "act_mismatch"):
        take(signed(payload))


@FEW
@given(st.binary(max_size=30))
def test_garbage_is_no_act(payload: bytes) -> None:
    with refused(RefusedError, "act_mismatch"):
        take(signed(payload))


@pytest.mark.parametrize("ledger", ["", "other.example/ledger", LEDGER.upper(), LEDGER + "/"])
def test_an_act_for_another_ledger_is_refused(ledger: str) -> None:
    with refused(RefusedError, "ledger_mismatch"):
        take(ALICE.act("draft", **DRAFT, ledger=ledger))


@pytest.mark.parametrize("drift_ms", [FIVE_MINUTES_MS - 678, 678 - FIVE_MINUTES_MS])
def test_an_act_is_taken_for_five_minutes_either_way(drift_ms: int) -> None:
    take(ALICE.act("draft", **DRAFT), now_ms=NOW_MS + drift_ms)


@pytest.mark.parametrize("iat", [0, -1, 1_795_230_245 - 301, 1_795_230_245 + 301, MAX_SAFE_INTEGER])
def test_a_stale_or_future_act_is_refused(iat: int) -> None:
    with refused(RefusedError, "iat_stale"):
        take(ALICE.act("draft", **DRAFT, iat=iat))


def test_an_act_by_another_key_is_refused() -> None:
    with refused(RefusedError, "jws_kid_mismatch"):
        take(BOB.act("draft", **DRAFT))


def test_an_act_whose_signature_is_anothers_is_refused() -> None:
    payload = json.dumps({"act": "draft", "iat": 1_795_230_245, "ledger": LEDGER} | DRAFT)
    forged = ed25519_key(99).jws(payload.encode(), typ="act+jwt", kid=ALICE.key.kid)
    with refused(RefusedError, "jws_signature_invalid"):
        take(forged)


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256"])
def test_an_act_under_another_algorithm_is_refused(alg: str) -> None:
    with refused(RefusedError, "jws_alg_mismatch"):
        take(ALICE.key.jws(AN_ACT, typ="act+jwt", alg=alg))


def test_a_payload_that_is_no_act_is_refused_before_its_signature() -> None:
    with refused(RefusedError, "act_mismatch"):
        take(ed25519_key(99).jws(b"garbage", typ="act+jwt", kid=ALICE.key.kid))


def test_the_signature_is_verified_before_what_the_act_is_about() -> None:
    with refused(RefusedError, "jws_signature_invalid"):
        take(ed25519_key(99).jws(AN_ACT, typ="act+jwt", kid=ALICE.key.kid))


def test_a_malformed_act_is_malformed() -> None:
    with refused(MalformedError, "jws_malformed"):
        parse_act("act")
