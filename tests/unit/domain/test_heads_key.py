"""The ledger's own key replaces its heads key; decided and audited."""

import pytest

from ledger.domain import log_keys
from ledger.domain.events import Body, HeadsKeyReplaced
from ledger.domain.ledger_acts import ReplaceHeadsKey
from ledger.encoding import b64u_encode
from ledger.errors import LedgerError
from ledger.jose import OkpJwk, SigningKey
from ledger.verify.auditor import AuditError
from tests.support.heads import HEADS, HEADS_KEY
from tests.unit.domain.test_log_keys import (
    KEY,
    NAME,
    NOW_MS,
    STRANGER,
    audited,
    charter_of,
    end,
    signed,
)


def replaced(key: SigningKey, by: SigningKey = KEY) -> HeadsKeyReplaced:
    act = ReplaceHeadsKey(iat=NOW_MS // 1000, ledger=NAME, heads=key.jwk)
    return HeadsKeyReplaced(heads=key.jwk, act=signed(act, by))


def test_the_ledgers_own_key_replaces_the_heads_key() -> None:
    body = log_keys.replace_heads_key(charter_of(), replaced(STRANGER).act, now_ms=NOW_MS)
    assert charter_of().heads == HEADS
    assert charter_of(body).heads == STRANGER.jwk


@pytest.mark.parametrize(
    ("heads", "by", "code"),
    [
        (STRANGER.jwk, STRANGER, "jws_kid_mismatch"),
        (OkpJwk(crv="Ed25519", x=b64u_encode(b"\x01" + bytes(31))), KEY, "jwk_invalid"),
    ],
    ids=["another signer", "a key of small order"],
)
def test_no_other_key_becomes_the_heads_key(heads: OkpJwk, by: SigningKey, code: str) -> None:
    act = signed(ReplaceHeadsKey(iat=NOW_MS // 1000, ledger=NAME, heads=heads), by)
    with pytest.raises(LedgerError) as refused:
        log_keys.replace_heads_key(charter_of(), act, now_ms=NOW_MS)
    assert refused.value.code == code


@pytest.mark.parametrize("key", [KEY, HEADS_KEY], ids=["the ledger's own", "the heads key"])
def test_an_audit_refuses_a_heads_key_that_the_log_names_already(key: SigningKey) -> None:
    with pytest.raises(AuditError) as refused:
        audited(replaced(key))
    assert getattr(refused.value.__cause__, "code", None) == "key_shared"


@pytest.mark.parametrize(
    "bodies",
    [
        [end(), replaced(STRANGER)],
        [replaced(STRANGER, STRANGER)],
        [HeadsKeyReplaced(HEADS, replaced(STRANGER).act)],
    ],
    ids=["after the freeze", "another signer", "another key than the act's"],
)
def test_an_audit_refuses_a_heads_key_that_the_ledgers_own_key_did_not_name(
    bodies: list[Body],
) -> None:
    with pytest.raises(AuditError) as refused:
        audited(*bodies)
    assert refused.value.evidence == {"position": 1 + len(bodies)}
