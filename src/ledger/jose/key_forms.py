"""Keys in the forms in which files have them: JWK, JWK Set, PEM, DER, OpenSSH, X.509 certificates.

A certificate is only a container of its public key: who issued it and when it ends is not checked.
A certificate in a header (`x5c`) is never read: the signer of a forgery chooses it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from ledger.encoding import parse_json
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.jose.keys import Key, import_public
from ledger.jose.keyset import MAX_SET_KEYS, KeySet, key_set, make_set
from ledger.jose.private import Signer, import_private

MAX_KEY_BYTES = 4 * 2**20
_PEM_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_SSH_LINE = re.compile(rb"(?:sk-)?(?:ssh-|ecdsa-sha2-)[!-~]+ [A-Za-z0-9+/]+=*(?: [^\r\n]*)?")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_public_keys(data: bytes) -> KeySet:
    """Return the public keys of a file, in its order; a single JWK or key stays a single key.

    Raises MalformedError: `private_key_refused` for the private half of a pair; `jwk_invalid` for a
    form that is not known, a weak key, or more than 4,096 keys.
    """
    text = _text(data)
    if text.startswith(b"{"):
        return key_set(_object(text))
    keys = list(_public_keys(text, data))
    return make_set(keys, single=len(keys) == 1)


def read_private_key(
    data: bytes, *, alg: str | None = None, passphrase: bytes | None = None
) -> Signer:
    """Return the signer of a file: a private JWK, PEM (also encrypted), DER or OpenSSH's form.

    Raises RefusedError `passphrase_wrong` if the key is encrypted and the passphrase is missing or
    wrong; MalformedError `jwk_invalid` for a form that is not known, and as `import_private`.
    """
    text = _text(data)
    if text.startswith(b"{"):
        return import_private(_object(text), alg=alg)
    load: Callable[..., Any] = serialization.load_der_private_key
    found = _PEM_BLOCK.search(text)
    if found is not None:
        data = found[0] + b"\n"
        openssh = found[1] == b"OPENSSH PRIVATE KEY"
        load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    return import_private(_load_private(load, data, passphrase), alg=alg)


def _load_private(load: Callable[..., Any], data: bytes, passphrase: bytes | None) -> object:
    """Load a key, with its passphrase only if it needs one."""
    try:
        return load(data, password=None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _invalid("this is no private key in a known form") from error
    except TypeError as error:  # it is encrypted
        if passphrase is None:
            detail = "the key is encrypted: it needs its passphrase"
            raise RefusedError("passphrase_wrong", detail) from error
    try:
        return load(data, password=passphrase)
    except UnsupportedAlgorithm as error:  # OpenSSH's own encryption needs another package
        raise _invalid("this encryption of a private key is not supported") from error
    except (TypeError, ValueError) as error:
        raise RefusedError("passphrase_wrong", "the passphrase does not open the key") from error


def _public_keys(text: bytes, data: bytes) -> Iterator[Key]:
    if _PEM_BLOCK.search(text):
        for number, block in enumerate(_PEM_BLOCK.finditer(text)):
            _refuse_many(number)
            yield _loaded(_pem_loader(block[1]), block[0] + b"\n")
    elif _SSH_LINE.match(text):
        for number, line in enumerate(text.splitlines()):
            _refuse_many(number)
            if line.strip() and not line.startswith(b"#"):
                yield _loaded(serialization.load_ssh_public_key, line.strip())
    else:
        try:
            yield _loaded(serialization.load_der_public_key, data)
        except MalformedError as error:
            if error.code == "private_key_refused" or not _is_certificate(data):
                raise
            yield _loaded(_certified, data)


def _pem_loader(label: bytes) -> Callable[[bytes], Any]:
    if label.endswith(b"PRIVATE KEY"):
        raise MalformedError("private_key_refused", "private keys never leave their owner")
    if label == b"CERTIFICATE":
        return lambda pem: x509.load_pem_x509_certificate(pem).public_key()
    return serialization.load_pem_public_key


def _certified(der: bytes) -> Any:
    return x509.load_der_x509_certificate(der).public_key()


def _is_certificate(data: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(data)
    except ValueError:
        return False
    return True


def _loaded(load: Callable[[bytes], Any], data: bytes) -> Key:
    try:
        return import_public(load(data))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _invalid("this is no public key in a known form") from error


def _text(data: bytes) -> bytes:
    if len(data) > MAX_KEY_BYTES:
        raise _invalid("a key file has at most 4 MiB")
    return data.removeprefix(_BYTE_ORDER_MARK).strip()


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = parse_json(text)
    except LedgerError as error:
        raise _invalid(f"not strict JSON: {error.detail}") from error
    if not isinstance(value, dict):
        raise _invalid("a JWK must be an object")
    return value


def _refuse_many(number: int) -> None:
    if number >= MAX_SET_KEYS:
        raise _invalid("a file has at most 4,096 keys")


def _invalid(detail: str) -> MalformedError:
    return MalformedError("jwk_invalid", detail)
