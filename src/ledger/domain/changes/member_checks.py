"""What a member of an item must be in every state, by the member's name. Pure."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from ledger import clock
from ledger.domain import charter_values, policy
from ledger.domain.document import parse_uuid
from ledger.domain.key_material import require_prime_order
from ledger.domain.policy import Node, Policy
from ledger.domain.statement_types import parse_definition
from ledger.domain.vocabulary import TypePending
from ledger.encoding import SHA256_HEX
from ledger.errors import MalformedError

MAX_GOVERNORS = 256
ROLE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


def _check_policy(node: Node) -> None:
    policy.check(Policy(threshold=node.threshold, of=node.of))


def _check_role(name: str) -> None:
    if not ROLE_NAME.fullmatch(name):
        raise invalid("a role's name has 1 to 64 characters of a-z, 0-9 and -, first a letter")


def check_digest(text: str) -> None:
    """Raise MalformedError `change_invalid` unless a text is a SHA-256 in hex."""
    if not SHA256_HEX.fullmatch(text):
        raise invalid("a digest has 64 hex characters in lower case")


def check_definition(definition: str, was: str | None, pending: TypePending | None) -> None:
    """Raise MalformedError `change_invalid` unless a later version states `was` and `pending`."""
    is_first = parse_definition(definition).definition.version == 1
    if (was is None) != is_first or (pending is None) != is_first:
        raise invalid("a version after the first states `was` and `pending`, and no first one does")


def check_governors(people: Sequence[tuple[str, str]] | None, rules: Node) -> None:
    """Raise MalformedError unless a policy for two or more states people, each once.

    `people` are ids, each with the SHA-256 of a COSE key.
    """
    stated = people or ()
    for user, cose in stated:
        parse_uuid(user)
        check_digest(cose)
    if len({user for user, _ in stated}) != len(stated) or len(stated) > MAX_GOVERNORS:
        raise invalid(f"people are at most {MAX_GOVERNORS}, each of them once")
    if (people is not None) != policy.asks_for_two(rules):
        raise invalid("a policy states people if it asks for two or more, and only then")


# By member: what it must be in every state.
MEMBER_CHECKS: dict[str, Callable[[Any], object]] = {
    "invitation": parse_uuid,
    "user": parse_uuid,
    "name": parse_uuid,
    "statement": parse_uuid,
    "role": _check_role,
    "key": require_prime_order,
    "expires_at": clock.to_ms,
    "since": clock.to_ms,
    "was": check_digest,
    "cose": check_digest,
    "values": charter_values.check,
    "policy": _check_policy,
}


def invalid(detail: str) -> MalformedError:
    """Return the error for an item that no change can have."""
    return MalformedError("change_invalid", detail)
