"""Registration: everything verified, one person recorded, or nothing at all."""

from collections.abc import Callable
from typing import Any

import pytest

from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor
from tests.support.check import head
from tests.support.server import Server

COMPLETE = "/api/register/complete"
Body = dict[str, Any]


def completed(actor: Actor, change: Callable[[Actor, Body, Body], None]) -> Body:
    """Return a completion that `change` has tampered with, knowing the begun ceremony."""
    begun = actor.begin("investor")
    body = actor.completion(begun)
    change(actor, begun, body)
    return body


def test_a_registration_records_a_person_a_passkey_and_a_key_together(
    server: Server, join: Join
) -> None:
    before = head(server)
    dora = join("Dora", "creator")
    assert head(server) == before + 4
    session = dora.client.get("/api/session").json()
    assert session["user"] == {
        "id": dora.user,
        "name": dora.name,
        "roles": ["creator"],
        "credentialIds": [dora.passkey.id],
        "kids": [dora.key.kid],
        "registeredAt": session["user"]["registeredAt"],
        "position": before + 1,
        "standing": "active",
        "reEnrolledAt": None,
        "admittedBy": None,
        "recovering": [],
        "unaffirmed": [],
    }


def test_the_browser_is_asked_for_a_discoverable_verified_passkey(join: Join) -> None:
    begun = join("Dora", role=None).begin("investor")
    options = begun["publicKey"]
    assert options["rp"] == {"id": "localhost", "name": "Ledger"}
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-8, -7, -257]
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert options["attestation"] == "none"
    assert "challenge" not in options  # the client computes it
    assert len(b64u_decode(begun["nonce"])) == 32


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
def test_a_private_key_is_not_accepted(member: str, join: Join, refuses: Refuses) -> None:
    def add_private_member(_: Actor, __: Body, body: Body) -> None:
        body["key"]["jwk"][member] = "c2VjcmV0"

    mallory = join("Mallory", role=None)
    body = completed(mallory, add_private_member)
    refuses(lambda: mallory.client.post(COMPLETE, json=body), 400, "private_key_refused")


def test_a_known_credential_id_cannot_be_registered_again_and_nothing_changes(
    bob: Actor, join: Join, refuses: Refuses
) -> None:
    known = bob.client.get(f"/api/users/{bob.passkey.id}").json()
    mallory = join("Mallory", role=None)
    mallory.passkey.credential_id = bob.passkey.credential_id
    body = mallory.completion(mallory.begin("creator"))
    refuses(lambda: mallory.client.post(COMPLETE, json=body), 409, "credential_known")
    assert mallory.sign_in().json()["code"] == "passkey_assertion_refused"
    assert bob.client.get(f"/api/users/{bob.passkey.id}").json() == known


def test_a_known_key_cannot_be_registered_again_and_nothing_changes(
    bob: Actor, join: Join, refuses: Refuses
) -> None:
    known = bob.client.get(f"/api/jwt-keys/{bob.key.kid}").json()
    accomplice = join("Bob's second account", role=None, key=bob.key)
    body = accomplice.completion(accomplice.begin("investor"))
    refuses(lambda: accomplice.client.post(COMPLETE, json=body), 409, "key_known")
    assert bob.client.get(f"/api/jwt-keys/{bob.key.kid}").json() == known


def _wrong_kid(actor: Actor, _: Body, body: Body) -> None:
    body["key"]["jwk"]["kid"] = SigningKey.generate().kid


def _x25519(_: Actor, __: Body, body: Body) -> None:
    body["key"]["jwk"]["crv"] = "X25519"


def _rsa(_: Actor, __: Body, body: Body) -> None:
    body["key"]["jwk"] = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}


def _short(_: Actor, __: Body, body: Body) -> None:
    body["key"]["jwk"]["x"] = b64u_encode(bytes(31))


def _small_order(_: Actor, __: Body, body: Body) -> None:
    body["key"]["jwk"]["x"] = b64u_encode(b"\x01" + bytes(31))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_wrong_kid, "kid_mismatch"),
        (_x25519, "jwk_invalid"),
        (_rsa, "jwk_invalid"),
        (_short, "jwk_invalid"),
        (_small_order, "jwk_invalid"),
    ],
)
def test_a_key_that_is_weak_or_goes_by_another_name_is_refused(
    change: Callable[[Actor, Body, Body], None], code: str, join: Join, refuses: Refuses
) -> None:
    mallory = join("Mallory", role=None)
    body = completed(mallory, change)
    refuses(lambda: mallory.client.post(COMPLETE, json=body), 400, code)


@pytest.mark.parametrize("member", ["name", "role", "user", "privateKey"])
def test_name_and_role_are_those_of_the_beginning(
    member: str, join: Join, refuses: Refuses
) -> None:
    mallory = join("Mallory", role=None)
    body = mallory.completion(mallory.begin("investor")) | {member: "creator"}
    refuses(lambda: mallory.client.post(COMPLETE, json=body), 400, "request_invalid")


def test_what_tojson_holds_is_taken_and_extension_results_are_kept_nowhere(
    join: Join, server: Server
) -> None:
    dora = join("Dora", role=None)
    body = dora.completion(dora.begin("investor"))
    results = {"prf": {"results": {"first": "c2VjcmV0LW9mLWRvcmE"}}}
    body["registration"] |= {
        "clientExtensionResults": results,
        "authenticatorAttachment": "platform",
    }
    body["registration"]["response"] |= {
        "authenticatorData": "AAAA",
        "publicKey": "AAAA",
        "publicKeyAlgorithm": -7,
    }
    body["key"]["assertion"] |= {
        "clientExtensionResults": results,
        "authenticatorAttachment": None,
    }
    body["key"]["assertion"]["response"]["userHandle"] = None
    answer = dora.client.post(COMPLETE, json=body)
    assert answer.status_code == 201
    assert "c2VjcmV0" not in answer.text
    for path in server.data.parent.rglob("*"):
        assert not path.is_file() or b"c2VjcmV0LW9mLWRvcmE" not in path.read_bytes()


def test_a_member_that_the_standard_does_not_have_is_refused(join: Join, refuses: Refuses) -> None:
    dora = join("Dora", role=None)
    body = dora.completion(dora.begin("investor"))
    body["registration"]["prf"] = "c2VjcmV0"
    refuses(lambda: dora.client.post(COMPLETE, json=body), 400, "request_invalid")


@pytest.mark.parametrize("role", ["administrator", "auditor", "king", "", None])
def test_nobody_gives_themselves_another_role_than_creator_or_investor(
    role: str | None, join: Join, refuses: Refuses
) -> None:
    wish = {"name": "Mallory"} | ({} if role is None else {"role": role})
    client = join("Mallory", role=None).client
    refuses(lambda: client.post("/api/credentials", json=wish), 403, "role_not_open")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *((name, "name_invalid") for name in ("", "   ", "a" * 101, "Vera  Victim", "A\u030angel")),
        *((name, "text_refused") for name in ("Bob\n", "Bob\u202eevil", "\u0000", "Bo\u200db")),
    ],
    ids=ascii,
)
def test_a_name_in_another_form_is_refused(
    name: str, code: str, join: Join, refuses: Refuses
) -> None:
    client = join(role=None).client
    wish = {"name": name, "role": "investor"}
    refuses(lambda: client.post("/api/credentials", json=wish), 400, code)
