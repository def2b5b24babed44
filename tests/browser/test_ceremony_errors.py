"""Every error by which a browser ends a passkey prompt has a sentence that says what to do."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenBrowser
from tests.browser.people import Browser

END_WITH = """async ([uses, makes, kind, name]) => {
    const { signIn } = await import(uses);
    const { create } = await import(makes);
    const fail = async () => { throw new DOMException("", name); };
    Object.assign(navigator.credentials, { create: fail, get: fail });
    const rp = { id: "localhost", name: "Ledger" };
    const user = { id: "AA", name: "Alice", displayName: "Alice" };
    const creation = { rp, user, pubKeyCredParams: [] };
    const run = { create, get: signIn }[kind];
    const publicKey = kind === "create" ? creation : { rpId: "localhost" };
    try {
        await run({ ledger: "l", nonce: "n", publicKey });
    } catch (error) {
        return [error.constructor.name, error.message];
    }
    return null;
}"""
CALM = "Your device didn't confirm. You may have cancelled"
UNLOCK = "Unlock it, or choose another one in the prompt"
OTHER = "Choose a phone, a password manager or another security key."


def end_with(library: Browser, kind: str, name: str) -> list[str]:
    """Return the class and message of what a ceremony throws that ends with this error."""
    modules = map(library.module, ("webauthn", "new-passkey"))
    thrown: list[str] = library.evaluate(END_WITH, [*modules, kind, name])
    return thrown


@pytest.mark.parametrize(
    ("name", "created", "used"),
    [
        ("NotAllowedError", CALM, CALM),
        ("AbortError", CALM, CALM),
        ("TimeoutError", CALM, CALM),
        (
            "InvalidStateError",
            "already has a passkey for you",
            "does not have that passkey any more",
        ),
        ("ConstraintError", "Set a screen lock or a PIN on it", "Set a screen lock or a PIN on it"),
        ("NotSupportedError", OTHER, "Choose another one in the prompt"),
        ("OperationError", UNLOCK, UNLOCK),
        ("UnknownError", UNLOCK, UNLOCK),
        ("NotReadableError", UNLOCK, UNLOCK),
        ("DataError", UNLOCK, UNLOCK),
        ("EncodingError", UNLOCK, UNLOCK),
        ("SecurityError", "Open the ledger at its own address", "belong to localhost"),
    ],
)
def test_an_error_of_a_browser_has_its_sentence_and_is_shown_as_no_failure(
    library: Browser, name: str, created: str, used: str
) -> None:
    for kind, sentence in (("create", created), ("get", used)):
        thrown = end_with(library, kind, name)
        assert thrown[0] == "CeremonyError"
        assert sentence in thrown[1]


def test_an_error_that_no_browser_uses_here_stays_what_it_is(library: Browser) -> None:
    assert end_with(library, "get", "ReadOnlyError")[0] == "DOMException"


def test_an_authenticator_that_checks_nobody_or_keeps_nothing_makes_no_passkey(
    open_browser: OpenBrowser,
) -> None:
    for lacking in ("hasUserVerification", "hasResidentKey"):
        browser = open_browser(lacking=lacking)
        browser.open("/register")
        browser.page.get_by_label("Your name").fill("Dora")
        browser.button("Register with a passkey").click()
        alert = browser.page.get_by_role("alert")
        expect(alert).to_contain_text("set a screen lock or a PIN on it, or choose another device")
        expect(browser.page.locator("#problem .rejected")).to_have_count(0)
        assert browser.passkeys() == 0
        assert not [body for body in browser.bodies if "attestationObject" in body]
