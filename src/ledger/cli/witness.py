"""`ledger witness …`: run a witness for other logs; it needs no ledger."""

import argparse
import logging
from collections.abc import Sequence
from contextlib import closing, suppress
from ipaddress import ip_network
from pathlib import Path

from ledger.cli.exit_codes import DAMAGED, UNAVAILABLE, ExitCode, declare
from ledger.settings import LOOPBACK
from ledger.system.client_address import Network, parse_networks
from ledger.tlog.vkeys import NoteKey, parse_vkey

WITNESS_PORT = 8010
GRACE_S = 4  # for requests under way at a stop; a log whose answer is lost asks again


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `witness` and its commands."""
    text = "run a witness, which cosigns the checkpoints of append-only logs"
    parser = commands.add_parser("witness", help=text, description=text)
    actions = parser.add_subparsers(dest="action", required=True)
    words = "print the witness's vkeys; with --name, create the witness first"
    keys = actions.add_parser("keys", help=words, description=words)
    keys.add_argument(
        "--name", metavar="NAME", help="name of a new witness, such as witness.example.com/1"
    )
    words = "serve until interrupted"
    serve = actions.add_parser("serve", help=words, description=words)
    serve.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="address to listen on (127.0.0.1)"
    )
    serve.add_argument(
        "--port", metavar="N", default=WITNESS_PORT, type=int, help="port to listen on (8010)"
    )
    serve.add_argument(
        "--log", action="append", required=True, metavar="VKEY", help="a key of a log to watch"
    )
    serve.add_argument(
        "--proxy",
        action="append",
        metavar="NETWORK",
        type=ip_network,
        help="network of proxies whose X-Forwarded-For is believed (this computer)",
    )
    for action in (keys, serve):
        action.add_argument(
            "--data", metavar="DIR", required=True, type=Path, help="directory of the witness"
        )
        codes = {ExitCode.INVALID: DAMAGED, ExitCode.UNAVAILABLE: UNAVAILABLE}
        declare(action, {ExitCode.DONE: "done"} | codes)


def run(chosen: argparse.Namespace) -> int:
    """Run one of the commands; return its exit code."""
    if chosen.action == "keys":
        show_keys(chosen.data, chosen.name)
    else:
        logs = [parse_vkey(vkey) for vkey in chosen.log]
        proxies = chosen.proxy or parse_networks(LOOPBACK)
        serve(chosen.data, logs, chosen.host, chosen.port, proxies)
    return ExitCode.DONE


def show_keys(data: Path, name: str | None) -> None:
    """Print the vkeys, one per line; with a name, create the witness if it does not exist."""
    from ledger.witness import state  # the server's packages

    if name is not None:
        state.create(data, name)
    with closing(state.WitnessState(data)) as opened:
        print(*(signer.key.vkey for signer in opened.signers), sep="\n")


def serve(
    data: Path, logs: list[NoteKey], host: str, port: int, proxies: Sequence[Network]
) -> None:
    """Serve until SIGINT or SIGTERM."""
    import uvicorn  # the server's packages

    from ledger.http.admission import Admission
    from ledger.http.secure_transport import protocol_class
    from ledger.witness.app import WitnessServer
    from ledger.witness.state import WitnessState

    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    with closing(WitnessState(data, logs)) as opened:
        print(f"The witness is at http://{host}:{port}/ and watches", *opened.logs, flush=True)
        configuration = uvicorn.Config(
            WitnessServer(opened, proxies),
            host=host,
            port=port,
            http=protocol_class(Admission(proxies=proxies), None),
            ws="none",
            lifespan="off",
            proxy_headers=False,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        with suppress(KeyboardInterrupt):
            uvicorn.Server(configuration).run()
