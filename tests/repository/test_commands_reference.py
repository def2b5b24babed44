"""The commands' reference is the parser's, and each exit code is one of `ExitCode`."""

import argparse
import ast
from pathlib import Path

import pytest

from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.main import make_parser
from tests.support.commands_reference import PAGE, commands, places, rendered

CLI = Path(__file__).parents[2] / "src/ledger/cli"


def test_the_page_is_what_make_reference_writes() -> None:
    assert PAGE.read_text() == rendered(PAGE.read_text())


def test_every_command_has_its_place_once() -> None:
    assert sorted(places(PAGE.read_text())) == sorted(n for n, _ in commands(make_parser()))


def test_every_argument_says_what_it_is() -> None:
    silent = [
        f"{name} {action.dest}"
        for name, parser in commands(make_parser())
        for action in parser._actions
        if not action.help
    ]
    assert silent == []


def test_every_command_says_its_exit_codes_in_help() -> None:
    for name, parser in commands(make_parser()):
        codes = parser.get_default("exit_codes")
        assert {ExitCode.DONE, ExitCode.USAGE} <= {*codes}, name
        assert all(f"{int(code)} {codes[code]}" in (parser.epilog or "") for code in codes)


def test_a_command_may_say_more_of_a_usage_error() -> None:
    parser = argparse.ArgumentParser()
    declare(parser, {ExitCode.DONE: "done", ExitCode.USAGE: "interrupted"})
    assert parser.epilog == "Exit codes: 0 done; 2 interrupted."


@pytest.mark.parametrize("module", sorted(CLI.glob("*.py")), ids=lambda path: path.stem)
def test_no_command_returns_a_bare_number(module: Path) -> None:
    found = [
        node.lineno
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Return)
        and isinstance(node.value, ast.Constant)
        and type(node.value.value) is int
    ]
    assert found == []


def test_a_module_returns_no_code_that_its_commands_do_not_declare() -> None:
    """DONE and USAGE are declared by every command."""
    shared = {"exit_codes.py", "workers.py"}  # they return what `main.py` declares
    for module in (each for each in CLI.glob("*.py") if each.name not in shared):
        tree = ast.parse(module.read_text())
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "ExitCode"
        }
        declared = {
            key.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Dict)
            for key in node.keys
            if isinstance(key, ast.Attribute)
        }
        assert used - declared - {"DONE", "USAGE"} == set(), module.name
