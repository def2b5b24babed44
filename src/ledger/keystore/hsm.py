"""Ed25519 keys in PKCS#11 tokens: HSMs, smart cards, SoftHSM. The only importer of `pkcs11`.

The private key never leaves the token. The package `python-pkcs11` is in the extra `hsm`, and is
imported when a key is opened.
"""

import threading
from typing import TYPE_CHECKING, Any

from ledger.errors import ConflictError, NotFoundError, UnavailableError
from ledger.keystore.places import Pkcs11Uri

if TYPE_CHECKING:
    from pkcs11 import SignMixin

INSTALL_HSM = "pip install 'approval-ledger[hsm]'"
# The tag and the length of a DER OCTET STRING of 32 bytes.
OCTET_STRING_32 = b"\x04\x20"

# The login is one for this process and the token, not one for each session, and all keys share one
# module of the library. So only one thread at a time calls it.
_calls = threading.RLock()


class HsmKey:
    """A key in a token; `public` is read when it is opened."""

    def __init__(self, uri: Pkcs11Uri) -> None:
        """Open the key.

        Raises NotFoundError `signer_key_missing` if the token has no such key; UnavailableError
        `signer_unavailable`; ConflictError `pin_refused`, which must not be tried again, because
        tokens count wrong PINs and lock; ConflictError `hsm_support_missing` without the extra.
        """
        self._uri = uri
        with _calls:
            self._key, self.public = self._find()

    def sign(self, message: bytes) -> bytes:
        """Return the token's signature; raise UnavailableError `signer_unavailable`.

        A session that the device lost is opened again once.
        """
        with _calls:
            try:
                return self._sign(message)
            except UnavailableError:
                try:
                    self._key, public = self._find()
                except (NotFoundError, ConflictError) as error:
                    raise self._unavailable(error) from error
                if public != self.public:
                    raise self._unavailable("the token has another key now") from None
                return self._sign(message)

    def _sign(self, message: bytes) -> bytes:
        import pkcs11

        try:
            return bytes(self._key.sign(message, mechanism=pkcs11.Mechanism.EDDSA))
        except pkcs11.PKCS11Error as error:
            raise self._unavailable(error) from error

    def _find(self) -> "tuple[SignMixin, bytes]":
        """Open a session; return the private key, and the bytes of the public one."""
        try:
            import pkcs11
        except ModuleNotFoundError as error:
            detail = f"keys in an HSM need one more package: {INSTALL_HSM}"
            raise ConflictError("hsm_support_missing", detail) from error
        uri = self._uri
        try:
            token = pkcs11.lib(uri.module).get_token(token_label=uri.token, token_serial=uri.serial)
            try:
                session = token.open(user_pin=_read_pin(uri))
            except pkcs11.UserAlreadyLoggedIn:
                session = token.open()
            public, private = (
                self._only(session, kind)
                for kind in (pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.ObjectClass.PRIVATE_KEY)
            )
            point = bytes(public[pkcs11.Attribute.EC_POINT])
        except (pkcs11.PinIncorrect, pkcs11.PinLocked) as error:
            detail = f"the token of {uri} refuses the PIN in {uri.pin}; restart with the right one"
            raise ConflictError("pin_refused", detail) from error
        except (pkcs11.PKCS11Error, OSError, UnicodeDecodeError) as error:
            raise self._unavailable(error) from error
        if not isinstance(private, pkcs11.SignMixin):
            raise NotFoundError("signer_key_missing", f"the key of {uri} does not sign")
        return private, _raw(point)

    def _only(self, session: Any, kind: Any) -> Any:
        """Return the one key of this kind that the URI names."""
        from pkcs11 import Attribute, KeyType

        uri = self._uri
        wanted = {Attribute.CLASS: kind, Attribute.KEY_TYPE: KeyType.EC_EDWARDS}
        wanted |= {} if uri.label is None else {Attribute.LABEL: uri.label}
        wanted |= {} if uri.id is None else {Attribute.ID: uri.id}
        # All of them: a search that is left open fails later, when its session is gone.
        found = list(session.get_objects(wanted))
        if len(found) != 1:
            detail = f"{uri} does not name exactly one Ed25519 key pair of the token"
            raise NotFoundError("signer_key_missing", detail)
        return found[0]

    def _unavailable(self, reason: object) -> UnavailableError:
        words = f"{type(reason).__name__} {reason}" if isinstance(reason, Exception) else reason
        return UnavailableError("signer_unavailable", f"{self._uri} cannot sign: {words}")


def _read_pin(uri: Pkcs11Uri) -> str | None:
    return None if uri.pin is None else uri.pin.read_text("utf-8").rstrip("\r\n")


def _raw(point: bytes) -> bytes:
    """Return CKA_EC_POINT without its DER tag, which some tokens leave out."""
    is_tagged = len(point) == 34 and point.startswith(OCTET_STRING_32)
    return point[2:] if is_tagged else point
