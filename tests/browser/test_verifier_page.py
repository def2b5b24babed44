"""The offline verifier in people's hands: what it says, to whom, and what one can do with it."""

import base64
import hashlib
import json
import re

import msgspec
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from ledger import __version__
from ledger.cli.layered_text import options_of
from ledger.cli.main import make_parser
from ledger.encoding import jcs
from ledger.tlog.vkeys import parse_vkey
from ledger.verify.container import parse, write
from ledger.verify.layered_report import Inputs, layered, policy_digest
from tests.browser.accessible import SCHEMES, violations
from tests.browser.offline import Verifier
from tests.support.chronicle import Chronicle
from tests.support.dossier import bundle_of, log_signer
from tests.vectors.evidence.cases import good
from tests.vectors.evidence.make import reported

KEY = log_signer().key.vkey
OTHER = log_signer(2).key.vkey


def outcome(verifier: Verifier, name: str) -> str:
    return str(verifier.page.locator(f"[data-check={name}]").get_attribute("class"))


def test_the_sample_shows_who_approved_what(verifier: Verifier) -> None:
    verifier.button("Check a sample").click()
    expect(verifier.heading("Verified")).to_be_focused()
    assert [outcome(verifier, check["name"]) for check in verifier.report()["checks"]] == (
        ["passed"] * 10
    )
    expect(verifier.page.locator(".verdict")).to_contain_text(
        "1 of the 2 statements in it is not approved."
    )
    statement = verifier.page.locator(".statement").first
    expect(statement.get_by_role("heading")).to_have_text("Series A – “preferred”")
    expect(statement).to_contain_text("2 people approved.")
    expect(statement.get_by_role("row", name="Alice Ångström")).to_contain_text("Approval")
    expect(statement.get_by_role("row", name="Bob")).to_contain_text("2026-11-21 03:04:17 UTC")
    expect(verifier.heading("What this proves")).to_be_visible()
    expect(verifier.heading("What this does not prove")).to_be_visible()


def test_the_statements_come_before_the_checks(verifier: Verifier) -> None:
    verifier.check(good("statement"), KEY)
    titles = verifier.page.locator("#result h3").all_text_contents()
    assert titles.index("The statements") < titles.index("The checks")


def test_the_tampered_sample_fails_where_it_was_tampered_with(verifier: Verifier) -> None:
    verifier.button("Check a tampered one").click()
    expect(verifier.heading("Failed: do not rely on this file")).to_be_visible()
    expect(verifier.page.locator(".verdict")).to_contain_text(
        "Check 2 at position 12: A body is not the one its entry commits to."
    )
    assert outcome(verifier, "content") == "failed"
    expect(verifier.page.locator(".statement")).to_have_count(0)
    expect(verifier.heading("What this proves")).to_have_count(0)


@pytest.mark.parametrize(
    ("forgery", "failed"),
    [
        ("Change a digit", ["content"]),
        ("Change a digit and mend its entry", ["entries", "policy"]),
        ("Forge a signature", ["entries", "signatures"]),
    ],
)
def test_every_forgery_that_the_page_offers_is_noticed(
    verifier: Verifier, forgery: str, failed: list[str]
) -> None:
    verifier.check(good("statement"), KEY)
    verifier.page.get_by_role("button", name=forgery, exact=True).click()
    expect(verifier.page.locator(".facts").first).to_contain_text("Forged here")
    found = [c["name"] for c in verifier.report()["checks"] if c["outcome"] == "failed"]
    assert sorted(found) == failed
    verifier.button("Check the real file again").click()
    expect(verifier.heading("Verified")).to_be_visible()


def test_without_a_key_it_does_not_claim_to_know_the_ledger(verifier: Verifier) -> None:
    verifier.check(good("statement"))
    expect(verifier.heading("Consistent, but I do not know this ledger")).to_be_visible()
    expect(verifier.page.locator(".verdict")).to_have_class("verdict waiting")
    # The key that is given afterwards is compared at once, and the focus stays where it is.
    field = verifier.page.get_by_label("The log key that you expect")
    field.fill(KEY)
    field.press("Tab")
    expect(verifier.heading("Verified")).to_be_visible()
    expect(verifier.heading("Verified")).not_to_be_focused()
    field.fill(OTHER)
    field.press("Tab")
    expect(verifier.heading("Failed: do not rely on this file")).to_be_visible()
    assert outcome(verifier, "ledger") == "failed"


