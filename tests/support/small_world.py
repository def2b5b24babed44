"""A small world: three people with two keys and two passkeys each, and every move they can make.

The moves go through the real decisions and folds. A move that a decision refuses leads nowhere. The
judge knows none of the ledger's code: it says in plain terms what no reachable state may be.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from ledger.domain.changes.items import Admit, ReEnrol
from ledger.domain.charter import Charter
from ledger.domain.events import Effect
from ledger.domain.governance import has_place, needs_grant, policy_digest
from ledger.domain.person import Person
from ledger.domain.policy import Node, asks_for_two
from ledger.domain.statement import Statement
from tests.support.changes import GOVERNANCE, governors
from tests.support.fixed_keys import fixed_passkey
from tests.support.keys import ed25519_key
from tests.support.signers import CHARTER, NOW_MS, Signer

ADA, BEN, CAL = range(3)
PENDING = 2  # changes that may wait at the same time
ADMINISTRATOR = "administrator"
Item = dict[str, Any]


class State(NamedTuple):
    """The ledger's rules, its three people, and the changes that wait.

    `admitted` are the digests of the keys that people compared when they admitted a passkey;
    `before_raise` the invitations that were open when governance began to ask for more people;
    `let_back` are those who were suspended when a change let them come back.
    """

    charter: Charter
    people: tuple[Person, ...]
    changes: tuple[Statement, ...] = ()
    admitted: frozenset[str] = frozenset()
    before_raise: frozenset[str] = frozenset()
    let_back: frozenset[str] = frozenset()

    def key(self) -> tuple[object, ...]:
        """Return what tells this state from others: neither versions nor whose key signed."""
        rules = self.charter
        return (
            rules.governance,
            rules.values,
            rules.defined,
            rules.closed,
            tuple(
                (
                    each.roles,
                    (each.standing, each.suspension_stays, each.role_ended_at is not None),
                    live(each),
                    frozenset(each.accepted.items()),
                    _coming(each),
                )
                for each in self.people
            ),
            self.admitted,
            self.before_raise,
            self.let_back,
            frozenset((each.id, each.cancelled) for each in rules.invitations.values()),
            frozenset(
                (each.items, each.policy, frozenset(each.approvals)) for each in self.changes
            ),
        )


class Step(NamedTuple):
    """What somebody did: with which key and passkey, to which change, with which effects.

    Only the end of one's own keys `decides` nothing. That of a key, and the draft of a change of
    governance, need no passkey. A day that passes and the use of a link have no actor.
    """

    name: str
    actor: int | None
    kid: str
    credential_id: str | None
    after: State
    change: Statement | None = None
    effects: tuple[Effect, ...] = ()
    suspended: int | None = None
    cancelled: int | None = None  # whose re-enrolment
    redeemed: int | None = None  # whose link
    invited: str | None = None  # the invitation by which somebody new came
    decides: bool = True
    approves: bool = False
    must_confirm: bool = True


Move = Callable[[State], Iterator[Step]]


def moves_of(who: int, *moves: Move) -> Move:
    """Return only those of these moves that this person makes."""

    def mine(state: State) -> Iterator[Step]:
        return (step for move in moves for step in move(state) if step.actor == who)

    return mine


def live(who: Person) -> frozenset[str]:
    """Return the references of a person's keys and passkeys that have not ended."""
    keys = {kid for kid, each in who.keys.items() if not each.revoked}
    return frozenset(keys | {n for n, each in who.passkeys.items() if each.is_live(NOW_MS)})


def _coming(who: Person) -> tuple[object, ...]:
    """Return what waits for a person to come back: a link, a passkey, its admission."""
    new = who.re_enrolling
    return who.link is not None, new and (new.active_from, new.needs_admission), who.re_enrolled_at


@cache
def signer(number: int, second: int = 0) -> Signer:
    """Return a person with their first or second key and passkey, or those of a later device."""
    device = 10 * (number + 1) + second
    return Signer(number + 1, key=ed25519_key(device), passkey=fixed_passkey(device))


