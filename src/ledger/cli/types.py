"""`ledger types try`: which statements of the past would have passed a definition of a type."""

import argparse
from contextlib import closing
from pathlib import Path

from ledger.audit.positions import find_position
from ledger.audit.type_trial import TriedStatement, tried
from ledger.cli.exit_codes import UNAVAILABLE, ExitCode, declare
from ledger.cli.plain_output import print_error
from ledger.cli.shown_text import print_json
from ledger.domain.statement_types import MAX_DEFINITION_BYTES, parse_definition
from ledger.errors import CorruptError, MalformedError
from ledger.settings import Settings
from ledger.store.engines import audited_log


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `types`."""
    text = "work with types of statements"
    parser = commands.add_parser("types", help=text, description=text)
    acts = parser.add_subparsers(dest="act", required=True)
    text = "tell which statements of the past would have passed a definition of a type"
    trial = acts.add_parser("try", help=text, description=text)
    trial.add_argument("definition", metavar="FILE", type=Path, help="the definition, as JSON")
    trial.add_argument(
        "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
    )
    trial.add_argument(
        "--from",
        dest="first",
        metavar="POSITION|TIME",
        default="1",
        help="the first draft that is tried (default: 1)",
    )
    trial.add_argument(
        "--to",
        dest="last",
        metavar="POSITION|TIME",
        help="the last draft that is tried (default: the newest position)",
    )
    trial.add_argument("--json", action="store_true", help="print JSON for programs")
    declare(
        trial,
        {
            ExitCode.DONE: "every statement would have passed",
            ExitCode.INVALID: "the log is damaged",
            ExitCode.UNMET: "a statement would not have passed",
            ExitCode.UNAVAILABLE: UNAVAILABLE,
        },
    )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Print each statement of the past with what it does not meet; return the exit code."""
    known = parse_definition(_read(chosen.definition))
    with closing(audited_log(settings.log_address).open()) as rows:
        rows.require_format()
        first, _ = find_position(rows, chosen.first)
        last, _ = find_position(rows, chosen.last)
        try:
            found = [*tried(rows, known, first, last)]
        except CorruptError as error:
            print_error(error)
            return ExitCode.INVALID
    if chosen.json:
        print_json(found, pretty=True)
    else:
        print(to_text(found), end="")
    return ExitCode.DONE if all(each.passes for each in found) else ExitCode.UNMET


def _read(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(MAX_DEFINITION_BYTES + 1)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise MalformedError("type_invalid", "the definition is not UTF-8") from error


def to_text(found: list[TriedStatement]) -> str:
    """Return the statements as text for a terminal."""
    passed = sum(each.passes for each in found)
    lines = [f"{passed:,} of {len(found):,} statements would have passed"]
    lines += [
        f"  {each.position:>8,}  {each.title!r}  {each.id}: {_told(each)}"
        for each in found
        if not each.passes
    ]
    return "\n".join(lines) + "\n"


def _told(each: TriedStatement) -> str:
    told = [] if each.has_policy else ["another policy"]
    if each.unmet is not None:
        pointer, keyword = each.unmet
        told.append(f"{pointer or 'the content'} does not meet {keyword!r}")
    return ", ".join(told)
