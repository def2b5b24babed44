"""The command line: `ledger serve`, `demo`, `rebuild`, `backup`, `restore`, `copy`, `recover`,
`doctor`, `database …`, `log …`, `witness …`, `export`, `verify`, `monitor`, `mirror`, `audit`,
`replay`, `ask …`, `diff`, `types …`, `jws …`; and as a client of a running ledger `login`, `list`,
`show`, `sign`, `reject`, `retract`, `withdraw`, `wait`, `draft`, `use`, `outcome`, `evidence`,
`mcp`, `attest`, `service …`.

Importing this module and every parser imports nothing that the server runs on. A command that
needs the server's packages imports them when it runs; without them it says what to install.
"""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from ledger import __version__
from ledger.cli import (
    ask,
    attest,
    audit,
    backup,
    copy_arguments,
    database,
    demo,
    diff,
    doctor,
    export,
    jws,
    log,
    login,
    mcp,
    mirror,
    monitor,
    recover,
    replay,
    restore_arguments,
    service,
    terminal,
    types,
    verify,
    witness,
)
from ledger.cli.exit_codes import DAMAGED, UNAVAILABLE, ExitCode, declare, exit_code_of
from ledger.cli.plain_output import print_error, without_colour
from ledger.data_files import VIEWS_FILE
from ledger.errors import LedgerError
from ledger.settings import Settings, read_settings
from ledger.sqlite.files import storage_errors
from ledger.system.directory_lock import replacing

# The packages of the extra `server` in pyproject.toml, by import name.
SERVER_PACKAGES = {
    "eventsourcing",
    "httptools",
    "jinja2",
    "litestar",
    "prometheus_client",
    "publicsuffixlist",
    "segno",
    "uvicorn",
    "uvloop",
}
MOST_WORKERS = 64
INSTALL_SERVER = "pip install 'approval-ledger[server]'"
INSTALL_POSTGRESQL = "pip install 'approval-ledger[postgresql]'"
INSTALL_MCP = "pip install 'approval-ledger[mcp]'"


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = argparse.ArgumentParser(
        prog="ledger", description="Several people approve one statement."
    )
    without_colour(parser)
    parser.add_argument("--version", action="version", version=f"ledger {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("serve", "serve the ledger until interrupted"),
        ("rebuild", "delete the read models; the next start rebuilds them from the log"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--data", metavar="DIR", help="directory of the ledger (LEDGER_DATA, ./data)"
        )
        if name == "serve":
            command.add_argument("--port", metavar="N", help="port to listen on (LEDGER_PORT)")
            command.add_argument(
                "--host", metavar="ADDRESS", help="address to listen on (LEDGER_HOST)"
            )
            words = f"processes that serve one socket, 1 to {MOST_WORKERS} (1)"
            command.add_argument("--workers", type=worker_count, default=1, metavar="N", help=words)
        codes = {ExitCode.DONE: "done", ExitCode.UNAVAILABLE: UNAVAILABLE}
        declare(command, codes | ({ExitCode.INVALID: DAMAGED} if name == "serve" else {}))
    demo.add_parser(commands)
    backup.add_parser(commands)
    restore_arguments.add_parser(commands)
    copy_arguments.add_parser(commands)
    recover.add_parser(commands)
    doctor.add_parser(commands)
    database.add_parser(commands)
    jws.add_commands(commands)
    log.add_parser(commands)
    witness.add_parser(commands)
    export.add_parser(commands)
    verify.add_parser(commands)
    monitor.add_parser(commands)
    mirror.add_parser(commands)
    audit.add_parser(commands)
    replay.add_parser(commands)
    ask.add_parser(commands)
    diff.add_parser(commands)
    types.add_parser(commands)
    login.add_parser(commands)
    mcp.add_parser(commands)
    attest.add_parser(commands)
    service.add_parser(commands)
    terminal.add_parsers(commands)
    return parser


def worker_count(text: str) -> int:
    """Return a number of workers; argparse says what a ValueError means."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_WORKERS):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {MOST_WORKERS}")
    return int(text)


def main(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code.

    `__main__` does not come here for `verify`, which then imports less.
    """
    chosen = make_parser().parse_args(arguments)
    if chosen.command in _OWN_ERRORS:  # they say themselves what went wrong
        return _OWN_ERRORS[chosen.command](chosen)
    try:
        with storage_errors("a file of the ledger cannot be used"):
            return _run(chosen)
    except ModuleNotFoundError as error:
        if error.name == "psycopg":
            needs, install = "a log in a database needs psycopg", INSTALL_POSTGRESQL
        elif (error.name or "").partition(".")[0] == "mcp":
            needs, install = "an agent's tools need mcp", INSTALL_MCP
        elif error.name in SERVER_PACKAGES:
            needs, install = "this command needs the server's packages", INSTALL_SERVER
        else:
            raise
        print_error(f"{needs}, and {error.name} is not installed: {install}")
        return ExitCode.USAGE
    except BrokenPipeError:
        raise  # the reader of the output has gone; `__main__` ends quietly
    except (LedgerError, OSError) as error:
        print_error(error)
        return exit_code_of(error)


# The commands that turn every error into a sentence and an exit code of their own.
_OWN_ERRORS: dict[str, Callable[[argparse.Namespace], int]] = {
    "jws": jws.run,
    "verify": verify.run,
}
# The commands that read no settings of a ledger.
_WITHOUT_A_LEDGER: dict[str, Callable[[argparse.Namespace], int]] = {
    "attest": attest.run,
    "demo": demo.run,
    "login": login.run,
    "mcp": mcp.run,
    "mirror": mirror.run,
    "monitor": monitor.run,
    "service": service.run,
    "witness": witness.run,
    **dict.fromkeys(terminal.COMMANDS, terminal.run),
}
# The commands on the ledger of the settings.
_ON_A_LEDGER: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "ask": ask.run,
    "audit": audit.run,
    "backup": backup.run,
    "database": database.run,
    "diff": diff.run,
    "doctor": doctor.run,
    "export": export.run,
    "log": log.run,
    "recover": recover.run,
    "replay": replay.run,
    "types": types.run,
    # Those that need the server's packages import them when they run.
    "copy": lambda settings, chosen: _late("copy").run(settings, chosen),
    "rebuild": lambda settings, _: rebuild(settings),
    "restore": lambda settings, chosen: _late("restore").run(settings, chosen),
    "serve": lambda settings, chosen: _late("serve").serve(settings, chosen.workers),
}


def _late(name: str) -> Any:
    return import_module(f"ledger.cli.{name}")


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command in _WITHOUT_A_LEDGER:
        return _WITHOUT_A_LEDGER[chosen.command](chosen)
    settings = read_settings(_with_options(os.environ, chosen))
    return _ON_A_LEDGER[chosen.command](settings, chosen)


def _with_options(environment: Mapping[str, str], chosen: argparse.Namespace) -> dict[str, str]:
    names = {"data": "LEDGER_DATA", "port": "LEDGER_PORT", "host": "LEDGER_HOST"}
    given = {names[key]: value for key, value in vars(chosen).items() if key in names and value}
    return dict(environment) | given


def rebuild(settings: Settings) -> int:
    """Delete the read models; raise ConflictError `data_in_use` while a server runs."""
    with replacing(settings.data):
        for suffix in ("", "-wal", "-shm"):
            path = settings.data / f"{VIEWS_FILE}{suffix}"
            path.unlink(missing_ok=True)
    print("The read models are deleted; the next start rebuilds them from the log.")
    return ExitCode.DONE
