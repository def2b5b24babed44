"""The catalogue: one file a language, with the same texts and the same places for values."""

import re
from collections.abc import Mapping

import pytest

from ledger.domain import event_words, policy_words
from ledger.http.catalogue import catalogue, texts_in
from ledger.http.languages import LANGUAGES, speaking
from ledger.pages.texts import text, texts_of

# Before a value: of German, of French, of a typewriter, and single ones.
OTHER_MARKS = re.compile(r"[\u201e\u201a\u00ab\u00bb\"'\u2018\u2039\u203a]\{")
PLACES = re.compile(r"\{(\w*)\}")
OTHERS = sorted(LANGUAGES.keys() - {"en"})


def places(sentence: str) -> set[str]:
    return set(PLACES.findall(sentence))


@pytest.mark.parametrize("tag", OTHERS)
def test_every_language_has_every_text_in_the_same_order(tag: str) -> None:
    assert list(texts_in(tag)) == list(texts_in("en"))


@pytest.mark.parametrize("tag", OTHERS)
def test_a_text_has_the_same_places_in_every_language(tag: str) -> None:
    english = catalogue()
    assert {key: places(said) for key, said in texts_in(tag).items()} == {
        key: places(said) for key, said in english.items()
    }


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_text_is_one_line_of_plain_text(tag: str) -> None:
    for key, said in texts_in(tag).items():
        assert said.isprintable(), key
        assert said.strip(), key
        assert not re.search(r"</|<(a|b|br|code|p|span)\b|&\w+;|  ", said), key
        assert said.count("{") == said.count("}") == len(PLACES.findall(said)), key


@pytest.mark.parametrize("tag", OTHERS)
def test_a_text_begins_and_ends_as_the_english_one_does(tag: str) -> None:
    """A space that joins texts, or the end of a sentence, is a part of the page's layout."""
    for key, said in texts_in(tag).items():
        english = catalogue()[key]
        assert (said[0] == " ", said[-1] == " ") == (english[0] == " ", english[-1] == " "), key
        assert (said[-1] in ".?") == (english[-1] in ".?") or key == "time.months", key
        assert (said[-1] == "…") == (english[-1] == "…"), key


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_value_in_quotation_marks_has_the_same_ones_in_every_language(tag: str) -> None:
    """A name within other marks could close them: it may contain these, and not “ and ”."""
    for key, said in texts_in(tag).items():
        assert not OTHER_MARKS.search(said), key


def test_the_texts_of_pages_are_in_the_language_of_the_answer() -> None:
    assert text("layout.draft") == "New statement"
    with speaking("de"):
        assert text("layout.draft") == "Neuer Vorgang"
        assert text("people.keys", count=1) == "1 Schlüssel"
        assert text("progress.withdrawn", who="2 of 3") == (
            "Zurückgezogen von “2 of 3”. Er kann nicht mehr freigegeben werden."
        )
        assert texts_of(["keys"])["keys.close"] == "Schließen"


@pytest.mark.parametrize("english", [policy_words.ENGLISH, event_words.ENGLISH])
def test_the_sentences_of_programs_are_those_of_english_pages(english: Mapping[str, str]) -> None:
    assert {key: catalogue().get(key) for key in english} == english


def test_every_event_and_nothing_else_has_a_sentence() -> None:
    english = [key for key in event_words.ENGLISH if key.startswith("event.")]
    assert [key for key in catalogue() if key.startswith("event.")] == english
