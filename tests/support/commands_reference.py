"""The reference of the commands, generated from the parser; a test compares it.

`make reference` writes it. The page has a section for each command between `<!-- ledger audit -->`
and `<!-- end -->`. These sections are generated; the rest of the page is written by hand.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from ledger.cli.main import make_parser

PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"
PLACE = re.compile(r"<!-- (ledger [a-z -]+) -->\n(.*?)<!-- end -->\n", re.DOTALL)
Parser = argparse.ArgumentParser


def commands(parser: Parser) -> Iterator[tuple[str, Parser]]:
    """Yield every runnable command: its words, such as `ledger log keys`, and its parser."""
    deeper = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not deeper:
        yield parser.prog, parser
    for action in deeper:
        for each in action.choices.values():
            yield from commands(each)


def rendered(page: str) -> str:
    """Return the page with every section filled in."""
    known = dict(commands(make_parser()))
    return PLACE.sub(lambda place: _filled(place[1], known[place[1]]), page)


def places(page: str) -> list[str]:
    """Return the commands for which the page has a section."""
    return [name for name, _ in PLACE.findall(page)]


def _filled(name: str, parser: Parser) -> str:
    actions = [a for a in parser._actions if a.dest != "help"]
    lines = [f"### `{name}`", "", _sentence(parser.description or ""), ""]
    lines += ["```", " ".join([name, *map(_usage, actions)]), "```", ""]
    if actions:
        lines += ["| argument | meaning |", "|---|---|"]
        lines += [f"| `{_cell(_spelling(a))}` | {_cell(_meaning(a))} |" for a in actions] + [""]
    lines += _exit_codes(parser.get_default("exit_codes"))
    return f"<!-- {name} -->\n" + "\n".join(lines) + "\n<!-- end -->\n"


def _exit_codes(codes: dict[int, str]) -> list[str]:
    """Return a table, or one line for a command with only the codes 0 and 2."""
    if {*codes} == {0, 2}:
        return [f"Exit codes: 0 {codes[0]}, 2 not run."]
    rows = [f"| {int(code)} | {_cell(words)} |" for code, words in codes.items()]
    return ["| exit code | meaning |", "|---|---|", *rows]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _value(action: argparse.Action) -> str:
    """Return an argument's value: its choices or its metavar."""
    if action.nargs == 0:
        return ""
    return "|".join(map(str, action.choices)) if action.choices else str(action.metavar)


def _spelling(action: argparse.Action) -> str:
    if not action.option_strings:
        return _value(action)
    return " ".join(filter(None, (", ".join(action.option_strings), _value(action))))


def _usage(action: argparse.Action) -> str:
    """Return an argument as in a usage line, in brackets if it is optional."""
    many = "…" if action.nargs in ("+", "*") or isinstance(action, argparse._AppendAction) else ""
    option = action.option_strings[-1] if action.option_strings else ""
    text = " ".join(filter(None, (option, _value(action)))) + many
    optional = action.nargs in ("?", "*") or (bool(option) and not action.required)
    return f"[{text}]" if optional else text


def _meaning(action: argparse.Action) -> str:
    many = " (may be given more than once)" if isinstance(action, argparse._AppendAction) else ""
    return f"{action.help or ''}{many}"


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text()))
