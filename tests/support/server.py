"""The real server in its own process, which tests may kill."""

import os
import secrets
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import httpx

from tests.support.programs import AHEAD, Running, start_program
from tests.support.suite_database import IN_FILES, settings_for

# A start takes a second of processor time, most of it to import everything. On a machine with ten
# times the work that it can do, starts waited up to 155 s for that second.
START_S = 240
# Unused by connections without TLS. Shared, because each client would spend 25 ms on creating its
# own.
TLS = ssl.create_default_context()


class Server:
    """A ledger on this machine, whose data outlives its process."""

    program = "ledger"
    command = "serve"
    trusted = TLS

    def __init__(self, data: Path, **settings: str) -> None:
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.data = data
        self._settings = settings_for(data) | settings
        self._process: Running | None = None
        self._ahead = timedelta(0)

    @property
    def pid(self) -> int | None:
        """The running process, None while there is none."""
        return None if self._process is None else self._process.pid

    @property
    def output(self) -> str:
        """The process's output so far."""
        return (self.data.parent / "server.log").read_text()

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables for every command on this ledger."""
        root = Path(__file__).parents[2]
        path = os.pathsep.join((str(root / "src"), str(root)))
        return {"LEDGER_ORIGIN": self.origin, "PYTHONPATH": path} | self._settings

    @property
    def log_address(self) -> str:
        """Where the log is: the URL of its database, or the path of its file."""
        return self._settings.get("LEDGER_DATABASE_URL") or str(self.data / "log.sqlite")

    def client(self) -> httpx.Client:
        """Return a client with its own cookies."""
        return httpx.Client(base_url=self.origin, timeout=30, verify=self.trusted)

    @property
    def address(self) -> str:
        """The address where the process listens, which may differ from its origin."""
        return f"http://localhost:{self.port}"

    def environment(self) -> dict[str, str]:
        """The process's environment variables."""
        return os.environ | self.settings | {AHEAD: str(round(self._ahead.total_seconds()))}

    def let_pass(self, passed: timedelta) -> None:
        """Start anew when this much time has passed by its clock."""
        self.stop()
        self._ahead += passed
        self.start()

    def start(self, *, ready: bool = True) -> None:
        """Start, and return when the server is ready; without `ready`, when it answers at all."""
        self._process = self.begin()
        deadline = time.monotonic() + START_S
        while not self._answers(ready=ready):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the server did not start:\n{self.output}")
            time.sleep(0.05)  # the process has no other signal that it listens

    def begin(self) -> Running:
        """Start the process, and return at once."""
        arguments = [self.command, "--port", str(self.port), "--data", str(self.data)]
        log = self.data.parent / "server.log"
        self._process = start_program(self.program, arguments, self.environment(), log)
        return self._process

    def send(self, sent: signal.Signals) -> None:
        """Send a signal to the running process."""
        assert self._process is not None
        self._process.send_signal(sent)

    def ask_to_end(self) -> None:
        """Ask the process to end, as an operator does."""
        self.send(signal.SIGTERM)

    def terminate(self) -> int:
        """Ask the process to end, and return its exit code."""
        self.ask_to_end()
        return self.wait()

    def wait(self) -> int:
        """Return the exit code of a process that ends by itself."""
        assert self._process is not None
        code = self._process.wait(timeout=START_S)
        self._process = None
        return code

    def kill(self) -> None:
        """Kill the process at once, like a power cut."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """End the process if it runs: at once, or gracefully so that it writes its coverage."""
        if self._process is None:
            return
        if "COVERAGE_PROCESS_CONFIG" in os.environ:
            self._end()
        else:
            self.kill()

    def _end(self) -> None:
        """Ask the process to end until it does: of several signals, one ends a time to drain."""
        assert self._process is not None
        give_up = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < give_up:
            self.ask_to_end()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)
        self.wait()

    def _answers(self, *, ready: bool) -> bool:
        try:
            # The address is on this machine.
            url, trusted = f"{self.address}/readyz", self.trusted
            with urllib.request.urlopen(url, timeout=1, context=trusted) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except urllib.error.HTTPError as answer:
            answer.close()
            return not ready
        except (urllib.error.URLError, OSError):
            return False


class Demo(Server):
    """A demonstration: `ledger demo` makes it and serves it."""

    command = "demo"

    def __init__(self, data: Path, **settings: str) -> None:
        super().__init__(data, **IN_FILES, **settings)


def free_port() -> int:
    """Return a port that no process listens on, and that stays free while a server restarts.

    The kernel assigns ports from 32768 upwards to connections and to programs that ask for any
    port. Another test process could get such a port between a server's end and its restart.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
