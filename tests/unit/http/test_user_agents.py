"""The browser and system that a request says it comes from."""

import pytest

from ledger.http.user_agents import UNKNOWN, browser_of

LIKE_GECKO = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {LIKE_GECKO} Chrome/140.0 Safari/537.36",
            "Chrome on Linux",
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0) {LIKE_GECKO} Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) Version/18.4 Safari/604.1",
            "Safari on iPhone",
        ),
        (f"Mozilla/5.0 (Linux; Android 16) {LIKE_GECKO} Chrome/140.0", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Mac"),
        ("python-httpx/0.28", UNKNOWN),
        ("", UNKNOWN),
        ("<script>Chrome/</script>", UNKNOWN),
    ],
)
def test_a_session_is_named_by_known_words_only(header: str, words: str) -> None:
    assert browser_of(header) == words
