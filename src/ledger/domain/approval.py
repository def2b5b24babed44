"""Approvals: parse and verify the compact JWS that approves a statement."""

from typing import NamedTuple

import msgspec

from ledger import clock
from ledger.domain.vocabulary import Form
from ledger.encoding import SafeInteger, b64u_decode, decode, sha256_hex
from ledger.errors import MalformedError, RefusedError
from ledger.jose import CompactJws, PublicJwk, parse_compact, verify_compact

TYP = "JWT"
MAX_JTI_CHARS = 128


class Individual(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The payload of the individual form; `timestamp` is in milliseconds, `iat` in seconds."""

    statement_id: str
    content: str
    signer: str
    timestamp: SafeInteger
    iat: SafeInteger | None = None
    jti: str | None = None
    ledger: str | None = None


class VerifiedApproval(NamedTuple):
    """A verified approval: the form of its payload, and its signed time in seconds."""

    form: Form
    iat: int


class Subject(msgspec.Struct, frozen=True):
    """What an approval must match; the SHA-256 (hex) is of the payload's base64url text.

    Only a plain statement has rules that the individual form covers well enough. `freshness_ms` is
    how old the shared form may be; the individual form is for statements without a type.
    """

    ledger: str
    statement_id: str
    payload_sha256: str
    content_sha256: str
    is_plain: bool = True
    freshness_ms: int = clock.SKEW_MS


def parse_approval(text: str) -> CompactJws:
    """Return an unverified approval; raise MalformedError, or RefusedError `jws_typ_mismatch`.

    Only the individual form may leave out `typ`.
    """
    jws = parse_compact(text)
    if jws.header.typ not in (msgspec.UNSET, TYP):
        raise RefusedError("jws_typ_mismatch", f"an approval's typ must be {TYP}")
    return jws


class _Stated(msgspec.Struct, rename="camel"):
    statement_id: str


def stated_statement(jws: CompactJws) -> str:
    """Return the id of the statement that an approval's payload names; nothing is verified.

    Raises RefusedError `payload_mismatch` if it names none.
    """
    try:
        return msgspec.json.decode(b64u_decode(jws.payload), type=_Stated).statement_id
    except (MalformedError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("payload_mismatch", "the payload names no statement") from error


def verify_approval(
    jws: CompactJws, jwk: PublicJwk, subject: Subject, *, signer: str, now_ms: int
) -> VerifiedApproval:
    """Verify the signature and that it covers this statement; return its form and time.

    Raises RefusedError: as `jose.verify_compact`; `iat_stale`; `jws_typ_mismatch` for the shared
    form without `typ`; for the individual form `shared_form_required`,
    `payload_mismatch`, `payload_statement_mismatch`, `payload_content_mismatch`,
    `payload_signer_mismatch`, `payload_ledger_mismatch`, `payload_timestamp_stale`.
    """
    verify_compact(jws, jwk)
    if sha256_hex(jws.payload.encode()) == subject.payload_sha256:
        if jws.header.typ != TYP:
            raise RefusedError("jws_typ_mismatch", f"the shared form's typ must be {TYP}")
        iat = _fresh(jws.header.iat, now_ms=now_ms, freshness_ms=subject.freshness_ms)
        return VerifiedApproval("shared", iat)
    try:
        payload = decode(b64u_decode(jws.payload), Individual)
    except MalformedError as error:
        raise RefusedError("payload_mismatch", "the payload is not this statement") from error
    _verify_individual(payload, subject, signer)
    if not subject.is_plain:
        raise RefusedError(
            "shared_form_required", "the rules of this statement must be signed: sign the document"
        )
    if not clock.is_fresh(payload.timestamp, now_ms=now_ms):
        raise RefusedError(
            "payload_timestamp_stale",
            "timestamp differs from the server's clock by over five minutes",
        )
    for stated in (payload.iat, jws.header.iat):
        if stated is not None:
            _fresh(stated, now_ms=now_ms)
    return VerifiedApproval("individual", payload.timestamp // 1000)


def _verify_individual(payload: Individual, subject: Subject, signer: str) -> None:
    if payload.statement_id != subject.statement_id:
        raise RefusedError("payload_statement_mismatch", "signed for another statement")
    if sha256_hex(payload.content.encode()) != subject.content_sha256:
        raise RefusedError("payload_content_mismatch", "signed for different content")
    if payload.signer != signer:
        raise RefusedError("payload_signer_mismatch", "the payload names another signer")
    if payload.ledger not in (None, subject.ledger):
        raise RefusedError("payload_ledger_mismatch", "signed for another ledger")
    if payload.jti is not None and not 1 <= len(payload.jti) <= MAX_JTI_CHARS:
        raise RefusedError("payload_mismatch", "a jti must have 1 to 128 characters")


def _fresh(iat: int | None, *, now_ms: int, freshness_ms: int = clock.SKEW_MS) -> int:
    """Return a signed time in seconds; raise RefusedError `iat_stale`."""
    if iat is None or not clock.is_fresh(iat * 1000, now_ms=now_ms, freshness_ms=freshness_ms):
        detail = "iat is missing, too long ago, or ahead of the server's clock"
        raise RefusedError("iat_stale", detail)
    return iat
