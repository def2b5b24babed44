"""JSON, documents, keys and drafts: mutated, and read as the server reads them."""

import hashlib
import json
import random
from functools import cache
from typing import Any
from uuid import UUID

import msgspec

from ledger.domain import drafting, entry, events
from ledger.domain.document import parse_document
from ledger.domain.events import Event
from ledger.domain.statement import evolve
from ledger.encoding import b64u_decode, b64u_encode, parse_json
from ledger.errors import MalformedError
from ledger.jose import OkpJwk, PublicJwk, import_key, thumbprint
from ledger.jose.ed25519 import is_prime_order
from tests.differential import jws_text
from tests.differential.hazards import POLICIES, TEXTS, TIMES
from tests.differential.json_text import changed
from tests.differential.jws_text import members_of, mutated_header
from tests.differential.verdict import Input, b64, raw_of, text_of
from tests.support.signers import CHARTER, CONTENT, LEDGER, NOW_MS, TWO_OF_TWO, Signer

PEOPLE = ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002")
ID = "7d3c2a52-1f6a-4a52-8b39-0d5c53a4f001"
IDS = (
    *(f'"{ID}"', f'"{ID.upper()}"', f'"{{{ID}}}"', f'"urn:uuid:{ID}"', f'"{ID.replace("-", "")}"'),
    *(f'"{ID} "', f'"{PEOPLE[0]}"', f'"{LEDGER}"', '"localhost"'),
)
VALUES = (*TIMES, *IDS, *TEXTS, *POLICIES)
CONTENTS = (CONTENT, '{"amount":1.10}', '{"a":{"b":[1,2,{"c":null}]},"é":"😀"}', "{}")
JSONS = (
    *(
        '{"a":[1,2.5,null,true,"é"],"b":{"c":"\\u00e9"}}',
        "[]",
        "1",
        '"x"',
        "null",
        "[1,[2,[3,[4]]]]",
    ),
    *(
        '{"amount":1000000,"currency":"USD","of":["a","b"],"n":-1}',
        '{"x":"\\ud83d\\ude00","y":0.1}',
    ),
)


def json_input(chosen: random.Random) -> Input:
    return {"raw": b64(changed(chosen.choice(JSONS), chosen))}


def read_json(given: Input) -> Any:
    return parse_json(raw_of(given))


def read_any_json(given: Input) -> Any:
    return parse_json(raw_of(given), exact_numbers=False)


@cache
def alice() -> Signer:
    return Signer(1, "creator")


def a_document(chosen: random.Random) -> bytes:
    named = {"statement": PEOPLE[0], "sha256": "0" * 64, "policy": TWO_OF_TWO}
    more: dict[str, Any] = {"supersedes": named} if chosen.random() < 0.2 else {}
    policy = TWO_OF_TWO | (
        {"expiresAt": "2027-01-01T00:00:00.000Z"} if chosen.random() < 0.2 else {}
    )
    raw = alice().document(content=chosen.choice(CONTENTS), policy=policy, **more)
    return changed(raw.decode(), chosen, values=VALUES) if chosen.random() < 0.97 else raw


def document_input(chosen: random.Random) -> Input:
    return {"raw": b64(a_document(chosen))}


def read_document(given: Input) -> Any:
    return parse_document(raw_of(given))


def jwk_input(chosen: random.Random) -> Input:
    """A signing key, as an event has it, with weak points and other spellings among the members."""
    if chosen.random() < 0.25:
        members = members_of(jws_text.mutated_compact(chosen, b"", {})[1])
    else:
        members = members_of(jws_text.key_of(chosen).jwk)
    name = chosen.choice([*members])
    raw = b64u_encode(chosen.randbytes(32))
    twist = b64u_encode(bytes([2, *bytes(31)]))
    kind = chosen.randrange(7)
    if kind == 0:
        members[name] = jws_text.respelt(members[name], chosen)
    elif kind == 1:
        members[name] = chosen.choice(
            (raw, twist, "", 1, None, "EC", "OKP", "AKP", "P-384", "X25519")
        )
    elif kind == 2:
        members[chosen.choice(("d", "alg", "kid", "use", "key_ops", "__proto__", "y", "x5c"))] = raw
    elif kind == 3:
        del members[name]
    elif kind == 4 and "y" in members:
        members |= {"x": raw, "y": twist}
    return {"raw": b64(json.dumps(members).encode())}


def read_jwk(given: Input) -> str:
    """Attest a key as `signing_keys.attest_key` does, once it is the type of an event's member."""
    members = parse_json(raw_of(given))
    try:
        jwk: PublicJwk = msgspec.convert(members, PublicJwk)
    except msgspec.ValidationError as error:
        raise MalformedError("jwk_invalid", str(error)) from error
    import_key(jwk)
    if isinstance(jwk, OkpJwk) and not is_prime_order(b64u_decode(jwk.x)):
        raise MalformedError("jwk_invalid", "outside the prime-order subgroup")
    return thumbprint(jwk)


# --- drafts ------------------------------------------------------------------------------------


def draft_input(chosen: random.Random) -> Input:
    """A document with its act; the act is over these bytes, and only mostly in order."""
    raw = a_document(chosen)
    key = alice().key
    stated = chosen.choice((ID, ID, ID, PEOPLE[0]))
    digest = hashlib.sha256(raw).hexdigest()
    act = {
        "act": "draft",
        "iat": NOW_MS // 1000,
        "ledger": LEDGER,
        "statementId": stated,
        "sha256": digest,
    }
    payload, header = json.dumps(act).encode(), {"alg": key.alg, "typ": "act+jwt", "kid": key.kid}
    if chosen.random() < 0.1:
        payload = changed(payload.decode(), chosen, values=VALUES)
    protected = (
        mutated_header(chosen, header) if chosen.random() < 0.1 else json.dumps(header).encode()
    )
    known = {"kid": key.kid, "jwk": members_of(key.jwk), "expiresAt": None, "revoked": False}
    person: Input = {"user": alice().user, "roles": ["creator"], "keys": {key.kid: known}}
    person["version"] = alice().person.version
    about = {"person": person, "ledger": LEDGER, "nowMs": NOW_MS, "stored": ""}
    return {"raw": b64(raw), "act": b64(key.sealed(protected, payload).encode())} | about


def read_draft(given: Input) -> Any:
    """Decide as the server does, and encode the event: JavaScript reads what is stored."""
    raw = text_of(given, "raw").encode()  # a request has it as a JSON string
    body, document = drafting.draft(
        raw, text_of(given, "act"), alice().person, charter=CHARTER, now_ms=NOW_MS
    )
    event = Event(stream=UUID(document.statement_id), version=1, at=str(alice().time), body=body)
    state = events.encode(event, salt=bytes(32))
    assert events.decode(state) == event
    assert evolve(None, event).policy == document.policy
    given["stored"] = b64(entry.split(state)[2])
    return body
