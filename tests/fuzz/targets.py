"""The parsers that read what strangers send, each as a function of bytes, and their seeds.

A target returns, or raises an error of the ledger's own; anything else is a finding.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress

from ledger.domain.document import parse_document
from ledger.domain.entry import parse_canonical
from ledger.encoding import parse_json
from ledger.errors import LedgerError
from ledger.jose.serialization import parse
from ledger.timestamp.response import parse_response
from ledger.tlog.checkpoint import parse_note, parse_proof
from ledger.tlog.submission import parse_submission
from ledger.tlog.witness_policy import parse_policy
from ledger.verify import container
from tests.support.grammar import VECTORS, read
from tests.vectors.webauthn.cases import joined

Target = Callable[[bytes], object]
MAX_SEED_BYTES = 4_096
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
    return {
        "json": [b'{"a":[1,2.5,null,true,"\\u00e9"]}'],
        "document": [b'{"content":"{}","createdAt":"2026-01-01T00:00:00.000Z","policy":{}}'],
        "jws": [b"e30.e30.AA", b'{"payload":"e30","signatures":[]}'],
        "entry": [b'{"at":"2026-01-01T00:00:00.000Z","seq":1,"stream":"","type":"a.v1","v":1}'],
        "bundle": [b"PK\x03\x04" + bytes(26), b"PK\x05\x06" + bytes(18)],
        "timestamp": [bytes.fromhex("3003020100"), bytes.fromhex("30053003020102")],
        "note": [NOTE + "— ledger.example AAAAAAAA\n".encode()],
        "proof": [b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE],
        "submission": [b"old 0\n\n" + NOTE],
        "policy": [b"log a+b+c\nwitness w a+b+c\nquorum w\n"],
    }[name]
