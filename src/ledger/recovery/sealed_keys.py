"""The private keys in a backup: the ledger's own key, its heads key and the log's, encrypted.

The file is a JWE under a passphrase. Its plaintext is a JSON object of file names and PEM texts.
"""

import secrets
from pathlib import Path

import msgspec

from ledger.data_files import HEADS_KEY_FILE, LEDGER_KEY_FILE, LOG_KEYS_FILE
from ledger.errors import MalformedError
from ledger.jose import passphrase
from ledger.settings import Settings

LEAST_CHARACTERS = 12


def key_files(settings: Settings) -> dict[str, Path]:
    """Return the files with private keys, by their names in a backup.

    A key in an HSM or an agent is in no file; the operator backs up the device.
    """
    places = {LEDGER_KEY_FILE: settings.own_key, HEADS_KEY_FILE: settings.heads_key}
    found = {name: place for name, place in places.items() if isinstance(place, Path)}
    return found | {LOG_KEYS_FILE: settings.log_keys.file}


def read_passphrase(path: Path) -> bytes:
    """Return the passphrase of a file without its last line feed.

    Raises MalformedError `passphrase_weak` if it has fewer than 12 characters.
    """
    found = path.read_bytes().removesuffix(b"\n").removesuffix(b"\r")
    if len(found.decode("utf-8", "replace")) < LEAST_CHARACTERS:
        detail = f"the passphrase in {path} has fewer than {LEAST_CHARACTERS} characters"
        raise MalformedError("passphrase_weak", detail)
    return found


def seal(files: dict[str, str], phrase: bytes) -> bytes:
    """Return the JWE of these files, by name."""
    sizes = (passphrase.SALT_BYTES, passphrase.KEY_BYTES, passphrase.NONCE_BYTES)
    entropy = passphrase.Entropy(*(secrets.token_bytes(size) for size in sizes))
    return passphrase.encrypt(msgspec.json.encode(files), phrase, entropy).encode()


def unseal(jwe: bytes, phrase: bytes) -> dict[str, str]:
    """Return the files; raise as `passphrase.decrypt`."""
    plaintext = passphrase.decrypt(jwe.decode("ascii", "replace"), phrase)
    return msgspec.json.decode(plaintext, type=dict[str, str])
