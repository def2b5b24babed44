"""A proxy before a PostgreSQL that loses messages at the moment a test asks for."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from tests.support.postgres import OWNER, Cluster

SOCKET = ".s.PGSQL.5432"


class Proxy:
    """Passes messages on, but for those that it was asked to lose with their connection."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self._target = str(cluster.directory / SOCKET)
        self._directory = directory
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(directory / SOCKET))
        self._listening.listen()
        self._passes = threading.Event()
        self._passes.set()
        self._mark = b""
        self._lost_requests = self._lost_answers = 0
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *raised: object) -> None:
        self._passes.set()
        _end(self._listening, *self._sockets)
        for thread in self._threads:
            thread.join()
        for each in (self._listening, *self._sockets):
            each.close()

    def _start(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def url(self) -> str:
        """Return the URL of the cluster's first database, through this proxy."""
        return f"postgresql://{OWNER}@{quote(str(self._directory), safe='')}/postgres"

    def lose_requests(self, mark: bytes, times: int) -> None:
        """Cut the connection in place of passing on a request with this mark, so often."""
        self._mark, self._lost_requests = mark, times

    def lose_answers(self, mark: bytes, times: int) -> None:
        """Pass on a request with this mark, and cut the connection in place of its answer."""
        self._mark, self._lost_answers = mark, times

    def hold_answers(self) -> None:
        """Pass on no answer any more, until `pass_on`."""
        self._passes.clear()

    def pass_on(self) -> None:
        self._passes.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.socket(socket.AF_UNIX)
                self._sockets += [client, server]
                server.connect(self._target)
                cut = threading.Event()
                self._start(self._requests, client, server, cut)
                self._start(self._answers, client, server, cut)

    def _requests(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 20):
                if self._mark and self._mark in data:
                    if self._lost_requests:
                        self._lost_requests -= 1
                        break
                    if self._lost_answers:
                        self._lost_answers -= 1
                        cut.set()
                server.sendall(data)
        _end(client, server)

    def _answers(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 20):
                if cut.is_set():
                    break
                self._passes.wait()
                client.sendall(data)
        _end(client, server)


def _end(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
