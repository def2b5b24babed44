"""What a policy requires, in words; people's names stand in quotation marks. Pure.

web/static/js/lib/policy.js writes the same sentence from the signed bytes;
tests/vectors/web/policy.json tests both.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ledger.domain.policy import Node, Policy
from ledger.domain.quoting import quoted

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def moment(time: str) -> str:
    """Return `21 Nov 2026, 03:04 UTC` for a time of the ledger."""
    at = datetime.fromisoformat(time).astimezone(UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"


def listed(names: Sequence[str], last: str = "and") -> str:
    """Return `A`, `A and B`, `A, B and C`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def called(user: str, names: Mapping[str, str]) -> str:
    """Return a person's name as it stands in a sentence; the id of one who is not known."""
    return quoted(names[user]) if user in names else user


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
        return called(name, names)
    members = [
        f"({node_phrase(member, names)})" if isinstance(member, Node) else many_of(member, names)
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


def many_of(member: str, names: Mapping[str, str]) -> str:
    """Return a member in the plural: `creators`, or a person's name."""
    kind, _, name = member.partition(":")
    return f"{name}s" if kind == "role" else called(name, names)


def _one_of(member: str, names: Mapping[str, str]) -> str:
    kind, _, name = member.partition(":")
    return f"any {name}" if kind == "role" else called(name, names)
