"""Types in a browser: everybody sees them, and those who govern define and retire them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import each_view, faults
from tests.browser.company import Company, sign
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.server import Server
from tests.support.type_definitions import define

EXAMPLES = Path(__file__).parents[2] / "docs/examples/types"
ARTIFACTS = {
    "product": "Ledger",
    "version": "1.0.0",
    "commit": "a" * 40,
    "artifacts": [{"name": "ledger.whl", "sha256": "b" * 64}],
}


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def example(name: str) -> str:
    return (EXAMPLES / f"{name}.json").read_text("utf-8")


def describe(browser: Browser, name: str, title: str) -> None:
    browser.page.get_by_label("Name", exact=True).fill(name)
    browser.page.get_by_label("Title", exact=True).fill(title)


def test_everybody_sees_the_types_and_only_who_governs_can_define_one(company: Company) -> None:
    cal = company.invite("creator", "Cal")
    cal.open("/types")
    expect(cal.page.locator("#types")).to_contain_text("No type is defined yet.")
    company.change(define(example("investment-terms")))
    cal.open("/types")
    card = cal.page.get_by_role("article", name="Investment terms")
    expect(card).to_contain_text("investment-terms, version 1, defined")
    expect(card).to_contain_text("creators")
    expect(card).to_contain_text("Approved once 2 investors have signed.")
    expect(card).to_contain_text("30 days")
    expect(card).to_contain_text("Company, Round, Amount, Currency, Instrument")
    expect(card).to_contain_text("Board seats (optional)")
    expect(card.get_by_text("Retire it")).to_have_count(0)
    expect(cal.page.get_by_role("link", name="Define a type")).to_have_count(0)
    card.get_by_role("link", name="Draft one").click()
    cal.arrive("**/draft?type=*")
    expect(cal.page.get_by_role("group", name="Investment terms")).to_be_visible()
    cal.expect_problem("403")
    cal.open("/types/define")
    expect(cal.page.get_by_role("heading", level=1)).to_have_text("You may not do this")


def test_a_type_is_defined_from_the_form_then_has_a_new_version_then_is_retired(
    company: Company,
) -> None:
    root = company.root
    root.open("/types")
    root.page.get_by_role("link", name="Define a type").click()
    root.arrive("**/types/define")
    describe(root, "vacation", "Vacation")
    expect(root.page.locator("#preview").get_by_label("Subject")).to_be_visible()
    expect(root.page.locator("#policy-error")).to_have_text(
        "Approved once 2 investors have signed. The creator may not sign."
        " Every decision asks for a passkey."
    )
    root.page.get_by_label("new versions of each other’s statements").check()
    root.page.get_by_label("Minutes that a signature is accepted").fill("90")
    root.page.get_by_label("The title of the statement").check()
    # A name may have a comma, so each stands on a line.
    schema = root.page.locator("#schema")
    schema.fill(schema.input_value().replace('"notes"', '"notes, if any"'))
    root.page.get_by_label("Members of the content").fill("subject\n notes, if any\n\n")
    root.button("Show what it does…").click()
    expect(root.dialog()).to_contain_text("What is signed is accepted up to 90 minutes later.")
    expect(root.dialog()).to_contain_text("Messages tell its title, “subject” and “notes, if any”.")
    expect(root.dialog()).to_contain_text("Define the type vacation, version 1, “Vacation”")
    expect(root.dialog()).to_contain_text("All who draft it may draft new versions of each other’s")
    sign(root)
    root.arrive("**/types")
    card = root.page.get_by_role("article", name="Vacation")
    expect(card).to_contain_text("Subject, Notes (optional)")
    expect(card).to_contain_text("by all who draft the type")
    expect(card).to_contain_text("feeds tellits title, “subject” and “notes, if any”")
    card.get_by_role("link", name="New version").click()
    root.arrive("**/types/define?type=*")
    expect(root.page.get_by_label("Name", exact=True)).to_have_value("vacation")
    expect(root.page.get_by_label("new versions of each other’s statements")).to_be_checked()
    expect(root.page.get_by_label("Minutes that a signature is accepted")).to_have_value("90")
    expect(root.page.get_by_label("The title of the statement")).to_be_checked()
    expect(root.page.get_by_label("Members of the content")).to_have_value("subject\nnotes, if any")
    root.page.get_by_label("The title of the statement").uncheck()
    root.page.get_by_label("Members of the content").fill("")
    root.page.get_by_label("Title", exact=True).fill("Time off")
    root.page.get_by_label("end as expired").check()
    root.button("Show what it does…").click()
    expect(root.dialog()).to_contain_text("version 2")
    expect(root.dialog()).to_contain_text("Pending statements of its earlier versions end.")
    sign(root)
    root.arrive("**/types")
    card = root.page.get_by_role("article", name="Time off")
    expect(card).to_contain_text("vacation, version 2")
    expect(card).to_contain_text("nothing of what it says")
    card.get_by_text("Retire it").click()
    card.get_by_role("button", name="Show what it does…").click()
    expect(root.dialog()).to_contain_text("Retire the type vacation for ever")
    sign(root)
    expect(root.page.get_by_role("article", name="Time off")).to_contain_text("retired")
    expect(card.get_by_role("link", name="New version")).to_have_count(0)


def test_a_new_version_from_the_form_keeps_who_uses_its_statements(company: Company) -> None:
    usable = {"by": ["role:investor"], "times": 2}
    company.change(define(json.dumps(json.loads(example("agent-action")) | {"usable": usable})))
    root = company.root
    root.open("/types")
    root.page.get_by_role("link", name="New version").click()
    root.arrive("**/types/define?type=*")
    root.button("Show what it does…").click()
    expect(root.dialog()).to_contain_text("version 2")
    sign(root)
    root.arrive("**/types")
    definition = root.page.locator("#types pre").text_content() or ""
    assert json.loads(definition)["usable"] == usable


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("name", "Vacation", "Give it a name of a-z"),
        ("name", "ledger/vacation", "Give it a name of a-z"),
        ("type-title", " ", "Give the type a title."),
        ("schema", '{"type": "object", }', "Line 1, column"),
        ("schema", '{"pattern": "x"}', "The schema: the keyword “pattern” is not supported."),
        ("schema", '{"minLength": -1}', "The schema: minLength is a whole number from 0."),
        ("days", "0", "Days are a number from 0.05 to 3660."),
        ("fresh", "10081", "Minutes are a whole number from 1 to 10080."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_sent(
    company: Company, field: str, text: str, says: str
) -> None:
    root = company.root
    root.open("/types/define")
    describe(root, "vacation", "Vacation")
    root.page.locator(f"#{field}").fill(text)
    root.button("Show what it does…").click()
    expect(root.page.locator(f"#{field}-error")).to_contain_text(says)
    expect(root.page.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
    errors = root.page.get_by_role("alert").filter(has_text="Check these first")
    expect(errors).to_be_focused()
    errors.get_by_role("link").first.click()
    expect(root.page.locator(f"#{field}")).to_be_focused()
    expect(root.dialog()).to_have_count(0)


def test_a_policy_of_the_type_is_written_by_hand_with_roles_of_this_ledger(
    company: Company,
) -> None:
    company.change({"define-role": {"role": "legal"}})
    root = company.root
    root.open("/types/define")
    describe(root, "contract", "Contract")
    root.page.locator("summary", has_text="The policy as JSON").click()
    root.page.get_by_label("Write it by hand").check()
    policy = {"threshold": 1, "of": ["role:lawyers"]}
    root.page.locator("#policy").fill(json.dumps(policy))
    root.button("Show what it does…").click()
    expect(root.page.locator("#policy-error")).to_contain_text("A member is user:<id> or role:<")
    steps = [{"threshold": 1, "of": [f"role:{each}"]} for each in ("legal", "investor")]
    root.page.locator("#policy").fill(json.dumps({"steps": steps}))
    expect(root.page.locator("#policy-error")).to_contain_text("Approved in 2 steps")
    root.page.locator("#schema").fill('{"type": "array"}')
    expect(root.page.locator("#preview-none")).to_be_visible()
    root.button("Show what it does…").click()
    sign(root)
    root.arrive("**/types")
    expect(root.page.get_by_role("article", name="Contract")).to_contain_text("any content")


def test_what_the_server_refuses_is_said_before_the_signature(company: Company) -> None:
    company.change(define(example("agent-action")))
    root = company.root
    root.open("/types/define")
    describe(root, "agent-action", "Action")
    root.expect_problem("409")
    root.button("Show what it does…").click()
    expect(root.dialog().locator("#effect .error")).to_be_visible()
    expect(root.dialog().get_by_role("button", name="Sign with your passkey")).to_be_disabled()


def test_a_type_is_defined_by_keyboard_alone(company: Company) -> None:
    root = company.root
    root.open("/types/define")
    root.page.get_by_label("Name", exact=True).focus()
    root.page.keyboard.type("vacation")
    root.page.keyboard.press("Tab")
    root.page.keyboard.type("Vacation")
    root.page.keyboard.press("Enter")
    expect(root.dialog()).to_contain_text("Define the type vacation, version 1")
    root.page.keyboard.press("Escape")
    expect(root.dialog()).to_have_count(0)


def test_the_pages_break_no_accessibility_rule_and_fit_a_narrow_screen(company: Company) -> None:
    root, found = company.root, []
    for name in ("investment-terms", "release-sign-off"):
        company.change(define(example(name)))
    root.open("/types")
    base = root.page.get_by_role("link", name="New version").first.get_attribute("href")
    assert base is not None
    for view in each_view(root):
        for path in ("/types", "/types/define", base):
            root.open(path)
            root.evaluate(
                "document.querySelectorAll('main details').forEach((e) => (e.open = true))"
            )
            if path == "/types/define":
                root.button("Show what it does…").click()
            found += faults(root, f"{path} {view}")
    assert found == []


def test_the_three_example_types_are_used_from_the_definition_to_the_approval(
    company: Company,
) -> None:
    root, cal = company.root, company.invite("creator", "Cal")
    ivy, ian = (company.invite("investor", name) for name in ("Ivy", "Ian"))
    company.change(*(define(each.read_text("utf-8")) for each in sorted(EXAMPLES.glob("*.json"))))

    begin(cal, "Investment terms", "Series A")
    for label, value in (("Company", "Northwind"), ("Amount", "1000000.00"), ("Instrument", "A")):
        cal.page.get_by_label(label, exact=True).fill(value)
    cal.page.get_by_label("Round").select_option("Series A")
    cal.page.get_by_label("Currency").select_option("EUR")
    approve(cal.submit(), ivy, ian)

    begin(cal, "Action of an agent", "Deploy 1.0.0")
    cal.page.get_by_label("Agent", exact=True).fill("deploy-bot")
    cal.page.get_by_label("Action", exact=True).select_option("deploy")
    cal.page.get_by_label("Target").fill("production")
    cal.page.get_by_label("Reason").fill("The release was signed off.")
    approve(cal.submit(), root)

    begin(cal, "Release sign-off", "Ledger 1.0.0")
    cal.page.get_by_label("Content").fill(json.dumps(ARTIFACTS))
    approve(cal.submit(), cal, root)


def begin(who: Browser, kind: str, title: str) -> None:
    who.open("/types")
    card = who.page.get_by_role("article", name=kind)
    card.get_by_role("link", name="Draft one").click()
    who.arrive("**/draft?type=*")
    who.page.get_by_label("Title").fill(title)


def approve(path: str, *people: Browser) -> None:
    """Have people approve a statement; the last approval completes it."""
    for each in people:
        each.open(path)
        each.approve()
    expect(people[-1].page.locator("main")).to_contain_text("Approved")
