"""A statement of a type is drafted from a form, under the type's policy, and names its type."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.support.server import Server
from tests.support.type_definitions import POLICY, define, definition, stated

EXAMPLES = Path(__file__).parents[2] / "docs/examples/types"
# As if the content of a kept draft had been written by hand, and only so far.
BREAK_KEPT = """() => {
    const name = Object.keys(localStorage).find((each) => each.startsWith("draft/"));
    const kept = JSON.parse(localStorage.getItem(name));
    kept.fields.content = '{"agent": ';
    localStorage.setItem(name, JSON.stringify(kept));
}"""


@pytest.fixture
def company(server: Server, open_browser: OpenBrowser) -> Iterator[Company]:
    with Company(server, open_browser) as found:
        yield found


def test_an_action_of_an_agent_is_drafted_from_the_form_of_its_type(company: Company) -> None:
    example = (EXAMPLES / "agent-action.json").read_text("utf-8")
    assert company.change(define(example))["status"] == "approved"
    cal = company.invite("creator", "Cal")
    cal.open("/draft")
    cal.page.get_by_role("link", name="Action of an agent").click()
    expect(cal.page.get_by_role("group", name="Action of an agent")).to_be_visible()
    expect(cal.page.locator("#policy-fields")).to_be_hidden()
    cal.page.get_by_label("Agent", exact=True).fill("another-bot")
    expect(cal.page.locator("#kept")).to_contain_text("Saved in this browser at")
    cal.page.evaluate(BREAK_KEPT)
    cal.page.reload()
    expect(cal.page.get_by_label("Content")).to_be_editable()
    expect(cal.page.get_by_label("Content")).to_have_value('{"agent": ')
    cal.button("Start anew").click()
    cal.page.get_by_label("Title").fill("Deploy version 2")
    cal.page.get_by_label("Agent", exact=True).fill("deploy-bot")
    expect(cal.page.locator("#content-error")).to_have_text("“target” is required.")
    cal.page.get_by_label("Target").fill("production")
    cal.page.get_by_label("Reason").fill("Too short")
    expect(cal.page.locator("#content-error")).to_have_text("/reason: it is too short.")
    cal.page.get_by_label("Reason").fill("The release was signed off.")
    expect(cal.page.locator("#content-error")).to_have_text("")
    cal.button("Check and submit").click()
    expect(cal.page.locator("#check-content")).to_contain_text("deploy-bot")
    cal.button("Sign and submit").click()
    cal.arrive("**/statements/*")
    expect(cal.page.locator("main")).to_contain_text("Of the type agent-action, version 1")
    expect(cal.page.locator("#content .heading").first).to_have_text("Agent")


TERMS_OF = """from => [...from.querySelectorAll("#content dt")].map((dt) => {
    const depth = [...function* () {
        for (let each = dt; each; each = each.parentElement?.closest("dl")) yield each;
    }()].length;
    return `${depth} ${dt.textContent.trim().replace(/\\s+/g, " ")}`;
})"""


def test_values_stand_under_the_titles_of_the_schema_and_none_is_hidden(company: Company) -> None:
    amount = {"type": "string", "title": "Amount to pay"}
    price = {"type": "object", "title": "Price", "properties": {"amount": amount}}
    schema = {"type": "object", "properties": {"price": price, "plain": {}}}
    terms = definition(schema=schema)
    assert company.change(define(terms))["status"] == "approved"
    dan = company.actor("Dan", "creator")
    content = {"hidden": {"a": 1}, "plain": 2, "price": {"extra": 3, "amount": "4"}}
    drafted = dan.draft(content=json.dumps(content), type=stated(terms), policy=POLICY)
    cal = company.invite("investor", "Cal")
    path = f"/statements/{drafted.id}"
    cal.open(path)
    expect(cal.page.locator("#checked")).to_contain_text("This browser fetched")
    shown = cal.evaluate(f"({TERMS_OF})(document)")
    assert shown == [
        "2 plain",
        "2 Price price",
        "3 Amount to pay amount",
        "3 Other members",
        "4 extra",
        "2 Other members",
        "3 hidden",
        "4 a",
    ]
    html = cal.page.request.get(cal.origin + path).text()
    assert (
        cal.page.context.new_page().evaluate(
            f"html => ({TERMS_OF})(new DOMParser().parseFromString(html, 'text/html'))", html
        )
        == shown
    )
