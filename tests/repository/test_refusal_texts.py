"""Every refusal that a person can meet has a sentence in every language (docs/decisions/0154)."""

import ast
import re

import pytest

from ledger.http.catalogue import texts_in
from ledger.http.languages import LANGUAGES
from tests.repository.test_docs import REFERENCE, ROOT, codes_of_rows, error_names

PREFIX = "refusal."
PLACES = re.compile(r"\{(\w*)\}")
# Codes without a sentence, by the reason why nobody reads one.
MACHINES = {
    "only the client of the directory, which has a bearer token": frozenset(
        "scim_token scim_unknown scim_uniqueness scim_invalidSyntax scim_invalidValue"
        " scim_invalidFilter scim_invalidPath scim_noTarget scim_tooMany".split()
    ),
    "the scripts of pages make keys, signatures and nonces: only another program fails": frozenset(
        "jws_malformed jws_header_invalid jws_alg_mismatch jws_kid_mismatch jws_typ_mismatch"
        " jwk_invalid private_key_refused kid_mismatch credential_invalid nonce_invalid"
        " codes_invalid".split()
    ),
    "pages sign the shared form: only programs sign the individual one": frozenset(
        "shared_form_required payload_statement_mismatch payload_content_mismatch"
        " payload_signer_mismatch payload_ledger_mismatch payload_timestamp_stale".split()
    ),
    "browsers speak HTTP and JSON as the server takes them": frozenset(
        "json_required coding_unsupported expectation_unknown not_implemented"
        " http_version_unsupported".split()
    ),
}
# The sections of docs/reference/errors.md on what the server answers end here.
NOT_HTTP = "## Of the JWS library"


def answered() -> set[str]:
    """Return every code that the reference says the server answers over HTTP."""
    over_http, found, _ = (REFERENCE / "errors.md").read_text().partition(NOT_HTTP)
    assert found
    return codes_of_rows(over_http)


def spoken(tag: str) -> dict[str, str]:
    return {
        key.removeprefix(PREFIX): said
        for key, said in texts_in(tag).items()
        if key.startswith(PREFIX)
    }


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_code_that_the_server_answers_has_a_sentence_or_a_reason(tag: str) -> None:
    assert answered() - spoken(tag).keys() == frozenset[str]().union(*MACHINES.values())


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_is_of_a_code_that_the_server_answers(tag: str) -> None:
    assert spoken(tag).keys() - answered() == set()


def test_a_code_has_one_reason() -> None:
    listed = [code for codes in MACHINES.values() for code in codes]
    assert len(listed) == len(set(listed))


def test_who_raises_an_error_gives_the_values_that_its_sentence_names() -> None:
    named = {code: {*PLACES.findall(said)} for code, said in spoken("en").items()}
    wrong, seen = [], set()
    for path in (ROOT / "src" / "ledger").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(args=[ast.Constant(value=str(code)), *_], keywords=given):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if name in error_names() and named.get(code):
                        seen.add(code)
                        wrong += [path.name] * bool(named[code] - {each.arg for each in given})
    assert seen == {code for code, places in named.items() if places}
    assert wrong == []


def test_a_code_that_pages_and_routes_raise_stands_among_those_of_http() -> None:
    raised = set()
    for room in ("http", "pages"):
        for path in (ROOT / "src" / "ledger" / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(args=[ast.Constant(value=str(code)), *_]):
                        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                        raised |= {code} if name in error_names() else set()
    assert raised - answered() == {"setting_invalid"}  # at the start
