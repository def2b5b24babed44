"""Policies over outcomes: M of N, required signers, nested groups, counted by distinct signer.

A signer is the registered identity of the key that verified an entry, or else its thumbprint. It is
never a `kid`, because anybody can write one. Signatures are not counted either, because one key can
make many. HMAC signatures prove no signer and count only if a policy allows them.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from ledger.errors import MalformedError, RefusedError
from ledger.jose.outcome import Outcome, Verification

MAX_POLICY_LEVELS = 8
MAX_POLICY_MEMBERS = 1024
ANYONE = "*"

Reason = Literal["met", "missing", "surplus", "duplicate", "unknown", "failed"]


class SignerGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Requires `threshold` of the members `of`: signers' names, `*` for anyone, or nested groups.

    Each distinct signer counts once in a group, even if several members match it. Each nested group
    that is met counts once.
    """

    threshold: int
    of: "tuple[str | SignerGroup, ...]" = (ANYONE,)


class SignerPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A group, with additionally required signers, and whether HMAC counts."""

    threshold: int = 1
    of: tuple[str | SignerGroup, ...] = (ANYONE,)
    required: tuple[str, ...] = ()
    hmac: bool = False


class Judgement(msgspec.Struct, frozen=True):
    """The result for one entry (`index`) or for one missing signer (`index` None)."""

    reason: Reason
    signer: str | None
    index: int | None = None
    detail: str = ""


class SignerVerdict(msgspec.Struct, frozen=True):
    """Whether a policy is met, by which distinct signers, and a judgement of every entry."""

    met: bool
    count: int
    threshold: int
    signers: tuple[str, ...]
    missing: tuple[str, ...]
    judgements: tuple[Judgement, ...]


def all_of(*members: str | SignerGroup) -> SignerPolicy:
    """Return the policy that requires all these signers and groups."""
    return check(SignerPolicy(threshold=len(members), of=members))


def check(policy: SignerPolicy) -> SignerPolicy:
    """Return the policy; raise MalformedError `policy_invalid` if it is malformed or impossible."""
    if _check(policy, MAX_POLICY_LEVELS) + len(policy.required) > MAX_POLICY_MEMBERS:
        raise _invalid(f"a policy names at most {MAX_POLICY_MEMBERS} members")
    if len(set(policy.required)) != len(policy.required) or ANYONE in policy.required:
        raise _invalid("required must name distinct signers")
    return policy


def parse_signer_policy(value: object) -> SignerPolicy:
    """Return the policy of decoded JSON: an object, or a number for that many of any signers.

    Raises MalformedError `policy_invalid`.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return check(SignerPolicy(threshold=value))
    try:
        return check(msgspec.convert(value, SignerPolicy))
    except (msgspec.ValidationError, RecursionError) as error:
        raise _invalid("a policy has only threshold, of, required and hmac") from error


def _check(group: SignerPolicy | SignerGroup, levels: int) -> int:
    if levels == 0:
        raise _invalid(f"a policy nests at most {MAX_POLICY_LEVELS} levels")
    names = [member for member in group.of if isinstance(member, str)]
    nested = [member for member in group.of if isinstance(member, SignerGroup)]
    if isinstance(group.threshold, bool) or group.threshold < 1 or "" in names:
        raise _invalid("a group needs a threshold of at least 1, and members with names")
    if len(set(names)) != len(names):
        raise _invalid("a group must name each member once")
    if ANYONE not in names and group.threshold > len(group.of):
        raise _invalid("a threshold is above the number of its members")
    return len(group.of) + sum(_check(member, levels - 1) for member in nested)


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
    if an earlier entry has the same signer; `failed` if it did not verify. `missing` are the named
    signers that unmet parts still need. Raises MalformedError `policy_invalid`.
    """
    check(policy)
    listed = outcomes.outcomes if isinstance(outcomes, Verification) else outcomes
    names = {} if identities is None else identities
    asked = _asked(policy)
    present: dict[str, int] = {}
    judged: list[Judgement] = []
    for outcome in listed:
        judged.append(_judge(policy, outcome, names, asked, present, known_only))
    signers = frozenset(present)
    met = _count(policy, signers) >= policy.threshold and signers.issuperset(policy.required)
    missing = tuple(
        dict.fromkeys([*_missing_required(policy, signers), *_missing(policy, signers)])
    )
    judged += [Judgement("missing", name) for name in missing]
    counted = tuple(name for name in present if asked is None or name in asked)
    return SignerVerdict(
        met, _count(policy, signers), policy.threshold, counted, missing, tuple(judged)
    )


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
            f"{verdict.count} of {verdict.threshold} distinct signers",
            missing=list(verdict.missing),
        )
    return verdict


def _judge(
    policy: SignerPolicy,
    outcome: Outcome,
    identities: Mapping[str, str],
    asked: frozenset[str] | None,
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
    if asked is not None and name not in asked:
        reason: Reason = "surplus" if known else "unknown"
        return Judgement(reason, name, outcome.index, "the policy does not ask for this signer")
    return Judgement("met", name, outcome.index)


def _asked(policy: SignerPolicy) -> frozenset[str] | None:
    """Return the names in all parts; None if some part accepts anyone."""
    found: set[str] = set(policy.required)
    nodes: list[SignerPolicy | SignerGroup] = [policy]
    while nodes:
        for member in nodes.pop().of:
            if isinstance(member, SignerGroup):
                nodes.append(member)
            else:
                found.add(member)
    return None if ANYONE in found else frozenset(found)


def _count(group: SignerPolicy | SignerGroup, signers: frozenset[str]) -> int:
    names = {member for member in group.of if isinstance(member, str)}
    persons = len(signers) if ANYONE in names else len(signers & names)
    nested = sum(_is_met(member, signers) for member in group.of if isinstance(member, SignerGroup))
    return persons + nested


def _is_met(group: SignerPolicy | SignerGroup, signers: frozenset[str]) -> bool:
    return _count(group, signers) >= group.threshold


def _missing_required(policy: SignerPolicy, signers: frozenset[str]) -> list[str]:
    return [name for name in policy.required if name not in signers]


def _missing(group: SignerPolicy | SignerGroup, signers: frozenset[str]) -> list[str]:
    if _is_met(group, signers):
        return []
    found: list[str] = []
    for member in group.of:
        if isinstance(member, SignerGroup):
            found += _missing(member, signers)
        elif member != ANYONE and member not in signers:
            found.append(member)
    return found


def _invalid(detail: str) -> MalformedError:
    return MalformedError("policy_invalid", detail)
