"""A file has at most 300 lines and a function at most 60, so that each is read in one go."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_LINES, FUNCTION_LINES = 300, 60

# `make verifier` writes this file from web/verify, whose files are counted.
GENERATED = {"web/verify.html"}
# What npm installs for `make test-node`; its size is that of others.
INSTALLED = "node_modules"

DEFINITION = re.compile(r"( *)(?:async def|class|def) ")


@cache
def sources() -> dict[str, str]:
    """Return the text of every file that people read, by its path from the root."""
    folders = {
        "src/ledger": ("*.py",),
        "projections": ("*.py",),
        "tests": ("*.py", "*.mjs"),
        "benchmarks": ("*.py",),
        "web": ("*.js", "*.css", "*.html"),
    }
    found = {
        path.relative_to(ROOT).as_posix(): path
        for folder, patterns in folders.items()
        for pattern in patterns
        for path in (ROOT / folder).rglob(pattern)
    }
    return {
        name: path.read_text("utf-8")
        for name, path in found.items()
        if name not in GENERATED and INSTALLED not in path.parts
    }


def may_be_long(text: str) -> bool:
    """Return False where each function is followed in time by another definition, or by the end.

    Parsing every file would take a second; this leaves a few files to parse.
    """
    lines = text.splitlines()
    starts = [(n, found) for n, line in enumerate(lines) if (found := DEFINITION.match(line))]
    for number, start in starts:
        within = [s for n, s in starts if number < n < number + FUNCTION_LINES]
        if number + FUNCTION_LINES < len(lines) and all(len(s[1]) > len(start[1]) for s in within):
            return True
    return False


def functions() -> Iterator[tuple[str, int]]:
    """Return (path:name, lines) of the functions that may be long, without their decorators."""
    for path, text in sources().items():
        if path.endswith(".py") and may_be_long(text):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    assert node.end_lineno is not None
                    yield f"{path}:{node.name}", node.end_lineno - node.lineno + 1


def test_a_file_has_at_most_300_lines() -> None:
    long = {name for name, text in sources().items() if len(text.splitlines()) > FILE_LINES}
    assert long == set()


def test_a_function_has_at_most_60_lines() -> None:
    assert {name for name, lines in functions() if lines > FUNCTION_LINES} == set()


def test_the_files_are_found() -> None:
    assert {
        "projections/views.py",
        "tests/repository/test_sizes.py",
        "benchmarks/jws.py",
        "web/verify/page.js",
        "web/static/css/tokens.css",
    } <= sources().keys()
