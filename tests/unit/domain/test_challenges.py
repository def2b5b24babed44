"""Challenges: each is the hash of one canonical JSON text, which says what it is for."""

import hashlib

from ledger.domain import challenges


def test_a_confirmation_is_over_the_digest_of_one_jws_the_person_and_the_ledger() -> None:
    said = (
        b'{"ledger":"l","purpose":"confirm",'
        b'"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","user":"u"}'
    )
    assert challenges.confirm(jws="abc", ledger="l", user="u") == hashlib.sha256(said).digest()
