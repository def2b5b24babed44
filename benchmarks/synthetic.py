"""Logs of any size for measuring reads: real stored states, signatures not verified."""

import json
import os
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent

from ledger import clock
from ledger.domain import events
from ledger.domain.charter_values import DEFAULT_MAX_AGE_MS
from ledger.domain.events import Body, Event, StatementDrafted, StatementSigned
from ledger.jose import SigningKey
from ledger.store.log import EventMapper
from ledger.store.ports.log import LogStore, Write
from ledger.store.sqlite.store import SqliteLog

BATCH = 4_000
NOW_MS = 1_795_230_245_678


def grow(store: LogStore, people: list[UUID], statements: int) -> None:
    """Append drafts of 1 KiB documents with three approvals each, in batches.

    The first two approvals are by `people[0]` and `people[1]`. Every fourth statement gets only one
    approval, so it stays pending and waits in the other inboxes.
    """
    mapper, key, rows = EventMapper(None), SigningKey.generate(), list[StoredEvent]()  # type: ignore[arg-type]  # our mapper transcodes nothing
    signature = key.sign(b"x" * 1024, typ="JWT", iat=1)
    for number in range(statements):
        stream = uuid4()
        bodies = _bodies(stream, people, number, key.kid, signature)
        at = clock.to_text(NOW_MS + number)
        for version, body in enumerate(bodies, start=1):
            event = Event(stream=stream, version=version, at=at, body=body)
            rows.append(mapper.to_stored_event(event))
        if len(rows) >= BATCH:
            _append(store, rows)
            rows = []
    _append(store, rows)


def _bodies(stream: UUID, people: list[UUID], number: int, kid: str, signature: str) -> list[Body]:
    creator = str(people[0])
    document = json.dumps(
        {
            "content": json.dumps({"amount": number, "notes": "as agreed " * 60}),
            "createdAt": clock.to_text(NOW_MS + number),
            "creator": creator,
            "ledger": "benchmark",
            "policy": {"threshold": 2, "of": ["role:creator", "role:investor"]},
            "statementId": str(stream),
            "title": f"Terms of round {number}",
        }
    )
    drafted = StatementDrafted(
        document=document,
        creator=creator,
        kid=kid,
        act=signature[:400],
        ends_at=clock.to_text(NOW_MS + number + DEFAULT_MAX_AGE_MS),
    )
    signers = people[:1] if number % 4 == 0 else people[:3]
    signed = [
        StatementSigned(
            signer=str(signer),
            kid=kid,
            roles=("creator" if place == 1 else "investor",),
            form="shared",
            iat=1,
            status="pending" if place == 1 else "approved",
            jws=signature,
        )
        for place, signer in enumerate(signers, start=1)
    ]
    return [drafted, *signed]


def _append(store: LogStore, rows: list[StoredEvent]) -> None:
    if rows:
        (outcome,) = store.append([Write(key=os.urandom(32), events=tuple(rows))])
        if isinstance(outcome, Exception):
            raise outcome


def people_of(store: SqliteLog) -> list[UUID]:
    """Return the people of a log in order of registration."""
    states = store.read(0, 1_000)
    found = [events.decode(state) for _, state in states]
    return [each.stream for each in found if isinstance(each.body, events.UserRegistered)]
