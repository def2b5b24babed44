"""The texts for people, by language and key: web/locale has one file a language.

A text that a language lacks is English, and a test fails.
"""

from collections.abc import Mapping
from functools import cache

import msgspec

from ledger.http.assets import find_web
from ledger.http.languages import DEFAULT, language


@cache
def catalogue(tag: str = DEFAULT) -> Mapping[str, str]:
    """Return every text by its key, in one of `LANGUAGES`."""
    english = texts_in(DEFAULT)
    return english if tag == DEFAULT else {**english, **texts_in(tag)}


def texts_in(tag: str) -> Mapping[str, str]:
    """Return the texts of one language's file."""
    raw = (find_web() / "locale" / f"{tag}.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, str])


def sentence_of(code: str, evidence: Mapping[str, object]) -> str:
    """Return what a person reads of a refusal, in the language of the answer.

    It is empty for a code that only programs meet. `evidence` has the values that the text names.
    """
    return catalogue(language()).get(f"refusal.{code}", "").format_map(evidence)
