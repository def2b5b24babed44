"""Hand-made time-stamps, correct or with one fault, as an attacker could make them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ledger.timestamp import der
from ledger.timestamp.der import oid, write, write_integer

TIME = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
SHA256, SHA1 = "2.16.840.1.101.3.4.2.1", "1.3.14.3.2.26"
ECDSA = "1.2.840.10045.4.3.2"
STAMPING = [ExtendedKeyUsageOID.TIME_STAMPING]

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Certified(msgspec.Struct):
    """A key and its certificate."""

    key: Any
    certificate: x509.Certificate

    @property
    def raw(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def certify(
    name: str,
    issuer: Certified | None = None,
    *,
    ca: bool | None = None,
    sign_certificates: bool = True,
    usages: list[x509.ObjectIdentifier] | None = None,
    critical: bool = True,
    days: tuple[int, int] = (-30, 30),
    key: Key | None = None,
) -> Certified:
    """Return a certificate valid around TIME; self-signed unless an issuer is given."""
    private: Any = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).public_key(private.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.issuer_name(issuer.certificate.subject if issuer else subject)
    builder = builder.not_valid_before(TIME + timedelta(days=days[0]))
    builder = builder.not_valid_after(TIME + timedelta(days=days[1]))
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
    if ca:
        flags = dict.fromkeys(
            "content_commitment key_encipherment data_encipherment key_agreement"
            " crl_sign encipher_only decipher_only".split(),
            False,
        )
        usage = x509.KeyUsage(digital_signature=True, key_cert_sign=sign_certificates, **flags)
        builder = builder.add_extension(usage, critical=True)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
    return Certified(private, builder.sign(issuer.key if issuer else private, hashes.SHA256()))


ROOT = certify("root", ca=True)
LEAF = certify("tsa", ROOT, usages=STAMPING)


def attribute(name: str, *values: bytes) -> bytes:
    return write(der.SEQUENCE, write(der.OID, oid(name)), write(der.SET, *values))


def naming(raw: bytes) -> bytes:
    """Return the attribute that identifies a certificate by its SHA-256 (RFC 5816)."""
    one = write(der.SEQUENCE, write(der.OCTETS, hashlib.sha256(raw).digest()))
    value = write(der.SEQUENCE, write(der.SEQUENCE, one))
    return attribute("1.2.840.113549.1.9.16.2.47", value)


def algorithm(name: str) -> bytes:
    return write(der.SEQUENCE, write(der.OID, oid(name)))


def info_of(
    data: bytes,
    *,
    time: bytes = b"20261121030405Z",
    version: int = 1,
    rest: bytes = b"",
    hash_name: str = SHA256,
) -> bytes:
    """Return a TSTInfo."""
    imprint = write(der.OCTETS, hashlib.sha256(data).digest())
    return write(
        der.SEQUENCE,
        write_integer(version),
        write(der.OID, oid("1.2.3")),
        write(der.SEQUENCE, algorithm(hash_name), imprint),
        write_integer(7),
        write(der.GENERALIZED_TIME, time),
        rest,
    )


def stamp(data: bytes, signer: Certified = LEAF, **changed: Any) -> bytes:
    """Return a response for `data`, with some parts changed."""
    content = changed.get("content", info_of(data))
    content_type = write(der.OID, oid(changed.get("type", "1.2.840.113549.1.9.16.1.4")))
    digest = write(der.OCTETS, hashlib.sha256(changed.get("digested", content)).digest())
    attributes = b"".join(
        changed.get(
            "attributes",
            [
                attribute("1.2.840.113549.1.9.3", content_type),
                attribute("1.2.840.113549.1.9.4", digest),
                naming(changed.get("named", signer.raw)),
                *changed.get("more", []),
            ],
        )
    )
    message = write(der.SET, attributes)
    key = changed.get("key", signer.key)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(message)
    else:
        signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
    named = signer.certificate
    who = (named.issuer.public_bytes(), write_integer(named.serial_number))
    one = write(
        der.SEQUENCE,
        write_integer(1),
        write(der.SEQUENCE, *who),
        algorithm(changed.get("hash_name", SHA256)),
        write(der.CONTEXT, attributes),
        algorithm(changed.get("algorithm", ECDSA)),
        write(der.OCTETS, signature),
    )
    certificates = changed.get("certificates", [signer.raw])
    signed = write(
        der.SEQUENCE,
        write_integer(3),
        write(der.SET, algorithm(SHA256)),
        write(
            der.SEQUENCE,
            write(der.OID, oid("1.2.840.113549.1.9.16.1.4")),
            write(der.CONTEXT, write(der.OCTETS, content)),
        ),
        write(der.CONTEXT, *certificates),
        write(der.SET, *([one] * changed.get("signers", 1))),
    )
    token = write(
        der.SEQUENCE, write(der.OID, oid("1.2.840.113549.1.7.2")), write(der.CONTEXT, signed)
    )
    status = write(der.SEQUENCE, write_integer(changed.get("status", 0)))
    return write(der.SEQUENCE, status, token)
