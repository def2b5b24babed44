"""The language of an answer: always one of those there are."""

from collections.abc import Iterator

import pytest

from ledger.http.languages import (
    COOKIE,
    LANGUAGES,
    MOST_BYTES,
    asked_for,
    language,
    language_headers,
    negotiated,
    speaking,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de"),
        ("de-Latn-DE-1996", "de"),
        ("en-GB, en;q=0.9, de;q=0.8", "en"),
        ("tlh, de;q=0.9, en;q=0.8", "de"),
        ("tlh;q=1, en;q=0.2, de;q=0.3", "de"),
        ("de;q=0.5,en;q=0.5", "de"),
        ("en;q=0.5,de;q=0.5", "en"),
        ("de ;q=0.7 ,\ten\t;\tq=0.8", "en"),
        ("*", "en"),
        ("*, de", "de"),
        ("*;q=0.5, de;q=0.4", "en"),
        ("de;q=0", "en"),
        ("en;q=0, *", "de"),
        ("en;q=0", "en"),  # nothing else is liked either
        ("de-AT;q=0, de;q=0.9, en;q=0.1", "de"),
        ("de;q=0.001", "de"),
        ("tlh, xx", "en"),
        ("", "en"),
    ],
)
def test_the_language_that_is_liked_best(header: str, expected: str) -> None:
    assert negotiated(header.encode()) == expected


@pytest.mark.parametrize(
    "header",
    [
        b"de;q=2",
        b"de;q=1.001",
        b"de;q=0.1234",
        b"de;q=-1",
        b"de;q=",
        b"de;q=nan",
        b"de;q=0,5",
        b"de;level=1",
        b"de_DE",
        b"d\xc3\xa9",
        b"\xff\xfe\x00",
        b"de\r\nset-cookie: x=1",
        b"../../etc/passwd",
        b"de-",
        b"-de",
        b"deutschland",
        b";;;,,,;q=1",
        b"<script>",
        b"de-" + b"a" * 9,
    ],
)
def test_what_is_no_language_range_is_passed_over(header: bytes) -> None:
    assert negotiated(header) == "en"
    assert negotiated(header + b", de;q=0.1") == "de"


def test_what_is_longer_than_a_browser_sends_is_passed_over() -> None:
    assert negotiated(b"de," + b"x" * MOST_BYTES) == "en"
    assert negotiated(b",".join([b"tlh"] * 32) + b",de") == "en"
    assert negotiated(b"de," + b"," * 900) == "de"
    assert negotiated(b"de" + b"-a1" * 300) == "de"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], "en"),
        ([(b"accept-language", b"de")], "de"),
        ([(b"accept-language", b"tlh"), (b"accept-language", b"de")], "de"),
        ([(b"accept-language", b"de"), (b"cookie", b"ledger_language=en")], "en"),
        ([(b"cookie", b"a=b; ledger_language=de"), (b"accept-language", b"en")], "de"),
        ([(b"cookie", b"ledger_language=tlh; ledger_language=de")], "de"),
        ([(b"cookie", b"ledger_language=../de"), (b"accept-language", b"de")], "de"),
        ([(b"cookie", b"ledger_language=\xff\x00\r\n"), (b"accept-language", b"de")], "de"),
        ([(b"cookie", b"x_ledger_language=de")], "en"),
        ([(b"cookie", b"ledger_language")], "en"),
        ([(b"cookie", b";;;=;" * 99)], "en"),
    ],
)
def test_what_somebody_chose_comes_before_what_the_browser_likes(
    headers: list[tuple[bytes, bytes]], expected: str
) -> None:
    assert asked_for(headers) == expected


def test_a_language_ends_with_its_block_and_none_is_made_up() -> None:
    assert (language(), COOKIE, [*LANGUAGES][:2]) == ("en", "ledger_language", ["en", "de"])
    with speaking("de"):
        assert language() == "de"
        assert language_headers()["Content-Language"] == "de"
        with speaking("tlh\r\nx: y"):
            assert language() == "en"
    assert language() == "en"


def test_headers_are_read_when_the_first_text_needs_the_language() -> None:
    read = []

    def headers() -> Iterator[tuple[bytes, bytes]]:
        read.append(1)
        yield b"accept-language", b"de"

    given = headers()
    with speaking(given):
        assert read == []
        assert [language(), language()] == ["de", "de"]
    assert language() == "en"
