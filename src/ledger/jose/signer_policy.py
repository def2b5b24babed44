"""Policies over outcomes: M of N, required signers, nested groups. Each signer fills one place.

A signer is the registered identity of the key that verified an entry, or else its thumbprint. It is
never a `kid`, because anybody can write one. Signatures are not counted either, because one key can
make many. HMAC signatures prove no signer and count only if a policy allows them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from ledger.errors import MalformedError, RefusedError
from ledger.jose.fillings import (
    MAX_MEMBERS,
    MAX_NESTED,
    MAX_THRESHOLD,
    UNLIMITED,
    fillings,
    lack,
    reach,
)
from ledger.jose.outcome import Outcome, Verification

ANYONE = "*"

Reason = Literal["met", "surplus", "duplicate", "unknown", "failed"]


class SignerGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Has `threshold` places for `of`: signers' names, `*` for anyone, or nested groups.

    A nested group that is met fills one place. Its own places need signers who fill no other.
    """

    threshold: int
    of: "tuple[str | SignerGroup, ...]" = (ANYONE,)


class SignerPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A group, with signers who are required besides, and whether HMAC counts."""

    threshold: int = 1
    of: tuple[str | SignerGroup, ...] = (ANYONE,)
    required: tuple[str, ...] = ()
    hmac: bool = False


class Judgement(msgspec.Struct, frozen=True):
    """The result for one entry (`index`)."""

    reason: Reason
    signer: str | None
    index: int
    detail: str = ""


class SignerVerdict(msgspec.Struct, frozen=True):
    """Whether a policy is met, by which distinct signers, and a judgement of every entry.

    `missing` is the least number of further signers that would meet it. `helping` names those whose
    signature would lower it, in the order of the policy; `*` is anyone.
    """

    met: bool
    signers: tuple[str, ...]
    missing: int
    helping: tuple[str, ...]
    judgements: tuple[Judgement, ...]


def all_of(*members: str | SignerGroup) -> SignerPolicy:
    """Return the policy that requires all these signers and groups."""
    return check(SignerPolicy(threshold=len(members), of=members))


def check(policy: SignerPolicy) -> SignerPolicy:
    """Return the policy.

    Raises MalformedError `policy_too_complex` for more than 8 nested groups, 4,096 members or a
    threshold above 256; `policy_invalid` for any other fault, and if no signers could meet it.
    """
    _places(policy)
    return policy


def parse_signer_policy(value: object) -> SignerPolicy:
    """Return the policy of decoded JSON: an object, or a number for that many of any signers.

    Raises MalformedError as `check` does.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return check(SignerPolicy(threshold=value))
    try:
        return check(msgspec.convert(value, SignerPolicy))
    except (msgspec.ValidationError, RecursionError) as error:
        raise _invalid("a policy has only threshold, of, required and hmac") from error


def evaluate(
    policy: SignerPolicy,
    outcomes: Verification | Sequence[Outcome],
    *,
    identities: Mapping[str, str] | None = None,
    known_only: bool = False,
) -> SignerVerdict:
    """Return the verdict on outcomes; `identities` maps key thumbprints to signers' names.

    With `known_only`, keys without a registered identity are `unknown` and do not count.
    An entry is `met` if it counts; `surplus` if the policy does not ask for its signer; `duplicate`
    if an earlier entry has the same signer; `failed` if it did not verify. Raises MalformedError as
    `check` does.
    """
    places = _places(policy)
    listed = outcomes.outcomes if isinstance(outcomes, Verification) else outcomes
    names = {} if identities is None else identities
    present: dict[str, int] = {}
    judged = [_judge(policy, each, names, present, known_only) for each in listed]
    missing, helping = places.missing(present.keys())
    counted = tuple(name for name in present if places.asks_for(name))
    return SignerVerdict(missing == 0, counted, missing, helping, tuple(judged))


def require(
    policy: SignerPolicy,
    outcomes: Verification | Sequence[Outcome],
    *,
    identities: Mapping[str, str] | None = None,
    known_only: bool = False,
) -> SignerVerdict:
    """Return the verdict if the policy is met, else raise RefusedError `signer_policy_not_met`."""
    verdict = evaluate(policy, outcomes, identities=identities, known_only=known_only)
    if not verdict.met:
        raise RefusedError(
            "signer_policy_not_met",
            f"more distinct signers needed: {verdict.missing}",
            missing=verdict.missing,
            helping=list(verdict.helping),
        )
    return verdict


