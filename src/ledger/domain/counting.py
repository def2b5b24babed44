"""Which recorded decisions count: those that are not in question. Pure.

A decision is in question if its key, or the passkey that confirmed it, was compromised by then. It
counts for no later status, and its person may decide again.
"""

from collections.abc import Mapping

import msgspec

from ledger.domain.events import (
    StatementDecision,
    StatementRejected,
    StatementSigned,
    StatementWithdrawn,
)
from ledger.domain.person import Person


class RecordedDecision(msgspec.Struct, frozen=True):
    """A decision in the log: what a later decision needs to know of it."""

    roles: frozenset[str]
    at: str
    kid: str
    credential_id: str | None = None
    step: int | None = None  # that an approval fills, of a policy with steps


RecordedDecisions = Mapping[str, RecordedDecision]


def recorded(body: StatementDecision, at: str) -> RecordedDecision:
    """Return a decision as a later one needs to know it; `at` is its event's time."""
    if isinstance(body, StatementWithdrawn):  # no role and no passkey is asked for
        return RecordedDecision(frozenset(), at, body.kid)
    credential = None if body.assertion is None else body.assertion.credential_id
    step = body.step if isinstance(body, StatementSigned) else None
    roles = body.roles if isinstance(body, StatementSigned | StatementRejected) else ()
    return RecordedDecision(frozenset(roles), at, body.kid, credential, step)


def in_question(person: Person, decision: RecordedDecision) -> bool:
    """Tell whether a person's decision was made with what was compromised by then."""
    key = person.keys.get(decision.kid)
    passkey = person.passkeys.get(decision.credential_id or "")
    dates = [each.compromised_since for each in (key, passkey) if each is not None]
    # Times have one form, so their texts sort as the times do.
    return any(since is not None and since <= decision.at for since in dates)


def counted(
    decisions: RecordedDecisions, people: Mapping[str, Person]
) -> dict[str, frozenset[str]]:
    """Return who decided, with the roles that count, without the decisions in question."""
    return {
        user: each.roles for user, each in decisions.items() if not in_question(people[user], each)
    }


def steps_of(approvals: RecordedDecisions) -> dict[str, int]:
    """Return the step of each approval, of a policy with steps."""
    return {user: each.step for user, each in approvals.items() if each.step is not None}


def stands(decisions: RecordedDecisions, person: Person) -> bool:
    """Tell whether one of these decisions is this person's and not in question."""
    mine = decisions.get(person.user)
    return mine is not None and not in_question(person, mine)


def without(decisions: RecordedDecisions, user: str) -> dict[str, RecordedDecision]:
    """Return the decisions of everybody else."""
    return {name: each for name, each in decisions.items() if name != user}
