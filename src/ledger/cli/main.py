"""The command line: `ledger serve`, `rebuild`, `log …`, `witness …`, `export`, `verify`, `audit`,
`replay`, `jws …`.
"""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType

import uvicorn

from ledger import __version__
from ledger.cli import audit, export, jws, log, replay, verify, witness
from ledger.cli.exit_codes import ExitCode, declare
from ledger.errors import LedgerError
from ledger.http.connection import Connection
from ledger.server import VIEWS_FILE, build
from ledger.settings import Settings, read_settings

GRACE_S = 2
# Objects, from the default of 700: requests leave few cycles behind, and looking for them this
# often cost a fifteenth of the processor.
COLLECT_EVERY = 5_000


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = argparse.ArgumentParser(prog="ledger", description="Several people, one statement.")
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
        declare(command, {ExitCode.DONE: "done"})
    jws.add_commands(commands)
    log.add_parser(commands)
    witness.add_parser(commands)
    export.add_parser(commands)
    verify.add_parser(commands)
    audit.add_parser(commands)
    replay.add_parser(commands)
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code. `__main__` runs `verify` itself."""
    chosen = make_parser().parse_args(arguments)
    if chosen.command == "jws":
        return jws.run(chosen)
    try:
        if chosen.command == "witness":
            return witness.run(chosen)
        settings = read_settings(_with_options(os.environ, chosen))
        if chosen.command == "rebuild":
            return rebuild(settings)
        if chosen.command == "export":
            return export.run(settings, chosen)
        if chosen.command == "log":
            return log.run(settings, chosen)
        if chosen.command == "audit":
            return audit.run(settings, chosen)
        if chosen.command == "replay":
            return replay.run(settings, chosen)
        return serve(settings)
    except (LedgerError, OSError) as error:
        print(f"ledger: {error}", file=sys.stderr)
        return ExitCode.USAGE


def _with_options(environment: Mapping[str, str], chosen: argparse.Namespace) -> dict[str, str]:
    names = {"data": "LEDGER_DATA", "port": "LEDGER_PORT", "host": "LEDGER_HOST"}
    given = {names[key]: value for key, value in vars(chosen).items() if key in names and value}
    return dict(environment) | given


def serve(settings: Settings) -> int:
    """Serve until SIGINT or SIGTERM."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    first = not settings.data.exists()
    application = build(settings)
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20)
    print(f"Ledger is at {settings.origin}  (data in {settings.data.resolve()})")
    if first:
        print("First start: open that address, choose “Register”, and follow the two steps.")
        print("Then draft a statement, or let others register and approve what you drafted.")
    print("Stop with Ctrl+C.", flush=True)
    configuration = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http=Connection,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    with suppress(KeyboardInterrupt):
        _Server(configuration, application.state["end_streams"]).run()
    return ExitCode.DONE


class _Server(uvicorn.Server):
    """Ends live streams at the first signal: uvicorn waits for answers, and theirs never end."""

    def __init__(self, configuration: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(configuration)
        self._end_streams = end_streams

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to shut down; runs between two steps of the event loop's own thread."""
        self._end_streams()
        super().handle_exit(sig, frame)


def rebuild(settings: Settings) -> int:
    """Delete the read models."""
    for suffix in ("", "-wal", "-shm"):
        path = settings.data / f"{VIEWS_FILE}{suffix}"
        path.unlink(missing_ok=True)
    print("The read models are deleted; the next start makes them again from the log.")
    return ExitCode.DONE
