"""The offline page refuses the same characters and names as the server."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests import vectors
from tests.browser.verifier_modules import codes
from tests.vectors import text

VECTORS: Any = json.loads((Path(text.__file__).parent / "cases.json").read_text())
TABLES = """async () => {
    const { NEWER, REFUSED } = await import("/verify/domain/code_points.js");
    const { SCRIPTS } = await import("/verify/domain/scripts.js");
    return [REFUSED, NEWER, SCRIPTS].map((each) => each.trim().split(/\\s+/));
}"""
ALIKE = """async ({ cases, builtIn }) => {
    const { findAlike, looksBuiltIn } = await import("/verify/domain/alike_names.js");
    const found = cases.map(([name, known]) => findAlike(name, known));
    return [found, builtIn.map(([name]) => looksBuiltIn(name))];
}"""
DETAILS = """async (cases) => {
    const { requireText } = await import("/verify/domain/text.js");
    return cases.map(([kind, given]) => {
        try { return requireText(given, kind) ?? null; }
        catch (error) { return [error.code, error.message]; }
    });
}"""


def test_the_tables_are_those_of_the_vector_file(page: Page) -> None:
    assert page.evaluate(TABLES) == [VECTORS[name] for name in ("refused", "newer", "scripts")]


def test_a_refused_character_is_named_with_its_place(page: Page) -> None:
    for (kind, given, expected), found in zip(
        VECTORS["cases"], page.evaluate(DETAILS, VECTORS["cases"]), strict=True
    ):
        assert (found is None) is (expected is None), (kind, given)
        if found:
            code, detail = found
            number, point = expected
            assert code == "text_refused"
            assert f"character {number} of the {kind} is {point}:" in detail


def test_a_name_has_the_same_one_form(page: Page) -> None:
    names = VECTORS["names"]
    calls = [[name] for name in names["taken"]] + [[name] for name, _ in names["refused"]]
    expected = [None] * len(names["taken"]) + [code for _, code in names["refused"]]
    assert codes(page, "domain/names", "requireName", calls) == expected


def test_the_same_names_of_roles_and_types_look_alike(page: Page) -> None:
    given = json.loads((Path(vectors.__file__).parent / "alike-names.json").read_text())
    found = [expected for _, _, expected in given["cases"]]
    assert page.evaluate(ALIKE, given) == [found, [expected for _, expected in given["builtIn"]]]


def test_recorded_skeletons_have_the_same_form(page: Page) -> None:
    forms = VECTORS["skeletons"]
    calls = [*forms["taken"], *forms["refused"]]
    expected = [None] * len(forms["taken"]) + ["name_skeletons_invalid"] * len(forms["refused"])
    assert codes(page, "domain/names", "requireSkeletons", calls) == expected
