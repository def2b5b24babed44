"""The offline page reads passkey responses as the server does, and gives the same reasons."""

import random
from typing import Any

import pytest
from playwright.sync_api import Page

from ledger.encoding import b64_encode
from ledger.errors import MalformedError
from tests.support.grammar import VECTORS, read
from tests.support.mutations import mutated
from tests.support.vectors import vector
from tests.vectors.webauthn.cases import joined

READERS = [name for name in VECTORS if name not in ("expected", "everyPrefix", "ed25519")]
# What a reader says of each input, in the names of the vectors; a refusal is {code, detail}.
READ = """async ([reader, expected, inputs]) => {
    const cbor = await import("/verify/webauthn_grammar/cbor.js");
    const clientData = await import("/verify/webauthn_grammar/client_data.js");
    const authenticator = await import("/verify/webauthn_grammar/authenticator_data.js");
    const cose = await import("/verify/webauthn_grammar/cose.js");
    const { fromBase64 } = await import("/verify/encoding.js");
    const { hex } = await import("/static/js/lib/digest.js");
    const pairs = (text) => text.match(/../g) ?? [];
    const fromHex = (text) => Uint8Array.from(pairs(text), (each) => parseInt(each, 16));
    const challenge = fromHex(expected.challenge);
    const plain = (value) => {
        if (value instanceof Uint8Array) return { hex: hex(value) };
        if (Array.isArray(value)) return value.map(plain);
        if (!(value instanceof Map)) return value;
        return { map: [...value].map(([name, each]) => [name, plain(each)]) };
    };
    const seen = ({ data, credential }) => ({
        signCount: data.signCount,
        credentialId: hex(credential.id),
        aaguid: hex(credential.aaguid),
        key: hex(credential.rawKey),
    });
    const readers = {
        cbor: (bytes) => ({ value: plain(cbor.parseCbor(bytes)) }),
        clientData: (bytes) =>
            clientData.requireClientData(bytes, { ...expected, challenge }) ?? {},
        registrationData: (bytes) => seen(authenticator.parseRegistrationData(bytes)),
        assertionData: (bytes) => ({
            signCount: authenticator.parseAssertionData(bytes).signCount,
        }),
        attestationObject: (bytes) => {
            const found = authenticator.parseAttestationObject(bytes);
            return { format: found.format, ...seen(found) };
        },
        coseKey: (bytes) => ({ algorithm: cose.parseCoseKey(bytes).algorithm }),
        signature: (bytes, key) => {
            cose.requireSignature(bytes, cose.parseCoseKey(fromHex(key)));
            return { key };
        },
    };
    return inputs.map(([bytes, key]) => {
        try {
            return readers[reader](fromBase64(bytes), key);
        } catch (error) {
            return error.code ? { code: error.code, detail: error.message } : String(error);
        }
    });
}"""
VERIFY = """async (cases) => {
    const { importEd25519 } = await import("/verify/jose/keys.js");
    const pairs = (text) => text.match(/../g) ?? [];
    const fromHex = (text) => Uint8Array.from(pairs(text), (each) => parseInt(each, 16));
    const outcome = async ({ key, message, signature }) => {
        try {
            const verify = await importEd25519(fromHex(key));
            return (await verify(fromHex(signature), fromHex(message))) ? "verified" : "refused";
        } catch (error) {
            return error.code === "jwk_invalid" ? "key refused" : String(error);
        }
    };
    return Promise.all(cases.map(outcome));
}"""

PRIME_ORDER = """async (cases) => {
    const { isPrimeOrder } = await import("/verify/jose/ed25519.js");
    const fromHex = (text) => Uint8Array.from(text.match(/../g), (each) => parseInt(each, 16));
    return cases.map(({ key }) => isPrimeOrder(fromHex(key)));
}"""


def said(page: Page, reader: str, inputs: list[tuple[bytes, str | None]]) -> list[Any]:
    """Return what the page's reader says of each input, and of a signature's key."""
    sent = [[b64_encode(raw), key] for raw, key in inputs]
    found: list[Any] = page.evaluate(READ, [reader, VECTORS["expected"], sent])
    return found


def refusal_or_value(reader: str, raw: bytes) -> dict[str, Any]:
    """Return the same of Python's reader."""
    try:
        return read(reader, raw)
    except MalformedError as error:
        return {"code": error.code, "detail": error.detail}


@pytest.mark.parametrize("reader", READERS)
def test_the_page_reads_every_vector_as_it_says(page: Page, reader: str) -> None:
    cases = VECTORS[reader]
    found = said(page, reader, [(joined(case), case.get("key")) for case in cases])
    for case, one in zip(cases, found, strict=True):
        if case["detail"] is None:
            assert one.items() <= case.items(), case["name"]
        else:
            assert one == {"code": case["code"], "detail": case["detail"]}, case["name"]


@pytest.mark.parametrize("whole", VECTORS["everyPrefix"], ids=lambda each: each["reader"])
def test_the_page_refuses_every_truncation(page: Page, whole: dict[str, Any]) -> None:
    raw = bytes.fromhex(whole["hex"])
    parts = [raw[:length] for length in range(len(raw))]
    found = said(page, whole["reader"], [(part, None) for part in parts])
    assert found == [refusal_or_value(whole["reader"], part) for part in parts]
    assert all(each["code"] for each in found)


@pytest.mark.parametrize(
    "reader", ["cbor", "clientData", "attestationObject", "assertionData", "coseKey"]
)
def test_the_page_says_of_changed_bytes_what_python_says(page: Page, reader: str) -> None:
    chosen = random.Random(11)
    seeds = [joined(case) for case in VECTORS[reader] if case["detail"] is None]
    inputs = [mutated(chosen.choice(seeds), chosen) for _ in range(1_000)]
    expected = [refusal_or_value(reader, raw) for raw in inputs]
    assert sum("code" in each for each in expected) >= 300
    assert sum("code" not in each for each in expected) >= 10
    assert said(page, reader, [(raw, None) for raw in inputs]) == expected


def test_an_ed25519_signature_has_the_verdict_that_every_reader_gives(page: Page) -> None:
    cases = VECTORS["ed25519"]
    assert page.evaluate(VERIFY, cases) == [case["outcome"] for case in cases]


def test_every_published_edge_case_of_ed25519_has_the_same_verdict_as_in_python(
    page: Page,
) -> None:
    cases = vector("ed25519/cctv")["cases"]
    assert page.evaluate(VERIFY, cases) == [case["outcome"] for case in cases]
    assert page.evaluate(PRIME_ORDER, cases) == [case["primeOrder"] for case in cases]
