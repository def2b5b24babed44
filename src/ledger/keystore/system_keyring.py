"""Signing keys in the keyring of a person's system. The only importer of `keyring`.

On most systems programs of the same user read the keyring while it is unlocked, as they read a
private file. What it adds is that the key is in no file of the login, and that most keyrings
encrypt it on the disk. The package `keyring` is in the extra `keyring`.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from ledger.errors import ConflictError, MalformedError, NotFoundError, UnavailableError
from ledger.jose import SigningKey

INSTALL_KEYRING = "pip install 'approval-ledger[keyring]'"
SERVICE = "ledger-login"
_PLACE = "keyring:"
_KID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
T = TypeVar("T")


def is_in_keyring(place: str) -> bool:
    """Tell whether a place is one in the keyring."""
    return place.startswith(_PLACE)


def keep_key(key: SigningKey) -> str:
    """Keep a key in the keyring; return its place, `keyring:` and its kid.

    Raises UnavailableError `signer_unavailable` if the keyring did not take it, and as `kept_key`.
    """
    text = key.to_pem().decode()

    def keep() -> str | None:
        import keyring

        keyring.set_password(SERVICE, key.kid, text)
        return keyring.get_password(SERVICE, key.kid)

    if _asked(keep) != text:  # a keyring can be switched off, and then drops what it is given
        raise UnavailableError("signer_unavailable", "the keyring does not keep the key")
    return f"{_PLACE}{key.kid}"


def kept_key(place: str) -> SigningKey:
    """Return the key at a place.

    Raises MalformedError `key_place_invalid`, `key_file_invalid`; NotFoundError
    `signer_key_missing`; UnavailableError `signer_unavailable` if the keyring is locked or there is
    none; ConflictError `keyring_support_missing` without the extra.
    """
    kid = _kid_of(place)

    def find() -> str | None:
        import keyring

        return keyring.get_password(SERVICE, kid)

    text = _asked(find)
    key = None if text is None else SigningKey.from_pem(text.encode())
    if key is None or key.kid != kid:
        raise NotFoundError("signer_key_missing", f"the keyring does not have the key {place}")
    return key


def forget_key(place: str) -> None:
    """Delete the key at a place; raise as `kept_key`, but for a key that is gone."""
    kid = _kid_of(place)

    def forget() -> None:
        import keyring
        from keyring.errors import PasswordDeleteError

        try:
            keyring.delete_password(SERVICE, kid)
        except PasswordDeleteError:
            if keyring.get_password(SERVICE, kid) is not None:
                raise

    _asked(forget)


def _kid_of(place: str) -> str:
    kid = place.removeprefix(_PLACE)
    if not _KID.fullmatch(kid):
        raise MalformedError("key_place_invalid", "after keyring: stands the kid of a key")
    return kid


def _asked(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except ModuleNotFoundError as error:
        detail = f"keys in the system's keyring need one more package: {INSTALL_KEYRING}"
        raise ConflictError("keyring_support_missing", detail) from error
    except Exception as error:  # its backends are plug-ins, with errors of their own
        detail = f"the keyring does not answer: {type(error).__name__} {error}"
        raise UnavailableError("signer_unavailable", detail) from error
