"""What a policy requires, and when, in the language of the present answer.

`ledger.domain.policy_words` makes the sentences; these give them the texts of the catalogue.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from ledger.domain import policy_words
from ledger.domain.policy import Node, Policy
from ledger.domain.policy_words import called
from ledger.pages.texts import text

__all__ = [
    "called",
    "hints",
    "listed",
    "many_of",
    "moment",
    "moment_s",
    "node_phrase",
    "policy_sentence",
]


def moment(time: str) -> str:
    """Return a time to the minute, as `21 Nov 2026, 03:04 UTC`."""
    return policy_words.moment(time, text)


def moment_s(time: str) -> str:
    """Return a time to the second, for comparison with a log."""
    at = moment(time)
    return f"{at.removesuffix(' UTC')}:{datetime.fromisoformat(time):%S} UTC"


def listed(names: Sequence[str], last: Literal["and", "or"] = "and") -> str:
    """Return `A`, `A and B`, `A, B and C`."""
    return policy_words.listed(names, last, text)


def policy_sentence(policy: Policy, names: Mapping[str, str]) -> str:
    """Return what a policy requires; `names` maps ids to people's names."""
    return policy_words.policy_sentence(policy, names, text)


def node_phrase(node: Node, names: Mapping[str, str]) -> str:
    """Return whom a policy or node asks for, e.g. `any 2 of creators and investors`."""
    return policy_words.node_phrase(node, names, text)


def hints(node: Node, names: Mapping[str, str]) -> list[str]:
    """Return what the thresholds do not ask for, although they may seem to."""
    return policy_words.hints(node, names, text)


def many_of(member: str, names: Mapping[str, str]) -> str:
    """Return a member in the plural: `creators`, or a person's name."""
    return policy_words.many_of(member, names, text)
