"""Registration: everything verified, one person recorded, or nothing at all."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import SigningKey
from ledger.passkey import attestation_challenge
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor
from tests.support.authenticator import Passkey
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
    assert head(server) == before + 3
    session = dora.client.get("/api/session").json()
    assert session["user"] == {
        "id": dora.user,
        "name": "Dora",
        "roles": ["creator"],
        "credentialIds": [dora.passkey.id],
        "kids": [dora.key.kid],
        "registeredAt": session["user"]["registeredAt"],
        "position": before + 1,
    }


def test_the_browser_is_asked_for_a_discoverable_verified_passkey(join: Join) -> None:
    options = join("Dora", role=None).begin("investor")["publicKey"]
    assert options["rp"] == {"id": "localhost", "name": "Ledger"}
    assert [each["alg"] for each in options["pubKeyCredParams"]] == [-8, -7, -257]
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert options["attestation"] == "none"
    assert len(b64u_decode(options["challenge"])) == 32


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


def attest(**claims: str) -> Callable[[Actor, Body, Body], None]:
    """Return a change that has the passkey vouch for something else."""

    def change(actor: Actor, begun: Body, body: Body) -> None:
        about = {
            "kid": actor.key.kid,
            "ledger": actor.ledger,
            "nonce": begun["nonce"],
            "user": actor.user,
        }
        body["key"] = actor.key_proofs("", challenge=attestation_challenge(**(about | claims)))

    return change


def _attests_only_the_key(actor: Actor, _: Body, body: Body) -> None:
    body["key"] = actor.key_proofs("", challenge=b64u_decode(actor.key.kid))


def _answers_the_registration_challenge(actor: Actor, begun: Body, body: Body) -> None:
    challenge = b64u_decode(begun["publicKey"]["challenge"])
    body["key"]["assertion"] = actor.passkey.get(challenge)


def _answers_a_sign_in(actor: Actor, _: Body, body: Body) -> None:
    challenge = b64u_decode(actor.begin_sign_in()["publicKey"]["challenge"])
    body["key"]["assertion"] = actor.passkey.get(challenge)


def _another_passkey_vouches(actor: Actor, begun: Body, body: Body) -> None:
    other = Passkey(origin=actor.passkey.origin, credential_id=actor.passkey.credential_id)
    body["key"] = actor.key_proofs(begun["nonce"], passkey=other)


def _registration_of_another_origin(actor: Actor, begun: Body, body: Body) -> None:
    challenge = begun["publicKey"]["challenge"]
    body["registration"] = actor.passkey.create(challenge, origin="https://evil.example")


def _registration_in_a_foreign_frame(actor: Actor, begun: Body, body: Body) -> None:
    body["registration"] = actor.passkey.create(begun["publicKey"]["challenge"], crossOrigin=True)


def _registration_as_assertion(actor: Actor, begun: Body, body: Body) -> None:
    challenge = begun["publicKey"]["challenge"]
    body["registration"] = actor.passkey.create(challenge, type="webauthn.get")


def _registration_over_another_challenge(actor: Actor, _: Body, body: Body) -> None:
    body["registration"] = actor.passkey.create(b64u_encode(bytes(32)))


def _registration_unverified(actor: Actor, begun: Body, body: Body) -> None:
    actor.passkey.user_verified = False
    body["registration"] = actor.passkey.create(begun["publicKey"]["challenge"])


def _attestation_unverified(actor: Actor, begun: Body, body: Body) -> None:
    actor.passkey.user_verified = False
    body["key"] = actor.key_proofs(begun["nonce"])


def _for_another_relying_party(actor: Actor, begun: Body, body: Body) -> None:
    actor.passkey.rp_id = "evil.example"
    body["registration"] = actor.passkey.create(begun["publicKey"]["challenge"])


def _count_that_does_not_grow(actor: Actor, begun: Body, body: Body) -> None:
    actor.passkey.sign_count -= 2
    body["key"] = actor.key_proofs(begun["nonce"])


def _possession_of_another_key(actor: Actor, _: Body, body: Body) -> None:
    challenge = b64u_decode(body["key"]["possession"].split(".")[1])
    body["key"]["possession"] = SigningKey.generate().sign(challenge, typ="key-possession+jws")


def _possession_forged(actor: Actor, begun: Body, body: Body) -> None:
    head_, payload, signature = body["key"]["possession"].split(".")
    raw = bytearray(b64u_decode(signature))
    raw[0] ^= 1
    body["key"]["possession"] = f"{head_}.{payload}.{b64u_encode(bytes(raw))}"


def _possession_of_another_time(actor: Actor, _: Body, body: Body) -> None:
    body["key"]["possession"] = actor.sign(bytes(32), typ="key-possession+jws")


def _possession_as_approval(actor: Actor, _: Body, body: Body) -> None:
    payload = body["key"]["possession"].split(".")[1]
    body["key"]["possession"] = actor.sign(b64u_decode(payload), typ="JWT")


FALSE_EVIDENCE = {
    "deadbeef": (attest(kid="deadbeef"), "passkey_assertion_refused"),
    "another ledger": (attest(ledger="example.com/1"), "passkey_assertion_refused"),
    "another nonce": (attest(nonce=b64u_encode(bytes(32))), "passkey_assertion_refused"),
    "another user": (attest(user="nobody"), "passkey_assertion_refused"),
    "the bare thumbprint": (_attests_only_the_key, "passkey_assertion_refused"),
    "own registration": (_answers_the_registration_challenge, "passkey_assertion_refused"),
    "a sign-in": (_answers_a_sign_in, "passkey_assertion_refused"),
    "another passkey": (_another_passkey_vouches, "passkey_assertion_refused"),
    "unverified attestation": (_attestation_unverified, "passkey_assertion_refused"),
    "count": (_count_that_does_not_grow, "passkey_assertion_refused"),
    "another origin": (_registration_of_another_origin, "passkey_registration_refused"),
    "foreign frame": (_registration_in_a_foreign_frame, "passkey_registration_refused"),
    "an assertion": (_registration_as_assertion, "passkey_registration_refused"),
    "challenge": (_registration_over_another_challenge, "passkey_registration_refused"),
    "unverified": (_registration_unverified, "passkey_registration_refused"),
    "relying party": (_for_another_relying_party, "passkey_registration_refused"),
    "possession of another key": (_possession_of_another_key, "jws_kid_mismatch"),
    "possession forged": (_possession_forged, "jws_signature_invalid"),
    "possession of another time": (_possession_of_another_time, "possession_refused"),
    "possession as approval": (_possession_as_approval, "possession_refused"),
}


@pytest.mark.parametrize(("change", "code"), FALSE_EVIDENCE.values(), ids=FALSE_EVIDENCE)
def test_false_evidence_leaves_no_orphan_and_no_second_try(
    change: Callable[[Actor, Body, Body], None], code: str, join: Join, refuses: Refuses
) -> None:
    mallory = join("Mallory", role=None)
    begun = mallory.begin("investor")
    honest = mallory.completion(begun)
    body = copy.deepcopy(honest)
    change(mallory, begun, body)
    refuses(lambda: mallory.client.post(COMPLETE, json=body), 422, code)
    # The ceremony is over, whatever came of it; no passkey and no key is burnt by that.
    refuses(lambda: mallory.client.post(COMPLETE, json=honest), 422, "ceremony_unknown")
    mallory.passkey = Passkey(origin=mallory.passkey.origin)
    mallory.register("investor")


def test_two_registrations_cannot_swap_their_challenges(join: Join, refuses: Refuses) -> None:
    ann, ben = join("Ann", role=None), join("Ben", role=None)
    of_ann, of_ben = ann.begin("investor"), ben.begin("creator")
    body = ann.completion(of_ann) | {"ceremony": of_ben["ceremony"]}
    refuses(lambda: ann.client.post(COMPLETE, json=body), 422, "passkey_registration_refused")


def test_an_attestation_of_one_registration_does_not_serve_another(
    join: Join, refuses: Refuses
) -> None:
    ann = join("Ann", role=None)
    first = ann.completion(ann.begin("investor"))
    second = ann.completion(ann.begin("investor")) | {"key": first["key"]}
    refuses(lambda: ann.client.post(COMPLETE, json=second), 422, "passkey_assertion_refused")


@pytest.mark.parametrize("member", ["name", "role", "user", "privateKey"])
def test_name_and_role_are_those_of_the_beginning(
    member: str, join: Join, refuses: Refuses
) -> None:
    mallory = join("Mallory", role=None)
    body = mallory.completion(mallory.begin("investor")) | {member: "creator"}
    refuses(lambda: mallory.client.post(COMPLETE, json=body), 400, "request_invalid")


def test_extension_results_which_can_hold_secrets_are_refused(join: Join, refuses: Refuses) -> None:
    dora = join("Dora", role=None)
    body = dora.completion(dora.begin("investor"))
    body["registration"]["clientExtensionResults"] = {"prf": {"results": {"first": "c2VjcmV0"}}}
    refuses(lambda: dora.client.post(COMPLETE, json=body), 400, "request_invalid")


@pytest.mark.parametrize("role", ["administrator", "auditor", "king", "", None])
def test_nobody_gives_themselves_another_role_than_creator_or_investor(
    role: str | None, join: Join, refuses: Refuses
) -> None:
    wish = {"name": "Mallory"} | ({} if role is None else {"role": role})
    client = join("Mallory", role=None).client
    refuses(lambda: client.post("/api/credentials", json=wish), 403, "role_not_open")


@pytest.mark.parametrize("name", ["", "   ", "a" * 101, "Bob\n", "Bob\u202eevil", "\u0000"])
def test_a_name_is_1_to_100_printable_characters(name: str, join: Join, refuses: Refuses) -> None:
    client = join(role=None).client
    wish = {"name": name, "role": "investor"}
    refuses(lambda: client.post("/api/credentials", json=wish), 400, "name_invalid")
