"""New versions in a browser: drafted from the one before, with what changed shown first."""

from playwright.sync_api import expect

from tests.browser.people import Browser

TITLE = "Series A investment terms"


def test_a_new_version_carries_the_policy_over_and_shows_what_changed(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft_for(TITLE, "Alice", "Bob")
    bob.open(path)
    alice.page.get_by_role("link", name="Draft a new version").click()
    expect(alice.heading(f"New version of “{TITLE}”")).to_be_visible()
    content = alice.page.get_by_label("Content")
    content.fill(content.input_value().replace("1000000", "1250000"))
    expect(alice.page.locator("#sentence")).to_have_text(
        "Approved once both “Alice” and “Bob” have signed."
    )
    alice.page.get_by_label("Title").fill("Series A, amended")
    alice.button("Check and submit").click()
    changed = alice.page.locator("#check-changed li")
    expect(changed).to_have_text(
        [
            "Changed /content/investment/amount by +250000: 1000000 → 1250000",
            f'Changed /title: "{TITLE}" → "Series A, amended"',
        ]
    )
    alice.button("Sign and submit").click()
    alice.arrive("**/statements/*-*")
    newer = alice.page.url.removeprefix(alice.origin)
    rows = alice.page.locator("#changed tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Changed by +250000")
    expect(alice.page.locator("#versions")).to_contain_text(f"Version 2 of 2 Before: {TITLE}")
    # The one before has ended, on the page that Bob has open too.
    bob.expect_status("Superseded", "Superseded by a new version. It can no longer be approved.")
    expect(bob.button("Approve and sign")).to_have_count(0)
    bob.open(path)
    expect(bob.page.locator("#superseded")).to_contain_text("Series A, amended")
    bob.open(newer)
    bob.approve()
    alice.approve()
    alice.expect_status("Approved", "Signed by “Bob” and “Alice”; 2 needed.")


def test_a_version_of_an_approved_statement_says_what_the_one_before_asks(
    alice: Browser, bob: Browser
) -> None:
    path = alice.draft_for(TITLE, "Alice", "Bob")
    for who in (bob, alice):
        who.open(path)
        who.approve()
    alice.expect_status("Approved", "Signed by “Bob” and “Alice”; 2 needed.")
    alice.page.get_by_role("link", name="Draft a new version").click()
    expect(alice.page.locator("#base-status")).to_contain_text("approvals that meet both policies")
    alice.page.get_by_text("The policy as JSON").click()
    alice.page.get_by_label("Write it by hand").check()
    alice.page.get_by_label("Policy JSON").fill('{"threshold": 1, "of": ["role:creator"]}')
    newer = alice.submit()
    expect(alice.page.locator("#replaced-policy")).to_contain_text(
        "Approved once both “Alice” and “Bob” have signed."
    )
    alice.approve()
    alice.expect_status(
        "Pending",
        "Signed by “Alice”; 1 needed. The version that it replaces asks too: Waiting for “Bob”.",
    )
    bob.open(newer)
    bob.approve()
    bob.expect_status("Approved", "Signed by “Alice” and “Bob”; 1 needed.")
    bob.open(path)
    expect(bob.page.locator("#progress .badge")).to_have_text("Superseded")


def test_the_words_that_changed_in_a_long_text_are_marked(alice: Browser) -> None:
    old = "The investor pays 1,000,000 USD on the day of the signature, in one amount."
    path = alice.draft("Terms", f'{{"clause": "{old}"}}')
    alice.open(path)
    alice.page.get_by_role("link", name="Draft a new version").click()
    new = old.replace("1,000,000", "1,250,000").replace("one amount", "two amounts")
    alice.page.get_by_label("Content").fill(f'{{"clause": "{new}"}}')
    alice.button("Check and submit").click()
    expect(alice.page.locator("#check-changed del")).to_have_text(["1,000,000", "one", 'amount."'])
    expect(alice.page.locator("#check-changed ins")).to_have_text(["1,250,000", "two", 'amounts."'])
    alice.button("Sign and submit").click()
    alice.arrive("**/statements/*-*")
    expect(alice.page.locator("#changed del")).to_have_text(["1,000,000", "one", 'amount."'])
    expect(alice.page.locator("#changed ins")).to_have_text(["1,250,000", "two", 'amounts."'])
