"""A cluster on this machine for a try: three database nodes, three servers, one proxy.

Everything is deleted at the end. `make cluster` runs it.
"""

import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from tests.cluster.database import Database
from tests.cluster.places import NODES, Here
from tests.cluster.proxy import proxied
from tests.cluster.servers import servers_on

PORT = 8000
ORIGIN = f"http://localhost:{PORT}"


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Start everything, say what runs where, and stop at Ctrl+C."""
    signal.signal(signal.SIGTERM, _end)  # or what runs here would outlive it
    with ExitStack() as running:
        database = Database(Here())
        running.callback(database.stop)
        print("Starting three database nodes …", flush=True)
        database.start()
        print("Starting three servers …", flush=True)
        root = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="ledger-servers-")))
        names = iter(("first", "second", "third"))

        def make() -> Path:
            directory = root / next(names)
            directory.mkdir()
            return directory

        servers = running.enter_context(
            servers_on(database, make, LEDGER_ORIGIN=ORIGIN, LEDGER_PROXIES="127.0.0.1")
        )
        running.enter_context(proxied(servers, PORT, root))
        invitation = (servers[0].data / "setup-secret").read_text().strip()
        print(f"The ledger is at {ORIGIN}")
        print(f"First administrator: {ORIGIN}/register#invitation={invitation}")
        for each in servers:
            print(f"Server {each.pid}: kill -9 {each.pid}")
        for node in NODES:
            role = "primary" if node == database.leader() else "standby"
            pid = database.postgres_pid(node)
            print(f"Database db{node + 1}, {role}, {database.address(node, 'sql')}: kill -9 {pid}")
        print(f"Logs: {database.directory} and {root}")
        print("Stop with Ctrl+C; then everything is deleted.", flush=True)
        signal.pause()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("Stopped.")
