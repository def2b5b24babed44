"""Every page, for everybody: readable, small, and asking nobody else for anything."""

import re

import pytest
from playwright.sync_api import expect

from ledger.http.assets import Assets, find_web
from tests.browser.accessible import SCHEMES, each_view, faults, violations
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server

KIB = 1024
STRANGERS = ("/", "/register", "/signin", "/no-such-page")
MEMBERS = (
    "/inbox",
    "/approvals",
    "/statements",
    "/statements?q=nothing",
    "/draft",
    "/account",
    "/audit",
    "/audit?at=3&compare=1",
)

# What a finger has to hit; a link inside a text is as high as its line, and is left out.
SMALL_TARGETS = """() => [...document.querySelectorAll(
    "button, input:not([type=hidden]), select, textarea, summary, a.button, nav a, .skip"
)].filter((each) => each.checkVisibility()).flatMap((each) => {
    const { width, height } = (each.closest(".choice") ?? each).getBoundingClientRect();
    return width >= 24 && height >= 24 ? [] : [`${width} x ${height}: ${each.outerHTML}`];
})"""


def test_no_page_breaks_an_accessibility_rule(
    alice: Browser, bob: Browser, open_browser: OpenBrowser
) -> None:
    path = alice.draft("Series A investment terms")
    alice.approve()
    finished = alice.draft("Old terms")
    alice.button("Withdraw…").click()
    alice.button("Sign the withdrawal").click()
    alice.expect_status("Withdrawn", "Withdrawn by “Alice”. It can no longer be approved.")
    stranger = open_browser(passkeys=False)
    stranger.expect_problem("status of 404")
    visits = [(stranger, page) for page in STRANGERS]
    visits += [(bob, page) for page in (*MEMBERS, path, finished)]
    visits += [(alice, page) for page in ("/draft", path)]
    found = []
    for browser, page in visits:
        browser.open(page)
        for view in each_view(browser):
            found += faults(browser, f"{page} {view}")
            found += [f"{page} {view}: {each}" for each in browser.evaluate(SMALL_TARGETS)]
    assert found == []


