"""Plain words in docstrings, comments, messages and pages: each habit here has a better word."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUFFIXES = {".py", ".js", ".html", ".md"}

# Vectors, decisions and the changelog are records; verify.html is built from web/verify; the
# glossary's test lists the banned words.
LEFT_OUT = (
    "CHANGELOG.md",
    "docs/decisions",
    "tests/unit/test_glossary.py",
    "tests/vectors",
    "web/verify.html",
)
# Other changes are in progress in these.
EDITED_BY_OTHERS = (
    "README.md",
    "src/ledger/audit",
    "src/ledger/commands/ceremonies.py",
    "src/ledger/http",
    "src/ledger/publish/bundles.py",
    "src/ledger/store/sqlite/sessions.py",
    "src/ledger/verify",
)

# A habit, and what to write instead.
HABITS = {
    r"\bbehind\b": "after, later, in front of",
    r"\bmade again\b": "recomputed, rebuilt",
    r"\bmakes? (?:\w+ ){0,2}again\b": "recompute, rebuild",
    r"\bwhoever\b": "the person or program meant",
    r"\bcomes? of\b": "the result",
    r"\bunder way\b": "running, current",
    r"\bheld against\b": "compared with",
    r"\bhold \w+ against\b": "compare with",
    r"\bbeforehand\b": "in advance",
}


def files() -> list[Path]:
    """Return every source and page of the repository whose prose is read by people."""
    tops = ("src", "projections", "benchmarks", "tests", "docs", "web")
    found = [path for top in tops for path in (ROOT / top).rglob("*") if path.suffix in SUFFIXES]
    found += ROOT.glob("*.md")
    return [path for path in sorted(found) if not _is_left_out(path) and path != Path(__file__)]


def _is_left_out(path: Path) -> bool:
    name = path.relative_to(ROOT).as_posix()
    return name.startswith((*LEFT_OUT, *EDITED_BY_OTHERS))


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the (line, text) of a file's prose; a paragraph or a comment block is one text.

    Python code is left out: names are held to the glossary.
    """
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        for block in re.finditer(r"(?:^.*\S.*$\n?)+", text, re.MULTILINE):
            yield text.count("\n", 0, block.start()) + 1, _plain(block.group())
        return
    comments: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments.append((token.start[0], token.string))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, _plain(node.value)
    yield from _joined(comments)


def _joined(comments: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Join the comments of consecutive lines."""
    first, last, words = 0, 0, ""
    for line, comment in comments:
        if words and line != last + 1:
            yield first, _plain(words)
            words = ""
        first, last, words = (first if words else line), line, f"{words} {comment}"
    if words:
        yield first, _plain(words)


def _plain(text: str) -> str:
    return re.sub(r"[\s#*/]+", " ", text)


@pytest.mark.parametrize("habit", HABITS)
def test_prose_uses_the_plain_word(habit: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: …{text[max(0, match.start() - 40) : match.end() + 20]}…"
        for path in files()
        for line, text in prose(path)
        for match in re.finditer(habit, text, re.IGNORECASE)
    ]
    assert not found, f"write “{HABITS[habit]}”:\n" + "\n".join(found)


@pytest.mark.parametrize("name", [*LEFT_OUT, *EDITED_BY_OTHERS])
def test_what_is_left_out_exists(name: str) -> None:
    assert (ROOT / name).exists()
