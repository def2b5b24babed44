"""`ledger serve`: run the server until it is interrupted.

Stopping takes GRACE_S for the requests under way, and LAST_S in all, however slow the disk is. Then
the process ends with files open. That loses nothing: what was acknowledged is durable, and the next
start goes on from there, as after a power cut.
"""

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from ledger.cli.exit_codes import ExitCode, exit_code_of
from ledger.cli.handover import handed_over
from ledger.cli.plain_output import print_error
from ledger.cli.workers import Supervisor
from ledger.errors import LedgerError, UnavailableError
from ledger.http.ending import Ending
from ledger.http.secure_transport import protocol_class
from ledger.http.team import ALONE, Team
from ledger.server import Served, build
from ledger.settings import Settings
from ledger.sqlite.files import storage_errors
from ledger.system.directory_lock import adopted, serving
from ledger.system.tls_files import ServerTls

GRACE_S = 4
LAST_S = 8.0
TEAM_DRAIN_S = 1.0  # for what comes on connections that a worker has already taken
KILL_S = 4.0  # beyond that, until the parent kills a worker
# Net new objects between collections. With Python's default of 700, the collector took a fifteenth
# of the processor time and found few cycles.
COLLECT_EVERY = 5_000
# How long a thread may keep the others from running Python. The event loop gives way at each system
# call, and with Python's default of 5 ms it waited that long for each thread at work.
SWITCH_S = 0.0005
# What a worker gets of its parent: the socket, what to call once it answers, the parent's process.
Shared = tuple[socket.socket, Team, Callable[[], None], int]


def serve(settings: Settings, workers: int = 1) -> int:
    """Run the server until SIGINT or SIGTERM, in so many processes on one socket.

    Raises what `ServerTls` and `build` raise, ConflictError `data_in_use`, UnavailableError
    `address_unavailable`.
    """
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    tls = None if settings.tls is None else ServerTls(settings.tls)
    earlier = handed_over()
    first = not settings.data.exists()
    if first:
        print(permanent(settings), flush=True)
    holding = (
        serving(settings.data, beside_others=settings.servers == "several")
        if earlier is None
        else adopted(earlier.locks)
    )
    with holding as locks:
        if workers == 1 and earlier is None:
            _serve(settings, tls, first=first)
            return ExitCode.DONE
        listening = (
            _listen(settings) if earlier is None else socket.socket(fileno=earlier.listening)
        )

        parent = os.getpid()

        def work(listening: socket.socket, team: Team, ready: Callable[[], None]) -> int:
            try:
                with storage_errors("a file of the ledger cannot be used"):
                    shared = listening, team, ready, parent
                    _serve(settings, tls, first=first and team.is_first, shared=shared)
            except (LedgerError, OSError) as error:
                print_error(error)
                return exit_code_of(error)
            return ExitCode.DONE

        return Supervisor(
            work,
            listening,
            count=workers,
            locks=locks,
            earlier=earlier,
            patience_s=settings.drain_s + LAST_S + KILL_S,
        ).run()


def _listen(settings: Settings) -> socket.socket:
    """Return a socket that listens; connections wait in it until a worker takes them."""
    is_v6 = ":" in settings.host
    family = socket.AF_INET6 if is_v6 else socket.AF_INET
    try:
        found = socket.create_server((settings.host, settings.port), family=family, backlog=2_048)
    except OSError as error:
        raise _cannot_listen(settings) from error
    found.set_inheritable(True)
    return found


def _cannot_listen(settings: Settings) -> UnavailableError:
    address = f"{settings.host}:{settings.port}"
    return UnavailableError("address_unavailable", f"the server cannot listen on {address}")


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


def _serve(
    settings: Settings, tls: ServerTls | None, *, first: bool, shared: Shared | None = None
) -> None:
    team = ALONE if shared is None else shared[1]
    served = build(settings, team=team)
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20)
    sys.setswitchinterval(SWITCH_S)
    if team.is_first:
        print(f"Ledger is at {settings.origin}  (data in {settings.data.resolve()})")
    if first:
        print("First start: open that address, register, and follow the two steps.")
        print("Then draft a statement, or let others register and approve what you drafted.")
    if team.is_first:
        print("Stop with Ctrl+C.", flush=True)
    ending = Ending(served.front)
    configuration = uvicorn.Config(
        ending,
        host=settings.host,
        port=settings.port,
        http=protocol_class(served.admission, tls),
        ws="none",
        proxy_headers=False,  # `Front` reads these headers, from known proxies only
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    try:
        with suppress(KeyboardInterrupt):
            server = _Server(configuration, served, ending, settings.drain_s)
            if shared is None:
                server.run()
            else:
                server.ready = shared[2]
                server.parent = shared[3]
                server.run([shared[0]])
    except SystemExit as error:  # uvicorn has logged why
        raise _cannot_listen(settings) from error


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
        self.ready: Callable[[], None] = lambda: None  # called once it answers
        self.parent: int | None = None  # whose end ends a worker
        self._has_left = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say that the server answers."""
        await super().startup(sockets)
        self.ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to shut down. Runs in the event loop's thread, between two of its steps."""
        self._served.serving.end()
        drain_s = self._drain_s if self.parent is None else max(self._drain_s, TEAM_DRAIN_S)
        if drain_s and self._ending is None:
            self._ending = time.monotonic() + drain_s, sig
            return
        self._ending_requests.begin()
        self._served.end_streams()
        if not self.should_exit:
            watchdog = threading.Timer(LAST_S, _end_at_once)
            watchdog.daemon = True
            watchdog.start()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """End the drain time when it is over, and a worker without its parent.

        uvicorn calls this ten times a second.
        """
        if self._ending is not None and self.parent is not None:
            self._leave_socket()
        if self._ending is not None and time.monotonic() >= self._ending[0]:
            self.handle_exit(self._ending[1], None)
        if self.parent is not None and os.getppid() != self.parent and self._ending is None:
            self.handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)

    def _leave_socket(self) -> None:
        """Take no more connections, which the other workers take, and end those that are here."""
        if not self._has_left:
            self._has_left = True
            for each in self.servers:
                each.close()
            self.server_state.default_headers.append((b"connection", b"close"))


def _end_at_once() -> None:
    """End the process that could not close its files in time."""
    logging.getLogger("ledger").warning(
        "the disk is slow: the process ends before all files are closed; nothing acknowledged is"
        " lost, and the next start goes on from what is stored"
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ExitCode.DONE)
