"""The moves of the small world, each through the real decisions and folds."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from uuid import UUID

import msgspec

from ledger import clock
from ledger.domain import (
    acceptance,
    charter,
    decisions,
    drafting,
    person,
    signing_keys,
    standing,
    statement,
)
from ledger.domain.approval import parse_approval
from ledger.domain.changes import effects
from ledger.domain.changes.items import SetGovernance, is_drafted_alone
from ledger.domain.changes.sources import Sources
from ledger.domain.charter import STREAM
from ledger.domain.confirmed_act import ConfirmedAct
from ledger.domain.decision_context import DecisionContext
from ledger.domain.events import Body, Effect, Event
from ledger.domain.held_passkeys import remove_passkey
from ledger.domain.passkey import AssertionEvidence
from ledger.domain.policy import Node
from ledger.domain.statement import Statement
from ledger.errors import LedgerError
from tests.support.changes import acceptance as acceptance_members
from tests.support.signers import LEDGER, NOW_MS, PARTY, Signer
from tests.support.small_world import (
    ADA,
    BEN,
    CAL,
    PENDING,
    Item,
    Move,
    State,
    Step,
    noting,
    signer,
)


def drafts(
    *items: Callable[[State], Item], by: Iterable[int] = (ADA, BEN, CAL), ends: bool = True
) -> Move:
    """Return the moves that draft a change with one of these items, and approve it."""

    def moves(state: State) -> Iterator[Step]:
        if len(state.changes) >= PENDING:
            return
        for who in by:
            for number, item in enumerate(items):
                yield from tried(lambda: _draft(state, who, item(state), number, ends=ends))  # noqa: B023  # run at once

    return moves


def _draft(state: State, who: int, item: Item, number: int, *, ends: bool) -> Step:
    rules, me = state.charter, signer(who)
    policy = msgspec.to_builtins(rules.governance)
    statement_id = str(UUID(int=(who + 1) << 64 | number | 0x4000_8000_0000_0000_0100))
    endless = {} if ends else {"policy": policy | {"assurance": "passkey"}}
    asked = {"governance": policy, "statementId": statement_id} | endless
    raw = _document(who, json.dumps([item, asked]))
    actor = rules.in_force(state.people[who])
    act = _signed(me, raw, draft=True)
    body, _ = drafting.draft(raw, act, actor, charter=rules, now_ms=me.time.ms)
    drafted = statement.evolve(None, Event(UUID(statement_id), 1, str(me.time), body))
    items = drafted.items or ()
    effects.decide(drafted.id, items, _sources(state), now_ms=me.time.ms, completes=False)
    if any(each.id == drafted.id for each in state.changes):
        raise LookupError(drafted.id)
    if is_drafted_alone(items):
        _documents.setdefault(drafted.sha256, raw)
        after = state._replace(changes=(*state.changes, drafted))
        name = f"{'ABC'[who]} drafts {drafted.title!r}"
        return Step(name, who, me.key.kid, None, after, must_confirm=False)
    return _approved(state, drafted, who, 0, confirmed=True, raw=raw)


def approvals(*, confirmed: bool = True) -> Move:
    """Return the moves that approve a waiting change, with the first or the second key."""

    def moves(state: State) -> Iterator[Step]:
        for change in state.changes:
            for who in (ADA, BEN, CAL):
                for second in (0, 1):
                    yield from tried(
                        lambda: _approved(state, change, who, second, confirmed=confirmed)  # noqa: B023  # run at once
                    )

    return moves


_documents: dict[str, bytes] = {}


def _approved(  # what one approval depends on
    state: State,
    change: Statement,
    who: int,
    second: int,
    *,
    confirmed: bool,
    raw: bytes | None = None,
) -> Step:
    me, rules = signer(who, second), state.charter
    document = _documents.setdefault(change.sha256, raw or b"")
    jws = _signed(me, document, draft=False)
    deciders = {each.user: each for each in state.people}
    context = DecisionContext(
        person=rules.in_force(state.people[who]),
        ledger=LEDGER,
        party=PARTY,
        now_ms=me.time.ms,
        charter_version=rules.version,
        assertion=_confirmation(who, second, jws) if confirmed else None,
        deciders={user: deciders[user] for user in change.approvals},
        roles=rules.signing_roles,
    )
    signed = decisions.sign(change, parse_approval(jws), context)
    found = effects.of_approval(change, signed, _sources(state), now_ms=me.time.ms)
    event = Event(UUID(change.id), change.version + 1, str(me.time), signed)
    decided = statement.evolve(change, event)
    others = tuple(each for each in state.changes if each.id != change.id)
    waiting = (*others, decided) if decided.status == "pending" else others
    after = _applied(state._replace(changes=waiting), found)
    if found:
        after = noting(state, after, change)
    name = f"{'ABC'[who]} approves {change.title!r}"
    credential = me.passkey.id if confirmed else None
    return Step(name, who, me.key.kid, credential, after, decided, found, approves=True)


def acceptances(state: State) -> Iterator[Step]:
    """Accept the governance policy in force, or the one that a waiting change sets."""
    pending = [
        (each.id, item.policy)
        for each in state.changes
        for item in each.items or ()
        if isinstance(item, SetGovernance)
    ]
    for who in (ADA, BEN, CAL):
        for change, policy in [(None, state.charter.governance), *pending]:
            yield from tried(lambda: _accept(state, who, policy, change))  # noqa: B023  # run at once


def accepts(policy: Node) -> Move:
    """Return the moves that accept this policy as if it were in force."""

    def moves(state: State) -> Iterator[Step]:
        for who in (ADA, BEN, CAL):
            yield from tried(lambda: _accept(state, who, policy, None))  # noqa: B023  # run at once

    return moves


def _accept(state: State, who: int, policy: Node, change: str | None) -> Step:
    me = signer(who)
    act = acted(who, 0, "accept-governance", **acceptance_members(policy, change))
    waiting = {each.id: each for each in state.changes}
    body = acceptance.accept(state.people[who], asked(who, act), state.charter, waiting.get)
    after = happened(state, who, body)
    name = f"{'ABC'[who]} accepts a policy of {policy.threshold}"
    return Step(name, who, me.key.kid, me.passkey.id, after)


def suspensions(state: State) -> Iterator[Step]:
    """Suspend another person at once."""
    for who in (ADA, BEN, CAL):
        for whom in (ADA, BEN, CAL):
            if who != whom:
                yield from tried(lambda: _suspend(state, who, whom))  # noqa: B023  # run at once


def _suspend(state: State, who: int, whom: int) -> Step:
    me, target = signer(who), state.people[whom]
    act = acted(who, 0, "suspend", user=target.user, reason="Left the company.")
    rules = state.charter
    body = standing.suspend(
        rules.in_force(target), rules.in_force(state.people[who]), asked(who, act), rules
    )
    after = happened(state, whom, body)
    name = f"{'ABC'[who]} suspends {'ABC'[whom]}"
    return Step(name, who, me.key.kid, me.passkey.id, after, suspended=whom)


def endings(state: State) -> Iterator[Step]:
    """End one's own second key, and one's passkeys."""
    for who in (ADA, BEN, CAL):
        yield from tried(lambda: _end_key(state, who))  # noqa: B023  # run at once
        for second in (0, 1):
            yield from tried(lambda: _end_passkey(state, who, second))  # noqa: B023  # run at once


def _end_key(state: State, who: int) -> Step:
    me = signer(who, 1)
    act = acted(who, 1, "revoke-key", kid=me.key.kid)
    asked = ConfirmedAct(act, None, LEDGER, PARTY, me.time.ms)
    body = signing_keys.revoke_key(state.people[who], me.key.kid, asked)
    after = happened(state, who, body)
    name = f"{'ABC'[who]} ends a key"
    return Step(name, who, me.key.kid, None, after, decides=False, must_confirm=False)


def _end_passkey(state: State, who: int, second: int) -> Step:
    me, credential = signer(who), signer(who, second).passkey.id
    act = acted(who, 0, "remove-passkey", credentialId=credential)
    owner = state.people[who]
    body = remove_passkey(owner, credential, asked(who, act))
    after = happened(state, who, body)
    name = f"{'ABC'[who]} ends a passkey"
    return Step(name, who, me.key.kid, me.passkey.id, after, decides=False)


_stream = cache(UUID)
NOW = clock.to_text(NOW_MS)  # the clock stands still

# --- the real decisions, once for each signature -------------------------------------------------


def tried(decide: Callable[[], Step]) -> Iterator[Step]:
    """Yield the step that a decision allows, if it does."""
    try:
        yield decide()
    except (LedgerError, LookupError):
        return


@cache
def _signature(number: int, second: int, raw: bytes, draft: bool) -> str:
    me = signer(number, second)
    return me.draft_act(raw) if draft else me.shared(raw)


def _signed(me: Signer, raw: bytes, *, draft: bool) -> str:
    number = UUID(me.user).int - 1
    second = int(me is signer(number, 1))
    return _signature(number, second, raw, draft)


@cache
def _document(number: int, item_and_members: str) -> bytes:
    item, members = json.loads(item_and_members)
    return signer(number).change(item, **members)


@cache
def acted(number: int, second: int, kind: str, **members: str | None) -> str:
    """Return a signed act, made once."""
    return signer(number, second).act(kind, key=None, **members)


@cache
def _confirmation(number: int, second: int, jws: str) -> AssertionEvidence:
    return signer(number, second).confirm(jws)


def asked(who: int, act: str) -> ConfirmedAct:
    """Return an act that a person confirms with their first passkey."""
    return ConfirmedAct(act, _confirmation(who, 0, act), LEDGER, PARTY, signer(who).time.ms)


def _sources(state: State) -> Sources:
    known = {_stream(each.user): each for each in state.people}

    def holders(role: str) -> frozenset[UUID]:
        return frozenset(stream for stream, each in known.items() if role in each.roles)

    def nothing(stream: UUID) -> Statement:
        raise LookupError(stream)

    return Sources(state.charter, lambda users: [known[user] for user in users], holders, nothing)


def happened(state: State, whom: int, body: Body) -> State:
    """Return the state after an event of a person."""
    stream = UUID(state.people[whom].user)
    return _applied(state, (Effect(stream, body),))  # type: ignore[arg-type]  # folded alike


def _applied(state: State, found: Iterable[Effect]) -> State:
    rules, people = state.charter, {_stream(each.user): each for each in state.people}
    for stream, body in found:
        if stream == STREAM:
            rules = charter.evolve(rules, Event(stream, rules.version + 1, NOW, body))
        else:
            known = people[stream]
            people[stream] = person.evolve(known, Event(stream, known.version + 1, NOW, body))
    return state._replace(charter=rules, people=tuple(people.values()))
