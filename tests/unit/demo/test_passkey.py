"""The passkey in software: the rules of the ledger accept what it answers."""

from ledger.demo.passkey import SoftwarePasskey, registration_response
from ledger.domain.passkey import RelyingParty, verify_assertion, verify_registration
from ledger.encoding import b64u_decode
from tests.support.signers import assertion, registration

ORIGIN = "http://localhost:8000"
PARTY = RelyingParty(rp_id="localhost", origin=ORIGIN)


def test_its_registration_and_its_assertions_verify() -> None:
    passkey = SoftwarePasskey(rp_id="localhost", origin=ORIGIN)
    created = passkey.create(b"first")
    known = verify_registration(
        registration(created), created["id"], challenge=b"first", party=PARTY
    )
    signed = passkey.get(b"second")
    count = verify_assertion(
        assertion(signed), public_key=known.public_key, challenge=b"second", party=PARTY
    )
    assert signed["id"] == created["id"] == known.credential_id
    assert (known.sign_count, count) == (1, 2)


def test_two_have_different_keys_and_ids() -> None:
    one, other = (SoftwarePasskey(rp_id="localhost", origin=ORIGIN) for _ in range(2))
    assert one.cose_sha256 != other.cose_sha256
    assert one.create(b"c")["id"] != other.create(b"c")["id"]


def test_each_length_of_authenticator_data_has_its_shortest_form() -> None:
    for length, head in ((255, "58ff"), (256, "590100")):
        response = registration_response(b"id", b"{}", bytes(length))["response"]
        raw = b64u_decode(response["attestationObject"])
        assert raw.endswith(bytes.fromhex(head) + bytes(length))
