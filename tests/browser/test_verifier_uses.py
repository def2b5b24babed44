"""The offline verifier decides uses as the auditor in Python does."""

import json
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from tests.browser.offline import Verifier
from tests.browser.test_verifier_changes import DECIDED
from tests.support.dossier import bundle_of, log_signer
from tests.unit.verify.test_used import FREED, reported, told
from tests.vectors.uses.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_offline_verifier_decides_each_case(page: Page, case: dict[str, Any]) -> None:
    events = [*FOUND["story"], *case["events"]]
    last = None if case["code"] is None else [case["code"], events[-1]["position"]]
    assert page.evaluate(DECIDED, [events, True]) == last


def test_the_page_shows_each_use_with_its_outcome_as_the_verifier_in_python_does(
    verifier: Verifier,
) -> None:
    story = told((*FREED, "use", "done"))
    raw = bundle_of(tuple(story.states), "statement")
    (here,) = verifier.check(raw, log_signer().key.vkey)["statements"]
    (there,) = json.loads(msgspec.json.encode(reported("left", story).statements))
    members = ("usable", "uses", "supersedes", "supersededBy")
    assert {name: here[name] for name in members} == {name: there[name] for name in members}
    shown = verifier.page.locator("#result")
    expect(shown).to_contain_text("This file shows 1 of 1 use until")
    expect(shown).to_contain_text("“order 1”: not done, confirmed: it counts no longer")
    expect(shown).to_contain_text("“order 2”: done")
