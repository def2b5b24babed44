"""The JWK Set for JWT libraries: every key stays in it, and those with an end are marked."""

import jwt

from ledger import clock
from ledger.jose import SigningKey
from tests.integration.conftest import Join
from tests.support.actor import Actor
from tests.support.check import head, wait_for
from tests.support.server import Server


def published(actor: Actor) -> dict[str, dict[str, object]]:
    found = actor.client.get("/.well-known/jwks.json").json()
    # A library that does not know the marks reads the set all the same.
    known = {key.key_id for key in jwt.PyJWKSet.from_dict(found).keys}
    keys = {str(key["kid"]): key for key in found["keys"]}
    assert {kid for kid, key in keys.items() if key["kty"] != "AKP"} <= known
    return keys


def test_a_revoked_key_stays_in_the_set_and_is_marked(server: Server, join: Join) -> None:
    dora = join("Dora")
    lost, stolen, kept = SigningKey.generate(), SigningKey.generate(), SigningKey.generate()
    for key in (lost, stolen, kept):
        assert dora.add_key(key).status_code == 201
    since = dora.client.get(f"/api/jwt-keys/{stolen.kid}").json()["attestedAt"]
    assert dora.revoke_key(lost.kid).status_code == 201
    assert dora.revoke_key(stolen.kid, compromisedSince=since).status_code == 201
    wait_for(server, head(server))
    keys = published(dora)
    ended = dora.client.get(f"/api/jwt-keys/{lost.kid}").json()["revokedAt"]
    assert keys[lost.kid]["revoked"] == {"revoked_at": clock.to_ms(ended) // 1000}
    marked = keys[stolen.kid]["revoked"]
    assert isinstance(marked, dict)
    assert marked["reason"] == "compromised"
    assert "revoked" not in keys[kept.kid]
    assert "exp" not in keys[kept.kid]


def test_a_key_with_an_end_says_when(server: Server, join: Join) -> None:
    dora = join("Dora")
    key = SigningKey.generate()
    ends = "2030-01-01T00:00:00.000Z"
    assert dora.add_key(key, expires_at=ends).status_code == 201
    wait_for(server, head(server))
    assert published(dora)[key.kid]["exp"] == clock.to_ms(ends) // 1000
