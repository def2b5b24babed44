"""`ledger list`, `show`, `sign`, `reject`, `wait`: decide at a terminal, by the key of `login`."""

import argparse
import hashlib
import json
from typing import Any

import msgspec

from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.login import add_key_file
from ledger.cli.shown_text import shown_line, shown_text
from ledger.client import DecisionReceipt, LedgerClient, ListedStatement, default_path, kept
from ledger.domain.quoting import quoted
from ledger.encoding import parse_json
from ledger.errors import MalformedError

STATUSES = ("pending", "approved", "rejected", "withdrawn", "expired", "superseded")
_DECIDED = {"approved": ExitCode.DONE, "pending": ExitCode.UNVERIFIABLE}
_SHOWN_ABOVE = {"content", "title", "createdAt", "creator", "ledger", "statementId"}
_NO_ANSWER = "the ledger did not answer; the same command may succeed later"


def add_parsers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    listing = _command(commands, "list", "list the statements that wait for you")
    listing.add_argument("--status", choices=STATUSES, help="every statement of this status")
    show = _command(commands, "show", "show a statement: title, digest, policy, content")
    sign = _command(commands, "sign", "approve a statement")
    reject = _command(commands, "reject", "reject a statement")
    wait = _command(commands, "wait", "wait until a statement is decided")
    for command in (show, sign, reject, wait):
        command.add_argument("statement", metavar="ID", help="id of the statement")
    for command in (sign, reject):
        command.add_argument(
            "--digest",
            required=True,
            metavar="SHA256",
            help="SHA-256 of the document that you read; no other is signed",
        )
    reject.add_argument("--reason", required=True, metavar="TEXT", help="why, for the others")
    wait.add_argument(
        "--within", type=float, default=3600, metavar="SECONDS", help="give up (default: 3600)"
    )
    for command in (listing, show, sign, reject):
        declare(command, {ExitCode.DONE: "done", ExitCode.UNAVAILABLE: _NO_ANSWER})
    declare(
        wait,
        {
            ExitCode.DONE: "the statement is approved",
            ExitCode.UNVERIFIABLE: "it is still pending",
            ExitCode.UNMET: "it was rejected, withdrawn or superseded, or has expired",
            ExitCode.UNAVAILABLE: _NO_ANSWER,
        },
    )


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    add_key_file(command)
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    return command


def run(chosen: argparse.Namespace) -> int:
    """Run one of the commands; return its exit code."""
    with LedgerClient(kept(chosen.login or default_path())) as client:
        return _RUN[chosen.command](client, chosen)


def _list(client: LedgerClient, chosen: argparse.Namespace) -> int:
    found = client.statements(chosen.status) if chosen.status else client.inbox()
    if chosen.json:
        _print_json(found)
    for each in [] if chosen.json else found:
        counted = f"{each.approvals} of {each.needed}"
        print(f"{shown_line(each.id)}  {each.status:10} {counted}  {_titled(each)}")
    return ExitCode.DONE


def _show(client: LedgerClient, chosen: argparse.Namespace) -> int:
    statement, document = client.statement(chosen.statement), client.document(chosen.statement)
    digest = hashlib.sha256(document).hexdigest()
    said: dict[str, Any] = parse_json(document, exact_numbers=False)
    if chosen.json:
        _print_json({"statement": statement, "sha256": digest, "document": document.decode()})
        return ExitCode.DONE
    drafted = (
        f"by {quoted(shown_line(statement.creator.name))}, {shown_line(str(said.get('createdAt')))}"
    )
    print(f"Title:   {shown_line(str(said.get('title')))}")
    print(f"Drafted: {drafted}")
    print(f"Status:  {statement.status}, {statement.approvals} of {statement.needed}")
    print(f"SHA-256: {digest}")
    for name in sorted(said.keys() - _SHOWN_ABOVE):
        print(f"{shown_line(name)}: {shown_text(json.dumps(said[name], ensure_ascii=False))}")
    print(f"\n{shown_text(_content(said.get('content')))}")
    return ExitCode.DONE


def _content(content: Any) -> str:
    """Return the content as people read it: indented if it is JSON, else as it is."""
    try:
        value = parse_json(str(content).encode(), exact_numbers=False)
    except MalformedError:
        return str(content)
    return json.dumps(value, ensure_ascii=False, indent=2)


def _sign(client: LedgerClient, chosen: argparse.Namespace) -> int:
    return _told(client.approve(chosen.statement, chosen.digest), chosen)


def _reject(client: LedgerClient, chosen: argparse.Namespace) -> int:
    return _told(client.reject(chosen.statement, chosen.digest, chosen.reason), chosen)


def _told(receipt: DecisionReceipt, chosen: argparse.Namespace) -> int:
    if chosen.json:
        _print_json(receipt)
    else:
        print(f"Recorded at position {receipt.position}. The statement is {receipt.status}.")
    return ExitCode.DONE


def _wait(client: LedgerClient, chosen: argparse.Namespace) -> int:
    found = client.wait(chosen.statement, within_s=chosen.within)
    if chosen.json:
        _print_json(found)
    else:
        print(found.status)
    return _DECIDED.get(found.status, ExitCode.UNMET)


def _titled(statement: ListedStatement) -> str:
    return f"{shown_line(statement.title)}  (by {quoted(shown_line(statement.creator.name))})"


def _print_json(value: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


_RUN = {"list": _list, "show": _show, "sign": _sign, "reject": _reject, "wait": _wait}
COMMANDS = frozenset(_RUN)
