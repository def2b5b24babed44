"""A small world of statements: three people, a statement and a new version of it, and every move.

The moves go through the real decisions and folds, and a move that a decision refuses leads nowhere.
small_statement_judge.py says in plain terms what no step may do.
"""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import decisions, drafting, statement, uses, versions
from ledger.domain.approval import parse_approval
from ledger.domain.decision_context import DecisionContext
from ledger.domain.events import Body, Event
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.person import Person
from ledger.domain.statement import Statement
from ledger.errors import LedgerError
from ledger.jose import CompactJws
from tests.support.signers import CHARTER, LEDGER, NOW_MS, PARTY, Signer
from tests.support.versions import copied

ADA, BEN, CAL = range(3)
PEOPLE = tuple(Signer(number + 1, "creator") for number in range(3))
NAMED = tuple(f"user:{each.user}" for each in PEOPLE)
IDS = tuple(f"7d3c2a52-1f6a-4a52-8b39-0d5c53a4f00{number}" for number in (1, 2))
LATER_MS = 60_000
ENDS = clock.to_text(NOW_MS + LATER_MS)
OUTCOMES = ("done", "not-done", "unknown")


class Rules(NamedTuple):
    """The policies of the statement and of its new version, in JSON; Ben can use each."""

    policy: str
    newer: str
    times: int = 1


class World(NamedTuple):
    """The statement and its new version, whether Cal's key is compromised, and if it is late."""

    rules: Rules
    both: tuple[Statement | None, Statement | None]
    questioned: bool = False
    late: bool = False

    @property
    def now_ms(self) -> int:
        return NOW_MS + (LATER_MS if self.late else 0)

    def key(self) -> tuple[object, ...]:
        """Return what tells this world from others: neither versions nor signed times."""
        return (self.questioned, self.late, *(each and _key(each) for each in self.both))


class Step(NamedTuple):
    """What somebody did to which of the two; the passing of time has no actor."""

    name: str
    kind: str
    actor: int | None
    target: int
    after: World
    confirmed: bool = False


def _key(each: Statement) -> tuple[object, ...]:
    given = {user: one.step for user, one in each.approvals.items()}
    refused = frozenset(each.rejections)
    return each.status, frozenset(given.items()), refused, each.uses, each.creator


def person(world: World, who: int) -> Person:
    """Return somebody as they are: Cal's key can be compromised from its beginning on."""
    known = PEOPLE[who].person
    if who != CAL or not world.questioned:
        return known
    keys = {
        kid: msgspec.structs.replace(key, revoked=True, compromised_since=key.added_at)
        for kid, key in known.keys.items()
    }
    return msgspec.structs.replace(known, keys=keys)


@cache
def document(rules: Rules, who: int, target: int) -> bytes:
    """Return the document of the statement, or of its new version by somebody."""
    usable = {"by": [NAMED[BEN]], "times": rules.times, "until": ENDS}
    policy = json.loads(rules.newer if target else rules.policy)
    older = {"supersedes": copied(document(rules, ADA, 0))} if target else {}
    return PEOPLE[who].document(
        statementId=IDS[target], policy=policy, usable=usable, readers=[NAMED[CAL]], **older
    )


def first(rules: Rules) -> World:
    """Return the world in which Ada has drafted the statement."""
    return _drafted(World(rules, (None, None)), ADA, 0)


def _drafted(world: World, who: int, target: int) -> World:
    raw = document(world.rules, who, target)
    body, _ = drafting.draft(
        raw,
        PEOPLE[who].draft_act(raw),
        person(world, who),
        charter=CHARTER,
        now_ms=world.now_ms,
        find=lambda _: world.both[0],
    )
    return _fold(world, target, body)


def _fold(world: World, target: int, body: Body) -> World:
    before, both = world.both[target], list(world.both)
    version = 1 + (0 if before is None else before.version)
    event = Event(UUID(IDS[target]), version, clock.to_text(world.now_ms), body)
    after = both[target] = statement.evolve(before, event)
    for effect in versions.effects(before, after):
        older = both[0]
        assert older is not None
        at = clock.to_text(world.now_ms)
        ended = Event(effect.stream, older.version + 1, at, effect.body)
        both[0] = statement.evolve(older, ended)
    return world._replace(both=(both[0], both[1]))


# --- moves ---------------------------------------------------------------------------------------


def steps(world: World) -> Iterator[Step]:
    """Yield every step that somebody can take."""
    for who in (ADA, BEN, CAL):
        if world.both[1] is None:
            yield from _tried("draft", who, 1, lambda: _drafted(world, who, 1))  # noqa: B023  # run at once
        for target, each in enumerate(world.both):
            if each is not None:
                yield from _decisions(world, who, target, each)
                yield from _uses(world, who, target, each)
    if not world.questioned:
        yield Step("Cal's key is stolen", "theft", None, 0, world._replace(questioned=True))
    if not world.late:
        yield Step("time passes", "time", None, 0, world._replace(late=True))


