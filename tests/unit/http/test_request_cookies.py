"""Cookies of a request: every value of a name, among as many as a browser sends."""

from ledger.http.languages import asked_for
from ledger.http.request_cookies import MOST, values


def found(*cookies: bytes) -> list[bytes]:
    return [*values([(b"accept", b"mine=0"), *((b"cookie", each) for each in cookies)], "mine")]


def test_the_values_of_a_name_are_found_in_order_in_all_headers() -> None:
    assert found(b"other=1; mine=2;mine=3", b"mine=a=b; mine2=4; xmine=5; mine", b" mine=6 ") == [
        *(b"2", b"3", b"a=b", b"", b"6")
    ]
    assert found(b"", b";;") == []


def test_of_more_cookies_than_a_browser_sends_the_rest_is_not_looked_at() -> None:
    """32,000 of them took 4 ms, once for the session and once for the language."""
    before = b";" * (MOST - 2)
    assert found(before + b";mine=1;mine=2") == [b"1"]
    assert found(before, b"mine=1", b"mine=2") == [b"1"]
    assert found(*[b";"] * 32, b"mine=1") == [b"1"]
    assert asked_for([(b"cookie", b";" * MOST + b"ledger_language=de")]) == "en"
