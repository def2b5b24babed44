"""The offline page gives the test vectors of WebAuthn Level 3 the verdicts of the table."""

from playwright.sync_api import Page

from tests.support.w3c_vectors import VERDICTS, W3C, b64u, public_key

SAID = """async ([party, cases]) => {
    const passkey = await import("/verify/domain/passkey.js");
    const { fromBase64Url } = await import("/verify/encoding.js");
    const verdict = async (verify) => {
        try {
            await verify();
            return "taken";
        } catch (error) {
            return error.message;
        }
    };
    const said = [];
    for (const { id, registration, authentication, publicKey } of cases) {
        const of = ({ challenge }) => ({ challenge: fromBase64Url(challenge), party });
        const known = { ...of(authentication), passkey: { publicKey } };
        const asserted = { ...authentication, credentialId: id };
        said.push([
            await verdict(() => passkey.verifyRegistration(registration, id, of(registration))),
            await verdict(() => passkey.verifyAssertion(asserted, known)),
        ]);
    }
    return said;
}"""


def test_the_page_gives_every_vector_the_verdict_of_the_table(page: Page) -> None:
    cases = [
        {
            "id": b64u(each["registration"]["credentialId"]),
            "registration": {name: b64u(text) for name, text in each["registration"].items()},
            "authentication": {name: b64u(text) for name, text in each["authentication"].items()},
            "publicKey": public_key(each),
        }
        for each in W3C["vectors"]
    ]
    party = {"rpId": W3C["rpId"], "origin": W3C["origin"]}
    found = page.evaluate(SAID, [party, cases])
    expected = [[page_ or server, used] for server, page_, used in VERDICTS.values()]
    assert found == expected
