"""Docstrings, comments, errors, pages, documentation and tests' names use the field's own words.

STALE lists phrases that make a sentence hard to read, each with the words to use instead. COVERED
lists the folders and files that are held to them.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COVERED = (
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "benchmarks",
    "docs",
    "projections",
    "src",
    "tests",
    "web",
)
# Generated from web/verify, with a style sheet whose words are about places on the screen; and
# the list of phrases itself.
NOT_PROSE = {"web/verify.html", "tests/repository/test_prose.py"}
# CHANGELOG.md and the decisions are history: they keep the words of their time.
HISTORY = "docs/decisions"
STALE = {
    r"made again|makes? \w+( \w+)? again": "recomputed, rebuilt",
    r"decided again|decides? \w+( \w+)? again(?!\))": "recomputed",
    r"behind (it|its|that|the|this|them)\b": "after",
    r"beforehand\b": "in advance",
    r"stands? (behind|there)\b": "follows, is",
    r"whoever": "say who",
    r"whatever": "say what",
    r"what (comes|came|becomes|became) of": "the result, the outcome",
    r"told apart": "distinguished",
    r"held against|holds? \w+( \w+)? against": "compared with",
    r"lets? go of": "drops, releases",
    r"may live here": "belongs here",
    r"torn apart": "incomplete",
    r"taken (in|for sound)\b": "accepted",
    r"(was|who is) kept out|keeps? (people|a person|somebody) out": "blocked",
}


INSTALLED = "node_modules"  # by npm, for `make test-node`


def sources() -> Iterator[Path]:
    for name in COVERED:
        path = ROOT / name
        for each in [path] if path.is_file() else sorted(path.rglob("*")):
            relative = str(each.relative_to(ROOT))
            written = each.suffix in {".py", ".md", ".html", ".js"} and INSTALLED not in each.parts
            if written and relative not in NOT_PROSE and not relative.startswith(HISTORY):
                yield each


def prose_of_python(text: str) -> Iterator[tuple[int, str]]:
    """Yield comments, strings with a space (docstrings, error texts) and names of tests."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test_"
        ):
            yield node.lineno, node.name.replace("_", " ")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


@cache
def prose() -> list[tuple[str, int, str]]:
    """Return every piece of prose with its file and its first line."""
    pieces = []
    for path in sources():
        text = path.read_text()
        found = prose_of_python(text) if path.suffix == ".py" else iter([(1, text)])
        pieces += [(str(path.relative_to(ROOT)), line, words) for line, words in found]
    return pieces


@pytest.mark.parametrize("phrase", sorted(STALE))
def test_no_sentence_uses_a_phrase_that_has_to_be_read_twice(phrase: str) -> None:
    pattern = re.compile(rf"\b(?:{phrase})".replace(" ", r"\s+"), re.IGNORECASE)
    found = [
        f"{name}:{line + words.count(chr(10), 0, match.start())}: {match[0]!r}"
        for name, line, words in prose()
        for match in pattern.finditer(words)
    ]
    assert found == [], f"use: {STALE[phrase]}"


def test_every_covered_place_exists() -> None:
    assert [name for name in (*COVERED, *NOT_PROSE) if not (ROOT / name).exists()] == []


def test_a_stale_phrase_is_found_in_a_docstring_a_comment_an_error_and_a_name_of_a_test() -> None:
    text = (
        '"""Hear of whoever asks."""\n# Kept for whoever asks.\nraise ValueError("whoever asks")\n'
        "def test_whoever_asks(): ..."
    )
    found = sorted(line for line, words in prose_of_python(text) if "whoever" in words)
    assert found == [1, 2, 3, 4]
