"""Every refusal of the core has a test that meets it."""

import ast
import re
from pathlib import Path

import pytest

import ledger
from ledger.domain import events

SOURCES = Path(ledger.__file__).parent
TESTS = Path(__file__).parents[1]
CORE = (
    "encoding clock domain jose webauthn_grammar tlog timestamp verify store store/sqlite sqlite "
    "commands"
).split()
# Codes that are put together, by the module and the text around the part that varies.
COMPOSED = {
    "statement_{}": {"statement_approved", "statement_rejected", "statement_withdrawn"}
    | {"statement_expired", "statement_pending", "statement_superseded"},
}


def codes(module: str) -> set[str]:
    """Return the codes of the errors that a module names, found in its syntax tree."""
    found: set[str] = set()
    for path in (*SOURCES.glob(f"{module}.py"), *SOURCES.glob(f"{module}/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args and _makes_an_error(node.func):
                found |= _texts(node.args[0])
    return found


def _makes_an_error(function: ast.expr) -> bool:
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name.endswith("Error") and name not in (
        "AssertionError",
        "NotImplementedError",
        "NotSupportedError",
        "RecordConflictError",
        "TypeError",
        "ValueError",
    )


def _texts(code: ast.expr) -> set[str]:
    if isinstance(code, ast.Constant):
        return {str(code.value)}
    if isinstance(code, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in code.values)
        return COMPOSED["".join(map(str, parts))]
    return set()  # a parameter: its values are in the calls, which name an error's kind too


def quoted_in_tests() -> set[str]:
    """Return every word in double quotes; parsing the files instead would take a second."""
    found: set[str] = set()
    for path in (*TESTS.rglob("test_*.py"), TESTS / "vectors/evidence/table.py"):
        if path != Path(__file__):
            found |= {*re.findall(r'"([a-z0-9_]+)"', path.read_text("utf-8"))}
    return found


TESTED = quoted_in_tests()


@pytest.mark.parametrize("module", CORE)
def test_every_refusal_has_a_test(module: str) -> None:
    assert codes(module) - TESTED == set()


def test_every_refusal_of_a_taken_name_has_a_test() -> None:
    assert {code for code, _ in events.TAKEN.values()} - TESTED == set()


def test_the_search_for_codes_finds_them() -> None:
    assert codes("domain/acts") == {
        "jws_typ_mismatch",
        "act_mismatch",
        "ledger_mismatch",
        "iat_stale",
    }
    assert "statement_expired" in codes("domain/statement")
