"""Parse a time-stamp response: RFC 3161 section 2.4.2, RFC 5652 section 5. Pure.

Verifies nothing, but rejects every structure that a time-stamp may not have.
"""

import re
from datetime import UTC, datetime

import msgspec

from ledger import clock
from ledger.errors import LedgerError, MalformedError, RefusedError
from ledger.timestamp import der
from ledger.timestamp.der import DerReader, oid

_MOST_STATUS = 1_000
MAX_STAMP_BYTES = 64 * 1024
TST_INFO = oid("1.2.840.113549.1.9.16.1.4")
_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_TIME = re.compile(r"(\d{14})(?:\.(\d{0,8}[1-9]))?Z", re.ASCII)


class SignedData(msgspec.Struct, frozen=True):
    """Parsed SignedData: contents and complete values in DER, algorithms as OIDs."""

    content: bytes
    certificates: tuple[bytes, ...]
    issuer: bytes
    serial: int
    digest: bytes
    attributes: bytes
    algorithm: bytes
    signature: bytes


class StampInfo(msgspec.Struct, frozen=True):
    """Parsed TSTInfo: the stamped hash, its algorithm, the time, and the nonce."""

    algorithm: bytes
    imprint: bytes
    time: datetime
    nonce: int | None


def parse_response(response: bytes) -> SignedData:
    """Return the SignedData of a response.

    Raises MalformedError `stamp_malformed`, RefusedError `stamp_not_granted`.
    """
    if len(response) > MAX_STAMP_BYTES:
        raise MalformedError("stamp_malformed", "the response has over 64 KiB")
    outer = DerReader(response)
    answer = outer.enter(der.SEQUENCE)
    outer.finish()
    status = answer.enter(der.SEQUENCE).integer()
    if status not in (0, 1):  # granted, granted with modifications
        # Python refuses to write a number of thousands of digits.
        told = f"{status}" if abs(status) < _MOST_STATUS else "that no RFC has"
        detail = f"the authority rejected the request with status {told}"
        raise RefusedError("stamp_not_granted", detail)
    token = answer.enter(der.SEQUENCE)
    answer.finish()
    if token.read(der.OID) != _SIGNED_DATA:
        raise MalformedError("stamp_malformed", "the token is not SignedData")
    signed = token.enter(der.CONTEXT).enter(der.SEQUENCE)
    signed.integer()
    signed.read(der.SET)
    content = signed.enter(der.SEQUENCE)
    if content.read(der.OID) != TST_INFO:
        raise MalformedError("stamp_malformed", "the content is not a time-stamp")
    info = content.enter(der.CONTEXT).read(der.OCTETS)
    certificates = _parse_set(signed.read(der.CONTEXT)) if signed.is_next(der.CONTEXT) else ()
    signed.skip(der.CONTEXT + 1)
    signers = signed.enter(der.SET)
    signer = signers.enter(der.SEQUENCE)
    signers.finish()  # section 2.4.2: exactly one signature, the authority's
    signer.integer()
    who = signer.enter(der.SEQUENCE)
    return SignedData(
        content=info,
        certificates=certificates,
        issuer=who.encoded(der.SEQUENCE),
        serial=who.integer(),
        digest=signer.enter(der.SEQUENCE).read(der.OID),
        attributes=signer.read(der.CONTEXT),
        algorithm=signer.enter(der.SEQUENCE).read(der.OID),
        signature=signer.read(der.OCTETS),
    )


def _parse_set(raw: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a token, in any order: OpenSSL writes the SET unsorted."""
    found, reader = [], DerReader(raw)
    while not reader.is_at_end:
        found.append(reader.encoded(der.SEQUENCE))
    return tuple(found)


def parse_info(raw: bytes) -> StampInfo:
    """Return the TSTInfo of the signed content; raise MalformedError `stamp_malformed`."""
    outer = DerReader(raw)
    info = outer.enter(der.SEQUENCE)
    outer.finish()
    if info.integer() != 1:
        raise MalformedError("stamp_malformed", "the version is not supported")
    info.read(der.OID)  # the authority's policy
    imprint = info.enter(der.SEQUENCE)
    algorithm = imprint.enter(der.SEQUENCE).read(der.OID)
    digest = imprint.read(der.OCTETS)
    info.integer()  # the serial number
    time = _parse_time(info.read(der.GENERALIZED_TIME))
    info.skip(der.SEQUENCE)  # the accuracy
    info.skip(der.BOOLEAN)  # whether stamps are ordered
    nonce = info.integer() if info.is_next(der.INTEGER) else None
    return StampInfo(algorithm, digest, time, nonce)


def claimed_time(response: bytes) -> str | None:
    """Return the time that a response claims, to the millisecond, and verify nothing.

    Return None for a response that cannot be read, and for a time before 1970.
    """
    try:
        found = parse_info(parse_response(response).content).time
    except LedgerError:
        return None
    at_s = int(found.replace(microsecond=0).timestamp())
    return None if at_s < 0 else clock.to_text(at_s * 1000 + found.microsecond // 1000)


def _parse_time(raw: bytes) -> datetime:
    found = _TIME.fullmatch(raw.decode("ascii", "replace"))
    if found is None:
        raise MalformedError("stamp_malformed", "a time must have the form YYYYMMDDhhmmss[.f]Z")
    try:
        moment = datetime.strptime(found[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise MalformedError("stamp_malformed", "the time does not exist") from error
    return moment.replace(microsecond=int((found[2] or "0").ljust(6, "0")[:6]))