def test_dialogs_the_check_step_and_a_certificate_break_no_accessibility_rule(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft("Series A investment terms")
    alice.approve()
    found = []
    bob.open(f"{path}/certificate")
    expect(bob.page.get_by_text("This statement is pending.")).to_be_visible()
    for view in each_view(bob):
        found += faults(bob, f"certificate {view}")
    for scheme in SCHEMES:
        bob.page.emulate_media(color_scheme=scheme)
        for button in ("Approve and sign", "Reject…"):
            bob.open(path)
            bob.button(button).click()
            found += violations(bob)
        alice.page.emulate_media(color_scheme=scheme)
        alice.begin_draft()
        for summary in ("Name people", "More rules", "The policy as JSON"):
            alice.page.get_by_text(summary).click()
        found += violations(alice)
        alice.page.get_by_label("Title").fill("")
        alice.button("Check and submit").click()
        expect(alice.heading("Check these first")).to_be_visible()
        found += violations(alice)
        alice.page.get_by_label("Title").fill("Terms")
        alice.button("Check and submit").click()
        expect(alice.heading("Check and submit")).to_be_focused()
        found += violations(alice)
    assert found == []


def test_every_page_has_one_main_heading_and_lets_people_skip_to_the_content(
    alice: Browser,
) -> None:
    path = alice.draft("Terms")
    for page in ("/", *MEMBERS, path):
        alice.open(page)
        assert alice.page.locator("h1:visible").count() == 1, page
        alice.page.keyboard.press("Tab")
        assert alice.evaluate("document.activeElement.className") == "skip", page


def test_the_pages_stay_within_their_budget() -> None:
    assets = Assets(find_web())
    files = assets.files
    for entry in (path for path in files if path.startswith("js/pages/")):
        loaded = [entry, *(address.split("/", 3)[3] for address in assets.modules(entry))]
        assert len(loaded) >= 2
        assert sum(len(files[path].content) for path in loaded) <= 60 * KIB, entry
    styles = [file.content for path, file in files.items() if path.endswith(".css")]
    assert sum(map(len, styles)) <= 30 * KIB
    for path, file in files.items():
        assert file.content.count(b"\n") <= 300 or not path.endswith(".js"), path


def test_no_module_makes_markup_from_text() -> None:
    forbidden = re.compile(
        rb"innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write|eval\(|new Function|setHTML"
    )
    for path, file in Assets(find_web()).files.items():
        assert not forbidden.search(file.content), path
    for template in (find_web() / "templates").iterdir():
        text = template.read_text()
        assert not re.search(r"\son[a-z]+=|\sstyle=|\|\s*safe\b|<style|javascript:", text), template


def test_static_files_are_immutable_under_their_hash_and_absent_under_another(
    server: Server, open_browser: OpenBrowser
) -> None:
    browser = open_browser(passkeys=False)
    page = browser.open("/")
    address = page.locator("link[rel=stylesheet]").first.get_attribute("href")
    assert address is not None
    answer = page.request.get(server.origin + address)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")
    older = re.sub(r"/static/[0-9a-f]{16}/", "/static/0000000000000000/", address)
    assert page.request.get(server.origin + older).status == 404


@pytest.mark.parametrize("path", ["/", "/api/session", "/no-such-page", "/static/x/y.js"])
def test_every_answer_carries_the_security_headers(
    open_browser: OpenBrowser, server: Server, path: str
) -> None:
    browser = open_browser(passkeys=False)
    headers = browser.page.request.get(server.origin + path).headers
    assert "require-trusted-types-for 'script'" in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


def test_people_see_a_page_and_machines_a_problem_document_for_what_is_not_there(
    alice: Browser, server: Server
) -> None:
    alice.expect_problem("status of 404")
    for path in ("/no-such-page", "/statements/00000000-0000-4000-8000-000000000000"):
        alice.open(path)
        expect(alice.heading("There is nothing here")).to_be_visible()
    answer = alice.page.request.get(f"{server.origin}/api/no-such-route")
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_statement_can_be_read_without_scripts(alice: Browser, open_browser: OpenBrowser) -> None:
    path = alice.draft("Readable terms", '{"amount": 1000000, "hidden": "a\\u202eb"}')
    alice.approve()
    reader = open_browser(
        passkeys=False, java_script_enabled=False, storage_state=alice.context.storage_state()
    )
    reader.open(path)
    expect(reader.heading("Readable terms")).to_be_visible()
    expect(reader.page.locator("#content .number")).to_have_text("1000000")
    expect(reader.page.locator("#content .mark")).to_have_text("U+202E")
    reader.expect_status(
        "Pending",
        "Signed by “Alice”; 2 needed. The people who can sign today cannot meet its policy.",
    )
    for path in MEMBERS:
        reader.open(path)
        expect(reader.page.locator("h1:visible")).to_have_count(1)


def test_pages_send_strangers_to_sign_in_and_back_and_nowhere_else(
    open_browser: OpenBrowser, alice: Browser
) -> None:
    alice.open("/account")
    alice.button("Sign out").click()
    alice.arrive(alice.origin + "/")
    alice.open("/statements?status=pending")
    assert "/signin?next=%2Fstatements%3Fstatus" in alice.page.url
    # The authenticator answers the browser's own offer of passkeys, or the button.
    alice.arrive("**/statements?status=pending")
    for target in ("//evil.example/", "https://evil.example/", "/\\evil.example", "evil"):
        alice.open(f"/signin?next={target}")
        alice.arrive(alice.origin + "/inbox")


def test_new_statements_are_offered_and_not_pushed_under_the_pointer(
    alice: Browser, bob: Browser
) -> None:
    bob.open("/inbox")
    alice.draft("First")
    expect(bob.page.get_by_role("link", name="First")).to_be_visible()
    alice.draft("Second")
    offer = bob.button("Show 1 new")
    expect(offer).to_be_visible()
    expect(bob.page.get_by_role("link", name="Second")).to_be_hidden()
    offer.click()
    expect(bob.page.get_by_role("link", name="Second")).to_be_visible()
    expect(offer).to_be_hidden()


def test_statements_are_found_by_title_and_status(alice: Browser) -> None:
    for title in ("Lease of the office", "Lease of a car", "Budget"):
        alice.draft(title)
    alice.open("/statements")
    alice.page.get_by_label("Search", exact=True).fill("lease")
    alice.button("Show").click()
    expect(alice.page.locator("#list tbody tr")).to_have_count(2)
    alice.page.get_by_label("Status").select_option("approved")
    alice.button("Show").click()
    expect(alice.page.get_by_text("No statement matches")).to_be_visible()


def test_a_draft_names_hazards_before_anybody_signs_them(alice: Browser) -> None:
    alice.begin_draft()
    content = alice.page.get_by_label("Content")
    hazards = {
        '{"a": 1, "a": 2}': "Line 1, column 10: “a” occurs twice.",
        '{"amount": 12345678901234567890}': "write it as text in quotes",
        "[1]": "it has to be a JSON object",
        '{"a": }': "this is not a JSON value",
    }
    for text, sentence in hazards.items():
        content.fill(text)
        alice.button("Check and submit").click()
        expect(alice.page.locator("#errors")).to_be_focused()
        expect(alice.page.locator("#errors a")).to_contain_text(sentence)
    content.fill('{"a": 1}')
    alice.page.get_by_label("People needed").fill("3")
    alice.page.get_by_role("checkbox", name="Creators").uncheck()
    expect(alice.page.locator("#sentence")).to_have_text("Approved once 3 investors have signed.")
    alice.page.get_by_role("checkbox", name="Investors").uncheck()
    expect(alice.page.locator("#sentence")).to_have_text(
        "Say who can sign: at least one role or person."
    )


def test_a_policy_can_be_written_by_hand(alice: Browser) -> None:
    alice.begin_draft()
    user = alice.page.locator("body").get_attribute("data-user")
    alice.page.get_by_text("The policy as JSON").click()
    alice.page.get_by_label("Write it by hand").check()
    alice.page.get_by_label("Policy JSON").fill(
        f'{{"threshold": 2, "of": ["user:{user}", {{"threshold": 1, "of": ["role:investor"]}}]}}'
    )
    expect(alice.page.locator("#sentence")).to_have_text(
        "Approved once both “Alice” and (1 investor) have signed."
    )
    alice.submit()
    expect(alice.page.locator("#policy")).to_have_text(
        "Approved once both “Alice” and (1 investor) have signed."
    )


def test_no_page_has_a_link_that_leads_nowhere(alice: Browser, server: Server) -> None:
    path = alice.draft("Terms")
    alice.approve()
    found = set()
    for page in ("/", *MEMBERS, path):
        alice.open(page)
        found |= set(alice.evaluate("[...document.links].map((link) => link.href)"))
    assert f"{server.origin}{path}" in found
    for address in found:
        assert alice.page.request.get(address).ok, address
