"""Passkeys: several each, added and removed by signed acts."""

from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, now_ms, policy_of
from tests.support.authenticator import Passkey


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
    assert [each["id"] for each in allowed["allowCredentials"]] == [dora.passkey.id]
    assert "challenge" not in allowed


def test_a_passkey_that_somebody_has_is_not_added(bob: Actor, join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    taken = Passkey(origin=dora.passkey.origin, credential_id=bob.passkey.credential_id)
    refuses(lambda: dora.add_passkey(taken), 409, "credential_known")
    refuses(lambda: dora.add_passkey(dora.passkey), 409, "credential_known")


def test_a_passkey_is_added_by_an_act_that_names_it(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    begun = dora.client.post("/api/passkeys/options", json={}).json()
    new = Passkey(origin=dora.passkey.origin)
    body = {
        "ceremony": begun["ceremony"],
        "registration": new.create(begun["publicKey"]["challenge"]),
        "act": dora.act("add-passkey", credentialId=dora.passkey.id),
    }
    refuses(lambda: dora.client.post("/api/passkeys", json=body), 422, "act_mismatch")


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


def test_nobody_but_an_administrator_removes_anothers_passkey(
    bob: Actor, carol: Actor, refuses: Refuses
) -> None:
    refuses(lambda: carol.remove_passkey(bob.passkey.id), 403, "administrator_only")
