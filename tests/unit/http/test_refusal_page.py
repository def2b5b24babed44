"""A refusal as a page: it says what happened, and nothing that it quotes becomes markup."""

from pathlib import Path

import pytest

from ledger.errors import LedgerError
from ledger.http.assets import Assets, find_web
from ledger.http.catalogue import catalogue
from ledger.http.languages import speaking
from ledger.http.refusal import REFUSALS, refusal
from ledger.http.refusal_page import refusal_page, says, wants_page
from ledger.pages import template_config


@pytest.mark.parametrize("status", [*REFUSALS, 401, 403, 404, 405, 500])
def test_every_refusal_says_what_to_do_and_leads_on(status: int) -> None:
    title, advice = says(status)
    page = refusal_page(status).decode()
    assert f"<h1>{title}</h1>" in page.replace("&#x27;", "'")
    assert advice in page.replace("&#x27;", "'")
    assert all(f'href="{target}"' in page for target in ("", "/inbox", "/"))


def test_a_detail_is_text_and_never_markup() -> None:
    page = refusal_page(
        404, LedgerError("not_there", "no <script>alert(1)</script> & such")
    ).decode()
    assert "<script>" not in page
    assert "No &lt;script&gt;alert(1)&lt;/script&gt; &amp; such." in page


@pytest.mark.parametrize(
    ("value", "is_page"),
    [(b"text/html,*/*;q=0.8", True), (b"*/*", False), (b"application/json", False)],
)
def test_only_who_asks_for_html_gets_a_page(value: bytes, *, is_page: bool) -> None:
    assert wants_page([(b"host", b"x"), (b"accept", value)]) is is_page


def test_who_asks_for_nothing_gets_no_page() -> None:
    assert not wants_page([])


def test_a_page_is_in_the_language_of_its_reader_and_an_unknown_sentence_says_its_own() -> None:
    with speaking("de"):
        page = refusal_page(404, LedgerError("not_there", "no <such> page")).decode()
        known = refusal_page(403, LedgerError("passkey_last", "it is the last one")).decode()
    assert '<html lang="de">' in page
    assert "<h1>Hier ist nichts</h1>" in page
    assert '<p lang="en">No &lt;such&gt; page.</p>' in page
    assert (
        '<p lang="de">Das ist Ihr letzter Passkey. Fügen Sie zuerst einen anderen hinzu.</p>'
        in known
    )


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [("en", "There is no such signing key."), ("de", "Diesen Signaturschlüssel gibt es nicht.")],
)
def test_a_page_of_no_key_does_not_speak_of_the_key_of_this_browser(
    tag: str, sentence: str
) -> None:
    with speaking(tag):
        page = refusal_page(404, LedgerError("key_unknown", "no")).decode()
    assert f'<p lang="{tag}">{sentence}</p>' in page


def test_a_refusal_reads_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.cache_clear()
    template_config(Assets(find_web()))
    monkeypatch.setattr(Path, "read_bytes", Path.is_file)
    with speaking("de"):
        assert b"Hier ist nichts" in refusal_page(404)


def test_a_connection_that_refuses_by_itself_asks_the_headers_for_the_language() -> None:
    headers = [(b"accept", b"text/html"), (b"accept-language", b"de-AT,en;q=0.5")]
    assert b'<html lang="de">' in refusal(431, "id", headers)
    assert b'<html lang="en">' in refusal(431, "id", headers[:1])
    assert b"the request line" in refusal(431, "id", [(b"accept-language", b"de")])
