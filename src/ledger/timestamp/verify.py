"""RFC 3161 time-stamps: build the request, verify the response. Pure.

A time-stamp says that an authority saw the hash of some bytes no later than its time. The
authority's certificate must chain, at that time, to a certificate that the caller trusts.
Revocation is not checked, because this module has no network.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.timestamp import der
from ledger.timestamp.der import DerReader, oid
from ledger.timestamp.response import TST_INFO, SignedData, parse_info, parse_response

REQUEST_TYPE, RESPONSE_TYPE = "application/timestamp-query", "application/timestamp-reply"
_CONTENT_TYPE, _MESSAGE_DIGEST = oid("1.2.840.113549.1.9.3"), oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE = oid("1.2.840.113549.1.9.16.2.12")
_SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
_SHA256 = oid("2.16.840.1.101.3.4.2.1")
_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    _SHA256: hashes.SHA256(),
    oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
# The signature algorithms by OID; None: the hash is that of the message digest.
_SIGNATURES: dict[bytes, hashes.HashAlgorithm | None] = {
    oid("1.2.840.113549.1.1.1"): None,
    oid("1.2.840.113549.1.1.11"): hashes.SHA256(),
    oid("1.2.840.113549.1.1.12"): hashes.SHA384(),
    oid("1.2.840.113549.1.1.13"): hashes.SHA512(),
    oid("1.2.840.10045.4.3.2"): hashes.SHA256(),
    oid("1.2.840.10045.4.3.3"): hashes.SHA384(),
    oid("1.2.840.10045.4.3.4"): hashes.SHA512(),
}

# What `cryptography` raises for broken certificates, besides ValueError.
_BROKEN = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)

Certificates = tuple[x509.Certificate, ...]


class VerifiedStamp(msgspec.Struct, frozen=True):
    """A verified time-stamp: its time, and the subject of its certificate (RFC 4514 name)."""

    time: datetime
    authority: str
    nonce: int | None


def parse_certificates(pem: bytes) -> Certificates:
    """Return trusted certificates; raise MalformedError `certificates_malformed`."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise MalformedError(
            "certificates_malformed", "the file has no valid PEM certificates"
        ) from error


def request(data: bytes, *, nonce: int) -> bytes:
    """Return a TimeStampReq for the data's SHA-256; it asks for the certificates too."""
    algorithm = der.write(der.SEQUENCE, der.write(der.OID, _SHA256), der.write(der.NULL))
    digest = der.write(der.OCTETS, hashlib.sha256(data).digest())
    return der.write(
        der.SEQUENCE,
        der.write_integer(1),
        der.write(der.SEQUENCE, algorithm, digest),
        der.write_integer(nonce),
        der.write(der.BOOLEAN, b"\xff"),
    )


def verify_stamp(
    response: bytes, data: bytes, trusted: Sequence[x509.Certificate]
) -> VerifiedStamp:
    """Verify a response, exactly as received, over data, with certificates that the caller trusts.

    Raises MalformedError `stamp_malformed`; RefusedError `stamp_not_granted`, `stamp_unsupported`
    for an unknown algorithm, `stamp_refused` for any other reason.
    """
    try:
        return _verify(response, data, trusted)
    except LedgerError:
        raise
    except UnsupportedAlgorithm as error:
        raise _unsupported("key") from error
    except (ValueError, *_BROKEN) as error:
        raise MalformedError("stamp_malformed", "it contains an invalid certificate") from error


def _verify(response: bytes, data: bytes, trusted: Sequence[x509.Certificate]) -> VerifiedStamp:
    if not trusted:
        raise _refused("no trusted certificate was given")
    signed = parse_response(response)
    info = parse_info(signed.content)
    # RFC 3161 section 2.4.2: the imprint must match our data.
    if _digest(info.algorithm, data) != info.imprint:
        raise _refused("it is for different data")
    certificates = [x509.load_der_x509_certificate(each) for each in signed.certificates]
    leaf = _signer(signed, certificates)
    _verify_attributes(signed, leaf)
    _verify_signature(signed, leaf)
    _verify_chain(leaf, certificates, trusted, info.time)
    return VerifiedStamp(info.time, leaf.subject.rfc4514_string(), info.nonce)


