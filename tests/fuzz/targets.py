"""The parsers that read what strangers send, each as a function of bytes, and their seeds.

A target returns, or raises an error of the ledger's own; anything else is a finding.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ledger.domain import policy
from ledger.domain.acts import parse_act
from ledger.domain.approval import parse_approval
from ledger.domain.changes import items
from ledger.domain.document import parse_document
from ledger.domain.entry import parse_canonical, parse_entry
from ledger.domain.events.stored import decode_body
from ledger.domain.statement_types import parse_definition
from ledger.encoding import parse_json
from ledger.errors import LedgerError
from ledger.jose.key_forms import read_public_keys
from ledger.jose.keyset import parse_key_set
from ledger.jose.serialization import parse
from ledger.organisation import id_tokens, scim
from ledger.timestamp.response import parse_response
from ledger.tlog.checkpoint import parse_note, parse_proof
from ledger.tlog.submission import parse_submission
from ledger.tlog.vkeys import parse_vkey
from ledger.tlog.witness_policy import parse_policy
from ledger.verify import container
from tests.support.grammar import VECTORS, read
from tests.vectors.webauthn.cases import joined

Target = Callable[[bytes], object]
MAX_SEED_BYTES = 4_096
GOLDEN = Path(__file__).parents[1] / "golden"
GRAMMAR = (
    "cbor",
    "clientData",
    "registrationData",
    "assertionData",
    "attestationObject",
    "coseKey",
)
NOTE = b"ledger.example\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n"


def grammar_target(reader: str) -> Target:
    """Return a parser of passkey responses by its name in the shared vectors."""
    return lambda raw: read(reader, raw)


def text_target(parse: Callable[[str], object]) -> Target:
    """Return a parser of a text, which a request's JSON has already made sound Unicode."""
    return lambda raw: parse(raw.decode(errors="replace"))


def read_event(raw: bytes) -> object:
    """Read an entry, a line's end and a body."""
    head, _, body = raw.partition(b"\n")
    return decode_body(parse_entry(head), body)


def read_key_set(raw: bytes) -> object:
    """Read a JWK Set as its client reads what an address answered."""
    given = parse_json(raw)
    return parse_key_set(given) if isinstance(given, dict) else None


def read_scim_user(raw: bytes) -> object:
    """Read a user as a directory tells of it."""
    return scim.user_from(scim.read_json(raw), kept=None, now_ms=0)


TARGETS: dict[str, Target] = {
    **{name: grammar_target(name) for name in GRAMMAR},
    "json": parse_json,
    "document": parse_document,
    "jws": parse,
    "entry": parse_canonical,
    "bundle": container.parse,
    "timestamp": parse_response,
    "note": parse_note,
    "proof": parse_proof,
    "submission": parse_submission,
    "policy": parse_policy,
    "vkey": text_target(parse_vkey),
    "event": read_event,
    "act": text_target(parse_act),
    "approval": text_target(parse_approval),
    "statementPolicy": policy.parse,
    "type": text_target(parse_definition),
    "change": text_target(items.parse_content),
    "publicKeys": read_public_keys,
    "keySet": read_key_set,
    "idToken": text_target(id_tokens.header_of),
    "manifest": lambda raw: container.parse_manifest({container.MANIFEST: raw}),
    "scimUser": read_scim_user,
    "scimFilter": text_target(scim.parse_filter),
}


def run(name: str, raw: bytes) -> None:
    """Give bytes to a target; raise what is no error of the ledger's own."""
    with suppress(LedgerError):
        TARGETS[name](raw)


def seeds(name: str) -> Iterable[bytes]:
    """Return inputs to begin with."""
    if name in GRAMMAR:
        found = (joined(each) for each in VECTORS[name])
        return [raw for raw in found if len(raw) <= MAX_SEED_BYTES]
    if name == "event":
        return _golden("entry", "body")
    return {
        "json": [b'{"a":[1,2.5,null,true,"\\u00e9"]}'],
        "document": _documents(),
        "jws": [b"e30.e30.AA", b'{"payload":"e30","signatures":[]}'],
        "entry": [b'{"at":"2026-01-01T00:00:00.000Z","seq":1,"stream":"","type":"a.v1","v":1}'],
        "bundle": [b"PK\x03\x04" + bytes(26), b"PK\x05\x06" + bytes(18)],
        "timestamp": [bytes.fromhex("3003020100"), bytes.fromhex("30053003020102")],
        "note": [NOTE + "— ledger.example AAAAAAAA\n".encode()],
        "proof": [b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE],
        "submission": [b"old 0\n\n" + NOTE],
        "policy": [b"log a+b+c\nwitness w a+b+c\nquorum w\n"],
        "vkey": [b"ledger.example+0af1b8d9+AQIDBA=="],
        "act": [b"eyJhbGciOiJFZERTQSIsImtpZCI6ImEiLCJ0eXAiOiJsZWRnZXItYWN0K2p3dCJ9.e30.AA"],
        "approval": [b"eyJhbGciOiJFZERTQSIsImtpZCI6ImEiLCJ0eXAiOiJKV1QifQ.e30.AA"],
        "statementPolicy": [b'{"threshold":2,"of":["role:a",{"threshold":1,"of":["user:b"]}]}'],
        "type": [each.encode() for each in _members("type-defined.v1.json", "definition")],
        "change": [json.loads(each)["content"].encode() for each in _documents()],
        "publicKeys": [b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}', b"ssh-ed25519 AAAA"],
        "keySet": [
            b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"},{"kty":"RSA","n":"AQ","e":"AQAB"}]}'
        ],
        "idToken": [b"eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.AA"],
        "manifest": [
            b'{"checkpoint":{"origin":"a","root":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",'
            b'"size":1},"files":{},"format":"ledger-evidence/1","mode":"full",'
            b'"statements":["a"]}'
        ],
        "scimUser": [b'{"userName":"a","active":true,"emails":[{"value":"a@example.org"}]}'],
        "scimFilter": [b'userName eq "a"'],
    }[name]


def _golden(*members: str) -> list[bytes]:
    """Return these members of every golden event, each on a line."""
    files = (json.loads(path.read_text("utf-8")) for path in sorted(GOLDEN.glob("*.json")))
    return ["\n".join(each[m] for m in members).encode() for found in files for each in found[:2]]


def _documents() -> list[bytes]:
    return [each.encode() for each in _members("statement-drafted.v1.json", "document")]


def _members(name: str, member: str) -> list[str]:
    """Return a member of the bodies of one golden file."""
    return [json.loads(each["body"])[member] for each in json.loads((GOLDEN / name).read_text())]