def _tried(
    kind: str, who: int, target: int, move: Callable[[], World], *, confirmed: bool = False
) -> Iterator[Step]:
    try:
        after = move()
    except LedgerError:
        return
    name = f"{('Ada', 'Ben', 'Cal')[who]}: {kind} {target + 1}"
    yield Step(name, kind, who, target, after, confirmed)


def _decisions(world: World, who: int, target: int, subject: Statement) -> Iterator[Step]:
    def decide(kind: str) -> World:
        act: Any = _act(world, who, subject, kind, reason="It is a mistake.")
        if kind == "sign":
            raw = document(world.rules, _creator(subject), target)
            act = _approval(who, raw, _iat(world, who, subject))
        body = getattr(decisions, kind)(subject, act, _context(world, who, target))
        return _fold(world, target, body)

    for kind in ("sign", "reject", "retract", "withdraw"):
        yield from _tried(kind, who, target, lambda: decide(kind))  # noqa: B023  # run at once


def _uses(world: World, who: int, target: int, subject: Statement) -> Iterator[Step]:
    def use(nonce: str) -> World:
        act = _act(world, who, subject, "use", nonce=nonce)
        return _fold(world, target, uses.use(subject, act, _context(world, who, target)))

    for number in {0, len(subject.uses)}:
        yield from _tried("use", who, target, lambda: use(f"{number:022}"))  # noqa: B023  # run at once

    def report(number: int, generation: int, outcome: str, *, confirmed: bool) -> World:
        members: dict[str, Any] = {"number": number, "generation": generation, "outcome": outcome}
        act = _act(world, who, subject, "outcome", **members)
        shown = _confirmation(who, act) if confirmed else None
        return _fold(world, target, uses.report(subject, act, _context(world, who, target, shown)))

    for each in subject.uses:
        for outcome in OUTCOMES:
            for confirmed in (False, True):
                yield from _tried(
                    f"report {outcome}",
                    who,
                    target,
                    lambda: report(each.number, each.generation, outcome, confirmed=confirmed),  # noqa: B023  # run at once
                    confirmed=confirmed,
                )


def _context(
    world: World, who: int, target: int, shown: AssertionEvidence | None = None
) -> DecisionContext:
    known = {each.user: person(world, number) for number, each in enumerate(PEOPLE)}
    older = world.both[0] if target else None
    mine = person(world, who)
    return DecisionContext(mine, LEDGER, PARTY, world.now_ms, 1, shown, known, earlier=older)


def _creator(subject: Statement) -> int:
    return next(number for number, each in enumerate(PEOPLE) if each.user == subject.creator)


def _iat(world: World, who: int, subject: Statement) -> int:
    return max(world.now_ms // 1000, subject.decided.get(PEOPLE[who].user, 0) + 1)


def _act(world: World, who: int, subject: Statement, kind: str, **members: Any) -> str:
    about: dict[str, Any] = {"statementId": subject.id, "sha256": subject.sha256}
    said = about | {"iat": _iat(world, who, subject)} | members
    return _signed(who, kind, tuple(said.items()))


@cache
def _signed(who: int, kind: str, members: tuple[tuple[str, Any], ...]) -> str:
    said: dict[str, Any] = dict(members)
    return PEOPLE[who].act(kind, **said)


@cache
def _approval(who: int, raw: bytes, iat: int) -> CompactJws:
    return parse_approval(PEOPLE[who].shared(raw, iat=iat))


@cache
def _confirmation(who: int, act: str) -> AssertionEvidence:
    return PEOPLE[who].confirm(act)


# --- search --------------------------------------------------------------------------------------


def explore(world: World, *, depth: int, states: int) -> Iterator[tuple[World, Step, list[str]]]:
    """Yield every step from every world, breadth first, with the steps that led there."""
    seen, waiting = {_digest(world)}, deque([(world, [""][:0])])
    while waiting:
        here, path = waiting.popleft()
        for step in steps(here):
            trace = [*path, step.name]
            yield here, step, trace
            key = _digest(step.after)
            if key not in seen and len(trace) < depth and len(seen) < states:
                seen.add(key)
                waiting.append((step.after, trace))


def _digest(world: World) -> bytes:
    """Return 16 bytes for a world: the deep form remembers millions."""
    return hashlib.blake2b(repr(_ordered(world.key())).encode(), digest_size=16).digest()


def _ordered(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    return [*map(_ordered, value)] if isinstance(value, tuple) else value
