"""`ledger demo`: make a ledger to look at and to try, and serve it until it is interrupted."""

import argparse
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ledger.cli.exit_codes import DAMAGED, UNAVAILABLE, ExitCode, declare
from ledger.data_files import GENUINE_BUNDLE, LOG_VKEY, TAMPERED_BUNDLE
from ledger.errors import UnavailableError
from ledger.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from ledger.demo.making import Made

# What the list of statements calls each, in its order.
_SHOWN = {
    "pending": "pending, for you",
    "third version": "pending, version 3",
    "look-alikes": "pending, a trap",
    "release": "pending, in steps",
    "agent": "pending, of an agent",
    "approved": "approved",
    "second version": "approved, version 2",
    "in question": "approved, in question",
    "superseded": "superseded, version 1",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "expired": "expired",
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `demo`."""
    text = "make a ledger with people and statements to try, and serve it until interrupted"
    parser = commands.add_parser("demo", help=text, description=text)
    words = "directory to make, which must not exist or be empty (./demo)"
    parser.add_argument("--data", type=Path, default=Path("demo"), metavar="DIR", help=words)
    words = f"port to listen on ({DEFAULT_PORT})"
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, metavar="N", help=words)
    declare(
        parser,
        {
            ExitCode.DONE: "made, served and stopped",
            ExitCode.INVALID: DAMAGED,
            ExitCode.UNAVAILABLE: f"interrupted before it was served; or {UNAVAILABLE}",
        },
    )


def run(chosen: argparse.Namespace) -> int:
    """Make the ledger and serve it; return the exit code.

    Raises what `make` and `serve` raise; UnavailableError `address_unavailable`, before anything is
    made, if another process listens on the port.
    """
    from ledger.cli.serve import serve  # the server's packages
    from ledger.demo.making import make, require_free, settings_of

    settings = settings_of(chosen.data, chosen.port)
    require_free(chosen.data)
    _require_address(settings.host, settings.port)
    made = make(chosen.data, chosen.port, _say)
    print(_guide(made, chosen.data, settings.origin), flush=True)
    with suppress(KeyboardInterrupt):
        return serve(settings)
    return ExitCode.DONE


def _say(step: str) -> None:
    print(f"  {step}", flush=True)


def _require_address(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            detail = f"the server cannot listen on {host}:{port}; give another --port"
            raise UnavailableError("address_unavailable", detail) from error


def _guide(made: "Made", data: Path, origin: str) -> str:
    """Return what a newcomer can do and look at."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "ledger" else "ledger"
    key = data / LOG_VKEY
    again = f"{program} serve --data {data}"
    if not origin.endswith(f":{DEFAULT_PORT}"):
        again = f"LEDGER_ORIGIN={origin} {again}"
    return "\n".join(
        [
            "",
            "This is a demonstration. Its people are programs: their passkeys and keys are not",
            "kept and prove nothing. Everything else is as in any other ledger.",
            "",
            "Approve your first statement:",
            f'  1. Open {origin} and choose "Register as investor". Take a name of your own.',
            '  2. Three statements wait for you in your inbox. Approve "Seed round of Meadow',
            '     Robotics": Pia approved it, and yours is the second of two approvals.',
            '  3. Read "Invoice of Quay Partners" with care before you decide.',
            "To govern as well, register in another browser profile, within a week, at",
            f"  {origin}/register#invitation={made.link}",
            "",
            "Look at a statement in each state:",
            *(
                f"  {_SHOWN[each]:<22} {origin}/statements/{made.statements[each]}"
                for each in _SHOWN
            ),
            f"and at {origin}/audit how Sofia's key was compromised, and Nora suspended Quinn.",
            "",
            'Verify the evidence of "Series A of Harbour Energy", and a forgery of it:',
            f"  {program} verify {data / GENUINE_BUNDLE} --log-key {key}",
            f"  {program} verify {data / TAMPERED_BUNDLE} --log-key {key}",
            "",
            f"Serve it again later with `{again}`, or delete {data}.",
            "",
        ]
    )
