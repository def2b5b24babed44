"""An in-toto attestation of an approval, in a DSSE envelope. Pure.

Tools of software supply chains read attestations, not evidence bundles. So a person or machine that
verified a bundle signs, with a key of its own, what it found: which artifact or document was
approved, by whom, under which policy, and the digest of the evidence. An attestation rests on the
word of its signer; the evidence itself rests on nobody's.
"""

import re
from base64 import b64encode
from typing import Any

import msgspec

from ledger.domain.document import parse_document
from ledger.encoding import parse_json, sha256_hex
from ledger.errors import MalformedError, RefusedError
from ledger.jose import SigningKey
from ledger.verify.report import VerificationReport, VerifiedStatement

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# A URI of our own that needs no authority; docs/reference/formats.md says what the predicate has.
PREDICATE_TYPE = "urn:uuid:0b6f5d0e-8f0b-4f5e-9a38-3c9c2f0d9a51"
_ARTIFACT = re.compile(r"(?:(?P<name>[^@\s]+)@)?(?:sha256:)?(?P<hex>[0-9a-f]{64})", re.ASCII)


def attest(
    report: VerificationReport,
    document: bytes,
    *,
    evidence: bytes,
    verified_at: str,
    artifact: str | None = None,
) -> bytes:
    """Return an in-toto statement of the one approval that a report verified.

    `document` is the approved document. With `artifact`, a JSON pointer (RFC 6901) into its
    content, the subject is the artifact whose SHA-256 is at that place, else the document.

    Raises RefusedError `approval_unproven`, `document_differs`, `artifact_missing`; MalformedError.
    """
    shown = _approved(report)
    if sha256_hex(document) != shown.sha256:
        raise RefusedError("document_differs", "the document is not that of the report")
    said = parse_document(document)
    subject = {"name": said.title, "digest": {"sha256": shown.sha256}}
    if artifact is not None:
        subject = _artifact(parse_json(said.content.encode()), artifact, said.title)
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [subject],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "ledger": report.ledger,
            "statement": shown.id,
            "title": said.title,
            "document": {"sha256": shown.sha256},
            "policy": shown.policy,
            "approvers": [{"user": each.user, "name": each.name} for each in shown.approvers],
            "required": [each.says for each in report.requirements],
            "log": {"size": report.size, "root": report.root},
            "evidence": {"sha256": sha256_hex(evidence)},
            "verifiedAt": verified_at,
        },
    }
    return msgspec.json.encode(statement)


def _approved(report: VerificationReport) -> VerifiedStatement:
    """Return the one statement of a report; raise RefusedError `approval_unproven`."""
    unmet = [each.says for each in report.requirements if not each.met]
    if report.verdict != "verified" or unmet or len(report.statements) != 1:
        says = unmet[0] if unmet else f"the evidence is {report.verdict}"
        raise RefusedError("approval_unproven", says)
    (shown,) = report.statements
    if shown.status != "approved":
        raise RefusedError("approval_unproven", f"the statement is {shown.status}")
    return shown


def _artifact(content: Any, pointer: str, title: str) -> dict[str, Any]:
    """Return the subject whose digest stands at a place of the content."""
    value = content
    for step in _steps(pointer):
        match value:
            case dict() if step in value:
                value = value[step]
            case list() if step.isascii() and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            case _:
                raise RefusedError("artifact_missing", f"the content has nothing at {pointer}")
    found = _ARTIFACT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise RefusedError("artifact_missing", f"there is no SHA-256 at {pointer}")
    return {"name": found["name"] or title, "digest": {"sha256": found["hex"]}}


def _steps(pointer: str) -> list[str]:
    if not pointer.startswith("/") or re.search("~[^01]|~$", pointer):
        raise MalformedError("pointer_invalid", "a JSON pointer is / and the names of members")
    return [each.replace("~1", "/").replace("~0", "~") for each in pointer[1:].split("/")]


def envelope(statement: bytes, key: SigningKey) -> bytes:
    """Return the DSSE envelope of a statement, signed over its pre-authentication encoding.

    A signing input of JOSE has no spaces, so no signature is taken for one of the other.
    """
    kind = PAYLOAD_TYPE.encode()
    encoded = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(statement), statement)
    members = {
        "payload": b64encode(statement).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [
            {"keyid": key.kid, "sig": b64encode(key.sign_bytes(encoded)).decode()},
        ],
    }
    return msgspec.json.encode(members)
