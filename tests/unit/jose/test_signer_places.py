"""Each signer fills one place: policies decided by trying every assignment of signers to places."""

import random
from collections.abc import Iterable
from itertools import chain, combinations, permutations, product
from time import process_time
from typing import Any

import pytest

from ledger.errors import MalformedError
from ledger.jose import SignerVerdict, evaluate, parse_signer_policy
from ledger.jose.outcome import VerifiedOutcome
from tests.support.assignments import assigned

Node = dict[str, Any]
NAMED = ("a", "b", "c")
# As many strangers as any policy here has places: for `*`, each is as good as any other.
STRANGERS = tuple(f"s{number}" for number in range(6))


def verdict(policy: Node, signers: Iterable[str]) -> SignerVerdict:
    outcomes = [
        VerifiedOutcome(index=number, alg="EdDSA", signer=each, thumbprint=each, key_type="OKP")
        for number, each in enumerate(signers)
    ]
    return evaluate(parse_signer_policy(policy), outcomes)


def filled(policy: Node, signers: frozenset[str]) -> bool:
    """Tell whether these signers meet the policy, by trying all assignments."""
    people = {each: {"anyone"} for each in signers}
    return signers.issuperset(policy.get("required", ())) and assigned(written(policy), people)


def written(node: Node) -> Node:
    """Return the node with members as policies of statements have them."""
    of = [
        written(each)
        if isinstance(each, dict)
        else "role:anyone"
        if each == "*"
        else f"user:{each}"
        for each in node["of"]
    ]
    return {"threshold": node["threshold"], "of": of}


def least(policy: Node, signers: frozenset[str]) -> int | None:
    """Return the least number of further signers that meet the policy."""
    further = sorted(frozenset(NAMED + STRANGERS) - signers)
    for size in range(len(further) + 1):
        if any(filled(policy, signers | set(some)) for some in combinations(further, size)):
            return size
    return None


def can_help(policy: Node, signers: frozenset[str]) -> set[str]:
    """Return who lowers what is missing; `*` if a stranger does."""
    before = least(policy, signers)
    found = set()
    for name in ({*NAMED, "s5"} if before else set()) - signers:
        after = least(policy, signers | {name})
        if before and after is not None and after < before:
            found.add("*" if name == "s5" else name)
    return found


def small_policies() -> list[Node]:
    """Return every policy of few members and one nested group, and some larger ones."""
    some = [[*each] for n in range(3) for each in combinations(("a", "b", "*"), n)]
    found = [
        {"threshold": outer, "of": [*above, {"threshold": inner, "of": below}]}
        for outer, inner, above, below in product((1, 2), (1, 2), some, some)
        if below
    ]
    chosen = random.Random(12)  # test data
    while len(found) < 400:
        node = random_node(chosen, 2)
        node["required"] = [each for each in NAMED if chosen.random() < 0.2]
        found.append(node)
    return found


def random_node(chosen: random.Random, levels: int) -> Node:
    names = [each for each in (*NAMED, "*") if chosen.random() < 0.35]
    count = chosen.choice([0, 1, 1, 2]) if levels else 0
    nested = [random_node(chosen, levels - 1) for _ in range(count)]
    return {"threshold": chosen.choice([1, 1, 2]), "of": [*names, *nested] or ["a"]}


@pytest.mark.slow
def test_every_small_policy_is_decided_as_trying_all_assignments_decides_it() -> None:
    tried = refused = 0
    everybody = frozenset((*NAMED, *STRANGERS))
    for policy in small_policies():
        if not filled(policy, everybody):
            refused += 1
            with pytest.raises(MalformedError, match="each fills one place"):
                parse_signer_policy(policy)
            continue
        for size in range(4):
            for some in combinations((*NAMED, "s0"), size):
                found, signers = verdict(policy, some), frozenset(some)
                assert found.met is filled(policy, signers), (policy, some)
                assert found.missing == least(policy, signers), (policy, some)
                others = {each for each in found.helping if each in ("*", *NAMED)}
                named = can_help(policy, signers)
                # `*` stands for everybody, so for those who are named too.
                assert others - set(NAMED) == named - set(NAMED), (policy, some)
                assert "*" in others or others == named, (policy, some)
                tried += 1
    assert tried > 4000
    assert refused > 20


def test_further_signatures_never_unmeet_a_policy_and_their_order_changes_nothing() -> None:
    for policy in small_policies()[::7]:
        if not filled(policy, frozenset((*NAMED, *STRANGERS))):
            continue
        for some in chain.from_iterable(combinations((*NAMED, "s0"), n) for n in range(4)):
            found = [verdict(policy, order) for order in permutations(some)]
            assert len({(each.met, each.missing, each.helping) for each in found}) == 1
            for further in ("a", "s1"):
                more = verdict(policy, (*some, further))
                assert found[0].missing - 1 <= more.missing <= found[0].missing
            if found[0].met:
                assert len(some) >= policy["threshold"]


def test_the_largest_policy_is_decided_in_milliseconds() -> None:
    names = [f"signer-{number}" for number in range(4096)]
    groups = [{"threshold": 40, "of": names[n * 500 : (n + 1) * 500]} for n in range(8)]
    policy = {"threshold": 8, "of": [*names[4000:4088], *groups], "required": names[4088:]}
    began = process_time()
    first = verdict(policy, names[:256])
    second = verdict(policy, names[4088:] + names[4000:4008])
    assert process_time() - began < 0.5  # 45 ms where nothing else runs
    assert (first.met, first.missing) == (False, 15)
    assert (second.met, second.missing) == (True, 0)
