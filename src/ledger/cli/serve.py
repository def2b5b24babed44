"""`ledger serve`: run the server until it is interrupted."""

import gc
import logging
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from ledger.cli.exit_codes import ExitCode
from ledger.http.admission import Admission, ConnectionLimits
from ledger.http.connection import connection_class
from ledger.server import build
from ledger.settings import Settings

GRACE_S = 2
# Net new objects between collections. With Python's default of 700, the collector took a fifteenth
# of the processor time and found few cycles.
COLLECT_EVERY = 5_000


def serve(settings: Settings) -> int:
    """Run the server until SIGINT or SIGTERM."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    first = not settings.data.exists()
    served = build(settings)
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20)
    print(f"Ledger is at {settings.origin}  (data in {settings.data.resolve()})")
    if first:
        print("First start: open that address, register, and follow the two steps.")
        print("Then draft a statement, or let others register and approve what you drafted.")
    print("Stop with Ctrl+C.", flush=True)
    limits = ConnectionLimits(connections_per_address=settings.connections)
    configuration = uvicorn.Config(
        served.front,
        host=settings.host,
        port=settings.port,
        http=connection_class(Admission(limits, proxies=settings.proxies)),
        ws="none",
        proxy_headers=False,  # `Front` reads these headers, from known proxies only
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    with suppress(KeyboardInterrupt):
        _Server(configuration, served.end_streams).run()
    return ExitCode.DONE


class _Server(uvicorn.Server):
    """End live streams at the first signal: uvicorn waits for answers, and streams never end."""

    def __init__(self, configuration: uvicorn.Config, end_streams: Callable[[], None]) -> None:
        super().__init__(configuration)
        self._end_streams = end_streams

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to shut down. Runs in the event loop's thread, between two of its steps."""
        self._end_streams()
        super().handle_exit(sig, frame)
