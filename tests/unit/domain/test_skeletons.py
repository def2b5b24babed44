"""Nobody has a name that looks like the name of somebody else."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.domain import code_points, confusables
from ledger.domain.names import require_name
from ledger.domain.skeletons import Skeletons, require_skeletons, skeletons
from ledger.errors import MalformedError
from tests.support.refusals import refused
from tests.vectors import text

FORMS: Any = json.loads((Path(text.__file__).parent / "cases.json").read_text())["skeletons"]


def alike(one: str, other: str) -> bool:
    return not set(skeletons(one).sha256).isdisjoint(skeletons(other).sha256)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vera Victim", "Vera Victim"),
        ("Vera Victim", "vera victim"),
        ("Vera Victim", "VERA VICTIM"),
        ("Vera Victim", "VERA VlCTlM"),
        ("Vera Victim", "Vera Vict1m"),
        ("Vera Victim", "Vera-Victim"),
        ("Vera Victim", "VeraVictim."),
        ("Vera Victim", "Vera Victirn"),
        ("Vera Victim", "\N{MATHEMATICAL BOLD CAPITAL V}era Victim"),
        ("Vera Victim", "\N{FULLWIDTH LATIN CAPITAL LETTER V}era Victim"),
        ("Vera Victim", "Vera \N{ROMAN NUMERAL FIVE}ictim"),
        ("Vera Victim", "Vera V\N{LATIN SMALL LETTER I}\N{COMBINING DOT ABOVE}ctim"),
        ("Vera Victim", "Vera V\N{LATIN SMALL LETTER DOTLESS I}\N{COMBINING DOT ABOVE}ctim"),
        ("Jan j", "Jan j\N{COMBINING DOT ABOVE}"),
        (
            "V\N{LATIN SMALL LETTER I WITH OGONEK}",
            "V\N{LATIN SMALL LETTER I WITH OGONEK}\N{COMBINING DOT ABOVE}",
        ),
        ("Ilya", "llya"),
        ("Olga", "0lga"),
        ("Olga", "o1ga"),
        ("Maria", "RNARIA"),
        ("Filip", "\N{LATIN SMALL LIGATURE FI}lip"),
        ("O'Brien", "O\N{RIGHT SINGLE QUOTATION MARK}Brien"),
        ("Wei\N{LATIN SMALL LETTER SHARP S}", "WEISS"),
        ("Anna", "\N{LATIN SMALL LETTER ALPHA}nna"),
        ("BEPA", "\u0412\u0415\u0420\u0410"),  # Cyrillic capitals
        ("Bepa", "\u0432\u0435\u0440\u0430"),  # Cyrillic small letters, alike in capitals
        ("\u0412\u0435\u0440\u0430", "\u0432\u0435\u0440\u0430"),  # one name, two cases
        ("Aca", "\u0410\u0441\u0430"),  # Cyrillic
        ("NINA", "\u039d\u03b9\u03bd\u03b1"),  # Greek, alike in capitals
        ("\u03a3\u03b1\u03c2", "\u03a3\u0391\u03a3"),  # a final sigma
        ("\u05d0\u05d1 12", "12 \u05d0\u05d1"),  # shown alike from left to right
        ("\u05d0\u05d1 1 2", "\u05d0\u05d1 2 1"),
        ("\u2013", "-"),  # nothing but punctuation
    ],
    ids=ascii,
)
def test_names_that_look_alike_share_a_skeleton(one: str, other: str) -> None:
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Vera Victim", "Vera Victor"),
        ("Vera Victim", "Victim Vera"),
        ("Vera Victim", "Vera Victim 2"),
        ("Vera Victim", "Vera M. Victim"),
        ("Somebody 1", "Somebody 11"),
        ("Jos\N{LATIN SMALL LETTER E WITH ACUTE}", "Jose"),
        ("Nina", "Niva"),
        ("Anna", "Anne"),
        (
            "\u0645\u062d\u0645\u062f \u0639\u0644\u064a",
            "\u0639\u0644\u064a \u0645\u062d\u0645\u062f",
        ),
        ("\u05d0\u05d1 1", "\u05d0\u05d1 2"),
        ("\u674e\u5c0f\u9f99", "\u674e\u5927\u9f99"),
        ("\u2014", "?"),
        ("\U0001f600", "\U0001f601"),
    ],
    ids=ascii,
)
def test_names_that_look_different_share_none(one: str, other: str) -> None:
    assert not alike(one, other)


def test_skeletons_are_one_to_three_hashes_in_order_with_the_unicode_version() -> None:
    assert skeletons("Bob") == Skeletons(
        code_points.UNICODE,
        ("81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9",),  # of "bob"
    )
    greek = skeletons("\u039d\u03b9\u03bd\u03b1").sha256
    assert len(greek) == 3
    assert sorted(greek) == list(greek)


def test_every_character_of_the_table_looks_like_its_prototype() -> None:
    compared, prototype = 0, ""
    for word in confusables.CONFUSABLES.split():
        if word.startswith("@"):
            prototype = "".join(chr(int(each, 16)) for each in word[1:].split("+"))
        elif is_name(character := chr(int(word.partition("-")[0], 16))) and is_name(prototype):
            assert alike(character, prototype), ascii(character)
            compared += 1
    assert compared == COMPARED


COMPARED = 2296


def is_name(name: str) -> bool:
    try:
        require_name(name)
    except MalformedError:
        return False
    return True


@pytest.mark.parametrize("name", ["", "Ada  Lovelace", "Ver\u0430 Victim"], ids=ascii)
def test_a_name_in_another_form_has_no_skeletons(name: str) -> None:
    with refused(MalformedError, "name_invalid"):
        skeletons(name)


@pytest.mark.parametrize(("hashes", "version"), FORMS["taken"])
def test_what_can_be_skeletons_of_any_unicode_version_is_taken(
    hashes: list[str], version: str
) -> None:
    require_skeletons(Skeletons(version, tuple(hashes)))


@pytest.mark.parametrize(("hashes", "version"), FORMS["refused"], ids=ascii)
def test_what_can_be_no_skeletons_is_refused(hashes: list[str], version: str) -> None:
    with refused(MalformedError, "name_skeletons_invalid"):
        require_skeletons(Skeletons(version, tuple(hashes)))
