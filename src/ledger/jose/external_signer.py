"""Signers whose private key is elsewhere: a KMS, an HSM, a PKCS #11 token, an agent.

Such a signer has two functions: the public key, and one that signs. What comes back is verified
before it is used, so a device that fails, or that signs with another key, makes no bad JWS.

For callers of the library, with any algorithm; `external_key` is the protocol of the ledger's own
Ed25519 keys, which also sign checkpoints.
"""

from collections.abc import Callable, Iterator

import msgspec

from ledger.errors import LedgerError, MalformedError, UnavailableError
from ledger.jose.algorithms import InvalidSignature, SignFunction, fixed_form
from ledger.jose.keys import Key, for_algorithm
from ledger.jose.keyset import KeyInput, key_set
from ledger.jose.private import Signer, choose

# Gets the signing input; returns the signature. It may hash the input itself, and it may block.
ExternalSign = Callable[[bytes], bytes]


def external_signer(
    public: KeyInput, sign: ExternalSign, *, alg: str | None = None, kid: str | None = None
) -> Signer:
    """Return the signer of a private key that `sign` uses and this process does not hold.

    `public` is one public key of any accepted type. An ECDSA signature may be in DER, as most
    devices return it. Raises MalformedError as `import_private` does. Signing raises
    UnavailableError: `signer_unavailable` if `sign` raises; `signature_unsound` if what it returns
    does not verify.
    """
    keys = key_set(public).keys
    if len(keys) != 1 or keys[0].kty == "oct":
        raise MalformedError("jwk_invalid", "an external signer has exactly one public key")
    (key,) = keys
    chosen = choose(key.alg if alg is None else alg, tuple(key.verifiers))
    verifiers = for_algorithm(key.verifiers, chosen)
    name = key.kid if kid is None else kid
    named = msgspec.structs.replace(key, verifiers=verifiers, alg=chosen, kid=name)
    return Signer(chosen, named, _verified(named, chosen, sign), name)


def _verified(key: Key, alg: str, sign: ExternalSign) -> SignFunction:
    """Return a signing function whose results were verified."""
    verify = key.verifiers[alg]

    def signed(data: bytes) -> bytes:
        for signature in _forms(_ask(sign, data), alg):
            try:
                verify(signature, data)
            except InvalidSignature:
                continue
            return signature
        raise UnavailableError(
            "signature_unsound", "the external signer returned a signature that does not verify"
        )

    return signed


def _ask(sign: ExternalSign, data: bytes) -> object:
    try:
        return sign(data)
    except LedgerError:
        raise
    except Exception as error:  # foreign code: a driver, a client of a service
        name = type(error).__name__
        raise UnavailableError(
            "signer_unavailable", f"the external signer failed: {name}"
        ) from error


def _forms(signature: object, alg: str) -> Iterator[bytes]:
    """Return the signature as it came, and if it is DER, as JOSE writes it."""
    if isinstance(signature, bytes):
        yield signature
        fixed = fixed_form(signature, alg)
        if fixed is not None:
            yield fixed
