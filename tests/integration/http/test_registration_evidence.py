"""Registration with evidence that does not prove what it has to: refused, whole, and over."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ledger.domain import challenges
from ledger.encoding import b64u_decode, b64u_encode
from ledger.jose import SigningKey
from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor
from tests.support.authenticator import Passkey

COMPLETE = "/api/register/complete"
Body = dict[str, Any]


def attest(**claims: str) -> Callable[[Actor, Body, Body], None]:
    """Return a change that has the passkey vouch for something else."""

    def change(actor: Actor, begun: Body, body: Body) -> None:
        about: dict[str, Any] = {
            "expires_at": None,
            "home": "device",
            "kid": actor.key.kid,
            "ledger": actor.ledger,
            "nonce": begun["nonce"],
            "user": actor.user,
        }
        body["key"] = actor.key_proofs(
            "", challenge=challenges.attest_signing_key(**(about | claims))
        )

    return change


def _attests_only_the_key(actor: Actor, _: Body, body: Body) -> None:
    body["key"] = actor.key_proofs("", challenge=b64u_decode(actor.key.kid))


def _answers_the_registration_challenge(actor: Actor, begun: Body, body: Body) -> None:
    challenge = actor.challenge("register", begun)
    body["key"]["assertion"] = actor.passkey.get(challenge)


def _answers_a_sign_in(actor: Actor, _: Body, body: Body) -> None:
    challenge = actor.challenge("sign-in", actor.begin_sign_in())
    body["key"]["assertion"] = actor.passkey.get(challenge)


def _another_passkey_vouches(actor: Actor, begun: Body, body: Body) -> None:
    other = Passkey(origin=actor.passkey.origin, credential_id=actor.passkey.credential_id)
    body["key"] = actor.key_proofs(begun["nonce"], passkey=other)


def _registration_of_another_origin(actor: Actor, begun: Body, body: Body) -> None:
    challenge = actor.challenge("register", begun)
    body["registration"] = actor.passkey.create(challenge, origin="https://evil.example")


def _registration_in_a_foreign_frame(actor: Actor, begun: Body, body: Body) -> None:
    body["registration"] = actor.passkey.create(
        actor.challenge("register", begun), crossOrigin=True
    )


def _registration_as_assertion(actor: Actor, begun: Body, body: Body) -> None:
    challenge = actor.challenge("register", begun)
    body["registration"] = actor.passkey.create(challenge, type="webauthn.get")


def _registration_over_another_challenge(actor: Actor, _: Body, body: Body) -> None:
    body["registration"] = actor.passkey.create(bytes(32))


def _registration_unverified(actor: Actor, begun: Body, body: Body) -> None:
    actor.passkey.user_verified = False
    body["registration"] = actor.passkey.create(actor.challenge("register", begun))


def _attestation_unverified(actor: Actor, begun: Body, body: Body) -> None:
    actor.passkey.user_verified = False
    body["key"] = actor.key_proofs(begun["nonce"])


def _for_another_relying_party(actor: Actor, begun: Body, body: Body) -> None:
    actor.passkey.rp_id = "evil.example"
    body["registration"] = actor.passkey.create(actor.challenge("register", begun))


def _home_of_another_kind(_: Actor, __: Body, body: Body) -> None:
    body["key"]["home"] = "program"


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
    "another home": (_home_of_another_kind, "passkey_assertion_refused"),
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
    # The ceremony is over in either case; its passkey and key can still be registered later.
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
