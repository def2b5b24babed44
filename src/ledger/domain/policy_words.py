"""What a policy requires, in words; people's names stand in quotation marks. Pure.

web/static/js/lib/policy.js writes the same sentence from the signed bytes;
tests/vectors/web/policy.json tests both. Commands and verifiers speak English; pages give the texts
of their reader's language.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Literal

from ledger.domain.policy import Node, Policy
from ledger.domain.quoting import quoted

Say = Callable[..., str]  # a text by its key, with its values

# web/locale/en.json has the same texts, and a test compares them.
ENGLISH: Mapping[str, str] = {
    "list.and": "{first} and {last}",
    "list.or": "{first} or {last}",
    "time.months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "time.moment": "{day} {month} {year}, {clock} UTC",
    "policy.once.one": "Approved once {asked} has signed.",
    "policy.once.other": "Approved once {asked} have signed.",
    "policy.steps": "Approved in {n} steps: first {steps}.",
    "policy.then": "{first}, then {last}",
    "policy.creator": "The creator may not sign.",
    "policy.veto": "A rejection by {people} ends it.",
    "policy.closes": "Closes {time}.",
    "policy.passkey": "Every decision asks for a passkey.",
    "policy.holders.one": "{count} {role}",
    "policy.holders.other": "{count} {role}s",
    "policy.both": "both {members}",
    "policy.all": "all of {members}",
    "policy.any": "any {n} of {members}",
    "policy.enough": "{n} {role}s are enough, without {others}.",
    "policy.many": "{role}s",
    "policy.anybody": "any {role}",
}


def english(key: str, /, **values: object) -> str:
    """Return an English text with its values; with `count`, that of one or of several."""
    if "count" in values:
        key += ".one" if values["count"] == 1 else ".other"
    return ENGLISH[key].format(**values)


def moment(time: str, say: Say = english) -> str:
    """Return `21 Nov 2026, 03:04 UTC` for a time of the ledger."""
    at = datetime.fromisoformat(time).astimezone(UTC)
    month = say("time.months").split()[at.month - 1]
    return say("time.moment", day=at.day, month=month, year=at.year, clock=f"{at:%H:%M}")


def listed(names: Sequence[str], last: Literal["and", "or"] = "and", say: Say = english) -> str:
    """Return `A`, `A and B`, `A, B and C`."""
    if len(names) < 2:
        return "".join(names)
    return say(f"list.{last}", first=", ".join(names[:-1]), last=names[-1])


def called(user: str, names: Mapping[str, str]) -> str:
    """Return a person's name as it stands in a sentence; the id of one who is not known."""
    return quoted(names[user]) if user in names else user


def policy_sentence(policy: Policy, names: Mapping[str, str], say: Say = english) -> str:
    """Return what a policy requires; `names` maps ids to people's names."""
    if policy.ordered:
        asked = [node_phrase(step, names, say) for step in policy.ordered]
        steps = reduce(lambda first, last: say("policy.then", first=first, last=last), asked)
        parts = [say("policy.steps", n=len(asked), steps=steps)]
    else:
        count = 1 if _is_singular(policy.root) else 2
        parts = [say("policy.once", asked=node_phrase(policy.root, names, say), count=count)]
    parts += hints(policy.root, names, say)
    if not policy.creator_may_sign:
        parts.append(say("policy.creator"))
    if policy.veto:
        who = [_one_of(member, names, say) for member in policy.veto]
        parts.append(say("policy.veto", people=listed(who, "or", say)))
    if policy.expires_at:
        parts.append(say("policy.closes", time=moment(policy.expires_at, say)))
    if policy.assurance == "passkey":
        parts.append(say("policy.passkey"))
    return " ".join(parts)


def _is_singular(node: Node) -> bool:
    if len(node.of) == 1 and isinstance(node.of[0], Node):
        return _is_singular(node.of[0])
    return node.threshold == 1


def node_phrase(node: Node, names: Mapping[str, str], say: Say = english) -> str:
    """Return whom a policy or node asks for, e.g. `any 2 of creators and investors`."""
    if len(node.of) == 1:
        only = node.of[0]
        if isinstance(only, Node):
            return node_phrase(only, names, say)
        kind, _, name = only.partition(":")
        if kind == "role":
            return say("policy.holders", role=name, count=node.threshold)
        return called(name, names)
    members = [
        f"({node_phrase(each, names, say)})"
        if isinstance(each, Node)
        else many_of(each, names, say)
        for each in node.of
    ]
    has_role = any(isinstance(member, str) and member.startswith("role:") for member in node.of)
    asked = listed(members, "and", say)
    if node.threshold == len(node.of) and not has_role:
        return say("policy.both" if len(members) == 2 else "policy.all", members=asked)
    return say("policy.any", n=node.threshold, members=asked)


def hints(node: Node, names: Mapping[str, str], say: Say = english) -> list[str]:
    """Return what the thresholds do not ask for, although they may seem to."""
    nodes = [each for each in node.of if isinstance(each, Node)]
    below = [hint for each in nodes for hint in hints(each, names, say)]
    roles = [each for each in node.of if isinstance(each, str) and each.startswith("role:")]
    if not roles or len(node.of) < 2 or node.threshold != len(node.of):
        return below
    others = [
        f"({node_phrase(each, names, say)})"
        if isinstance(each, Node)
        else _one_of(each, names, say)
        for each in node.of
        if each != roles[0]
    ]
    role, without = roles[0].removeprefix("role:"), listed(others, "or", say)
    return [say("policy.enough", n=node.threshold, role=role, others=without), *below]


def many_of(member: str, names: Mapping[str, str], say: Say = english) -> str:
    """Return a member in the plural: `creators`, or a person's name."""
    kind, _, name = member.partition(":")
    return say("policy.many", role=name) if kind == "role" else called(name, names)


def _one_of(member: str, names: Mapping[str, str], say: Say) -> str:
    kind, _, name = member.partition(":")
    return say("policy.anybody", role=name) if kind == "role" else called(name, names)
