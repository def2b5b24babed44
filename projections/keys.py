"""Signing keys: owner, attesting passkey, and status. Revoked keys stay readable.

The attestation's evidence is not copied: the page of a key reads it from the log by position.
"""

import sqlite3
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ledger import clock
from ledger.domain.events import (
    CompromiseDeclared,
    CompromiseSet,
    KeyAdded,
    KeyAttested,
    KeyReaffirmed,
    KeyRevoked,
    LedgerCreated,
    PasskeyAdded,
    ServiceAccountAdded,
    ServiceAccountEnded,
)
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.service_accounts import challenge_of
from ledger.domain.vocabulary import KeyHome, KeyStatus
from ledger.encoding import b64u_encode
from ledger.errors import CorruptError
from ledger.jose import ALGORITHMS, PublicJwk
from ledger.sqlite.bulk_insert import write
from projections import losses, service_scopes
from projections.facts import OPEN, Batch, Fact, LogReader, find_stream
from projections.passkeys import COMPLETE, FROM
from projections.service_scopes import Service
from projections.users import KEY_STATUS, uuid_text

NAME = "keys"
VERSION = 5
TABLES: tuple[str, ...] = (
    "CREATE TABLE signing_key(position INTEGER PRIMARY KEY, kid TEXT NOT NULL,"
    " user INTEGER NOT NULL, credential_id TEXT NOT NULL, jwk TEXT NOT NULL, at TEXT NOT NULL,"
    " expires_at TEXT, revoked INTEGER NOT NULL, revoked_at TEXT, home TEXT NOT NULL,"
    # What a service account does, as JSON; NULL for a key with which its person decides.
    " service TEXT) STRICT",
    # What was declared compromised, as `kid:…` or `passkey:…`, at which position, since when.
    "CREATE TABLE compromise(subject TEXT NOT NULL, user INTEGER NOT NULL,"
    " position INTEGER NOT NULL, since TEXT NOT NULL,"
    " PRIMARY KEY(subject, user, position)) STRICT, WITHOUT ROWID",
    # The restores that lost something, and which key (by its position) was reaffirmed at which one.
    losses.TABLE,
    "CREATE TABLE reaffirmation(key INTEGER NOT NULL, position INTEGER NOT NULL,"
    " PRIMARY KEY(key, position)) STRICT, WITHOUT ROWID",
    "CREATE TABLE ledger(position INTEGER PRIMARY KEY, ledger TEXT NOT NULL,"
    " origin TEXT NOT NULL, rp_id TEXT NOT NULL) STRICT",
)
INDEXES: tuple[str, ...] = (
    "CREATE UNIQUE INDEX signing_key_by_kid ON signing_key(kid)",
    "CREATE INDEX signing_key_by_user ON signing_key(user)",
    "CREATE INDEX signing_key_by_credential ON signing_key(credential_id)",
    "CREATE INDEX signing_key_of_service ON signing_key(position) WHERE service IS NOT NULL",
)


class KeySummary(msgspec.Struct, frozen=True, rename="camel"):
    """A signing key as of a position.

    A key that a re-enrolment ended has no `revoked_position`. Only a service account's key has
    `service`.
    """

    kid: str
    user: str
    jwk: PublicJwk
    credential_id: str
    status: KeyStatus
    attested_at: str
    position: int
    revoked_at: str | None
    revoked_position: int | None
    compromised_since: str | None
    expires_at: str | None
    home: KeyHome
    service: Service | UnsetType = UNSET


class AttestationDetail(msgspec.Struct, frozen=True, rename="camel"):
    """Everything needed to verify offline that a passkey attested a key."""

    nonce: str
    ledger: str
    challenge: str
    rp_id: str
    origin: str
    assertion: AssertionEvidence
    possession: str
    passkey_public_key: str
    passkey_algorithm: int


class KeyDetail(KeySummary, frozen=True, rename="camel", kw_only=True):
    """A signing key with the evidence of its attestation."""

    attestation: AttestationDetail

    @property
    def decides(self) -> bool:
        """Whether its person approves and rejects with it: it is no service account's."""
        return isinstance(self.service, UnsetType)


