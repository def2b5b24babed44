"""`ledger serve`: run the server until it is interrupted."""

import gc
import logging
import time
from contextlib import suppress
from types import FrameType

import uvicorn

from ledger.cli.exit_codes import ExitCode
from ledger.http.connection import connection_class
from ledger.server import Served, build
from ledger.settings import Settings
from ledger.system.directory_lock import serving

GRACE_S = 2
# Net new objects between collections. With Python's default of 700, the collector took a fifteenth
# of the processor time and found few cycles.
COLLECT_EVERY = 5_000


def serve(settings: Settings) -> int:
    """Run the server until SIGINT or SIGTERM; raise ConflictError `data_in_use`."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    first = not settings.data.exists()
    with serving(settings.data, beside_others=settings.servers == "several"):
        _serve(settings, first=first)
    return ExitCode.DONE


def _serve(settings: Settings, *, first: bool) -> None:
    served = build(settings)
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20)
    print(f"Ledger is at {settings.origin}  (data in {settings.data.resolve()})")
    if first:
        print("First start: open that address, register, and follow the two steps.")
        print("Then draft a statement, or let others register and approve what you drafted.")
    print("Stop with Ctrl+C.", flush=True)
    configuration = uvicorn.Config(
        served.front,
        host=settings.host,
        port=settings.port,
        http=connection_class(served.admission),
        ws="none",
        proxy_headers=False,  # `Front` reads these headers, from known proxies only
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    with suppress(KeyboardInterrupt):
        _Server(configuration, served, settings.drain_s).run()


class _Server(uvicorn.Server):
    """Stop in two phases: report "not ready" for the drain time, then end streams and shut down.

    The first signal begins the drain time, a second one ends it. Live streams end before the rest,
    because uvicorn waits for answers and streams never end.
    """

    def __init__(self, configuration: uvicorn.Config, served: Served, drain_s: int) -> None:
        super().__init__(configuration)
        self._served = served
        self._drain_s = drain_s
        self._ending: tuple[float, int] | None = None  # when to shut down, and for which signal

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to shut down. Runs in the event loop's thread, between two of its steps."""
        self._served.serving.end()
        if self._drain_s and self._ending is None:
            self._ending = time.monotonic() + self._drain_s, sig
            return
        self._served.end_streams()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """End the drain time when it is over; uvicorn calls this ten times a second."""
        if self._ending is not None and time.monotonic() >= self._ending[0]:
            self.handle_exit(self._ending[1], None)
        return await super().on_tick(counter)
