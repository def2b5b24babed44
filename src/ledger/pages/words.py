"""The sentences that pages show about policies, progress and times.

web/static/js/lib/policy.js writes the same policy sentence from the signed bytes;
tests/vectors/web/policy.json tests both.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import assert_never

from ledger.domain.policy import Node, Policy
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
    if policy.ordered:
        asked = [node_phrase(step, names) for step in policy.ordered]
        parts = [f"Approved in {len(asked)} steps: first {', then '.join(asked)}."]
    else:
        verb = "has" if _is_singular(policy.root) else "have"
        parts = [f"Approved once {node_phrase(policy.root, names)} {verb} signed."]
    parts += hints(policy.root, names)
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


def _is_singular(node: Node) -> bool:
    if len(node.of) == 1 and isinstance(node.of[0], Node):
        return _is_singular(node.of[0])
    return node.threshold == 1


def node_phrase(node: Node, names: Mapping[str, str]) -> str:
    """Return whom a policy or node asks for, e.g. `any 2 of creators and investors`."""
    if len(node.of) == 1:
        only = node.of[0]
        if isinstance(only, Node):
            return node_phrase(only, names)
        kind, _, name = only.partition(":")
        if kind == "role":
            return f"1 {name}" if node.threshold == 1 else f"{node.threshold} {name}s"
        return names.get(name, name)
    members = [
        f"({node_phrase(member, names)})" if isinstance(member, Node) else _many_of(member, names)
        for member in node.of
    ]
    has_role = any(isinstance(member, str) and member.startswith("role:") for member in node.of)
    if node.threshold == len(node.of) and not has_role:
        return f"{'both' if len(members) == 2 else 'all of'} {listed(members)}"
    return f"any {node.threshold} of {listed(members)}"


def hints(node: Node, names: Mapping[str, str]) -> list[str]:
    """Return what the thresholds do not ask for, although they may seem to."""
    below = [hint for each in node.of if isinstance(each, Node) for hint in hints(each, names)]
    roles = [each for each in node.of if isinstance(each, str) and each.startswith("role:")]
    if not roles or len(node.of) < 2 or node.threshold != len(node.of):
        return below
    others = [
        f"({node_phrase(each, names)})" if isinstance(each, Node) else _one_of(each, names)
        for each in node.of
        if each != roles[0]
    ]
    role = roles[0].removeprefix("role:")
    return [f"{node.threshold} {role}s are enough, without {listed(others, 'or')}.", *below]


def _many_of(member: str, names: Mapping[str, str]) -> str:
    kind, _, name = member.partition(":")
    return f"{name}s" if kind == "role" else names.get(name, name)


def _one_of(member: str, names: Mapping[str, str]) -> str:
    kind, _, name = member.partition(":")
    return f"any {name}" if kind == "role" else names.get(name, name)


def progress_sentence(statement: StatementDetail) -> str:
    """Return who signed, who has not decided yet, and until when."""
    approvals = [d for d in statement.decisions if d.decision == "approval"]
    signed = [d.person.name for d in approvals if not d.retracted]
    match statement.status:
        case "approved":
            return f"Signed by {listed(signed)}; {statement.needed} needed."
        case "rejected":
            by = [d.person.name for d in statement.decisions if d.decision == "rejection"]
            return f"Rejected by {listed(by)}. It can no longer be approved."
        case "withdrawn":
            return f"Withdrawn by {statement.creator.name}. It can no longer be approved."
        case "expired":
            by_whom = listed(signed) or "nobody"
            return f"Closed {moment(statement.expires_at)}. Signed by {by_whom}: not enough."
        case "pending":
            return _pending_sentence(statement, signed)
        case never:
            assert_never(never)


def _pending_sentence(statement: StatementDetail, signed: Sequence[str]) -> str:
    who = listed(signed) or "nobody yet"
    parts = [f"Signed by {who}; {statement.needed} needed.", waiting_sentence(statement)]
    if statement.policy.get("expiresAt"):
        parts.append(f"Closes {moment(statement.expires_at)}.")
    return " ".join(parts)


def waiting_sentence(statement: StatementDetail) -> str:
    """Return how many people are still missing from a pending statement, and who can help.

    In a policy with steps, these are the people of the open step.
    """
    if statement.outlook == "all_rejected":
        return "Everybody who could still approve it has rejected it."
    progress = statement.progress
    if progress.missing is None:
        return "The people who can sign today cannot meet its policy."
    if progress.open_step is None:
        return _who_is_missing(progress, progress.missing)
    step = progress.members[progress.open_step - 1]
    if isinstance(step, MemberProgress) or step.missing is None:
        return "The people who can sign today cannot meet its policy."
    says = _who_is_missing(step, step.missing)
    return f"Step {progress.open_step} of {progress.threshold} is open. {says}"


def _who_is_missing(node: Progress, missing: int) -> str:
    people, others = _who_can_help(node)
    names = list(people.values())
    if others == 0 and len(names) == missing:
        return f"Waiting for {listed(names)}."
    if others == 0 and len(names) < missing:
        return f"{_more(missing)} needed: {listed(names)}, and people who have rejected it so far."
    if len(names) > _MOST_NAMES:
        others += len(names) - _MOST_NAMES
        names = names[:_MOST_NAMES]
    if all(isinstance(member, MemberProgress) for member in node.members):
        shown = f"{', '.join(names)}{f' and {others} more' if others else ''}"
        return f"Waiting for any {missing} of: {shown}."
    shown = listed([*names, f"{others} more"] if others else names, "or")
    return f"{_more(missing)} needed. An approval by {shown} helps."


def _more(count: int) -> str:
    return "1 more person is" if count == 1 else f"{count} more people are"


def _who_can_help(node: Progress) -> tuple[dict[str, str], int]:
    """Return the people whose approval helps, id to name, and how many more there are."""
    people: dict[str, str] = {}
    others = 0
    for member in node.members:
        if isinstance(member, Progress):
            below, more = _who_can_help(member)
            people |= below
        else:
            more = member.more if member.helps else 0
            people |= {each.id: each.name for each in member.waiting if member.helps}
        others = max(others, more)  # a person can stand in two members
    return people, others


def group_sentence(node: Progress) -> str:
    """Return what a group or step of the policy needs, if it stands alone."""
    asks = f"{node.threshold} of these"
    if node.step is not None:
        asks = f"Step {node.step}: {asks}"
    if node.missing == 0:
        return f"{asks}: complete"
    return asks if node.missing is None else f"{asks}: {node.missing} missing"
