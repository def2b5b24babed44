"""`ledger list`, `show`, `sign`, `reject`, `retract`, `withdraw`, `wait`: decide at a terminal.

The key of `ledger login` signs; acting.py has the commands of programs that act on an approval.
"""

import argparse
from pathlib import Path

from ledger.cli import acting
from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.shown_statement import lines_of
from ledger.cli.shown_text import print_json, shown_line
from ledger.cli.signed_in import NO_ANSWER, add_command, add_digest
from ledger.cli.verify_report import print_lines
from ledger.client import (
    DecisionReceipt,
    LedgerClient,
    ListedStatement,
    ShownStatement,
    default_path,
    kept,
)
from ledger.domain.document import parse_document
from ledger.domain.quoting import of_account, quoted
from ledger.encoding import sha256_hex
from ledger.system import private_files

STATUSES = ("pending", "approved", "rejected", "withdrawn", "expired", "superseded")


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    listing = add_command(commands, "list", "list the statements that wait for you")
    listing.add_argument("--status", choices=STATUSES, help="every statement of this status")
    show = add_command(
        commands, "show", "show a statement: digest, policy, decisions, content, what to look at"
    )
    sign = add_command(commands, "sign", "approve a statement")
    reject = add_command(commands, "reject", "reject a statement")
    retract = add_command(commands, "retract", "take back your approval of a pending statement")
    withdraw = add_command(commands, "withdraw", "withdraw a pending statement of your own")
    wait = add_command(commands, "wait", "wait until a statement is decided, or used")
    for command in (show, sign, reject, retract, withdraw, wait):
        command.add_argument("statement", metavar="ID", help="id of the statement")
    for command in (sign, reject, retract, withdraw):
        add_digest(command)
    show.add_argument(
        "--output", type=Path, metavar="FILE", help="write the exact bytes that approvals sign"
    )
    sign.add_argument(
        "--jws", type=Path, metavar="FILE", help="send this approval, which was signed elsewhere"
    )
    reject.add_argument("--reason", required=True, metavar="TEXT", help="why, for the others")
    for command in (retract, withdraw):
        command.add_argument("--reason", metavar="TEXT", help="why, for the others")
    wait.add_argument(
        "--within", type=float, default=3600, metavar="SECONDS", help="give up (default: 3600)"
    )
    wait.add_argument(
        "--for",
        dest="event",
        choices=("decision", "use", "outcome"),
        default="decision",
        help="wait for the decision (the default), a use, or the outcome of every use",
    )
    for command in (listing, show, sign, reject, retract, withdraw):
        declare(command, {ExitCode.DONE: "done", ExitCode.UNAVAILABLE: NO_ANSWER})
    declare(
        wait,
        {
            ExitCode.DONE: "the statement is approved; with --for, it was used, or the outcome of"
            " every use is known",
            ExitCode.UNVERIFIABLE: "it is still pending, or not used, or an outcome is not known",
            ExitCode.UNMET: "it was rejected, withdrawn or superseded, has expired, or is approved"
            " by a decision in question; with --for, nobody can use it",
            ExitCode.UNAVAILABLE: NO_ANSWER,
        },
    )
    acting.add_parsers(commands)


def run(chosen: argparse.Namespace) -> int:
    """Run one of the commands; return its exit code."""
    with LedgerClient(kept(chosen.login or default_path())) as client:
        return _RUN[chosen.command](client, chosen)


def _list(client: LedgerClient, chosen: argparse.Namespace) -> int:
    found = client.statements(chosen.status) if chosen.status else client.inbox()
    if chosen.json:
        print_json(found, pretty=True)
    for each in [] if chosen.json else found:
        counted = f"{each.approvals} of {each.needed}"
        print(f"{shown_line(each.id)}  {each.status:10} {counted}  {_titled(each)}")
    return ExitCode.DONE


def _show(client: LedgerClient, chosen: argparse.Namespace) -> int:
    statement, document = client.statement(chosen.statement), client.document(chosen.statement)
    if chosen.output is not None:
        private_files.create(chosen.output, document)
    if chosen.json:
        digest, text = sha256_hex(document), document.decode()
        print_json({"statement": statement, "sha256": digest, "document": text}, pretty=True)
    else:
        print_lines(lines_of(statement, document, _definition(client, document)))
    return ExitCode.DONE


def _definition(client: LedgerClient, document: bytes) -> str | None:
    """Return the definition that a document names by its digest, None without one."""
    stated = parse_document(document).type
    if stated is None or stated.sha256 is None:
        return None
    return client.definition_of(stated.sha256)


def _sign(client: LedgerClient, chosen: argparse.Namespace) -> int:
    if chosen.jws is None:
        return _told(client.approve(chosen.statement, chosen.digest), chosen)
    jws = chosen.jws.read_text("ascii", errors="replace").strip()
    return _told(client.send_approval(chosen.statement, chosen.digest, jws), chosen)


def _reject(client: LedgerClient, chosen: argparse.Namespace) -> int:
    return _told(client.reject(chosen.statement, chosen.digest, chosen.reason), chosen)


def _retract(client: LedgerClient, chosen: argparse.Namespace) -> int:
    return _told(client.retract(chosen.statement, chosen.digest, chosen.reason), chosen)


def _withdraw(client: LedgerClient, chosen: argparse.Namespace) -> int:
    return _told(client.withdraw(chosen.statement, chosen.digest, chosen.reason), chosen)


def _told(receipt: DecisionReceipt, chosen: argparse.Namespace) -> int:
    if chosen.json:
        print_json(receipt, pretty=True)
    else:
        print(f"Recorded at position {receipt.position}. The statement is {receipt.status}.")
    return ExitCode.DONE


def _wait(client: LedgerClient, chosen: argparse.Namespace) -> int:
    found = (
        client.wait(chosen.statement, within_s=chosen.within)
        if chosen.event == "decision"
        else client.wait_used(
            chosen.statement, within_s=chosen.within, settled=chosen.event == "outcome"
        )
    )
    if chosen.json:
        print_json(found, pretty=True)
    else:
        print("in question" if found.is_questioned else found.status)
    return _decided(found) if chosen.event == "decision" else _used(found, chosen.event)


def _decided(found: ShownStatement) -> ExitCode:
    if found.status == "approved":
        return ExitCode.UNMET if found.is_questioned else ExitCode.DONE
    return ExitCode.UNVERIFIABLE if found.status == "pending" else ExitCode.UNMET


def _used(found: ShownStatement, event: str) -> ExitCode:
    if found.uses:
        is_over = event == "use" or all(each.is_settled for each in found.uses)
        return ExitCode.DONE if is_over else ExitCode.UNVERIFIABLE
    is_open = found.status in ("pending", "approved") and found.usable is not None
    return ExitCode.UNVERIFIABLE if is_open else ExitCode.UNMET


def _titled(statement: ListedStatement) -> str:
    who = quoted(shown_line(statement.creator.name))
    if statement.account is not None:
        who = of_account(shown_line(statement.account), who)
    return f"{shown_line(statement.title)}  (by {who})"


_RUN = {
    "list": _list,
    "show": _show,
    "sign": _sign,
    "reject": _reject,
    "retract": _retract,
    "withdraw": _withdraw,
    "wait": _wait,
    **acting.RUN,
}
COMMANDS = frozenset(_RUN)
