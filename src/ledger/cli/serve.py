"""`ledger serve`: run the server until it is interrupted.

Stopping takes GRACE_S for the requests under way, and LAST_S in all, however slow the disk is. Then
the process ends with files open. That loses nothing: what was acknowledged is durable, and the next
start goes on from there, as after a power cut.
"""

import gc
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

import uvicorn

from ledger.cli.exit_codes import ExitCode
from ledger.errors import UnavailableError
from ledger.http.connection import connection_class
from ledger.http.ending import Ending
from ledger.server import Served, build
from ledger.settings import Settings
from ledger.system.directory_lock import serving

GRACE_S = 4
LAST_S = 8.0
# Net new objects between collections. With Python's default of 700, the collector took a fifteenth
# of the processor time and found few cycles.
COLLECT_EVERY = 5_000
# How long a thread may keep the others from running Python. The event loop gives way at each system
# call, and with Python's default of 5 ms it waited that long for each thread at work.
SWITCH_S = 0.0005


def serve(settings: Settings) -> int:
    """Run the server until SIGINT or SIGTERM.

    Raises what `build` raises, ConflictError `data_in_use`, UnavailableError
    `address_unavailable`.
    """
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    first = not settings.data.exists()
    if first:
        print(permanent(settings), flush=True)
    with serving(settings.data, beside_others=settings.servers == "several"):
        _serve(settings, first=first)
    return ExitCode.DONE


def permanent(settings: Settings) -> str:
    """Return what a first start fixes for ever, to show before it does."""
    return "\n".join(
        [
            "A new ledger. These stay as they are for as long as it exists:",
            f"  LEDGER_ORIGIN        {settings.origin}",
            f"  LEDGER_RP_ID         {settings.rp_id}  (passkeys work for this domain only)",
            f"  LEDGER_REGISTRATION  {settings.registration}",
            f"  LEDGER_LOG_ORIGIN    {settings.log_origin or 'made from the origin now'}",
            "To change one, stop now, delete the data directory, and start again.",
        ]
    )


def _serve(settings: Settings, *, first: bool) -> None:
    served = build(settings)
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20)
    sys.setswitchinterval(SWITCH_S)
    print(f"Ledger is at {settings.origin}  (data in {settings.data.resolve()})")
    if first:
        print("First start: open that address, register, and follow the two steps.")
        print("Then draft a statement, or let others register and approve what you drafted.")
    print("Stop with Ctrl+C.", flush=True)
    ending = Ending(served.front)
    configuration = uvicorn.Config(
        ending,
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
    try:
        with suppress(KeyboardInterrupt):
            _Server(configuration, served, ending, settings.drain_s).run()
    except SystemExit as error:  # uvicorn has logged why
        address = f"{settings.host}:{settings.port}"
        detail = f"the server cannot listen on {address}"
        raise UnavailableError("address_unavailable", detail) from error


class _Server(uvicorn.Server):
    """Stop in two phases: report "not ready" for the drain time, then end streams and shut down.

    The first signal begins the drain time, a second one ends it. Live streams end before the rest,
    because uvicorn waits for answers and streams never end.
    """

    def __init__(
        self, configuration: uvicorn.Config, served: Served, ending: Ending, drain_s: int
    ) -> None:
        super().__init__(configuration)
        self._served = served
        self._ending_requests = ending
        self._drain_s = drain_s
        self._ending: tuple[float, int] | None = None  # when to shut down, and for which signal

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to shut down. Runs in the event loop's thread, between two of its steps."""
        self._served.serving.end()
        if self._drain_s and self._ending is None:
            self._ending = time.monotonic() + self._drain_s, sig
            return
        self._ending_requests.begin()
        self._served.end_streams()
        if not self.should_exit:
            watchdog = threading.Timer(LAST_S, _end_at_once)
            watchdog.daemon = True
            watchdog.start()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """End the drain time when it is over; uvicorn calls this ten times a second."""
        if self._ending is not None and time.monotonic() >= self._ending[0]:
            self.handle_exit(self._ending[1], None)
        return await super().on_tick(counter)


def _end_at_once() -> None:
    """End the process that could not close its files in time."""
    logging.getLogger("ledger").warning(
        "the disk is slow: the process ends before all files are closed; nothing acknowledged is"
        " lost, and the next start goes on from what is stored"
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ExitCode.DONE)
