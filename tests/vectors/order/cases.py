"""Requests with two faults each: the first fault in the order of checks names the refusal.

A request is built with a set of faults, each of which alone leads to its own code. The faults of
each kind of request are listed in the order in which every reader has to find them.
"""

from itertools import combinations
from typing import Any, NamedTuple

import msgspec

from ledger.domain import decisions
from ledger.domain.approval import parse_approval
from ledger.domain.counting import RecordedDecision
from ledger.domain.decision_context import DecisionContext
from ledger.domain.person import Person
from ledger.domain.readers import Audience
from ledger.domain.statement import Statement
from ledger.errors import LedgerError
from tests.support.keys import TestKey, ed25519_key
from tests.support.scene import ALICE, BOB, CAROL, Scene, user
from tests.support.signers import LEDGER, NOW_MS, PARTY

OTHER_KEY = ed25519_key(99)
IAT = NOW_MS // 1000
AT = "2026-11-21T03:04:05.678Z"

# Each code with the name of its fault, in the order of checks.
COMMON = (
    ("jws_typ_mismatch", "typ"),
    ("key_unknown", "unknown"),
    ("jws_signature_invalid", "signature"),
)
AFTER = (
    ("iat_stale", "stale"),
    ("out_of_order", "order"),
    ("statement_withdrawn", "status"),
    ("person_suspended", "standing"),
)
ORDER: dict[str, tuple[tuple[str, str], ...]] = {
    "approval": (
        *COMMON,
        ("statement_unknown", "reader"),
        ("payload_mismatch", "subject"),
        *AFTER,
        ("not_a_signer", "eligible"),
        ("already_approved", "already"),
        ("assertion_required", "assertion"),
    ),
    "rejection": (
        ("act_mismatch", "grammar"),
        ("key_unknown", "unknown"),
        ("jws_signature_invalid", "signature"),
        ("statement_unknown", "reader"),
        ("act_mismatch", "subject"),
        *AFTER,
        ("not_a_signer", "eligible"),
        ("already_rejected", "already"),
        ("assertion_required", "assertion"),
    ),
    "retraction": (
        ("act_mismatch", "grammar"),
        ("key_unknown", "unknown"),
        ("jws_signature_invalid", "signature"),
        ("statement_unknown", "reader"),
        ("act_mismatch", "subject"),
        *AFTER,
        ("not_approved", "already"),
        ("assertion_required", "assertion"),
    ),
    "withdrawal": (
        ("act_mismatch", "grammar"),
        ("key_unknown", "unknown"),
        ("jws_signature_invalid", "signature"),
        ("statement_unknown", "reader"),
        ("act_mismatch", "subject"),
        *AFTER,
        ("creator_only", "eligible"),
    ),
}


class Request(NamedTuple):
    """One request: its kind, its faults, and everything that decides it."""

    kind: str
    faults: tuple[str, ...]
    expected: str
    text: str
    subject: Statement
    person: Person


def requests() -> list[Request]:
    """Return every request with two faults, and every one with a single fault."""
    found = []
    for kind, order in ORDER.items():
        places = range(len(order))
        for chosen in [*((place,) for place in places), *combinations(places, 2)]:
            faults = tuple(order[place][1] for place in chosen)
            found.append(_request(kind, faults, order[min(chosen)][0]))
    return found


def _request(kind: str, faults: tuple[str, ...], expected: str) -> Request:
    scene = Scene()
    signer = ALICE if kind == "withdrawal" else BOB
    key: TestKey = OTHER_KEY if "signature" in faults else signer.key
    text = _text(kind, scene, faults, key)
    changes: dict[str, Any] = {}
    given = RecordedDecision(frozenset({"investor"}), AT, signer.key.kid)
    if "order" in faults:
        changes["decided"] = {signer.user: IAT + 600}
    if "reader" in faults:
        changes["audience"] = Audience("participants", CAROL.user, frozenset({user(CAROL)}))
    if "status" in faults:
        changes["status"] = "withdrawn"
    # A retraction takes an approval back: its fault is that there is none.
    if ("already" in faults) != (kind == "retraction"):
        changes["rejections" if kind == "rejection" else "approvals"] = {signer.user: given}
    rules = scene.statement.policy
    if "eligible" in faults:
        rules = msgspec.structs.replace(rules, threshold=1, of=(user(CAROL),))
        changes["creator"] = CAROL.user if kind == "withdrawal" else scene.statement.creator
    if "assertion" in faults:
        rules = msgspec.structs.replace(rules, assurance="passkey")
    person = signer.person
    if "unknown" in faults:
        person = msgspec.structs.replace(person, keys={})
    if "standing" in faults:
        person = msgspec.structs.replace(person, standing="suspended")
    subject = msgspec.structs.replace(scene.statement, policy=rules, **changes)
    return Request(kind, faults, expected, text, subject, person)


