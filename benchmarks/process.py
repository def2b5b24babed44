"""Start and observe measured processes, with figures from Linux's /proc."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

START_S = 900.0  # a server is ready once it has made its read models, of millions of events too
POLL_S = 0.005
ROOT = Path(__file__).parents[1]


class Server:
    """A program that listens on a port; its output goes to `log`."""

    def __init__(
        self, *command: str, port: int, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.port = port
        self.log = log
        begun_s = time.perf_counter()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=os.environ | dict(environment or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_it_answers()
        self.start_s = time.perf_counter() - begun_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """The running process."""
        return self._process.pid

    def cpu_s(self) -> float:
        """Return the CPU time of all threads so far, user and system."""
        text = Path(f"/proc/{self._process.pid}/stat").read_text()
        # The fields follow the command's name, which is in parentheses and may contain anything.
        fields = text[text.rindex(")") + 2 :].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self) -> int:
        """Return the current resident memory."""
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_S
        while not _answers(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")
            time.sleep(POLL_S)


def _answers(port: int) -> bool:
    """Tell whether the server is ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def free_port() -> int:
    """Return a port that no process listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
