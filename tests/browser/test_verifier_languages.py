"""The offline verifier in German: what it shows is German, and its report is what it always was."""

import json
import re

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from ledger.http.catalogue import catalogue
from tests.browser.accessible import SCHEMES, violations
from tests.browser.offline import Verifier
from tests.support.dossier import log_signer
from tests.vectors.conformance.make import DIRECTORY, reported
from tests.vectors.evidence.cases import good

KEY = log_signer().key.vkey
# What a German page shows of the catalogue in English: nothing that German says otherwise.
ENGLISH_ONLY = """(english) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest("script, style, noscript, [lang=en], code, pre")) continue;
        if (english.includes(node.data.trim())) found.push(node.data.trim());
    }
    return found;
}"""


def left_in_english(verifier: Verifier) -> list[str]:
    german = set(catalogue("de").values())
    english = [said for said in catalogue().values() if said not in german and len(said) > 3]
    found: list[str] = verifier.evaluate(ENGLISH_ONLY, english)
    return found


def test_a_german_browser_is_answered_in_german_and_the_report_stays_english(
    chromium: Chromium, verifier: Verifier
) -> None:
    german = Verifier(chromium, locale="de-AT")
    for raw in (good("statement"), good("full"), good("statement")[:-40]):
        assert german.check(raw, KEY) == verifier.check(raw, KEY)
        assert left_in_english(german) == []
    german.check(good("statement"), KEY)
    expect(german.page.locator("#verdict")).to_have_text("Geprüft")
    expect(german.page.locator(".statement").first).to_contain_text("2 Personen haben freigegeben.")
    with german.page.expect_download() as download:
        german.button("Als JSON speichern").click()
    kept = json.loads(download.value.path().read_text())
    assert kept["checks"][0]["says"].endswith("each as the manifest has it.")
    assert kept["statements"][0]["policy"].startswith("Approved once")
    assert kept["doesNotProve"][0].startswith("It does not prove")
    assert german.unexpected() == []
    german.context.close()


def test_the_language_is_switched_under_an_open_report_without_a_network(
    verifier: Verifier,
) -> None:
    verifier.button("Check a tampered one").click()
    expect(verifier.heading("Failed: do not rely on this file")).to_be_visible()
    verifier.button("Deutsch").click()
    expect(verifier.page.locator("html")).to_have_attribute("lang", "de")
    expect(verifier.button("Deutsch")).to_have_attribute("aria-pressed", "true")
    expect(
        verifier.heading("Gescheitert: Verlassen Sie sich nicht auf diese Datei")
    ).to_be_visible()
    expect(verifier.page.locator(".verdict")).to_contain_text(
        "Prüfung 2, an Position 12: Ein Inhalt ist nicht der, den sein Eintrag festlegt."
    )
    exact = verifier.page.locator("[data-check=content] [lang=en]")
    expect(exact).to_have_text("A body is not the one its entry commits to.")
    assert left_in_english(verifier) == []
    field = verifier.page.get_by_label("Der Protokollschlüssel, den Sie erwarten")
    field.fill("abc")
    field.press("Tab")
    expect(verifier.page.locator("#key-error")).to_contain_text("Das ist kein Protokollschlüssel.")
    verifier.button("English").click()
    expect(verifier.heading("Failed: do not rely on this file")).to_be_visible()
    # A report that is hidden while another file is checked is not shown again.
    verifier.evaluate("document.getElementById('result').hidden = true")
    verifier.button("Deutsch").click()
    expect(verifier.page.locator("#result")).to_be_hidden()
    assert [each for each in verifier.requests if not each.startswith(("file:", "blob:"))] == []


def test_a_report_with_decisions_is_said_again_in_the_other_language(verifier: Verifier) -> None:
    before = verifier.check(good("statement"), KEY)
    verifier.button("Deutsch").click()
    expect(verifier.page.locator("#verdict")).to_have_text("Geprüft")
    expect(verifier.page.locator("table").first).to_contain_text("Freigabe")
    assert left_in_english(verifier) == []
    assert verifier.report() == before
    verifier.button("English").click()
    expect(verifier.page.locator("#verdict")).to_have_text("Verified")


UNREAD = """(name) => {
    const file = new File(["x"], name);
    file.arrayBuffer = () => Promise.reject(new Error("gone"));
    const event = new Event("paste");
    event.clipboardData = { files: [file] };
    dispatchEvent(event);
}"""


