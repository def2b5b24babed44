"""`ledger service list`, `service end`: service accounts, as their programs and people see them."""

import argparse
from pathlib import Path

from ledger.cli.exit_codes import ExitCode, declare
from ledger.cli.login import add_key_file
from ledger.cli.plain_output import print_note
from ledger.cli.shown_text import print_json, shown_line
from ledger.cli.signed_in import NO_ANSWER
from ledger.client import LedgerClient, ListedAccount, default_path, forget, kept
from ledger.domain.quoting import quoted
from ledger.errors import ConflictError


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `service` with its two commands."""
    text = "list service accounts, or end the one of this login"
    service = commands.add_parser("service", help=text, description=text)
    actions = service.add_subparsers(dest="action", required=True)
    words = "list everybody's service accounts, ended ones too"
    listing = actions.add_parser("list", help=words, description=words)
    listing.add_argument("--json", action="store_true", help="print JSON for programs")
    words = "end the service account of this login, and delete the login"
    ending = actions.add_parser("end", help=words, description=words)
    for command in (listing, ending):
        add_key_file(command)
        declare(command, {ExitCode.DONE: "done", ExitCode.UNAVAILABLE: NO_ANSWER})


def run(chosen: argparse.Namespace) -> int:
    """Run one of the commands; return its exit code."""
    path: Path = chosen.login or default_path()
    login = kept(path)
    with LedgerClient(login) as client:
        if chosen.action == "list":
            return _list(client, as_json=chosen.json)
        if login.service is None:
            detail = "this login is a person's: they end its key on the account page"
            raise ConflictError("not_a_service", detail)
        client.end_own_key()
    forget(login)  # before its file, which names it
    path.unlink()
    print_note(f"The service account {login.service} has ended.")
    return ExitCode.DONE


def _list(client: LedgerClient, *, as_json: bool) -> int:
    found = client.service_accounts()
    if as_json:
        print_json(found, pretty=True)
    for each in [] if as_json else found:
        print(_line(each))
    return ExitCode.DONE


def _line(account: ListedAccount) -> str:
    key, service = account.key, account.key.service
    kinds = [*service.types, *(["untyped"] if service.untyped else [])]
    owner = quoted(shown_line(account.owner.name))
    scope = f"{', '.join(service.acts)} on {', '.join(kinds)}"
    return shown_line(
        f"{key.kid}  {key.status:8} {service.name}  (of {owner}; {scope}; until {key.expires_at})"
    )
