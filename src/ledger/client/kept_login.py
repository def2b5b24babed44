"""The file with which a program acts for a person: address, person, private key; mode 0600."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from ledger.encoding import decode
from ledger.errors import MalformedError, NotFoundError
from ledger.jose import SigningKey
from ledger.keystore.opening import open_signing_key
from ledger.keystore.places import parse_key_place
from ledger.keystore.system_keyring import forget_key, is_in_keyring, kept_key
from ledger.system import private_files
from ledger.system.http_client import LOOPBACK

MAX_KEPT_BYTES = 16 * 1024
_PEM = "-----BEGIN"


class KeptLogin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose key this is and where: `user` is the person's id.

    `key` is unencrypted PKCS #8 PEM, or names a key in a keyring, an HSM or an ssh-agent.

    `log_keys` are the vkeys that the ledger announced at the sign-in, over the same connection by
    which the person confirmed the key. Evidence is verified with them.

    `service` is the name of the service account whose key it is, None for a person's own.
    """

    address: str
    ledger: str
    user: str
    key: str
    log_keys: tuple[str, ...] = ()
    service: str | None = None

    def signing_key(self) -> SigningKey:
        """Return the key; raise MalformedError `key_file_invalid`, and as `opened` does."""
        if self.key.startswith(_PEM):
            return SigningKey.from_pem(self.key.encode())
        return opened(self.key)


def opened(place: str) -> SigningKey:
    """Return the key at a place: a PEM file, `keyring:…`, `pkcs11:…`, or `ssh-agent:SHA256:…`.

    Raises MalformedError `key_place_invalid`, and as `kept_key` and `open_signing_key` do.
    """
    if is_in_keyring(place):
        return kept_key(place)
    return open_signing_key(parse_key_place(place, agent=os.environ.get("SSH_AUTH_SOCK")))


def forget(login: KeptLogin) -> None:
    """Delete a login's key from the keyring, if it is there; raise as `forget_key`."""
    if is_in_keyring(login.key):
        forget_key(login.key)


def require_safe(address: str) -> str:
    """Return an address without a slash at its end; raise MalformedError `url_invalid`.

    Plain HTTP is for this machine only: anybody on the way could read the session.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/"):
        raise MalformedError("url_invalid", f"{address!r} is not https://host[:port]")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise MalformedError("url_invalid", f"{address!r} is not HTTPS")
    return f"{parts.scheme}://{parts.netloc}"


def default_path() -> Path:
    """Return where a login is kept unless a command names a file: in the user's configuration."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "ledger" / "login.json"


def keep(path: Path, login: KeptLogin) -> None:
    """Write a login, readable by its owner only; raise OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_files.replace(path, msgspec.json.format(msgspec.json.encode(login)) + b"\n")


def kept(path: Path) -> KeptLogin:
    """Return the login in a file; raise NotFoundError `login_missing`, MalformedError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_KEPT_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFoundError("login_missing", f"{path} does not exist: `ledger login`") from error
    login = decode(raw[:MAX_KEPT_BYTES], KeptLogin)
    require_safe(login.address)
    return login
