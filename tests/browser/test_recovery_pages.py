"""Recovery codes: shown once and typed back, used without a device, announced and cancelled."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Route, expect

from tests.browser.accessible import SCHEMES, violations
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.browser.test_devices import UNSURE

CODE = re.compile(r"^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{6}$")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def make_codes(browser: Browser, path: str = "/account/codes") -> list[str]:
    """Make a set of codes and put it in force; return the codes."""
    browser.open(path)
    browser.button("codes").click()
    codes = browser.page.locator("#codes-list li").all_inner_texts()
    label = browser.page.locator("label[for=typed]").inner_text()
    asked = int(re.sub(r"\D", "", label)) - 1
    # As people type: small letters, without hyphens, O for 0.
    browser.page.locator("#typed").fill(codes[asked].lower().replace("-", " ").replace("0", "o"))
    browser.button("Put these codes in force").click()
    expect(browser.heading("Your recovery codes are in force")).to_be_focused()
    return codes


def use(browser: Browser, code: str) -> None:
    browser.open("/recover")
    browser.page.get_by_label("Recovery code").fill(code)
    browser.button("Use the code").click()


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ([0] * 16, "00000-00000-00000-00000-000000"),
        ([255] * 16, "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZW"),
        ([*range(16)], "000G4-0R40M-30E20-9185G-R38E1W"),
    ],
)
def test_a_code_is_its_secret_in_base32_and_leads_back_to_it(
    alice: Browser, secret: list[int], code: str
) -> None:
    alice.open("/recover")
    found = alice.evaluate(
        """async ([address, secret, typed]) => {
            const { codeOf, secretOf } = await import(address);
            return [codeOf(Uint8Array.from(secret)), [...secretOf(typed)]];
        }""",
        [alice.module("codes"), secret, f" {code.lower()} "],
    )
    assert found == [code, secret]


def test_the_last_step_of_registration_makes_codes_or_is_left_out(
    open_browser: OpenBrowser,
) -> None:
    dora = open_browser()
    dora.open("/register?next=/statements")
    dora.page.get_by_label("Your name").fill("Dora")
    dora.button("Register with a passkey").click()
    dora.arrive("**/account/codes?next=%2Fstatements")
    expect(dora.page.locator("[aria-current=step]")).to_contain_text("Recovery codes")
    make_codes(dora, "/account/codes?next=/statements")
    dora.page.get_by_role("link", name="Go on").click()
    dora.arrive("**/statements")
    dora.open("/account/codes?next=/statements")
    dora.page.get_by_role("link", name="Not now").click()
    dora.arrive("**/statements")
    dora.open("/account/codes?next=//evil.example/")
    expect(dora.page.get_by_role("link", name="Not now")).to_have_count(0)


def test_what_is_no_code_is_refused_before_anything_is_asked(open_browser: OpenBrowser) -> None:
    stranger = open_browser()
    for typed in ("000G4", "U" * 26, "0" * 25 + "1", "-" * 26):
        use(stranger, typed)
        expect(stranger.page.get_by_role("alert")).to_contain_text("This is no recovery code")
    stranger.expect_problem("status of 422")
    use(stranger, "0" * 26)
    expect(stranger.page.get_by_role("alert")).to_contain_text("has no such code")
    assert stranger.passkeys() == 0


def test_codes_are_shown_once_printed_alone_and_in_force_when_one_was_typed_back(
    alice: Browser,
) -> None:
    alice.open("/account/codes")
    expect(alice.page.get_by_text("You have no recovery codes.")).to_be_visible()
    alice.button("Make ten codes").click()
    expect(alice.heading("Recovery codes of “Alice”")).to_be_focused()
    codes = alice.page.locator("#codes-list li").all_inner_texts()
    assert len({*codes}) == 10
    assert all(CODE.match(code) for code in codes)
    alice.page.emulate_media(media="print")
    expect(alice.page.locator("#codes-list")).to_be_visible()
    expect(alice.page.locator("#codes-form")).to_be_hidden()
    expect(alice.page.locator("header")).to_be_hidden()
    alice.page.emulate_media(media="screen")
    before = alice.assertions
    alice.page.locator("#typed").fill("0" * 26)
    alice.button("Put these codes in force").click()
    expect(alice.page.get_by_role("alert")).to_contain_text("This is not code")
    assert alice.assertions == before  # nothing was signed
    codes = make_codes(alice)
    assert not [body for body in alice.bodies if any(code in body for code in codes)]
    alice.open("/account/codes")
    expect(alice.page.get_by_text("You have 10 unused codes.")).to_be_visible()
    expect(alice.page.locator("#codes-list li")).to_have_count(0)


def test_a_code_brings_a_passkey_that_waits_and_is_announced_and_cancelled_on_any_page(
    alice: Browser, open_browser: OpenBrowser
) -> None:
    code = make_codes(alice)[0]
    new = open_browser()
    new.expect_problem("status of (422|503)")

    def lose_the_answer(route: Route) -> None:
        assert route.fetch().status == 201
        route.fulfill(status=503, content_type="application/problem+json", body=UNSURE)

    new.page.route("**/api/recoveries", lose_the_answer, times=1)
    new.open("/signin")
    new.page.get_by_role("link", name="Come back without").click()
    use(new, code)
    expect(new.page.get_by_role("alert")).to_contain_text("may be stored")
    new.button("Use the code").click()  # the same request: nobody is asked again
    expect(new.heading("Your new passkey works from")).to_be_focused()
    new.open("/signin")  # its authenticator answers the browser's offer
    expect(new.page.get_by_role("alert")).to_contain_text("its waiting is not over")
    assert new.passkeys() == 1
    for path in ("/statements", "/audit", "/account"):
        alice.open(path)
        expect(alice.heading("Somebody used one of your recovery codes")).to_be_visible()
    assert alice.page.locator("#news").count() == 0
    alice.open("/statements")
    alice.button("Cancel the recovery").click()
    expect(alice.heading("Somebody used one of your recovery codes")).to_be_hidden()
    alice.open("/account/codes")
    expect(alice.page.get_by_text("You have 9 unused codes.")).to_be_visible()


def test_a_person_with_one_passkey_is_reminded_of_a_second_way_in_and_not_for_a_week_after(
    alice: Browser,
) -> None:
    alice.open("/inbox")
    expect(alice.heading("Add a second way in")).to_be_visible()
    alice.button("Remind me in a week").click()
    expect(alice.heading("Add a second way in")).to_be_hidden()
    for later, shown in ((timedelta(days=6), False), (timedelta(days=8), True)):
        ms = later.total_seconds() * 1000
        alice.page.add_init_script(f"{{ const now = Date.now; Date.now = () => now() + {ms}; }}")
        alice.open("/inbox")
        expect(alice.heading("Waiting for you")).to_be_visible()
        expect(alice.page.locator("#nudge")).to_be_visible(visible=shown)
    make_codes(alice)
    alice.open("/inbox")
    assert alice.page.locator("#nudge").count() == 0


def test_the_pages_of_recovery_break_no_rule_and_do_not_scroll_sideways(alice: Browser) -> None:
    found = []
    alice.page.set_viewport_size({"width": 320, "height": 900})
    for scheme in SCHEMES:
        alice.page.emulate_media(color_scheme=scheme)
        for path in ("/recover", "/account/codes"):
            alice.open(path)
            if path == "/account/codes":
                alice.button("Make ten codes").click()
            found += violations(alice)
            assert alice.evaluate(OVERFLOW) <= 0, path
    assert found == []
