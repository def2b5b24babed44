"""Browsers derive the keys of links, and decide their use, as Python does."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.people import Browser
from tests.browser.test_verifier_changes import DECIDED
from tests.vectors.redeeming.make import PATH

FOUND: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
KEY = """async ([secret, ledger]) => {
    const { keyOf } = await import("/static/js/lib/redeeming.js");
    const { jwk, kid } = await keyOf(secret, ledger);
    return [jwk.x, kid];
}"""
REFUSAL = """async ([module, secret]) => {
    const { keyOf } = await import(module);
    return keyOf(secret, "example.com/ledger").then(() => null, ({ message }) => message);
}"""


@pytest.mark.parametrize("case", FOUND["cases"], ids=lambda case: str(case["name"]))
def test_the_offline_verifier_decides_each_use(page: Page, case: dict[str, Any]) -> None:
    events = [*FOUND["story"], *case["events"]]
    last = None if case["code"] is None else [case["code"], events[-1]["position"]]
    assert page.evaluate(DECIDED, [events, True]) == last


@pytest.mark.parametrize("case", FOUND["keys"], ids=lambda case: str(case["kid"]))
def test_a_page_derives_the_key_of_a_link(page: Page, case: dict[str, Any]) -> None:
    assert page.evaluate(KEY, [case["secret"], case["ledger"]]) == [case["x"], case["kid"]]


@pytest.mark.parametrize("secret", ["", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", "é"])
def test_a_page_says_that_a_link_is_incomplete(library: Browser, secret: str) -> None:
    assert "incomplete" in library.evaluate(REFUSAL, [library.module("redeeming"), secret])
