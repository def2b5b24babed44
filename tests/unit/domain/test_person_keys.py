"""A person's signing keys: attested by a passkey, proved by possession."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from ledger.domain import challenges, person, signing_keys
from ledger.domain.events import Event, KeyAttested
from ledger.domain.passkey import RelyingParty
from ledger.domain.person import Person
from ledger.domain.signing_keys import KeySubmission
from ledger.encoding import b64u_encode
from ledger.errors import ConflictError, MalformedError, RefusedError
from tests.support.authenticator import Passkey
from tests.support.keys import TestKey, ed25519_key, es256_key, ml_dsa_key
from tests.support.refusals import refused
from tests.support.scene import ALICE, BOB
from tests.support.signers import LEDGER, NONCE, NOW_MS, PARTY, assertion
from tests.vectors.webauthn.curve import TORSION, add, encode
from tests.vectors.webauthn.keys import POINT

AT = "2026-11-21T03:04:05.678Z"
KEY = ed25519_key(50)
HERE: dict[str, Any] = {"ledger": LEDGER, "now_ms": NOW_MS}


def fold(state: Person, body: Any) -> Person:
    return person.evolve(state, Event(UUID(state.user), state.version + 1, AT, body))


def attest(submission: KeySubmission, state: Person = ALICE.person, **expected: Any) -> KeyAttested:
    settings: dict[str, Any] = {"nonce": NONCE, "party": PARTY} | HERE
    return signing_keys.attest_key(state, submission, **(settings | expected))


def with_proof(text: str, key: TestKey = KEY) -> KeySubmission:
    """Return a submission that is right but for the proof of possession."""
    return msgspec.structs.replace(ALICE.submission(key), possession=text)


def challenge(**changes: Any) -> bytes:
    said: dict[str, Any] = {
        "expires_at": None,
        "home": "device",
        "kid": KEY.kid,
        "ledger": LEDGER,
        "nonce": NONCE,
        "user": ALICE.user,
    }
    return challenges.attest_signing_key(**(said | changes))


# --- attesting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", [KEY, es256_key(50), ml_dsa_key(50)], ids=["Ed25519", "ES256", "ML-DSA-65"]
)
def test_a_passkey_attests_a_key_of_each_type(key: TestKey) -> None:
    submission = ALICE.submission(key)
    body = attest(submission)
    assert (body.kid, body.jwk, body.nonce, body.expires_at) == (key.kid, key.jwk, NONCE, None)
    assert (body.assertion, body.possession) == (submission.assertion, submission.possession)
    assert (body.home, body.sign_count) == ("device", ALICE.passkey.sign_count)
    after = fold(ALICE.person, body)
    assert after.active_key(key.kid, now_ms=NOW_MS).jwk == key.jwk


def test_a_key_may_have_an_end() -> None:
    body = attest(ALICE.submission(KEY, expires_at="2026-11-21T03:04:05.679Z"))
    assert body.expires_at == "2026-11-21T03:04:05.679Z"
    after = fold(ALICE.person, body)
    assert after.active_key(KEY.kid, now_ms=NOW_MS).kid == KEY.kid
    with refused(RefusedError, "key_expired"):
        after.active_key(KEY.kid, now_ms=NOW_MS + 1)


@pytest.mark.parametrize("ends", [AT, "2025-01-01T00:00:00.000Z", "soon", ""])
def test_a_keys_end_is_a_time_to_come(ends: str) -> None:
    with refused(MalformedError, "time_invalid"):
        attest(ALICE.submission(KEY, expires_at=ends))


def test_a_keys_end_is_attested_too() -> None:
    changed = msgspec.structs.replace(
        ALICE.submission(KEY, expires_at="2027-01-01T00:00:00.000Z"),
        expires_at="2037-01-01T00:00:00.000Z",
    )
    with refused(RefusedError, "passkey_assertion_refused"):
        attest(changed)


def test_a_keys_home_is_attested_too() -> None:
    changed = msgspec.structs.replace(ALICE.submission(KEY), home="program")
    with refused(RefusedError, "passkey_assertion_refused"):
        attest(changed)


@pytest.mark.parametrize("ends", ["2026-11-21T15:04:05.678Z", "2026-11-21T03:04:05.679Z"])
def test_a_key_of_a_session_ends_within_12_hours(ends: str) -> None:
    body = attest(ALICE.submission(KEY, home="session", expires_at=ends))
    assert (body.home, body.expires_at) == ("session", ends)


@pytest.mark.parametrize("ends", ["2026-11-21T15:04:05.679Z", None])
def test_a_key_of_a_session_that_does_not_end_within_12_hours_is_refused(ends: str | None) -> None:
    with refused(MalformedError, "home_invalid"):
        attest(ALICE.submission(KEY, home="session", expires_at=ends))


@pytest.mark.parametrize("home", ["device", "synced", "program"])
def test_a_key_of_another_home_needs_no_end(home: str) -> None:
    assert attest(ALICE.submission(KEY, home=home)).home == home


def test_a_key_is_attested_once() -> None:
    with refused(ConflictError, "key_known"):
        attest(ALICE.submission(ALICE.key))


@pytest.mark.parametrize("eighths", range(1, 8))
def test_an_ed25519_key_of_mixed_order_is_not_attested(eighths: int) -> None:
    mixed = b64u_encode(encode(add(POINT, TORSION[eighths])))
    changed = ALICE.submission(KEY).jwk | {"x": mixed}
    with refused(MalformedError, "jwk_invalid"):
        attest(msgspec.structs.replace(ALICE.submission(KEY), jwk=changed))


def test_a_private_key_is_refused() -> None:
    submission = ALICE.submission(KEY)
    private = msgspec.structs.replace(submission, jwk=submission.jwk | {"d": "AAAA"})
    with refused(MalformedError, "private_key_refused"):
        attest(private)


def test_a_weak_key_is_refused() -> None:
    weak = {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}
    with refused(MalformedError, "jwk_invalid"):
        attest(msgspec.structs.replace(ALICE.submission(KEY), jwk=weak))


def test_a_kid_that_somebody_chose_is_refused() -> None:
    submission = ALICE.submission(KEY)
    named = msgspec.structs.replace(submission, jwk=submission.jwk | {"kid": "mine"})
    with refused(MalformedError, "kid_mismatch"):
        attest(named)


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": ALICE.key.kid},
        {"ledger": "another.example/ledger"},
        {"nonce": "YW5vdGhlcg"},
        {"user": BOB.user},
    ],
    ids=str,
)
def test_an_assertion_over_another_challenge_is_refused(changes: dict[str, str]) -> None:
    response = ALICE.passkey.get(challenge(**changes))
    other = msgspec.structs.replace(ALICE.submission(KEY), assertion=assertion(response))
    with refused(RefusedError, "passkey_assertion_refused"):
        attest(other)


@pytest.mark.parametrize(
    "expected",
    [
        {"nonce": "YW5vdGhlcg"},
        {"ledger": "another.example/ledger"},
        {"party": RelyingParty("localhost", "https://evil.example")},
        {"party": RelyingParty("evil.example", "http://localhost:8000")},
    ],
    ids=str,
)
def test_an_attestation_made_for_another_place_is_refused(expected: dict[str, Any]) -> None:
    with refused(RefusedError, "passkey_assertion_refused"):
        attest(ALICE.submission(KEY), **expected)


def test_somebody_elses_passkey_attests_nothing() -> None:
    other = msgspec.structs.replace(
        ALICE.submission(KEY), assertion=assertion(BOB.passkey.get(challenge()))
    )
    with refused(RefusedError, "passkey_unknown"):
        attest(other)


def test_a_removed_passkey_attests_nothing() -> None:
    gone = msgspec.structs.replace(ALICE.known_passkey, removed=True)
    state = msgspec.structs.replace(ALICE.person, passkeys={ALICE.passkey.id: gone})
    with refused(RefusedError, "passkey_removed"):
        attest(ALICE.submission(KEY), state)


def test_a_passkey_that_cannot_verify_its_user_attests_nothing() -> None:
    passkey = ALICE.passkey
    weaker = Passkey(
        credential_id=passkey.credential_id, private=passkey.private, user_verified=False
    )
    response = weaker.get(challenge())
    other = msgspec.structs.replace(ALICE.submission(KEY), assertion=assertion(response))
    with refused(RefusedError, "passkey_assertion_refused"):
        attest(other)


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        ({"typ": "JWT"}, challenge()),
        ({"typ": "act+jwt"}, challenge()),
        ({"typ": "key-possession+jws", "iat": 1}, challenge()),
        ({"typ": "key-possession+jws"}, challenge(user=BOB.user)),
        ({"typ": "key-possession+jws"}, challenge()[:-1]),
        ({"typ": "key-possession+jws"}, b""),
    ],
    ids=range(6),
)
def test_a_proof_of_anything_else_is_no_possession(header: dict[str, Any], payload: bytes) -> None:
    with refused(RefusedError, "possession_refused"):
        attest(with_proof(KEY.jws(payload, **header)))


@pytest.mark.parametrize(
    ("proof", "code"),
    [
        (ALICE.key.jws(challenge(), typ="key-possession+jws"), "jws_kid_mismatch"),
        (
            ALICE.key.jws(challenge(), typ="key-possession+jws", kid=KEY.kid),
            "jws_signature_invalid",
        ),
        (KEY.jws(challenge(), typ="key-possession+jws", alg="ES256"), "jws_alg_mismatch"),
    ],
)
def test_a_proof_by_another_key_is_no_possession(proof: str, code: str) -> None:
    with refused(RefusedError, code):
        attest(with_proof(proof))


def test_a_proof_that_is_no_jws_is_malformed() -> None:
    with refused(MalformedError, "jws_malformed"):
        attest(with_proof("proof"))