def _text(kind: str, scene: Scene, faults: tuple[str, ...], key: TestKey) -> str:
    """Return the signed text; another key signs it in the name of the person's own."""
    iat = IAT - 301 if "stale" in faults else IAT
    if kind == "approval":
        typ = "x" if "typ" in faults else "JWT"
        raw = ALICE.document(title="Another") if "subject" in faults else scene.raw
        return key.jws(raw, typ=typ, iat=iat, kid=BOB.key.kid)
    signer = ALICE if kind == "withdrawal" else BOB
    about = {"statementId": scene.statement.id, "sha256": scene.sha256, "iat": iat}
    if "subject" in faults:
        about |= {"sha256": "0" * 64}
    if "grammar" in faults:
        about |= {"more": 1}
    name = {"rejection": "reject", "retraction": "retract", "withdrawal": "withdraw"}[kind]
    payload = {"act": name, "ledger": LEDGER, "reason": "Too little."} | about
    return key.jws(msgspec.json.encode(payload), typ="act+jwt", kid=signer.key.kid)


def decided(request: Request) -> str | None:
    """Return the code of the refusal by the domain's own decision, None if it decides."""
    person = request.person
    context = DecisionContext(person, LEDGER, PARTY, NOW_MS, 1, None, {person.user: person})
    try:
        match request.kind:
            case "approval":
                decisions.sign(request.subject, parse_approval(request.text), context)
            case "rejection":
                decisions.reject(request.subject, request.text, context)
            case "retraction":
                decisions.retract(request.subject, request.text, context)
            case _:
                decisions.withdraw(request.subject, request.text, context)
    except LedgerError as error:
        return error.code
    return None


def for_javascript(request: Request) -> dict[str, Any]:
    """Return a request as a page reads it; maps are lists of pairs."""
    subject, person = request.subject, request.person
    members: dict[str, Any] = msgspec.to_builtins(subject.policy)
    defaults = {"veto": [], "creatorMaySign": True, "expiresAt": None, "assurance": "key"}
    return {
        "kind": request.kind,
        "expected": request.expected,
        "text": request.text,
        "ledger": LEDGER,
        "party": {"rpId": PARTY.rp_id, "origin": PARTY.origin},
        "nowMs": NOW_MS,
        "person": {
            "user": person.user,
            "roles": sorted(person.roles),
            "standing": person.standing,
            "keys": [
                [
                    kid,
                    {
                        "kid": kid,
                        "jwk": msgspec.to_builtins(key.jwk),
                        "expiresAt": None,
                        "revoked": False,
                        "compromisedSince": None,
                    },
                ]
                for kid, key in person.keys.items()
            ],
            "passkeys": [],
        },
        "statement": {
            "id": subject.id,
            "creator": subject.creator,
            "policy": defaults | members,
            "endsMs": subject.ends_ms,
            "audience": {
                "readBy": subject.audience.read_by,
                "creator": subject.audience.creator,
                "members": sorted(subject.audience.members),
            },
            "isPlain": subject.is_plain,
            "type": None,
            "items": None,
            "supersedes": None,
            "earlier": None,
            "replaced": None,
            "seen": {},
            "sha256": subject.sha256,
            "payloadSha256": subject.payload_sha256,
            "contentSha256": subject.content_sha256,
            "status": subject.status,
            "approvals": [[name, _given(each)] for name, each in subject.approvals.items()],
            "rejections": [[name, _given(each)] for name, each in subject.rejections.items()],
            "decided": [[name, iat] for name, iat in subject.decided.items()],
        },
    }


def _given(decision: RecordedDecision) -> dict[str, Any]:
    return {
        "roles": sorted(decision.roles),
        "at": decision.at,
        "kid": decision.kid,
        "credentialId": None,
    }
