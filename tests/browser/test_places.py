"""The offline page counts places as the server does, in every case that was tried exhaustively."""

import json
from typing import Any

from playwright.sync_api import Page

from tests.browser.verifier_modules import codes
from tests.vectors.places.make import IDS, PATH

CASES: list[Any] = json.loads(PATH.read_text())
DECIDE = """async ([cases, ids]) => {
    const { met, missing, possible } = await import("/verify/domain/places.js");
    const letters = Object.keys(ids);
    const member = (each) => ("xyz".includes(each) ? `role:${each}` : `user:${ids[each]}`);
    const node = ([threshold, members, nested]) => ({
        threshold, of: [...[...members].map(member), ...nested.map(node)],
    });
    const people = (short) =>
        new Map(Object.entries(short).map(([each, roles]) => [ids[each], [...roles]]));
    return cases.map(([short, approved, willing, openRoles, rejecters]) => {
        const policy = node(short);
        const approvals = people(approved);
        const able = people(willing);
        const found = missing(policy, approvals, able);
        const helps = (user) => able.has(user) && !approvals.has(user) && found?.helping.some(
            (each) => each === `user:${user}`
                || able.get(user).some((role) => each === `role:${role}`),
        );
        const without = [...rejecters].map((each) => ids[each]);
        return [
            met(policy, approvals),
            found?.people ?? null,
            letters.filter((each) => helps(ids[each])).join(""),
            possible(policy, [...openRoles], { approvals, without }),
        ];
    });
}"""
A, B, C = (f"user:{IDS[letter]}" for letter in "abc")


def test_every_case_is_decided_as_trying_all_assignments_decides_it(page: Page) -> None:
    found = page.evaluate(DECIDE, [CASES, IDS])
    assert [case for case, decided in zip(CASES, found, strict=True) if decided != case[5]] == []


def test_the_same_policies_are_refused_for_the_same_reason(page: Page) -> None:
    named = [f"user:00000000-0000-4000-8000-{number:012x}" for number in range(4097)]
    shapes: list[tuple[dict[str, Any], str | None]] = [
        ({"threshold": 256, "of": named[1:]}, None),
        ({"threshold": 1, "of": named}, "policy_too_complex"),
        ({"threshold": 257, "of": [A]}, "policy_too_complex"),
        ({"threshold": 1, "of": [{"threshold": 1, "of": [A]}] * 9}, "policy_too_complex"),
        ({"threshold": 0, "of": [A]}, "policy_invalid"),
        ({"threshold": 1, "of": [A + "\n"]}, "policy_invalid"),
        ({"threshold": 1, "of": ["role:" + "a" * 65]}, "policy_invalid"),
    ]
    calls: list[list[Any]] = [[rules | {"veto": []}] for rules, _ in shapes]
    assert codes(page, "domain/policy", "requireShape", calls) == [code for _, code in shapes]
    impossible = [
        ({"threshold": 2, "of": [A, "role:legal"], "creatorMaySign": False}, None),
        ({"threshold": 2, "of": [A, B], "creatorMaySign": True}, None),
        ({"threshold": 2, "of": [A, B], "creatorMaySign": False}, "policy_impossible"),
        ({"threshold": 1, "of": ["role:closed"], "creatorMaySign": True}, "policy_impossible"),
    ]
    calls = [[rules, IDS["a"], ["legal"]] for rules, _ in impossible]
    expected = [code for _, code in impossible]
    assert codes(page, "domain/places", "requirePossible", calls) == expected
    kings: Any = {"of": [A, "role:legal"], "veto": ["role:king"]}
    calls = [[kings, known] for known in (["legal"], ["legal", "king"])]
    assert codes(page, "domain/policy", "requireKnownRoles", calls) == ["policy_invalid", None]
