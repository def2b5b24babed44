"""`ledger ask`: what auditors ask, each question one command with one table as its answer."""

import argparse
import gc
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ledger import clock
from ledger.audit import due_for_erasure, figures, figures_svg, questions
from ledger.audit.access_report import everyone_may
from ledger.audit.answers import AnswerTable, to_json, to_text
from ledger.audit.named import Named
from ledger.audit.positions import Period, find_period
from ledger.audit.source import AuditedLog
from ledger.audit.trail_formats import BOM, write_table
from ledger.cli.exit_codes import UNAVAILABLE, ExitCode, declare
from ledger.cli.plain_output import print_error
from ledger.cli.selection_arguments import add_period
from ledger.cli.shown_text import shown_json
from ledger.errors import CorruptError, NotFoundError
from ledger.settings import Settings
from ledger.store.engines import audited_log, stored_accesses
from ledger.store.ports.operations import Access

Ask = Callable[[Settings, argparse.Namespace, AuditedLog], list[AnswerTable]]


def _period(rows: AuditedLog, chosen: argparse.Namespace) -> Period:
    return find_period(rows, chosen.first, chosen.last)


def _approvals(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    return [questions.approvals(rows, chosen.about)]


def _acts(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    return [questions.acts(rows, chosen.about, _period(rows, chosen))]


def _administration(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    return [questions.administration(rows, _period(rows, chosen))]


def _events(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    return [questions.events(rows, _period(rows, chosen))]


def _questioned(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    del chosen
    return [questions.questioned(rows)]


def _leavers(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    del chosen
    return [questions.leavers(rows)]


def _due(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    del chosen
    return [due_for_erasure.due(rows, now_ms=time.time_ns() // 1_000_000)]


def _figures(_: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    found = figures.figures(rows, _period(rows, chosen))
    if chosen.svg is not None:
        chosen.svg.write_text(figures_svg.by_month(found[0]), encoding="utf-8")
    return found


def _exports(settings: Settings, chosen: argparse.Namespace, rows: AuditedLog) -> list[AnswerTable]:
    del chosen
    named = Named(rows)
    lines = stored_accesses(settings.log_address, settings.data)
    found = tuple(
        (
            clock.to_text(each.at_ms),
            named.name(each.person),
            each.person,
            each.kind,
            each.about or "",
            _title(named, each),
        )
        for each in lines
    )
    columns = ("time", "person", "id", "what", "about", "name")
    note = "from the access record of the server, which is not part of the log"
    return [
        AnswerTable("Exports, reports, and reads of statements of others", columns, found, (note,))
    ]


def _access_report(
    settings: Settings, chosen: argparse.Namespace, rows: AuditedLog
) -> list[AnswerTable]:
    from ledger.commands.access_report import access_report, kept_outside  # the server's packages

    with kept_outside(settings.log_address, settings.data) as kept:
        return access_report(rows, chosen.about, kept, may_read=everyone_may)[1]


def _title(named: Named, access: Access) -> str:
    """Return the title of the statement, or the name of the person of an access report."""
    if access.about is None:
        return ""
    if access.kind == "access-report":
        return named.name(access.about)
    try:
        return named.statement(access.about).title
    except NotFoundError:
        return ""


_PERIOD = True
# Name, what it answers, what it is about, whether it takes a period.
_QUESTIONS: dict[str, tuple[Ask, str, str | None, bool]] = {
    "approvals": (
        _approvals,
        "who decided on a statement, when, with which key, and what they saw",
        "STATEMENT",
        False,
    ),
    "acts": (_acts, "everything that a person did", "PERSON", _PERIOD),
    "administration": (
        _administration,
        "every change of people, keys, roles, types and governance, and who approved it",
        None,
        _PERIOD,
    ),
    "access-report": (
        _access_report,
        "everything that a person did, everything done to their data, and what is kept of them",
        "PERSON",
        False,
    ),
    "events": (_events, "everything that happened", None, _PERIOD),
    "in-question": (_questioned, "the decisions that are in question now", None, False),
    "leavers": (
        _leavers,
        "the approvals by people who are suspended or deactivated now",
        None,
        False,
    ),
    "due-for-erasure": (
        _due,
        "the statements whose erasure their type's rule proposes by now",
        None,
        False,
    ),
    "exports": (_exports, "who exported what, and read statements of others", None, False),
    "figures": (_figures, "statements and decisions in numbers", None, _PERIOD),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ask`."""
    text = "answer an auditor's question from the log alone"
    parser = commands.add_parser("ask", help=text, description=text)
    asked = parser.add_subparsers(dest="question", required=True)
    for name, (_, answers, about, has_period) in _QUESTIONS.items():
        question = asked.add_parser(name, help=answers, description=answers)
        if about is not None:
            words = "a statement's id" if about == "STATEMENT" else "a person's id or exact name"
            question.add_argument("about", metavar=about, help=words)
        question.add_argument(
            "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
        )
        if has_period:
            add_period(question)
        form = question.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print JSON for programs")
        if name == "figures":
            question.add_argument(
                "--svg", type=Path, metavar="FILE", help="also draw the months as a picture"
            )
        elif name != "access-report":  # several tables
            form.add_argument("--csv", action="store_true", help="print CSV that Excel opens")
        declare(
            question,
            {
                ExitCode.DONE: "answered",
                ExitCode.INVALID: "the log is damaged",
                ExitCode.UNAVAILABLE: UNAVAILABLE,
            },
        )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Print the answer; return the exit code."""
    return answered(settings, chosen, _QUESTIONS[chosen.question][0])


def answered(settings: Settings, chosen: argparse.Namespace, ask: Ask) -> int:
    """Print what a question finds in the log, in the form that is chosen; return the exit code."""
    gc.disable()  # an answer has no cycles; collecting would take half of the time
    try:
        with closing(audited_log(settings.log_address).open()) as rows, rows.snapshot():
            rows.require_format()
            found = ask(settings, chosen, rows)
    except CorruptError as error:
        print_error(error)
        return ExitCode.INVALID
    finally:
        gc.enable()
    if chosen.json:
        print(shown_json(to_json(found).encode()))
    elif getattr(chosen, "csv", False):
        sys.stdout.buffer.write(BOM)
        write_table(found[0].columns, found[0].rows, sys.stdout.buffer)
    else:
        print("\n".join(map(to_text, found)), end="")
    return ExitCode.DONE
