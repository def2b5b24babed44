"""Key material: the RFC 7638 thumbprint of each public key that an event brings into the ledger.

Each is used once, for one purpose: a passkey whose key is also a signing key, or one key under
two credential ids, would let one device count as two people.
"""

from collections.abc import Collection, Iterable

from ledger.domain.unique_names import key_material_name
from ledger.encoding import b64u_decode, b64u_encode
from ledger.errors import MalformedError, RefusedError
from ledger.jose import OkpJwk, PublicJwk
from ledger.jose.ed25519 import is_prime_order
from ledger.jose.keys import parse_key, thumbprint_of
from ledger.tlog.vkeys import ML_DSA_44, NoteKey, parse_vkey
from ledger.webauthn_grammar.cose import parse_cose_key


def of_passkey(public_key: str) -> str:
    """Return the thumbprint of a COSE key (base64url); raise as `parse_cose_key` does."""
    return parse_key(parse_cose_key(b64u_decode(public_key)).jwk).thumbprint


def of_vkeys(vkeys: Iterable[str]) -> tuple[str, ...]:
    """Return the thumbprints of log keys; raise MalformedError `vkey_invalid`."""
    return tuple(of_note_key(parse_vkey(vkey)) for vkey in vkeys)


def of_note_key(key: NoteKey) -> str:
    """Return the thumbprint of a log's or a witness's key; its name does not matter."""
    public = b64u_encode(key.public)
    if key.kind == ML_DSA_44:
        return thumbprint_of("AKP", (("alg", "ML-DSA-44"), ("pub", public)))
    return thumbprint_of("OKP", (("crv", "Ed25519"), ("x", public)))


def require_prime_order(jwk: PublicJwk) -> None:
    """Require that an Ed25519 key is in the prime-order subgroup.

    Raises MalformedError `jwk_invalid`. Under a key outside it, verifiers of another kind accept
    more signatures than this ledger does.
    """
    if isinstance(jwk, OkpJwk) and not is_prime_order(b64u_decode(jwk.x)):
        raise MalformedError("jwk_invalid", "the Ed25519 key is outside the prime-order subgroup")


def require_independent(witnesses: Iterable[NoteKey], claimed: Collection[str]) -> None:
    """Require that no witness has a key of the ledger itself or of its people.

    `claimed` are names that events claim. Raises RefusedError `key_shared`.
    """
    for key in witnesses:
        if key_material_name(of_note_key(key)) in claimed:
            raise RefusedError("key_shared", f"the witness {key.name} has a key of this ledger")
