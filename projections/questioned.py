"""Decisions in question: which ones, and from which position on.

A declaration puts earlier decisions in question, and is rare. So it is worked out when one arrives:
a row says from which position on a decision is in question, and readers of a past position compare.
A key or passkey is known here by the first 8 bytes of its thumbprint or of its id's SHA-256, which
only its own person could make collide.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from functools import lru_cache

from ledger import clock
from ledger.domain.events import CompromiseDeclared, CompromiseSet, KeyRevoked
from ledger.encoding import b64u_decode
from ledger.errors import MalformedError
from projections.facts import Batch

TABLES = (
    "CREATE TABLE questioned(statement INTEGER NOT NULL, decision INTEGER NOT NULL,"
    " position INTEGER NOT NULL, PRIMARY KEY(statement, decision)) STRICT, WITHOUT ROWID",
)
# The condition that the decision `d` is in question at the position :at.
IN_QUESTION = (
    "EXISTS(SELECT 1 FROM questioned q WHERE q.statement = d.statement"
    " AND q.decision = d.position AND q.position <= :at)"
)
# Only a log with a declaration needs it, so it is not among the indexes of every rebuild.
_INDEX = "CREATE INDEX IF NOT EXISTS decision_by_person ON decision(person)"
_FIND = (
    "INSERT OR IGNORE INTO questioned SELECT statement, position, :declared FROM decision"
    " WHERE person = :person AND at_ms >= :since AND :number IN (key, passkey)"
)


@lru_cache(maxsize=4_096)
def key_number(kid: str) -> int:
    """Return the number of a signing key."""
    try:
        digest = b64u_decode(kid)
    except MalformedError:
        digest = b""
    return _number(digest if len(digest) >= 8 else hashlib.sha256(kid.encode()).digest())


@lru_cache(maxsize=4_096)
def passkey_number(credential_id: str) -> int:
    """Return the number of a passkey."""
    return _number(hashlib.sha256(credential_id.encode()).digest())


def _number(digest: bytes) -> int:
    return int.from_bytes(digest[:8], "big", signed=True)


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add the decisions that the declarations of a batch put in question.

    The decisions of the batch must be in their table: what is compromised decides nothing after it.
    """
    for given in sorted(_declared(batch)):
        declared, person, since, number = given
        db.execute(_INDEX)
        found = {"declared": declared, "person": person, "since": since, "number": number}
        db.execute(_FIND, found)


def _declared(batch: Batch) -> Iterator[tuple[int, int, int, int]]:
    """Yield position, person, time in milliseconds, and the number of what was compromised."""
    for fact in batch.of(KeyRevoked):
        if fact.body.compromised_since is not None:
            since_ms = clock.to_ms(fact.body.compromised_since)
            yield fact.position, fact.stream, since_ms, key_number(fact.body.kid)
    for fact in batch.of(CompromiseDeclared, CompromiseSet):
        since_ms = clock.to_ms(fact.body.since)
        for reference in (fact.body.compromised, *fact.body.also):
            kind, _, name = reference.partition(":")
            number = key_number(name) if kind == "kid" else passkey_number(name)
            yield fact.position, fact.stream, since_ms, number
