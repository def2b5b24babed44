"""Writing a draft: its policy is built without JSON, and the page says what will come of it."""

import json
import re

from playwright.sync_api import expect

from tests.browser.people import Browser

KEPT = "Object.keys(localStorage).filter((name) => name.startsWith('draft/'))"


def test_steps_and_groups_of_groups_are_built_without_json_and_carried_to_a_new_version(
    alice: Browser, bob: Browser
) -> None:
    page, form = alice.page, alice.page.locator("#policy-fields")
    alice.begin_draft()
    alice.button("Add a group").click()
    group = form.get_by_role("group", name="Group 1", exact=True)
    expect(group.get_by_label("People needed")).to_be_focused()
    alice.button("Add a group within 1").click()
    alice.button("Remove Group 1.1").click()
    expect(alice.button("Add a group within 1")).to_be_focused()
    page.get_by_label("In steps, one after the other").check()
    first = form.get_by_role("group", name="Step 1", exact=True)
    second = form.get_by_role("group", name="Step 2", exact=True)
    first.get_by_label("Investors").check()
    second.get_by_text("Name people").click()
    second.get_by_label("Alice creator").check()
    alice.button("Add a group within 2").click()
    within = form.get_by_role("group", name="Group 2.1", exact=True)
    within.get_by_label("Administrators").check()
    alice.button("Move Step 2 up").click()
    alice_id = page.locator("body").get_attribute("data-user")
    steps = [
        {
            "threshold": 1,
            "of": [f"user:{alice_id}", {"threshold": 1, "of": ["role:administrator"]}],
        },
        {"threshold": 1, "of": ["role:investor"]},
    ]
    expect(page.locator("#sentence")).to_contain_text("Approved in 2 steps: first any 1 of “Alice”")
    path = alice.submit()
    alice.open(path)
    page.get_by_role("link", name="Draft a new version").click()
    expect(page.get_by_label("In steps, one after the other")).to_be_checked()
    expect(page.get_by_label("Write it by hand")).not_to_be_checked()
    assert json.loads(page.locator("#policy-json").input_value()) == {"steps": steps}


def test_the_page_says_who_could_approve_and_shows_what_reviewers_will_see(
    alice: Browser, bob: Browser
) -> None:
    page, prospect = alice.page, alice.page.locator("#prospect")
    alice.begin_draft("T\u0435rms")
    expect(prospect).to_have_text("Today “Alice” and “Bob” can approve.")
    preview = page.get_by_role("complementary", name="What reviewers will see")
    expect(preview).to_contain_text("Northwind Robotics, Inc.")
    expect(preview).to_contain_text("1 thing to look at")
    page.get_by_label("People needed").first.fill("3")
    page.get_by_label("Administrators").first.check()
    says = "The people of today cannot meet this policy. Today “Alice” and “Bob” can approve."
    expect(prospect).to_have_text(f"{says} No approval can come from administrators.")
    page.get_by_label("Content").fill('{"a": ')
    expect(preview).to_contain_text("The content is not shown until it is a JSON object.")
    expect(preview).not_to_contain_text("Northwind")


def test_a_draft_is_kept_in_its_browser_until_it_is_submitted_or_its_writer_signs_out(
    alice: Browser,
) -> None:
    page, restored = alice.page, alice.page.locator("#restored")
    alice.begin_draft("First")
    page.get_by_label("People needed").first.fill("1")
    page.get_by_label("Only I, the people").check()
    expect(page.locator("#kept")).to_contain_text("Saved in this browser at")
    page.reload()
    expect(restored).to_contain_text("this browser kept it")
    expect(page.get_by_label("Title")).to_have_value("First")
    expect(page.get_by_label("People needed").first).to_have_value("1")
    expect(page.get_by_label("Only I, the people")).to_be_checked()
    alice.button("Start anew").click()
    expect(page.get_by_label("Title")).to_have_value("")
    expect(restored).to_be_hidden()
    alice.draft("Second")
    assert page.evaluate(KEPT) == []
    alice.begin_draft("Third")
    expect(page.locator("#kept")).to_contain_text("Saved in this browser at")
    alice.open("/account")
    alice.button("Sign out").click()
    page.wait_for_url(re.compile(r"/$"))
    assert page.evaluate(KEPT) == []


def test_a_policy_that_is_written_by_hand_is_kept_as_it_is_written(alice: Browser) -> None:
    page, written = alice.page, alice.page.get_by_label("Policy JSON")
    alice.begin_draft("First")
    page.get_by_text("The policy as JSON").click()
    page.get_by_label("Write it by hand").check()
    for text in ('{"threshold": 1', '{"threshold": 1}', '{"steps": 2, "veto": "user:"}'):
        expect(written).to_be_editable()
        written.fill(text)
        expect(page.locator("#sentence")).to_have_class("sentence error")
        page.reload()
        expect(page.get_by_label("Write it by hand")).to_be_checked()
        expect(written).to_have_value(text)
        expect(alice.button("Check and submit")).to_be_enabled()


def test_nothing_is_kept_after_its_writer_signs_out_in_another_tab(alice: Browser) -> None:
    page = alice.page
    alice.begin_draft("Third")
    page.get_by_text("More rules").click()
    # Its end moves on with the clock, so the draft is never quite what was kept.
    page.get_by_label("Closes").select_option("7")
    expect(page.locator("#kept")).to_contain_text("Saved in this browser at")
    page.evaluate("sessionStorage.setItem('draft/of this tab', '')")
    other = page.context.new_page()
    other.goto(f"{alice.origin}/account")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(re.compile(r"/$"))
    page.wait_for_url(re.compile(r"/signin"))
    for kept in (KEPT, KEPT.replace("local", "session")):
        page.wait_for_function(f"{kept}.length === 0")