def somebody(number: int, *roles: str) -> Person:
    """Return a person with two keys and two passkeys."""
    mine = [signer(number, second) for second in (0, 1)]
    found = mine[0].person_with(*(each.key for each in mine))
    passkeys = {each.passkey.id: each.known_passkey for each in mine}
    return msgspec.structs.replace(found, roles=frozenset(roles), passkeys=passkeys)


def world(governance: Node, *roles: str) -> State:
    """Return the first state: who has which role, and how changes are approved."""
    people = tuple(
        msgspec.structs.replace(
            somebody(number, role), accepted={policy_digest(governance): frozenset({role})}
        )
        for number, role in enumerate(roles)
    )
    return State(msgspec.structs.replace(CHARTER, governance=governance), people)


def having_accepted(state: State, policy: Node) -> State:
    """Return a state in which everybody has accepted a policy that is not in force yet."""
    people = tuple(
        msgspec.structs.replace(each, accepted=each.accepted | {policy_digest(policy): each.roles})
        for each in state.people
    )
    return state._replace(people=people)


def noting(before: State, after: State, change: Statement) -> State:
    """Return the state after a change, with what the judge has to know about how it came about."""
    admitted = {each.cose for each in change.items or () if isinstance(each, Admit)}
    was, now = before.charter, after.charter
    open_ = {each.id for each in was.invitations.values() if not each.cancelled}
    left_over = open_ if now.governance.threshold > was.governance.threshold else set()
    returning = {each.user for each in change.items or () if isinstance(each, ReEnrol)}
    suspended = {each.user for each in before.people if each.standing == "suspended"}
    return after._replace(
        admitted=before.admitted | admitted,
        before_raise=before.before_raise | left_over,
        let_back=(before.let_back - returning) | (returning & suspended),
    )


def without_passkeys(state: State, who: int) -> State:
    """Return a state in which all passkeys of a person have ended."""
    people = list(state.people)
    ended = {
        name: msgspec.structs.replace(each, removed=True)
        for name, each in people[who].passkeys.items()
    }
    people[who] = msgspec.structs.replace(people[who], passkeys=ended)
    return state._replace(people=tuple(people))


# --- items ---------------------------------------------------------------------------------------


def about(what: str, who: int, role: str | None = None) -> Callable[[State], Item]:
    """Return an item about a person."""
    member = {"user": str(UUID(int=who + 1))} | ({} if role is None else {"role": role})

    def item(state: State) -> Item:
        compared = role is not None and needs_grant(role, state.charter.governance)
        cose = {"cose": signer(who).passkey.cose_sha256}
        return {what: member | (cose if what == "grant-role" and compared else {})}

    return item


def of_role(what: str, role: str) -> Callable[[State], Item]:
    """Return an item about a role."""
    return lambda _: {what: {"role": role}}


def govern(threshold: int, *members: str) -> Callable[[State], Item]:
    """Return an item that sets the governance policy."""
    policy = {"threshold": threshold, "of": list(members or GOVERNANCE["of"])}
    node = msgspec.convert(policy, Node)

    def item(state: State) -> Item:
        rules = state.charter
        member: Item = {"policy": policy, "was": policy_digest(rules.governance)}
        people = enumerate(map(rules.in_force, state.people))
        places = [who for who, each in people if has_place(each, node)]
        if asks_for_two(node):
            member["people"] = governors(*map(signer, places))
        return {"set-governance": member}

    return item


# --- search --------------------------------------------------------------------------------------


def explore(
    first: State, moves: Iterable[Move], *, depth: int, states: int
) -> Iterator[tuple[State, Step, list[str]]]:
    """Yield every step from every state, breadth first, with the names of the steps that led there.

    It stops at a depth, or when it has met this many states.
    """
    moves = list(moves)
    seen = {first.key()}
    waiting: deque[tuple[State, list[str]]] = deque([(first, [])])
    while waiting:
        state, path = waiting.popleft()
        for move in moves:
            for step in move(state):
                trace = [*path, step.name]
                yield state, step, trace
                key = step.after.key()
                if key not in seen and len(trace) < depth and len(seen) < states:
                    seen.add(key)
                    waiting.append((step.after, trace))
