"""Synced signing keys: kept wrapped for their person alone, while key and passkey live."""

import os
from typing import Any

import httpx
import pytest

from ledger import clock
from ledger.encoding import b64u_encode
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor, now_ms
from tests.support.authenticator import Passkey

WRAPPED_BYTES = 136


def keep(person: Actor, **members: Any) -> httpx.Response:
    body = {
        "kid": person.key.kid,
        "credentialId": person.passkey.id,
        "wrapped": b64u_encode(os.urandom(WRAPPED_BYTES)),
    }
    return person.client.post("/api/wrapped-keys", json=body | members)


def kept(person: Actor) -> list[dict[str, str]]:
    answer = person.client.get("/api/wrapped-keys")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, str]] = answer.json()["items"]
    return items


def test_a_person_gets_back_their_own_wrapped_keys_and_nobody_elses(join: Join) -> None:
    dora, erik = join("Dora"), join("Erik")
    wrapped = b64u_encode(os.urandom(WRAPPED_BYTES))
    assert keep(dora, wrapped=wrapped).status_code == 204
    mine = {"kid": dora.key.kid, "credentialId": dora.passkey.id, "wrapped": wrapped}
    assert kept(dora) == [mine]
    assert kept(erik) == []


def test_a_wrapped_key_that_is_kept_stays_and_can_be_sent_again(
    join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    wrapped = b64u_encode(os.urandom(WRAPPED_BYTES))
    for _ in range(2):
        assert keep(dora, wrapped=wrapped).status_code == 204
    refuses(lambda: keep(dora), 409, "wrapped_key_kept")
    assert [item["wrapped"] for item in kept(dora)] == [wrapped]


def test_nobody_keeps_a_key_under_somebody_elses_key_or_passkey(
    join: Join, refuses: Refuses
) -> None:
    dora, erik = join("Dora"), join("Erik")
    refuses(lambda: keep(dora, kid=erik.key.kid), 422, "key_unknown")
    refuses(lambda: keep(dora, credentialId=erik.passkey.id), 422, "passkey_unknown")
    assert kept(dora) == kept(erik) == []


@pytest.mark.parametrize(
    "members",
    [
        {"wrapped": b64u_encode(bytes(WRAPPED_BYTES - 1))},
        {"wrapped": b64u_encode(bytes(WRAPPED_BYTES + 1))},
        {"wrapped": "!" * 182},
        {"kid": "short"},
        {"home": "synced"},
    ],
)
def test_a_wrapped_key_of_another_form_is_refused(
    join: Join, refuses: Refuses, members: dict[str, str]
) -> None:
    dora = join("Dora")
    refuses(lambda: keep(dora, **members), 400, "request_invalid")


def test_a_wrapped_key_has_one_spelling(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    refuses(lambda: keep(dora, wrapped="A" * 181 + "B"), 400, "base64url_invalid")


def test_strangers_neither_keep_nor_read_wrapped_keys(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    dora.client.cookies.clear()
    refuses(lambda: keep(dora), 401, "sign_in_required")
    refuses(lambda: dora.client.get("/api/wrapped-keys"), 401, "sign_in_required")


def test_a_wrapped_key_ends_with_its_key(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    laptop = SigningKey.generate()
    dora.add_key(laptop)
    for kid in (dora.key.kid, laptop.kid):
        assert keep(dora, kid=kid).status_code == 204
    assert dora.revoke_key(laptop.kid).status_code == 201
    assert [item["kid"] for item in kept(dora)] == [dora.key.kid]
    refuses(lambda: keep(dora, kid=laptop.kid), 422, "key_revoked")


def test_a_wrapped_key_ends_with_its_passkey(join: Join, refuses: Refuses) -> None:
    dora = join("Dora")
    other = Passkey(origin=dora.passkey.origin)
    assert dora.add_passkey(other).status_code == 201
    for credential_id in (dora.passkey.id, other.id):
        assert keep(dora, credentialId=credential_id).status_code == 204
    assert dora.remove_passkey(other.id).status_code == 201
    assert [item["credentialId"] for item in kept(dora)] == [dora.passkey.id]
    refuses(lambda: keep(dora, credentialId=other.id), 422, "passkey_removed")


def test_a_wrapped_key_ends_when_its_key_is_declared_compromised(join: Join) -> None:
    dora = join("Dora")
    laptop = SigningKey.generate()
    dora.add_key(laptop)
    assert keep(dora, kid=laptop.kid).status_code == 204
    since = clock.to_text(now_ms())
    assert dora.declare_compromise(since, kid=laptop.kid).status_code == 201
    dora.sign_in()
    assert kept(dora) == []
