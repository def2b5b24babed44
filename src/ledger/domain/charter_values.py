"""The values of the charter: what a ledger asks of people, of their keys and of statements. Pure.

A change sets all of them together. The floor is the least that the policy of a statement asks for.
It is compared when the statement is drafted, and once more at each approval.
"""

import msgspec
from msgspec import UNSET, UnsetType

from ledger.domain import policy
from ledger.domain.policy import Node, Policy
from ledger.domain.vocabulary import HOMES, Assurance, KeyHome, RegistrationMode
from ledger.encoding import SafeInteger, jcs, sha256_hex
from ledger.errors import ConflictError, MalformedError
from ledger.jose.fillings import MAX_THRESHOLD

HOUR_MS = 3_600_000
DEFAULT_MAX_AGE_MS = 400 * 24 * HOUR_MS
MOST_HOURS = 87_840  # 3,660 days
LEAST_WAIT_MS = 24 * HOUR_MS
MOST_WAIT_MS = 30 * LEAST_WAIT_MS


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
    `untyped` tells whether statements without a type may be drafted. `homes` are the only ones that
    new signing keys may have, sorted; `recovery_wait` is how long a recovery waits, in
    milliseconds. A charter without these two members allows every home, and waits for 24 hours.
    """

    registration: RegistrationMode
    floor: Floor
    max_age: SafeInteger
    untyped: bool
    homes: tuple[KeyHome, ...] | UnsetType = UNSET
    recovery_wait: SafeInteger | UnsetType = UNSET

    @property
    def allowed_homes(self) -> tuple[KeyHome, ...]:
        """The homes that new signing keys may have."""
        return HOMES if isinstance(self.homes, UnsetType) else self.homes

    @property
    def recovery_wait_ms(self) -> int:
        """How long a recovery waits."""
        return LEAST_WAIT_MS if isinstance(self.recovery_wait, UnsetType) else self.recovery_wait


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
    wait_ms = values.recovery_wait_ms
    if wait_ms % HOUR_MS or not LEAST_WAIT_MS <= wait_ms <= MOST_WAIT_MS:
        detail = "recoveryWait is 24 to 720 whole hours, in milliseconds"
        raise MalformedError("change_invalid", detail)
    _check_homes(values.allowed_homes)


def waits_until_ms(before: CharterValues, after: CharterValues, *, at_ms: int) -> int:
    """Return when a wait ends that a change shortens, 0 for a change that does not."""
    shorter = after.recovery_wait_ms < before.recovery_wait_ms
    return at_ms + before.recovery_wait_ms if shorter else 0


def _check_homes(homes: tuple[KeyHome, ...]) -> None:
    """Require homes in order, one of them in a browser: a program's key changes no charter."""
    if list(homes) != sorted(set(homes)):
        raise MalformedError("change_invalid", "homes are sorted, each of them once")
    if set(homes) <= {"program"}:
        detail = "homes has one of device, session and synced: people sign changes in a browser"
        raise MalformedError("change_invalid", detail)


def check_age(age_ms: int, code: str) -> None:
    """Raise MalformedError with this code unless an age is 1 to 87,840 whole hours."""
    hours, rest = divmod(age_ms, HOUR_MS)
    if rest or not 1 <= hours <= MOST_HOURS:
        raise MalformedError(code, f"maxAge is 1 to {MOST_HOURS:,} whole hours, in milliseconds")


def require_home(values: CharterValues, home: KeyHome) -> None:
    """Raise ConflictError `home_not_allowed` for a home that no new signing key may have."""
    if home not in values.allowed_homes:
        allowed = ", ".join(values.allowed_homes)
        raise ConflictError("home_not_allowed", f"this ledger accepts new keys of: {allowed}")


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
