"""Signatures: compact and general JWSs, acts and approvals, mutated."""

import json
import random
from typing import Any

import msgspec

from ledger.domain.acts import Draft, Reject, parse_act, verify_act
from ledger.domain.approval import Subject, parse_approval, verify_approval
from ledger.encoding import b64u_encode, parse_json, sha256_hex
from ledger.errors import LedgerError
from ledger.jose import PublicJwk, parse_compact, verify_compact, verify_multi_all
from tests.differential.hazards import TEXTS
from tests.differential.json_text import changed
from tests.differential.jws_text import members_of, mutated_compact, mutated_general
from tests.differential.statements import ID, PEOPLE, alice
from tests.differential.verdict import Input, b64, raw_of, text_of
from tests.support.signers import CONTENT, LEDGER, NOW_MS

MEMBERS = {"protected", "signature"}


def jws_b64(text: str) -> str:
    return b64(text.encode("utf-8", "replace"))


def compact_input(chosen: random.Random) -> Input:
    payload = changed(CONTENT, chosen) if chosen.random() < 0.2 else CONTENT.encode()
    header = {"iat": NOW_MS // 1000} if chosen.random() < 0.6 else {}
    text, jwk = mutated_compact(chosen, payload, header)
    return {"jws": jws_b64(text), "jwk": members_of(jwk)}


def read_compact(given: Input) -> Any:
    jws = parse_compact(text_of(given, "jws"))
    verify_compact(jws, msgspec.convert(given["jwk"], PublicJwk))
    return [jws.header, jws.payload, jws.signature]


def general_input(chosen: random.Random) -> Input:
    raw, keys = mutated_general(chosen, CONTENT.encode())
    return {"raw": b64(raw), "jwks": {key.kid: members_of(key.jwk) for key in keys}} | _split(raw)


def _split(raw: bytes) -> Input:
    """Return the same signatures, each as a compact JWS; none where the whole is malformed."""
    try:
        found = parse_json(raw, exact_numbers=False)
        payload, entries = found["payload"], found["signatures"]
        parts = [(each["protected"], payload, each["signature"]) for each in entries]
        return {"compacts": [jws_b64(".".join(each)) for each in parts]}
    except (LedgerError, KeyError, TypeError):
        return {"compacts": []}


def read_general(given: Input) -> list[bool]:
    """Return which signatures the `ledger` profile takes; each alone has to be taken as well.

    A JWS that the profile refuses as a whole has none to compare.
    """
    given |= _split(raw_of(given))
    try:
        found = verify_multi_all(
            raw_of(given),
            {"keys": [*given["jwks"].values()]},
            profile="ledger",
            typ="JWT",
            now=None,
        )
    except LedgerError:
        given["compacts"] = []
        return []
    whole = parse_json(raw_of(given), exact_numbers=False)
    entries = whole.get("signatures", [])
    alone = [isinstance(each, dict) and each.keys() == MEMBERS for each in entries]
    if len(given["compacts"]) != len(entries) or not all(alone):
        given["compacts"] = []
        return []
    return [outcome.verified for outcome in found.outcomes]


def act_input(chosen: random.Random) -> Input:
    kind = chosen.choice(("draft", "reject"))
    about = {
        "act": kind,
        "iat": NOW_MS // 1000,
        "ledger": LEDGER,
        "statementId": ID,
        "sha256": "0" * 64,
    }
    text = json.dumps(about | ({"reason": "The amount is too low."} if kind == "reject" else {}))
    values = (
        *TEXTS,
        f'"{LEDGER}"',
        str(NOW_MS // 1000),
        f"{NOW_MS // 1000}.0",
        f"{NOW_MS // 1000}e0",
        "1e400",
    )
    payload = changed(text, chosen, values=values) if chosen.random() < 0.8 else text.encode()
    jws, jwk = mutated_compact(chosen, payload, {"typ": "act+jwt"})
    return {
        "jws": jws_b64(jws),
        "jwk": members_of(jwk),
        "act": kind,
        "ledger": LEDGER,
        "nowMs": NOW_MS,
    }


def read_act(given: Input) -> Any:
    kind: Any = {"draft": Draft, "reject": Reject}[given["act"]]
    jwk = msgspec.convert(given["jwk"], PublicJwk)
    jws = parse_act(text_of(given, "jws"))
    return verify_act(jws, jwk, kind, ledger=LEDGER, now_ms=NOW_MS)


DOCUMENT = alice().document()
SUBJECT = Subject(
    LEDGER, ID, sha256_hex(b64u_encode(DOCUMENT).encode()), sha256_hex(CONTENT.encode())
)


def approval_input(chosen: random.Random) -> Input:
    header = (
        {"iat": NOW_MS // 1000 + chosen.choice((0, 0, 0, 300, 301))}
        if chosen.random() < 0.7
        else {}
    )
    payload = DOCUMENT
    if chosen.random() < 0.7:
        own = {"statementId": ID, "content": CONTENT, "signer": PEOPLE[0], "timestamp": NOW_MS}
        own |= chosen.choice(({}, {"iat": NOW_MS // 1000}, {"jti": "1"}, {"ledger": LEDGER}))
        values = (
            *TEXTS,
            str(NOW_MS),
            f"{NOW_MS}.0",
            f"{NOW_MS // 1000}",
            '"1"',
            json.dumps(CONTENT),
        )
        payload = changed(json.dumps(own), chosen, values=values)
    jws, jwk = mutated_compact(chosen, payload, header)
    subject = {
        "id": ID,
        "payloadSha256": SUBJECT.payload_sha256,
        "contentSha256": SUBJECT.content_sha256,
    }
    about = {"subject": subject, "ledger": LEDGER, "signer": PEOPLE[0], "nowMs": NOW_MS}
    return {"jws": jws_b64(jws), "jwk": members_of(jwk)} | about


def read_approval(given: Input) -> str:
    jwk = msgspec.convert(given["jwk"], PublicJwk)
    jws = parse_approval(text_of(given, "jws"))
    return verify_approval(jws, jwk, SUBJECT, signer=PEOPLE[0], now_ms=NOW_MS).form
