"""Judge the small world of statements in plain terms: no rule of the ledger decides here."""

import json
from collections.abc import Iterable
from typing import Any

from ledger.domain.statement import Statement
from tests.support.small_statements import BEN, CAL, PEOPLE, Step, World, explore


def faults(before: World, step: Step) -> list[str]:
    """Return what a step breaks."""
    return [
        fault
        for target, (was, now) in enumerate(zip(before.both, step.after.both, strict=True))
        if now is not None
        for fault in (
            *_of_status(before, step, target, was, now),
            *_of_uses(before, step, target, was, now),
        )
    ]


def _of_status(
    before: World, step: Step, target: int, was: Statement | None, now: Statement
) -> Iterable[str]:
    status = "pending" if was is None else was.status
    if status not in ("pending", now.status) and (status, now.status) != ("approved", "superseded"):
        yield "a final status changes"
    if was is None and now.creator != PEOPLE[0].user:
        yield "a stranger makes a new version"
    if status != "pending" and was is not None and was.approvals.keys() - now.approvals.keys():
        yield "an approval is taken back after the end"
    policy = json.loads(before.rules.newer if target else before.rules.policy)
    if now.status == "approved" and status == "pending":
        yield from _of_approval(before, policy, now)
    if step.kind == "sign" and step.target == target and "steps" in policy:
        yield from _of_order(policy, was, now)


def _of_approval(before: World, policy: dict[str, Any], now: Statement) -> Iterable[str]:
    given = {f"user:{user}" for user in now.approvals}
    if not _enough(policy, given):
        yield "approved by fewer people than the policy asks for"
    older = before.both[0]
    replaces = now.supersedes is not None and older is not None and older.status == "approved"
    if replaces and not _enough(json.loads(before.rules.policy), given):
        yield "approved without those whom the version before asks for"


def _enough(policy: dict[str, Any], given: set[str]) -> bool:
    nodes = policy.get("steps") or [policy]
    assert isinstance(nodes, list)
    return all(len(given & {*node["of"]}) >= node["threshold"] for node in nodes)


def _of_order(policy: dict[str, Any], was: Statement | None, now: Statement) -> Iterable[str]:
    """Of the two steps, the second takes nobody until the first is complete.

    An approval that fills no step counts for the version before alone.
    """
    nodes = policy["steps"]
    assert isinstance(nodes, list)
    earlier = {f"user:{user}" for user in was.approvals} if was is not None else set()
    filling = {user for user, each in now.approvals.items() if each.step is not None}
    new = {f"user:{user}" for user in filling} - earlier
    opened = len(earlier & {*nodes[0]["of"]}) >= nodes[0]["threshold"]
    if new & {*nodes[1]["of"]} and not opened:
        yield "a later step is taken first"


def _of_uses(
    before: World, step: Step, target: int, was: Statement | None, now: Statement
) -> Iterable[str]:
    old = () if was is None else was.uses
    if sum(not each.freed for each in now.uses) > before.rules.times:
        yield "used too often"
    if len({(each.user, each.nonce) for each in now.uses}) < len(now.uses):
        yield "the same use counts twice"
    if len(now.uses) > len(old):
        yield from _of_a_use(before, was, now)
    for earlier, later in zip(old, now.uses, strict=False):
        if earlier == later:
            continue
        actor = PEOPLE[step.actor].user if step.actor is not None else ""
        if later.freed and (actor == later.user or earlier.outcome != "not-done"):
            yield "freed without a report of its executor and another person"
        if later.freed and not step.confirmed:
            yield "freed without a passkey"
        if later.freed and later.generation > 1:
            yield "freed twice"
        if not later.freed and (actor != later.user or earlier.outcome in ("done", "not-done")):
            yield "another outcome replaces the executor's"


def _of_a_use(before: World, was: Statement | None, now: Statement) -> Iterable[str]:
    if was is None or was.status != "approved":
        yield "used without an approval"
    if now.uses[-1].user != PEOPLE[BEN].user:
        yield "used by a stranger"
    if before.late:
        yield "used after its end"
    counting = {f"user:{user}" for user in now.approvals}
    if before.questioned:
        counting -= {f"user:{PEOPLE[CAL].user}"}
    policy = before.rules.newer if now.supersedes is not None else before.rules.policy
    if not _enough(json.loads(policy), counting):
        yield "used on approvals in question"


def broken(world: World, *, depth: int, states: int) -> list[str]:
    """Return the first trace that breaks something, with what it breaks; nothing if none does."""
    for before, step, trace in explore(world, depth=depth, states=states):
        if found := faults(before, step):
            return [*trace, *found]
    return []
