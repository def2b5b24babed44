"""Challenges: each is the hash of one canonical JSON text, which says what it is for."""

import hashlib

from ledger.domain import challenges


def test_a_confirmation_is_over_the_digest_of_one_jws_the_person_and_the_ledger() -> None:
    said = (
        b'{"ledger":"l","purpose":"confirm",'
        b'"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","user":"u"}'
    )
    assert challenges.confirm(jws="abc", ledger="l", user="u") == hashlib.sha256(said).digest()


def test_a_registration_and_a_sign_in_are_over_their_purpose_the_ledger_and_the_nonce() -> None:
    for purpose, challenge in (("register", challenges.register), ("sign-in", challenges.sign_in)):
        said = f'{{"ledger":"l","nonce":"n","purpose":"{purpose}"}}'.encode()
        assert challenge(ledger="l", nonce="n") == hashlib.sha256(said).digest()


def test_an_attestation_always_says_where_the_key_lives_and_when_it_ends() -> None:
    about = b'"kid":"k","ledger":"l","nonce":"n","purpose":"attest-signing-key","user":"u"}'
    said = b'{"expiresAt":null,"home":"device",' + about
    named = {"kid": "k", "ledger": "l", "nonce": "n", "user": "u"}
    found = challenges.attest_signing_key(expires_at=None, home="device", **named)
    assert found == hashlib.sha256(said).digest()
    said = b'{"expiresAt":"2027-01-01T00:00:00.000Z","home":"session",' + about
    ends = "2027-01-01T00:00:00.000Z"
    found = challenges.attest_signing_key(expires_at=ends, home="session", **named)
    assert found == hashlib.sha256(said).digest()


def test_an_addition_is_over_the_digest_of_the_new_key_and_its_person() -> None:
    said = b'{"cose":"c","ledger":"l","nonce":"n","purpose":"add-passkey","user":"u"}'
    found = challenges.add_passkey(cose_sha256="c", ledger="l", nonce="n", user="u")
    assert found == hashlib.sha256(said).digest()
