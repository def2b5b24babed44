"""Ceremonies: one-time challenges of the server, for one purpose, for five minutes, not endless."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest

from ledger.encoding import b64u_encode
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses, refuses_at
from tests.support.actor import Actor
from tests.support.check import head
from tests.support.server import Server

COMPLETE = "/api/register/complete"


def change_state(server: Server, sql: str, *rows: tuple[Any, ...]) -> None:
    """Change what the server may forget; there is no other way to let five minutes pass."""
    with closing(sqlite3.connect(server.data / "state.sqlite")) as db, db:
        db.executemany(sql, rows)


def expire(server: Server, ceremony: str) -> None:
    change_state(server, "UPDATE ceremony SET expires_ms = 1 WHERE id = ?", (ceremony,))


def test_a_registration_ends_after_five_minutes(
    server: Server, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora", role=None)
    begun = dora.begin("investor")
    body = dora.completion(begun)
    expire(server, begun["ceremony"])
    refuses(lambda: dora.client.post(COMPLETE, json=body), 422, "ceremony_unknown")


def test_a_sign_in_ends_after_five_minutes(server: Server, bob: Actor, refuses: Refuses) -> None:
    begun = bob.begin_sign_in()
    expire(server, begun["ceremony"])
    refuses(lambda: bob.post_assertion(begun), 422, "ceremony_unknown")


def test_the_attestation_of_a_key_ends_after_five_minutes(
    server: Server, bob: Actor, refuses: Refuses
) -> None:
    begun = bob.client.post("/api/jwt-keys/options", json={}).json()
    body = {"ceremony": begun["ceremony"], "key": bob.key_proofs(begun["nonce"])}
    expire(server, begun["ceremony"])
    refuses(lambda: bob.client.post("/api/jwt-keys", json=body), 422, "ceremony_unknown")


def test_every_challenge_is_random_and_every_ceremony_is_another(stranger: httpx.Client) -> None:
    begun = [stranger.post("/api/authenticate/options", json={}).json() for _ in range(50)]
    assert len({each["publicKey"]["challenge"] for each in begun}) == 50
    assert len({each["ceremony"] for each in begun}) == 50


def test_a_ceremony_that_was_never_begun_is_refused(bob: Actor, refuses: Refuses) -> None:
    begun = bob.begin_sign_in() | {"ceremony": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}
    refuses(lambda: bob.post_assertion(begun), 422, "ceremony_unknown")


def test_a_sign_in_ceremony_does_not_complete_a_registration(join: Join, refuses: Refuses) -> None:
    dora = join("Dora", role=None)
    begun = dora.begin("investor") | dora.begin_sign_in()
    body = dora.completion(begun)
    refuses(lambda: dora.client.post(COMPLETE, json=body), 422, "ceremony_unknown")


def test_a_registration_ceremony_does_not_sign_in(join: Join, bob: Actor, refuses: Refuses) -> None:
    begun = join("Dora", role=None).begin("investor")
    refuses(lambda: bob.post_assertion(begun), 422, "ceremony_unknown")


def test_a_registration_response_does_not_sign_in(bob: Actor, refuses: Refuses) -> None:
    begun = bob.begin_sign_in()
    refuses(
        lambda: bob.post_assertion(begun, type="webauthn.create"), 422, "passkey_assertion_refused"
    )


def test_a_recorded_attestation_does_not_sign_in(bob: Actor, refuses: Refuses) -> None:
    key = bob.client.get(f"/api/jwt-keys/{bob.key.kid}").json()
    evidence = key["attestation"]["assertion"]
    assertion = {
        "id": evidence["credentialId"],
        "rawId": evidence["credentialId"],
        "type": "public-key",
        "response": {
            name: evidence[name] for name in ("clientDataJSON", "authenticatorData", "signature")
        },
    }
    body = {"ceremony": bob.begin_sign_in()["ceremony"], "assertion": assertion}
    refuses(
        lambda: bob.client.post("/api/authenticate", json=body), 422, "passkey_assertion_refused"
    )


def test_one_persons_ceremony_is_not_anothers(bob: Actor, carol: Actor, refuses: Refuses) -> None:
    begun = bob.client.post("/api/jwt-keys/options", json={}).json()
    body = {"ceremony": begun["ceremony"], "key": carol.key_proofs(begun["nonce"])}
    refuses(lambda: carol.client.post("/api/jwt-keys", json=body), 403, "ceremony_of_another")
    begun = bob.client.post("/api/passkeys/options", json={}).json()
    body = {
        "ceremony": begun["ceremony"],
        "registration": carol.passkey.create(begun["publicKey"]["challenge"]),
        "act": carol.act("add-passkey", credentialId=carol.passkey.id),
    }
    refuses(lambda: carol.client.post("/api/passkeys", json=body), 403, "ceremony_of_another")


def test_a_passkey_does_not_vouch_for_another_persons_key(
    bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    key = SigningKey.generate()
    refuses(lambda: carol.add_key(key, passkey=bob.passkey), 422, "passkey_unknown")


def test_open_ceremonies_are_capped(start_server: Callable[..., Server], join: Join) -> None:
    server = start_server()
    rows = [(f"c{n}", "sign-in", b"{}", 2**53) for n in range(10_000)]
    change_state(server, "INSERT INTO ceremony VALUES(?,?,?,?)", *rows)
    dora = join("Dora", role=None, at=server)
    wish = {"name": "Dora", "role": "investor"}
    begin: list[tuple[str, dict[str, str]]] = [
        ("/api/authenticate/options", {}),
        ("/api/credentials", wish),
    ]
    for path, body in begin:
        answer = dora.client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (429, "ceremonies_full")
        assert 1 <= int(answer.headers["retry-after"]) <= 5
    # They end by themselves, so whoever fills them does not keep others out.
    change_state(server, "UPDATE ceremony SET expires_ms = ?", (1,))
    dora.register("investor")


def test_beginnings_are_limited_per_address(
    start_server: Callable[..., Server], join: Join
) -> None:
    server = start_server(LEDGER_RATE_LIMIT="3")
    client = join("Dora", role=None, at=server).client
    for _ in range(3):
        assert client.post("/api/authenticate/options", json={}).status_code == 200
    refuses_at(
        server, lambda: client.post("/api/authenticate/options", json={}), 429, "rate_limited"
    )
    answer = client.post("/api/authenticate/options", json={})
    assert int(answer.headers["retry-after"]) > 0
    # Reading and signing are not begun by strangers and go on.
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("member", ["challenge", "credentialId", "user"])
def test_a_client_cannot_name_the_challenge_or_the_passkey_of_a_sign_in(
    member: str, stranger: httpx.Client, refuses: Refuses
) -> None:
    wish = {member: b64u_encode(bytes(32))}
    refuses(lambda: stranger.post("/api/authenticate/options", json=wish), 400, "request_invalid")


def test_nothing_is_recorded_before_a_registration_is_complete(server: Server, join: Join) -> None:
    before = head(server)
    join("Dora", role=None).begin("investor")
    assert head(server) == before
