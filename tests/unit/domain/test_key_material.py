"""Key material: the thumbprint of every public key of every purpose."""

import pytest

from ledger.domain import charter, key_material, log_keys
from ledger.domain.events import LedgerCreated
from ledger.encoding import b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose.signing_key import AkpJwk, OkpJwk, thumbprint
from ledger.tlog import vkeys
from ledger.tlog.vkeys import COSIGNER, NoteKey
from tests.support.chronicle import Chronicle
from tests.support.fixed_keys import fixed_log_signers, fixed_passkey
from tests.support.heads import HEADS
from tests.support.keys import es256_key
from tests.support.links import link_key
from tests.support.refusals import refused
from tests.support.signers import LEDGER, NOW_MS, PARTY, Signer
from tests.vectors.webauthn.curve import TORSION, add, encode
from tests.vectors.webauthn.keys import POINT

ED25519, ML_DSA = (signer.key for signer in fixed_log_signers(1))


def test_a_passkey_has_the_thumbprint_of_the_same_key_as_a_jwk() -> None:
    known = Signer(1, "creator", passkey=fixed_passkey(7)).known_passkey
    assert key_material.of_passkey(known.public_key) == es256_key(7).kid


def test_a_log_key_has_the_thumbprint_of_the_same_key_as_a_jwk_under_any_name() -> None:
    expected = thumbprint(OkpJwk(crv="Ed25519", x=b64u_encode(ED25519.public)))
    assert key_material.of_vkeys([ED25519.vkey]) == (expected,)
    assert key_material.of_note_key(NoteKey("other", COSIGNER, ED25519.public)) == expected


def test_an_ml_dsa_log_key_has_the_thumbprint_of_its_alg_and_public_bytes() -> None:
    jwk = AkpJwk(alg="ML-DSA-44", pub=b64u_encode(ML_DSA.public))  # type: ignore[arg-type]  # no signing key has this alg
    assert key_material.of_vkeys([ML_DSA.vkey]) == (thumbprint(jwk),)


def test_a_witness_with_a_key_of_the_ledger_is_refused() -> None:
    claimed = {f"key-material/{key_material.of_note_key(ED25519)}"}
    key_material.require_independent([ML_DSA], claimed)
    with pytest.raises(RefusedError) as caught:
        key_material.require_independent([ML_DSA, ED25519], claimed)
    assert caught.value.code == "key_shared"


# --- keys of mixed order -------------------------------------------------------------------------

MIXED = encode(add(POINT, TORSION[1]))


def test_a_log_key_of_mixed_order_is_not_announced() -> None:
    told = Chronicle()
    told.found()
    founded = told.auditor.charter
    assert founded is not None
    mixed = NoteKey(LEDGER, vkeys.ED25519, MIXED)
    with refused(MalformedError, "vkey_invalid"):
        log_keys.require_new_keys(founded, [mixed.vkey], LEDGER)


def test_a_founding_with_a_key_of_mixed_order_is_refused() -> None:
    key = OkpJwk(crv="Ed25519", x=b64u_encode(MIXED))
    sound = link_key("setup").jwk
    for own, setup, heads in ((key, sound, HEADS), (HEADS, key, sound), (sound, HEADS, key)):
        place = LEDGER, PARTY.origin, PARTY.rp_id
        founding = LedgerCreated(*place, "open", own, "", setup, heads)
        with refused(MalformedError, "jwk_invalid"):
            charter.create("", founding, now_ms=NOW_MS)
