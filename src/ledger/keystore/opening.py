"""Open keys by their places: a file is read, an HSM or an agent is asked for the public key."""

from pathlib import Path

from ledger.errors import NotFoundError
from ledger.jose import SigningKey
from ledger.jose.external_key import ExternalKey
from ledger.keystore.hsm import HsmKey
from ledger.keystore.places import ExternalPlace, KeyPlace, Pkcs11Uri
from ledger.keystore.ssh_agent import SshAgentKey

ED25519_BYTES = 32


def open_external(place: ExternalPlace) -> ExternalKey:
    """Return the key at this place; raise what `HsmKey` or `SshAgentKey` raises."""
    key = HsmKey(place) if isinstance(place, Pkcs11Uri) else SshAgentKey(place)
    if len(key.public) != ED25519_BYTES:
        raise NotFoundError("signer_key_missing", f"{place} is not an Ed25519 key")
    return key


def open_signing_key(place: KeyPlace) -> SigningKey:
    """Return the key at this place.

    Raises NotFoundError `signer_key_missing`, MalformedError `key_file_invalid`, OSError, and what
    `open_external` raises.
    """
    if not isinstance(place, Path):
        return SigningKey(open_external(place))
    if not place.exists():
        raise NotFoundError("signer_key_missing", f"there is no file {place}")
    return SigningKey.from_pem(place.read_bytes())
