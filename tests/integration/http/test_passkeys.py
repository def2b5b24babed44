"""Passkeys: several each, added and removed by signed acts."""

from functools import partial

import httpx

from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.authenticator import Passkey
from tests.support.server import Server


def test_a_second_passkey_signs_in_and_attests(join: Join) -> None:
    dora = join("Dora")
    phone = Passkey(origin=dora.passkey.origin)
    answer = dora.add_passkey(phone)
    assert (answer.status_code, answer.json()["credentialId"]) == (201, phone.id)
    assert dora.add_key(SigningKey.generate(), passkey=phone).status_code == 201
    dora.passkey = phone
    assert dora.sign_in().json()["user"]["id"] == dora.user


def test_options_for_a_further_passkey_exclude_those_there_are(join: Join) -> None:
    dora = join("Dora")
    options = dora.client.post("/api/passkeys/options", json={}).json()["publicKey"]
    assert [each["id"] for each in options["excludeCredentials"]] == [dora.passkey.id]
    allowed = dora.client.post("/api/jwt-keys/options", json={}).json()["publicKey"]
    (mine,) = allowed["allowCredentials"]
    assert (mine["id"], mine["transports"]) == (dora.passkey.id, ["internal"])
    assert allowed["hints"] == ["client-device"]
    assert "challenge" not in allowed


def test_a_passkey_that_somebody_has_is_not_added(bob: Actor, join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    taken = Passkey(origin=dora.passkey.origin, credential_id=bob.passkey.credential_id)
    refuses(lambda: dora.add_passkey(taken), 409, "credential_known")
    refuses(lambda: dora.add_passkey(dora.passkey), 409, "credential_known")


def test_a_passkey_is_added_by_an_act_that_names_it(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    new = Passkey(origin=dora.passkey.origin)
    body = dora.passkey_addition(new, cose=dora.passkey.cose_sha256)
    refuses(lambda: dora.client.post("/api/passkeys", json=body), 422, "act_mismatch")


def test_a_carrier_of_the_request_cannot_put_their_own_key_under_it(
    join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    phone = Passkey(origin=dora.passkey.origin)
    carried = dora.passkey_addition(phone)
    thief = Passkey(origin=phone.origin, credential_id=phone.credential_id)
    begun = dora.client.post("/api/passkeys/options", json={}).json()
    theirs = {
        "ceremony": begun["ceremony"],
        "registration": thief.create(dora.challenge("register", begun)),
    }
    refuses(lambda: dora.client.post("/api/passkeys", json=carried | theirs), 422, "act_mismatch")
    assert dora.client.post("/api/passkeys", json=carried).status_code == 201


def test_a_stolen_signing_key_and_session_begin_and_end_no_passkey_and_end_no_other_key(
    join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    phone, laptop = Passkey(origin=dora.passkey.origin), SigningKey.generate()
    assert dora.add_passkey(phone).status_code == 201
    assert dora.add_key(laptop).status_code == 201
    own, dora.passkey = dora.passkey, Passkey(origin=phone.origin)  # the thief's
    refuses(lambda: dora.add_passkey(dora.passkey), 422, "passkey_unknown")
    refuses(lambda: dora.remove_passkey(own.id), 422, "passkey_unknown")
    for path, name, members in (
        (f"/api/passkeys/{own.id}/remove", "remove-passkey", {"credentialId": own.id}),
        (f"/api/jwt-keys/{laptop.kid}/revoke", "revoke-key", {"kid": laptop.kid}),
    ):
        body = {"act": dora.act(name, **members)}
        refuses(partial(dora.client.post, path, json=body), 422, "assertion_required")
    body = {"act": dora.act("revoke-key", kid=dora.key.kid)}
    answer = dora.client.post(f"/api/jwt-keys/{dora.key.kid}/revoke", json=body)
    assert answer.status_code == 201  # a key ends itself


def test_a_passkey_or_key_that_ends_ends_the_sessions_that_it_opened_and_no_others(
    join: Join, server: Server
) -> None:
    dora = join("Dora")  # her registration opened a session by her first passkey
    first, phone, laptop = dora.passkey, Passkey(origin=dora.passkey.origin), SigningKey.generate()
    assert dora.add_passkey(phone).status_code == 201
    assert dora.add_key(laptop).status_code == 201
    with server.client() as by_phone, server.client() as by_laptop:
        elsewhere, program = (
            Actor(client, "Dora", dora.passkey.origin) for client in (by_phone, by_laptop)
        )
        for each in (elsewhere, program):
            each.user, each.ledger = dora.user, dora.ledger
        elsewhere.passkey, program.key = phone, laptop
        assert elsewhere.sign_in().status_code == 200
        assert program.sign_in_by_key("1").status_code == 200

        def signed_in() -> list[bool]:
            clients = (dora.client, by_phone, by_laptop)
            return [each.get("/api/session").status_code == 200 for each in clients]

        assert signed_in() == [True, True, True]
        assert dora.revoke_key(laptop.kid).status_code == 201
        assert signed_in() == [True, True, False]
        assert dora.remove_passkey(first.id).status_code == 201
        assert signed_in() == [False, True, False]


def test_a_session_alone_adds_no_passkey(join: Join, bob: Actor, refuses: Refuses) -> None:
    dora = join("Dora")
    thief = Actor(dora.client, "Thief", dora.passkey.origin)  # holds Dora's cookie, not her key
    thief.ledger = dora.ledger
    refuses(lambda: thief.add_passkey(thief.passkey), 422, "key_unknown")
    thief.key = bob.key
    refuses(lambda: thief.add_passkey(thief.passkey), 422, "key_unknown")


def test_a_removed_passkey_neither_signs_in_nor_attests_and_its_keys_go_on(
    alice: Actor, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    first, phone = dora.passkey, Passkey(origin=dora.passkey.origin)
    refuses(lambda: dora.remove_passkey(first.id), 409, "passkey_last")
    assert dora.add_passkey(phone).status_code == 201
    assert dora.remove_passkey(first.id).status_code == 201
    refuses(dora.sign_in, 422, "passkey_removed")
    dora.passkey = phone
    assert dora.sign_in().status_code == 200
    refuses(lambda: dora.add_key(SigningKey.generate(), passkey=first), 422, "passkey_removed")
    earlier = now_ms() // 1000 - 10  # another act: the same one would be a repetition
    refuses(lambda: dora.remove_passkey(first.id, iat=earlier), 409, "passkey_removed")
    drafted = alice.draft(policy=policy_of(1, dora))
    assert dora.approve(drafted).json()["status"] == "approved"


def test_an_unknown_passkey_is_not_removed(bob: Actor, refuses: Refuses) -> None:
    unknown = Passkey().id
    refuses(lambda: bob.remove_passkey(unknown), 404, "passkey_unknown")


def test_nobody_but_its_owner_removes_a_passkey(bob: Actor, carol: Actor, refuses: Refuses) -> None:
    refuses(lambda: carol.remove_passkey(bob.passkey.id), 422, "key_unknown")


def test_password_managers_are_led_to_the_page_that_adds_and_ends_passkeys(
    server: Server, bob: Actor, stranger: httpx.Client
) -> None:
    told = stranger.get("/.well-known/passkey-endpoints")
    assert told.json() == {each: f"{server.origin}/account" for each in ("enroll", "manage")}
    page = bob.client.get("/account").text
    assert 'data-action="add-passkey"' in page
