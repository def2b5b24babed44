"""The sentences that pages show about policies, progress and times.

web/static/js/lib/policy.js writes the same policy sentence from the signed bytes;
tests/vectors/web/policy.json tests both.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import assert_never

from ledger.domain.policy import AnyNode, Node, Policy
from projections.statements import MemberProgress, Progress, StatementDetail

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_MOST_NAMES = 6


def moment(time: str) -> str:
    """Return `21 Nov 2026, 03:04 UTC` for a time of the ledger."""
    at = datetime.fromisoformat(time).astimezone(UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"


def moment_s(time: str) -> str:
    """Return `21 Nov 2026, 03:04:05 UTC`, for comparison with a log."""
    return f"{moment(time)[:-4]}:{datetime.fromisoformat(time):%S} UTC"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Return `A`, `A and B`, `A, B and C`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def policy_sentence(policy: Policy, names: Mapping[str, str]) -> str:
    """Return what a policy requires; `names` maps ids to people's names."""
    verb = "has" if _is_singular(policy) else "have"
    parts = [f"Approved once {_node(policy, names)} {verb} signed."]
    if not policy.creator_may_sign:
        parts.append("The creator may not sign.")
    if policy.veto:
        who = listed([_one_of(member, names) for member in policy.veto], "or")
        parts.append(f"A rejection by {who} ends it.")
    if policy.expires_at:
        parts.append(f"Closes {moment(policy.expires_at)}.")
    if policy.assurance == "passkey":
        parts.append("Every decision asks for a passkey.")
    return " ".join(parts)


def _is_singular(node: AnyNode) -> bool:
    if len(node.of) == 1 and isinstance(node.of[0], Node):
        return _is_singular(node.of[0])
    return node.threshold == 1


def _node(node: AnyNode, names: Mapping[str, str]) -> str:
    if len(node.of) == 1:
        only = node.of[0]
        if isinstance(only, Node):
            return _node(only, names)
        kind, _, name = only.partition(":")
        if kind == "role":
            return f"1 {name}" if node.threshold == 1 else f"{node.threshold} {name}s"
        return names.get(name, name)
    members = [
        f"({_node(member, names)})" if isinstance(member, Node) else _many_of(member, names)
        for member in node.of
    ]
    has_role = any(isinstance(member, str) and member.startswith("role:") for member in node.of)
    if node.threshold == len(node.of) and not has_role:
        return f"{'both' if len(members) == 2 else 'all of'} {listed(members)}"
    return f"any {node.threshold} of {listed(members)}"


def _many_of(member: str, names: Mapping[str, str]) -> str:
    kind, _, name = member.partition(":")
    return f"{name}s" if kind == "role" else names.get(name, name)


def _one_of(member: str, names: Mapping[str, str]) -> str:
    kind, _, name = member.partition(":")
    return f"any {name}" if kind == "role" else names.get(name, name)


def progress_sentence(statement: StatementDetail) -> str:
    """Return who signed, who has not decided yet, and until when."""
    signed = [d.person.name for d in statement.decisions if d.decision == "approval"]
    needed = statement.threshold
    match statement.status:
        case "approved":
            return f"Signed by {listed(signed)}; {needed} needed."
        case "rejected":
            by = [d.person.name for d in statement.decisions if d.decision == "rejection"]
            return f"Rejected by {listed(by)}. It can no longer be approved."
        case "withdrawn":
            return f"Withdrawn by {statement.creator.name}. It can no longer be approved."
        case "expired":
            closed = moment(statement.expires_at) if statement.expires_at else "its date"
            return f"Closed {closed} with {statement.progress.count} of {needed} needed."
        case "pending":
            return _pending_sentence(statement, signed)
        case never:
            assert_never(never)


def _pending_sentence(statement: StatementDetail, signed: Sequence[str]) -> str:
    needed = statement.threshold
    first = (
        f"Signed by {statement.progress.count} of {needed} needed ({listed(signed)})."
        if signed
        else f"Signed by nobody yet; {needed} needed."
    )
    parts = [first, waiting_sentence(statement.progress)]
    if statement.expires_at:
        parts.append(f"Closes {moment(statement.expires_at)}.")
    return " ".join(parts)


def waiting_sentence(progress: Progress) -> str:
    """Return who must still decide, for a node that is not met."""
    return f"Waiting for {_waiting(progress)}."


def _waiting(node: Progress) -> str:
    need = node.threshold - node.count
    people: dict[str, str] = {}
    others = 0
    for member in node.members:
        if isinstance(member, MemberProgress):
            people |= {person.id: person.name for person in member.waiting}
            others += member.more
    names = list(people.values())
    nested = [m for m in node.members if isinstance(m, Progress) and not m.met]
    if not names and len(nested) == need == 1:
        return _waiting(nested[0])
    if len(names) > _MOST_NAMES:
        others += len(names) - _MOST_NAMES
        names = names[:_MOST_NAMES]
    shown = names + [f"({_waiting(child)})" for child in nested]
    if others:
        return f"any {need} of: {', '.join(shown)} and {others} more"
    if len(shown) > need:
        return f"any {need} of: {', '.join(shown)}"
    if len(shown) < need:
        missing = f"{need - len(shown)} more who {_have(need - len(shown))} not registered yet"
        return listed([*shown, missing])
    return listed(shown)


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `4th`, `11th`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