def test_a_key_is_given_as_the_log_prints_it_or_as_its_sha_256(verifier: Verifier) -> None:
    report = verifier.check(good("statement"), f"# signs sizes from 1\n{OTHER}\n{KEY}\n")
    assert report["verdict"] == "verified"
    verifier.page.locator("[data-check=checkpoint] summary").click()
    shown = verifier.page.locator("[data-check=checkpoint] dd").last.inner_text()
    assert shown == hashlib.sha256(base64.b64decode(KEY.split("+", 2)[2])).hexdigest()
    spaced = " ".join(re.findall(".{8}", shown.upper()))
    assert verifier.check(good("statement"), spaced)["verdict"] == "verified"
    assert verifier.check(good("statement"), f"{'0' * 64}")["verdict"] == "invalid"


@pytest.mark.parametrize("typed", ["abc", KEY[:-1], KEY.replace("+47", "+48"), "+++"])
def test_a_mistyped_key_is_a_mistake_of_the_field_and_not_of_the_file(
    verifier: Verifier, typed: str
) -> None:
    verifier.check(good("statement"))
    field = verifier.page.get_by_label("The log key that you expect")
    field.fill(typed)
    field.press("Tab")
    expect(verifier.page.locator("#key-error")).to_contain_text("This is no log key")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert verifier.report()["verdict"] == "consistent"


def test_the_samples_key_is_not_expected_of_the_next_file(verifier: Verifier) -> None:
    verifier.button("Check a sample").click()
    expect(verifier.heading("Verified")).to_be_visible()
    verifier.page.set_input_files(
        "#file",
        {"name": "mine.zip", "mimeType": "application/zip", "buffer": good("statement")},
    )
    expect(verifier.heading("Consistent, but I do not know this ledger")).to_be_visible()


def test_a_report_is_announced_once_and_kept_as_json(verifier: Verifier) -> None:
    verifier.evaluate(
        """() => {
            window.said = [];
            const status = document.getElementById("status");
            new MutationObserver(() => said.push(status.textContent))
                .observe(status, { childList: true });
        }"""
    )
    report = verifier.check(good("statement"))
    assert verifier.evaluate("said") == [
        "Verification finished: Consistent, but I do not know this ledger. "
        "9 of 10 checks passed, 1 cannot be told."
    ]
    with verifier.page.expect_download() as download:
        verifier.button("Save it as JSON").click()
    kept = json.loads(download.value.path().read_text())
    assert kept["verdict"] == report["verdict"] == "consistent"
    assert set(kept["checks"][0]) == {"name", "outcome", "says", "code", "position"}
    told = {
        "id", "title", "status", "inQuestion", "sha256", "creator", "draftedAt", "policy",
        "approvers", "decisions", "type", "supersedes", "supersededBy", "usable", "uses",
        "usesVoid", "creatorAccount",
    }  # fmt: skip
    assert set(kept["statements"][0]) == told


def test_the_page_saves_the_report_in_layers_that_python_makes(verifier: Verifier) -> None:
    raw = good("statement")
    verifier.check(raw, KEY)
    with verifier.page.expect_download() as download:
        verifier.button("Save it with all inputs").click()
    page = json.loads(download.value.path().read_text())
    options = options_of(make_parser().parse_args(["verify", "x"]), [parse_vkey(KEY)])
    given = msgspec.convert(page["inputs"], Inputs)
    ours = json.loads(msgspec.json.encode(layered(reported(raw, "given"), given)))
    for each in (page, ours):  # the sentences of checks are each verifier's own
        each["checks"] = [{**check, "says": ""} for check in each["checks"]]
    assert page == ours
    inputs = page["inputs"]
    files = parse(raw)
    assert inputs["files"] == [
        {"name": name, "sha256": hashlib.sha256(files[name]).hexdigest()} for name in sorted(files)
    ]
    assert inputs["evidence"]["sha256"] == hashlib.sha256(raw).hexdigest()
    assert (inputs["verifier"], inputs["version"]) == ("offline page", __version__)
    assert (inputs["options"], inputs["policySha256"]) == (options, policy_digest(options))


