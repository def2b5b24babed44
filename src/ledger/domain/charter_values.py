"""The values of the charter: who may register, the floor, the longest wait, untyped drafts. Pure.

A change sets all of them together. The floor is the least that the policy of a statement asks for.
It is compared when the statement is drafted, and once more at each approval.
"""

import msgspec

from ledger.domain import policy
from ledger.domain.policy import Node, Policy
from ledger.domain.vocabulary import Assurance, RegistrationMode
from ledger.encoding import SafeInteger, jcs, sha256_hex
from ledger.errors import ConflictError, MalformedError
from ledger.jose.fillings import MAX_THRESHOLD

HOUR_MS = 3_600_000
DEFAULT_MAX_AGE_MS = 400 * 24 * HOUR_MS
MOST_HOURS = 87_840  # 3,660 days


class Floor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What every policy asks for at least.

    `people` is the least number of people, `creator_may_sign` False keeps the creator's approval
    out, `assurance` "passkey" asks for a passkey with every decision.
    """

    people: SafeInteger
    creator_may_sign: bool
    assurance: Assurance


class CharterValues(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The values of the charter.

    `max_age` is how long a statement can be pending if its policy has no end, in milliseconds.
    `untyped` tells whether statements without a type may be drafted.
    """

    registration: RegistrationMode
    floor: Floor
    max_age: SafeInteger
    untyped: bool


NO_FLOOR = Floor(people=1, creator_may_sign=True, assurance="key")


def founding(registration: RegistrationMode) -> CharterValues:
    """Return the values of a new ledger."""
    return CharterValues(registration, NO_FLOOR, DEFAULT_MAX_AGE_MS, untyped=True)


def digest(values: CharterValues) -> str:
    """Return the digest that a change of these values must state as `was`."""
    return sha256_hex(jcs(msgspec.to_builtins(values)))


def check(values: CharterValues) -> None:
    """Raise MalformedError `change_invalid` for values that no charter can have."""
    if not 1 <= values.floor.people <= MAX_THRESHOLD:
        raise MalformedError("change_invalid", f"a floor asks for 1 to {MAX_THRESHOLD} people")
    check_age(values.max_age, "change_invalid")


def check_age(age_ms: int, code: str) -> None:
    """Raise MalformedError with this code unless an age is 1 to 87,840 whole hours."""
    hours, rest = divmod(age_ms, HOUR_MS)
    if rest or not 1 <= hours <= MOST_HOURS:
        raise MalformedError(code, f"maxAge is 1 to {MOST_HOURS:,} whole hours, in milliseconds")


def shortfall(rules: Policy, floor: Floor) -> str | None:
    """Return how a policy is below the floor, as a sentence; None if it is not.

    A policy that no number of people meets is not below: `places.require_possible` refuses it.
    """
    people = policy.min_people(rules)
    if people is not None and people < floor.people:
        return f"this ledger asks for {floor.people} people at least, and {people} can meet this"
    if rules.creator_may_sign and not floor.creator_may_sign:
        return "this ledger asks that the creator of a statement does not approve it"
    if rules.assurance == "key" and floor.assurance == "passkey":
        return "this ledger asks for a passkey with every decision"
    return None


def require_floor(rules: Policy, floor: Floor) -> None:
    """Raise ConflictError `below_floor` for a statement's policy that is below the floor."""
    below = shortfall(rules, floor)
    if below is not None:
        raise ConflictError("below_floor", below)


def require_governance(governance: Node, floor: Floor) -> None:
    """Raise ConflictError `below_floor` if fewer people meet governance than the floor asks for.

    The floor's other members do not concern governance: it counts the drafter of a change, and a
    passkey confirms every decision on a change.
    """
    if (policy.min_people(governance) or 0) < floor.people:
        detail = f"the floor asks for {floor.people} people, and governance would ask for fewer"
        raise ConflictError("below_floor", detail)
