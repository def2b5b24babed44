"""Turn commands into events: load, decide, save.

A decision runs on cached states and records what it read. The store appends the events only if all
of that is unchanged; otherwise the writer decides again on fresh states. So decisions are
serializable in log order, for any number of processes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import reduce
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec

from ledger import clock
from ledger.domain import policy
from ledger.domain.charter import STREAM, Charter
from ledger.domain.document import parse_uuid
from ledger.domain.events import Body, Event, actor, claims
from ledger.domain.person import Person
from ledger.domain.policy import Policy
from ledger.domain.receipts import request_key
from ledger.domain.statement import Statement
from ledger.domain.unique_names import credential_name, kid_name, role_prefix
from ledger.errors import (
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
    StaleError,
    UnavailableError,
)
from ledger.store.log import GroupCommit, Log
from ledger.store.writes import Receipt, Write

MAX_TRIES = 20


class Answer(msgspec.Struct, frozen=True):
    """The answer to a durable command: its JSON, and whether the request was a repetition."""

    body: bytes
    position: int
    repeated: bool
    actor: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """The events to append to one stream whose state is `before`, and the answer's members."""

    stream: UUID
    before: Any
    evolve: Callable[[Any, Event], Any]
    bodies: tuple[Body, ...]
    answer: dict[str, object]


class Reading:
    """The states that a decision reads, with their versions."""

    def __init__(self, log: Log, now_ms: int, *, fresh: bool = False) -> None:
        self._log = log
        self._fresh = fresh
        self.now_ms = now_ms
        self.versions: dict[UUID, int] = {}
        self.counts: dict[str, int] = {}

    def charter(self) -> Charter:
        """Return the charter, which exists after the first start."""
        charter = self._log.charter()
        if charter is None:
            raise UnavailableError("not_founded", "this ledger is not founded yet")
        return charter

    def person(self, user: UUID) -> Person:
        """Return a person; raise NotFoundError `user_unknown`."""
        if self._fresh:
            self._log.forget((user,))
        person = self._log.person(user)
        if person is None:
            raise NotFoundError("user_unknown", "there is no such person")
        self.versions[user] = person.version
        return person

    def signer(self, kid: str) -> Person:
        """Return the owner of a signing key; raise RefusedError `key_unknown`."""
        return self.person(self._owner(kid_name(kid), "key_unknown", "no such signing key"))

    def holder(self, credential_id: str) -> Person:
        """Return the owner of a passkey; raise RefusedError `passkey_unknown`."""
        name = credential_name(credential_id)
        return self.person(self._owner(name, "passkey_unknown", "no such passkey"))

    def _owner(self, name: str, code: str, detail: str) -> UUID:
        owner = self._log.store.claimed(name)
        if owner is None:
            raise RefusedError(code, detail)
        return owner

    def statement(self, stream: UUID) -> Statement:
        """Return a statement; raise NotFoundError `statement_unknown`."""
        statement = self._log.statement(stream)
        if statement is None:
            raise NotFoundError("statement_unknown", "there is no such statement")
        self.versions[stream] = statement.version
        return statement

    def eligible(self, rules: Policy) -> dict[str, frozenset[str]]:
        """Return the people whom the policy's members cover now, each with the covering roles."""
        people: dict[str, frozenset[str]] = {}
        for member in policy.members(rules):
            kind, _, name = member.partition(":")
            if kind == "role":
                prefix = role_prefix(name)
                holders = self._log.store.claims(prefix)
                self.counts[prefix] = len(holders)
                found = {str(user): frozenset({name}) for _, user in holders}
            else:
                found = self._named(name)
            for user, roles in found.items():
                people[user] = people.get(user, frozenset()) | roles
        return people

    def _named(self, user: str) -> dict[str, frozenset[str]]:
        try:
            stream = parse_uuid(user)
        except MalformedError:  # not a possible id
            return {}
        try:
            return {user: self.person(stream).roles}
        except NotFoundError:  # registering in the meantime makes this decision stale
            if not self._log.store.stream(stream, limit=1):
                self.versions[stream] = 0
            return {}

    def forget(self) -> None:
        """Drop the cached states, so that the next decision loads them again."""
        self._log.forget((*self.versions, STREAM))