def test_a_dropped_file_is_checked_wherever_it_falls(verifier: Verifier) -> None:
    verifier.evaluate(
        """(bytes) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([Uint8Array.from(bytes)], "dropped.zip"));
            const event = { dataTransfer: transfer, bubbles: true, cancelable: true };
            document.querySelector("h1").dispatchEvent(new DragEvent("drop", event));
        }""",
        list(good("statement")),
    )
    expect(verifier.heading("Consistent, but I do not know this ledger")).to_be_visible()
    expect(verifier.page.locator(".facts").first).to_contain_text("dropped.zip")


def test_the_page_is_used_with_the_keyboard_alone(verifier: Verifier) -> None:
    keyboard = verifier.page.keyboard
    order = []
    for _ in range(7):
        keyboard.press("Tab")
        order.append(
            verifier.evaluate("document.activeElement.id || document.activeElement.className")
        )
    assert order == ["skip", "choose-file", "prove", "key", "trust-witnesses", "good", "bad"]
    keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    expect(verifier.heading("Verified")).to_be_focused()
    passed: list[str | None] = []
    while "readable" not in passed and len(passed) < 12:  # the statement comes first
        keyboard.press("Tab")
        passed.append(
            verifier.evaluate("document.activeElement.closest('[data-check]')?.dataset.check")
        )
    assert set(passed) == {None, "readable"}
    keyboard.press("Enter")
    assert verifier.evaluate("document.querySelector('[data-check=readable] details').open")


def test_no_state_of_the_page_breaks_an_accessibility_rule(chromium: Chromium) -> None:
    found = []
    for scheme, width in zip(SCHEMES, (320, 1280), strict=True):
        verifier = Verifier(chromium, color_scheme=scheme, viewport={"width": width, "height": 900})
        for button in (None, "Check a sample", "Check a tampered one"):
            if button:
                verifier.evaluate("delete document.getElementById('result').dataset.verdict")
                verifier.button(button).click()
                verifier.report()
                verifier.evaluate(
                    "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
                )
            found += [f"{button} {scheme} {width} {each}" for each in violations(verifier)]
            overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert verifier.evaluate(overflow) <= 0, f"{button} scrolls sideways at {width} px"
        assert verifier.unexpected() == []
        verifier.context.close()
    assert found == []


def test_the_printed_report_shows_the_verdict_and_not_the_form(verifier: Verifier) -> None:
    verifier.check(good("statement"), KEY)
    verifier.page.emulate_media(media="print")
    expect(verifier.heading("Verification report")).to_be_visible()
    expect(verifier.heading("Verified")).to_be_visible()
    for hidden in ("#choose", "#trust", ".no-print"):
        expect(verifier.page.locator(hidden)).to_be_hidden()


def test_what_a_forger_wrote_is_shown_and_not_obeyed(verifier: Verifier) -> None:
    told = Chronicle()
    told.found()
    told.announce(1)
    alice = told.signer(1, "creator")
    told.register(alice, "Alice")
    title = "</script><img src=x onerror=alert(1)>"
    told.draft(alice, 1, title=title, content='{"<b>\u200b":"<i>\u2066"}')
    report = verifier.check(bundle_of(told.states), KEY)
    assert (report["verdict"], report["statements"][0]["title"]) == ("verified", title)
    statement = verifier.page.locator(".statement")
    expect(statement.get_by_role("heading")).to_have_text(title)
    expect(statement.locator(".mark").first).to_have_text("U+200B")
    expect(statement.locator("dl")).to_have_text("<b>U+200B<i>U+2066")
    expect(statement).to_contain_text("Nobody approved.")
    expect(verifier.page.locator(".verdict")).to_contain_text("It does not show an approval.")
    # A name from a manifest can be as long as its forger likes.
    manifest = json.loads(parse(good("statement"))["manifest.json"])
    manifest["files"]["x" * 10_000] = "0" * 64
    files = parse(good("statement")) | {"manifest.json": jcs(manifest)}
    assert verifier.check(write(files))["checks"][0]["code"] == "file_missing"
    assert len(verifier.page.locator(".verdict").inner_text()) < 600
