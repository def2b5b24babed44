"""A person who reads German: from the first page to a signed approval."""

import json
import re

import msgspec
from playwright.sync_api import expect

from ledger.domain import policy
from ledger.domain.changes.items import parse_content
from ledger.http.catalogue import catalogue
from ledger.http.languages import speaking
from ledger.pages.change_words import describe
from ledger.pages.policy_texts import policy_sentence
from tests.browser.accessible import each_view, faults
from tests.browser.company import Company
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser
from tests.support.declared_routes import PAGES as ROUTES
from tests.support.server import Server
from tests.support.vectors import vector

POLICIES, CHANGES = vector("web/policy"), vector("web/changes")

# Long words are the risk: each page in German at the width of a telephone and of a desk.
PAGES = ("/inbox", "/draft", "/account", "/messages", "/audit", "/nirgends")


def speak_german(browser: Browser) -> None:
    """Choose German at the foot of the page, by the keyboard."""
    switch = browser.button("Deutsch")
    switch.focus()
    with browser.page.expect_navigation():
        browser.page.keyboard.press("Enter")
    expect(browser.page.locator("html")).to_have_attribute("lang", "de")


def says_the_same_as_the_server(browser: Browser) -> None:
    """Compare what policies and changes say in a German browser with the server's German."""
    for case in POLICIES["sentences"]:
        found = browser.call("policy", "policySentence", case["policy"], POLICIES["names"])
        with speaking("de"):
            rules = policy.parse(msgspec.json.encode(case["policy"]))
            assert found == policy_sentence(rules, POLICIES["names"])
    for case in CHANGES["changes"]:
        given = [case["item"]], CHANGES["names"], dict(catalogue("de")), CHANGES["replaced"]
        (found,) = browser.call("change-words", "describe", *given)
        with speaking("de"):
            items = parse_content(json.dumps({"items": [case["item"]]}))
            (said,) = describe(items, CHANGES["names"], CHANGES["replaced"])
        assert (found["sentence"], found.get("before"), found.get("after")) == (
            said.sentence,
            said.before,
            said.after,
        )


def test_somebody_registers_drafts_and_approves_in_german(open_browser: OpenBrowser) -> None:
    anna = open_browser(locale="en-GB")
    anna.open("/register#keep-me")
    speak_german(anna)
    assert anna.page.url == f"{anna.origin}/register#keep-me"
    anna.page.get_by_label("Ihr Name").fill("Anna")
    anna.page.get_by_label(re.compile("^Creator")).check()
    anna.button("Mit einem Passkey registrieren").click()
    anna.leave_codes()
    expect(anna.heading("Wartet auf Sie")).to_be_visible()

    anna.page.get_by_role("link", name="Neuer Vorgang").first.click()
    anna.button("Ein Beispiel verwenden").click()
    anna.page.get_by_label("Titel").fill("Rahmenvertrag")
    anna.page.get_by_label("Inhalt").fill('{"amount": 1.0}')
    threshold = anna.page.locator("#threshold")
    threshold.fill("1")
    expect(anna.page.locator("#sentence")).to_contain_text(
        "Freigegeben, sobald 1 aus Rolle creator"
    )
    anna.page.get_by_label("Inhalt").fill("{")
    expect(anna.page.locator("#content-error")).to_contain_text("Zeile 1, Spalte 2: ")
    anna.page.get_by_label("Inhalt").fill('{"amount": 1}')
    anna.button("Prüfen und einreichen").click()
    anna.page.get_by_role("button", name="Signieren und einreichen").click()
    anna.arrive("**/statements/*-*")
    anna.expect_status(
        "Offen",
        "Signiert von noch niemandem; nötig: 1. Es fehlt noch: “Anna”.",
    )

    anna.button("Freigeben und signieren").click()
    anna.dialog().get_by_role("button", name="Signieren", exact=True).click()
    expect(anna.heading("Freigegeben und signiert")).to_be_visible()
    anna.expect_status("Freigegeben", "Signiert von “Anna”; nötig: 1.")
    expect(anna.page.locator("#decisions .verified")).to_have_text(" hier geprüft")
    expect(anna.page).to_have_title(re.compile("^✓ Freigegeben: Rahmenvertrag"))

    path = anna.page.url.removeprefix(anna.origin)
    anna.open("/audit")
    events = anna.page.locator("#events-title ~ .timeline li")
    expect(events.first).to_contain_text(
        "“Anna” hat “Rahmenvertrag” freigegeben (1 Freigabe, freigegeben)"
    )
    expect(events.first.locator("[lang]")).to_have_count(0)
    expect(events.filter(has_text="registriert").first).to_contain_text(
        "“Anna” hat sich registriert als creator, mit einem Passkey und einem Signaturschlüssel"
    )
    anna.expect_problem("status of 404")
    found = []
    for page in (*PAGES, path):
        anna.open(page)
        for view in each_view(anna):
            found += faults(anna, f"{page} {view}")
    assert found == []


def test_every_page_of_an_administrator_fits_a_telephone_in_german(
    server: Server, open_browser: OpenBrowser
) -> None:
    with Company(server, open_browser) as company:
        root = company.root
        path = company.invite("creator", "Cal O'Neil").draft("Rahmenvertrag mit <b>O'Neil</b>")
        root.open("/inbox")
        speak_german(root)
        root.page.set_viewport_size({"width": 320, "height": 900})
        root.expect_problem("status of 40")  # pages for others, and for keys that are not named
        shown = [*(each for each in ROUTES if "{" not in each), path, f"{path}/certificate"]
        found = []
        for page in shown:
            root.page.goto(f"{root.origin}{page}")
            found += faults(root, page)
            text = root.page.locator("main").inner_text()
            found += [f"{page}: escaped twice" for each in ("&#", "&lt;") if each in text]
        assert found == []


def test_the_browser_says_which_language_before_anybody_chooses(open_browser: OpenBrowser) -> None:
    gast = open_browser(locale="de-AT", passkeys=False)
    gast.open("/signin")
    expect(gast.heading("Anmelden").first).to_be_visible()
    says_the_same_as_the_server(gast)
    gast.button("English").click()
    expect(gast.page.locator("html")).to_have_attribute("lang", "en")
    gast.open("/recover")
    expect(gast.heading("Come back without your devices")).to_be_visible()