def _judge(
    policy: SignerPolicy,
    outcome: Outcome,
    identities: Mapping[str, str],
    present: dict[str, int],
    known_only: bool,
) -> Judgement:
    if not outcome.verified:
        return Judgement("failed", None, outcome.index, outcome.error.code)
    known = outcome.signer in identities
    name = identities.get(outcome.signer, outcome.signer)
    if outcome.key_type == "oct" and not policy.hmac:
        return Judgement("surplus", name, outcome.index, "a shared secret proves no signer")
    if known_only and not known:
        return Judgement("unknown", name, outcome.index, "the key has no registered identity")
    if name in present:
        return Judgement("duplicate", name, outcome.index, f"the same signer as {present[name]}")
    present[name] = outcome.index
    if not _places(policy).asks_for(name):
        reason: Reason = "surplus" if known else "unknown"
        return Judgement(reason, name, outcome.index, "the policy does not ask for this signer")
    return Judgement("met", name, outcome.index)


class _Places:
    """The groups of a policy by number, and for each name the groups that name it, as bits."""

    def __init__(self, policy: SignerPolicy) -> None:
        groups = _groups(policy)
        self._count = len(groups)
        self._required = dict.fromkeys(policy.required)
        self._bits: dict[str, int] = {}
        for number, group in enumerate(groups):
            for name in _names(group):
                self._bits[name] = self._bits.get(name, 0) | 1 << number
        self._anyone = self._bits.get(ANYONE, 0)
        shapes = ((group.threshold, _nested_thresholds(group)) for group in groups)
        hoped = self._named(self._bits.keys() - {ANYONE})
        hoped[self._anyone] += UNLIMITED if self._anyone else 0
        most = reach(self._count, hoped)
        self._fillings = [each for each in fillings(shapes) if lack(each, most)[0] == 0]
        if not self._fillings:
            raise _invalid("no signers could meet this policy: each fills one place")

    def asks_for(self, name: str) -> bool:
        """Tell whether this signer can fill a place, or is required."""
        return bool(self._anyone) or name in self._bits or name in self._required

    def missing(self, signers: Iterable[str]) -> tuple[int, tuple[str, ...]]:
        """Return how many more signers are needed, and who can help.

        The required signers who are missing have to sign anyway, so they are counted first.
        """
        present = dict.fromkeys(signers)
        absent = [name for name in self._required if name not in present]
        found = reach(self._count, self._named([*present, *absent]))
        lacks = [lack(each, found) for each in self._fillings]
        least = min(number for number, _ in lacks)
        helping = 0
        for number, short in lacks:
            helping |= short if number == least else 0
        named = [
            name for name, bits in self._bits.items() if bits & helping and name not in present
        ]
        return len(absent) + least, tuple(dict.fromkeys([*absent, *named]))

    def _named(self, signers: Iterable[str]) -> Counter[int]:
        """Return how many of these signers are named in exactly which groups."""
        return Counter(self._bits.get(name, 0) | self._anyone for name in signers)


@lru_cache(maxsize=32)
def _places(policy: SignerPolicy) -> _Places:
    names = len(set(policy.required))
    if names != len(policy.required) or not {ANYONE, ""}.isdisjoint(policy.required):
        raise _invalid("required must name distinct signers")
    return _Places(policy)


def _groups(policy: SignerPolicy) -> list[SignerPolicy | SignerGroup]:
    """Return the policy and its nested groups, a parent before its children, all checked."""
    found: list[SignerPolicy | SignerGroup] = [policy]
    members = len(policy.required)
    for group in found:  # the list grows while it is read
        members += len(_names(group))
        found += [member for member in group.of if isinstance(member, SignerGroup)]
        if len(found) > MAX_NESTED + 1:
            raise _too_complex(f"a policy has at most {MAX_NESTED} nested groups")
        if members > MAX_MEMBERS:
            raise _too_complex(f"a policy names at most {MAX_MEMBERS:,} members")
        if group.threshold > MAX_THRESHOLD:
            raise _too_complex(f"a threshold is at most {MAX_THRESHOLD}")
        _check_group(group)
    return found


def _check_group(group: SignerPolicy | SignerGroup) -> None:
    names = _names(group)
    if isinstance(group.threshold, bool) or group.threshold < 1 or "" in names:
        raise _invalid("a group needs a threshold of at least 1, and members with names")
    if len(set(names)) != len(names):
        raise _invalid("a group must name each member once")


def _names(group: SignerPolicy | SignerGroup) -> list[str]:
    return [member for member in group.of if isinstance(member, str)]


def _nested_thresholds(group: SignerPolicy | SignerGroup) -> tuple[int, ...]:
    return tuple(member.threshold for member in group.of if isinstance(member, SignerGroup))


def _too_complex(detail: str) -> MalformedError:
    return MalformedError("policy_too_complex", detail)


def _invalid(detail: str) -> MalformedError:
    return MalformedError("policy_invalid", detail)
