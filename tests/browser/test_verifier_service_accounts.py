"""The offline verifier decides service accounts as the auditor in Python does."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.test_verifier_changes import DECIDED
from tests.vectors.service_accounts.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_offline_verifier_decides_each_case(page: Page, case: dict[str, Any]) -> None:
    events = [*FOUND["story"], *case["events"]]
    last = None if case["code"] is None else [case["code"], events[-1]["position"]]
    assert page.evaluate(DECIDED, [events, True]) == last
