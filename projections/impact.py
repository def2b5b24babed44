"""What a change would do to pending statements: those that nobody could approve any more.

It is computed before the change is signed, from the effects that the server would record.
"""

import sqlite3
from collections.abc import Iterable, Sequence, Set

import msgspec

from ledger.domain.events import (
    CharterSet,
    CompromiseSet,
    Effect,
    GovernanceSet,
    RoleClosed,
    RoleEnded,
    RoleGranted,
    StandingSet,
)
from ledger.domain.holdings import key_reference, passkey_reference
from ledger.domain.policy import Policy
from ledger.domain.readers import Reader
from ledger.domain.vocabulary import AUDITOR, PersonStanding
from projections import calls, changes, floor, readers, rules, users, versions
from projections.decisions import decided_by
from projections.outlook import Decided, Roles, able, missing, to_meet
from projections.rows import json_list
from projections.spans import search
from projections.summaries import StatementSummary, summaries

LISTED = 5
EXAMINED = 200  # pending statements that one answer looks at
_ASKS = (
    "EXISTS(SELECT 1 FROM statement_member m WHERE m.statement = s.id"
    " AND m.asked AND m.member IN (SELECT value FROM json_each(:members)))"
)


class NamedStatement(msgspec.Struct, frozen=True):
    """A statement's id and title."""

    id: str
    title: str


class Impact(msgspec.Struct, frozen=True, rename="camel"):
    """The pending statements that nobody could approve any more.

    Five of those that the asker may read are listed.

    `is_complete` tells whether every pending statement was looked at, or only the newest 200.
    """

    count: int
    statements: list[NamedStatement]
    is_complete: bool


class _Move(msgspec.Struct):
    """What the effects do to one person."""

    roles: Set[str]
    standing: PersonStanding
    held: Set[str]  # references to the live passkeys and keys


def impact(
    db: sqlite3.Connection,
    effects: Sequence[Effect],
    reader: Reader,
    *,
    at: int,
    now: str,
    content: str | None = None,
) -> Impact:
    """Return what these effects would do to pending statements as of a position.

    `content` is that of the change: a pending change with the same content is left out.
    """
    closed = {each.body.role for each in effects if isinstance(each.body, RoleClosed)}
    moves = _moves(db, effects, at, now)
    asked = {f"role:{role}" for role in closed}
    for user, (before, _) in moves.items():
        asked.add(f"user:{user}")
        asked.update(f"role:{role}" for role in before.roles)
    given = {"at": at, "now": now, "below": at + 1, "members": json_list(sorted(asked))}
    numbers, last = search(db, "pending", _ASKS, given, EXAMINED)
    lost = {
        each.position: NamedStatement(each.id, each.title)
        for each in summaries(db, numbers, at=at, now=now)
        if _is_lost(db, each, moves, closed, at, now)
    }
    outdated, more = _outdated(db, effects, at, now)
    below, further = _below_floor(db, effects, at, now)
    lost |= outdated | below
    if content is not None and lost:
        lost = {
            number: each for number, each in lost.items() if changes.content(db, number) != content
        }
    named = sorted(readers.readable(db, reader, lost), reverse=True)[:LISTED]
    is_complete = last is None and not more and not further
    return Impact(len(lost), [lost[number] for number in named], is_complete)


def _outdated(
    db: sqlite3.Connection, effects: Sequence[Effect], at: int, now: str
) -> tuple[dict[int, NamedStatement], bool]:
    """Return the pending changes that state the present policy, if the effects replace it.

    Whether there are more than were looked at comes second.
    """
    policies = [each.body.policy for each in effects if isinstance(each.body, GovernanceSet)]
    if not policies:
        return {}, False
    present = rules.in_force(db, at=at).governance
    waiting = changes.pending(db, at=at, now=now, limit=EXAMINED)
    found = {}
    for each in waiting.items:
        stated = calls.policy_of(db, each.position)
        if stated.root == present:
            found[each.position] = NamedStatement(each.id, each.title)
    return found, waiting.next is not None


def _below_floor(
    db: sqlite3.Connection, effects: Sequence[Effect], at: int, now: str
) -> tuple[dict[int, NamedStatement], bool]:
    """Return the pending statements that the effects put below the floor.

    Whether there are more than were looked at comes second.
    """
    floors = [each.body.values.floor for each in effects if isinstance(each.body, CharterSet)]
    present = floor.in_force(db, at=at)
    if not floors or floors[-1] == present:
        return {}, False
    given = {"at": at, "now": now, "below": at + 1}
    numbers, last = search(db, "pending", "TRUE", given, EXAMINED)
    found = {}
    for each in summaries(db, numbers, at=at, now=now):
        policy = calls.policy_of(db, each.position)
        before, after = (
            floor.is_below(db, each.position, policy, bound) for bound in (present, floors[-1])
        )
        if after and not before:
            found[each.position] = NamedStatement(each.id, each.title)
    return found, last is not None


def _moves(
    db: sqlite3.Connection, effects: Iterable[Effect], at: int, now: str
) -> dict[str, tuple[_Move, _Move]]:
    """Return the people whom the effects touch, each as before and after."""
    found: dict[str, tuple[_Move, _Move]] = {}
    for stream, body in effects:
        if not isinstance(body, RoleGranted | RoleEnded | StandingSet | CompromiseSet):
            continue
        user = str(stream)
        if user not in found:
            known = users.by_id(db, user, at=at, now=now)
            if known is None:
                continue
            held = {*map(passkey_reference, known.credential_ids), *map(key_reference, known.kids)}
            state = _Move(set(known.roles), known.standing, held)
            found[user] = state, msgspec.structs.replace(state)
        after = found[user][1]
        match body:
            case RoleGranted(role=role):
                after.roles = after.roles | {role}
            case RoleEnded(role=role):
                after.roles = after.roles - {role}
            case StandingSet(standing=standing):
                after.standing = standing
            case CompromiseSet(compromised=compromised, also=also):
                after.held = after.held - {compromised, *also}
    return found


def _is_lost(
    db: sqlite3.Connection,
    shown: StatementSummary,
    moves: dict[str, tuple[_Move, _Move]],
    closed: Set[str],
    at: int,
    now: str,
) -> bool:
    """Tell whether today's people can meet what a statement has to, and could not afterwards."""
    rules, replaced = calls.policy_of(db, shown.position), versions.replaced_by(db, shown.position)
    creator, number = shown.creator.id, shown.position
    decided = decided_by(db, [number], at=at)[number]
    asked = to_meet(rules, replaced, creator, decided)
    # As many more holders of each role as the change could take away.
    count = len(decided.approved) + len(decided.rejected) + len(moves)
    before = [able(db, policy, decided=count, at=at, now=now) for policy, _ in asked]
    after = [_after(willing, moves, closed) for willing in before]
    return _all_met(asked, creator, before) and not _all_met(asked, creator, after)


def _all_met(
    asked: Sequence[tuple[Policy, Decided]], creator: str, able_for: Sequence[Roles]
) -> bool:
    return all(
        missing(policy, creator, decided, willing) is not None
        for (policy, decided), willing in zip(asked, able_for, strict=True)
    )


def _after(willing: Roles, moves: dict[str, tuple[_Move, _Move]], closed: Set[str]) -> Roles:
    found = {user: frozenset(roles) for user, roles in willing.items() if user not in moves}
    for user, (_, after) in moves.items():
        if after.standing == "active" and after.held:
            found[user] = frozenset(after.roles)
    left = {user: roles - closed for user, roles in found.items()}
    return {user: roles for user, roles in left.items() if not roles <= {AUDITOR}}
