"""Signing keys: several each, of several algorithms, ended by signed acts, never overwritten."""

import hashlib
import json
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import jwt as pyjwt
import pytest
import webauthn

from ledger import clock
from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.check import head, wait_for
from tests.support.keys import es256_key, jwk_members, ml_dsa_key
from tests.support.server import Server
from tests.support.signatory import AnyKey


def some_number() -> int:
    return uuid4().int


def key_of(actor: Actor, kid: str, **query: int) -> dict[str, Any]:
    answer = actor.client.get(f"/api/jwt-keys/{kid}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def user_of(actor: Actor, **query: int) -> dict[str, Any]:
    found: dict[str, Any] = actor.client.get(f"/api/users/{actor.passkey.id}", params=query).json()
    return found


def test_a_person_signs_with_any_of_several_keys_and_counts_once(
    alice: Actor, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    laptop = SigningKey.generate()
    added = dora.add_key(laptop)
    assert (added.status_code, added.json()["kid"]) == (201, laptop.kid)
    drafted = alice.draft(policy=policy_of(1, dora, alice))
    iat = dora.later(drafted.id)
    jwt = dora.sign(drafted.document.encode(), key=laptop, typ="JWT", iat=iat)
    assert dora.post_sign(drafted.id, jwt).json()["status"] == "approved"
    refuses(lambda: dora.approve(drafted), 409, "already_approved")
    position = added.json()["position"]
    assert user_of(dora, minPosition=position)["kids"] == [dora.key.kid, laptop.kid]


@pytest.mark.parametrize("make_key", [es256_key, ml_dsa_key])
def test_keys_of_other_algorithms_register_draft_and_sign(
    make_key: Any, alice: Actor, join: Join
) -> None:
    key: AnyKey = make_key(some_number())
    dora = join("Dora", "creator", key=key)
    drafted = dora.draft(policy=policy_of(2, dora, alice))
    assert dora.approve(drafted).json()["approvals"] == 1
    jwt = alice.individual(drafted.document)
    assert alice.post_sign(drafted.id, jwt).json()["status"] == "approved"
    assert key_of(dora, key.kid)["jwk"] == jwk_members(key.jwk)


@pytest.mark.parametrize("make_key", [es256_key, ml_dsa_key])
def test_keys_of_other_algorithms_are_added_to_a_person(make_key: Any, join: Join) -> None:
    dora = join("Dora")
    assert dora.add_key(make_key(some_number())).status_code == 201


def test_a_key_says_its_own_algorithm_and_no_other(
    alice: Actor, join: Join, refuses: Refuses
) -> None:
    key = es256_key(some_number())
    dora = join("Dora", key=key)
    drafted = alice.draft(policy=policy_of(1, dora))
    for alg in ("EdDSA", "ML-DSA-65", "none", "HS256", "RS256"):
        forged = key.jws(drafted.document.encode(), alg=alg, iat=now_ms() // 1000)
        refuses(partial(dora.post_sign, drafted.id, forged), 422, "jws_alg_mismatch")


@pytest.mark.parametrize("member", ["d", "k", "priv"])
def test_a_private_key_is_not_added(member: str, bob: Actor, refuses: Refuses) -> None:
    begun = bob.client.post("/api/jwt-keys/options", json={}).json()
    proofs = bob.key_proofs(begun["nonce"], key=SigningKey.generate())
    proofs["jwk"][member] = "c2VjcmV0"
    body = {"ceremony": begun["ceremony"], "key": proofs}
    refuses(lambda: bob.client.post("/api/jwt-keys", json=body), 400, "private_key_refused")


def test_a_key_that_somebody_has_is_not_added(alice: Actor, bob: Actor, refuses: Refuses) -> None:
    refuses(lambda: bob.add_key(bob.key), 409, "key_known")
    refuses(lambda: bob.add_key(alice.key), 409, "key_known")


def test_a_revoked_key_signs_nothing_and_what_it_signed_still_counts(
    server: Server, alice: Actor, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    old, new = dora.key, SigningKey.generate()
    assert dora.add_key(new).status_code == 201
    drafted, later = (alice.draft(policy=policy_of(2, dora, alice)) for _ in range(2))
    approved = dora.approve(drafted).json()
    assert dora.revoke_key(old.kid).status_code == 201  # a key may sign its own end
    refuses(lambda: dora.approve(later), 422, "key_revoked")
    refuses(lambda: dora.sign_in_by_key(str(uuid4())), 422, "key_revoked")
    refuses(lambda: dora.reject(later), 422, "key_revoked")
    assert alice.approve(drafted).json()["status"] == "approved"
    wait_for(server, head(server))

    decision = alice.client.get(f"/api/statements/{drafted.id}").json()["decisions"][0]
    assert (decision["kid"], decision["keyStatus"]) == (old.kid, "revoked")
    jwk = pyjwt.PyJWK(key_of(dora, old.kid)["jwk"], algorithm="EdDSA")
    assert pyjwt.api_jws.decode(decision["jws"], jwk, algorithms=["EdDSA"])
    # At the position of the approval the key stood.
    before = key_of(dora, old.kid, at=approved["position"])
    assert (before["status"], before["revokedAt"]) == ("active", None)
    assert user_of(dora, at=approved["position"])["kids"] == [old.kid, new.kid]
    assert user_of(dora)["kids"] == [new.kid]

    dora.key = new
    assert dora.approve(later).status_code == 201
    refuses(lambda: dora.revoke_key(old.kid), 409, "key_revoked")


def test_a_revocation_says_since_when_the_key_is_compromised(
    server: Server, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    future = clock.to_text(now_ms() + 3_600_000)
    refuses(lambda: dora.revoke_key(dora.key.kid, compromisedSince=future), 400, "time_invalid")
    before = clock.to_text(now_ms() - 3_600_000)
    refuses(
        lambda: dora.revoke_key(dora.key.kid, compromisedSince=before),
        409,
        "compromise_date_refused",
    )
    since = key_of(dora, dora.key.kid)["attestedAt"]
    answer = dora.revoke_key(dora.key.kid, compromisedSince=since, reason="Laptop stolen")
    found = key_of(dora, dora.key.kid, minPosition=answer.json()["position"])
    assert (found["status"], found["compromisedSince"]) == ("revoked", since)
    assert found["revokedPosition"] == answer.json()["position"]


def test_nobody_revokes_anothers_key(bob: Actor, carol: Actor, refuses: Refuses) -> None:
    refuses(lambda: carol.revoke_key(bob.key.kid), 422, "key_unknown")


def test_a_revocation_is_of_the_key_in_the_address(
    bob: Actor, alice: Actor, refuses: Refuses
) -> None:
    act = bob.act("revoke-key", kid=alice.key.kid)
    path = f"/api/jwt-keys/{bob.key.kid}/revoke"
    refuses(lambda: bob.client.post(path, json={"act": act}), 422, "act_mismatch")
    unknown = SigningKey.generate().kid
    refuses(lambda: bob.revoke_key(unknown), 404, "key_unknown")


def test_a_key_with_an_end_signs_nothing_after_it(
    alice: Actor, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    soon = now_ms() + 1500
    dora.key = (brief := SigningKey.generate())
    assert dora.add_key(brief, expires_at=clock.to_text(soon)).status_code == 201
    drafted = alice.draft(policy=policy_of(1, dora))
    while now_ms() <= soon:
        dora.client.get("/healthz")
    refuses(lambda: dora.approve(drafted), 422, "key_expired")
    assert key_of(dora, brief.kid)["expiresAt"] == clock.to_text(soon)
    assert brief.kid not in dora.client.get("/api/session").json()["user"]["kids"]
    page = dora.client.get("/account").text
    card = page[page.index(f'data-kid="{brief.kid}"') :].partition("</li>")[0]
    assert "Ended <time" in card
    assert clock.to_text(soon) in card


def test_a_retried_key_is_answered_the_same_and_added_once(server: Server, join: Join) -> None:
    dora = join("Dora")
    begun = dora.client.post("/api/jwt-keys/options", json={}).json()
    body = {
        "ceremony": begun["ceremony"],
        "key": dora.key_proofs(begun["nonce"], key=SigningKey.generate()),
    }
    first = dora.client.post("/api/jwt-keys", json=body)
    before = head(server)
    again = dora.client.post("/api/jwt-keys", json=body)
    assert (first.status_code, again.json()) == (201, first.json())
    assert head(server) == before


# --- what others can verify ----------------------------------------------------------------------


def test_a_stranger_sees_of_a_key_what_verifying_a_signature_needs(
    bob: Actor, alice: Actor, stranger: httpx.Client
) -> None:
    answer = stranger.get(f"/api/jwt-keys/{bob.key.kid}")
    whole = alice.client.get(f"/api/jwt-keys/{bob.key.kid}").json()
    hidden = {"user", "credentialId", "home", "attestation"}
    assert answer.json() == {n: whole[n] for n in whole if n not in hidden} | {"decides": True}
    assert hidden < set(whole)
    names = "kid jwk status attestedAt position revokedAt revokedPosition compromisedSince"
    assert set(answer.json()) == {*names.split(), "expiresAt", "decides"}


def test_no_answer_to_a_stranger_shows_a_person_a_passkey_or_evidence(
    server: Server, alice: Actor, stranger: httpx.Client
) -> None:
    drafted = alice.draft(policy=policy_of(1, alice))
    assert alice.approve(drafted).status_code == 201
    wait_for(server, position := head(server))
    assert stranger.get(f"/log/entries/{position - 1}/proof").status_code == 200
    kid, credential = alice.key.kid, alice.passkey.id
    described = stranger.get("/schema/openapi.json").json()["paths"]
    names = {
        "kid": kid,
        "credential_id": credential,
        "statement_id": drafted.id,
        "index": str(position - 1),
        "size": str(position),
        "level": "entries",
        "path": f"000.p/{position}",
    }
    names |= {"sha256": "0" * 64, "question": "approvals", "position": str(position)}
    names |= {"webhook": "0"}
    paths = [path.format(**names) for path, methods in described.items() if "get" in methods]
    paths += ["/log/consistency?from=1", "/", "/register", "/signin", "/verify"]
    texts = [(path, stranger.get(path).text) for path in paths if path != "/api/stream"]
    assert len(texts) > 25
    mine = alice.client.get(f"/api/jwt-keys/{kid}").json()
    evidence = mine["attestation"]["assertion"]["signature"]
    for secret in (credential, evidence, mine["attestation"]["passkeyPublicKey"], alice.name):
        assert not [path for path, text in texts if secret in text], secret


def test_a_keys_page_is_enough_to_verify_its_attestation_offline(bob: Actor, alice: Actor) -> None:
    page = json.loads(alice.client.get(f"/api/jwt-keys/{bob.key.kid}").text)
    attestation = page["attestation"]

    canonical = json.dumps(page["jwk"], separators=(",", ":"), sort_keys=True).encode()
    assert b64u_encode(hashlib.sha256(canonical).digest()) == page["kid"]
    statement = {
        "expiresAt": page["expiresAt"],
        "home": page["home"],
        "kid": page["kid"],
        "ledger": attestation["ledger"],
        "nonce": attestation["nonce"],
        "purpose": "attest-signing-key",
        "user": page["user"],
    }
    canonical = json.dumps(statement, separators=(",", ":"), sort_keys=True).encode()
    challenge = hashlib.sha256(canonical).digest()
    assert b64u_encode(challenge) == attestation["challenge"]

    assertion = attestation["assertion"]
    verified = webauthn.verify_authentication_response(
        credential={
            "id": assertion["credentialId"],
            "rawId": assertion["credentialId"],
            "type": "public-key",
            "response": assertion,
        },
        expected_challenge=challenge,
        expected_rp_id=attestation["rpId"],
        expected_origin=attestation["origin"],
        credential_public_key=b64u_decode(attestation["passkeyPublicKey"]),
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    assert verified.user_verified

    key = pyjwt.PyJWK(page["jwk"], algorithm="EdDSA")
    possession = pyjwt.api_jws.decode(attestation["possession"], key, algorithms=["EdDSA"])
    assert possession == challenge


def test_keys_are_found_by_the_passkey_that_attested_them(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    laptop = SigningKey.generate()
    position = dora.add_key(laptop).json()["position"]
    path = f"/api/jwt-keys/by-credential/{dora.passkey.id}"
    found = dora.client.get(path, params={"minPosition": position}).json()
    assert [each["kid"] for each in found["items"]] == [dora.key.kid, laptop.kid]
    refuses(lambda: dora.client.get("/api/jwt-keys/by-credential/none"), 404, "key_unknown")
    refuses(lambda: dora.client.get("/api/jwt-keys/none"), 404, "key_unknown")
