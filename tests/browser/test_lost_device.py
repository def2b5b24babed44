"""What people see and do when a device is lost, or when somebody added a key in their name."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import SCHEMES, violations
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0"


@pytest.fixture
def elsewhere(alice: Browser, open_browser: OpenBrowser) -> Browser:
    """Return a second browser of Alice, with a signing key of its own."""
    other = open_browser(storage_state=alice.context.storage_state(), user_agent=FIREFOX)
    alice.copy_passkeys(other)
    other.open("/inbox")
    other.set_up()
    return other


def news(browser: Browser) -> list[str]:
    """Return the names of the browsers of which the page says that they added a key."""
    if browser.page.locator("#news").count():
        browser.call("news", "reveal")  # the page does so too; here it is done when this returns
    shown = browser.page.locator("#news > section:visible").all_inner_texts()
    return [name for text in shown for name in re.findall(r"(?:on|with) ([^,]*),", text)]


def in_the_field(before: timedelta) -> str:
    return (datetime.now(UTC) - before).strftime("%Y-%m-%dT%H:%M")


def test_a_key_that_was_added_elsewhere_is_ended_and_what_it_signed_is_listed(
    alice: Browser, elsewhere: Browser
) -> None:
    path = alice.draft("Terms")
    elsewhere.open(path)
    elsewhere.approve()
    alice.open("/inbox")
    assert news(alice) == ["Firefox on Linux"]
    alice.page.get_by_role("link", name="End it…").click()
    expect(alice.heading("Signing key “Firefox on Linux”")).to_be_visible()
    expect(alice.page.get_by_text("Approve, reject and withdraw statements as you")).to_be_visible()
    alice.page.get_by_label("Somebody else may have it.").check()
    # The field takes minutes, so the earliest time is in the minute in which the key began.
    since = alice.page.get_by_label("When were you last sure")
    since.fill(str(since.get_attribute("min")))
    alice.button("End this key").click()
    # All sessions end; the authenticator answers the browser's offer at the sign-in.
    expect(alice.heading("What it signed since")).to_be_visible()
    alice.page.locator("#signed").get_by_role("link", name="“Alice” approved").click()
    expect(alice.page.get_by_text("in question").first).to_be_visible()
    alice.expect_problem("status of 401")
    elsewhere.expect_problem("status of 401")
    elsewhere.open("/inbox")
    elsewhere.arrive("**/inbox")
    expect(elsewhere.heading("This browser has no signing key")).to_be_visible()


def test_the_news_is_dismissed_for_one_browser_and_is_none_where_the_key_was_made(
    alice: Browser, elsewhere: Browser, open_browser: OpenBrowser
) -> None:
    elsewhere.open("/statements")
    assert news(elsewhere) == []
    alice.open("/statements")
    assert news(alice) == ["Firefox on Linux"]
    alice.button("It was me").click()
    expect(alice.page.locator("#news")).to_be_hidden()
    alice.open("/inbox")
    assert news(alice) == []
    without_scripts = open_browser(
        passkeys=False, java_script_enabled=False, storage_state=alice.context.storage_state()
    )
    without_scripts.open("/inbox")
    expect(without_scripts.page.locator("#news")).to_contain_text("Firefox on Linux")


def test_a_lost_passkey_takes_the_keys_that_were_on_the_same_device(
    alice: Browser, elsewhere: Browser
) -> None:
    alice.add_passkey()
    first = str(alice.page.locator("#passkeys .card").first.get_attribute("data-id"))
    alice.page.get_by_role("link", name="I lost a device").click()
    alice.page.locator(f'[value="passkey:{first}"]').check()
    alice.button("Continue").click()
    alice.page.get_by_label("Somebody else may have it.").check()
    since = alice.page.get_by_label("When were you last sure")
    since.fill(str(since.get_attribute("min")))
    alice.page.get_by_label("Firefox on Linux").check()
    alice.lose_device()
    alice.expect_problem("status of 401")
    alice.button("End this passkey").click()
    alice.arrive("**/signin?next=*")
    alice.button("Sign in with a passkey").click()
    expect(alice.heading("What it signed since")).to_be_visible()
    expect(alice.page.locator("#signed")).to_contain_text("“Alice” attested a signing key")
    alice.open("/account")
    expect(alice.page.locator("#passkeys .card")).to_have_count(1)
    ended = alice.page.locator("#keys .card", has_text="Firefox on Linux")
    expect(ended).to_contain_text("Compromised since")
    expect(alice.page.locator("#keys").get_by_text("Active", exact=True)).to_have_count(1)


def test_a_date_that_the_ledger_does_not_take_says_what_to_do(
    alice: Browser, elsewhere: Browser
) -> None:
    alice.expect_problem("status of 409")
    alice.open("/inbox")
    alice.page.get_by_role("link", name="End it…").click()
    alice.page.get_by_label("Somebody else may have it.").check()
    earliest = "(field) => { field.min = ''; field.dataset.earliest = '2000-01-01T00:00:00.000Z'; }"
    since = alice.page.get_by_label("When were you last sure")
    since.evaluate(earliest)
    since.fill(in_the_field(timedelta(days=40)))
    alice.button("End this key").click()
    expect(alice.page.get_by_role("alert")).to_contain_text("Choose a later time")


def test_the_only_passkey_is_not_ended_and_the_page_says_what_to_do_first(alice: Browser) -> None:
    alice.open("/account/lost")
    alice.page.locator('[value^="passkey:"]').check()
    alice.button("Continue").click()
    expect(alice.heading("This is your only passkey")).to_be_visible()
    expect(alice.button("End this passkey")).to_have_count(0)
    alice.page.get_by_role("link", name="Add a passkey").click()
    expect(alice.button("Add a passkey…")).to_be_enabled()


def test_a_lost_device_is_ended_by_keyboard_without_scrolling_sideways_or_breaking_a_rule(
    alice: Browser, elsewhere: Browser
) -> None:
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    found = []
    for scheme in SCHEMES:
        alice.page.emulate_media(color_scheme=scheme)
        alice.page.set_viewport_size({"width": 320, "height": 900})
        alice.open("/account/lost")
        assert news(alice) == ["Firefox on Linux"]
        found += violations(alice)
        alice.page.locator("[name=what]").first.focus()
        alice.page.keyboard.press("Enter")
        alice.arrive("**/account/end?*")
        alice.page.get_by_label("Somebody else may have it.").focus()
        alice.page.keyboard.press("Space")
        expect(alice.page.get_by_label("When were you last sure")).to_be_visible()
        found += violations(alice)
        assert alice.evaluate(overflow) <= 0
    elsewhere.end_key()
    found += violations(elsewhere)
    assert found == []
