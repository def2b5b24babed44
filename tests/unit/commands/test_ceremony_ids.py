"""A ceremony's id is accepted as it was returned, for what it was returned for, or not at all."""

import hashlib
import hmac
import secrets

import pytest

from ledger.commands.ceremony_ids import MAX_ID_CHARS, seal, unseal
from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import RefusedError
from tests.support.refusals import refused

KEY = bytes(range(32))
STATE = b"what the ceremony was begun with"
ID = seal(STATE, key=KEY)


def require_refused(ceremony_id: str) -> None:
    with refused(RefusedError, "ceremony_unknown"):
        unseal(ceremony_id, key=KEY)


def test_an_id_carries_its_state() -> None:
    assert unseal(ID, key=KEY) == STATE


def test_the_tag_is_hmac_sha_256_over_a_label_the_version_and_the_state() -> None:
    message = b"ledger ceremony v1\n\x01" + STATE
    tag = hmac.new(KEY, message, hashlib.sha256).digest()
    assert b64u_encode(b"\x01" + STATE + tag) == ID


def test_an_id_with_one_changed_bit_is_refused() -> None:
    sealed = b64u_decode(ID)
    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        require_refused(b64u_encode(bytes(changed)))


def test_an_id_that_is_cut_or_extended_is_refused() -> None:
    sealed = b64u_decode(ID)
    for length in range(len(sealed)):
        require_refused(b64u_encode(sealed[:length]))
        require_refused(b64u_encode(sealed[length + 1 :]))
    require_refused(b64u_encode(sealed + b"\0"))


@pytest.mark.parametrize("text", ["", "A", "=", "ä", ID + "=", ID[:-1] + "\n", " " + ID, ID + "\0"])
def test_an_id_that_is_not_canonical_base64url_is_refused(text: str) -> None:
    require_refused(text)


def test_an_id_longer_than_any_that_was_returned_is_refused_before_it_is_decoded() -> None:
    long = seal(bytes(MAX_ID_CHARS), key=KEY)
    require_refused(long)


def test_an_id_under_another_key_is_refused() -> None:
    forged = seal(STATE, key=secrets.token_bytes(32))
    require_refused(forged)


def test_an_id_of_another_version_is_refused_though_its_tag_is_right() -> None:
    body = b"\x02" + STATE
    tag = hmac.digest(KEY, b"ledger ceremony v1\n" + body, "sha256")
    require_refused(b64u_encode(body + tag))
