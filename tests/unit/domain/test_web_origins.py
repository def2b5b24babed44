"""Only the form that browsers write is accepted of a web origin; a refusal says the right form."""

import pytest

from ledger.domain.web_origins import parse_web_origin, require_domain
from ledger.errors import MalformedError
from tests.support.refusals import refused


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://ledger.example", "ledger.example"),
        ("https://ledger.example:8443", "ledger.example"),
        ("https://ledger", "ledger"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("https://a-1.b2.example", "a-1.b2.example"),
        ("http://localhost", "localhost"),
        ("http://localhost:8000", "localhost"),
        ("https://localhost", "localhost"),
    ],
)
def test_an_origin_as_browsers_write_it_is_taken(text: str, host: str) -> None:
    assert parse_web_origin(text) == host


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("https://Ledger.Example.com", "https://ledger.example.com"),
        ("HTTPS://ledger.example", "https://ledger.example"),
        ("https://ledger.example:443", "https://ledger.example"),
        ("https://ledger.example:0443", "https://ledger.example"),
        ("https://ledger.example:08443", "https://ledger.example:8443"),
        ("https://ledger.example/", "https://ledger.example"),
        ("http://localhost:80", "http://localhost"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_another_form_is_refused_and_the_right_one_told(text: str, right: str) -> None:
    with pytest.raises(MalformedError) as error:
        parse_web_origin(text)
    assert error.value.code == "origin_invalid"
    assert error.value.detail == f"a web origin is written as browsers write it: {right}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ledger.example",
        "//ledger.example",
        "https://",
        "https://ledger.example/path",
        "https://ledger.example?x",
        "https://ledger.example#x",
        "https://ledger.example\\x",
        "https://user@ledger.example",
        "https://ledger.example:",
        "https://ledger.example:port",
        "https://ledger.example:0",
        "https://ledger.example:65536",
        "https://ledger.example\n",
        " https://ledger.example",
        "http://ledger.example",
        "ftp://ledger.example",
        "http://127.0.0.1:8000",
        "https://192.0.2.1",
        "https://0x7f.1",
        "https://2130706433",
        "https://[2001:db8::1]",
        "https://[::1]:8000",
        "https://ledger.example.",
        "https://.example",
        "https://a..example",
        "https://-a.example",
        "https://a-.example",
        "https://a_b.example",
        "https://ab--c.example",
        "https://xn--a.example",
        "https://xn--zzzzzzzzzzz.example",
        f"https://{'a' * 64}.example",
        f"https://{'a.' * 127}example",
    ],
    ids=ascii,
)
def test_what_no_browser_binds_a_passkey_to_is_refused(text: str) -> None:
    with refused(MalformedError, "origin_invalid"):
        parse_web_origin(text)


def test_a_relying_party_id_is_a_domain_in_lower_case_ascii() -> None:
    require_domain("ledger.example")
    for text in ("Ledger.example", "bücher.example", "192.0.2.1", "", "a b"):
        with refused(MalformedError, "origin_invalid"):
            require_domain(text)