def test_nothing_of_an_earlier_file_stands_beside_one_that_is_not_checked(
    verifier: Verifier,
) -> None:
    page, title = verifier.page, re.compile("^Verified · first.zip")
    for name in ("a key that is none", "a file that cannot be read"):
        assert verifier.check(good("statement"), KEY, name="first.zip")["verdict"] == "verified"
        expect(page).to_have_title(title)
        if name == "a key that is none":
            verifier.evaluate("document.getElementById('key').value = 'abc'")
            page.set_input_files(
                "#file",
                {"name": "second.zip", "mimeType": "application/zip", "buffer": good("full")},
            )
            expect(page.locator("#key-error")).to_contain_text("This is no log key.")
        else:
            verifier.evaluate(UNREAD, "second.zip")
            expect(page.locator("#problem")).to_have_text("This file cannot be read.")
        for language in ("Deutsch", "English"):
            verifier.button(language).click()
            expect(page.locator("#result"), name).to_be_hidden()
            expect(page.locator("#working"), name).to_be_hidden()
            expect(page).not_to_have_title(re.compile("first.zip"))


def test_notices_are_said_again_in_the_other_language(verifier: Verifier) -> None:
    """What the page says by itself, such as what is wrong with a file or a key."""
    verifier.expect_problem("Content Security Policy|violates")
    page, words = verifier.page, {tag: catalogue(tag) for tag in ("en", "de")}

    def are_said(keys: dict[str, str]) -> None:
        for tag, language in (("en", None), ("de", "Deutsch"), ("en", "English")):
            if language is not None:
                verifier.button(language).click()
            for place, key in keys.items():
                expect(page.locator(place)).to_contain_text(words[tag][key])

    verifier.check(good("statement"), KEY)
    page.locator("#key").fill("abc")
    page.locator("#key").press("Tab")
    expect(page.locator("#key-error [lang=en]")).to_contain_text("Not a log key")
    are_said({"#key-error": "verify.wrong.key", "#status": "verify.wrong.key"})
    expect(page.locator("#key-error [lang=en]")).to_contain_text("Not a log key")
    verifier.evaluate(UNREAD, "gone.zip")
    verifier.button("Try it").click()
    are_said({"#problem": "verify.unreadable", "#proved": "verify.refused"})
    are_said({"#status": "verify.refused"})


def test_what_a_screen_reader_hears_of_a_report_is_said_again(verifier: Verifier) -> None:
    verifier.check(good("statement"), KEY)
    expect(verifier.page.locator("#status")).to_contain_text("Verification finished")
    verifier.button("Deutsch").click()
    german = catalogue("de")["verify.done"].partition("{")[0]
    expect(verifier.page.locator("#status")).to_contain_text(german)


def test_accounts_are_named_as_python_names_them(verifier: Verifier) -> None:
    for name in ("genuine-account-draft", "genuine-account-use"):
        raw = (DIRECTORY / "cases" / name / "bundle.zip").read_bytes()
        verifier.check(raw, KEY)
        (shown,) = reported(raw, "given").statements
        owner = shown.uses[0].name if shown.uses else shown.creator.name
        for language, kind in (("Deutsch", "Dienstkonto von"), ("English", "service account of")):
            verifier.button(language).click()
            told = f"deploy ({kind} “{owner}”)"
            expect(verifier.page.locator(".statement")).to_contain_text(told)


def test_no_state_of_the_german_page_breaks_an_accessibility_rule(chromium: Chromium) -> None:
    found = []
    for scheme, width in zip(SCHEMES, (320, 1280), strict=True):
        view = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
        verifier = Verifier(chromium, locale="de-DE", **view)
        for button in ("Ein Beispiel prüfen", "Ein gefälschtes prüfen"):
            verifier.evaluate("delete document.getElementById('result').dataset.verdict")
            verifier.button(button).click()
            verifier.report()
            found += [f"{button} {scheme} {each}" for each in violations(verifier)]
            overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert verifier.evaluate(overflow) <= 0, f"{button} scrolls sideways at {width} px"
        verifier.context.close()
    assert found == []


def test_a_browser_without_our_languages_is_answered_in_english(chromium: Chromium) -> None:
    verifier = Verifier(chromium, locale="is-IS")
    expect(verifier.heading("Verify an evidence bundle")).to_be_visible()
    verifier.context.close()
