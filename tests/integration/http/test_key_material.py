"""One public key is used once: as one passkey or one signing key, by one person."""

from functools import partial

from cryptography.hazmat.primitives.asymmetric import ec

from tests.integration.conftest import Join, Refuses
from tests.support.actor import Actor
from tests.support.authenticator import Passkey
from tests.support.keys import es256_key

COMPLETE = "/api/register/complete"


def twin(passkey: Passkey) -> Passkey:
    """Return a passkey with the same private key under another credential id."""
    return Passkey(origin=passkey.origin, private=passkey.private)


def secret_of(passkey: Passkey) -> int:
    private = passkey.private
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private.private_numbers().private_value


def test_two_people_cannot_register_one_passkeys_key_under_two_credential_ids(
    bob: Actor, join: Join, refuses: Refuses
) -> None:
    mallory = join("Mallory", role=None)
    mallory.passkey = twin(bob.passkey)
    body = mallory.completion(mallory.begin("investor"))
    refuses(lambda: mallory.client.post(COMPLETE, json=body), 409, "key_known")


def test_one_person_cannot_add_their_passkeys_key_under_a_second_credential_id(
    join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    refuses(lambda: dora.add_passkey(twin(dora.passkey)), 409, "key_known")


def test_a_registration_cannot_attest_the_passkeys_own_key(join: Join, refuses: Refuses) -> None:
    mallory = join("Mallory", role=None)
    mallory.key = es256_key(secret_of(mallory.passkey))
    body = mallory.completion(mallory.begin("investor"))
    refuses(lambda: mallory.client.post(COMPLETE, json=body), 409, "key_known")


def test_nobody_can_attest_the_key_of_anybodys_passkey(
    bob: Actor, join: Join, refuses: Refuses
) -> None:
    dora = join("Dora")
    for passkey in (dora.passkey, bob.passkey):
        key = es256_key(secret_of(passkey))
        refuses(partial(dora.add_key, key), 409, "key_known")


def test_nobody_can_add_a_passkey_with_the_key_of_a_signing_key(
    join: Join, refuses: Refuses
) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    key = es256_key(private.private_numbers().private_value)
    dora, erin = join("Dora", key=key), join("Erin")
    for who in (dora, erin):
        stolen = Passkey(origin=who.passkey.origin, private=private)
        refuses(partial(who.add_passkey, stolen), 409, "key_known")
