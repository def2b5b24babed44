"""An attestation says what was verified, and the libraries of in-toto verify it."""

import json
from base64 import b64decode
from functools import cache
from typing import Any

import msgspec
import pytest
from google.protobuf.json_format import Parse
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]  # no __all__ there

from ledger.encoding import b64u_decode, sha256_hex
from ledger.errors import MalformedError, RefusedError
from ledger.jose import SigningKey
from ledger.verify.attestation import PREDICATE_TYPE, attest, envelope
from ledger.verify.bundle import verify
from ledger.verify.report import VerificationReport
from ledger.verify.requirements import Requirements
from tests.support.chronicle import Chronicle, statement_id
from tests.support.dossier import bundle_of, log_signer

KEY = SigningKey.from_seed(bytes(32))
DIGEST = "ab" * 32
CONTENT = {"image": f"registry.example/web@sha256:{DIGEST}", "a/b": [{"c~d": DIGEST}], "n": 1}


@cache
def told() -> tuple[tuple[bytes, ...], bytes]:
    """Return a log with an approved statement and a pending one, and the approved document."""
    story = Chronicle()
    story.found()
    story.announce(1)
    alice, bob = story.signer(1, "creator"), story.signer(2, "investor")
    story.register(alice, "Alice")
    story.register(bob, "Bob")
    policy = {"threshold": 1, "of": ["role:investor"]}
    raw = story.draft(alice, 1, content=json.dumps(CONTENT), policy=policy)
    story.sign(bob, bob.shared(raw), raw)
    story.draft(alice, 2, policy=policy)
    story.auditor.finish()
    return tuple(story.states), raw


def found(number: int = 1, **required: Any) -> tuple[bytes, VerificationReport]:
    raw = bundle_of(told()[0], "redacted", statement_id(number))
    keys = [log_signer().key] if required.pop("known", True) else []
    return raw, verify(raw, expected_keys=keys, required=Requirements(**required), now_ms=0)


def attested(**members: Any) -> dict[str, Any]:
    evidence, report = found()
    said = {"evidence": evidence, "verified_at": "2026-11-21T03:04:05.000Z"}
    statement: dict[str, Any] = json.loads(attest(report, told()[1], **(said | members)))
    return statement


def public(key: SigningKey) -> SSlibKey:
    x = b64u_decode(key.jwk.x).hex()
    return SSlibKey(key.kid, "ed25519", "ed25519", {"public": x})


def test_the_libraries_of_in_toto_verify_the_envelope_and_its_statement() -> None:
    evidence, report = found()
    at = "2026-11-21T03:04:05.000Z"
    raw = envelope(attest(report, told()[1], evidence=evidence, verified_at=at), KEY)
    read = Envelope.from_dict(json.loads(raw))
    assert [*read.verify([public(KEY)], 1)] == [KEY.kid]
    statement = Parse(read.payload, statement_pb2.Statement())
    Statement.copy_from_pb(statement).validate()
    assert statement.predicate_type == PREDICATE_TYPE
    assert dict(statement.subject[0].digest) == {"sha256": sha256_hex(told()[1])}


@pytest.mark.parametrize("change", ["payload", "type", "signature", "key"])
def test_a_changed_envelope_is_refused_by_them(change: str) -> None:
    evidence, report = found()
    raw = envelope(attest(report, told()[1], evidence=evidence, verified_at="x"), KEY)
    said = json.loads(raw)
    payload = bytearray(b64decode(said["payload"]))
    key = public(KEY)
    match change:
        case "payload":
            payload[20] ^= 1
        case "type":
            said["payloadType"] += "x"
        case "signature":
            said["signatures"][0]["sig"] = "AAAA" + said["signatures"][0]["sig"][4:]
        case "key":
            other = SigningKey.from_seed(b"\1" * 32)
            key = SSlibKey(KEY.kid, "ed25519", "ed25519", public(other).keyval)
    read = Envelope(bytes(payload), said["payloadType"], Envelope.from_dict(said).signatures)
    with pytest.raises(VerificationError):
        read.verify([key], 1)


def test_the_predicate_says_who_approved_what_under_which_policy() -> None:
    said = attested()["predicate"]
    assert [each["name"] for each in said["approvers"]] == ["Bob"]
    assert (said["title"], said["statement"]) == ("Series A", statement_id(1))
    assert said["policy"] == "Approved once 1 investor has signed."
    assert said["evidence"]["sha256"] == sha256_hex(found()[0])


@pytest.mark.parametrize(
    ("pointer", "name"), [("/image", "registry.example/web"), ("/a~1b/0/c~0d", "Series A")]
)
def test_the_subject_can_be_an_artifact_that_the_content_names(pointer: str, name: str) -> None:
    subject = attested(artifact=pointer)["subject"]
    assert subject == [{"name": name, "digest": {"sha256": DIGEST}}]


@pytest.mark.parametrize(
    "pointer", ["/absent", "/n", "/a~1b", "/a~1b/1/c~0d", "/a~1b/x", "/image/0"]
)
def test_a_place_without_a_digest_is_refused(pointer: str) -> None:
    with pytest.raises(RefusedError, match="artifact_missing"):
        attested(artifact=pointer)


@pytest.mark.parametrize("pointer", ["", "image", "/~2", "/a~"])
def test_what_is_no_pointer_is_refused(pointer: str) -> None:
    with pytest.raises(MalformedError, match="pointer_invalid"):
        attested(artifact=pointer)


def test_nothing_is_attested_that_was_not_verified_as_required() -> None:
    evidence, report = found()
    changed = bytearray(evidence)
    changed[len(changed) // 2] ^= 1
    reports = [
        found(number=2)[1],
        found(digest="0" * 64)[1],
        found(known=False)[1],
        verify(bytes(changed), expected_keys=[log_signer().key], now_ms=0),
        msgspec.structs.replace(report, statements=()),
    ]
    for each in reports:
        with pytest.raises(RefusedError, match="approval_unproven"):
            attest(each, told()[1], evidence=evidence, verified_at="x")
    with pytest.raises(RefusedError, match="document_differs"):
        attest(report, told()[1] + b" ", evidence=evidence, verified_at="x")