def _signer(signed: SignedData, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    for each in certificates:
        if each.serial_number == signed.serial and each.issuer.public_bytes() == signed.issuer:
            return each
    raise _refused("it does not contain its signer's certificate")


def _verify_attributes(signed: SignedData, leaf: x509.Certificate) -> None:
    """Verify the signed attributes: the content type, the message digest, the certificate.

    RFC 5652 section 11, RFC 3161 section 2.4.2, RFC 5816 section 2.2.
    """
    attributes: dict[bytes, bytes] = {}
    reader = DerReader(signed.attributes)
    while not reader.is_at_end:
        attribute = reader.enter(der.SEQUENCE)
        name = attribute.read(der.OID)
        if name in attributes:
            raise _refused("a signed attribute occurs twice")
        attributes[name] = attribute.read(der.SET)
    content_type = der.write(der.OID, TST_INFO)
    digest = der.write(der.OCTETS, _digest(signed.digest, signed.content))
    if attributes.get(_CONTENT_TYPE) != content_type or attributes.get(_MESSAGE_DIGEST) != digest:
        raise _refused("its signed attributes do not match its content")
    if _SIGNING_CERTIFICATE_V2 in attributes:
        first = _first_certificate(attributes[_SIGNING_CERTIFICATE_V2])
        algorithm = _SHA256
        if first.is_next(der.SEQUENCE):
            algorithm = first.enter(der.SEQUENCE).read(der.OID)
        expected = leaf.fingerprint(_hash(algorithm))
    elif _SIGNING_CERTIFICATE in attributes:
        # The attribute identifies the certificate. SHA-1 is enough: no second preimages are known.
        first = _first_certificate(attributes[_SIGNING_CERTIFICATE])
        expected = leaf.fingerprint(hashes.SHA1())  # noqa: S303  # as RFC 2634 has it
    else:
        raise _refused("it does not identify its certificate")
    if first.read(der.OCTETS) != expected:
        raise _refused("it identifies another certificate")


def _first_certificate(attribute: bytes) -> DerReader:
    return DerReader(attribute).enter(der.SEQUENCE).enter(der.SEQUENCE).enter(der.SEQUENCE)


def _verify_signature(signed: SignedData, leaf: x509.Certificate) -> None:
    if signed.algorithm not in _SIGNATURES:
        raise _unsupported("signature")
    algorithm = _SIGNATURES[signed.algorithm] or _hash(signed.digest)
    key = leaf.public_key()
    message = der.write(der.SET, signed.attributes)  # RFC 5652 section 5.4: signed as a SET
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signed.signature, message, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signed.signature, message, ec.ECDSA(algorithm))
        else:
            raise _unsupported("key")
    except InvalidSignature as error:
        raise _refused("its signature is invalid") from error


def _verify_chain(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    time: datetime,
) -> None:
    """Verify that the certificate chained to a trusted one at that time (RFC 5280 section 6)."""
    authorities = ExtensionPolicy.permit_all()
    authorities = authorities.require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, _require_authority
    )
    authorities = authorities.may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_certify)
    # RFC 3161 section 2.3: the extension must be critical and allow only time-stamping.
    stamping = ExtensionPolicy.permit_all().require_present(
        x509.ExtendedKeyUsage, Criticality.CRITICAL, _require_stamping
    )
    policies = PolicyBuilder().store(Store([*trusted])).time(time)
    policies = policies.extension_policies(ca_policy=authorities, ee_policy=stamping)
    try:
        policies.build_client_verifier().verify(leaf, [each for each in others if each != leaf])
    except VerificationError as error:
        raise _refused(f"its certificate is not trusted: {error}") from error


def _require_authority(_: Policy, __: x509.Certificate, found: x509.BasicConstraints) -> None:
    if not found.ca:
        raise ValueError("an issuer is not a certificate authority")


def _may_certify(_: Policy, __: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("an issuer may not sign certificates")


def _require_stamping(_: Policy, __: x509.Certificate, found: x509.ExtendedKeyUsage) -> None:
    if [*found] != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise ValueError("its key usage is not time-stamping alone")


def _hash(algorithm: bytes) -> hashes.HashAlgorithm:
    if algorithm not in _HASHES:
        raise _unsupported("hash")
    return _HASHES[algorithm]


def _digest(algorithm: bytes, data: bytes) -> bytes:
    state = hashes.Hash(_hash(algorithm))
    state.update(data)
    return state.finalize()


def _refused(detail: str) -> RefusedError:
    return RefusedError("stamp_refused", detail)


def _unsupported(what: str) -> RefusedError:
    return RefusedError("stamp_unsupported", f"the {what} algorithm is not supported")
