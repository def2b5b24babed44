"""The progress of a replayed statement's policy: what each node misses, and which step is open."""

import msgspec

from ledger.domain import places, steps
from ledger.domain.counting import steps_of
from ledger.domain.policy import Node, RolesByPerson
from ledger.domain.statement import Statement
from ledger.domain.vocabulary import Status


class ReplayedProgress(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A policy's node: its threshold, how many people it misses, and its members.

    `missing` is null if the people who can sign cannot meet it, or nobody can sign any more. In a
    policy with steps, `open_step` is the number of the open one while the statement is pending.
    """

    threshold: int
    missing: int | None
    of: "list[str | ReplayedProgress]"
    open_step: int | None = None


def replayed_progress(
    state: Statement, approvals: RolesByPerson, able: RolesByPerson, status: Status
) -> ReplayedProgress:
    """Return the progress after the approvals that count; `able` can still approve."""
    rules = state.policy
    if not rules.ordered:
        return _of_node(rules.root, approvals, able)
    filled = steps_of(state.approvals)
    found = places.missing(rules, approvals, able, steps=filled)
    further = {user: able[user] for user in able.keys() - approvals.keys()}
    return ReplayedProgress(
        threshold=len(rules.ordered),
        missing=None if found is None else found.people,
        of=[
            _of_node(node, steps.of_step(number, approvals, filled), further)
            for number, node in enumerate(rules.ordered, start=1)
        ],
        open_step=steps.open_step(rules, approvals, filled) if status == "pending" else None,
    )


def _of_node(node: Node, approvals: RolesByPerson, able: RolesByPerson) -> ReplayedProgress:
    found = places.missing(node, approvals, able)
    return ReplayedProgress(
        threshold=node.threshold,
        missing=None if found is None else found.people,
        of=[each if isinstance(each, str) else _of_node(each, approvals, able) for each in node.of],
    )
