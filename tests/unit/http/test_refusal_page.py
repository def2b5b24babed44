"""A refusal as a page: it says what happened, and nothing that it quotes becomes markup."""

import pytest

from ledger.http.refusal import REFUSALS
from ledger.http.refusal_page import refusal_page, says, wants_page


@pytest.mark.parametrize("status", [*REFUSALS, 401, 403, 404, 405, 500])
def test_every_refusal_says_what_to_do_and_leads_on(status: int) -> None:
    title, advice = says(status)
    page = refusal_page(status).decode()
    assert f"<h1>{title}</h1>" in page.replace("&#x27;", "'")
    assert advice in page.replace("&#x27;", "'")
    assert all(f'href="{target}"' in page for target in ("", "/inbox", "/"))


def test_a_detail_is_text_and_never_markup() -> None:
    page = refusal_page(404, "no <script>alert(1)</script> & such").decode()
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
