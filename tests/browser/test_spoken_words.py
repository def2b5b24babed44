"""A digest is the same eight words on the server and in the browser."""

import pytest

from ledger.pages.spoken_words import speaker
from tests.browser.people import Browser
from tests.support.spoken import LISTED, spoken
from tests.support.vectors import vector

CASES: list[dict[str, str]] = vector("web/spoken")["cases"]
IN_BROWSER = """async ([module, digests]) => {
    const { speaker } = await import(module);
    return digests.map(await speaker());
}"""


def test_a_digest_is_eight_words_on_the_server() -> None:
    assert [spoken(case["digest"]) for case in CASES] == [case["words"] for case in CASES]


def test_a_digest_is_the_same_eight_words_in_the_browser(library: Browser) -> None:
    module = library.module("spoken")
    found = library.page.evaluate(IN_BROWSER, [module, [case["digest"] for case in CASES]])
    assert found == [case["words"] for case in CASES]


def test_no_two_words_begin_with_the_same_four_letters() -> None:
    words = LISTED.split()
    assert words == sorted(words)
    assert len({word[:4] for word in words}) == 2048
    assert all(word.isascii() and word.islower() and 3 <= len(word) <= 9 for word in words)


def test_a_list_of_another_length_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="2047 words"):
        speaker(LISTED.partition("\n")[2])