def fold(db: sqlite3.Connection, batch: Batch) -> None:
    """Add attested keys and end revoked ones; note losses, and which keys were reaffirmed."""
    created = [
        (fact.position, fact.body.ledger, fact.body.origin, fact.body.rp_id)
        for fact in batch.of(LedgerCreated)
    ]
    write(db, "INSERT INTO ledger {rows}", created)
    attested = [
        (
            fact.position,
            fact.body.kid,
            fact.stream,
            fact.body.assertion.credential_id,
            msgspec.json.encode(fact.body.jwk).decode(),
            fact.at,
            fact.body.expires_at,
            OPEN,
            None,
            fact.body.home,
            service_scopes.stored(fact.body),
        )
        for fact in batch.of(KeyAttested, ServiceAccountAdded)
    ]
    write(db, "INSERT INTO signing_key {rows}", attested)
    losses.fold(db, batch)
    for fact in batch.of(KeyReaffirmed):
        db.execute(
            "INSERT INTO reaffirmation SELECT position, ? FROM signing_key WHERE kid = ?",
            (fact.position, fact.body.kid),
        )
    for fact in batch.of(KeyRevoked):
        _end(db, fact, fact.body.kid)
        _compromised(db, fact, f"kid:{fact.body.kid}", fact.body.compromised_since)
    for fact in batch.of(ServiceAccountEnded):
        _end(db, fact, fact.body.account)
    for fact in batch.of(CompromiseDeclared, CompromiseSet):
        for reference in (fact.body.compromised, *fact.body.also):
            _end(db, fact, reference.removeprefix("kid:"))
            _compromised(db, fact, reference, fact.body.since)


def _end(db: sqlite3.Connection, fact: Fact, kid: str) -> None:
    db.execute(
        "UPDATE signing_key SET revoked = ?, revoked_at = ? WHERE kid = ? AND revoked = ?",
        (fact.position, fact.at, kid, OPEN),
    )


def _compromised(db: sqlite3.Connection, fact: Fact, subject: str, since: str | None) -> None:
    if since is not None:
        row = (subject, fact.stream, fact.position, since)
        db.execute("INSERT INTO compromise VALUES(?, ?, ?, ?)", row)


_COLUMNS = (
    "SELECT k.kid, s.uuid, k.jwk, k.credential_id, k.at, k.position, k.revoked, k.revoked_at,"  # noqa: S608  # constants
    " (SELECT min(max(c.since, k.at)) FROM compromise c WHERE c.subject = 'kid:' || k.kid"
    " AND c.user = k.user AND c.position <= :at), k.expires_at, k.home, k.service,"
    f" (SELECT min({FROM}) FROM passkey e WHERE e.user = k.user AND {COMPLETE} AND k.at < {FROM}),"
    f" {KEY_STATUS.format(row='k')}"
    " FROM signing_key k JOIN stream s ON s.id = k.user"
    " WHERE k.position <= :at"
)


def by_kid(
    db: sqlite3.Connection, log: LogReader, kid: str, *, at: int, now: str
) -> KeyDetail | None:
    """Return the key with its attestation as of a position; None if not yet attested."""
    given = {"at": at, "now": now, "kid": kid}
    rows = db.execute(f"{_COLUMNS} AND k.kid = :kid", given).fetchall()
    return next((_key(db, log, _summary(row, at)) for row in rows), None)


def by_credential(
    db: sqlite3.Connection, log: LogReader, credential_id: str, *, at: int, now: str
) -> list[KeyDetail]:
    """Return the keys that a passkey vouched for, oldest first."""
    rows = db.execute(
        f"{_COLUMNS} AND k.credential_id = :id ORDER BY k.position",
        {"at": at, "now": now, "id": credential_id},
    ).fetchall()
    return [_key(db, log, _summary(row, at)) for row in rows]


def of_user(db: sqlite3.Connection, user_id: str, *, at: int, now: str) -> list[KeySummary]:
    """Return a person's keys, including revoked ones, oldest first."""
    rows = db.execute(
        f"{_COLUMNS} AND k.user = :user ORDER BY k.position",
        {"at": at, "now": now, "user": find_stream(db, user_id)},
    ).fetchall()
    return [_summary(row, at) for row in rows]


