"""The offline verifier decides steps as the auditor does, and as trying all assignments does."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.test_verifier_changes import DECIDED as DECIDED_BY_AUDITOR
from tests.browser.verifier_modules import codes
from tests.vectors.places.make import IDS, PEOPLE
from tests.vectors.steps.make import DECIDED, PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
DECISIONS: list[Any] = json.loads(DECIDED.read_text())
DECIDE = """async ([cases, ids, everybody]) => {
    const { met, possible } = await import("/verify/domain/places.js");
    const { requireOpen } = await import("/verify/domain/steps.js");
    const member = (each) => (ids[each] ? `user:${ids[each]}` : `role:${each}`);
    const node = ([threshold, members, nested]) => ({
        threshold, of: [...[...members].map(member), ...nested.map(node)],
    });
    const decided = ([short, held, openRoles, decisions]) => {
        const policy = { steps: short.map(node) };
        const roles = (letter) => [...(held[letter] ?? "")];
        let [approvals, steps, without] = [new Map(), new Map(), []];
        return decisions.map(([letter, sign]) => {
            const user = ids[letter];
            if (sign === "-") {
                without = [...without, user];
                const others = possible(policy, [...openRoles], { approvals, steps, without });
                return others ? "no" : "no!";
            }
            try {
                const given = { approvals, steps, openRoles: [...openRoles], without };
                const number = requireOpen(policy, given, user, roles(letter));
                approvals = new Map([...approvals, [user, roles(letter)]]);
                steps = new Map([...steps, [user, number]]);
                without = without.filter((each) => each !== user);
                return `${number}${met(policy, approvals, steps) ? "!" : ""}`;
            } catch (error) {
                return error.code;
            }
        });
    };
    return cases.map(decided);
}"""


def test_every_decision_is_as_trying_all_assignments_decides_it(page: Page) -> None:
    found = page.evaluate(DECIDE, [DECISIONS, IDS, PEOPLE])
    assert [case for case, said in zip(DECISIONS, found, strict=True) if said != case[4]] == []


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_offline_verifier_decides_each_case(page: Page, case: dict[str, Any]) -> None:
    events = [*FOUND["story"], *case["events"]]
    last = None if case["code"] is None else [case["code"], events[-1]["position"]]
    assert page.evaluate(DECIDED_BY_AUDITOR, [events, True]) == last


def test_the_same_shapes_are_refused_for_the_same_reason(page: Page) -> None:
    one: dict[str, Any] = {"threshold": 1, "of": [f"user:{IDS['a']}"]}
    deep = {"threshold": 1, "of": [{"threshold": 1, "of": [one]}]}
    shapes: list[tuple[dict[str, Any], str | None]] = [
        ({"steps": [one] * 8}, None),
        ({"steps": [one] * 9}, "policy_too_complex"),
        ({"steps": [*[one] * 6, deep]}, "policy_too_complex"),
        ({"steps": [one]}, "policy_invalid"),
        ({"steps": [one, {"threshold": 1, "of": []}]}, "policy_invalid"),
        ({"steps": [one, one], "threshold": 2}, "policy_invalid"),
        ({"threshold": 1}, "policy_invalid"),
    ]
    whole: dict[str, Any] = {"threshold": None, "of": None, "steps": None, "veto": []}
    calls: list[list[Any]] = [[whole | members] for members, _ in shapes]
    assert codes(page, "domain/policy", "requireShape", calls) == [code for _, code in shapes]
