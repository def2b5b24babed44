"""Bytes under a passphrase: what another library decrypts, and what is refused."""

import pytest
from joserfc import jwe
from joserfc.jwk import OctKey

from ledger.errors import MalformedError, RefusedError
from ledger.jose import passphrase
from ledger.jose.passphrase import Entropy, decrypt, encrypt
from tests.support.refusals import refused

PHRASE = b"correct horse battery"
ENTROPY = Entropy(bytes(range(16)), bytes(range(32)), bytes(range(12)))
SEALED = encrypt(b"two keys", PHRASE, ENTROPY)


def test_what_was_encrypted_is_decrypted_with_the_same_passphrase() -> None:
    assert decrypt(SEALED, PHRASE) == b"two keys"


def test_another_library_decrypts_it() -> None:
    key = OctKey.import_key(PHRASE)
    found = jwe.decrypt_compact(SEALED, key, algorithms=["PBES2-HS512+A256KW", "A256GCM"])
    assert found.plaintext == b"two keys"


def test_another_passphrase_is_refused() -> None:
    with refused(RefusedError, "passphrase_wrong"):
        decrypt(SEALED, b"correct horse batterY")


@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_one_changed_character_is_refused(part: int) -> None:
    parts = SEALED.split(".")
    first = "B" if parts[part][0] == "A" else "A"
    parts[part] = first + parts[part][1:]
    with refused(RefusedError, "passphrase_wrong"):
        decrypt(".".join(parts), PHRASE)


@pytest.mark.parametrize("text", ["", "....", SEALED + ".", SEALED[:-1], "a" * 100, "é.é.é.é.é"])
def test_what_is_no_jwe_of_ours_is_refused(text: str) -> None:
    with refused(MalformedError, "jwe_malformed"):
        decrypt(text, PHRASE)


def test_fewer_iterations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as weaker:
        weaker.setattr(passphrase, "ITERATIONS", 1000)
        weak = encrypt(b"two keys", PHRASE, ENTROPY)
    with refused(MalformedError, "jwe_malformed"):
        decrypt(weak, PHRASE)
