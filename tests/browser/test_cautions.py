"""What may mislead a reviewer is labelled and listed, with scripts and without."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser

TRICKS = {
    "amount": 1,
    "amount ": 2,
    "\u0430mount": 3,
    "payee": "p\u0430ypal",
    "note": "nothing\u3164to see\u00a0here",
    "": "0012",
    "café": "cafe\u0301",
}
DEEP = 60


def told(browser: Browser) -> list[str]:
    return browser.page.locator("#cautions li").all_inner_texts()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_every_trick_is_listed_above_the_content_and_labelled_in_it(
    alice: Browser, open_browser: OpenBrowser, *, scripts: bool
) -> None:
    path = alice.draft("Terms", json.dumps(TRICKS, ensure_ascii=False))
    state = alice.context.storage_state()
    reader = alice
    if not scripts:
        reader = open_browser(passkeys=False, java_script_enabled=False, storage_state=state)
    reader.open(path)
    page = reader.page
    if scripts:
        expect(page.locator("#checked")).to_contain_text("This browser fetched the bytes")
    expect(reader.heading("7 things to look at")).to_be_visible()
    assert [each.partition(": ")[0] for each in told(reader)] == [
        "/amount",
        "/amountU+0020",
        "/\u0430 U+0430mount",
        "/payee",
        "/note",
        "/",
        "/café",
    ]
    assert "its name looks like another name beside it; it has letters" in told(reader)[2]
    link = page.locator("#cautions a").nth(3)
    link.click()
    expect(page.locator(":target dt")).to_have_text("payee")
    expect(page.locator(":target .mark")).to_have_text("\u0430 U+0430")
    expect(page.locator("#content .mark")).to_have_text(
        ["U+0020", "\u0430 U+0430", "\u0430 U+0430", "U+3164", "U+00A0"]
    )
    expect(page.locator("#content .quoted")).to_have_text("0012")
    expect(page.locator("#content dt .empty")).to_have_text("empty name")
    expect(page.locator("#values")).to_have_text("7 values. End of the statement.")


def test_a_statement_without_tricks_has_nothing_to_look_at(alice: Browser) -> None:
    alice.open(alice.draft("Terms", '{"amount": 1}'))
    expect(alice.page.locator("#values")).to_have_text("1 value. End of the statement.")
    expect(alice.page.locator("#cautions")).to_be_hidden()


def test_the_drafter_sees_the_same_before_it_is_signed(alice: Browser) -> None:
    alice.open("/draft")
    alice.page.get_by_label("Title").fill("Terms")
    alice.page.get_by_label("Content").fill(json.dumps(TRICKS, ensure_ascii=False))
    alice.button("Check and submit").click()
    expect(alice.heading("7 things to look at")).to_be_visible()
    expect(alice.page.locator("#check-values")).to_have_text("7 values. End of the statement.")


def test_deep_nesting_never_leaves_a_narrow_page(alice: Browser, open_browser: OpenBrowser) -> None:
    content = '{"a":[' * (DEEP // 2) + '"the clause"' + "]}" * (DEEP // 2)
    path = alice.draft("Terms", content)
    alice.page.set_viewport_size({"width": 360, "height": 740})
    alice.open(path)
    expect(alice.page.locator("#checked")).to_contain_text("This browser fetched the bytes")
    clause = alice.page.get_by_text("the clause", exact=True)
    box = clause.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert alice.evaluate("document.documentElement.scrollWidth") <= 360
    levels = alice.page.locator("#content [data-level]")
    assert levels.last.get_attribute("data-level") == str(DEEP - 1)


def test_many_values_below_a_long_name_are_shown_and_listed(alice: Browser) -> None:
    """The browser kept the whole name once for each value below it, and ended the page."""
    many = 3_000
    path = alice.draft("Terms", json.dumps({"a" * 300_000: ["\u200b"] * many}, ensure_ascii=False))
    alice.open(path)
    page = alice.page
    expect(page.locator("#checked")).to_contain_text("This browser fetched the bytes")
    expect(alice.heading(f"{many} things to look at")).to_be_visible()
    assert told(alice)[1].startswith("/aaa")
    assert len(told(alice)[1]) < 500
    assert page.locator("#content li").count() == many