Decider = Callable[[Reading], Plan | Awaitable[Plan]]


class Writer:
    """Turn decisions into durable events, exactly once for each piece of evidence."""

    def __init__(self, log: Log, commits: GroupCommit) -> None:
        self.log = log
        self._commits = commits
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._last_ms = 0

    def now_ms(self) -> int:
        """Return the time in milliseconds since 1970; it never decreases within a process."""
        self._last_ms = max(self._last_ms, time.time_ns() // 1_000_000)
        return self._last_ms

    def reading(self, *, fresh: bool = False) -> Reading:
        """Return an empty reading at the present time.

        Use `fresh` for answers that no commit checks. It loads people from the file, because the
        cache may be older than another process's commit.
        """
        return Reading(self.log, self.now_ms(), fresh=fresh)

    def known(self, kind: str, evidence: str) -> Answer | None:
        """Return the earlier answer to this evidence, None if there is none."""
        receipt = self.log.store.receipt(request_key(kind, evidence))
        return None if receipt is None else _answer(receipt)

    async def write(self, kind: str, evidence: str, stream: UUID, decide: Decider) -> Answer:
        """Decide, append and answer; repeat the first answer for the same evidence.

        A decision that costs much may be awaited: a thread makes it while other requests are
        answered, and the commit checks what it read as it does for any other.
        Raises what `decide` raises, UnavailableError `contended` or `storage_failed`.
        """
        key = request_key(kind, evidence)
        # One writer at a time for each stream, so that they do not make each other's decisions
        # stale.
        lock = self._locks.setdefault(stream, asyncio.Lock())
        async with lock:
            return await self._write(key, decide)

    async def _write(self, key: bytes, decide: Decider) -> Answer:
        refused = False
        for _ in range(MAX_TRIES):
            reading = self.reading()
            try:
                decided = decide(reading)
                plan = decided if isinstance(decided, Plan) else await decided
            except LedgerError:
                known = self.log.store.receipt(key)
                if known is not None:
                    return _answer(known)
                if refused:
                    raise
                # The cache may be older than another process's commit: refuse only on fresh states.
                refused = True
                reading.forget()
                continue
            try:
                events = _events(plan, reading)
                receipt = await self._commits.append(self._to_write(key, plan, events, reading))
            except StaleError:
                reading.forget()
                continue
            if not receipt.repeated:
                self.log.remember(plan.stream, reduce(plan.evolve, events, plan.before))
            return _answer(receipt, None if receipt.repeated else actor(events[-1]))
        raise UnavailableError("contended", "too many concurrent requests; try again")

    def _to_write(
        self, key: bytes, plan: Plan, events: tuple[Event, ...], reading: Reading
    ) -> Write:
        return Write(
            key=key,
            events=tuple(map(self.log.mapper.to_stored_event, events)),
            answer=msgspec.json.encode(plan.answer),
            claims=tuple((name, event.stream) for event in events for name in claims(event)),
            reads=tuple((s, v) for s, v in reading.versions.items() if s != plan.stream),
            counts=tuple(reading.counts.items()),
        )


def _events(plan: Plan, reading: Reading) -> tuple[Event, ...]:
    at = clock.to_text(reading.now_ms)
    first = 1 if plan.before is None else plan.before.version + 1
    return tuple(
        Event(stream=plan.stream, version=version, at=at, body=body)
        for version, body in enumerate(plan.bodies, start=first)
    )


def _answer(receipt: Receipt, who: str | None = None) -> Answer:
    place = b'{"position":%d,"leafIndex":%d' % (receipt.position, receipt.position - 1)
    rest = receipt.answer[1:]
    body = place + (b"," if rest != b"}" else b"") + rest
    return Answer(body=body, position=receipt.position, repeated=receipt.repeated, actor=who)
