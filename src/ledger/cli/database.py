"""`ledger database create`: the tables of a log in PostgreSQL, by the role that is to own them."""

import argparse

from ledger.cli.exit_codes import UNAVAILABLE, ExitCode, declare
from ledger.errors import MalformedError
from ledger.settings import Settings
from ledger.store.engines import create_database


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `database`."""
    text = "prepare a database of PostgreSQL for a ledger"
    parser = commands.add_parser("database", help=text, description=text)
    acts = parser.add_subparsers(dest="act", required=True)
    text = "create the tables of a log in LEDGER_DATABASE_URL, unless they are there"
    create = acts.add_parser("create", help=text, description=text)
    words = "a role that is to run the ledger: it may read, and append, and nothing else"
    create.add_argument("--role", metavar="ROLE", help=words)
    declare(create, {ExitCode.DONE: "the tables are there", ExitCode.UNAVAILABLE: UNAVAILABLE})


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Create the tables; return the exit code."""
    if settings.database is None:
        raise MalformedError("setting_invalid", "LEDGER_DATABASE_URL names no database")
    role: str | None = chosen.role
    create_database(settings.database, role=role)
    print("The tables of the log are there.")
    if role is not None:
        print(f"The role {role} may read them, and append.")
    return ExitCode.DONE