def summaries(db: sqlite3.Connection, condition: str, given: dict[str, Any]) -> list[KeySummary]:
    """Return the keys `k` that meet a condition, as of `at` and `now` in its parameters."""
    rows = db.execute(f"{_COLUMNS} AND {condition}", given)
    return [_summary(row, given["at"]) for row in rows]


def jwk_set(db: sqlite3.Connection, *, at: int) -> list[dict[str, Any]]:
    """Return every attested key with which a person decides as a JWK, marked if it has an end.

    Who verifies an approval with the set must not take a service account's signature for one.
    Revoked keys are included: their earlier signatures must stay verifiable. The marks are those of
    OpenID Federation 1.0, historical keys: `exp`, and `revoked` with `revoked_at`.
    """
    given = {"at": at, "now": ""}  # no status is shown
    keys = [
        _summary(row, at)
        for row in db.execute(f"{_COLUMNS} AND k.service IS NULL ORDER BY k.position", given)
    ]
    return [
        msgspec.to_builtins(key.jwk)
        | {"kid": key.kid, "alg": ALGORITHMS[type(key.jwk)][0], "use": "sig"}
        | _ends(key)
        for key in keys
    ]


def _ends(key: KeySummary) -> dict[str, Any]:
    marks: dict[str, Any] = {}
    if key.expires_at is not None:
        marks["exp"] = clock.to_ms(key.expires_at) // 1000
    if key.revoked_at is not None:
        marks["revoked"] = {"revoked_at": clock.to_ms(key.revoked_at) // 1000}
        if key.compromised_since is not None:
            marks["revoked"]["reason"] = "compromised"
    return marks


def _summary(row: tuple[Any, ...], at: int) -> KeySummary:
    kid, user, jwk, credential_id, attested_at, position, revoked, *ended_by = row
    revoked_at, since, ends, home, service, re_enrolled_at, status = ended_by
    revoked_at = revoked_at if revoked <= at else re_enrolled_at
    return KeySummary(
        kid=kid,
        user=uuid_text(user),
        jwk=msgspec.json.decode(jwk, type=PublicJwk),
        credential_id=credential_id,
        status=status,
        attested_at=attested_at,
        position=position,
        revoked_at=revoked_at,
        revoked_position=revoked if revoked <= at else None,
        compromised_since=since,
        expires_at=ends,
        home=home,
        service=service_scopes.shown(service),
    )


def _key(db: sqlite3.Connection, log: LogReader, summary: KeySummary) -> KeyDetail:
    attested, passkey = _evidence(db, log, summary)
    row = db.execute("SELECT ledger, origin, rp_id FROM ledger").fetchone()
    if row is None:
        raise CorruptError("ledger_unknown", "the log has no founding event that names the ledger")
    ledger, origin, rp_id = row
    challenge = challenge_of(attested, ledger=ledger, user=summary.user)
    return KeyDetail(
        **msgspec.structs.asdict(summary),
        attestation=AttestationDetail(
            nonce=attested.nonce,
            ledger=ledger,
            challenge=b64u_encode(challenge),
            rp_id=rp_id,
            origin=origin,
            assertion=attested.assertion,
            possession=attested.possession,
            passkey_public_key=passkey.public_key,
            passkey_algorithm=passkey.algorithm,
        ),
    )


def _evidence(
    db: sqlite3.Connection, log: LogReader, summary: KeySummary
) -> tuple[KeyAdded, PasskeyAdded]:
    row = db.execute(
        "SELECT position FROM passkey WHERE credential_id = ?", (summary.credential_id,)
    ).fetchone()
    positions = [summary.position, *(row or ())]
    bodies = {recorded.position: recorded.event.body for recorded in log.events_at(positions)}
    match [bodies.get(position) for position in positions]:
        case [(KeyAttested() | ServiceAccountAdded()) as attested, PasskeyAdded() as passkey]:
            return attested, passkey
        case _:
            raise CorruptError("evidence_missing", "the log has no attestation of this key")
